//! Choosing secrets of one's own in the place of initial ones, which an operator made, typed or saw. Whoever logs in with those does
//! nothing else before.

use super::model::Initial;
use super::notice::{self, NEW_PASSWORD, NEW_SECRETS};
use super::proof::{Prover, TOTP_TABLE, Try};
use super::sessions::{Sessions, StaffSession, digest};
use super::stops;
use super::store::account::{self, Account};
use super::store::{invitation, passkey, session};
use crate::audit::{self, Action, Event, Outcome};
use crate::clock::Timestamp;
use crate::context::Context;
use crate::error::{Code, Error, Refusal, Result};
use crate::login::totp::{self, TotpSecret};
use crate::secret::Redacted;
use crate::stop_log::Kind;
use crate::transaction;
use crate::vault::Label;

/// What somebody has to choose.
#[derive(Debug)]
pub struct ToChoose {
    /// Whether a password.
    pub password: bool,
    /// The authenticator secret that they take over, where an operator saw the present one.
    pub totp: Option<TotpSecret>,
    /// Until when.
    pub until: Timestamp,
}

/// What somebody chose.
#[derive(Clone, Copy, Debug)]
pub struct Choice<'a> {
    /// The new password, where one is to be chosen.
    pub password: Option<&'a Redacted<String>>,
    /// What the new authenticator shows, where one is to be taken over.
    pub code: Option<&'a str>,
}

/// What takes the place of the authenticator secret, and the step of the code that was shown with it.
struct Taken {
    totp_sealed: Vec<u8>,
    step: Option<i64>,
}

/// Choices of own secrets. Cloning shares everything.
#[derive(Clone)]
pub struct OwnSecrets {
    context: Context,
    audit: audit::Service,
    prover: Prover,
    sessions: Sessions,
}

impl OwnSecrets {
    /// Over the shared tables.
    pub fn new(context: Context, prover: Prover, sessions: Sessions) -> Self {
        Self { audit: audit::Service::new(context.clone()), context, prover, sessions }
    }

    /// What is to be chosen.
    ///
    /// # Errors
    /// `wrong_state` for whoever has chosen.
    pub fn ask(&self, session: &StaffSession) -> Result<ToChoose> {
        let Initial { password, totp } = session.initial;
        let until = session.initial.until().ok_or_else(chosen)?;
        // Under a name that tells it from the one that an operator printed, and that the app keeps beside it.
        let name = format!("{} (sendiri)", session.person.username);
        let totp = totp.map(|_| TotpSecret::new(&self.secret(session), &name)).transpose()?;
        Ok(ToChoose { password: password.is_some(), totp, until })
    }

    /// Puts what was chosen in the place of the initial secrets. All other sessions end; this one goes on under a new value of the cookie,
    /// which is given.
    ///
    /// # Errors
    /// `invalid_field` for what is missing or not asked for, a weak or the same password, and a code that does not fit; `wrong_state` for
    /// whoever has chosen; `too_many`; `session_ended` when the secrets became others meanwhile, or are over.
    pub async fn choose(
        &self,
        (token, session): (&str, &StaffSession),
        choice: Choice<'_>,
    ) -> Result<Redacted<String>> {
        let now = self.context.now();
        let person = &session.person;
        let event = person.event(Action::SecretsChosen, person.staff_id);
        let account = self.sessions.account(person.staff_id).await?;
        require_all(account.initial(), choice)?;
        let Taken { totp_sealed, step } = self.take(session, &account, choice.code, now)?;
        let (password_hash, counted) = match choice.password {
            Some(new) => {
                let (hash, counted) = self.replace(session, &account, new, event).await?;
                (hash, Some(counted))
            }
            None => (account.password_hash.clone(), None),
        };
        let chosen = Account { password_hash, totp_sealed, ..account.clone() };
        let kind = if choice.password.is_some() { NEW_PASSWORD } else { NEW_SECRETS };
        let done = transaction!(self.context.db, "staff.choose_secrets", |tx| {
            account::choose(tx, (&account, &chosen), step, now).await?.or(Code::SessionEnded)?;
            passkey::forget_asked(tx, person.staff_id).await?;
            invitation::end_renewals(tx, person.staff_id, now).await?;
            stops::note(&self.context, tx, Kind::StaffSecrets, person.staff_id).await?;
            notice::tell(tx, &self.context, kind, person.staff_id, now).await?;
            session::end_others(tx, person.staff_id, &digest(token)).await?;
            let next = self.sessions.rotate(tx, token, &chosen).await?;
            if let Some(counted) = &counted {
                counted.forget_failures(tx).await?;
            }
            self.audit.record(tx, event, Outcome::Done).await?;
            Ok(next)
        });
        // Somebody else who knows the same chose first, or they were made anew meanwhile.
        if let Err(Error::Refused(refusal)) = &done {
            self.audit.refused(event, refusal.code).await?;
        }
        done
    }

    /// The authenticator secret that is taken over in a session: of this session alone, so that an operator who logged in before does not
    /// know it. It stands nowhere before it is taken over.
    fn secret(&self, session: &StaffSession) -> Vec<u8> {
        let began = session.began_at.micros().to_be_bytes();
        let parts: [&[u8]; 2] = [session.person.staff_id.as_bytes(), &began];
        totp::of_digest(self.context.vault.mac_now(Label::OwnAuthenticator, &parts).1)
    }

    fn take(&self, session: &StaffSession, account: &Account, code: Option<&str>, now: Timestamp) -> Result<Taken> {
        let Some(code) = code else { return Ok(Taken { totp_sealed: account.totp_sealed.clone(), step: None }) };
        let secret = self.secret(session);
        let step = totp::check(&secret, code, now)?.ok_or_else(wrong_code)?;
        let (random, id) = (&self.context.random, account.person.staff_id);
        let totp_sealed = self.context.vault.seal_bytes(random, TOTP_TABLE, id, &secret)?;
        Ok(Taken { totp_sealed, step: Some(step) })
    }

    /// The hash of a new password that is strong, and not the one that an operator knows.
    async fn replace(
        &self,
        session: &StaffSession,
        account: &Account,
        new: &Redacted<String>,
        event: Event,
    ) -> Result<(String, Try)> {
        let Prover { passwords, .. } = &self.prover;
        let person = &session.person;
        let place = self.prover.own_turn().await?;
        let words = session.workplace.words();
        let known = words.iter().copied().chain([person.username.as_str(), person.full_name.as_str()]);
        passwords.check_new(&place, known.map(str::to_owned).collect(), new.clone()).await?;
        // Counted: that it is the same would tell whoever has the cookie alone what the password is.
        let counted = self.prover.begin_own(&[person.staff_id.as_bytes(), b"password"], place).await?;
        if passwords.fits(&counted.place, new.clone(), Some(account.password_hash.clone())).await? {
            self.audit.refused(event, Code::InvalidField).await?;
            return Err(same().into());
        }
        let hash = passwords.hash(&counted.place, &self.context.random, new.clone()).await?;
        Ok((hash, counted))
    }
}

/// That exactly what has to be chosen was.
fn require_all(initial: Initial, choice: Choice<'_>) -> Result<()> {
    if !initial.is_any() {
        return Err(chosen().into());
    }
    match (initial.password.is_some(), choice.password.is_some(), initial.totp.is_some(), choice.code.is_some()) {
        (true, false, ..) => {
            Err(Refusal::field("new_password", "Pilih kata sandi Anda sendiri.", "Choose a password of your own.")
                .into())
        }
        (false, true, ..) => Err(Refusal::field(
            "new_password",
            "Kata sandi Anda sudah milik Anda sendiri; kosongkan.",
            "Your password is your own already; leave it out.",
        )
        .into()),
        (.., true, false) => Err(wrong_code().into()),
        (.., false, true) => Err(Refusal::field(
            "totp",
            "Autentikator Anda sudah milik Anda sendiri; kosongkan.",
            "Your authenticator is your own already; leave it out.",
        )
        .into()),
        _ => Ok(()),
    }
}

fn chosen() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Kata sandi dan autentikator akun ini sudah milik Anda sendiri. Untuk menggantinya, buka halaman akun.",
        "Password and authenticator of this account are your own already. To change them, open the account page.",
    )
}

fn same() -> Refusal {
    Refusal::field(
        "new_password",
        "Pilih kata sandi lain: yang ini diketahui orang yang membuatkannya.",
        "Choose another one: whoever made this password for you knows it.",
    )
}

fn wrong_code() -> Refusal {
    Refusal::field(
        "totp",
        "Kode tidak cocok. Pindai QR di halaman ini dengan aplikasi autentikator, ketik kode yang tampil sekarang, \
         dan pastikan jam ponsel Anda disetel otomatis.",
        "The code does not fit. Scan the QR of this page with the authenticator app, type the code it shows now, \
         and see that your phone sets its clock automatically.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_what_an_operator_knows_is_chosen_anew() {
        let until = Some(Timestamp::from_seconds(1));
        let new: Redacted<String> = String::from("x").into();
        for (password, totp) in [(until, until), (until, None), (None, until)] {
            for (gives_password, gives_code) in [(true, true), (true, false), (false, true), (false, false)] {
                let choice = Choice { password: gives_password.then_some(&new), code: gives_code.then_some("1") };
                let right = (gives_password, gives_code) == (password.is_some(), totp.is_some());
                let answer = require_all(Initial { password, totp }, choice);
                assert_eq!(answer.is_ok(), right, "{password:?} {totp:?} {choice:?}");
            }
        }
        let neither = Choice { password: None, code: None };
        let refused = require_all(Initial::default(), neither).unwrap_err();
        assert_eq!(refused.code(), Some(Code::WrongState));
    }
}
