//! People as other domains' transactions see them.

use std::collections::HashMap;

use uuid::Uuid;

use super::model::AccountState;
use super::store::account;
use crate::db::Tx;
use crate::error::Result;

/// Whether a person may log in: was added, and not disabled since.
///
/// # Errors
/// When the database does not answer.
pub async fn is_active(tx: &mut Tx, person: Uuid) -> Result<bool> {
    Ok(account::by_id(tx, person).await?.is_some_and(|account| account.state == AccountState::Active))
}

/// The user names of an office's people, by their ids.
///
/// # Errors
/// When the database does not answer.
pub async fn usernames(tx: &mut Tx, office: Uuid) -> Result<HashMap<Uuid, String>> {
    Ok(account::usernames(tx, office).await?.into_iter().collect())
}
