//! What officers do with registrations. Each act is written to the audit log before (intent) and after (outcome) under
//! one correlation id; the outcome is in the same transaction as the act.

use uuid::Uuid;

use super::model::{MATCHES_PER_HOUR, Role, check_note, check_reason};
use super::service::{OfficerSession, Service};
use super::store;
use crate::audit::{Action, Actor, Event, Outcome};
use crate::audited;
use crate::clock::{HOUR, Timestamp};
use crate::credential::{Issued, SealedRecord, TokenKind};
use crate::db::Tx;
use crate::error::{Code, Error, FieldError, Language, Refusal, Result, Text};
use crate::register::midnight_in_jakarta;
use crate::registration::State;
use crate::registration::model::DifferenceField;
use crate::registration::release::Release;
use crate::registration::review::{Figure, Line, View};
use crate::registration::visit::Match;

/// The three things an officer confirms before approving.
#[derive(Clone, Copy, Debug)]
pub struct Checks {
    /// The person's face is that of the selfie and the register's portrait.
    pub face: bool,
    /// The KTP-el or another document was seen.
    pub document: bool,
    /// Submitted and registered data were compared.
    pub data: bool,
}

impl Service {
    /// Scans an activation QR.
    ///
    /// # Errors
    /// `forbidden` for roles that serve nobody, and what scanning refuses.
    pub async fn scan(&self, officer: &OfficerSession, token: &str, language: Language) -> Result<View> {
        let scanned = match require_service(officer) {
            Ok(()) => self.registrations.visits.read_scan(token).await,
            Err(refused) => Err(refused),
        };
        let scanned = self.judged(officer, Action::Scan, Uuid::nil(), scanned).await?;
        let id = scanned.0;
        let mut tx = self.context.db.write().await?;
        let done = self.registrations.visits.scan(&mut tx, officer.actor(), scanned).await;
        self.end(tx, event(officer, Action::Scan, id), done).await?;
        self.registrations.visits.ensure_checked(id).await;
        self.registrations.reviews.view(officer.actor(), id, language).await
    }

    /// A QR for the officer's screen that any number of residents may scan. The screen renews it every minute; the first of
    /// an hour is noted.
    ///
    /// # Errors
    /// `forbidden`.
    pub async fn counter_token(&self, officer: &OfficerSession) -> Result<Issued> {
        self.judged(officer, Action::CounterToken, officer.officer_id, require_service(officer)).await?;
        let mut tx = self.context.db.write().await?;
        if self.audit.count(&mut tx, officer.officer_id, "counter_token").await? == 1 {
            let shown = event(officer, Action::CounterToken, officer.officer_id);
            self.audit.record(&mut tx, shown, Outcome::Done).await?;
        }
        tx.commit().await?;
        let record = SealedRecord {
            kind: TokenKind::Counter,
            subject: officer.officer_id,
            generation: 0,
            issued: self.context.now(),
            attributes: 0,
        };
        Ok(self.keyring.issue(record).await?)
    }

    /// Residents who scanned this officer's QR and wait.
    ///
    /// # Errors
    /// `forbidden`.
    pub async fn matches(&self, officer: &OfficerSession) -> Result<Vec<Match>> {
        self.judged(officer, Action::MatchConfirmed, Uuid::nil(), require_service(officer)).await?;
        self.registrations.visits.matches(officer.actor()).await
    }

    /// Confirms the number that the resident reads out.
    ///
    /// # Errors
    /// `forbidden`, `not_found`, `invalid_field` for a wrong one, `wrong_state` for the third wrong one, `too_many`.
    pub async fn confirm_match(
        &self,
        officer: &OfficerSession,
        id: Uuid,
        number: i64,
        language: Language,
    ) -> Result<View> {
        let tried = self.try_match(officer, id, number).await;
        if self.answers_again(officer, id, &tried).await? {
            return self.view(officer, id, language).await;
        }
        self.judged(officer, Action::MatchConfirmed, id, tried).await?;
        let mut tx = self.context.db.write().await?;
        let done = self.registrations.visits.confirm_match(&mut tx, officer.actor(), id, number).await;
        let done = self.end(tx, event(officer, Action::MatchConfirmed, id), done).await;
        if self.answers_again(officer, id, &done).await? {
            return self.view(officer, id, language).await;
        }
        done?;
        self.registrations.visits.ensure_checked(id).await;
        self.registrations.reviews.view(officer.actor(), id, language).await
    }

    /// Whether nobody waits because this officer confirmed the number already: the answer was lost, or the button pressed
    /// twice. What is given then is looked at, and noted, as any time.
    async fn answers_again(&self, officer: &OfficerSession, id: Uuid, tried: &Result<()>) -> Result<bool> {
        let missed = tried.as_ref().is_err_and(|error| error.code() == Some(Code::NotFound));
        Ok(missed && self.was_matched(officer, id).await?)
    }

    async fn try_match(&self, officer: &OfficerSession, id: Uuid, number: i64) -> Result<()> {
        require_service(officer)?;
        let mut tx = self.context.db.write().await?;
        let tries = self.audit.count(&mut tx, officer.officer_id, "match").await?;
        tx.commit().await?;
        if tries > MATCHES_PER_HOUR {
            return Err(Refusal::new(Code::TooMany)
                .detail(
                    "Terlalu banyak angka dicoba dalam satu jam; pindai QR aktivasi warga, atau minta penyelia membantu.",
                    "Too many numbers were tried in one hour; scan the resident's activation QR, or ask a supervisor to help.",
                )
                .retry_after(HOUR.unsigned_abs())
                .into());
        }
        self.registrations.visits.try_match(officer.actor(), id, number).await
    }

    async fn was_matched(&self, officer: &OfficerSession, id: Uuid) -> Result<bool> {
        match self.registrations.reviews.is_being_served(officer.actor(), id).await {
            Err(error) if error.code() == Some(Code::NotFound) => Ok(false),
            present => present,
        }
    }

    /// A page of the office's queue.
    ///
    /// # Errors
    /// `forbidden`.
    pub async fn queue(
        &self,
        officer: &OfficerSession,
        state: State,
        after: (Timestamp, Uuid),
        limit: i64,
    ) -> Result<Vec<Line>> {
        self.judged(officer, Action::RegistrationViewed, Uuid::nil(), require_service(officer)).await?;
        self.registrations.reviews.queue(officer.actor(), state, after, limit).await
    }

    /// Today's figures of the office and the officer, and the midnight in Jakarta from which they count.
    ///
    /// # Errors
    /// `forbidden`.
    pub async fn figures(&self, officer: &OfficerSession) -> Result<(Timestamp, Vec<Figure>)> {
        self.judged(officer, Action::RegistrationViewed, Uuid::nil(), require_service(officer)).await?;
        let since = midnight_in_jakarta(self.context.now());
        Ok((since, self.registrations.reviews.figures(officer.actor(), since).await?))
    }

    /// Approves: the code is mailed to the resident; the officer never sees it.
    ///
    /// # Errors
    /// `forbidden`, `invalid_field` unless all three checks are confirmed, and what approving refuses.
    pub async fn approve(
        &self,
        officer: &OfficerSession,
        id: Uuid,
        version: &str,
        checks: Checks,
        note: &str,
    ) -> Result<State> {
        self.judged(officer, Action::Approval, id, require_service(officer)).await?;
        let note = self.judged(officer, Action::Approval, id, check_note(note)).await?;
        let missing: Vec<FieldError> =
            [("checks.face", checks.face), ("checks.document", checks.document), ("checks.data", checks.data)]
                .into_iter()
                .filter(|(_, done)| !done)
                .map(|(field, _)| FieldError {
                    field: field.into(),
                    message: Text::new(
                        "Lakukan dan konfirmasikan pemeriksaan ini sebelum menyetujui.",
                        "Do and confirm this check before approving.",
                    ),
                })
                .collect();
        let checked = if missing.is_empty() { Ok(()) } else { Err(Refusal::fields(missing).into()) };
        self.judged(officer, Action::Approval, id, checked).await?;
        let state = audited!(self.audit, event(officer, Action::Approval, id), "counter.approve", |tx| {
            self.registrations.decisions.approve(tx, officer.actor(), id, version, &note).await
        })?;
        self.registrations.decisions.wake();
        Ok(state)
    }

    /// Returns a registration to the resident.
    ///
    /// # Errors
    /// `forbidden`, `invalid_field`, `not_found`, `scan_required`, `wrong_state`.
    pub async fn return_for_correction(
        &self,
        officer: &OfficerSession,
        (id, version): (Uuid, &str),
        to: State,
        reason: &str,
        released: Vec<DifferenceField>,
    ) -> Result<State> {
        self.judged(officer, Action::Return, id, require_service(officer)).await?;
        let reason = self.judged(officer, Action::Return, id, check_reason(reason)).await?;
        audited!(self.audit, event(officer, Action::Return, id), "counter.return_for_correction", |tx| {
            let released = released.clone();
            self.registrations
                .decisions
                .return_for_correction(tx, officer.actor(), (id, version), to, &reason, released)
                .await?;
            Ok(to)
        })
    }

    /// Refuses a registration.
    ///
    /// # Errors
    /// `forbidden`, `invalid_field`, `not_found`, `scan_required`, `wrong_state`.
    pub async fn reject(
        &self,
        officer: &OfficerSession,
        (id, version): (Uuid, &str),
        reason: &str,
        note: &str,
    ) -> Result<State> {
        self.judged(officer, Action::Rejection, id, require_service(officer)).await?;
        let reason = self.judged(officer, Action::Rejection, id, check_reason(reason)).await?;
        let note = self.judged(officer, Action::Rejection, id, check_note(note)).await?;
        audited!(self.audit, event(officer, Action::Rejection, id), "counter.reject", |tx| {
            self.registrations.decisions.reject(tx, officer.actor(), (id, version), &reason, &note).await?;
            Ok(State::Rejected)
        })
    }

    /// Asks that the resident's digital KTP make way for this registration.
    ///
    /// # Errors
    /// `forbidden`, `invalid_field`, `not_found`, `scan_required`, `wrong_state`.
    pub async fn ask_release(&self, officer: &OfficerSession, id: Uuid, version: &str, reason: &str) -> Result<()> {
        self.judged(officer, Action::ReleaseAsked, id, require_service(officer)).await?;
        let reason = self.judged(officer, Action::ReleaseAsked, id, check_reason(reason)).await?;
        audited!(self.audit, event(officer, Action::ReleaseAsked, id), "counter.ask_release", |tx| {
            self.registrations.releases.ask(tx, officer.actor(), id, version, &reason).await
        })
    }

    /// What waits for a supervisor's grant.
    ///
    /// # Errors
    /// `forbidden`, `not_found`.
    pub async fn release_asked(&self, officer: &OfficerSession, id: Uuid) -> Result<Release> {
        let asked = match require_service(officer) {
            Ok(()) => self.registrations.releases.asked(officer.actor(), id).await,
            Err(refused) => Err(refused),
        };
        // The reason may name people: it is for whoever grants, and for who wrote it.
        let asked = asked.and_then(|asked| {
            let may = officer.role == Role::Supervisor || asked.asked_by == officer.officer_id;
            if may { Ok(asked) } else { Err(Code::Forbidden.into()) }
        });
        let asked = self.judged(officer, Action::RegistrationViewed, id, asked).await?;
        self.note(officer, Action::RegistrationViewed, id).await?;
        Ok(asked)
    }

    /// Grants it: the old digital KTP ends.
    ///
    /// # Errors
    /// `forbidden` unless a supervisor, and for one's own request; `not_found`, also when who asked was disabled since;
    /// `wrong_state`.
    pub async fn grant_release(&self, officer: &OfficerSession, id: Uuid, version: &str) -> Result<()> {
        let allowed = if officer.role == Role::Supervisor { Ok(()) } else { Err(Code::Forbidden.into()) };
        self.judged(officer, Action::ReleaseGranted, id, allowed).await?;
        audited!(self.audit, event(officer, Action::ReleaseGranted, id), "counter.grant_release", |tx| {
            let asked_by = self.registrations.releases.grant(tx, officer.actor(), id, version).await?;
            if store::is_active(tx, asked_by).await? { Ok(()) } else { Err(Code::NotFound.into()) }
        })
    }

    /// One entry for something that changes nothing.
    pub(super) async fn note(&self, officer: &OfficerSession, action: Action, subject: Uuid) -> Result<()> {
        let mut tx = self.context.db.write().await?;
        self.audit.record(&mut tx, event(officer, action, subject), Outcome::Done).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Notes a refusal, in bounded numbers, of something that is not announced before.
    pub(super) async fn judged<T>(
        &self,
        officer: &OfficerSession,
        action: Action,
        subject: Uuid,
        done: Result<T>,
    ) -> Result<T> {
        if let Err(Error::Refused(refusal)) = &done {
            self.audit.refused(event(officer, action, subject), refusal.code).await?;
        }
        done
    }

    /// Ends an act that was not announced: its entry is written with it, or that it was refused.
    async fn end<T>(&self, mut tx: Tx, event: Event, done: Result<T>) -> Result<T> {
        match done {
            Ok(value) => {
                self.audit.record(&mut tx, event, Outcome::Done).await?;
                tx.commit().await?;
                Ok(value)
            }
            Err(error) => {
                tx.rollback().await?;
                if let Some(code) = error.code() {
                    self.audit.refused(event, code).await?;
                }
                Err(error)
            }
        }
    }
}

pub(super) fn event(officer: &OfficerSession, action: Action, subject: Uuid) -> Event {
    Event { chain: officer.office_id, actor: Actor::Officer(officer.officer_id), action, subject_id: subject }
}

pub(super) fn require_service(officer: &OfficerSession) -> Result<()> {
    if officer.role.serves() { Ok(()) } else { Err(Error::from(Code::Forbidden)) }
}
