//! What the log says to those whom it is about.

use uuid::Uuid;

use super::store;
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::error::Result;

/// That somebody of the staff did something with somebody's data.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Seen {
    /// The chain: the office's id.
    pub chain: Uuid,
    /// When.
    pub at: Timestamp,
    /// What kind of actor it was.
    pub actor_kind: String,
    /// What was done.
    pub action: String,
}

/// What the staff did about these subjects, newest first for each; at most `limit` of each.
///
/// # Errors
/// When the database does not answer.
pub async fn about(tx: &mut Tx, subjects: &[Uuid], limit: i64) -> Result<Vec<Seen>> {
    let mut all = Vec::new();
    for subject in subjects {
        all.extend(store::about(tx, *subject, limit).await?);
    }
    Ok(all)
}
