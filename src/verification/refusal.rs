//! Refusing: genuine tokens, which leave a line in their holder's history, and texts that are none.

use super::draft::{Drafts, Subject};
use super::earlier::Earlier;
use super::model::{Answer, Content, Question, Verdict};
use super::proof;
use super::quota::{self, RepeatRow};
use super::store::{self, RefusalRow};
use crate::clock::{HOUR, Timestamp};
use crate::context::Context;
use crate::credential::cose_receipt::leaf;
use crate::credential::verify;
use crate::credential::{Reason, SealedRecord, TokenKind, TokenSealer};
use crate::db::{DbError, Tx};
use crate::error::{Code, Error, Refusal, Result};
use crate::relying_party::Party;
use crate::window::{Counted, Window};
use crate::{holder, transaction};

/// Records refusals, in bounded numbers. Cloning shares its sources.
#[derive(Clone)]
pub(super) struct Refusals {
    context: Context,
    sealer: TokenSealer,
    drafts: Drafts,
    earlier: Earlier,
}

impl Refusals {
    pub(super) const fn new(context: Context, sealer: TokenSealer, drafts: Drafts, earlier: Earlier) -> Self {
        Self { context, sealer, drafts, earlier }
    }

    /// Refuses a genuine token, unless this question was answered before. Without a `reason`, the credential's state
    /// gives it.
    ///
    /// # Errors
    /// `too_many` when the party's refusals have filled the hour; what the database or the signer said.
    pub(super) async fn genuine(
        &self,
        party: &Party,
        question: &Question,
        subject: Subject,
        reason: Option<Reason>,
        now: Timestamp,
    ) -> Result<Answer> {
        let resident = subject.record.subject;
        if let Some(answer) = self.earlier.about(party, question, resident, now).await? {
            return Ok(answer);
        }
        let reason = match reason {
            Some(reason) => reason,
            None => why_not(&mut self.context.db.read().await?, &subject.record).await?,
        };
        let asked = self.earlier.record_of(question);
        let draft = self.drafts.refusal(party, &asked, (reason, Some(subject)), now)?;
        let mut row = draft.into_row(party, asked, subject);
        // Signed before the transaction begins: the key may be in a module that makes one wait.
        let batch = self.drafts.sign_alone(&mut row).await?;
        let repeated = transaction!(self.context.db, "verification.refuse", |tx| {
            // `not_yet_valid` changes with time, so each question gets a row of its own, which the unique index finds when
            // the question is repeated.
            if reason != Reason::NotYetValid
                && let Some(first) = store::repeat_refusal(tx, &row).await?
            {
                self.count(tx, party, now).await?;
                quota::keep(tx, &RepeatRow::of(&row, first.verification_id, now)).await?;
                return Ok(Some(first));
            }
            store::add(tx, &row).await?;
            proof::add(tx, &batch).await?;
            Ok(None)
        });
        match repeated {
            Ok(first) => Ok(first.unwrap_or(row).into_answer(Some(Content::default()))),
            Err(Error::Db(DbError::Unique)) => self.earlier.faster(party, question, Some(resident), now).await,
            Err(error) => Err(error),
        }
    }

    /// Refuses something that names no holder, unless this question was answered before.
    ///
    /// # Errors
    /// As [`Refusals::genuine`].
    pub(super) async fn unknown(
        &self,
        party: &Party,
        question: &Question,
        reason: Reason,
        now: Timestamp,
    ) -> Result<Answer> {
        // The signing key may have been revoked since this very question was answered.
        let resident = question.token().and_then(|token| verify::named_holder(token, &self.sealer));
        match self.earlier.any(party, question, resident, now).await? {
            Some(answer) => Ok(answer),
            None => self.record_unknown(party, question, reason, now).await,
        }
    }

    /// Refuses something that names no holder and was not asked before.
    ///
    /// # Errors
    /// As [`Refusals::genuine`].
    pub(super) async fn record_unknown(
        &self,
        party: &Party,
        question: &Question,
        reason: Reason,
        now: Timestamp,
    ) -> Result<Answer> {
        let asked = self.earlier.record_of(question);
        let draft = self.drafts.refusal(party, &asked, (reason, None), now)?;
        // It is forgotten after a month, so no batch stands for it in the log: its row has the proof.
        let signed = self.drafts.sign(vec![leaf(&draft.statement)]).await?;
        let row = RefusalRow {
            verification_id: draft.verification_id,
            relying_party_id: party.relying_party_id,
            idempotency_key: asked.idempotency_key.to_vec(),
            body_hash: asked.body_hash.to_vec(),
            purpose: asked.purpose,
            verified_at: now,
            verdict: Verdict::Invalid(reason),
            salt: draft.salt.to_vec(),
            receipt: draft.statement,
            proof: Some(signed.proof(0)),
        };
        let recorded = transaction!(self.context.db, "verification.refuse_unknown", |tx| {
            self.count(tx, party, now).await?;
            Ok(store::add_refusal(tx, &row).await?)
        });
        match recorded {
            Ok(()) => Ok(row.into_answer(Some(Content::default()))),
            Err(Error::Db(DbError::Unique)) => self.earlier.faster(party, question, None, now).await,
            Err(error) => Err(error),
        }
    }

    /// Counts a row that a refusal leaves besides the holder's history.
    async fn count(&self, tx: &mut Tx, party: &Party, now: Timestamp) -> Result<()> {
        let most = self.context.config.limits.refusals_per_hour;
        let window = Window { kind: "refusal", seconds: HOUR, most };
        let counted = window.count(tx, &[party.relying_party_id.as_bytes()], now).await?;
        let Counted::Full { retry_after } = counted else { return Ok(()) };
        metrics::counter!("ikd_refusals_beyond_quota_total").increment(1);
        Err(Refusal::new(Code::TooMany)
            .detail(
                "Terlalu banyak QR tidak sah dari organisasi Anda dalam satu jam; periksa alat pindai dan aplikasinya.",
                "Too many QRs of your organisation were refused within an hour; look at its scanners and software.",
            )
            .retry_after(retry_after)
            .into())
    }
}

/// Why a token cannot be spent that is good in itself.
async fn why_not(tx: &mut Tx, record: &SealedRecord) -> Result<Reason> {
    // A printed card is never used up.
    if record.kind != TokenKind::Card && holder::ports::is_active(tx, record.subject, record.generation).await? {
        Ok(Reason::AlreadyUsed)
    } else {
        Ok(Reason::HolderNotActive)
    }
}
