//! `ikd restore`.

use std::path::PathBuf;

use uuid::Uuid;

use super::{Failure, Format};
use crate::context::Context;
use crate::restore::{Report, restore};

/// What it is given.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Folder of stop logs: of each node one, or one with all their files [default: stop_log.directory].
    #[arg(long = "log", value_name = "FOLDER")]
    logs: Vec<PathBuf>,
    /// Files of the log that are named and are not there were deleted on purpose, because no copy of the database is as old as that.
    #[arg(long)]
    accept_missing: bool,
}

/// Brings a restored copy of the database up to the stop log.
///
/// # Errors
/// [`Failure::Usage`] without a log; [`Failure::Environment`] when the log does not hold together, a node runs, or the database is not usable.
pub async fn run(args: Args, context: &Context, format: Format) -> Result<(), Failure> {
    let own = &context.config.stop_log.directory;
    let logs = if args.logs.is_empty() && !own.as_os_str().is_empty() { vec![own.clone()] } else { args.logs };
    if logs.is_empty() {
        return Err(Failure::Usage(String::from(
            "no stop log is configured (stop_log.directory): name its folders with --log, those of all nodes",
        )));
    }
    let report = restore(context, logs, args.accept_missing).await?;
    match format {
        Format::Json => say!("{}", serde_json::to_string(&report).unwrap_or_default()),
        Format::Text => print(&report)?,
    }
    Ok(())
}

fn print(report: &Report) -> Result<(), Failure> {
    say!("the database is restored; the service can start");
    say!("{:6} events of the stop log were unknown to this copy", report.unknown);
    say!("{:6} digital KTPs are stopped as they were, {} count again as they did", report.stopped, report.started);
    say!("{:6} sessions of staff ended: everybody logs in anew", report.sessions_ended);
    say!("{:6} activation codes ended: residents ask for a new one in the app", report.codes_ended);
    say!("{:6} status lists were closed", report.lists_closed);
    let (parties, paused) = (report.parties_suspended, report.staff_paused);
    say!("{parties:6} relying parties are suspended, and the rights of {paused} people rest, as they did");
    let (api, signing) = (report.api_keys_revoked, report.signing_keys_revoked);
    say!(
        "{api:6} API keys and {signing} signing keys are revoked as they were (`ikd keys list` says whether one signs)"
    );
    list("whose activation is lost; they register anew", &report.activations_lost)?;
    list("whose move to another phone is lost; they register anew", &report.moves_lost)?;
    list("who chose another PIN since; they are blocked until they choose one at a counter", &report.pins_lost)?;
    list("whose printed cards are void; they need new ones", &report.cards_void)?;
    list("of the staff who are disabled until they get new secrets", &report.staff_disabled)?;
    for file in &report.torn_files {
        say!("{file} ends in the middle of a line, which was never relied on");
    }
    Ok(())
}

fn list(who: &str, people: &[Uuid]) -> Result<(), Failure> {
    say!("{:6} people {who}", people.len());
    for person in people {
        say!("       {person}");
    }
    Ok(())
}
