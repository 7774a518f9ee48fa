//! Entering the activation code, and asking for it again.

use uuid::Uuid;

use crate::activation_code::model::{CODE_TRIES, IssuedCode, MailStatus};
use crate::activation_code::{ActivationCode, ports as codes};
use crate::captcha;
use crate::clock::Timestamp;
use crate::context::Context;
use crate::db::DbError;
use crate::device::Thumbprint;
use crate::error::{Code, Refusal, Result};
use crate::jobs::Wake;
use crate::registration::{State, ports as registrations};
use crate::secret::Redacted;
use crate::transaction;

/// What a device does with its activation code. Cloning shares it.
#[derive(Clone)]
pub struct CodeEntry {
    context: Context,
    mail: Wake,
}

impl CodeEntry {
    /// `mail` wakes the worker when there is something to send.
    pub const fn new(context: Context, mail: Wake) -> Self {
        Self { context, mail }
    }

    /// Checks an activation code. The try is counted in a transaction of its own before anything is compared, so
    /// neither parallel requests nor a crash give an extra try; the captcha is spent with it.
    ///
    /// # Errors
    /// `not_found` for another device, `wrong_state`, `code_expired`, `code_wrong`, and the captcha's refusals.
    pub async fn enter(
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
        // Read before anything is written: a flood of guesses at what takes none keeps no writer busy.
        match self.awaited(device, id, now).await? {
            Some(issued) => issued.require_living(now)?,
            None => return self.repeated(device, id, code).await,
        }
        let solved = captcha::verify(&self.context.vault, captcha, now)?;
        let counted = transaction!(self.context.db, "activation.count_try", |tx| {
            if !registrations::hold_code_sent(tx, id, now).await?.happened() {
                return Ok(None);
            }
            let issued = codes::lookup(tx, id).await?.ok_or(Code::WrongState)?;
            issued.require_living(now)?;
            captcha::service::spend(tx, &solved).await?;
            let tries = codes::count_try(tx, id, issued.generation, now).await?.ok_or(DbError::Contention)?;
            Ok(Some((issued.generation, tries)))
        })?;
        // Another request entered the right code, or the registration ended.
        let Some((generation, tries)) = counted else { return self.repeated(device, id, code).await };
        if ActivationCode::derive(&self.context.vault, id, generation)? != code {
            return Err(Refusal::new(Code::CodeWrong).tries_left(CODE_TRIES - tries).into());
        }
        let confirmed = transaction!(self.context.db, "activation.confirm_code", |tx| {
            registrations::confirm_code(tx, id, now).await?.demand()?;
            let present = codes::lookup(tx, id).await?.map(|code| code.generation);
            if present == Some(generation) { Ok(()) } else { Err(Code::WrongState.into()) }
        });
        match confirmed {
            Ok(()) => Ok(State::NeedsPin),
            Err(error) if error.code() == Some(Code::WrongState) => self.repeated(device, id, code).await,
            Err(error) => Err(error),
        }
    }

    /// The present code, if the registration waits for it.
    async fn awaited(&self, device: &Thumbprint, id: Uuid, now: Timestamp) -> Result<Option<IssuedCode>> {
        let mut tx = self.context.db.read().await?;
        if registrations::own(&mut tx, device, id).await?.waits_for_code(now) {
            Ok(codes::lookup(&mut tx, id).await?)
        } else {
            Ok(None)
        }
    }

    /// The answer when the code was accepted before: the same request gets the same answer, anything else `wrong_state`.
    async fn repeated(&self, device: &Thumbprint, id: Uuid, code: ActivationCode) -> Result<State> {
        let mut tx = self.context.db.read().await?;
        let state = registrations::own(&mut tx, device, id).await?.state();
        if matches!(state, State::NeedsPin | State::Active)
            && let Some(issued) = codes::lookup(&mut tx, id).await?
            && ActivationCode::derive(&self.context.vault, id, issued.generation)? == code
        {
            return Ok(state);
        }
        Err(Code::WrongState.into())
    }

    /// Sends the living code again, or a new one when it has expired or its tries are used up. While a mail still waits
    /// to be sent, this changes nothing. Gives how far that mail is, and when one that is held goes out.
    ///
    /// # Errors
    /// `not_found` for another device, `wrong_state`, `too_many`.
    pub async fn resend(&self, device: &Thumbprint, id: Uuid) -> Result<MailStatus> {
        let now = self.context.now();
        let status = transaction!(self.context.db, "activation.resend", |tx| {
            let held = registrations::hold_own(tx, id, device).await?.ok_or(Code::NotFound)?;
            if !held.waits_for_code(now) {
                return Err(Code::WrongState.into());
            }
            codes::resend(&self.context, tx, id, &held.email_index, now).await
        })?;
        self.mail.wake();
        Ok(status)
    }
}
