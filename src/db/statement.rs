//! Statements as every store function runs them, on either engine. Only what encodes arguments and reads rows is compiled for each of them: the way
//! to the engine and back is here once, not once a statement and engine, which is most of what the program took to build.

use sqlx::encode::Encode;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Arguments as _, FromRow, Postgres, Sqlite, Type};

use super::tx::ConnRef;
use super::{DbError, DbResult, Tx};

/// The values of a statement's placeholders, encoded for the engine of a transaction.
pub struct Arguments(DbResult<Encoded>);

enum Encoded {
    Sqlite(SqliteArguments),
    Postgres(PgArguments),
}

impl Arguments {
    /// None yet, for the engine of `tx`.
    pub fn of(tx: &Tx) -> Self {
        Self(Ok(if tx.is_embedded() {
            Encoded::Sqlite(SqliteArguments::default())
        } else {
            Encoded::Postgres(PgArguments::default())
        }))
    }

    /// And the value of the next placeholder. One that cannot be encoded is told when the statement is run.
    #[must_use]
    pub fn and<'v, T>(mut self, value: T) -> Self
    where
        T: Encode<'v, Sqlite> + Type<Sqlite> + Encode<'v, Postgres> + Type<Postgres>,
    {
        let added = match &mut self.0 {
            Ok(Encoded::Sqlite(arguments)) => arguments.add(value),
            Ok(Encoded::Postgres(arguments)) => arguments.add(value),
            Err(_) => return self,
        };
        match added {
            Ok(()) => self,
            // The error's own text may quote the value.
            Err(_) => Self(Err(DbError::Other(String::from("a value does not fit its placeholder")))),
        }
    }
}

/// A row of either engine.
pub enum Row {
    /// As SQLite gave it.
    Sqlite(SqliteRow),
    /// As PostgreSQL gave it.
    Postgres(PgRow),
}

impl Row {
    /// What the row stands for.
    ///
    /// # Errors
    /// When a column has another type than `T` expects.
    pub fn read<T>(&self) -> DbResult<T>
    where
        T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow>,
    {
        Ok(match self {
            Self::Sqlite(row) => T::from_row(row)?,
            Self::Postgres(row) => T::from_row(row)?,
        })
    }
}

fn of_another_engine<T>() -> DbResult<T> {
    Err(DbError::Other(String::from("arguments of another engine")))
}

impl Tx {
    /// Runs a statement that changes rows; gives how many it changed. [`execute!`](crate::execute!) calls it.
    ///
    /// # Errors
    /// When the database refuses it.
    pub async fn execute(&mut self, sql: &'static str, arguments: Arguments) -> DbResult<u64> {
        match (self.conn(), arguments.0?) {
            (ConnRef::Sqlite(conn, ear), Encoded::Sqlite(arguments)) => {
                let done = sqlx::query_with(sql, arguments).execute(conn).await;
                ear.heard(done).map(|done| done.rows_affected())
            }
            (ConnRef::Postgres(conn, lease), Encoded::Postgres(arguments)) => {
                let done = lease.hold(sqlx::query_with(sql, arguments).execute(conn)).await;
                done.map(|done| done.rows_affected())
            }
            _ => of_another_engine(),
        }
    }

    /// Runs a statement that gives at most one row. [`fetch_optional!`](crate::fetch_optional!) calls it.
    ///
    /// # Errors
    /// When the database refuses it.
    pub async fn fetch_optional(&mut self, sql: &'static str, arguments: Arguments) -> DbResult<Option<Row>> {
        match (self.conn(), arguments.0?) {
            (ConnRef::Sqlite(conn, ear), Encoded::Sqlite(arguments)) => {
                let found = sqlx::query_with(sql, arguments).fetch_optional(conn).await;
                ear.heard(found).map(|row| row.map(Row::Sqlite))
            }
            (ConnRef::Postgres(conn, lease), Encoded::Postgres(arguments)) => {
                let found = lease.hold(sqlx::query_with(sql, arguments).fetch_optional(conn)).await;
                found.map(|row| row.map(Row::Postgres))
            }
            _ => of_another_engine(),
        }
    }

    /// Runs a statement that gives exactly one row. [`fetch_one!`](crate::fetch_one!) calls it.
    ///
    /// # Errors
    /// When the database refuses it, or there is no row.
    pub async fn fetch_one(&mut self, sql: &'static str, arguments: Arguments) -> DbResult<Row> {
        self.fetch_optional(sql, arguments).await?.ok_or_else(|| sqlx::Error::RowNotFound.into())
    }

    /// Runs a statement that gives any number of rows. [`fetch_all!`](crate::fetch_all!) calls it.
    ///
    /// # Errors
    /// When the database refuses it.
    pub async fn fetch_all(&mut self, sql: &'static str, arguments: Arguments) -> DbResult<Vec<Row>> {
        match (self.conn(), arguments.0?) {
            (ConnRef::Sqlite(conn, ear), Encoded::Sqlite(arguments)) => {
                let found = sqlx::query_with(sql, arguments).fetch_all(conn).await;
                ear.heard(found).map(|rows| rows.into_iter().map(Row::Sqlite).collect())
            }
            (ConnRef::Postgres(conn, lease), Encoded::Postgres(arguments)) => {
                let found = lease.hold(sqlx::query_with(sql, arguments).fetch_all(conn)).await;
                found.map(|rows| rows.into_iter().map(Row::Postgres).collect())
            }
            _ => of_another_engine(),
        }
    }
}

/// The values of a statement's placeholders, in their order: `arguments!(tx, a, b, c)`.
#[macro_export]
macro_rules! arguments {
    ($tx:expr $(, $bind:expr)* $(,)?) => {
        $crate::db::Arguments::of(&*$tx)$(.and($bind))*
    };
}

/// Runs a statement that changes rows and gives how many it changed: `execute!(tx, SQL, a, b, c)`.
#[macro_export]
macro_rules! execute {
    ($tx:expr, $sql:expr $(, $bind:expr)* $(,)?) => {{
        let arguments = $crate::arguments!($tx $(, $bind)*);
        $crate::db::Tx::execute($tx, $sql, arguments).await
    }};
}

/// Reads at most one row: `fetch_optional!(tx, Row, SQL, a, b)` gives `DbResult<Option<Row>>`.
#[macro_export]
macro_rules! fetch_optional {
    ($tx:expr, $row:ty, $sql:expr $(, $bind:expr)* $(,)?) => {{
        let arguments = $crate::arguments!($tx $(, $bind)*);
        let found = $crate::db::Tx::fetch_optional($tx, $sql, arguments).await;
        found.and_then(|row| row.map(|row| row.read::<$row>()).transpose())
    }};
}

/// Reads exactly one row: `fetch_one!(tx, Row, SQL, a, b)` gives `DbResult<Row>`.
#[macro_export]
macro_rules! fetch_one {
    ($tx:expr, $row:ty, $sql:expr $(, $bind:expr)* $(,)?) => {{
        let arguments = $crate::arguments!($tx $(, $bind)*);
        let found = $crate::db::Tx::fetch_one($tx, $sql, arguments).await;
        found.and_then(|row| row.read::<$row>())
    }};
}

/// Reads all rows: `fetch_all!(tx, Row, SQL, a, b)` gives `DbResult<Vec<Row>>`.
#[macro_export]
macro_rules! fetch_all {
    ($tx:expr, $row:ty, $sql:expr $(, $bind:expr)* $(,)?) => {{
        let arguments = $crate::arguments!($tx $(, $bind)*);
        let found = $crate::db::Tx::fetch_all($tx, $sql, arguments).await;
        found.and_then(|rows| rows.iter().map(|row| row.read::<$row>()).collect::<$crate::db::DbResult<Vec<$row>>>())
    }};
}
