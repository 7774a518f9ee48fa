//! Branches as other domains read them.

use uuid::Uuid;

use super::model::Branch;
pub use super::store::report::PartyCount;
use super::store::{self, report};
use crate::db::Tx;
use crate::error::Result;

/// What changes with every change of a branch.
///
/// # Errors
/// When the database does not answer.
pub async fn revision(tx: &mut Tx) -> Result<i64> {
    Ok(store::revision(tx).await?)
}

/// Branches that anybody finds while their party may verify, after an id: a page of `limit`.
///
/// # Errors
/// When the database does not answer.
pub async fn shown_after(tx: &mut Tx, after: Uuid, limit: i64) -> Result<Vec<Branch>> {
    Ok(store::shown_after(tx, after, limit).await?)
}

/// Parties of which something was reported in a month (`YYYY-MM`), the most reported first: `limit` at most.
///
/// # Errors
/// When the database does not answer.
pub async fn reported_parties(tx: &mut Tx, month: &str, limit: i64) -> Result<Vec<PartyCount>> {
    Ok(report::of_parties(tx, month, limit).await?)
}
