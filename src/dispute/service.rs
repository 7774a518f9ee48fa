//! The use cases of a dispute: the holder's, the relying party's, and what time does.

use std::collections::HashMap;

use uuid::Uuid;

use super::model::{Dispute, Ending, Finding, PartyAnswer, READ_DAYS, State, check_words, due};
use super::store;
use crate::audit::{self, Action, Actor, Event, GENERAL, Outcome};
use crate::clock::{DAY, Timestamp};
use crate::context::Context;
use crate::db::{DbError, Tx};
use crate::error::{Code, Refusal, Result};
use crate::life::EventKind;
use crate::life::ports::{self as life, By};
use crate::page::{self, Page};
use crate::relying_party::Purpose;
use crate::relying_party::ports as parties;
use crate::secret::Redacted;
use crate::transaction;
use crate::verification::ports as verifications;
use crate::wallet;
use crate::wallet::service::Session;
use crate::window::Window;

/// Disputes that a holder may open in a day: each is work for a relying party.
const OPENED: Window = Window { kind: "dispute", seconds: DAY, most: 5 };
/// What the words of an answer are sealed for.
pub(super) const WORDS: &str = "dispute";
/// Disputes taken further in one round.
const BATCH: i64 = 100;

/// Disputes. Cloning shares everything.
#[derive(Clone)]
pub struct Disputes {
    context: Context,
    pub(super) wallet: wallet::Service,
    audit: audit::Service,
}

/// A dispute with what people read of it.
#[derive(Debug)]
pub struct View {
    /// The dispute.
    pub dispute: Dispute,
    /// The relying party's name.
    pub relying_party: String,
    /// What the check was for.
    pub purpose: Purpose,
    /// The words of its answer.
    pub words: Option<Redacted<String>>,
}

impl Disputes {
    /// `wallet` knows whose session a request is of.
    pub fn new(context: Context, wallet: wallet::Service) -> Self {
        Self { audit: audit::Service::new(context.clone()), context, wallet }
    }

    /// The holder does not know a check of the own history. Said again it is the same dispute, also after it was taken back.
    ///
    /// # Errors
    /// `not_found` for what is no check of this holder, `too_many`.
    pub async fn open(&self, session: &Session, verification: Uuid) -> Result<View> {
        let (now, resident) = (self.context.now(), session.resident_id);
        let opened = transaction!(self.context.db, "dispute.open", |tx| {
            let found = store::of_check(tx, verification, resident).await?;
            if let Some(found) = &found
                && found.ending != Some(Ending::Withdrawn)
            {
                return Ok(found.clone());
            }
            let check = verifications::own(tx, resident, verification).await?.ok_or(Code::NotFound)?;
            OPENED.count(tx, &[resident.as_bytes()], now).await?.or_refuse(too_many())?;
            let is_there = parties::active(tx, check.relying_party_id).await?.is_some();
            let (state, asked_at) = if is_there { (State::AskedParty, Some(now)) } else { (State::Opened, None) };
            let opened = Dispute {
                dispute_id: found.as_ref().map_or_else(|| self.context.random.uuid_v7(now), |found| found.dispute_id),
                resident_id: resident,
                relying_party_id: check.relying_party_id,
                verification_id: verification,
                verified_at: check.verified_at,
                purpose: check.purpose,
                state,
                opened_at: now,
                due_at: due(now),
                asked_at,
                answer: None,
                ending: None,
            };
            // When another request was faster, the next try finds what it made.
            match found {
                Some(_) => store::reopen(tx, &opened).await?.or(DbError::Contention)?,
                None => store::add(tx, &opened).await.map_err(DbError::unique_as_contention)?,
            }
            self.tell(tx, resident, EventKind::CheckDisputed, By::holder(resident), now).await?;
            self.note(tx, Actor::Resident(resident), Action::CheckDisputed, opened.dispute_id).await?;
            Ok(opened)
        })?;
        self.view(opened).await
    }

    /// The disputes of a holder, newest first.
    ///
    /// # Errors
    /// `malformed_request` for a cursor that was not given out here.
    pub async fn of_holder(&self, resident: Uuid, cursor: Option<&str>, limit: i64) -> Result<Page<View>> {
        let before = page::after(cursor, Uuid::max())?;
        let limit = limit.clamp(1, page::MOST);
        let mut tx = self.context.db.read().await?;
        let rows = store::of_holder(&mut tx, resident, before, limit + 1).await?;
        self.page(&mut tx, rows, limit).await
    }

    /// What a relying party was asked, newest first.
    ///
    /// # Errors
    /// `malformed_request` for a cursor that was not given out here.
    pub async fn of_party(&self, party: Uuid, cursor: Option<&str>, limit: i64) -> Result<Page<View>> {
        let before = page::after(cursor, Uuid::max())?;
        let limit = limit.clamp(1, page::MOST);
        let mut tx = self.context.db.read().await?;
        let rows = store::of_party(&mut tx, party, before, limit + 1).await?;
        self.page(&mut tx, rows, limit).await
    }

    /// The holder puts it aside: takes it back, or has read the answer. Repeated it is a success.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn put_aside(&self, session: &Session, id: Uuid) -> Result<()> {
        let (now, resident) = (self.context.now(), session.resident_id);
        transaction!(self.context.db, "dispute.put_aside", |tx| {
            let found = store::lookup(tx, id).await?.filter(|found| found.resident_id == resident);
            let found = found.ok_or(Code::NotFound)?;
            match found.put_aside() {
                // Answered or closed since it was read: the next try sees that.
                Some(ending) => store::close(tx, &found, ending, now).await?.or(DbError::Contention),
                None => Ok(()),
            }
        })
    }

    /// The relying party answers. The same answer again is a success.
    ///
    /// # Errors
    /// `invalid_field`, `not_found` for another party's, `wrong_state` after another answer, a withdrawal or its time.
    pub async fn answer(&self, party: Uuid, id: Uuid, finding: Finding, words: &str) -> Result<View> {
        let words = check_words(words)?;
        let now = self.context.now();
        let answered = transaction!(self.context.db, "dispute.answer", |tx| {
            let mut found = of_party(store::lookup(tx, id).await?, party)?;
            if let Some(before) = &found.answer
                && before.finding == finding
                && *self.words(id, before)?.expose() == words
            {
                return Ok(found);
            }
            found.require_answerable(now)?;
            let words_sealed = self.context.vault.seal_bytes(&self.context.random, WORDS, id, words.as_bytes())?;
            let answer = PartyAnswer { finding, words_sealed, at: now };
            // Withdrawn, or answered by another system of the party, at this moment: the next try sees that.
            store::answer(tx, id, &answer).await?.or(DbError::Contention)?;
            let by = By { actor: Actor::RelyingParty(party), office_id: None };
            self.tell(tx, found.resident_id, EventKind::DisputeAnswered, by, now).await?;
            self.note(tx, by.actor, Action::DisputeAnswered, id).await?;
            (found.state, found.answer) = (State::Answered, Some(answer));
            Ok(found)
        })?;
        self.view(answered).await
    }

    /// Asks parties that can be asked by now, closes what nobody answered in time, and what was answered long ago; gives how many.
    ///
    /// # Errors
    /// When the database did not do it.
    pub async fn sweep(&self) -> Result<u64> {
        let now = self.context.now();
        let (overdue, unasked, read) = {
            let mut tx = self.context.db.read().await?;
            let read = store::read(&mut tx, now.plus_seconds(-READ_DAYS * DAY), BATCH).await?;
            (store::overdue(&mut tx, now, BATCH).await?, store::unasked(&mut tx, BATCH).await?, read)
        };
        let mut done = 0;
        for dispute in &overdue {
            done += u64::from(transaction!(self.context.db, "dispute.overdue", |tx| {
                let closed = store::close(tx, dispute, Ending::Unanswered, now).await?.happened();
                if closed {
                    let resident = dispute.resident_id;
                    self.tell(tx, resident, EventKind::DisputeUnanswered, By::system(), now).await?;
                }
                Ok(closed)
            })?);
        }
        for dispute in unasked.iter().filter(|dispute| now < dispute.due_at) {
            done += u64::from(transaction!(self.context.db, "dispute.ask", |tx| {
                let is_there = parties::active(tx, dispute.relying_party_id).await?.is_some();
                Ok(is_there && store::ask(tx, dispute.dispute_id, now).await?.happened())
            })?);
        }
        for dispute in &read {
            done += u64::from(transaction!(self.context.db, "dispute.read", |tx| {
                Ok(store::close(tx, dispute, Ending::Read, now).await?.happened())
            })?);
        }
        Ok(done)
    }

    async fn tell(&self, tx: &mut Tx, resident_id: Uuid, kind: EventKind, by: By, now: Timestamp) -> Result<()> {
        life::happened(&self.context, tx, (resident_id, kind), now, by).await
    }

    async fn note(&self, tx: &mut Tx, actor: Actor, action: Action, subject_id: Uuid) -> Result<()> {
        self.audit.record(tx, Event { chain: GENERAL, actor, action, subject_id }, Outcome::Done).await
    }

    async fn view(&self, dispute: Dispute) -> Result<View> {
        let mut tx = self.context.db.read().await?;
        let labels = parties::labels(&mut tx, [dispute.relying_party_id]).await?;
        self.viewed(dispute, &labels)
    }

    async fn page(&self, tx: &mut Tx, rows: Vec<Dispute>, limit: i64) -> Result<Page<View>> {
        let labels = parties::labels(tx, rows.iter().map(|row| row.relying_party_id)).await?;
        let Page { items, next } = Page::new(rows, limit, |row| row.dispute_id);
        let items = items.into_iter().map(|row| self.viewed(row, &labels)).collect::<Result<Vec<_>>>()?;
        Ok(Page { items, next })
    }

    fn viewed(&self, dispute: Dispute, labels: &HashMap<Uuid, parties::Label>) -> Result<View> {
        let label = labels.get(&dispute.relying_party_id).cloned().unwrap_or_default();
        let words = dispute.answer.as_ref().map(|answer| self.words(dispute.dispute_id, answer)).transpose()?;
        Ok(View { relying_party: label.name.clone(), purpose: label.purpose(dispute.purpose.clone()), words, dispute })
    }

    fn words(&self, id: Uuid, answer: &PartyAnswer) -> Result<Redacted<String>> {
        let words = self.context.vault.open_bytes(WORDS, id, &answer.words_sealed)?;
        Ok(Redacted(String::from_utf8_lossy(&words).into_owned()))
    }
}

/// One that this party was asked about.
fn of_party(found: Option<Dispute>, party: Uuid) -> Result<Dispute> {
    let asked = found.filter(|found| found.relying_party_id == party && found.asked_at.is_some());
    asked.ok_or_else(|| Code::NotFound.into())
}

fn too_many() -> Refusal {
    Refusal::new(Code::TooMany).detail(
        "Anda sudah melaporkan 5 pemeriksaan hari ini; laporkan yang lain besok, atau blokir KTP Digital bila Anda curiga.",
        "You have disputed 5 checks today; report others tomorrow, or block the digital KTP if you are suspicious.",
    )
}
