//! Queues of rows that any node may work off: a row is leased, worked on outside any transaction, and what came of it is noted. A dead
//! node's lease runs out, and another takes the row.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{Wake, measured};
use crate::db::DbError;
use crate::error::{Error, Result};

/// How often a queue is looked at when nobody wakes it.
const POLL: Duration = Duration::from_secs(1);

/// A queue in the database.
pub trait Queue: Send + Sync + 'static {
    /// What is worked on.
    type Item: Send + 'static;

    /// The name of the job, `<domain>.<what>`.
    const NAME: &'static str;

    /// How many are worked on at once.
    fn concurrency(&self) -> usize;

    /// How long a stop waits for those that are being worked on: longer than any may take.
    fn patience(&self) -> Duration;

    /// Takes at most `most` of those that are due now.
    fn take(&self, most: usize) -> impl Future<Output = Result<Vec<Self::Item>>> + Send;

    /// Works on one and notes how it ended. An error means that it could not be noted: its lease runs out by itself.
    fn work(&self, item: Self::Item) -> impl Future<Output = Result<()>> + Send;
}

/// Works `queue` off until `stop`, several at once, then finishes what was begun.
pub async fn work_off<Q: Queue>(queue: Arc<Q>, wake: Wake, stop: CancellationToken) {
    let most = queue.concurrency().max(1);
    let mut working = JoinSet::new();
    while !stop.is_cancelled() {
        while working.try_join_next().is_some() {}
        if most > working.len() {
            match queue.take(most - working.len()).await {
                Ok(items) => items.into_iter().for_each(|item| begin(&queue, &mut working, item)),
                // Another node leased them at the same moment.
                Err(Error::Db(DbError::Contention)) => {}
                Err(error) => tracing::warn!(job.name = Q::NAME, error.cause = %error, "the queue cannot be read"),
            }
        }
        let full = working.len() >= most;
        tokio::select! {
            () = stop.cancelled() => break,
            () = wake.woken(), if !full => {}
            () = tokio::time::sleep(POLL), if !full => {}
            _ = working.join_next(), if !working.is_empty() => {}
        }
    }
    if tokio::time::timeout(queue.patience(), async { while working.join_next().await.is_some() {} }).await.is_err() {
        tracing::warn!(job.name = Q::NAME, job.unfinished = working.len(), "stopped before everything was finished");
    }
}

/// Works off what is due now and gives how many that were. For tests and the demo.
///
/// # Errors
/// When the queue cannot be read.
pub async fn work_until_idle<Q: Queue>(queue: Arc<Q>) -> Result<usize> {
    let mut done = 0;
    loop {
        let items = match queue.take(queue.concurrency().max(1)).await {
            Err(Error::Db(DbError::Contention)) => continue,
            taken => taken?,
        };
        if items.is_empty() {
            return Ok(done);
        }
        done += items.len();
        let mut working = JoinSet::new();
        items.into_iter().for_each(|item| begin(&queue, &mut working, item));
        while working.join_next().await.is_some() {}
    }
}

fn begin<Q: Queue>(queue: &Arc<Q>, working: &mut JoinSet<()>, item: Q::Item) {
    let queue = Arc::clone(queue);
    working.spawn(async move {
        if let Err(error) = measured(Q::NAME, queue.work(item)).await {
            tracing::error!(job.name = Q::NAME, error.cause = %error, "what became of it could not be noted");
        }
    });
}
