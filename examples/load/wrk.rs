//! Driving a server with wrk, and reading what it measured.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

use crate::machine;

#[derive(Clone, Debug, Deserialize)]
pub struct Measured {
    pub requests: u64,
    pub micros: u64,
    pub p50: f64,
    pub p99: f64,
    pub p999: f64,
    /// Answers with a status of 400 or more.
    pub status: u64,
    /// Connections that failed and requests that got no answer.
    pub broken: u64,
    /// Not 0 when the prepared requests ran out.
    pub short: u64,
    #[serde(default)]
    pub server_micros: f64,
    #[serde(default)]
    pub database_micros: f64,
}

impl Measured {
    pub fn per_second(&self) -> f64 {
        self.requests as f64 * 1e6 / self.micros as f64
    }
}

pub struct Drive<'a> {
    pub port: u16,
    pub connections: usize,
    pub seconds: u64,
    /// Prepared requests, see `load.lua`.
    pub file: &'a Path,
    /// Begin again when they are used up.
    pub again: bool,
    /// Mean pause before each request in milliseconds.
    pub pause: u64,
    /// The server, and the database server.
    pub pids: (u32, Option<u32>),
}

/// Threads that wrk uses for so many connections: one file of requests for each.
pub fn threads(connections: usize) -> usize {
    connections.min(2)
}

impl Drive<'_> {
    pub fn run(&self) -> Measured {
        let cpu = |(server, database): (u32, Option<u32>)| {
            (machine::cpu_micros(server, false), database.map_or(0, |pid| machine::cpu_micros(pid, true)))
        };
        let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("examples/load/load.lua");
        let before = cpu(self.pids);
        let output = Command::new("wrk")
            .args(["-t", &threads(self.connections).to_string(), "-c", &self.connections.to_string()])
            .args(["-d", &format!("{}s", self.seconds), "--timeout", "10s", "-s"])
            .arg(script)
            .arg(format!("http://127.0.0.1:{}/", self.port))
            .arg("--")
            .arg(self.file)
            .args([if self.again { "again" } else { "once" }, &self.pause.to_string()])
            .output()
            .expect("wrk is needed: install the package `wrk` of your system");
        let after = cpu(self.pids);
        let text = String::from_utf8_lossy(&output.stdout);
        let line = text.lines().find_map(|line| line.strip_prefix("RESULT "));
        let line = line.unwrap_or_else(|| panic!("wrk: {text}{}", String::from_utf8_lossy(&output.stderr)));
        let mut measured: Measured = serde_json::from_str(line).unwrap();
        let each = |from: u64, to: u64| (to - from) as f64 / measured.requests.max(1) as f64;
        measured.server_micros = each(before.0, after.0);
        measured.database_micros = each(before.1, after.1);
        measured
    }
}
