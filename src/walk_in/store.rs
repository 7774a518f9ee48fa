//! SQL of holders who came without their phones.

use uuid::Uuid;

use super::model::{Kind, State, WalkIn};
use crate::changed::Changed;
use crate::clock::Timestamp;
use crate::db::{DbResult, Tx};
use crate::office::Scope;
use crate::{change, execute, fetch_all, fetch_optional, within_scope};

#[derive(sqlx::FromRow)]
struct Row {
    walk_in_id: Uuid,
    resident_id: Uuid,
    office_id: Uuid,
    kind: Kind,
    state: State,
    revision: i64,
    asked_by: Uuid,
    prepared_at: Timestamp,
    lapses_at: Timestamp,
    asked_at: Option<Timestamp>,
    generation: i64,
    granted_by: Option<Uuid>,
    ended_at: Option<Timestamp>,
}

impl From<Row> for WalkIn {
    fn from(row: Row) -> Self {
        let Row { walk_in_id, resident_id, office_id, kind, state, revision, asked_by, prepared_at, .. } = row;
        let Row { lapses_at, asked_at, generation, granted_by, ended_at, .. } = row;
        Self {
            walk_in_id,
            resident_id,
            office_id,
            kind,
            written: state,
            revision,
            asked_by,
            prepared_at,
            lapses_at,
            asked_at,
            generation,
            granted_by,
            ended_at,
        }
    }
}

macro_rules! select_walk_in {
    ($rest:literal) => {
        concat!(
            "SELECT walk_in_id, resident_id, office_id, kind, state, revision, asked_by, prepared_at, lapses_at, asked_at, \
             generation, granted_by, ended_at FROM walk_in ",
            $rest
        )
    };
}

const ADD: &str = "INSERT INTO walk_in (walk_in_id, resident_id, office_id, kind, state, revision, asked_by, prepared_at, lapses_at, \
    generation, sealed) VALUES ($1, $2, $3, $4, 'prepared', 0, $5, $6, $7, $8, $9)";

/// Adds one that is prepared. A second one that waits for the same holder is refused as `DbError::Unique`.
pub async fn add(tx: &mut Tx, this: &WalkIn, sealed: &[u8]) -> DbResult<()> {
    execute!(
        tx,
        ADD,
        this.walk_in_id,
        this.resident_id,
        this.office_id,
        this.kind,
        this.asked_by,
        this.prepared_at,
        this.lapses_at,
        this.generation,
        sealed
    )
    .map(|_| ())
}

const LOOKUP: &str = select_walk_in!("WHERE walk_in_id = $1");

/// One by its id.
pub async fn lookup(tx: &mut Tx, id: Uuid) -> DbResult<Option<WalkIn>> {
    Ok(fetch_optional!(tx, Row, LOOKUP, id)?.map(WalkIn::from))
}

const HOLD: &str = "UPDATE walk_in SET revision = revision WHERE walk_in_id = $1";

/// Reads one and keeps it: nobody else decides before this transaction is over.
pub async fn hold(tx: &mut Tx, id: Uuid) -> DbResult<Option<WalkIn>> {
    // Two statements: on PostgreSQL the second one sees what was committed while the first one waited.
    if change!(tx, HOLD, id)?.happened() { lookup(tx, id).await } else { Ok(None) }
}

const WAITING_FOR: &str = select_walk_in!("WHERE resident_id = $1 AND ended_at IS NULL");

/// The one that waits for a holder.
pub async fn waiting_for(tx: &mut Tx, resident: Uuid) -> DbResult<Option<WalkIn>> {
    Ok(fetch_optional!(tx, Row, WAITING_FOR, resident)?.map(WalkIn::from))
}

const OFFICE_OF: &str = concat!(
    "SELECT office_id FROM walk_in WHERE walk_in_id = $1 AND (office_id = $2 OR state = 'asked') AND ",
    within_scope!("office_id", "$2", "$3")
);

/// The office whose request it is, if that is the scope's own, or one of its scope while the request waits for a second person.
pub async fn office_of(tx: &mut Tx, id: Uuid, scope: Scope) -> DbResult<Option<Uuid>> {
    Ok(fetch_optional!(tx, (Uuid,), OFFICE_OF, id, scope.office_id, scope.levels)?.map(|(office,)| office))
}

const WAITING: &str = concat!(
    select_walk_in!("WHERE "),
    within_scope!("office_id", "$1", "$2"),
    " AND state = 'asked' AND lapses_at > $3 ORDER BY asked_at, walk_in_id LIMIT $4"
);

/// What was asked for in the offices of a scope and has not lapsed, longest waiting first.
pub async fn waiting(tx: &mut Tx, scope: Scope, now: Timestamp, limit: i64) -> DbResult<Vec<WalkIn>> {
    Ok(fetch_all!(tx, Row, WAITING, scope.office_id, scope.levels, now, limit)?.into_iter().map(WalkIn::from).collect())
}

const OF_OFFICER: &str = select_walk_in!(
    "WHERE office_id = $1 AND asked_by = $2 AND prepared_at > $3 ORDER BY prepared_at DESC, walk_in_id LIMIT $4"
);

/// What an officer of an office prepared after `since`, newest first.
pub async fn of_officer(
    tx: &mut Tx,
    (office, officer): (Uuid, Uuid),
    since: Timestamp,
    limit: i64,
) -> DbResult<Vec<WalkIn>> {
    Ok(fetch_all!(tx, Row, OF_OFFICER, office, officer, since, limit)?.into_iter().map(WalkIn::from).collect())
}

const SET_PHOTO: &str = "UPDATE walk_in SET photo_sealed = $3, revision = revision + 1 \
    WHERE walk_in_id = $1 AND revision = $2 AND state = 'prepared' AND asked_by = $4 AND lapses_at > $5";

/// Keeps the photo, in place of an earlier one.
pub async fn set_photo(tx: &mut Tx, this: &WalkIn, photo: &[u8], by: Uuid, now: Timestamp) -> DbResult<Changed> {
    change!(tx, SET_PHOTO, this.walk_in_id, this.revision, photo, by, now)
}

const ASK: &str = "UPDATE walk_in SET state = 'asked', asked_at = $4, sealed = $5, revision = revision + 1 \
    WHERE walk_in_id = $1 AND revision = $2 AND state = 'prepared' AND asked_by = $3 AND lapses_at > $4 \
    AND photo_sealed IS NOT NULL";

/// Asks for what was prepared.
pub async fn ask(tx: &mut Tx, this: &WalkIn, by: Uuid, now: Timestamp, sealed: &[u8]) -> DbResult<Changed> {
    change!(tx, ASK, this.walk_in_id, this.revision, by, now, sealed)
}

const GRANT: &str = "UPDATE walk_in SET state = 'granted', granted_by = $3, ended_at = $4, delete_photo_after = $5, \
    revision = revision + 1 WHERE walk_in_id = $1 AND revision = $2 AND state = 'asked' AND asked_by <> $3 AND lapses_at > $4";

/// Grants one that was asked for, of the revision that was read, in its time. Nobody grants what they asked for, whatever the program
/// judged.
pub async fn grant(
    tx: &mut Tx,
    this: &WalkIn,
    by: Uuid,
    now: Timestamp,
    delete_photo_after: Timestamp,
) -> DbResult<Changed> {
    change!(tx, GRANT, this.walk_in_id, this.revision, by, now, delete_photo_after)
}

const END: &str = "UPDATE walk_in SET state = $3, ended_at = $4, sealed = COALESCE($5, sealed), delete_photo_after = $6, \
    revision = revision + 1 WHERE walk_in_id = $1 AND revision = $2 AND state IN ('prepared', 'asked')";

/// Ends one that waits, without doing what was asked for.
pub async fn end(
    tx: &mut Tx,
    this: &WalkIn,
    (state, now): (State, Timestamp),
    sealed: Option<&[u8]>,
    delete_photo_after: Timestamp,
) -> DbResult<Changed> {
    change!(tx, END, this.walk_in_id, this.revision, state, now, sealed, delete_photo_after)
}

const SEALED: &str = "SELECT sealed FROM walk_in WHERE walk_in_id = $1";

/// What was said, sealed.
pub async fn sealed(tx: &mut Tx, id: Uuid) -> DbResult<Option<Vec<u8>>> {
    Ok(fetch_optional!(tx, (Vec<u8>,), SEALED, id)?.map(|(sealed,)| sealed))
}

const PHOTO: &str = "SELECT photo_sealed FROM walk_in WHERE walk_in_id = $1 AND photo_sealed IS NOT NULL";

/// The photo, sealed, while it is kept.
pub async fn photo(tx: &mut Tx, id: Uuid) -> DbResult<Option<Vec<u8>>> {
    Ok(fetch_optional!(tx, (Vec<u8>,), PHOTO, id)?.map(|(sealed,)| sealed))
}

const HAS_PHOTO: &str = "SELECT walk_in_id FROM walk_in WHERE walk_in_id = $1 AND photo_sealed IS NOT NULL";

/// Whether a photo was taken and is kept; a page asks every few seconds, so the photo itself is not read.
pub async fn has_photo(tx: &mut Tx, id: Uuid) -> DbResult<bool> {
    Ok(fetch_optional!(tx, (Uuid,), HAS_PHOTO, id)?.is_some())
}

const IDS_OF: &str = "SELECT walk_in_id FROM walk_in WHERE resident_id = $1 ORDER BY walk_in_id";

/// The ids of all requests of a holder.
pub async fn ids_of(tx: &mut Tx, resident: Uuid) -> DbResult<Vec<Uuid>> {
    Ok(fetch_all!(tx, (Uuid,), IDS_OF, resident)?.into_iter().map(|(id,)| id).collect())
}

const OVER: &str =
    "SELECT walk_in_id FROM walk_in WHERE ended_at IS NULL AND lapses_at <= $1 ORDER BY lapses_at LIMIT $2";

/// Those whose time to be granted is over.
pub async fn over(tx: &mut Tx, now: Timestamp, limit: i64) -> DbResult<Vec<Uuid>> {
    Ok(fetch_all!(tx, (Uuid,), OVER, now, limit)?.into_iter().map(|(id,)| id).collect())
}

// As many as there are whose time ended since the last round.
const FORGET_PHOTOS: &str =
    "UPDATE walk_in SET photo_sealed = NULL WHERE photo_sealed IS NOT NULL AND delete_photo_after <= $1";
const FORGET: &str = "DELETE FROM walk_in WHERE ended_at <= $1";
const FORGET_ENDINGS: &str = "DELETE FROM walk_in WHERE state = 'granted' AND kind <> 'copy' AND photo_sealed IS NOT NULL AND delete_photo_after <= $1";

/// Deletes photos whose time is over, with them what ended a digital KTP, and requests that ended at `before` or earlier; gives how many.
pub async fn sweep(tx: &mut Tx, now: Timestamp, before: Timestamp) -> DbResult<u64> {
    Ok(execute!(tx, FORGET_ENDINGS, now)? + execute!(tx, FORGET_PHOTOS, now)? + execute!(tx, FORGET, before)?)
}

const ERASE: &str =
    "DELETE FROM walk_in WHERE resident_id = $1 AND ended_at IS NOT NULL AND (state <> 'granted' OR kind = 'copy')";

/// Deletes what a holder asked for. What waits at this moment stays, and as long as its photo what ended a digital KTP: it is the proof for
/// whoever says that it was not them.
pub async fn erase(tx: &mut Tx, resident: Uuid) -> DbResult<()> {
    execute!(tx, ERASE, resident).map(|_| ())
}
