//! The PIN of a digital KTP that its holder closed not long ago, and the session that follows when that was undone.

use uuid::Uuid;

use super::model::SESSION_SECONDS;
use super::service::{Service, Unlocked, pin_wrong, try_now};
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::device::{Challenge, Purpose, Thumbprint};
use crate::error::{Code, Result};
use crate::holder::ports::{self, OnDevice};
use crate::transaction_of_one;

/// A session that counts with the commit of the transaction that opened it.
#[derive(Debug)]
pub struct Opening {
    resident_id: Uuid,
    generation: i64,
    number: i64,
    ends_at: Timestamp,
}

impl Service {
    /// That whoever has this device knows the PIN of the digital KTP that was closed on it. The caller has judged that it was its holder
    /// who closed it. Tries count as for unlocking, on top of those before.
    ///
    /// # Errors
    /// `challenge_invalid`, `pin_wrong`, `pin_wait`, `pin_blocked`.
    pub async fn prove_closed(
        &self,
        holder: &OnDevice,
        device: &Thumbprint,
        (challenge, signature): (&str, &str),
    ) -> Result<()> {
        let (now, vault) = (self.context.now(), &self.context.vault);
        let resident = holder.credential.resident_id;
        self.may_try_closed(resident, now).await?;
        let challenge = Challenge::open(vault, challenge, device, now).ok_or(Code::ChallengeInvalid)?;
        let this = self.pin_try(&holder.credential, challenge.issued, now);
        let counted = transaction_of_one!(self.context.db, "wallet.count_try_of_closed", |tx| {
            Ok(ports::count_try_of_closed(tx, &this).await?)
        })?;
        let Some(tries) = counted else {
            // Another request was faster: with the last try, or with this challenge.
            self.may_try_closed(resident, now).await?;
            return Err(Code::ChallengeInvalid.into());
        };
        let right = holder.pin_key(vault)?.verifies(Purpose::Unlock, &challenge.bytes, device, signature);
        if right { Ok(()) } else { Err(pin_wrong(tries).into()) }
    }

    async fn may_try_closed(&self, resident: Uuid, now: Timestamp) -> Result<()> {
        let mut tx = self.context.db.read().await?;
        let pin = ports::pin(&mut tx, resident).await?.ok_or(Code::NotFound)?;
        try_now(pin, now)
    }

    /// Begins a session of a digital KTP that this transaction made active again. `None` where it is not, because the register changed it
    /// meanwhile.
    ///
    /// # Errors
    /// When the database did not do it.
    pub async fn open_reopened(&self, tx: &mut Tx, resident: Uuid, now: Timestamp) -> Result<Option<Opening>> {
        ports::forget_tries(tx, resident).await?;
        let generation = ports::credential(tx, resident).await?.ok_or(Code::NotFound)?.generation;
        let ends_at = now.plus_seconds(SESSION_SECONDS);
        let number = ports::open_session(tx, resident, generation, ends_at).await?;
        Ok(number.map(|number| Opening { resident_id: resident, generation, number, ends_at }))
    }

    /// The access token of a session that was opened with the transaction.
    ///
    /// # Errors
    /// When it cannot be sealed: a fault of ours.
    pub fn unlocked(&self, device: &Thumbprint, opening: &Opening) -> Result<Unlocked> {
        self.opened(device, opening.resident_id, (opening.generation, opening.number), opening.ends_at)
    }
}
