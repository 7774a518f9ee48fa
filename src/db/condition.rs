//! What statements show of a database's condition: where several users of a handle hear of a fault, whoever looks after
//! the connections is woken.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::sync::{Notify, watch};

use super::{DbError, DbResult};

/// What was heard since somebody last looked. Shared by all users of a handle.
#[derive(Default)]
pub(super) struct Condition {
    /// The last tenure of a server of which a connection turned out to be read-only. They are numbered from 1.
    suspect: AtomicU64,
    /// The disk was full, and no write that needs room has succeeded since.
    full: AtomicBool,
    look: Notify,
}

impl Condition {
    /// Hears how something ended in a tenure (the embedded engine has none: 0), and gives it on.
    pub(super) fn heard<T, E: Into<DbError>>(&self, tenure: u64, done: Result<T, E>) -> DbResult<T> {
        done.map_err(|error| {
            let error = error.into();
            match &error {
                DbError::Full(_) => self.full.store(true, Ordering::Release),
                DbError::ReadOnly(_) => _ = self.suspect.fetch_max(tenure, Ordering::AcqRel),
                DbError::Unavailable(_) => {}
                DbError::Unique | DbError::Contention | DbError::Other(_) => return error,
            }
            self.look.notify_one();
            error
        })
    }

    /// Whether the connections of this tenure are to be made anew.
    pub(super) fn is_suspect(&self, tenure: u64) -> bool {
        self.suspect.load(Ordering::Acquire) >= tenure
    }

    /// Whether a write is to show that there is room.
    pub(super) fn is_full(&self) -> bool {
        self.full.load(Ordering::Acquire)
    }

    /// There is no room.
    pub(super) fn is_out_of_room(&self) {
        self.full.store(true, Ordering::Release);
    }

    /// There is room.
    pub(super) fn has_room(&self) {
        self.full.store(false, Ordering::Release);
    }

    /// Ends when something was heard.
    pub(super) async fn told(&self) {
        self.look.notified().await;
    }
}

/// A statement on a server may wait for an answer that never comes: the machine may be cut off, and the kernel goes on
/// trying for a quarter of an hour. With this it ends when its connections are given up.
pub struct Lease {
    tenure: u64,
    given_up: watch::Receiver<bool>,
    condition: Arc<Condition>,
}

impl Lease {
    pub(super) const fn new(tenure: u64, given_up: watch::Receiver<bool>, condition: Arc<Condition>) -> Self {
        Self { tenure, given_up, condition }
    }

    /// Waits for a statement, as long as its server is not given up.
    ///
    /// # Errors
    /// What the statement said, or that its outcome is unknown.
    pub async fn hold<T>(&self, statement: impl Future<Output = Result<T, sqlx::Error>>) -> DbResult<T> {
        let mut given_up = self.given_up.clone();
        tokio::select! {
            biased;
            done = statement => self.condition.heard(self.tenure, done),
            _ = given_up.wait_for(|given_up| *given_up) => {
                Err(DbError::Unavailable(String::from("the server was given up before it answered")))
            }
        }
    }
}
