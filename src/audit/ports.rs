//! What the log says to those whom it is about.

use uuid::Uuid;

use super::model::Action;
use super::store;
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::error::Result;

pub use super::store::{EntryRow, rows};

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

/// Two who together approved people without an e-mail address, or without comparing their faces: where neither is careful, or both are of one mind, two are as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Pair {
    /// The chain: the office's id.
    pub chain: Uuid,
    /// Who asked.
    pub asked_by: Uuid,
    /// Who granted.
    pub granted_by: Uuid,
    /// How often.
    pub times: i64,
}

/// All pairs that approved people without an e-mail address since then, the most frequent first.
///
/// # Errors
/// When the database does not answer.
pub async fn pairs(tx: &mut Tx, since: Timestamp) -> Result<Vec<Pair>> {
    Ok(store::pairs(tx, since).await?)
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

/// The officers who did any of these things with a subject, each once.
///
/// # Errors
/// When the database does not answer.
pub async fn officers_who(tx: &mut Tx, subject: Uuid, actions: &[Action]) -> Result<Vec<Uuid>> {
    let done = store::officers_about(tx, subject).await?;
    let mut people: Vec<Uuid> = Vec::new();
    for (officer, action) in done {
        if actions.iter().any(|one| one.as_str() == action) && !people.contains(&officer) {
            people.push(officer);
        }
    }
    Ok(people)
}

/// All chains, and the number of the last committed entry of each: whoever has seen it finds all entries up to it.
///
/// # Errors
/// When the database does not answer.
pub async fn ends(tx: &mut Tx) -> Result<Vec<(Uuid, i64)>> {
    Ok(store::heads(tx).await?.into_iter().map(|head| (head.chain, head.seq)).collect())
}
