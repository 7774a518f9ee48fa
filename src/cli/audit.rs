//! `ikd audit verify`.

use super::{Failure, Format};
use crate::audit::{Fault, Report, Service};

/// Commands on the audit log.
#[derive(Clone, Copy, Debug, clap::Subcommand)]
pub enum Command {
    /// Read the whole audit log and say whether anything was altered, deleted or moved. Exit code 1 when so.
    Verify,
}

/// Runs a command and prints its result.
///
/// # Errors
/// [`Failure::Refused`] when the log is not sound, [`Failure::Environment`] when it cannot be read.
pub async fn run(command: Command, service: &Service, format: Format) -> Result<(), Failure> {
    match command {
        Command::Verify => {
            let report = service.verify().await?;
            match format {
                Format::Text => super::output::write(format_args!("{}", describe(&report)))?,
                Format::Json => {
                    let json = serde_json::json!({ "sound": report.is_sound(), "report": report });
                    say!("{json}");
                }
            }
            if report.is_sound() {
                Ok(())
            } else {
                let count = report.faults.len();
                Err(Failure::Refused(format!("the audit log is not sound: {count} fault(s)")))
            }
        }
    }
}

fn describe(report: &Report) -> String {
    let mut text = format!("{} entries in {} chains\n", report.entries, report.chains);
    if report.unfinished > 0 {
        text.push_str(&format!("{} intents without an outcome: under way now, or crashed\n", report.unfinished));
    }
    for fault in &report.faults {
        let line = match fault {
            Fault::Altered { chain, seq } => format!("{chain}: entry {seq} was altered or moved"),
            Fault::Missing { chain, from, to } => format!("{chain}: entries {from} to {to} are missing"),
            Fault::Truncated { chain, last, head } => {
                format!("{chain}: entries {} to {head} are missing at the end", last + 1)
            }
            Fault::HeadAltered { chain } => format!("{chain}: the head does not fit the last entry"),
            Fault::HeadMissing { chain } => format!("{chain}: the head is missing"),
            Fault::BehindHead { chain, last, head } => {
                format!("{chain}: entries {} to {last} stand behind the head", head + 1)
            }
            Fault::ChainMissing { chain } => format!("{chain}: the whole chain is missing"),
            Fault::ChainReopened { chain } => {
                format!("{chain}: what was there before the chain was opened again is missing")
            }
            Fault::ChainUnknown { chain } => format!("{chain}: the chain was never opened"),
        };
        text.push_str(&line);
        text.push('\n');
    }
    if report.is_sound() {
        text.push_str("sound\n");
    }
    text
}
