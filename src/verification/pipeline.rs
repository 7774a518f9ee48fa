//! The pipeline of a check. Stage one verifies its signature, reads its holder and drafts answer and record; stage two
//! spends the token and writes the record. A check passes from one to the other by itself, and its caller gets the
//! final result.
//!
//! Checks that wait for a stage pass it as a batch ([`Batcher`]).

use std::collections::HashMap;
use std::time::Duration;

use tokio::sync::oneshot;
use uuid::Uuid;

use super::batch::{self, Done, Spending};
use super::draft::{Drafts, PendingCheck};
use super::model::Content;
use super::store::CheckRow;
use crate::batcher::{Batcher, Limits, MOST, TaskBatcher, ThreadBatcher, broken_off, overloaded};
use crate::clock::stopwatch;
use crate::context::Context;
use crate::credential::verify::{Signed, all_good};
use crate::db::{Db, DbError, DbResult, Session, processors};
use crate::error::Result;
use crate::holder;
use crate::holder::batch::SealedHolder;
use crate::random::Random;

/// Stage one on PostgreSQL: checks in a batch, and concurrent batches per processor. A batch drafts its checks one
/// after the other, so small batches keep all processors busy; and while one waits for the server, others run.
const SERVER_BATCH: (usize, usize) = (8, 2);
/// Most commits of a batch after contention, which happens on PostgreSQL only. On SQLite, contention means that another
/// process writes for more than ten seconds, and the callers try again.
const TRIES: u32 = 4;

/// What became of a check.
pub(super) enum Outcome {
    /// The token is spent and this is recorded, durably.
    Recorded(Box<CheckRow>, Content),
    /// The token cannot be spent: used, or the holder is not active. Nothing was recorded.
    Refused,
    /// To be decided alone: the token is not single-use, or its key may have been used before. Nothing was recorded.
    Undecided(Box<Spending>, Content),
    /// The holder's data no longer exists.
    Nobody,
    /// The signature is wrong.
    BadSignature,
}

type Reply = oneshot::Sender<Result<Outcome>>;

struct Reading {
    resident: Uuid,
    portrait: bool,
    then: Then,
}

/// What is to be done with a holder's data.
enum Then {
    Tell(oneshot::Sender<DbResult<Option<SealedHolder>>>),
    Answer(Box<PendingCheck>, Reply),
}

struct Committing {
    spending: Spending,
    content: Content,
    reply: Reply,
}

/// Both stages. Cloning shares them.
#[derive(Clone)]
pub(super) struct Pipeline {
    reads: Batcher<Reading>,
    commits: Batcher<Committing>,
}

impl Pipeline {
    /// Starts both stages. The queue of each holds as many checks as `limits.verifications` allows at once.
    pub(super) fn start(context: &Context, drafts: Drafts) -> Self {
        let waiting = context.config.limits.verifications;
        let processors = processors();
        // One commit at a time: checks that queue behind it make the next batch larger, and SQLite has one writer.
        let commit_limits = Limits { waiting, batch: MOST, concurrency: 1 };
        let separate_by: fn(&Committing) -> Uuid = |job| job.spending.row.resident_id;
        match context.db.threads() {
            Some(threads) => {
                let (writing, reading) = (threads.clone(), threads.clone());
                let post = move |work| writing.post_write(work);
                let commits = Batcher::Threads(ThreadBatcher::new(commit_limits, Some(separate_by), post, commit_here));
                let next = commits.clone();
                let work = move |session: &mut Session<'_>, jobs| read_here(session, jobs, &drafts, &next);
                let post = move |work| reading.post_read(work);
                let limits = Limits { waiting, batch: MOST, concurrency: processors };
                let reads = Batcher::Threads(ThreadBatcher::new(limits, None, post, work));
                Self { reads, commits }
            }
            None => {
                let (db, random) = (context.db.clone(), context.random.clone());
                let work = move |jobs| commit(db.clone(), random.clone(), jobs);
                let commits = Batcher::Tasks(TaskBatcher::start(commit_limits, Some(separate_by), work));
                let (db, next) = (context.db.clone(), commits.clone());
                let work = move |jobs| read(db.clone(), jobs, drafts.clone(), next.clone());
                // Half of the connections are left for other work, such as sessions.
                let most = (context.config.database.connections as usize / 2).max(1);
                let (batch, concurrency) = (SERVER_BATCH.0, (SERVER_BATCH.1 * processors).min(most));
                let reads = Batcher::Tasks(TaskBatcher::start(Limits { waiting, batch, concurrency }, None, work));
                Self { reads, commits }
            }
        }
    }

    /// Reads the holder's sealed data, when there is a record.
    ///
    /// # Errors
    /// `overloaded`, or what the database said.
    pub(super) async fn read(&self, resident: Uuid, portrait: bool) -> Result<Option<SealedHolder>> {
        let (reply, answer) = oneshot::channel();
        self.reads.push(Reading { resident, portrait, then: Then::Tell(reply) }).map_err(|_| overloaded())?;
        Ok(answer.await.unwrap_or_else(|_| Err(broken_off()))?)
    }

    /// Checks the signature, spends the token and records the check; returns when that is durable, or did not happen.
    ///
    /// # Errors
    /// `overloaded`, or what the database said: the outcome is then unknown.
    pub(super) async fn check(&self, case: PendingCheck) -> Result<Outcome> {
        let (reply, answer) = oneshot::channel();
        let (resident, portrait) = (case.resident(), case.wants_portrait());
        let then = Then::Answer(Box::new(case), reply);
        self.reads.push(Reading { resident, portrait, then }).map_err(|_| overloaded())?;
        answer.await.unwrap_or_else(|_| Err(broken_off().into()))
    }

    /// Accepts no more checks and returns when all queued ones are done.
    pub(super) async fn drain(&self) {
        self.reads.drain().await;
        self.commits.drain().await;
    }
}

impl Reading {
    fn is_given_up(&self) -> bool {
        match &self.then {
            Then::Tell(reply) => reply.is_closed(),
            Then::Answer(_, reply) => reply.is_closed(),
        }
    }

    fn signed(&self) -> Option<&Signed> {
        match &self.then {
            Then::Tell(_) => None,
            Then::Answer(case, _) => Some(&case.signed),
        }
    }

    /// Continues with the holder that was found.
    fn go_on(self, found: DbResult<Option<SealedHolder>>, drafts: &Drafts, next: &Batcher<Committing>) {
        let (case, reply) = match self.then {
            Then::Tell(reply) => {
                let _ = reply.send(found);
                return;
            }
            Then::Answer(case, reply) => (case, reply),
        };
        let drafted = match found {
            Ok(Some(holder)) => drafts.good(*case, &holder),
            Ok(None) => {
                let _ = reply.send(Ok(Outcome::Nobody));
                return;
            }
            Err(error) => Err(error.into()),
        };
        match drafted {
            Ok((spending, content)) if spending.row.single_use == 0 => {
                let _ = reply.send(Ok(Outcome::Undecided(Box::new(spending), content)));
            }
            Ok((spending, content)) => {
                if let Err(job) = next.push(Committing { spending, content, reply }) {
                    let _ = job.reply.send(Err(overloaded()));
                }
            }
            Err(error) => {
                let _ = reply.send(Err(error));
            }
        }
    }
}

/// A batch of the first stage on a thread of the embedded engine, which may wait for a signer too: its transaction is over by
/// then.
fn read_here(session: &mut Session<'_>, jobs: Vec<Reading>, drafts: &Drafts, next: &Batcher<Committing>) {
    let jobs = genuine(jobs);
    if jobs.is_empty() {
        return;
    }
    let found = session.transact(|local| {
        Ok(jobs.iter().map(|job| holder::batch::holder(local, job.resident, job.portrait)).collect::<Vec<_>>())
    });
    match found {
        Ok(found) => jobs.into_iter().zip(found).for_each(|(job, found)| job.go_on(found, drafts, next)),
        Err(error) => jobs.into_iter().for_each(|job| job.go_on(Err(error.clone()), drafts, next)),
    }
}

/// A batch of the first stage on the server.
async fn read(db: Db, jobs: Vec<Reading>, drafts: Drafts, next: Batcher<Committing>) {
    let jobs = genuine(jobs);
    if jobs.is_empty() {
        return;
    }
    let asked: Vec<_> = jobs.iter().map(|job| (job.resident, job.portrait)).collect();
    let found = holder::batch::holders(&db, &asked).await;
    if drafts.signing_blocks() {
        // The threads of the runtime are for what does not wait. The batch is one job there too.
        let _ = tokio::task::spawn_blocking(move || go_on_with(jobs, &found, &drafts, &next)).await;
    } else {
        go_on_with(jobs, &found, &drafts, &next);
    }
}

/// Goes on with what a batch found.
fn go_on_with(
    jobs: Vec<Reading>,
    found: &DbResult<HashMap<Uuid, SealedHolder>>,
    drafts: &Drafts,
    next: &Batcher<Committing>,
) {
    for job in jobs {
        let one = |holders: &HashMap<Uuid, SealedHolder>| {
            // Two checks may be about the same holder, one of them without the portrait.
            Some(holders.get(&job.resident)?.with_portrait_if(job.portrait))
        };
        let found = found.as_ref().map(one).map_err(Clone::clone);
        job.go_on(found, drafts, next);
    }
}

/// Answers the checks whose signature is bad, and gives the others.
fn genuine(mut jobs: Vec<Reading>) -> Vec<Reading> {
    jobs.retain(|job| !job.is_given_up());
    let signed: Vec<&Signed> = jobs.iter().filter_map(Reading::signed).collect();
    let good = all_good(&signed);
    if good.iter().all(|good| *good) {
        return jobs;
    }
    let mut good = good.into_iter();
    let (rest, bad): (Vec<_>, Vec<_>) =
        jobs.into_iter().partition(|job| job.signed().is_none() || good.next().unwrap_or(false));
    for job in bad {
        if let Then::Answer(_, reply) = job.then {
            let _ = reply.send(Ok(Outcome::BadSignature));
        }
    }
    rest
}

/// The jobs of a batch, split into rows to write and callers to answer.
type CommitBatch = (Vec<Spending>, Vec<(Content, Reply)>);

/// Drops jobs whose caller has disconnected: it repeats the request with the same key, as if it had been lost on the
/// way.
fn asked(jobs: Vec<Committing>) -> CommitBatch {
    let living = jobs.into_iter().filter(|job| !job.reply.is_closed());
    living.map(|job| (job.spending, (job.content, job.reply))).unzip()
}

/// A batch of the second stage on the writing thread of the embedded engine.
fn commit_here(session: &mut Session<'_>, jobs: Vec<Committing>) {
    let (spendings, waiting) = asked(jobs);
    if spendings.is_empty() {
        return;
    }
    let begun = stopwatch();
    let done = session.transact(|local| spendings.iter().map(|one| batch::spend_one(local, one)).collect());
    answer(spendings, waiting, &done, begun.elapsed());
}

/// A batch of the second stage on the server.
async fn commit(db: Db, random: Random, jobs: Vec<Committing>) {
    let (spendings, waiting) = asked(jobs);
    if spendings.is_empty() {
        return;
    }
    let (mut tries, begun) = (1, stopwatch());
    let done = loop {
        match batch::spend_all(&db, &spendings).await {
            Err(DbError::Contention) if tries < TRIES => {
                tokio::time::sleep(Duration::from_millis(1 + random.below(1 << (tries + 1)))).await;
                tries += 1;
            }
            done => break done,
        }
    };
    answer(spendings, waiting, &done, begun.elapsed());
}

fn answer(spendings: Vec<Spending>, waiting: Vec<(Content, Reply)>, done: &DbResult<Vec<Done>>, took: Duration) {
    metrics::histogram!("ikd_verification_commit_seconds").record(took.as_secs_f64());
    metrics::histogram!("ikd_verification_batch_size").record(waiting.len() as f64);
    for (at, (spending, (content, reply))) in spendings.into_iter().zip(waiting).enumerate() {
        let outcome = match done {
            Ok(done) => Ok(match done.get(at) {
                Some(Done::Recorded) => Outcome::Recorded(Box::new(spending.row), content),
                Some(Done::Refused) => Outcome::Refused,
                Some(Done::KeyUsed) | None => Outcome::Undecided(Box::new(spending), content),
            }),
            Err(DbError::Unique) => Ok(Outcome::Undecided(Box::new(spending), content)),
            Err(error) => Err(error.clone().into()),
        };
        let _ = reply.send(outcome);
    }
}
