//! Searching a chain of the log: for people who answer for an office, and for auditors. What is found are acts and ids.

use uuid::Uuid;

use super::model::{Line, Wanted};
use super::report::ChainState;
use super::store;
use crate::clock::Timestamp;
use crate::context::Context;
use crate::db::Tx;
use crate::error::Result;
use crate::secret::Redacted;

pub(super) const REASON: &str = "audit_search";

/// Acts of a chain that ended, the newest first, with numbers below `before`. Times are to a few seconds, as far as the clocks of two nodes
/// may differ.
///
/// # Errors
/// When the database does not answer.
pub async fn lines(tx: &mut Tx, chain: Uuid, wanted: &Wanted, before: i64, limit: i64) -> Result<Vec<Line>> {
    let first = match wanted.since {
        Some(since) => match store::first_since(tx, chain, since).await? {
            Some(first) => first,
            None => return Ok(Vec::new()),
        },
        None => 0,
    };
    let until = match wanted.until {
        Some(until) => store::first_since(tx, chain, until).await?.unwrap_or(i64::MAX),
        None => i64::MAX,
    };
    Ok(store::lines(tx, chain, wanted, (first, before.min(until)), limit).await?)
}

/// The chains of offices after one, in the order of their ids.
///
/// # Errors
/// When the database does not answer.
pub async fn chains(tx: &mut Tx, after: Uuid, limit: i64) -> Result<Vec<ChainState>> {
    let heads = store::heads_after(tx, after, limit).await?;
    Ok(heads.into_iter().map(|(chain, entries)| ChainState { chain, entries }).collect())
}

/// A chain, if there is one.
///
/// # Errors
/// When the database does not answer.
pub async fn chain(tx: &mut Tx, chain: Uuid) -> Result<Option<ChainState>> {
    Ok(store::head(tx, chain).await?.map(|head| ChainState { chain, entries: head.seq }))
}

/// Keeps why somebody searches a chain, in the transaction that notes that they do; gives the id under which it is noted.
///
/// # Errors
/// When the database did not do it.
pub async fn keep_reason(
    context: &Context,
    tx: &mut Tx,
    (id, chain): (Uuid, Uuid),
    by: Uuid,
    (reason, now): (&str, Timestamp),
) -> Result<()> {
    let sealed = context.vault.seal_bytes(&context.random, REASON, id, reason.as_bytes())?;
    Ok(store::add_search(tx, (id, chain), (by, now), &sealed).await?)
}

/// Why somebody searched.
///
/// # Errors
/// When the database does not answer or what it holds cannot be opened.
pub async fn reason(context: &Context, tx: &mut Tx, id: Uuid, chain: Uuid) -> Result<Option<Redacted<String>>> {
    let Some(sealed) = store::search(tx, id, chain).await? else { return Ok(None) };
    let words = context.vault.open_bytes(REASON, id, &sealed)?;
    Ok(Some(Redacted(String::from_utf8_lossy(&words).into_owned())))
}
