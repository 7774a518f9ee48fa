//! A transaction, or a plain reading connection, of either engine.

use sqlx::pool::PoolConnection;
use sqlx::{PgConnection, Postgres, Sqlite, SqliteConnection, Transaction};
use tokio::sync::OwnedMutexGuard;

use super::DbResult;

/// What store functions run on. Writing transactions come from [`super::Db::write`] and take effect at
/// [`Tx::commit`]; dropping one undoes it. Readers come from [`super::Db::read`] and hold no transaction.
pub struct Tx(pub(super) Inner);

pub(super) enum Inner {
    /// With its turn among the writers.
    SqliteWrite(Transaction<'static, Sqlite>, OwnedMutexGuard<()>),
    SqliteBare(PoolConnection<Sqlite>),
    PostgresWrite(Transaction<'static, Postgres>),
    PostgresBare(PoolConnection<Postgres>),
}

/// The engine's own connection; only the `on_engine!` macro looks at it.
pub enum ConnRef<'a> {
    /// SQLite.
    Sqlite(&'a mut SqliteConnection),
    /// PostgreSQL.
    Postgres(&'a mut PgConnection),
}

impl Tx {
    /// The engine's connection, for the `on_engine!` macro.
    pub fn conn(&mut self) -> ConnRef<'_> {
        match &mut self.0 {
            Inner::SqliteWrite(tx, _) => ConnRef::Sqlite(tx),
            Inner::SqliteBare(conn) => ConnRef::Sqlite(conn),
            Inner::PostgresWrite(tx) => ConnRef::Postgres(tx),
            Inner::PostgresBare(conn) => ConnRef::Postgres(conn),
        }
    }

    /// Makes everything since [`super::Db::write`] durable. For a reader this does nothing.
    ///
    /// # Errors
    /// When the database did not confirm: then nothing may be acknowledged.
    pub async fn commit(self) -> DbResult<()> {
        match self.0 {
            Inner::SqliteWrite(tx, _turn) => Ok(tx.commit().await?),
            Inner::PostgresWrite(tx) => Ok(tx.commit().await?),
            Inner::SqliteBare(_) | Inner::PostgresBare(_) => Ok(()),
        }
    }

    /// Undoes everything since [`super::Db::write`]. Dropping does the same, later.
    ///
    /// # Errors
    /// When the connection failed; the database then undoes the transaction by itself.
    pub async fn rollback(self) -> DbResult<()> {
        match self.0 {
            Inner::SqliteWrite(tx, _turn) => Ok(tx.rollback().await?),
            Inner::PostgresWrite(tx) => Ok(tx.rollback().await?),
            Inner::SqliteBare(_) | Inner::PostgresBare(_) => Ok(()),
        }
    }
}
