//! Checks as other domains' transactions see them.

use uuid::Uuid;

use super::{proof, receipt, store};
use crate::clock::Timestamp;
use crate::credential::cose_receipt::{self, Tree};
use crate::credential::{KeyId, PublicKey};
use crate::db::Tx;
use crate::error::Result;
use crate::vault::Vault;

pub use super::proof::{logged, take_to_log, unlogged, with_root};
pub use super::signed::{BatchRow, UnloggedRow, marks};
pub use super::store::{GoodCheck, OwnCheck};

/// Checks of a resident that were answered `valid` at `since` or later, in the order of their ids, after one of them.
///
/// # Errors
/// When the database does not answer.
pub async fn good_since(
    tx: &mut Tx,
    resident: Uuid,
    since: Timestamp,
    after: Uuid,
    limit: i64,
) -> Result<Vec<GoodCheck>> {
    Ok(store::good_since(tx, resident, since, after, limit).await?)
}

/// A check in a resident's own history.
///
/// # Errors
/// When the database does not answer.
pub async fn own(tx: &mut Tx, resident: Uuid, id: Uuid) -> Result<Option<OwnCheck>> {
    Ok(store::own(tx, resident, id).await?)
}

/// What of a batch and its checks is not as it was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amiss {
    /// Its root is not that of its leaves.
    Root,
    /// No receipt key of this service signed it.
    Signature,
    /// This check is not there any more.
    Deleted(Uuid),
    /// This check is another one, is somebody else's, or says to be of another batch; or there is a second one of its id.
    Altered(Uuid),
}

/// Compares a batch with its checks, column by column. `key` knows the receipt keys.
///
/// # Errors
/// When the database does not answer.
pub async fn inspect(
    tx: &mut Tx,
    vault: &Vault,
    batch: &BatchRow,
    key: impl Fn(&KeyId) -> Option<PublicKey>,
) -> Result<Vec<Amiss>> {
    let mut amiss = Vec::new();
    let root = Tree::new(batch.leaves().to_vec()).root();
    if root.as_slice() != batch.root || batch.checks().count() != batch.leaves().len() {
        amiss.push(Amiss::Root);
    }
    let kid: Option<KeyId> = batch.kid.as_slice().try_into().ok();
    let message = kid.map(|kid| cose_receipt::message(&cose_receipt::protected(batch.algorithm, &kid), &root));
    let signature = batch.signature.as_slice().try_into().ok();
    let is_signed = match (kid.and_then(|kid| key(&kid)), message, signature) {
        (Some(key), Some(message), Some(signature)) => key.verifies(&message, &signature),
        _ => false,
    };
    if !is_signed {
        amiss.push(Amiss::Signature);
    }
    let found = proof::checks_of(tx, batch).await?;
    for (leaf, check) in batch.leaves().iter().zip(batch.checks()) {
        let Some(id) = check else { continue };
        match found.get(&id).map(Vec::as_slice) {
            None => amiss.push(Amiss::Deleted(id)),
            Some([row])
                if row.batch_id == Some(batch.batch_id)
                    && cose_receipt::leaf(&row.receipt) == *leaf
                    && receipt::is_of(row, vault) => {}
            Some(_) => amiss.push(Amiss::Altered(id)),
        }
    }
    Ok(amiss)
}

/// Checks that are looked at together for [`strangers`].
const STEP: i64 = 256;

/// Where [`strangers`] goes on: behind this check of this holder.
pub type Reached = (Uuid, Uuid);

/// Some checks after `reached`, seen from their own side: those that say to be of a batch which does not name them, or of none although
/// there were batches already. Gives them, and where to go on; `None` at the end.
///
/// # Errors
/// When the database does not answer.
pub async fn strangers(tx: &mut Tx, first: Option<Uuid>, reached: Reached) -> Result<(Vec<Uuid>, Option<Reached>)> {
    let rows = proof::members(tx, reached, STEP).await?;
    let batches = proof::batches(tx, rows.iter().filter_map(|row| row.batch_id)).await?;
    let belongs = |row: &proof::MemberRow| match row.batch_id {
        Some(id) => batches.get(&id).is_some_and(|batch| batch.names(row.verification_id)),
        None => first.is_none_or(|first| millis(row.verification_id) < millis(first)),
    };
    let strange = rows.iter().filter(|row| !belongs(row)).map(|row| row.verification_id).collect();
    let next = rows.last().filter(|_| rows.len() as i64 == STEP);
    Ok((strange, next.map(|row| (row.verification_id, row.resident_id))))
}

/// The first batch of all: what is older may be of none.
///
/// # Errors
/// When the database does not answer.
pub async fn first_batch(tx: &mut Tx) -> Result<Option<Uuid>> {
    Ok(proof::first(tx).await?)
}

/// When a UUIDv7 was made, in milliseconds (RFC 9562 §5.7).
fn millis(id: Uuid) -> u128 {
    id.as_u128() >> 80
}
