//! PostgreSQL servers that take over from each other.

use std::io::Write;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use support::node::free_port;
use support::postgres::{binaries, is_root, postgres_user};

/// A folder that PostgreSQL's user can walk to, and in it one for a cluster.
pub fn cluster_folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::Builder::new().prefix("ikd-test-nodes-").tempdir().unwrap();
    let data = folder.path().join("cluster");
    std::fs::create_dir(&data).unwrap();
    std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    (folder, data)
}

pub fn append(file: &Path, text: &str) {
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
        assert!(run_in(&self.folder, program, arguments), "{program} {arguments:?}");
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
        signal_all(&self.folder.join(data), signal);
    }
}

/// Runs a program of PostgreSQL's in a folder, as its user; whether it succeeded.
pub fn run_in(folder: &Path, program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(binaries().join(program));
    command.args(arguments).current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if is_root() {
        let (uid, gid) = postgres_user();
        command.uid(uid).gid(gid);
    }
    command.status().unwrap().success()
}

/// Sends a signal to all processes of the server with these data.
pub fn signal_all(data: &Path, signal: support::Signal) {
    let Some(server) = pid(data) else { return };
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

fn pid(data: &Path) -> Option<u32> {
    let text = std::fs::read_to_string(data.join("postmaster.pid")).ok()?;
    text.lines().next()?.parse().ok()
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for data in ["primary", "standby"] {
            self.signal(data, support::Signal::QUIT);
            self.signal(data, support::Signal::CONT);
        }
    }
}
