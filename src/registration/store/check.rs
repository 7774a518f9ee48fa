//! The register check: a job, leased by one node at a time.

use uuid::Uuid;

use crate::changed::Changed;
use crate::clock::Timestamp;
use crate::db::{DbResult, Tx};
use crate::registration::model::{Answer, CheckState};
use crate::{change, execute, fetch_all, fetch_optional};

const ADD: &str = "INSERT INTO register_check (registration_id, state, due_at, lease_until, attempts) \
    VALUES ($1, $2, $3, 0, 0)";

/// Adds the check of a new registration: one that is due now, or one that waits for the counter.
pub async fn add(tx: &mut Tx, id: Uuid, limited: bool, now: Timestamp) -> DbResult<()> {
    let (state, due) = if limited { (CheckState::Limited, None) } else { (CheckState::Pending, Some(now)) };
    execute!(tx, ADD, id, state, due).map(|_| ())
}

const DUE: &str = "SELECT registration_id FROM register_check WHERE due_at <= $1 AND lease_until <= $1 \
    ORDER BY due_at LIMIT $2";

/// Checks that are due and that no node has leased.
pub async fn due(tx: &mut Tx, now: Timestamp, limit: i64) -> DbResult<Vec<Uuid>> {
    Ok(fetch_all!(tx, (Uuid,), DUE, now, limit)?.into_iter().map(|row| row.0).collect())
}

const LEASE: &str = "UPDATE register_check SET lease_until = $3, attempts = attempts + 1 \
    WHERE registration_id = $1 AND state = 'pending' AND due_at IS NOT NULL AND lease_until <= $2 RETURNING attempts";

/// Leases one check until `until` and gives how often it was tried; only one node gets it.
pub async fn lease(tx: &mut Tx, id: Uuid, now: Timestamp, until: Timestamp) -> DbResult<Option<i64>> {
    Ok(fetch_optional!(tx, (i64,), LEASE, id, now, until)?.map(|(attempts,)| attempts))
}

const POSTPONE: &str = "UPDATE register_check SET due_at = $2, lease_until = 0 \
    WHERE registration_id = $1 AND state = 'pending' AND due_at IS NOT NULL";

/// The register did not answer: try again at `due`.
pub async fn postpone(tx: &mut Tx, id: Uuid, due: Timestamp) -> DbResult<()> {
    // Answered meanwhile by another node's check, or over: then nothing is to be postponed.
    change!(tx, POSTPONE, id, due).map(Changed::either_way)
}

const FINISH: &str = "UPDATE register_check SET state = 'done', result = $2, resident_id = $3, checked_at = $4, \
    due_at = NULL, lease_until = 0 WHERE registration_id = $1 AND state = 'pending' AND due_at IS NOT NULL";

/// Records what the register's answer means.
pub async fn finish(tx: &mut Tx, id: Uuid, answer: Answer, now: Timestamp) -> DbResult<Changed> {
    change!(tx, FINISH, id, answer.result(), answer.resident(), now)
}

const RESTART: &str = "UPDATE register_check SET state = 'pending', result = NULL, due_at = $2, lease_until = 0 \
    WHERE registration_id = $1";

/// What was submitted changed: the register is asked anew.
pub async fn restart(tx: &mut Tx, id: Uuid, now: Timestamp) -> DbResult<Changed> {
    change!(tx, RESTART, id, now)
}

const LIFT_LIMIT: &str =
    "UPDATE register_check SET state = 'pending', due_at = $2 WHERE registration_id = $1 AND state = 'limited'";

/// A check that waits for the counter becomes due.
pub async fn lift_limit(tx: &mut Tx, id: Uuid, now: Timestamp) -> DbResult<()> {
    // Most never were limited.
    change!(tx, LIFT_LIMIT, id, now).map(Changed::either_way)
}

const STOP: &str = "UPDATE register_check SET due_at = NULL WHERE registration_id = $1 AND due_at IS NOT NULL";

/// The registration ended: nothing is to run any more.
pub async fn stop(tx: &mut Tx, id: Uuid) -> DbResult<()> {
    // Most have their answer.
    change!(tx, STOP, id).map(Changed::either_way)
}

const DELETE: &str = "DELETE FROM register_check WHERE registration_id = $1";

/// Deletes the check of a registration that was deleted.
pub async fn delete(tx: &mut Tx, id: Uuid) -> DbResult<()> {
    execute!(tx, DELETE, id).map(|_| ())
}
