//! The pipeline of a check. Stage one ([`super::prepare`]) verifies its signature, reads its holder and drafts answer and record;
//! stage two ([`super::commit`]) spends the token and writes the record. A check passes from one to the other by itself, and its
//! caller gets the final result.
//!
//! Checks that wait for a stage pass it as a batch ([`Batcher`]). Each shard has stages of its own, so a batch is of one shard, and
//! whatever concerns one holder or one token meets in one queue.

use futures_util::future::join_all;
use tokio::sync::oneshot;
use uuid::Uuid;

use super::batch::Spending;
use super::commit::{Committing, Place, commit, commit_here};
use super::draft::{Drafts, PendingCheck};
use super::model::Content;
use super::prepare::{Reading, Then, read, read_here};
use super::store::CheckRow;
use crate::batcher::{Batcher, Limits, MOST, Separation, TaskBatcher, ThreadBatcher, broken_off, overloaded};
use crate::context::Context;
use crate::db::{PerShard, Session, Shard, Threads, processors};
use crate::error::Result;
use crate::holder::batch::SealedHolder;

/// Stage one on PostgreSQL: checks in a batch, and concurrent batches per processor. A batch drafts its checks one
/// after the other, so small batches keep all processors busy; and while one waits for the server, others run.
const SERVER_BATCH: (usize, usize) = (8, 2);
/// Commits that go abreast on PostgreSQL: while one waits for the disk, the other is worked on. With four the batches are
/// smaller and cost more.
const SERVER_COMMITS: usize = 2;

/// A credential once in a batch, but all copies of its token: one of them at most is spent.
const SEPARATION: Separation<Committing> = Separation {
    by: |job| job.spending.row.resident_id,
    behind: |first, job| first.spending.is_copied_by(&job.spending),
};

/// What became of a check.
pub(super) enum Outcome {
    /// The token is spent and this is recorded, durably, with what it was signed in.
    Recorded(Box<CheckRow>, Content, Place),
    /// The token cannot be spent: used, or the holder is not active. Nothing was recorded.
    Refused,
    /// The token cannot be spent, and this was recorded under its key before; with what was drafted now.
    Earlier(Box<CheckRow>, Content),
    /// To be decided alone: the token is not single-use, or its key may have been used before. Nothing was recorded.
    Undecided(Box<Spending>, Content),
    /// The holder's permit to stay is over. Nothing was recorded.
    Over,
    /// The holder's data no longer exists.
    Nobody,
    /// The signature is wrong.
    BadSignature,
}

/// Who waits for the outcome.
pub(super) type Reply = oneshot::Sender<Result<Outcome>>;

/// Both stages, for each shard. Cloning shares them.
#[derive(Clone)]
pub(super) struct Pipeline(PerShard<Stages>);

/// Both stages of the checks of one shard's residents.
struct Stages {
    reads: Batcher<Reading>,
    commits: Batcher<Committing>,
}

impl Pipeline {
    /// Starts the stages. The queue of each holds as many checks as `limits.verifications` allows at once.
    pub(super) fn start(context: &Context, drafts: &Drafts) -> Self {
        Self(PerShard::new(context.db.shards(), |shard| match context.db.threads() {
            Some(threads) => Stages::embedded(context, threads, drafts.clone()),
            None => Stages::on_server(context, shard, drafts.clone()),
        }))
    }

    /// Reads the holder's sealed data, when there is a record.
    ///
    /// # Errors
    /// `overloaded`, or what the database said.
    pub(super) async fn read(&self, resident: Uuid, portrait: bool) -> Result<Option<SealedHolder>> {
        let (reply, answer) = oneshot::channel();
        self.0
            .of(resident)
            .reads
            .push(Reading { resident, portrait, then: Then::Tell(reply) })
            .map_err(|_| overloaded())?;
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
        self.0.of(resident).reads.push(Reading { resident, portrait, then }).map_err(|_| overloaded())?;
        answer.await.unwrap_or_else(|_| Err(broken_off().into()))
    }

    /// Accepts no more checks and returns when all queued ones are done.
    pub(super) async fn drain(&self) {
        join_all(self.0.iter().map(|stages| stages.reads.drain())).await;
        join_all(self.0.iter().map(|stages| stages.commits.drain())).await;
    }
}

impl Stages {
    /// On the threads of the embedded engine, of which one writes.
    fn embedded(context: &Context, threads: &Threads, drafts: Drafts) -> Self {
        let (writing, reading) = (threads.clone(), threads.clone());
        let post = move |work| writing.post_write(work);
        let one = limits(context, MOST, 1);
        let signing = drafts.clone();
        let work = move |session: &mut Session<'_>, jobs| commit_here(session, &signing, jobs);
        let commits = Batcher::Threads(ThreadBatcher::new(one, Some(SEPARATION), post, work));
        let next = commits.clone();
        let work = move |session: &mut Session<'_>, jobs| read_here(session, jobs, &drafts, &next);
        let post = move |work| reading.post_read(work);
        let reads = Batcher::Threads(ThreadBatcher::new(limits(context, MOST, processors()), None, post, work));
        Self { reads, commits }
    }

    /// As tasks on the connections of a shard.
    fn on_server(context: &Context, shard: Shard, drafts: Drafts) -> Self {
        let (db, random) = (context.db.clone(), context.random.clone());
        let signing = drafts.clone();
        let work = move |jobs| commit(db.clone(), shard, random.clone(), signing.clone(), jobs);
        let commits = TaskBatcher::start(limits(context, MOST, SERVER_COMMITS), Some(SEPARATION), work);
        let commits = Batcher::Tasks(commits);
        let (db, next) = (context.db.clone(), commits.clone());
        // Half of the batches' connections are left for commits, sessions and proofs.
        let most = (db.room_of_shard() / 2).max(1);
        let work = move |jobs| read(db.clone(), shard, jobs, drafts.clone(), next.clone());
        let (batch, concurrency) = (SERVER_BATCH.0, (SERVER_BATCH.1 * processors()).min(most));
        let reads = Batcher::Tasks(TaskBatcher::start(limits(context, batch, concurrency), None, work));
        Self { reads, commits }
    }
}

fn limits(context: &Context, batch: usize, concurrency: usize) -> Limits {
    Limits { waiting: context.config.limits.verifications, batch, concurrency }
}
