//! The visit at a counter. Whoever writes it holds the registration ([`super::registration::hold`]).

use uuid::Uuid;

use crate::changed::Changed;
use crate::clock::Timestamp;
use crate::db::{DbResult, Tx};
use crate::registration::model::{MATCH_TRIES, State};
use crate::{change, execute, fetch_all, fetch_optional};

const SCAN: &str = "INSERT INTO counter_visit (registration_id, last_spent, scanned_by, scanned_at, match_tries) \
    VALUES ($1, $2, $3, $4, 0) ON CONFLICT (registration_id) DO UPDATE SET last_spent = $2, scanned_by = $3, \
    scanned_at = $4, match_number = NULL WHERE counter_visit.last_spent < $2";

/// Spends an activation token issued at `issued` and records who scanned it.
pub async fn scan(tx: &mut Tx, id: Uuid, issued: i64, officer: Uuid, now: Timestamp) -> DbResult<Changed> {
    change!(tx, SCAN, id, issued, officer, now)
}

const OFFER: &str = "INSERT INTO counter_visit (registration_id, last_spent, match_number, match_officer_id, match_at, \
    match_tries) VALUES ($1, 0, $2, $3, $4, 0) ON CONFLICT (registration_id) DO UPDATE SET match_number = $2, \
    match_officer_id = $3, match_at = $4, match_tries = 0";

/// Records that the resident scanned an officer's QR, and the number that they read out.
pub async fn offer(tx: &mut Tx, id: Uuid, number: i64, officer: Uuid, now: Timestamp) -> DbResult<()> {
    execute!(tx, OFFER, id, number, officer, now).map(|_| ())
}

/// Seconds between two scans of which the second moves the resident up: a loop of scans keeps nobody else off the list.
const MOVES_UP_AFTER_SECONDS: i64 = 5;

const OFFER_AGAIN: &str = "UPDATE counter_visit SET match_at = CASE WHEN match_at <= $6 THEN $4 ELSE match_at END \
    WHERE registration_id = $1 AND match_number = $2 AND match_officer_id = $3 AND match_tries < $5";

/// The resident scanned the same officer's QR again: the number lives on, with the tries that are left.
pub async fn offer_again(tx: &mut Tx, id: Uuid, number: i64, officer: Uuid, now: Timestamp) -> DbResult<Changed> {
    change!(tx, OFFER_AGAIN, id, number, officer, now, MATCH_TRIES, now.plus_seconds(-MOVES_UP_AFTER_SECONDS))
}

const COUNT_TRY: &str = "UPDATE counter_visit SET match_tries = match_tries + 1 \
    WHERE registration_id = $1 AND match_officer_id = $2 AND match_at >= $3 AND match_number IS NOT NULL \
    AND match_tries < $4 RETURNING match_number, match_tries";

/// Counts a try at the number and gives it, and how many tries there were; `None` when nobody waits for this officer under
/// that id, or the number is void.
pub async fn count_try(tx: &mut Tx, id: Uuid, officer: Uuid, since: Timestamp) -> DbResult<Option<(i64, i64)>> {
    fetch_optional!(tx, (i64, i64), COUNT_TRY, id, officer, since, MATCH_TRIES)
}

const CONFIRM: &str = "UPDATE counter_visit SET scanned_by = $3, scanned_at = $4, match_number = NULL \
    WHERE registration_id = $1 AND match_number = $2 AND match_officer_id = $3 AND match_at >= $5";

/// The officer whose QR was scanned since `since` confirms the number; it counts as a scan.
pub async fn confirm(
    tx: &mut Tx,
    id: Uuid,
    number: i64,
    officer: Uuid,
    now: Timestamp,
    since: Timestamp,
) -> DbResult<Changed> {
    change!(tx, CONFIRM, id, number, officer, now, since)
}

const TAKE_OVER: &str = "UPDATE counter_visit SET scanned_by = $2, called_at = $4 \
    WHERE registration_id = $1 AND scanned_by <> $2 AND scanned_at >= $3";

/// A colleague's scan since `since` counts as this officer's from now on, who calls the resident; a miss where there was none.
pub async fn take_over(
    tx: &mut Tx,
    id: Uuid,
    officer: Uuid,
    (since, now): (Timestamp, Timestamp),
) -> DbResult<Changed> {
    change!(tx, TAKE_OVER, id, officer, since, now)
}

const QUEUE_UP: &str = "UPDATE counter_visit SET queue_office = $2, queue_number = $3, queued_at = $4, called_at = NULL \
    WHERE registration_id = $1";

/// Gives the resident this number of an office.
pub async fn queue_up(tx: &mut Tx, id: Uuid, office: Uuid, number: i64, now: Timestamp) -> DbResult<Changed> {
    change!(tx, QUEUE_UP, id, office, number, now)
}

const SET_OUTREACH: &str = "UPDATE counter_visit SET outreach_id = $2 WHERE registration_id = $1";

/// The resident came in a session of outreach.
pub async fn set_outreach(tx: &mut Tx, id: Uuid, outreach: Uuid) -> DbResult<Changed> {
    change!(tx, SET_OUTREACH, id, outreach)
}

const OF_OUTREACH: &str = "SELECT r.state, CAST(COUNT(*) AS BIGINT) FROM counter_visit v \
    JOIN registration r ON r.registration_id = v.registration_id WHERE v.outreach_id = $1 GROUP BY r.state";

/// How many residents came in a session, by where their registrations stand.
pub async fn of_outreach(tx: &mut Tx, outreach: Uuid) -> DbResult<Vec<(State, i64)>> {
    fetch_all!(tx, (State, i64), OF_OUTREACH, outreach)
}

const REASSIGN: &str =
    "UPDATE counter_visit SET scanned_by = $3 WHERE registration_id = $1 AND scanned_by = $2 AND scanned_at >= $4";

/// One person's scan since `since` counts as another's from now on; a miss where it is somebody else's by now.
pub async fn reassign(tx: &mut Tx, id: Uuid, (from, to): (Uuid, Uuid), since: Timestamp) -> DbResult<Changed> {
    change!(tx, REASSIGN, id, from, to, since)
}

const END_PRESENCE: &str =
    "UPDATE counter_visit SET scanned_by = NULL WHERE registration_id = $1 AND scanned_by IS NOT NULL";

/// The resident is before nobody any more.
pub async fn end_presence(tx: &mut Tx, id: Uuid) -> DbResult<()> {
    // There may have been no visit.
    change!(tx, END_PRESENCE, id).map(Changed::either_way)
}

const DECIDE: &str = "UPDATE counter_visit SET decided_by = $2, decided_at = $3, decision_sealed = $4 \
    WHERE registration_id = $1";

/// Records who decided, when, and the sealed `Decision`.
pub async fn decide(tx: &mut Tx, id: Uuid, officer: Uuid, now: Timestamp, sealed: &[u8]) -> DbResult<Changed> {
    change!(tx, DECIDE, id, officer, now, sealed)
}

const WITHDRAW_DECISION: &str = "UPDATE counter_visit SET decision_sealed = NULL WHERE registration_id = $1";

/// What an officer said is done: the data it was about was corrected.
pub async fn withdraw_decision(tx: &mut Tx, id: Uuid) -> DbResult<()> {
    change!(tx, WITHDRAW_DECISION, id).map(Changed::either_way)
}

const DELETE: &str = "DELETE FROM counter_visit WHERE registration_id = $1";

/// Deletes the visit of a registration that was deleted.
pub async fn delete(tx: &mut Tx, id: Uuid) -> DbResult<()> {
    execute!(tx, DELETE, id).map(|_| ())
}
