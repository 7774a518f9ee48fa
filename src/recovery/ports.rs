//! What other domains ask.

use uuid::Uuid;

use super::store;
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::error::Result;

/// Whether this id, which a scanned QR names, is a recovery's.
///
/// # Errors
/// When the database does not answer.
pub async fn exists(tx: &mut Tx, id: Uuid) -> Result<bool> {
    Ok(store::lookup(tx, id).await?.is_some())
}

/// Deletes the recoveries of a phone whose holder closed the digital KTP.
///
/// # Errors
/// When the database did not do it.
pub async fn erase(tx: &mut Tx, device: &[u8]) -> Result<()> {
    Ok(store::erase(tx, device).await?)
}

/// Ends all that live, for a restored copy: it may hold some that were refused or withdrawn since. Gives how many.
///
/// # Errors
/// When the database did not do it.
pub async fn end_all(tx: &mut Tx, now: Timestamp) -> Result<u64> {
    Ok(store::end_all(tx, now).await?)
}
