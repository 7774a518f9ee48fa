//! SQL of log-in tries and of sessions. Officers and employees have tables of one shape.

use uuid::Uuid;

use crate::clock::Timestamp;
use crate::db::{Changed, DbResult, Tx};
use crate::{change, execute, fetch_optional};

const COUNT_TRY: &str = "INSERT INTO login_failure (subject, failures, locked_until, updated_at) VALUES ($1, 1, 0, $2) \
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
    Ok(fetch_optional!(tx, (i64,), COUNT_TRY, subject, now, forgotten_before, max_failures, locked_until)?
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

/// Forgets failures older than `before`.
pub async fn sweep_failures(tx: &mut Tx, before: Timestamp) -> DbResult<u64> {
    execute!(tx, SWEEP_FAILURES, before)
}

/// The statements over one kind of people.
pub struct Statements {
    spend_step: &'static str,
    add: &'static str,
    touch: &'static str,
    end: &'static str,
    sweep: &'static str,
}

macro_rules! statements {
    ($people:literal, $session:literal, $id:literal) => {
        Statements {
            spend_step: concat!(
                "UPDATE ",
                $people,
                " SET totp_last_step = $2 WHERE ",
                $id,
                " = $1 AND totp_last_step < $2 AND state = 'active' AND password_hash = $3 AND totp_sealed = $4"
            ),
            add: concat!(
                "INSERT INTO ",
                $session,
                " (token_hash, ",
                $id,
                ", created_at, seen_at, expires_at) ",
                "VALUES ($1, $2, $3, $3, $4)"
            ),
            touch: concat!("UPDATE ", $session, " SET seen_at = $2 WHERE token_hash = $1 AND seen_at < $2"),
            end: concat!("DELETE FROM ", $session, " WHERE token_hash = $1"),
            sweep: concat!("DELETE FROM ", $session, " WHERE expires_at <= $1"),
        }
    };
}

/// Officers' statements.
pub const OFFICERS: Statements = statements!("officer", "officer_session", "officer_id");
/// Statements of relying parties' employees.
pub const EMPLOYEES: Statements = statements!("relying_party_employee", "employee_session", "employee_id");

impl Statements {
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

    /// Notes that the session is in use.
    pub async fn touch(&self, tx: &mut Tx, hash: &[u8], now: Timestamp) -> DbResult<()> {
        execute!(tx, self.touch, hash, now).map(|_| ())
    }

    /// Ends a session.
    pub async fn end(&self, tx: &mut Tx, hash: &[u8]) -> DbResult<()> {
        execute!(tx, self.end, hash).map(|_| ())
    }

    /// Forgets sessions that are over at `now`.
    pub async fn sweep(&self, tx: &mut Tx, now: Timestamp) -> DbResult<u64> {
        execute!(tx, self.sweep, now)
    }
}
