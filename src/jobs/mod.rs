//! What a node does in the background, by itself: rounds that come again ([`every`]), queues whose rows are leased and worked
//! off ([`Queue`]), and sweeps, which one node at a time does for all ([`Sweeper`]).
//!
//! Each domain says which jobs it has (`module`); [`start`] runs them until a node stops. How long rounds and items take, and how they
//! end, is measured by the name of the job.

mod lease;
mod queue;
mod rounds;
mod sweep;

pub use lease::take_lease;
pub use queue::{Queue, work_off, work_until_idle};
pub use rounds::{Pace, every};
pub use sweep::{Sweep, Sweeper};

use std::future::ready;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock::stopwatch;
use crate::error::{Error, Result};
use crate::metric::Metric;

/// What is measured here.
pub const METRICS: &[Metric] = &[Metric::histogram(
    "ikd_job_seconds",
    "Time that a round, sweep or item of background work took, by job and outcome.",
)];

/// Background work of one kind, on one node.
pub struct Job {
    name: &'static str,
    run: Box<dyn FnOnce(CancellationToken) -> BoxFuture<'static, ()> + Send>,
}

/// How often it is forgotten who has been quiet.
const FORGET_QUIET: Duration = Duration::from_secs(60);

impl Job {
    /// Work that goes on until the token is cancelled, then finishes what it has begun and ends. `name` is `<domain>.<what>`.
    pub fn new<F>(name: &'static str, run: impl FnOnce(CancellationToken) -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Self { name, run: Box::new(move |stop| run(stop).boxed()) }
    }

    /// The same round again and again ([`every`]).
    pub fn every<F>(name: &'static str, pace: Pace, round: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<()>> + Send + 'static,
    {
        Self::new(name, move |stop| async move { every(name, pace, &stop, round).await })
    }

    /// Forgets every minute, in memory, who has been quiet: it neither waits nor fails.
    pub fn forgetting(name: &'static str, forget: impl Fn() + Send + Sync + 'static) -> Self {
        Self::every(name, Pace::pausing(FORGET_QUIET), move || {
            forget();
            ready(Ok(()))
        })
    }
}

/// Starts jobs, which go on until `stop` is cancelled; the tracker tells when all have ended.
pub fn start(jobs: Vec<Job>, stop: &CancellationToken) -> TaskTracker {
    let tracker = TaskTracker::new();
    for job in jobs {
        let running = (job.run)(stop.clone());
        tracker.spawn(async move {
            if AssertUnwindSafe(running).catch_unwind().await.is_err() {
                tracing::error!(
                    job.name = job.name,
                    "background work broke off and is not taken up again before a restart"
                );
            }
        });
    }
    tracker.close();
    tracker
}

/// Lets a job of this process look at once, instead of at the end of its pause. Cloning shares it.
#[derive(Clone, Default)]
pub struct Wake(Arc<Notify>);

impl Wake {
    /// Lets the job look at once, also when it is not waiting at this moment.
    pub fn wake(&self) {
        self.0.notify_one();
    }

    /// Returns when it was woken.
    pub async fn woken(&self) {
        self.0.notified().await;
    }
}

/// Runs one round or item and measures it. A panic is a failure of this one alone.
async fn measured<T>(name: &'static str, work: impl Future<Output = Result<T>>) -> Result<T> {
    let begun = stopwatch();
    let span = tracing::debug_span!("job", otel.name = name, job.name = name);
    let done = tracing::Instrument::instrument(AssertUnwindSafe(work).catch_unwind(), span).await;
    let done = done.unwrap_or_else(|_| Err(Error::internal("it panicked")));
    let outcome = if done.is_ok() { "done" } else { "failed" };
    metrics::histogram!("ikd_job_seconds", "job" => name, "outcome" => outcome).record(begun.elapsed().as_secs_f64());
    done
}
