//! `ikd setup`: everything that a new installation needs, once.

use std::io::{BufRead, IsTerminal};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::officer::INITIAL;
use super::staff::ChosenPassword;
use super::{Failure, Format, given_or_read, identity, keys, open_database, output};
use crate::config::{Config, ConfigError, LOCAL_FILE};
use crate::context::Context;
use crate::credential::Algorithm;
use crate::keyring::model::hex;
use crate::office::{Kind, Offices};
use crate::secret::Redacted;
use crate::staff::model::AccountState;
use crate::staff::{Accounts, Listed, Post, Realm, Role, Secrets};

/// The package's file is what a new one is made of.
const TEMPLATE: &str = include_str!("../../packaging/ikd.toml");

/// Arguments of `ikd setup`. What is missing is asked for on a terminal.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Code of the first office: capital letters, digits, hyphens.
    #[arg(long, value_name = "CODE")]
    office: Option<String>,
    /// Name of the first office, as residents know it.
    #[arg(long, value_name = "NAME")]
    office_name: Option<String>,
    /// Log-in name of the first administrator, a supervisor of the first office.
    #[arg(long, value_name = "USERNAME")]
    admin: Option<String>,
    /// Full name of the first administrator.
    #[arg(long, value_name = "NAME")]
    admin_name: Option<String>,
    /// Read the administrator's password from standard input instead of making one.
    #[arg(long)]
    password_stdin: bool,
    /// Into a new configuration file: the address that phones and browsers open.
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// Into a new configuration file: the name of the authority in every token.
    #[arg(long, value_name = "NAME")]
    issuer: Option<String>,
    /// Into a new configuration file: where the rows are, e.g. sqlite:var/ikd.db or postgres://…. With a password in it, give
    /// `-` and the URL on standard input, or set IKD__DATABASE__URL: arguments stand in the list of processes.
    #[arg(long, value_name = "URL")]
    database: Option<String>,
}

/// What was there and what was made.
struct Report {
    config: PathBuf,
    config_made: bool,
    engine: &'static str,
    root_made: bool,
    keys_made: Vec<Value>,
    office: String,
    office_made: bool,
    admin: String,
    admin_made: Made,
    next: Vec<String>,
}

/// Runs the command.
///
/// # Errors
/// [`Failure::Usage`] when something needed is not said and nobody can be asked, [`Failure::Refused`] for bad input,
/// [`Failure::Environment`] when files or the database cannot be used.
pub async fn run(args: Args, named: Option<&Path>, format: Format) -> Result<(), Failure> {
    let people = People { talk: std::io::stdin().is_terminal() && format == Format::Text };
    let (file, config_made) = configuration(&args, named, people).await?;
    let config = Config::load(Some(&file))?;
    crate::telemetry::init(&config.log);
    identity::become_user(&config.service.run_as)?;

    let (context, root_made, made) = keys::init(config, Algorithm::Ed25519).await?;
    let office = first_office(&args, &context, people).await?;
    let (admin, admin_made) = first_admin(&args, &context, &office.code, people).await?;
    let report = Report {
        next: next(&context, &file).await?,
        config: file,
        config_made,
        engine: context.db.engine(),
        root_made,
        keys_made: made.iter().map(|(purpose, kid)| json!({"purpose": purpose.as_str(), "kid": hex(kid)})).collect(),
        office: office.code,
        office_made: office.made,
        admin,
        admin_made,
    };
    context.db.close().await;
    let shown = match format {
        Format::Text => output::write(format_args!("{}", report.text())),
        Format::Json => output::line(format_args!("{}", report.json())),
    };
    if report.admin_made.is_none() {
        return shown;
    }
    let name = &report.admin;
    output::or_lost(shown, &format!("`ikd officer reset-password {name}`, then `ikd officer reset-totp {name}`"))
}

/// Whoever sits before the terminal, if anybody does.
#[derive(Clone, Copy)]
struct People {
    talk: bool,
}

impl People {
    /// What was given; else what a person answers; else the default; else a fault that names the flag.
    fn ask(self, given: Option<&str>, flag: &str, question: &str, default: Option<&str>) -> Result<String, Failure> {
        if let Some(given) = given {
            return Ok(given.to_owned());
        }
        if !self.talk {
            return default.map(str::to_owned).ok_or_else(|| {
                Failure::Usage(format!("{question}: not said, and there is no terminal to ask on; give {flag}"))
            });
        }
        let unreadable = |error: std::io::Error| Failure::Environment(format!("the terminal: {error}"));
        loop {
            match default {
                Some(default) => output::write(format_args!("{question} [{default}]: "))?,
                None => output::write(format_args!("{question}: "))?,
            }
            let mut line = String::new();
            if std::io::stdin().lock().read_line(&mut line).map_err(unreadable)? == 0 {
                return Err(Failure::Usage(format!("{question}: no answer; give {flag}")));
            }
            match (line.trim(), default) {
                ("", Some(default)) => return Ok(default.to_owned()),
                ("", None) => {}
                (answer, _) => return Ok(answer.to_owned()),
            }
        }
    }
}

/// The configuration file; a new one where there is none. Nothing is written before it is known that the values can be used:
/// a file that is there is not changed by a second try.
async fn configuration(args: &Args, named: Option<&Path>, people: People) -> Result<(PathBuf, bool), Failure> {
    let database = args.database.clone().map(|url| given_or_read(url, "Database: ")).transpose()?;
    if let Some(file) = Config::locate(named).filter(|file| file.try_exists().unwrap_or(true)) {
        let config = Config::load(Some(file))?;
        let url = database.as_ref().map(|url| url.expose().as_str());
        let public_url = args.public_url.as_deref().map(|url| url.trim_end_matches('/'));
        let given = [
            ("--public-url", public_url, &config.service.public_url),
            ("--issuer", args.issuer.as_deref(), &config.service.issuer),
            ("--database", url, config.database.url.expose()),
        ];
        let other = given.iter().filter(|(_, given, standing)| given.is_some_and(|given| given != *standing));
        let other: Vec<_> = other.map(|(flag, ..)| *flag).collect();
        if !other.is_empty() {
            return Err(Failure::Usage(format!(
                "{} exists and is not changed: set it there instead of with {}",
                file.display(),
                other.join(", ")
            )));
        }
        return Ok((file.to_owned(), false));
    }
    let file = named.unwrap_or(Path::new(LOCAL_FILE));
    let default = Config::default();
    let public_url = people.ask(
        args.public_url.as_deref(),
        "--public-url",
        "Address that phones and browsers open",
        Some(&default.service.public_url),
    )?;
    let issuer = people.ask(
        args.issuer.as_deref(),
        "--issuer",
        "Name of the authority in tokens",
        Some(&default.service.issuer),
    )?;
    // Set for this call, it would be missing when the service starts.
    #[expect(clippy::disallowed_methods, reason = "there is no configuration yet; the variable will stand over it")]
    let database = database.or_else(|| std::env::var("IKD__DATABASE__URL").ok().map(Redacted));
    let database = database.as_ref().map(|url| url.expose().as_str());
    let database = people.ask(database, "--database", "Database", Some(default.database.url.expose()))?;
    let text = new_file(&public_url, &issuer, &database)?;
    open_database(&usable(&text, file)?).await?.close().await;
    crate::vault::write_private(file, text.as_bytes())?;
    Ok((file.to_owned(), true))
}

/// What the text of a new file says, when a service can start with it.
fn usable(text: &str, file: &Path) -> Result<Config, Failure> {
    Config::from_text(text, file).map_err(|error| Failure::Usage(format!("nothing is written: {error}")))
}

/// The text of a new file: the package's, for the working directory.
fn new_file(public_url: &str, issuer: &str, database: &str) -> Result<String, Failure> {
    let mode = if public_url.starts_with("https://") { "production" } else { "development" };
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let mut out = String::new();
    for line in TEMPLATE.lines() {
        let line = match line.split_once(" = ") {
            Some(("mode", _)) => format!("mode = {}", quoted(mode)),
            Some(("public_url", _)) => format!("public_url = {}", quoted(public_url)),
            Some(("issuer", _)) => format!("issuer = {}", quoted(issuer)),
            Some(("run_as", _)) => String::from("run_as = \"\""),
            Some(("url", _)) => format!("url = {}", quoted(database)),
            Some(("directory", "\"/var/lib/ikd/keys\"")) => String::from("directory = \"keys\""),
            Some(("directory", "\"/var/lib/ikd/stops\"")) => String::from("directory = \"var/stops\""),
            Some(("directory", _)) => String::from("directory = \"var/mail\""),
            _ => line.to_owned(),
        };
        out.push_str(&line);
        out.push('\n');
    }
    // Refused before it is written, so that a second try does not meet a broken file.
    let config: Config = toml::from_str(&out).map_err(|_| Failure::Usage(String::from("the values make no TOML")))?;
    drop(config);
    Ok(out)
}

struct Office {
    code: String,
    made: bool,
}

async fn first_office(args: &Args, context: &Context, people: People) -> Result<Office, Failure> {
    let offices = Offices::new(context.clone());
    let known = offices.all().await?;
    if let Some(first) = known.first() {
        let same = args.office.as_ref().and_then(|code| known.iter().find(|office| office.code == *code));
        return Ok(Office { code: same.unwrap_or(first).code.clone(), made: false });
    }
    let code = people.ask(args.office.as_deref(), "--office", "Code of the first office", None)?;
    let name = people.ask(args.office_name.as_deref(), "--office-name", "Name of the office", None)?;
    let office = offices.add(&code, &name, Kind::Dinas).await?;
    Ok(Office { code: office.code, made: true })
}

/// The administrator's secrets, and the password they were made with, where somebody was added.
type Made = Option<(Secrets, ChosenPassword)>;

async fn first_admin(args: &Args, context: &Context, office: &str, people: People) -> Result<(String, Made), Failure> {
    let accounts = Accounts::new(context.clone());
    let known = accounts.list(Realm::Office).await?;
    let is_supervisor = |one: &Listed| one.person.role == Role::Supervisor && one.state == AccountState::Active;
    if let Some(one) = known.into_iter().find(is_supervisor) {
        return Ok((one.person.username, None));
    }
    let username = people.ask(args.admin.as_deref(), "--admin", "Log-in name of the first administrator", None)?;
    let full_name = people.ask(args.admin_name.as_deref(), "--admin-name", "Full name", None)?;
    let chosen = ChosenPassword::made_or_read(context, !args.password_stdin)?;
    let password = Some(chosen.password.clone());
    let new = accounts.add(Post::Office(office, Role::Supervisor), &username, &full_name, password).await?;
    Ok((username, Some((new, chosen))))
}

/// What is left to do, in order.
async fn next(context: &Context, file: &Path) -> Result<Vec<String>, Failure> {
    let config = &context.config;
    let mut next = vec![format!("back up {}, apart from the database", config.keys.directory.display())];
    if let Err(ConfigError::Weak(reasons)) = config.check_strength() {
        next.extend(reasons.into_iter().map(|reason| format!("in {}: {reason}", file.display())));
    }
    let (_, residents) = crate::register::LocalRegister::new(context.clone()).status().await?;
    if residents == 0 {
        next.push(String::from("fill the register: ikd register import FILE.csv --portraits FOLDER"));
    }
    next.push(String::from("add officers: ikd officer add USERNAME 'FULL NAME' --office CODE --generate-password"));
    next.push(String::from(
        "add who may verify: ikd relying-party add NAME --attributes basic --purpose 'CODE=TEKS|TEXT'",
    ));
    if file == Path::new(crate::config::PACKAGED_FILE) {
        next.push(String::from("start: systemctl restart ikd, then look at journalctl -u ikd"));
    } else {
        next.push(String::from("start: ikd serve"));
    }
    let service = &config.service;
    if service.mode == crate::config::Mode::Production && service.staff_url.is_none() {
        next.push(String::from(
            "give the pages of the staff a name of their own: service.staff_url (packaging/README.md)",
        ));
    }
    next.push(format!("open {}/petugas (counter) and {}/ (residents)", service.staff_url(), service.public_url));
    Ok(next)
}

impl Report {
    fn text(&self) -> String {
        let was = |made: bool| if made { "made  " } else { "exists" };
        let mut text = format!("{}  configuration {}\n", was(self.config_made), self.config.display());
        text.push_str(&format!("ready   database ({})\n", self.engine));
        text.push_str(&format!("{}  root secret\n", was(self.root_made)));
        text.push_str(&format!("{}  signing keys\n", was(!self.keys_made.is_empty())));
        text.push_str(&format!("{}  office {}\n", was(self.office_made), self.office));
        text.push_str(&format!("{}  administrator {} (a supervisor)\n", was(self.admin_made.is_some()), self.admin));
        if let Some((new, chosen)) = &self.admin_made {
            text.push_str("\nShown once; hand over in person:\n");
            if let Some(password) = chosen.shown() {
                text.push_str(&format!("  password       {password}\n"));
            }
            text.push_str(&format!("  authenticator  {}\n", new.totp.secret.expose()));
            text.push_str(&format!("  as address     {}\n{INITIAL}\n", new.totp.address.expose()));
        }
        text.push_str("\nNext:\n");
        for (number, step) in self.next.iter().enumerate() {
            text.push_str(&format!("  {}. {step}\n", number + 1));
        }
        text
    }

    fn json(&self) -> Value {
        let mut admin = json!({"username": self.admin, "role": "supervisor", "made": self.admin_made.is_some()});
        if let Some((new, chosen)) = &self.admin_made {
            admin["officer_id"] = json!(new.staff_id);
            admin["totp_secret"] = json!(new.totp.secret.expose());
            admin["totp_address"] = json!(new.totp.address.expose());
            if let Some(password) = chosen.shown() {
                admin["password"] = json!(password);
            }
        }
        json!({
            "config": {"file": self.config.display().to_string(), "made": self.config_made},
            "database": {"engine": self.engine},
            "keys": {"root_made": self.root_made, "made": self.keys_made},
            "office": {"code": self.office, "made": self.office_made},
            "admin": admin,
            "next": self.next,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_packaged_file_is_a_configuration_and_names_what_is_missing() {
        let config: Config = toml::from_str(TEMPLATE).unwrap();
        assert_eq!(config.service.run_as, "ikd");
        let Err(ConfigError::Weak(reasons)) = config.check_strength() else { panic!("it is complete already") };
        for needle in ["tls_certificate", "mail.transport", "issuer"] {
            assert!(reasons.iter().any(|reason| reason.contains(needle)), "{needle}: {reasons:?}");
        }
    }

    #[test]
    fn a_new_file_holds_what_was_said_whatever_signs_it_has() {
        let (url, database) = ("http://127.0.0.1:8080", "postgres://ikd:a\"b\\c = d@localhost/ikd");
        let config: Config = toml::from_str(&new_file(url, "ikd.contoh.go.id", database).unwrap()).unwrap();
        assert_eq!(config.database.url.expose(), database);
        assert_eq!((config.service.public_url.as_str(), config.service.run_as.as_str()), (url, ""));
        assert_eq!(config.service.mode, crate::config::Mode::Development);
        assert_eq!(config.keys.directory, Path::new("keys"));
        assert_eq!(config.mail.directory, Path::new("var/mail"));
        assert_eq!(
            config.stop_log.directory,
            Path::new("var/stops"),
            "apart from letters, which somebody may tidy away"
        );
        let https: Config = toml::from_str(&new_file("https://ikd.contoh.go.id", "x", "sqlite:a").unwrap()).unwrap();
        assert_eq!(https.service.mode, crate::config::Mode::Production);
    }

    #[tokio::test]
    async fn what_cannot_be_used_is_not_written() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ikd.toml");
        let db = format!("sqlite:{}", folder.path().join("ikd.db").display());
        let try_with = async |url: &str, database: &str| {
            let given = |text: &str| Some(text.to_owned());
            let args = Args {
                office: None,
                office_name: None,
                admin: None,
                admin_name: None,
                password_stdin: false,
                public_url: given(url),
                issuer: None,
                database: given(database),
            };
            configuration(&args, Some(&file), People { talk: false }).await
        };
        let http = "http://127.0.0.1:8080";
        for (url, database) in [
            ("ftp://x", db.as_str()),
            ("https://user:hunter2@x", &db),
            (http, "mysql://u:hunter2@x/y"),
            (http, "sqlite:"),
            (http, "sqlite:/dev/null"),
        ] {
            let told = try_with(url, database).await.unwrap_err().to_string();
            assert!(!told.contains("hunter2") && !file.exists(), "{told}");
        }
        assert!(try_with(http, &db).await.unwrap().1);
        // The same call once more is no contradiction; another one is.
        assert!(!try_with("http://127.0.0.1:8080/", &db).await.unwrap().1);
        assert!(try_with("http://127.0.0.1:9090", &db).await.unwrap_err().to_string().contains("--public-url"));
    }

    #[test]
    fn without_a_terminal_the_missing_flag_is_named() {
        let people = People { talk: false };
        let failure = people.ask(None, "--office", "Code of the first office", None).unwrap_err();
        assert!(failure.to_string().contains("--office") && failure.exit_code() == 2);
        assert_eq!(people.ask(None, "--issuer", "x", Some("y")).unwrap(), "y");
        assert_eq!(people.ask(Some("z"), "--issuer", "x", Some("y")).unwrap(), "z");
    }
}
