//! The command line: one file per command. Exit codes: 0 done, 1 refused or not valid, 2 wrong usage, 3 the
//! environment (database, keys, mail) is not usable.

/// Prints a line, or leaves the function with what went wrong. The standard macro would end the program in a panic.
macro_rules! say {
    ($($part:tt)*) => {
        $crate::cli::output::line(format_args!($($part)*))?
    };
}

pub mod administrator;
pub mod audit;
pub mod backup;
pub mod config_check;
pub mod decoder;
#[cfg(feature = "demo")]
pub mod demo;
pub mod docs;
pub mod figures;
pub mod health;
pub mod identity;
pub mod keys;
pub mod office;
pub mod officer;
pub mod output;
pub mod register;
pub mod relying_party;
pub mod restore;
pub mod serve;
pub mod setup;
pub mod staff;
pub mod verify;
pub mod witness;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::{Parser, Subcommand};

use crate::clock::Clock;
use crate::config::{Config, ConfigError, Mode};
use crate::context::{Context, Sources};
use crate::db::{Address, Db, DbError, PoolSizes, Shards};
use crate::decoder::{Decoders, Program};
use crate::error::{Code, Error, Language};
use crate::keyring::hardware::{self, Hardware, HardwareError};
use crate::random::Random;
use crate::vault::{Vault, VaultError};

/// What the long help and the man page say at the end.
const AFTER: &str = "Exit status:
  0  done
  1  refused, or not valid
  2  wrong usage
  3  database, keys, files or mail cannot be used

Files:
  ikd.toml, /etc/ikd/ikd.toml  configuration; `ikd config check` prints every key
  /var/lib/ikd                 database and keys of the Debian package: back them up, apart from each other

Examples:
  ikd setup --office JKT-01 --office-name 'Dukcapil Jakarta Pusat' --admin siti.rahma --admin-name 'Siti Rahma'
  ikd serve";

fn after() -> String {
    if cfg!(feature = "demo") { format!("{AFTER}\n  ikd demo --lan") } else { AFTER.to_owned() }
}

/// Identitas Kependudukan Digital: the service behind the digital KTP.
#[derive(Debug, Parser)]
#[command(name = "ikd", version, about, propagate_version = true, after_long_help = after())]
struct Cli {
    /// Configuration file [default: ikd.toml in the working directory, else /etc/ikd/ikd.toml, where there is one]. Variables
    /// IKD__SECTION__KEY go over it.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Shape of the output.
    #[arg(long, global = true, value_enum, default_value_t)]
    format: Format,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the service.
    Serve(serve::Args),
    /// Run everything embedded and walk through the whole flow as resident, officer and bank.
    #[cfg(feature = "demo")]
    Demo(demo::Args),
    /// Make what a new installation needs: configuration, database, keys, first office and administrator. What exists stays.
    Setup(setup::Args),
    /// Bring the database's schema up to date.
    Migrate,
    /// Copy the embedded database while the service runs. A server is copied with its own tools (docs/backup.md).
    Backup(backup::Args),
    /// After a copy of the database was put in place: stop again what was stopped since, and void what was given out for a while. Before
    /// the service starts.
    Restore(restore::Args),
    /// Ask the service that runs here with this configuration whether it is ready. Exit code 1 when it is not.
    Health,
    /// Look at the configuration.
    Config {
        #[command(subcommand)]
        command: config_check::Command,
    },
    /// Signing keys and root secrets.
    Keys {
        #[command(subcommand)]
        command: keys::Command,
    },
    /// The local population register.
    Register(register::RegisterArgs),
    /// Offices and outreach posts.
    Office {
        #[command(subcommand)]
        command: office::Command,
    },
    /// Officers.
    Officer {
        #[command(subcommand)]
        command: officer::Command,
    },
    /// People of the national administration, who log in at /admin.
    Administrator {
        #[command(subcommand)]
        command: administrator::Command,
    },
    /// Figures of offices and regions: what they rest on, and counting them anew.
    Figures {
        #[command(subcommand)]
        command: figures::Command,
    },
    /// Relying parties, their API keys and employees.
    RelyingParty(relying_party::Args),
    /// Verify a token or receipt offline, against a published key set.
    Verify(verify::Args),
    /// The audit log.
    Audit {
        #[command(subcommand)]
        command: audit::Command,
    },
    /// Watch the log of a service from elsewhere, and check what stands in it. Needs neither configuration nor database.
    Witness {
        #[command(subcommand)]
        command: witness::Command,
    },
    /// Reads pictures for a service that has started it: reads standard input, locked in. `check` shows the locks.
    #[command(hide = true)]
    Decoder {
        #[command(subcommand)]
        command: Option<decoder::Command>,
    },
    /// Man pages and completions, for packagers.
    #[command(hide = true)]
    Docs {
        #[command(subcommand)]
        command: docs::Command,
    },
}

/// How long what still runs on other threads may take once the command is done.
const LEAVING: Duration = Duration::from_secs(2);

/// Parses the process's arguments, runs the command, prints what went wrong, and gives the exit code.
///
/// The runtime is begun here, not in the binary's crate: the compiler builds whatever an `async fn` waits for in the crate that
/// runs it, and would build the whole program there a second time.
pub fn main() -> ExitCode {
    // clap ends with 2 by itself on wrong usage, and with 0 on --help and --version.
    let cli = Cli::parse();
    // Without a runtime: whoever locks itself in has one thread.
    if let Command::Decoder { command } = &cli.command {
        return decoder::run(command.as_ref(), cli.format).unwrap_or_else(|failure| say_why(&failure));
    }
    let runtime = tokio::runtime::Runtime::new();
    let runtime = runtime.map_err(|error| Failure::Environment(format!("the threads of the program: {error}")));
    let ran = runtime.and_then(|runtime| {
        let ran = runtime.block_on(run(cli));
        // A thread that waits for a hardware module or a disk which never answers is not waited for: all that was promised is done.
        runtime.shutdown_timeout(LEAVING);
        ran
    });
    match ran {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => say_why(&failure),
    }
}

fn say_why(failure: &Failure) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "ikd: {failure}");
    ExitCode::from(failure.exit_code())
}

async fn run(cli: Cli) -> Result<(), Failure> {
    let format = cli.format;
    if let Command::Verify(args) = &cli.command {
        return verify::run(args, &Clock::System, format);
    }
    if let Command::Witness { command } = &cli.command {
        return Box::pin(witness::run(command, &Clock::System, format)).await;
    }
    if let Command::Docs { command } = &cli.command {
        return docs::run(command);
    }
    #[cfg(feature = "demo")]
    if let Command::Demo(args) = cli.command {
        return Box::pin(demo::run(args, format)).await;
    }
    if let Command::Setup(args) = cli.command {
        return setup::run(args, cli.config.as_deref(), format).await;
    }
    let config = Config::load(cli.config.as_deref())?;
    // What traces is a node; a command is over before anybody looks.
    let _traces = match &cli.command {
        Command::Serve(_) => crate::telemetry::init_with_traces(&config.log, &config.traces),
        _ => {
            crate::telemetry::init(&config.log);
            None
        }
    };
    let user = config.service.run_as.clone();
    let changed = identity::become_user(&user)?;
    Box::pin(perform(cli.command, config, format)).await.map_err(|failure| match failure {
        // Root can read every file and wonders why this cannot.
        Failure::Environment(cause) if changed => Failure::Environment(format!("{cause} (tried as user {user})")),
        other => other,
    })
}

async fn perform(command: Command, config: Config, format: Format) -> Result<(), Failure> {
    match command {
        #[cfg(feature = "demo")]
        Command::Demo(_) => Ok(()),
        Command::Decoder { .. }
        | Command::Docs { .. }
        | Command::Setup(_)
        | Command::Verify(_)
        | Command::Witness { .. } => Ok(()),
        Command::Serve(args) => Box::pin(serve::run(args, config)).await,
        Command::Health => health::run(&config, format).await,
        Command::Migrate => {
            let db = open_database(&config).await?;
            db.migrate().await?;
            match format {
                Format::Text => say!("the schema is up to date ({})", db.engine()),
                Format::Json => say!("{}", serde_json::json!({"migrated": true, "engine": db.engine()})),
            }
            Ok(())
        }
        Command::Backup(args) => backup::run(&args, &config, format).await,
        Command::Restore(args) => Box::pin(restore::run(args, &open_logging(config).await?, format)).await,
        Command::Config { command } => config_check::run(command, &config, format),
        Command::Keys { command } => keys::run(command, config, format).await,
        Command::Register(args) => Box::pin(register::run(args, format, async || open_logging(config).await)).await,
        Command::Office { command } => office::run(command, &open_context(config).await?, format).await,
        Command::Officer { command } => officer::run(command, &open_logging(config).await?, format).await,
        Command::Administrator { command } => administrator::run(command, &open_logging(config).await?, format).await,
        Command::Figures { command } => figures::run(command, &open_context(config).await?, format).await,
        Command::RelyingParty(args) => relying_party::run(args, &open_logging(config).await?, format).await,
        Command::Audit { command } => audit::run(command, open_context(config).await?, format).await,
    }
}

/// Opens the configured database; the folder of a SQLite file is made when it does not exist.
async fn open_database(config: &Config) -> Result<Db, Failure> {
    let address =
        Address::parse(config.database.url.expose()).map_err(|error| Failure::Environment(error.to_string()))?;
    let database = &config.database;
    let of_shards = database.shard_addresses().map_err(|wrong| Failure::Environment(wrong.join("; ")))?;
    // For every command: an operator's first contact with the database would already carry the password in the clear.
    if config.service.mode == Mode::Production && !of_shards.iter().chain([&address]).all(Address::is_protected) {
        return Err(Failure::Refused(String::from(
            "database.url and database.shard_urls: a PostgreSQL on another host needs ?sslmode=verify-full in production",
        )));
    }
    if let Address::File(path) = &address
        && let Some(folder) = path.parent()
    {
        std::fs::create_dir_all(folder)
            .map_err(|error| Failure::Environment(format!("{}: {error}", folder.display())))?;
    }
    let sizes = PoolSizes {
        connections: database.connections,
        shards: Shards::new(database.shards).unwrap_or(Shards::ONE),
        acquire_timeout_seconds: database.acquire_timeout_seconds,
        statement_timeout_seconds: database.statement_timeout_seconds,
        idle_transaction_timeout_seconds: database.idle_transaction_timeout_seconds,
    };
    Ok(Db::open_spread(address, of_shards, sizes).await?)
}

/// The root secrets of the key directory, those that a hardware module wrapped among them.
fn open_vault(keys: &crate::config::Keys) -> Result<Vault, Failure> {
    let directory = keys.directory.join("root");
    let unwrapped = match Hardware::open(&keys.module)? {
        Some(hardware) => hardware::wrapped_roots(&directory, &hardware)?,
        None if hardware::is_wrapped(&directory) => {
            return Err(Failure::Environment(format!(
                "{}: the root secret is wrapped by a hardware module: name it (keys.module)",
                directory.display()
            )));
        }
        None => Vec::new(),
    };
    Ok(Vault::load_beside(&directory, unwrapped)?)
}

/// Opens database and root secrets for a command; the schema is brought up to date first.
async fn open_context(config: Config) -> Result<Context, Failure> {
    let vault = open_vault(&config.keys)?;
    let db = open_database(&config).await?;
    if config.database.migrate_on_start {
        db.migrate().await?;
    }
    // What was sealed for a while before a copy of the database was restored does not open after it.
    let vault = match crate::restore::epoch(&db).await? {
        Some(epoch) => vault.in_epoch(epoch),
        None => vault,
    };
    let decoders = Decoders::new(Program::this(), config.limits.pictures);
    let config = Arc::new(config);
    let context = Context::from(Sources {
        db,
        clock: Clock::System,
        random: Random::system(),
        vault,
        config,
        decoders,
        node: None,
    });
    crate::keyring::Keyring::check_root(&context).await?;
    Ok(context)
}

/// As [`open_context`], for commands that stop something: what they do stands in the stop log when they end.
async fn open_logging(config: Config) -> Result<Context, Failure> {
    let context = open_context(config).await?;
    crate::stop_log::StopLog::open(&context);
    Ok(context)
}

/// A secret from standard input: typed without echo on a terminal, else the first line.
fn read_secret(prompt: &str) -> Result<crate::secret::Redacted<String>, Failure> {
    use std::io::{BufRead, IsTerminal};
    let unreadable = |error: std::io::Error| Failure::Usage(format!("standard input cannot be read: {error}"));
    let text = if std::io::stdin().is_terminal() {
        rpassword::prompt_password(prompt).map_err(unreadable)?
    } else {
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line).map_err(unreadable)?;
        line.trim_end_matches(['\r', '\n']).to_owned()
    };
    Ok(text.into())
}

/// What was given as an argument; with `-`, what stands on standard input, where no list of processes shows it.
fn given_or_read(given: String, prompt: &str) -> Result<crate::secret::Redacted<String>, Failure> {
    if given == "-" { read_secret(prompt) } else { Ok(given.into()) }
}

/// How a command prints its result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON document, for programs.
    Json,
}

/// Why a command did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The answer is no: refused or not valid. Exit code 1.
    #[error("{0}")]
    Refused(String),
    /// The words of the call do not fit. Exit code 2.
    #[error("{0}")]
    Usage(String),
    /// Database, keys, files or mail cannot be used. Exit code 3.
    #[error("{0}")]
    Environment(String),
}

impl Failure {
    /// The process's exit code.
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Refused(_) => 1,
            Self::Usage(_) => 2,
            Self::Environment(_) => 3,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Refused(refusal) => {
                // What the API says there is about devices and offices, which the command line has none of.
                if refusal.code == Code::NotFound && refusal.detail.is_none() {
                    return Self::Refused(String::from(
                        "there is none of that name or id, or not in a state in which this can be done: look at the list \
                         (`ikd officer list`, `ikd relying-party list`, `ikd keys list`)",
                    ));
                }
                let mut text =
                    refusal.detail.unwrap_or(refusal.code.detail()).in_language(Language::English).to_owned();
                for field in &refusal.fields {
                    text.push_str(&format!("\n  {}: {}", field.field, field.message.en));
                }
                Self::Refused(text)
            }
            Error::Db(error) => error.into(),
            Error::Away(cause) | Error::Internal(cause) => Self::Environment(cause),
        }
    }
}

impl From<DbError> for Failure {
    fn from(error: DbError) -> Self {
        Self::Environment(format!("database: {error}"))
    }
}

impl From<VaultError> for Failure {
    fn from(error: VaultError) -> Self {
        Self::Environment(error.to_string())
    }
}

impl From<HardwareError> for Failure {
    fn from(error: HardwareError) -> Self {
        Self::Environment(error.to_string())
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::Environment(format!("configuration: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_unknown_is_answered_for_the_command_line() {
        let told = Failure::from(Error::from(Code::NotFound)).to_string();
        assert!(told.contains("ikd officer list") && !told.contains("device"), "{told}");
    }
}
