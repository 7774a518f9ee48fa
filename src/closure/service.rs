//! The use cases of a closure.

use uuid::Uuid;

use super::model::ERASED_AFTER_SECONDS;
use crate::audit::{self, Action, Actor, Event, GENERAL, Outcome};
use crate::card::ports as cards;
use crate::clock::Timestamp;
use crate::contact::ports as contact;
use crate::context::Context;
use crate::correction::ports as corrections;
use crate::device::Thumbprint;
use crate::dispute::ports as disputes;
use crate::error::{Code, Result};
use crate::holder::Reason;
use crate::holder::ports::{self as holder, Stopped};
use crate::life::blocks::Blocked;
use crate::life::ports::{self as life, By};
use crate::recovery::ports as recoveries;
use crate::refresh::ports as refresh;
use crate::registration::ports as registrations;
use crate::transaction;
use crate::wallet;
use crate::wallet::service::Session;

/// Holders whose data are erased in one round.
const BATCH: i64 = 50;

/// Closures. Cloning shares everything.
#[derive(Clone)]
pub struct Closures {
    context: Context,
    pub(super) wallet: wallet::Service,
    audit: audit::Service,
}

/// A digital KTP that its holder ended.
#[derive(Debug)]
pub struct Closed {
    /// Since when, and by which reference people speak of it.
    pub stopped: Blocked,
    /// When the data will have been erased.
    pub erased_by: Timestamp,
}

impl Closures {
    /// `wallet` asks for the PIN.
    pub fn new(context: Context, wallet: wallet::Service) -> Self {
        Self { audit: audit::Service::new(context.clone()), context, wallet }
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
        Ok(Closed { stopped, erased_by: now.plus_seconds(ERASED_AFTER_SECONDS) })
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
            contact::erase(tx, resident).await?;
            life::erase(tx, resident).await?;
            refresh::erase(tx, resident).await?;
            disputes::erase(tx, resident).await?;
            corrections::erase(tx, resident).await?;
            Ok(true)
        })
    }
}
