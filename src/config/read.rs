//! Reading a configuration: which file counts, variables over it, and what is wrong told by place and name of the key, never
//! by its value.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use toml::{Table, Value};

use super::{Config, ConfigError};

/// The file in the working directory that is read when none is named.
pub const LOCAL_FILE: &str = "ikd.toml";
/// The file of the Debian package, read when none is named and there is none in the working directory.
pub const PACKAGED_FILE: &str = "/etc/ikd/ikd.toml";
/// What the names of our variables begin with, in small letters.
const PREFIX: &str = "ikd__";
/// What stands between the section and the key in a variable's name.
const SEPARATOR: &str = "__";

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
        let mut variables = Variables::new();
        for (name, value) in std::env::vars_os() {
            // A name that is no Unicode is none of ours.
            let Some(name) = name.to_str().filter(|name| keys(name).is_some()) else { continue };
            let value = value.into_string().map_err(|_| ConfigError::Unreadable(format!("{name}: not UTF-8")))?;
            variables.insert(name.to_owned(), value);
        }
        Self::read(text, path, &variables)
    }

    fn read(text: &str, path: &Path, variables: &Variables) -> Result<Self, ConfigError> {
        // The message of a syntax error would show the line, and with it a password.
        let mut table: Table = text.parse().map_err(|error: toml::de::Error| {
            let place = place(path, text, error.span());
            ConfigError::Unreadable(format!("{place}: no TOML; the line is not shown, it may hold a secret"))
        })?;
        let kinds = Table::try_from(Self::default()).map_err(|error| ConfigError::Unreadable(error.to_string()))?;
        for (name, value) in variables {
            let keys: Vec<String> = keys(name).unwrap_or_default();
            put(&mut table, Some(&kinds), &keys, value);
        }
        match serde_path_to_error::deserialize(table) {
            Ok(config) => Self::checked(config),
            Err(error) => {
                let key = error.path().to_string();
                let at = variables.keys().find(|name| keys(name).is_some_and(|keys| keys.join(".").starts_with(&key)));
                Err(ConfigError::Unreadable(match (at, Self::fault_in(text)) {
                    (_, Some((span, key, message))) => told(&place(path, text, span), &key, &message),
                    (Some(name), None) => told(name, &key, error.inner().message()),
                    (None, None) => told(&path.display().to_string(), &key, error.inner().message()),
                }))
            }
        }
    }

    /// What the file alone has wrong: where, which key, the reader's words.
    fn fault_in(text: &str) -> Option<(Option<Range<usize>>, String, String)> {
        let reader = toml::Deserializer::parse(text).ok()?;
        let error = serde_path_to_error::deserialize::<_, Self>(reader).err()?;
        Some((error.inner().span(), error.path().to_string(), error.inner().message().to_owned()))
    }
}

/// Variables by their names.
type Variables = BTreeMap<String, String>;

/// The section and the key that a variable's name leads to; none for a name that is not ours.
fn keys(name: &str) -> Option<Vec<String>> {
    Some(name.to_ascii_lowercase().strip_prefix(PREFIX)?.split(SEPARATOR).map(str::to_owned).collect())
}

/// Puts a variable's text at its place, as what the default there is: a password may look like a number. What has no default
/// is a text.
fn put(table: &mut Table, kinds: Option<&Table>, keys: &[String], text: &str) {
    let Some((key, inner)) = keys.split_first() else { return };
    let kind = kinds.and_then(|kinds| kinds.get(key));
    if inner.is_empty() {
        table.insert(key.clone(), typed(kind, text));
        return;
    }
    let section = table.entry(key.as_str()).or_insert_with(|| Value::Table(Table::new()));
    if !section.is_table() {
        *section = Value::Table(Table::new());
    }
    if let Value::Table(section) = section {
        put(section, kind.and_then(Value::as_table), inner, text);
    }
}

/// The text as what is wanted; as it stands where it is no such thing, which the reader then refuses.
fn typed(kind: Option<&Value>, text: &str) -> Value {
    let read = match kind {
        Some(Value::Integer(_)) => text.trim().parse().ok().map(Value::Integer),
        Some(Value::Float(_)) => text.trim().parse().ok().map(Value::Float),
        Some(Value::Boolean(_)) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "1" | "on" | "yes" => Some(Value::Boolean(true)),
            "false" | "0" | "off" | "no" => Some(Value::Boolean(false)),
            _ => None,
        },
        // A value with commas of its own stands in a list as in the file.
        Some(Value::Array(_)) if text.trim_start().starts_with('[') => {
            let read: Option<Table> = format!("list = {text}").parse().ok();
            read.and_then(|mut read| read.remove("list"))
        }
        Some(Value::Array(_)) => {
            let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
            Some(Value::Array(parts.map(|part| Value::String(part.to_owned())).collect()))
        }
        _ => None,
    };
    read.unwrap_or_else(|| Value::String(text.to_owned()))
}

/// `ikd.toml, line 7`.
fn place(path: &Path, text: &str, span: Option<Range<usize>>) -> String {
    let before = span.and_then(|span| text.get(..span.start)).unwrap_or_default();
    format!("{}, line {}", path.display(), before.matches('\n').count() + 1)
}

/// What is wrong and where, with the key's name but never its value: it may be a password in the wrong place.
fn told(place: &str, key: &str, message: &str) -> String {
    let key = if key == "." { String::new() } else { format!("{key}: ") };
    format!("{place}: {key}{}", without_value(message))
}

/// A message of serde's without what it quotes of a value. Names of keys are no secrets.
fn without_value(message: &str) -> String {
    if message.starts_with("unknown field") {
        return message.to_owned();
    }
    let wanted = message.rsplit_once("expected ").map(|(_, wanted)| in_words(wanted));
    if let (Some(wanted), Some(given)) = (&wanted, message.strip_prefix("invalid type: ")) {
        // `string "hunter2"`, `integer `7``: the kind is said, the value is not.
        let given = given.split(['"', '`', ',']).next().unwrap_or_default().trim();
        return format!("{wanted} is expected, not a {given}");
    }
    format!("the value cannot be used{}", wanted.map_or_else(String::new, |wanted| format!("; write {wanted}")))
}

/// What is expected, in words that do not need our source.
fn in_words(wanted: &str) -> String {
    match wanted {
        "u16" => String::from("a whole number from 0 to 65535"),
        "u32" | "u64" | "usize" => String::from("a whole number from 0 on"),
        "i64" => String::from("a whole number"),
        "a boolean" => String::from("true or false"),
        "path string" => String::from("the name of a file"),
        _ if wanted.starts_with("struct ") => String::from("a section with keys"),
        _ => wanted.replace('`', "\"").trim_start_matches("one of ").to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Mode;

    #[test]
    fn the_default_runs_embedded_and_round_trips_as_toml() {
        let config = Config::default();
        assert!(config.check_strength().is_ok());
        let again: Config = toml::from_str(&config.masked()).unwrap();
        assert_eq!(again.http.listen, "127.0.0.1:8080");
    }

    fn with_variables(text: &str, pairs: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let variables = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Config::read(text, Path::new(LOCAL_FILE), &variables)
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
        let config = with_variables("", &pairs).unwrap();
        assert_eq!(config.mail.smtp.password.expose(), "00123456");
        assert_eq!(config.mail.smtp.username, "1e5");
        assert!(config.http.behind_proxy && config.mail.smtp.port == 465);
        assert_eq!(config.http.trusted_proxies, ["10.0.0.5", "2001:db8::/32"]);
        assert_eq!(config.service.mode, Mode::Production);
        let shares =
            ["0.25", "1"].map(|share| with_variables("", &[("IKD__TRACES__SAMPLE", share)]).unwrap().traces.sample);
        assert_eq!(shares.map(|share| share.to_string()), ["0.25", "1"]);
        let listed = [("IKD__HTTP__TRUSTED_PROXIES", r#" ["10.0.0.5,", '::1'] "#)];
        let told = with_variables("", &listed).unwrap_err().to_string();
        assert!(told.contains("entry 1 is no address"), "a comma within a value is not between two: {told}");
        for broken in ["[10.0.0.5", "[1, 2]", "[\"10.0.0.5\"] more", "[]\nlist = 1"] {
            assert!(with_variables("", &[("IKD__HTTP__TRUSTED_PROXIES", broken)]).is_err(), "{broken}");
        }
    }

    #[test]
    fn settings_that_would_break_something_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("ikd.toml");
        for wrong in [
            "[keys]\nrefresh_seconds = 60\n",
            "[database]\nconnections = 2\n",
            "[captcha]\nmax_number = 0\n",
            "[captcha]\nmax_number = 9000000000000000000\n",
            "[retention]\nregistration_days = 7\n",
            "[quota]\nchecks_per_minute = -1\n",
            "[quota]\nchecks_per_day = 1000000001\n",
            "[limits]\nrefusals_per_hour = 0\n",
            "[limits]\ncall_back_percent = 101\n",
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
            "[service]\npublic_url = \"https://ikd.contoh.go.id\"\n[staff]\nrequire_passkey = [\"boss\"]\n",
            "[service]\npublic_url = \"https://192.0.2.7\"\n[staff]\nrequire_passkey = [\"head\"]\n",
            "[service]\npublic_url = \"https://ikd.contoh.go.id\"\nstaff_url = \"https://ikd.contoh.go.id/\"\n",
            "[service]\npublic_url = \"https://ikd.contoh.go.id\"\ndocumentation_url = \"https://ikd.contoh.go.id/docs\"\n",
            "[service]\nstaff_url = \"https://petugas.contoh.go.id\"\ndocumentation_url = \"https://petugas.contoh.go.id\"\n",
            "[service]\nstaff_url = \"petugas.contoh.go.id\"\n",
            "[service]\npublic_url = \"https://ikd.contoh.go.id\"\nstaff_url = \"https://ikd.contoh.go.id:8443\"\n",
            "[service]\nstaff_url = \"https://petugas.contoh.go.id/ikd\"\n",
            "[service]\npublic_url = \"https://ikd.contoh.go.id\"\nstaff_url = \"https://192.0.2.7\"\n[staff]\nrequire_passkey = [\"head\"]\n",
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
            "[service]\nstaff_url = \"https://petugas.contoh.go.id/\"\ndocumentation_url = \"\"\n",
            "[service]\npublic_url = \"https://192.0.2.7\"\nstaff_url = \"https://petugas.contoh.go.id\"\n[staff]\nrequire_passkey = [\"head\"]\n",
            "[service]\npublic_url = \"https://ikd.contoh.go.id:8443/ikd\"\n",
            "[service]\npublic_url = \"https://ikd.contoh.go.id\"\n[staff]\nrequire_passkey = [\"auditor\", \"employee\"]\n",
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

    #[test]
    fn what_is_wrong_is_found_where_it_stands() {
        let file = "[http]\nlisten = \"127.0.0.1:1\"\n\n[mail.smtp]\nport = \"x\"\n";
        let told = |text: &str, pairs: &[(&str, &str)]| with_variables(text, pairs).unwrap_err().to_string();
        let wrong = "ikd.toml, line 5: mail.smtp.port: a whole number from 0 to 65535 is expected, not a string";
        assert_eq!(told(file, &[]), wrong);
        assert_eq!(with_variables(file, &[("IKD__MAIL__SMTP__PORT", "25")]).unwrap().mail.smtp.port, 25);
        let port = [("IKD__MAIL__SMTP__PORT", "hunter2"), ("IKD__HTTP__LISTEN", "x")];
        let wrong = "IKD__MAIL__SMTP__PORT: mail.smtp.port: a whole number from 0 to 65535 is expected, not a string";
        assert_eq!(told("", &port), wrong);
        for (name, value, words) in [
            ("IKD__HTTP__LISSTEN", "x", "unknown field `lissten`"),
            ("IKD__HTTP", "hunter2", "http: a section with keys is expected, not a string"),
            ("IKD__SERVICE__MODE", "demo", "write \"development\" or \"production\""),
            ("IKD__HTTP__BEHIND_PROXY", "maybe", "true or false"),
            ("IKD__DATABASE__CONNECTIONS", "-1", "a whole number from 0 on"),
            ("IKD__HTTP__LISTEN__PORT", "hunter2", "http.listen"),
        ] {
            let told = told("[http]\nconnections = 7\n", &[(name, value)]);
            assert!(told.starts_with(name) && told.contains(words) && !told.contains("hunter2"), "{told}");
        }
    }
}
