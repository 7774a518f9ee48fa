//! SQL of cases.

use std::sync::LazyLock;

use uuid::Uuid;

use super::model::{Correction, Kind, Opener, State, Word};
use crate::changed::Changed;
use crate::clock::Timestamp;
use crate::db::{Arguments, DbResult, Tx};
use crate::office::Scope;
use crate::{change, execute, fetch_all, fetch_optional, within_scope};

#[derive(sqlx::FromRow)]
struct Row {
    correction_id: Uuid,
    nik_index: Vec<u8>,
    registration_id: Option<Uuid>,
    resident_id: Option<Uuid>,
    kind: Kind,
    opener: Opener,
    state: State,
    register_word: Word,
    revision: i64,
    matter_sealed: Vec<u8>,
    words_sealed: Option<Vec<u8>>,
    office_id: Option<Uuid>,
    asked_by: Option<Uuid>,
    asked_at: Option<Timestamp>,
    granted_by: Option<Uuid>,
    spelling_agreed_at: Option<Timestamp>,
    opened_at: Timestamp,
    changed_at: Timestamp,
    due_at: Timestamp,
    expires_at: Timestamp,
    ended_at: Option<Timestamp>,
}

impl From<Row> for Correction {
    fn from(row: Row) -> Self {
        let asked = row.asked_by.zip(row.asked_at);
        let Row { correction_id, nik_index, registration_id, resident_id, kind, opener, state, .. } = row;
        let Row { revision, matter_sealed, words_sealed, office_id, granted_by, spelling_agreed_at, .. } = row;
        let Row { register_word: word, opened_at, changed_at, due_at, expires_at, ended_at, .. } = row;
        Self {
            correction_id,
            nik_index,
            registration_id,
            resident_id,
            kind,
            opener,
            state,
            word,
            revision,
            matter_sealed,
            words_sealed,
            office_id,
            asked,
            granted_by,
            spelling_agreed_at,
            opened_at,
            changed_at,
            due_at,
            expires_at,
            ended_at,
        }
    }
}

macro_rules! select_correction {
    ($rest:literal) => {
        concat!(
            "SELECT correction_id, nik_index, registration_id, resident_id, kind, opener, state, register_word, revision, \
             matter_sealed, words_sealed, office_id, asked_by, asked_at, granted_by, spelling_agreed_at, opened_at, \
             changed_at, due_at, expires_at, ended_at FROM correction ",
            $rest
        )
    };
}

const ADD: &str = "INSERT INTO correction (correction_id, nik_index, registration_id, resident_id, kind, opener, state, \
    register_word, revision, matter_sealed, words_sealed, office_id, opened_at, changed_at, due_at, expires_at) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, $9, $10, $11, $12, $12, $13, $14)";

/// Adds a case. A second one that lives for the same registration, or of the same kind for the same holder, is refused as
/// `DbError::Unique`.
pub async fn add(tx: &mut Tx, this: &Correction) -> DbResult<()> {
    execute!(
        tx,
        ADD,
        this.correction_id,
        &this.nik_index,
        this.registration_id,
        this.resident_id,
        this.kind,
        this.opener,
        this.state,
        this.word,
        &this.matter_sealed,
        this.words_sealed.as_deref(),
        this.office_id,
        this.opened_at,
        this.due_at,
        this.expires_at
    )
    .map(|_| ())
}

const LOOKUP: &str = select_correction!("WHERE correction_id = $1");

/// One by its id.
pub async fn lookup(tx: &mut Tx, id: Uuid) -> DbResult<Option<Correction>> {
    Ok(fetch_optional!(tx, Row, LOOKUP, id)?.map(Correction::from))
}

const HOLD: &str = "UPDATE correction SET revision = revision WHERE correction_id = $1";

/// Reads one and keeps it: nobody else takes it a step further before this transaction is over.
pub async fn hold(tx: &mut Tx, id: Uuid) -> DbResult<Option<Correction>> {
    // Two statements: on PostgreSQL the second one sees what was committed while the first one waited.
    if change!(tx, HOLD, id)?.happened() { lookup(tx, id).await } else { Ok(None) }
}

// `granted_by` is what was read, or nothing: only `GRANT` writes somebody there.
const SAVE: &str = "UPDATE correction SET state = $3, register_word = $4, matter_sealed = $5, words_sealed = $6, office_id = $7, \
    asked_by = $8, asked_at = $9, granted_by = $10, spelling_agreed_at = $11, resident_id = $12, changed_at = $13, due_at = $14, \
    ended_at = $15, revision = revision + 1 WHERE correction_id = $1 AND revision = $2 AND ended_at IS NULL \
    AND (granted_by = $10 OR $10 IS NULL)";

/// Writes a step, if it still is of the revision that was read.
pub async fn save(tx: &mut Tx, next: &Correction) -> DbResult<Changed> {
    change!(
        tx,
        SAVE,
        next.correction_id,
        next.revision,
        next.state,
        next.word,
        &next.matter_sealed,
        next.words_sealed.as_deref(),
        next.office_id,
        next.asked.map(|(by, _)| by),
        next.asked.map(|(_, at)| at),
        next.granted_by,
        next.spelling_agreed_at,
        next.resident_id,
        next.changed_at,
        next.due_at,
        next.ended_at
    )
}

const GRANT: &str = "UPDATE correction SET state = 'in_register', granted_by = $4, changed_at = $5, due_at = $6, \
    revision = revision + 1 WHERE correction_id = $1 AND revision = $2 AND office_id = $3 AND state = 'waiting_resident' \
    AND granted_by IS NULL AND asked_by <> $4 AND asked_at > $7 AND expires_at > $5";

/// The second person passes it on: somebody else of the same office than who asked, after `since`, of the revision that was read,
/// whatever the program judged.
pub async fn grant(
    tx: &mut Tx,
    next: &Correction,
    (office, by): (Uuid, Uuid),
    (now, since): (Timestamp, Timestamp),
) -> DbResult<Changed> {
    change!(tx, GRANT, next.correction_id, next.revision, office, by, now, next.due_at, since)
}

// The one that lives first: two of one millisecond are in no order by their ids.
const OF_REGISTRATION: &str = select_correction!(
    "WHERE registration_id = $1 ORDER BY CASE WHEN ended_at IS NULL THEN 0 ELSE 1 END, correction_id DESC LIMIT 1"
);

/// The one of a registration that lives, or else the newest.
pub async fn of_registration(tx: &mut Tx, registration: Uuid) -> DbResult<Option<Correction>> {
    Ok(fetch_optional!(tx, Row, OF_REGISTRATION, registration)?.map(Correction::from))
}

const OF_RESIDENT: &str = select_correction!("WHERE resident_id = $1 ORDER BY correction_id DESC LIMIT $2");

/// Those of a holder, newest first.
pub async fn of_resident(tx: &mut Tx, resident: Uuid, limit: i64) -> DbResult<Vec<Correction>> {
    Ok(fetch_all!(tx, Row, OF_RESIDENT, resident, limit)?.into_iter().map(Correction::from).collect())
}

const OF_KIND: &str = select_correction!("WHERE resident_id = $1 AND kind = $2 AND ended_at IS NULL");

/// The one of a kind that lives for a holder.
pub async fn of_kind(tx: &mut Tx, resident: Uuid, kind: Kind) -> DbResult<Option<Correction>> {
    Ok(fetch_optional!(tx, Row, OF_KIND, resident, kind)?.map(Correction::from))
}

const OF_NIK: &str =
    select_correction!("WHERE nik_index = $1 AND ended_at IS NULL ORDER BY correction_id DESC LIMIT $2");

/// Those that live for a NIK, newest first.
pub async fn of_nik(tx: &mut Tx, nik_index: &[u8], limit: i64) -> DbResult<Vec<Correction>> {
    Ok(fetch_all!(tx, Row, OF_NIK, nik_index, limit)?.into_iter().map(Correction::from).collect())
}

const OFFICE_OF: &str = concat!(
    "SELECT office_id FROM correction WHERE correction_id = $1 AND (office_id = $2 OR (asked_by IS NOT NULL AND ended_at IS NULL)) AND ",
    within_scope!("office_id", "$2", "$3")
);

/// The office whose request it is, if that is the scope's own, or one of its scope while the request waits for a second person.
pub async fn office_of(tx: &mut Tx, id: Uuid, scope: Scope) -> DbResult<Option<Uuid>> {
    Ok(fetch_optional!(tx, (Uuid,), OFFICE_OF, id, scope.office_id, scope.levels)?.map(|(office,)| office))
}

const OF_OFFICE: &str = concat!(
    select_correction!("WHERE ended_at IS NULL AND (office_id = $1 OR asked_by IS NOT NULL) AND "),
    within_scope!("office_id", "$1", "$2"),
    " ORDER BY changed_at, correction_id LIMIT $3"
);

/// Those that live at an office, and those in the offices of its scope that wait for a second person, longest unchanged first.
pub async fn of_office(tx: &mut Tx, scope: Scope, limit: i64) -> DbResult<Vec<Correction>> {
    let rows = fetch_all!(tx, Row, OF_OFFICE, scope.office_id, scope.levels, limit)?;
    Ok(rows.into_iter().map(Correction::from).collect())
}

/// NIKs in one statement of [`of_niks`].
const ASKED: usize = 100;

static OF_NIKS: LazyLock<String> = LazyLock::new(|| {
    let list = (1..=ASKED).map(|at| format!("${at}")).collect::<Vec<_>>().join(", ");
    format!(
        "SELECT nik_index, correction_id, registration_id FROM correction WHERE nik_index IN ({list}) AND ended_at IS NULL"
    )
});

/// A case that lives, as it is found by its NIK.
pub struct Found {
    /// Blind index of the NIK.
    pub nik_index: Vec<u8>,
    /// The case.
    pub correction_id: Uuid,
    /// The registration that it holds up.
    pub registration_id: Option<Uuid>,
}

/// Which cases live for these NIKs, by their indexes.
pub async fn of_niks(tx: &mut Tx, indexes: &[Vec<u8>]) -> DbResult<Vec<Found>> {
    let sql: &'static str = &OF_NIKS;
    let mut found = Vec::new();
    for asked in indexes.chunks(ASKED) {
        // One text for any number: what is left over asks for the last one again.
        let padded = asked.iter().chain(asked.last().into_iter().cycle()).take(ASKED);
        let arguments = padded.fold(Arguments::of(tx), |arguments, index| arguments.and(&index[..]));
        for row in tx.fetch_all(sql, arguments).await? {
            let (nik_index, correction_id, registration_id) = row.read()?;
            found.push(Found { nik_index, correction_id, registration_id });
        }
    }
    Ok(found)
}

const OVER: &str =
    "SELECT correction_id FROM correction WHERE ended_at IS NULL AND expires_at <= $1 ORDER BY expires_at LIMIT $2";

/// Those whose time is over.
pub async fn over(tx: &mut Tx, now: Timestamp, limit: i64) -> DbResult<Vec<Uuid>> {
    Ok(fetch_all!(tx, (Uuid,), OVER, now, limit)?.into_iter().map(|(id,)| id).collect())
}

const UNREMINDED: &str = "SELECT correction_id FROM correction WHERE ended_at IS NULL AND reminded_at IS NULL \
    AND expires_at > $1 AND expires_at <= $2 AND state IN ('opened', 'waiting_resident') ORDER BY expires_at LIMIT $3";

/// Those that wait for their resident and lapse by `until`, of which nobody was reminded.
pub async fn unreminded(tx: &mut Tx, now: Timestamp, until: Timestamp, limit: i64) -> DbResult<Vec<Uuid>> {
    Ok(fetch_all!(tx, (Uuid,), UNREMINDED, now, until, limit)?.into_iter().map(|(id,)| id).collect())
}

// No new revision: nothing changes that an officer has on the screen.
const REMIND: &str = "UPDATE correction SET reminded_at = $2 WHERE correction_id = $1 AND ended_at IS NULL \
    AND reminded_at IS NULL AND expires_at > $2 AND expires_at <= $3 AND state IN ('opened', 'waiting_resident')";

/// Notes that its resident is reminded. A miss when that was done, or it does not wait for them any more.
pub async fn remind(tx: &mut Tx, id: Uuid, now: Timestamp, until: Timestamp) -> DbResult<Changed> {
    change!(tx, REMIND, id, now, until)
}

const SWEEP: &str = "DELETE FROM correction WHERE correction_id IN (SELECT correction_id FROM correction \
    WHERE ended_at IS NOT NULL AND ended_at <= $1 ORDER BY ended_at LIMIT $2)";

/// Forgets those that ended at `before` or earlier; gives how many.
pub async fn sweep(tx: &mut Tx, before: Timestamp, limit: i64) -> DbResult<u64> {
    execute!(tx, SWEEP, before, limit)
}

const ERASE: &str = "DELETE FROM correction WHERE resident_id = $1";

/// Deletes those of a holder.
pub async fn erase(tx: &mut Tx, resident: Uuid) -> DbResult<()> {
    execute!(tx, ERASE, resident).map(|_| ())
}

const FORGET: &str = "DELETE FROM correction WHERE registration_id = $1";

/// Deletes those of a registration that was deleted.
pub async fn forget(tx: &mut Tx, registration: Uuid) -> DbResult<()> {
    execute!(tx, FORGET, registration).map(|_| ())
}
