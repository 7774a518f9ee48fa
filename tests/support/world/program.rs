//! The program itself: a database, a mail server, a key directory, and as many nodes as a test starts as processes.

use std::process::Output;
use std::time::Duration;

use ikd::clock::Clock;
use ikd::config::SmtpTls;
use ikd::random::Random;
use serde_json::Value;
use sqlx::{Connection, PgConnection};

use super::{Applicant, Host, LogIn, Person, World, code_in};
use crate::Engine;
use crate::client::Bank;
use crate::node::{Node, ikd, text};
use crate::smtp::{MailServer, Received};
use crate::until;

/// The URL that devices use. Nothing listens there: which node gets a request is the test's choice.
const PUBLIC: &str = "http://ikd.example.test";

/// Everything that nodes share.
pub struct Program {
    /// Where files lie; the folder that commands run in.
    pub folder: tempfile::TempDir,
    /// The database's URL.
    pub database: String,
    /// Takes all mail.
    pub mail: MailServer,
    env: Vec<(String, String)>,
    /// Residents who can register.
    pub people: Vec<Person>,
    officer: Option<LogIn>,
    /// Printed when the relying party was added.
    pub api_key: String,
    /// The same key's id.
    pub key_id: String,
}

impl Host for Program {
    const CAPTCHA: bool = true;

    fn public_url(&self) -> &str {
        PUBLIC
    }

    fn clock(&self) -> Clock {
        Clock::System
    }

    fn letter_texts(&self) -> Vec<String> {
        self.mail.received().into_iter().map(|letter| letter.message).collect()
    }
}

impl Program {
    async fn new(engine: Engine) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = engine.new_database(folder.path()).await;
        Self::over(folder, database, engine).await
    }

    async fn over(folder: tempfile::TempDir, database: String, engine: Engine) -> Self {
        let mail = tokio::task::spawn_blocking(|| MailServer::start(SmtpTls::Starttls)).await.unwrap();
        let config = mail.config();
        let env = [
            ("DATABASE__URL", database.clone()),
            ("DATABASE__SHARDS", engine.shards().to_string()),
            ("DATABASE__CONNECTIONS", engine.connections().to_string()),
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
        let (people, officer, api_key, key_id) = (Vec::new(), None, String::new(), String::new());
        Self { folder, database, mail, env, people, officer, api_key, key_id }
    }

    /// Office, officer, bank and a register of 20, all through the command line.
    async fn staff(&mut self, show: usize) {
        self.json(&["office", "add", "UJI-01", "Dukcapil Uji"]).await;
        let words = ["officer", "add", "petugas", "Petugas Uji", "--office", "UJI-01", "--generate-password"];
        self.officer = Some(LogIn::read(&self.json(&words).await));
        let show = show.to_string();
        let made = self.json(&["register", "generate", "--count", "20", "--portraits", "--show", &show]).await;
        assert_eq!(made["written"], 20);
        self.people = made["residents"].as_array().unwrap().iter().map(Person::read).collect();
        let purpose = "open_account=Membuka rekening|Opening an account";
        let party =
            self.json(&["relying-party", "add", "Bank Uji", "--attributes", "full", "--purpose", purpose]).await;
        let member = |name: &str| party[name].as_str().unwrap().to_owned();
        (self.api_key, self.key_id) = (member("api_key"), member("key_id"));
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

    /// The same in a changed environment.
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

    /// A connection past the service to a database of PostgreSQL, for what only an intruder or a calendar could do.
    pub async fn sql(&self) -> PgConnection {
        PgConnection::connect(&self.database).await.unwrap()
    }

    /// The officer's log-in.
    pub fn officer(&self) -> &LogIn {
        self.officer.as_ref().expect("a world without staff")
    }
}

impl World<Program> {
    /// A database and a mail server; no keys yet.
    pub async fn bare(engine: Engine) -> Self {
        Self::around(Program::new(engine).await, Random::system())
    }

    /// With keys.
    pub async fn with_keys(engine: Engine) -> Self {
        let host = Program::new(engine).await;
        host.json(&["keys", "init"]).await;
        Self::around(host, Random::system())
    }

    /// With keys, over a database of the test's own: a file in the world's folder, or the servers at `url`.
    pub async fn with_keys_over(url: Option<&str>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (engine, database) = match url {
            Some(url) => (Engine::Postgres, url.to_owned()),
            None => (Engine::Sqlite, Engine::Sqlite.new_database(folder.path()).await),
        };
        let host = Program::over(folder, database, engine).await;
        host.json(&["keys", "init"]).await;
        Self::around(host, Random::system())
    }

    /// With keys, an officer, a bank, and so many people who may register.
    pub async fn with_people(engine: Engine, count: usize) -> Self {
        let mut host = Program::new(engine).await;
        host.json(&["keys", "init"]).await;
        host.staff(count).await;
        Self::around(host, Random::system())
    }

    /// The relying party, asking at this node.
    pub fn bank(&self, base: &str) -> Bank {
        self.bank_at(base, &self.api_key)
    }

    /// Registered, with a selfie, from a phone whose requests go to the nodes in turn.
    pub async fn waiting(&self, nodes: &[&str], person: usize, email: &str) -> Applicant {
        self.waiting_from(self.phone_at(nodes), &self.people[person], email).await
    }

    /// The message with the code of a registration, waited for.
    pub async fn letter_about(&self, applicant: &Applicant) -> Received {
        let has_code = |letter: &Received| code_in(&letter.message, &applicant.id).is_some();
        until("the mail with the code", 20, async || self.mail.received().into_iter().find(has_code)).await
    }

    /// From the first screen to the unlocked app.
    pub async fn active(&self, nodes: &[&str], person: usize) -> Applicant {
        let mut applicant = self.waiting(nodes, person, &format!("warga{person}@contoh.id")).await;
        let officer = self.log_in_at(nodes[0], self.officer()).await;
        self.visit(&officer, &applicant).await;
        self.activate(&mut applicant).await;
        applicant
    }
}
