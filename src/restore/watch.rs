//! Whether the database under a process is the one that it began with. A copy may be put in its place, or one be brought up to date, while a node
//! works: what it remembers and the keys it derived are of another epoch then, and what it writes would hide that the copy is old.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::service;
use crate::context::Context;
use crate::error::Result;
use crate::jobs::{self, Job, Pace};
use crate::stop_log::StopLog;

/// Between two looks.
pub(super) const PERIOD: Duration = Duration::from_secs(1);

/// Looks at the database of one process. Cloning shares what was seen.
#[derive(Clone)]
pub struct Watch {
    context: Context,
    log: StopLog,
    why: Arc<OnceLock<&'static str>>,
}

impl Watch {
    /// Of a process that writes this log.
    pub fn new(context: Context, log: StopLog) -> Self {
        Self { context, log, why: Arc::default() }
    }

    /// Why this process must not go on, if it must not.
    pub fn why(&self) -> Option<&'static str> {
        self.why.get().copied()
    }

    /// Looks once. A database that does not answer is no other one.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn look(&self) -> Result<()> {
        let why = if self.log.sees_another_database() {
            Some("the database knows less than this process told it: it was replaced by an older copy")
        } else {
            service::elsewhere(&self.context).await?
        };
        if let Some(why) = why {
            self.why.get_or_init(|| {
                tracing::error!(error.cause = why, "this node stops; see docs/backup.md before it is started again");
                why
            });
        }
        Ok(())
    }

    /// Looks until the node stops, and stops it.
    pub(super) fn into_job(self) -> Job {
        Job::new("restore.watch", |stop| async move {
            jobs::every("restore.watch", Pace::pausing(PERIOD), &stop, async || {
                self.look().await?;
                if self.why().is_some() {
                    stop.cancel();
                }
                Ok(())
            })
            .await;
        })
    }
}
