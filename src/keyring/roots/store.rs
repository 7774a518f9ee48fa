//! SQL of root secrets and of who holds them.

use uuid::Uuid;

use super::model::RootState;
use crate::changed::Changed;
use crate::clock::Timestamp;
use crate::db::{DbResult, Tx};
use crate::{change, execute, fetch_all, fetch_one};

/// A version, as all nodes know it.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct RootRow {
    /// Its number.
    pub version: i64,
    /// Where it is in its life.
    pub state: RootState,
    /// What tells two secrets of one version apart.
    pub fingerprint: String,
    /// When it was made known.
    pub published_at: Timestamp,
    /// When it began to seal.
    pub activated_at: Option<Timestamp>,
    /// When another took its place.
    pub replaced_at: Option<Timestamp>,
    /// When it was retired.
    pub retired_at: Option<Timestamp>,
    /// 1 where printed cards whose claim it sealed still open after that.
    pub keeps_cards: i64,
    /// Of a retired one, the digest of what is kept of it, on which all nodes agree.
    pub retained_digest: Option<String>,
}

const ALL: &str = "SELECT version, state, fingerprint, published_at, activated_at, replaced_at, retired_at, keeps_cards, \
    retained_digest FROM root_secret ORDER BY version";

/// All versions, oldest first.
pub async fn all(tx: &mut Tx) -> DbResult<Vec<RootRow>> {
    fetch_all!(tx, RootRow, ALL)
}

const ADD: &str = "INSERT INTO root_secret (version, state, fingerprint, published_at, activated_at, replaced_at, keeps_cards) \
    VALUES ($1, $2, $3, $4, $5, $6, 0) ON CONFLICT (version) DO NOTHING";

/// Makes a version known. A second active one is refused as `DbError::Unique`.
pub async fn add(tx: &mut Tx, version: i64, state: RootState, fingerprint: &str, now: Timestamp) -> DbResult<Changed> {
    // One that was there before there were rows has sealed.
    let activated_at = (state != RootState::Next).then_some(now);
    let replaced_at = (state == RootState::Old).then_some(now);
    change!(tx, ADD, version, state, fingerprint, now, activated_at, replaced_at)
}

const HOLD_NEXT: &str = "UPDATE root_secret SET state = state WHERE version = $1 AND state = 'next'";

/// Holds a version that waits until the transaction ends.
pub async fn hold_next(tx: &mut Tx, version: i64) -> DbResult<Changed> {
    change!(tx, HOLD_NEXT, version)
}

const REPLACE_ACTIVE: &str =
    "UPDATE root_secret SET state = 'old', replaced_at = $2 WHERE state IN ('active', 'next') AND version < $1";

/// The version that seals goes, for a newer one, and with it those that waited and are overtaken. Nothing has changed where there are none.
pub async fn replace_active(tx: &mut Tx, by: i64, now: Timestamp) -> DbResult<Changed> {
    change!(tx, REPLACE_ACTIVE, by, now)
}

const ACTIVATE: &str =
    "UPDATE root_secret SET state = 'active', activated_at = $2 WHERE version = $1 AND state = 'next'";

/// A version that waits seals.
pub async fn activate(tx: &mut Tx, version: i64, now: Timestamp) -> DbResult<Changed> {
    change!(tx, ACTIVATE, version, now)
}

const RETIRE_ROOT: &str = "UPDATE root_secret SET state = 'retired', retired_at = $2, keeps_cards = $3, retained_digest = $4 \
    WHERE version = $1 AND (state = 'old' \
    OR (state = 'next' AND version < (SELECT MAX(a.version) FROM root_secret a WHERE a.state = 'active')))";

/// A version that is old, or was overtaken while it waited, is retired; of it stays what has this digest.
pub async fn retire(
    tx: &mut Tx,
    version: i64,
    (keeps_cards, digest): (bool, &str),
    now: Timestamp,
) -> DbResult<Changed> {
    change!(tx, RETIRE_ROOT, version, now, i64::from(keeps_cards), digest)
}

const OF_NODE: &str = "SELECT version FROM node_root WHERE node_id = $1 ORDER BY version";

/// What a node said that it holds.
pub async fn of_node(tx: &mut Tx, node: Uuid) -> DbResult<Vec<i64>> {
    Ok(fetch_all!(tx, (i64,), OF_NODE, node)?.into_iter().map(|(version,)| version).collect())
}

const HOLDS: &str = "INSERT INTO node_root (node_id, version) VALUES ($1, $2) ON CONFLICT DO NOTHING";

/// A node says that it holds a version.
pub async fn holds(tx: &mut Tx, node: Uuid, version: i64) -> DbResult<()> {
    execute!(tx, HOLDS, node, version).map(|_| ())
}

const LACKING: &str = "SELECT COUNT(*) FROM node n WHERE n.seen_at > $2 \
    AND NOT EXISTS (SELECT 1 FROM node_root r WHERE r.node_id = n.node_id AND r.version = $1)";

/// How many nodes seen after `since` do not hold this version.
pub async fn lacking(tx: &mut Tx, version: i64, since: Timestamp) -> DbResult<i64> {
    Ok(fetch_one!(tx, (i64,), LACKING, version, since)?.0)
}

const HOLDING: &str = "SELECT COUNT(*) FROM node n WHERE n.seen_at > $2 \
    AND EXISTS (SELECT 1 FROM node_root r WHERE r.node_id = n.node_id AND r.version = $1)";

/// How many nodes seen after `since` hold this version.
pub async fn holding(tx: &mut Tx, version: i64, since: Timestamp) -> DbResult<i64> {
    Ok(fetch_one!(tx, (i64,), HOLDING, version, since)?.0)
}

const SAYS_SEALING: &str = "UPDATE node SET sealing = $2 WHERE node_id = $1 AND (sealing IS NULL OR sealing <> $2)";

/// A node says with which version it seals. Nothing has changed when it said so before.
pub async fn says_sealing(tx: &mut Tx, node: Uuid, version: i64) -> DbResult<Changed> {
    change!(tx, SAYS_SEALING, node, version)
}

const SEALING_OTHERWISE: &str = "SELECT COUNT(*) FROM node WHERE seen_at > $2 AND (sealing IS NULL OR sealing <> $1)";

/// How many nodes seen after `since` did not say that they seal with this version.
pub async fn sealing_otherwise(tx: &mut Tx, version: i64, since: Timestamp) -> DbResult<i64> {
    Ok(fetch_one!(tx, (i64,), SEALING_OTHERWISE, version, since)?.0)
}

const FORGET: &str = "DELETE FROM node_root WHERE node_id = $1";

/// Takes back what a node said.
pub async fn forget(tx: &mut Tx, node: Uuid) -> DbResult<()> {
    execute!(tx, FORGET, node).map(|_| ())
}

const FORGET_OLD: &str = "DELETE FROM node_root WHERE node_id IN (SELECT node_id FROM node WHERE seen_at < $1)";

/// Forgets what nodes said that were not seen since.
pub async fn forget_dead(tx: &mut Tx, before: Timestamp) -> DbResult<()> {
    execute!(tx, FORGET_OLD, before).map(|_| ())
}
