//! Webhooks as other domains' transactions see them.

use serde_json::{Value, json};
use uuid::Uuid;

use super::store;
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::error::Result;

/// Has a party told of something that it can read elsewhere too: `kind` is a word of the documentation, `data` its members. Nothing
/// happens where the party has no webhook that answered.
///
/// # Errors
/// When the database did not take it.
pub async fn tell(
    tx: &mut Tx,
    party: Uuid,
    message: Uuid,
    (kind, data): (&'static str, Value),
    now: Timestamp,
) -> Result<()> {
    let body = json!({"type": kind, "timestamp": now, "data": data}).to_string();
    store::enqueue(tx, party, message, &body, now).await?.either_way();
    Ok(())
}
