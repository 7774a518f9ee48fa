//! SQL of changes of address.

use uuid::Uuid;

use super::model::{CODE_TRIES, ContactChange, End, Progress, State};
use crate::changed::Changed;
use crate::clock::Timestamp;
use crate::db::{DbError, DbResult, Tx};
use crate::{change, execute, fetch_all, fetch_optional};

#[derive(sqlx::FromRow)]
struct Row {
    change_id: Uuid,
    resident_id: Uuid,
    state: State,
    revision: i64,
    generation: i64,
    tries: i64,
    expires_at: Timestamp,
    effective_at: Option<Timestamp>,
    sealed: Option<Vec<u8>>,
    ended_at: Option<Timestamp>,
}

impl TryFrom<Row> for ContactChange {
    type Error = DbError;

    fn try_from(row: Row) -> DbResult<Self> {
        let damaged = || DbError::Other(String::from("a change of address lacks what its state needs"));
        let ended = |end| Ok::<_, DbError>(Progress::Ended(end, row.ended_at.ok_or_else(damaged)?));
        let progress = match row.state {
            State::CodeSent => Progress::CodeSent,
            State::Cooling => Progress::Cooling(row.effective_at.ok_or_else(damaged)?),
            State::Done => ended(End::Done)?,
            State::Stopped => ended(End::Stopped)?,
            State::Lapsed => ended(End::Lapsed)?,
        };
        let Row { change_id, resident_id, revision, generation, tries, expires_at, sealed, .. } = row;
        Ok(Self { change_id, resident_id, revision, generation, tries, expires_at, progress, sealed })
    }
}

macro_rules! select_change {
    ($rest:literal) => {
        concat!(
            "SELECT change_id, resident_id, state, revision, generation, tries, expires_at, effective_at, sealed, ended_at \
             FROM contact_change ",
            $rest
        )
    };
}

const ADD: &str = "INSERT INTO contact_change (change_id, resident_id, state, revision, generation, tries, created_at, \
    expires_at, sealed) VALUES ($1, $2, 'code_sent', 0, $3, 0, $4, $5, $6)";

/// Adds a change. A second one that lives for the same holder is refused as `DbError::Unique`.
pub(super) async fn add(tx: &mut Tx, this: &ContactChange, now: Timestamp) -> DbResult<()> {
    let sealed = this.sealed.as_deref();
    execute!(tx, ADD, this.change_id, this.resident_id, this.generation, now, this.expires_at, sealed).map(|_| ())
}

const ADD_DONE: &str = "INSERT INTO contact_change (change_id, resident_id, state, revision, generation, tries, created_at, \
    expires_at, ended_at) VALUES ($1, $2, 'done', 0, 0, 0, $3, $3, $3)";

/// Adds a change that two people of an office put in force.
pub(super) async fn add_done(tx: &mut Tx, (id, resident): (Uuid, Uuid), now: Timestamp) -> DbResult<()> {
    execute!(tx, ADD_DONE, id, resident, now).map(|_| ())
}

const LOOKUP: &str = select_change!("WHERE change_id = $1");

/// A change by its id.
pub(super) async fn lookup(tx: &mut Tx, id: Uuid) -> DbResult<Option<ContactChange>> {
    fetch_optional!(tx, Row, LOOKUP, id)?.map(ContactChange::try_from).transpose()
}

const LIVE: &str = select_change!("WHERE resident_id = $1 AND ended_at IS NULL");

/// The one of a holder that has not ended.
pub(super) async fn live(tx: &mut Tx, resident: Uuid) -> DbResult<Option<ContactChange>> {
    fetch_optional!(tx, Row, LIVE, resident)?.map(ContactChange::try_from).transpose()
}

const LAST_DONE: &str = "SELECT ended_at FROM contact_change WHERE resident_id = $1 AND state = 'done' AND ended_at > $2 \
    ORDER BY ended_at DESC LIMIT 1";

/// When the address of a holder last changed, if after `since`.
pub(super) async fn last_done(tx: &mut Tx, resident: Uuid, since: Timestamp) -> DbResult<Option<Timestamp>> {
    Ok(fetch_optional!(tx, (Timestamp,), LAST_DONE, resident, since)?.map(|(at,)| at))
}

const COUNT_TRY: &str = "UPDATE contact_change SET tries = tries + 1 \
    WHERE change_id = $1 AND state = 'code_sent' AND tries < $2 AND expires_at > $3 RETURNING tries";

/// Counts one try of the code; gives how many there are now, or `None` when none may be made.
pub(super) async fn count_try(tx: &mut Tx, id: Uuid, now: Timestamp) -> DbResult<Option<i64>> {
    Ok(fetch_optional!(tx, (i64,), COUNT_TRY, id, CODE_TRIES, now)?.map(|(tries,)| tries))
}

const SAVE: &str = "UPDATE contact_change SET state = $3, effective_at = COALESCE($4, effective_at), sealed = $5, \
    ended_at = $6, revision = revision + 1 WHERE change_id = $1 AND revision = $2 AND ended_at IS NULL";

/// Writes a step, if it still is of the revision that was read.
pub(super) async fn save(tx: &mut Tx, next: &ContactChange) -> DbResult<Changed> {
    let (effective_at, ended_at) = match next.progress {
        Progress::CodeSent => (None, None),
        Progress::Cooling(at) => (Some(at), None),
        Progress::Ended(_, at) => (None, Some(at)),
    };
    let sealed = next.sealed.as_deref();
    change!(tx, SAVE, next.change_id, next.revision, next.state(), effective_at, sealed, ended_at)
}

const DUE: &str = "SELECT change_id, resident_id FROM contact_change WHERE state = 'cooling' AND effective_at <= $1 \
    ORDER BY effective_at LIMIT $2";

/// Those whose time has come, with whose they are.
pub(super) async fn due(tx: &mut Tx, now: Timestamp, limit: i64) -> DbResult<Vec<(Uuid, Uuid)>> {
    fetch_all!(tx, (Uuid, Uuid), DUE, now, limit)
}

// Of as many as there are; none is fine too.
const LAPSE: &str = "UPDATE contact_change SET state = 'lapsed', sealed = NULL, ended_at = $1, revision = revision + 1 \
    WHERE change_id IN (SELECT change_id FROM contact_change WHERE state = 'code_sent' AND expires_at <= $1 \
        ORDER BY expires_at LIMIT $2) AND state = 'code_sent'";

/// Ends those whose code nobody entered; gives how many.
pub(super) async fn lapse(tx: &mut Tx, now: Timestamp, limit: i64) -> DbResult<u64> {
    execute!(tx, LAPSE, now, limit)
}

// As many as live: a restored copy may hold some that were stopped since.
const END_ALL: &str = "UPDATE contact_change SET state = 'stopped', sealed = NULL, ended_at = $1, revision = revision + 1 \
    WHERE ended_at IS NULL";

/// Stops all that live; gives how many.
pub(super) async fn end_all(tx: &mut Tx, now: Timestamp) -> DbResult<u64> {
    execute!(tx, END_ALL, now)
}

const SWEEP: &str = "DELETE FROM contact_change WHERE change_id IN \
    (SELECT change_id FROM contact_change WHERE ended_at IS NOT NULL AND ended_at <= $1 ORDER BY ended_at LIMIT $2)";

/// Forgets those that ended at `before` or earlier; gives how many.
pub(super) async fn sweep(tx: &mut Tx, before: Timestamp, limit: i64) -> DbResult<u64> {
    execute!(tx, SWEEP, before, limit)
}

const ERASE: &str = "DELETE FROM contact_change WHERE resident_id = $1";

/// Deletes those of a holder.
pub(super) async fn erase(tx: &mut Tx, resident: Uuid) -> DbResult<()> {
    execute!(tx, ERASE, resident).map(|_| ())
}
