//! The only room that knows which SQL engine runs.
//!
//! Store functions elsewhere write a statement once, with `$1` placeholders, and run it through [`crate::on_engine!`], which
//! expands the same body for both engines. Rules: integers are `i64`, times are [`crate::clock::Timestamp`]
//! (microseconds), ids are `Uuid`, bytes are `Vec<u8>`; no `NOW()`, serials, JSON operators, `FOR UPDATE`.

mod address;
mod checkpoint;
mod condition;
mod error;
mod local;
mod migrate;
mod open;
mod server;
mod text;
mod tx;
mod watch;

pub use address::{Address, AddressError};
pub use condition::Lease;
pub use error::{DbError, DbResult};
pub use local::{Columns, Local, Session, Work, bound};
pub use open::{Db, PoolSizes, Threads, processors};
pub use tx::{ConnRef, Ear, Tx};

/// Runs one body on the transaction's engine. `$c` is the engine's `&mut` connection; the body is an expression of type
/// `Result<T, sqlx::Error>`, usually ending in `.await`. The macro gives `DbResult<T>`.
///
/// ```text
/// on_engine!(tx, |c| sqlx::query_as::<_, Row>(SQL).bind(id).fetch_optional(c).await)
/// ```
#[macro_export]
macro_rules! on_engine {
    ($tx:expr, |$c:ident| $body:expr) => {
        match $crate::db::Tx::conn($tx) {
            $crate::db::ConnRef::Sqlite($c, ear) => ear.heard($body),
            $crate::db::ConnRef::Postgres($c, lease) => lease.hold(async { $body }).await,
        }
    };
}

/// As [`on_engine!`], for statements that only PostgreSQL has: the listed batch statements. On the embedded engine,
/// whose batches run on [`Threads`], it gives an error.
#[macro_export]
macro_rules! on_server {
    ($tx:expr, |$c:ident| $body:expr $(,)?) => {
        match $crate::db::Tx::conn($tx) {
            $crate::db::ConnRef::Sqlite(..) => {
                Err($crate::db::DbError::Other(String::from("a statement of the server")))
            }
            $crate::db::ConnRef::Postgres($c, lease) => lease.hold(async { $body }).await,
        }
    };
}

/// Runs a statement that changes rows and gives how many it changed: `execute!(tx, SQL, a, b, c)`.
#[macro_export]
macro_rules! execute {
    ($tx:expr, $sql:expr $(, $bind:expr)* $(,)?) => {
        $crate::on_engine!($tx, |c| sqlx::query($sql)$(.bind($bind))*.execute(c).await.map(|done| done.rows_affected()))
    };
}

/// Reads at most one row: `fetch_optional!(tx, Row, SQL, a, b)` gives `DbResult<Option<Row>>`.
#[macro_export]
macro_rules! fetch_optional {
    ($tx:expr, $row:ty, $sql:expr $(, $bind:expr)* $(,)?) => {
        $crate::on_engine!($tx, |c| sqlx::query_as::<_, $row>($sql)$(.bind($bind))*.fetch_optional(c).await)
    };
}

/// Reads exactly one row: `fetch_one!(tx, Row, SQL, a, b)` gives `DbResult<Row>`.
#[macro_export]
macro_rules! fetch_one {
    ($tx:expr, $row:ty, $sql:expr $(, $bind:expr)* $(,)?) => {
        $crate::on_engine!($tx, |c| sqlx::query_as::<_, $row>($sql)$(.bind($bind))*.fetch_one(c).await)
    };
}

/// Reads all rows: `fetch_all!(tx, Row, SQL, a, b)` gives `DbResult<Vec<Row>>`.
#[macro_export]
macro_rules! fetch_all {
    ($tx:expr, $row:ty, $sql:expr $(, $bind:expr)* $(,)?) => {
        $crate::on_engine!($tx, |c| sqlx::query_as::<_, $row>($sql)$(.bind($bind))*.fetch_all(c).await)
    };
}
