//! Configuration: one TOML file, environment variables `IKD__SECTION__KEY` over it, a working default for every key.

mod mask;
mod strength;
mod usable;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::secret::Redacted;

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
    /// How long what ended is kept.
    pub retention: Retention,
    /// Flood protection per process; what guards secrets is counted in rows and is not configurable.
    pub limits: Limits,
    /// Logs.
    pub log: Log,
}

/// What the set-up is for. Production refuses weak combinations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// `ikd demo`: everything embedded, keys made on the spot, the clock can be turned.
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
            issuer: String::from("ikd.example"),
            run_as: String::new(),
            other_names: Vec::new(),
        }
    }
}

/// Where and how it listens.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Http {
    /// Address and port of the public listener.
    pub listen: String,
    /// Address and port of the metrics listener; empty for none.
    pub metrics_listen: String,
    /// PEM file with the certificate chain; together with `tls_key` it makes the listener speak TLS.
    pub tls_certificate: Option<PathBuf>,
    /// PEM file with the private key.
    pub tls_key: Option<PathBuf>,
    /// A proxy that terminates TLS stands in front. On this machine it is believed about clients' addresses; elsewhere it is
    /// named in `trusted_proxies`.
    pub behind_proxy: bool,
    /// In development: others than this machine may reach the listeners. Whoever does sees everything; the local mailbox
    /// stays this machine's.
    pub expose_development: bool,
    /// Serve the browsable description of the API at `/docs`. It shares the origin of the pages; the description itself
    /// (`/openapi.json`) is served in any case.
    pub documentation: bool,
    /// Addresses and networks (CIDR) of the proxies whose `X-Forwarded-For` or `Forwarded` is believed.
    #[serde(deserialize_with = "list")]
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
    /// Connections a node may hold.
    pub connections: u32,
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
}

impl Default for Keys {
    fn default() -> Self {
        Self { directory: PathBuf::from("keys"), publish_ahead_seconds: 86_400, refresh_seconds: 1 }
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
}

impl Default for Register {
    fn default() -> Self {
        Self { timeout_seconds: 5, retry_seconds: 10 }
    }
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
    /// Verifications under way at once; beyond that 503 `overloaded`.
    pub verifications: usize,
    /// Rows an hour that refusals of one relying party may leave besides holders' histories; beyond that such questions
    /// get 429 `too_many`.
    pub refusals_per_hour: i64,
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

/// The file in the working directory that is read when none is named.
pub const LOCAL_FILE: &str = "ikd.toml";
/// The file of the Debian package, read when none is named and there is none in the working directory.
pub const PACKAGED_FILE: &str = "/etc/ikd/ikd.toml";

impl Config {
    /// The file that counts: the one that was named, else `ikd.toml` in the working directory, else the package's, else none.
    /// One in a folder that may not be looked into counts: passed over, it would leave everything in development mode.
    pub fn locate(named: Option<&Path>) -> Option<&Path> {
        let standing =
            || [LOCAL_FILE, PACKAGED_FILE].map(Path::new).into_iter().find(|path| path.try_exists().unwrap_or(true));
        named.or_else(standing)
    }

    /// Reads the file that [`Config::locate`] gives, which must exist when it is named, then the environment over it.
    ///
    /// # Errors
    /// When something is unreadable, unknown or of a wrong type.
    pub fn load(named: Option<&Path>) -> Result<Self, ConfigError> {
        let file = Self::locate(named);
        let path = file.unwrap_or(Path::new(LOCAL_FILE));
        let text = match file.map(std::fs::read_to_string).transpose() {
            Ok(text) => text.unwrap_or_default(),
            Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::PermissionDenied => {
                return Err(ConfigError::Unreadable(format!(
                    "{}: {error}; run the command as root, as the service's user, or name a file with --config",
                    path.display()
                )));
            }
            Err(error) => return Err(ConfigError::Unreadable(format!("{}: {error}", path.display()))),
        };
        // It would count as a file that leaves everything as it is, in development mode. Who wants none names /dev/null.
        if text.is_empty() && file.is_some_and(Path::is_file) {
            return Err(ConfigError::Unreadable(format!(
                "{}: empty, perhaps left by a write that broke off: remove it, then run `ikd setup`",
                path.display()
            )));
        }
        Self::from_text(&text, path)
    }

    /// Reads the text of a file that stands at `path` or is to stand there, then the environment over it.
    ///
    /// # Errors
    /// When something is unreadable, unknown, of a wrong type or out of its bounds.
    pub fn from_text(text: &str, path: &Path) -> Result<Self, ConfigError> {
        // Read once here, because the message of a syntax error would show the line, and with it a password.
        if let Err(error) = text.parse::<toml::Table>() {
            let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            let line = before.matches('\n').count() + 1;
            let place = format!("{}, line {line}", path.display());
            return Err(ConfigError::Unreadable(format!(
                "{place}: no TOML; the line is not shown, it may hold a secret"
            )));
        }
        let source = config::File::from_str(text, config::FileFormat::Toml);
        Self::read(source, config::Environment::with_prefix("IKD"))
    }

    fn read(
        file: impl config::Source + Send + Sync + 'static,
        variables: config::Environment,
    ) -> Result<Self, ConfigError> {
        config::Config::builder()
            .add_source(file)
            // Variables stay texts until a key says what it is: a password may look like a number.
            .add_source(variables.prefix_separator("__").separator("__"))
            .build()
            .and_then(config::Config::try_deserialize)
            .map_err(|error| ConfigError::Unreadable(without_values(&error)))
            .and_then(Self::checked)
    }
}

/// A list, or as a variable has it, `10.0.0.5, 10.0.1.0/24`.
fn list<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Given {
        List(Vec<String>),
        Text(String),
    }
    Ok(match Given::deserialize(deserializer)? {
        Given::List(list) => list,
        Given::Text(text) => {
            text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
        }
    })
}

/// What can be chosen, by the types' names.
const CHOICES: [(&str, &str); 4] = [
    ("Mode", "\"development\" or \"production\""),
    ("MailTransport", "\"directory\" or \"smtp\""),
    ("SmtpTls", "\"starttls\", \"implicit\" or \"none\""),
    ("LogFormat", "\"json\" or \"text\""),
];

/// What is expected, without our name for it (`struct Http`).
fn in_words(expected: &str) -> &str {
    if expected.starts_with("struct ") { "a section with keys" } else { expected }
}

/// What is wrong, with the key's name but never its value: it may be a password in the wrong place.
fn without_values(error: &config::ConfigError) -> String {
    use config::ConfigError as Wrong;
    match error {
        Wrong::At { error, key, .. } => match key {
            Some(key) => format!("{key}: {}", without_values(error)),
            None => without_values(error),
        },
        Wrong::Type { unexpected, expected, key, .. } => {
            let given = unexpected.to_string();
            // `string "hunter2"`, `64-bit integer `7``: the kind is said, the value is not.
            let given = given.split(['"', '`']).next().unwrap_or_default().trim();
            let key = key.as_deref().map_or_else(String::new, |key| format!("{key}: "));
            format!("{key}{} is expected, a {given} is given", in_words(expected))
        }
        Wrong::NotFound(key) => format!("{key} is missing"),
        // Names of keys are no secrets; everything else that serde quotes is a value.
        Wrong::Message(text) if text.starts_with("unknown field") || text.starts_with("missing field") => text.clone(),
        // The crate tells the type's name and the value, and not what can be chosen.
        Wrong::Message(text) if text.starts_with("enum ") => {
            let choice = CHOICES.iter().find(|(name, _)| text.split(' ').nth(1) == Some(name));
            let words = choice.map_or_else(String::new, |(_, words)| format!("; write {words}"));
            format!("the value cannot be used{words}")
        }
        Wrong::Message(text) => {
            let wanted = text.rsplit_once("expected ").map(|(_, wanted)| format!("; expected {}", in_words(wanted)));
            let wanted = wanted.unwrap_or_default();
            format!("the value cannot be used{wanted}")
        }
        _ => String::from("the configuration cannot be read"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_runs_embedded_and_round_trips_as_toml() {
        let config = Config::default();
        assert!(config.check_strength().is_ok());
        let again: Config = toml::from_str(&config.masked()).unwrap();
        assert_eq!(again.http.listen, "127.0.0.1:8080");
    }

    #[test]
    fn variables_are_read_as_their_keys_say() {
        let pairs = [
            ("IKD__MAIL__SMTP__PASSWORD", "00123456"),
            ("IKD__MAIL__SMTP__USERNAME", "1e5"),
            ("IKD__HTTP__BEHIND_PROXY", "true"),
            ("IKD__HTTP__TRUSTED_PROXIES", "10.0.0.5, 2001:db8::/32"),
            ("IKD__MAIL__SMTP__PORT", "465"),
            ("IKD__SERVICE__MODE", "production"),
        ];
        let variables = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let none = config::File::from_str("", config::FileFormat::Toml);
        let environment = config::Environment::with_prefix("IKD").source(Some(variables));
        let config = Config::read(none, environment).unwrap();
        assert_eq!(config.mail.smtp.password.expose(), "00123456");
        assert_eq!(config.mail.smtp.username, "1e5");
        assert!(config.http.behind_proxy && config.mail.smtp.port == 465);
        assert_eq!(config.http.trusted_proxies, ["10.0.0.5", "2001:db8::/32"]);
        assert_eq!(config.service.mode, Mode::Production);
    }

    #[test]
    fn settings_that_would_break_something_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("ikd.toml");
        for wrong in [
            "[keys]\nrefresh_seconds = 60\n",
            "[database]\nconnections = 1\n",
            "[captcha]\nmax_number = 0\n",
            "[captcha]\nmax_number = 9000000000000000000\n",
            "[retention]\nregistration_days = 7\n",
            "[limits]\nrefusals_per_hour = 0\n",
            "[limits]\nverifications = 18446744073709551615\n",
            "[limits]\nverifications = 9223372036854775807\n",
            "[limits]\nrequests_per_second = 4294967295\n",
            "[database]\nacquire_timeout_seconds = 9223372036854775807\n",
            "[register]\nretry_seconds = -5\n",
            "[keys]\npublish_ahead_seconds = -1\n",
            "[service]\npublic_url = \"https:///x\"\n",
            "[service]\npublic_url = \"https://a b\"\n",
            "[service]\npublic_url = \"https://a/?x=1\"\n",
            "[service]\npublic_url = \"https://a/#y\"\n",
            "[service]\npublic_url = \"https://u@a\"\n",
            "[service]\npublic_url = \"https://A.go.id\"\n",
            "[service]\npublic_url = \"https://a.go.id:443\"\n",
            "[service]\npublic_url = \"ftp://x\"\n",
            "[service]\npublic_url = \"https://\"\n",
            "[http]\ntrusted_proxies = [\"10.0.0\"]\n",
            "[http]\ntrusted_proxies = [\"proxy.internal\"]\n",
            "[http]\nbehind_proxy = true\nlisten = \"0.0.0.0:8080\"\n",
            "[http]\nbehind_proxy = true\nlisten = \"[::]:8080\"\n",
        ] {
            std::fs::write(&file, wrong).unwrap();
            assert!(Config::load(Some(&file)).is_err(), "{wrong}");
        }
        for right in [
            "[service]\npublic_url = \"https://ikd.contoh.go.id/\"\n",
            "[service]\npublic_url = \"https://ikd.contoh.go.id:8443/ikd\"\n",
            "[service]\npublic_url = \"http://[::1]:8080\"\n",
            "[http]\ntls_certificate = \"\"\ntls_key = \"\"\n",
            "[http]\nbehind_proxy = true\nlisten = \"[::1]:8080\"\n",
            "[http]\nbehind_proxy = true\nlisten = \"0.0.0.0:8080\"\ntrusted_proxies = [\"10.0.0.0/8\", \"fd00::5\"]\n",
        ] {
            std::fs::write(&file, right).unwrap();
            let config = Config::load(Some(&file)).unwrap_or_else(|error| panic!("{right}: {error}"));
            assert_eq!((config.http.tls_certificate, config.http.tls_key), (None, None), "an empty name names no file");
        }
    }

    #[test]
    fn what_is_wrong_is_named_without_its_value() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("ikd.toml");
        for (text, named) in [
            ("[mail.smtp]\npassword = \"hunter2\nport = 25\n", "line 2"),
            ("[mail.smtp]\npassword = hunter2\n", "line 2"),
            ("[mail.smtp]\nport = \"hunter2\"\n", "port"),
            ("[mail.smtp]\ntls = \"hunter2\"\n", "mail.smtp.tls"),
            ("[service]\nmode = \"hunter2\"\n", "service.mode"),
            ("[service]\nmode = \"hunter2\"\n", "\"development\" or \"production\""),
            ("[mail]\ntransport = \"hunter2\"\n", "\"directory\" or \"smtp\""),
            ("[mail.smtp]\ntls = \"hunter2\"\n", "implicit"),
            ("[log]\nformat = \"hunter2\"\n", "\"json\" or \"text\""),
            ("http = \"hunter2\"\n", "a section with keys"),
            ("[service]\npublic_url = \"https://user:hunter2@ikd.example\"\n", "public_url"),
            ("[http]\ntrusted_proxies = [\"hunter2\"]\n", "entry 1"),
            ("", "ikd setup"),
            ("[database]\nurl = [\"hunter2\"]\n", "url"),
            ("[mail.smtp]\nport = 77777\nusername = \"hunter2\"\n", "port"),
            ("[mail]\nsmtp = \"hunter2\"\n", "smtp"),
        ] {
            std::fs::write(&file, text).unwrap();
            let error = Config::load(Some(&file)).unwrap_err().to_string();
            assert!(!error.contains("hunter2") && !error.contains("77777"), "{error}");
            assert!(error.contains(named), "{named}: {error}");
        }
        assert!(Config::load(Some(&dir.path().join("nowhere.toml"))).unwrap_err().to_string().contains("nowhere.toml"));
    }

    #[test]
    fn unknown_keys_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("ikd.toml");
        std::fs::write(&file, "[http]\nlissten = \"x\"\n").unwrap();
        let error = Config::load(Some(&file)).unwrap_err().to_string();
        assert!(error.contains("lissten"), "{error}");
    }
}
