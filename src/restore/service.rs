//! Restoring, step by step. Each step can be done twice: a run that broke off is run again, and ends in the same.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;
use uuid::Uuid;

use super::model::{self, Fate};
use super::watch;
use crate::audit::{self, Action};
use crate::clock::{MINUTE, Timestamp};
use crate::contact::ports as contact;
use crate::context::Context;
use crate::db::{Db, Tx};
use crate::error::{Error, Result};
use crate::holder::ports as holder;
use crate::holder::{Reason, Standing, Status};
use crate::keyring::ports as keys;
use crate::life::ports::{self as life, By};
use crate::proposal::ports as proposal;
use crate::relying_party::ports as parties;
use crate::staff::stops as staff;
use crate::status_list::ports as status_list;
use crate::stop_log::service::{Folders, Known};
use crate::stop_log::{Entry, Kind, ports as stop_log};
use crate::{activation_code, recovery, setting, transaction, transfer};

// The lists of a report are whole also where a run before this one broke off; its counts are of this run.

/// The setting that says in which epoch the database is: when it was restored last.
const EPOCH: &str = "epoch";
/// The setting that says whether restoring was begun and not ended.
const STATE: &str = "restore";
const RUNNING: &str = "running";
const DONE: &str = "done";
/// Seconds for which a node that was seen is looked at whether it goes on.
const RECENT_SECONDS: i64 = MINUTE;

/// What was done, and what people have to be told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Events that the log knew and the copy did not.
    pub unknown: u64,
    /// Digital KTPs that are stopped as they were.
    pub stopped: u64,
    /// Digital KTPs that count as they did: the copy was made while they were blocked.
    pub started: u64,
    /// Residents whose activation the copy does not know: they register anew, and what the copy has of them from before is ended.
    pub activations_lost: Vec<Uuid>,
    /// Residents who moved to a phone that the copy does not know: they register anew.
    pub moves_lost: Vec<Uuid>,
    /// Residents who chose another PIN than the copy knows: blocked until they choose one at a counter.
    pub pins_lost: Vec<Uuid>,
    /// Residents whose printed cards are void: cards were printed or voided since.
    pub cards_void: Vec<Uuid>,
    /// People of the staff who are disabled: they were since, or have other secrets than the copy knows.
    pub staff_disabled: Vec<Uuid>,
    /// People of the staff whose rights rest as they did.
    pub staff_paused: u64,
    /// Relying parties that are suspended as they were.
    pub parties_suspended: u64,
    /// API keys that are revoked as they were.
    pub api_keys_revoked: u64,
    /// Signing keys that are retired as they were.
    pub signing_keys_revoked: u64,
    /// Sessions of staff that ended.
    pub sessions_ended: u64,
    /// Activation codes that count no more.
    pub codes_ended: u64,
    /// Changes of an address, recoveries, moves, and what administrators asked of each other: what was under way in the copy may have been
    /// stopped since, and is begun anew.
    pub requests_ended: u64,
    /// Status lists that were closed.
    pub lists_closed: u64,
    /// Files of the log that end in the middle of a line.
    pub torn_files: Vec<String>,
}

/// The epoch of a database; `None` before it was ever restored.
///
/// # Errors
/// When the database does not answer.
pub async fn epoch(db: &Db) -> Result<Option<i64>> {
    let mut tx = db.read().await?;
    Ok(setting::get(&mut tx, EPOCH).await?)
}

/// Refuses a database whose restoring was begun and not ended.
///
/// # Errors
/// With what to do next.
pub async fn check(db: &Db) -> Result<()> {
    if is_running(&mut db.read().await?).await? {
        return Err(Error::internal(
            "restoring this database was begun and not ended: run `ikd restore` again (docs/backup.md)",
        ));
    }
    Ok(())
}

async fn is_running(tx: &mut Tx) -> Result<bool> {
    let state: Option<String> = setting::get(tx, STATE).await?;
    Ok(state.as_deref() == Some(RUNNING))
}

/// Why a process that has these keys must not go on with this database, where that is so.
///
/// # Errors
/// When the database does not answer.
pub(super) async fn elsewhere(context: &Context) -> Result<Option<&'static str>> {
    let mut tx = context.db.read().await?;
    if is_running(&mut tx).await? {
        return Ok(Some("the database is being restored (`ikd restore`)"));
    }
    let epoch: Option<i64> = setting::get(&mut tx, EPOCH).await?;
    Ok((epoch != context.vault.epoch())
        .then_some("the database was restored, or another one put in its place, while this process worked"))
}

/// Brings a restored copy up to the stop logs in these folders.
///
/// # Errors
/// When a node works with this database, the logs do not hold together, or the database did not do it.
pub async fn restore(context: &Context, folders: Vec<PathBuf>, accept_missing: bool) -> Result<Report> {
    let folders = if accept_missing { Folders::Some(folders) } else { Folders::All(folders) };
    let log = Known::read(context, folders).await?;
    if let Some(file) = log.cut.as_ref().filter(|_| !accept_missing) {
        return Err(Error::internal(format!(
            "stop log: the database knows more of {file} than there is: give the folders of all nodes (--log), or bring it back from another \
             copy; where it was deleted on purpose, because no copy of the database is as old as that, add --accept-missing"
        )));
    }
    let unknown: Vec<Entry> = log.unknown().cloned().collect();
    understood(&unknown)?;
    nobody_works(context, Duration::ZERO).await?;
    let mut report = Report { unknown: unknown.len() as u64, ..Report::default() };
    report.torn_files = log.files.iter().filter(|one| one.torn).map(|one| one.name.clone()).collect();
    begin(context).await?;
    // One that began in the moment before has seen by now that it must not go on.
    nobody_works(context, watch::PERIOD).await?;
    transaction!(context.db, "restore.void", |tx| {
        let now = context.now();
        report.sessions_ended = staff::end_everybodys(tx, now).await?;
        report.codes_ended = activation_code::ports::end_all(tx, now).await?;
        report.requests_ended = contact::end_all(tx, now).await?
            + recovery::ports::end_all(tx, now).await?
            + transfer::ports::end_all(tx, now).await?
            + proposal::end_all(tx, now).await?;
        Ok(())
    })?;
    let opened: Vec<(i64, Timestamp)> =
        of_kind(&unknown, Kind::ListOpened).map(|entry| (entry.number, entry.time())).collect();
    report.lists_closed = status_list::close_all(context, &opened).await?;
    residents(context, &unknown, &mut report).await?;
    others(context, &unknown, &mut report).await?;
    let now = context.now();
    transaction!(context.db, "restore.end", |tx| {
        for one in &log.files {
            stop_log::set_size(tx, &one.name, one.size(), now).await?;
        }
        setting::put(tx, STATE, DONE, now).await?;
        audit::Service::new(context.clone()).operator(tx, Action::RestoreDone, Uuid::nil()).await
    })?;
    Ok(report)
}

fn of_kind(entries: &[Entry], kind: Kind) -> impl Iterator<Item = &Entry> {
    entries.iter().filter(move |entry| entry.kind == kind)
}

/// What a newer program wrote is not guessed at.
fn understood(unknown: &[Entry]) -> Result<()> {
    match of_kind(unknown, Kind::Stopped).find(|entry| model::reason(entry).is_none()) {
        None => Ok(()),
        Some(entry) => Err(Error::internal(format!(
            "stop log: entry {} gives a reason that this program does not know: use the newest version that wrote the log",
            entry.note_id
        ))),
    }
}

/// Nodes say each second that they live. One that goes on would answer from what is being changed, with keys of the epoch before.
async fn nobody_works(context: &Context, at_least: Duration) -> Result<()> {
    let seen = async || {
        let mut tx = context.db.read().await?;
        let nodes = keys::overview(&mut tx).await?.nodes;
        Ok::<_, Error>(nodes.into_iter().map(|node| (node.node_id, node.seen_at)).collect::<BTreeMap<_, _>>())
    };
    let (before, now) = (seen().await?, context.now());
    if !before.values().any(|at| now.seconds_since(*at) < RECENT_SECONDS) {
        return Ok(());
    }
    // In a copy they stay as they were when it was made.
    let reports = Duration::from_secs(2 * context.config.keys.refresh_seconds.max(1));
    tokio::time::sleep(reports.max(at_least) + Duration::from_millis(500)).await;
    if seen().await? == before {
        return Ok(());
    }
    Err(Error::internal("a node works with this database: stop the service on all nodes, then run `ikd restore`"))
}

/// From here on no node starts before the end. What a run that broke off began is gone on with, in its epoch.
async fn begin(context: &Context) -> Result<()> {
    let now = context.now();
    transaction!(context.db, "restore.begin", |tx| {
        let state: Option<String> = setting::get(tx, STATE).await?;
        if state.as_deref() != Some(RUNNING) {
            // The time, not a count: a copy from before an earlier restoring would count to the same number again.
            setting::put(tx, EPOCH, &now.micros().to_string(), now).await?;
            setting::put(tx, STATE, RUNNING, now).await?;
        }
        audit::Service::new(context.clone()).operator(tx, Action::RestoreBegun, Uuid::nil()).await
    })
}

async fn residents(context: &Context, unknown: &[Entry], report: &mut Report) -> Result<()> {
    let mut by_resident: BTreeMap<Uuid, Vec<&Entry>> = BTreeMap::new();
    for entry in unknown.iter().filter(|entry| event_of(entry.kind).is_some()) {
        by_resident.entry(entry.subject_id).or_default().push(entry);
    }
    for (resident, entries) in by_resident {
        // All of one resident's in one transaction, with the events by which the next run knows that it is done.
        let sum = transaction!(context.db, "restore.resident", |tx| {
            let mut fresh = BTreeMap::new();
            for &entry in &entries {
                if !life::is_known(tx, resident, entry.note_id).await? {
                    fresh.insert(entry.note_id, entry);
                }
            }
            let sum = model::sum(fresh.values().copied());
            let mut done = apply(context, tx, resident, &sum).await?;
            for (&event_id, entry) in &fresh {
                if let Some(kind) = event_of(entry.kind) {
                    let told = (kind, model::reason(entry));
                    life::remember(tx, (event_id, resident), told, entry.time()).await?;
                }
            }
            // What a run that broke off has done to this resident is told too.
            let all = model::sum(entries.iter().copied());
            done.pin = all.pin && all.lost.is_none() && holder::status(tx, resident).await?.is_some_and(closes_pin);
            done.cards = all.cards;
            Ok((all, done))
        })?;
        count(report, resident, sum);
    }
    Ok(())
}

/// Whether the PIN of the copy opens nothing any more.
fn closes_pin(status: Status) -> bool {
    status.reason == Reason::PinExhausted
}

/// Which of a resident's entries had which effect.
#[derive(Clone, Copy, Default)]
struct Done {
    stopped: bool,
    started: bool,
    pin: bool,
    cards: bool,
}

fn count(report: &mut Report, resident: Uuid, (sum, done): (Fate, Done)) {
    report.stopped += u64::from(done.stopped);
    report.started += u64::from(done.started);
    match sum.lost {
        Some(Kind::Activated) => report.activations_lost.push(resident),
        Some(_) => report.moves_lost.push(resident),
        None => {}
    }
    if done.pin {
        report.pins_lost.push(resident);
    }
    if done.cards {
        report.cards_void.push(resident);
    }
}

async fn apply(context: &Context, tx: &mut Tx, resident: Uuid, sum: &Fate) -> Result<Done> {
    let mut done = Done::default();
    let now = context.now();
    holder::raise(tx, resident, sum.number).await?;
    if sum.started && sum.lost.is_none() {
        done.started = holder::start_again(tx, resident).await? && sum.stop.is_none();
    }
    if sum.lost.is_some() {
        // The phone that the copy knows was left, or its digital KTP made way.
        life::stop(context, tx, resident, Reason::Superseded, (now, None), By::system()).await?;
    }
    if let Some(stop) = &sum.stop {
        let until = stop.entry.until.map(Timestamp::from_micros);
        let status = Status { reason: stop.reason, since: stop.entry.time(), until, event_id: stop.entry.note_id };
        done.stopped = if sum.lost.is_none() {
            holder::stop_again(tx, resident, &status).await?
        } else {
            life::stop(context, tx, resident, stop.reason, (now, until), By::system()).await?;
            true
        };
    }
    if sum.pin && sum.lost.is_none() && holder::is_on_phone(tx, resident).await? {
        let held = holder::hold(tx, resident).await?;
        // Also where it is blocked: a weaker reason is lifted with the PIN of the copy, or ends by itself.
        if held.is_some_and(|held| held.standing != Standing::Deactivated) {
            life::stop(context, tx, resident, Reason::PinExhausted, (now, None), By::system()).await?;
        }
    }
    if sum.cards {
        status_list::void_cards(tx, resident).await?;
    }
    Ok(done)
}

/// The event that an entry tells of.
const fn event_of(kind: Kind) -> Option<life::EventKind> {
    match kind {
        Kind::Stopped => Some(life::EventKind::Stopped),
        Kind::Restarted => Some(life::EventKind::Restarted),
        Kind::Activated => Some(life::EventKind::Activated),
        Kind::Moved => Some(life::EventKind::Moved),
        Kind::PinChanged => Some(life::EventKind::PinChanged),
        Kind::CardIssued => Some(life::EventKind::CardIssued),
        Kind::CardVoided => Some(life::EventKind::CardVoided),
        _ => None,
    }
}

/// The last of two kinds by subject, where it is the first of them.
fn last_is(unknown: &[Entry], (stop, start): (Kind, Kind)) -> BTreeSet<Uuid> {
    let mut last: BTreeMap<Uuid, &Entry> = BTreeMap::new();
    for entry in unknown.iter().filter(|entry| entry.kind == stop || entry.kind == start) {
        let known = last.entry(entry.subject_id).or_insert(entry);
        if known.order() <= entry.order() {
            *known = entry;
        }
    }
    last.into_iter().filter(|(_, entry)| entry.kind == stop).map(|(subject, _)| subject).collect()
}

/// Staff, relying parties and keys. Who came back since with secrets that the copy does not know stays away until they get new ones.
async fn others(context: &Context, unknown: &[Entry], report: &mut Report) -> Result<()> {
    let now = context.now();
    let mut disabled = last_is(unknown, (Kind::StaffDisabled, Kind::StaffEnabled));
    disabled.extend(of_kind(unknown, Kind::StaffSecrets).map(|entry| entry.subject_id));
    for person in disabled {
        if transaction!(context.db, "restore.staff", |tx| staff::disable_again(context, tx, person).await)? {
            report.staff_disabled.push(person);
        }
    }
    for person in last_is(unknown, (Kind::StaffPaused, Kind::StaffUnpaused)) {
        let paused =
            transaction!(context.db, "restore.pause", |tx| staff::pause_again(context, tx, person, now).await)?;
        report.staff_paused += u64::from(paused);
    }
    for party in last_is(unknown, (Kind::PartySuspended, Kind::PartyResumed)) {
        let done =
            transaction!(context.db, "restore.party", |tx| parties::suspend_again(context, tx, party, now).await)?;
        report.parties_suspended += u64::from(done);
    }
    for entry in of_kind(unknown, Kind::ApiKeyRevoked) {
        let key = entry.subject_id;
        let done = transaction!(context.db, "restore.key", |tx| parties::revoke_again(context, tx, key, now).await)?;
        report.api_keys_revoked += u64::from(done);
    }
    for kid in of_kind(unknown, Kind::SigningKeyRevoked).filter_map(|entry| entry.detail.as_deref()) {
        let done = transaction!(context.db, "restore.sign", |tx| keys::retire_again(context, tx, kid, now).await)?;
        report.signing_keys_revoked += u64::from(done);
    }
    Ok(())
}
