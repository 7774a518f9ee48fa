//! Configuration: one TOML file, environment variables `IKD__SECTION__KEY` over it, a working default for every key.

mod api_keys;
mod collector;
mod feed;
pub mod hosts;
mod last_day;
mod mask;
mod read;
mod strength;
mod usable;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub use self::read::{LOCAL_FILE, PACKAGED_FILE};
pub use self::usable::ROLES;
use crate::secret::Redacted;

pub use self::api_keys::ApiKeys;
pub use self::collector::collector;
pub use self::feed::{FEED_PUBLIC_KEYS, FeedPublicKey};
pub use self::last_day::LastDay;
pub(crate) use self::strength::is_loopback;

/// The effective configuration. `ikd config check` prints it with secrets masked.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Who this service is.
    pub service: Service,
    /// Where and how it listens.
    pub http: Http,
    /// Where the rows are.
    pub database: Database,
    /// Where the keys are.
    pub keys: Keys,
    /// How mail leaves.
    pub mail: Mail,
    /// The proof of work asked of devices.
    pub captcha: Captcha,
    /// The population register.
    pub register: Register,
    /// How people of the staff log in.
    pub staff: Staff,
    /// How systems of relying parties log in.
    pub relying_party: RelyingParty,
    /// What is sent to relying parties.
    pub webhook: Webhook,
    /// What relying parties may whose contracts do not say.
    pub quota: QuotaDefault,
    /// The log of stops outside the database.
    pub stop_log: StopLog,
    /// The log that outsiders check.
    pub tlog: Tlog,
    /// The audit log outside the database.
    pub audit: Audit,
    /// How long what ended is kept.
    pub retention: Retention,
    /// Flood protection per process; what guards secrets is counted in rows and is not configurable.
    pub limits: Limits,
    /// Logs.
    pub log: Log,
    /// Traces.
    pub traces: Traces,
}

/// What the set-up is for. Production refuses weak combinations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// `ikd demo`: everything embedded, keys made on the spot, the clock can be turned. No file or variable can say it.
    #[serde(skip_deserializing)]
    Demo,
    /// A developer's machine.
    #[default]
    Development,
    /// Real residents.
    Production,
}

/// Who this service is.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Service {
    /// `development` or `production` (`demo` is set by the command).
    pub mode: Mode,
    /// The URL that devices use, without a slash at the end. DPoP proofs are bound to it.
    pub public_url: String,
    /// The URL of the pages of offices, tellers and administrators, under a name of their own: what browsers keep there, no page of
    /// residents reaches (docs/adr/0039-names-of-their-own.md). None for `public_url`.
    pub staff_url: Option<String>,
    /// The URL of the documentation (`/docs`, `/problems`), under a name of its own. None for `public_url`.
    pub documentation_url: Option<String>,
    /// The `iss` of every token.
    pub issuer: String,
    /// The user as whom commands go on that root started; empty for none.
    pub run_as: String,
    /// Other names under which this machine is reached; only `ikd demo` sets them, to lead from there to `public_url`.
    #[serde(skip)]
    pub other_names: Vec<String>,
}

impl Default for Service {
    fn default() -> Self {
        Self {
            mode: Mode::Development,
            public_url: String::from("http://127.0.0.1:8080"),
            staff_url: None,
            documentation_url: None,
            issuer: String::from("ikd.example"),
            run_as: String::new(),
            other_names: Vec::new(),
        }
    }
}

impl Service {
    /// Where the pages of the staff are.
    pub fn staff_url(&self) -> &str {
        self.staff_url.as_deref().unwrap_or(&self.public_url)
    }
}

/// Where and how it listens.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Http {
    /// Address and port of the public listener.
    pub listen: String,
    /// Address and port of the metrics listener; empty for none. Beyond this machine it speaks TLS with the public listener's certificate,
    /// where that has one.
    pub metrics_listen: String,
    /// PEM file with the certificate chain; together with `tls_key` it makes the listener speak TLS.
    pub tls_certificate: Option<PathBuf>,
    /// PEM file with the private key.
    pub tls_key: Option<PathBuf>,
    /// A proxy that terminates TLS stands in front. On this machine it is believed about clients' addresses; elsewhere it is
    /// named in `trusted_proxies`.
    pub behind_proxy: bool,
    /// In production: what runs between a proxy and this listener without TLS stays within one machine or pod, though the listener's address
    /// does not say so.
    pub plain_proxies: bool,
    /// In development: others than this machine may reach the listeners. Whoever does sees everything; the local mailbox
    /// stays this machine's.
    pub expose_development: bool,
    /// Serve the browsable description of the API at `/docs`. It shares the origin of the pages; the description itself
    /// (`/openapi.json`) is served in any case.
    pub documentation: bool,
    /// Addresses and networks (CIDR) of the proxies whose `X-Forwarded-For` or `Forwarded` is believed.
    pub trusted_proxies: Vec<String>,
    /// Connections at once; when there are more, the longest quiet ones of the client with most give way.
    pub connections: usize,
    /// Seconds a client has to send its header.
    pub header_timeout_seconds: u64,
    /// Seconds a request may take in all.
    pub request_timeout_seconds: u64,
    /// Seconds that open requests have to finish at a stop.
    pub stop_timeout_seconds: u64,
}

impl Default for Http {
    fn default() -> Self {
        Self {
            listen: String::from("127.0.0.1:8080"),
            metrics_listen: String::from("127.0.0.1:9464"),
            tls_certificate: None,
            tls_key: None,
            behind_proxy: false,
            plain_proxies: false,
            expose_development: false,
            documentation: true,
            trusted_proxies: Vec::new(),
            connections: 4_096,
            header_timeout_seconds: 10,
            request_timeout_seconds: 30,
            stop_timeout_seconds: 20,
        }
    }
}

/// Where the rows are.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Database {
    /// `sqlite:PATH`, whose path is taken as it stands, or `postgres://user:password@host/name?sslmode=verify-full`. With
    /// several servers, `postgres://user:password@a:5432,b:5432/name`, the one that can be written to is used.
    pub url: Redacted<String>,
    /// Connections a node may hold, at least 3. On PostgreSQL half of them, rounded down, are kept by batches (checks, sessions,
    /// proofs of devices) and the others serve requests one by one; one more watches the server. With shards the batches' half is
    /// divided evenly among them, at least 2 for each, and what is left over, at least 1, is for proofs: so 2 more than 4 times the
    /// shards at least.
    pub connections: u32,
    /// On a Citus cluster: how many shards `packaging/citus.sql` made of each table, 1 to 64. Then each batch of a node holds residents
    /// of one shard.
    pub shards: u32,
    /// For each shard, in the order of their ranges, the URL of the worker that holds it: batches of its residents go there, and
    /// everything else to `url`. Empty, so that all goes to `url`; or as many as `shards`. One more connection watches each. In a
    /// variable: `["postgres://…", "postgres://…"]`, as in a file, because a URL may hold commas.
    pub shard_urls: Vec<Redacted<String>>,
    /// Seconds to wait for a free connection.
    pub acquire_timeout_seconds: u64,
    /// PostgreSQL: seconds that one statement may take; 0 for no limit. Migrations have none. A commit that waits for a
    /// standby is not a statement: it is never given up half way.
    pub statement_timeout_seconds: u64,
    /// PostgreSQL: seconds after which the server ends a transaction in which nothing happens; 0 for never.
    pub idle_transaction_timeout_seconds: u64,
    /// Bring the schema up to date when `serve` starts.
    pub migrate_on_start: bool,
}

impl Default for Database {
    fn default() -> Self {
        Self {
            url: Redacted(String::from("sqlite:var/ikd.db")),
            connections: 16,
            shards: 1,
            shard_urls: Vec::new(),
            acquire_timeout_seconds: 5,
            statement_timeout_seconds: 30,
            idle_transaction_timeout_seconds: 60,
            migrate_on_start: true,
        }
    }
}

/// Where the keys are.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Keys {
    /// The key directory: `root/<n>` and `<purpose>-<kid>.pem`.
    pub directory: PathBuf,
    /// Seconds a key is published before it may sign.
    pub publish_ahead_seconds: i64,
    /// Seconds between looks at the shared key states and the key directory.
    pub refresh_seconds: u64,
    /// A hardware module in which new keys are made.
    pub module: HardwareModule,
}

/// A hardware module that speaks PKCS#11. Without a library there is none, and keys are files.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HardwareModule {
    /// The module's own library, e.g. `/usr/lib/softhsm/libsofthsm2.so`.
    pub library: PathBuf,
    /// The label of its token.
    pub token: String,
    /// A file with the user's PIN, which only its owner may read.
    pub pin_file: PathBuf,
}

impl HardwareModule {
    /// Whether there is one.
    pub fn is_used(&self) -> bool {
        !self.library.as_os_str().is_empty()
    }
}

impl Default for Keys {
    fn default() -> Self {
        Self {
            directory: PathBuf::from("keys"),
            publish_ahead_seconds: 86_400,
            refresh_seconds: 1,
            module: HardwareModule::default(),
        }
    }
}

/// How mail leaves.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mail {
    /// `directory` (a local mailbox of files) or `smtp`.
    pub transport: MailTransport,
    /// Folder of the local mailbox.
    pub directory: PathBuf,
    /// Sender, as `Name <address>`.
    pub from: String,
    /// The mail server.
    pub smtp: Smtp,
}

impl Default for Mail {
    fn default() -> Self {
        Self {
            transport: MailTransport::Directory,
            directory: PathBuf::from("var/mail"),
            from: String::from("IKD Dukcapil <ikd@localhost>"),
            smtp: Smtp::default(),
        }
    }
}

/// The two ways mail can leave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailTransport {
    /// A local mailbox of files; the embedded default, refused in production.
    #[default]
    Directory,
    /// A mail server.
    Smtp,
}

/// The mail server.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Smtp {
    /// Host name, as in its certificate.
    pub host: String,
    /// Port: 587 for STARTTLS, 465 for implicit TLS.
    pub port: u16,
    /// How the connection is protected.
    pub tls: SmtpTls,
    /// Log-in name; empty for no log-in.
    pub username: String,
    /// Password.
    pub password: Redacted<String>,
    /// PEM files with one certificate (a chain is not sent) and its private key, by which this client logs in to a server that asks for one; both, or
    /// neither. The log-in name and password may stay empty then.
    pub certificate_file: Option<PathBuf>,
    /// The private key.
    pub key_file: Option<PathBuf>,
    /// PEM file of an additional certificate authority.
    pub ca_file: Option<PathBuf>,
    /// Connections kept to the server (1–64).
    pub connections: u32,
}

impl Default for Smtp {
    fn default() -> Self {
        Self {
            host: String::from("localhost"),
            port: 587,
            tls: SmtpTls::Starttls,
            username: String::new(),
            password: Redacted(String::new()),
            certificate_file: None,
            key_file: None,
            ca_file: None,
            connections: 12,
        }
    }
}

/// How an SMTP connection is protected (RFC 3207, RFC 8314).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SmtpTls {
    /// STARTTLS, demanded.
    #[default]
    Starttls,
    /// TLS from the first byte.
    Implicit,
    /// No protection; refused in production.
    None,
}

/// The proof of work asked of devices.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Captcha {
    /// The secret number lies between 0 and this: twice the average number of SHA-256 computations. An old phone makes 100,000
    /// to 200,000 a second. For a busy address, and when all are busy, it doubles up to eight times.
    pub max_number: u64,
    /// Registrations a minute from one address before a captcha is asked for; ten times as many from all addresses.
    pub free_per_minute: u32,
}

impl Default for Captcha {
    fn default() -> Self {
        Self { max_number: 300_000, free_per_minute: 30 }
    }
}

/// The population register.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Register {
    /// Seconds the register has to answer.
    pub timeout_seconds: u64,
    /// Seconds between tries while it is down.
    pub retry_seconds: i64,
    /// SHA-256 of the key with which the register's side sends changes to `POST /v1/register/changes`: 64 hexadecimal digits, made by
    /// `ikd register feed-key`. Empty: nobody can with one.
    pub feed_key_sha256: String,
    /// The last day on which that key is taken, as `2027-06-30`; production demands one, at most a year away.
    pub feed_key_until: Option<LastDay>,
    /// Public keys with which the register's side asks for access tokens in place of it: two at most, so that one takes over from the other.
    pub feed_public_keys: Vec<FeedPublicKey>,
}

impl Default for Register {
    fn default() -> Self {
        Self {
            timeout_seconds: 5,
            retry_seconds: 10,
            feed_key_sha256: String::new(),
            feed_key_until: None,
            feed_public_keys: Vec::new(),
        }
    }
}

/// How systems of relying parties log in: always with registered public keys, and with API keys as long as these are taken.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RelyingParty {
    /// Whether API keys are taken too: `taken`, `none`, or the last day on which they are, as `2027-06-30`. Production refuses to take them
    /// without a last day, which is at most a year away.
    pub api_keys: ApiKeys,
}

/// What is sent to relying parties.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Webhook {
    /// PEM file of certificate authorities that are trusted beside this machine's.
    pub ca_file: Option<PathBuf>,
    /// The hosts that webhooks may be at: names (`hook.bank.example`), `*.bank.example` for all below one, `*` for any. Where none is named,
    /// webhooks may be anywhere in development, and nowhere in production.
    pub hosts: Vec<String>,
    /// Send to addresses that are not of the public internet too: what stands beside this service could be reached. Refused in
    /// production.
    pub allow_private: bool,
}

/// How many checks a relying party may put whose contract does not say. What two administrators set for a party counts in its place, each of
/// minute and day for itself.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct QuotaDefault {
    /// In a minute; 0 for no limit.
    pub checks_per_minute: i64,
    /// In a day of Jakarta; 0 for no limit.
    pub checks_per_day: i64,
}

/// The log of stops outside the database, without which a restored copy revives what was stopped since (docs/backup.md).
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StopLog {
    /// Folder in which this process writes a file of its own: on another disk than the database's, and kept as long as copies of the
    /// database are. Empty for none.
    pub directory: PathBuf,
}

/// The log that outsiders check.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tlog {
    /// Seconds between looks at what is new, and so between checkpoints; 1 to 3600.
    pub interval_seconds: u64,
    /// The log's name in its checkpoints, without blanks and plus signs; empty for the issuer with `/log` behind it. Whoever changes it
    /// begins another log in the eyes of all witnesses.
    pub origin: String,
    /// Keys of the witnesses whose cosignatures are taken, as `ikd witness new-key` prints them.
    pub witnesses: Vec<String>,
}

impl Default for Tlog {
    fn default() -> Self {
        Self { interval_seconds: 60, origin: String::new(), witnesses: Vec::new() }
    }
}

/// The audit log outside the database.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Audit {
    /// Folder in which this node writes the audit log as it grows, for whatever ships logs (docs/audit-file.md): its own, on a disk that is
    /// not the database's. Empty for none.
    pub export: PathBuf,
}

/// How long what ended is kept. What protects secrets and pictures is not configurable.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Retention {
    /// Days after its end for which a rejected, expired or cancelled registration is kept: what the resident wrote, what the
    /// officer decided. 30 to 3650.
    pub registration_days: i64,
}

impl Default for Retention {
    fn default() -> Self {
        Self { registration_days: 90 }
    }
}

/// How people of the staff log in.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Staff {
    /// Roles that log in with a passkey, in the words of docs/roles.md: whoever has such a role, or acts in it, adds one before
    /// anything else, and an authenticator code lets them in no more. None for offices that have no keys yet.
    pub require_passkey: Vec<String>,
    /// A file of passwords that leaked, as Have I Been Pwned gives them out, sorted by their SHA-1: none of them is taken
    /// (docs/passwords.md). Without it, the 43,940 most frequent ones are refused.
    pub breached_passwords: Option<PathBuf>,
}

/// Flood protection per process.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Requests a second from one address (burst is four times that); 0 for no limit.
    pub requests_per_second: u32,
    /// Pictures decoded at once.
    pub pictures: usize,
    /// Selfies a minute from one address (twice that at once); 0 for no limit.
    pub selfies_per_minute: u32,
    /// QRs a minute that a holder may draw (all of them at once); 0 for no limit.
    pub presentations_per_minute: u32,
    /// Password hashes computed at once.
    pub password_hashes: usize,
    /// Most verifications under way at once, and fewer where so many would not be answered in time; beyond that 503 `overloaded`.
    pub verifications: usize,
    /// Rows an hour that refusals of one relying party may leave besides holders' histories; beyond that such questions
    /// get 429 `too_many`.
    pub refusals_per_hour: i64,
    /// Of 100 approvals by two of somebody without an e-mail address, how many a third person calls back, drawn by lot; 0 for none.
    pub call_back_percent: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            requests_per_second: 200,
            pictures: 2,
            selfies_per_minute: 30,
            presentations_per_minute: 60,
            password_hashes: 2,
            verifications: 2_048,
            refusals_per_hour: 3_600,
            call_back_percent: 5,
        }
    }
}

/// Logs.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// `json` (one object a line) or `text`.
    pub format: LogFormat,
    /// Filter in the syntax of tracing's `EnvFilter`, e.g. `info` or `ikd=debug`.
    pub level: String,
}

impl Default for Log {
    fn default() -> Self {
        Self { format: LogFormat::Json, level: String::from("info") }
    }
}

/// Traces: how long a request, its transactions and the work in the background took, for a collector that speaks OTLP.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Traces {
    /// Where the collector on this machine listens (OTLP over HTTP), e.g. `http://127.0.0.1:4318`; without it nothing is traced.
    pub endpoint: Option<String>,
    /// The share of requests that is traced, from 0 to 1.
    pub sample: f64,
}

impl Default for Traces {
    fn default() -> Self {
        Self { endpoint: None, sample: 0.01 }
    }
}

/// Shapes of a log line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One JSON object a line.
    #[default]
    Json,
    /// For eyes.
    Text,
}

/// Why a configuration cannot be used; each line says what to change.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file or a variable cannot be read.
    #[error("{0}")]
    Unreadable(String),
    /// It cannot be used, or is too weak for its mode.
    #[error("refused:\n  - {}", .0.join("\n  - "))]
    Weak(Vec<String>),
}
