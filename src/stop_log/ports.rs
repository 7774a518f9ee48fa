//! What is done for other domains, inside their transactions.

use uuid::Uuid;

use super::model::{Entry, Kind};
use super::store;
use crate::clock::Timestamp;
use crate::context::Context;
use crate::db::Tx;
use crate::error::Result;

pub use super::store::{files, set_size, waiting};

/// Whether a log is kept.
pub fn is_kept(context: &Context) -> bool {
    !context.config.stop_log.directory.as_os_str().is_empty()
}

/// Notes something for the log in the transaction that does it: once that is committed, the caller waits a moment until it is in a file.
///
/// # Errors
/// When the database did not do it.
pub async fn note(context: &Context, tx: &mut Tx, entry: &Entry) -> Result<()> {
    if is_kept(context) {
        store::add(tx, entry).await?;
        tx.tell_once_committed();
    }
    Ok(())
}

/// [`note`] of somebody or something that has no generations.
///
/// # Errors
/// As [`note`].
pub async fn note_that(
    context: &Context,
    tx: &mut Tx,
    (kind, subject_id): (Kind, Uuid),
    detail: Option<String>,
    now: Timestamp,
) -> Result<()> {
    let note_id = context.random.uuid_v7(now);
    let entry = Entry { note_id, subject_id, kind, detail, number: 0, at: now.micros(), until: None };
    note(context, tx, &entry).await
}
