//! SQL of the confirmations that somebody left.

use uuid::Uuid;

use super::model::{Departure, State};
use crate::changed::Changed;
use crate::clock::Timestamp;
use crate::db::{DbResult, Tx};
use crate::office::Scope;
use crate::{change, execute, fetch_all, fetch_optional, within_scope};

#[derive(sqlx::FromRow)]
struct Row {
    departure_id: Uuid,
    resident_id: Uuid,
    event_id: Uuid,
    office_id: Uuid,
    state: State,
    revision: i64,
    asked_by: Uuid,
    asked_at: Timestamp,
    expires_at: Timestamp,
    ended_at: Option<Timestamp>,
}

impl From<Row> for Departure {
    fn from(row: Row) -> Self {
        let Row { departure_id, resident_id, event_id, office_id, state, revision, .. } = row;
        let Row { asked_by, asked_at, expires_at, ended_at, .. } = row;
        Self {
            departure_id,
            resident_id,
            event_id,
            office_id,
            written: state,
            revision,
            asked_by,
            asked_at,
            expires_at,
            ended_at,
        }
    }
}

macro_rules! select_departure {
    ($rest:literal) => {
        concat!(
            "SELECT departure_id, resident_id, event_id, office_id, state, revision, asked_by, \
             asked_at, expires_at, ended_at FROM departure ",
            $rest
        )
    };
}

const ADD: &str = "INSERT INTO departure (departure_id, resident_id, event_id, office_id, state, revision, \
    asked_by, asked_at, expires_at, words_sealed) VALUES ($1, $2, $3, $4, 'asked', 0, $5, $6, $7, $8)";

/// Adds a request, with why it is made. A second one that waits for the same resident is refused as `DbError::Unique`.
pub async fn add(tx: &mut Tx, this: &Departure, words_sealed: &[u8]) -> DbResult<()> {
    execute!(
        tx,
        ADD,
        this.departure_id,
        this.resident_id,
        this.event_id,
        this.office_id,
        this.asked_by,
        this.asked_at,
        this.expires_at,
        words_sealed
    )
    .map(|_| ())
}

const LOOKUP: &str = select_departure!("WHERE departure_id = $1");

/// One by its id.
pub async fn lookup(tx: &mut Tx, id: Uuid) -> DbResult<Option<Departure>> {
    Ok(fetch_optional!(tx, Row, LOOKUP, id)?.map(Departure::from))
}

const HOLD: &str = "UPDATE departure SET revision = revision WHERE departure_id = $1";

/// Reads one and keeps it: nobody else decides before this transaction is over.
pub async fn hold(tx: &mut Tx, id: Uuid) -> DbResult<Option<Departure>> {
    // Two statements: on PostgreSQL the second one sees what was committed while the first one waited.
    if change!(tx, HOLD, id)?.happened() { lookup(tx, id).await } else { Ok(None) }
}

const WAITING_FOR: &str = select_departure!("WHERE resident_id = $1 AND ended_at IS NULL");

/// The one that has not ended for a resident.
pub async fn waiting_for(tx: &mut Tx, resident: Uuid) -> DbResult<Option<Departure>> {
    Ok(fetch_optional!(tx, Row, WAITING_FOR, resident)?.map(Departure::from))
}

const OFFICE_OF: &str = concat!(
    "SELECT office_id FROM departure WHERE departure_id = $1 AND (office_id = $2 OR state = 'asked') AND ",
    within_scope!("office_id", "$2", "$3")
);

/// The office whose request it is, if that is the scope's own, or one of its scope while the request waits for a second person.
pub async fn office_of(tx: &mut Tx, id: Uuid, scope: Scope) -> DbResult<Option<Uuid>> {
    Ok(fetch_optional!(tx, (Uuid,), OFFICE_OF, id, scope.office_id, scope.levels)?.map(|(office,)| office))
}

const WAITING: &str = concat!(
    select_departure!("WHERE "),
    within_scope!("office_id", "$1", "$2"),
    " AND ended_at IS NULL AND asked_at > $3 ORDER BY asked_at, departure_id LIMIT $4"
);

/// What was asked for in the offices of a scope after `since`, longest waiting first.
pub async fn waiting(tx: &mut Tx, scope: Scope, since: Timestamp, limit: i64) -> DbResult<Vec<Departure>> {
    Ok(fetch_all!(tx, Row, WAITING, scope.office_id, scope.levels, since, limit)?
        .into_iter()
        .map(Departure::from)
        .collect())
}

const GRANT: &str = "UPDATE departure SET state = 'granted', granted_by = $3, ended_at = $4, revision = revision + 1 \
    WHERE departure_id = $1 AND revision = $2 AND state = 'asked' AND asked_by <> $3 AND expires_at > $4";

/// Grants one that waits, of the revision that was read, in its time. Nobody grants what they asked for, whatever the program judged.
pub async fn grant(tx: &mut Tx, this: &Departure, by: Uuid, now: Timestamp) -> DbResult<Changed> {
    change!(tx, GRANT, this.departure_id, this.revision, by, now)
}

const END: &str = "UPDATE departure SET state = $3, ended_at = $4, words_sealed = COALESCE($5, words_sealed), \
    revision = revision + 1 WHERE departure_id = $1 AND revision = $2 AND state = 'asked'";

/// Ends one that waits without granting it, with why where somebody said so.
pub async fn end(
    tx: &mut Tx,
    this: &Departure,
    state: State,
    now: Timestamp,
    words_sealed: Option<&[u8]>,
) -> DbResult<Changed> {
    change!(tx, END, this.departure_id, this.revision, state, now, words_sealed)
}

const WORDS: &str = "SELECT words_sealed FROM departure WHERE departure_id = $1";

/// Why it is asked for, or refused.
pub async fn words(tx: &mut Tx, id: Uuid) -> DbResult<Option<Vec<u8>>> {
    Ok(fetch_optional!(tx, (Vec<u8>,), WORDS, id)?.map(|(words,)| words))
}

const OVER: &str =
    "SELECT departure_id FROM departure WHERE ended_at IS NULL AND expires_at <= $1 ORDER BY expires_at LIMIT $2";

/// Those whose time is over.
pub async fn over(tx: &mut Tx, now: Timestamp, limit: i64) -> DbResult<Vec<Uuid>> {
    Ok(fetch_all!(tx, (Uuid,), OVER, now, limit)?.into_iter().map(|(id,)| id).collect())
}

const SWEEP: &str = "DELETE FROM departure WHERE departure_id IN (SELECT departure_id FROM departure \
    WHERE ended_at IS NOT NULL AND ended_at <= $1 ORDER BY ended_at LIMIT $2)";

/// Forgets those that ended at `before` or earlier; gives how many.
pub async fn sweep(tx: &mut Tx, before: Timestamp, limit: i64) -> DbResult<u64> {
    execute!(tx, SWEEP, before, limit)
}
