//! SQL of who helped whom.

use uuid::Uuid;

use super::model::Help;
use crate::clock::Timestamp;
use crate::db::{DbResult, Tx};
use crate::{execute, fetch_all, fetch_one, fetch_optional};

const ADD: &str = "INSERT INTO help (help_id, helper_index, name_sealed, helped_id, office_id, officer_id, granted_by, at) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

/// Notes that somebody helped.
pub async fn add(
    tx: &mut Tx,
    (id, helper_index, name): (Uuid, &[u8], &[u8]),
    help: Help,
    now: Timestamp,
) -> DbResult<()> {
    let Help { helped_id, office_id, officer_id, granted_by } = help;
    execute!(tx, ADD, id, helper_index, name, helped_id, office_id, officer_id, granted_by, now).map(|_| ())
}

const OTHERS: &str =
    "SELECT COUNT(DISTINCT helped_id) FROM help WHERE helper_index = $1 AND at > $2 AND helped_id <> $3";

/// How many people other than this one somebody helped since a time.
pub async fn others(tx: &mut Tx, helper_index: &[u8], since: Timestamp, helped: Uuid) -> DbResult<i64> {
    Ok(fetch_one!(tx, (i64,), OTHERS, helper_index, since, helped)?.0)
}

const PEOPLE: &str = "SELECT COUNT(DISTINCT helped_id) FROM help WHERE helper_index = $1 AND at > $2";

/// How many people somebody helped since a time.
pub async fn people(tx: &mut Tx, helper_index: &[u8], since: Timestamp) -> DbResult<i64> {
    Ok(fetch_one!(tx, (i64,), PEOPLE, helper_index, since)?.0)
}

/// A help that nobody looked at.
#[derive(Debug, sqlx::FromRow)]
pub struct OpenRow {
    /// Its id.
    pub help_id: Uuid,
    /// Who helped.
    pub helper_index: Vec<u8>,
    /// The name, sealed.
    pub name_sealed: Option<Vec<u8>>,
    /// The officer who noted it.
    pub officer_id: Uuid,
    /// The second person.
    pub granted_by: Option<Uuid>,
    /// When.
    pub at: Timestamp,
}

const OPEN: &str = "SELECT help_id, helper_index, name_sealed, officer_id, granted_by, at FROM help \
    WHERE office_id = $1 AND looked_at IS NULL AND at > $2 AND officer_id <> $3 AND (granted_by IS NULL OR granted_by <> $3) \
    AND helper_index IN (SELECT h.helper_index FROM help h WHERE h.at > $2 AND h.helper_index IN \
        (SELECT o.helper_index FROM help o WHERE o.office_id = $1 AND o.looked_at IS NULL) \
        GROUP BY h.helper_index HAVING COUNT(DISTINCT h.helped_id) > $4) \
    ORDER BY at DESC, help_id DESC LIMIT $5";

/// What those did in an office who helped more than `most` people since a time, and nobody looked at; newest first. What `not_by` noted
/// or granted is for somebody else.
pub async fn open(
    tx: &mut Tx,
    office: Uuid,
    (since, most): (Timestamp, i64),
    not_by: Uuid,
    limit: i64,
) -> DbResult<Vec<OpenRow>> {
    fetch_all!(tx, OpenRow, OPEN, office, since, not_by, most, limit)
}

const LOOKUP: &str = "SELECT help_id, helper_index, name_sealed, officer_id, granted_by, at FROM help \
    WHERE help_id = $1 AND office_id = $2 AND looked_at IS NULL";

/// One that nobody looked at.
pub async fn lookup(tx: &mut Tx, id: Uuid, office: Uuid) -> DbResult<Option<OpenRow>> {
    fetch_optional!(tx, OpenRow, LOOKUP, id, office)
}

// As many as the helper did since the last look; the caller refuses where there are none.
const LOOK_AT_ALL: &str = "UPDATE help SET looked_by = $3, looked_at = $4, looked_sealed = $5 \
    WHERE helper_index = $1 AND office_id = $2 AND at <= $6 AND looked_at IS NULL AND officer_id <> $3 \
    AND (granted_by IS NULL OR granted_by <> $3)";

/// Notes that a supervisor looked at all that somebody did in an office until a time, except what the supervisor noted or granted; gives how much.
pub async fn look(
    tx: &mut Tx,
    (helper_index, office): (&[u8], Uuid),
    (by, now): (Uuid, Timestamp),
    words: &[u8],
    until: Timestamp,
) -> DbResult<u64> {
    execute!(tx, LOOK_AT_ALL, helper_index, office, by, now, words, until)
}

/// A look of a supervisor.
#[derive(Debug, sqlx::FromRow)]
pub struct LookRow {
    /// Who looked.
    pub looked_by: Uuid,
    /// When.
    pub looked_at: Timestamp,
    /// With what result, sealed.
    pub looked_sealed: Vec<u8>,
}

const FORMER: &str = "SELECT looked_by, looked_at, looked_sealed FROM help \
    WHERE helper_index = $1 AND office_id = $2 AND looked_at IS NOT NULL ORDER BY looked_at DESC, help_id LIMIT 1";

/// The last look at what somebody did in an office.
pub async fn former(tx: &mut Tx, helper_index: &[u8], office: Uuid) -> DbResult<Option<LookRow>> {
    fetch_optional!(tx, LookRow, FORMER, helper_index, office)
}

// As many as were noted of the person; most were never helped.
const FORGET_HELPED: &str = "UPDATE help SET helped_id = $2 WHERE helped_id = $1";

/// Puts another id in the place of somebody whose data are erased: one person still counts as one.
pub async fn forget_helped(tx: &mut Tx, helped: Uuid, other: Uuid) -> DbResult<()> {
    execute!(tx, FORGET_HELPED, helped, other).map(|_| ())
}

const SWEEP: &str = "DELETE FROM help WHERE at <= $1";

/// Forgets what was noted at `before` or earlier; gives how much.
pub async fn sweep(tx: &mut Tx, before: Timestamp) -> DbResult<u64> {
    execute!(tx, SWEEP, before)
}
