//! A transaction, or a plain reading connection, of either engine.

use std::sync::Arc;

use sqlx::{PgConnection, SqliteConnection};

use super::DbResult;
use super::condition::{Condition, Lease};
use super::group::Member;
use super::kept::KeptConnection;
use super::readers::Reader;
use crate::fair::Turn;

/// The connection that store functions use. Writing transactions come from [`super::Db::write`] and take effect at
/// [`Tx::commit`]; dropping one undoes it. Readers come from [`super::Db::read`], batches from [`super::Db::batch`], and hold no
/// transaction.
pub struct Tx {
    inner: Inner,
    /// Given back when dropped.
    turn: Option<Turn>,
    discarded: bool,
    told: bool,
}

pub(super) enum Inner {
    SqliteWrite(Member, Arc<Condition>),
    SqliteBare(Reader, Arc<Condition>),
    PostgresWrite(KeptConnection),
    PostgresBare(KeptConnection),
}

/// The engine's own connection, for `db::statement` and the `on_server!` macro only.
pub enum ConnRef<'a> {
    /// SQLite, and the listener for its faults.
    Sqlite(&'a mut SqliteConnection, Ear<'a>),
    /// PostgreSQL, and the lease that bounds the wait for it.
    Postgres(&'a mut PgConnection, &'a Lease),
}

/// Reports how statements on the embedded engine end: to the `Condition` that the engine was opened with, and to the owner of the
/// connection when that is broken.
pub struct Ear<'a> {
    condition: &'a Condition,
    broken: &'a mut bool,
}

impl Ear<'_> {
    /// Reports a statement's result and passes it on.
    ///
    /// # Errors
    /// The statement's error.
    pub fn heard<T>(self, done: Result<T, sqlx::Error>) -> DbResult<T> {
        if let Err(sqlx::Error::WorkerCrashed) = &done {
            *self.broken = true;
        }
        self.condition.heard(0, done)
    }
}

impl Tx {
    pub(super) const fn new(inner: Inner, turn: Option<Turn>) -> Self {
        Self { inner, turn, discarded: false, told: false }
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

    /// Has whoever listens to this database ([`super::Db::listen`]) told once this is committed, before the caller is answered.
    pub const fn tell_once_committed(&mut self) {
        self.told = true;
    }

    /// Whether that is to be told.
    pub const fn is_told(&self) -> bool {
        self.told
    }

    /// Whether it is on the embedded engine.
    pub(super) const fn is_embedded(&self) -> bool {
        matches!(self.inner, Inner::SqliteWrite(..) | Inner::SqliteBare(..))
    }

    /// The engine's connection, for `db::statement` and the `on_server!` macro.
    pub fn conn(&mut self) -> ConnRef<'_> {
        match &mut self.inner {
            Inner::SqliteWrite(member, condition) => {
                let (conn, broken) = member.parts();
                ConnRef::Sqlite(conn, Ear { condition, broken })
            }
            Inner::SqliteBare(reader, condition) => {
                let (conn, broken) = reader.parts();
                ConnRef::Sqlite(conn, Ear { condition, broken })
            }
            Inner::PostgresWrite(kept) | Inner::PostgresBare(kept) => {
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
            Inner::SqliteWrite(member, _) => {
                let durable = member.commit();
                // Whoever waits for a place in the queue need not wait for the disk.
                drop(self.turn);
                durable.await
            }
            Inner::PostgresWrite(kept) => kept.commit().await,
            Inner::SqliteBare(..) | Inner::PostgresBare(..) => Ok(()),
        }
    }

    /// Undoes everything since [`super::Db::write`]. Dropping does the same, later.
    ///
    /// # Errors
    /// When what it saw was not made durable: then nothing counts that was decided on it.
    pub async fn rollback(self) -> DbResult<()> {
        match self.inner {
            Inner::SqliteWrite(member, _) => {
                let durable = member.undo();
                drop(self.turn);
                durable.await
            }
            Inner::PostgresWrite(kept) => {
                // What cannot be undone now the server undoes when the line breaks.
                let _ = kept.rollback().await;
                Ok(())
            }
            Inner::SqliteBare(..) | Inner::PostgresBare(..) => Ok(()),
        }
    }
}
