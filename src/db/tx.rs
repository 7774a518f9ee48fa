//! A transaction, or a plain reading connection, of either engine.

use std::sync::Arc;

use sqlx::pool::PoolConnection;
use sqlx::{PgConnection, Postgres, Sqlite, SqliteConnection, Transaction};
use tokio::sync::OwnedMutexGuard;

use super::condition::{Condition, Lease};
use super::kept::KeptConnection;
use super::{DbError, DbResult};
use crate::fair::Turn;

/// The connection that store functions use. Writing transactions come from [`super::Db::write`] and take effect at
/// [`Tx::commit`]; dropping one undoes it. Readers come from [`super::Db::read`], batches from [`super::Db::batch`], and hold no
/// transaction.
pub struct Tx {
    inner: Inner,
    #[expect(dead_code, reason = "given back when dropped")]
    turn: Option<Turn>,
    discarded: bool,
}

pub(super) enum Inner {
    /// With its turn in the queue of writers.
    SqliteWrite(Transaction<'static, Sqlite>, OwnedMutexGuard<()>, Arc<Condition>),
    SqliteBare(PoolConnection<Sqlite>, Arc<Condition>),
    PostgresWrite(Transaction<'static, Postgres>, Lease),
    PostgresBare(PoolConnection<Postgres>, Lease),
    PostgresKept(KeptConnection),
}

/// The engine's own connection, for the `on_engine!` macro only.
pub enum ConnRef<'a> {
    /// SQLite, and the listener for its faults.
    Sqlite(&'a mut SqliteConnection, Ear<'a>),
    /// PostgreSQL, and the lease that bounds the wait for it.
    Postgres(&'a mut PgConnection, &'a Lease),
}

/// Reports how statements on the embedded engine end to the `Condition` that the engine was opened with.
pub struct Ear<'a>(&'a Condition);

impl Ear<'_> {
    /// Reports a statement's result and passes it on.
    ///
    /// # Errors
    /// The statement's error.
    pub fn heard<T>(&self, done: Result<T, sqlx::Error>) -> DbResult<T> {
        self.0.heard(0, done)
    }
}

impl Tx {
    pub(super) const fn new(inner: Inner, turn: Option<Turn>) -> Self {
        Self { inner, turn, discarded: false }
    }

    /// Lets nothing of this transaction be kept, although the body of its [`transaction!`](crate::transaction!) gives a value:
    /// for what was counted before it was known whether it counts.
    pub const fn discard(&mut self) {
        self.discarded = true;
    }

    /// Whether it is to be undone.
    pub const fn is_discarded(&self) -> bool {
        self.discarded
    }

    /// The engine's connection, for the `on_engine!` macro.
    pub fn conn(&mut self) -> ConnRef<'_> {
        match &mut self.inner {
            Inner::SqliteWrite(tx, _, condition) => ConnRef::Sqlite(tx, Ear(condition)),
            Inner::SqliteBare(conn, condition) => ConnRef::Sqlite(conn, Ear(condition)),
            Inner::PostgresWrite(tx, lease) => ConnRef::Postgres(tx, lease),
            Inner::PostgresBare(conn, lease) => ConnRef::Postgres(conn, lease),
            Inner::PostgresKept(kept) => {
                let (conn, lease) = kept.parts();
                ConnRef::Postgres(conn, lease)
            }
        }
    }

    /// Makes everything since [`super::Db::write`] durable. For readers and batches this does nothing.
    ///
    /// # Errors
    /// When the database did not confirm the commit: then nothing may be acknowledged to the caller.
    pub async fn commit(self) -> DbResult<()> {
        match self.inner {
            Inner::SqliteWrite(tx, _turn, condition) => condition.heard(0, tx.commit().await),
            Inner::PostgresWrite(tx, lease) => lease.hold(tx.commit()).await,
            Inner::SqliteBare(..) | Inner::PostgresBare(..) | Inner::PostgresKept(..) => Ok(()),
        }
    }

    /// Undoes everything since [`super::Db::write`]. Dropping does the same, later.
    ///
    /// # Errors
    /// When the connection failed; the database then undoes the transaction by itself.
    pub async fn rollback(self) -> DbResult<()> {
        match self.inner {
            Inner::SqliteWrite(tx, _turn, _) => tx.rollback().await.map_err(DbError::from),
            Inner::PostgresWrite(tx, lease) => lease.hold(tx.rollback()).await,
            Inner::SqliteBare(..) | Inner::PostgresBare(..) | Inner::PostgresKept(..) => Ok(()),
        }
    }
}
