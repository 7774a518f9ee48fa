//! SQL of test keys.

use uuid::Uuid;

use crate::changed::Changed;
use crate::clock::{HOUR, Timestamp};
use crate::db::{DbResult, Tx};
use crate::{change, execute, fetch_all, fetch_optional};

/// A test key's row, without what it hashes to.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct KeyRow {
    /// Its id.
    pub key_id: Uuid,
    /// What it is for.
    pub label: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Timestamp,
    /// When it was used last, to an hour.
    pub last_used_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// The public key, where it is one: the canonical JWK.
    pub public_key: Option<String>,
}

/// A test key that was not revoked.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct LivingKeyRow {
    /// SHA-256 of the secret; empty for a public key, which has none.
    pub secret_hash: Vec<u8>,
    /// The public key, where it is one.
    pub public_key: Option<String>,
    /// Whose it is.
    pub relying_party_id: Uuid,
    /// When it ends by itself.
    pub expires_at: Timestamp,
    /// When it was used last.
    pub last_used_at: Option<Timestamp>,
}

const ADD: &str = "INSERT INTO sandbox_key (key_id, relying_party_id, secret_hash, label, created_at, expires_at, public_key) \
    VALUES ($1, $2, $3, $4, $5, $6, $7)";

/// Adds a key of a party, with what its secret hashes to: nothing, for a public key. One that is there is refused as `DbError::Unique`.
pub async fn add(tx: &mut Tx, party: Uuid, hash: &[u8], new: &KeyRow) -> DbResult<()> {
    let public = new.public_key.as_deref();
    execute!(tx, ADD, new.key_id, party, hash, &new.label, new.created_at, new.expires_at, public).map(|_| ())
}

const REVOKE: &str = "UPDATE sandbox_key SET revoked_at = $3 \
    WHERE key_id = $1 AND relying_party_id = $2 AND revoked_at IS NULL";

/// Revokes a key of a party; `false` when it has no such living key.
pub async fn revoke(tx: &mut Tx, party: Uuid, key_id: Uuid, now: Timestamp) -> DbResult<Changed> {
    change!(tx, REVOKE, key_id, party, now)
}

const NOTE_USE: &str = "UPDATE sandbox_key SET last_used_at = $2 \
    WHERE key_id = $1 AND (last_used_at IS NULL OR last_used_at <= $3)";

/// Notes that a key was used; `false` where a use of the same hour is noted.
pub async fn note_use(tx: &mut Tx, key_id: Uuid, at: Timestamp) -> DbResult<Changed> {
    change!(tx, NOTE_USE, key_id, at, at.plus_seconds(-HOUR))
}

const OF: &str = "SELECT key_id, label, created_at, expires_at, last_used_at, revoked_at, public_key FROM sandbox_key \
    WHERE relying_party_id = $1 ORDER BY created_at, key_id";

/// The keys of a party, oldest first.
pub async fn of(tx: &mut Tx, party: Uuid) -> DbResult<Vec<KeyRow>> {
    fetch_all!(tx, KeyRow, OF, party)
}

const LIVING: &str = "SELECT secret_hash, public_key, relying_party_id, expires_at, last_used_at FROM sandbox_key \
    WHERE key_id = $1 AND revoked_at IS NULL";

/// A key that was not revoked. It may have ended by itself.
pub async fn living(tx: &mut Tx, key_id: Uuid) -> DbResult<Option<LivingKeyRow>> {
    fetch_optional!(tx, LivingKeyRow, LIVING, key_id)
}

const FORGET: &str = "DELETE FROM sandbox_key WHERE expires_at <= $1";

/// Deletes keys that ended at `before` or earlier; gives how many.
pub async fn forget(tx: &mut Tx, before: Timestamp) -> DbResult<u64> {
    execute!(tx, FORGET, before)
}
