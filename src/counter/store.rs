//! SQL of offices, officers and their sessions.

use uuid::Uuid;

use crate::changed::Changed;
use crate::clock::Timestamp;
use crate::db::{DbResult, Tx};
use crate::{change, execute, fetch_all, fetch_optional};

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

const IS_ACTIVE: &str = "SELECT officer_id FROM officer WHERE officer_id = $1 AND state = 'active'";

/// Whether an officer was not disabled.
pub async fn is_active(tx: &mut Tx, officer: Uuid) -> DbResult<bool> {
    Ok(fetch_optional!(tx, (Uuid,), IS_ACTIVE, officer)?.is_some())
}

const DISABLE: &str = "UPDATE officer SET state = 'disabled' WHERE username = $1 AND state = 'active'";
const END_SESSIONS_OF: &str =
    "DELETE FROM officer_session WHERE officer_id IN (SELECT officer_id FROM officer WHERE username = $1)";

/// Disables an officer and ends the sessions; `false` when there is no such active officer.
pub async fn disable_officer(tx: &mut Tx, username: &str) -> DbResult<Changed> {
    let disabled = change!(tx, DISABLE, username)?;
    execute!(tx, END_SESSIONS_OF, username)?;
    Ok(disabled)
}

const ENABLE: &str = "UPDATE officer SET state = 'active' WHERE username = $1 AND state = 'disabled'";

/// Lets a disabled officer log in again; `false` when there is none of that name.
pub async fn enable_officer(tx: &mut Tx, username: &str) -> DbResult<Changed> {
    change!(tx, ENABLE, username)
}

const RESET_TOTP: &str = "UPDATE officer SET totp_sealed = $2, totp_last_step = 0 WHERE officer_id = $1";

/// Replaces the TOTP secret and ends the sessions.
pub async fn reset_totp(tx: &mut Tx, officer: Uuid, username: &str, sealed: &[u8]) -> DbResult<Changed> {
    let done = change!(tx, RESET_TOTP, officer, sealed)?;
    execute!(tx, END_SESSIONS_OF, username)?;
    Ok(done)
}

const SET_PASSWORD: &str = "UPDATE officer SET password_hash = $2 WHERE username = $1";

/// Replaces the password's hash and ends the sessions.
pub async fn set_password(tx: &mut Tx, username: &str, hash: &str) -> DbResult<Changed> {
    let done = change!(tx, SET_PASSWORD, username, hash)?;
    execute!(tx, END_SESSIONS_OF, username)?;
    Ok(done)
}

/// Personal data that an officer opened without the resident present.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct ReasonedView {
    /// Who.
    pub officer_id: Uuid,
    /// What.
    pub registration_id: Uuid,
    /// When.
    pub opened_at: Timestamp,
    /// Of which office.
    pub office_id: Uuid,
    /// Why, sealed.
    pub reason_sealed: Vec<u8>,
}

const ADD_VIEW: &str = "INSERT INTO reasoned_view (officer_id, registration_id, opened_at, office_id, reason_sealed) \
    VALUES ($1, $2, $3, $4, $5) ON CONFLICT (officer_id, registration_id, opened_at) DO NOTHING";

/// Writes down that an officer opened a registration, and why.
pub async fn add_view(tx: &mut Tx, row: &ReasonedView) -> DbResult<()> {
    let ReasonedView { officer_id, registration_id, opened_at, office_id, reason_sealed } = row;
    execute!(tx, ADD_VIEW, *officer_id, *registration_id, *opened_at, *office_id, reason_sealed).map(|_| ())
}

const VIEWED_SINCE: &str = "SELECT officer_id FROM reasoned_view \
    WHERE officer_id = $1 AND registration_id = $2 AND opened_at > $3 LIMIT 1";

/// Whether an officer opened a registration, with a reason, after `since`.
pub async fn viewed_since(tx: &mut Tx, officer: Uuid, registration: Uuid, since: Timestamp) -> DbResult<bool> {
    Ok(fetch_optional!(tx, (Uuid,), VIEWED_SINCE, officer, registration, since)?.is_some())
}

const VIEWS: &str = "SELECT v.officer_id, v.registration_id, v.opened_at, v.office_id, v.reason_sealed \
    FROM reasoned_view v WHERE v.office_id = $1 ORDER BY v.opened_at DESC, v.registration_id LIMIT $2";

/// What was opened so in an office, newest first.
pub async fn views(tx: &mut Tx, office: Uuid, limit: i64) -> DbResult<Vec<ReasonedView>> {
    fetch_all!(tx, ReasonedView, VIEWS, office, limit)
}

const SWEEP_VIEWS: &str = "DELETE FROM reasoned_view WHERE opened_at <= $1";

/// Forgets what was opened at `before` or earlier.
pub async fn sweep_views(tx: &mut Tx, before: Timestamp) -> DbResult<u64> {
    execute!(tx, SWEEP_VIEWS, before)
}

const OFFICER_NAME: &str = "SELECT username FROM officer WHERE officer_id = $1";

/// An officer's log-in name.
pub async fn officer_name(tx: &mut Tx, officer: Uuid) -> DbResult<Option<String>> {
    Ok(fetch_optional!(tx, (String,), OFFICER_NAME, officer)?.map(|row| row.0))
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
    /// When the last request came.
    pub seen_at: Timestamp,
    /// When it ends in any case.
    pub expires_at: Timestamp,
    /// When the officer logged in before.
    pub previous_at: Option<Timestamp>,
    /// Log-ins that failed between then and this one.
    pub previous_failures: i64,
}

const SESSION: &str = "SELECT o.officer_id, o.office_id, f.name AS office_name, o.username, o.full_name, o.role, o.state, \
    s.seen_at, s.expires_at, s.previous_at, s.previous_failures FROM officer_session s JOIN officer o ON o.officer_id = s.officer_id \
    JOIN office f ON f.office_id = o.office_id WHERE s.token_hash = $1";

/// The session of a token's hash.
pub async fn session(tx: &mut Tx, hash: &[u8]) -> DbResult<Option<SessionRow>> {
    fetch_optional!(tx, SessionRow, SESSION, hash)
}
