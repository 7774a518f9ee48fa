//! SQL of printed cards.

use uuid::Uuid;

use super::model::{Card, Issued, State, VoidReason};
use crate::changed::Changed;
use crate::clock::Timestamp;
use crate::db::{DbResult, Tx};
use crate::office::Scope;
use crate::status_list::Place;
use crate::{change, execute, fetch_all, fetch_one, fetch_optional, within_scope};

#[derive(sqlx::FromRow)]
struct Row {
    card_id: Uuid,
    resident_id: Uuid,
    office_id: Uuid,
    state: State,
    revision: i64,
    asked_by: Uuid,
    prepared_at: Timestamp,
    lapses_at: Timestamp,
    asked_at: Option<Timestamp>,
    generation: i64,
    granted_by: Option<Uuid>,
    ended_at: Option<Timestamp>,
    place: Option<i64>,
    expires_at: Option<Timestamp>,
    keeps: i64,
    voided_at: Option<Timestamp>,
    void_reason: Option<VoidReason>,
}

impl From<Row> for Card {
    fn from(row: Row) -> Self {
        let Row { card_id, resident_id, office_id, state, revision, asked_by, prepared_at, lapses_at, .. } = row;
        let Row {
            asked_at, generation, granted_by, ended_at, place, expires_at, keeps, voided_at, void_reason, ..
        } = row;
        let issued = place.zip(expires_at).map(|(place, expires_at)| Issued {
            place: Place::of_number(place),
            expires_at,
            keeps: keeps != 0,
            voided: voided_at.zip(void_reason),
        });
        Self {
            card_id,
            resident_id,
            office_id,
            written: state,
            revision,
            asked_by,
            prepared_at,
            lapses_at,
            asked_at,
            generation,
            granted_by,
            ended_at,
            issued,
        }
    }
}

macro_rules! select_card {
    ($rest:literal) => {
        concat!(
            "SELECT card_id, resident_id, office_id, state, revision, asked_by, prepared_at, lapses_at, asked_at, \
             generation, granted_by, ended_at, place, expires_at, keeps, voided_at, void_reason FROM printed_card ",
            $rest
        )
    };
}

const ADD: &str = "INSERT INTO printed_card (card_id, resident_id, office_id, state, revision, asked_by, prepared_at, lapses_at, \
    generation, sealed, keeps) VALUES ($1, $2, $3, 'prepared', 0, $4, $5, $6, $7, $8, 0)";

/// Adds a card that is prepared. A second one that waits for the same resident is refused as `DbError::Unique`.
pub async fn add(tx: &mut Tx, this: &Card, sealed: &[u8]) -> DbResult<()> {
    execute!(
        tx,
        ADD,
        this.card_id,
        this.resident_id,
        this.office_id,
        this.asked_by,
        this.prepared_at,
        this.lapses_at,
        this.generation,
        sealed
    )
    .map(|_| ())
}

const LOOKUP: &str = select_card!("WHERE card_id = $1");

/// One by its id.
pub async fn lookup(tx: &mut Tx, id: Uuid) -> DbResult<Option<Card>> {
    Ok(fetch_optional!(tx, Row, LOOKUP, id)?.map(Card::from))
}

const HOLD: &str = "UPDATE printed_card SET revision = revision WHERE card_id = $1";

/// Reads one and keeps it: nobody else decides before this transaction is over.
pub async fn hold(tx: &mut Tx, id: Uuid) -> DbResult<Option<Card>> {
    // Two statements: on PostgreSQL the second one sees what was committed while the first one waited.
    if change!(tx, HOLD, id)?.happened() { lookup(tx, id).await } else { Ok(None) }
}

const WAITING_FOR: &str = select_card!("WHERE resident_id = $1 AND ended_at IS NULL");

/// The one that waits for a resident.
pub async fn waiting_for(tx: &mut Tx, resident: Uuid) -> DbResult<Option<Card>> {
    Ok(fetch_optional!(tx, Row, WAITING_FOR, resident)?.map(Card::from))
}

const OFFICE_OF: &str = concat!(
    "SELECT office_id FROM printed_card WHERE card_id = $1 AND (office_id = $2 OR state = 'asked') AND ",
    within_scope!("office_id", "$2", "$3")
);

/// The office whose request it is, if that is the scope's own, or one of its scope while the request waits for a second person.
pub async fn office_of(tx: &mut Tx, id: Uuid, scope: Scope) -> DbResult<Option<Uuid>> {
    Ok(fetch_optional!(tx, (Uuid,), OFFICE_OF, id, scope.office_id, scope.levels)?.map(|(office,)| office))
}

const WAITING: &str = concat!(
    select_card!("WHERE "),
    within_scope!("office_id", "$1", "$2"),
    " AND state = 'asked' AND asked_at > $3 ORDER BY asked_at, card_id LIMIT $4"
);

/// What was asked for in the offices of a scope after `since`, longest waiting first.
pub async fn waiting(tx: &mut Tx, scope: Scope, since: Timestamp, limit: i64) -> DbResult<Vec<Card>> {
    Ok(fetch_all!(tx, Row, WAITING, scope.office_id, scope.levels, since, limit)?.into_iter().map(Card::from).collect())
}

const OF_OFFICE: &str =
    select_card!("WHERE office_id = $1 AND state = 'granted' AND card_id < $2 ORDER BY card_id DESC LIMIT $3");

/// Cards that an office issued, before `before`, those prepared last first.
pub async fn of_office(tx: &mut Tx, office: Uuid, before: Uuid, limit: i64) -> DbResult<Vec<Card>> {
    Ok(fetch_all!(tx, Row, OF_OFFICE, office, before, limit)?.into_iter().map(Card::from).collect())
}

const GOOD_OF: &str = select_card!("WHERE resident_id = $1 AND state = 'granted' AND voided_at IS NULL");

/// Cards of a resident that no counter voided.
pub async fn good_of(tx: &mut Tx, resident: Uuid) -> DbResult<Vec<Card>> {
    Ok(fetch_all!(tx, Row, GOOD_OF, resident)?.into_iter().map(Card::from).collect())
}

const FIRST_OF: &str =
    select_card!("WHERE resident_id = $1 AND state = 'granted' AND ended_at >= $2 ORDER BY card_id LIMIT 1");

/// The first card that a resident was given since a time.
pub async fn first_of(tx: &mut Tx, resident: Uuid, since: Timestamp) -> DbResult<Option<Card>> {
    Ok(fetch_optional!(tx, Row, FIRST_OF, resident, since)?.map(Card::from))
}

const IDS_OF: &str = "SELECT card_id FROM printed_card WHERE resident_id = $1 ORDER BY card_id";

/// The ids of all requests for cards of a resident.
pub async fn ids_of(tx: &mut Tx, resident: Uuid) -> DbResult<Vec<Uuid>> {
    Ok(fetch_all!(tx, (Uuid,), IDS_OF, resident)?.into_iter().map(|(id,)| id).collect())
}

const CONSENT: &str = "SELECT terms_version, asked_at FROM printed_card \
    WHERE resident_id = $1 AND state = 'granted' AND asked_at IS NOT NULL ORDER BY card_id DESC LIMIT 1";

/// To which terms a resident agreed with the last card that was granted, and when.
pub async fn consent(tx: &mut Tx, resident: Uuid) -> DbResult<Option<(String, Timestamp)>> {
    fetch_optional!(tx, (String, Timestamp), CONSENT, resident)
}

const TOUCH: &str = "UPDATE printed_card SET revision = revision + 1 \
    WHERE card_id = $1 AND revision = $2 AND state = 'prepared' AND asked_by = $3 AND lapses_at > $4";

/// Notes that something was added to one that is prepared.
pub async fn touch(tx: &mut Tx, this: &Card, by: Uuid, now: Timestamp) -> DbResult<Changed> {
    change!(tx, TOUCH, this.card_id, this.revision, by, now)
}

const ASK: &str = "UPDATE printed_card SET state = 'asked', asked_at = $4, terms_version = $5, sealed = $6, revision = revision + 1 \
    WHERE card_id = $1 AND revision = $2 AND state = 'prepared' AND asked_by = $3 AND lapses_at > $4";

/// Asks for one that is prepared: its resident agreed to the terms of this version; `sealed` is what was said.
pub async fn ask(
    tx: &mut Tx,
    this: &Card,
    by: Uuid,
    now: Timestamp,
    (terms_version, sealed): (&str, &[u8]),
) -> DbResult<Changed> {
    change!(tx, ASK, this.card_id, this.revision, by, now, terms_version, sealed)
}

const GRANT: &str = "UPDATE printed_card SET state = 'granted', granted_by = $3, ended_at = $4, place = $5, expires_at = $6, \
    qr_sealed = $7, revision = revision + 1 \
    WHERE card_id = $1 AND revision = $2 AND state = 'asked' AND asked_by <> $3 AND lapses_at > $4";

/// Grants one that was asked for, of the revision that was read, in its time. Nobody grants what they asked for, whatever the program
/// judged.
pub async fn grant(
    tx: &mut Tx,
    this: &Card,
    by: Uuid,
    now: Timestamp,
    (issued, qr_sealed): (&Issued, &[u8]),
) -> DbResult<Changed> {
    change!(tx, GRANT, this.card_id, this.revision, by, now, issued.place.number(), issued.expires_at, qr_sealed)
}

const END: &str = "UPDATE printed_card SET state = $3, ended_at = $4, sealed = COALESCE($5, sealed), revision = revision + 1 \
    WHERE card_id = $1 AND revision = $2 AND state IN ('prepared', 'asked')";

/// Ends one that waits without a card.
pub async fn end(tx: &mut Tx, this: &Card, state: State, now: Timestamp, sealed: Option<&[u8]>) -> DbResult<Changed> {
    change!(tx, END, this.card_id, this.revision, state, now, sealed)
}

const VOID: &str = "UPDATE printed_card SET voided_at = $2, void_reason = $3, revision = revision + 1 \
    WHERE card_id = $1 AND state = 'granted' AND voided_at IS NULL";

/// Notes why a card does not count any more. A miss when that is noted.
pub async fn void(tx: &mut Tx, id: Uuid, reason: VoidReason, now: Timestamp) -> DbResult<Changed> {
    change!(tx, VOID, id, now, reason)
}

const KEEP: &str = "UPDATE printed_card SET keeps = $2, revision = revision + 1 \
    WHERE card_id = $1 AND revision = $3 AND state = 'granted' AND voided_at IS NULL";

/// Notes whether a card stays good beside a phone.
pub async fn keep(tx: &mut Tx, this: &Card, keeps: bool) -> DbResult<Changed> {
    change!(tx, KEEP, this.card_id, i64::from(keeps), this.revision)
}

const SEALED: &str = "SELECT sealed FROM printed_card WHERE card_id = $1";

/// What the resident said, sealed.
pub async fn sealed(tx: &mut Tx, id: Uuid) -> DbResult<Option<Vec<u8>>> {
    Ok(fetch_optional!(tx, (Vec<u8>,), SEALED, id)?.map(|(sealed,)| sealed))
}

const QR: &str = "SELECT qr_sealed FROM printed_card WHERE card_id = $1 AND qr_sealed IS NOT NULL";

/// The QR of a card, sealed, while it can be printed.
pub async fn qr(tx: &mut Tx, id: Uuid) -> DbResult<Option<Vec<u8>>> {
    Ok(fetch_optional!(tx, (Vec<u8>,), QR, id)?.map(|(sealed,)| sealed))
}

/// What the second person compares, sealed.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct EvidenceRow {
    /// The register's record.
    pub record_sealed: Vec<u8>,
    /// The register's portrait.
    pub portrait_sealed: Option<Vec<u8>>,
    /// The photo that was taken at the counter.
    pub photo_sealed: Option<Vec<u8>>,
}

const ADD_EVIDENCE: &str = "INSERT INTO printed_card_evidence (card_id, record_sealed, portrait_sealed, delete_after) \
    VALUES ($1, $2, $3, $4)";

/// Keeps what the register said, until `delete_after`.
pub async fn add_evidence(
    tx: &mut Tx,
    id: Uuid,
    record: &[u8],
    portrait: Option<&[u8]>,
    delete_after: Timestamp,
) -> DbResult<()> {
    execute!(tx, ADD_EVIDENCE, id, record, portrait, delete_after).map(|_| ())
}

const EVIDENCE: &str =
    "SELECT record_sealed, portrait_sealed, photo_sealed FROM printed_card_evidence WHERE card_id = $1";

/// What is compared, while it is kept.
pub async fn evidence(tx: &mut Tx, id: Uuid) -> DbResult<Option<EvidenceRow>> {
    fetch_optional!(tx, EvidenceRow, EVIDENCE, id)
}

const SET_PHOTO: &str = "UPDATE printed_card_evidence SET photo_sealed = $2 WHERE card_id = $1";

/// Keeps the photo, in place of an earlier one.
pub async fn set_photo(tx: &mut Tx, id: Uuid, photo: &[u8]) -> DbResult<Changed> {
    change!(tx, SET_PHOTO, id, photo)
}

const KEEP_EVIDENCE: &str = "UPDATE printed_card_evidence SET delete_after = $2 WHERE card_id = $1";

/// Keeps what was compared until `delete_after`.
pub async fn keep_evidence(tx: &mut Tx, id: Uuid, delete_after: Timestamp) -> DbResult<Changed> {
    change!(tx, KEEP_EVIDENCE, id, delete_after)
}

const OVER: &str =
    "SELECT card_id FROM printed_card WHERE ended_at IS NULL AND lapses_at <= $1 ORDER BY lapses_at LIMIT $2";

/// Those whose time to be granted is over.
pub async fn over(tx: &mut Tx, now: Timestamp, limit: i64) -> DbResult<Vec<Uuid>> {
    Ok(fetch_all!(tx, (Uuid,), OVER, now, limit)?.into_iter().map(|(id,)| id).collect())
}

// As many as were printed since the last round.
const FORGET_QRS: &str = "UPDATE printed_card SET qr_sealed = NULL WHERE qr_sealed IS NOT NULL AND ended_at <= $1";
const FORGET_EVIDENCE: &str = "DELETE FROM printed_card_evidence WHERE delete_after <= $1";
const FORGET_ENDED: &str = "DELETE FROM printed_card WHERE state IN ('refused', 'lapsed') AND ended_at <= $1";

/// Forgets the QRs of cards that were granted at `printed` or earlier, what was compared when its time is over, and requests that ended
/// without a card at `before` or earlier; gives how many.
pub async fn sweep(tx: &mut Tx, now: Timestamp, printed: Timestamp, before: Timestamp) -> DbResult<u64> {
    Ok(execute!(tx, FORGET_QRS, printed)? + execute!(tx, FORGET_EVIDENCE, now)? + execute!(tx, FORGET_ENDED, before)?)
}

const EXPIRED: &str =
    "SELECT DISTINCT resident_id FROM printed_card WHERE state = 'granted' AND expires_at <= $1 LIMIT $2";

/// Residents with a card that expired at `before` or earlier.
pub async fn expired(tx: &mut Tx, before: Timestamp, limit: i64) -> DbResult<Vec<Uuid>> {
    Ok(fetch_all!(tx, (Uuid,), EXPIRED, before, limit)?.into_iter().map(|(resident,)| resident).collect())
}

const COUNTING: &str = "SELECT COUNT(*) FROM printed_card \
    WHERE state = 'granted' AND voided_at IS NULL AND expires_at > $2 AND ended_at < $1";

/// How many cards that were granted before `before` may count.
pub async fn counting(tx: &mut Tx, before: Timestamp, now: Timestamp) -> DbResult<i64> {
    Ok(fetch_one!(tx, (i64,), COUNTING, before, now)?.0)
}

const VOIDED: &str = "SELECT DISTINCT resident_id FROM printed_card WHERE voided_at > $1 AND voided_at <= $2";

/// Residents with a card that a counter voided between two times.
pub async fn voided(tx: &mut Tx, (after, until): (Timestamp, Timestamp)) -> DbResult<Vec<Uuid>> {
    Ok(fetch_all!(tx, (Uuid,), VOIDED, after, until)?.into_iter().map(|(resident,)| resident).collect())
}

const ANY_SINCE: &str = "SELECT COUNT(*) FROM printed_card WHERE resident_id = $1
    AND (ended_at IS NULL OR state = 'granted' AND expires_at > $2 AND (voided_at IS NULL OR voided_at > $2))";

/// Whether a resident has a card that counted after `since`, or asks for one.
pub async fn has_any_since(tx: &mut Tx, resident: Uuid, since: Timestamp) -> DbResult<bool> {
    Ok(fetch_one!(tx, (i64,), ANY_SINCE, resident, since)?.0 > 0)
}

const FORGET_EXPIRED: &str =
    "DELETE FROM printed_card WHERE resident_id = $1 AND state = 'granted' AND expires_at <= $2";

/// Forgets cards of a resident that expired at `before` or earlier; gives how many.
pub async fn forget_expired(tx: &mut Tx, resident: Uuid, before: Timestamp) -> DbResult<u64> {
    execute!(tx, FORGET_EXPIRED, resident, before)
}

const ERASE_EVIDENCE: &str = "DELETE FROM printed_card_evidence \
    WHERE card_id IN (SELECT card_id FROM printed_card WHERE resident_id = $1 AND ended_at IS NOT NULL)";
const ERASE: &str = "DELETE FROM printed_card WHERE resident_id = $1 AND ended_at IS NOT NULL";

/// Deletes a resident's cards and what was compared for them. One that is asked for at this moment stays.
pub async fn erase(tx: &mut Tx, resident: Uuid) -> DbResult<()> {
    execute!(tx, ERASE_EVIDENCE, resident)?;
    execute!(tx, ERASE, resident).map(|_| ())
}
