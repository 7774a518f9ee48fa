//! Opening a database: one URL for either engine, with the settings that durability needs.

use std::path::Path;
use std::sync::{Arc, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection};
use tokio::sync::Mutex;

use super::checkpoint::Ahead;
use super::condition::Condition;
use super::group::Writers;
use super::local::{Pool, Settings, Work};
use super::readers::Readers;
use super::server::Servers;
use super::spread::Spread;
use super::tx::Inner;
use super::watch::Found;
use super::{Address, DbError, DbResult, Local, PoolSizes, Shard, Shards, Tx};
use crate::clock::stopwatch;
use crate::fair::{Turn, Turns, whose};

/// `wal_autocheckpoint` of the pool's writer: pages in the WAL after which a commit outside the batches runs a
/// checkpoint. It is larger than the number at which the batches' checkpoint begins, so that theirs comes first when
/// both write: a commit that copies a whole WAL stalls.
const CHECKPOINT_PAGES: &str = "10000";
/// `cache_size` of the writer: SQLite reads a negative number as KiB. Readers get no large cache, because every change
/// invalidates it.
const WRITER_CACHE: &str = "-32768";
/// `mmap_size` of the pool's readers: bytes of the file that they map instead of copying each page.
const MAPPED: &str = "268435456";

/// How long a lock of another process is waited for.
const BUSY: Duration = Duration::from_secs(10);
/// Most connections that read a SQLite file.
const READERS: u32 = 8;

static SQLITE_MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES_MIGRATIONS: Migrator = sqlx::migrate!("migrations/postgres");

/// A handle on the database. Cloning shares the pools.
#[derive(Clone)]
pub struct Db {
    engine: Engine,
    condition: Arc<Condition>,
    found: Arc<std::sync::Mutex<Found>>,
    /// Held by the caller that makes a probing write.
    looking: Arc<Mutex<()>>,
    gates: Gates,
    listener: Arc<OnceLock<Arc<dyn Listener>>>,
}

/// Who is told of commits that asked for it ([`Tx::tell_once_committed`]).
pub trait Listener: Send + Sync {
    /// Such a transaction is committed; its caller waits until this returns.
    fn committed(&self) -> BoxFuture<'_, ()>;
}

/// Turns at the connections: the client with the least recent use is next, so a thousand requests of one client delay
/// each other. Background work and batches need no turn.
#[derive(Clone)]
struct Gates {
    writers: Turns,
    readers: Turns,
    patience: Duration,
}

/// Most requests that wait for a connection; of one client, as many as there are places left.
const WAITING: usize = 4_096;
/// Most clients' transactions that queue for SQLite's writer at once: as many may share a commit.
const SHARING: usize = 32;

impl Gates {
    fn new(engine: &Engine, sizes: PoolSizes) -> Self {
        let patience = Duration::from_secs(sizes.acquire_timeout_seconds);
        match engine {
            Engine::Sqlite { .. } => {
                let readers = Turns::new(sizes.connections.min(READERS) as usize, WAITING);
                Self { writers: Turns::new(SHARING, WAITING), readers, patience }
            }
            Engine::Postgres(_) => {
                let all = Turns::new(sizes.of_others() as usize, WAITING);
                Self { writers: all.clone(), readers: all, patience }
            }
        }
    }

    /// A turn for the client that is served; `None` for work without a client.
    async fn pass(&self, turns: &Turns) -> DbResult<Option<Turn>> {
        let Some(client) = whose() else { return Ok(None) };
        match turns.take(client, Duration::ZERO, self.patience).await {
            Some(turn) => Ok(Some(turn)),
            None => Err(DbError::Unavailable(String::from("too many wait for a connection"))),
        }
    }
}

/// The embedded engine's own threads: one that writes, and others that read.
#[derive(Clone)]
pub struct Threads {
    writer: Pool,
    readers: Pool,
}

impl Threads {
    /// Queues work for the thread that writes.
    ///
    /// # Errors
    /// When the database is closed.
    pub fn post_write(&self, work: Work) -> DbResult<()> {
        self.writer.post(work)
    }

    /// Queues work for a thread that reads.
    ///
    /// # Errors
    /// When the database is closed.
    pub fn post_read(&self, work: Work) -> DbResult<()> {
        self.readers.post(work)
    }

    /// Runs `work` in a transaction that is durable when this returns.
    ///
    /// # Errors
    /// The error of `work` or of the commit: then nothing was changed.
    pub async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Local<'_>) -> DbResult<T> + Send + 'static,
    ) -> DbResult<T> {
        self.writer.run(work).await
    }

    /// Runs `work` on a snapshot of what was committed before it began.
    ///
    /// # Errors
    /// The error of `work`.
    pub async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Local<'_>) -> DbResult<T> + Send + 'static,
    ) -> DbResult<T> {
        self.readers.run(work).await
    }
}

#[derive(Clone)]
enum Engine {
    /// SQLite has one writer at a time: writers of this process queue in order, instead of polling its lock (`SQLITE_BUSY`).
    Sqlite {
        writers: Writers,
        read: Readers,
        threads: Threads,
        timeout: Duration,
    },
    Postgres(Spread),
}

impl Db {
    /// Opens `sqlite:PATH` or `postgres://…`. The file of a SQLite database is made when it does not exist.
    ///
    /// # Errors
    /// When the URL is of neither engine or the database cannot be reached.
    pub async fn open(url: &str, sizes: PoolSizes) -> DbResult<Self> {
        Self::open_at(Address::parse(url)?, sizes).await
    }

    /// Opens the database at an address.
    ///
    /// # Errors
    /// When it cannot be reached.
    pub async fn open_at(address: Address, sizes: PoolSizes) -> DbResult<Self> {
        Self::open_spread(address, Vec::new(), sizes).await
    }

    /// Opens the database at an address, with the servers of its shards: none, or one address for each of `sizes.shards`. They are
    /// connected to when they are needed.
    ///
    /// # Errors
    /// When the database cannot be reached, or the addresses are no servers or not as many as shards.
    pub async fn open_spread(address: Address, of_shards: Vec<Address>, sizes: PoolSizes) -> DbResult<Self> {
        let condition = Arc::new(Condition::default());
        let engine = match address {
            Address::File(_) if sizes.shards != Shards::ONE || !of_shards.is_empty() => {
                return Err(DbError::Other(String::from("a file has no shards")));
            }
            Address::File(path) => open_file(&path, sizes, &condition).await?,
            Address::Servers(list) => {
                Engine::Postgres(Spread::open(list, of_shards, sizes, Arc::clone(&condition)).await?)
            }
        };
        let gates = Gates::new(&engine, sizes);
        let (found, looking, listener) = (Arc::default(), Arc::default(), Arc::default());
        Ok(Self { engine, condition, found, looking, gates, listener })
    }

    /// Tells `listener` of commits that ask for it, from now on. There is one at most: a second one is told nothing.
    pub fn listen(&self, listener: Arc<dyn Listener>) {
        let _ = self.listener.set(listener);
    }

    /// Tells whoever listens that a transaction which asked for it is committed.
    pub async fn tell_committed(&self) {
        if let Some(listener) = self.listener.get() {
            listener.committed().await;
        }
    }

    pub(super) fn condition(&self) -> &Condition {
        &self.condition
    }

    pub(super) fn found(&self) -> MutexGuard<'_, Found> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn looking(&self) -> &Mutex<()> {
        &self.looking
    }

    const fn spread(&self) -> Option<&Spread> {
        match &self.engine {
            Engine::Sqlite { .. } => None,
            Engine::Postgres(spread) => Some(spread),
        }
    }

    pub(super) fn servers(&self) -> Option<&Servers> {
        self.spread().map(Spread::whole)
    }

    pub(super) fn servers_of_shards(&self) -> impl Iterator<Item = (Shard, &Servers)> {
        self.spread().into_iter().flat_map(Spread::of_shards)
    }

    /// How residents are spread. On the embedded engine all are in one file.
    pub fn shards(&self) -> Shards {
        self.spread().map_or(Shards::ONE, Spread::shards)
    }

    /// Brings the schema up to date. Several nodes may do it at once.
    ///
    /// # Errors
    /// When a migration fails or the schema is newer than this program.
    pub async fn migrate(&self) -> DbResult<()> {
        match &self.engine {
            // sqlx takes no migration lock on SQLite. `BEGIN IMMEDIATE` is one, across processes; each migration inside
            // it is a savepoint. A process that waited finds them done.
            Engine::Sqlite { writers, .. } => {
                let mut connection = writers.alone().await?;
                let mut tx = connection.begin_with("BEGIN IMMEDIATE").await?;
                let done = SQLITE_MIGRATIONS.run(&mut *tx).await;
                match &done {
                    Ok(()) => tx.commit().await?,
                    Err(_) => tx.rollback().await?,
                }
                done.map_err(|error| DbError::Other(error.to_string()))
            }
            Engine::Postgres(spread) => {
                let (mut connection, _) = spread.whole().acquire().await?;
                // A migration has no time limit. The connection is closed afterwards.
                sqlx::query("SET statement_timeout = 0").execute(&mut *connection).await?;
                sqlx::query("SET idle_in_transaction_session_timeout = 0").execute(&mut *connection).await?;
                let done = super::migrate::run(&mut connection, &POSTGRES_MIGRATIONS).await;
                connection.close().await?;
                done
            }
        }
    }

    /// Begins a writing transaction (`BEGIN IMMEDIATE` on SQLite). Never hold one across network calls, and never open
    /// a second one while holding the first: SQLite has one writer.
    ///
    /// # Errors
    /// When no connection is to be had.
    pub async fn write(&self) -> DbResult<Tx> {
        let gate = self.gates.pass(&self.gates.writers).await?;
        let inner = match &self.engine {
            Engine::Sqlite { writers, timeout, .. } => {
                let member = self.condition.heard(0, writers.begin(*timeout).await)?;
                Inner::SqliteWrite(member, Arc::clone(&self.condition))
            }
            Engine::Postgres(spread) => {
                let mut kept = spread.of_others().await?;
                kept.begin().await?;
                Inner::PostgresWrite(kept)
            }
        };
        Ok(Tx::new(inner, gate))
    }

    /// A connection for a batch of no shard on PostgreSQL: one of those that batches keep. Each statement is committed by itself
    /// (autocommit), which saves two round trips. On the embedded engine batches run on [`Threads`].
    ///
    /// # Errors
    /// When no connection is to be had.
    pub async fn batch(&self) -> DbResult<Tx> {
        Ok(Tx::new(Inner::PostgresBare(self.server()?.of_batches().await?), None))
    }

    /// As [`Db::batch`], for a batch whose residents are all of one shard.
    ///
    /// # Errors
    /// When no connection is to be had.
    pub async fn batch_of(&self, shard: Shard) -> DbResult<Tx> {
        Ok(Tx::new(Inner::PostgresBare(self.server()?.of_shard(shard).await?), None))
    }

    fn server(&self) -> DbResult<&Spread> {
        self.spread().ok_or_else(|| DbError::Other(String::from("a batch of the server")))
    }

    /// A transaction of one statement. PostgreSQL commits it together with the statement (autocommit), which saves two round trips.
    /// Call [`Tx::commit`] all the same.
    ///
    /// # Errors
    /// When no connection is to be had.
    pub async fn single(&self) -> DbResult<Tx> {
        match &self.engine {
            Engine::Sqlite { .. } => self.write().await,
            Engine::Postgres(_) => self.read().await,
        }
    }

    /// How many batches of a shard may hold a connection at once on PostgreSQL; 0 on the embedded engine.
    pub fn room_of_shard(&self) -> usize {
        self.spread().map_or(0, |spread| spread.room_of_shard() as usize)
    }

    /// How many batches of no shard should be under way at once on PostgreSQL, at least one.
    pub fn room_of_no_shard(&self) -> usize {
        self.spread().map_or(1, |spread| spread.room_of_no_shard().max(1) as usize)
    }

    /// The threads of the embedded engine; `None` on PostgreSQL.
    pub const fn threads(&self) -> Option<&Threads> {
        match &self.engine {
            Engine::Sqlite { threads, .. } => Some(threads),
            Engine::Postgres(_) => None,
        }
    }

    /// Takes a connection for reading. Each statement sees what was committed before it.
    ///
    /// # Errors
    /// When no connection is to be had.
    pub async fn read(&self) -> DbResult<Tx> {
        let gate = self.gates.pass(&self.gates.readers).await?;
        let inner = match &self.engine {
            Engine::Sqlite { read, .. } => Inner::SqliteBare(read.take().await?, Arc::clone(&self.condition)),
            Engine::Postgres(spread) => Inner::PostgresBare(spread.of_others().await?),
        };
        Ok(Tx::new(inner, gate))
    }

    /// Whether the database answers now.
    ///
    /// # Errors
    /// When it does not.
    pub async fn ping(&self) -> DbResult<()> {
        let mut tx = self.read().await?;
        crate::fetch_one!(&mut tx, (i64,), "SELECT CAST(1 AS BIGINT)").map(|_| ())
    }

    /// The database server's time, in microseconds since 1970; `None` for the embedded engine, which has this machine's
    /// clock. It is only compared with the node's clock; no row takes its time from it.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn server_time(&self) -> DbResult<Option<i64>> {
        if self.servers().is_none() {
            return Ok(None);
        }
        let text = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)";
        let mut tx = self.read().await?;
        crate::fetch_one!(&mut tx, (i64,), text).map(|(micros,)| Some(micros))
    }

    /// `sqlite` or `postgres`.
    pub const fn engine(&self) -> &'static str {
        match &self.engine {
            Engine::Sqlite { .. } => "sqlite",
            Engine::Postgres(_) => "postgres",
        }
    }

    /// Closes all connections.
    pub async fn close(&self) {
        match &self.engine {
            Engine::Sqlite { writers, read, threads, .. } => {
                threads.readers.close().await;
                threads.writer.close().await;
                read.close().await;
                writers.close().await;
            }
            Engine::Postgres(spread) => spread.close().await,
        }
    }
}

async fn open_file(path: &Path, sizes: PoolSizes, condition: &Arc<Condition>) -> DbResult<Engine> {
    let timeout = Duration::from_secs(sizes.acquire_timeout_seconds);
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY)
        // sqlx would log slow statements with their whole text, which is pages long for a batch; metrics record
        // durations.
        .disable_statement_logging();
    make_private(path)?;
    let writing = options.clone().pragma("cache_size", WRITER_CACHE).pragma("wal_autocheckpoint", CHECKPOINT_PAGES);
    let writers = waited(|| Writers::open(writing.clone(), condition)).await?;
    let copied = path.to_path_buf();
    let settings = |pragma, writers, ahead| Settings {
        path: path.to_path_buf(),
        pragmas: vec![pragma],
        writers,
        ahead,
        condition: Arc::clone(condition),
    };
    let ahead = Ahead::start(move || super::local::open(&copied, &[]))?;
    let writer = settings(("cache_size", WRITER_CACHE), Some(writers.clone()), Some(ahead));
    // The readers also process what they read, so there is one per processor. They do not map the file: after each
    // change, a transaction would unmap all of it and fault it in again.
    let reader = |_| settings(("query_only", "ON"), None, None);
    let threads = Threads {
        writer: Pool::start("ikd-db-writer", vec![writer])?,
        readers: Pool::start("ikd-db-reader", (0..processors()).map(reader).collect())?,
    };
    let reading = options.pragma("query_only", "ON").pragma("mmap_size", MAPPED);
    let most = sizes.connections.min(READERS);
    let read = waited(|| Readers::open(reading.clone(), most, timeout)).await?;
    Ok(Engine::Sqlite { writers, read, threads, timeout })
}

/// Opens a connection to a file. Turning a new file to WAL upgrades a lock that is held, and there SQLite does not wait (two that
/// waited would wait for each other): where several processes open it at the same moment, the others come again.
async fn waited<T>(open: impl AsyncFn() -> DbResult<T>) -> DbResult<T> {
    let begun = stopwatch();
    loop {
        match open().await {
            Err(DbError::Contention) if begun.elapsed() < BUSY => tokio::time::sleep(Duration::from_millis(20)).await,
            opened => return opened,
        }
    }
}

/// Number of processors that this process may use.
pub fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// Creates the file of a new SQLite database with mode 0600; WAL and index get the same mode.
fn make_private(path: &Path) -> DbResult<()> {
    use std::os::unix::fs::OpenOptionsExt;
    // An existing file keeps its mode.
    if path.exists() {
        return Ok(());
    }
    match std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(DbError::Unavailable(format!("{}: {error}", path.display()))),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[tokio::test]
    async fn a_new_sqlite_file_is_its_owner_s_alone() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("ikd.db").display());
        let db = Db::open(&url, PoolSizes::default()).await.unwrap();
        db.migrate().await.unwrap();
        for entry in std::fs::read_dir(folder.path()).unwrap().map(Result::unwrap) {
            assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", entry.file_name());
        }
        db.close().await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn several_processes_may_migrate_a_new_file_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("ikd.db").display());
        // Each has pools of its own, as a process has.
        let migrate = async |url: &str| {
            let db = Db::open(url, PoolSizes::default()).await?;
            db.migrate().await?;
            db.close().await;
            Ok::<(), DbError>(())
        };
        for done in futures_util::future::join_all((0..6).map(|_| migrate(&url))).await {
            done.unwrap();
        }
    }
}
