//! The program as a process: its commands, and nodes that serve.

use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};

use crate::{Signal, program, until};

/// The program with an environment of its own.
pub fn ikd(folder: &Path, env: &[(String, String)]) -> Command {
    let mut command = Command::new(program());
    command.current_dir(folder).env_clear().envs(env.iter().cloned()).kill_on_drop(true).stdin(Stdio::null());
    command
}

/// A port on which nobody listens, for what has to be told one. It is below those that systems give out by themselves (from 32768 on), or another
/// test's connection could have it a moment later.
pub fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    loop {
        let (process, next) = (std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let port = 10_000 + (process.wrapping_mul(97).wrapping_add(next) % 22_000) as u16;
        if TcpListener::bind(("0.0.0.0", port)).is_ok() {
            return port;
        }
    }
}

/// What was printed.
pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Sends a signal to a process.
pub fn signal(child: &Child, signal: Signal) {
    crate::signal(child.id().unwrap(), signal).unwrap();
}

/// A running `ikd serve`, killed when dropped.
pub struct Node {
    child: Child,
    printed: Arc<Mutex<String>>,
    /// Where this node itself answers.
    pub base: String,
}

impl Node {
    /// Starts a node and waits until it is ready.
    pub async fn start(folder: &Path, env: &[(String, String)]) -> Self {
        Self::start_saying(folder, env, &[]).await
    }

    /// The same with further words after `serve`.
    pub async fn start_saying(folder: &Path, env: &[(String, String)], words: &[&str]) -> Self {
        let mut command = ikd(folder, env);
        command.arg("serve").args(words);
        Self::run(command).await
    }

    /// With a soft and a hard limit of open files.
    pub async fn start_with_files(folder: &Path, env: &[(String, String)], soft: u32, hard: u32) -> Self {
        let mut command = Command::new("/bin/sh");
        command.current_dir(folder).env_clear().envs(env.iter().cloned()).kill_on_drop(true).stdin(Stdio::null());
        let program = program();
        command.arg("-c").arg(format!("ulimit -Sn {soft} && ulimit -Hn {hard} && exec '{}' serve", program.display()));
        Self::run(command).await
    }

    async fn run(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let printed = Arc::new(Mutex::new(String::new()));
        collect(child.stdout.take().unwrap(), &printed);
        collect(child.stderr.take().unwrap(), &printed);
        let seen = Arc::clone(&printed);
        let address = until("the node is ready", 60, async || {
            let seen = seen.lock().unwrap();
            let line = seen.lines().find(|line| line.contains(r#""message":"ready""#))?;
            let line: Value = serde_json::from_str(line).unwrap();
            Some(line["listen.address"].as_str().unwrap().to_owned())
        });
        tokio::select! {
            address = address => Self { child, printed, base: format!("http://{address}") },
            status = dead(&printed) => panic!("the node did not start: {status}"),
        }
    }

    /// What it has printed so far, on both streams.
    pub fn printed(&self) -> String {
        self.printed.lock().unwrap().clone()
    }

    /// What `/health/ready` says: status and database. Status 0 when nothing answers.
    pub async fn ready(&self) -> (u16, String) {
        match reqwest::get(format!("{}/health/ready", self.base)).await {
            Ok(answer) => {
                let status = answer.status().as_u16();
                let body: Value = answer.json().await.unwrap_or_default();
                (status, body["database"].as_str().unwrap_or_default().to_owned())
            }
            Err(_) => (0, String::new()),
        }
    }

    /// Waits until `/health/ready` has this status.
    pub async fn becomes(&self, status: u16) {
        let look = async || (self.ready().await.0 == status).then_some(());
        until(&format!("/health/ready says {status}"), 30, look).await;
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.child.id().unwrap()
    }

    /// `kill -9`.
    pub async fn kill(&mut self) {
        self.child.kill().await.unwrap();
    }

    /// Sends SIGTERM.
    pub fn terminate(&self) {
        signal(&self.child, Signal::TERM);
    }

    /// Waits for the end and gives the exit code.
    pub async fn ended(&mut self, seconds: u64) -> Option<i32> {
        let status = tokio::time::timeout(Duration::from_secs(seconds), self.child.wait()).await;
        status.unwrap_or_else(|_| panic!("still running after {seconds} s:\n{}", self.printed())).unwrap().code()
    }
}

/// A node that ends before it is ready closes its streams.
async fn dead(printed: &Arc<Mutex<String>>) -> String {
    loop {
        tokio::time::sleep(Duration::from_millis(50)).await;
        if Arc::strong_count(printed) <= 2 {
            return printed.lock().unwrap().clone();
        }
    }
}

fn collect(stream: impl AsyncRead + Unpin + Send + 'static, into: &Arc<Mutex<String>>) {
    let into = Arc::clone(into);
    tokio::spawn(async move {
        let mut lines = BufReader::new(stream).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            let mut into = into.lock().unwrap();
            into.push_str(&line);
            into.push('\n');
        }
    });
}
