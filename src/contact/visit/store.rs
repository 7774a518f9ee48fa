//! SQL of changes of address at a counter.

use uuid::Uuid;

use super::super::model::CODE_TRIES;
use super::model::{Asked, ContactVisit, End, Progress, State, Visit};
use crate::changed::Changed;
use crate::clock::Timestamp;
use crate::db::{DbError, DbResult, Tx};
use crate::office::Scope;
use crate::{change, execute, fetch_all, fetch_optional, within_scope};

#[derive(sqlx::FromRow)]
struct Row {
    visit_id: Uuid,
    resident_id: Uuid,
    device_thumbprint: Vec<u8>,
    state: State,
    revision: i64,
    tries: i64,
    activated_at: Timestamp,
    expires_at: Timestamp,
    last_spent: Timestamp,
    sealed: Option<Vec<u8>>,
    office_id: Option<Uuid>,
    scanned_by: Option<Uuid>,
    asked_by: Option<Uuid>,
    asked_at: Option<Timestamp>,
    ended_at: Option<Timestamp>,
}

impl TryFrom<Row> for ContactVisit {
    type Error = DbError;

    fn try_from(row: Row) -> DbResult<Self> {
        let damaged = || DbError::Other(String::from("a change of address at a counter lacks what its state needs"));
        let visit = || {
            let (office_id, officer_id) = row.office_id.zip(row.scanned_by).ok_or_else(damaged)?;
            Ok::<_, DbError>(Visit { office_id, officer_id })
        };
        let asked = || {
            let (by, at) = row.asked_by.zip(row.asked_at).ok_or_else(damaged)?;
            Ok::<_, DbError>(Asked { by, at })
        };
        let ended = |end| Ok::<_, DbError>(Progress::Ended(end, row.ended_at.ok_or_else(damaged)?));
        let progress = match row.state {
            State::CodeSent => Progress::CodeSent,
            State::WaitingForScan => Progress::WaitingForScan,
            State::AtCounter => Progress::AtCounter(visit()?),
            State::WaitingForSecondPerson => Progress::WaitingForSecondPerson(visit()?, asked()?),
            State::Done => ended(End::Done)?,
            State::Refused => ended(End::Refused)?,
            State::Lapsed => ended(End::Lapsed)?,
            State::Withdrawn => ended(End::Withdrawn)?,
        };
        let Row { visit_id, resident_id, device_thumbprint, revision, tries, activated_at, expires_at, .. } = row;
        let Row { last_spent, sealed, .. } = row;
        Ok(Self {
            visit_id,
            resident_id,
            device_thumbprint,
            revision,
            tries,
            activated_at,
            expires_at,
            last_spent,
            sealed,
            progress,
        })
    }
}

macro_rules! select_visit {
    ($rest:literal) => {
        concat!(
            "SELECT visit_id, resident_id, device_thumbprint, state, revision, tries, activated_at, expires_at, \
             last_spent, sealed, office_id, scanned_by, asked_by, asked_at, ended_at FROM contact_visit ",
            $rest
        )
    };
}

const ADD: &str = "INSERT INTO contact_visit (visit_id, resident_id, device_thumbprint, state, revision, tries, \
    activated_at, created_at, expires_at, last_spent, sealed) VALUES ($1, $2, $3, 'code_sent', 0, 0, $4, $5, $6, 0, $7)";

/// Adds one. A second one that lives for the same holder is refused as `DbError::Unique`.
pub async fn add(tx: &mut Tx, this: &ContactVisit, now: Timestamp) -> DbResult<()> {
    let (device, sealed) = (this.device_thumbprint.as_slice(), this.sealed.as_deref());
    execute!(tx, ADD, this.visit_id, this.resident_id, device, this.activated_at, now, this.expires_at, sealed)
        .map(|_| ())
}

const LOOKUP: &str = select_visit!("WHERE visit_id = $1");

/// One by its id.
pub async fn lookup(tx: &mut Tx, id: Uuid) -> DbResult<Option<ContactVisit>> {
    fetch_optional!(tx, Row, LOOKUP, id)?.map(ContactVisit::try_from).transpose()
}

const HOLD: &str = "UPDATE contact_visit SET revision = revision WHERE visit_id = $1";

/// Reads one and keeps it: nobody else takes it a step further before this transaction is over.
pub async fn hold(tx: &mut Tx, id: Uuid) -> DbResult<Option<ContactVisit>> {
    // Two statements: on PostgreSQL the second one sees what was committed while the first one waited.
    if change!(tx, HOLD, id)?.happened() { lookup(tx, id).await } else { Ok(None) }
}

const LIVE: &str = select_visit!("WHERE resident_id = $1 AND ended_at IS NULL");

/// The one of a holder that has not ended.
pub async fn live(tx: &mut Tx, resident: Uuid) -> DbResult<Option<ContactVisit>> {
    fetch_optional!(tx, Row, LIVE, resident)?.map(ContactVisit::try_from).transpose()
}

const COUNT_TRY: &str = "UPDATE contact_visit SET tries = tries + 1 \
    WHERE visit_id = $1 AND state = 'code_sent' AND tries < $2 AND expires_at > $3 RETURNING tries";

/// Counts one try of the code; gives how many there are now, or `None` when none may be made.
pub async fn count_try(tx: &mut Tx, id: Uuid, now: Timestamp) -> DbResult<Option<i64>> {
    Ok(fetch_optional!(tx, (i64,), COUNT_TRY, id, CODE_TRIES, now)?.map(|(tries,)| tries))
}

const SAVE: &str = "UPDATE contact_visit SET state = $3, expires_at = $4, last_spent = $5, \
    office_id = COALESCE($6, office_id), scanned_by = COALESCE($7, scanned_by), asked_by = $8, asked_at = $9, sealed = $10, \
    ended_at = $11, revision = revision + 1 WHERE visit_id = $1 AND revision = $2 AND ended_at IS NULL";

/// Writes a step, if it still is of the revision that was read. None of these puts an address in force.
pub async fn save(tx: &mut Tx, next: &ContactVisit, now: Timestamp) -> DbResult<Changed> {
    let (visit, asked) = (next.visit(), next.asked());
    let ended_at = match next.progress {
        Progress::Ended(_, at) => Some(at),
        _ => None,
    };
    change!(
        tx,
        SAVE,
        next.visit_id,
        next.revision,
        next.state(now),
        next.expires_at,
        next.last_spent,
        visit.map(|visit| visit.office_id),
        visit.map(|visit| visit.officer_id),
        asked.map(|asked| asked.by),
        asked.map(|asked| asked.at),
        next.sealed.as_deref(),
        ended_at
    )
}

const GRANT: &str = "UPDATE contact_visit SET state = 'done', granted_by = $3, ended_at = $5, sealed = NULL, \
    revision = revision + 1 WHERE visit_id = $1 AND revision = $2 AND state = 'waiting_for_second_person' \
    AND office_id = $4 AND asked_by <> $3 AND expires_at > $5";

/// Somebody of the office grants it: not who asked for it, and in its time, whatever the program judged.
pub async fn grant(tx: &mut Tx, this: &ContactVisit, (by, office): (Uuid, Uuid), now: Timestamp) -> DbResult<Changed> {
    change!(tx, GRANT, this.visit_id, this.revision, by, office, now)
}

const SET_WORDS: &str = "UPDATE contact_visit SET words_sealed = $2 WHERE visit_id = $1";

/// Keeps why it is asked for, or refused.
pub async fn set_words(tx: &mut Tx, id: Uuid, sealed: &[u8]) -> DbResult<()> {
    // The row is held.
    change!(tx, SET_WORDS, id, sealed).map(Changed::either_way)
}

const WORDS: &str = "SELECT words_sealed FROM contact_visit WHERE visit_id = $1";

/// Why it is asked for, or refused.
pub async fn words(tx: &mut Tx, id: Uuid) -> DbResult<Option<Vec<u8>>> {
    Ok(fetch_optional!(tx, (Option<Vec<u8>>,), WORDS, id)?.and_then(|(words,)| words))
}

const OFFICE_OF: &str = concat!(
    "SELECT office_id FROM contact_visit WHERE visit_id = $1 AND (office_id = $2 OR state = 'waiting_for_second_person') AND ",
    within_scope!("office_id", "$2", "$3")
);

/// The office whose request it is, if that is the scope's own, or one of its scope while the request waits for a second person.
pub async fn office_of(tx: &mut Tx, id: Uuid, scope: Scope) -> DbResult<Option<Uuid>> {
    Ok(fetch_optional!(tx, (Uuid,), OFFICE_OF, id, scope.office_id, scope.levels)?.map(|(office,)| office))
}

const WAITING: &str = concat!(
    select_visit!("WHERE "),
    within_scope!("office_id", "$1", "$2"),
    " AND state = 'waiting_for_second_person' AND asked_at > $3 ORDER BY asked_at LIMIT $4"
);

/// What was asked for in the offices of a scope after `since`, longest waiting first.
pub async fn waiting(tx: &mut Tx, scope: Scope, since: Timestamp, limit: i64) -> DbResult<Vec<ContactVisit>> {
    fetch_all!(tx, Row, WAITING, scope.office_id, scope.levels, since, limit)?
        .into_iter()
        .map(ContactVisit::try_from)
        .collect()
}

const OVER: &str =
    "SELECT visit_id FROM contact_visit WHERE ended_at IS NULL AND expires_at <= $1 ORDER BY expires_at LIMIT $2";

/// Those whose time is over.
pub async fn over(tx: &mut Tx, now: Timestamp, limit: i64) -> DbResult<Vec<Uuid>> {
    Ok(fetch_all!(tx, (Uuid,), OVER, now, limit)?.into_iter().map(|(id,)| id).collect())
}

// As many as live: a restored copy may hold some that were refused since.
const END_ALL: &str = "UPDATE contact_visit SET state = 'lapsed', sealed = NULL, ended_at = $1, revision = revision + 1 \
    WHERE ended_at IS NULL";

/// Ends all that live; gives how many.
pub async fn end_all(tx: &mut Tx, now: Timestamp) -> DbResult<u64> {
    execute!(tx, END_ALL, now)
}

const SWEEP: &str = "DELETE FROM contact_visit WHERE visit_id IN \
    (SELECT visit_id FROM contact_visit WHERE ended_at IS NOT NULL AND ended_at <= $1 ORDER BY ended_at LIMIT $2)";

/// Forgets those that ended at `before` or earlier; gives how many.
pub async fn sweep(tx: &mut Tx, before: Timestamp, limit: i64) -> DbResult<u64> {
    execute!(tx, SWEEP, before, limit)
}

const ERASE: &str = "DELETE FROM contact_visit WHERE resident_id = $1";

/// Deletes those of a holder.
pub async fn erase(tx: &mut Tx, resident: Uuid) -> DbResult<()> {
    execute!(tx, ERASE, resident).map(|_| ())
}
