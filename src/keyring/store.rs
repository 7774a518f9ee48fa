//! SQL of keys and nodes.

use uuid::Uuid;

use super::model::KeyState;
use crate::changed::Changed;
use crate::clock::Timestamp;
use crate::credential::{Algorithm, KeyId, KeyPurpose, PublicKey};
use crate::db::{DbResult, Tx};
use crate::{change, execute, fetch_all, fetch_one};

/// A signing key's public half and state.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct KeyRow {
    /// First 8 bytes of the JWK thumbprint.
    pub kid: Vec<u8>,
    /// What it signs.
    #[sqlx(try_from = "String")]
    pub purpose: KeyPurpose,
    /// How it signs.
    #[sqlx(try_from = "String")]
    pub algorithm: Algorithm,
    /// The public key, see [`PublicKey::to_bytes`].
    pub public_key: Vec<u8>,
    /// Where it is in its life.
    pub state: KeyState,
    /// When it was published.
    pub published_at: Timestamp,
    /// When it began to sign.
    pub activated_at: Option<Timestamp>,
    /// When another took its place.
    pub retiring_at: Option<Timestamp>,
    /// When tokens signed with it ceased to be accepted.
    pub retired_at: Option<Timestamp>,
}

impl KeyRow {
    /// The public key; `None` when the row's bytes are none.
    pub fn key(&self) -> Option<PublicKey> {
        PublicKey::from_bytes(self.algorithm, &self.public_key)
    }
}

/// A key to be published.
#[derive(Clone, Copy, Debug)]
pub struct NewKey<'a> {
    /// Its public half.
    pub key: &'a PublicKey,
    /// What it signs.
    pub purpose: KeyPurpose,
    /// [`KeyState::Next`], or [`KeyState::Active`] for one that signs from now on.
    pub state: KeyState,
    /// Now.
    pub published_at: Timestamp,
}

const ALL: &str = "SELECT kid, purpose, algorithm, public_key, state, published_at, activated_at, retiring_at, retired_at \
    FROM signing_key ORDER BY published_at, kid";

/// All keys, oldest first.
pub async fn all(tx: &mut Tx) -> DbResult<Vec<KeyRow>> {
    fetch_all!(tx, KeyRow, ALL)
}

const ADD: &str = "INSERT INTO signing_key (kid, purpose, algorithm, public_key, state, published_at, activated_at) \
    VALUES ($1, $2, $3, $4, $5, $6, $7)";

/// Publishes a key. A second active one of the same purpose is refused as `DbError::Unique`.
pub async fn add(tx: &mut Tx, new: &NewKey<'_>) -> DbResult<()> {
    let (kid, bytes, published_at) = (new.key.kid(), new.key.to_bytes(), new.published_at);
    let (purpose, algorithm) = (new.purpose.as_str(), new.key.algorithm().as_str());
    let activated_at = (new.state == KeyState::Active).then_some(published_at);
    execute!(tx, ADD, kid.as_slice(), purpose, algorithm, &bytes, new.state, published_at, activated_at).map(|_| ())
}

const HOLD_NEXT: &str = "UPDATE signing_key SET state = state WHERE kid = $1 AND purpose = $2 AND state = 'next'";
const RETIRE_ACTIVE: &str = "UPDATE signing_key SET state = 'retiring', retiring_at = $3 \
    WHERE kid = $1 AND purpose = $2 AND state = 'active'";
const ACTIVATE: &str = "UPDATE signing_key SET state = 'active', activated_at = $2 WHERE kid = $1 AND state = 'next'";

/// Puts `kid` in the place of `replaces`, the active key of its purpose, where there is one. Nothing has changed when the one no longer
/// waits or the other is no longer active. The waiting key is held before the active one goes, so that one never goes without the other
/// coming.
///
/// # Errors
/// `DbError::Unique` when another waiting key was promoted meanwhile: then the transaction is over.
pub async fn promote(
    tx: &mut Tx,
    kid: &[u8],
    purpose: KeyPurpose,
    replaces: Option<&[u8]>,
    now: Timestamp,
) -> DbResult<Changed> {
    let waits = change!(tx, HOLD_NEXT, kid, purpose.as_str())?;
    if !waits.happened() {
        return Ok(waits);
    }
    if let Some(active) = replaces {
        let retiring = change!(tx, RETIRE_ACTIVE, active, purpose.as_str(), now)?;
        if !retiring.happened() {
            return Ok(retiring);
        }
    }
    change!(tx, ACTIVATE, kid, now)
}

const REVOKE_ACTIVE: &str =
    "UPDATE signing_key SET state = 'retired', retired_at = $3 WHERE kid = $1 AND purpose = $2 AND state = 'active'";

/// Retires the active key at once and puts `next` in its place, both or neither: when the one is no longer active or the other
/// no longer waits, nothing has changed.
///
/// # Errors
/// `DbError::Unique` as for [`promote`].
pub async fn replace(tx: &mut Tx, kid: &[u8], next: &[u8], purpose: KeyPurpose, now: Timestamp) -> DbResult<Changed> {
    let waits = change!(tx, HOLD_NEXT, next, purpose.as_str())?;
    if !waits.happened() {
        return Ok(waits);
    }
    let revoked = change!(tx, REVOKE_ACTIVE, kid, purpose.as_str(), now)?;
    if !revoked.happened() {
        return Ok(revoked);
    }
    change!(tx, ACTIVATE, next, now)
}

const REVOKE: &str = "UPDATE signing_key SET state = 'retired', retired_at = $3 \
    WHERE kid = $1 AND purpose = $2 AND state IN ('next', 'retiring')";

/// Retires at once a key that does not sign: nothing changes for the active one, which needs a successor ([`replace`]).
pub async fn revoke(tx: &mut Tx, kid: &[u8], purpose: KeyPurpose, now: Timestamp) -> DbResult<Changed> {
    change!(tx, REVOKE, kid, purpose.as_str(), now)
}

const REVOKE_WHATEVER: &str =
    "UPDATE signing_key SET state = 'retired', retired_at = $2 WHERE kid = $1 AND state <> 'retired'";

/// Retires a key at once, whatever it is: one that signs leaves its purpose without a key.
pub async fn revoke_whatever(tx: &mut Tx, kid: &[u8], now: Timestamp) -> DbResult<Changed> {
    change!(tx, REVOKE_WHATEVER, kid, now)
}

const RETIRE: &str =
    "UPDATE signing_key SET state = 'retired', retired_at = $2 WHERE state = 'retiring' AND retiring_at <= $1";

/// Retires keys that began retiring at or before `before`.
pub async fn retire(tx: &mut Tx, before: Timestamp, now: Timestamp) -> DbResult<u64> {
    execute!(tx, RETIRE, before, now)
}

const SEEN: &str = "INSERT INTO node (node_id, seen_at) VALUES ($1, $2) \
    ON CONFLICT (node_id) DO UPDATE SET seen_at = $2";
const HOLDS: &str = "INSERT INTO node_key (node_id, kid) VALUES ($1, $2) ON CONFLICT DO NOTHING";

const HELD: &str = "SELECT kid FROM node_key WHERE node_id = $1";
const HOLDS_NO_MORE: &str = "DELETE FROM node_key WHERE node_id = $1 AND kid = $2";

/// A node says that it lives and which private halves it holds.
pub async fn report(tx: &mut Tx, node: Uuid, kids: &[KeyId], now: Timestamp) -> DbResult<()> {
    execute!(tx, SEEN, node, now)?;
    for kid in kids {
        execute!(tx, HOLDS, node, kid.as_slice())?;
    }
    for (held,) in fetch_all!(tx, (Vec<u8>,), HELD, node)? {
        if !kids.iter().any(|kid| *kid == held[..]) {
            execute!(tx, HOLDS_NO_MORE, node, held)?;
        }
    }
    Ok(())
}

const LACKING: &str = "SELECT COUNT(*) FROM node n WHERE n.seen_at > $2 \
    AND NOT EXISTS (SELECT 1 FROM node_key k WHERE k.node_id = n.node_id AND k.kid = $1)";

/// How many nodes seen after `since` do not hold this key's private half.
pub async fn lacking(tx: &mut Tx, kid: &[u8], since: Timestamp) -> DbResult<i64> {
    Ok(fetch_one!(tx, (i64,), LACKING, kid, since)?.0)
}

const HOLDING: &str = "SELECT COUNT(*) FROM node n WHERE n.seen_at > $2 \
    AND EXISTS (SELECT 1 FROM node_key k WHERE k.node_id = n.node_id AND k.kid = $1)";

/// How many nodes seen after `since` hold this key's private half.
pub async fn holding(tx: &mut Tx, kid: &[u8], since: Timestamp) -> DbResult<i64> {
    Ok(fetch_one!(tx, (i64,), HOLDING, kid, since)?.0)
}

/// A process of the service that reported what it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Node {
    /// Its id, made when it started.
    pub node_id: Uuid,
    /// When it reported last.
    pub seen_at: Timestamp,
}

const NODES: &str = "SELECT node_id, seen_at FROM node ORDER BY node_id";

/// All nodes that are not forgotten, the one that started first before others.
pub async fn nodes(tx: &mut Tx) -> DbResult<Vec<Node>> {
    fetch_all!(tx, Node, NODES)
}

const HELD_BY_ALL: &str = "SELECT node_id, kid FROM node_key ORDER BY node_id, kid";

/// Which node holds which private half.
pub async fn held(tx: &mut Tx) -> DbResult<Vec<(Uuid, Vec<u8>)>> {
    fetch_all!(tx, (Uuid, Vec<u8>), HELD_BY_ALL)
}

const FORGET_KEYS: &str = "DELETE FROM node_key WHERE node_id = $1";
const FORGET: &str = "DELETE FROM node WHERE node_id = $1";

/// A node that stops withdraws its report, so that no rotation waits for it.
pub async fn forget(tx: &mut Tx, node: Uuid) -> DbResult<()> {
    execute!(tx, FORGET_KEYS, node)?;
    execute!(tx, FORGET, node).map(|_| ())
}

const FORGET_OLD_KEYS: &str = "DELETE FROM node_key WHERE node_id IN (SELECT node_id FROM node WHERE seen_at < $1)";
const FORGET_OLD: &str = "DELETE FROM node WHERE seen_at < $1";

/// Forgets nodes that have not been seen since `before`.
pub async fn forget_dead(tx: &mut Tx, before: Timestamp) -> DbResult<()> {
    execute!(tx, FORGET_OLD_KEYS, before)?;
    execute!(tx, FORGET_OLD, before).map(|_| ())
}
