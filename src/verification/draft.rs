//! Drafts of answers, records and receipts. They use no SQL and never wait: they run inside the stages of a check, on
//! any thread.

use std::sync::Arc;

use uuid::Uuid;

use super::batch::Spending;
use super::model::{Answer, Content, Medium, Portrait, Receipt, Verdict};
use super::receipt::{self, Recorded, SALT_LENGTH, Statement};
use super::signed::{BatchRow, SignedBatch};
use super::store::{CheckRow, RefusalRow};
use crate::attribute::{Attribute, AttributeSet};
use crate::clock::Timestamp;
use crate::config::Config;
use crate::context::Context;
use crate::credential::cose_receipt::{Hash, leaf, statement};
use crate::credential::signatures::Signed;
use crate::credential::{KeyPurpose, Reason, SealedRecord, TokenKind};
use crate::db::Shards;
use crate::disclosure::disclose;
use crate::error::Result;
use crate::holder::batch::SealedHolder;
use crate::keyring::Keyring;
use crate::random::Random;
use crate::register::{Date, RegisterRecord};
use crate::relying_party::Party;
use crate::secret::Redacted;
use crate::vault::Vault;

/// The holder whom a genuine token names.
#[derive(Clone, Copy)]
pub(super) struct Subject {
    pub(super) record: SealedRecord,
}

impl Subject {
    /// Whether it works once.
    pub(super) fn single_use(&self) -> bool {
        self.record.kind == TokenKind::Presentation
    }

    /// What it is on.
    pub(super) fn medium(&self) -> Medium {
        if self.record.kind == TokenKind::Card { Medium::PrintedCard } else { Medium::Phone }
    }
}

/// What a row keeps of a question.
pub(super) struct QuestionRecord {
    pub(super) idempotency_key: [u8; 16],
    pub(super) body_hash: [u8; 32],
    pub(super) purpose: String,
}

/// A question about a token with no fault so far, on its way through the pipeline.
pub(super) struct PendingCheck {
    /// The token's signature, which is yet to be checked.
    pub(super) signed: Signed,
    pub(super) party: Arc<Party>,
    pub(super) asked: QuestionRecord,
    pub(super) subject: Subject,
    /// The attributes to disclose, as far as they exist.
    pub(super) wanted: AttributeSet,
    pub(super) now: Timestamp,
}

impl PendingCheck {
    pub(super) const fn resident(&self) -> Uuid {
        self.subject.record.subject
    }

    pub(super) const fn wants_portrait(&self) -> bool {
        self.wanted.contains(Attribute::Portrait)
    }
}

/// What a row of either kind is made from.
pub(super) struct Draft {
    pub(super) verification_id: Uuid,
    pub(super) verdict: Verdict,
    pub(super) disclosed: AttributeSet,
    pub(super) salt: [u8; SALT_LENGTH],
    pub(super) statement: Vec<u8>,
    pub(super) verified_at: Timestamp,
}

impl Draft {
    /// The row of a check that names a holder.
    pub(super) fn into_row(self, party: &Party, asked: QuestionRecord, subject: Subject) -> CheckRow {
        CheckRow {
            verification_id: self.verification_id,
            resident_id: subject.record.subject,
            relying_party_id: party.relying_party_id,
            idempotency_key: asked.idempotency_key.to_vec(),
            body_hash: asked.body_hash.to_vec(),
            purpose: asked.purpose,
            verified_at: self.verified_at,
            issued: subject.record.issued,
            verdict: self.verdict,
            result: self.verdict.result().to_owned(),
            single_use: i64::from(subject.single_use()),
            disclosed: self.disclosed,
            repeats: 0,
            salt: self.salt.to_vec(),
            receipt: self.statement,
            batch_id: None,
            proof: None,
        }
    }
}

impl CheckRow {
    /// The answer that it records, with the values that go with it.
    pub(super) fn into_answer(mut self, content: Option<Content>) -> Answer {
        // What works once is shown by a phone: the common path reads no receipt.
        let medium = if self.single_use == 0 { receipt::medium(&self.receipt) } else { Medium::Phone };
        let receipt = self.take_receipt();
        Answer {
            verification_id: self.verification_id,
            verdict: self.verdict,
            purpose: self.purpose,
            verified_at: self.verified_at,
            single_use: self.single_use != 0,
            medium,
            disclosed: self.disclosed,
            content,
            receipt,
            salt: self.salt,
            tries_left: None,
            is_repeated: false,
        }
    }
}

impl RefusalRow {
    /// The answer that it records; `content` is empty, or none where only the record is asked for.
    pub(super) fn into_answer(self, content: Option<Content>) -> Answer {
        Answer {
            verification_id: self.verification_id,
            verdict: self.verdict,
            purpose: self.purpose,
            verified_at: self.verified_at,
            single_use: false,
            medium: Medium::Phone,
            disclosed: AttributeSet::EMPTY,
            content,
            receipt: Receipt::of(self.receipt, self.proof.is_some(), self.proof),
            salt: self.salt,
            tries_left: None,
            is_repeated: false,
        }
    }
}

/// Opens holders' data, drafts what checks state and signs that. Cloning shares the keys.
#[derive(Clone)]
pub(super) struct Drafts {
    vault: Vault,
    random: Random,
    config: Arc<Config>,
    keyring: Keyring,
    shards: Shards,
}

impl Drafts {
    pub(super) fn new(context: &Context, keyring: Keyring) -> Self {
        Self {
            vault: context.vault.clone(),
            random: context.random.clone(),
            config: Arc::clone(&context.config),
            keyring,
            shards: context.db.shards(),
        }
    }

    /// The values of `wanted`, and which of them there are.
    ///
    /// # Errors
    /// When the data cannot be opened.
    pub(super) fn content(
        &self,
        resident: Uuid,
        holder: &SealedHolder,
        wanted: AttributeSet,
        at: Timestamp,
    ) -> Result<(Content, AttributeSet)> {
        let record = holder.record(&self.vault, resident)?;
        self.content_of(&record, resident, holder, wanted, at)
    }

    fn content_of(
        &self,
        record: &RegisterRecord,
        resident: Uuid,
        holder: &SealedHolder,
        wanted: AttributeSet,
        at: Timestamp,
    ) -> Result<(Content, AttributeSet)> {
        let portrait = holder.portrait(&self.vault, resident)?.map(|jpeg| Portrait(Redacted(jpeg)));
        let disclosed = if portrait.is_some() { wanted } else { wanted.without(Attribute::Portrait) };
        let attributes = disclose(record, disclosed, Date::in_jakarta(at));
        Ok((Content { attributes, portrait }, disclosed))
    }

    /// What a row of either kind needs, and what it states, which is still to be signed.
    fn draft(
        &self,
        party: &Party,
        asked: &QuestionRecord,
        (verdict, subject): (Verdict, Option<Subject>),
        (content, disclosed): (&Content, AttributeSet),
        now: Timestamp,
    ) -> Result<Draft> {
        let (verification_id, salt) = (self.random.uuid_v7(now), self.random.bytes());
        let record = subject.map(|subject| {
            let recorded = Recorded {
                verification_id,
                resident_id: subject.record.subject,
                idempotency_key: &asked.idempotency_key,
                body_hash: &asked.body_hash,
                issued: subject.record.issued,
                single_use: subject.single_use(),
                salt: &salt,
            };
            recorded.digest(&self.vault)
        });
        let stated = Statement {
            verification_id,
            party,
            purpose: &asked.purpose,
            verified_at: now,
            verdict,
            medium: subject.map_or(Medium::Phone, |subject| subject.medium()),
            disclosed,
            content,
            salt: &salt,
            record,
        };
        let statement = statement(&receipt::claims(&stated, &self.config.service.issuer)?);
        Ok(Draft { verification_id, verdict, disclosed, salt, statement, verified_at: now })
    }

    /// A refusal, which is still to be signed.
    ///
    /// # Errors
    /// Never in practice: there is nothing to digest.
    pub(super) fn refusal(
        &self,
        party: &Party,
        asked: &QuestionRecord,
        (reason, subject): (Reason, Option<Subject>),
        now: Timestamp,
    ) -> Result<Draft> {
        let nothing = (&Content::default(), AttributeSet::EMPTY);
        self.draft(party, asked, (Verdict::Invalid(reason), subject), nothing, now)
    }

    /// Signs the statements with these leaves, once. Not to be called in a transaction: the receipt key may be in a module that makes one
    /// wait.
    ///
    /// # Errors
    /// When the receipt key cannot sign.
    pub(super) async fn sign(&self, leaves: Vec<Hash>) -> Result<SignedBatch> {
        let signed = self.keyring.with_signer(KeyPurpose::Receipt, move |signer| SignedBatch::sign(leaves, signer));
        Ok(signed.await?)
    }

    /// [`Drafts::sign`] for threads that may wait, or where [`Drafts::signing_blocks`] says that nobody does.
    ///
    /// # Errors
    /// When the receipt key cannot sign.
    pub(super) fn sign_here(&self, leaves: Vec<Hash>) -> Result<SignedBatch> {
        let signer = self.keyring.signer(KeyPurpose::Receipt)?;
        Ok(SignedBatch::sign(leaves, signer.as_ref())?)
    }

    /// Signs a check that is committed alone. Gives the row of its batch, which is to be committed with it. As [`Drafts::sign`].
    ///
    /// # Errors
    /// When the receipt key cannot sign.
    pub(super) async fn sign_alone(&self, row: &mut CheckRow) -> Result<BatchRow> {
        let signed = self.sign(vec![leaf(&row.receipt)]).await?;
        let batch_id = self.batch_id(row);
        (row.batch_id, row.proof) = (Some(batch_id), Some(signed.proof(0)));
        Ok(signed.row(batch_id, [Some(row.verification_id)]))
    }

    /// An id for a batch with this check: of the same shard, so that one server commits both.
    pub(super) fn batch_id(&self, row: &CheckRow) -> Uuid {
        let shard = self.shards.of(row.resident_id);
        loop {
            let id = self.random.uuid_v7_unordered(row.verified_at);
            if self.shards.of(id) == shard {
                return id;
            }
        }
    }

    /// Whether signing waits for something outside of this process, so that it belongs on a thread that may.
    pub(super) fn signing_blocks(&self) -> bool {
        self.keyring.signing_blocks(KeyPurpose::Receipt)
    }

    /// The valid answer to a question whose signature is good, and the row to write for it; `None` when the holder's permit to stay is
    /// over. The record says so at every check: nothing has to happen at midnight.
    ///
    /// # Errors
    /// As [`Drafts::content`].
    pub(super) fn good(&self, case: PendingCheck, holder: &SealedHolder) -> Result<Option<(Spending, Content)>> {
        let PendingCheck { party, asked, subject, wanted, now, .. } = case;
        let resident = subject.record.subject;
        let record = holder.record(&self.vault, resident)?;
        if record.permit_is_over(now) {
            return Ok(None);
        }
        let (content, disclosed) = self.content_of(&record, resident, holder, wanted, now)?;
        let draft = self.draft(&party, &asked, (Verdict::Valid, Some(subject)), (&content, disclosed), now)?;
        let leaf = leaf(&draft.statement);
        let row = draft.into_row(&party, asked, subject);
        Ok(Some((Spending { row, leaf, generation: subject.record.generation }, content)))
    }
}
