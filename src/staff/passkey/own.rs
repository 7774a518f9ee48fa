//! One's own passkeys: what they are, another one, one less.

use uuid::Uuid;

use super::factor::{Question, Sealed, TABLE, asked, index_of, keep, keys_of, open};
use super::model::{Answer, MOST, Purpose, check_label, is_required};
use crate::audit::{self, Action, Event, Outcome};
use crate::clock::Timestamp;
use crate::context::Context;
use crate::db::DbError;
use crate::error::{Code, Error, Refusal, Result};
use crate::login::passkey::Owner;
use crate::staff::notice::{self, PASSKEY_ADDED, PASSKEY_REMOVED};
use crate::staff::own_password::Present;
use crate::staff::proof::{Proof, Proven, Prover, Spent, Try};
use crate::staff::sessions::{Sessions, StaffSession, digest};
use crate::staff::stops;
use crate::staff::store::passkey::{self as store, Row};
use crate::staff::store::session;
use crate::stop_log::Kind;
use crate::transaction;

/// A passkey as its owner sees it.
#[derive(Clone, Debug)]
pub struct OwnPasskey {
    /// Its id.
    pub passkey_id: Uuid,
    /// Its name.
    pub label: String,
    /// When it was added.
    pub added_at: Timestamp,
    /// When it was used last.
    pub used_at: Option<Timestamp>,
}

/// Own passkeys of one realm. Cloning shares everything.
#[derive(Clone)]
pub struct OwnPasskeys {
    context: Context,
    audit: audit::Service,
    prover: Prover,
    sessions: Sessions,
}

impl OwnPasskeys {
    /// Over the shared tables.
    pub fn new(context: Context, prover: Prover, sessions: Sessions) -> Self {
        Self { audit: audit::Service::new(context.clone()), context, prover, sessions }
    }

    /// Whether there can be any: not where the service's address is a number.
    pub const fn are_possible(&self) -> bool {
        self.prover.passkeys.is_some()
    }

    /// Whether somebody has to have one.
    pub fn are_required(&self, session: &StaffSession) -> bool {
        is_required(&self.context.config.staff.require_passkey, session.roles())
    }

    /// The own passkeys, the oldest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn list(&self, person: Uuid) -> Result<Vec<OwnPasskey>> {
        let mut tx = self.context.db.read().await?;
        let own = |row: Row| {
            let label = open(&self.context, &row)?.label;
            Ok(OwnPasskey { passkey_id: row.passkey_id, label, added_at: row.added_at, used_at: row.used_at })
        };
        store::of(&mut tx, person).await?.into_iter().map(own).collect()
    }

    /// Asks for a signature that proves who one is, for what is done to the own account.
    ///
    /// # Errors
    /// `not_found` for who has no passkey.
    pub async fn ask_proof(&self, session: &StaffSession) -> Result<Question> {
        let question = self.prover.ask(session.person.staff_id, Purpose::Act).await?;
        Ok(question.ok_or(Code::NotFound)?)
    }

    /// Asks for a new passkey, with a proof of who one is.
    ///
    /// # Errors
    /// `login_failed` whatever was wrong, `too_many`; `wrong_state` where there are enough, or can be none.
    pub async fn ask_new(&self, session: &StaffSession, present: Present<'_>) -> Result<Question> {
        let person = &session.person;
        let ceremonies = self.prover.ceremonies()?;
        let mut reader = self.context.db.read().await?;
        let held = keys_of(&self.context, &mut reader, person.staff_id).await?;
        drop(reader);
        if i64::try_from(held.len()).unwrap_or(MOST) >= MOST {
            return Err(enough().into());
        }
        let owner = Owner { id: person.staff_id, username: &person.username, full_name: &person.full_name };
        let asked = ceremonies.ask_new(&self.context.random, owner, &held)?;
        let event = person.event(Action::PasskeyAdded, person.staff_id);
        let now = self.context.now();
        let (counted, proven) = self.prove(session, present, now).await?;
        let question = transaction!(self.context.db, "staff.ask_new_passkey", |tx| {
            let spent = proven.spend(tx, now).await?;
            if spent != Spent::Yes {
                Proven::note(&self.audit, tx, event, spent).await?;
                return Ok(Err(spent));
            }
            counted.forget_failures(tx).await?;
            store::forget_asked_for(tx, person.staff_id, Purpose::Add).await?;
            keep(&self.context, tx, (person.staff_id, Purpose::Add), &asked).await.map(Ok)
        })?;
        question.map_err(|spent| proven.refusal(spent))
    }

    /// Adds the passkey that answers such a question.
    ///
    /// # Errors
    /// `invalid_field` for an unusable name, and for an answer that is not right, too late, or of a key that an account has;
    /// `wrong_state` where there are enough.
    pub async fn add(
        &self,
        (session, token): (&StaffSession, &str),
        label: &str,
        answer: &Answer,
    ) -> Result<OwnPasskey> {
        let (person, now) = (&session.person, self.context.now());
        let label = check_label(label)?;
        let whose = (person.staff_id, Purpose::Add);
        let event = person.event(Action::PasskeyAdded, person.staff_id);
        let made = match asked(&self.context, whose, answer.challenge_id, now).await? {
            Some(state) => self.prover.ceremonies()?.take_new(&state, &answer.credential)?,
            None => None,
        };
        let Some(made) = made else { return Err(self.refuse(event, answer.challenge_id, not_taken()).await?.into()) };
        let passkey_id = self.context.random.uuid_v7(now);
        let kept = Sealed { label: label.clone(), key: made.key.to_vec() };
        let row = Row {
            passkey_id,
            staff_id: person.staff_id,
            credential_index: index_of(&self.context, &made.credential_id),
            sealed: self.context.vault.seal_row(&self.context.random, TABLE, passkey_id, &kept)?,
            sign_count: made.sign_count,
            added_at: now,
            used_at: None,
        };
        let added = transaction!(self.context.db, "staff.add_passkey", |tx| {
            store::gain(tx, person.staff_id).await?.or(enough())?;
            store::answer(tx, answer.challenge_id, whose, now).await?.or(not_taken())?;
            store::add(tx, &row).await.map_err(taken)?;
            // This session alone: one that a stranger opened with a code goes on having to prove more.
            session::has_passkey(tx, &digest(token), person.staff_id).await?.or(Code::SessionEnded)?;
            notice::tell(tx, &self.context, PASSKEY_ADDED, person.staff_id, now).await?;
            self.audit.record(tx, event, Outcome::Done).await
        });
        match added {
            Ok(()) => {}
            Err(Error::Refused(refusal)) => {
                return Err(self.refuse(event, answer.challenge_id, *refusal).await?.into());
            }
            Err(error) => return Err(error),
        }
        Ok(OwnPasskey { passkey_id, label, added_at: now, used_at: None })
    }

    /// Notes that an answer was refused; the question that it answered is used up all the same.
    async fn refuse(&self, event: Event, challenge: Uuid, refusal: Refusal) -> Result<Refusal> {
        let (whose, now) = ((event.subject_id, Purpose::Add), self.context.now());
        transaction!(self.context.db, "staff.refuse_passkey", |tx| {
            store::answer(tx, challenge, whose, now).await?.either_way();
            self.audit.refused_in(tx, event, refusal.code).await
        })?;
        Ok(refusal)
    }

    /// Removes one, with a proof of who one is.
    ///
    /// # Errors
    /// `login_failed` whatever was wrong, `too_many`; `not_found`; `wrong_state` for the last one of who has to have one.
    pub async fn remove(&self, session: &StaffSession, id: Uuid, present: Present<'_>) -> Result<()> {
        let (person, now) = (&session.person, self.context.now());
        let least = i64::from(self.are_required(session));
        let event = person.event(Action::PasskeyRemoved, person.staff_id);
        if self.list(person.staff_id).await?.iter().all(|own| own.passkey_id != id) {
            return Err(Code::NotFound.into());
        }
        let (counted, proven) = self.prove(session, present, now).await?;
        transaction!(self.context.db, "staff.remove_passkey", |tx| {
            let spent = proven.spend(tx, now).await?;
            if spent != Spent::Yes {
                Proven::note(&self.audit, tx, event, spent).await?;
                return Ok(Err(proven.refusal(spent)));
            }
            counted.forget_failures(tx).await?;
            if !store::lose(tx, person.staff_id, least).await?.happened() {
                self.audit.refused_in(tx, event, Code::WrongState).await?;
                // Given as a value: the answer that proved it is used up.
                return Ok(Err(last_one().into()));
            }
            store::remove(tx, id, person.staff_id).await?.or(Code::NotFound)?;
            stops::note(&self.context, tx, Kind::StaffSecrets, person.staff_id).await?;
            notice::tell(tx, &self.context, PASSKEY_REMOVED, person.staff_id, now).await?;
            self.audit.record(tx, event, Outcome::Done).await.map(Ok)
        })?
    }

    async fn prove(&self, session: &StaffSession, present: Present<'_>, now: Timestamp) -> Result<(Try, Proven)> {
        let account = self.sessions.account(session.person.staff_id).await?;
        let place = self.prover.own_turn().await?;
        let counted = self.prover.begin_own(&[session.person.staff_id.as_bytes(), b"password"], place).await?;
        let Present { password, second } = present;
        let proof = Proof { account: Some(account), password, second, purpose: Purpose::Act };
        let proven = self.prover.prove(&counted, proof, now).await?;
        Ok((counted, proven))
    }
}

fn enough() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Anda sudah punya lima kunci sandi; hapus salah satu dahulu.",
        "You have five passkeys already; remove one first.",
    )
}

fn last_one() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Peran Anda memerlukan kunci sandi: tambahkan yang baru dahulu, lalu hapus yang ini.",
        "Your role needs a passkey: add another one first, then remove this one.",
    )
}

fn not_taken() -> Refusal {
    Refusal::field(
        "credential",
        "Kunci sandi ini tidak dapat dipakai, atau terlambat lebih dari lima menit. Coba lagi dari awal.",
        "This passkey cannot be used, or came later than five minutes. Try again from the beginning.",
    )
}

fn taken(error: DbError) -> Error {
    match error {
        DbError::Unique => not_taken().into(),
        other => other.into(),
    }
}
