//! Answering a relying party's question: one check, and the same answer for every repetition.

use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use super::batch::Spending;
use super::code::service::Redeemed;
use super::code::{Codes, Guesser, PresentationCode};
use super::draft::{Drafts, PendingCheck, QuestionRecord, Subject};
use super::model::{ATTRIBUTES_AGAIN_SECONDS, Answer, Content, HistoryItem, Presented, Question, Verdict};
use super::pipeline::{Outcome, Pipeline};
use super::quota::{self, RepeatRow};
use super::receipt;
use super::store::{self, CheckRow, RefusalRow};
use crate::attribute::{Attribute, AttributeSet};
use crate::audit::{self, Action, Actor, Event, GENERAL};
use crate::batcher::overloaded;
use crate::clock::{DAY, HOUR, Timestamp};
use crate::context::Context;
use crate::credential::verify::{self, Unverified};
use crate::credential::{Reason, SealedRecord, TokenKind, TokenSealer};
use crate::db::{DbError, Tx};
use crate::error::{Code, Error, Refusal, Result};
use crate::fair::{Budget, whose_share};
use crate::holder;
use crate::keyring::Keyring;
use crate::page::{self, Page};
use crate::relying_party::{Party, ports};
use crate::window::{Counted, OFFLINE_CHECKS, Window};

/// Kinds that can be shown to a relying party.
const ACCEPTED: [TokenKind; 3] = [TokenKind::Presentation, TokenKind::Offline, TokenKind::Card];
/// Tries of one question when transactions collide.
const TRIES: u32 = 6;

/// Days that a refusal which names no holder stays in its party's log.
const REFUSAL_DAYS: i64 = 30;
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
    /// Places for checks: one client may hold as many as are still free.
    places: Budget,
    drafts: Drafts,
    pipeline: Pipeline,
}

impl Service {
    /// A verifier over these keys. On the server it starts the tasks that read and commit for all callers, so it needs tokio's
    /// runtime.
    pub fn new(context: Context, keyring: Keyring) -> Self {
        let places = Budget::new(context.config.limits.verifications.max(1));
        let sealer = TokenSealer::new(context.vault.clone());
        let drafts = Drafts::new(&context, keyring.clone());
        let (pipeline, codes) = (Pipeline::start(&context, drafts.clone()), Codes::new(context.clone()));
        Self { context, keyring, sealer, codes, places, drafts, pipeline }
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
        let mut tx = self.context.db.write().await?;
        let repeats = quota::forget_repeats(&mut tx, now.plus_seconds(-REPEAT_DAYS * DAY), SWEEP_BATCH).await?;
        let refusals = quota::forget_refusals(&mut tx, now.plus_seconds(-REFUSAL_DAYS * DAY), SWEEP_BATCH).await?;
        tx.commit().await?;
        Ok(repeats + refusals + self.codes.sweep().await?)
    }

    /// Answers a question. Repeated with the same key it gives the same answer.
    ///
    /// # Errors
    /// `purpose_not_allowed`, `idempotency_mismatch`, `overloaded`; `too_many` after too many wrong codes, and for what would
    /// be refused when the party's refusals have filled the hour; `undetermined` whenever the outcome is not known: then
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
        if party.purpose(&question.purpose).is_none() {
            return Err(Box::pin(self.denied(party)).await);
        }
        let mut place = self.places.portion(whose_share());
        if !place.grow(1) {
            return Err(overloaded());
        }
        let mut tries = 1;
        let answer = loop {
            match self.answer(party, employee, question).await {
                Err(Error::Db(DbError::Contention | DbError::Unique)) if tries < TRIES => {
                    let pause = self.context.random.below(1 << (tries + 2));
                    tokio::time::sleep(Duration::from_millis(pause)).await;
                    tries += 1;
                }
                Ok(answer) => break answer,
                Err(refused @ Error::Refused(_)) => return Err(refused),
                Err(fault) => {
                    tracing::error!(error.cause = %fault, "a verification could not be determined");
                    metrics::counter!("ikd_verifications_total", "result" => "undetermined", "reason" => "")
                        .increment(1);
                    return Err(Refusal::new(Code::Undetermined).retry_after(2).into());
                }
            }
        };
        let (result, reason) = (answer.verdict.result(), answer.verdict.reason());
        metrics::counter!("ikd_verifications_total", "result" => result, "reason" => reason).increment(1);
        Ok(answer)
    }

    /// A party's own record of a check, without attributes.
    ///
    /// # Errors
    /// `not_found`, also for another party's.
    pub async fn lookup(&self, party: &Party, verification_id: Uuid) -> Result<Answer> {
        let mut tx = self.context.db.read().await?;
        if let Some(row) = store::by_id(&mut tx, verification_id, party.relying_party_id).await? {
            return Ok(answer_of_check(row, None));
        }
        let row = store::refusal_by_id(&mut tx, verification_id, party.relying_party_id).await?;
        row.map(|row| answer_of_refusal(row, None)).ok_or_else(|| Code::NotFound.into())
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
        Ok(Page::new(rows, limit, |row| row.verification_id).map(|row| {
            let label = labels.get(&row.relying_party_id).cloned().unwrap_or_default();
            HistoryItem {
                verification_id: row.verification_id,
                relying_party: label.name.clone(),
                verified_at: row.verified_at,
                purpose: label.purpose(row.purpose),
                verdict: Verdict::from_row(&row.result, &row.reason),
                disclosed: mask(row.disclosed),
                repeats: row.repeats,
                receipt: row.receipt,
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
        let mut answer = match self.answered(party, question, used_for, now).await? {
            Some(answer) => answer,
            None => match self.codes.redeem(code, guesser, &question.key, now).await? {
                Redeemed::Token(token) => return self.answer_token(party, question, token.expose(), now).await,
                Redeemed::Nothing => self.record_unknown(party, question, Reason::UnknownCode, now).await?,
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
        let token = match self.read(token).await {
            Ok(token) => token,
            Err(reason) => return Box::pin(self.refuse_unknown(party, question, reason, now)).await,
        };
        // If nothing else is wrong with the token, the pipeline checks its signature in a batch.
        let (token, record, signed) = match token.defer(&self.sealer, now) {
            Ok(opened) => opened,
            Err(token) => {
                let opened = token.verify().and_then(|token| token.unseal(&self.sealer).map(|record| (token, record)));
                let (token, record) = match opened {
                    Ok(opened) => opened,
                    Err(reason) => return Box::pin(self.refuse_unknown(party, question, reason, now)).await,
                };
                let subject = Subject { record, single_use: token.kind == TokenKind::Presentation };
                return Box::pin(self.refuse(party, question, subject, token.judge_time(now).err(), now)).await;
            }
        };
        let subject = Subject { record, single_use: token.kind == TokenKind::Presentation };
        let chosen = AttributeSet::from_bits(record.attributes);
        let wanted = chosen.intersect(party.entitled).intersect(question.attributes.unwrap_or(AttributeSet::FULL));
        let case = PendingCheck { signed, party: Arc::clone(party), asked: self.asked(question), subject, wanted, now };
        match self.pipeline.check(case).await? {
            Outcome::Recorded(row, content) => Ok(answer_of_check(*row, Some(content))),
            Outcome::Undecided(spending, content) => {
                Box::pin(self.decide_alone(party, question, subject, *spending, content, now)).await
            }
            Outcome::Refused | Outcome::Nobody => Box::pin(self.refuse(party, question, subject, None, now)).await,
            Outcome::BadSignature => Box::pin(self.refuse_unknown(party, question, Reason::BadSignature, now)).await,
        }
    }

    /// Spends and records in a transaction of its own: tokens that are not spent, and batches in which a key was used
    /// before.
    async fn decide_alone(
        &self,
        party: &Party,
        question: &Question,
        subject: Subject,
        Spending { row, .. }: Spending,
        content: Content,
        now: Timestamp,
    ) -> Result<Answer> {
        let record = subject.record;
        let mut tx = self.context.db.write().await?;
        if !subject.single_use {
            let counted = self.count_offline(&mut tx, &row, now).await?;
            // A key that was used before gets its own answer, whatever the count is. It is looked up on this
            // connection: waiting for a second one while holding the counter's row could deadlock with connections that
            // wait for that row.
            if counted != Counted::Use(1)
                && let Some(row) = earlier_row(&mut tx, party, question, record.subject).await?
            {
                tx.rollback().await?;
                return self.again(row, question, now).await;
            }
            counted.or_refuse(too_many_checks())?;
        }
        let good = if subject.single_use {
            holder::ports::spend(&mut tx, record.subject, record.generation, record.issued).await?.happened()
        } else {
            holder::ports::is_active(&mut tx, record.subject, record.generation).await?
        };
        if !good {
            tx.rollback().await?;
            return self.refuse(party, question, subject, None, now).await;
        }
        if !subject.single_use
            && let Some(first) = store::repeat_offline(&mut tx, &row, now.plus_seconds(-OFFLINE_CHECKS.seconds)).await?
        {
            quota::keep(&mut tx, &RepeatRow::of(row, first.verification_id, now)).await?;
            tx.commit().await?;
            return Ok(answer_of_check(first, Some(content)));
        }
        match store::add(&mut tx, &row).await {
            Ok(()) => {
                tx.commit().await?;
                Ok(answer_of_check(row, Some(content)))
            }
            Err(DbError::Unique) => {
                // The key was used before. Undo the spending, then give that answer.
                tx.rollback().await?;
                self.earlier(party, question, subject.record.subject, now).await?.ok_or(Error::Db(DbError::Contention))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Counts a check of an offline QR by its party. The row is locked until the transaction ends, so of several
    /// simultaneous checks each finds the record of the one before.
    async fn count_offline(&self, tx: &mut Tx, row: &CheckRow, now: Timestamp) -> Result<Counted> {
        let issued = row.issued.micros().to_be_bytes();
        let subject: [&[u8]; 3] = [row.resident_id.as_bytes(), row.relying_party_id.as_bytes(), &issued];
        Ok(OFFLINE_CHECKS.count(tx, &subject, now).await?)
    }

    async fn read(&self, text: &str) -> Result<Unverified, Reason> {
        let issuer = &self.context.config.service.issuer;
        match verify::read(text, &ACCEPTED, issuer, &self.keyring) {
            Err(Reason::UnknownKey) if Box::pin(self.keyring.reload_for_unknown()).await => {
                verify::read(text, &ACCEPTED, issuer, &self.keyring)
            }
            other => other,
        }
    }

    /// The answer that this key was given before, if any.
    async fn earlier(
        &self,
        party: &Party,
        question: &Question,
        resident: Uuid,
        now: Timestamp,
    ) -> Result<Option<Answer>> {
        let mut tx = self.context.db.read().await?;
        let row = earlier_row(&mut tx, party, question, resident).await?;
        drop(tx);
        match row {
            Some(row) => self.again(row, question, now).await.map(Some),
            None => Ok(None),
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

    /// Repeats the recorded answer: with attributes for ten minutes, and only while they match the receipt.
    async fn again(&self, row: CheckRow, question: &Question, now: Timestamp) -> Result<Answer> {
        if row.body_hash != self.body_hash(question) {
            return Err(Code::IdempotencyMismatch.into());
        }
        if row.result != "valid" {
            return Ok(answer_of_check(row, Some(Content::default())));
        }
        let mut content = None;
        if now.seconds_since(row.verified_at) < ATTRIBUTES_AGAIN_SECONDS {
            let (resident, wanted) = (row.resident_id, mask(row.disclosed));
            if let Some(holder) = self.pipeline.read(resident, wanted.contains(Attribute::Portrait)).await? {
                let (found, _) = self.drafts.content(resident, &holder, wanted, row.verified_at)?;
                content = receipt::attests(&row.receipt, &row.salt, &found).then_some(found);
            }
        }
        Ok(answer_of_check(row, content))
    }

    /// Refuses a genuine token, unless this question was answered before. Without a `reason`, the credential's state
    /// gives it.
    async fn refuse(
        &self,
        party: &Party,
        question: &Question,
        subject: Subject,
        reason: Option<Reason>,
        now: Timestamp,
    ) -> Result<Answer> {
        if let Some(answer) = self.earlier(party, question, subject.record.subject, now).await? {
            return Ok(answer);
        }
        let reason = match reason {
            Some(reason) => reason,
            None => why_not(&mut self.context.db.read().await?, &subject.record).await?,
        };
        let nothing = Content::default();
        // Signed before the transaction begins: the key may be in a module that makes one wait.
        let draft = self.drafts.refusal(party, &question.purpose, reason, now).await?;
        let row = draft.into_row(party, self.asked(question), subject);
        let mut tx = self.context.db.write().await?;
        // `not_yet_valid` changes with time, so each question gets a row of its own, which the unique index finds when
        // the question is repeated.
        if reason != Reason::NotYetValid
            && let Some(first) = store::repeat_refusal(&mut tx, &row).await?
        {
            self.count(&mut tx, party, now).await?;
            quota::keep(&mut tx, &RepeatRow::of(row, first.verification_id, now)).await?;
            tx.commit().await?;
            return Ok(answer_of_check(first, Some(nothing)));
        }
        store::add(&mut tx, &row).await?;
        tx.commit().await?;
        Ok(answer_of_check(row, Some(nothing)))
    }

    /// What was answered under this key before: to the party's question about that holder, or about nobody.
    async fn answered(
        &self,
        party: &Party,
        question: &Question,
        resident: Option<Uuid>,
        now: Timestamp,
    ) -> Result<Option<Answer>> {
        let (id, key) = (party.relying_party_id, &question.key.0);
        if let Some(resident) = resident
            && let Some(answer) = self.earlier(party, question, resident, now).await?
        {
            return Ok(Some(answer));
        }
        let mut tx = self.context.db.read().await?;
        let Some(row) = store::refusal_by_key(&mut tx, id, key).await? else { return Ok(None) };
        if row.body_hash != self.body_hash(question) {
            return Err(Code::IdempotencyMismatch.into());
        }
        Ok(Some(answer_of_refusal(row, Some(Content::default()))))
    }

    /// Refuses something that names no holder.
    async fn refuse_unknown(
        &self,
        party: &Party,
        question: &Question,
        reason: Reason,
        now: Timestamp,
    ) -> Result<Answer> {
        // The signing key may have been revoked since this very question was answered.
        let resident = question.token().and_then(|token| verify::named_holder(token, &self.sealer));
        match self.answered(party, question, resident, now).await? {
            Some(answer) => Ok(answer),
            None => self.record_unknown(party, question, reason, now).await,
        }
    }

    async fn record_unknown(
        &self,
        party: &Party,
        question: &Question,
        reason: Reason,
        now: Timestamp,
    ) -> Result<Answer> {
        let (id, key, nothing) = (party.relying_party_id, &question.key.0, Content::default());
        let draft = self.drafts.refusal(party, &question.purpose, reason, now).await?;
        let row = RefusalRow {
            verification_id: draft.verification_id,
            relying_party_id: id,
            idempotency_key: key.to_vec(),
            body_hash: self.body_hash(question).to_vec(),
            purpose: question.purpose.clone(),
            verified_at: now,
            reason: reason.as_str().to_owned(),
            salt: draft.salt.to_vec(),
            receipt: draft.receipt,
        };
        let mut tx = self.context.db.write().await?;
        self.count(&mut tx, party, now).await?;
        store::add_refusal(&mut tx, &row).await?;
        tx.commit().await?;
        Ok(answer_of_refusal(row, Some(nothing)))
    }

    /// The hash by which a repeated question is recognised.
    fn body_hash(&self, question: &Question) -> [u8; 32] {
        let hash = question.body_hash();
        match question.shown {
            Presented::Token(_) => hash,
            Presented::Code(_) => self.codes.keyed(&hash),
        }
    }

    fn asked(&self, question: &Question) -> QuestionRecord {
        QuestionRecord {
            idempotency_key: question.key.0,
            body_hash: self.body_hash(question),
            purpose: question.purpose.clone(),
        }
    }
}

fn too_many_checks() -> Refusal {
    Refusal::new(Code::TooMany).detail(
        "QR luring ini sudah diperiksa terlalu sering; mintalah QR yang baru kepada pemegangnya.",
        "This offline QR was checked too often; ask the holder for a new one.",
    )
}

/// What was recorded under this key.
async fn earlier_row(tx: &mut Tx, party: &Party, question: &Question, resident: Uuid) -> Result<Option<CheckRow>> {
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
    let row = store::by_id(tx, kept.verification_id, kept.relying_party_id).await?;
    Ok(row.map(|row| CheckRow { body_hash: kept.body_hash, ..row }))
}

/// Why the guarded update touched no row.
async fn why_not(tx: &mut Tx, record: &SealedRecord) -> Result<Reason> {
    if holder::ports::is_active(tx, record.subject, record.generation).await? {
        Ok(Reason::AlreadyUsed)
    } else {
        Ok(Reason::HolderNotActive)
    }
}

fn mask(bits: i64) -> AttributeSet {
    AttributeSet::from_bits(u32::try_from(bits).unwrap_or(0))
}

fn answer_of_check(row: CheckRow, content: Option<Content>) -> Answer {
    Answer {
        verification_id: row.verification_id,
        verdict: Verdict::from_row(&row.result, &row.reason),
        purpose: row.purpose,
        verified_at: row.verified_at,
        single_use: row.single_use != 0,
        disclosed: mask(row.disclosed),
        content,
        receipt: row.receipt,
        salt: row.salt,
        tries_left: None,
    }
}

fn answer_of_refusal(row: RefusalRow, content: Option<Content>) -> Answer {
    Answer {
        verification_id: row.verification_id,
        verdict: Verdict::from_row("invalid", &row.reason),
        purpose: row.purpose,
        verified_at: row.verified_at,
        single_use: false,
        disclosed: AttributeSet::EMPTY,
        content,
        receipt: row.receipt,
        salt: row.salt,
        tries_left: None,
    }
}
