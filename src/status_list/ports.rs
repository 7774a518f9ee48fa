//! What is done for other domains, inside their transactions.

use uuid::Uuid;

use super::model::{FIRST_OF_CARDS, KEEP_SECONDS, Place};
use super::store;
use crate::changed::Changed;
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

/// Voids whatever a resident can still show offline, printed cards among it, because the digital KTP was stopped. The caller holds the
/// credential's row.
///
/// # Errors
/// When the database did not do it.
pub async fn void(tx: &mut Tx, resident: Uuid) -> DbResult<()> {
    store::void(tx, resident, i64::MAX).await.map(|_| ())
}

/// Voids what a phone has shown offline, because it or its PIN was changed. A printed card knows neither and stays good. The caller holds
/// the credential's row.
///
/// # Errors
/// When the database did not do it.
pub async fn void_shown(tx: &mut Tx, resident: Uuid) -> DbResult<()> {
    store::void(tx, resident, FIRST_OF_CARDS).await.map(|_| ())
}

/// Voids the printed cards of a resident. The caller holds the credential's row.
///
/// # Errors
/// When the database did not do it.
pub async fn void_cards(tx: &mut Tx, resident: Uuid) -> DbResult<()> {
    store::void_cards(tx, resident).await.map(|_| ())
}

/// Voids one place. A miss when it was void, or is forgotten.
///
/// # Errors
/// When the database did not do it.
pub async fn void_place(tx: &mut Tx, resident: Uuid, place: Place) -> DbResult<Changed> {
    store::void_place(tx, resident, (place.list_id, place.index)).await
}

/// Whether a token with this place still counts, as far as its list says.
///
/// # Errors
/// When the database does not answer.
pub async fn counts(tx: &mut Tx, resident: Uuid, place: Place) -> DbResult<bool> {
    store::counts(tx, resident, (place.list_id, place.index)).await
}
