//! Connections to the server that are kept.
//!
//! sqlx asks each connection that comes back to its pool whether it still answers: a round trip for each use, for which the next
//! one waits. So what is taken from a pool stays here while its statements end well: whoever comes next goes on with it at once.
//! Batches have a pool of their own, everything else another.

use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::pool::PoolConnection;
use sqlx::{PgConnection, PgPool, Postgres};
use tokio::runtime::Handle;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;

use super::DbResult;
use super::condition::{Ended, Lease};
use super::slots::{InUse, NoPlace, Slots};
use super::watch::PATIENCE;
use crate::clock::stopwatch;

/// How long a connection is kept. Then its pool takes it back, asks whether it answers, and closes what has
/// lived or idled for too long.
const TURN: Duration = Duration::from_secs(60);

/// What becomes of a connection whose last statement was given up.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum GivenUp {
    /// It is closed. A batch is given up only with its server.
    Close,
    /// Its pool asks whether it answers. Requests are given up by whoever hangs up, and a new connection
    /// costs the server more.
    Ask,
}

/// Kept connections to one server.
pub(super) struct Kept {
    pool: PgPool,
    given_up: GivenUp,
    slots: Slots<One>,
}

struct One {
    connection: PoolConnection<Postgres>,
    taken: Instant,
}

impl Kept {
    /// Over a pool of so many connections. Whoever needs one waits as long as `patience`.
    pub(super) fn new(pool: PgPool, given_up: GivenUp, connections: u32, patience: Duration) -> Self {
        Self { pool, given_up, slots: Slots::new(connections, patience) }
    }

    /// Where new ones come from.
    pub(super) const fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// A connection: one that was kept, or a new one.
    ///
    /// # Errors
    /// As a pool's: none became free, the server lets nobody in, or this was closed.
    pub(super) async fn take(self: &Arc<Self>) -> Result<Taken, sqlx::Error> {
        let place = self.slots.place().await.map_err(|why| match why {
            NoPlace::Late => sqlx::Error::PoolTimedOut,
            NoPlace::Closed => sqlx::Error::PoolClosed,
        })?;
        let one = match self.idle() {
            Some(one) => one,
            None => self.another().await?,
        };
        Ok(Taken { one, home: Arc::clone(self), place })
    }

    /// One that is kept and not in use. Those whose turn is over go back to the pool on the way.
    fn idle(&self) -> Option<InUse<One>> {
        loop {
            let one = self.slots.idle()?;
            if one.taken.elapsed() < TURN {
                return Some(one);
            }
            // Its pool gets it back when it is dropped.
            self.slots.forget(&one);
        }
    }

    async fn another(&self) -> Result<InUse<One>, sqlx::Error> {
        // On the heap: seldom needed, and as part of every future that waits for a connection it would make a request's
        // 30 kB larger, once more for each function that hands it on.
        let connection = Box::pin(self.pool.acquire()).await?;
        let one = One { connection, taken: stopwatch() };
        // `close` closes the pool first and then keeps none any longer.
        Ok(self.slots.keep(one, || !self.pool.is_closed()).await)
    }

    /// Gives no more connections, and returns when all are closed: those in use, when they are given back.
    pub(super) async fn close(&self) {
        self.slots.shut();
        // Closed from here on; what comes back to it is closed too.
        let closing = self.pool.close();
        drop(self.slots.clear());
        closing.await;
    }
}

impl Drop for Kept {
    /// Going back to a pool takes a task, and there may be no runtime any more.
    fn drop(&mut self) {
        for one in self.slots.clear() {
            drop(one.connection.detach());
        }
    }
}

/// A connection on its way to its user.
pub(super) struct Taken {
    one: InUse<One>,
    home: Arc<Kept>,
    place: OwnedSemaphorePermit,
}

impl Taken {
    /// The connection for statements that this lease holds.
    pub(super) fn under(self, lease: Lease) -> KeptConnection {
        KeptConnection { one: self.one, home: self.home, lease, open: false, place: self.place }
    }
}

/// A connection in use. The next one gets it when its last statement ended well and no transaction is open. When the server refused
/// the statement, its pool first asks whether it answers; when its transaction was dropped, that is undone before. What becomes of it when a statement broke off says
/// [`GivenUp`].
pub(super) struct KeptConnection {
    one: InUse<One>,
    home: Arc<Kept>,
    lease: Lease,
    /// Whether it is in a transaction.
    open: bool,
    #[expect(dead_code, reason = "given back when dropped, after the connection")]
    place: OwnedSemaphorePermit,
}

impl KeptConnection {
    /// The engine's connection, and the lease that bounds the wait for it.
    pub(super) fn parts(&mut self) -> (&mut PgConnection, &Lease) {
        (&mut self.one.connection, &self.lease)
    }

    /// Begins a transaction.
    ///
    /// # Errors
    /// When the server did not begin one.
    pub(super) async fn begin(&mut self) -> DbResult<()> {
        self.open = true;
        self.run("BEGIN").await
    }

    /// Makes the transaction durable.
    ///
    /// # Errors
    /// When the server did not confirm it.
    pub(super) async fn commit(mut self) -> DbResult<()> {
        self.run("COMMIT").await?;
        self.open = false;
        Ok(())
    }

    /// Undoes the transaction.
    ///
    /// # Errors
    /// When the connection failed; the server then undoes it by itself.
    pub(super) async fn rollback(mut self) -> DbResult<()> {
        self.run("ROLLBACK").await?;
        self.open = false;
        Ok(())
    }

    async fn run(&mut self, sql: &'static str) -> DbResult<()> {
        let (connection, lease) = self.parts();
        lease.hold(sqlx::raw_sql(sql).execute(connection)).await.map(|_| ())
    }
}

impl Drop for KeptConnection {
    fn drop(&mut self) {
        match (self.lease.ended(), self.home.given_up) {
            (Ended::Well, _) if !self.open => return,
            (Ended::Open, GivenUp::Close) => self.one.connection.close_on_drop(),
            _ if self.open => undo(&mut self.one),
            _ => {}
        }
        self.home.slots.forget(&self.one);
    }
}

/// Undoes a transaction that was dropped, once its connection is no longer in use.
fn undo(one: &mut InUse<One>) {
    let Ok(runtime) = Handle::try_current() else {
        one.connection.close_on_drop();
        return;
    };
    let slot = Arc::clone(InUse::mutex(one));
    runtime.spawn(async move {
        let mut one = slot.lock().await;
        let undone = timeout(PATIENCE, sqlx::raw_sql("ROLLBACK").execute(&mut *one.connection)).await;
        if !matches!(undone, Ok(Ok(_))) {
            one.connection.close_on_drop();
        }
    });
}
