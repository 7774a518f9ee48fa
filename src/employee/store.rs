//! SQL of who asked what.

use uuid::Uuid;

use crate::attribute::AttributeSet;
use crate::changed::Changed;
use crate::clock::Timestamp;
use crate::db::{DbResult, Tx};
use crate::verification::model::Verdict;
use crate::{change, fetch_all, fetch_optional};

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
    /// What was shown.
    pub disclosed: Option<AttributeSet>,
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
    verdict: Verdict,
    disclosed: AttributeSet,
) -> DbResult<Changed> {
    change!(tx, ANSWERED, employee, check, verification, verdict.result(), verdict.reason(), disclosed)
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
