//! `ikd register`: fill the local population register, open and close it.

mod apply;
#[cfg(feature = "demo")]
mod generate;

use std::io::IsTerminal;
use std::ops::ControlFlow;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use data_encoding::HEXLOWER;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{Failure, Format};
use crate::app::listeners;
use crate::audit::{self, Action, Actor, Event, GENERAL};
use crate::base64url;
use crate::context::Context;
use crate::oauth::model::{canonical, thumbprint};
use crate::random::Random;
use crate::refresh::CLIENT_ID;
use crate::register::import::{ImportError, ImportOptions, import};
use crate::register::service::Switch;
use crate::register::{BatchError, Date, Heard, LocalRegister};
use crate::transaction;

/// Arguments of `ikd register`.
#[derive(Debug, clap::Args)]
pub struct RegisterArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Import residents from a CSV file (columns: docs/register-import.md). A stopped import continues.
    Import(ImportArgs),
    /// Apply a file of changed records, with the same columns: `-` reads them from the standard input.
    Apply(apply::ApplyArgs),
    /// Make synthetic residents from real region codes.
    #[cfg(feature = "demo")]
    Generate(generate::GenerateArgs),
    /// Close the register for maintenance: look-ups get no answer, and registrations wait for it.
    Close,
    /// Open the register again.
    Open,
    /// Make a key for `POST /v1/register/changes`, and the line of the configuration that knows it.
    FeedKey,
    /// Print what every node's configuration says of a public key of the register's side, and what its assertions are to say.
    PublicKey {
        /// File with the public key as a JWK (JSON): Ed25519 or P-256.
        file: PathBuf,
        /// Its last day, YYYY-MM-DD, at most a year from now.
        #[arg(long, value_name = "DATE")]
        until: Date,
    },
    /// Show whether the register is open, and how many residents it has.
    Status,
}

#[derive(Debug, clap::Args)]
struct ImportArgs {
    /// The CSV file.
    file: PathBuf,
    /// Folder with portraits named `NIK`.jpg, .jpeg or .png.
    #[arg(long, value_name = "DIR")]
    portraits: Option<PathBuf>,
    /// Where refused rows are listed [default: FILE with the ending .refused.csv].
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Read the file from its first row even if it was imported before.
    #[arg(long)]
    restart: bool,
    /// Import even if too many NIKs end in 0 to be chance, as they do when a spreadsheet has lost their last digit.
    #[arg(long)]
    trust_trailing_zeros: bool,
}

/// Runs `ikd register`. `context` opens the database; commands that need none do not call it.
///
/// # Errors
/// Wrong files are [`Failure::Usage`], what was not done to its end is [`Failure::Refused`], and a database or folder
/// that cannot be used is [`Failure::Environment`].
pub async fn run(
    args: RegisterArgs,
    format: Format,
    context: impl AsyncFnOnce() -> Result<Context, Failure>,
) -> Result<(), Failure> {
    match args.command {
        Command::Import(args) => {
            let context = context().await?;
            announced(&context, Box::pin(import_file(args, format, heard_register(&context)))).await
        }
        Command::Apply(args) => {
            let context = context().await?;
            announced(&context, Box::pin(apply::run(args, format, heard_register(&context)))).await
        }
        #[cfg(feature = "demo")]
        Command::Generate(args) => Box::pin(generate::run(args, format, context)).await,
        Command::Close => set_switch(context().await?, Switch::Closed, format).await,
        Command::Open => set_switch(context().await?, Switch::Open, format).await,
        Command::FeedKey => {
            let key = format!("ikd_feed_{}", base64url::encode(&Random::system().bytes::<32>()));
            let digest = HEXLOWER.encode(&Sha256::digest(key.as_bytes()));
            match format {
                Format::Text => {
                    say!("For the register's side, told this once: {key}");
                    say!("For every node's configuration:");
                    say!("  [register]\n  feed_key_sha256 = \"{digest}\"");
                }
                Format::Json => say!("{}", json!({"key": key, "feed_key_sha256": digest})),
            }
            Ok(())
        }
        Command::PublicKey { file, until } => print_public_key(&file, until, format),
        Command::Status => {
            let (switch, residents) = LocalRegister::new(context().await?).status().await?;
            match format {
                Format::Text => say!("register {}, {residents} residents", switch.as_str()),
                Format::Json => say!("{}", json!({"register": switch.as_str(), "residents": residents})),
            }
            Ok(())
        }
    }
}

fn print_public_key(file: &Path, until: Date, format: Format) -> Result<(), Failure> {
    let told = |what: String| Failure::Usage(format!("{}: {what}", file.display()));
    let text = std::fs::read(file).map_err(|error| told(error.to_string()))?;
    let key = serde_json::from_slice(&text).ok().and_then(|jwk| canonical(&jwk));
    let jwk =
        key.ok_or_else(|| told(String::from("no public key as a JWK, Ed25519 or P-256 (never the private one)")))?;
    let kid = thumbprint(&jwk);
    match format {
        Format::Text => {
            say!("For every node's configuration:");
            say!("  [[register.feed_public_keys]]\n  jwk = '{jwk}'\n  until = \"{until}\"");
            say!("For the register's side, in its assertions: iss and sub {CLIENT_ID}, kid {kid}");
        }
        Format::Json => say!("{}", json!({"jwk": jwk, "until": until.to_string(), "client_id": CLIENT_ID, "kid": kid})),
    }
    Ok(())
}

/// The register, whose word reaches digital KTPs in the transaction that writes it.
fn heard_register(context: &Context) -> LocalRegister {
    LocalRegister::new(context.clone()).telling(listeners(context))
}

/// Records change the people whom everything else is about: that somebody began to is written before the first row.
async fn announced(context: &Context, act: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let (actor, subject_id) = (Actor::Operator, Uuid::nil());
    let event = Event { chain: GENERAL, actor, action: Action::RegisterImported, subject_id };
    audit::Service::new(context.clone()).around(event, act).await
}

async fn set_switch(context: Context, switch: Switch, format: Format) -> Result<(), Failure> {
    let (register, audit) = (LocalRegister::new(context.clone()), audit::Service::new(context.clone()));
    let action = if switch == Switch::Open { Action::RegisterOpened } else { Action::RegisterClosed };
    transaction!(context.db, "register.switch", |tx| {
        register.set_switch_in(tx, switch).await?;
        audit.operator(tx, action, Uuid::nil()).await
    })?;
    match format {
        Format::Text => say!("register {}", switch.as_str()),
        Format::Json => say!("{}", json!({"register": switch.as_str()})),
    }
    Ok(())
}

async fn import_file(args: ImportArgs, format: Format, register: LocalRegister) -> Result<(), Failure> {
    let report = args.report.unwrap_or_else(|| args.file.with_extension("refused.csv"));
    if is_same(&report, &args.file) {
        return Err(Failure::Usage(String::from("--report: the report would overwrite the file itself")));
    }
    let options = ImportOptions {
        portraits: args.portraits,
        report: Some(report.clone()),
        restart: args.restart,
        trust_zeros: args.trust_trailing_zeros,
    };
    let stop = stop_signal();
    let bar = bar("{bar:40} {bytes}/{total_bytes} {msg} ETA {eta}");
    let done = import(&register, &args.file, &options, |progress| {
        bar.set_length(progress.total_bytes);
        bar.set_position(progress.bytes);
        bar.set_message(format!("{} accepted, {} refused", progress.accepted, progress.refused));
        carry_on(&stop)
    })
    .await;
    bar.finish_and_clear();
    let done = done.map_err(|error| match error {
        ImportError::File(message) => Failure::Environment(message),
        ImportError::Columns(message) => Failure::Usage(message),
        ImportError::Quotes(message) => Failure::Refused(message),
        ImportError::Batch(error) => batch_failure(error),
    })?;
    match format {
        Format::Text => {
            if done.resumed_from > 0 {
                say!("{} rows were done before (--restart reads them again)", done.resumed_from);
            }
            say!("{} rows accepted, {} refused (report: {})", done.accepted, done.refused, report.display());
            let Heard { refreshed, paused, stopped, corrected } = done.heard;
            say!(
                "digital KTPs: {refreshed} refreshed, {paused} paused until confirmed, {stopped} stopped, {corrected} may come back"
            );
        }
        Format::Json => say!(
            "{}",
            json!({
                "resumed_from": done.resumed_from,
                "accepted": done.accepted,
                "refused": done.refused,
                "complete": done.complete,
                "report": report,
                "digital_ktp": done.heard,
            })
        ),
    }
    if !done.complete {
        return Err(Failure::Refused(String::from("stopped; the same command continues where it was")));
    }
    match (done.accepted, done.refused) {
        (0, 0) => Err(Failure::Refused(format!(
            "{}: the file has no rows under its header; export it again and look into it before importing",
            args.file.display()
        ))),
        (0, _) => Err(Failure::Refused(String::from("no row was accepted; see the report"))),
        _ => Ok(()),
    }
}

/// Whether two paths lead to one file, through links of any kind too.
fn is_same(a: &Path, b: &Path) -> bool {
    let place = |path: &Path| std::fs::metadata(path).map(|file| (file.dev(), file.ino()));
    a == b || matches!((place(a), place(b)), (Ok(a), Ok(b)) if a == b)
}

fn batch_failure(error: BatchError) -> Failure {
    match error {
        BatchError::Overtaken => Failure::Refused(error.to_string()),
        BatchError::Db(error) => error.into(),
        BatchError::Fault(message) => Failure::Environment(message),
    }
}

/// A progress bar on a terminal; nothing where the output goes into a file.
fn bar(template: &str) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(0).with_style(style)
}

/// Set by Ctrl-C: the running transaction is finished, then the command stops.
fn stop_signal() -> Arc<AtomicBool> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            flag.store(true, Ordering::SeqCst);
        }
    });
    stop
}

fn carry_on(stop: &AtomicBool) -> ControlFlow<()> {
    if stop.load(Ordering::SeqCst) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        args: RegisterArgs,
    }

    #[test]
    fn a_report_is_not_the_file_by_another_name() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("people.csv"), "nik").unwrap();
        std::fs::write(at("other.csv"), "nik").unwrap();
        std::fs::hard_link(at("people.csv"), at("hard.csv")).unwrap();
        std::os::unix::fs::symlink(at("people.csv"), at("soft.csv")).unwrap();
        for name in ["people.csv", "hard.csv", "soft.csv"] {
            assert!(is_same(&at(name), &at("people.csv")), "{name}");
        }
        assert!(!is_same(&at("other.csv"), &at("people.csv")) && !is_same(&at("new.csv"), &at("people.csv")));
    }

    #[test]
    fn the_words_are_checked() {
        let parse = |words: &str| Line::try_parse_from(std::iter::once("register").chain(words.split(' '))).is_ok();
        assert!(parse("import people.csv --portraits faces --report refused.csv --restart"));
        assert!(parse("apply changes.csv --portraits faces") && parse("apply - --report refused.csv"));
        assert!(!parse("apply changes.csv --restart"));
        assert!(parse("close") && parse("open") && parse("status"));
        assert!(!parse("import"));
    }
}
