//! Sweeping: what is over is ended, what may no longer be kept is deleted. One node at a time does it, by a lease.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use uuid::Uuid;

use super::{Job, Pace, measured, take_lease};
use crate::context::Context;
use crate::error::Result;
use crate::transaction;

/// The name of whose turn it is.
const LEASE: &str = "sweep";
/// Seconds between sweeps.
const PERIOD_SECONDS: u64 = 60;

/// What a domain has to end or to delete.
#[derive(Clone)]
pub struct Sweep {
    name: &'static str,
    batch: Arc<dyn Fn() -> BoxFuture<'static, Result<u64>> + Send + Sync>,
}

impl Sweep {
    /// `batch` takes away some of it, in transactions of its own, and gives how many rows that were; it is called until that is
    /// none, so that a backlog after a long stop is worked off. `name` is `<domain>.sweep`.
    pub fn new<F>(name: &'static str, batch: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<u64>> + Send + 'static,
    {
        Self { name, batch: Arc::new(move || batch().boxed()) }
    }

    /// [`Sweep::new`] of a part of the service, which each batch gets a handle on.
    pub fn of<T, F>(name: &'static str, part: &T, batch: impl Fn(T) -> F + Send + Sync + 'static) -> Self
    where
        T: Clone + Send + Sync + 'static,
        F: Future<Output = Result<u64>> + Send + 'static,
    {
        let part = part.clone();
        Self::new(name, move || batch(part.clone()))
    }

    async fn all(&self) -> Result<()> {
        while (self.batch)().await? > 0 {}
        Ok(())
    }
}

/// Sweeps for all domains. Cloning shares it.
#[derive(Clone)]
pub struct Sweeper {
    context: Context,
    in_time: Arc<dyn Fn() -> bool + Send + Sync>,
    sweeps: Arc<[Sweep]>,
}

impl Sweeper {
    /// `in_time` says whether the clock can be trusted: what a clock that is ahead takes for over would be ended or deleted for
    /// good.
    pub fn new(context: Context, in_time: Arc<dyn Fn() -> bool + Send + Sync>, sweeps: Vec<Sweep>) -> Self {
        Self { context, in_time, sweeps: sweeps.into() }
    }

    /// Sweeps every minute. A stop does not wait for a long backlog: each batch is a transaction of its own.
    pub fn into_job(self) -> Job {
        let node = self.context.random.uuid_v7(self.context.now());
        Job::every("jobs.sweep", Pace::pausing(Duration::from_secs(PERIOD_SECONDS)).cut_off(), move || {
            let sweeper = self.clone();
            async move { sweeper.sweep(node).await.map(|_| ()) }
        })
    }

    /// One round, if no other node is at it and the clock can be trusted. Gives whether this node did it.
    ///
    /// # Errors
    /// The first that a domain met; the others have been swept all the same.
    pub async fn sweep(&self, node: Uuid) -> Result<bool> {
        if !(self.in_time)() {
            return Ok(false);
        }
        let now = self.context.now();
        let until = now.plus_seconds(2 * PERIOD_SECONDS as i64);
        let ours =
            transaction!(self.context.db, "jobs.lease", |tx| Ok(take_lease(tx, LEASE, node, until, now).await?))?;
        if !ours.happened() {
            return Ok(false);
        }
        let mut done = Ok(true);
        for sweep in &*self.sweeps {
            if let Err(error) = measured(sweep.name, sweep.all()).await {
                tracing::warn!(job.name = sweep.name, error.cause = %error, "sweeping is waiting");
                done = done.and(Err(error));
            }
        }
        done
    }
}
