//! Connections to the server that batches keep.
//!
//! sqlx asks each connection that comes back to its pool whether it still answers: a round trip for each batch of one
//! statement, for which the next batch waits. So batches have a pool of their own and keep what they take from it: the next
//! batch goes on at once with the connection of the one before.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sqlx::pool::PoolConnection;
use sqlx::{PgConnection, PgPool, Postgres};
use tokio::sync::{OwnedMutexGuard, OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::condition::{Ended, Lease};
use crate::clock::stopwatch;

/// How long a connection stays with the batches. Then its pool takes it back, asks whether it answers, and closes what has
/// lived or idled for too long.
const TURN: Duration = Duration::from_secs(60);

/// The connections of batches to one server.
pub(super) struct Kept {
    pool: PgPool,
    /// Those in use are locked.
    slots: Mutex<Vec<Slot>>,
    places: Arc<Semaphore>,
    patience: Duration,
}

type Slot = Arc<tokio::sync::Mutex<One>>;

struct One {
    connection: PoolConnection<Postgres>,
    taken: Instant,
}

impl Kept {
    /// Over a pool of so many connections. A batch waits for one as long as `patience`.
    pub(super) fn new(pool: PgPool, connections: u32, patience: Duration) -> Self {
        Self { pool, slots: Mutex::default(), places: Arc::new(Semaphore::new(connections as usize)), patience }
    }

    /// A connection: one that was kept, or a new one.
    ///
    /// # Errors
    /// As a pool's: none became free, the server lets nobody in, or this was closed.
    pub(super) async fn take(self: &Arc<Self>) -> Result<Taken, sqlx::Error> {
        let place = timeout(self.patience, Arc::clone(&self.places).acquire_owned()).await;
        let place = place.map_err(|_| sqlx::Error::PoolTimedOut)?.map_err(|_| sqlx::Error::PoolClosed)?;
        let one = match self.idle() {
            Some(one) => one,
            None => self.another().await?,
        };
        Ok(Taken { one, home: Arc::clone(self), place })
    }

    /// One that is kept and not in use. Those whose turn is over go back to the pool on the way.
    fn idle(&self) -> Option<OwnedMutexGuard<One>> {
        let free = || self.slots().iter().find_map(|slot| Arc::clone(slot).try_lock_owned().ok());
        loop {
            let one = free()?;
            if one.taken.elapsed() < TURN {
                return Some(one);
            }
            self.forget(&one);
        }
    }

    async fn another(&self) -> Result<OwnedMutexGuard<One>, sqlx::Error> {
        let one = One { connection: self.pool.acquire().await?, taken: stopwatch() };
        let slot = Arc::new(tokio::sync::Mutex::new(one));
        let one = Arc::clone(&slot).lock_owned().await;
        let mut slots = self.slots();
        // Looked at under the lock that `close` takes after it closed the pool: nothing is kept that it does not see.
        if !self.pool.is_closed() {
            slots.push(slot);
        }
        Ok(one)
    }

    /// Keeps a connection no longer: its pool gets it back when it is dropped.
    fn forget(&self, one: &OwnedMutexGuard<One>) {
        self.slots().retain(|slot| !Arc::ptr_eq(slot, OwnedMutexGuard::mutex(one)));
    }

    fn slots(&self) -> MutexGuard<'_, Vec<Slot>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives no more connections, and returns when all are closed: those in use, when their batches end.
    pub(super) async fn close(&self) {
        self.places.close();
        // Closed from here on; what comes back to it is closed too.
        let closing = self.pool.close();
        self.slots().clear();
        closing.await;
    }
}

impl Drop for Kept {
    /// Going back to a pool takes a task, and there may be no runtime any more.
    fn drop(&mut self) {
        for one in self.slots().drain(..).filter_map(Arc::into_inner) {
            drop(one.into_inner().connection.detach());
        }
    }
}

/// A connection on its way to a batch.
pub(super) struct Taken {
    one: OwnedMutexGuard<One>,
    home: Arc<Kept>,
    place: OwnedSemaphorePermit,
}

impl Taken {
    /// The connection for a batch whose statements this lease holds.
    pub(super) fn under(self, lease: Lease) -> KeptConnection {
        KeptConnection { one: self.one, home: self.home, lease, place: self.place }
    }
}

/// A connection in use by a batch. The next batch gets it when its last statement ended well. When the server refused the
/// statement, its pool first asks whether it answers. When the statement broke off or was given up, it is closed, because an
/// answer may be half read.
pub(super) struct KeptConnection {
    one: OwnedMutexGuard<One>,
    home: Arc<Kept>,
    lease: Lease,
    #[expect(dead_code, reason = "given back when dropped, after the connection")]
    place: OwnedSemaphorePermit,
}

impl KeptConnection {
    /// The engine's connection, and the lease that bounds the wait for it.
    pub(super) fn parts(&mut self) -> (&mut PgConnection, &Lease) {
        (&mut self.one.connection, &self.lease)
    }
}

impl Drop for KeptConnection {
    fn drop(&mut self) {
        match self.lease.ended() {
            Ended::Well => return,
            Ended::Refused => {}
            Ended::Open => self.one.connection.close_on_drop(),
        }
        self.home.forget(&self.one);
    }
}
