//! How many questions a party put, and what became of them. They are counted in memory and written every few seconds: a row that
//! every check changes would be what all checks wait for. A node that breaks off loses the last seconds; these are figures, no bill.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use uuid::Uuid;

use super::store;
use crate::clock::Timestamp;
use crate::context::Context;
use crate::error::Result;
use crate::transaction;

/// Days for which figures are kept: two years, and what remains of a month.
const KEEP_DAYS: i64 = 2 * 365 + 31;
/// Rows forgotten in one transaction.
const SWEEP_BATCH: i64 = 1_000;

/// Party, day, and what became of a question. In this order they are written, so that no two nodes wait for each other.
type Key = (Uuid, i64, &'static str);

/// Counts questions. Cloning shares the counts.
#[derive(Clone)]
pub struct Usage {
    context: Context,
    counts: Arc<Mutex<BTreeMap<Key, i64>>>,
}

/// What a party's questions of a day came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// The day, counted from 1970-01-01 in Jakarta.
    pub day: i64,
    /// `valid`, the reason of a refusal, or the code of an error.
    pub outcome: String,
    /// How many.
    pub questions: i64,
}

impl Usage {
    /// In this context; nothing is counted yet.
    pub fn new(context: Context) -> Self {
        Self { context, counts: Arc::default() }
    }

    /// Counts a question that ended with this word of the code.
    pub fn count(&self, party: Uuid, outcome: &'static str, now: Timestamp) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry((party, now.day_in_jakarta(), outcome)).or_default() += 1;
    }

    /// Writes what was counted since.
    ///
    /// # Errors
    /// When the database does not answer: then it is written the next time.
    pub async fn write(&self) -> Result<()> {
        let counts = std::mem::take(&mut *self.counts.lock().unwrap_or_else(PoisonError::into_inner));
        if counts.is_empty() {
            return Ok(());
        }
        let written = transaction!(self.context.db, "relying_party.count", |tx| {
            for ((party, day, outcome), questions) in &counts {
                store::usage::count(tx, *party, *day, outcome, *questions).await?;
            }
            Ok(())
        });
        if written.is_err() {
            let mut present = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
            for (key, questions) in counts {
                *present.entry(key).or_default() += questions;
            }
        }
        written
    }

    /// A party's questions of the days from one on, before another.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn between(&self, party: Uuid, from: i64, before: i64) -> Result<Vec<Counted>> {
        let mut tx = self.context.db.read().await?;
        let rows = store::usage::between(&mut tx, party, from, before).await?;
        let counted =
            |row: store::usage::UsageRow| Counted { day: row.day, outcome: row.outcome, questions: row.questions };
        Ok(rows.into_iter().map(counted).collect())
    }

    /// Forgets old figures; gives how many.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn sweep(&self) -> Result<u64> {
        let before = self.context.now().day_in_jakarta() - KEEP_DAYS;
        transaction!(self.context.db, "relying_party.forget_usage", |tx| {
            Ok(store::usage::sweep(tx, before, SWEEP_BATCH).await?)
        })
    }
}
