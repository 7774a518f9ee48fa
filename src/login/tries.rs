//! Tries at passwords and codes, counted before they are judged in rows that all nodes share.

use super::model::{FORGET_MINUTES, Wait};
use super::store;
use crate::clock::{MINUTE, Timestamp};
use crate::db::Tx;
use crate::error::Result;

/// Counts a try of `subject`, a keyed digest of whose tries these are and at what; `false` while it has to wait: then nothing is
/// counted, and nothing may be judged.
///
/// # Errors
/// When the database does not answer.
pub async fn count(tx: &mut Tx, subject: &[u8], now: Timestamp, wait: Wait) -> Result<bool> {
    Ok(store::count_try(tx, subject, now, forgotten_at(now), wait).await?.is_some())
}

/// Until when a subject has to wait.
///
/// # Errors
/// When the database does not answer.
pub async fn locked_until(tx: &mut Tx, subject: &[u8]) -> Result<Option<Timestamp>> {
    Ok(store::locked_until(tx, subject).await?)
}

/// A success forgets the failures.
///
/// # Errors
/// When the database does not answer.
pub async fn forget(tx: &mut Tx, subject: &[u8]) -> Result<()> {
    Ok(store::forget_failures(tx, subject).await?)
}

/// Forgets all failures that are old enough; gives how many.
///
/// # Errors
/// When the database does not answer.
pub async fn sweep(tx: &mut Tx, now: Timestamp) -> Result<u64> {
    Ok(store::sweep_failures(tx, forgotten_at(now)).await?)
}

const fn forgotten_at(now: Timestamp) -> Timestamp {
    now.plus_seconds(-FORGET_MINUTES * MINUTE)
}
