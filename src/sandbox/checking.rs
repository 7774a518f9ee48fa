//! Answering questions in the sandbox: what is judged, by which rules and in which order is that of [`verification`](crate::verification).

use std::sync::Arc;

use uuid::Uuid;

use super::allowance::{self, Allowance};
use super::model::{CHECK_SECONDS, HOLDER_SECONDS, KEY_LISTED_SECONDS};
use super::people::{self, Outcome, Person};
use super::store::check;
pub use super::store::check::CheckRow;
use super::store::{self, key};
use super::{Keys, TestKeys};
use crate::attribute::{Attribute, AttributeSet};
use crate::clock::{HOUR, Timestamp};
use crate::context::Context;
use crate::credential::signatures::all_good;
use crate::credential::verify::{self, Judged};
use crate::credential::{Body, KeyPurpose, Reason, SealedRecord, TokenKind, cose_receipt};
use crate::db::{DbError, Tx};
use crate::device;
use crate::disclosure::disclose;
use crate::error::{Code, Error, Refusal, Result};
use crate::register::Date;
use crate::relying_party::{Party, RelyingParties};
use crate::secret::Redacted;
use crate::transaction;
use crate::vault::Label;
use crate::verification::code::PresentationCode;
use crate::verification::code::model::{MOST_OF_PARTY, WINDOW_SECONDS};
use crate::verification::model::{
    ATTRIBUTES_AGAIN_SECONDS, Answer, Content, Medium, Portrait, Presented, Question, Receipt, Verdict,
};
use crate::verification::receipt::{self, Statement};
use crate::verification::service::ACCEPTED;
use crate::verification::signed::SignedBatch;
use crate::window::{Counted, Window};

/// Wrong codes of a party: as many as outside.
const WRONG_CODES: Window = Window { kind: "sandbox_code", seconds: WINDOW_SECONDS, most: MOST_OF_PARTY };
/// Questions about whoever is undetermined at first, by their keys.
const FIRST_TRIES: Window = Window { kind: "sandbox_try", seconds: HOUR, most: i64::MAX };
/// Checks that the page shows.
const SHOWN_CHECKS: i64 = 20;

/// The sandbox. Cloning shares it.
#[derive(Clone)]
pub struct Sandbox {
    pub(super) context: Context,
    pub(super) keys: Keys,
    pub(super) test_keys: TestKeys,
    pub(super) allowance: Allowance,
    pub(super) issued: device::Issuer,
}

/// What was shown, as far as it can be told without a database.
struct Shown {
    /// What was sealed, where it is genuine.
    record: Option<SealedRecord>,
    /// What is wrong with it.
    reason: Option<Reason>,
}

impl Shown {
    const fn nothing(reason: Reason) -> Self {
        Self { record: None, reason: Some(reason) }
    }

    /// As `verification` has it: what works once is a phone's.
    fn medium(&self) -> Medium {
        match self.record {
            Some(SealedRecord { kind: TokenKind::Card, .. }) => Medium::PrintedCard,
            _ => Medium::Phone,
        }
    }

    fn single_use(&self) -> bool {
        self.record.is_some_and(|record| record.kind == TokenKind::Presentation)
    }
}

impl Sandbox {
    /// Over the shared tables.
    ///
    /// # Errors
    /// Never in practice: the current root always has keys.
    pub fn new(context: Context, parties: &RelyingParties) -> Result<Self> {
        let keys = Keys::new(&context)?;
        let test_keys = TestKeys::new(context.clone(), parties.clone());
        Ok(Self { keys, test_keys, allowance: Allowance::new(), issued: device::Issuer::default(), context })
    }

    /// What it signs and seals with.
    pub const fn keys(&self) -> &Keys {
        &self.keys
    }

    /// The keys that open it.
    pub const fn test_keys(&self) -> &TestKeys {
        &self.test_keys
    }

    /// The day in Jakarta.
    pub fn today(&self) -> Date {
        Date::in_jakarta(self.context.now())
    }

    /// Answers a question. Repeated with the same key it gives the same answer.
    ///
    /// # Errors
    /// `purpose_not_allowed`, `idempotency_mismatch`, `too_many`, `overloaded`; `undetermined` where the outcome is not known, and for
    /// whoever is to be so at first.
    pub async fn verify(&self, party: &Party, question: &Question) -> Result<Answer> {
        let now = self.context.now();
        if party.purpose(&question.purpose).is_none() {
            return Err(Code::PurposeNotAllowed.into());
        }
        let _turn = self.allowance.turn().await?;
        match self.answered(party, question, now).await {
            Err(fault @ (Error::Db(_) | Error::Away(_) | Error::Internal(_))) => {
                tracing::error!(error.cause = %fault, "a check of the sandbox could not be determined");
                Err(undetermined().into())
            }
            answered => answered,
        }
    }

    async fn answered(&self, party: &Party, question: &Question, now: Timestamp) -> Result<Answer> {
        let mut answer = match self.earlier(party, question, now).await? {
            Some(answer) => answer,
            None => self.ask(party, question, now).await?,
        };
        if answer.verdict == Verdict::Invalid(Reason::UnknownCode) {
            let mut tx = self.context.db.read().await?;
            let left = WRONG_CODES.remaining(&mut tx, &[party.relying_party_id.as_bytes()], now).await?;
            answer.tries_left = Some(left.uses);
        }
        Ok(answer)
    }

    /// Answers what was not asked under this key before.
    async fn ask(&self, party: &Party, question: &Question, now: Timestamp) -> Result<Answer> {
        let shown = match &question.shown {
            Presented::Token(token) => self.judge(token.expose(), now),
            Presented::Code(code) => match self.redeem(party, code, now).await? {
                Some(token) => self.judge(&token, now),
                None => Shown::nothing(Reason::UnknownCode),
            },
        };
        let decided = transaction!(self.context.db, "sandbox.check", |tx| {
            self.decide(tx, party, question, &shown, now).await
        });
        match decided {
            Ok(Some((row, content))) => Ok(answer(row, Some(content))),
            Ok(None) => Err(undetermined().into()),
            // The same question came at the same time, and was faster.
            Err(Error::Db(DbError::Unique)) => {
                self.earlier(party, question, now).await?.ok_or(Error::Db(DbError::Contention))
            }
            Err(error) => Err(error),
        }
    }

    fn judge(&self, text: &str, now: Timestamp) -> Shown {
        match verify::judge(text, &ACCEPTED, self.keys.issuer_name(), &self.keys, self.keys.sealer(), now) {
            Ok(Judged::Unproven { record, signed }) if all_good(&[&signed]) == [true] => {
                Shown { record: Some(record), reason: None }
            }
            Ok(Judged::Unproven { .. }) => Shown::nothing(Reason::BadSignature),
            Ok(Judged::Untimely { record, reason }) => Shown { record: Some(record), reason: Some(reason) },
            Err(reason) => Shown::nothing(reason),
        }
    }

    /// The token that a code stands for. A wrong code is counted before it is compared; a right one is not.
    async fn redeem(&self, party: &Party, code: &PresentationCode, now: Timestamp) -> Result<Option<String>> {
        transaction!(self.context.db, "sandbox.guess_code", |tx| {
            let counted = WRONG_CODES.count(tx, &[party.relying_party_id.as_bytes()], now).await?;
            counted.or_refuse(Refusal::new(Code::TooMany))?;
            let found = self.token_of(tx, code).await?;
            if found.is_some() {
                tx.discard();
            }
            Ok(found)
        })
    }

    /// Spends and records; `None` where it is to be undetermined.
    async fn decide(
        &self,
        tx: &mut Tx,
        party: &Party,
        question: &Question,
        shown: &Shown,
        now: Timestamp,
    ) -> Result<Option<(CheckRow, Content)>> {
        allowance::count(tx, party.relying_party_id, now).await?;
        let person = match shown.record {
            Some(record) => store::person(tx, record.subject).await?.as_deref().and_then(people::find),
            None => None,
        };
        if person.is_some_and(|person| person.outcome() == Outcome::Undetermined) && shown.reason.is_none() {
            let asked = [party.relying_party_id.as_bytes() as &[u8], &question.key.0];
            if FIRST_TRIES.count(tx, &asked, now).await? == Counted::Use(1) {
                return Ok(None);
            }
        }
        let verdict = verdict(tx, shown, person, now).await?;
        let wanted = match (verdict, shown.record) {
            (Verdict::Valid, Some(record)) => AttributeSet::from_bits(record.attributes)
                .intersect(party.entitled)
                .intersect(question.attributes.unwrap_or(AttributeSet::FULL)),
            _ => AttributeSet::EMPTY,
        };
        let (content, disclosed) = content(person.filter(|_| verdict == Verdict::Valid), wanted, now);
        let row = self.draft(party, question, (verdict, shown), (person, &content, disclosed), now)?;
        check::add(tx, &row).await?;
        Ok(Some((row, content)))
    }

    fn draft(
        &self,
        party: &Party,
        question: &Question,
        (verdict, shown): (Verdict, &Shown),
        (person, content, disclosed): (Option<&Person>, &Content, AttributeSet),
        now: Timestamp,
    ) -> Result<CheckRow> {
        let (verification_id, salt) = (self.context.random.uuid_v7(now), self.context.random.bytes());
        let statement = Statement {
            verification_id,
            party,
            purpose: &question.purpose,
            verified_at: now,
            verdict,
            medium: shown.medium(),
            disclosed,
            content,
            salt: &salt,
            record: None,
        };
        let mut claims = receipt::claims(&statement, self.keys.issuer_name())?;
        // Whoever reads it without looking at who issued it sees it here.
        if let Body::Receipt(said) = &mut claims.body {
            said.push(("test".into(), true.into()));
        }
        let statement = cose_receipt::statement(&claims);
        // As outside, each signed alone: nothing here is many a second.
        let leaves = vec![cose_receipt::leaf(&statement)];
        let signed = SignedBatch::sign(leaves, self.keys.signer(KeyPurpose::Receipt))?;
        Ok(CheckRow {
            verification_id,
            relying_party_id: party.relying_party_id,
            idempotency_key: question.key.0.to_vec(),
            body_hash: self.body_hash(question).to_vec(),
            purpose: question.purpose.clone(),
            verified_at: now,
            verdict,
            person: person.map(|person| person.name().to_owned()),
            single_use: i64::from(shown.single_use()),
            disclosed,
            salt: salt.to_vec(),
            receipt: statement,
            proof: Some(signed.proof(0)),
        })
    }

    /// The hash by which a repeated question is recognised: keyed where it is about ten digits, which are quickly tried out.
    fn body_hash(&self, question: &Question) -> [u8; 32] {
        let hash = question.body_hash();
        match question.shown {
            Presented::Token(_) => hash,
            Presented::Code(_) => self.context.vault.mac_index(Label::SandboxCode, &[b"question", &hash]),
        }
    }

    /// The answer that the party was given under this key: with attributes for ten minutes, while they match the receipt.
    async fn earlier(&self, party: &Party, question: &Question, now: Timestamp) -> Result<Option<Answer>> {
        let mut tx = self.context.db.read().await?;
        let row = check::by_key(&mut tx, party.relying_party_id, &question.key.0).await?;
        drop(tx);
        let Some(row) = row else { return Ok(None) };
        if row.body_hash != self.body_hash(question) {
            return Err(Code::IdempotencyMismatch.into());
        }
        let fresh = now.seconds_since(row.verified_at) < ATTRIBUTES_AGAIN_SECONDS;
        let again = match row.verdict {
            Verdict::Invalid(_) => Some(Content::default()),
            Verdict::Valid => row.person.as_deref().filter(|_| fresh).and_then(people::find).and_then(|person| {
                let (content, _) = content(Some(person), row.disclosed, row.verified_at);
                receipt::attests(&row.receipt, &row.salt, &content).then_some(content)
            }),
        };
        Ok(Some(Answer { is_repeated: true, ..answer(row, again) }))
    }

    /// A party's own record of a check in the sandbox, without attributes.
    ///
    /// # Errors
    /// `not_found`, also for another party's.
    pub async fn lookup(&self, party: &Party, verification_id: Uuid) -> Result<Answer> {
        let _turn = self.allowance.turn().await?;
        let mut tx = self.context.db.read().await?;
        let row = check::by_id(&mut tx, party.relying_party_id, verification_id).await?;
        row.map(|row| answer(row, None)).ok_or_else(|| Code::NotFound.into())
    }

    /// What the last checks of a party answered, newest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn last(&self, party: &Arc<Party>) -> Result<Vec<CheckRow>> {
        let mut tx = self.context.db.read().await?;
        Ok(check::last(&mut tx, party.relying_party_id, SHOWN_CHECKS).await?)
    }

    /// Deletes what is over; gives how many rows.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn sweep(&self) -> Result<u64> {
        let now = self.context.now();
        transaction!(self.context.db, "sandbox.sweep", |tx| {
            let checks = check::forget(tx, now.plus_seconds(-CHECK_SECONDS)).await?;
            let keys = key::forget(tx, now.plus_seconds(-KEY_LISTED_SECONDS)).await?;
            Ok(checks + keys + store::forget(tx, now.plus_seconds(-HOLDER_SECONDS), now).await?)
        })
    }
}

/// Whether what was shown counts. What works once is used up by it: of two that come together, one.
async fn verdict(tx: &mut Tx, shown: &Shown, person: Option<&Person>, now: Timestamp) -> Result<Verdict> {
    if let Some(reason) = shown.reason {
        return Ok(Verdict::Invalid(reason));
    }
    let record = shown.record.ok_or_else(|| Error::internal("a genuine token has no record"))?;
    let today = Date::in_jakarta(now);
    let active = person.is_some_and(|person| person.reason(today) != Some(Reason::HolderNotActive));
    if !active {
        return Ok(Verdict::Invalid(Reason::HolderNotActive));
    }
    if shown.single_use() && !store::spend(tx, record.subject, record.issued).await?.happened() {
        return Ok(Verdict::Invalid(Reason::AlreadyUsed));
    }
    Ok(Verdict::Valid)
}

/// The values of `wanted` of an invented person, and which of them there are.
fn content(person: Option<&Person>, wanted: AttributeSet, at: Timestamp) -> (Content, AttributeSet) {
    let today = Date::in_jakarta(at);
    let Some((person, record)) = person.and_then(|person| Some((person, person.record(today)?))) else {
        return (Content::default(), AttributeSet::EMPTY);
    };
    let jpeg = person.portrait().filter(|_| wanted.contains(Attribute::Portrait));
    let portrait = jpeg.map(|jpeg| Portrait(Redacted(jpeg.to_vec())));
    let disclosed = if portrait.is_some() { wanted } else { wanted.without(Attribute::Portrait) };
    (Content { attributes: disclose(&record, disclosed, today), portrait }, disclosed)
}

fn answer(row: CheckRow, content: Option<Content>) -> Answer {
    Answer {
        verification_id: row.verification_id,
        verdict: row.verdict,
        purpose: row.purpose,
        verified_at: row.verified_at,
        single_use: row.single_use != 0,
        medium: receipt::medium(&row.receipt),
        disclosed: row.disclosed,
        content,
        receipt: Receipt::of(row.receipt, row.proof.is_some(), row.proof),
        salt: row.salt,
        tries_left: None,
        is_repeated: false,
    }
}

fn undetermined() -> Refusal {
    Refusal::new(Code::Undetermined).retry_after(2)
}
