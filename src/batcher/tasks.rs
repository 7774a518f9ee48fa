//! Batches that run as tasks.
//!
//! Jobs are queued; a task takes all that are there, up to [`Limits::batch`], and passes them to a worker as one batch.
//! A job that finds the task idle starts at once: no job waits for others to arrive, but while one batch runs the next
//! one fills.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::clock::stopwatch;

/// Most jobs in a batch.
pub const MOST: usize = 64;

/// Limits of a queue.
#[derive(Clone, Copy)]
pub struct Limits {
    /// Jobs that may wait.
    pub waiting: usize,
    /// Jobs in a batch.
    pub batch: usize,
    /// Batches under way at once.
    pub concurrency: usize,
}

/// Longest time for which a batch collects more jobs from tasks that are ready to run.
const LINGER: Duration = Duration::from_millis(2);

/// A queue of jobs and the task that empties it. Cloning shares both; the task ends with the last clone, or at
/// [`TaskBatcher::drain`].
pub struct TaskBatcher<J>(Arc<Shared<J>>);

struct Shared<J> {
    sender: Mutex<Option<mpsc::Sender<J>>>,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl<J> Clone for TaskBatcher<J> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<J: Send + 'static> TaskBatcher<J> {
    /// Starts the task. With `separate_by`, a batch holds at most one job per id, sorted by id; the others wait for the
    /// next batch.
    pub fn start<W, F>(limits: Limits, separate_by: Option<fn(&J) -> Uuid>, work: W) -> Self
    where
        W: Fn(Vec<J>) -> F + Send + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let Limits { waiting: capacity, batch: most, concurrency } = limits;
        let (sender, mut queue) = mpsc::channel(capacity.max(1));
        let task = tokio::spawn(async move {
            let places = Arc::new(Semaphore::new(concurrency));
            let mut waiting = Vec::with_capacity(most);
            while let Ok(place) = Arc::clone(&places).acquire_owned().await {
                if waiting.is_empty() && queue.recv_many(&mut waiting, most).await == 0 {
                    break;
                }
                gather(&mut queue, &mut waiting, most).await;
                let batch = take(&mut waiting, separate_by);
                // A task of its own: if it panics, its callers see their reply channels close, and the queue goes on.
                let working = work(batch);
                tokio::spawn(async move {
                    working.await;
                    drop(place);
                });
            }
            // All permits are back when all batches have ended.
            let _ = places.acquire_many(u32::try_from(concurrency).unwrap_or(u32::MAX)).await;
        });
        Self(Arc::new(Shared { sender: Mutex::new(Some(sender)), task: Mutex::new(Some(task)) }))
    }

    /// Queues a job.
    ///
    /// # Errors
    /// The job, when the queue is full or drained for a stop.
    pub fn push(&self, job: J) -> Result<(), J> {
        let sender = self.0.sender.lock().unwrap_or_else(PoisonError::into_inner);
        match sender.as_ref() {
            Some(sender) => sender.try_send(job).map_err(TrySendError::into_inner),
            None => Err(job),
        }
    }

    /// Accepts no more jobs and returns when all queued ones are done.
    pub async fn drain(&self) {
        self.0.sender.lock().unwrap_or_else(PoisonError::into_inner).take();
        let task = self.0.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task {
            let _ = task.await;
        }
    }
}

/// Yields to tasks that are ready to run, as long as they queue more jobs.
async fn gather<J>(queue: &mut mpsc::Receiver<J>, waiting: &mut Vec<J>, most: usize) {
    let begun = stopwatch();
    while waiting.len() < most && begun.elapsed() < LINGER {
        tokio::task::yield_now().await;
        let before = waiting.len();
        while waiting.len() < most
            && let Ok(job) = queue.try_recv()
        {
            waiting.push(job);
        }
        if waiting.len() == before {
            break;
        }
    }
}

/// The next batch. Jobs that do not fit stay queued in their order.
pub(super) fn take<J>(waiting: &mut Vec<J>, separate_by: Option<fn(&J) -> Uuid>) -> Vec<J> {
    let Some(id) = separate_by else { return std::mem::take(waiting) };
    let mut seen = HashSet::with_capacity(waiting.len());
    let (mut batch, mut rest) = (Vec::with_capacity(waiting.len()), Vec::new());
    for job in waiting.drain(..) {
        if seen.insert(id(&job)) {
            batch.push(job);
        } else {
            rest.push(job);
        }
    }
    *waiting = rest;
    // All nodes lock rows in the same order, so two batches wait for each other instead of deadlocking.
    batch.sort_unstable_by_key(id);
    batch
}

#[cfg(test)]
mod tests {
    use super::*;

    type Batches = Arc<Mutex<Vec<Vec<u128>>>>;

    fn recording(capacity: usize, separate_by: bool, pause: Duration) -> (TaskBatcher<u128>, Batches) {
        let batches = Batches::default();
        let (seen, id): (_, fn(&u128) -> Uuid) = (Arc::clone(&batches), |job| Uuid::from_u128(*job));
        let group = TaskBatcher::start(
            Limits { waiting: capacity, batch: MOST, concurrency: 1 },
            separate_by.then_some(id),
            move |batch| {
                let seen = Arc::clone(&seen);
                async move {
                    seen.lock().unwrap().push(batch);
                    tokio::time::sleep(pause).await;
                }
            },
        );
        (group, batches)
    }

    #[tokio::test]
    async fn a_lone_job_goes_at_once_and_the_next_ones_gather() {
        let (group, batches) = recording(1_000, false, Duration::from_millis(20));
        group.push(1).unwrap();
        tokio::time::sleep(Duration::from_millis(5)).await;
        assert_eq!(*batches.lock().unwrap(), [vec![1]]);
        for job in 2..=100 {
            group.push(job).unwrap();
        }
        group.drain().await;
        let sizes: Vec<_> = batches.lock().unwrap().iter().map(Vec::len).collect();
        assert_eq!(sizes, [1, 64, 35]);
    }

    #[tokio::test]
    async fn equal_ids_go_one_after_the_other_and_batches_are_sorted() {
        let (group, batches) = recording(100, true, Duration::ZERO);
        for job in [3, 1, 3, 2, 3, 1] {
            group.push(job).unwrap();
        }
        group.drain().await;
        assert_eq!(*batches.lock().unwrap(), [vec![1, 2, 3], vec![1, 3], vec![3]]);
    }

    #[tokio::test]
    async fn a_full_or_drained_queue_takes_nothing() {
        let (group, batches) = recording(2, false, Duration::ZERO);
        assert_eq!([group.push(1), group.push(2), group.push(3)], [Ok(()), Ok(()), Err(3)]);
        group.drain().await;
        assert_eq!(group.push(4), Err(4));
        assert_eq!(batches.lock().unwrap().concat(), [1, 2], "what was taken was worked on");
    }

    #[tokio::test]
    async fn a_panic_takes_only_its_own_batch() {
        let done = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&done);
        let group =
            TaskBatcher::start(Limits { waiting: 10, batch: MOST, concurrency: 1 }, None, move |batch: Vec<u128>| {
                let seen = Arc::clone(&seen);
                async move {
                    assert!(batch[0] != 1, "the first batch panics");
                    seen.lock().unwrap().extend(batch);
                }
            });
        group.push(1).unwrap();
        tokio::time::sleep(Duration::from_millis(5)).await;
        group.push(2).unwrap();
        group.drain().await;
        assert_eq!(*done.lock().unwrap(), [2]);
    }
}
