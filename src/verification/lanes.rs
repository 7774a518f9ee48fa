//! The two groups that a check passes through: reading holders, and spending with its record.

use std::collections::HashMap;
use std::time::Duration;

use tokio::sync::oneshot;
use uuid::Uuid;

use super::batch::{self, Spending};
use super::group::{Full, Group};
use super::store::CheckRow;
use crate::clock::stopwatch;
use crate::core::Core;
use crate::db::{Db, DbError, DbResult};
use crate::random::Random;

/// Reading batches under way at once: while one waits for a disk, the next can go.
const READS_ABREAST: usize = 2;
/// Committing batches under way at once. One: what queues behind it makes the next one larger, and SQLite has one writer.
const COMMITS_ABREAST: usize = 1;
/// How often a batch is committed anew when transactions collide.
const TRIES: u32 = 4;

/// What became of a token.
pub(super) enum Spent {
    /// It is spent and this is recorded, durably.
    Recorded(Box<CheckRow>),
    /// It cannot be spent: used, or the holder is not active. Nothing was recorded.
    Refused,
    /// A key in the batch was used before, maybe another's: to be decided alone. Nothing was recorded.
    Undecided(Box<Spending>),
}

/// The sealed record and portrait of a holder.
pub(super) struct Holder {
    /// The record.
    pub(super) record: Vec<u8>,
    /// The portrait, where it was asked for and there is one.
    pub(super) portrait: Option<Vec<u8>>,
}

struct Reading {
    resident: Uuid,
    portrait: bool,
    reply: oneshot::Sender<DbResult<Option<Holder>>>,
}

struct Committing {
    spending: Box<Spending>,
    reply: oneshot::Sender<DbResult<Spent>>,
}

/// Both groups. Cloning shares them.
#[derive(Clone)]
pub(super) struct Lanes {
    reads: Group<Reading>,
    commits: Group<Committing>,
}

impl Lanes {
    /// Starts both over the database; each lets so many checks wait as may be under way.
    pub(super) fn start(core: &Core) -> Self {
        let capacity = core.config.limits.verifications;
        let db = core.db.clone();
        let reads = Group::start(capacity, READS_ABREAST, None, move |jobs| read(db.clone(), jobs));
        let (db, random) = (core.db.clone(), core.random.clone());
        let apart: fn(&Committing) -> Uuid = |job| job.spending.row.resident_id;
        let commits =
            Group::start(capacity, COMMITS_ABREAST, Some(apart), move |jobs| commit(db.clone(), random.clone(), jobs));
        Self { reads, commits }
    }

    /// Reads a holder's sealed data; none when there is no record.
    ///
    /// # Errors
    /// [`Full`], or inside it what the database said.
    pub(super) async fn holder(&self, resident: Uuid, portrait: bool) -> Result<DbResult<Option<Holder>>, Full> {
        let (reply, answer) = oneshot::channel();
        self.reads.push(Reading { resident, portrait, reply })?;
        Ok(answer.await.unwrap_or_else(|_| Err(gone())))
    }

    /// Spends a token and records the check; returns when that is durable, or did not happen.
    ///
    /// # Errors
    /// [`Full`], or inside it what the database said: the outcome is then unknown.
    pub(super) async fn spend(&self, spending: Spending) -> Result<DbResult<Spent>, Full> {
        let (reply, answer) = oneshot::channel();
        self.commits.push(Committing { spending: Box::new(spending), reply })?;
        Ok(answer.await.unwrap_or_else(|_| Err(gone())))
    }

    /// Returns when all that was queued is done; nothing is taken any more.
    pub(super) async fn drain(&self) {
        self.reads.drain().await;
        self.commits.drain().await;
    }
}

fn gone() -> DbError {
    DbError::Unavailable(String::from("a batch ended without an answer"))
}

async fn read(db: Db, mut jobs: Vec<Reading>) {
    jobs.retain(|job| !job.reply.is_closed());
    let records: Vec<Uuid> = jobs.iter().map(|job| job.resident).collect();
    let portraits: Vec<Uuid> = jobs.iter().filter(|job| job.portrait).map(|job| job.resident).collect();
    let found = batch::holders(&db, &records, &portraits).await;
    let found = found.map(|(records, portraits)| -> (HashMap<_, _>, HashMap<_, _>) {
        (records.into_iter().collect(), portraits.into_iter().collect())
    });
    for job in jobs {
        let answer = match &found {
            Ok((records, portraits)) => Ok(records.get(&job.resident).map(|record| Holder {
                record: record.clone(),
                portrait: portraits.get(&job.resident).filter(|_| job.portrait).cloned(),
            })),
            Err(error) => Err(error.clone()),
        };
        let _ = job.reply.send(answer);
    }
}

async fn commit(db: Db, random: Random, mut jobs: Vec<Committing>) {
    // A caller that is gone will ask again with the same key, if at all: as if its request had been lost on the way.
    jobs.retain(|job| !job.reply.is_closed());
    if jobs.is_empty() {
        return;
    }
    let asked: Vec<&Spending> = jobs.iter().map(|job| job.spending.as_ref()).collect();
    let (mut tries, begun) = (1, stopwatch());
    let done = loop {
        match batch::spend(&db, &asked).await {
            Err(DbError::Contention) if tries < TRIES => {
                tokio::time::sleep(Duration::from_millis(1 + random.below(1 << (tries + 1)))).await;
                tries += 1;
            }
            done => break done,
        }
    };
    metrics::histogram!("ikd_verification_commit_seconds").record(begun.elapsed().as_secs_f64());
    metrics::histogram!("ikd_verification_batch_size").record(jobs.len() as f64);
    for job in jobs {
        let answer = match &done {
            Ok(won) if won.contains(&job.spending.row.verification_id) => {
                Ok(Spent::Recorded(Box::new(job.spending.row)))
            }
            Ok(_) => Ok(Spent::Refused),
            Err(DbError::Unique) => Ok(Spent::Undecided(job.spending)),
            Err(error) => Err(error.clone()),
        };
        let _ = job.reply.send(answer);
    }
}
