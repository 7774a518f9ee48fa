//! Two PostgreSQL servers, one of which follows the other, again and again: each on a small disk of its own, behind a network of its own.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sqlx::{AssertSqlSafe, Connection, PgConnection};
use support::Signal;

use support::node::free_port;

use crate::cluster::{append, run_in, signal_all};
use crate::full::Disk;
use crate::proxy::{Network, Proxy};

/// How the primary leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// It dies.
    Killed,
    /// It is told to write no more, and stays up with all its connections.
    Demoted,
    /// It comes back as a standby.
    Standby,
    /// The network carries nothing any more, and nobody says so.
    CutOff,
    /// The network refuses it.
    Refused,
    /// It hangs.
    Hanging,
    /// Its disk is full.
    DiskFull,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Killed, Self::Demoted, Self::Standby, Self::CutOff, Self::Refused, Self::Hanging, Self::DiskFull];
}

struct Server {
    /// What [`Disk`] is mounted on, or a folder.
    place: PathBuf,
    disk: Option<Disk>,
    port: u16,
    proxy: Proxy,
}

/// The servers; they end with the value.
pub struct Pair {
    servers: [Server; 2],
    /// Which of them is the primary.
    primary: usize,
}

/// What the disk of a server holds: its rows, and a log that is kept small.
const ROOM: &str = "700m";

impl Pair {
    /// A primary and its synchronous standby, in a folder.
    pub async fn start(folder: &Path) -> Self {
        let server = async |name: &str| {
            let place = folder.join(name);
            let disk = Disk::mount(&place, ROOM);
            std::fs::set_permissions(&place, std::os::unix::fs::PermissionsExt::from_mode(0o777)).unwrap();
            let port = free_port();
            Server { place, disk, port, proxy: Proxy::to(port).await }
        };
        let pair = Self { servers: [server("a").await, server("b").await], primary: 0 };
        let first = &pair.servers[0];
        let init = ["-A", "trust", "-U", "ikd", "-E", "UTF8", "--no-locale", "--no-sync", "-D", "data"];
        first.must("initdb", &init);
        let settings = "\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = ''\nwal_level = replica\nmax_connections = 60\n\
            shared_buffers = 32MB\nsynchronous_commit = on\nmin_wal_size = 32MB\nmax_wal_size = 64MB\nwal_receiver_status_interval = 1\n";
        append(&first.data().join("postgresql.conf"), settings);
        first.must("pg_ctl", &["-D", "data", "-w", "-l", "log", "-o", &format!("-p {}", first.port), "start"]);
        pair.follow().await;
        pair
    }

    /// What nodes are told: both servers, each behind its network.
    pub fn url_of_both(&self) -> String {
        let [one, two] = [0, 1].map(|at| self.servers[at].proxy.port);
        format!("postgres://ikd@127.0.0.1:{one},127.0.0.1:{two}/postgres?target_session_attrs=read-write")
    }

    /// The primary, past the network.
    pub fn url(&self) -> String {
        self.servers[self.primary].url()
    }

    /// Whether disks can be filled here.
    pub fn has_disks(&self) -> bool {
        self.servers.iter().all(|server| server.disk.is_some())
    }

    /// The primary leaves.
    pub async fn strike(&self, fault: Fault) {
        let old = &self.servers[self.primary];
        match fault {
            Fault::Killed => old.must("pg_ctl", &["-D", "data", "-m", "immediate", "stop"]),
            Fault::Demoted => {
                old.administer("ALTER SYSTEM SET default_transaction_read_only = on").await;
                old.administer("SELECT pg_reload_conf()").await;
            }
            Fault::Standby => old.must("pg_ctl", &["-D", "data", "-m", "fast", "-w", "stop"]),
            Fault::CutOff => old.proxy.becomes(Network::Silent),
            Fault::Refused => old.proxy.becomes(Network::Refusing),
            Fault::Hanging => signal_all(&old.data(), Signal::STOP),
            Fault::DiskFull => old.fill().await,
        }
    }

    /// The standby takes over.
    pub fn promote(&mut self, fault: Fault) {
        let new = 1 - self.primary;
        self.servers[new].must("pg_ctl", &["-D", "data", "-w", "promote"]);
        if fault == Fault::Standby {
            let old = &self.servers[self.primary];
            std::fs::write(old.data().join("standby.signal"), "").unwrap();
            old.must("pg_ctl", &["-D", "data", "-w", "-l", "log", "-o", &format!("-p {}", old.port), "start"]);
        }
        self.primary = new;
    }

    /// What left is thrown away, and becomes the standby of who took over: then both have everything.
    pub async fn mend(&self) {
        let old = &self.servers[1 - self.primary];
        signal_all(&old.data(), Signal::CONT);
        let _ = run_in(&old.place, "pg_ctl", &["-D", "data", "-m", "immediate", "stop"]);
        if let Some(disk) = &old.disk {
            disk.empty_if_filled();
        }
        std::fs::remove_dir_all(old.data()).unwrap();
        old.proxy.becomes(Network::Whole);
        self.follow().await;
    }

    /// Makes the other server a synchronous standby of the primary, and waits until it is one.
    async fn follow(&self) {
        let (primary, standby) = (&self.servers[self.primary], &self.servers[1 - self.primary]);
        let source = format!("host=127.0.0.1 port={} user=ikd application_name=standby", primary.proxy.port);
        standby.must(
            "pg_basebackup",
            &["-d", &source, "-D", "data", "-R", "-X", "stream", "--checkpoint=fast", "--no-sync"],
        );
        // Once it has taken over it has no standby to wait for; what was copied says otherwise.
        append(&standby.data().join("postgresql.auto.conf"), "synchronous_standby_names = ''\n");
        standby.must("pg_ctl", &["-D", "data", "-w", "-l", "log", "-o", &format!("-p {}", standby.port), "start"]);
        primary.becomes("SELECT COUNT(*) FROM pg_stat_replication WHERE state = 'streaming'").await;
        primary.administer("ALTER SYSTEM SET synchronous_standby_names = 'FIRST 1 (standby)'").await;
        primary.administer("SELECT pg_reload_conf()").await;
        primary.becomes("SELECT COUNT(*) FROM pg_stat_replication WHERE sync_state = 'sync'").await;
    }
}

impl Server {
    fn data(&self) -> PathBuf {
        self.place.join("data")
    }

    fn url(&self) -> String {
        format!("postgres://ikd@127.0.0.1:{}/postgres", self.port)
    }

    fn must(&self, program: &str, arguments: &[&str]) {
        let log = || std::fs::read_to_string(self.place.join("log")).unwrap_or_default();
        assert!(run_in(&self.place, program, arguments), "{program} {arguments:?}\n{}", log());
    }

    async fn administer(&self, sql: &str) {
        let mut admin = PgConnection::connect(&self.url()).await.unwrap();
        sqlx::query(AssertSqlSafe(sql.to_owned())).execute(&mut admin).await.unwrap();
        admin.close().await.unwrap();
    }

    /// Waits until a count is one.
    async fn becomes(&self, sql: &str) {
        let begun = Instant::now();
        let mut admin = PgConnection::connect(&self.url()).await.unwrap();
        while sqlx::query_scalar::<_, i64>(AssertSqlSafe(sql.to_owned())).fetch_one(&mut admin).await.unwrap() != 1 {
            assert!(begun.elapsed() < Duration::from_secs(60), "not within 60 s: {sql}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        admin.close().await.unwrap();
    }

    /// Fills the disk, and has the log need more of it: then nothing can be written, and PostgreSQL gives up.
    async fn fill(&self) {
        self.disk.as_ref().expect("a disk").fill();
        let begun = Instant::now();
        while let Ok(mut admin) = PgConnection::connect(&self.url()).await {
            // What waits for the standby's word has to end too.
            let note = "SELECT pg_logical_emit_message(FALSE, 'full', repeat('x', 1000000)), pg_switch_wal()";
            let noted = tokio::time::timeout(Duration::from_secs(2), sqlx::query(note).execute(&mut admin)).await;
            if !matches!(noted, Ok(Ok(_))) || begun.elapsed() > Duration::from_secs(20) {
                return;
            }
        }
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        for server in &self.servers {
            signal_all(&server.data(), Signal::CONT);
            let _ = run_in(&server.place, "pg_ctl", &["-D", "data", "-m", "immediate", "stop"]);
        }
    }
}
