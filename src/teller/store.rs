//! SQL of employees, their sessions and who asked what.

use uuid::Uuid;

use crate::changed::Changed;
use crate::clock::Timestamp;
use crate::db::{DbResult, Tx};
use crate::{change, execute, fetch_all, fetch_optional};

/// An employee.
#[derive(Clone, sqlx::FromRow)]
pub struct EmployeeRow {
    /// The employee's id.
    pub employee_id: Uuid,
    /// The relying party.
    pub relying_party_id: Uuid,
    /// Log-in name.
    pub username: String,
    /// Full name.
    pub full_name: String,
    /// PHC string of the password.
    pub password_hash: String,
    /// Sealed TOTP secret.
    pub totp_sealed: Vec<u8>,
    /// `active` or `disabled`.
    pub state: String,
}

const ADD_EMPLOYEE: &str = "INSERT INTO relying_party_employee (employee_id, relying_party_id, username, full_name, \
    password_hash, totp_sealed, totp_last_step, state, created_at) VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $8)";

/// Adds an employee. A user name that exists is refused as `DbError::Unique`.
pub async fn add_employee(tx: &mut Tx, new: &EmployeeRow, now: Timestamp) -> DbResult<()> {
    execute!(
        tx,
        ADD_EMPLOYEE,
        new.employee_id,
        new.relying_party_id,
        &new.username,
        &new.full_name,
        &new.password_hash,
        &new.totp_sealed,
        &new.state,
        now
    )
    .map(|_| ())
}

const EMPLOYEE_BY_NAME: &str = "SELECT employee_id, relying_party_id, username, full_name, password_hash, totp_sealed, \
    state FROM relying_party_employee WHERE username = $1";

/// The employee with a user name.
pub async fn employee_by_name(tx: &mut Tx, username: &str) -> DbResult<Option<EmployeeRow>> {
    fetch_optional!(tx, EmployeeRow, EMPLOYEE_BY_NAME, username)
}

const RENEW: &str = "UPDATE relying_party_employee SET password_hash = $2, totp_sealed = $3, totp_last_step = 0 \
    WHERE employee_id = $1";
const END_SESSIONS_OF: &str = "DELETE FROM employee_session WHERE employee_id = $1";

/// Replaces password and TOTP secret and ends the sessions.
pub async fn renew(tx: &mut Tx, employee: Uuid, password_hash: &str, totp_sealed: &[u8]) -> DbResult<Changed> {
    let done = change!(tx, RENEW, employee, password_hash, totp_sealed)?;
    execute!(tx, END_SESSIONS_OF, employee)?;
    Ok(done)
}

const SET_STATE: &str = "UPDATE relying_party_employee SET state = $2 WHERE username = $1 AND state <> $2";
const END_SESSIONS_OF_NAME: &str = "DELETE FROM employee_session WHERE employee_id IN \
    (SELECT employee_id FROM relying_party_employee WHERE username = $1)";

/// Disables an employee, which ends the sessions, or lets a disabled one log in again; `false` when the employee was so
/// already or there is none.
pub async fn set_active(tx: &mut Tx, username: &str, active: bool) -> DbResult<Changed> {
    let state = if active { "active" } else { "disabled" };
    let done = change!(tx, SET_STATE, username, state)?;
    if !active {
        execute!(tx, END_SESSIONS_OF_NAME, username)?;
    }
    Ok(done)
}

/// A session with its employee.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct SessionRow {
    /// The employee.
    pub employee_id: Uuid,
    /// The relying party.
    pub relying_party_id: Uuid,
    /// Log-in name.
    pub username: String,
    /// Full name.
    pub full_name: String,
    /// `active` or `disabled`.
    pub state: String,
    /// When the last request came.
    pub seen_at: Timestamp,
    /// When it ends in any case.
    pub expires_at: Timestamp,
    /// When the employee logged in before.
    pub previous_at: Option<Timestamp>,
    /// Log-ins that failed between then and this one.
    pub previous_failures: i64,
}

const SESSION: &str = "SELECT e.employee_id, e.relying_party_id, e.username, e.full_name, e.state, \
    s.seen_at, s.expires_at, s.previous_at, s.previous_failures FROM employee_session s JOIN relying_party_employee e ON e.employee_id = s.employee_id \
    WHERE s.token_hash = $1";

/// The session of a token's hash.
pub async fn session(tx: &mut Tx, hash: &[u8]) -> DbResult<Option<SessionRow>> {
    fetch_optional!(tx, SessionRow, SESSION, hash)
}

/// A question as it is written down.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct CheckRow {
    /// Who asked.
    pub employee_id: Uuid,
    /// Id of the line.
    pub check_id: Uuid,
    /// For whom.
    pub relying_party_id: Uuid,
    /// Hash of the idempotency key.
    pub idempotency_key: Vec<u8>,
    /// Purpose code.
    pub purpose: String,
    /// When.
    pub asked_at: Timestamp,
    /// The check, once it was answered.
    pub verification_id: Option<Uuid>,
    /// `valid` or `invalid`.
    pub result: Option<String>,
    /// Reason; empty when valid.
    pub reason: Option<String>,
    /// Bits of what was shown.
    pub disclosed: Option<i64>,
}

const ASK: &str = "INSERT INTO employee_check (employee_id, check_id, relying_party_id, idempotency_key, purpose, asked_at) \
    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (relying_party_id, idempotency_key) DO NOTHING";

/// Writes down that a question is put; `false` when this key of the party is written down already.
pub async fn ask(tx: &mut Tx, row: &CheckRow) -> DbResult<Changed> {
    change!(
        tx,
        ASK,
        row.employee_id,
        row.check_id,
        row.relying_party_id,
        &row.idempotency_key,
        &row.purpose,
        row.asked_at
    )
}

const WHO_ASKED: &str = "SELECT employee_id, check_id, verification_id FROM employee_check WHERE relying_party_id = $1 AND idempotency_key = $2";

/// Who asked with this key of the party, in which line, and the check that answered it.
pub async fn who_asked(tx: &mut Tx, party: Uuid, key: &[u8]) -> DbResult<Option<(Uuid, Uuid, Option<Uuid>)>> {
    fetch_optional!(tx, (Uuid, Uuid, Option<Uuid>), WHO_ASKED, party, key)
}

const ANSWERED: &str = "UPDATE employee_check SET verification_id = $3, result = $4, reason = $5, disclosed = $6 \
    WHERE employee_id = $1 AND check_id = $2 AND verification_id IS NULL";

/// Completes a line; `false` when it is complete already.
pub async fn answered(
    tx: &mut Tx,
    (employee, check): (Uuid, Uuid),
    verification: Uuid,
    result: &str,
    reason: &str,
    disclosed: i64,
) -> DbResult<Changed> {
    change!(tx, ANSWERED, employee, check, verification, result, reason, disclosed)
}

const TAKE_BACK: &str =
    "DELETE FROM employee_check WHERE employee_id = $1 AND check_id = $2 AND verification_id IS NULL";

/// Takes back a question that was refused before it was put.
pub async fn take_back(tx: &mut Tx, (employee, check): (Uuid, Uuid)) -> DbResult<Changed> {
    change!(tx, TAKE_BACK, employee, check)
}

const CHECKS: &str = "SELECT employee_id, check_id, relying_party_id, idempotency_key, purpose, asked_at, verification_id, \
    result, reason, disclosed FROM employee_check WHERE employee_id = $1 AND check_id < $2 ORDER BY check_id DESC LIMIT $3";

/// The lines of an employee before `before`, newest first.
pub async fn checks(tx: &mut Tx, employee: Uuid, before: Uuid, limit: i64) -> DbResult<Vec<CheckRow>> {
    fetch_all!(tx, CheckRow, CHECKS, employee, before, limit)
}
