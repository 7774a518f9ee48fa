//! What a holder does for the safety of the own digital KTP: blocks it, lifts a block, changes the PIN, takes a block code.

use super::model::SESSION_SECONDS;
use super::service::{Service, Session, Unlocked, pin_wrong};
use crate::audit::{self, Action, Actor, Event, GENERAL, Outcome};
use crate::clock::Timestamp;
use crate::device::{Challenge, NewPinKey, Purpose, Thumbprint};
use crate::error::{Code, Refusal, Result};
use crate::holder::model::MAX_TRIES;
use crate::holder::ports::{self, OnDevice, Stopped};
use crate::holder::{CredentialState, Lift, Reason, Standing, Status};
use crate::life::blocks::Blocked;
use crate::life::ports::{self as life, By};
use crate::life::{BlockCode, EventKind};
use crate::refresh::ports as refresh;
use crate::{transaction, transaction_of_one};

/// Where a digital KTP stands, as its phone is told without the PIN.
#[derive(Clone, Copy, Debug)]
pub struct Situation {
    /// Its state.
    pub state: CredentialState,
    /// Why it is not active.
    pub status: Option<Status>,
    /// How it becomes active again.
    pub lift: Lift,
    /// Until when its holder can undo that they closed it, with the PIN.
    pub undo_until: Option<Timestamp>,
    /// Whether there is a block code.
    pub has_block_code: bool,
}

/// A new PIN, proven by both keys over one challenge.
#[derive(Debug)]
pub struct NewPin {
    /// The new key.
    pub key: NewPinKey,
    /// The old key's signature of the same challenge, for [`Purpose::Change`].
    pub signature: String,
}

impl Service {
    /// Where the digital KTP on this device stands.
    ///
    /// # Errors
    /// `not_found` for a device without one.
    pub async fn situation(&self, device: &Thumbprint) -> Result<Situation> {
        let mut tx = self.context.db.read().await?;
        let resident = ports::on_device(&mut tx, device).await?.ok_or(Code::NotFound)?.credential.resident_id;
        let has_block_code = life::has_code(&mut tx, resident).await?;
        let status = ports::status(&mut tx, resident).await?;
        // Read last: what was stopped in between has its reason already.
        let credential = ports::credential(&mut tx, resident).await?.ok_or(Code::NotFound)?;
        let state = match credential.standing {
            // Nine wrong tries, whose block a crash has kept from being written.
            Standing::Active(active) if active.pin.is_used_up() => CredentialState::Blocked,
            standing => standing.state(),
        };
        let status = status.filter(|status| status.reason.state() == state);
        let lift = match (state, status) {
            (CredentialState::Blocked, Some(status)) => status.lift(self.context.now()),
            (CredentialState::Blocked, None) => Lift::Counter,
            (CredentialState::Active | CredentialState::Deactivated, _) => Lift::None,
        };
        let undo_until = match (state, &status) {
            (CredentialState::Deactivated, Some(status)) => {
                life::undo_until(&mut tx, resident, status, self.context.now()).await?
            }
            _ => None,
        };
        Ok(Situation { state, status, lift, undo_until, has_block_code })
    }

    /// Blocks it. The session ends with that.
    ///
    /// # Errors
    /// `session_ended` when it has ended meanwhile.
    pub async fn block(&self, session: &Session) -> Result<Blocked> {
        let (now, resident) = (self.context.now(), session.resident_id);
        let audit = audit::Service::new(self.context.clone());
        transaction!(self.context.db, "wallet.block", |tx| {
            let by = By::holder(resident);
            let stopped = life::stop(&self.context, tx, resident, Reason::SelfBlock, (now, None), by).await?;
            match stopped {
                Stopped::Now(status) => {
                    audit.record(tx, block_event(resident), Outcome::Done).await?;
                    Ok(Blocked::from(status))
                }
                Stopped::Before(status) => Ok(Blocked::from(status)),
                Stopped::Nothing => Err(Code::SessionEnded.into()),
            }
        })
    }

    /// Gives a new block code; the one before is void. Repeated with the same `request` it gives the same one.
    ///
    /// # Errors
    /// `session_ended` when it was stopped meanwhile, `overloaded`.
    pub async fn give_block_code(&self, session: &Session, request: Option<&str>) -> Result<BlockCode> {
        let (now, resident) = (self.context.now(), session.resident_id);
        let nik = {
            let mut tx = self.context.db.read().await?;
            ports::record(&self.context, &mut tx, resident).await?.nik
        };
        let new = self.block_codes.make((resident, &nik), request).await?;
        transaction!(self.context.db, "wallet.give_block_code", |tx| {
            let held = ports::hold(tx, resident).await?.filter(|held| held.generation == session.generation);
            held.ok_or(Code::SessionEnded)?;
            life::give_block_code(&self.context, tx, &new, now).await
        })
    }

    /// Lifts with the PIN a block that an officer set at a caller's word, or confirms what the register changed, and unlocks. `seen` is
    /// the version of the changes that the holder was shown. Tries count as for unlocking.
    ///
    /// # Errors
    /// As [`Service::unlock`]; `wrong_state` when the PIN does not lift it, or the holder saw other changes.
    pub async fn unblock(
        &self,
        device: &Thumbprint,
        (challenge, signature): (&str, &str),
        seen: Option<&str>,
    ) -> Result<Unlocked> {
        let now = self.context.now();
        let holder = {
            let mut tx = self.context.db.read().await?;
            let holder = ports::on_device(&mut tx, device).await?.ok_or(Code::NotFound)?;
            let status = ports::status(&mut tx, holder.credential.resident_id).await?;
            let status = status.filter(|status| status.lift(now) == Lift::Pin).ok_or_else(not_by_pin)?;
            if status.reason == Reason::RegisterChanged {
                // Before a try is counted; judged again with the row held.
                refresh::require_seen(&mut tx, holder.credential.resident_id, seen).await?;
            }
            holder
        };
        let resident = holder.credential.resident_id;
        let challenge = Challenge::open(&self.context.vault, challenge, device, now).ok_or(Code::ChallengeInvalid)?;
        self.prove_pin(&holder, device, &challenge, (Purpose::Unlock, signature)).await?;
        let ends_at = now.plus_seconds(SESSION_SECONDS);
        let (generation, number) = transaction!(self.context.db, "wallet.unblock", |tx| {
            let may = |status: &Status| status.lift(now) == Lift::Pin;
            let ended = life::restart(&self.context, tx, resident, may, now, By::holder(resident)).await?;
            if ended.reason == Reason::RegisterChanged {
                refresh::confirm(tx, resident, seen, now).await?;
            }
            let generation = ports::credential(tx, resident).await?.ok_or(Code::NotFound)?.generation;
            let session = ports::open_session(tx, resident, generation, ends_at).await?;
            Ok((generation, session.ok_or(Code::NotFound)?))
        })?;
        self.opened(device, resident, (generation, number), ends_at)
    }

    /// Changes the PIN. The session ends, and so do all QRs.
    ///
    /// # Errors
    /// As [`Service::unlock`]; `invalid_field` and `signature_invalid` for the new key.
    pub async fn change_pin(&self, device: &Thumbprint, session: &Session, new: &NewPin) -> Result<()> {
        let now = self.context.now();
        let key = new.key.key()?;
        new.key.prove(key, &self.context.vault, device, now)?;
        self.prove_again(device, session, &new.key.challenge, &new.signature).await?;
        let resident = session.resident_id;
        transaction!(self.context.db, "wallet.change_pin", |tx| {
            ports::renew(tx, resident, session.generation).await?;
            ports::set_pin(&self.context, tx, resident, device, key, now).await?;
            life::happened(&self.context, tx, (resident, EventKind::PinChanged), now, By::holder(resident)).await
        })
    }

    /// That whoever has this session knows the PIN now, for what needs more than a session. Tries count as for unlocking.
    ///
    /// # Errors
    /// As [`Service::unlock`]; `session_ended`.
    pub async fn prove_again(
        &self,
        device: &Thumbprint,
        session: &Session,
        challenge: &str,
        signature: &str,
    ) -> Result<()> {
        let now = self.context.now();
        let holder = {
            let mut tx = self.context.db.read().await?;
            let holder = ports::on_device(&mut tx, device).await?;
            holder.filter(|holder| holder.credential.generation == session.generation).ok_or(Code::SessionEnded)?
        };
        self.may_try(&holder.credential, now).await?;
        let challenge = Challenge::open(&self.context.vault, challenge, device, now).ok_or(Code::ChallengeInvalid)?;
        self.prove_pin(&holder, device, &challenge, (Purpose::Change, signature)).await?;
        let (resident, generation) = (session.resident_id, session.generation);
        // Whatever the act itself is refused for, the try was a right one.
        transaction_of_one!(self.context.db, "wallet.pin_was_right", |tx| {
            ports::pin_was_right(tx, resident, generation).await?.or(Code::SessionEnded)
        })
    }

    /// Counts a try at the PIN and spends its challenge, in a transaction of its own, before anything is compared; then compares.
    pub(super) async fn prove_pin(
        &self,
        holder: &OnDevice,
        device: &Thumbprint,
        challenge: &Challenge,
        (purpose, signature): (Purpose, &str),
    ) -> Result<()> {
        let now = self.context.now();
        let (resident, generation) = (holder.credential.resident_id, holder.credential.generation);
        let this = self.pin_try(&holder.credential, challenge.issued, now);
        let counted =
            transaction_of_one!(self.context.db, "wallet.count_try", |tx| Ok(ports::count_try(tx, &this).await?))?;
        let Some(tries) = counted else { return Err(self.why_not(resident, generation, now).await) };
        if holder.pin_key(&self.context.vault)?.verifies(purpose, &challenge.bytes, device, signature) {
            return Ok(());
        }
        if tries >= MAX_TRIES {
            self.use_up(resident, now).await?;
        }
        Err(pin_wrong(tries).into())
    }

    /// The PIN was wrong for the last time: the digital KTP is blocked.
    async fn use_up(&self, resident: uuid::Uuid, now: Timestamp) -> Result<()> {
        let audit = audit::Service::new(self.context.clone());
        transaction!(self.context.db, "wallet.use_up", |tx| {
            let by = By::holder(resident);
            let stopped = life::stop(&self.context, tx, resident, Reason::PinExhausted, (now, None), by).await?;
            if let Stopped::Now(_) = stopped {
                audit.record(tx, block_event(resident), Outcome::Done).await?;
            }
            Ok(())
        })
    }
}

fn block_event(resident: uuid::Uuid) -> Event {
    Event { chain: GENERAL, actor: Actor::Resident(resident), action: Action::Block, subject_id: resident }
}

fn not_by_pin() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Blokir ini tidak dibuka dengan PIN; datanglah ke loket Dukcapil dengan KTP-el.",
        "This block is not lifted with the PIN; go to a Dukcapil counter with your KTP-el.",
    )
}
