//! What other domains ask.

use uuid::Uuid;

use super::store;
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::error::{Refusal, Result};

/// That this id, which an officer's scan names, is no move's: the two phones do that without an officer.
///
/// # Errors
/// `invalid_field` with what to do instead.
pub async fn refuse_at_counter(tx: &mut Tx, id: Uuid) -> Result<()> {
    if store::lookup(tx, id).await?.is_none() {
        return Ok(());
    }
    Err(Refusal::field(
        "token",
        "QR ini untuk pindah ponsel: warga memindainya sendiri dengan ponsel lamanya. Ponsel lama tidak ada? Minta warga mendaftar di ponsel yang baru.",
        "This QR is for moving to another phone: the resident scans it with the old phone. No old phone? Have them register on the new one.",
    )
    .into())
}

/// Ends all that live, for a restored copy: it may hold some that were refused or withdrawn since. Gives how many.
///
/// # Errors
/// When the database did not do it.
pub async fn end_all(tx: &mut Tx, now: Timestamp) -> Result<u64> {
    Ok(store::end_all(tx, now).await?)
}
