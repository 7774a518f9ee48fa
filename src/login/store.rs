//! SQL of log-in tries, of accounts as log-ins see them, and of sessions. Officers and employees have tables of one shape.

use uuid::Uuid;

use super::model::Wait;
use crate::changed::Changed;
use crate::clock::{MICROS, Timestamp};
use crate::db::{DbResult, Tx};
use crate::{change, execute, fetch_all, fetch_optional};

// Each wait is twice the one before, up to 32 times the first and never longer than the longest.
const COUNT_TRY: &str = "INSERT INTO login_failure (subject, failures, locked_until, updated_at) VALUES ($1, 1, 0, $2) \
    ON CONFLICT (subject) DO UPDATE SET \
    failures = CASE WHEN login_failure.updated_at <= $3 THEN 1 ELSE login_failure.failures + 1 END, \
    locked_until = CASE WHEN login_failure.updated_at <= $3 OR login_failure.failures + 1 < $4 THEN 0 \
        WHEN login_failure.failures + 1 = $4 THEN $2 + $5 \
        WHEN login_failure.failures = $4 THEN $2 + 2 * $5 \
        WHEN login_failure.failures = $4 + 1 THEN $2 + 4 * $5 \
        WHEN login_failure.failures = $4 + 2 THEN $2 + 8 * $5 \
        WHEN login_failure.failures = $4 + 3 THEN $2 + 16 * $5 \
        ELSE $2 + $6 END, \
    updated_at = $2 WHERE login_failure.locked_until <= $2 RETURNING failures";

/// Counts a try before it is judged. `None` while its subject has to wait: then nothing is judged.
pub async fn count_try(
    tx: &mut Tx,
    subject: &[u8],
    now: Timestamp,
    forgotten_before: Timestamp,
    wait: Wait,
) -> DbResult<Option<i64>> {
    let (first, longest) = (wait.first_seconds * MICROS, wait.longest_seconds * MICROS);
    Ok(fetch_optional!(tx, (i64,), COUNT_TRY, subject, now, forgotten_before, wait.free, first, longest)?
        .map(|row| row.0))
}

const LOCKED_UNTIL: &str = "SELECT locked_until FROM login_failure WHERE subject = $1";

/// Until when a subject has to wait.
pub async fn locked_until(tx: &mut Tx, subject: &[u8]) -> DbResult<Option<Timestamp>> {
    Ok(fetch_optional!(tx, (Timestamp,), LOCKED_UNTIL, subject)?.map(|row| row.0))
}

const FORGET_FAILURES: &str = "DELETE FROM login_failure WHERE subject = $1";

/// A success forgets the failures.
pub async fn forget_failures(tx: &mut Tx, subject: &[u8]) -> DbResult<()> {
    execute!(tx, FORGET_FAILURES, subject).map(|_| ())
}

const SWEEP_FAILURES: &str = "DELETE FROM login_failure WHERE updated_at <= $1 AND locked_until <= $1";

/// Forgets failures older than `before`.
pub async fn sweep_failures(tx: &mut Tx, before: Timestamp) -> DbResult<u64> {
    execute!(tx, SWEEP_FAILURES, before)
}

/// What a log-in is judged by.
#[derive(Clone, sqlx::FromRow)]
pub struct AccountRow {
    /// The person.
    pub person_id: Uuid,
    /// The officer's office, or the employee's relying party.
    pub owner_id: Uuid,
    /// Log-in name.
    pub username: String,
    /// Full name.
    pub full_name: String,
    /// PHC string of the password.
    pub password_hash: String,
    /// Sealed authenticator secret.
    pub totp_sealed: Vec<u8>,
    /// `active` or `disabled`.
    pub state: String,
}

impl AccountRow {
    /// Whether the person may log in.
    pub fn is_active(&self) -> bool {
        self.state == "active"
    }
}

/// When a person logged in before, and how many tries failed since.
pub type Before = (Option<Timestamp>, i64);

/// A session of a person.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct OwnSession {
    /// Digest of the cookie.
    pub token_hash: Vec<u8>,
    /// When it began.
    pub created_at: Timestamp,
    /// When the last request came.
    pub seen_at: Timestamp,
    /// When it ends in any case.
    pub expires_at: Timestamp,
}

/// The statements over one kind of people.
pub struct Statements {
    account_by_name: &'static str,
    account_by_id: &'static str,
    spend_step: &'static str,
    note_failure: &'static str,
    before: &'static str,
    note_log_in: &'static str,
    set_password: &'static str,
    add: &'static str,
    keep_before: &'static str,
    touch: &'static str,
    rotate: &'static str,
    sessions_of: &'static str,
    end_others: &'static str,
    end: &'static str,
    whose: &'static str,
    sweep: &'static str,
}

macro_rules! statements {
    ($people:literal, $session:literal, $id:literal, $owner:literal) => {
        Statements {
            account_by_name: concat!(
                "SELECT ",
                $id,
                " AS person_id, ",
                $owner,
                " AS owner_id, username, full_name, password_hash, ",
                "totp_sealed, state FROM ",
                $people,
                " WHERE username = $1"
            ),
            account_by_id: concat!(
                "SELECT ",
                $id,
                " AS person_id, ",
                $owner,
                " AS owner_id, username, full_name, password_hash, ",
                "totp_sealed, state FROM ",
                $people,
                " WHERE ",
                $id,
                " = $1"
            ),
            spend_step: concat!(
                "UPDATE ",
                $people,
                " SET totp_last_step = $2 WHERE ",
                $id,
                " = $1 AND totp_last_step < $2 AND state = 'active' AND password_hash = $3 AND totp_sealed = $4"
            ),
            note_failure: concat!("UPDATE ", $people, " SET failed_log_ins = failed_log_ins + 1 WHERE ", $id, " = $1"),
            before: concat!("SELECT logged_in_at, failed_log_ins FROM ", $people, " WHERE ", $id, " = $1"),
            note_log_in: concat!("UPDATE ", $people, " SET logged_in_at = $2, failed_log_ins = 0 WHERE ", $id, " = $1"),
            set_password: concat!(
                "UPDATE ",
                $people,
                " SET password_hash = $2 WHERE ",
                $id,
                " = $1 AND state = 'active'"
            ),
            add: concat!(
                "INSERT INTO ",
                $session,
                " (token_hash, ",
                $id,
                ", created_at, seen_at, expires_at) ",
                "VALUES ($1, $2, $3, $3, $4)"
            ),
            keep_before: concat!(
                "UPDATE ",
                $session,
                " SET previous_at = $2, previous_failures = $3 WHERE token_hash = $1"
            ),
            touch: concat!("UPDATE ", $session, " SET seen_at = $2 WHERE token_hash = $1 AND seen_at < $2"),
            rotate: concat!(
                "UPDATE ",
                $session,
                " SET token_hash = $2, seen_at = $5 WHERE token_hash = $1 AND ",
                $id,
                " = $3 AND expires_at > $5 AND EXISTS (SELECT 1 FROM ",
                $people,
                " p WHERE p.",
                $id,
                " = $3 AND p.password_hash = $4 AND p.state = 'active')"
            ),
            sessions_of: concat!(
                "SELECT token_hash, created_at, seen_at, expires_at FROM ",
                $session,
                " WHERE ",
                $id,
                " = $1 AND expires_at > $2 ORDER BY seen_at DESC, token_hash LIMIT 100"
            ),
            end_others: concat!("DELETE FROM ", $session, " WHERE ", $id, " = $1 AND token_hash <> $2"),
            end: concat!("DELETE FROM ", $session, " WHERE token_hash = $1"),
            whose: concat!(
                "SELECT p.",
                $id,
                ", p.",
                $owner,
                " FROM ",
                $session,
                " s JOIN ",
                $people,
                " p ON p.",
                $id,
                " = s.",
                $id,
                " WHERE s.token_hash = $1"
            ),
            sweep: concat!("DELETE FROM ", $session, " WHERE expires_at <= $1"),
        }
    };
}

/// Officers' statements.
pub const OFFICERS: Statements = statements!("officer", "officer_session", "officer_id", "office_id");
/// Statements of relying parties' employees.
pub const EMPLOYEES: Statements =
    statements!("relying_party_employee", "employee_session", "employee_id", "relying_party_id");

impl Statements {
    /// The account of a user name.
    pub async fn account_by_name(&self, tx: &mut Tx, username: &str) -> DbResult<Option<AccountRow>> {
        fetch_optional!(tx, AccountRow, self.account_by_name, username)
    }

    /// The account of a person.
    pub async fn account_by_id(&self, tx: &mut Tx, person: Uuid) -> DbResult<Option<AccountRow>> {
        fetch_optional!(tx, AccountRow, self.account_by_id, person)
    }

    /// Spends a TOTP step; `false` when it, or a later one, was used before, and when the person was disabled or got
    /// another password or secret than what was compared against.
    pub async fn spend_step(
        &self,
        tx: &mut Tx,
        person: Uuid,
        step: i64,
        password_hash: &str,
        totp_sealed: &[u8],
    ) -> DbResult<Changed> {
        change!(tx, self.spend_step, person, step, password_hash, totp_sealed)
    }

    /// Counts a failed log-in, to be told at the next one that succeeds.
    pub async fn note_failure(&self, tx: &mut Tx, person: Uuid) -> DbResult<()> {
        execute!(tx, self.note_failure, person).map(|_| ())
    }

    /// Notes a log-in; gives the one before, and the failed ones since.
    pub async fn note_log_in(&self, tx: &mut Tx, person: Uuid, now: Timestamp) -> DbResult<Before> {
        let before = fetch_optional!(tx, Before, self.before, person)?;
        execute!(tx, self.note_log_in, person, now)?;
        Ok(before.unwrap_or_default())
    }

    /// Replaces the password's hash; `false` for somebody who was disabled.
    pub async fn set_password(&self, tx: &mut Tx, person: Uuid, hash: &str) -> DbResult<Changed> {
        change!(tx, self.set_password, person, hash)
    }

    /// Adds a session.
    pub async fn add(
        &self,
        tx: &mut Tx,
        hash: &[u8],
        person: Uuid,
        now: Timestamp,
        expires: Timestamp,
    ) -> DbResult<()> {
        execute!(tx, self.add, hash, person, now, expires).map(|_| ())
    }

    /// Keeps with a session what was before it.
    pub async fn keep_before(&self, tx: &mut Tx, hash: &[u8], before: Before) -> DbResult<()> {
        execute!(tx, self.keep_before, hash, before.0, before.1).map(|_| ())
    }

    /// Notes that the session is in use.
    pub async fn touch(&self, tx: &mut Tx, hash: &[u8], now: Timestamp) -> DbResult<()> {
        execute!(tx, self.touch, hash, now).map(|_| ())
    }

    /// Gives a session another cookie; `false` when it is over, or its person was disabled or has another password.
    pub async fn rotate(
        &self,
        tx: &mut Tx,
        hash: &[u8],
        next: &[u8],
        (person, password_hash): (Uuid, &str),
        now: Timestamp,
    ) -> DbResult<Changed> {
        change!(tx, self.rotate, hash, next, person, password_hash, now)
    }

    /// The living sessions of a person, the last used first.
    pub async fn sessions_of(&self, tx: &mut Tx, person: Uuid, now: Timestamp) -> DbResult<Vec<OwnSession>> {
        fetch_all!(tx, OwnSession, self.sessions_of, person, now)
    }

    /// Ends all sessions of a person but one.
    pub async fn end_others(&self, tx: &mut Tx, person: Uuid, but: &[u8]) -> DbResult<()> {
        execute!(tx, self.end_others, person, but).map(|_| ())
    }

    /// Ends a session; `false` when it was over.
    pub async fn end(&self, tx: &mut Tx, hash: &[u8]) -> DbResult<Changed> {
        change!(tx, self.end, hash)
    }

    /// Whose a session is: the person, and the office or relying party.
    pub async fn whose(&self, tx: &mut Tx, hash: &[u8]) -> DbResult<Option<(Uuid, Uuid)>> {
        fetch_optional!(tx, (Uuid, Uuid), self.whose, hash)
    }

    /// Forgets sessions that are over at `now`.
    pub async fn sweep(&self, tx: &mut Tx, now: Timestamp) -> DbResult<u64> {
        execute!(tx, self.sweep, now)
    }
}
