//! A set-up of its own for each test: a PostgreSQL database, a mail server, a key directory, and nodes as processes.

use std::path::Path;
use std::process::{Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ikd::config::SmtpTls;
use serde_json::Value;
use sqlx::{Connection, PgConnection};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::time::Instant;

use support::smtp::MailServer;
use support::{Signal, postgres};

/// The URL that devices use. Nothing listens there: which node gets a request is the test's choice.
pub const PUBLIC: &str = "http://ikd.example.test";

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

/// The program with an environment of its own.
pub fn ikd(folder: &Path, env: &[(String, String)]) -> Command {
    let mut command = Command::new(support::program());
    command.current_dir(folder).env_clear().envs(env.iter().cloned()).kill_on_drop(true).stdin(Stdio::null());
    command
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Everything that nodes share.
pub struct World {
    pub folder: tempfile::TempDir,
    pub database: String,
    pub mail: MailServer,
    env: Vec<(String, String)>,
}

impl World {
    /// A migrated database and a mail server; no keys yet.
    pub async fn bare() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = postgres::new_database().await;
        let mail = tokio::task::spawn_blocking(|| MailServer::start(SmtpTls::Starttls)).await.unwrap();
        let config = mail.config();
        let env = [
            ("DATABASE__URL", database.clone()),
            ("KEYS__DIRECTORY", folder.path().join("keys").display().to_string()),
            ("KEYS__PUBLISH_AHEAD_SECONDS", String::from("0")),
            ("SERVICE__PUBLIC_URL", PUBLIC.to_owned()),
            ("HTTP__LISTEN", String::from("127.0.0.1:0")),
            ("HTTP__METRICS_LISTEN", String::new()),
            ("CAPTCHA__MAX_NUMBER", String::from("500")),
            ("REGISTER__RETRY_SECONDS", String::from("1")),
            ("MAIL__TRANSPORT", String::from("smtp")),
            ("MAIL__FROM", config.from),
            ("MAIL__SMTP__HOST", config.smtp.host),
            ("MAIL__SMTP__PORT", config.smtp.port.to_string()),
            ("MAIL__SMTP__TLS", String::from("starttls")),
            ("MAIL__SMTP__USERNAME", config.smtp.username),
            ("MAIL__SMTP__PASSWORD", config.smtp.password.expose().clone()),
            ("MAIL__SMTP__CA_FILE", config.smtp.ca_file.unwrap().display().to_string()),
            ("MAIL__SMTP__CONNECTIONS", String::from("8")),
        ];
        let env = env.map(|(name, value)| (format!("IKD__{name}"), value)).to_vec();
        Self { folder, database, mail, env }
    }

    /// With keys.
    pub async fn new() -> Self {
        let world = Self::bare().await;
        world.json(&["keys", "init"]).await;
        world
    }

    /// The environment of nodes and commands, with some variables changed (`HTTP__LISTEN` …).
    pub fn env(&self, changes: &[(&str, &str)]) -> Vec<(String, String)> {
        let mut env = self.env.clone();
        env.extend(changes.iter().map(|(name, value)| (format!("IKD__{name}"), (*value).to_owned())));
        env
    }

    /// Runs a command to its end.
    pub async fn run(&self, arguments: &[&str]) -> Output {
        self.run_with(&[], arguments).await
    }

    pub async fn run_with(&self, changes: &[(&str, &str)], arguments: &[&str]) -> Output {
        let mut command = ikd(self.folder.path(), &self.env(changes));
        tokio::time::timeout(Duration::from_secs(60), command.args(arguments).output()).await.unwrap().unwrap()
    }

    /// Runs a command that succeeds, and reads the one JSON document that it prints.
    pub async fn json(&self, arguments: &[&str]) -> Value {
        let output = self.run(&[&["--format", "json"], arguments].concat()).await;
        let (printed, errors) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success(), "{arguments:?}: {printed}{errors}");
        serde_json::from_str(&printed).unwrap_or_else(|_| panic!("{arguments:?}: {printed}{errors}"))
    }

    /// Starts a node and waits until it is ready.
    pub async fn node(&self, changes: &[(&str, &str)]) -> Node {
        Node::start(self.folder.path(), &self.env(changes)).await
    }

    /// A connection past the service, for what only an intruder or a calendar could do.
    pub async fn sql(&self) -> PgConnection {
        PgConnection::connect(&self.database).await.unwrap()
    }
}

/// A running `ikd serve`, killed when dropped.
pub struct Node {
    child: Child,
    printed: Arc<Mutex<String>>,
    /// Where this node itself answers.
    pub base: String,
}

impl Node {
    pub async fn start(folder: &Path, env: &[(String, String)]) -> Self {
        let mut command = ikd(folder, env);
        command.arg("serve");
        Self::run(command).await
    }

    /// With a soft and a hard limit of open files.
    pub async fn start_with_files(folder: &Path, env: &[(String, String)], soft: u32, hard: u32) -> Self {
        let program = support::program();
        let mut command = Command::new("/bin/sh");
        command.current_dir(folder).env_clear().envs(env.iter().cloned()).kill_on_drop(true).stdin(Stdio::null());
        command.arg("-c").arg(format!("ulimit -Sn {soft} && ulimit -Hn {hard} && exec '{}' serve", program.display()));
        Self::run(command).await
    }

    async fn run(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let printed = Arc::new(Mutex::new(String::new()));
        collect(child.stdout.take().unwrap(), &printed);
        collect(child.stderr.take().unwrap(), &printed);
        let seen = Arc::clone(&printed);
        let address = until("the node is ready", 30, async || {
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

    /// `kill -9`.
    pub async fn kill(&mut self) {
        self.child.kill().await.unwrap();
    }

    /// Sends SIGTERM.
    pub async fn terminate(&self) {
        signal(&self.child, Signal::TERM);
    }

    /// Waits for the end and gives the exit code.
    pub async fn ended(&mut self, seconds: u64) -> Option<i32> {
        let status = tokio::time::timeout(Duration::from_secs(seconds), self.child.wait()).await;
        status.unwrap_or_else(|_| panic!("still running after {seconds} s:\n{}", self.printed())).unwrap().code()
    }
}

pub fn signal(child: &Child, signal: Signal) {
    support::signal(child.id().unwrap(), signal).unwrap();
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
