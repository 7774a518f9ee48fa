//! SQL of API keys.

use uuid::Uuid;

use crate::attribute::AttributeSet;
use crate::changed::Changed;
use crate::clock::{HOUR, Timestamp};
use crate::db::{DbResult, Tx};
use crate::relying_party::model::{Contract, PartyState};
use crate::{change, execute, fetch_all, fetch_optional};

/// An API key's row, without what it hashes to.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct KeyRow {
    /// Its id.
    pub key_id: Uuid,
    /// What it is for.
    pub label: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
    /// When it was used last, to an hour.
    pub last_used_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// The public key, where it is one: the canonical JWK.
    pub public_key: Option<String>,
}

/// A key that was not revoked, of a party that was not disabled.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct LivingKeyRow {
    /// SHA-256 of the secret; empty for a public key, which has none.
    pub secret_hash: Vec<u8>,
    /// The public key, where it is one.
    pub public_key: Option<String>,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
    /// When it was used last.
    pub last_used_at: Option<Timestamp>,
    /// Whose it is.
    pub relying_party_id: Uuid,
    /// Its name.
    pub name: String,
    /// Its entitlements.
    pub attributes: AttributeSet,
    /// The number of its contract.
    pub contract_number: Option<String>,
    /// When that begins.
    pub contract_begins_at: Option<Timestamp>,
    /// When that ends.
    pub contract_ends_at: Option<Timestamp>,
    /// Checks that its party may put in a minute.
    pub quota_minute: Option<i64>,
    /// And in a day.
    pub quota_day: Option<i64>,
}

impl LivingKeyRow {
    /// Under what its party verifies.
    pub fn contract(&self) -> Option<Contract> {
        let (begins_at, ends_at) = self.contract_begins_at.zip(self.contract_ends_at)?;
        Some(Contract { number: self.contract_number.clone()?, begins_at, ends_at })
    }
}

/// How the owner of a key proves to have it.
#[derive(Clone, Copy, Debug)]
pub enum Proof<'a> {
    /// By a secret, of which this is the SHA-256.
    Secret(&'a [u8]),
    /// By signatures of the key whose public half this is, as a canonical JWK.
    Signature(&'a str),
}

/// A key to be added.
#[derive(Clone, Copy, Debug)]
pub struct NewKey<'a> {
    /// Its id.
    pub key_id: Uuid,
    /// Whose it is.
    pub party: Uuid,
    /// How its owner proves to have it.
    pub proof: Proof<'a>,
    /// What it is for.
    pub label: Option<&'a str>,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
}

const ADD: &str = "INSERT INTO relying_party_key (key_id, relying_party_id, secret_hash, created_at, label, expires_at, public_key) \
    VALUES ($1, $2, $3, $4, $5, $6, $7)";

/// Adds a key. A public key that is there, for whomever and in whatever state, is refused as `DbError::Unique`.
pub async fn add(tx: &mut Tx, new: NewKey<'_>, now: Timestamp) -> DbResult<()> {
    let (hash, public): (&[u8], Option<&str>) = match new.proof {
        Proof::Secret(hash) => (hash, None),
        Proof::Signature(public) => (&[], Some(public)),
    };
    execute!(tx, ADD, new.key_id, new.party, hash, now, new.label, new.expires_at, public).map(|_| ())
}

const REVOKE: &str = "UPDATE relying_party_key SET revoked_at = $2 WHERE key_id = $1 AND revoked_at IS NULL";

/// Revokes a key; `false` when there is no such living key.
pub async fn revoke(tx: &mut Tx, key_id: Uuid, now: Timestamp) -> DbResult<Changed> {
    change!(tx, REVOKE, key_id, now)
}

const REVOKE_OWN: &str = "UPDATE relying_party_key SET revoked_at = $3 \
    WHERE key_id = $1 AND relying_party_id = $2 AND revoked_at IS NULL";

/// Revokes a key of a party; `false` when it has no such living key.
pub async fn revoke_own(tx: &mut Tx, party: Uuid, key_id: Uuid, now: Timestamp) -> DbResult<Changed> {
    change!(tx, REVOKE_OWN, key_id, party, now)
}

// A public key lives a year at most, and does not come back after its end: another pair is made.
const SET_END: &str = "UPDATE relying_party_key SET expires_at = $2 WHERE key_id = $1 AND revoked_at IS NULL \
    AND (public_key IS NULL OR (expires_at > $3 AND CAST($2 AS BIGINT) <= CAST($4 AS BIGINT)))";

/// Sets when a key ends by itself; `false` when there is no such key, it was revoked, or it is a public one that has ended or would live beyond
/// `latest`.
pub async fn set_end(
    tx: &mut Tx,
    key_id: Uuid,
    expires_at: Timestamp,
    (now, latest): (Timestamp, Timestamp),
) -> DbResult<Changed> {
    change!(tx, SET_END, key_id, expires_at, now, latest)
}

const NOTE_USE: &str = "UPDATE relying_party_key SET last_used_at = $2 \
    WHERE key_id = $1 AND (last_used_at IS NULL OR last_used_at <= $3)";

/// Notes that a key was used; `false` where a use of the same hour is noted.
pub async fn note_use(tx: &mut Tx, key_id: Uuid, at: Timestamp) -> DbResult<Changed> {
    change!(tx, NOTE_USE, key_id, at, at.plus_seconds(-HOUR))
}

const OF: &str = "SELECT key_id, label, created_at, expires_at, last_used_at, revoked_at, public_key FROM relying_party_key \
    WHERE relying_party_id = $1 ORDER BY created_at, key_id";

/// The keys of a party, oldest first.
pub async fn of(tx: &mut Tx, party: Uuid) -> DbResult<Vec<KeyRow>> {
    fetch_all!(tx, KeyRow, OF, party)
}

const LIVING: &str = "SELECT k.secret_hash, k.public_key, k.expires_at, k.last_used_at, p.relying_party_id, p.name, p.attributes, \
    p.contract_number, p.contract_begins_at, p.contract_ends_at, p.quota_minute, p.quota_day FROM relying_party_key k \
    JOIN relying_party p ON p.relying_party_id = k.relying_party_id \
    WHERE k.key_id = $1 AND k.revoked_at IS NULL AND p.state = $2";

/// A key that was not revoked, of a party that was not disabled. It may have ended by itself.
pub async fn living(tx: &mut Tx, key_id: Uuid) -> DbResult<Option<LivingKeyRow>> {
    fetch_optional!(tx, LivingKeyRow, LIVING, key_id, PartyState::Active)
}
