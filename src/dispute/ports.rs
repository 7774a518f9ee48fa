//! What other domains ask, inside their transactions.

use uuid::Uuid;

use super::store;
use crate::db::Tx;
use crate::error::Result;

/// Deletes the disputes of a holder whose data are erased.
///
/// # Errors
/// When the database did not do it.
pub async fn erase(tx: &mut Tx, resident: Uuid) -> Result<()> {
    Ok(store::erase(tx, resident).await?)
}
