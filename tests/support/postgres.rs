//! A temporary PostgreSQL server, one per test process, a database per test.

use std::cell::RefCell;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use ikd::db::{Db, PoolSizes};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

use crate::root;

const MISSING: &str = "PostgreSQL 15 or newer is needed and was not found under /usr/lib/postgresql or in PATH. Run the tests with \
     `tests/run`, which installs it on Debian and Ubuntu, install the package `postgresql` of your system, or set \
     IKD_TEST_PG_BIN to the folder that holds `initdb`, `postgres` and `psql`.";

/// How a cluster spreads the tables.
pub const DISTRIBUTION: &str = "packaging/citus.sql";
/// The databases that new ones are copies of.
const TEMPLATE: &str = "ikd_template";
const DISTRIBUTED: &str = "ikd_distributed";

/// Ends the server when the test process ends, however it ends: the shell waits for the end of this pipe.
struct Server {
    folder: PathBuf,
    _shell: Child,
    _alive: ChildStdin,
}

static SERVER: OnceLock<Server> = OnceLock::new();
static NUMBER: AtomicU32 = AtomicU32::new(0);

/// The URL of a new, empty, migrated database.
pub async fn new_database() -> String {
    database_like(TEMPLATE).await
}

/// The URL of a new database without any tables.
pub async fn bare_database() -> String {
    database_like("template0").await
}

/// The URL of a new, empty, migrated database whose tables are spread over hash partitions as `packaging/citus.sql` spreads them
/// over a cluster: the file itself was run, on stand-ins for the functions of Citus. Schema `citus` holds what they were told.
pub async fn new_distributed_database() -> String {
    static MADE: OnceLock<()> = OnceLock::new();
    MADE.get_or_init(|| {
        let create = format!("CREATE DATABASE {DISTRIBUTED} TEMPLATE {TEMPLATE}");
        psql(&url(&server().folder, "postgres"), &["-c", &create]).unwrap();
        let url = url(&server().folder, DISTRIBUTED);
        prepare_distribution(&url);
        distribute(&url, &root().join(DISTRIBUTION)).unwrap();
    });
    database_like(DISTRIBUTED).await
}

/// Makes the stand-ins for the functions of Citus in a database.
pub fn prepare_distribution(url: &str) {
    let stand_ins = root().join("tests/support/citus.sql");
    psql(url, &["-f", stand_ins.to_str().unwrap()]).unwrap();
}

/// Spreads the tables of a database with stand-ins, as this file says.
///
/// # Errors
/// What `psql` wrote when it failed.
pub fn distribute(url: &str, file: &Path) -> Result<(), String> {
    psql(url, &["-f", file.to_str().unwrap()])
}

/// Runs a file of SQL with `psql`.
///
/// # Errors
/// What it wrote when it failed.
pub fn run_file(url: &str, arguments: &[&str], file: &Path) -> Result<(), String> {
    psql(url, &[arguments, &["-f", file.to_str().unwrap()]].concat())
}

fn psql(url: &str, arguments: &[&str]) -> Result<(), String> {
    let done = Command::new(binaries().join("psql"))
        .args(["-X", "-q", "-v", "ON_ERROR_STOP=1"])
        .args(arguments)
        .arg(url)
        // Citus has its functions where every session finds them.
        .env("PGOPTIONS", "-c search_path=public,citus")
        .output()
        .unwrap();
    if done.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&done.stderr).into_owned()) }
}

/// The databases of the test that runs on this thread. They go when it ends, so that a program of many tests never holds more than
/// those of the tests under way: all of them together are gigabytes, which fill the disk of a small machine.
struct Databases(Vec<String>);

thread_local! {
    static DATABASES: RefCell<Databases> = const { RefCell::new(Databases(Vec::new())) };
}

impl Drop for Databases {
    fn drop(&mut self) {
        let Some(server) = SERVER.get() else { return };
        for name in &self.0 {
            // Connections that a test left open are closed with it. What fails here goes with the server.
            let _ = psql(&url(&server.folder, "postgres"), &["-c", &format!("DROP DATABASE {name} WITH (FORCE)")]);
        }
    }
}

async fn database_like(template: &str) -> String {
    let server = server();
    let name = format!("test_{}", NUMBER.fetch_add(1, Ordering::SeqCst));
    DATABASES.with_borrow_mut(|databases| databases.0.push(name.clone()));
    let mut admin = PgConnection::connect(&url(&server.folder, "postgres")).await.unwrap();
    admin.execute(sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {name} TEMPLATE {template}")))).await.unwrap();
    admin.close().await.unwrap();
    url(&server.folder, &name)
}

fn url(folder: &Path, database: &str) -> String {
    format!("postgres://ikd@localhost/{database}?host={}", folder.display())
}

fn server() -> &'static Server {
    SERVER.get_or_init(|| {
        // Several tests may come here at once, each on its own runtime: the work is done on a thread and runtime apart.
        std::thread::spawn(|| {
            let server = start();
            tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(template(&server));
            server
        })
        .join()
        .unwrap_or_else(|_| panic!("the temporary PostgreSQL did not start"))
    })
}

fn start() -> Server {
    let bin = binaries();
    let folder = tempfile::Builder::new().prefix("ikd-test-pg-").tempdir().unwrap().keep();
    // PostgreSQL refuses to run as root: then it runs as the user that its package made.
    let owner = is_root().then(postgres_user);
    if let Some((uid, gid)) = owner {
        chown(&folder, Some(uid), Some(gid)).unwrap();
    }
    let command = |program: PathBuf| {
        let mut command = Command::new(program);
        command.current_dir(&folder).env_clear().env("PATH", "/usr/bin:/bin").env("LC_ALL", "C");
        if let Some((uid, gid)) = owner {
            command.uid(uid).gid(gid);
        }
        command
    };
    let data = folder.join("data");
    let made = command(bin.join("initdb"))
        .args(["-A", "trust", "-U", "ikd", "-E", "UTF8", "--no-locale", "--no-sync", "-D"])
        .arg(&data)
        .output()
        .unwrap();
    assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
    let script = r#""$1/postgres" -D "$2/data" -k "$2" -c listen_addresses= -c max_connections=400 -c fsync=off \
        -c full_page_writes=off -c shared_buffers=64MB -c max_wal_size=128MB -c min_wal_size=32MB -c log_line_prefix='%u@%d ' \
        >"$2/log" 2>&1 </dev/null & pid=$!
        cat >/dev/null; kill -INT $pid; wait $pid; cd /; rm -rf "$2""#;
    let mut shell = command(PathBuf::from("/bin/sh"))
        .args(["-c", script, "sh"])
        .arg(&bin)
        .arg(&folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        // A group of its own, so that Ctrl-C on the tests lets the shell do its work.
        .process_group(0)
        .spawn()
        .unwrap();
    let alive = shell.stdin.take().unwrap();
    Server { folder, _shell: shell, _alive: alive }
}

async fn template(server: &Server) {
    let begun = Instant::now();
    let mut admin = loop {
        match PgConnection::connect(&url(&server.folder, "postgres")).await {
            Ok(admin) => break admin,
            Err(error) => {
                let log = std::fs::read_to_string(server.folder.join("log")).unwrap_or_default();
                assert!(begun.elapsed() < Duration::from_secs(60), "PostgreSQL does not answer: {error}\n{log}");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    };
    admin.execute(sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {TEMPLATE}")))).await.unwrap();
    admin.close().await.unwrap();
    let sizes = PoolSizes { connections: 1, acquire_timeout_seconds: 30, ..PoolSizes::default() };
    let db = Db::open(&url(&server.folder, TEMPLATE), sizes).await.unwrap();
    db.migrate().await.unwrap();
    db.close().await;
}

/// The folder of the newest installed PostgreSQL.
pub fn binaries() -> PathBuf {
    if let Some(folder) = std::env::var_os("IKD_TEST_PG_BIN") {
        return PathBuf::from(folder);
    }
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = versions
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse::<u32>().ok()?, entry.path().join("bin"))))
        .filter(|(version, bin)| *version >= 15 && bin.join("initdb").exists())
        .max();
    let in_path = || {
        let path = std::env::var_os("PATH")?;
        std::env::split_paths(&path).find(|folder| folder.join("initdb").exists())
    };
    newest.map(|(_, bin)| bin).or_else(in_path).expect(MISSING)
}

/// Whether this process runs as root, which PostgreSQL refuses to do.
pub fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

/// User and group that the package made.
pub fn postgres_user() -> (u32, u32) {
    let users = std::fs::read_to_string("/etc/passwd").unwrap();
    let line = users.lines().find(|line| line.starts_with("postgres:")).expect(MISSING);
    let fields: Vec<_> = line.split(':').collect();
    (fields[2].parse().unwrap(), fields[3].parse().unwrap())
}
