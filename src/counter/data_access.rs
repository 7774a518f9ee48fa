//! Who sees personal data at the counter: an officer who has the resident before them, a supervisor who is asked to grant a
//! release, and whoever says why, which is recorded and limited. An office's queue names nobody.

use uuid::Uuid;

use super::desk::{event, require_service};
use super::model::{Role, VIEW_DAYS, VIEW_MINUTES, VIEWS_PER_HOUR, check_reason};
use super::service::{OfficerSession, Service};
use super::store::{self, ReasonedView};
use crate::audit::{Action, Outcome};
use crate::clock::{DAY, HOUR, MINUTE, Timestamp};
use crate::error::{Code, Language, Refusal, Result};
use crate::registration::review::View;
use crate::secret::Redacted;

const TABLE: &str = "reasoned_view";

/// Lines of the list of reasons at most.
const VIEWS_SHOWN: i64 = 100;

/// That somebody opened a registration without the resident present, as a supervisor reads it.
#[derive(Debug)]
pub struct OpenedView {
    /// Log-in name of the officer.
    pub username: String,
    /// The registration.
    pub registration_id: Uuid,
    /// When.
    pub opened_at: Timestamp,
    /// Why.
    pub reason: Redacted<String>,
}

impl Service {
    /// One registration of the office. Looking is noted.
    ///
    /// # Errors
    /// `forbidden`, `not_found`; `reason_required` unless the resident is present, see [`Service::open_with_reason`].
    pub async fn view(&self, officer: &OfficerSession, id: Uuid, language: Language) -> Result<View> {
        self.require_sight(officer, Action::RegistrationViewed, id).await?;
        let view = self.registrations.reviews.view(officer.actor(), id, language).await?;
        self.note(officer, Action::RegistrationViewed, id).await?;
        Ok(view)
    }

    /// The selfie.
    ///
    /// # Errors
    /// `forbidden`, `not_found`, `reason_required`.
    pub async fn selfie(&self, officer: &OfficerSession, id: Uuid) -> Result<Vec<u8>> {
        self.require_sight(officer, Action::PictureViewed, id).await?;
        let picture = self.registrations.reviews.selfie(officer.actor(), id).await?;
        self.note(officer, Action::PictureViewed, id).await?;
        Ok(picture)
    }

    /// The register's portrait.
    ///
    /// # Errors
    /// `forbidden`, `not_found`, `reason_required`.
    pub async fn portrait(&self, officer: &OfficerSession, id: Uuid) -> Result<Vec<u8>> {
        self.require_sight(officer, Action::PictureViewed, id).await?;
        let picture = self.registrations.reviews.portrait(officer.actor(), id).await?;
        self.note(officer, Action::PictureViewed, id).await?;
        Ok(picture)
    }

    /// Opens a registration of the office for ten minutes without the resident present. The reason is recorded for the
    /// supervisor, the act in the audit log, and there are so many an hour.
    ///
    /// # Errors
    /// `forbidden`, `not_found`, `invalid_field` for a reason that says nothing, `too_many`.
    pub async fn open_with_reason(
        &self,
        officer: &OfficerSession,
        id: Uuid,
        reason: &str,
        language: Language,
    ) -> Result<View> {
        let done = self.open(officer, id, reason).await;
        self.judged(officer, Action::ViewWithReason, id, done).await?;
        self.registrations.reviews.view(officer.actor(), id, language).await
    }

    async fn open(&self, officer: &OfficerSession, id: Uuid, reason: &str) -> Result<()> {
        require_service(officer)?;
        let reason = check_reason(reason)?;
        self.registrations.reviews.is_present(officer.actor(), id).await?;
        let mut tx = self.context.db.write().await?;
        // Counted before anything is shown, and a try beyond the limit counts too.
        if self.audit.count(&mut tx, officer.officer_id, "view").await? > VIEWS_PER_HOUR {
            tx.commit().await?;
            return Err(Refusal::new(Code::TooMany)
                .detail(
                    "Batas membuka data tanpa warga untuk satu jam sudah tercapai; minta penyelia membantu.",
                    "You opened as many registrations without the resident as one hour allows; ask a supervisor to help.",
                )
                .retry_after(HOUR.unsigned_abs())
                .into());
        }
        let row = ReasonedView {
            officer_id: officer.officer_id,
            registration_id: id,
            opened_at: self.context.now(),
            office_id: officer.office_id,
            reason_sealed: self.context.vault.seal_bytes(&self.context.random, TABLE, id, reason.as_bytes())?,
        };
        store::add_view(&mut tx, &row).await?;
        self.audit.record(&mut tx, event(officer, Action::ViewWithReason, id), Outcome::Done).await?;
        Ok(tx.commit().await?)
    }

    /// What colleagues opened without a resident, and why, newest first. For supervisors.
    ///
    /// # Errors
    /// `forbidden`.
    pub async fn opened_views(&self, officer: &OfficerSession) -> Result<Vec<OpenedView>> {
        let allowed = if officer.role == Role::Supervisor { Ok(()) } else { Err(Code::Forbidden.into()) };
        self.judged(officer, Action::ViewsRead, officer.office_id, allowed).await?;
        let mut tx = self.context.db.read().await?;
        let mut opened = Vec::new();
        for row in store::views(&mut tx, officer.office_id, VIEWS_SHOWN).await? {
            let reason = self.context.vault.open_bytes(TABLE, row.registration_id, &row.reason_sealed)?;
            opened.push(OpenedView {
                username: store::officer_name(&mut tx, row.officer_id).await?.unwrap_or_default(),
                registration_id: row.registration_id,
                opened_at: row.opened_at,
                reason: Redacted(String::from_utf8_lossy(&reason).into_owned()),
            });
        }
        drop(tx);
        self.note(officer, Action::ViewsRead, officer.office_id).await?;
        Ok(opened)
    }

    /// Forgets old reasons; gives how many.
    ///
    /// # Errors
    /// When the database does not answer.
    pub(super) async fn sweep_views(&self) -> Result<u64> {
        let mut tx = self.context.db.write().await?;
        let rows = store::sweep_views(&mut tx, self.context.now().plus_seconds(-VIEW_DAYS * DAY)).await?;
        tx.commit().await?;
        Ok(rows)
    }

    async fn require_sight(&self, officer: &OfficerSession, action: Action, id: Uuid) -> Result<()> {
        let seen = self.may_see(officer, id).await;
        self.judged(officer, action, id, seen).await
    }

    async fn may_see(&self, officer: &OfficerSession, id: Uuid) -> Result<()> {
        require_service(officer)?;
        if self.registrations.reviews.is_present(officer.actor(), id).await? {
            return Ok(());
        }
        let mut tx = self.context.db.read().await?;
        let since = self.context.now().plus_seconds(-VIEW_MINUTES * MINUTE);
        if store::viewed_since(&mut tx, officer.officer_id, id, since).await? {
            return Ok(());
        }
        drop(tx);
        // Whoever is to grant a colleague's request has to see what for.
        let to_grant = officer.role == Role::Supervisor
            && match self.registrations.releases.asked(officer.actor(), id).await {
                Ok(asked) => asked.asked_by != officer.officer_id,
                Err(error) if error.code() == Some(Code::NotFound) => false,
                Err(error) => return Err(error),
            };
        if to_grant { Ok(()) } else { Err(Code::ReasonRequired.into()) }
    }
}
