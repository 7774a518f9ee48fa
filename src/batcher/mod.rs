//! A stage that jobs pass together: what comes at the same time is read or written in one go.
//!
//! On the server a stage is a task for each batch ([`TaskBatcher`]); on the embedded engine it is the database's own threads, which
//! wait for the disk without holding up a task ([`ThreadBatcher`]). A job goes on by itself; its caller hears the end.

mod tasks;
mod threads;

pub use tasks::{Limits, MOST, TaskBatcher};
pub use threads::ThreadBatcher;

use crate::db::DbError;
use crate::error::{Code, Error, Refusal};

/// Where the jobs of a stage wait. Cloning shares the queue.
pub enum Batcher<J> {
    /// For tasks, on the server.
    Tasks(TaskBatcher<J>),
    /// For the threads of the embedded engine.
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

    /// Takes no more jobs and returns when all that are queued were worked on.
    pub async fn drain(&self) {
        match self {
            Self::Tasks(group) => group.drain().await,
            Self::Threads(inbox) => inbox.drain().await,
        }
    }
}

/// Too many wait: nothing was done.
pub fn overloaded() -> Error {
    Refusal::new(Code::Overloaded).retry_after(1).into()
}

/// What a job's caller is told when its batch broke off.
pub fn broken_off() -> DbError {
    DbError::Unavailable(String::from("a batch ended without an answer"))
}
