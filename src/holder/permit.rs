//! Until when foreigners may stay: when to tell them. That a digital KTP does not count any more says the record, at every check.

use uuid::Uuid;

use super::model::{PERMIT_NOTICE_DAYS, permit_notice};
use crate::changed::Changed;
use crate::clock::{DAY, Timestamp};
use crate::db::{DbResult, Tx};
use crate::register::RegisterRecord;
use crate::{change, execute, fetch_all};

// The same day as before keeps what was told; another one is told anew.
const PUT: &str = "
    INSERT INTO permit (resident_id, ends_at, due_at) VALUES ($1, $2, $3)
    ON CONFLICT (resident_id) DO UPDATE SET ends_at = excluded.ends_at,
        due_at = CASE WHEN permit.ends_at = excluded.ends_at THEN permit.due_at ELSE excluded.due_at END";

const DELETE: &str = "DELETE FROM permit WHERE resident_id = $1";

const DELETE_UNUSED: &str = "
    DELETE FROM permit WHERE resident_id = $1 AND NOT EXISTS (SELECT 1 FROM credential c WHERE c.resident_id = $1)";

const DUE: &str = "
    SELECT resident_id, ends_at, due_at FROM permit WHERE due_at IS NOT NULL AND due_at <= $1 ORDER BY due_at LIMIT $2";

const TOLD: &str = "UPDATE permit SET due_at = $4 WHERE resident_id = $1 AND ends_at = $2 AND due_at = $3";

/// Keeps until when the holder of this record may stay; nothing of a citizen.
pub(super) async fn keep(tx: &mut Tx, resident: Uuid, record: &RegisterRecord) -> DbResult<()> {
    let Some(ends_at) = record.permit_ends_at() else { return forget(tx, resident).await };
    let first = PERMIT_NOTICE_DAYS.first().map(|days| ends_at.plus_seconds(-days * DAY));
    execute!(tx, PUT, resident, ends_at, first).map(|_| ())
}

/// Forgets it.
pub(super) async fn forget(tx: &mut Tx, resident: Uuid) -> DbResult<()> {
    execute!(tx, DELETE, resident).map(|_| ())
}

/// Forgets it of somebody who never became a holder.
pub(super) async fn forget_unused(tx: &mut Tx, resident: Uuid) -> DbResult<()> {
    execute!(tx, DELETE_UNUSED, resident).map(|_| ())
}

/// A notice that is due: to whom, when the permit ends, and when the notice was due.
pub type DueNotice = (Uuid, Timestamp, Timestamp);

/// Notices that are due, those first that waited longest.
///
/// # Errors
/// When the database does not answer.
pub async fn due_notices(tx: &mut Tx, now: Timestamp, limit: i64) -> DbResult<Vec<DueNotice>> {
    fetch_all!(tx, DueNotice, DUE, now, limit)
}

/// Takes a notice that was due, so that nobody else sends it; the next one is due in its time. A miss when another node was faster, or the
/// register has named another day since.
///
/// # Errors
/// When the database did not do it.
pub async fn take_notice(tx: &mut Tx, (resident, ends_at, due_at): DueNotice, now: Timestamp) -> DbResult<Changed> {
    let next = permit_notice(ends_at, now).and_then(|(_, next)| next);
    change!(tx, TOLD, resident, ends_at, due_at, next)
}
