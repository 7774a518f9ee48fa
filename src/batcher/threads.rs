//! Batches that run on the threads of the embedded engine.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::tasks::{Limits, Separation, take};
use crate::db::{DbResult, Session, Work};

/// Waiting jobs per busy thread from which on another thread is called: smaller batches gain little.
const WORTH_A_THREAD: usize = 4;

/// The queue of a stage. Cloning shares it.
pub struct ThreadBatcher<J>(Arc<Shared<J>>);

struct Shared<J> {
    waiting: Mutex<Waiting<J>>,
    limits: Limits,
    separation: Option<Separation<J>>,
    post: Box<dyn Fn(Work) -> DbResult<()> + Send + Sync>,
    work: Box<Batched<J>>,
    ended: Notify,
}

type Batched<J> = dyn Fn(&mut Session<'_>, Vec<J>) + Send + Sync;

struct Waiting<J> {
    jobs: Vec<J>,
    /// Threads that were called and have not found the queue empty yet.
    called: usize,
    closed: bool,
}

impl<J> Clone for ThreadBatcher<J> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<J: Send + 'static> ThreadBatcher<J> {
    /// `post` calls a thread, which does `work` on a batch.
    pub fn new(
        limits: Limits,
        separation: Option<Separation<J>>,
        post: impl Fn(Work) -> DbResult<()> + Send + Sync + 'static,
        work: impl Fn(&mut Session<'_>, Vec<J>) + Send + Sync + 'static,
    ) -> Self {
        let waiting = Mutex::new(Waiting { jobs: Vec::new(), called: 0, closed: false });
        let (post, work) = (Box::new(post), Box::new(work));
        Self(Arc::new(Shared { waiting, limits, separation, post, work, ended: Notify::new() }))
    }

    /// Queues a job.
    ///
    /// # Errors
    /// The job, when the queue is full or drained for a stop.
    pub fn push(&self, job: J) -> Result<(), J> {
        let mut waiting = self.waiting();
        if waiting.closed || waiting.jobs.len() >= self.0.limits.waiting.max(1) {
            return Err(job);
        }
        waiting.jobs.push(job);
        let calls = waiting.called == 0
            || waiting.called < self.0.limits.concurrency && waiting.jobs.len() >= WORTH_A_THREAD * waiting.called;
        waiting.called += usize::from(calls);
        drop(waiting);
        if calls {
            self.call();
        }
        Ok(())
    }

    /// Accepts no more jobs and returns when all queued ones are done.
    pub async fn drain(&self) {
        loop {
            let ended = self.0.ended.notified();
            tokio::pin!(ended);
            ended.as_mut().enable();
            if self.shut() == 0 {
                return;
            }
            ended.await;
        }
    }

    /// Accepts no more jobs; gives how many threads are still working.
    fn shut(&self) -> usize {
        let mut waiting = self.waiting();
        waiting.closed = true;
        waiting.called
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting<J>> {
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls a thread for one batch. After the batch it is called again, behind other work in its queue.
    fn call(&self) {
        let this = self.clone();
        let posted = (self.0.post)(Box::new(move |session| this.go(session)));
        if posted.is_err() {
            // The database is closed: callers see their reply channels close.
            let mut waiting = self.waiting();
            waiting.called -= 1;
            waiting.closed = true;
            let jobs = std::mem::take(&mut waiting.jobs);
            drop(waiting);
            drop(jobs);
            self.0.ended.notify_waiters();
        }
    }

    fn go(&self, session: &mut Session<'_>) {
        let mut waiting = self.waiting();
        let most = self.0.limits.batch;
        let rest = if waiting.jobs.len() > most { waiting.jobs.split_off(most) } else { Vec::new() };
        let mut first = std::mem::replace(&mut waiting.jobs, rest);
        // One thread works on jobs that are separated, so nothing is under way.
        let batch = take(&mut first, self.0.separation, &HashSet::new());
        // Jobs that were separated go first in the next batch.
        first.append(&mut waiting.jobs);
        waiting.jobs = first;
        drop(waiting);
        // If it panics, its callers see their reply channels close, and the queue goes on.
        let _ = catch_unwind(AssertUnwindSafe(|| (self.0.work)(session, batch)));
        let mut waiting = self.waiting();
        if !waiting.jobs.is_empty() {
            drop(waiting);
            return self.call();
        }
        waiting.called -= 1;
        let ended = waiting.closed;
        drop(waiting);
        if ended {
            self.0.ended.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use uuid::Uuid;

    use super::*;
    use crate::db::{Db, PoolSizes, Threads};

    type Batches = Arc<Mutex<Vec<Vec<u128>>>>;

    /// An inbox that notes its batches; the first job of a batch is how many milliseconds it takes, and 13 breaks.
    async fn recording(
        waiting: usize,
        concurrency: usize,
        separate_by: bool,
    ) -> (tempfile::TempDir, Db, ThreadBatcher<u128>, Batches) {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("ikd.db").display());
        let db = Db::open(&url, PoolSizes::default()).await.unwrap();
        let threads: Threads = db.threads().unwrap().clone();
        let batches = Batches::default();
        let seen = Arc::clone(&batches);
        let separation = Separation { by: |job: &u128| Uuid::from_u128(*job), behind: |_, _| false };
        let limits = Limits { waiting, batch: 8, concurrency };
        let post = move |work| threads.post_read(work);
        let inbox = ThreadBatcher::new(limits, separate_by.then_some(separation), post, move |_, batch: Vec<u128>| {
            assert!(batch[0] != 13, "on purpose");
            let pause = Duration::from_millis(batch[0] as u64);
            seen.lock().unwrap().push(batch);
            std::thread::sleep(pause);
        });
        (folder, db, inbox, batches)
    }

    /// Queues a job that takes that many milliseconds, and returns when it is under way.
    async fn occupy(inbox: &ThreadBatcher<u128>, millis: u128, batches: &Batches) {
        inbox.push(millis).unwrap();
        while batches.lock().unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn a_lone_job_goes_at_once_and_the_next_ones_gather() {
        let (_folder, _db, inbox, batches) = recording(100, 1, false).await;
        occupy(&inbox, 200, &batches).await;
        for job in 1..=10 {
            inbox.push(job).unwrap();
        }
        inbox.drain().await;
        assert_eq!(*batches.lock().unwrap(), [vec![200], (1..=8).collect(), vec![9, 10]]);
        assert_eq!(inbox.push(1), Err(1), "drained");
    }

    #[tokio::test]
    async fn equal_ids_go_one_after_the_other_and_batches_are_sorted() {
        let (_folder, _db, inbox, batches) = recording(100, 1, true).await;
        occupy(&inbox, 200, &batches).await;
        for job in [3, 1, 3, 2, 3, 1] {
            inbox.push(job).unwrap();
        }
        inbox.drain().await;
        assert_eq!(*batches.lock().unwrap(), [vec![200], vec![1, 2, 3], vec![1, 3], vec![3]]);
    }

    #[tokio::test]
    async fn a_full_inbox_takes_nothing_and_a_closed_database_gives_jobs_up() {
        let (_folder, db, inbox, batches) = recording(2, 1, false).await;
        occupy(&inbox, 100, &batches).await;
        assert_eq!([inbox.push(1), inbox.push(2), inbox.push(3)], [Ok(()), Ok(()), Err(3)]);
        inbox.drain().await;
        assert_eq!(batches.lock().unwrap().concat(), [100, 1, 2], "what was taken was worked on");

        let (_folder, closed, inbox, batches) = recording(2, 1, false).await;
        closed.close().await;
        let _ = inbox.push(1);
        inbox.drain().await;
        assert!(batches.lock().unwrap().is_empty());
        db.close().await;
    }

    #[tokio::test]
    async fn a_panic_takes_only_its_own_batch() {
        let (_folder, _db, inbox, batches) = recording(100, 1, false).await;
        inbox.push(13).unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
        inbox.push(2).unwrap();
        inbox.drain().await;
        assert_eq!(batches.lock().unwrap().concat(), [2]);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn nothing_that_many_push_is_lost_or_done_twice() {
        let (_folder, _db, inbox, batches) = recording(100_000, 4, false).await;
        let mut pushing = tokio::task::JoinSet::new();
        for each in 0..8_u128 {
            let inbox = inbox.clone();
            pushing.spawn(async move {
                for job in 0..1_000 {
                    // From the first of a batch its time is taken: none.
                    inbox.push((each * 1_000 + job) << 64).unwrap();
                    if job % 7 == 0 {
                        tokio::task::yield_now().await;
                    }
                }
            });
        }
        pushing.join_all().await;
        inbox.drain().await;
        let mut done = batches.lock().unwrap().concat();
        done.sort_unstable();
        assert_eq!(done, (0..8_000_u128).map(|job| job << 64).collect::<Vec<_>>());
    }
}
