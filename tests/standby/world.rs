//! Servers, nodes, and people to check.

use std::io::Write;
use std::net::TcpListener;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ikd::attribute::AttributeSet;
use ikd::clock::Clock;
use ikd::config::Config;
use ikd::context::{Context, Sources};
use ikd::credential::{SealedRecord, TokenKind};
use ikd::db::{Db, PoolSizes};
use ikd::demo::client::{Answer, Bank};
use ikd::execute;
use ikd::keyring::Keyring;
use ikd::keyring::service::init_root;
use ikd::random::Random;
use ikd::register::Date;
use ikd::register::generate::Generator;
use ikd::vault::Vault;
use ikd::verification::Purpose;
use ikd::verification::party::Parties;
use uuid::Uuid;

use support::postgres::{binaries, is_root, postgres_user};

pub const TOKENS: usize = 40;

pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A folder that PostgreSQL's user can walk to, and in it one for a cluster.
pub fn cluster_folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::Builder::new().prefix("ikd-test-nodes-").tempdir().unwrap();
    let data = folder.path().join("cluster");
    std::fs::create_dir(&data).unwrap();
    std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    (folder, data)
}

fn append(file: &Path, text: &str) {
    std::fs::OpenOptions::new().append(true).open(file).unwrap().write_all(text.as_bytes()).unwrap();
}

/// A primary and its standby; both end with the value.
pub struct Cluster {
    pub folder: PathBuf,
    pub ports: [u16; 2],
}

impl Cluster {
    pub fn start(folder: &Path) -> Self {
        Self::start_with(folder, "FIRST 1 (standby)")
    }

    /// A primary that has no standby and waits for none.
    pub fn alone(folder: &Path) -> Self {
        Self::start_with(folder, "")
    }

    fn start_with(folder: &Path, waits_for: &str) -> Self {
        if is_root() {
            let (uid, gid) = postgres_user();
            chown(folder, Some(uid), Some(gid)).unwrap();
        }
        let cluster = Self { folder: folder.to_owned(), ports: [free_port(), free_port()] };
        let [primary, standby] = cluster.ports;
        cluster.run("initdb", &["-A", "trust", "-U", "ikd", "-E", "UTF8", "--no-locale", "--no-sync", "-D", "primary"]);
        let settings = format!(
            "\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = ''\nwal_level = replica\nmax_connections = 60\n\
             shared_buffers = 32MB\nsynchronous_standby_names = '{waits_for}'\nsynchronous_commit = on\n"
        );
        append(&folder.join("primary/postgresql.conf"), &settings);
        cluster.run("pg_ctl", &["-D", "primary", "-w", "-l", "primary.log", "-o", &format!("-p {primary}"), "start"]);
        if waits_for.is_empty() {
            return cluster;
        }
        let source = format!("host=127.0.0.1 port={primary} user=ikd application_name=standby");
        cluster.run(
            "pg_basebackup",
            &["-d", &source, "-D", "standby", "-R", "-X", "stream", "--checkpoint=fast", "--no-sync"],
        );
        // Once it has taken over it has no standby to wait for.
        append(&folder.join("standby/postgresql.conf"), "synchronous_standby_names = ''\n");
        cluster.run("pg_ctl", &["-D", "standby", "-w", "-l", "standby.log", "-o", &format!("-p {standby}"), "start"]);
        cluster
    }

    pub fn run(&self, program: &str, arguments: &[&str]) {
        let mut command = Command::new(binaries().join(program));
        command
            .args(arguments)
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if is_root() {
            let (uid, gid) = postgres_user();
            command.uid(uid).gid(gid);
        }
        assert!(command.status().unwrap().success(), "{program} {arguments:?}");
    }

    pub fn url(&self, which: usize) -> String {
        format!("postgres://ikd@127.0.0.1:{}/postgres", self.ports[which])
    }

    /// Both servers in one URL.
    pub fn url_of_both(&self) -> String {
        let [one, two] = self.ports;
        format!("postgres://ikd@127.0.0.1:{one},127.0.0.1:{two}/postgres?target_session_attrs=read-write")
    }

    /// Sends a signal to all processes of a server.
    pub fn signal(&self, data: &str, signal: support::Signal) {
        let Some(server) = self.pid(data) else { return };
        let _ = support::signal(server, signal);
        for entry in std::fs::read_dir("/proc").unwrap().flatten() {
            let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
            let stat = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
            // The parent is the second field after the name in brackets.
            let parent = stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(1));
            if parent == Some(&server.to_string()) {
                let _ = support::signal(pid, signal);
            }
        }
    }

    fn pid(&self, data: &str) -> Option<u32> {
        let text = std::fs::read_to_string(self.folder.join(data).join("postmaster.pid")).ok()?;
        text.lines().next()?.parse().ok()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for data in ["primary", "standby"] {
            self.signal(data, support::Signal::QUIT);
            self.signal(data, support::Signal::CONT);
        }
    }
}

/// `ikd serve`; ended with the value.
pub struct Node {
    pub child: Child,
    pub base: String,
}

impl Node {
    pub async fn start(folder: &Path, name: &str, database: &str) -> Self {
        let port = free_port();
        let base = format!("http://127.0.0.1:{port}");
        let config = folder.join(format!("{name}.toml"));
        let text = format!(
            "[service]\npublic_url = \"http://127.0.0.1:1\"\n[http]\nlisten = \"127.0.0.1:{port}\"\nmetrics_listen = \"\"\n[database]\n\
             url = \"{database}\"\nconnections = 8\n[keys]\ndirectory = \"{0}/keys\"\n[mail]\ndirectory = \"{0}/mail\"\n[log]\nlevel = \"warn\"\n",
            folder.display()
        );
        std::fs::write(&config, text).unwrap();
        let child = Command::new(support::program())
            .arg("--config")
            .arg(config)
            .arg("serve")
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let begun = Instant::now();
        while !matches!(reqwest::get(format!("{base}/health/ready")).await, Ok(answer) if answer.status().is_success())
        {
            assert!(begun.elapsed() < Duration::from_secs(60), "{name} does not become ready");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Self { child, base }
    }

    /// What `/health/ready` says: status and database.
    pub async fn ready(&self) -> (u16, String) {
        match reqwest::get(format!("{}/health/ready", self.base)).await {
            Ok(answer) => {
                let status = answer.status().as_u16();
                let body: serde_json::Value = answer.json().await.unwrap_or_default();
                (status, body["database"].as_str().unwrap_or_default().to_owned())
            }
            Err(_) => (0, String::new()),
        }
    }

    /// Waits until `/health/ready` says this.
    pub async fn becomes(&self, status: u16) {
        let begun = Instant::now();
        loop {
            let ready = self.ready().await;
            if ready.0 == status {
                return;
            }
            assert!(begun.elapsed() < Duration::from_secs(30), "{ready:?}, not {status}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    pub fn terminate(&self) {
        support::signal(self.child.id(), support::Signal::TERM).unwrap();
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub struct World {
    pub context: Context,
    pub keyring: Keyring,
    pub api_key: String,
    pub holders: Vec<Uuid>,
}

impl World {
    pub async fn make(folder: &Path, url: &str) -> Self {
        let mut config = Config::default();
        config.keys.directory = folder.join("keys");
        config.database.url = url.to_owned().into();
        let random = Random::system();
        init_root(&config.keys.directory, &random).unwrap();
        let vault = Vault::load(&config.keys.directory.join("root")).unwrap();
        let db = Db::open(url, PoolSizes { connections: 2, acquire_timeout_seconds: 30, ..PoolSizes::default() })
            .await
            .unwrap();
        db.migrate().await.unwrap();
        let context = Context::from(Sources { db, clock: Clock::System, random, vault, config: Arc::new(config) });
        Keyring::init(&context).await.unwrap();
        let keyring = Keyring::open(context.clone()).await.unwrap();
        let purpose = Purpose {
            code: "open_account".into(),
            text_id: "Membuka rekening".into(),
            text_en: "Opening an account".into(),
        };
        let (_, key) = Parties::new(context.clone()).add("Bank Uji", AttributeSet::FULL, &[purpose]).await.unwrap();
        let generator = Generator::new(1, Date::parse("2026-11-01").unwrap());
        let mut holders = Vec::new();
        let mut tx = context.db.write().await.unwrap();
        for index in 0..TOKENS {
            let id = context.random.uuid_v7(context.now());
            let record = generator.resident(index as u64).unwrap();
            let sealed = context.vault.seal_row(&context.random, "holder_record", id, &record).unwrap();
            let sql = "INSERT INTO credential (resident_id, state, generation, last_spent, pin_tries, pin_wait_until, \
                 challenge_spent, session, session_ends_at, activated_at) VALUES ($1, 'active', 1, 0, 0, 0, 0, 0, 0, 0)";
            execute!(&mut tx, sql, id).unwrap();
            execute!(
                &mut tx,
                "INSERT INTO holder_record (resident_id, sealed, updated_at) VALUES ($1, $2, 0)",
                id,
                sealed
            )
            .unwrap();
            holders.push(id);
        }
        tx.commit().await.unwrap();
        Self { api_key: key.expose(), context, keyring, holders }
    }

    pub fn tokens(&self) -> Vec<String> {
        (0..self.holders.len()).map(|holder| self.token(holder)).collect()
    }

    /// Another token of a holder.
    pub fn token(&self, holder: usize) -> String {
        let (issued, attributes) = (self.context.now(), AttributeSet::BASIC.bits());
        let (kind, subject) = (TokenKind::Presentation, self.holders[holder]);
        let record = SealedRecord { kind, subject, generation: 1, issued, attributes };
        self.keyring.issue(record).unwrap().token
    }

    /// A new idempotency key.
    pub fn key(&self) -> String {
        self.context.random.uuid_v7(self.context.now()).to_string()
    }

    pub fn ask(&self, node: &Node, token: &str, key: String) -> tokio::task::JoinHandle<Option<Answer>> {
        let bank = Bank::new(reqwest::Client::new(), &node.base, &self.api_key);
        let token = token.to_owned();
        tokio::spawn(async move { bank.verify(&token, "open_account", &key).await.ok() })
    }
}

pub fn result(answer: &Answer) -> (&str, &str) {
    (answer.json["result"].as_str().unwrap_or(answer.code()), answer.json["reason"].as_str().unwrap_or(""))
}
