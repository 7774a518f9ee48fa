//! Batchers: jobs that arrive at the same time are read or written in one batch.
//!
//! On PostgreSQL a batch is a task ([`TaskBatcher`]). On SQLite it runs on the database's own threads, which wait for
//! the disk without blocking a task ([`ThreadBatcher`]). A job passes from stage to stage by itself; its caller gets
//! the final result.

mod tasks;
mod threads;

pub use tasks::{Limits, MOST, Separation, TaskBatcher};
pub use threads::ThreadBatcher;

use crate::db::DbError;
use crate::error::{Code, Error, Refusal};

/// The queue of jobs for one stage. Cloning shares it.
pub enum Batcher<J> {
    /// Worked on by tasks, on PostgreSQL.
    Tasks(TaskBatcher<J>),
    /// Worked on by the threads of the embedded engine.
    Threads(ThreadBatcher<J>),
}

impl<J> Clone for Batcher<J> {
    fn clone(&self) -> Self {
        match self {
            Self::Tasks(group) => Self::Tasks(group.clone()),
            Self::Threads(inbox) => Self::Threads(inbox.clone()),
        }
    }
}

impl<J: Send + 'static> Batcher<J> {
    /// Queues a job.
    ///
    /// # Errors
    /// The job, when the queue is full or drained for a stop.
    pub fn push(&self, job: J) -> Result<(), J> {
        match self {
            Self::Tasks(group) => group.push(job),
            Self::Threads(inbox) => inbox.push(job),
        }
    }

    /// Accepts no more jobs and returns when all queued ones are done.
    pub async fn drain(&self) {
        match self {
            Self::Tasks(group) => group.drain().await,
            Self::Threads(inbox) => inbox.drain().await,
        }
    }
}

/// `overloaded`: the queue is full, and nothing was done.
pub fn overloaded() -> Error {
    Refusal::new(Code::Overloaded).retry_after(1).into()
}

/// The error for a caller whose batch ended without an answer.
pub fn broken_off() -> DbError {
    DbError::Unavailable(String::from("a batch ended without an answer"))
}
