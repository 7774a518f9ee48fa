//! Stage two of a check: the token is spent and the record written, in one commit and under one signature for all checks of a batch.
//!
//! What the checks state is signed before the commit, so that nothing is answered whose proof is not durable. On the server a batch may wait
//! for a signer; the embedded engine has one thread that writes, which waits for none: there, what a module signs was signed by stage one.

use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use super::batch::{self, Done, Spending};
use super::draft::Drafts;
use super::model::Content;
use super::pipeline::{Outcome, Reply};
use super::signed::SignedBatch;
use super::store::CheckRow;
use crate::clock::stopwatch;
use crate::db::{Db, DbError, DbResult, Local, Session, Shard};
use crate::error::Error;
use crate::failpoint::{self, Side};
use crate::random::Random;

/// Most commits of a batch after contention, which happens on PostgreSQL only. On SQLite, contention means that another
/// process writes for more than ten seconds, and the callers try again.
const TRIES: u32 = 6;

/// What kills by tests call it.
const NAME: &str = "verification.commit";

/// A drafted check that waits for this stage.
pub(super) struct Committing {
    pub(super) spending: Spending,
    pub(super) content: Content,
    pub(super) reply: Reply,
    /// Where it was signed already.
    pub(super) signed: Option<Place>,
}

/// Where a check's statement was signed.
pub(super) struct Place {
    batch: Arc<SignedBatch>,
    place: usize,
}

impl Place {
    /// The row with what proves it.
    pub(super) fn proving(&self, row: CheckRow) -> CheckRow {
        CheckRow { proof: Some(self.batch.proof(self.place)), ..row }
    }
}

/// The callers to answer.
struct Waiting {
    content: Content,
    reply: Reply,
    signed: Option<Place>,
}

/// The jobs of a batch, split into rows to write and callers to answer.
type CommitBatch = (Vec<Spending>, Vec<Waiting>);

/// Drops jobs whose caller has disconnected: it repeats the request with the same key, as if it had been lost on the
/// way.
fn asked(jobs: Vec<Committing>) -> CommitBatch {
    let living = jobs.into_iter().filter(|job| !job.reply.is_closed());
    living.map(|Committing { spending, content, reply, signed }| (spending, Waiting { content, reply, signed })).unzip()
}

/// Signs all of these drafts together, on a thread that may wait.
///
/// # Errors
/// What is to be told to each of them.
pub(super) fn sign_here(drafts: &Drafts, jobs: &mut [Committing]) -> Result<(), Error> {
    let leaves = jobs.iter().map(|job| job.spending.leaf).collect();
    let batch = Arc::new(drafts.sign_here(leaves)?);
    for (place, job) in jobs.iter_mut().enumerate() {
        job.signed = Some(Place { batch: Arc::clone(&batch), place });
    }
    Ok(())
}

/// A batch of the second stage on the writing thread of the embedded engine.
pub(super) fn commit_here(session: &mut Session<'_>, drafts: &Drafts, jobs: Vec<Committing>) {
    let (mut jobs, mut unsigned): (Vec<_>, Vec<_>) = jobs.into_iter().partition(|job| job.signed.is_some());
    unsigned.retain(|job| !job.reply.is_closed());
    if !unsigned.is_empty() {
        if drafts.signing_blocks() {
            // The key went to a module since stage one: these are decided alone, where somebody may wait.
            for Committing { spending, content, reply, .. } in unsigned.drain(..) {
                let _ = reply.send(Ok(Outcome::Undecided(Box::new(spending), content)));
            }
        } else if let Err(error) = sign_here(drafts, &mut unsigned) {
            refuse(unsigned.drain(..).map(|job| job.reply), &error);
        }
        jobs.append(&mut unsigned);
    }
    let (mut spendings, waiting) = asked(jobs);
    if spendings.is_empty() {
        return;
    }
    let groups = grouped(drafts, &mut spendings, &waiting);
    let begun = stopwatch();
    failpoint::pass(NAME, Side::Before);
    let done = session.transact(|local| spend_here(local, &spendings, &waiting, &groups));
    answer(spendings, waiting, done, begun.elapsed());
}

/// What was signed together, and the id under which what of it is committed here is recorded.
type Group = (Arc<SignedBatch>, Uuid);

/// The groups of a batch. What was signed together and comes in two commits is two batches: none is changed after its commit.
fn grouped(drafts: &Drafts, spendings: &mut [Spending], waiting: &[Waiting]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for (spending, waiting) in spendings.iter_mut().zip(waiting) {
        let Some(place) = &waiting.signed else { continue };
        let known = groups.iter().find(|(batch, _)| Arc::ptr_eq(batch, &place.batch)).map(|(_, id)| *id);
        let id = known.unwrap_or_else(|| {
            let id = drafts.batch_id(&spending.row);
            groups.push((Arc::clone(&place.batch), id));
            id
        });
        spending.row.batch_id = Some(id);
    }
    groups
}

fn spend_here(local: &Local<'_>, spendings: &[Spending], waiting: &[Waiting], groups: &[Group]) -> DbResult<Vec<Done>> {
    let done = spendings.iter().map(|one| batch::spend_one(local, one)).collect::<DbResult<Vec<_>>>()?;
    for (signed, id) in groups {
        let mut checks = vec![None; signed.statements()];
        for ((spending, waiting), done) in spendings.iter().zip(waiting).zip(&done) {
            let place = waiting.signed.as_ref().filter(|place| Arc::ptr_eq(&place.batch, signed));
            let check = place.filter(|_| *done == Done::Recorded).and_then(|place| checks.get_mut(place.place));
            if let Some(check) = check {
                *check = Some(spending.row.verification_id);
            }
        }
        if checks.iter().any(Option::is_some) {
            batch::add_signed(local, &signed.row(*id, checks))?;
        }
    }
    Ok(done)
}

/// A batch of the second stage on the server.
pub(super) async fn commit(db: Db, shard: Shard, random: Random, drafts: Drafts, jobs: Vec<Committing>) {
    let (mut spendings, mut waiting) = asked(jobs);
    let Some(first) = spendings.first() else { return };
    let batch_id = drafts.batch_id(&first.row);
    let signed = match drafts.sign(spendings.iter().map(|one| one.leaf).collect()).await {
        Ok(signed) => Arc::new(signed),
        Err(error) => return refuse(waiting.into_iter().map(|one| one.reply), &error),
    };
    for (place, (spending, waiting)) in spendings.iter_mut().zip(&mut waiting).enumerate() {
        spending.row.batch_id = Some(batch_id);
        waiting.signed = Some(Place { batch: Arc::clone(&signed), place });
    }
    // Which of them are recorded, the statement says.
    let row = signed.row(batch_id, []);
    let (mut tries, begun) = (1, stopwatch());
    failpoint::pass(NAME, Side::Before);
    let done = loop {
        match batch::spend_all(&db, shard, &spendings, &row).await {
            Err(DbError::Contention) if tries < TRIES => {
                tokio::time::sleep(Duration::from_millis(1 + random.below(1 << (tries + 1)))).await;
                tries += 1;
            }
            done => break done,
        }
    };
    answer(spendings, waiting, done, begun.elapsed());
}

/// Tells callers that nothing could be signed: nothing was spent or recorded.
pub(super) fn refuse(replies: impl Iterator<Item = Reply>, error: &Error) {
    for reply in replies {
        let _ = reply.send(Err(Error::internal(error.to_string())));
    }
}

fn answer(spendings: Vec<Spending>, waiting: Vec<Waiting>, done: DbResult<Vec<Done>>, took: Duration) {
    failpoint::pass(NAME, Side::After);
    metrics::histogram!("ikd_verification_commit_seconds").record(took.as_secs_f64());
    metrics::histogram!("ikd_verification_batch_size").record(waiting.len() as f64);
    let mut done = done.map(Vec::into_iter);
    for (spending, Waiting { content, reply, signed }) in spendings.into_iter().zip(waiting) {
        let outcome = match (&mut done, signed) {
            (Ok(done), signed) => Ok(match (done.next(), signed) {
                (Some(Done::Recorded), Some(signed)) => Outcome::Recorded(Box::new(spending.row), content, signed),
                (Some(Done::Refused), _) => Outcome::Refused,
                (Some(Done::Earlier(row)), _) => Outcome::Earlier(row, content),
                (Some(Done::KeyUsed | Done::Recorded) | None, _) => Outcome::Undecided(Box::new(spending), content),
            }),
            (Err(DbError::Unique), _) => Ok(Outcome::Undecided(Box::new(spending), content)),
            (Err(error), _) => Err(error.clone().into()),
        };
        let _ = reply.send(outcome);
    }
}
