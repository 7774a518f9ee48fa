//! A transaction, or a plain reading connection, of either engine.

use sqlx::pool::PoolConnection;
use sqlx::{PgConnection, Postgres, Sqlite, SqliteConnection, Transaction};

use super::DbResult;

/// What store functions run on. Writing transactions come from [`super::Db::write`] and take effect at
/// [`Tx::commit`]; dropping one undoes it. Readers come from [`super::Db::read`] and hold no transaction, nor do those
/// of [`super::Db::bare`].
pub struct Tx(pub(super) Inner);

pub(super) enum Inner {
    SqliteWrite(Transaction<'static, Sqlite>),
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
            Inner::SqliteWrite(tx) => ConnRef::Sqlite(tx),
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
            Inner::SqliteWrite(tx) => Ok(tx.commit().await?),
            Inner::PostgresWrite(tx) => Ok(tx.commit().await?),
            Inner::SqliteBare(_) | Inner::PostgresBare(_) => Ok(()),
        }
    }

    /// Takes a connection of [`super::Db::bare`] back after a failure: what its text had begun is undone, and a
    /// connection on which that fails is closed, which undoes it too.
    pub async fn abandon(self) {
        match self.0 {
            // PostgreSQL ends a transaction of its own with its statement; only SQLite's text holds BEGIN and COMMIT.
            Inner::SqliteBare(mut conn) => {
                if sqlx::query("ROLLBACK").execute(&mut *conn).await.is_err() {
                    let _ = conn.close().await;
                }
            }
            Inner::PostgresBare(conn) => drop(conn),
            Inner::SqliteWrite(tx) => drop(tx),
            Inner::PostgresWrite(tx) => drop(tx),
        }
    }

    /// Undoes everything since [`super::Db::write`]. Dropping does the same, later.
    ///
    /// # Errors
    /// When the connection failed; the database then undoes the transaction by itself.
    pub async fn rollback(self) -> DbResult<()> {
        match self.0 {
            Inner::SqliteWrite(tx) => Ok(tx.rollback().await?),
            Inner::PostgresWrite(tx) => Ok(tx.rollback().await?),
            Inner::SqliteBare(_) | Inner::PostgresBare(_) => Ok(()),
        }
    }
}
