//! SQL of the registration table, but for its `code_*` and `challenge_spent` columns, which belong to `activation`.

use uuid::Uuid;

use crate::changed::Changed;
use crate::clock::Timestamp;
use crate::db::{DbResult, Tx};
use crate::{change, execute, fetch_all, fetch_optional};

/// A registration as it stands in the table.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Row {
    /// Its id.
    pub registration_id: Uuid,
    /// SHA-256 thumbprint of the device key it belongs to.
    pub device_thumbprint: Vec<u8>,
    /// Blind index of the NIK.
    pub nik_index: Vec<u8>,
    /// Blind index of the e-mail address.
    pub email_index: Vec<u8>,
    /// The resident, once the register has answered.
    pub resident_id: Option<Uuid>,
    /// State word.
    pub state: String,
    /// Sealed `Submitted`.
    pub sealed: Vec<u8>,
    /// `id` or `en`.
    pub language: String,
    /// Version of the terms that were accepted.
    pub terms_version: String,
    /// When they were accepted.
    pub terms_accepted_at: Timestamp,
    /// When it began.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// How far the data check is.
    pub check_state: String,
    /// What the register's answer means.
    pub check_result: Option<String>,
    /// Register look-ups tried.
    pub check_attempts: i64,
    /// When the register answered.
    pub checked_at: Option<Timestamp>,
    /// Issue time of the newest activation token that was scanned, in microseconds.
    pub last_spent: i64,
    /// The office that has it.
    pub office_id: Option<Uuid>,
    /// The officer in whose presence the resident is; nobody once the resident changed something or it was returned.
    pub scanned_by: Option<Uuid>,
    /// When it was scanned last.
    pub scanned_at: Option<Timestamp>,
    /// The number on the resident's screen since they scanned the officer's QR.
    pub match_number: Option<i64>,
    /// Whose QR that was.
    pub match_officer_id: Option<Uuid>,
    /// When.
    pub match_at: Option<Timestamp>,
    /// Tries at the number.
    pub match_tries: i64,
    /// Who decided.
    pub decided_by: Option<Uuid>,
    /// When.
    pub decided_at: Option<Timestamp>,
    /// Code of the reason for return or rejection.
    pub reason: Option<String>,
    /// Sealed `Decision`.
    pub decision_sealed: Option<Vec<u8>>,
    /// Generation of the activation code; 0 before approval.
    pub code_generation: i64,
    /// When the code expires, counted from hand-over to the mail server.
    pub code_expires_at: Option<Timestamp>,
    /// Raised by every write that changes what an officer compares or where it stands.
    pub revision: i64,
}

macro_rules! columns {
    () => {
        "registration_id, device_thumbprint, nik_index, email_index, resident_id, state, sealed, language, \
         terms_version, terms_accepted_at, created_at, updated_at, expires_at, ended_at, check_state, check_result, \
         check_attempts, checked_at, last_spent, office_id, scanned_by, scanned_at, match_number, \
         match_officer_id, match_at, match_tries, decided_by, decided_at, reason, decision_sealed, code_generation, \
         code_expires_at, revision"
    };
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
    /// `id` or `en`.
    pub language: &'a str,
    /// Version of the accepted terms.
    pub terms_version: &'a str,
    /// `pending` or `limited`.
    pub check_state: &'a str,
    /// Now.
    pub now: Timestamp,
    /// When it ends by itself.
    pub expires_at: Timestamp,
}

const ADD: &str = "INSERT INTO registration (registration_id, device_thumbprint, nik_index, email_index, state, sealed, \
    language, terms_version, terms_accepted_at, created_at, updated_at, expires_at, check_state, check_due_at, \
    check_lease_until, check_attempts, last_spent, code_generation, code_tries, code_day, code_day_count, \
    challenge_spent, revision) \
    VALUES ($1, $2, $3, $4, 'needs_selfie', $5, $6, $7, $8, $8, $8, $9, $10, $8, 0, 0, 0, 0, 0, 0, 0, 0, 0)";

/// Adds a registration in `needs_selfie`. A second live one for the same device is refused as `DbError::Unique`.
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
        new.expires_at,
        new.check_state
    )
    .map(|_| ())
}

macro_rules! select {
    ($tail:literal) => {
        concat!("SELECT ", columns!(), " FROM registration ", $tail)
    };
}

/// A registration by id.
pub async fn lookup(tx: &mut Tx, id: Uuid) -> DbResult<Option<Row>> {
    fetch_optional!(tx, Row, select!("WHERE registration_id = $1"), id)
}

macro_rules! hold {
    ($tail:literal) => {
        concat!("UPDATE registration SET revision = revision ", $tail, " RETURNING ", columns!())
    };
}

/// Reads a registration and keeps it: nobody else writes it before this transaction is over. What is decided on the
/// strength of this row is therefore still true when it is written.
pub async fn hold(tx: &mut Tx, id: Uuid) -> DbResult<Option<Row>> {
    fetch_optional!(tx, Row, hold!("WHERE registration_id = $1"), id)
}

/// The same for the device that it belongs to; `None` to every other.
pub async fn hold_own(tx: &mut Tx, id: Uuid, thumbprint: &[u8]) -> DbResult<Option<Row>> {
    fetch_optional!(tx, Row, hold!("WHERE registration_id = $1 AND device_thumbprint = $2"), id, thumbprint)
}

/// The newest registration of a device key.
pub async fn newest_of_device(tx: &mut Tx, thumbprint: &[u8]) -> DbResult<Option<Row>> {
    fetch_optional!(
        tx,
        Row,
        // A living one first: two that were made in the same microsecond have no order.
        select!(
            "WHERE device_thumbprint = $1 \
             ORDER BY CASE WHEN ended_at IS NULL THEN 0 ELSE 1 END, created_at DESC, registration_id DESC LIMIT 1"
        ),
        thumbprint
    )
}

/// An office's queue in one state, longest waiting first, after the cursor (time of last change, id).
pub async fn queue(tx: &mut Tx, office: Uuid, state: &str, after: (Timestamp, Uuid), limit: i64) -> DbResult<Vec<Row>> {
    fetch_all!(
        tx,
        Row,
        select!(
            "WHERE office_id = $1 AND state = $2 AND (updated_at > $3 OR (updated_at = $3 AND registration_id > $4)) \
             ORDER BY updated_at, registration_id LIMIT $5"
        ),
        office,
        state,
        after.0,
        after.1,
        limit
    )
}

/// Registrations whose residents scanned this officer's QR since `since` and whose number is neither confirmed nor void,
/// newest first: whoever scans now is not kept out by many who scanned before.
pub async fn waiting_matches(tx: &mut Tx, officer: Uuid, since: Timestamp, limit: i64) -> DbResult<Vec<Row>> {
    fetch_all!(
        tx,
        Row,
        select!(
            "WHERE match_officer_id = $1 AND match_at >= $2 AND match_number IS NOT NULL AND match_tries < $3 \
             AND state IN ('needs_selfie', 'awaiting_officer', 'needs_correction') \
             ORDER BY match_at DESC, registration_id DESC LIMIT $4"
        ),
        officer,
        since,
        MATCH_TRIES,
        limit
    )
}

/// What a resident changed, on the strength of a row that is held or was read.
pub struct Amended<'a> {
    /// The row; its revision must still be the present one.
    pub row: &'a Row,
    /// Sealed `Submitted`.
    pub sealed: &'a [u8],
    /// Blind index of the address in it.
    pub email_index: &'a [u8],
    /// The state it goes to.
    pub to: &'a str,
    /// Now.
    pub now: Timestamp,
}

// The resident's presence was proved with other data: it ends with every one of these.
const AMEND: &str = "UPDATE registration SET sealed = $3, email_index = $4, state = $5, updated_at = $6, \
    scanned_by = NULL, revision = revision + 1 WHERE registration_id = $1 AND revision = $2 AND ended_at IS NULL";

/// Replaces the sealed data and the address.
pub async fn amend(tx: &mut Tx, a: &Amended<'_>) -> DbResult<Changed> {
    change!(tx, AMEND, a.row.registration_id, a.row.revision, a.sealed, a.email_index, a.to, a.now)
}

const RESUBMIT: &str = "UPDATE registration SET sealed = $3, email_index = $4, state = $5, updated_at = $6, \
    scanned_by = NULL, check_state = 'pending', check_result = NULL, check_due_at = $6, check_lease_until = 0, \
    reason = NULL, decision_sealed = NULL, revision = revision + 1 \
    WHERE registration_id = $1 AND revision = $2 AND ended_at IS NULL";

/// Replaces the submitted data, which the register is to check anew.
pub async fn resubmit(tx: &mut Tx, a: &Amended<'_>) -> DbResult<Changed> {
    change!(tx, RESUBMIT, a.row.registration_id, a.row.revision, a.sealed, a.email_index, a.to, a.now)
}

const CHANGE_ADDRESS: &str = "UPDATE registration SET sealed = $3, email_index = $4, updated_at = $5, \
    code_generation = code_generation + 1, code_tries = 0, code_sent_at = NULL, code_expires_at = NULL, \
    code_day_count = CASE WHEN code_day = $6 THEN code_day_count + 1 ELSE 1 END, code_day = $6, revision = revision + 1 \
    WHERE registration_id = $1 AND revision = $2 AND state = 'code_sent' AND (code_day <> $6 OR code_day_count < $7)";

/// Replaces the sealed data and the address in `code_sent`; the code that was sent is void, because its generation is
/// passed. Counts as one new code on `day`; nothing changes beyond `most` of them.
pub async fn change_address(tx: &mut Tx, a: &Amended<'_>, day: i64, most: i64) -> DbResult<Changed> {
    change!(tx, CHANGE_ADDRESS, a.row.registration_id, a.row.revision, a.sealed, a.email_index, a.now, day, most)
}

const END: &str = "UPDATE registration SET state = $3, ended_at = $4, updated_at = $4, revision = revision + 1 \
    WHERE registration_id = $1 AND revision = $2 AND ended_at IS NULL AND ($3 <> 'expired' OR expires_at <= $4)";

/// Ends a live registration as cancelled, or as expired when its time is over.
pub async fn end(tx: &mut Tx, row: &Row, to: &str, now: Timestamp) -> DbResult<Changed> {
    change!(tx, END, row.registration_id, row.revision, to, now)
}

const DUE_TO_EXPIRE: &str = "SELECT registration_id FROM registration \
    WHERE ended_at IS NULL AND expires_at <= $1 ORDER BY expires_at LIMIT $2";

/// Live registrations whose time is over.
pub async fn due_to_expire(tx: &mut Tx, now: Timestamp, limit: i64) -> DbResult<Vec<Uuid>> {
    Ok(fetch_all!(tx, (Uuid,), DUE_TO_EXPIRE, now, limit)?.into_iter().map(|row| row.0).collect())
}

const SCAN: &str = "UPDATE registration SET last_spent = $2, office_id = $3, scanned_by = $4, scanned_at = $5, \
    match_number = NULL, check_state = CASE WHEN check_state = 'limited' THEN 'pending' ELSE check_state END, \
    check_due_at = CASE WHEN check_state = 'limited' THEN $5 ELSE check_due_at END, revision = revision + 1 \
    WHERE registration_id = $1 AND ended_at IS NULL AND expires_at > $5 AND last_spent < $2 \
    AND (office_id IS NULL OR office_id = $3 OR state IN ('needs_selfie', 'awaiting_officer', 'needs_correction'))";

/// Spends an activation token issued at `issued` and records who scanned it. A limited data check becomes due.
pub async fn scan(
    tx: &mut Tx,
    id: Uuid,
    issued: i64,
    office: Uuid,
    officer: Uuid,
    now: Timestamp,
) -> DbResult<Changed> {
    change!(tx, SCAN, id, issued, office, officer, now)
}

const OFFER_MATCH: &str = "UPDATE registration SET match_number = $2, match_officer_id = $3, match_at = $4, \
    match_tries = 0 WHERE registration_id = $1 AND state = 'awaiting_officer' AND ended_at IS NULL AND expires_at > $4";

/// Records that the resident scanned an officer's QR, and the number that they read out.
pub async fn offer_match(tx: &mut Tx, id: Uuid, number: i64, officer: Uuid, now: Timestamp) -> DbResult<Changed> {
    change!(tx, OFFER_MATCH, id, number, officer, now)
}

/// Seconds between two scans of which the second moves the resident up: a loop of scans keeps nobody else off the list.
const MOVES_UP_AFTER_SECONDS: i64 = 5;

const OFFER_AGAIN: &str = "UPDATE registration SET match_at = CASE WHEN match_at <= $6 THEN $4 ELSE match_at END \
    WHERE registration_id = $1 AND match_number = $2 \
    AND match_officer_id = $3 AND match_tries < $5 AND state = 'awaiting_officer' AND ended_at IS NULL AND expires_at > $4";

/// The resident scanned the same officer's QR again: the number lives on, with the tries that are left.
pub async fn offer_again(tx: &mut Tx, id: Uuid, number: i64, officer: Uuid, now: Timestamp) -> DbResult<Changed> {
    change!(tx, OFFER_AGAIN, id, number, officer, now, MATCH_TRIES, now.plus_seconds(-MOVES_UP_AFTER_SECONDS))
}

/// Tries at a match number; then it is void.
pub const MATCH_TRIES: i64 = 3;

const TRY_MATCH: &str = "UPDATE registration SET match_tries = match_tries + 1 \
    WHERE registration_id = $1 AND match_officer_id = $2 AND match_at >= $3 AND match_number IS NOT NULL \
    AND match_tries < $4 AND state IN ('needs_selfie', 'awaiting_officer', 'needs_correction') \
    RETURNING match_number, match_tries";

/// Counts a try at the number and gives it, and how many tries there were; `None` when nobody waits for this officer under
/// that id, or the number is void.
pub async fn try_match(tx: &mut Tx, id: Uuid, officer: Uuid, since: Timestamp) -> DbResult<Option<(i64, i64)>> {
    fetch_optional!(tx, (i64, i64), TRY_MATCH, id, officer, since, MATCH_TRIES)
}

const CONFIRM_MATCH: &str = "UPDATE registration SET office_id = $4, scanned_by = $3, scanned_at = $5, \
    match_number = NULL, check_state = CASE WHEN check_state = 'limited' THEN 'pending' ELSE check_state END, \
    check_due_at = CASE WHEN check_state = 'limited' THEN $5 ELSE check_due_at END, revision = revision + 1 \
    WHERE registration_id = $1 AND match_number = $2 AND match_officer_id = $3 AND match_at >= $6 \
    AND state IN ('needs_selfie', 'awaiting_officer', 'needs_correction') AND ended_at IS NULL AND expires_at > $5";

/// The officer whose QR was scanned confirms the number; it counts as a scan.
pub async fn confirm_match(
    tx: &mut Tx,
    id: Uuid,
    number: i64,
    officer: Uuid,
    office: Uuid,
    now: Timestamp,
    since: Timestamp,
) -> DbResult<Changed> {
    change!(tx, CONFIRM_MATCH, id, number, officer, office, now, since)
}

/// What an officer decided.
pub struct Decided<'a> {
    /// The registration.
    pub registration_id: Uuid,
    /// The state it must still be in.
    pub from: &'a str,
    /// The state it goes to.
    pub to: &'a str,
    /// Who decided.
    pub officer: Uuid,
    /// Code of the reason, where there is one.
    pub reason: Option<&'a str>,
    /// Sealed `Decision`.
    pub sealed: &'a [u8],
    /// Now.
    pub now: Timestamp,
    /// When the registration ends by itself from now on.
    pub expires_at: Timestamp,
    /// Set when this decision ends it.
    pub ended_at: Option<Timestamp>,
    /// Generation of the activation code from now on.
    pub code_generation: i64,
    /// The revision that the officer had on the screen; whatever changed since wins the race.
    pub revision: i64,
}

const DECIDE: &str = "UPDATE registration SET state = $3, decided_by = $4, decided_at = $5, updated_at = $5, reason = $6, \
    decision_sealed = $7, expires_at = $8, ended_at = $9, code_generation = $10, \
    scanned_by = CASE WHEN $3 IN ('needs_selfie', 'needs_correction') THEN NULL ELSE scanned_by END, \
    revision = revision + 1 \
    WHERE registration_id = $1 AND state = $2 AND revision = $11 AND ended_at IS NULL AND expires_at > $5";

/// Records a decision. A second approved registration for the same NIK is refused as `DbError::Unique`.
pub async fn decide(tx: &mut Tx, d: &Decided<'_>) -> DbResult<Changed> {
    change!(
        tx,
        DECIDE,
        d.registration_id,
        d.from,
        d.to,
        d.officer,
        d.now,
        d.reason,
        d.sealed,
        d.expires_at,
        d.ended_at,
        d.code_generation,
        d.revision
    )
}

const COMPLETE_PENDING: &str = "UPDATE registration SET state = $3, updated_at = $4, expires_at = $5, \
    code_generation = $6, revision = revision + 1 \
    WHERE registration_id = $1 AND revision = $2 AND state = 'approved_pending_register' AND expires_at > $4";

/// Moves an approval that waited for the register on: to `code_sent`, or back to the officer who had approved.
pub async fn complete_pending(
    tx: &mut Tx,
    row: &Row,
    to: &str,
    now: Timestamp,
    expires_at: Timestamp,
    code_generation: i64,
) -> DbResult<Changed> {
    change!(tx, COMPLETE_PENDING, row.registration_id, row.revision, to, now, expires_at, code_generation)
}

// Every state is listed, so that the index over office, state and time is scanned from `since` on only.
const FIGURES: &str = "SELECT state, COUNT(*), COUNT(CASE WHEN decided_by = $2 AND decided_at >= $3 THEN 1 END) \
    FROM registration WHERE office_id = $1 AND state IN ('needs_selfie', 'awaiting_officer', 'needs_correction', \
    'approved_pending_register', 'code_sent', 'needs_pin', 'active', 'rejected', 'expired', 'cancelled') \
    AND updated_at >= $3 GROUP BY state ORDER BY state";

/// Per state: registrations of an office that changed since, and how many of them the officer decided since.
pub async fn figures(tx: &mut Tx, office: Uuid, officer: Uuid, since: Timestamp) -> DbResult<Vec<(String, i64, i64)>> {
    fetch_all!(tx, (String, i64, i64), FIGURES, office, officer, since)
}

// The data check ------------------------------------------------------------------------------------------------

const DUE_CHECKS: &str = "SELECT registration_id FROM registration \
    WHERE check_state = 'pending' AND check_due_at <= $1 AND check_lease_until <= $1 AND ended_at IS NULL \
    ORDER BY check_due_at LIMIT $2";

/// Data checks that are due and that no node has leased.
pub async fn due_checks(tx: &mut Tx, now: Timestamp, limit: i64) -> DbResult<Vec<Uuid>> {
    Ok(fetch_all!(tx, (Uuid,), DUE_CHECKS, now, limit)?.into_iter().map(|row| row.0).collect())
}

const LEASE_CHECK: &str = "UPDATE registration SET check_lease_until = $3, check_attempts = check_attempts + 1 \
    WHERE registration_id = $1 AND check_state = 'pending' AND check_lease_until <= $2";

/// Leases one data check until `until`; only one node gets it.
pub async fn lease_check(tx: &mut Tx, id: Uuid, now: Timestamp, until: Timestamp) -> DbResult<Changed> {
    change!(tx, LEASE_CHECK, id, now, until)
}

const POSTPONE_CHECK: &str = "UPDATE registration SET check_due_at = $2, check_lease_until = 0 \
    WHERE registration_id = $1 AND check_state = 'pending'";

/// The register did not answer: try again at `due`.
pub async fn postpone_check(tx: &mut Tx, id: Uuid, due: Timestamp) -> DbResult<()> {
    // Another node's check answered meanwhile: then nothing is postponed.
    change!(tx, POSTPONE_CHECK, id, due).map(Changed::either_way)
}

const FINISH_CHECK: &str = "UPDATE registration SET check_state = 'done', check_result = $2, resident_id = $3, \
    checked_at = $4, check_lease_until = 0, revision = revision + 1 \
    WHERE registration_id = $1 AND check_state = 'pending' AND ended_at IS NULL";

/// Records what the register's answer means.
pub async fn finish_check(
    tx: &mut Tx,
    id: Uuid,
    result: &str,
    resident: Option<Uuid>,
    now: Timestamp,
) -> DbResult<Changed> {
    change!(tx, FINISH_CHECK, id, result, resident, now)
}

const PUT_COPY: &str = "INSERT INTO registration_register_copy (registration_id, record, portrait) VALUES ($1, $2, $3) \
    ON CONFLICT (registration_id) DO UPDATE SET record = $2, portrait = $3";

/// Keeps what the register said.
pub async fn put_copy(tx: &mut Tx, id: Uuid, record: &[u8], portrait: Option<&[u8]>) -> DbResult<()> {
    execute!(tx, PUT_COPY, id, record, portrait).map(|_| ())
}

const DELETE_COPY_WITHOUT_SELFIE: &str = "DELETE FROM registration_register_copy WHERE registration_id = $1 \
    AND NOT EXISTS (SELECT 1 FROM registration_selfie s WHERE s.registration_id = $1)";

/// Deletes what the register said where no selfie sets a time for it: nobody will compare it any more.
pub async fn delete_copy_without_selfie(tx: &mut Tx, id: Uuid) -> DbResult<()> {
    execute!(tx, DELETE_COPY_WITHOUT_SELFIE, id).map(|_| ())
}

const LOOKUP_COPY: &str = "SELECT record, portrait FROM registration_register_copy WHERE registration_id = $1";

/// What the register said: sealed record and sealed portrait.
pub async fn lookup_copy(tx: &mut Tx, id: Uuid) -> DbResult<Option<(Vec<u8>, Option<Vec<u8>>)>> {
    fetch_optional!(tx, (Vec<u8>, Option<Vec<u8>>), LOOKUP_COPY, id)
}

// Pictures ------------------------------------------------------------------------------------------------------

const TAKE_SELFIE: &str = "UPDATE registration SET \
    state = CASE WHEN state = 'needs_selfie' THEN 'awaiting_officer' ELSE state END, \
    updated_at = $3, scanned_by = NULL, revision = revision + 1 \
    WHERE registration_id = $1 AND device_thumbprint = $2 \
    AND state IN ('needs_selfie', 'awaiting_officer', 'needs_correction') AND ended_at IS NULL AND expires_at > $3";

/// Prepares the row for a selfie or a retake, while one is allowed; call [`put_selfie`] in the same transaction. The
/// proof of presence ends, because it was made with another picture.
pub async fn take_selfie(tx: &mut Tx, id: Uuid, thumbprint: &[u8], now: Timestamp) -> DbResult<Changed> {
    change!(tx, TAKE_SELFIE, id, thumbprint, now)
}

const PUT_SELFIE: &str = "INSERT INTO registration_selfie (registration_id, sealed, taken_at) VALUES ($1, $2, $3) \
    ON CONFLICT (registration_id) DO UPDATE SET sealed = $2, taken_at = $3";

/// Keeps the selfie, for which [`take_selfie`] made room; a retake replaces it.
pub async fn put_selfie(tx: &mut Tx, id: Uuid, sealed: &[u8], now: Timestamp) -> DbResult<()> {
    execute!(tx, PUT_SELFIE, id, sealed, now).map(|_| ())
}

const SELFIE_TAKEN_AT: &str = "SELECT taken_at FROM registration_selfie WHERE registration_id = $1";

/// When the selfie was taken.
pub async fn selfie_taken_at(tx: &mut Tx, id: Uuid) -> DbResult<Option<Timestamp>> {
    Ok(fetch_optional!(tx, (Timestamp,), SELFIE_TAKEN_AT, id)?.map(|row| row.0))
}

const LOOKUP_SELFIE: &str = "SELECT sealed FROM registration_selfie WHERE registration_id = $1";

/// The sealed selfie.
pub async fn lookup_selfie(tx: &mut Tx, id: Uuid) -> DbResult<Option<Vec<u8>>> {
    Ok(fetch_optional!(tx, (Vec<u8>,), LOOKUP_SELFIE, id)?.map(|row| row.0))
}

const KEEP_SELFIE_UNTIL: &str =
    "UPDATE registration_selfie SET delete_after = $2 WHERE registration_id = $1 AND delete_after IS NULL";

/// Says when the selfie is to be deleted.
pub async fn keep_selfie_until(tx: &mut Tx, id: Uuid, until: Timestamp) -> DbResult<()> {
    // There may be no selfie, or its day is set already: the first one counts.
    change!(tx, KEEP_SELFIE_UNTIL, id, until).map(Changed::either_way)
}

const OLD_SELFIES: &str = "SELECT registration_id FROM registration_selfie \
    WHERE delete_after IS NOT NULL AND delete_after <= $1 ORDER BY delete_after LIMIT $2";
const DELETE_OLD_SELFIE: &str = "DELETE FROM registration_selfie WHERE registration_id = $1 AND delete_after <= $2";
const DELETE_SELFIE: &str = "DELETE FROM registration_selfie WHERE registration_id = $1";
const DELETE_COPY: &str = "DELETE FROM registration_register_copy WHERE registration_id = $1";

/// Deletes selfies, and the register's copies beside them, whose time is over; gives how many.
pub async fn delete_old_pictures(tx: &mut Tx, now: Timestamp, limit: i64) -> DbResult<usize> {
    let due = fetch_all!(tx, (Uuid,), OLD_SELFIES, now, limit)?;
    let mut deleted = 0;
    for (id,) in &due {
        if change!(tx, DELETE_OLD_SELFIE, *id, now)?.happened() {
            execute!(tx, DELETE_COPY, *id)?;
            deleted += 1;
        }
    }
    Ok(deleted)
}

const LONG_ENDED: &str = "SELECT registration_id FROM registration WHERE state IN ('rejected', 'expired', 'cancelled') \
    AND ended_at <= $1 ORDER BY ended_at LIMIT $2";
const DELETE: &str = "DELETE FROM registration WHERE registration_id = $1 \
    AND state IN ('rejected', 'expired', 'cancelled') AND ended_at <= $2";

/// Deletes registrations that ended without a digital KTP at or before `before`, with everything kept for them; gives how
/// many.
pub async fn delete_long_ended(tx: &mut Tx, before: Timestamp, limit: i64) -> DbResult<usize> {
    let due = fetch_all!(tx, (Uuid,), LONG_ENDED, before, limit)?;
    let mut deleted = 0;
    for (id,) in &due {
        if change!(tx, DELETE, *id, before)?.happened() {
            execute!(tx, DELETE_SELFIE, *id)?;
            execute!(tx, DELETE_COPY, *id)?;
            execute!(tx, DROP_RELEASE, *id)?;
            deleted += 1;
        }
    }
    Ok(deleted)
}

/// A request to end a digital KTP in favour of this registration.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct ReleaseRow {
    /// The registration.
    pub registration_id: Uuid,
    /// The office.
    pub office_id: Uuid,
    /// The officer who asked.
    pub asked_by: Uuid,
    /// When.
    pub asked_at: Timestamp,
    /// Why, sealed.
    pub reason_sealed: Vec<u8>,
    /// The revision of the registration that was on the screen of the officer who asked.
    pub revision: i64,
}

const ASK_RELEASE: &str = "INSERT INTO release_request (registration_id, office_id, asked_by, asked_at, reason_sealed, \
    revision) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (registration_id) DO UPDATE SET office_id = $2, asked_by = $3, \
    asked_at = $4, reason_sealed = $5, revision = $6";

/// Asks for a release; a newer request takes the place of an older one.
pub async fn ask_release(tx: &mut Tx, row: &ReleaseRow) -> DbResult<()> {
    let ReleaseRow { registration_id, office_id, asked_by, asked_at, reason_sealed, revision } = row;
    execute!(tx, ASK_RELEASE, *registration_id, *office_id, *asked_by, *asked_at, reason_sealed, *revision).map(|_| ())
}

const RELEASE_ASKED: &str = "SELECT registration_id, office_id, asked_by, asked_at, reason_sealed, revision FROM release_request \
    WHERE registration_id = $1 AND office_id = $2 AND asked_at > $3";

/// The request of an office for a registration, if it is newer than `since`.
pub async fn release_asked(tx: &mut Tx, id: Uuid, office: Uuid, since: Timestamp) -> DbResult<Option<ReleaseRow>> {
    fetch_optional!(tx, ReleaseRow, RELEASE_ASKED, id, office, since)
}

const HOLD_AWAITING: &str = "UPDATE registration SET revision = revision WHERE registration_id = $1 AND revision = $2 \
    AND state = 'awaiting_officer' AND ended_at IS NULL AND expires_at > $3";

/// Whether a registration waits for an officer and is still of this revision; if so, nobody changes, ends or decides it
/// before this transaction is over.
pub async fn hold_awaiting(tx: &mut Tx, id: Uuid, revision: i64, now: Timestamp) -> DbResult<Changed> {
    change!(tx, HOLD_AWAITING, id, revision, now)
}

const TAKE_RELEASE: &str = "DELETE FROM release_request WHERE registration_id = $1 AND office_id = $2 \
    AND asked_at > $3 AND asked_by <> $4 AND revision = $5 RETURNING asked_by";

/// Uses up a request that somebody else than `granted_by` made for this revision, and gives who.
pub async fn take_release(
    tx: &mut Tx,
    id: Uuid,
    office: Uuid,
    since: Timestamp,
    granted_by: Uuid,
    revision: i64,
) -> DbResult<Option<Uuid>> {
    Ok(fetch_optional!(tx, (Uuid,), TAKE_RELEASE, id, office, since, granted_by, revision)?.map(|row| row.0))
}

const DROP_RELEASE: &str = "DELETE FROM release_request WHERE registration_id = $1";

/// Forgets what was asked for a registration.
pub async fn drop_release(tx: &mut Tx, id: Uuid) -> DbResult<()> {
    execute!(tx, DROP_RELEASE, id).map(|_| ())
}

const SWEEP_RELEASES: &str = "DELETE FROM release_request WHERE asked_at <= $1";

/// Forgets requests of `before` and earlier.
pub async fn sweep_releases(tx: &mut Tx, before: Timestamp) -> DbResult<u64> {
    execute!(tx, SWEEP_RELEASES, before)
}
