//! `ikd audit verify`, `ikd audit prove`, `ikd audit pairs`, `ikd audit digest`.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use uuid::Uuid;

use super::{Failure, Format};
use crate::audit::{Action, Fault, Report, Service, ports};
use crate::clock::DAY;
use crate::context::Context;
use crate::error::Error;
use crate::office::ports as offices;
use crate::security::Who;
use crate::security::digest::{digest_of, digest_of_network};
use crate::staff::ports as staff;
use crate::tlog::note::Note;
use crate::tlog::{self, LogFault, LogReport};
use crate::transaction;

/// Commands on the audit log.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Command {
    /// Read the whole audit log, the events of digital KTPs and the tree over both, and say whether anything was altered, deleted or
    /// moved. Exit code 1 when so.
    Verify {
        /// A checkpoint that was kept elsewhere, for example the state file of `ikd witness watch`: only with one does it show that
        /// everything was deleted, or an older copy was restored.
        #[arg(long, value_name = "FILE")]
        checkpoint: Option<PathBuf>,
    },
    /// Print a proof that an entry is in the signed log, for `ikd witness check-entry` of somebody who has no access here.
    Prove {
        /// The chain: an office's id, or the nil UUID for the general one.
        #[arg(long)]
        chain: Uuid,
        /// The entry's number in its chain.
        #[arg(long, value_parser = clap::value_parser!(i64).range(1..))]
        seq: i64,
    },
    /// What stands for a client's network or a relying party in security events (docs/security-events.md): to find the lines of one that is known.
    Digest {
        /// An address of the client.
        #[arg(long, required_unless_present = "relying_party", conflicts_with = "relying_party")]
        address: Option<IpAddr>,
        /// The relying party's id.
        #[arg(long, value_name = "ID")]
        relying_party: Option<Uuid>,
    },
    /// Who approved people without an e-mail address with whom, and which share of their office's such approvals that is.
    Pairs {
        /// How many days back.
        #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(u16).range(1..))]
        days: u16,
    },
}

/// A pair with names, as it is printed.
#[derive(serde::Serialize)]
struct NamedPair {
    office: String,
    asked_by: String,
    granted_by: String,
    times: i64,
    /// Of the office's approvals of people without an e-mail address, in per cent.
    share_percent: i64,
}

/// Runs a command and prints its result.
///
/// # Errors
/// [`Failure::Refused`] when the log is not sound, [`Failure::Environment`] when it cannot be read.
pub async fn run(command: Command, context: Context, format: Format) -> Result<(), Failure> {
    match command {
        Command::Pairs { days } => {
            let log = Service::new(context.clone());
            transaction!(context.db, "audit.read_pairs", |tx| {
                log.operator(tx, Action::PairsRead, Uuid::nil()).await
            })?;
            let pairs = named_pairs(&context, days).await?;
            match format {
                Format::Text => {
                    for one in pairs {
                        let NamedPair { office, asked_by, granted_by, times, share_percent } = one;
                        say!("{office:12} {asked_by:24} {granted_by:24} {times:6} {share_percent:3} %");
                    }
                }
                Format::Json => say!("{}", serde_json::json!({ "days": days, "pairs": pairs })),
            }
            Ok(())
        }
        Command::Prove { chain, seq } => {
            super::output::write(format_args!("{}", tlog::service::prove(&context, chain, seq).await?))
        }
        Command::Digest { address, relying_party } => {
            let of_party = || relying_party.map(|id| digest_of(&context.vault, Who::Party(id)));
            let of_network = address.and_then(|address| digest_of_network(&context.vault, address));
            let digest = of_network.or_else(of_party).unwrap_or_default();
            match format {
                Format::Text => say!("{digest}"),
                Format::Json => say!("{}", serde_json::json!({ "digest": digest })),
            }
            Ok(())
        }
        Command::Verify { checkpoint } => verify(context, checkpoint.as_deref(), format).await,
    }
}

async fn verify(context: Context, kept: Option<&Path>, format: Format) -> Result<(), Failure> {
    let kept = kept.map(read_note).transpose()?;
    let tree = tlog::verify::verify(&context, kept.as_ref()).await?;
    let report = Service::new(context).verify().await?;
    let count = report.faults.len() + tree.faults.len();
    match format {
        Format::Text => super::output::write(format_args!("{}{}", describe(&report), describe_tree(&tree)))?,
        Format::Json => say!("{}", serde_json::json!({ "sound": count == 0, "report": report, "tree": tree })),
    }
    if count == 0 { Ok(()) } else { Err(Failure::Refused(format!("the audit log is not sound: {count} fault(s)"))) }
}

/// A signed note from a file.
pub(super) fn read_note(file: &Path) -> Result<Note, Failure> {
    let name = file.display();
    let text = std::fs::read_to_string(file).map_err(|error| Failure::Environment(format!("{name}: {error}")))?;
    text.parse().map_err(|error| Failure::Environment(format!("{name}: {error}")))
}

async fn named_pairs(context: &Context, days: u16) -> Result<Vec<NamedPair>, Failure> {
    let since = context.now().plus_seconds(-i64::from(days) * DAY);
    let mut tx = context.db.read().await.map_err(Error::from)?;
    let pairs = ports::pairs(&mut tx, since).await?;
    let mut named = Vec::with_capacity(pairs.len());
    for pair in &pairs {
        let office = offices::by_id(&mut tx, pair.chain).await?.map(|office| office.code).unwrap_or_default();
        let names = staff::usernames(&mut tx, pair.chain).await?;
        let name = |id| names.get(&id).cloned().unwrap_or_default();
        let all: i64 = pairs.iter().filter(|other| other.chain == pair.chain).map(|other| other.times).sum();
        named.push(NamedPair {
            office,
            asked_by: name(pair.asked_by),
            granted_by: name(pair.granted_by),
            times: pair.times,
            share_percent: (100 * pair.times + all / 2) / all.max(1),
        });
    }
    Ok(named)
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
            Fault::BeforeFirst { chain, seq } => format!("{chain}: entry {seq} was added before the first"),
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

fn describe_tree(report: &LogReport) -> String {
    let LogReport { leaves, signed, faults } = report;
    let mut text =
        format!("{leaves} leaves in the tree over them and the events of digital KTPs, {signed} of them signed\n");
    for fault in faults {
        let line = match fault {
            LogFault::EntryAltered { chain, seq, position } => {
                format!("leaf {position}: entry {seq} of {chain} is not the one that was taken")
            }
            LogFault::EntryDeleted { chain, seq, position } => {
                format!("leaf {position}: entry {seq} of {chain} was deleted")
            }
            LogFault::EventAltered { event_id, position } => {
                format!("leaf {position}: event {event_id} is not the one that was taken")
            }
            LogFault::EventMisplaced { event_id, position } => {
                format!("leaf {position}: event {event_id} says to stand there and does not")
            }
            LogFault::BatchAltered { batch_id, position } => {
                format!("leaf {position}: the batch of checks {batch_id} is not the one that was taken")
            }
            LogFault::BatchUnsigned { batch_id, position } => {
                format!("leaf {position}: no receipt key of this service signed the batch of checks {batch_id}")
            }
            LogFault::BatchMisplaced { batch_id, position } => {
                format!("leaf {position}: the batch of checks {batch_id} says to stand there and does not")
            }
            LogFault::CheckAltered { verification_id, position } => format!(
                "leaf {position}: the check {verification_id} is not the one that was recorded, is another holder's, or there are two of it"
            ),
            LogFault::CheckStrange { verification_id } => {
                format!("the check {verification_id} is of no batch that names it: it was added, or copied")
            }
            LogFault::CheckDeleted { verification_id, position } => {
                format!("leaf {position}: the check {verification_id} was deleted")
            }
            LogFault::Unexplained { position } => {
                format!("leaf {position}: its event or batch of checks was deleted, or moved")
            }
            LogFault::NeverTaken { chain, seq } => {
                format!("{chain}: from entry {seq} on some were never taken to the tree")
            }
            LogFault::TreeAltered { size } => {
                format!("the first {size} leaves do not make the root that is noted or signed")
            }
            LogFault::CheckpointUnsigned => {
                String::from("the newest checkpoint here was signed by no key of this service")
            }
            LogFault::CheckpointForeign => {
                String::from("the checkpoint that was brought is of another log, or signed by no key of this service")
            }
            LogFault::Emptied { seen } => format!("emptied: a checkpoint saw {seen} leaves, and there are none"),
            LogFault::OlderCopy { seen, size } => {
                format!("an older copy, or its end was deleted: a checkpoint saw {seen} leaves, and there are {size}")
            }
            LogFault::Forked { seen } => {
                format!("another history: the first {seen} leaves are not those that the checkpoint saw")
            }
        };
        text.push_str(&line);
        text.push('\n');
    }
    if faults.is_empty() {
        text.push_str("sound\n");
    }
    text
}
