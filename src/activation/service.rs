//! The use cases of activation.

use uuid::Uuid;

use super::code::ActivationCode;
use super::model::{
    CODE_TRIES, CODES_A_DAY, CodeStatus, LIFE_IN_NEEDS_PIN_SECONDS, SELFIE_AFTER_ACTIVATION_SECONDS, day_of,
};
use super::ports::{self, Dispatch};
use super::store;
use crate::audit::{self, Action, Actor, Event, GENERAL, Outcome};
use crate::captcha;
use crate::clock::Timestamp;
use crate::context::Context;
use crate::db::{DbError, Tx};
use crate::device::{Challenge, PinPublicKey, Purpose, Thumbprint};
use crate::error::{Code, Error, Refusal, Result};
use crate::holder::ports as holder;
use crate::jobs::Wake;
use crate::mail::{MailKind, MailState, outbox};
use crate::registration::{self, Contact, State};
use crate::secret::Redacted;

/// How often entering a code looks again because something else happened to it at the same time.
const ENTER_TRIES: usize = 4;

/// Activation. Cloning shares it.
#[derive(Clone)]
pub struct Service {
    context: Context,
    mail: Wake,
}

/// What a device sends to set its PIN.
#[derive(Debug)]
pub struct Enrolment {
    /// Public half of the PIN key, base64url.
    pub pin_public_key: String,
    /// A challenge of this device.
    pub challenge: String,
    /// The PIN key's signature of it, base64url.
    pub signature: String,
}

/// How setting a PIN ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Enrolled {
    /// The digital KTP is active now.
    Now,
    /// The same request had succeeded before.
    Before,
}

impl Service {
    /// `mail` wakes the worker when there is something to send.
    pub const fn new(context: Context, mail: Wake) -> Self {
        Self { context, mail }
    }

    /// Checks an activation code. The try is counted in a transaction of its own before anything is compared, so
    /// neither parallel requests nor a crash give an extra try; the captcha is spent with it.
    ///
    /// # Errors
    /// `not_found` for another device, `wrong_state`, `code_expired`, `code_wrong`, and the captcha's refusals.
    pub async fn enter_code(
        &self,
        device: &Thumbprint,
        id: Uuid,
        code: &Redacted<String>,
        captcha: Option<&str>,
    ) -> Result<State> {
        let code = ActivationCode::parse(code.expose()).ok_or_else(|| {
            Refusal::field(
                "code",
                "Kode aktivasi terdiri dari 6 angka, seperti pada surel.",
                "The activation code has 6 digits, as in the e-mail.",
            )
        })?;
        let now = self.context.now();
        for _ in 0..ENTER_TRIES {
            let status = self.status(device, id).await?;
            if !status.waits_for_code(now) {
                return self.repeated(id, &status, code);
            }
            may_try(&status, now)?;
            let solved = captcha::verify(&self.context.vault, captcha, now)?;

            let mut tx = self.context.db.write().await?;
            captcha::service::spend(&mut tx, &solved).await?;
            let Some(tries) = store::count_try(&mut tx, id, status.generation, now).await? else {
                // Another request was faster: a try, a resend, a new address or the right code. Nothing was spent.
                tx.rollback().await?;
                continue;
            };
            tx.commit().await?;

            if ActivationCode::derive(&self.context.vault, id, status.generation)? != code {
                return Err(Refusal::new(Code::CodeWrong).tries_left(CODE_TRIES - tries).into());
            }
            let mut tx = self.context.db.write().await?;
            let ends = now.plus_seconds(LIFE_IN_NEEDS_PIN_SECONDS);
            if store::confirm(&mut tx, id, status.generation, now, ends).await?.happened() {
                tx.commit().await?;
                return Ok(State::NeedsPin);
            }
            tx.rollback().await?;
            return self.repeated(id, &self.status(device, id).await?, code);
        }
        Err(Error::Db(DbError::Contention))
    }

    /// The answer when the code was accepted before: the same request gets the same answer, anything else `wrong_state`.
    fn repeated(&self, id: Uuid, status: &CodeStatus, code: ActivationCode) -> Result<State> {
        let accepted = matches!(status.state, State::NeedsPin | State::Active);
        if accepted && ActivationCode::derive(&self.context.vault, id, status.generation)? == code {
            return Ok(status.state);
        }
        Err(Code::WrongState.into())
    }

    async fn status(&self, device: &Thumbprint, id: Uuid) -> Result<CodeStatus> {
        let mut tx = self.context.db.read().await?;
        store::lookup_for_device(&mut tx, id, device).await?.ok_or_else(|| Code::NotFound.into())
    }

    /// Sends the living code again, or a new one when it has expired or its tries are used up. While a mail still waits
    /// to be sent, this changes nothing. Gives how far that mail is, and when one that is held goes out.
    ///
    /// # Errors
    /// `not_found` for another device, `wrong_state`, `too_many`.
    pub async fn resend(&self, device: &Thumbprint, id: Uuid) -> Result<(MailState, Option<Timestamp>)> {
        let now = self.context.now();
        let mut tx = self.context.db.write().await?;
        let status = store::hold_for_device(&mut tx, id, device).await?.ok_or(Code::NotFound)?;
        if !status.waits_for_code(now) {
            return Err(Code::WrongState.into());
        }
        if status.lives(now) {
            match outbox::state(&mut tx, MailKind::ActivationCode, id, now).await? {
                Some((MailState::Queued, _)) => return Ok((MailState::Queued, None)),
                Some((MailState::Held, due)) => return Ok((MailState::Held, Some(due))),
                _ => {}
            }
        } else {
            let count = status.codes_today(now) + 1;
            if count > CODES_A_DAY {
                return Err(ports::too_many_codes(now).into());
            }
            outbox::supersede(&mut tx, MailKind::ActivationCode, id).await?;
            store::new_code(&mut tx, id, status.generation, day_of(now), count).await?.or(DbError::Contention)?;
        }
        let email_index = self.contact(&mut tx, id).await?.email_index;
        match ports::dispatch(&self.context, &mut tx, id, &email_index, now).await? {
            Dispatch::Queued => {
                tx.commit().await?;
                self.mail.wake();
                Ok((MailState::Queued, None))
            }
            // Rolled back: a new code that cannot be mailed would only void the old one.
            Dispatch::AllowanceUsedUp { until } => Err(Refusal::new(Code::TooMany)
                .detail(
                    "Alamat surel ini sudah menerima beberapa pesan; periksa kotak masuk dan folder spam, lalu minta lagi nanti.",
                    "This address has had several messages; look in the inbox and the spam folder, then ask again later.",
                )
                .retry_after(until.retry_after(now))
                .into()),
        }
    }

    async fn contact(&self, tx: &mut Tx, id: Uuid) -> Result<Contact> {
        registration::contact(&self.context, tx, id).await?.ok_or_else(|| Code::NotFound.into())
    }

    /// Sets the PIN and makes the digital KTP active, all in one transaction. Repeated by the same device with the same
    /// key it succeeds again.
    ///
    /// # Errors
    /// `not_found` for another device, `challenge_invalid`, `signature_invalid`, `wrong_state`, `already_active`.
    pub async fn enrol(&self, device: &Thumbprint, id: Uuid, enrolment: &Enrolment) -> Result<Enrolled> {
        let now = self.context.now();
        let status = self.status(device, id).await?;
        let key = PinPublicKey::parse(&enrolment.pin_public_key).ok_or_else(|| {
            Refusal::field(
                "pin_public_key",
                "Kunci publik PIN harus Ed25519, 32 bita, base64url tanpa padding.",
                "The PIN public key must be Ed25519, 32 bytes, base64url without padding.",
            )
        })?;
        if status.state == State::Active {
            return self.enrolled_before(device, id, key).await;
        }
        if status.state != State::NeedsPin || now >= status.registration_expires_at {
            return Err(Code::WrongState.into());
        }
        let challenge =
            Challenge::open(&self.context.vault, &enrolment.challenge, device, now).ok_or(Code::ChallengeInvalid)?;
        if !key.verifies(Purpose::Enrol, &challenge.bytes, device, &enrolment.signature) {
            return Err(Code::SignatureInvalid.into());
        }

        let mut tx = self.context.db.write().await?;
        if !store::activate(&mut tx, id, challenge.issued, now).await?.happened() {
            tx.rollback().await?;
            return match self.status(device, id).await?.state {
                State::Active => self.enrolled_before(device, id, key).await,
                State::NeedsPin => Err(Code::ChallengeInvalid.into()),
                _ => Err(Code::WrongState.into()),
            };
        }
        let contact = self.contact(&mut tx, id).await?;
        let resident_id =
            contact.resident_id.ok_or_else(|| Error::internal("an approved registration names no resident"))?;
        let new = holder::NewHolder {
            resident_id,
            registration_id: id,
            device: *device,
            pin_public_key: key,
            email: contact.email,
            language: contact.language,
        };
        holder::enrol(&self.context, &mut tx, &new, now).await?;
        let until = now.plus_seconds(SELFIE_AFTER_ACTIVATION_SECONDS);
        store::keep_selfie_until(&mut tx, id, until).await?;
        let chain = contact.office_id.unwrap_or(GENERAL);
        let event = Event { chain, actor: Actor::Resident(id), action: Action::Activation, subject_id: resident_id };
        audit::Service::new(self.context.clone()).record(&mut tx, event, Outcome::Done).await?;
        tx.commit().await?;
        Ok(Enrolled::Now)
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

fn may_try(status: &CodeStatus, now: Timestamp) -> Result<()> {
    if status.has_expired(now) {
        return Err(Code::CodeExpired.into());
    }
    if status.tries >= CODE_TRIES {
        let used_up = Refusal::new(Code::CodeExpired).tries_left(0).detail(
            "Kode ini sudah dicoba 5 kali; minta kode baru. Anda tidak perlu ke loket lagi.",
            "This code was tried 5 times; ask for a new one. No second visit is needed.",
        );
        return Err(used_up.into());
    }
    Ok(())
}
