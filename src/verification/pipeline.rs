//! The pipeline of a check. Stage one ([`super::prepare`]) verifies its signature, reads its holder and drafts answer and record;
//! stage two ([`super::commit`]) spends the token and writes the record. A check passes from one to the other by itself, and its
//! caller gets the final result.
//!
//! Checks that wait for a stage pass it as a batch ([`Batcher`]).

use tokio::sync::oneshot;
use uuid::Uuid;

use super::batch::Spending;
use super::commit::{Committing, commit, commit_here};
use super::draft::{Drafts, PendingCheck};
use super::model::Content;
use super::prepare::{Reading, Then, read, read_here};
use super::store::CheckRow;
use crate::batcher::{Batcher, Limits, MOST, Separation, TaskBatcher, ThreadBatcher, broken_off, overloaded};
use crate::context::Context;
use crate::db::{Session, processors};
use crate::error::Result;
use crate::holder::batch::SealedHolder;

/// Stage one on PostgreSQL: checks in a batch, and concurrent batches per processor. A batch drafts its checks one
/// after the other, so small batches keep all processors busy; and while one waits for the server, others run.
const SERVER_BATCH: (usize, usize) = (8, 2);
/// Commits that go abreast on PostgreSQL: while one waits for the disk, the other is worked on. With four the batches are
/// smaller and cost more.
const SERVER_COMMITS: usize = 2;

/// What became of a check.
pub(super) enum Outcome {
    /// The token is spent and this is recorded, durably.
    Recorded(Box<CheckRow>, Content),
    /// The token cannot be spent: used, or the holder is not active. Nothing was recorded.
    Refused,
    /// The token cannot be spent, and this was recorded under its key before; with what was drafted now.
    Earlier(Box<CheckRow>, Content),
    /// To be decided alone: the token is not single-use, or its key may have been used before. Nothing was recorded.
    Undecided(Box<Spending>, Content),
    /// The holder's data no longer exists.
    Nobody,
    /// The signature is wrong.
    BadSignature,
}

/// Who waits for the outcome.
pub(super) type Reply = oneshot::Sender<Result<Outcome>>;

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
        let commits_of = |concurrency| Limits { waiting, batch: MOST, concurrency };
        // A credential once in a batch, but all copies of its token: one of them at most is spent.
        let separation = Separation {
            by: |job: &Committing| job.spending.row.resident_id,
            behind: |first, job| first.spending.is_copied_by(&job.spending),
        };
        match context.db.threads() {
            Some(threads) => {
                let (writing, reading) = (threads.clone(), threads.clone());
                let post = move |work| writing.post_write(work);
                let commits = Batcher::Threads(ThreadBatcher::new(commits_of(1), Some(separation), post, commit_here));
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
                let limits = commits_of(SERVER_COMMITS);
                let commits = Batcher::Tasks(TaskBatcher::start(limits, Some(separation), work));
                let (db, next) = (context.db.clone(), commits.clone());
                // Half of the batches' connections are left for commits, sessions and proofs.
                let most = (db.batch_connections() / 2).max(1);
                let work = move |jobs| read(db.clone(), jobs, drafts.clone(), next.clone());
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
