//! The database's condition, as statements show it: a fault of any statement wakes the watch over the connections.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Notify, watch};

use super::{DbError, DbResult};

/// Faults reported since the watch last looked. All users of a handle share it.
#[derive(Default)]
pub(super) struct Condition {
    /// Number of the last tenure of a server in which a connection turned out to be read-only. Numbers begin at 1.
    suspect: AtomicU64,
    /// The disk was full, and no write that needs new pages has succeeded since.
    full: AtomicBool,
    look: Notify,
}

impl Condition {
    /// Records how a statement ended in a tenure (0 for the embedded engine, which has none), and passes its result on.
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

    /// Whether the connections of this tenure must be replaced.
    pub(super) fn is_suspect(&self, tenure: u64) -> bool {
        self.suspect.load(Ordering::Acquire) >= tenure
    }

    /// Whether the next probing write must show that the disk has room.
    pub(super) fn is_full(&self) -> bool {
        self.full.load(Ordering::Acquire)
    }

    /// Records what a probing write found, which was made knowing that the disk was `full`, or not knowing it.
    pub(super) fn looked(&self, full: bool, found: &DbResult<()>) {
        match found {
            // Clears only a full disk that was known before this write: one that was reported meanwhile may be newer.
            Ok(()) if full => self.full.store(false, Ordering::Release),
            Err(DbError::Full(_)) => self.full.store(true, Ordering::Release),
            _ => {}
        }
    }

    /// Returns when a fault was reported.
    pub(super) async fn told(&self) {
        self.look.notified().await;
    }
}

/// A statement may wait for an answer that never comes: when the server's machine is cut off, the kernel retransmits
/// for a quarter of an hour. A lease ends that wait when the server's connections are given up.
pub struct Lease {
    tenure: u64,
    given_up: watch::Receiver<bool>,
    condition: Arc<Condition>,
    ended: Mutex<Ended>,
}

/// How the last statement under a lease ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// With its whole answer. So it is before the first one.
    Well,
    /// The server refused it, and goes on.
    Refused,
    /// Not, as far as is known: it was given up, or the connection failed.
    Open,
}

impl Lease {
    pub(super) const fn new(tenure: u64, given_up: watch::Receiver<bool>, condition: Arc<Condition>) -> Self {
        Self { tenure, given_up, condition, ended: Mutex::new(Ended::Well) }
    }

    /// How the last statement ended.
    pub(super) fn ended(&self) -> Ended {
        *self.ended.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ends(&self, how: Ended) {
        *self.ended.lock().unwrap_or_else(PoisonError::into_inner) = how;
    }

    /// Waits for a statement until it ends or its server is given up.
    ///
    /// # Errors
    /// The statement's error, or that its outcome is unknown.
    pub async fn hold<T>(&self, statement: impl Future<Output = Result<T, sqlx::Error>>) -> DbResult<T> {
        let mut given_up = self.given_up.clone();
        // Said before it begins: whoever is waiting may be dropped.
        self.ends(Ended::Open);
        tokio::select! {
            biased;
            done = statement => {
                match &done {
                    Ok(_) => self.ends(Ended::Well),
                    Err(sqlx::Error::Database(_)) => self.ends(Ended::Refused),
                    Err(_) => {}
                }
                self.condition.heard(self.tenure, done)
            }
            _ = given_up.wait_for(|given_up| *given_up) => {
                Err(DbError::Unavailable(String::from("the server was given up before it answered")))
            }
        }
    }
}
