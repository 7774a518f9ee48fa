//! Residents come to the counter: an officer scans their QR, or they scan the officer's and read out a number.

use uuid::Uuid;

use super::act::{ConfirmMatch, Officer, ReadArrivals, Receive, Scan, ShowCounterQr, TakeOver};
use super::desk::Desk;
use super::model::MATCHES_PER_HOUR;
use super::view::Views;
use crate::audit::{Event, Outcome};
use crate::audited;
use crate::clerk::Clerk;
use crate::clock::HOUR;
use crate::contact::ports as contact;
use crate::credential::{Issued, SealedRecord, TokenKind};
use crate::db::Tx;
use crate::duty::ports as duty;
use crate::error::{Code, Language, Refusal, Result};
use crate::keyring::Keyring;
use crate::recovery::ports as recovery;
use crate::registration::State;
use crate::registration::review::View;
use crate::registration::visit::{Arrival, Match};
use crate::secret::Redacted;
use crate::staff::{Allowed, ports};
use crate::transaction;
use crate::transfer::ports as transfer;

/// How residents come to an officer. Cloning shares everything.
#[derive(Clone)]
pub struct Scans {
    pub(super) desk: Desk,
    pub(super) keyring: Keyring,
    pub(super) views: Views,
}

/// A resident who was received: nothing of what they registered but the initials.
#[derive(Debug)]
pub struct Received {
    /// The registration.
    pub registration_id: Uuid,
    /// Initials of the name as submitted.
    pub initials: Redacted<String>,
    /// Where it stands.
    pub state: State,
    /// The number with which they wait to be called.
    pub number: Option<i64>,
}

impl Scans {
    /// Scans an activation QR.
    ///
    /// # Errors
    /// What scanning refuses.
    pub async fn scan(&self, officer: &Allowed<Scan>, token: &str, language: Language) -> Result<View> {
        let actor = officer.agent.clerk();
        let id = self.spend(|id| officer.event(id), actor, token, false).await?;
        self.desk.registrations.reviews.view(actor, id, language).await
    }

    /// Receives a resident: their QR is scanned, and they wait to be called by a colleague. What they registered is not told.
    ///
    /// # Errors
    /// What scanning refuses.
    pub async fn receive(&self, officer: &Allowed<Receive>, token: &str) -> Result<Received> {
        let Desk { registrations, .. } = &self.desk;
        let actor = officer.agent.clerk();
        let id = self.spend(|id| officer.event(id), actor, token, true).await?;
        let (initials, state, number) = registrations.visits.received(actor, id).await?;
        Ok(Received { registration_id: id, initials, state, number })
    }

    /// Whom colleagues received and nobody took over, the longest waiting first, each with the log-in name of who received them.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn arrivals(&self, officer: &Allowed<ReadArrivals>) -> Result<Vec<(Arrival, String)>> {
        let arrivals = self.desk.registrations.visits.arrivals(officer.agent.clerk()).await?;
        let mut tx = self.desk.context.db.read().await?;
        let usernames = ports::usernames(&mut tx, officer.agent.office_id).await?;
        let named = |one: Arrival| {
            let by = usernames.get(&one.received_by).cloned().unwrap_or_default();
            (one, by)
        };
        Ok(arrivals.into_iter().map(named).collect())
    }

    /// Takes over a resident whom a colleague received.
    ///
    /// # Errors
    /// `not_found`, `scan_required` when they were received too long ago, `wrong_state`.
    pub async fn take_over(&self, officer: &Allowed<TakeOver>, id: Uuid, language: Language) -> Result<View> {
        let Desk { registrations, audit, .. } = &self.desk;
        let actor = officer.agent.clerk();
        audited!(audit, officer.event(id), "counter.take_over", |tx| {
            registrations.visits.take_over(tx, actor, id).await
        })?;
        registrations.visits.ensure_checked(id).await;
        registrations.reviews.view(actor, id, language).await
    }

    /// Spends an activation QR and lets the register be asked; gives whose registration it is. Who `waits` gets a number.
    async fn spend(
        &self,
        event: impl Fn(Uuid) -> Event + Send,
        actor: Clerk,
        token: &str,
        waits: bool,
    ) -> Result<Uuid> {
        let Desk { context, registrations, audit } = &self.desk;
        let scanned = registrations.visits.read_scan(token).await;
        let scanned = self.desk.judged(event(Uuid::nil()), scanned).await?;
        let id = scanned.0;
        let event = event(id);
        self.desk.judged(event, self.is_of_registration(id).await).await?;
        let done = transaction!(context.db, "counter.scan", |tx| {
            registrations.visits.scan(tx, actor, scanned).await?;
            self.note_session(tx, actor, id).await?;
            if waits {
                registrations.visits.queue_up(tx, actor, id).await?;
            }
            audit.record(tx, event, Outcome::Done).await
        });
        self.desk.judged(event, done).await?;
        registrations.visits.ensure_checked(id).await;
        Ok(id)
    }

    /// A scan by somebody who works in a session of outreach carries the session, without a step of theirs.
    async fn note_session(&self, tx: &mut Tx, actor: Clerk, id: Uuid) -> Result<()> {
        match duty::session_of(tx, actor.officer_id, self.desk.context.now()).await? {
            Some(session) => self.desk.registrations.visits.came_to(tx, id, session.outreach_id).await,
            None => Ok(()),
        }
    }

    /// One scanner serves for all: the QRs of a recovery and of a change of address are told from a registration's. A move to another phone needs no officer.
    async fn is_of_registration(&self, id: Uuid) -> Result<()> {
        let mut tx = self.desk.context.db.read().await?;
        transfer::refuse_at_counter(&mut tx, id).await?;
        let is_other = recovery::exists(&mut tx, id).await? || contact::exists(&mut tx, id).await?;
        if is_other { Err(Code::OtherQr.into()) } else { Ok(()) }
    }

    /// A QR for the officer's screen that any number of residents may scan. The screen renews it every minute; the first of
    /// an hour is noted.
    ///
    /// # Errors
    /// When the database does not answer, or no key signs.
    pub async fn counter_token(&self, officer: &Allowed<ShowCounterQr>) -> Result<Issued> {
        let Desk { context, audit, .. } = &self.desk;
        let subject = officer.agent.officer_id;
        transaction!(context.db, "counter.show_qr", |tx| {
            if audit.count(tx, subject, "counter_token").await? == 1 {
                audit.record(tx, officer.event(subject), Outcome::Done).await?;
            }
            Ok(())
        })?;
        let issued = context.now();
        let record = SealedRecord { kind: TokenKind::Counter, subject, generation: 0, issued, attributes: 0 };
        Ok(self.keyring.issue(record).await?)
    }

    /// Residents who scanned this officer's QR and wait.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn matches(&self, officer: &Allowed<ConfirmMatch>) -> Result<Vec<Match>> {
        self.desk.registrations.visits.matches(officer.agent.clerk()).await
    }

    /// Confirms the number that the resident reads out.
    ///
    /// # Errors
    /// `not_found`, `invalid_field` for a wrong one, `wrong_state` for the third wrong one, `too_many`.
    pub async fn confirm_match(
        &self,
        officer: &Allowed<ConfirmMatch>,
        id: Uuid,
        number: i64,
        language: Language,
    ) -> Result<View> {
        let Desk { context, registrations, audit } = &self.desk;
        let (who, event) = (officer.agent, officer.event(id));
        let tried = self.try_match(who, id, number).await;
        if self.answers_again(who, id, &tried).await? {
            return self.views.look(who, id, language).await;
        }
        self.desk.judged(event, tried).await?;
        let done = transaction!(context.db, "counter.confirm_match", |tx| {
            registrations.visits.confirm_match(tx, who.clerk(), id, number).await?;
            self.note_session(tx, who.clerk(), id).await?;
            audit.record(tx, event, Outcome::Done).await
        });
        let done = self.desk.judged(event, done).await;
        if self.answers_again(who, id, &done).await? {
            return self.views.look(who, id, language).await;
        }
        done?;
        registrations.visits.ensure_checked(id).await;
        registrations.reviews.view(who.clerk(), id, language).await
    }

    /// Whether nobody waits because this officer confirmed the number already: the answer was lost, or the button pressed
    /// twice. What is given then is looked at, and noted, as any time.
    async fn answers_again(&self, officer: Officer, id: Uuid, tried: &Result<()>) -> Result<bool> {
        let missed = tried.as_ref().is_err_and(|error| error.code() == Some(Code::NotFound));
        Ok(missed && self.was_matched(officer, id).await?)
    }

    async fn try_match(&self, officer: Officer, id: Uuid, number: i64) -> Result<()> {
        let Desk { context, registrations, audit } = &self.desk;
        let tries = transaction!(context.db, "counter.count_match", |tx| {
            audit.count(tx, officer.officer_id, "match").await
        })?;
        if tries > MATCHES_PER_HOUR {
            return Err(Refusal::new(Code::TooMany)
                .detail(
                    "Terlalu banyak angka dicoba dalam satu jam; pindai QR aktivasi warga, atau minta penyelia membantu.",
                    "Too many numbers were tried in one hour; scan the resident's activation QR, or ask a supervisor to help.",
                )
                .retry_after(HOUR.unsigned_abs())
                .into());
        }
        registrations.visits.try_match(officer.clerk(), id, number).await
    }

    async fn was_matched(&self, officer: Officer, id: Uuid) -> Result<bool> {
        match self.desk.registrations.reviews.is_being_served(officer.clerk(), id).await {
            Err(error) if error.code() == Some(Code::NotFound) => Ok(false),
            present => present,
        }
    }
}
