//! SQL of checks of the sandbox.

use uuid::Uuid;

use crate::attribute::AttributeSet;
use crate::clock::Timestamp;
use crate::db::{DbResult, Tx};
use crate::verification::model::Verdict;
use crate::{execute, fetch_all, fetch_optional};

/// A check of the sandbox.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct CheckRow {
    /// Its id.
    pub verification_id: Uuid,
    /// Who asked.
    pub relying_party_id: Uuid,
    /// Hash of the idempotency key.
    pub idempotency_key: Vec<u8>,
    /// Hash of the question.
    pub body_hash: Vec<u8>,
    /// What for.
    pub purpose: String,
    /// When.
    pub verified_at: Timestamp,
    /// Valid, or why not.
    #[sqlx(rename = "reason", try_from = "String")]
    pub verdict: Verdict,
    /// Whom the QR was of.
    pub person: Option<String>,
    /// 1 where the QR was of the kind that works once.
    pub single_use: i64,
    /// What was shown.
    pub disclosed: AttributeSet,
    /// What the receipt's digests are salted with.
    pub salt: Vec<u8>,
    /// What the check states; without a proof, the whole receipt.
    pub receipt: Vec<u8>,
    /// What proves the statement.
    pub proof: Option<Vec<u8>>,
}

macro_rules! sandbox_checks {
    ($rest:literal) => {
        concat!(
            "SELECT verification_id, relying_party_id, idempotency_key, body_hash, purpose, verified_at, reason, person, \
             single_use, disclosed, salt, receipt, proof FROM sandbox_check ",
            $rest
        )
    };
}

const ADD: &str = "INSERT INTO sandbox_check (verification_id, relying_party_id, idempotency_key, body_hash, purpose, \
    verified_at, reason, person, single_use, disclosed, salt, receipt, proof) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";

/// Keeps a check. A key that its party used before is [`DbError::Unique`](crate::db::DbError::Unique).
pub async fn add(tx: &mut Tx, row: &CheckRow) -> DbResult<()> {
    execute!(
        tx,
        ADD,
        row.verification_id,
        row.relying_party_id,
        &row.idempotency_key,
        &row.body_hash,
        &row.purpose,
        row.verified_at,
        row.verdict.reason(),
        row.person.as_deref(),
        row.single_use,
        row.disclosed,
        &row.salt,
        &row.receipt,
        row.proof.as_deref()
    )
    .map(|_| ())
}

const BY_KEY: &str = sandbox_checks!("WHERE relying_party_id = $1 AND idempotency_key = $2");

/// What a party was answered under a key.
pub async fn by_key(tx: &mut Tx, party: Uuid, key: &[u8]) -> DbResult<Option<CheckRow>> {
    fetch_optional!(tx, CheckRow, BY_KEY, party, key)
}

const BY_ID: &str = sandbox_checks!("WHERE verification_id = $2 AND relying_party_id = $1");

/// A check of a party.
pub async fn by_id(tx: &mut Tx, party: Uuid, id: Uuid) -> DbResult<Option<CheckRow>> {
    fetch_optional!(tx, CheckRow, BY_ID, party, id)
}

const LAST: &str = sandbox_checks!("WHERE relying_party_id = $1 ORDER BY verification_id DESC LIMIT $2");

/// The last checks of a party, newest first.
pub async fn last(tx: &mut Tx, party: Uuid, limit: i64) -> DbResult<Vec<CheckRow>> {
    fetch_all!(tx, CheckRow, LAST, party, limit)
}

const FORGET: &str = "DELETE FROM sandbox_check WHERE verified_at <= $1";

/// Deletes checks of `before` or earlier; gives how many.
pub async fn forget(tx: &mut Tx, before: Timestamp) -> DbResult<u64> {
    execute!(tx, FORGET, before)
}
