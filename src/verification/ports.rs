//! Checks as other domains' transactions see them.

use uuid::Uuid;

use super::store;
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::error::Result;

pub use super::store::{GoodCheck, OwnCheck};

/// Checks of a resident that were answered `valid` at `since` or later, in the order of their ids, after one of them.
///
/// # Errors
/// When the database does not answer.
pub async fn good_since(
    tx: &mut Tx,
    resident: Uuid,
    since: Timestamp,
    after: Uuid,
    limit: i64,
) -> Result<Vec<GoodCheck>> {
    Ok(store::good_since(tx, resident, since, after, limit).await?)
}

/// A check in a resident's own history.
///
/// # Errors
/// When the database does not answer.
pub async fn own(tx: &mut Tx, resident: Uuid, id: Uuid) -> Result<Option<OwnCheck>> {
    Ok(store::own(tx, resident, id).await?)
}
