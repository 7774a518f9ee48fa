//! The months of an office: looked at, asked for by one person, signed by another. Who may do what is judged at the counter.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::super::model::{WaitKind, Waited, date_of};
use super::super::reading::{as_of, people, rates, scope};
use super::super::store as figures;
use super::model::{Document, Month, Session, Sources};
use super::store::{self, RecapRow, State};
use crate::clerk::{Clerk, own_request};
use crate::context::Context;
use crate::db::Tx;
use crate::error::{Code, Error, Refusal, Result};
use crate::office::ports as offices;
use crate::outreach::ports as outreach;
use crate::register::Date;
use crate::secret::Redacted;

pub(in crate::figure) const TABLE: &str = "recap.refusal";
/// Months that an office looks back on.
pub const SHOWN: i64 = 24;

/// Recaps of offices. Cloning shares everything.
#[derive(Clone)]
pub struct Desk {
    context: Context,
}

/// A month as an office sees it.
#[derive(Debug)]
pub struct Standing {
    /// Which.
    pub month: Month,
    /// What was asked and decided; none while nobody asked.
    pub row: Option<RecapRow>,
    /// Why it was refused.
    pub refusal: Option<Redacted<String>>,
}

impl Desk {
    /// In this context.
    pub const fn new(context: Context) -> Self {
        Self { context }
    }

    /// The last months, this one first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn months(&self, office: Uuid) -> Result<Vec<Standing>> {
        let newest = Month::of(Date::in_jakarta(self.context.now()));
        let oldest = Month(newest.0 - SHOWN + 1);
        let mut tx = self.context.db.read().await?;
        let rows = store::of_office(&mut tx, office, oldest, SHOWN).await?;
        let mut rows: BTreeMap<_, _> = rows.into_iter().map(|row| (row.month, row)).collect();
        (oldest.0..=newest.0).rev().map(|month| self.standing(office, Month(month), rows.remove(&month))).collect()
    }

    /// Where a month stands.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn month(&self, office: Uuid, month: Month) -> Result<Standing> {
        let mut tx = self.context.db.read().await?;
        let row = store::lookup(&mut tx, office, month).await?;
        self.standing(office, month, row)
    }

    fn standing(&self, office: Uuid, month: Month, row: Option<RecapRow>) -> Result<Standing> {
        let sealed = row.as_ref().and_then(|row| row.refusal_sealed.as_deref());
        let open = |sealed: &[u8]| -> Result<_> {
            let bytes = self.context.vault.open_bytes(TABLE, seal_id(office, month), sealed)?;
            Ok(Redacted(String::from_utf8_lossy(&bytes).into_owned()))
        };
        let refusal = sealed.map(open).transpose()?;
        Ok(Standing { month, row, refusal })
    }

    /// The month as it was asked for or signed; else as it is now.
    ///
    /// # Errors
    /// `wrong_state` while figures are counted anew, or the office has no region; `not_found` for a month that has not begun.
    pub async fn document(&self, office: Uuid, month: Month) -> Result<Document> {
        let mut tx = self.context.db.read().await?;
        match store::content(&mut tx, office, month).await? {
            Some(content) => read(&content),
            None => self.build(&mut tx, office, month).await,
        }
    }

    /// Asks in the caller's transaction that the head sign a month that is over, as it is now.
    ///
    /// # Errors
    /// `wrong_state` when it is not over, was asked for already, or figures are counted anew.
    pub async fn ask(&self, tx: &mut Tx, by: Clerk, month: Month) -> Result<()> {
        let document = self.build(tx, by.office_id, month).await?;
        month.require_over(as_of(tx).await?)?;
        let content = serde_json::to_string(&document).map_err(Error::internal)?;
        let asked = store::ask(tx, (by.office_id, month), by.officer_id, &content, self.context.now()).await?;
        asked.or(asked_already())
    }

    /// Signs it in the caller's transaction, as it was on the screen. Gives who asked.
    ///
    /// # Errors
    /// `forbidden` for whoever asked; `not_found`, `wrong_state`.
    pub async fn sign(&self, tx: &mut Tx, by: Clerk, month: Month, version: &str) -> Result<Uuid> {
        let row = asked(tx, by.office_id, month, version).await?;
        if row.asked_by == by.officer_id {
            return Err(own_request().into());
        }
        let signed = store::sign(tx, (by.office_id, month), row.revision, by.officer_id, self.context.now()).await?;
        signed.or(Code::WrongState)?;
        Ok(row.asked_by)
    }

    /// Refuses it in the caller's transaction: nothing is signed, and it can be asked for again.
    ///
    /// # Errors
    /// `not_found`, `wrong_state`.
    pub async fn refuse(&self, tx: &mut Tx, by: Clerk, (month, version): (Month, &str), reason: &str) -> Result<()> {
        let row = asked(tx, by.office_id, month, version).await?;
        let id = seal_id(by.office_id, month);
        let sealed = self.context.vault.seal_bytes(&self.context.random, TABLE, id, reason.as_bytes())?;
        store::refuse(tx, (by.office_id, month), row.revision, &sealed).await?.or(Code::WrongState)
    }

    async fn build(&self, tx: &mut Tx, office: Uuid, month: Month) -> Result<Document> {
        if month > Month::of(Date::in_jakarta(self.context.now())) {
            return Err(Code::NotFound.into());
        }
        let as_of = as_of(tx).await?;
        let scope = scope(tx, office).await?.ok_or_else(no_region)?;
        let name = offices::by_id(tx, office).await?.map(|office| office.name).unwrap_or_default();
        let days = month.days();
        let pair = (days.from, days.until);
        let signed = store::signed(tx, office, month.before()).await?.map(|content| read(&content)).transpose()?;
        let people = people(tx, scope, days.until).await?;
        let rates = rates(tx, scope, i64::from(date_of(days.from).year())).await?;
        let mut waits = Vec::new();
        for kind in WaitKind::ALL {
            waits.push((*kind, Waited::of(&figures::waits(tx, office, *kind, pair).await?)));
        }
        let times = (date_of(days.from).midnight(), date_of(days.until).midnight());
        let held = outreach::held(tx, office, times).await?;
        let sessions: Vec<_> = held.iter().map(|(session, people)| Session::new(session, people)).collect();
        Ok(Document::build(&Sources {
            office: &name,
            scope,
            month,
            as_of,
            stock: &figures::stock(tx, pair, scope.range(), office).await?,
            signed: signed.as_ref(),
            people: &people,
            rates: &rates,
            days: &figures::of_office(tx, office, pair).await?,
            cohort: &figures::cohort(tx, pair, scope.range()).await?,
            waits: &waits,
            reasons: &figures::reasons(tx, office, pair).await?,
            outsiders: figures::outsiders(tx, office, pair, scope.range()).await?,
            outreach: &sessions,
        }))
    }
}

/// The request, if it waits and is the one that was on the screen.
async fn asked(tx: &mut Tx, office: Uuid, month: Month, version: &str) -> Result<RecapRow> {
    let row = store::lookup(tx, office, month).await?.ok_or(Code::NotFound)?;
    if row.state == State::Asked && row.version() == version { Ok(row) } else { Err(Code::WrongState.into()) }
}

impl RecapRow {
    /// What a decision names.
    pub fn version(&self) -> String {
        format!("{:x}", self.revision)
    }
}

fn read(content: &str) -> Result<Document> {
    serde_json::from_str(content).map_err(Error::internal)
}

/// Under which id the words of a refusal are sealed: that of the office, turned by the month.
/// [`seal_id`] of a row's two columns.
pub(in crate::figure) fn sealed_for(office: Uuid, month: i64) -> Uuid {
    seal_id(office, Month(month))
}

fn seal_id(office: Uuid, month: Month) -> Uuid {
    Uuid::from_u128(office.as_u128() ^ u128::from(month.0.unsigned_abs()))
}

fn no_region() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Wilayah kantor ini belum ditetapkan; minta operator menjalankan `ikd figures scope`.",
        "The region of this office is not set; ask the operator to run `ikd figures scope`.",
    )
}

fn asked_already() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Rekap bulan ini sudah diajukan atau ditandatangani; perubahan sesudahnya tampil sebagai Koreksi pada bulan berikutnya.",
        "This month was asked for or signed already; what changes after that is a correction in the next one.",
    )
}
