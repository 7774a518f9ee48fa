//! What is done for other domains: what changed is shown to its holder, and confirmed.

use uuid::Uuid;

use super::model::{Change, KEEP_SECONDS, changes};
use super::store;
use crate::clock::Timestamp;
use crate::context::Context;
use crate::db::Tx;
use crate::error::{Code, Refusal, Result};
use crate::holder::ports as holder;
use crate::transaction;

/// What the register changed on a digital KTP.
#[derive(Debug)]
pub struct Changes {
    /// Since when the register's word is shown that is shown now.
    pub as_of: Timestamp,
    /// What changed, in the order of the card; nothing where nothing did in the last months.
    pub changes: Vec<Change>,
    /// What confirming it names.
    pub version: String,
}

/// What the register changed on a digital KTP, newest state against what was shown before.
///
/// # Errors
/// When the database does not answer or what it holds cannot be opened.
pub async fn changes_of(context: &Context, tx: &mut Tx, resident: Uuid) -> Result<Changes> {
    let row = store::find(tx, resident).await?;
    let (record, as_of) = holder::record_as_of(context, tx, resident).await?;
    let Some(row) = row else { return Ok(Changes { as_of, changes: Vec::new(), version: version_of(0) }) };
    let former = store::open(&context.vault, &row)?;
    let changes = changes(&former.record, &record, former.portrait_changed);
    Ok(Changes { as_of, changes, version: version_of(row.revision) })
}

/// The holder says that what is shown now is right, having seen the changes of this version. The caller holds the credential.
///
/// # Errors
/// `wrong_state` when they saw something else, or nothing.
pub async fn confirm(tx: &mut Tx, resident: Uuid, seen: Option<&str>, now: Timestamp) -> Result<()> {
    let revision = require_seen(tx, resident, seen).await?;
    store::confirm(tx, resident, revision, now).await?.or(unseen())
}

/// That these are the newest changes; gives their revision.
///
/// # Errors
/// `wrong_state` when they are not.
pub async fn require_seen(tx: &mut Tx, resident: Uuid, seen: Option<&str>) -> Result<i64> {
    let row = store::find(tx, resident).await?;
    let row = row.filter(|row| seen == Some(version_of(row.revision).as_str()));
    Ok(row.ok_or_else(unseen)?.revision)
}

/// Deletes what the digital KTP of a holder whose data are erased showed before.
///
/// # Errors
/// When the database did not do it.
pub async fn erase(tx: &mut Tx, resident: Uuid) -> Result<()> {
    Ok(store::erase(tx, resident).await?)
}

/// Forgets what was shown before, when that is long ago; gives how many.
///
/// # Errors
/// When the database did not do it.
pub(super) async fn sweep(context: &Context) -> Result<u64> {
    let before = context.now().plus_seconds(-KEEP_SECONDS);
    transaction!(context.db, "refresh.sweep", |tx| Ok(store::sweep(tx, before).await?))
}

fn version_of(revision: i64) -> String {
    format!("{revision:x}")
}

fn unseen() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Lihat dahulu perubahan data Anda, lalu pastikan. Bila itu bukan data Anda, datanglah ke loket Dukcapil dengan KTP-el.",
        "Look at what changed first, then confirm it. If these are not your data, go to a Dukcapil counter with your KTP-el.",
    )
}
