//! The use cases of a closure.

use uuid::Uuid;

use super::model::{ERASED_AFTER_SECONDS, register_forbids, too_late};
use crate::audit::{self, Action, Actor, Event, GENERAL, Outcome};
use crate::card::ports as cards;
use crate::clock::Timestamp;
use crate::contact::ports as contact;
use crate::context::Context;
use crate::correction::ports as corrections;
use crate::device::Thumbprint;
use crate::dispute::ports as disputes;
use crate::error::{Code, Result};
use crate::helper::ports as helpers;
use crate::holder::ports::{self as holder, Stopped};
use crate::holder::{CredentialState, Reason};
use crate::life::blocks::Blocked;
use crate::life::ports::{self as life, By};
use crate::recovery::ports as recoveries;
use crate::refresh::model::stop_of;
use crate::refresh::{Refresher, ports as refresh};
use crate::register::{Found, Listener, PopulationRegister, Said};
use crate::registration::ports as registrations;
use crate::transaction;
use crate::walk_in::ports as walk_ins;
use crate::wallet;
use crate::wallet::service::{Session, Unlocked};

/// Holders whose data are erased in one round.
const BATCH: i64 = 50;

/// Closures. Cloning shares everything.
#[derive(Clone)]
pub struct Closures {
    context: Context,
    pub(super) wallet: wallet::Service,
    register: PopulationRegister,
    refresher: Refresher,
    audit: audit::Service,
}

/// A digital KTP that its holder ended.
#[derive(Debug)]
pub struct Closed {
    /// Since when, and by which reference people speak of it.
    pub stopped: Blocked,
    /// When the data will have been erased.
    pub erased_by: Timestamp,
    /// Until when it can be undone on this phone with the PIN; none of a consent that was withdrawn.
    pub undo_until: Option<Timestamp>,
}

/// A closure that its holder undid.
#[derive(Debug)]
pub struct Undone {
    /// How the digital KTP stands now: active, or paused where the register changed meanwhile who the holder is.
    pub state: CredentialState,
    /// A session; none where it is not active.
    pub unlocked: Option<Unlocked>,
}

impl Closures {
    /// `wallet` asks for the PIN, `register` is asked before a closure is undone.
    pub fn new(context: Context, wallet: wallet::Service, register: PopulationRegister) -> Self {
        let (audit, refresher) = (audit::Service::new(context.clone()), Refresher::new(context.clone()));
        Self { context, wallet, register, refresher, audit }
    }

    /// Ends the digital KTP of this session at once, after the PIN.
    ///
    /// # Errors
    /// As [`wallet::Service::prove_again`]; `session_ended` when it was stopped meanwhile for another reason.
    pub async fn close(
        &self,
        device: &Thumbprint,
        session: &Session,
        (challenge, signature): (&str, &str),
        reason: Reason,
    ) -> Result<Closed> {
        self.wallet.prove_again(device, session, challenge, signature).await?;
        let (now, resident) = (self.context.now(), session.resident_id);
        let stopped = transaction!(self.context.db, "closure.close", |tx| {
            match life::stop(&self.context, tx, resident, reason, (now, None), By::holder(resident)).await? {
                Stopped::Now(status) => {
                    let actor = Actor::Resident(resident);
                    let event = Event { chain: GENERAL, actor, action: Action::Closure, subject_id: resident };
                    self.audit.record(tx, event, Outcome::Done).await?;
                    Ok(Blocked::from(status))
                }
                Stopped::Before(_) | Stopped::Nothing => Err(Code::SessionEnded.into()),
            }
        })?;
        let erased_by = now.plus_seconds(ERASED_AFTER_SECONDS);
        Ok(Closed { stopped, erased_by, undo_until: (reason == Reason::Closed).then_some(erased_by) })
    }

    /// Undoes a closure, with the PIN on the same phone, before anything is erased: active as before, with what the register says now.
    /// What was shown before stays void. A repetition finds it active: `wrong_state`.
    ///
    /// # Errors
    /// `not_found` for a device without a digital KTP; `wrong_state` when there is nothing to undo (any more), or the register says that
    /// the holder may have none; `pin_wrong`, `pin_wait`, `pin_blocked`, `challenge_invalid`.
    pub async fn undo(&self, device: &Thumbprint, pin: (&str, &str)) -> Result<Undone> {
        let context = &self.context;
        let now = context.now();
        let (holder, nik, closing) = {
            let mut tx = context.db.read().await?;
            let holder = holder::on_device(&mut tx, device).await?.ok_or(Code::NotFound)?;
            let resident = holder.credential.resident_id;
            let status = holder::status(&mut tx, resident).await?.ok_or_else(too_late)?;
            life::undo_until(&mut tx, resident, &status, now).await?.ok_or_else(too_late)?;
            (holder, holder::record(context, &mut tx, resident).await?.nik, status.event_id)
        };
        self.wallet.prove_closed(&holder, device, pin).await?;
        let (resident, generation) = (holder.credential.resident_id, holder.credential.generation);
        let after = now.plus_seconds(-ERASED_AFTER_SECONDS);
        let opening = transaction!(context.db, "closure.undo", |tx| {
            // The register's row first, as in an activation: what it says while nothing was shown is not lost.
            let said = self.register.last_word(tx, &nik).await?.filter(|said| said.resident_id == resident);
            if said.as_ref().is_some_and(|said| stop_of(&said.record).is_some()) {
                return Err(register_forbids().into());
            }
            life::reopen(context, tx, (resident, generation), closing, (after, now)).await?;
            if let Some(Found { record, portrait, .. }) = &said {
                let said = [Said { resident_id: resident, record, portrait: portrait.as_deref() }];
                self.refresher.hear(tx, &said, now).await?;
            }
            let actor = Actor::Resident(resident);
            let event = Event { chain: GENERAL, actor, action: Action::ClosureUndone, subject_id: resident };
            self.audit.record(tx, event, Outcome::Done).await?;
            self.wallet.open_reopened(tx, resident, now).await
        })?;
        let unlocked = opening.map(|opening| self.wallet.unlocked(device, &opening)).transpose()?;
        let state = if unlocked.is_some() { CredentialState::Active } else { CredentialState::Blocked };
        Ok(Undone { state, unlocked })
    }

    /// Erases what was kept about holders who closed a day ago; gives of how many. One that cannot be read keeps no other waiting.
    ///
    /// # Errors
    /// When the database did not do it.
    pub async fn erase_due(&self) -> Result<u64> {
        let before = self.context.now().plus_seconds(-ERASED_AFTER_SECONDS);
        let due = {
            let mut tx = self.context.db.read().await?;
            holder::to_erase(&mut tx, before, BATCH).await?
        };
        let mut erased = 0;
        for resident in due {
            erased += u64::from(self.erase(resident, before).await?);
        }
        Ok(erased)
    }

    async fn erase(&self, resident: Uuid, before: Timestamp) -> Result<bool> {
        transaction!(self.context.db, "closure.erase", |tx| {
            // Whoever registers anew at this moment has a registration of their own, which stays.
            let Some(held) = holder::erase(&self.context, tx, resident, before).await? else { return Ok(false) };
            if let Some((registration_id, device)) = &held.phone {
                registrations::erase(tx, *registration_id).await?;
                recoveries::erase(tx, device).await?;
            }
            cards::erase(tx, resident).await?;
            walk_ins::erase(tx, resident).await?;
            helpers::erase(&self.context, tx, resident, self.context.now()).await?;
            contact::erase(tx, resident).await?;
            life::erase(tx, resident).await?;
            refresh::erase(tx, resident).await?;
            disputes::erase(tx, resident).await?;
            corrections::erase(tx, resident).await?;
            Ok(true)
        })
    }
}
