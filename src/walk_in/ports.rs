//! What is done for other domains, inside their transactions.

use uuid::Uuid;

use super::store;
use crate::db::Tx;
use crate::error::Result;

/// Deletes what a holder asked for whose data are erased.
///
/// # Errors
/// When the database did not do it.
pub async fn erase(tx: &mut Tx, resident: Uuid) -> Result<()> {
    Ok(store::erase(tx, resident).await?)
}

/// The ids of all requests of a holder: what the staff did about them stands under these.
///
/// # Errors
/// When the database does not answer.
pub async fn ids_of(tx: &mut Tx, resident: Uuid) -> Result<Vec<Uuid>> {
    Ok(store::ids_of(tx, resident).await?)
}
