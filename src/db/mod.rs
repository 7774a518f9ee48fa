//! The only room that knows which SQL engine runs.
//!
//! Store functions elsewhere write a statement once, with `$1` placeholders, and run it on either engine through
//! [`crate::execute!`], [`crate::fetch_optional!`], [`crate::fetch_one!`] and [`crate::fetch_all!`]. Rules: integers are `i64`, times are [`crate::clock::Timestamp`]
//! (microseconds), ids are `Uuid`, bytes are `Vec<u8>`; no `NOW()`, serials, JSON operators, `FOR UPDATE`.
//!
//! On PostgreSQL [`Db`] is over a `spread`: the `server`s of the database, and of its [`shard`](Shards)s, each with its `kept` connections.

mod address;
mod checkpoint;
mod condition;
mod copy;
mod error;
mod group;
mod kept;
mod local;
mod migrate;
mod open;
mod readers;
mod server;
mod shard;
mod sizes;
mod slots;
mod spread;
mod statement;
mod text;
mod tx;
mod watch;

pub use address::{Address, AddressError};
pub use condition::Lease;
pub use copy::copy;
pub use error::{DbError, DbResult};
pub use local::{Columns, Local, Session, Work, bound};
pub use open::{Db, Listener, Threads, processors};
pub use shard::{PerShard, Shard, Shards};
pub use sizes::PoolSizes;
pub use statement::{Arguments, Row};
pub use tx::{ConnRef, Ear, Tx};

/// Runs a body on PostgreSQL's own connection, for statements that only PostgreSQL has: the listed batch statements. `$c` is the
/// `&mut` connection; the body is an expression of type `Result<T, sqlx::Error>`, usually ending in `.await`. The macro gives
/// `DbResult<T>`. On the embedded engine, whose batches run on [`Threads`], it gives an error.
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
