//! A passkey as the second thing that a person proves with.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::model::{ANSWER_SECONDS, Answer, Purpose, unavailable};
use crate::clock::Timestamp;
use crate::context::Context;
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::login::passkey::{Asked, Ceremonies, Judged};
use crate::staff::proof::{Prover, Spent};
use crate::staff::store::passkey::{self as store, Row};
use crate::transaction;
use crate::vault::Label;

/// Where what browsers are asked is sealed.
pub(in crate::staff) const QUESTION: &str = "staff_passkey_challenge";
/// Where passkeys are sealed.
pub(in crate::staff) const TABLE: &str = "staff_passkey";

/// What a browser is asked.
#[derive(Debug)]
pub struct Question {
    /// Its id, which the answer names.
    pub challenge_id: Uuid,
    /// What the page hands to `navigator.credentials`.
    pub options: Value,
}

/// What is sealed of a passkey.
#[derive(Serialize, Deserialize)]
pub(super) struct Sealed {
    /// Its name.
    pub label: String,
    /// Its public key.
    #[serde(with = "serde_bytes")]
    pub key: Vec<u8>,
}

/// What an answer was found to be. It counts once it is spent.
pub(in crate::staff) enum Found {
    Right(Used),
    CountedBack,
    Wrong,
}

/// What is written with a right answer.
pub(in crate::staff) struct Used {
    challenge_id: Uuid,
    purpose: Purpose,
    index: Vec<u8>,
    sign_count: i64,
}

impl Used {
    /// Uses the question up, in the transaction of what was proven for: by a person who has the password that was compared with, and the
    /// passkey still.
    pub(in crate::staff) async fn spend(
        &self,
        tx: &mut Tx,
        (person, password_hash): (Uuid, &str),
        now: Timestamp,
    ) -> Result<Spent> {
        // The account first: whoever adds, removes, or gives other secrets waits for it.
        let held = store::hold(tx, person, password_hash, now).await?.happened();
        if !held || !store::answer(tx, self.challenge_id, (person, self.purpose), now).await?.happened() {
            return Ok(Spent::No);
        }
        if store::note_use(tx, (&self.index, person), self.sign_count, now).await?.happened() {
            return Ok(Spent::Yes);
        }
        Ok(if store::has(tx, &self.index, person).await? { Spent::CountedBack } else { Spent::No })
    }
}

impl Prover {
    /// What passkeys are bound to.
    ///
    /// # Errors
    /// `wrong_state` where the service's address is a number.
    pub(in crate::staff) fn ceremonies(&self) -> Result<&Ceremonies> {
        Ok(self.passkeys.as_ref().ok_or_else(unavailable)?)
    }

    /// Asks for a signature of one of a person's passkeys; none who has none.
    pub(in crate::staff) async fn ask(&self, person: Uuid, purpose: Purpose) -> Result<Option<Question>> {
        let mut reader = self.context.db.read().await?;
        let held = keys_of(&self.context, &mut reader, person).await?;
        drop(reader);
        if held.is_empty() {
            return Ok(None);
        }
        let asked = self.ceremonies()?.ask_proof(&self.context.random, &held)?;
        let question = transaction!(self.context.db, "staff.ask_passkey", |tx| {
            // A page asks once at a time. Of log-ins there may be several: a stranger with the password ends nobody's.
            if purpose != Purpose::LogIn {
                store::forget_asked_for(tx, person, purpose).await?;
            }
            keep(&self.context, tx, (person, purpose), &asked).await
        })?;
        Ok(Some(question))
    }

    /// Judges an answer of a person.
    pub(in crate::staff) async fn judge(
        &self,
        (person, purpose): (Uuid, Purpose),
        answer: &Answer,
        now: Timestamp,
    ) -> Result<Found> {
        let Some(state) = asked(&self.context, (person, purpose), answer.challenge_id, now).await? else {
            return Ok(Found::Wrong);
        };
        Ok(match self.ceremonies()?.judge(person, &state, &answer.credential) {
            Judged::Wrong => Found::Wrong,
            Judged::CountedBack => Found::CountedBack,
            Judged::Right { credential_id, sign_count } => Found::Right(Used {
                challenge_id: answer.challenge_id,
                purpose,
                index: index_of(&self.context, &credential_id),
                sign_count,
            }),
        })
    }
}

/// Keeps what a browser is asked, sealed, until it is answered.
pub(super) async fn keep(
    context: &Context,
    tx: &mut Tx,
    (person, purpose): (Uuid, Purpose),
    asked: &Asked,
) -> Result<Question> {
    let now = context.now();
    let challenge_id = context.random.uuid_v7(now);
    let sealed = context.vault.seal_bytes(&context.random, QUESTION, challenge_id, &asked.state)?;
    store::ask(tx, challenge_id, (person, purpose), &sealed, now.plus_seconds(ANSWER_SECONDS)).await?;
    Ok(Question { challenge_id, options: asked.options.clone() })
}

/// What a person was asked, where that can still be answered.
pub(super) async fn asked(
    context: &Context,
    whose: (Uuid, Purpose),
    challenge_id: Uuid,
    now: Timestamp,
) -> Result<Option<Vec<u8>>> {
    let mut reader = context.db.read().await?;
    let Some(sealed) = store::asked(&mut reader, challenge_id, whose, now).await? else { return Ok(None) };
    Ok(Some(context.vault.open_bytes(QUESTION, challenge_id, &sealed)?))
}

/// The public keys of a person.
pub(super) async fn keys_of(context: &Context, tx: &mut Tx, person: Uuid) -> Result<Vec<Vec<u8>>> {
    let rows = store::of(tx, person).await?;
    rows.iter().map(|row| open(context, row).map(|opened| opened.key)).collect()
}

/// What is sealed of a passkey.
pub(super) fn open(context: &Context, row: &Row) -> Result<Sealed> {
    context.vault.open_row(TABLE, row.passkey_id, &row.sealed).map_err(Error::from)
}

/// A keyed digest of the id that an authenticator gave.
pub(super) fn index_of(context: &Context, credential_id: &[u8]) -> Vec<u8> {
    context.vault.mac_index(Label::LoginSubject, &[b"passkey", credential_id]).to_vec()
}
