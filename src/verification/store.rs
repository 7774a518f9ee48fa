//! SQL of checks.

use uuid::Uuid;

use super::model::{Receipt, Verdict};
use super::proof;
use crate::attribute::AttributeSet;
use crate::clock::Timestamp;
use crate::db::{DbResult, Tx};
use crate::{change, execute, fetch_all, fetch_optional};

/// A check as it is recorded.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct CheckRow {
    /// Its id.
    pub verification_id: Uuid,
    /// The holder.
    pub resident_id: Uuid,
    /// Who asked.
    pub relying_party_id: Uuid,
    /// Hash of the idempotency key.
    pub idempotency_key: Vec<u8>,
    /// Hash of the question.
    pub body_hash: Vec<u8>,
    /// Purpose code.
    pub purpose: String,
    /// When it was answered first.
    pub verified_at: Timestamp,
    /// Issue time of the token in microseconds.
    pub issued: Timestamp,
    /// Valid, or why not.
    #[sqlx(rename = "reason", try_from = "String")]
    pub verdict: Verdict,
    /// The verdict once more as `valid` or `invalid`: questions and indexes look for this column.
    pub result: String,
    /// 1 for tokens that cannot be used twice.
    pub single_use: i64,
    /// What was shown.
    pub disclosed: AttributeSet,
    /// How many times it was refused again, or an offline QR checked again.
    pub repeats: i64,
    /// Salt of the receipt's digests.
    pub salt: Vec<u8>,
    /// What the check states; where no batch is named, the whole receipt.
    pub receipt: Vec<u8>,
    /// The batch that the statement was signed in.
    pub batch_id: Option<Uuid>,
    /// What proves the statement, made from the batch; none where it is not there.
    #[sqlx(skip)]
    pub proof: Option<Vec<u8>>,
}

impl CheckRow {
    /// The receipt as it is handed out.
    pub fn take_receipt(&mut self) -> Receipt {
        Receipt::of(std::mem::take(&mut self.receipt), self.batch_id.is_some(), self.proof.take())
    }
}

/// The row with what proves it.
async fn proven(tx: &mut Tx, row: Option<CheckRow>) -> DbResult<Option<CheckRow>> {
    let Some(mut row) = row else { return Ok(None) };
    let batches = proof::batches(tx, row.batch_id).await?;
    row.proof = batches.values().find_map(|batch| batch.proof(row.verification_id, &row.receipt));
    Ok(Some(row))
}

const ADD: &str = "INSERT INTO verification (verification_id, resident_id, relying_party_id, idempotency_key, body_hash, \
    purpose, verified_at, issued, result, reason, single_use, disclosed, repeats, salt, receipt, batch_id) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 0, $13, $14, $15)";

/// Records a check. A second one with the same key for the same holder and party is refused as `DbError::Unique`.
pub async fn add(tx: &mut Tx, row: &CheckRow) -> DbResult<()> {
    execute!(
        tx,
        ADD,
        row.verification_id,
        row.resident_id,
        row.relying_party_id,
        &row.idempotency_key,
        &row.body_hash,
        &row.purpose,
        row.verified_at,
        row.issued,
        row.verdict.result(),
        row.verdict.reason(),
        row.single_use,
        row.disclosed,
        &row.salt,
        &row.receipt,
        row.batch_id
    )
    .map(|_| ())
}

/// The columns of [`CheckRow`] from the table of checks, with a condition.
macro_rules! checks {
    ($tail:literal) => {
        concat!(
            "SELECT verification_id, resident_id, relying_party_id, idempotency_key, body_hash, purpose, verified_at, \
             issued, result, reason, single_use, disclosed, repeats, salt, receipt, batch_id FROM verification ",
            $tail
        )
    };
}
pub(super) use checks;

const BY_KEY: &str = checks!("WHERE relying_party_id = $1 AND idempotency_key = $2 AND resident_id = $3");

/// The check of a holder by a party with an idempotency key.
pub async fn by_key(tx: &mut Tx, party: Uuid, key: &[u8], resident: Uuid) -> DbResult<Option<CheckRow>> {
    let row = fetch_optional!(tx, CheckRow, BY_KEY, party, key, resident)?;
    proven(tx, row).await
}

const BY_ID: &str = checks!("WHERE verification_id = $1 AND relying_party_id = $2");

/// A party's check by its id alone, which every shard has to be asked for.
pub async fn by_id(tx: &mut Tx, id: Uuid, party: Uuid) -> DbResult<Option<CheckRow>> {
    let row = fetch_optional!(tx, CheckRow, BY_ID, id, party)?;
    proven(tx, row).await
}

const OF_HOLDER: &str = checks!("WHERE verification_id = $1 AND relying_party_id = $2 AND resident_id = $3");

/// A party's check by its id, where its holder is known.
pub async fn of_holder(tx: &mut Tx, id: Uuid, party: Uuid, resident: Uuid) -> DbResult<Option<CheckRow>> {
    let row = fetch_optional!(tx, CheckRow, OF_HOLDER, id, party, resident)?;
    proven(tx, row).await
}

const SAME_REFUSAL: &str = checks!(
    "WHERE resident_id = $1 AND relying_party_id = $2 AND issued = $3 AND reason = $4 AND purpose = $5 \
     AND result = 'invalid' ORDER BY verification_id LIMIT 1"
);
const REPEAT: &str = "UPDATE verification SET repeats = repeats + 1 WHERE verification_id = $1 AND resident_id = $2 AND result = 'invalid'";

/// Counts the same refusal (token, party, purpose, reason) once more, when there was one, and gives it.
pub async fn repeat_refusal(tx: &mut Tx, like: &CheckRow) -> DbResult<Option<CheckRow>> {
    let found = fetch_optional!(
        tx,
        CheckRow,
        SAME_REFUSAL,
        like.resident_id,
        like.relying_party_id,
        like.issued,
        like.verdict.reason(),
        &like.purpose
    )?;
    if let Some(row) = &found {
        // The row was deleted or is no refusal any more: then nothing is counted, and the answer is the same.
        change!(tx, REPEAT, row.verification_id, row.resident_id)?.either_way();
    }
    proven(tx, found).await
}

const SAME_OFFLINE: &str = checks!(
    "WHERE resident_id = $1 AND relying_party_id = $2 AND issued = $3 AND purpose = $4 AND disclosed = $5 \
     AND verified_at > $6 AND single_use = 0 AND result = 'valid' ORDER BY verification_id LIMIT 1"
);
const REPEAT_OFFLINE: &str = "UPDATE verification SET repeats = repeats + 1 \
    WHERE verification_id = $1 AND resident_id = $2 AND single_use = 0 AND result = 'valid'";

/// Counts the same check of an offline QR (token, party, purpose, what was shown) once more, when there was one after
/// `since`, and gives it.
pub async fn repeat_offline(tx: &mut Tx, like: &CheckRow, since: Timestamp) -> DbResult<Option<CheckRow>> {
    let found = fetch_optional!(
        tx,
        CheckRow,
        SAME_OFFLINE,
        like.resident_id,
        like.relying_party_id,
        like.issued,
        &like.purpose,
        like.disclosed,
        since
    )?;
    if let Some(row) = &found {
        change!(tx, REPEAT_OFFLINE, row.verification_id, row.resident_id)?.either_way();
    }
    proven(tx, found).await
}

/// A line of a holder's history.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct HistoryRow {
    /// Id of the check.
    pub verification_id: Uuid,
    /// Who checked.
    pub relying_party_id: Uuid,
    /// When.
    pub verified_at: Timestamp,
    /// Purpose code.
    pub purpose: String,
    /// Valid, or why not.
    #[sqlx(rename = "reason", try_from = "String")]
    pub verdict: Verdict,
    /// What was shown.
    pub disclosed: AttributeSet,
    /// How many times it was refused again.
    pub repeats: i64,
    /// The receipt, as that of [`CheckRow`].
    pub receipt: Vec<u8>,
    /// Its salt.
    pub salt: Vec<u8>,
    /// The batch that it was signed in.
    pub batch_id: Option<Uuid>,
    /// What proves it.
    #[sqlx(skip)]
    pub proof: Option<Vec<u8>>,
}

impl HistoryRow {
    /// The receipt as it is handed out.
    pub fn take_receipt(&mut self) -> Receipt {
        Receipt::of(std::mem::take(&mut self.receipt), self.batch_id.is_some(), self.proof.take())
    }
}

const HISTORY: &str = "SELECT verification_id, relying_party_id, verified_at, purpose, result, reason, disclosed, repeats, \
    receipt, salt, batch_id FROM verification \
    WHERE resident_id = $1 AND verification_id < $2 ORDER BY verification_id DESC LIMIT $3";

/// The checks of a holder before `before`, newest first.
pub async fn history(tx: &mut Tx, resident: Uuid, before: Uuid, limit: i64) -> DbResult<Vec<HistoryRow>> {
    let mut rows = fetch_all!(tx, HistoryRow, HISTORY, resident, before, limit)?;
    let batches = proof::batches(tx, rows.iter().filter_map(|row| row.batch_id)).await?;
    for row in &mut rows {
        let batch = row.batch_id.and_then(|id| batches.get(&id));
        row.proof = batch.and_then(|batch| batch.proof(row.verification_id, &row.receipt));
    }
    Ok(rows)
}

/// A check that was answered `valid`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct GoodCheck {
    /// Its id.
    pub verification_id: Uuid,
    /// Who asked.
    pub relying_party_id: Uuid,
    /// When it was answered first.
    pub verified_at: Timestamp,
}

const GOOD_SINCE: &str = "SELECT verification_id, relying_party_id, verified_at FROM verification \
    WHERE resident_id = $1 AND verified_at >= $2 AND verification_id > $3 AND result = 'valid' \
    ORDER BY verification_id LIMIT $4";

/// The good checks of a holder since a time, in the order of their ids, after one of them.
pub async fn good_since(
    tx: &mut Tx,
    resident: Uuid,
    since: Timestamp,
    after: Uuid,
    limit: i64,
) -> DbResult<Vec<GoodCheck>> {
    fetch_all!(tx, GoodCheck, GOOD_SINCE, resident, since, after, limit)
}

/// A check as its holder names it.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct OwnCheck {
    /// Who asked.
    pub relying_party_id: Uuid,
    /// When it was answered first.
    pub verified_at: Timestamp,
    /// Purpose code.
    pub purpose: String,
}

const OWN: &str = "SELECT relying_party_id, verified_at, purpose FROM verification \
    WHERE verification_id = $1 AND resident_id = $2";

/// A check of a holder by its id.
pub async fn own(tx: &mut Tx, resident: Uuid, id: Uuid) -> DbResult<Option<OwnCheck>> {
    fetch_optional!(tx, OwnCheck, OWN, id, resident)
}

/// A check of something that names no holder.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct RefusalRow {
    /// Its id.
    pub verification_id: Uuid,
    /// Who asked.
    pub relying_party_id: Uuid,
    /// Hash of the idempotency key.
    pub idempotency_key: Vec<u8>,
    /// Hash of the question.
    pub body_hash: Vec<u8>,
    /// Purpose code.
    pub purpose: String,
    /// When it was answered first.
    pub verified_at: Timestamp,
    /// Why it was refused.
    #[sqlx(rename = "reason", try_from = "String")]
    pub verdict: Verdict,
    /// Salt of the receipt's digests.
    pub salt: Vec<u8>,
    /// What the check states; without a proof, the whole receipt.
    pub receipt: Vec<u8>,
    /// What proves the statement.
    pub proof: Option<Vec<u8>>,
}

const ADD_REFUSAL: &str = "INSERT INTO verification_refusal (verification_id, relying_party_id, idempotency_key, \
    body_hash, purpose, verified_at, reason, salt, receipt, proof) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";

/// Records a refusal without a holder. A second one with the same key is refused as `DbError::Unique`.
pub async fn add_refusal(tx: &mut Tx, row: &RefusalRow) -> DbResult<()> {
    execute!(
        tx,
        ADD_REFUSAL,
        row.verification_id,
        row.relying_party_id,
        &row.idempotency_key,
        &row.body_hash,
        &row.purpose,
        row.verified_at,
        row.verdict.reason(),
        &row.salt,
        &row.receipt,
        row.proof.as_deref()
    )
    .map(|_| ())
}

macro_rules! refusals {
    ($tail:literal) => {
        concat!(
            "SELECT verification_id, relying_party_id, idempotency_key, body_hash, purpose, verified_at, reason, salt, \
             receipt, proof FROM verification_refusal ",
            $tail
        )
    };
}

const REFUSAL_BY_KEY: &str = refusals!("WHERE relying_party_id = $1 AND idempotency_key = $2");

/// A party's refusal by its idempotency key.
pub async fn refusal_by_key(tx: &mut Tx, party: Uuid, key: &[u8]) -> DbResult<Option<RefusalRow>> {
    fetch_optional!(tx, RefusalRow, REFUSAL_BY_KEY, party, key)
}

const REFUSAL_BY_ID: &str = refusals!("WHERE verification_id = $1 AND relying_party_id = $2");

/// A party's refusal by its id.
pub async fn refusal_by_id(tx: &mut Tx, id: Uuid, party: Uuid) -> DbResult<Option<RefusalRow>> {
    fetch_optional!(tx, RefusalRow, REFUSAL_BY_ID, id, party)
}
