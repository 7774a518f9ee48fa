//! Approvals by two that were drawn by lot, so that somebody else calls the resident back.

use uuid::Uuid;

use crate::changed::Changed;
use crate::clock::Timestamp;
use crate::db::{DbResult, Tx};
use crate::registration::model::CallBackFinding;
use crate::{change, execute, fetch_all};

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct CallBackRow {
    /// The registration.
    pub registration_id: Uuid,
    /// Who asked for the approval.
    pub asked_by: Uuid,
    /// Who granted it.
    pub granted_by: Uuid,
    /// When it was drawn.
    pub drawn_at: Timestamp,
    /// What the resident said, once somebody called.
    pub finding: Option<CallBackFinding>,
    /// Who called.
    pub called_by: Option<Uuid>,
    /// When.
    pub called_at: Option<Timestamp>,
}

const DRAW: &str = "INSERT INTO approval_call_back (registration_id, office_id, asked_by, granted_by, drawn_at) \
    VALUES ($1, $2, $3, $4, $5)";

/// Keeps that an approval of an office was drawn.
pub async fn draw(
    tx: &mut Tx,
    (registration, office): (Uuid, Uuid),
    (asked_by, granted_by): (Uuid, Uuid),
    now: Timestamp,
) -> DbResult<()> {
    execute!(tx, DRAW, registration, office, asked_by, granted_by, now).map(|_| ())
}

const OF_OFFICE: &str = "SELECT registration_id, asked_by, granted_by, drawn_at, finding, called_by, called_at \
    FROM approval_call_back WHERE office_id = $1 AND drawn_at > $2 ORDER BY drawn_at DESC LIMIT $3";

/// Those of an office after `since`, newest first.
pub async fn of_office(tx: &mut Tx, office: Uuid, since: Timestamp, limit: i64) -> DbResult<Vec<CallBackRow>> {
    fetch_all!(tx, CallBackRow, OF_OFFICE, office, since, limit)
}

const FOUND: &str = "UPDATE approval_call_back SET finding = $4, called_by = $3, called_at = $5 \
    WHERE registration_id = $1 AND office_id = $2 AND asked_by <> $3 AND granted_by <> $3 \
    AND (finding IS NULL OR finding = 'unreached')";

/// Notes what the resident said to somebody who neither asked nor granted. Who was not reached can be called again; any other word
/// stays.
pub async fn found(
    tx: &mut Tx,
    (registration, office): (Uuid, Uuid),
    by: Uuid,
    finding: CallBackFinding,
    now: Timestamp,
) -> DbResult<Changed> {
    change!(tx, FOUND, registration, office, by, finding, now)
}

const ERASE: &str = "DELETE FROM approval_call_back WHERE registration_id = $1";

/// Forgets that of a registration.
pub async fn erase(tx: &mut Tx, registration: Uuid) -> DbResult<()> {
    execute!(tx, ERASE, registration).map(|_| ())
}

const SWEEP: &str = "DELETE FROM approval_call_back WHERE drawn_at <= $1";

/// Forgets those of `before` and earlier; gives how many.
pub async fn sweep(tx: &mut Tx, before: Timestamp) -> DbResult<u64> {
    execute!(tx, SWEEP, before)
}
