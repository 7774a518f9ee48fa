//! What other domains ask.

use super::store;
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::error::Result;

/// Ends all that wait, for a restored copy: it may hold some that were refused or taken back since. Gives how many.
///
/// # Errors
/// When the database did not do it.
pub async fn end_all(tx: &mut Tx, now: Timestamp) -> Result<u64> {
    Ok(store::end_all(tx, now).await?)
}
