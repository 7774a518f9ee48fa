//! SQL of recoveries.

use uuid::Uuid;

use super::model::{Asked, End, Progress, Recovery, State, Visit};
use crate::changed::Changed;
use crate::clock::Timestamp;
use crate::db::{DbError, DbResult, Tx};
use crate::office::Scope;
use crate::{change, execute, fetch_all, fetch_optional, within_scope};

#[derive(sqlx::FromRow)]
struct Row {
    recovery_id: Uuid,
    resident_id: Uuid,
    device_thumbprint: Vec<u8>,
    state: State,
    revision: i64,
    expires_at: Timestamp,
    last_spent: Timestamp,
    office_id: Option<Uuid>,
    scanned_by: Option<Uuid>,
    asked_by: Option<Uuid>,
    asked_at: Option<Timestamp>,
    generation: Option<i64>,
    granted_by: Option<Uuid>,
    ended_at: Option<Timestamp>,
}

impl TryFrom<Row> for Recovery {
    type Error = DbError;

    fn try_from(row: Row) -> DbResult<Self> {
        let damaged = || DbError::Other(String::from("a recovery's row lacks what its state needs"));
        let visit = || {
            let (office_id, officer_id) = row.office_id.zip(row.scanned_by).ok_or_else(damaged)?;
            Ok::<_, DbError>(Visit { office_id, officer_id })
        };
        let asked = || {
            let ((by, at), generation) = row.asked_by.zip(row.asked_at).zip(row.generation).ok_or_else(damaged)?;
            Ok::<_, DbError>(Asked { by, at, generation })
        };
        let ended = |end| Ok::<_, DbError>(Progress::Ended(end, row.ended_at.ok_or_else(damaged)?));
        let progress = match row.state {
            State::WaitingForScan => Progress::WaitingForScan,
            State::AtCounter => Progress::AtCounter(visit()?),
            State::WaitingForSecondPerson => Progress::WaitingForSecondPerson(visit()?, asked()?),
            State::Granted => Progress::Granted(visit()?, asked()?, row.granted_by.ok_or_else(damaged)?),
            State::Done => ended(End::Done)?,
            State::Refused => ended(End::Refused)?,
            State::Lapsed => ended(End::Lapsed)?,
            State::Withdrawn => ended(End::Withdrawn)?,
        };
        let Row { recovery_id, resident_id, device_thumbprint, revision, expires_at, last_spent, .. } = row;
        Ok(Self { recovery_id, resident_id, device_thumbprint, revision, expires_at, last_spent, progress })
    }
}

macro_rules! select_recovery {
    ($rest:literal) => {
        concat!(
            "SELECT recovery_id, resident_id, device_thumbprint, state, revision, expires_at, last_spent, office_id, \
             scanned_by, asked_by, asked_at, generation, granted_by, ended_at FROM recovery ",
            $rest
        )
    };
}

const ADD: &str = "INSERT INTO recovery (recovery_id, resident_id, device_thumbprint, state, revision, created_at, \
    expires_at, last_spent) VALUES ($1, $2, $3, 'waiting_for_scan', 0, $4, $5, 0)";

/// Adds a recovery. A second one that lives on the same phone is refused as `DbError::Unique`.
pub(super) async fn add(tx: &mut Tx, this: &Recovery, now: Timestamp) -> DbResult<()> {
    let device = this.device_thumbprint.as_slice();
    execute!(tx, ADD, this.recovery_id, this.resident_id, device, now, this.expires_at).map(|_| ())
}

const LOOKUP: &str = select_recovery!("WHERE recovery_id = $1");

/// A recovery by its id.
pub(super) async fn lookup(tx: &mut Tx, id: Uuid) -> DbResult<Option<Recovery>> {
    fetch_optional!(tx, Row, LOOKUP, id)?.map(Recovery::try_from).transpose()
}

const HOLD: &str = "UPDATE recovery SET revision = revision WHERE recovery_id = $1";

/// Reads a recovery and keeps it: nobody else takes it a step further before this transaction is over.
pub(super) async fn hold(tx: &mut Tx, id: Uuid) -> DbResult<Option<Recovery>> {
    // Two statements: on PostgreSQL the second one sees what was committed while the first one waited.
    if change!(tx, HOLD, id)?.happened() { lookup(tx, id).await } else { Ok(None) }
}

const OF_DEVICE: &str = select_recovery!("WHERE device_thumbprint = $1 AND ended_at IS NULL");

/// The one that has not ended on a phone.
pub(super) async fn of_device(tx: &mut Tx, device: &[u8]) -> DbResult<Option<Recovery>> {
    fetch_optional!(tx, Row, OF_DEVICE, device)?.map(Recovery::try_from).transpose()
}

const SAVE: &str = "UPDATE recovery SET state = $3, expires_at = $4, last_spent = $5, office_id = COALESCE($6, office_id), \
    scanned_by = $7, asked_by = $8, asked_at = $9, granted_by = $10, ended_at = $11, generation = $12, revision = revision + 1 \
    WHERE recovery_id = $1 AND revision = $2 AND ended_at IS NULL AND (asked_by IS NULL OR asked_by <> COALESCE($10, recovery_id))";

/// Writes a step, if it still is of the revision that was read. Nobody grants what they asked for, whatever the program judged.
pub(super) async fn save(tx: &mut Tx, next: &Recovery, now: Timestamp) -> DbResult<Changed> {
    let (visit, asked, granted_by, ended_at) = match next.progress {
        Progress::WaitingForScan => (None, None, None, None),
        Progress::AtCounter(visit) => (Some(visit), None, None, None),
        Progress::WaitingForSecondPerson(visit, asked) => (Some(visit), Some(asked), None, None),
        Progress::Granted(visit, asked, by) => (Some(visit), Some(asked), Some(by), None),
        Progress::Ended(_, at) => (None, None, None, Some(at)),
    };
    change!(
        tx,
        SAVE,
        next.recovery_id,
        next.revision,
        next.state(now),
        next.expires_at,
        next.last_spent,
        visit.map(|visit| visit.office_id),
        visit.map(|visit| visit.officer_id),
        asked.map(|asked| asked.by),
        asked.map(|asked| asked.at),
        granted_by,
        ended_at,
        asked.map(|asked| asked.generation)
    )
}

const SET_WORDS: &str = "UPDATE recovery SET words_sealed = $2 WHERE recovery_id = $1";

/// Keeps why it is asked for, or refused.
pub(super) async fn set_words(tx: &mut Tx, id: Uuid, sealed: &[u8]) -> DbResult<()> {
    // The row is held.
    change!(tx, SET_WORDS, id, sealed).map(Changed::either_way)
}

const WORDS: &str = "SELECT words_sealed FROM recovery WHERE recovery_id = $1";

/// Why it is asked for, or refused.
pub(super) async fn words(tx: &mut Tx, id: Uuid) -> DbResult<Option<Vec<u8>>> {
    Ok(fetch_optional!(tx, (Option<Vec<u8>>,), WORDS, id)?.and_then(|(words,)| words))
}

const OFFICE_OF: &str = concat!(
    "SELECT office_id FROM recovery WHERE recovery_id = $1 AND (office_id = $2 OR state = 'waiting_for_second_person') AND ",
    within_scope!("office_id", "$2", "$3")
);

/// The office whose request it is, if that is the scope's own, or one of its scope while the request waits for a second person.
pub(super) async fn office_of(tx: &mut Tx, id: Uuid, scope: Scope) -> DbResult<Option<Uuid>> {
    Ok(fetch_optional!(tx, (Uuid,), OFFICE_OF, id, scope.office_id, scope.levels)?.map(|(office,)| office))
}

const WAITING: &str = concat!(
    select_recovery!("WHERE "),
    within_scope!("office_id", "$1", "$2"),
    " AND state = 'waiting_for_second_person' AND asked_at > $3 ORDER BY asked_at LIMIT $4"
);

/// What was asked for in the offices of a scope after `since`, longest waiting first.
pub(super) async fn waiting(tx: &mut Tx, scope: Scope, since: Timestamp, limit: i64) -> DbResult<Vec<Recovery>> {
    fetch_all!(tx, Row, WAITING, scope.office_id, scope.levels, since, limit)?
        .into_iter()
        .map(Recovery::try_from)
        .collect()
}

// As many as live: a restored copy may hold some that were refused since.
const END_ALL: &str =
    "UPDATE recovery SET state = 'lapsed', ended_at = $1, revision = revision + 1 WHERE ended_at IS NULL";

/// Ends all that live; gives how many.
pub(super) async fn end_all(tx: &mut Tx, now: Timestamp) -> DbResult<u64> {
    execute!(tx, END_ALL, now)
}

const SWEEP: &str = "DELETE FROM recovery WHERE recovery_id IN \
    (SELECT recovery_id FROM recovery WHERE ended_at IS NOT NULL AND ended_at <= $1 ORDER BY ended_at LIMIT $2)";

/// Forgets those that ended at `before` or earlier; gives how many.
pub(super) async fn sweep(tx: &mut Tx, before: Timestamp, limit: i64) -> DbResult<u64> {
    execute!(tx, SWEEP, before, limit)
}

const ERASE: &str = "DELETE FROM recovery WHERE device_thumbprint = $1";

/// Deletes those of a phone.
pub(super) async fn erase(tx: &mut Tx, device: &[u8]) -> DbResult<()> {
    execute!(tx, ERASE, device).map(|_| ())
}

const OVER: &str =
    "SELECT recovery_id FROM recovery WHERE ended_at IS NULL AND expires_at <= $1 ORDER BY expires_at LIMIT $2";

/// Those whose time is over.
pub(super) async fn over(tx: &mut Tx, now: Timestamp, limit: i64) -> DbResult<Vec<Uuid>> {
    Ok(fetch_all!(tx, (Uuid,), OVER, now, limit)?.into_iter().map(|(id,)| id).collect())
}
