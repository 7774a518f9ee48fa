//! SQL of log-in tries.

use super::model::Wait;
use crate::clock::{MICROS, Timestamp};
use crate::db::{DbResult, Tx};
use crate::{execute, fetch_optional};

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
