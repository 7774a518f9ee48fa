//! The two groups that a check passes through: checking signatures and reading holders, then spending with the record.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use uuid::Uuid;

use super::batch::{self, Done, Holder, Spending};
use super::group::{Full, Group};
use super::store::CheckRow;
use crate::clock::stopwatch;
use crate::core::Core;
use crate::credential::verify::Signed;
use crate::db::{Db, DbError, DbResult};
use crate::random::Random;

/// Reading batches under way at once: while one waits for a disk, the next can go.
const READS_ABREAST: usize = 2;
/// Committing batches under way at once. One: what queues behind it makes the next one larger, and SQLite has one writer.
const COMMITS_ABREAST: usize = 1;
/// How often a batch is committed anew when transactions collide.
const TRIES: u32 = 4;

/// What there is to answer with.
pub(super) enum Read {
    /// The holder's sealed data, when there is a record.
    Holder(Option<Holder>),
    /// The signature does not fit: nothing was read.
    BadSignature,
}

/// What became of a token.
pub(super) enum Spent {
    /// It is spent and this is recorded, durably.
    Recorded(Box<CheckRow>),
    /// It cannot be spent: used, or the holder is not active. Nothing was recorded.
    Refused,
    /// A key in the batch was used before, maybe another's: to be decided alone. Nothing was recorded.
    Undecided(Box<Spending>),
}

struct Reading {
    resident: Uuid,
    portrait: bool,
    signed: Option<Signed>,
    reply: oneshot::Sender<DbResult<Read>>,
}

struct Committing {
    spending: Spending,
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

    /// Checks the signature, where there is one to be checked, and reads the holder's sealed data.
    ///
    /// # Errors
    /// [`Full`], or inside it what the database said.
    pub(super) async fn read(
        &self,
        resident: Uuid,
        portrait: bool,
        signed: Option<Signed>,
    ) -> Result<DbResult<Read>, Full> {
        let (reply, answer) = oneshot::channel();
        self.reads.push(Reading { resident, portrait, signed, reply })?;
        Ok(answer.await.unwrap_or_else(|_| Err(gone())))
    }

    /// Spends a token and records the check; returns when that is durable, or did not happen.
    ///
    /// # Errors
    /// [`Full`], or inside it what the database said: the outcome is then unknown.
    pub(super) async fn spend(&self, spending: Spending) -> Result<DbResult<Spent>, Full> {
        let (reply, answer) = oneshot::channel();
        self.commits.push(Committing { spending, reply })?;
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
    let jobs = genuine(jobs);
    if jobs.is_empty() {
        return;
    }
    if let Some(threads) = db.threads() {
        let whole = threads.read(move |local| {
            for Reading { resident, portrait, reply, .. } in jobs {
                let _ = reply.send(batch::holder(local, resident, portrait).map(Read::Holder));
            }
            Ok(())
        });
        // Without a transaction nobody was answered, and each sees that.
        if let Err(error) = whole.await {
            tracing::error!(error.cause = %error, "holders could not be read");
        }
        return;
    }
    let asked: Vec<_> = jobs.iter().map(|job| (job.resident, job.portrait)).collect();
    let found = batch::holders(&db, &asked).await;
    for job in jobs {
        let one = |holders: &HashMap<Uuid, Holder>| {
            let holder = holders.get(&job.resident)?;
            // Two may have asked for the same holder, one of them without the portrait.
            Some(Holder { record: holder.record.clone(), portrait: holder.portrait.clone().filter(|_| job.portrait) })
        };
        let _ = job.reply.send(found.as_ref().map(|found| Read::Holder(one(found))).map_err(Clone::clone));
    }
}

/// Answers those whose signature is bad, and gives the others.
fn genuine(jobs: Vec<Reading>) -> Vec<Reading> {
    let signed: Vec<&Signed> = jobs.iter().filter_map(|job| job.signed.as_ref()).collect();
    let mut good = Signed::all_good(&signed).into_iter();
    let (mut rest, mut bad) = (Vec::with_capacity(jobs.len()), Vec::new());
    for job in jobs {
        let is_good = job.signed.is_none() || good.next().unwrap_or(false);
        if is_good { rest.push(job) } else { bad.push(job) }
    }
    for job in bad {
        let _ = job.reply.send(Ok(Read::BadSignature));
    }
    rest
}

async fn commit(db: Db, random: Random, mut jobs: Vec<Committing>) {
    // A caller that is gone will ask again with the same key, if at all: as if its request had been lost on the way.
    jobs.retain(|job| !job.reply.is_closed());
    if jobs.is_empty() {
        return;
    }
    let (asked, replies): (Vec<_>, Vec<_>) = jobs.into_iter().map(|job| (job.spending, job.reply)).unzip();
    let asked = Arc::new(asked);
    let (mut tries, begun) = (1, stopwatch());
    let done = loop {
        match batch::spend(&db, Arc::clone(&asked)).await {
            Err(DbError::Contention) if tries < TRIES => {
                tokio::time::sleep(Duration::from_millis(1 + random.below(1 << (tries + 1)))).await;
                tries += 1;
            }
            done => break done,
        }
    };
    metrics::histogram!("ikd_verification_commit_seconds").record(begun.elapsed().as_secs_f64());
    metrics::histogram!("ikd_verification_batch_size").record(replies.len() as f64);
    // The work on the batch has ended, so nobody else holds it; and if so, no answer is what its callers see.
    let asked = Arc::into_inner(asked).unwrap_or_default();
    for (at, (spending, reply)) in asked.into_iter().zip(replies).enumerate() {
        let answer = match &done {
            Ok(done) => Ok(match done.get(at) {
                Some(Done::Recorded) => Spent::Recorded(Box::new(spending.row)),
                Some(Done::Refused) => Spent::Refused,
                Some(Done::KeyUsed) | None => Spent::Undecided(Box::new(spending)),
            }),
            Err(DbError::Unique) => Ok(Spent::Undecided(Box::new(spending))),
            Err(error) => Err(error.clone()),
        };
        let _ = reply.send(answer);
    }
}
