//! SQL of what bounds the rows that refusals leave: the keys of refusals that repeated an earlier one, and how long both are
//! kept.

use uuid::Uuid;

use super::store::CheckRow;
use crate::clock::Timestamp;
use crate::db::{DbResult, Tx};
use crate::{execute, fetch_optional};

/// The key with which a refusal was repeated.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct RepeatRow {
    /// Who asked.
    pub relying_party_id: Uuid,
    /// Hash of the repetition's own idempotency key.
    pub idempotency_key: Vec<u8>,
    /// The holder.
    pub resident_id: Uuid,
    /// The check whose answer it was given.
    pub verification_id: Uuid,
    /// Hash of the repetition's question.
    pub body_hash: Vec<u8>,
    /// When.
    pub asked_at: Timestamp,
}

impl RepeatRow {
    /// The repetition of a question that the check `first` answered before.
    pub fn of(asked: &CheckRow, first: Uuid, now: Timestamp) -> Self {
        Self {
            relying_party_id: asked.relying_party_id,
            idempotency_key: asked.idempotency_key.clone(),
            resident_id: asked.resident_id,
            verification_id: first,
            body_hash: asked.body_hash.clone(),
            asked_at: now,
        }
    }
}

const KEEP: &str = "INSERT INTO verification_repeat (relying_party_id, idempotency_key, resident_id, verification_id, \
    body_hash, asked_at) VALUES ($1, $2, $3, $4, $5, $6)";

/// Keeps the key of a repetition. One that is kept already is refused as `DbError::Unique`.
pub async fn keep(tx: &mut Tx, row: &RepeatRow) -> DbResult<()> {
    execute!(
        tx,
        KEEP,
        row.relying_party_id,
        &row.idempotency_key,
        row.resident_id,
        row.verification_id,
        &row.body_hash,
        row.asked_at
    )
    .map(|_| ())
}

const KEPT: &str = "SELECT relying_party_id, idempotency_key, resident_id, verification_id, body_hash, asked_at \
    FROM verification_repeat WHERE relying_party_id = $1 AND idempotency_key = $2 AND resident_id = $3";

/// The repetition of a party with a key about a holder.
pub async fn kept(tx: &mut Tx, party: Uuid, key: &[u8], resident: Uuid) -> DbResult<Option<RepeatRow>> {
    fetch_optional!(tx, RepeatRow, KEPT, party, key, resident)
}

const FORGET_REPEATS: &str = "DELETE FROM verification_repeat WHERE idempotency_key IN \
    (SELECT idempotency_key FROM verification_repeat WHERE asked_at <= $1 ORDER BY asked_at LIMIT $2) AND asked_at <= $1";

/// Forgets some of the repetitions of `before` and earlier; gives how many.
pub async fn forget_repeats(tx: &mut Tx, before: Timestamp, limit: i64) -> DbResult<u64> {
    execute!(tx, FORGET_REPEATS, before, limit)
}

const FORGET_REFUSALS: &str = "DELETE FROM verification_refusal WHERE verification_id IN \
    (SELECT verification_id FROM verification_refusal WHERE verified_at <= $1 ORDER BY verified_at LIMIT $2)";

/// Forgets some of the refusals of `before` and earlier that name no holder; gives how many.
pub async fn forget_refusals(tx: &mut Tx, before: Timestamp, limit: i64) -> DbResult<u64> {
    execute!(tx, FORGET_REFUSALS, before, limit)
}
