//! What officers see of many registrations: queues, waiting residents, figures.

use uuid::Uuid;

use crate::clock::Timestamp;
use crate::db::{DbResult, Tx};
use crate::registration::model::{MATCH_TRIES, State};
use crate::{fetch_all, fetch_optional};

/// A registration in a queue.
#[derive(Debug, sqlx::FromRow)]
pub struct Queued {
    /// Its id.
    pub registration_id: Uuid,
    /// Where it stands.
    pub state: State,
    /// Sealed `Submitted`.
    pub sealed: Vec<u8>,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it was scanned last.
    pub scanned_at: Option<Timestamp>,
}

const QUEUE: &str = "SELECT r.registration_id, r.state, r.sealed, r.updated_at, v.scanned_at FROM registration r \
    LEFT JOIN counter_visit v ON v.registration_id = r.registration_id \
    WHERE r.office_id = $1 AND r.state = $2 AND (r.updated_at > $3 OR (r.updated_at = $3 AND r.registration_id > $4)) \
    ORDER BY r.updated_at, r.registration_id LIMIT $5";

/// An office's queue in one state, longest waiting first, after the cursor (time of last change, id).
pub async fn queue(
    tx: &mut Tx,
    office: Uuid,
    state: State,
    after: (Timestamp, Uuid),
    limit: i64,
) -> DbResult<Vec<Queued>> {
    fetch_all!(tx, Queued, QUEUE, office, state, after.0, after.1, limit)
}

/// A resident whom somebody of the office received.
#[derive(Debug, sqlx::FromRow)]
pub struct Arrived {
    /// The registration.
    pub registration_id: Uuid,
    /// Sealed `Submitted`.
    pub sealed: Vec<u8>,
    /// When.
    pub scanned_at: Timestamp,
    /// By whom.
    pub scanned_by: Uuid,
    /// With which number, where they got one.
    pub queue_number: Option<i64>,
}

const ARRIVALS: &str = "SELECT r.registration_id, r.sealed, v.scanned_at, v.scanned_by, \
    CASE WHEN v.queue_office = $1 AND v.queued_at >= $4 THEN v.queue_number END AS queue_number FROM registration r \
    JOIN counter_visit v ON v.registration_id = r.registration_id \
    WHERE r.office_id = $1 AND r.state = 'awaiting_officer' AND v.scanned_by IS NOT NULL AND v.scanned_at >= $2 \
    ORDER BY v.scanned_at, r.registration_id LIMIT $3";

/// Residents whom somebody of an office received since `since` and who wait for an officer, the longest waiting first.
///
/// `today` is the midnight from which numbers are today's.
pub async fn arrivals(
    tx: &mut Tx,
    office: Uuid,
    (since, today): (Timestamp, Timestamp),
    limit: i64,
) -> DbResult<Vec<Arrived>> {
    fetch_all!(tx, Arrived, ARRIVALS, office, since, limit, today)
}

const CALLED: &str = "SELECT queue_number, called_at FROM counter_visit WHERE queue_office = $1 AND called_at >= $2 \
    ORDER BY called_at DESC, queue_number DESC LIMIT $3";

/// Numbers of an office that were called since `since`, the last first.
pub async fn called(tx: &mut Tx, office: Uuid, since: Timestamp, limit: i64) -> DbResult<Vec<(i64, Timestamp)>> {
    fetch_all!(tx, (i64, Timestamp), CALLED, office, since, limit)
}

const UNCALLED: &str = "SELECT CAST(COUNT(*) AS BIGINT) FROM counter_visit \
    WHERE queue_office = $1 AND queued_at >= $2 AND called_at IS NULL";

/// How many got a number of an office since `since` and were not called.
pub async fn uncalled(tx: &mut Tx, office: Uuid, since: Timestamp) -> DbResult<i64> {
    Ok(fetch_optional!(tx, (i64,), UNCALLED, office, since)?.map_or(0, |(waiting,)| waiting))
}

const CALLED_AFTER: &str = "SELECT queued_at, called_at FROM counter_visit \
    WHERE queue_office = $1 AND called_at >= $2 AND queued_at IS NOT NULL ORDER BY called_at DESC LIMIT $3";

/// When those whom an office called since `since` were received and called, the last called first.
pub async fn called_after(
    tx: &mut Tx,
    office: Uuid,
    since: Timestamp,
    limit: i64,
) -> DbResult<Vec<(Timestamp, Timestamp)>> {
    fetch_all!(tx, (Timestamp, Timestamp), CALLED_AFTER, office, since, limit)
}

// Every state that follows a decision is listed, so that the index over office, state and time is used.
const SERVED: &str = "SELECT v.scanned_at, v.decided_at FROM registration r \
    JOIN counter_visit v ON v.registration_id = r.registration_id \
    WHERE r.office_id = $1 AND r.state IN ('needs_selfie', 'needs_correction', 'approved_pending_register', 'code_sent', \
    'needs_pin', 'active', 'rejected') AND r.updated_at >= $2 AND v.decided_at >= $2 AND v.scanned_at >= $2 \
    ORDER BY v.decided_at DESC LIMIT $3";

/// Whom an office served since `since`: when they were scanned and when it was decided, the last first.
pub async fn served(tx: &mut Tx, office: Uuid, since: Timestamp, limit: i64) -> DbResult<Vec<(Timestamp, Timestamp)>> {
    fetch_all!(tx, (Timestamp, Timestamp), SERVED, office, since, limit)
}

/// A resident who waits for an officer to type their number.
#[derive(Debug, sqlx::FromRow)]
pub struct Waiting {
    /// The registration.
    pub registration_id: Uuid,
    /// Sealed `Submitted`.
    pub sealed: Vec<u8>,
    /// When the officer's QR was scanned.
    pub match_at: Timestamp,
}

const WAITING: &str = "SELECT r.registration_id, r.sealed, v.match_at FROM counter_visit v \
    JOIN registration r ON r.registration_id = v.registration_id \
    WHERE v.match_officer_id = $1 AND v.match_at >= $2 AND v.match_number IS NOT NULL AND v.match_tries < $3 \
    AND r.state IN ('needs_selfie', 'awaiting_officer', 'needs_correction') \
    ORDER BY v.match_at DESC, r.registration_id DESC LIMIT $4";

/// Registrations whose residents scanned this officer's QR since `since` and whose number is neither confirmed nor void,
/// newest first: whoever scans now is not kept out by many who scanned before.
pub async fn waiting(tx: &mut Tx, officer: Uuid, since: Timestamp, limit: i64) -> DbResult<Vec<Waiting>> {
    fetch_all!(tx, Waiting, WAITING, officer, since, MATCH_TRIES, limit)
}

/// How many registrations of an office stand in a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Figure {
    /// The state.
    pub state: State,
    /// Registrations of the office that changed since.
    pub office: i64,
    /// Those of them that the officer decided since.
    pub mine: i64,
}

// Every state is listed, so that the index over office, state and time is scanned from `since` on only.
const FIGURES: &str = "SELECT r.state AS state, COUNT(*) AS office, COUNT(v.registration_id) AS mine FROM registration r \
    LEFT JOIN counter_visit v ON v.registration_id = r.registration_id AND v.decided_by = $2 AND v.decided_at >= $3 \
    WHERE r.office_id = $1 AND r.state IN ('needs_selfie', 'awaiting_officer', 'needs_correction', \
    'approved_pending_register', 'code_sent', 'needs_pin', 'active', 'rejected', 'expired', 'cancelled') \
    AND r.updated_at >= $3 GROUP BY r.state ORDER BY r.state";

/// Per state: registrations of an office that changed since, and how many of them the officer decided since.
pub async fn figures(tx: &mut Tx, office: Uuid, officer: Uuid, since: Timestamp) -> DbResult<Vec<Figure>> {
    fetch_all!(tx, Figure, FIGURES, office, officer, since)
}
