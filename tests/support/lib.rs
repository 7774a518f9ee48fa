//! What the test programs share: both database engines without anything by hand, a real mail server, and the [`world::World`]
//! of all black-box tests.
//!
//! The test programs are a package of their own, with this as its library: they see of the service what everybody sees, and are
//! compiled quickly against the very library and program that ship.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods, reason = "tests")]

pub mod acts;
pub mod answer;
pub mod authenticator;
pub mod client;
pub mod heard;
pub mod node;
pub mod png;
pub mod postgres;
pub mod record;
pub mod smtp;
pub mod world;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ikd::clock::{Clock, Timestamp};
use ikd::config::{Config, Mode};
use ikd::context::{Context, Sources};
use ikd::db::{Db, PoolSizes, Shards};
use ikd::decoder::{Decoders, Program};
use ikd::random::Random;
use ikd::vault::Vault;
pub use rustix::process::Signal;
use rustix::process::{Pid, kill_process, kill_process_group};

/// The time at which every test begins: 2026-11-21T08:00:00Z.
pub const START: Timestamp = Timestamp::from_seconds(1_795_248_000);

/// The two engines, one of them in two layouts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// A file of its own in a temporary folder.
    Sqlite,
    /// A database of its own in a temporary server.
    Postgres,
    /// The same, with the tables spread as a cluster spreads them (`packaging/citus.sql`).
    Distributed,
}

impl Engine {
    /// How many shards nodes are told of on it: as many as `packaging/citus.sql` makes.
    pub const fn shards(self) -> u32 {
        match self {
            Self::Sqlite | Self::Postgres => 1,
            Self::Distributed => 4,
        }
    }

    /// Connections of a node: the usual number, and where there are shards the smallest that serves them.
    pub fn connections(self) -> u32 {
        match Shards::new(self.shards()) {
            Some(shards) if shards != Shards::ONE => PoolSizes::least(shards, false),
            _ => PoolSizes::default().connections,
        }
    }

    /// All of them.
    pub const ALL: [Self; 3] = [Self::Sqlite, Self::Postgres, Self::Distributed];

    /// The URL of a new database; on PostgreSQL already migrated, on SQLite `Db::migrate` is to be called.
    pub async fn new_database(self, folder: &Path) -> String {
        match self {
            Self::Sqlite => format!("sqlite:{}", folder.join("ikd.db").display()),
            Self::Postgres => postgres::new_database().await,
            Self::Distributed => postgres::new_distributed_database().await,
        }
    }
}

/// Runs a test body on each engine, with a migrated database, a stopped clock and repeatable randomness of its own.
pub async fn each_engine(body: impl AsyncFn(Context)) {
    on_engines(Engine::ALL, body).await;
}

/// As [`each_engine`], without the third engine: for what looks at the service from so far outside that how tables are spread makes
/// no difference, and takes minutes.
pub async fn both_engines(body: impl AsyncFn(Context)) {
    on_engines([Engine::Sqlite, Engine::Postgres], body).await;
}

async fn on_engines(engines: impl IntoIterator<Item = Engine>, body: impl AsyncFn(Context)) {
    for engine in engines {
        // Presented only when the test fails: which engine it was.
        println!("engine: {engine:?}");
        let folder = tempfile::tempdir().unwrap();
        let context = context(engine, folder.path()).await;
        body(context.clone()).await;
        context.db.close().await;
    }
}

/// A context as in [`each_engine`]; `folder` takes the files.
pub async fn context(engine: Engine, folder: &Path) -> Context {
    let url = engine.new_database(folder).await;
    let shards = Shards::new(engine.shards()).unwrap();
    let sizes = PoolSizes { connections: engine.connections(), shards, ..patient() };
    let db = Db::open(&url, sizes).await.unwrap();
    db.migrate().await.unwrap();
    context_over(db, &url, folder)
}

/// Sizes whose users wait long for a connection: tests run beside others.
pub fn patient() -> PoolSizes {
    PoolSizes { acquire_timeout_seconds: 30, ..PoolSizes::default() }
}

/// A context as in [`each_engine`] over an open database.
pub fn context_over(db: Db, url: &str, folder: &Path) -> Context {
    let mut config = Config::default();
    config.service.mode = Mode::Development;
    config.database.url = url.to_owned().into();
    config.keys.directory = folder.join("keys");
    config.keys.publish_ahead_seconds = 0;
    config.mail.directory = folder.join("mail");
    let (clock, random) = (Clock::stopped(START), Random::seeded(1));
    let decoders = decoders();
    Context::from(Sources {
        db,
        clock,
        random,
        vault: Vault::single([7; 32]),
        config: Arc::new(config),
        decoders,
        node: None,
    })
}

/// A client without any credentials.
pub fn http() -> reqwest::Client {
    reqwest::Client::builder().timeout(Duration::from_secs(60)).build().unwrap()
}

/// Waits until `look` gives something, and says what was waited for when it does not.
pub async fn until<T>(what: &str, seconds: u64, look: impl AsyncFn() -> Option<T>) -> T {
    let end = Instant::now() + Duration::from_secs(seconds);
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < end, "{what}: not within {seconds} s");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The folder of the whole project.
pub fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// The program that ships: what `tests/run` has built and names, or by hand what lies beside the tests.
pub fn program() -> PathBuf {
    let program = program_path();
    assert!(program.exists(), "{} does not exist: `tests/run` builds it", program.display());
    program
}

fn program_path() -> PathBuf {
    std::env::var_os("IKD_TEST_BINARY")
        .map_or_else(|| std::env::current_exe().unwrap().parent().unwrap().with_file_name("ikd"), PathBuf::from)
}

/// Decoders of the program that ships: a test is another program than the one it looks at. It has to be there once a picture comes.
pub fn decoders() -> Decoders {
    Decoders::new(Program::at(program_path()), 1)
}

/// The Python that has the packages of `tests/requirements.txt`.
pub fn python() -> PathBuf {
    let python =
        std::env::var_os("IKD_TEST_PYTHON").map_or_else(|| root().join("target/venv/bin/python"), PathBuf::from);
    assert!(
        python.exists(),
        "{} does not exist: run the tests with `tests/run`, which makes it, or set IKD_TEST_PYTHON to a Python that has \
         the packages of tests/requirements.txt",
        python.display()
    );
    python
}

/// Sends a signal to a process that a test started. (The command `kill` is not on every machine.)
pub fn signal(id: u32, signal: Signal) -> std::io::Result<()> {
    let id = Pid::from_raw(i32::try_from(id).unwrap()).unwrap();
    Ok(kill_process(id, signal)?)
}

/// Sends a signal to a process and those of its group.
///
/// # Errors
/// When there is no such group.
pub fn signal_group(id: u32, signal: Signal) -> std::io::Result<()> {
    let group = i32::try_from(id).ok().and_then(Pid::from_raw);
    Ok(kill_process_group(group.ok_or(std::io::ErrorKind::NotFound)?, signal)?)
}

/// Copies a folder with what is in it, modes too. What is there already stays.
pub fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target);
        } else if !target.exists() {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
