//! The real binary: a folder with database, keys and mailbox, commands and nodes on it, and people who use them.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use ikd::demo::client::{Bank, Officer, Resident};
use ikd::device::client::PinKey;
use ikd::login::totp;
use ikd::mail::Mailbox;
use ikd::random::Random;
use reqwest::Method;
use serde_json::{Value, json};

use crate::world::{approval, code_in, portrait_bytes};

/// A place where commands and nodes run.
pub struct Site {
    folder: tempfile::TempDir,
    settings: Vec<(String, String)>,
}

impl Site {
    /// An empty folder and a database; a SQLite file when no URL is given.
    pub fn new(database: Option<String>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        let database = database.unwrap_or_else(|| format!("sqlite:{}", path("ikd.db")));
        let settings = vec![
            ("IKD__DATABASE__URL".into(), database),
            ("IKD__KEYS__DIRECTORY".into(), path("keys")),
            ("IKD__KEYS__PUBLISH_AHEAD_SECONDS".into(), "0".into()),
            ("IKD__MAIL__DIRECTORY".into(), path("mail")),
            ("IKD__CAPTCHA__MAX_NUMBER".into(), "50".into()),
            ("IKD__LIMITS__REQUESTS_PER_SECOND".into(), "0".into()),
            ("IKD__CAPTCHA__FREE_PER_MINUTE".into(), "100000".into()),
        ];
        Self { folder, settings }
    }

    /// The folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Sets a variable `IKD__SECTION__KEY` for everything from now on.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.settings.push((format!("IKD__{name}"), value.into()));
    }

    /// The database's URL.
    pub fn database(&self) -> String {
        self.settings[0].1.clone()
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ikd"));
        command.args(words).current_dir(self.folder.path()).envs(self.settings.iter().cloned());
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, words: &[&str]) -> Output {
        self.command(words).stdin(Stdio::null()).output().unwrap()
    }

    /// Runs a command with variables of its own.
    pub fn run_with(&self, words: &[&str], variables: &[(&str, &str)]) -> Output {
        self.command(words).envs(variables.iter().copied()).stdin(Stdio::null()).output().unwrap()
    }

    /// Runs a command that must succeed; what it printed as text.
    pub fn text(&self, words: &[&str]) -> String {
        let output = self.run(words);
        assert_eq!(output.status.code(), Some(0), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs a command that must succeed, with `--format json`; what it printed is one document.
    pub fn json(&self, words: &[&str]) -> Value {
        let text = self.text(&[words, &["--format", "json"]].concat());
        serde_json::from_str(&text).unwrap_or_else(|_| panic!("{words:?}: {text}"))
    }

    /// Keys, residents, an office with an officer, and a relying party, all by commands.
    pub fn crew(&self, residents: usize) -> Crew {
        self.json(&["keys", "init"]);
        let (count, show) = (residents * 3 + 20, residents.to_string());
        let made = self.json(&["register", "generate", "--count", &count.to_string(), "--seed", "7", "--show", &show]);
        self.json(&["office", "add", "UJI-01", "Kantor Uji"]);
        let officer =
            self.json(&["officer", "add", "petugas", "Petugas Uji", "--office", "UJI-01", "--generate-password"]);
        let purpose = "open_account=Membuka rekening|Opening an account";
        let bank = self.json(&["relying-party", "add", "Bank Uji", "--attributes", "full", "--purpose", purpose]);
        Crew { residents: made["residents"].as_array().unwrap().clone(), officer, bank }
    }

    /// Starts a node whose public URL is its own address, or `public_url`; comes back when it is ready.
    pub async fn serve(&self, public_url: Option<&str>) -> Node {
        for _ in 0..5 {
            let (port, metrics) = (free_port(), free_port());
            let base = format!("http://127.0.0.1:{port}");
            let log = self.path(&format!("node-{port}.log"));
            let file = std::fs::File::create(&log).unwrap();
            let child = self
                .command(&["serve"])
                .env("IKD__HTTP__LISTEN", format!("127.0.0.1:{port}"))
                .env("IKD__HTTP__METRICS_LISTEN", format!("127.0.0.1:{metrics}"))
                .env("IKD__SERVICE__PUBLIC_URL", public_url.unwrap_or(&base))
                .stdin(Stdio::null())
                .stdout(file.try_clone().unwrap())
                .stderr(file)
                .spawn()
                .unwrap();
            let mut node = Node { child, base, metrics: format!("http://127.0.0.1:{metrics}/metrics"), log };
            if node.wait_until_ready().await {
                return node;
            }
            // Somebody else took the port in between.
            assert!(node.log().contains("cannot listen"), "{}", node.log());
        }
        panic!("no free port");
    }

    /// The code in the local mailbox for a registration, once its mail has come.
    pub async fn mailed_code(&self, id: &str) -> String {
        let mailbox = Mailbox::create(self.path("mail")).unwrap();
        wait_for("a mail with a code", async || {
            let letters = mailbox.list(1_000).unwrap();
            code_in(letters.iter().map(|letter| letter.text.as_str()), id)
        })
        .await
    }
}

/// A port that is free now.
pub fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Asks until there is something, for at most half a minute.
pub async fn wait_for<T>(what: &str, ask: impl AsyncFn() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = ask().await {
            return found;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "waited in vain for {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// A running `ikd serve`.
pub struct Node {
    child: Child,
    /// Where it answers.
    pub base: String,
    /// Its metrics.
    pub metrics: String,
    log: PathBuf,
}

impl Node {
    async fn wait_until_ready(&mut self) -> bool {
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(60) {
            if self.child.try_wait().unwrap().is_some() {
                return false;
            }
            let asked = reqwest::get(format!("{}/health/ready", self.base)).await;
            if asked.is_ok_and(|answer| answer.status() == 200) {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("not ready after a minute: {}", self.log());
    }

    /// All that it wrote to standard output and error.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    /// Asks it to stop.
    pub fn terminate(&self) {
        signal(self.child.id(), "TERM");
    }

    /// Ends it at once, in the middle of whatever it does.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits for its end; the exit code.
    pub async fn wait(&mut self) -> Option<i32> {
        wait_for_exit(&mut self.child).await
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits at most half a minute for a process; its exit code.
pub async fn wait_for_exit(child: &mut Child) -> Option<i32> {
    let begun = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "it does not stop");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Sends a signal to one process.
pub fn signal(process: u32, name: &str) {
    assert!(Command::new("kill").arg(format!("-{name}")).arg(process.to_string()).status().unwrap().success());
}

/// Who uses a site; as its commands printed them.
pub struct Crew {
    /// `nik`, `full_name`, `birth_date`.
    pub residents: Vec<Value>,
    /// `username`, `password`, `totp_secret`.
    pub officer: Value,
    /// `api_key`, `key_id`.
    pub bank: Value,
}

/// A resident of a site.
pub struct Person {
    /// The phone.
    pub client: Resident,
    /// The registration.
    pub id: String,
}

/// A client's connections.
pub fn http() -> reqwest::Client {
    reqwest::Client::builder().timeout(Duration::from_secs(60)).build().unwrap()
}

impl Crew {
    /// The officer logs in; once within half a minute.
    pub async fn log_in(&self, base: &str) -> Officer {
        log_in(base, &self.officer).await
    }

    /// The relying party at a node.
    pub fn bank(&self, base: &str) -> Bank {
        Bank::new(http(), base, self.bank["api_key"].as_str().unwrap())
    }

    /// A resident registers and takes a selfie.
    pub async fn register(&self, base: &str, number: usize, email: &str) -> Person {
        register(base, &self.residents[number], email).await
    }
}

/// Logs an officer in with what a command or the demo printed.
pub async fn log_in(base: &str, officer: &Value) -> Officer {
    let secret = totp::from_base32(officer["totp_secret"].as_str().unwrap()).unwrap();
    let code = totp::code(&secret, ikd::clock::Clock::System.now()).unwrap();
    let (username, password) = (officer["username"].as_str().unwrap(), officer["password"].as_str().unwrap());
    Officer::log_in(http(), base, username, password, &code).await.unwrap()
}

/// A resident registers from a new phone and takes a selfie.
pub async fn register(base: &str, resident: &Value, email: &str) -> Person {
    let client = Resident::new(http(), base, &Random::system());
    let terms = client.get("/v1/terms").await.unwrap().expect(200).unwrap().text("version").unwrap();
    let body = json!({
        "nik": resident["nik"], "full_name": resident["full_name"], "birth_date": resident["birth_date"],
        "email": email, "phone": "0812 3456 7890", "terms": {"version": terms, "accepted": true},
    });
    let answer = client.post("/v1/registrations", &body).await.unwrap().expect(201).unwrap();
    let id = answer.text("registration_id").unwrap();
    let selfie = |request: reqwest::RequestBuilder| request.header("Content-Type", "image/jpeg").body(portrait_bytes());
    client.send(Method::PUT, &format!("/v1/registrations/{id}/selfie"), selfie).await.unwrap().expect(200).unwrap();
    Person { client, id }
}

/// The officer scans and approves.
pub async fn approve(officer: &Officer, person: &Person) -> String {
    let path = format!("/v1/registrations/{}/activation-token", person.id);
    let token = person.client.post(&path, &json!({})).await.unwrap().expect(200).unwrap().text("token").unwrap();
    officer.post("/v1/officer/scans", &json!({"token": token})).await.unwrap().expect(200).unwrap();
    let path = format!("/v1/officer/registrations/{}/approval", person.id);
    officer.post(&path, &approval()).await.unwrap().expect(200).unwrap();
    token
}

/// The resident enters the code, sets a PIN and unlocks.
pub async fn activate(person: &mut Person, code: &str, key: PinKey) {
    let captcha = person.client.captcha().await.unwrap();
    let path = format!("/v1/registrations/{}/activation-code", person.id);
    person.client.post(&path, &json!({"code": code, "captcha": captcha})).await.unwrap().expect(200).unwrap();
    let id = person.id.clone();
    person.client.set_pin_key(&id, key).await.unwrap().expect(201).unwrap();
    person.client.unlock().await.unwrap().expect(200).unwrap();
}

/// A presentation of an unlocked wallet.
pub async fn present(person: &Person) -> String {
    let answer = person.client.post("/v1/me/presentations", &json!({"share": "basic"})).await.unwrap();
    answer.expect(200).unwrap().text("token").unwrap()
}

/// Whether a file is readable by its owner alone.
pub fn is_private(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o077 == 0
}
