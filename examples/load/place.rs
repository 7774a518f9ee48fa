//! A database of either engine with residents, a key directory, and the release binary serving on it.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};
use ikd::attribute::AttributeSet;
use ikd::clock::Clock;
use ikd::config::Config;
use ikd::context::{Context, Sources};
use ikd::db::{Arguments, Db, PoolSizes};
use ikd::decoder::{Decoders, Program};
use ikd::fetch_one;
use ikd::keyring::{Keyring, init_root};
use ikd::random::Random;
use ikd::register::Date;
use ikd::register::generate::Generator;
use ikd::relying_party::Purpose;
use ikd::relying_party::RelyingParties;
use ikd::vault::Vault;
use sqlx::Connection;
use uuid::Uuid;

use crate::machine;

/// Bytes of a portrait: the most that the service keeps.
pub const PORTRAIT: usize = 20_000;
const ROWS: u64 = 500;

pub struct Place {
    pub engine: &'static str,
    pub folder: PathBuf,
    pub config: PathBuf,
    pub port: u16,
    pub context: Context,
    pub keyring: Keyring,
    pub api_key: String,
    pub residents: Vec<Uuid>,
    pub postgres: Option<Postgres>,
    /// Records a second, sealed and written.
    pub filled_per_second: f64,
}

pub async fn open_context(config: Config) -> Context {
    init_root(&config.keys.directory, &Random::system()).unwrap();
    let vault = Vault::load(&config.keys.directory.join("root")).unwrap();
    let sizes =
        PoolSizes { connections: config.database.connections, acquire_timeout_seconds: 30, ..PoolSizes::default() };
    let db = Db::open(config.database.url.expose(), sizes).await.unwrap();
    db.migrate().await.unwrap();
    // Sends no pictures.
    let decoders = Decoders::new(Program::this(), config.limits.pictures);
    let config = Arc::new(config);
    Context::from(Sources { db, clock: Clock::System, random: Random::system(), vault, config, decoders, node: None })
}

pub fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Writes a configuration: the defaults, without the flood limit per address, since all load comes from one.
pub fn write_config(folder: &Path, database: &str, port: u16) -> PathBuf {
    let file = folder.join("ikd.toml");
    let at = |name: &str| folder.join(name).display().to_string();
    let text = format!(
        "[service]\npublic_url = \"http://127.0.0.1:{port}\"\n[http]\nlisten = \"127.0.0.1:{port}\"\nmetrics_listen = \"127.0.0.1:{}\"\n\
         [database]\nurl = \"{database}\"\n[keys]\ndirectory = \"{}\"\npublish_ahead_seconds = 0\n[mail]\ndirectory = \"{}\"\n\
         [limits]\nrequests_per_second = 0\nselfies_per_minute = 0\npresentations_per_minute = 0\n[captcha]\nmax_number = 1000\nfree_per_minute = 1000000\n[log]\nlevel = \"warn\"\n",
        free_port(),
        at("keys"),
        at("mail"),
    );
    fs::write(&file, text).unwrap();
    file
}

impl Place {
    pub async fn make(
        engine: &'static str,
        folder: &Path,
        settings: &[String],
        residents: u64,
        portraits: u64,
    ) -> Self {
        let folder = folder.join(engine);
        fs::create_dir_all(&folder).unwrap();
        let postgres = (engine == "postgres").then(|| Postgres::start(&folder, settings));
        let url = match &postgres {
            Some(postgres) => postgres.url("postgres"),
            None => format!("sqlite:{}", folder.join("ikd.db").display()),
        };
        let port = free_port();
        let config = write_config(&folder, &url, port);
        let context = open_context(Config::load(Some(&config)).unwrap()).await;
        Keyring::init(&context).await.unwrap();
        let keyring = Keyring::open(context.clone()).await.unwrap();
        let purpose = Purpose {
            code: "open_account".into(),
            text_id: "Membuka rekening".into(),
            text_en: "Opening an account".into(),
        };
        let (_, key) =
            RelyingParties::new(context.clone()).add("Bank Beban", AttributeSet::FULL, &[purpose]).await.unwrap();
        let begun = Instant::now();
        let ids = fill(&context, residents, portraits).await;
        let filled_per_second = residents as f64 / begun.elapsed().as_secs_f64();
        let api_key = key.expose();
        Self { engine, folder, config, port, context, keyring, api_key, residents: ids, postgres, filled_per_second }
    }

    /// Rows of a table.
    pub async fn count(&self, sql: &'static str) -> i64 {
        let mut tx = self.context.db.read().await.unwrap();
        fetch_one!(&mut tx, (i64,), sql).unwrap().0
    }

    /// Bytes of the database: of the file, or of all tables and indexes.
    pub async fn bytes(&self) -> i64 {
        match self.engine {
            "sqlite" => {
                // On a connection of its own: a checkpoint cannot run in a transaction.
                let url = self.context.config.database.url.expose();
                let mut connection = sqlx::SqliteConnection::connect(url).await.unwrap();
                sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut connection).await.unwrap();
                connection.close().await.unwrap();
                fs::metadata(self.folder.join("ikd.db")).unwrap().len() as i64
            }
            _ => self.count("SELECT pg_database_size(current_database())").await,
        }
    }

    /// Bytes of write-ahead log that were ever written; 0 where the engine does not say.
    /// Bytes of log so far; on SQLite, which does not count them, all that its process had written to disk.
    pub async fn wal_position(&self, server: &Server) -> i64 {
        match self.engine {
            "sqlite" => machine::written(server.child.id()),
            _ => self.count("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint").await,
        }
    }

    pub fn pids(&self, server: &Server) -> (u32, Option<u32>) {
        (server.child.id(), self.postgres.as_ref().map(|postgres| postgres.child.id()))
    }
}

/// Residents with a credential and a sealed record each, the first of them with a portrait.
async fn fill(context: &Context, residents: u64, portraits: u64) -> Vec<Uuid> {
    let generator = Arc::new(Generator::new(7, Date::parse("2026-11-01").unwrap()));
    let picture: Arc<Vec<u8>> = Arc::new((0..PORTRAIT).map(|at| (at * 31 % 251) as u8).collect());
    let mut batches =
        stream::iter((0..residents.div_ceil(ROWS)).map(|chunk| (chunk * ROWS, ((chunk + 1) * ROWS).min(residents))))
            .map(|(from, to)| {
                let (context, generator, picture) = (context.clone(), Arc::clone(&generator), Arc::clone(&picture));
                tokio::task::spawn_blocking(move || {
                    let (vault, random) = (&context.vault, &context.random);
                    (from..to)
                        .map(|index| {
                            let id = random.uuid_v7(context.now());
                            let record = generator.resident(index).unwrap();
                            let sealed = vault.seal_row(random, "holder_record", id, &record).unwrap();
                            let seal = || vault.seal_bytes(random, "holder_portrait", id, &picture).unwrap();
                            let portrait = (index < portraits).then(seal);
                            (id, sealed, portrait)
                        })
                        .collect::<Vec<_>>()
                })
            })
            .buffered(2);
    let mut ids = Vec::with_capacity(residents as usize);
    while let Some(batch) = batches.next().await {
        let batch = batch.unwrap();
        let mut tx = context.db.write().await.unwrap();
        let each = |head: &str, row: &dyn Fn(usize) -> String, count: usize| {
            let rows: Vec<String> = (0..count).map(row).collect();
            format!("{head} VALUES {}", rows.join(", "))
        };
        let sql = each(
            "INSERT INTO credential (resident_id, state, generation, last_spent, pin_tries, pin_wait_until, challenge_spent, \
             session, session_ends_at, activated_at)",
            &|at| format!("(${}, 'active', 1, 0, 0, 0, 0, 0, 0, 0)", at + 1),
            batch.len(),
        );
        let arguments = batch.iter().fold(Arguments::of(&tx), |arguments, (id, ..)| arguments.and(id));
        tx.execute(kept(sql), arguments).await.unwrap();
        let sealed = |table: &str, count| {
            each(
                &format!(
                    "INSERT INTO {table} (resident_id, sealed{})",
                    if table == "holder_record" { ", updated_at" } else { "" }
                ),
                &|at| {
                    let zero = if table == "holder_record" { ", 0" } else { "" };
                    format!("(${}, ${}{zero})", at * 2 + 1, at * 2 + 2)
                },
                count,
            )
        };
        let sql = sealed("holder_record", batch.len());
        let arguments =
            batch.iter().fold(Arguments::of(&tx), |arguments, (id, record, _)| arguments.and(id).and(&record[..]));
        tx.execute(kept(sql), arguments).await.unwrap();
        let pictured: Vec<_> = batch.iter().filter_map(|(id, _, portrait)| Some((id, portrait.as_ref()?))).collect();
        if !pictured.is_empty() {
            let sql = sealed("holder_portrait", pictured.len());
            let arguments = pictured
                .iter()
                .fold(Arguments::of(&tx), |arguments, (id, portrait)| arguments.and(*id).and(&portrait[..]));
            tx.execute(kept(sql), arguments).await.unwrap();
        }
        tx.commit().await.unwrap();
        ids.extend(batch.into_iter().map(|(id, ..)| id));
    }
    ids
}

/// A statement for as long as the program runs: few differ, by their number of rows.
fn kept(sql: String) -> &'static str {
    static KEPT: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let mut kept = KEPT.lock().unwrap();
    match kept.get(sql.as_str()) {
        Some(sql) => sql,
        None => {
            let sql: &'static str = sql.leak();
            kept.insert(sql);
            sql
        }
    }
}

/// A server process; ended when dropped.
pub struct Server {
    pub child: Child,
    /// From its start to its first answer.
    pub ready_after: Duration,
}

impl Server {
    pub fn start(program: &Path, arguments: &[&str], port: u16) -> Self {
        Self::start_logging(program, arguments, port, Stdio::inherit())
    }

    /// The same, with what it logs somewhere else.
    pub fn start_logging(program: &Path, arguments: &[&str], port: u16, log: Stdio) -> Self {
        let begun = Instant::now();
        let child = Command::new(program).args(arguments).stdout(Stdio::null()).stderr(log).spawn().unwrap();
        while !answers(port) {
            assert!(begun.elapsed() < Duration::from_secs(60), "{} does not answer", program.display());
            std::thread::sleep(Duration::from_millis(1));
        }
        Self { child, ready_after: begun.elapsed() }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Its number may be another's by now.
        if matches!(self.child.try_wait(), Ok(Some(_))) {
            return;
        }
        let pid = self.child.id().to_string();
        let _ = Command::new("kill").args(["-TERM", &pid]).status();
        let _ = self.child.wait();
    }
}

fn answers(port: u16) -> bool {
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else { return false };
    let mut head = [0; 12];
    stream.write_all(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").is_ok()
        && stream.read_exact(&mut head).is_ok()
        && &head == b"HTTP/1.1 200"
}

/// A PostgreSQL server of our own, durable as in production.
pub struct Postgres {
    pub child: Child,
    socket: PathBuf,
}

impl Postgres {
    /// `settings` are those of its configuration, as `name=value`.
    pub fn start(folder: &Path, settings: &[String]) -> Self {
        let data = folder.join("data");
        let socket = std::env::temp_dir().join(format!("ikd-load-{}", std::process::id()));
        fs::create_dir_all(&data).unwrap();
        fs::create_dir_all(&socket).unwrap();
        let owner = postgres_user();
        if let Some((uid, gid)) = owner {
            std::os::unix::fs::chown(&data, Some(uid), Some(gid)).unwrap();
            std::os::unix::fs::chown(&socket, Some(uid), Some(gid)).unwrap();
        }
        let bin = binaries();
        let command = |program: &str| {
            let mut command = Command::new(bin.join(program));
            command.current_dir(&data).stdout(Stdio::null()).stderr(Stdio::null());
            if let Some((uid, gid)) = owner {
                command.uid(uid).gid(gid);
            }
            command
        };
        let made =
            command("initdb").args(["-A", "trust", "-U", "ikd", "-E", "UTF8", "--no-locale", "-D", "."]).status();
        assert!(made.unwrap().success(), "initdb");
        let child = command("postgres")
            .args(["-D", ".", "-c", "listen_addresses="])
            .args(settings.iter().flat_map(|setting| ["-c", setting]))
            .arg("-k")
            .arg(&socket)
            .process_group(0)
            .spawn()
            .unwrap();
        let postgres = Self { child, socket };
        let begun = Instant::now();
        while !postgres.socket.join(".s.PGSQL.5432").exists() {
            assert!(begun.elapsed() < Duration::from_secs(60), "PostgreSQL does not start");
            std::thread::sleep(Duration::from_millis(20));
        }
        std::thread::sleep(Duration::from_millis(500));
        postgres
    }

    pub fn url(&self, database: &str) -> String {
        format!("postgres://ikd@localhost/{database}?host={}", self.socket.display())
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let pid = self.child.id().to_string();
        let _ = Command::new("kill").args(["-INT", &pid]).status();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.socket);
    }
}

fn binaries() -> PathBuf {
    let versions =
        fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|entry| entry.path().join("bin"));
    versions
        .filter(|bin| bin.join("initdb").exists())
        .max()
        .expect("PostgreSQL is needed: install the package `postgresql`")
}

/// PostgreSQL refuses to run as root: then it runs as the user that its package made.
fn postgres_user() -> Option<(u32, u32)> {
    use std::os::unix::fs::MetadataExt;
    if fs::metadata("/proc/self").unwrap().uid() != 0 {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").unwrap();
    let fields: Vec<&str> = users.lines().find(|line| line.starts_with("postgres:"))?.split(':').collect();
    Some((fields[2].parse().ok()?, fields[3].parse().ok()?))
}
