//! Changing the own password.

use super::notice::{self, NEW_PASSWORD};
use super::passkey::model::Purpose;
use super::proof::{Proof, Proven, Prover, Second, Spent};
use super::sessions::{Sessions, StaffSession, digest};
use super::stops;
use super::store::account::{self, Account};
use super::store::{invitation, passkey, session};
use crate::audit::{self, Action, Outcome};
use crate::context::Context;
use crate::error::{Code, Refusal, Result};
use crate::secret::Redacted;
use crate::stop_log::Kind;
use crate::transaction;

/// What a person proves with who changes something about the own account.
pub struct Present<'a> {
    /// The present password.
    pub password: Redacted<String>,
    /// What comes with it.
    pub second: Second<'a>,
}

/// Changes of own passwords. Cloning shares everything.
#[derive(Clone)]
pub struct OwnPassword {
    context: Context,
    audit: audit::Service,
    prover: Prover,
    sessions: Sessions,
}

impl OwnPassword {
    /// Over the shared tables.
    pub fn new(context: Context, prover: Prover, sessions: Sessions) -> Self {
        Self { audit: audit::Service::new(context.clone()), context, prover, sessions }
    }

    /// Replaces the own password, with the present one and an authenticator code or a passkey. All other sessions end; this one goes on
    /// under a new value of the cookie, which is given.
    ///
    /// # Errors
    /// `login_failed` whatever was wrong, `too_many`, `invalid_field` for a weak new one, `session_ended`.
    pub async fn change(
        &self,
        (token, session): (&str, &StaffSession),
        present: Present<'_>,
        new: &Redacted<String>,
    ) -> Result<Redacted<String>> {
        let now = self.context.now();
        let person = &session.person;
        let account = self.sessions.account(person.staff_id).await?;
        if new.expose() == present.password.expose() {
            return Err(Refusal::field(
                "new_password",
                "Kata sandi baru harus berbeda dari yang lama.",
                "The new password has to differ from the present one.",
            )
            .into());
        }
        let place = self.prover.own_turn().await?;
        let event = person.event(Action::PasswordChanged, person.staff_id);
        let words = session.workplace.words();
        let known = words.iter().copied().chain([person.username.as_str(), person.full_name.as_str()]);
        let known = known.map(str::to_owned).collect();
        if let Err(error) = self.prover.passwords.check_new(&place, known, new.clone()).await {
            if let Some(code) = error.code() {
                self.audit.refused(event, code).await?;
            }
            return Err(error);
        }
        let counted = self.prover.begin_own(&[person.staff_id.as_bytes(), b"password"], place).await?;
        let hash = self.prover.passwords.hash(&counted.place, &self.context.random, new.clone()).await?;
        let Present { password, second } = present;
        let proof = Proof { account: Some(account.clone()), password, second, purpose: Purpose::Act };
        let proven = self.prover.prove(&counted, proof, now).await?;
        let changed = Account { password_hash: hash, ..account };
        let next = transaction!(self.context.db, "staff.change_password", |tx| {
            let spent = proven.spend(tx, now).await?;
            if spent != Spent::Yes {
                Proven::note(&self.audit, tx, event, spent).await?;
                return Ok(Err(spent));
            }
            // The step was spent under the condition that the person is active and the password still the one that was
            // compared with; that row is held until the commit.
            account::set_password(tx, person.staff_id, &changed.password_hash, None).await?.or(Code::LoginFailed)?;
            passkey::forget_asked(tx, person.staff_id).await?;
            // Whoever hears that strangers ordered a link to new secrets sets another password: then the link has to be worth nothing.
            invitation::end_renewals(tx, person.staff_id, now).await?;
            stops::note(&self.context, tx, Kind::StaffSecrets, person.staff_id).await?;
            notice::tell(tx, &self.context, NEW_PASSWORD, person.staff_id, now).await?;
            session::end_others(tx, person.staff_id, &digest(token)).await?;
            let next = self.sessions.rotate(tx, token, &changed).await?;
            counted.forget_failures(tx).await?;
            self.audit.record(tx, event, Outcome::Done).await?;
            Ok(Ok(next))
        })?;
        next.map_err(|spent| proven.refusal(spent))
    }
}
