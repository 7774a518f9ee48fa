//! Two nodes of the service as processes on one PostgreSQL with a synchronous standby: docs/scaling.md, tried.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods, reason = "tests")]

#[path = "../support/mod.rs"]
mod support;

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
use ikd::core::{Core, Sources};
use ikd::credential::{SealedRecord, TokenKind};
use ikd::db::{Db, PoolSizes};
use ikd::demo::client::{Answer, Bank};
use ikd::keyring::Keyring;
use ikd::keyring::service::init_root;
use ikd::random::Random;
use ikd::register::Date;
use ikd::register::generate::Generator;
use ikd::vault::Vault;
use ikd::verification::Purpose;
use ikd::verification::party::Parties;
use ikd::{execute, fetch_one};
use support::postgres::{binaries, is_root, postgres_user};
use uuid::Uuid;

const TOKENS: usize = 40;

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A primary and its standby; both end with the value.
struct Cluster {
    folder: PathBuf,
    ports: [u16; 2],
}

impl Cluster {
    fn start(folder: &Path) -> Self {
        if is_root() {
            let (uid, gid) = postgres_user();
            chown(folder, Some(uid), Some(gid)).unwrap();
        }
        let cluster = Self { folder: folder.to_owned(), ports: [free_port(), free_port()] };
        let [primary, standby] = cluster.ports;
        cluster.run("initdb", &["-A", "trust", "-U", "ikd", "-E", "UTF8", "--no-locale", "--no-sync", "-D", "primary"]);
        let settings = "\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = ''\nwal_level = replica\nmax_connections = 60\n\
             shared_buffers = 32MB\nsynchronous_standby_names = 'FIRST 1 (standby)'\nsynchronous_commit = on\n";
        let mut text = std::fs::read_to_string(folder.join("primary/postgresql.conf")).unwrap();
        text.push_str(settings);
        std::fs::write(folder.join("primary/postgresql.conf"), text).unwrap();
        cluster.run("pg_ctl", &["-D", "primary", "-w", "-l", "primary.log", "-o", &format!("-p {primary}"), "start"]);
        let source = format!("host=127.0.0.1 port={primary} user=ikd application_name=standby");
        cluster.run(
            "pg_basebackup",
            &["-d", &source, "-D", "standby", "-R", "-X", "stream", "--checkpoint=fast", "--no-sync"],
        );
        cluster.run("pg_ctl", &["-D", "standby", "-w", "-l", "standby.log", "-o", &format!("-p {standby}"), "start"]);
        cluster
    }

    fn run(&self, program: &str, arguments: &[&str]) {
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

    fn url(&self, which: usize) -> String {
        format!("postgres://ikd@127.0.0.1:{}/postgres", self.ports[which])
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for data in ["primary", "standby"] {
            let pid = std::fs::read_to_string(self.folder.join(data).join("postmaster.pid")).unwrap_or_default();
            if let Some(pid) = pid.lines().next().and_then(|line| line.parse().ok()) {
                let _ = support::signal(pid, support::Signal::QUIT);
            }
        }
    }
}

/// `ikd serve`; ended with the value.
struct Node {
    child: Child,
    base: String,
}

impl Node {
    async fn start(folder: &Path, name: &str, database: &str) -> Self {
        let port = free_port();
        let base = format!("http://127.0.0.1:{port}");
        let config = folder.join(format!("{name}.toml"));
        let text = format!(
            "[service]\npublic_url = \"http://127.0.0.1:1\"\n[http]\nlisten = \"127.0.0.1:{port}\"\nmetrics_listen = \"\"\n[database]\n\
             url = \"{database}\"\nconnections = 8\n[keys]\ndirectory = \"{0}/keys\"\n[mail]\ndirectory = \"{0}/mail\"\n[log]\nlevel = \"warn\"\n",
            folder.display()
        );
        std::fs::write(&config, text).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_ikd"))
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

    fn terminate(&self) {
        support::signal(self.child.id(), support::Signal::TERM).unwrap();
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct World {
    core: Core,
    keyring: Keyring,
    api_key: String,
    holders: Vec<Uuid>,
}

impl World {
    async fn make(folder: &Path, url: &str) -> Self {
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
        let core = Core::from(Sources { db, clock: Clock::System, random, vault, config: Arc::new(config) });
        Keyring::init(&core).await.unwrap();
        let keyring = Keyring::open(core.clone()).await.unwrap();
        let purpose = Purpose {
            code: "open_account".into(),
            text_id: "Membuka rekening".into(),
            text_en: "Opening an account".into(),
        };
        let (_, key) = Parties::new(core.clone()).add("Bank Uji", AttributeSet::FULL, &[purpose]).await.unwrap();
        let generator = Generator::new(1, Date::parse("2026-11-01").unwrap());
        let mut holders = Vec::new();
        let mut tx = core.db.write().await.unwrap();
        for index in 0..TOKENS {
            let id = core.random.uuid_v7(core.now());
            let record = generator.resident(index as u64).unwrap();
            let sealed = core.vault.seal_row(&core.random, "holder_record", id, &record).unwrap();
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
        Self { api_key: key.expose(), core, keyring, holders }
    }

    fn tokens(&self) -> Vec<String> {
        let token = |subject: &Uuid| {
            let (issued, attributes) = (self.core.now(), AttributeSet::BASIC.bits());
            let record =
                SealedRecord { kind: TokenKind::Presentation, subject: *subject, generation: 1, issued, attributes };
            self.keyring.issue(record).unwrap().token
        };
        self.holders.iter().map(token).collect()
    }

    fn ask(&self, node: &Node, token: &str, key: String) -> tokio::task::JoinHandle<Option<Answer>> {
        let bank = Bank::new(reqwest::Client::new(), &node.base, &self.api_key);
        let token = token.to_owned();
        tokio::spawn(async move { bank.verify(&token, "open_account", &key).await.ok() })
    }
}

fn result(answer: &Answer) -> (&str, &str) {
    (answer.json["result"].as_str().unwrap_or(answer.code()), answer.json["reason"].as_str().unwrap_or(""))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_and_a_standby_that_takes_over() {
    let folder = tempfile::Builder::new().prefix("ikd-test-nodes-").tempdir().unwrap();
    let cluster = {
        let data = folder.path().join("cluster");
        std::fs::create_dir(&data).unwrap();
        // PostgreSQL's user must be able to walk here.
        std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        Cluster::start(&data)
    };
    let world = World::make(folder.path(), &cluster.url(0)).await;
    let sync = "SELECT COUNT(*) FROM pg_stat_replication WHERE sync_state = 'sync'";
    let mut tx = world.core.db.read().await.unwrap();
    assert_eq!(fetch_one!(&mut tx, (i64,), sync).unwrap().0, 1);
    drop(tx);
    let mut one = Node::start(folder.path(), "one", &cluster.url(0)).await;
    let two = Node::start(folder.path(), "two", &cluster.url(0)).await;

    // Each token at both nodes at once: one of them wins.
    let tokens = world.tokens();
    let asked: Vec<_> = tokens
        .iter()
        .enumerate()
        .flat_map(|(at, token)| {
            [world.ask(&one, token, format!("first-{at}-one")), world.ask(&two, token, format!("first-{at}-two"))]
        })
        .collect();
    let mut valid = 0;
    for answer in asked {
        let answer = answer.await.unwrap().unwrap();
        match result(&answer) {
            ("valid", "") => valid += 1,
            refused => assert_eq!(refused, ("invalid", "already_used")),
        }
    }
    assert_eq!(valid, TOKENS);

    // A node is stopped while it is asked: whoever got no answer repeats at the other one, and each gets "valid" once.
    let tokens = world.tokens();
    let asked: Vec<_> =
        tokens.iter().enumerate().map(|(at, token)| world.ask(&one, token, format!("second-{at}"))).collect();
    tokio::time::sleep(Duration::from_millis(5)).await;
    one.terminate();
    for (at, first) in asked.into_iter().enumerate() {
        let first = first.await.unwrap().filter(|answer| answer.status.is_success());
        let again = world.ask(&two, &tokens[at], format!("second-{at}")).await.unwrap().unwrap();
        assert_eq!(result(&again), ("valid", ""));
        if let Some(first) = first {
            assert_eq!(first.json["verification_id"], again.json["verification_id"]);
        }
    }
    assert!(one.child.wait().unwrap().success(), "a stopped node ends with 0");

    // The primary dies at once; everything that was answered is on the standby.
    cluster.run("pg_ctl", &["-D", "primary", "-m", "immediate", "stop"]);
    cluster.run("pg_ctl", &["-D", "standby", "-w", "promote"]);
    let after =
        Db::open(&cluster.url(1), PoolSizes { connections: 1, acquire_timeout_seconds: 30, ..PoolSizes::default() })
            .await
            .unwrap();
    let mut tx = after.read().await.unwrap();
    let sql = "SELECT COUNT(*) FROM verification WHERE result = 'valid'";
    assert_eq!(fetch_one!(&mut tx, (i64,), sql).unwrap().0, 2 * TOKENS as i64);
}
