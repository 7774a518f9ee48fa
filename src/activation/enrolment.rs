//! Setting the PIN, which makes the digital KTP active.

use uuid::Uuid;

use crate::audit::{self, Action, Actor, Event, GENERAL, Outcome};
use crate::card::ports as cards;
use crate::context::Context;
use crate::device::{NewPinKey, PinPublicKey, Thumbprint};
use crate::error::{Code, Refusal, Result};
use crate::holder::ports as holder;
use crate::life::ports::{self as life, By};
use crate::refresh::Refresher;
use crate::register::{Found, Listener, PopulationRegister, Said, VitalStatus};
use crate::registration::{State, ports as registrations};
use crate::transaction;

/// Makes digital KTPs active. Cloning shares it.
#[derive(Clone)]
pub struct Enrolments {
    context: Context,
    register: PopulationRegister,
    refresher: Refresher,
    audit: audit::Service,
}

/// How setting a PIN ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Enrolled {
    /// The digital KTP is active now.
    Now,
    /// The same request had succeeded before.
    Before,
}

impl Enrolments {
    pub(super) fn new(context: Context, register: PopulationRegister) -> Self {
        let (audit, refresher) = (audit::Service::new(context.clone()), Refresher::new(context.clone()));
        Self { context, register, refresher, audit }
    }

    /// Sets the PIN and makes the digital KTP active, all in one transaction. Repeated by the same device with the same
    /// key it succeeds again. The challenge needs no memory: the registration is active once.
    ///
    /// # Errors
    /// `not_found` for another device, `challenge_invalid`, `signature_invalid`, `wrong_state` (also when the register says that the person
    /// has died since), `already_active`.
    pub async fn enrol(&self, device: &Thumbprint, id: Uuid, new: &NewPinKey) -> Result<Enrolled> {
        let now = self.context.now();
        let mut reader = self.context.db.read().await?;
        let registration = registrations::own(&mut reader, device, id).await?;
        drop(reader);
        let key = new.key()?;
        match registration.state() {
            State::Active => return self.enrolled_before(device, id, key).await,
            State::NeedsPin if registration.is_live(now) => {}
            _ => return Err(Code::WrongState.into()),
        }
        new.prove(key, &self.context.vault, device, now)?;
        let activated = transaction!(self.context.db, "activation.enrol", |tx| {
            let Some(activated) = registrations::activate(&self.context, tx, id, now).await? else {
                return Ok(false);
            };
            let resident_id = activated.resident_id;
            let said = self.register.last_word(tx, &activated.nik).await?;
            let said = said.filter(|said| said.resident_id == resident_id);
            if said.as_ref().is_some_and(|said| said.record.vital_status == VitalStatus::Deceased) {
                return Err(register_says_otherwise().into());
            }
            let enrolled = holder::NewHolder {
                resident_id,
                registration_id: id,
                device: *device,
                pin_public_key: key,
                email: activated.contact.email,
                language: activated.contact.language,
                nik: activated.nik,
            };
            holder::enrol(&self.context, tx, &enrolled, now).await?;
            let by = By { actor: Actor::Resident(resident_id), office_id: activated.office_id };
            life::activated(&self.context, tx, resident_id, now, by).await?;
            cards::activated_on_phone(&self.context, tx, resident_id, now).await?;
            if let Some(Found { record, portrait, .. }) = &said {
                // What changed since the approval, as if it changed now.
                let said = [Said { resident_id, record, portrait: portrait.as_deref() }];
                self.refresher.hear(tx, &said, now).await?;
            }
            let chain = activated.office_id.unwrap_or(GENERAL);
            let actor = Actor::Resident(id);
            let event = Event { chain, actor, action: Action::Activation, subject_id: resident_id };
            self.audit.record(tx, event, Outcome::Done).await?;
            Ok(true)
        })?;
        // What stood in the way may have been the same request.
        if activated { Ok(Enrolled::Now) } else { self.enrolled_before(device, id, key).await }
    }

    async fn enrolled_before(&self, device: &Thumbprint, id: Uuid, key: PinPublicKey) -> Result<Enrolled> {
        let mut tx = self.context.db.read().await?;
        if holder::is_enrolled(&self.context, &mut tx, id, device, key).await? {
            Ok(Enrolled::Before)
        } else {
            Err(Code::WrongState.into())
        }
    }
}

fn register_says_otherwise() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "KTP Digital tidak dapat diaktifkan menurut database kependudukan. Keliru? Datanglah ke loket Dukcapil dengan KTP-el.",
        "The population register does not allow this digital KTP. A mistake? Go to a Dukcapil counter with the KTP-el.",
    )
}
