//! What was answered before: a question that is repeated with its key gets the same answer.

use uuid::Uuid;

use super::code::Codes;
use super::draft::{Drafts, QuestionRecord};
use super::model::{ATTRIBUTES_AGAIN_SECONDS, Answer, Content, Presented, Question, Verdict};
use super::pipeline::Pipeline;
use super::quota::{self, RepeatRow};
use super::receipt;
use super::store::{self, CheckRow};
use crate::attribute::Attribute;
use crate::clock::Timestamp;
use crate::context::Context;
use crate::db::{DbError, Tx};
use crate::error::{Code, Error, Result};
use crate::relying_party::Party;

/// Looks earlier answers up. Cloning shares its sources.
#[derive(Clone)]
pub(super) struct Earlier {
    context: Context,
    codes: Codes,
    drafts: Drafts,
    pipeline: Pipeline,
}

impl Earlier {
    pub(super) const fn new(context: Context, codes: Codes, drafts: Drafts, pipeline: Pipeline) -> Self {
        Self { context, codes, drafts, pipeline }
    }

    /// What a row keeps of a question, to recognise it by.
    pub(super) fn record_of(&self, question: &Question) -> QuestionRecord {
        QuestionRecord {
            idempotency_key: question.key.0,
            body_hash: self.body_hash(question),
            purpose: question.purpose.clone(),
        }
    }

    /// The hash by which a repeated question is recognised.
    fn body_hash(&self, question: &Question) -> [u8; 32] {
        let hash = question.body_hash();
        match question.shown {
            Presented::Token(_) => hash,
            Presented::Code(_) => self.codes.keyed(&hash),
        }
    }

    /// The answer to the party's question about this holder under this key, if it was given one.
    ///
    /// # Errors
    /// `idempotency_mismatch` when the key stands for another question.
    pub(super) async fn about(
        &self,
        party: &Party,
        question: &Question,
        resident: Uuid,
        now: Timestamp,
    ) -> Result<Option<Answer>> {
        let mut tx = self.context.db.read().await?;
        let row = recorded(&mut tx, party, question, resident).await?;
        drop(tx);
        match row {
            Some(row) => self.again(party, row, question, None, now).await.map(Some),
            None => Ok(None),
        }
    }

    /// The answer to the party's question about that holder under this key, or about nobody.
    ///
    /// # Errors
    /// As [`Earlier::about`].
    pub(super) async fn any(
        &self,
        party: &Party,
        question: &Question,
        resident: Option<Uuid>,
        now: Timestamp,
    ) -> Result<Option<Answer>> {
        if let Some(resident) = resident
            && let Some(answer) = self.about(party, question, resident, now).await?
        {
            return Ok(Some(answer));
        }
        let mut tx = self.context.db.read().await?;
        let Some(row) = store::refusal_by_key(&mut tx, party.relying_party_id, &question.key.0).await? else {
            return Ok(None);
        };
        if row.body_hash != self.body_hash(question) {
            return Err(Code::IdempotencyMismatch.into());
        }
        Ok(Some(Answer { is_repeated: true, ..row.into_answer(Some(Content::default())) }))
    }

    /// The answer for which a unique index refused a row: the same question came at the same time, and was faster.
    ///
    /// # Errors
    /// As [`Earlier::about`]; contention when that answer is gone again.
    pub(super) async fn faster(
        &self,
        party: &Party,
        question: &Question,
        resident: Option<Uuid>,
        now: Timestamp,
    ) -> Result<Answer> {
        self.any(party, question, resident, now).await?.ok_or(Error::Db(DbError::Contention))
    }

    /// Repeats the recorded answer: with attributes for ten minutes, only while they match the receipt, and only while the party is entitled to
    /// all of them. What was `drafted` for the repetition saves reading the holder where it is what was shown then.
    ///
    /// # Errors
    /// `idempotency_mismatch` when it answered another question.
    pub(super) async fn again(
        &self,
        party: &Party,
        row: CheckRow,
        question: &Question,
        drafted: Option<Content>,
        now: Timestamp,
    ) -> Result<Answer> {
        if row.body_hash != self.body_hash(question) {
            return Err(Code::IdempotencyMismatch.into());
        }
        if row.verdict != Verdict::Valid {
            return Ok(Answer { is_repeated: true, ..row.into_answer(Some(Content::default())) });
        }
        let mut content = None;
        let is_entitled = row.disclosed.intersect(party.entitled) == row.disclosed;
        if is_entitled && now.seconds_since(row.verified_at) < ATTRIBUTES_AGAIN_SECONDS {
            let attested = |content: &Content| receipt::attests(&row.receipt, &row.salt, content);
            content = match drafted.filter(attested) {
                None => self.shown(&row).await?.filter(attested),
                drafted => drafted,
            };
        }
        Ok(Answer { is_repeated: true, ..row.into_answer(content) })
    }

    /// What the holder's data say today about what was shown then; `None` when there are none any more.
    async fn shown(&self, row: &CheckRow) -> Result<Option<Content>> {
        let (resident, wanted) = (row.resident_id, row.disclosed);
        let Some(holder) = self.pipeline.read(resident, wanted.contains(Attribute::Portrait)).await? else {
            return Ok(None);
        };
        let (found, _) = self.drafts.content(resident, &holder, wanted, row.verified_at)?;
        Ok(Some(found))
    }
}

/// What was recorded under this key about this holder: a check, or the check that a repetition was counted in.
pub(super) async fn recorded(
    tx: &mut Tx,
    party: &Party,
    question: &Question,
    resident: Uuid,
) -> Result<Option<CheckRow>> {
    let (id, key) = (party.relying_party_id, &question.key.0);
    if let Some(row) = store::by_key(tx, id, key, resident).await? {
        return Ok(Some(row));
    }
    match quota::kept(tx, id, key, resident).await? {
        Some(kept) => repeated(tx, kept).await,
        None => Ok(None),
    }
}

/// The check whose answer a repetition got, as if the repetition had been asked.
async fn repeated(tx: &mut Tx, kept: RepeatRow) -> Result<Option<CheckRow>> {
    let row = store::of_holder(tx, kept.verification_id, kept.relying_party_id, kept.resident_id).await?;
    Ok(row.map(|row| CheckRow { body_hash: kept.body_hash, ..row }))
}
