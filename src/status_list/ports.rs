//! What is done for other domains, inside their transactions.

use std::collections::HashMap;

use uuid::Uuid;

use super::model::{self, FIRST_OF_CARDS, KEEP_SECONDS, Kind, Place};
use super::store;
use crate::changed::Changed;
use crate::clock::Timestamp;
use crate::context::Context;
use crate::db::{DbResult, Tx};
use crate::error::Result;
use crate::transaction;

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

/// Lists that are read at once.
const PAGE: i64 = 1_000;

/// Closes every list, because the database is a copy: after it was made places were given that it does not know. Printed cards that it
/// knows and that are not void still count; whatever else stands in a list does not, and no place of these lists is given again. Gives how many lists
/// that were. `opened` are lists that were opened after the copy was made.
///
/// # Errors
/// When the database did not do it.
pub async fn close_all(context: &Context, opened: &[(i64, Timestamp)]) -> Result<u64> {
    let mut good: HashMap<i64, Vec<u32>> = HashMap::new();
    let mut tx = context.db.read().await?;
    let mut after = (Uuid::nil(), 0, 0);
    loop {
        let page = store::counting(&mut tx, after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = *last;
        for (_, list_id, place) in page {
            good.entry(list_id).or_default().extend(u32::try_from(place));
        }
    }
    let (mut lists, mut after) = (Vec::new(), -1);
    loop {
        let page = store::all_lists(&mut tx, after, PAGE).await?;
        let Some((last, _)) = page.last() else { break };
        after = *last;
        lists.extend(page);
    }
    drop(tx);
    lists.extend(opened);
    lists.sort_unstable();
    lists.dedup_by_key(|(list_id, _)| *list_id);
    for (list_id, opened_at) in &lists {
        let bits = match Kind::of(*list_id) {
            Kind::Shown => Vec::new(),
            Kind::Card => model::bits(good.remove(list_id).unwrap_or_default()),
        };
        transaction!(context.db, "status_list.close", |tx| Ok(store::lose(tx, *list_id, *opened_at, &bits).await?))?;
    }
    Ok(lists.len() as u64)
}
