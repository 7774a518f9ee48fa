//! Stage two of a check: the token is spent and the record written, in one commit for all checks of a batch.

use std::time::Duration;

use super::batch::{self, Done, Spending};
use super::model::Content;
use super::pipeline::{Outcome, Reply};
use crate::clock::stopwatch;
use crate::db::{Db, DbError, DbResult, Session, Shard};
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
pub(super) fn commit_here(session: &mut Session<'_>, jobs: Vec<Committing>) {
    let (spendings, waiting) = asked(jobs);
    if spendings.is_empty() {
        return;
    }
    let begun = stopwatch();
    failpoint::pass(NAME, Side::Before);
    let done = session.transact(|local| spendings.iter().map(|one| batch::spend_one(local, one)).collect());
    answer(spendings, waiting, done, begun.elapsed());
}

/// A batch of the second stage on the server.
pub(super) async fn commit(db: Db, shard: Shard, random: Random, jobs: Vec<Committing>) {
    let (spendings, waiting) = asked(jobs);
    if spendings.is_empty() {
        return;
    }
    let (mut tries, begun) = (1, stopwatch());
    failpoint::pass(NAME, Side::Before);
    let done = loop {
        match batch::spend_all(&db, shard, &spendings).await {
            Err(DbError::Contention) if tries < TRIES => {
                tokio::time::sleep(Duration::from_millis(1 + random.below(1 << (tries + 1)))).await;
                tries += 1;
            }
            done => break done,
        }
    };
    answer(spendings, waiting, done, begun.elapsed());
}

fn answer(spendings: Vec<Spending>, waiting: Vec<(Content, Reply)>, done: DbResult<Vec<Done>>, took: Duration) {
    failpoint::pass(NAME, Side::After);
    metrics::histogram!("ikd_verification_commit_seconds").record(took.as_secs_f64());
    metrics::histogram!("ikd_verification_batch_size").record(waiting.len() as f64);
    let mut done = done.map(Vec::into_iter);
    for (spending, (content, reply)) in spendings.into_iter().zip(waiting) {
        let outcome = match &mut done {
            Ok(done) => Ok(match done.next() {
                Some(Done::Recorded) => Outcome::Recorded(Box::new(spending.row), content),
                Some(Done::Refused) => Outcome::Refused,
                Some(Done::Earlier(row)) => Outcome::Earlier(row, content),
                Some(Done::KeyUsed) | None => Outcome::Undecided(Box::new(spending), content),
            }),
            Err(DbError::Unique) => Ok(Outcome::Undecided(Box::new(spending), content)),
            Err(error) => Err(error.clone().into()),
        };
        let _ = reply.send(outcome);
    }
}
