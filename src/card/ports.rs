//! What is done for other domains, inside their transactions.

use uuid::Uuid;

use super::model::VoidReason;
use super::store;
use crate::clock::Timestamp;
use crate::context::Context;
use crate::db::Tx;
use crate::error::Result;
use crate::life::EventKind;
use crate::life::ports::{self as life, By};
use crate::status_list::ports as status_list;

/// A phone was activated: the holder's cards end, unless a counter noted that they stay. The caller holds the credential.
///
/// # Errors
/// When the database did not do it.
pub async fn activated_on_phone(context: &Context, tx: &mut Tx, resident: Uuid, now: Timestamp) -> Result<()> {
    let mut voided = false;
    for card in store::good_of(tx, resident).await? {
        let Some(issued) = card.issued.filter(|issued| !issued.keeps) else { continue };
        // One that was stopped before is void already.
        let counted = status_list::void_place(tx, resident, issued.place).await?.happened();
        store::void(tx, card.card_id, VoidReason::Phone, now).await?.either_way();
        voided |= counted && now < issued.expires_at;
    }
    if voided {
        life::happened(context, tx, (resident, EventKind::CardVoided), now, By::system()).await?;
    }
    Ok(())
}

/// The card with which a resident holds a digital KTP since it became active, and the office that issued it.
///
/// # Errors
/// When the database does not answer.
pub async fn first_of(tx: &mut Tx, resident: Uuid, activated_at: Timestamp) -> Result<Option<(Uuid, Uuid)>> {
    Ok(store::first_of(tx, resident, activated_at).await?.map(|card| (card.card_id, card.office_id)))
}

/// The ids of all requests for cards of a resident: what the staff did about them stands under these.
///
/// # Errors
/// When the database does not answer.
pub async fn ids_of(tx: &mut Tx, resident: Uuid) -> Result<Vec<Uuid>> {
    Ok(store::ids_of(tx, resident).await?)
}

/// To which terms a resident agreed with the last card, and when.
///
/// # Errors
/// When the database does not answer.
pub async fn consent(tx: &mut Tx, resident: Uuid) -> Result<Option<(String, Timestamp)>> {
    Ok(store::consent(tx, resident).await?)
}

/// How many printed cards that were granted before `before` may count: those of blocked holders too, who may start again.
///
/// # Errors
/// When the database does not answer.
pub async fn counting(tx: &mut Tx, before: Timestamp, now: Timestamp) -> Result<i64> {
    Ok(store::counting(tx, before, now).await?)
}

/// Deletes the cards of a holder whose data are erased.
///
/// # Errors
/// When the database did not do it.
pub async fn erase(tx: &mut Tx, resident: Uuid) -> Result<()> {
    Ok(store::erase(tx, resident).await?)
}
