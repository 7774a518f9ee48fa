//! SQL of annulments, and of what relying parties are told of them.

use uuid::Uuid;

use super::model::{Annulment, State};
use crate::changed::Changed;
use crate::clock::Timestamp;
use crate::db::{DbResult, Tx};
use crate::office::Scope;
use crate::{change, execute, fetch_all, fetch_optional, within_scope};

#[derive(sqlx::FromRow)]
struct Row {
    annulment_id: Uuid,
    resident_id: Uuid,
    registration_id: Uuid,
    activated_at: Timestamp,
    office_id: Uuid,
    state: State,
    revision: i64,
    asked_by: Uuid,
    asked_at: Timestamp,
    expires_at: Timestamp,
    ended_at: Option<Timestamp>,
}

impl From<Row> for Annulment {
    fn from(row: Row) -> Self {
        let Row { annulment_id, resident_id, registration_id, activated_at, office_id, state, revision, .. } = row;
        let Row { asked_by, asked_at, expires_at, ended_at, .. } = row;
        Self {
            annulment_id,
            resident_id,
            registration_id,
            activated_at,
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

macro_rules! select_annulment {
    ($rest:literal) => {
        concat!(
            "SELECT annulment_id, resident_id, registration_id, activated_at, office_id, state, revision, asked_by, \
             asked_at, expires_at, ended_at FROM annulment ",
            $rest
        )
    };
}

const ADD: &str = "INSERT INTO annulment (annulment_id, resident_id, registration_id, activated_at, office_id, state, revision, \
    asked_by, asked_at, expires_at, words_sealed) VALUES ($1, $2, $3, $4, $5, 'asked', 0, $6, $7, $8, $9)";

/// Adds a request, with why it is made. A second one that waits for the same resident is refused as `DbError::Unique`.
pub async fn add(tx: &mut Tx, this: &Annulment, words_sealed: &[u8]) -> DbResult<()> {
    execute!(
        tx,
        ADD,
        this.annulment_id,
        this.resident_id,
        this.registration_id,
        this.activated_at,
        this.office_id,
        this.asked_by,
        this.asked_at,
        this.expires_at,
        words_sealed
    )
    .map(|_| ())
}

const LOOKUP: &str = select_annulment!("WHERE annulment_id = $1");

/// One by its id.
pub async fn lookup(tx: &mut Tx, id: Uuid) -> DbResult<Option<Annulment>> {
    Ok(fetch_optional!(tx, Row, LOOKUP, id)?.map(Annulment::from))
}

const HOLD: &str = "UPDATE annulment SET revision = revision WHERE annulment_id = $1";

/// Reads one and keeps it: nobody else decides before this transaction is over.
pub async fn hold(tx: &mut Tx, id: Uuid) -> DbResult<Option<Annulment>> {
    // Two statements: on PostgreSQL the second one sees what was committed while the first one waited.
    if change!(tx, HOLD, id)?.happened() { lookup(tx, id).await } else { Ok(None) }
}

const WAITING_FOR: &str = select_annulment!("WHERE resident_id = $1 AND ended_at IS NULL");

/// The one that has not ended for a resident.
pub async fn waiting_for(tx: &mut Tx, resident: Uuid) -> DbResult<Option<Annulment>> {
    Ok(fetch_optional!(tx, Row, WAITING_FOR, resident)?.map(Annulment::from))
}

const OFFICE_OF: &str = concat!(
    "SELECT office_id FROM annulment WHERE annulment_id = $1 AND (office_id = $2 OR state = 'asked') AND ",
    within_scope!("office_id", "$2", "$3")
);

/// The office whose request it is, if that is the scope's own, or one of its scope while the request waits for a second person.
pub async fn office_of(tx: &mut Tx, id: Uuid, scope: Scope) -> DbResult<Option<Uuid>> {
    Ok(fetch_optional!(tx, (Uuid,), OFFICE_OF, id, scope.office_id, scope.levels)?.map(|(office,)| office))
}

const WAITING: &str = concat!(
    select_annulment!("WHERE "),
    within_scope!("office_id", "$1", "$2"),
    " AND ended_at IS NULL AND asked_at > $3 ORDER BY asked_at, annulment_id LIMIT $4"
);

/// What was asked for in the offices of a scope after `since`, longest waiting first.
pub async fn waiting(tx: &mut Tx, scope: Scope, since: Timestamp, limit: i64) -> DbResult<Vec<Annulment>> {
    Ok(fetch_all!(tx, Row, WAITING, scope.office_id, scope.levels, since, limit)?
        .into_iter()
        .map(Annulment::from)
        .collect())
}

const GRANT: &str = "UPDATE annulment SET state = 'granted', granted_by = $3, ended_at = $4, revision = revision + 1 \
    WHERE annulment_id = $1 AND revision = $2 AND state = 'asked' AND asked_by <> $3 AND expires_at > $4";

/// Grants one that waits, of the revision that was read, in its time. Nobody grants what they asked for, whatever the program judged.
pub async fn grant(tx: &mut Tx, this: &Annulment, by: Uuid, now: Timestamp) -> DbResult<Changed> {
    change!(tx, GRANT, this.annulment_id, this.revision, by, now)
}

const END: &str = "UPDATE annulment SET state = $3, ended_at = $4, words_sealed = COALESCE($5, words_sealed), \
    revision = revision + 1 WHERE annulment_id = $1 AND revision = $2 AND state = 'asked'";

/// Ends one that waits without granting it, with why where somebody said so.
pub async fn end(
    tx: &mut Tx,
    this: &Annulment,
    state: State,
    now: Timestamp,
    words_sealed: Option<&[u8]>,
) -> DbResult<Changed> {
    change!(tx, END, this.annulment_id, this.revision, state, now, words_sealed)
}

const WORDS: &str = "SELECT words_sealed FROM annulment WHERE annulment_id = $1";

/// Why it is asked for, or refused.
pub async fn words(tx: &mut Tx, id: Uuid) -> DbResult<Option<Vec<u8>>> {
    Ok(fetch_optional!(tx, (Vec<u8>,), WORDS, id)?.map(|(words,)| words))
}

const OVER: &str =
    "SELECT annulment_id FROM annulment WHERE ended_at IS NULL AND expires_at <= $1 ORDER BY expires_at LIMIT $2";

/// Those whose time is over.
pub async fn over(tx: &mut Tx, now: Timestamp, limit: i64) -> DbResult<Vec<Uuid>> {
    Ok(fetch_all!(tx, (Uuid,), OVER, now, limit)?.into_iter().map(|(id,)| id).collect())
}

const SWEEP: &str = "DELETE FROM annulment WHERE annulment_id IN (SELECT annulment_id FROM annulment \
    WHERE state IN ('refused', 'lapsed') AND ended_at <= $1 ORDER BY ended_at LIMIT $2)";

/// Forgets those that led to nothing and ended at `before` or earlier; gives how many.
pub async fn sweep(tx: &mut Tx, before: Timestamp, limit: i64) -> DbResult<u64> {
    execute!(tx, SWEEP, before, limit)
}

const UNTOLD: &str =
    select_annulment!("WHERE state = 'granted' AND told_at IS NULL ORDER BY ended_at, annulment_id LIMIT $1");

/// Granted ones of which not every relying party is known to have been told.
pub async fn untold(tx: &mut Tx, limit: i64) -> DbResult<Vec<Annulment>> {
    Ok(fetch_all!(tx, Row, UNTOLD, limit)?.into_iter().map(Annulment::from).collect())
}

const TOLD: &str =
    "UPDATE annulment SET told_at = $2 WHERE annulment_id = $1 AND state = 'granted' AND told_at IS NULL";

/// Notes that every relying party was told.
pub async fn told(tx: &mut Tx, id: Uuid, now: Timestamp) -> DbResult<Changed> {
    change!(tx, TOLD, id, now)
}

/// A check that is not to be relied on, as its party is told of it.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct AnnulledCheck {
    /// Who made it.
    pub relying_party_id: Uuid,
    /// The check.
    pub verification_id: Uuid,
    /// In the order in which they were told.
    pub told_id: Uuid,
    /// When it was told.
    pub told_at: Timestamp,
    /// When it was made.
    pub verified_at: Timestamp,
    /// Since when nothing that this digital KTP showed is to be relied on.
    pub void_since: Timestamp,
}

const TELL: &str = "INSERT INTO annulled_check (relying_party_id, verification_id, told_id, told_at, verified_at, void_since) \
    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (relying_party_id, verification_id) DO NOTHING";

/// Tells a party of a check, once. A miss when it was told before.
pub async fn tell(tx: &mut Tx, row: &AnnulledCheck) -> DbResult<Changed> {
    let AnnulledCheck { relying_party_id, verification_id, told_id, told_at, verified_at, void_since } = *row;
    change!(tx, TELL, relying_party_id, verification_id, told_id, told_at, verified_at, void_since)
}

const OF_PARTY: &str = "SELECT relying_party_id, verification_id, told_id, told_at, verified_at, void_since FROM annulled_check \
    WHERE relying_party_id = $1 AND told_id < $2 AND told_at >= $3 ORDER BY told_id DESC LIMIT $4";

/// What a party was told before `before` and not earlier than `since`, newest first.
pub async fn of_party(
    tx: &mut Tx,
    party: Uuid,
    (before, since): (Uuid, Timestamp),
    limit: i64,
) -> DbResult<Vec<AnnulledCheck>> {
    fetch_all!(tx, AnnulledCheck, OF_PARTY, party, before, since, limit)
}
