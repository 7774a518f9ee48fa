//! SQL of offices, officers and their sessions.

use uuid::Uuid;

use crate::clock::Timestamp;
use crate::db::{DbResult, Tx};
use crate::{execute, fetch_all, fetch_optional};

/// An office or outreach post.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct OfficeRow {
    /// Its id.
    pub office_id: Uuid,
    /// Its short code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// `office` or `outreach`.
    pub kind: String,
}

const ADD_OFFICE: &str = "INSERT INTO office (office_id, code, name, kind, created_at) VALUES ($1, $2, $3, $4, $5)";

/// Adds an office. A second one with the same code is refused as `DbError::Unique`.
pub async fn add_office(tx: &mut Tx, office: &OfficeRow, now: Timestamp) -> DbResult<()> {
    execute!(tx, ADD_OFFICE, office.office_id, &office.code, &office.name, &office.kind, now).map(|_| ())
}

const OFFICES: &str = "SELECT office_id, code, name, kind FROM office ORDER BY code";

/// All offices by code.
pub async fn offices(tx: &mut Tx) -> DbResult<Vec<OfficeRow>> {
    fetch_all!(tx, OfficeRow, OFFICES)
}

const OFFICE_BY_CODE: &str = "SELECT office_id, code, name, kind FROM office WHERE code = $1";

/// The office with a code.
pub async fn office_by_code(tx: &mut Tx, code: &str) -> DbResult<Option<OfficeRow>> {
    fetch_optional!(tx, OfficeRow, OFFICE_BY_CODE, code)
}

/// An officer.
#[derive(Clone, sqlx::FromRow)]
pub struct OfficerRow {
    /// The officer's id.
    pub officer_id: Uuid,
    /// The office.
    pub office_id: Uuid,
    /// Log-in name.
    pub username: String,
    /// Full name.
    pub full_name: String,
    /// `officer`, `supervisor` or `administrator`.
    pub role: String,
    /// PHC string of the password.
    pub password_hash: String,
    /// Sealed TOTP secret.
    pub totp_sealed: Vec<u8>,
    /// `active` or `disabled`.
    pub state: String,
}

const ADD_OFFICER: &str = "INSERT INTO officer (officer_id, office_id, username, full_name, role, password_hash, \
    totp_sealed, totp_last_step, state, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 'active', $8)";

/// Adds an officer. A second one with the same user name is refused as `DbError::Unique`.
pub async fn add_officer(tx: &mut Tx, officer: &OfficerRow, now: Timestamp) -> DbResult<()> {
    execute!(
        tx,
        ADD_OFFICER,
        officer.officer_id,
        officer.office_id,
        &officer.username,
        &officer.full_name,
        &officer.role,
        &officer.password_hash,
        &officer.totp_sealed,
        now
    )
    .map(|_| ())
}

const OFFICER_BY_NAME: &str = "SELECT officer_id, office_id, username, full_name, role, password_hash, totp_sealed, state \
    FROM officer WHERE username = $1";

/// The officer with a user name.
pub async fn officer_by_name(tx: &mut Tx, username: &str) -> DbResult<Option<OfficerRow>> {
    fetch_optional!(tx, OfficerRow, OFFICER_BY_NAME, username)
}

const OFFICERS: &str = "SELECT officer_id, office_id, username, full_name, role, password_hash, totp_sealed, state \
    FROM officer ORDER BY username";

/// All officers by user name.
pub async fn officers(tx: &mut Tx) -> DbResult<Vec<OfficerRow>> {
    fetch_all!(tx, OfficerRow, OFFICERS)
}

const DISABLE: &str = "UPDATE officer SET state = 'disabled' WHERE username = $1 AND state = 'active'";
const END_SESSIONS_OF: &str =
    "DELETE FROM officer_session WHERE officer_id IN (SELECT officer_id FROM officer WHERE username = $1)";

/// Disables an officer and ends the sessions; `false` when there is no such active officer.
pub async fn disable_officer(tx: &mut Tx, username: &str) -> DbResult<bool> {
    let disabled = execute!(tx, DISABLE, username)? == 1;
    execute!(tx, END_SESSIONS_OF, username)?;
    Ok(disabled)
}

const RESET_TOTP: &str = "UPDATE officer SET totp_sealed = $2, totp_last_step = 0 WHERE officer_id = $1";

/// Replaces the TOTP secret and ends the sessions.
pub async fn reset_totp(tx: &mut Tx, officer: Uuid, username: &str, sealed: &[u8]) -> DbResult<bool> {
    let done = execute!(tx, RESET_TOTP, officer, sealed)? == 1;
    execute!(tx, END_SESSIONS_OF, username)?;
    Ok(done)
}

const SET_PASSWORD: &str = "UPDATE officer SET password_hash = $2 WHERE username = $1";

/// Replaces the password's hash and ends the sessions.
pub async fn set_password(tx: &mut Tx, username: &str, hash: &str) -> DbResult<bool> {
    let done = execute!(tx, SET_PASSWORD, username, hash)? == 1;
    execute!(tx, END_SESSIONS_OF, username)?;
    Ok(done)
}

const SPEND_STEP: &str = "UPDATE officer SET totp_last_step = $2 WHERE officer_id = $1 AND totp_last_step < $2";

/// Spends a TOTP step; `false` when it, or a later one, was used before.
pub async fn spend_step(tx: &mut Tx, officer: Uuid, step: i64) -> DbResult<bool> {
    Ok(execute!(tx, SPEND_STEP, officer, step)? == 1)
}

const COUNT_FAILURE: &str = "INSERT INTO login_failure (subject, failures, locked_until, updated_at) VALUES ($1, 1, 0, $2) \
    ON CONFLICT (subject) DO UPDATE SET \
    failures = CASE WHEN login_failure.updated_at <= $3 THEN 1 ELSE login_failure.failures + 1 END, \
    locked_until = CASE WHEN login_failure.updated_at > $3 AND login_failure.failures + 1 >= $4 THEN $5 \
        ELSE login_failure.locked_until END, \
    updated_at = $2 WHERE login_failure.locked_until <= $2 RETURNING failures";

/// Counts a try of a user from an address before it is judged. `None` while both are locked: then nothing is judged.
pub async fn count_try(
    tx: &mut Tx,
    subject: &[u8],
    now: Timestamp,
    forgotten_before: Timestamp,
    max_failures: i64,
    locked_until: Timestamp,
) -> DbResult<Option<i64>> {
    Ok(fetch_optional!(tx, (i64,), COUNT_FAILURE, subject, now, forgotten_before, max_failures, locked_until)?
        .map(|row| row.0))
}

const LOCKED_UNTIL: &str = "SELECT locked_until FROM login_failure WHERE subject = $1";

/// Until when a user and address are locked.
pub async fn locked_until(tx: &mut Tx, subject: &[u8]) -> DbResult<Option<Timestamp>> {
    Ok(fetch_optional!(tx, (Timestamp,), LOCKED_UNTIL, subject)?.map(|row| row.0))
}

const FORGET_FAILURES: &str = "DELETE FROM login_failure WHERE subject = $1";

/// A success forgets the failures.
pub async fn forget_failures(tx: &mut Tx, subject: &[u8]) -> DbResult<()> {
    execute!(tx, FORGET_FAILURES, subject).map(|_| ())
}

const SWEEP_FAILURES: &str = "DELETE FROM login_failure WHERE updated_at <= $1 AND locked_until <= $1";
const SWEEP_SESSIONS: &str = "DELETE FROM officer_session WHERE expires_at <= $1";

/// Forgets failures older than `before`, and sessions that are over at `now`.
pub async fn sweep(tx: &mut Tx, now: Timestamp, before: Timestamp) -> DbResult<u64> {
    Ok(execute!(tx, SWEEP_FAILURES, before)? + execute!(tx, SWEEP_SESSIONS, now)?)
}

/// A session with its officer.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct SessionRow {
    /// The officer.
    pub officer_id: Uuid,
    /// The officer's office.
    pub office_id: Uuid,
    /// Name of the office.
    pub office_name: String,
    /// Log-in name.
    pub username: String,
    /// Full name.
    pub full_name: String,
    /// The officer's role.
    pub role: String,
    /// `active` or `disabled`.
    pub state: String,
    /// PHC string of the password, to resume an idle session.
    pub password_hash: String,
    /// When the last request came.
    pub seen_at: Timestamp,
    /// When it ends in any case.
    pub expires_at: Timestamp,
}

const ADD_SESSION: &str = "INSERT INTO officer_session (token_hash, officer_id, created_at, seen_at, expires_at) \
    VALUES ($1, $2, $3, $3, $4)";

/// Adds a session.
pub async fn add_session(tx: &mut Tx, hash: &[u8], officer: Uuid, now: Timestamp, expires: Timestamp) -> DbResult<()> {
    execute!(tx, ADD_SESSION, hash, officer, now, expires).map(|_| ())
}

const SESSION: &str = "SELECT o.officer_id, o.office_id, f.name AS office_name, o.username, o.full_name, o.role, o.state, \
    o.password_hash, s.seen_at, s.expires_at FROM officer_session s JOIN officer o ON o.officer_id = s.officer_id \
    JOIN office f ON f.office_id = o.office_id WHERE s.token_hash = $1";

/// The session of a token's hash.
pub async fn session(tx: &mut Tx, hash: &[u8]) -> DbResult<Option<SessionRow>> {
    fetch_optional!(tx, SessionRow, SESSION, hash)
}

const TOUCH: &str = "UPDATE officer_session SET seen_at = $2 WHERE token_hash = $1 AND seen_at < $2";

/// Notes that the session is in use.
pub async fn touch_session(tx: &mut Tx, hash: &[u8], now: Timestamp) -> DbResult<()> {
    execute!(tx, TOUCH, hash, now).map(|_| ())
}

const END_SESSION: &str = "DELETE FROM officer_session WHERE token_hash = $1";

/// Ends a session.
pub async fn end_session(tx: &mut Tx, hash: &[u8]) -> DbResult<()> {
    execute!(tx, END_SESSION, hash).map(|_| ())
}
