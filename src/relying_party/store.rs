//! SQL of relying parties, their purposes and their API keys.

use uuid::Uuid;

use super::model::{PartyState, Purpose};
use crate::attribute::AttributeSet;
use crate::changed::Changed;
use crate::clock::Timestamp;
use crate::db::{DbResult, Tx};
use crate::{change, execute, fetch_all, fetch_optional};

/// A relying party's row.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct PartyRow {
    /// Its id.
    pub relying_party_id: Uuid,
    /// Its name.
    pub name: String,
    /// What it is entitled to.
    pub attributes: AttributeSet,
    /// Whether it may verify.
    pub state: PartyState,
    /// When it was registered.
    pub created_at: Timestamp,
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
    pub attributes: AttributeSet,
}

const ADD_PARTY: &str = "INSERT INTO relying_party (relying_party_id, name, attributes, state, created_at) \
    VALUES ($1, $2, $3, $4, $5)";

/// Adds an active relying party. A name that exists is refused as `DbError::Unique`.
pub async fn add_party(tx: &mut Tx, id: Uuid, name: &str, entitled: AttributeSet, now: Timestamp) -> DbResult<()> {
    execute!(tx, ADD_PARTY, id, name, entitled, PartyState::Active, now).map(|_| ())
}

const ADD_PURPOSE: &str =
    "INSERT INTO relying_party_purpose (relying_party_id, code, text_id, text_en) VALUES ($1, $2, $3, $4)";

/// Registers a purpose. A code that the party has already is refused as `DbError::Unique`.
pub async fn add_purpose(tx: &mut Tx, party: Uuid, purpose: &Purpose) -> DbResult<()> {
    execute!(tx, ADD_PURPOSE, party, &purpose.code, &purpose.text_id, &purpose.text_en).map(|_| ())
}

const PURPOSES: &str =
    "SELECT code, text_id, text_en FROM relying_party_purpose WHERE relying_party_id = $1 ORDER BY code";

/// The purposes of a party.
pub async fn purposes(tx: &mut Tx, party: Uuid) -> DbResult<Vec<Purpose>> {
    let rows = fetch_all!(tx, (String, String, String), PURPOSES, party)?;
    Ok(rows.into_iter().map(|(code, text_id, text_en)| Purpose { code, text_id, text_en }).collect())
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

/// Parties that [`labels`] asks for at a time.
pub const LABELS_AT_ONCE: usize = 8;

/// A party's name, with one of its purposes where it has any.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct LabelRow {
    /// The party.
    pub relying_party_id: Uuid,
    /// Its name.
    pub name: String,
    /// The purpose's code.
    pub code: Option<String>,
    /// Its text in Indonesian.
    pub text_id: Option<String>,
    /// Its text in English.
    pub text_en: Option<String>,
}

const LABELS: &str = "SELECT p.relying_party_id, p.name, u.code, u.text_id, u.text_en FROM relying_party p \
    LEFT JOIN relying_party_purpose u ON u.relying_party_id = p.relying_party_id \
    WHERE p.relying_party_id IN ($1, $2, $3, $4, $5, $6, $7, $8)";

/// Names and purposes of up to eight parties; an id may stand several times.
pub async fn labels(tx: &mut Tx, [a, b, c, d, e, f, g, h]: [Uuid; LABELS_AT_ONCE]) -> DbResult<Vec<LabelRow>> {
    fetch_all!(tx, LabelRow, LABELS, a, b, c, d, e, f, g, h)
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

const KEYS: &str = "SELECT key_id, created_at, revoked_at FROM relying_party_key WHERE relying_party_id = $1 \
    ORDER BY created_at, key_id";

/// The keys of a party, oldest first.
pub async fn keys(tx: &mut Tx, party: Uuid) -> DbResult<Vec<KeyRow>> {
    fetch_all!(tx, KeyRow, KEYS, party)
}

const LIVING_KEY: &str = "SELECT k.secret_hash, p.relying_party_id, p.name, p.attributes FROM relying_party_key k \
    JOIN relying_party p ON p.relying_party_id = k.relying_party_id \
    WHERE k.key_id = $1 AND k.revoked_at IS NULL AND p.state = $2";

/// A key that was not revoked, of a party that was not disabled.
pub async fn living_key(tx: &mut Tx, key_id: Uuid) -> DbResult<Option<LivingKeyRow>> {
    fetch_optional!(tx, LivingKeyRow, LIVING_KEY, key_id, PartyState::Active)
}
