//! Counting what happened, exactly once: events are taken and added in one transaction, so a crash loses and repeats nothing. And counting
//! everything anew, whenever somebody wishes.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::model::{Kind, WaitKind};
use super::store::{self, Cell, MarkState};
use crate::clock::MINUTE;
use crate::context::Context;
use crate::db::Tx;
use crate::error::{Code, Refusal, Result};
use crate::life::ports::{self as life, Tallied};
use crate::registration::ports::{self as registrations, Counted};
use crate::transaction;

/// Events counted in one transaction, of each source.
const BATCH: i64 = 500;
/// Rows given back or deleted in one transaction when everything is counted anew.
const ANEW: i64 = 2_000;

/// Counts. Cloning shares everything.
#[derive(Clone)]
pub struct Counting {
    context: Context,
}

/// What was counted anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rebuilt {
    /// Events.
    pub events: u64,
}

/// Counts that are to be added, put together so that each row is written once.
#[derive(Default)]
struct Sums {
    days: BTreeMap<Cell, i64>,
    waits: BTreeMap<(Uuid, WaitKind, i64, i64), i64>,
}

impl Sums {
    fn change(&mut self, this: Tallied) {
        let office = this.office_id.unwrap_or_default();
        let cell = (office, this.at.day_in_jakarta(), Kind::of_tally(this.kind), this.reason, this.home_region);
        *self.days.entry(cell).or_default() += 1;
    }

    fn step(&mut self, this: Counted) {
        let (office, day) = (this.office_id.unwrap_or_default(), this.at.day_in_jakarta());
        if let Some(kind) = Kind::of_step(this.step) {
            *self.days.entry((office, day, kind, this.reason, this.home_region)).or_default() += 1;
        }
        let is_first = this.is_first == 1;
        if let Some(kind) = Kind::of_cohort(this.step).filter(|_| is_first) {
            let cell = (Uuid::nil(), this.registered_at.day_in_jakarta(), kind, String::new(), this.home_region);
            *self.days.entry(cell).or_default() += 1;
        }
        if let (Some(kind), Some(seconds)) = (WaitKind::of_step(this.step, is_first), this.waited) {
            *self.waits.entry((office, kind, day, seconds.max(0) / MINUTE)).or_default() += 1;
        }
    }

    async fn write(self, tx: &mut Tx) -> Result<()> {
        for (cell, n) in &self.days {
            store::add(tx, cell, *n).await?;
        }
        for ((office, kind, day, minutes), n) in self.waits {
            store::add_wait(tx, office, (kind, day, minutes), n).await?;
        }
        Ok(())
    }
}

impl Counting {
    /// In this context.
    pub const fn new(context: Context) -> Self {
        Self { context }
    }

    /// Counts some of what happened since; gives how much that was. Nothing while everything is prepared to be counted anew.
    ///
    /// # Errors
    /// When the database did not do it.
    pub async fn count(&self) -> Result<u64> {
        let now = self.context.now();
        transaction!(self.context.db, "figure.count", |tx| {
            if !store::hold_mark(tx).await?.happened() {
                return Ok(0);
            }
            let changes = life::take(tx, BATCH).await?;
            let steps = registrations::take_steps(tx, BATCH).await?;
            let taken = changes.len() + steps.len();
            let mut sums = Sums::default();
            changes.into_iter().for_each(|this| sums.change(this));
            steps.into_iter().for_each(|this| sums.step(this));
            sums.write(tx).await?;
            if taken == 0 {
                // Two nodes whose clocks differ: the later time stands.
                store::counted(tx, now).await?.either_way();
            }
            Ok(taken as u64)
        })
    }

    /// Counts all that is there.
    ///
    /// # Errors
    /// When the database did not do it.
    pub async fn count_all(&self) -> Result<u64> {
        let mut all = 0;
        loop {
            match self.count().await? {
                0 => return Ok(all),
                counted => all += counted,
            }
        }
    }

    /// Forgets all figures and counts every event anew, in small transactions: the service goes on meanwhile. One that broke off is begun
    /// again with the same command; until then nothing is counted, and nothing is lost.
    ///
    /// # Errors
    /// When the database did not do it.
    pub async fn rebuild(&self) -> Result<Rebuilt> {
        let db = &self.context.db;
        transaction!(db, "figure.rebuild", |tx| store::set_mark(tx, MarkState::Rebuilding).await?.demand())?;
        while transaction!(db, "figure.clear", |tx| Ok(store::clear(tx, ANEW).await?))? > 0 {}
        let mut after = Uuid::nil();
        while let Some(last) = transaction!(db, "figure.count_anew", |tx| Ok(life::count_anew(tx, after, ANEW).await?))?
        {
            after = last;
        }
        let mut after = Uuid::nil();
        while let Some(last) =
            transaction!(db, "figure.count_anew", |tx| Ok(registrations::count_anew(tx, after, ANEW).await?))?
        {
            after = last;
        }
        transaction!(db, "figure.rebuilt", |tx| store::set_mark(tx, MarkState::Counting).await?.demand())?;
        Ok(Rebuilt { events: self.count_all().await? })
    }
}

/// That figures are being counted anew.
pub(super) fn rebuilding() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Angka sedang dihitung ulang; coba lagi beberapa menit lagi.",
        "The figures are being counted anew; try again in some minutes.",
    )
}
