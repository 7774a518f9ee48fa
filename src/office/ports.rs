//! Offices as other domains' transactions see them.

use uuid::Uuid;

use super::model::Office;
use super::store;
use crate::db::Tx;
use crate::error::Result;

/// The office with a code.
///
/// # Errors
/// When the database does not answer.
pub async fn by_code(tx: &mut Tx, code: &str) -> Result<Option<Office>> {
    Ok(store::by_code(tx, code).await?)
}

/// The office with an id.
///
/// # Errors
/// When the database does not answer.
pub async fn by_id(tx: &mut Tx, id: Uuid) -> Result<Option<Office>> {
    Ok(store::by_id(tx, id).await?)
}

/// All offices, by code.
///
/// # Errors
/// When the database does not answer.
pub async fn all(tx: &mut Tx) -> Result<Vec<Office>> {
    Ok(store::all(tx).await?)
}
