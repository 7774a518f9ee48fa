//! `ikd keys`: root secrets and signing keys.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;

use super::{Failure, Format, open_context, open_database, open_logging};
use crate::audit::{self, Action};
use crate::config::Config;
use crate::context::Context;
use crate::credential::{Algorithm, KeyId, KeyPurpose};
use crate::error::{Code, Error};
use crate::keyring::KeyRow;
use crate::keyring::files::key_path;
use crate::keyring::hardware::{Hardware, wrap_roots};
use crate::keyring::model::{from_hex, hex, subject_of};
use crate::keyring::roots::model::RootState;
use crate::keyring::roots::{self, Held};
use crate::keyring::{KeyState, Keyring, init_root};
use crate::random::Random;
use crate::reseal::retire::{Choice, Retired};
use crate::reseal::{self, Status};
use crate::transaction;

/// Commands on keys.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Command {
    /// Make the root secret and the first signing keys, where they are missing.
    Init {
        /// How the keys sign: `ed25519`, or `es256` where hardware or verifiers know no Ed25519.
        #[arg(long, default_value = "ed25519", value_parser = algorithm)]
        algorithm: Algorithm,
    },
    /// List signing keys with their states.
    List,
    /// Publish a new signing key that takes over once it has been published long enough and every node holds it.
    Rotate {
        /// `token`, `receipt` or `log`.
        #[arg(value_parser = purpose)]
        purpose: KeyPurpose,
        /// How the key signs: `ed25519`, or `es256` where hardware or verifiers know no Ed25519.
        #[arg(long, default_value = "ed25519", value_parser = algorithm)]
        algorithm: Algorithm,
    },
    /// Retire a token key at once, for one that may be in a stranger's hands.
    Revoke {
        /// Its id, as `keys list` shows it.
        kid: String,
    },
    /// Make a new version of the root secret. It seals once every node holds it; rows of older ones are then sealed anew, while the service runs.
    NewRoot,
    /// List the versions of the root secret with the nodes that hold them, and how far rows are sealed anew.
    Roots,
    /// Retire a version of the root secret that nothing needs any more: its file is moved away, and only keys of look-ups and chains stay. To be
    /// run on every node, which is then started again.
    RetireRoot {
        /// The version, as `keys roots` shows it.
        #[arg(value_name = "VERSION")]
        root: u8,
        /// The folder that takes its file: a medium that goes into a safe, or is destroyed. Old backups open with nothing else.
        #[arg(long)]
        safe: PathBuf,
        /// Printed cards that were made under it go on: the key that opens the id in them is kept.
        #[arg(long)]
        keep_cards: bool,
        /// Links in mails and other tokens that were made under it open no more from now on, nor do printed cards without `--keep-cards`: this marks
        /// nothing in status lists, which offline verifiers read.
        #[arg(long)]
        void: bool,
        /// Seconds between the two looks at all rows: longer than a transaction lives, for one may write back what it had read before.
        #[arg(long, value_name = "SECONDS", default_value_t = reseal::retire::LOOK_AGAIN.as_secs())]
        look_again_after: u64,
    },
    /// Print the published key set (JWKS).
    Export,
    /// Wrap the root secret under a key of the hardware module (`keys.module`). The file in clear is moved away.
    WrapRoot {
        /// The folder that takes the file in clear: a medium that goes into a safe. What the module loses, only this opens.
        #[arg(long)]
        safe: PathBuf,
    },
}

fn purpose(text: &str) -> Result<KeyPurpose, String> {
    match KeyPurpose::from_name(text) {
        Some(purpose @ (KeyPurpose::Token | KeyPurpose::Receipt | KeyPurpose::Log)) => Ok(purpose),
        _ => Err(String::from("name `token`, `receipt` or `log`")),
    }
}

fn algorithm(text: &str) -> Result<Algorithm, String> {
    match text {
        "ed25519" => Ok(Algorithm::Ed25519),
        "es256" => Ok(Algorithm::Es256),
        _ => Err(String::from("name `ed25519` or `es256`")),
    }
}

/// Runs a command.
///
/// # Errors
/// [`Failure::Environment`] when files or the database cannot be used.
pub async fn run(command: Command, config: Config, format: Format) -> Result<(), Failure> {
    match command {
        Command::Init { algorithm } => {
            let directory = config.keys.directory.clone();
            let (_, root, made) = init(config, algorithm).await?;
            show_made(&directory, root, &made, format)?;
        }
        Command::List => show_keys(&Keyring::list(&open_context(config).await?).await?, format)?,
        Command::Rotate { purpose, algorithm } => {
            let context = open_context(config).await?;
            let kid = Keyring::rotate_to(&context, purpose, algorithm).await?;
            note(&context, Action::KeyRotated, &kid).await?;
            let file = key_path(&context.config.keys.directory, purpose, &kid);
            let (name, kid) = (purpose.as_str(), hex(&kid));
            match format {
                Format::Text if !file.exists() => {
                    say!("published {name} key {kid}, which the hardware module holds; it takes over by itself");
                }
                Format::Text => say!(
                    "published {name} key {kid}: copy {} to every other node; it takes over by itself",
                    file.display(),
                ),
                Format::Json => say!(
                    "{}",
                    json!({"purpose": name, "kid": kid, "algorithm": algorithm.as_str(), "state": KeyState::Next.as_str()})
                ),
            }
        }
        Command::Revoke { kid } => {
            let bytes =
                from_hex(&kid).ok_or_else(|| Failure::Usage(String::from("a key id has 16 hexadecimal digits")))?;
            let context = open_logging(config).await?;
            Keyring::revoke(&context, bytes).await?;
            note(&context, Action::KeyRevoked, &bytes).await?;
            match format {
                Format::Text => say!("revoked {kid}: tokens signed with it are refused from now on"),
                Format::Json => say!("{}", json!({"kid": kid, "state": KeyState::Retired.as_str()})),
            }
        }
        Command::WrapRoot { safe } => wrap_root(&config, &safe, format)?,
        Command::NewRoot => {
            let context = open_context(config).await?;
            let version = roots::make(&context).await?;
            match format {
                Format::Text => say!(
                    "made {}/root/{version}: back it up, copy it to every other node, then start the nodes again, one after the other; it seals by \
                     itself once every node holds it (`ikd keys roots`)",
                    context.config.keys.directory.display()
                ),
                Format::Json => say!("{}", json!({"version": version, "state": RootState::Next})),
            }
        }
        Command::Roots => show_roots(&open_context(config).await?, format).await?,
        Command::RetireRoot { root, safe, keep_cards, void, look_again_after } => {
            let context = open_context(config).await?;
            let choice = Choice { keep_cards, void };
            let pause = tokio::time::sleep(Duration::from_secs(look_again_after));
            show_retired(root, reseal::retire::retire(&context, root, choice, &safe, pause).await, format)?;
        }
        Command::Export => {
            let context = open_context(config).await?;
            note(&context, Action::KeySetExported, &[]).await?;
            let set = Keyring::jwks_of(&Keyring::list(&context).await?, context.now());
            say!("{}", serde_json::to_string_pretty(&set).unwrap_or_default());
        }
    }
    Ok(())
}

fn wrap_root(config: &Config, safe: &Path, format: Format) -> Result<(), Failure> {
    let Some(hardware) = Hardware::open(&config.keys.module)? else {
        return Err(Failure::Usage(String::from(
            "there is no hardware module: name it in the configuration (keys.module)",
        )));
    };
    let versions = wrap_roots(&config.keys.directory.join("root"), safe, &hardware, &Random::system())?;
    match format {
        Format::Text if versions.is_empty() => say!("no root secret lies in clear"),
        Format::Text => say!(
            "wrapped root secret {}: bring {} into a safe; no other way leads to the data once the module is lost",
            versions.iter().map(u8::to_string).collect::<Vec<_>>().join(", "),
            safe.display()
        ),
        Format::Json => say!("{}", json!({"wrapped": versions})),
    }
    Ok(())
}

async fn show_roots(context: &Context, format: Format) -> Result<(), Failure> {
    let mut tx = context.db.read().await?;
    let (all, status) = (roots::overview(&mut tx, context.now()).await?, reseal::service::status(&mut tx).await?);
    drop(tx);
    match format {
        Format::Text => {
            for Held { root, holding, lacking } in &all {
                let state: &str = root.state.into();
                let nodes = holding + lacking;
                say!(
                    "{:3}  {state:8} made {}  held by {holding} of {nodes} nodes",
                    root.version,
                    root.published_at.to_rfc3339()
                );
            }
            match status {
                None => {}
                Some(status) if status.is_done() => say!(
                    "all rows are sealed with {}: {} were sealed anew{}",
                    status.version,
                    status.resealed,
                    unopened(status.unopened)
                ),
                Some(status) => say!(
                    "rows are being sealed with {} while the service runs: {} of {} columns done, {} rows sealed anew{}{}",
                    status.version,
                    status.finished,
                    status.columns,
                    status.resealed,
                    status.at.map(|at| format!(", now {at}")).unwrap_or_default(),
                    unopened(status.unopened)
                ),
            }
        }
        Format::Json => {
            let rows: Vec<_> = all
                .iter()
                .map(|Held { root, holding, lacking }| {
                    json!({"version": root.version, "state": root.state, "published_at": root.published_at,
                        "activated_at": root.activated_at, "replaced_at": root.replaced_at, "retired_at": root.retired_at,
                        "nodes_holding": holding, "nodes_lacking": lacking})
                })
                .collect();
            let done = status.as_ref().is_none_or(Status::is_done);
            say!("{}", json!({"roots": rows, "reseal": status, "reseal_done": done}));
        }
    }
    Ok(())
}

fn unopened(rows: i64) -> String {
    if rows == 0 {
        String::new()
    } else {
        format!("; {rows} rows open under no root secret of this node (docs/keys.md)")
    }
}

fn show_retired(version: u8, done: crate::error::Result<Retired>, format: Format) -> Result<(), Failure> {
    match done {
        Ok(Retired::Needed(needs)) => {
            let mut text = format!("root secret {version} is still needed; nothing was changed:");
            for (column, rows) in &needs.rows {
                text.push_str(&format!("\n  {column}: {rows} rows; the service seals them anew (`ikd keys roots`)"));
            }
            if let Some(until) = needs.until {
                let until = until.to_rfc3339();
                text.push_str(&format!(
                    "\n  links in mails may count until {until}; `--void` ends them, and all other tokens, now"
                ));
            }
            if needs.cards > 0 {
                let cards = needs.cards;
                text.push_str(&format!(
                    "\n  printed cards: {cards} may count; `--keep-cards` keeps the key that opens the id in them"
                ));
            }
            if needs.nodes > 0 {
                let nodes = needs.nodes;
                text.push_str(&format!(
                    "\n  nodes: {nodes} of the last day did not say that they seal with the new one: start each with its file; one that was killed counts \
                     for a day"
                ));
            }
            Err(Failure::Refused(text))
        }
        Ok(Retired::Done { moved, keeps_cards }) => {
            match format {
                Format::Text if moved => say!(
                    "retired root secret {version}: its file is in the folder that you named; start the service of this node again, and run this on \
                     every other node that holds it"
                ),
                Format::Text => say!("root secret {version} is retired, and its file is not on this node"),
                Format::Json => say!("{}", json!({"version": version, "moved": moved, "keeps_cards": keeps_cards})),
            }
            Ok(())
        }
        Err(Error::Refused(refusal)) if refusal.code == Code::WrongState => Err(Failure::Refused(format!(
            "root secret {version} seals, or will: make a newer one (`ikd keys new-root`) and wait until it seals (`ikd keys roots`)"
        ))),
        Err(Error::Refused(refusal)) if refusal.code == Code::NotFound => {
            Err(Failure::Refused(format!("there is no root secret {version}: see `ikd keys roots`")))
        }
        Err(error) => Err(error.into()),
    }
}

fn show_made(directory: &Path, root: bool, made: &[(KeyPurpose, KeyId)], format: Format) -> Result<(), Failure> {
    match format {
        Format::Text => {
            if root {
                say!("made {}/root/1: back it up; without it nothing sealed can be read", directory.display());
            }
            for (purpose, kid) in made {
                say!("made {} key {}", purpose.as_str(), hex(kid));
            }
            if !root && made.is_empty() {
                say!("nothing was missing");
            }
        }
        Format::Json => {
            let keys: Vec<_> =
                made.iter().map(|(purpose, kid)| json!({"purpose": purpose.as_str(), "kid": hex(kid)})).collect();
            say!("{}", json!({"root_made": root, "keys": keys}));
        }
    }
    Ok(())
}

fn show_keys(rows: &[KeyRow], format: Format) -> Result<(), Failure> {
    match format {
        Format::Text => {
            for row in rows {
                say!(
                    "{}  {:8} {:5} {:9} published {}",
                    hex(&row.kid),
                    row.purpose.as_str(),
                    row.algorithm.as_str(),
                    row.state.as_str(),
                    row.published_at.to_rfc3339()
                );
            }
        }
        Format::Json => {
            let keys: Vec<_> = rows
                .iter()
                .map(|row| {
                    json!({"kid": hex(&row.kid), "purpose": row.purpose.as_str(), "algorithm": row.algorithm.as_str(),
                        "state": row.state.as_str(), "published_at": row.published_at,
                        "activated_at": row.activated_at, "retiring_at": row.retiring_at, "retired_at": row.retired_at})
                })
                .collect();
            say!("{}", json!({"keys": keys}));
        }
    }
    Ok(())
}

/// Makes the root secret and the signing keys that are missing: the open context, whether a root secret was made, the new keys.
///
/// # Errors
/// [`Failure::Environment`] when files or the database cannot be used.
pub async fn init(config: Config, algorithm: Algorithm) -> Result<(Context, bool, Vec<(KeyPurpose, KeyId)>), Failure> {
    let directory = config.keys.directory.clone();
    // The database must be there before files are made, so that a wrong URL leaves nothing behind.
    open_database(&config).await?.migrate().await?;
    let root = init_root(&directory, &Random::system())?;
    let context = open_context(config).await?;
    let made = Keyring::init_with(&context, algorithm).await?;
    for (_, kid) in &made {
        note(&context, Action::KeyMade, kid).await?;
    }
    Ok((context, root, made))
}

/// That it was done stands in the log.
async fn note(context: &Context, action: Action, kid: &[u8]) -> Result<(), Failure> {
    let audit = audit::Service::new(context.clone());
    Ok(transaction!(context.db, "keyring.note", |tx| audit.operator(tx, action, subject_of(kid)).await)?)
}
