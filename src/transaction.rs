//! The one way to write: a named transaction, run again when it collides with another, measured and traced.

use std::time::Instant;

use crate::clock::stopwatch;
use crate::db::{Db, DbError, DbResult, Tx};
use crate::error::{Error, Result};
use crate::failpoint::{self, Side};
use crate::metric::Metric;

/// What is measured here.
pub const METRICS: &[Metric] = &[
    Metric::histogram(
        "ikd_transaction_seconds",
        "Time that a transaction took with all its tries, by name and outcome.",
    ),
    Metric::counter("ikd_transaction_tries_total", "How often a transaction was begun, by name."),
];

/// How often a transaction that collides is run in all.
const TRIES: u32 = 4;

/// Runs a body in one writing transaction (`BEGIN IMMEDIATE` on SQLite) and commits what it did:
///
/// ```text
/// let status = transaction!(self.context.db, "registration.cancel", |tx| {
///     store::end(tx, id).await?.demand()?;
///     Ok(status)
/// })?;
/// ```
///
/// When it gives a value, that is durable. When the body fails (`?` and `return` end the body, as in a closure), all of it is
/// undone; what is to be kept although the caller is refused, a counted try, is therefore given as a value. What is not to be
/// kept although there is a value is discarded ([`crate::db::Tx::discard`]). The whole is a [`crate::error::Result`].
///
/// The body is run anew, on a new transaction, when it collides with another ([`crate::db::DbError::Contention`]): it may change nothing
/// but the database. Never wait in it for mail, the register or a hash, and never begin a second transaction in it: SQLite
/// has one writer. No loop stands around it.
///
/// The name is what metrics and traces call it, `<domain>.<act>`: `ikd_transaction_seconds{name, outcome}` holds durations,
/// `ikd_transaction_tries_total{name}` how often it was begun.
///
/// A macro, because the compiler cannot see yet that the future of a borrowing `async |tx|` closure may move between threads.
#[macro_export]
macro_rules! transaction {
    ($db:expr, $name:expr, |$tx:ident| $body:expr) => {
        $crate::transaction!(begin, $db, $name, |$tx| $body)
    };
    ($begin:ident, $db:expr, $name:expr, |$tx:ident| $body:expr) => {{
        let mut attempts = $crate::transaction::Attempts::new(&$db, $name);
        loop {
            let (mut transaction, span) = match attempts.$begin().await {
                Ok(begun) => begun,
                Err(error) => break Err($crate::error::Error::from(error)),
            };
            let done: $crate::error::Result<_> = {
                let $tx = &mut transaction;
                tracing::Instrument::instrument(async { $body }, span).await
            };
            if let Some(ended) = attempts.end(transaction, done).await {
                break ended;
            }
        }
    }};
}

/// [`transaction!`](crate::transaction!) for a body of one statement that needs no undoing: PostgreSQL commits such a statement by
/// itself (autocommit), which saves two of three trips. What the statement did stays, whatever the body gives.
#[macro_export]
macro_rules! transaction_of_one {
    ($db:expr, $name:expr, |$tx:ident| $body:expr) => {
        $crate::transaction!(begin_single, $db, $name, |$tx| $body)
    };
}

/// The tries of one named transaction; [`transaction!`](crate::transaction!) makes them.
pub struct Attempts<'a> {
    db: &'a Db,
    name: &'static str,
    begun: Instant,
    tries: u32,
    /// Its one statement commits itself: before that is before it begins.
    single: bool,
}

impl<'a> Attempts<'a> {
    /// None was made yet.
    pub fn new(db: &'a Db, name: &'static str) -> Self {
        Self { db, name, begun: stopwatch(), tries: 0, single: false }
    }

    /// Begins a try, with its span.
    ///
    /// # Errors
    /// When no connection is to be had.
    pub async fn begin(&mut self) -> DbResult<(Tx, tracing::Span)> {
        let db = self.db;
        self.begun(db.write()).await
    }

    /// Begins a try of one statement, with its span.
    ///
    /// # Errors
    /// When no connection is to be had.
    pub async fn begin_single(&mut self) -> DbResult<(Tx, tracing::Span)> {
        let db = self.db;
        self.single = true;
        failpoint::pass(self.name, Side::Before);
        self.begun(db.single()).await
    }

    async fn begun(&mut self, tx: impl Future<Output = DbResult<Tx>>) -> DbResult<(Tx, tracing::Span)> {
        self.tries += 1;
        let span = tracing::debug_span!(
            "transaction",
            otel.name = self.name,
            otel.kind = "client",
            db.transaction = self.name,
            db.tries = self.tries
        );
        match tx.await {
            Ok(tx) => Ok((tx, span)),
            Err(error) => {
                self.measure("failed");
                Err(error)
            }
        }
    }

    /// Commits what was done, or undoes it. `None` when it collided and is to be tried again.
    pub async fn end<T>(&self, tx: Tx, done: Result<T>) -> Option<Result<T>> {
        let (discarded, told) = (tx.is_discarded(), tx.is_told());
        let done = match done {
            Ok(value) if discarded => tx.rollback().await.map(|()| value).map_err(Error::from),
            Ok(value) => self.commit(tx).await.map(|()| value).map_err(Error::from),
            Err(error) => match tx.rollback().await {
                Ok(()) => Err(error),
                // The body judged what is not there.
                Err(lost) => Err(lost.into()),
            },
        };
        let outcome = match &done {
            Err(Error::Db(DbError::Contention)) if self.tries < TRIES => return None,
            Ok(_) if discarded => "discarded",
            Ok(_) => "committed",
            Err(Error::Refused(_)) => "refused",
            Err(Error::Db(DbError::Contention)) => "contention",
            Err(_) => "failed",
        };
        self.measure(outcome);
        if told && outcome == "committed" {
            self.db.tell_committed().await;
        }
        Some(done)
    }

    async fn commit(&self, tx: Tx) -> DbResult<()> {
        if !self.single {
            failpoint::pass(self.name, Side::Before);
        }
        tx.commit().await?;
        failpoint::pass(self.name, Side::After);
        Ok(())
    }

    fn measure(&self, outcome: &'static str) {
        let took = self.begun.elapsed().as_secs_f64();
        metrics::histogram!("ikd_transaction_seconds", "name" => self.name, "outcome" => outcome).record(took);
        metrics::counter!("ikd_transaction_tries_total", "name" => self.name).increment(u64::from(self.tries));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::db::PoolSizes;
    use crate::error::Code;
    use crate::{execute, fetch_one};

    async fn opened() -> (tempfile::TempDir, Db) {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("ikd.db").display());
        let db = Db::open(&url, PoolSizes::default()).await.unwrap();
        db.migrate().await.unwrap();
        (folder, db)
    }

    async fn settings(db: &Db) -> i64 {
        let mut tx = db.read().await.unwrap();
        fetch_one!(&mut tx, (i64,), "SELECT COUNT(*) FROM setting").unwrap().0
    }

    const ADD: &str = "INSERT INTO setting (name, value, changed_at) VALUES ($1, '', 0)";

    /// Adds a row in each try and gives the number of the try, once `collisions` tries have collided.
    async fn add(db: &Db, tries: &AtomicU32, collisions: u32) -> Result<u32> {
        transaction!(db, "test.add", |tx| {
            let before = tries.fetch_add(1, Ordering::Relaxed);
            execute!(tx, ADD, "a")?;
            if before < collisions { Err(DbError::Contention.into()) } else { Ok(before) }
        })
    }

    #[tokio::test]
    async fn what_collides_is_run_anew_and_kept_once() {
        let (_folder, db) = opened().await;
        assert_eq!(add(&db, &AtomicU32::new(0), 2).await.unwrap(), 2);
        assert_eq!(settings(&db).await, 1);
    }

    #[tokio::test]
    async fn what_collides_for_ever_ends_and_leaves_nothing() {
        let (_folder, db) = opened().await;
        let tries = AtomicU32::new(0);
        assert!(matches!(add(&db, &tries, u32::MAX).await, Err(Error::Db(DbError::Contention))));
        assert_eq!((tries.load(Ordering::Relaxed), settings(&db).await), (TRIES, 0));
    }

    #[tokio::test]
    async fn what_is_discarded_is_undone_and_its_value_given() {
        let (_folder, db) = opened().await;
        let done: Result<u64> = transaction!(db, "test.discard", |tx| {
            let added = execute!(tx, ADD, "a")?;
            tx.discard();
            Ok(added)
        });
        assert_eq!((done.unwrap(), settings(&db).await), (1, 0));
    }

    #[tokio::test]
    async fn a_refusal_undoes_everything_and_is_not_repeated() {
        let (_folder, db) = opened().await;
        let tries = AtomicU32::new(0);
        let done: Result<()> = transaction!(db, "test.refuse", |tx| {
            tries.fetch_add(1, Ordering::Relaxed);
            execute!(tx, ADD, "a")?;
            Err(Code::WrongState.into())
        });
        assert_eq!(done.unwrap_err().code(), Some(Code::WrongState));
        assert_eq!((tries.load(Ordering::Relaxed), settings(&db).await), (1, 0));
    }
}
