//! SQLite on threads of our own, for batches of reads and writes.
//!
//! sqlx runs SQLite on a thread too, but passes each statement and each row between threads. For a batch of hundreds of
//! small statements, that costs more than the statements. Here a whole piece of work is passed to the thread once, and
//! its result back once. See docs/adr/0007-embedded-batches.md.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::types::FromSql;
use rusqlite::{Connection, OpenFlags, OptionalExtension, TransactionBehavior};
use tokio::sync::oneshot;

use super::checkpoint::Ahead;
use super::condition::Condition;
use super::error::of_code;
use super::group::Writers;
use super::{DbError, DbResult};

pub use rusqlite::params as bound;

/// Prepared statements that a connection caches.
const PREPARED: usize = 64;

/// The connection that a piece of work uses, inside one transaction. Placeholders are `?1`, `?2` …, or `$1`, `$2` …
/// when they appear in that order.
pub struct Local<'c>(&'c Connection);

impl Local<'_> {
    /// Runs a statement that changes rows and gives how many it changed.
    ///
    /// # Errors
    /// `DbError::Unique` when a unique index refuses the row: the statement then changed nothing, and the transaction
    /// goes on.
    pub fn execute(&self, sql: &'static str, values: &[&dyn rusqlite::ToSql]) -> DbResult<u64> {
        Ok(self.0.prepare_cached(sql)?.execute(values)? as u64)
    }

    /// Reads at most one row.
    ///
    /// # Errors
    /// When the database does not answer, or a column has another type than `read` expects.
    pub fn optional<T>(
        &self,
        sql: &'static str,
        values: &[&dyn rusqlite::ToSql],
        read: impl FnOnce(&Columns<'_, '_>) -> DbResult<T>,
    ) -> DbResult<Option<T>> {
        let mut statement = self.0.prepare_cached(sql)?;
        let mut rows = statement.query(values)?;
        rows.next()?.map(|row| read(&Columns(row))).transpose()
    }

    /// Reads the first column of at most one row, which holds bytes.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn bytes(&self, sql: &'static str, values: &[&dyn rusqlite::ToSql]) -> DbResult<Option<Vec<u8>>> {
        Ok(self.0.prepare_cached(sql)?.query_row(values, |row| row.get(0)).optional()?)
    }
}

/// A row, as read on one of the threads.
pub struct Columns<'r, 's>(&'r rusqlite::Row<'s>);

impl Columns<'_, '_> {
    /// The value of a column, by its place from 0.
    ///
    /// # Errors
    /// When it is of another type.
    pub fn get<T: FromSql>(&self, place: usize) -> DbResult<T> {
        Ok(self.0.get(place)?)
    }

    /// What the word of a column stands for ([`text_column!`](crate::text_column)), by its place from 0.
    ///
    /// # Errors
    /// When it is no text, or no word of `T`.
    pub fn word<T: std::str::FromStr>(&self, place: usize) -> DbResult<T> {
        let text = self.0.get_ref(place)?.as_str().map_err(|error| DbError::Other(error.to_string()))?;
        text.parse().map_err(|_| DbError::Other(format!("not a word of {}", std::any::type_name::<T>())))
    }
}

/// Threads with a connection each, which share a queue of work. Cloning shares them; they end with the last clone or at
/// [`Pool::close`].
#[derive(Clone)]
pub(super) struct Pool(Arc<Mutex<Option<Running>>>);

/// A piece of work for one of the threads.
pub type Work = Box<dyn FnOnce(&mut Session<'_>) + Send>;

struct Running {
    queue: mpsc::Sender<Work>,
    /// One per thread; it resolves when the thread ends.
    alive: Vec<oneshot::Receiver<()>>,
}

/// How the connection of a thread is opened and used.
pub(super) struct Settings {
    /// The file.
    pub(super) path: PathBuf,
    /// Pragmas of this connection, in addition to the common ones.
    pub(super) pragmas: Vec<(&'static str, &'static str)>,
    /// For the writing thread: the writers of this process, among whom each transaction waits for its turn.
    pub(super) writers: Option<Writers>,
    /// For the writing thread: the checkpoint thread.
    pub(super) ahead: Option<Ahead>,
    /// The listener for faults.
    pub(super) condition: Arc<Condition>,
}

/// A thread's connection, as its work sees it.
pub struct Session<'t> {
    connection: &'t mut Option<Connection>,
    settings: &'t Settings,
}

impl Session<'_> {
    /// Runs `work` in one transaction and commits it when `work` succeeds: then it is durable.
    ///
    /// # Errors
    /// The error of `work` or of the commit: then nothing was changed.
    pub fn transact<T>(&mut self, work: impl FnOnce(&Local<'_>) -> DbResult<T>) -> DbResult<T> {
        let condition = Arc::clone(&self.settings.condition);
        condition.heard(0, self.attempt(work))
    }

    fn attempt<T>(&mut self, work: impl FnOnce(&Local<'_>) -> DbResult<T>) -> DbResult<T> {
        // Held until this function returns.
        let turn = self.settings.writers.as_ref().map(Writers::block);
        let connection = match &mut *self.connection {
            Some(connection) => connection,
            // Opened on first use: by then the file has its schema.
            place => place.insert(connect(self.settings)?),
        };
        let behaviour = if turn.is_some() { TransactionBehavior::Immediate } else { TransactionBehavior::Deferred };
        let tx = connection.transaction_with_behavior(behaviour)?;
        // On an error, dropping the transaction rolls it back.
        let done = work(&Local(&tx))?;
        tx.commit()?;
        Ok(done)
    }
}

impl Pool {
    /// A thread for each of the settings.
    pub(super) fn start(name: &str, threads: Vec<Settings>) -> DbResult<Self> {
        let (sender, queue) = mpsc::channel::<Work>();
        let queue = Arc::new(Mutex::new(queue));
        let mut alive = Vec::with_capacity(threads.len());
        for settings in threads {
            let (living, ended) = oneshot::channel();
            let queue = Arc::clone(&queue);
            let serve = move || {
                // Dropped after the connection.
                let _living = living;
                serve(&queue, settings);
            };
            spawn(name, serve)?;
            alive.push(ended);
        }
        Ok(Self(Arc::new(Mutex::new(Some(Running { queue: sender, alive })))))
    }

    /// Queues work.
    pub(super) fn post(&self, work: Work) -> DbResult<()> {
        let closed = || DbError::Unavailable(String::from("the database is closed"));
        let running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        running.as_ref().ok_or_else(closed)?.queue.send(work).map_err(|_| closed())
    }

    /// Runs `work` in one transaction, and commits when it succeeds.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Local<'_>) -> DbResult<T> + Send + 'static,
    ) -> DbResult<T> {
        let (reply, answer) = oneshot::channel();
        self.post(Box::new(move |session| {
            let _ = reply.send(session.transact(work));
        }))?;
        answer.await.map_err(|_| DbError::Other(String::from("work on the database broke off")))?
    }

    /// Ends the threads after all queued work is done; returns when their connections are closed.
    pub(super) async fn close(&self) {
        let Some(running) = self.0.lock().unwrap_or_else(PoisonError::into_inner).take() else { return };
        drop(running.queue);
        for one in running.alive {
            let _ = one.await;
        }
    }
}

/// Starts a thread of that name.
pub(super) fn spawn(name: &str, serve: impl FnOnce() + Send + 'static) -> DbResult<JoinHandle<()>> {
    let started = std::thread::Builder::new().name(name.to_owned()).spawn(serve);
    started.map_err(|error| DbError::Unavailable(format!("a thread for SQLite: {error}")))
}

fn serve(queue: &Mutex<mpsc::Receiver<Work>>, mut settings: Settings) {
    let mut connection = None;
    loop {
        // One thread waits for the queue, the others for the lock.
        let Ok(work) = queue.lock().unwrap_or_else(PoisonError::into_inner).recv() else { break };
        // When work panics, unwinding rolls back its transaction, and its caller sees the reply channel close.
        let mut session = Session { connection: &mut connection, settings: &settings };
        let _ = catch_unwind(AssertUnwindSafe(|| work(&mut session)));
        if let (Some(connection), Some(ahead)) = (&connection, &mut settings.ahead) {
            let _ = catch_unwind(AssertUnwindSafe(|| ahead.look(connection, settings.writers.as_ref())));
        }
    }
    if let Some(ahead) = &mut settings.ahead {
        ahead.close();
    }
}

fn connect(settings: &Settings) -> DbResult<Connection> {
    let connection = open(&settings.path, &settings.pragmas)?;
    if settings.ahead.is_some() {
        Ahead::watch(&connection);
    }
    Ok(connection)
}

/// Opens an existing file with the pragmas that durability needs.
pub(super) fn open(path: &Path, pragmas: &[(&'static str, &'static str)]) -> DbResult<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(Duration::from_secs(10))?;
    connection.set_prepared_statement_cache_capacity(PREPARED);
    for (name, value) in [("synchronous", "FULL"), ("foreign_keys", "ON")].iter().chain(pragmas) {
        connection.pragma_update(None, name, value)?;
    }
    Ok(connection)
}

impl From<rusqlite::Error> for DbError {
    fn from(error: rusqlite::Error) -> Self {
        match &error {
            rusqlite::Error::SqliteFailure(code, message) => {
                // SQLITE_CONSTRAINT_UNIQUE, SQLITE_CONSTRAINT_PRIMARYKEY.
                if matches!(code.extended_code, 2_067 | 1_555) {
                    return Self::Unique;
                }
                of_code(&code.extended_code.to_string(), message.as_deref().unwrap_or_default())
            }
            // rusqlite's own texts may quote values.
            _ => Self::Other(String::from("a statement does not fit the database")),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::{Db, PoolSizes};
    use super::*;

    /// A new database with one table of numbered bytes.
    pub(in crate::db) async fn fresh() -> (tempfile::TempDir, Db) {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("ikd.db").display());
        let db = Db::open(&url, PoolSizes::default()).await.unwrap();
        let mut tx = db.write().await.unwrap();
        crate::execute!(&mut tx, "CREATE TABLE t (a INTEGER PRIMARY KEY, b BLOB) STRICT").unwrap();
        tx.commit().await.unwrap();
        (folder, db)
    }

    const ADD: &str = "INSERT INTO t (a, b) VALUES (?1, ?2)";
    const GET: &str = "SELECT b FROM t WHERE a = ?1";

    #[tokio::test]
    async fn work_is_one_transaction() {
        let (_folder, db) = fresh().await;
        let threads = db.threads().unwrap();
        let added = threads.write(|local| {
            local.execute(ADD, bound![1, [7_u8]])?;
            assert!(matches!(local.execute(ADD, bound![1, [8_u8]]), Err(DbError::Unique)));
            local.execute(ADD, bound![2, [9_u8]])
        });
        assert_eq!(added.await.unwrap(), 1);
        let undone: DbResult<()> = threads
            .write(|local| {
                local.execute(ADD, bound![3, [1_u8]])?;
                Err(DbError::Contention)
            })
            .await;
        assert!(matches!(undone, Err(DbError::Contention)));
        let broken: DbResult<()> = threads
            .write(|local| {
                local.execute(ADD, bound![4, [1_u8]]).unwrap();
                panic!("on purpose")
            })
            .await;
        assert!(broken.is_err());
        let found = threads.read(|local| (1..=4).map(|a| local.bytes(GET, bound![a])).collect::<DbResult<Vec<_>>>());
        assert_eq!(found.await.unwrap(), [Some(vec![7]), Some(vec![9]), None, None]);
        let refused = threads.read(|local| local.execute(ADD, bound![5, [1_u8]])).await;
        assert!(refused.is_err(), "the reading thread cannot write");
        db.close().await;
        assert!(matches!(threads.read(|_| Ok(())).await, Err(DbError::Unavailable(_))));
    }

    #[tokio::test]
    async fn writers_take_turns() {
        let (_folder, db) = fresh().await;
        let threads = db.threads().unwrap();
        let one = async {
            for a in 0..50 {
                threads.write(move |local| local.execute(ADD, bound![a, [0_u8]])).await.unwrap();
            }
        };
        let other = async {
            for a in 50..100_i64 {
                let mut tx = db.write().await.unwrap();
                crate::execute!(&mut tx, "INSERT INTO t (a) VALUES ($1)", a).unwrap();
                tx.commit().await.unwrap();
            }
        };
        tokio::join!(one, other);
        let count = threads.read(|local| local.bytes("SELECT CAST(COUNT(*) AS BLOB) FROM t", bound![])).await;
        assert_eq!(count.unwrap().unwrap(), b"100");
    }

    #[tokio::test]
    async fn both_connections_are_set_up_as_durability_needs() {
        let (_folder, db) = fresh().await;
        let threads = db.threads().unwrap();
        let setting = |local: &Local<'_>, sql| String::from_utf8(local.bytes(sql, bound![]).unwrap().unwrap()).unwrap();
        let writer = threads.write(move |local| {
            Ok([
                setting(local, "SELECT CAST(synchronous AS BLOB) FROM pragma_synchronous"),
                setting(local, "SELECT CAST(foreign_keys AS BLOB) FROM pragma_foreign_keys"),
                setting(local, "SELECT CAST(journal_mode AS BLOB) FROM pragma_journal_mode"),
                setting(local, "SELECT CAST(cache_size AS BLOB) FROM pragma_cache_size"),
                setting(local, "SELECT CAST(timeout AS BLOB) FROM pragma_busy_timeout"),
            ])
        });
        assert_eq!(writer.await.unwrap(), ["2", "1", "wal", "-32768", "10000"]);
        let reader =
            threads.read(move |local| Ok(setting(local, "SELECT CAST(query_only AS BLOB) FROM pragma_query_only")));
        assert_eq!(reader.await.unwrap(), "1");
    }

    #[tokio::test]
    async fn a_full_disk_undoes_the_whole_work_and_is_got_over() {
        let (_folder, db) = fresh().await;
        let threads = db.threads().unwrap();
        // The limit of this connection stands in for the disk's; a pragma gives a number, which is no matter here.
        let limit = |sql| threads.write(move |local| Ok(local.bytes(sql, bound![]).is_err()));
        assert!(limit("PRAGMA max_page_count = 1").await.unwrap());
        let full = threads.write(|local| {
            local.execute(ADD, bound![1, [1_u8]])?;
            local.execute(ADD, bound![2, vec![2_u8; 1 << 20]])
        });
        assert!(matches!(full.await, Err(DbError::Full(_))));
        assert!(limit("PRAGMA max_page_count = 1000000").await.unwrap());
        let found = threads.write(|local| {
            let found = local.bytes(GET, bound![1])?;
            local.execute(ADD, bound![2, vec![2_u8; 1 << 20]])?;
            Ok(found)
        });
        assert_eq!(found.await.unwrap(), None);
    }

    #[tokio::test]
    async fn another_process_that_writes_is_waited_for() {
        let (folder, db) = fresh().await;
        let other = Connection::open(folder.path().join("ikd.db")).unwrap();
        other.execute_batch("BEGIN IMMEDIATE; INSERT INTO t (a) VALUES (7)").unwrap();
        let ended = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(300));
            other.execute_batch("COMMIT").unwrap();
        });
        let threads = db.threads().unwrap();
        let (in_thread, in_pool) = tokio::join!(threads.write(|local| local.execute(ADD, bound![8, [0_u8]])), async {
            let mut tx = db.write().await.unwrap();
            crate::execute!(&mut tx, "INSERT INTO t (a) VALUES (9)").unwrap();
            tx.commit().await
        });
        assert_eq!(in_thread.unwrap(), 1);
        in_pool.unwrap();
        ended.join().unwrap();
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn writers_that_are_given_up_hold_up_nobody_and_readers_do_not_let_the_log_grow() {
        let (folder, db) = fresh().await;
        let threads = db.threads().unwrap();
        let mut reading = tokio::task::JoinSet::new();
        for _ in 0..2 {
            let threads = threads.clone();
            reading.spawn(async move {
                loop {
                    let sum = "SELECT CAST(SUM(length(b)) AS BLOB) FROM t";
                    threads.read(move |local| local.bytes(sum, bound![])).await.unwrap();
                }
            });
        }
        for a in 0..500_i64 {
            let (pool, thread) = (db.clone(), threads.clone());
            let given_up = tokio::spawn(async move {
                if a % 2 == 0 {
                    let mut tx = pool.write().await.unwrap();
                    crate::execute!(&mut tx, "INSERT INTO t (a) VALUES ($1)", 100_000 + a).unwrap();
                    std::future::pending::<()>().await;
                } else {
                    thread.write(move |local| local.execute(ADD, bound![100_000 + a, [0_u8]])).await.unwrap();
                }
            });
            for _ in 0..a % 7 {
                tokio::task::yield_now().await;
            }
            given_up.abort();
            let one = threads.write(move |local| local.execute(ADD, bound![a % 100, vec![0_u8; 200_000]])).await;
            assert!(matches!(one, Ok(1) | Err(DbError::Unique)) || a >= 100, "{one:?}");
            let change = "UPDATE t SET b = ?2 WHERE a = ?1";
            threads.write(move |local| local.execute(change, bound![a % 100, vec![a as u8; 200_000]])).await.unwrap();
        }
        let log = std::fs::metadata(folder.path().join("ikd.db-wal")).unwrap().len();
        println!("wal {log}");
        assert!(log < 64 << 20, "{log}");
    }
}
