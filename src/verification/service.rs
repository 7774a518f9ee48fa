//! Answering a relying party's question: one check, and the same answer for every repetition.

use std::sync::Arc;

use uuid::Uuid;

use super::alone::Alone;
use super::code::service::Redeemed;
use super::code::{Codes, Guesser, PresentationCode};
use super::draft::{Drafts, PendingCheck, Subject};
use super::earlier::Earlier;
use super::model::{Answer, HistoryItem, Presented, Question, Verdict};
use super::pipeline::{Outcome, Pipeline};
use super::refusal::Refusals;
use super::{quota, store};
use crate::attribute::AttributeSet;
use crate::audit::{self, Action, Actor, Event, GENERAL};
use crate::batcher::overloaded;
use crate::clock::{DAY, Timestamp};
use crate::context::Context;
use crate::credential::verify::{self, Judged};
use crate::credential::{Reason, TokenKind, TokenSealer};
use crate::error::{Code, Error, Refusal, Result};
use crate::fair::{Pace, whose_share};
use crate::keyring::Keyring;
use crate::page::{self, Page};
use crate::relying_party::{Allowance, Party, Usage, ports};
use crate::retention::{Period, ports as retention};
use crate::transaction;

/// Kinds that can be shown to a relying party.
pub const ACCEPTED: [TokenKind; 3] = [TokenKind::Presentation, TokenKind::Offline, TokenKind::Card];

/// Days that the key of a repeated refusal is remembered; a client repeats within one (protocol §4).
const REPEAT_DAYS: i64 = 2;
/// Rows forgotten in one transaction.
const SWEEP_BATCH: i64 = 1_000;

/// The verifier. Cloning shares it.
#[derive(Clone)]
pub struct Service {
    context: Context,
    keyring: Keyring,
    sealer: TokenSealer,
    codes: Codes,
    /// Places for checks: as many as are answered in time, and for one client as many as are still free.
    places: Pace,
    pipeline: Pipeline,
    earlier: Earlier,
    refusals: Refusals,
    alone: Alone,
    usage: Usage,
    allowance: Allowance,
}

impl Service {
    /// A verifier over these keys. On the server it starts the tasks that read and commit for all callers, so it needs tokio's
    /// runtime.
    pub fn new(context: Context, keyring: Keyring) -> Self {
        let usage = Usage::new(context.clone());
        Self::counting(context, keyring, usage)
    }

    /// [`Service::new`] with what counts the questions of parties.
    pub fn counting(context: Context, keyring: Keyring, usage: Usage) -> Self {
        let places = Pace::new(context.config.limits.verifications.max(1));
        let sealer = TokenSealer::new(context.vault.clone());
        let drafts = Drafts::new(&context, keyring.clone());
        let (pipeline, codes) = (Pipeline::start(&context, &drafts), Codes::new(context.clone()));
        let earlier = Earlier::new(context.clone(), codes.clone(), drafts.clone(), pipeline.clone());
        let refusals = Refusals::new(context.clone(), sealer.clone(), drafts.clone(), earlier.clone());
        let alone = Alone::new(context.clone(), drafts, earlier.clone(), refusals.clone());
        let allowance = Allowance::new(context.clone());
        Self { context, keyring, sealer, codes, places, pipeline, earlier, refusals, alone, usage, allowance }
    }

    /// For a stop: returns when every check that is under way has been committed; later ones are `overloaded`.
    pub async fn drain(&self) {
        self.pipeline.drain().await;
    }

    /// Deletes expired rows of refusals and codes; gives how many.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn sweep(&self) -> Result<u64> {
        let now = self.context.now();
        let forgotten = transaction!(self.context.db, "verification.sweep", |tx| {
            let repeats = quota::forget_repeats(tx, now.plus_seconds(-REPEAT_DAYS * DAY), SWEEP_BATCH).await?;
            let kept_since = retention::kept_since(&self.context, tx, Period::Refusals, now).await?;
            let refusals = quota::forget_refusals(tx, kept_since, SWEEP_BATCH).await?;
            Ok(repeats + refusals)
        })?;
        Ok(forgotten + self.codes.sweep().await?)
    }

    /// Answers a question. Repeated with the same key it gives the same answer.
    ///
    /// # Errors
    /// `contract_not_in_force`, `purpose_not_allowed`, `idempotency_mismatch`, `overloaded`; `too_many` after too many wrong codes, and for what would
    /// be refused when the party's refusals have filled the hour; `quota_reached` beyond what its contract says; `undetermined` whenever the outcome is not known: then
    /// nothing is recorded, or what is recorded will be the answer to a repetition.
    pub async fn verify(&self, party: &Arc<Party>, question: &Question) -> Result<Answer> {
        self.verify_for(party, None, question).await
    }

    /// Records in the audit log that a party named a purpose that is not registered. Boxed by the caller, so that the
    /// common path does not carry this future.
    async fn denied(&self, party: &Party) -> Error {
        let id = party.relying_party_id;
        let actor = Actor::RelyingParty(id);
        let event = Event { chain: GENERAL, actor, action: Action::Verification, subject_id: id };
        match audit::Service::new(self.context.clone()).refused(event, Code::PurposeNotAllowed).await {
            Ok(()) => Code::PurposeNotAllowed.into(),
            Err(error) => error,
        }
    }

    /// Answers a question that an employee of the party put: wrong codes are counted for the employee too.
    ///
    /// # Errors
    /// As [`Service::verify`].
    pub async fn verify_for(&self, party: &Arc<Party>, employee: Option<Uuid>, question: &Question) -> Result<Answer> {
        let now = self.context.now();
        let answered = self.verify_in_force(party, employee, question, now).await;
        let outcome = match &answered {
            Ok(Answer { verdict: Verdict::Valid, .. }) => Verdict::Valid.result(),
            Ok(answer) => answer.verdict.reason(),
            Err(error) => error.code().unwrap_or(Code::Internal).as_str(),
        };
        self.usage.count(party.relying_party_id, outcome, now);
        answered
    }

    async fn verify_in_force(
        &self,
        party: &Arc<Party>,
        employee: Option<Uuid>,
        question: &Question,
        now: Timestamp,
    ) -> Result<Answer> {
        // The party may have been remembered for a moment: when its contract ends was remembered with it.
        party.require_contract(now)?;
        if party.purpose(&question.purpose).is_none() {
            return Err(Box::pin(self.denied(party)).await);
        }
        let Some(_place) = self.places.enter(whose_share()) else { return Err(overloaded()) };
        let answer = match self.within_quota(party, employee, question, now).await {
            Ok(answer) => answer,
            Err(refused @ Error::Refused(_)) => return Err(refused),
            Err(fault) => {
                tracing::error!(error.cause = %fault, "a verification could not be determined");
                metrics::counter!("ikd_verifications_total", "result" => "undetermined", "reason" => "").increment(1);
                return Err(Refusal::new(Code::Undetermined).retry_after(2).into());
            }
        };
        let (result, reason) = (answer.verdict.result(), answer.verdict.reason());
        metrics::counter!("ikd_verifications_total", "result" => result, "reason" => reason).increment(1);
        Ok(answer)
    }

    /// Answers what is within the party's quota, and what was answered before, which counts once.
    async fn within_quota(
        &self,
        party: &Arc<Party>,
        employee: Option<Uuid>,
        question: &Question,
        now: Timestamp,
    ) -> Result<Answer> {
        if !self.allowance.limits(party) {
            return self.answer(party, employee, question).await;
        }
        if let Err(full) = self.allowance.take(party, now).await {
            return match full.code() {
                Some(Code::QuotaReached) => Box::pin(self.answered_before(party, question, now)).await?.ok_or(full),
                _ => Err(full),
            };
        }
        let answered = self.answer(party, employee, question).await;
        // What was not answered does not count either: it comes again.
        if answered.as_ref().map_or(true, |answer| answer.is_repeated) {
            self.allowance.refund(party, now).await;
        }
        answered
    }

    /// The recorded answer to this question under its key, where there is one: nothing is judged anew.
    async fn answered_before(&self, party: &Party, question: &Question, now: Timestamp) -> Result<Option<Answer>> {
        let resident = match &question.shown {
            Presented::Code(_) => self.codes.used_for(party.relying_party_id, &question.key).await?,
            Presented::Token(token) => match self.judge(token.expose(), now).await {
                Ok(Judged::Unproven { record, .. } | Judged::Untimely { record, .. }) => Some(record.subject),
                Err(_) => None,
            },
        };
        self.earlier.any(party, question, resident, now).await
    }

    /// A party's own record of a check, without attributes.
    ///
    /// # Errors
    /// `not_found`, also for another party's.
    pub async fn lookup(&self, party: &Party, verification_id: Uuid) -> Result<Answer> {
        let mut tx = self.context.db.read().await?;
        if let Some(row) = store::by_id(&mut tx, verification_id, party.relying_party_id).await? {
            return Ok(row.into_answer(None));
        }
        let row = store::refusal_by_id(&mut tx, verification_id, party.relying_party_id).await?;
        row.map(|row| row.into_answer(None)).ok_or_else(|| Code::NotFound.into())
    }

    /// The checks of a holder, newest first: at most `limit` of them, from `cursor` on.
    ///
    /// # Errors
    /// `malformed_request` for a cursor that was not given out here.
    pub async fn history(&self, resident_id: Uuid, cursor: Option<&str>, limit: i64) -> Result<Page<HistoryItem>> {
        let before = page::after(cursor, Uuid::max())?;
        let limit = limit.clamp(1, page::MOST);
        let mut tx = self.context.db.read().await?;
        let rows = store::history(&mut tx, resident_id, before, limit + 1).await?;
        let labels = ports::labels(&mut tx, rows.iter().map(|row| row.relying_party_id)).await?;
        Ok(Page::new(rows, limit, |row| row.verification_id).map(|mut row| {
            let label = labels.get(&row.relying_party_id).cloned().unwrap_or_default();
            let receipt = row.take_receipt();
            HistoryItem {
                verification_id: row.verification_id,
                relying_party: label.name.clone(),
                verified_at: row.verified_at,
                purpose: label.purpose(row.purpose),
                verdict: row.verdict,
                disclosed: row.disclosed,
                repeats: row.repeats,
                receipt,
                salt: row.salt,
            }
        }))
    }

    async fn answer(&self, party: &Arc<Party>, employee: Option<Uuid>, question: &Question) -> Result<Answer> {
        let now = self.context.now();
        match &question.shown {
            Presented::Token(token) => self.answer_token(party, question, token.expose(), now).await,
            Presented::Code(code) => {
                let guesser = Guesser { relying_party_id: party.relying_party_id, employee_id: employee };
                // Boxed, so that the common path does not carry this future.
                Box::pin(self.answer_code(party, guesser, question, code, now)).await
            }
        }
    }

    /// A code is redeemed for its token, and then handled as if the QR had been scanned. An earlier answer is looked up
    /// first: a repetition does not count as a guess, and still works after the code was deleted.
    async fn answer_code(
        &self,
        party: &Arc<Party>,
        guesser: Guesser,
        question: &Question,
        code: &PresentationCode,
        now: Timestamp,
    ) -> Result<Answer> {
        let used_for = self.codes.used_for(party.relying_party_id, &question.key).await?;
        let mut answer = match self.earlier.any(party, question, used_for, now).await? {
            Some(answer) => answer,
            None => match self.codes.redeem(code, guesser, &question.key, now).await? {
                Redeemed::Token(token) => return self.answer_token(party, question, token.expose(), now).await,
                Redeemed::Nothing => self.refusals.record_unknown(party, question, Reason::UnknownCode, now).await?,
            },
        };
        if answer.verdict == Verdict::Invalid(Reason::UnknownCode) {
            answer.tries_left = Some(self.codes.left(guesser, now).await?);
        }
        Ok(answer)
    }

    /// Rare paths are boxed: a request's future is moved several times on its way through the layers, and the common
    /// path should not carry them.
    async fn answer_token(
        &self,
        party: &Arc<Party>,
        question: &Question,
        token: &str,
        now: Timestamp,
    ) -> Result<Answer> {
        let (subject, signed) = match self.judge(token, now).await {
            // The pipeline checks its signature in a batch.
            Ok(Judged::Unproven { record, signed }) => (Subject { record }, signed),
            Ok(Judged::Untimely { record, reason }) => {
                return Box::pin(self.refusals.genuine(party, question, Subject { record }, Some(reason), now)).await;
            }
            Err(reason) => return Box::pin(self.refusals.unknown(party, question, reason, now)).await,
        };
        let chosen = AttributeSet::from_bits(subject.record.attributes);
        let wanted = chosen.intersect(party.entitled).intersect(question.attributes.unwrap_or(AttributeSet::FULL));
        let case = PendingCheck {
            signed,
            party: Arc::clone(party),
            asked: self.earlier.record_of(question),
            subject,
            wanted,
            now,
        };
        match self.pipeline.check(case).await? {
            Outcome::Recorded(row, content, signed) => Ok(signed.proving(*row).into_answer(Some(content))),
            Outcome::Undecided(spending, content) => {
                Box::pin(self.alone.decide(party, question, subject, *spending, content, now)).await
            }
            Outcome::Earlier(row, content) => {
                Box::pin(self.earlier.again(party, *row, question, Some(content), now)).await
            }
            Outcome::Refused | Outcome::Nobody => {
                Box::pin(self.refusals.genuine(party, question, subject, None, now)).await
            }
            Outcome::Over => {
                let reason = Some(Reason::HolderNotActive);
                Box::pin(self.refusals.genuine(party, question, subject, reason, now)).await
            }
            Outcome::BadSignature => Box::pin(self.refusals.unknown(party, question, Reason::BadSignature, now)).await,
        }
    }

    async fn judge(&self, text: &str, now: Timestamp) -> Result<Judged, Reason> {
        let issuer = &self.context.config.service.issuer;
        match verify::judge(text, &ACCEPTED, issuer, &self.keyring, &self.sealer, now) {
            Err(Reason::UnknownKey) if Box::pin(self.keyring.reload_for_unknown()).await => {
                verify::judge(text, &ACCEPTED, issuer, &self.keyring, &self.sealer, now)
            }
            judged => judged,
        }
    }
}
