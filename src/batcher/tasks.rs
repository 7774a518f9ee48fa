//! Batches that run as tasks.
//!
//! Jobs are queued; a task takes all that are there, up to [`Limits::batch`], and passes them to a worker as one batch.
//! A job that finds the task idle starts at once: no job waits for others to arrive, but while one batch runs the next
//! one fills.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{Notify, Semaphore, mpsc};
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

/// How a batch keeps jobs apart that concern the same thing.
pub struct Separation<J> {
    /// What a job concerns. Batches are sorted by it.
    pub by: fn(&J) -> Uuid,
    /// Whether a job may stand in a batch behind an earlier one that concerns the same; every other waits for the next batch.
    pub behind: fn(&J, &J) -> bool,
}

impl<J> Clone for Separation<J> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<J> Copy for Separation<J> {}

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
    /// Starts the task. With a separation, jobs that concern something in a batch under way wait until that has ended.
    pub fn start<W, F>(limits: Limits, separation: Option<Separation<J>>, work: W) -> Self
    where
        W: Fn(Vec<J>) -> F + Send + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let (sender, queue) = mpsc::channel(limits.waiting.max(1));
        let task = tokio::spawn(empty(queue, limits, separation, work));
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

/// Passes what is queued to `work` until the queue is closed and all of it is done.
async fn empty<J, W, F>(mut queue: mpsc::Receiver<J>, limits: Limits, separation: Option<Separation<J>>, work: W)
where
    J: Send + 'static,
    W: Fn(Vec<J>) -> F,
    F: Future<Output = ()> + Send + 'static,
{
    let Limits { batch: most, concurrency, .. } = limits;
    let places = Arc::new(Semaphore::new(concurrency));
    let under_way = Arc::new(UnderWay::default());
    let mut waiting = Vec::with_capacity(most);
    while let Ok(place) = Arc::clone(&places).acquire_owned().await {
        if waiting.is_empty() && queue.recv_many(&mut waiting, most).await == 0 {
            break;
        }
        gather(&mut queue, &mut waiting, most).await;
        let batch = take(&mut waiting, separation, &under_way.ids());
        if batch.is_empty() {
            // Each of them waits for a batch that is under way.
            under_way.changes(&mut queue, &mut waiting, most).await;
            continue;
        }
        let held = separation.map(|apart| Held::new(&under_way, batch.iter().map(apart.by).collect()));
        // A task of its own: if it panics, its callers see their reply channels close, and the queue goes on.
        let working = work(batch);
        tokio::spawn(async move {
            working.await;
            drop((held, place));
        });
    }
    // All permits are back when all batches have ended.
    let _ = places.acquire_many(u32::try_from(concurrency).unwrap_or(u32::MAX)).await;
}

/// The ids of the batches that are under way, where a queue separates jobs by id.
#[derive(Default)]
struct UnderWay {
    ids: Mutex<HashSet<Uuid>>,
    ended: Notify,
}

impl UnderWay {
    fn ids(&self) -> MutexGuard<'_, HashSet<Uuid>> {
        self.ids.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns when a batch has ended or another job came.
    async fn changes<J>(&self, queue: &mut mpsc::Receiver<J>, waiting: &mut Vec<J>, most: usize) {
        let room = most.saturating_sub(waiting.len());
        let another = async {
            // A closed queue, or one with no room to look into, brings nothing.
            if room == 0 || queue.recv_many(waiting, room).await == 0 {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            () = self.ended.notified() => {}
            () = another => {}
        }
    }
}

/// The ids of one batch, until it ends.
struct Held {
    under_way: Arc<UnderWay>,
    ids: Vec<Uuid>,
}

impl Held {
    fn new(under_way: &Arc<UnderWay>, ids: Vec<Uuid>) -> Self {
        under_way.ids().extend(&ids);
        Self { under_way: Arc::clone(under_way), ids }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut ids = self.under_way.ids();
        for id in &self.ids {
            ids.remove(id);
        }
        drop(ids);
        self.under_way.ended.notify_one();
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

/// The next batch. Jobs that do not fit, or concern what is under way, stay queued in their order.
pub(super) fn take<J>(waiting: &mut Vec<J>, separation: Option<Separation<J>>, under_way: &HashSet<Uuid>) -> Vec<J> {
    let Some(Separation { by, behind }) = separation else { return std::mem::take(waiting) };
    let mut firsts = HashMap::with_capacity(waiting.len());
    let (mut batch, mut rest) = (Vec::with_capacity(waiting.len()), Vec::new());
    for job in waiting.drain(..) {
        let fits = !under_way.contains(&by(&job))
            && match firsts.get(&by(&job)) {
                None => {
                    firsts.insert(by(&job), batch.len());
                    true
                }
                Some(first) => batch.get(*first).is_some_and(|first| behind(first, &job)),
            };
        if fits {
            batch.push(job);
        } else {
            rest.push(job);
        }
    }
    *waiting = rest;
    // All nodes lock rows in the same order, so two batches wait for each other instead of deadlocking.
    batch.sort_by_key(by);
    batch
}

#[cfg(test)]
mod tests {
    use super::*;

    type Batches = Arc<Mutex<Vec<Vec<u128>>>>;

    fn recording(capacity: usize, separate_by: bool, pause: Duration) -> (TaskBatcher<u128>, Batches) {
        let batches = Batches::default();
        let seen = Arc::clone(&batches);
        let separation = Separation { by: |job: &u128| Uuid::from_u128(*job), behind: |_, _| false };
        let group = TaskBatcher::start(
            Limits { waiting: capacity, batch: MOST, concurrency: 1 },
            separate_by.then_some(separation),
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
    async fn two_batches_go_abreast_and_an_id_under_way_is_kept_back() {
        let (begun, mut begins) = mpsc::unbounded_channel();
        let end = Arc::new(Notify::new());
        let ends = Arc::clone(&end);
        let group = TaskBatcher::start(
            Limits { waiting: 100, batch: MOST, concurrency: 2 },
            Some(Separation { by: |job: &(u128, u8)| Uuid::from_u128(job.0), behind: |_, _| false }),
            move |batch: Vec<(u128, u8)>| {
                let (begun, ends) = (begun.clone(), Arc::clone(&ends));
                async move {
                    let held = batch == [(1, 1)];
                    begun.send(batch).unwrap();
                    if held {
                        ends.notified().await;
                    }
                }
            },
        );
        group.push((1, 1)).unwrap();
        assert_eq!(begins.recv().await.unwrap(), [(1, 1)]);
        for job in [(1, 2), (3, 1), (1, 3), (2, 1)] {
            group.push(job).unwrap();
        }
        assert_eq!(begins.recv().await.unwrap(), [(2, 1), (3, 1)], "the second goes beside the first");
        group.push((4, 1)).unwrap();
        assert_eq!(begins.recv().await.unwrap(), [(4, 1)], "those that are kept back hold up nobody");
        end.notify_one();
        assert_eq!(begins.recv().await.unwrap(), [(1, 2)]);
        assert_eq!(begins.recv().await.unwrap(), [(1, 3)]);
        group.drain().await;
    }

    #[test]
    fn a_job_that_may_stands_behind_the_first_of_its_kind() {
        let separation = Separation { by: |job: &(u128, u8, u8)| Uuid::from_u128(job.0), behind: |a, b| a.1 == b.1 };
        let mut waiting = vec![(2, 5, 0), (1, 5, 0), (2, 4, 0), (2, 5, 1), (3, 5, 0), (1, 5, 1), (2, 4, 1)];
        let under_way = HashSet::from([Uuid::from_u128(3)]);
        let batch = take(&mut waiting, Some(separation), &under_way);
        assert_eq!(batch, [(1, 5, 0), (1, 5, 1), (2, 5, 0), (2, 5, 1)], "sorted, in the order in which they came");
        assert_eq!(waiting, [(2, 4, 0), (3, 5, 0), (2, 4, 1)]);
        assert_eq!(take(&mut waiting, Some(separation), &HashSet::new()), [(2, 4, 0), (2, 4, 1), (3, 5, 0)]);
    }

    #[tokio::test]
    async fn what_is_kept_back_is_done_before_a_stop_and_after_a_panic() {
        let done = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&done);
        let group = TaskBatcher::start(
            Limits { waiting: 200, batch: 2, concurrency: 2 },
            Some(Separation { by: |_: &u8| Uuid::nil(), behind: |_, _| false }),
            move |batch: Vec<u8>| {
                let seen = Arc::clone(&seen);
                async move {
                    tokio::time::sleep(Duration::from_millis(2)).await;
                    assert!(batch != [1], "the first batch panics");
                    seen.lock().unwrap().extend(batch);
                }
            },
        );
        for job in 1..=20 {
            group.push(job).unwrap();
        }
        group.drain().await;
        assert_eq!(*done.lock().unwrap(), (2..=20).collect::<Vec<_>>());
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
