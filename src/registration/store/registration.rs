//! What was submitted, and where it stands.

use uuid::Uuid;

use crate::changed::Changed;
use crate::clock::Timestamp;
use crate::db::{DbError, DbResult, Tx};
use crate::error::Language;
use crate::registration::model::{
    Answer, CheckResult, CheckState, Offer, Progress, QueueTurn, RegisterCheck, Registration, State, Visit,
};
use crate::{change, execute, fetch_all, fetch_optional};

/// A registration as the tables hold it.
#[derive(sqlx::FromRow)]
struct Row {
    registration_id: Uuid,
    device_thumbprint: Vec<u8>,
    nik_index: Vec<u8>,
    email_index: Vec<u8>,
    state: State,
    sealed: Vec<u8>,
    language: Language,
    created_at: Timestamp,
    updated_at: Timestamp,
    expires_at: Timestamp,
    ended_at: Option<Timestamp>,
    office_id: Option<Uuid>,
    revision: i64,
    check_state: Option<CheckState>,
    check_result: Option<CheckResult>,
    resident_id: Option<Uuid>,
    last_spent: Option<i64>,
    scanned_by: Option<Uuid>,
    scanned_at: Option<Timestamp>,
    match_number: Option<i64>,
    match_officer_id: Option<Uuid>,
    match_at: Option<Timestamp>,
    match_tries: Option<i64>,
    decision_sealed: Option<Vec<u8>>,
    queue_office: Option<Uuid>,
    queue_number: Option<i64>,
    queued_at: Option<Timestamp>,
    called_at: Option<Timestamp>,
}

macro_rules! select {
    ($tail:literal) => {
        concat!(
            "SELECT r.registration_id, r.device_thumbprint, r.nik_index, r.email_index, r.state, r.sealed, r.language, \
             r.created_at, r.updated_at, r.expires_at, r.ended_at, r.office_id, r.revision, c.state AS check_state, \
             c.result AS check_result, c.resident_id, v.last_spent, v.scanned_by, v.scanned_at, v.match_number, \
             v.match_officer_id, v.match_at, v.match_tries, v.decision_sealed, v.queue_office, v.queue_number, \
             v.queued_at, v.called_at \
             FROM registration r LEFT JOIN register_check c ON c.registration_id = r.registration_id \
             LEFT JOIN counter_visit v ON v.registration_id = r.registration_id ",
            $tail
        )
    };
}

impl TryFrom<Row> for Registration {
    type Error = DbError;

    fn try_from(row: Row) -> DbResult<Self> {
        let fault = |what: &str| DbError::Other(what.to_owned());
        let check = match (row.check_state, row.check_result) {
            (Some(CheckState::Pending), None) => RegisterCheck::Pending { resident: row.resident_id },
            (Some(CheckState::Limited), None) => RegisterCheck::Limited,
            (Some(CheckState::Done), Some(result)) => RegisterCheck::Done(
                Answer::new(result, row.resident_id).ok_or_else(|| fault("an answer of the register that is none"))?,
            ),
            _ => return Err(fault("a registration whose register check cannot be, or is missing")),
        };
        let progress = Progress::new(row.state, row.resident_id, row.ended_at)
            .ok_or_else(|| fault("a registration in a state without what belongs to it"))?;
        let offer = match (row.match_number, row.match_officer_id, row.match_at) {
            (Some(number), Some(officer_id), Some(at)) => {
                Some(Offer { number, officer_id, at, tries: row.match_tries.unwrap_or_default() })
            }
            _ => None,
        };
        let turn = match (row.queue_office, row.queue_number, row.queued_at) {
            (Some(office_id), Some(number), Some(at)) => {
                Some(QueueTurn { office_id, number, at, called_at: row.called_at })
            }
            _ => None,
        };
        let (scanned_by, scanned_at) = (row.scanned_by, row.scanned_at);
        let (last_spent, decision) = (row.last_spent.unwrap_or_default(), row.decision_sealed);
        let visit = Visit { last_spent, scanned_by, scanned_at, offer, decision, turn };
        Ok(Self {
            registration_id: row.registration_id,
            device_thumbprint: row.device_thumbprint,
            nik_index: row.nik_index,
            email_index: row.email_index,
            progress,
            sealed: row.sealed,
            language: row.language,
            created_at: row.created_at,
            updated_at: row.updated_at,
            expires_at: row.expires_at,
            office_id: row.office_id,
            revision: row.revision,
            check,
            visit,
        })
    }
}

/// A new registration.
pub struct New<'a> {
    /// Its id.
    pub registration_id: Uuid,
    /// Thumbprint of the device key.
    pub device_thumbprint: &'a [u8],
    /// Blind index of the NIK.
    pub nik_index: &'a [u8],
    /// Blind index of the e-mail address.
    pub email_index: &'a [u8],
    /// Sealed `Submitted`.
    pub sealed: &'a [u8],
    /// Of mails.
    pub language: Language,
    /// Version of the accepted terms.
    pub terms_version: &'a str,
    /// Now.
    pub now: Timestamp,
    /// When it ends by itself.
    pub expires_at: Timestamp,
}

const ADD: &str = "INSERT INTO registration (registration_id, device_thumbprint, nik_index, email_index, state, sealed, \
    language, terms_version, terms_accepted_at, created_at, updated_at, expires_at, revision) \
    VALUES ($1, $2, $3, $4, 'needs_selfie', $5, $6, $7, $8, $8, $8, $9, 0)";

/// Adds a registration in `needs_selfie`; its register check is added after it ([`super::check::add`]). A second live one for
/// the same device is refused as `DbError::Unique`.
pub async fn add(tx: &mut Tx, new: &New<'_>) -> DbResult<()> {
    execute!(
        tx,
        ADD,
        new.registration_id,
        new.device_thumbprint,
        new.nik_index,
        new.email_index,
        new.sealed,
        new.language,
        new.terms_version,
        new.now,
        new.expires_at
    )
    .map(|_| ())
}

const LOOKUP: &str = select!("WHERE r.registration_id = $1");

/// A registration by id.
pub async fn lookup(tx: &mut Tx, id: Uuid) -> DbResult<Option<Registration>> {
    fetch_optional!(tx, Row, LOOKUP, id)?.map(Registration::try_from).transpose()
}

const HOLD: &str = "UPDATE registration SET revision = revision WHERE registration_id = $1";

/// Reads a registration and keeps it: nobody else takes it to another state, nor writes what belongs to it, before this
/// transaction is over. What is decided on the strength of what is read is therefore still true when it is written. Not held are
/// the lease of its register check and the deletion of old selfies, on which nothing is decided.
pub async fn hold(tx: &mut Tx, id: Uuid) -> DbResult<Option<Registration>> {
    // Two statements: on PostgreSQL the second one sees what was committed while the first one waited.
    if change!(tx, HOLD, id)?.happened() { lookup(tx, id).await } else { Ok(None) }
}

const HOLD_OWN: &str =
    "UPDATE registration SET revision = revision WHERE registration_id = $1 AND device_thumbprint = $2";

/// The same for the device that it belongs to; `None` to every other.
pub async fn hold_own(tx: &mut Tx, id: Uuid, thumbprint: &[u8]) -> DbResult<Option<Registration>> {
    if change!(tx, HOLD_OWN, id, thumbprint)?.happened() { lookup(tx, id).await } else { Ok(None) }
}

const NEWEST_OF_DEVICE: &str = select!(
    // A living one first: two that were made in the same microsecond have no order.
    "WHERE r.device_thumbprint = $1 \
     ORDER BY CASE WHEN r.ended_at IS NULL THEN 0 ELSE 1 END, r.created_at DESC, r.registration_id DESC LIMIT 1"
);

/// The newest registration of a device key.
pub async fn newest_of_device(tx: &mut Tx, thumbprint: &[u8]) -> DbResult<Option<Registration>> {
    fetch_optional!(tx, Row, NEWEST_OF_DEVICE, thumbprint)?.map(Registration::try_from).transpose()
}

// Whatever a step depends on raises the revision when it changes: who demands the one that was read demands all of it.
const SAVE: &str = "UPDATE registration SET state = $3, sealed = $4, email_index = $5, office_id = $6, updated_at = $7, \
    expires_at = $8, ended_at = $9, revision = revision + 1 \
    WHERE registration_id = $1 AND revision = $2 AND ended_at IS NULL";

/// Writes a step that a registration took, if it still is of the revision that was read. A second approved registration for the
/// same NIK is refused as `DbError::Unique`.
pub async fn save(tx: &mut Tx, next: &Registration) -> DbResult<Changed> {
    change!(
        tx,
        SAVE,
        next.registration_id,
        next.revision,
        next.state(),
        &next.sealed,
        &next.email_index,
        next.office_id,
        next.updated_at,
        next.expires_at,
        next.progress.ended_at()
    )
}

const HOLD_CODE_SENT: &str = "UPDATE registration SET revision = revision \
    WHERE registration_id = $1 AND state = 'code_sent' AND expires_at > $2";

/// Whether it waits for its code; if so, it does until this transaction is over.
pub async fn hold_code_sent(tx: &mut Tx, id: Uuid, now: Timestamp) -> DbResult<Changed> {
    change!(tx, HOLD_CODE_SENT, id, now)
}

const CONFIRM_CODE: &str = "UPDATE registration SET state = 'needs_pin', updated_at = $2, expires_at = $3, \
    revision = revision + 1 WHERE registration_id = $1 AND state = 'code_sent' AND expires_at > $2";

/// `code_sent` → `needs_pin`, where it lives until `expires_at`.
pub async fn confirm_code(tx: &mut Tx, id: Uuid, now: Timestamp, expires_at: Timestamp) -> DbResult<Changed> {
    change!(tx, CONFIRM_CODE, id, now, expires_at)
}

const DUE_TO_EXPIRE: &str = "SELECT registration_id FROM registration \
    WHERE ended_at IS NULL AND expires_at <= $1 ORDER BY expires_at LIMIT $2";

/// Live registrations whose time is over.
pub async fn due_to_expire(tx: &mut Tx, now: Timestamp, limit: i64) -> DbResult<Vec<Uuid>> {
    Ok(fetch_all!(tx, (Uuid,), DUE_TO_EXPIRE, now, limit)?.into_iter().map(|row| row.0).collect())
}

const LONG_ENDED: &str = "SELECT registration_id FROM registration WHERE state IN ('rejected', 'expired', 'cancelled') \
    AND ended_at <= $1 ORDER BY ended_at LIMIT $2";

/// Registrations that ended without a digital KTP at or before `before`.
pub async fn long_ended(tx: &mut Tx, before: Timestamp, limit: i64) -> DbResult<Vec<Uuid>> {
    Ok(fetch_all!(tx, (Uuid,), LONG_ENDED, before, limit)?.into_iter().map(|row| row.0).collect())
}

const CONSENT: &str = "SELECT terms_version, terms_accepted_at FROM registration WHERE registration_id = $1";

/// The terms that were accepted, and when.
pub async fn consent(tx: &mut Tx, id: Uuid) -> DbResult<Option<(String, Timestamp)>> {
    fetch_optional!(tx, (String, Timestamp), CONSENT, id)
}

const DELETE_ACTIVE: &str = "DELETE FROM registration WHERE registration_id = $1 AND state = 'active'";

/// Deletes one that ended with a digital KTP; what is kept for it goes after it.
pub async fn delete_active(tx: &mut Tx, id: Uuid) -> DbResult<Changed> {
    change!(tx, DELETE_ACTIVE, id)
}

const DELETE: &str = "DELETE FROM registration WHERE registration_id = $1 \
    AND state IN ('rejected', 'expired', 'cancelled') AND ended_at <= $2";

/// Deletes one of [`long_ended`]; what is kept for it goes after it.
pub async fn delete(tx: &mut Tx, id: Uuid, before: Timestamp) -> DbResult<Changed> {
    change!(tx, DELETE, id, before)
}
