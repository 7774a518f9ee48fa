//! What has to hold whatever died: everything that was acknowledged is there, and nothing is there by half.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use ikd::db::{Db, PoolSizes, Tx};
use ikd::fetch_all;
use ikd::fetch_one;
use ikd::stop_log::files;
use ikd::vault::Vault;
use support::node::text;
use support::world::{Program, World};
use uuid::Uuid;

use super::Service;
use super::ledger::Stage;

/// How many QRs were recorded as valid more than once.
pub const VALID_TWICE: &str = "SELECT COUNT(*) FROM (SELECT resident_id, issued FROM verification \
    WHERE result = 'valid' AND single_use = 1 GROUP BY resident_id, issued HAVING COUNT(*) > 1) AS twice";

/// A fault is what a count gives that is not 0. All of these run on both engines.
const NOTHING_BY_HALF: &[(&str, &str)] = &[
    ("a QR was recorded as valid twice", VALID_TWICE),
    (
        "stopped, and nobody knows why",
        "SELECT COUNT(*) FROM credential c WHERE c.state <> 'active' \
         AND NOT EXISTS (SELECT 1 FROM credential_status s WHERE s.resident_id = c.resident_id)",
    ),
    (
        "active, and there is a reason why not",
        "SELECT COUNT(*) FROM credential c WHERE c.state = 'active' \
         AND EXISTS (SELECT 1 FROM credential_status s WHERE s.resident_id = c.resident_id)",
    ),
    (
        "stopped without an event",
        "SELECT COUNT(*) FROM credential_status s WHERE NOT EXISTS (SELECT 1 FROM life_event e \
         WHERE e.event_id = s.event_id AND e.resident_id = s.resident_id)",
    ),
    (
        "an activation without a digital KTP",
        "SELECT COUNT(*) FROM life_event e WHERE e.kind = 'activated' \
         AND NOT EXISTS (SELECT 1 FROM credential c WHERE c.resident_id = e.resident_id)",
    ),
    (
        "a digital KTP without an activation",
        "SELECT COUNT(*) FROM credential c WHERE NOT EXISTS (SELECT 1 FROM life_event e \
         WHERE e.resident_id = c.resident_id AND e.kind = 'activated')",
    ),
    (
        "a registration that is active, and on no phone",
        "SELECT COUNT(*) FROM registration r WHERE r.state = 'active' \
         AND NOT EXISTS (SELECT 1 FROM credential_holder h WHERE h.registration_id = r.registration_id)",
    ),
    (
        "on a phone, and its registration is not active",
        "SELECT COUNT(*) FROM credential_holder h JOIN registration r ON r.registration_id = h.registration_id \
         WHERE r.state <> 'active'",
    ),
    (
        "without the record of its holder",
        "SELECT COUNT(*) FROM credential c WHERE NOT EXISTS (SELECT 1 FROM holder_record h WHERE h.resident_id = c.resident_id)",
    ),
    (
        "a code is to come, and there is none",
        "SELECT COUNT(*) FROM registration r WHERE r.state IN ('code_sent', 'needs_pin') \
         AND NOT EXISTS (SELECT 1 FROM activation_code a WHERE a.registration_id = r.registration_id)",
    ),
    (
        "a code without a message",
        "SELECT COUNT(*) FROM activation_code a \
         WHERE NOT EXISTS (SELECT 1 FROM mail_outbox m WHERE m.reference = a.registration_id)",
    ),
    (
        "a place in the log twice",
        "SELECT COUNT(*) FROM (SELECT log_position FROM life_event WHERE log_position IS NOT NULL \
         GROUP BY log_position HAVING COUNT(*) > 1) AS twice",
    ),
    ("a message was given up", "SELECT COUNT(*) FROM mail_outbox WHERE state = 'parked'"),
];

/// What the database says of acts whose end nobody noted.
const WITHOUT_OUTCOME: &str = "SELECT COUNT(*) FROM audit_event i WHERE i.phase = 'intent' \
    AND NOT EXISTS (SELECT 1 FROM audit_event o WHERE o.correlation_id = i.correlation_id AND o.phase = 'outcome')";

const TO_SEND: &str = "SELECT COUNT(*) FROM mail_outbox WHERE state = 'queued'";

/// Opens the database past the service. Nothing may be held open while a node is killed: its end has to be the end of everything.
async fn open(url: &str) -> Db {
    let sizes = PoolSizes { connections: 2, acquire_timeout_seconds: 30, ..PoolSizes::default() };
    Db::open(url, sizes).await.unwrap()
}

async fn count(tx: &mut Tx, sql: &'static str) -> i64 {
    fetch_one!(tx, (i64,), sql).unwrap().0
}

/// Compares what was promised with what is there. Gives what does not hold.
pub async fn faults(service: &Service, url: &str) -> Vec<String> {
    // Read before the database: what is promised meanwhile is looked for next time.
    let (stages, verified) = service.ledger.promises();
    let db = open(url).await;
    let mut tx = db.read().await.unwrap();
    let mut found = kept_promises(&mut tx, &stages, &verified).await;
    for (what, sql) in NOTHING_BY_HALF {
        let times = count(&mut tx, sql).await;
        if times > 0 {
            found.push(format!("{times} times: {what}"));
        }
    }
    drop(tx);
    db.close().await;
    found
}

async fn kept_promises(tx: &mut Tx, stages: &HashMap<Uuid, Stage>, verified: &HashSet<Uuid>) -> Vec<String> {
    let mut found = Vec::new();
    let there = fetch_all!(tx, (Uuid,), "SELECT verification_id FROM verification WHERE result = 'valid'").unwrap();
    let there: HashSet<Uuid> = there.into_iter().map(|(id,)| id).collect();
    let lost = verified.iter().filter(|id| !there.contains(id)).count();
    if lost > 0 {
        found.push(format!("{lost} checks that were answered with \"valid\" are not recorded"));
    }
    let states = fetch_all!(tx, (Uuid, String), "SELECT registration_id, state FROM registration").unwrap();
    let states: HashMap<Uuid, String> = states.into_iter().collect();
    let holders =
        "SELECT h.registration_id, c.state FROM credential_holder h JOIN credential c ON c.resident_id = h.resident_id";
    let holders: HashMap<Uuid, String> = fetch_all!(tx, (Uuid, String), holders).unwrap().into_iter().collect();
    for (id, stage) in stages {
        let state = states.get(id).map_or("", String::as_str);
        let is_kept = match stage {
            Stage::Registered => !state.is_empty(),
            Stage::Pictured => !matches!(state, "" | "needs_selfie"),
            Stage::Approved => matches!(state, "approved_pending_register" | "code_sent" | "needs_pin" | "active"),
            Stage::CodeRight => matches!(state, "needs_pin" | "active"),
            Stage::Active => state == "active",
            Stage::Stopped => holders.get(id).is_some_and(|state| state != "active"),
        };
        if !is_kept {
            found.push(format!("told to be {stage:?}, and is {state:?}"));
        }
    }
    found
}

/// What is in no file of the stop log, and waits for none.
pub async fn stops_lost(world: &World<Program>, url: &str, folder: &Path) -> Vec<String> {
    let vault = Vault::load(&world.folder.path().join("keys/root")).unwrap();
    let db = open(url).await;
    let mut tx = db.read().await.unwrap();
    let sql =
        "SELECT event_id FROM life_event WHERE kind IN ('stopped', 'restarted', 'activated', 'moved', 'pin_changed')";
    let events = fetch_all!(&mut tx, (Uuid,), sql).unwrap();
    let waiting = fetch_all!(&mut tx, (Uuid,), "SELECT note_id FROM stop_note").unwrap();
    drop(tx);
    db.close().await;
    let mut known: HashSet<Uuid> = waiting.into_iter().map(|(id,)| id).collect();
    match files::read(&[PathBuf::from(folder)], &vault, false) {
        Ok(read) => known.extend(read.iter().flat_map(|file| &file.entries).map(|entry| entry.note_id)),
        Err(error) => return vec![format!("the stop log: {error}")],
    }
    let lost = events.iter().filter(|(id,)| !known.contains(id)).count();
    if lost == 0 { Vec::new() } else { vec![format!("{lost} events are not in the stop log")] }
}

/// Whether the audit log, and the log that outsiders check, hold together; `ikd audit verify` says so.
pub async fn broken_logs(world: &World<Program>) -> Vec<String> {
    let output = world.run(&["--format", "json", "audit", "verify"]).await;
    if output.status.success() {
        return Vec::new();
    }
    vec![format!("audit verify: {}{}", text(&output.stdout), text(&output.stderr))]
}

/// How many acts have an intent and no outcome.
pub async fn without_outcome(url: &str) -> i64 {
    let db = open(url).await;
    let mut tx = db.read().await.unwrap();
    let found = count(&mut tx, WITHOUT_OUTCOME).await;
    drop(tx);
    db.close().await;
    found
}

/// Waits until every message is out; gives how many are not.
pub async fn unsent(url: &str, patience: Duration) -> i64 {
    let begun = std::time::Instant::now();
    loop {
        let db = open(url).await;
        let mut tx = db.read().await.unwrap();
        let waiting = count(&mut tx, TO_SEND).await;
        drop(tx);
        db.close().await;
        if waiting == 0 || begun.elapsed() > patience {
            return waiting;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}
