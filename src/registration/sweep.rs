//! Ends registrations whose time is over, and deletes pictures and whole registrations that may no longer be kept.

use super::model::State;
use super::service::Service;
use super::store;
use crate::clock::DAY;
use crate::error::{Error, Result};

const BATCH: i64 = 200;

impl Service {
    /// One sweep; gives how many rows it touched. Several nodes may sweep at once: each step is guarded.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn sweep(&self) -> Result<usize> {
        let now = self.context.now();
        let mut reader = self.context.db.read().await?;
        let due = store::due_to_expire(&mut reader, now, BATCH).await?;
        drop(reader);
        let mut ended = 0;
        for id in due {
            let mut tx = self.context.db.write().await?;
            // Locked, because its final state decides what is deleted with it.
            let Some(row) = store::hold(&mut tx, id).await? else { continue };
            match self.end(&mut tx, &row, State::Expired, now).await {
                Ok(()) => {
                    tx.commit().await?;
                    ended += 1;
                }
                // It was ended or prolonged meanwhile, which is fine.
                Err(Error::Refused(_)) => tx.rollback().await?,
                // Counting it as done would make the caller sweep again at once, for ever.
                Err(fault) => return Err(fault),
            }
        }
        let mut tx = self.context.db.write().await?;
        let deleted = store::delete_old_pictures(&mut tx, now, BATCH).await?;
        let kept_since = now.plus_seconds(-self.context.config.retention.registration_days * DAY);
        let forgotten = store::delete_long_ended(&mut tx, kept_since, BATCH).await?;
        store::sweep_releases(&mut tx, now.plus_seconds(-DAY)).await?;
        tx.commit().await?;
        Ok(ended + deleted + forgotten)
    }
}
