//! SQL of relying parties and of checks.

use uuid::Uuid;

use crate::changed::Changed;
use crate::clock::Timestamp;
use crate::db::{DbResult, Tx};
use crate::{change, execute, fetch_all, fetch_optional};

// Relying parties ------------------------------------------------------------------------------------------------

/// A relying party's row.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct PartyRow {
    /// Its id.
    pub relying_party_id: Uuid,
    /// Its name.
    pub name: String,
    /// Bits of the attributes it is entitled to.
    pub attributes: i64,
    /// `active` or `disabled`.
    pub state: String,
    /// When it was registered.
    pub created_at: Timestamp,
}

/// A purpose's row.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct PurposeRow {
    /// Code.
    pub code: String,
    /// Text in Indonesian.
    pub text_id: String,
    /// Text in English.
    pub text_en: String,
}

/// An API key's row, without what it hashes to.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct KeyRow {
    /// Its id.
    pub key_id: Uuid,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// A living key of an active party.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct LivingKeyRow {
    /// SHA-256 of the secret.
    pub secret_hash: Vec<u8>,
    /// Whose it is.
    pub relying_party_id: Uuid,
    /// Its name.
    pub name: String,
    /// Its entitlements.
    pub attributes: i64,
}

const ADD_PARTY: &str = "INSERT INTO relying_party (relying_party_id, name, attributes, state, created_at) \
    VALUES ($1, $2, $3, 'active', $4)";

/// Adds a relying party. A name that exists is refused as `DbError::Unique`.
pub async fn add_party(tx: &mut Tx, id: Uuid, name: &str, attributes: i64, now: Timestamp) -> DbResult<()> {
    execute!(tx, ADD_PARTY, id, name, attributes, now).map(|_| ())
}

const ADD_PURPOSE: &str =
    "INSERT INTO relying_party_purpose (relying_party_id, code, text_id, text_en) VALUES ($1, $2, $3, $4)";

/// Registers a purpose. A code that the party has already is refused as `DbError::Unique`.
pub async fn add_purpose(tx: &mut Tx, party: Uuid, code: &str, text_id: &str, text_en: &str) -> DbResult<()> {
    execute!(tx, ADD_PURPOSE, party, code, text_id, text_en).map(|_| ())
}

const PURPOSES: &str =
    "SELECT code, text_id, text_en FROM relying_party_purpose WHERE relying_party_id = $1 ORDER BY code";

/// The purposes of a party.
pub async fn purposes(tx: &mut Tx, party: Uuid) -> DbResult<Vec<PurposeRow>> {
    fetch_all!(tx, PurposeRow, PURPOSES, party)
}

const PARTIES: &str = "SELECT relying_party_id, name, attributes, state, created_at FROM relying_party ORDER BY name";

/// All relying parties, by name.
pub async fn parties(tx: &mut Tx) -> DbResult<Vec<PartyRow>> {
    fetch_all!(tx, PartyRow, PARTIES)
}

const PARTY_BY_NAME: &str =
    "SELECT relying_party_id, name, attributes, state, created_at FROM relying_party WHERE name = $1";

/// A relying party by its name.
pub async fn party_by_name(tx: &mut Tx, name: &str) -> DbResult<Option<PartyRow>> {
    fetch_optional!(tx, PartyRow, PARTY_BY_NAME, name)
}

const PARTY: &str =
    "SELECT relying_party_id, name, attributes, state, created_at FROM relying_party WHERE relying_party_id = $1";

/// A relying party by its id.
pub async fn party(tx: &mut Tx, id: Uuid) -> DbResult<Option<PartyRow>> {
    fetch_optional!(tx, PartyRow, PARTY, id)
}

const ADD_KEY: &str =
    "INSERT INTO relying_party_key (key_id, relying_party_id, secret_hash, created_at) VALUES ($1, $2, $3, $4)";

/// Adds an API key.
pub async fn add_key(tx: &mut Tx, key_id: Uuid, party: Uuid, hash: &[u8], now: Timestamp) -> DbResult<()> {
    execute!(tx, ADD_KEY, key_id, party, hash, now).map(|_| ())
}

const REVOKE_KEY: &str = "UPDATE relying_party_key SET revoked_at = $2 WHERE key_id = $1 AND revoked_at IS NULL";

/// Revokes a key; `false` when there is no such living key.
pub async fn revoke_key(tx: &mut Tx, key_id: Uuid, now: Timestamp) -> DbResult<Changed> {
    change!(tx, REVOKE_KEY, key_id, now)
}

const KEYS: &str = "SELECT key_id, created_at, revoked_at FROM relying_party_key WHERE relying_party_id = $1 ORDER BY created_at, key_id";

/// The keys of a party, oldest first.
pub async fn keys(tx: &mut Tx, party: Uuid) -> DbResult<Vec<KeyRow>> {
    fetch_all!(tx, KeyRow, KEYS, party)
}

const LIVING_KEY: &str = "SELECT k.secret_hash, p.relying_party_id, p.name, p.attributes FROM relying_party_key k \
    JOIN relying_party p ON p.relying_party_id = k.relying_party_id \
    WHERE k.key_id = $1 AND k.revoked_at IS NULL AND p.state = 'active'";

/// A key that was not revoked, of a party that was not disabled.
pub async fn living_key(tx: &mut Tx, key_id: Uuid) -> DbResult<Option<LivingKeyRow>> {
    fetch_optional!(tx, LivingKeyRow, LIVING_KEY, key_id)
}

// Checks ---------------------------------------------------------------------------------------------------------

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
    /// `valid` or `invalid`.
    pub result: String,
    /// Reason; empty when valid.
    pub reason: String,
    /// 1 for tokens that cannot be used twice.
    pub single_use: i64,
    /// Bits of what was shown.
    pub disclosed: i64,
    /// How many times it was refused again, or an offline QR checked again.
    pub repeats: i64,
    /// Salt of the receipt's digests.
    pub salt: Vec<u8>,
    /// The receipt.
    pub receipt: Vec<u8>,
}

const ADD: &str = "INSERT INTO verification (verification_id, resident_id, relying_party_id, idempotency_key, body_hash, \
    purpose, verified_at, issued, result, reason, single_use, disclosed, repeats, salt, receipt) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 0, $13, $14)";

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
        &row.result,
        &row.reason,
        row.single_use,
        row.disclosed,
        &row.salt,
        &row.receipt
    )
    .map(|_| ())
}

macro_rules! checks {
    ($tail:literal) => {
        concat!(
            "SELECT verification_id, resident_id, relying_party_id, idempotency_key, body_hash, purpose, verified_at, \
             issued, result, reason, single_use, disclosed, repeats, salt, receipt FROM verification ",
            $tail
        )
    };
}

const BY_KEY: &str = checks!("WHERE relying_party_id = $1 AND idempotency_key = $2 AND resident_id = $3");

/// The check of a holder by a party with an idempotency key.
pub async fn by_key(tx: &mut Tx, party: Uuid, key: &[u8], resident: Uuid) -> DbResult<Option<CheckRow>> {
    fetch_optional!(tx, CheckRow, BY_KEY, party, key, resident)
}

const BY_ID: &str = checks!("WHERE verification_id = $1 AND relying_party_id = $2");

/// A party's check by its id.
pub async fn by_id(tx: &mut Tx, id: Uuid, party: Uuid) -> DbResult<Option<CheckRow>> {
    fetch_optional!(tx, CheckRow, BY_ID, id, party)
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
        &like.reason,
        &like.purpose
    )?;
    if let Some(row) = &found {
        // The row was deleted or is no refusal any more: then nothing is counted, and the answer is the same.
        change!(tx, REPEAT, row.verification_id, row.resident_id)?.either_way();
    }
    Ok(found)
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
    Ok(found)
}

/// A line of a holder's history.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct HistoryRow {
    /// Id of the check.
    pub verification_id: Uuid,
    /// Who checked.
    pub relying_party: String,
    /// When.
    pub verified_at: Timestamp,
    /// Purpose code.
    pub purpose: String,
    /// Its text in Indonesian, while it is registered.
    pub text_id: Option<String>,
    /// Its text in English.
    pub text_en: Option<String>,
    /// `valid` or `invalid`.
    pub result: String,
    /// Reason; empty when valid.
    pub reason: String,
    /// Bits of what was shown.
    pub disclosed: i64,
    /// How many times it was refused again.
    pub repeats: i64,
    /// The receipt.
    pub receipt: Vec<u8>,
    /// Its salt.
    pub salt: Vec<u8>,
}

const HISTORY: &str = "SELECT v.verification_id, p.name AS relying_party, v.verified_at, v.purpose, u.text_id, u.text_en, \
    v.result, v.reason, v.disclosed, v.repeats, v.receipt, v.salt FROM verification v \
    JOIN relying_party p ON p.relying_party_id = v.relying_party_id \
    LEFT JOIN relying_party_purpose u ON u.relying_party_id = v.relying_party_id AND u.code = v.purpose \
    WHERE v.resident_id = $1 AND v.verification_id < $2 ORDER BY v.verification_id DESC LIMIT $3";

/// The checks of a holder before `before`, newest first.
pub async fn history(tx: &mut Tx, resident: Uuid, before: Uuid, limit: i64) -> DbResult<Vec<HistoryRow>> {
    fetch_all!(tx, HistoryRow, HISTORY, resident, before, limit)
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
    /// Reason.
    pub reason: String,
    /// Salt of the receipt's digests.
    pub salt: Vec<u8>,
    /// The receipt.
    pub receipt: Vec<u8>,
}

const ADD_REFUSAL: &str = "INSERT INTO verification_refusal (verification_id, relying_party_id, idempotency_key, \
    body_hash, purpose, verified_at, reason, salt, receipt) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

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
        &row.reason,
        &row.salt,
        &row.receipt
    )
    .map(|_| ())
}

macro_rules! refusals {
    ($tail:literal) => {
        concat!(
            "SELECT verification_id, relying_party_id, idempotency_key, body_hash, purpose, verified_at, reason, salt, \
             receipt FROM verification_refusal ",
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
