//! What is done for other domains, inside their transactions.

use uuid::Uuid;

use super::model::{KEEP_SECONDS, Place};
use super::store;
use crate::clock::Timestamp;
use crate::db::{DbResult, Tx};

/// Gives a place to a token that expires at `expires_at`. The caller holds the credential's row, so that whoever stops it comes before or
/// after.
///
/// # Errors
/// When the database did not do it.
pub async fn enter(tx: &mut Tx, resident: Uuid, place: Place, expires_at: Timestamp) -> DbResult<()> {
    store::enter(tx, resident, (place.list_id, place.index), expires_at.plus_seconds(KEEP_SECONDS)).await
}

/// Voids whatever a resident can still show offline, because the digital KTP was stopped or changed. The caller holds the credential's
/// row.
///
/// # Errors
/// When the database did not do it.
pub async fn void(tx: &mut Tx, resident: Uuid) -> DbResult<()> {
    store::void(tx, resident).await.map(|_| ())
}
