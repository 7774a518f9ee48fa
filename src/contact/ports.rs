//! What other domains ask, inside their transactions.

use uuid::Uuid;

use super::model::{Progress, UNSETTLED_SECONDS};
use super::{store, visit};
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::error::{Code, Refusal, Result};
use crate::holder::ports as holder;

/// That the holder's address neither is about to change nor changed in the last 72 hours: whoever took it over brings nothing else
/// about with it. Who writes on the strength of this holds the credential before asking.
///
/// # Errors
/// `wrong_state` with the time to wait.
pub async fn require_settled(tx: &mut Tx, resident: Uuid, now: Timestamp) -> Result<()> {
    if let Some(change) = store::live(tx, resident).await?
        && let Progress::Cooling(effective_at) = change.progress
    {
        let generation = holder::credential(tx, resident).await?.map(|credential| credential.generation);
        // Of an earlier generation it never comes into force.
        if generation == Some(change.generation) {
            return Err(cooling().retry_after(settled(effective_at.max(now)).retry_after(now)).into());
        }
    }
    match store::last_done(tx, resident, now.plus_seconds(-UNSETTLED_SECONDS)).await? {
        Some(changed_at) => Err(changed().retry_after(settled(changed_at).retry_after(now)).into()),
        None => Ok(()),
    }
}

/// Deletes the changes of a holder whose data are erased.
///
/// # Errors
/// When the database did not do it.
pub async fn erase(tx: &mut Tx, resident: Uuid) -> Result<()> {
    visit::store::erase(tx, resident).await?;
    Ok(store::erase(tx, resident).await?)
}

/// Ends all changes of an address that live, for a restored copy: it may hold some that were refused or withdrawn since. Gives how many.
///
/// # Errors
/// When the database did not do it.
pub async fn end_all(tx: &mut Tx, now: Timestamp) -> Result<u64> {
    Ok(store::end_all(tx, now).await? + visit::store::end_all(tx, now).await?)
}

/// Whether this id, which a scanned QR names, is that of a change of address at a counter.
///
/// # Errors
/// When the database does not answer.
pub async fn exists(tx: &mut Tx, id: Uuid) -> Result<bool> {
    Ok(visit::store::lookup(tx, id).await?.is_some())
}

const fn settled(changed_at: Timestamp) -> Timestamp {
    changed_at.plus_seconds(UNSETTLED_SECONDS)
}

fn cooling() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Alamat surel sedang diganti; batalkan penggantian itu di aplikasi, atau tunggu selama waktu yang tertera. Bukan Anda yang menggantinya? Blokir dengan tautan pada surel.",
        "The e-mail address is being changed; cancel that in the app, or wait for the time stated. Was it not you? Block with the link of the mail.",
    )
}

fn changed() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Alamat surel baru saja diganti; demi keamanan langkah ini terbuka lagi 72 jam sesudahnya. Tunggu selama waktu yang tertera.",
        "The e-mail address was changed not long ago; to be safe, this opens again 72 hours after. Wait for the time stated.",
    )
}
