//! A node as a process that may die at any moment, also before it is ready.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use support::node::ikd;
use tokio::process::Child;

/// A port that nobody is given by chance while its node is down: below those that the system hands out.
pub fn lasting_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = 12_000 + (std::process::id() % 1_500) as u16 * 12;
    loop {
        let port = first + NEXT.fetch_add(1, Ordering::SeqCst) % 12;
        if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// A node, or the place of one.
pub struct Mortal {
    folder: PathBuf,
    env: Vec<(String, String)>,
    /// Where it answers.
    pub base: String,
    log: PathBuf,
    plan: PathBuf,
    child: Option<Child>,
}

/// How a start went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// It answers.
    Ready,
    /// It died before.
    Dead,
    /// It ended by itself before: what it printed says why.
    Refused,
}

impl Mortal {
    /// A place on a port, with this environment; its files are called by a number.
    pub fn new(folder: &Path, number: usize, env: Vec<(String, String)>) -> Self {
        let port = lasting_port();
        let mut env = env;
        let plan = folder.join(format!("plan-{number}"));
        env.push((String::from("IKD__HTTP__LISTEN"), format!("127.0.0.1:{port}")));
        env.push((String::from("IKD_FAILPOINTS"), plan.display().to_string()));
        let (base, log) = (format!("http://127.0.0.1:{port}"), folder.join(format!("node-{number}.log")));
        Self { folder: folder.to_owned(), env, base, log, plan, child: None }
    }

    /// Starts it with a plan of where it dies, and waits until it answers or is dead.
    pub async fn start(&mut self, plan: &str) -> Start {
        let begun = Instant::now();
        loop {
            let start = self.start_once(plan).await;
            // A node that is killed between the fork and the exec of a decoder leaves a process that has its socket for a moment longer.
            // Whoever starts services starts them again.
            let held = start == Start::Refused && self.printed().ends_with("(os error 98)");
            if !held || begun.elapsed() > Duration::from_secs(10) {
                return start;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    async fn start_once(&mut self, plan: &str) -> Start {
        std::fs::write(&self.plan, plan).unwrap();
        let log = File::options().append(true).create(true).open(&self.log).unwrap();
        let mut command = ikd(&self.folder, &self.env);
        command.arg("serve").stdout(Stdio::from(log.try_clone().unwrap())).stderr(Stdio::from(log));
        self.child = Some(command.spawn().unwrap());
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.as_mut().unwrap().try_wait().unwrap() {
                self.child = None;
                return if status.code().is_some() { Start::Refused } else { Start::Dead };
            }
            if let Ok(answer) = reqwest::get(format!("{}/health/live", self.base)).await
                && answer.status().is_success()
            {
                return Start::Ready;
            }
            assert!(begun.elapsed() < Duration::from_secs(60), "not ready:\n{}", self.printed());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// `kill -9`.
    pub async fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().await.unwrap();
        }
    }

    /// Waits for it to die, for so long; whether it did.
    pub async fn dies(&mut self, patience: Duration) -> bool {
        let Some(child) = &mut self.child else { return true };
        let Ok(status) = tokio::time::timeout(patience, child.wait()).await else { return false };
        let code = status.unwrap().code();
        self.child = None;
        assert!(code.is_none(), "it ended by itself with {code:?}:\n{}", self.printed());
        true
    }

    /// Whether it runs.
    pub fn runs(&mut self) -> bool {
        self.child.as_mut().is_some_and(|child| child.try_wait().unwrap().is_none())
    }

    /// The points in one of the files that it keeps of them (`seen`, `hit`); it begins anew.
    pub fn take_points(&self, ending: &str) -> Vec<String> {
        let path = format!("{}.{ending}", self.plan.display());
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let _ = std::fs::remove_file(path);
        text.lines().map(str::to_owned).collect()
    }

    /// The end of what it printed.
    pub fn printed(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(30)..].join("\n")
    }
}
