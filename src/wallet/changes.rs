//! What the register changed on a digital KTP, as its holder sees it: unlocked, or with the PIN while it waits for the holder's word.

use super::service::{Service, Session};
use crate::device::{Challenge, Purpose, Thumbprint};
use crate::error::{Code, Refusal, Result};
use crate::holder::ports;
use crate::holder::{Lift, Reason};
use crate::refresh::ports::{self as refresh, Changes};
use crate::transaction_of_one;

impl Service {
    /// What the register changed in the last months.
    ///
    /// # Errors
    /// When the database does not answer or what it holds cannot be opened.
    pub async fn changes(&self, session: &Session) -> Result<Changes> {
        let mut tx = self.context.db.read().await?;
        refresh::changes_of(&self.context, &mut tx, session.resident_id).await
    }

    /// What waits for the holder's word, with the PIN, and the portrait (JPEG) where it is another one; nothing is confirmed with that.
    /// Tries count as for unlocking.
    ///
    /// # Errors
    /// As [`Service::unlock`]; `wrong_state` when nothing waits that the PIN confirms.
    pub async fn look_at_changes(
        &self,
        device: &Thumbprint,
        challenge: &str,
        signature: &str,
    ) -> Result<(Changes, Option<Vec<u8>>)> {
        let now = self.context.now();
        let holder = {
            let mut tx = self.context.db.read().await?;
            let holder = ports::on_device(&mut tx, device).await?.ok_or(Code::NotFound)?;
            let status = ports::status(&mut tx, holder.credential.resident_id).await?;
            let waits =
                status.is_some_and(|status| status.reason == Reason::RegisterChanged && status.lift(now) == Lift::Pin);
            if !waits {
                return Err(nothing_waits().into());
            }
            holder
        };
        let (resident, generation) = (holder.credential.resident_id, holder.credential.generation);
        let challenge = Challenge::open(&self.context.vault, challenge, device, now).ok_or(Code::ChallengeInvalid)?;
        self.prove_pin(&holder, device, &challenge, (Purpose::Unlock, signature)).await?;
        // The PIN was right: looking uses up no tries.
        transaction_of_one!(self.context.db, "wallet.pin_was_right", |tx| {
            ports::pin_was_right(tx, resident, generation).await?.or(Code::WrongState)
        })?;
        let mut tx = self.context.db.read().await?;
        let changes = refresh::changes_of(&self.context, &mut tx, resident).await?;
        // Nobody confirms a face unseen.
        let portrait = if changes.changes.iter().any(|change| change.field == "portrait") {
            ports::portrait(&self.context, &mut tx, resident).await?
        } else {
            None
        };
        Ok((changes, portrait))
    }
}

fn nothing_waits() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Tidak ada perubahan data yang dipastikan dengan PIN; lihat status KTP Digital untuk langkah berikutnya.",
        "No change waits to be confirmed with the PIN; look at the digital KTP's status for the next step.",
    )
}
