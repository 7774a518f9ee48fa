//! Who sees personal data at the counter: an officer who has the resident before them, a supervisor who is asked to grant a
//! release, and whoever says why, which is recorded and limited. An office's queue names nobody.

use uuid::Uuid;

use super::act::{Officer, OpenWithReason, ReadReasonsGiven, ViewPicture, ViewRegistration};
use super::desk::Desk;
use super::model::{VIEW_MINUTES, VIEWS_PER_HOUR, check_reason};
use super::store::{self, ReasonedView};
use crate::audit::{Action, Event, Outcome};
use crate::clock::{HOUR, MINUTE, Timestamp};
use crate::error::{Code, Language, Refusal, Result};
use crate::lookup::{Kind, ports as lookup};
use crate::registration::review::View;
use crate::retention::{Period, ports as retention};
use crate::secret::Redacted;
use crate::staff::permission::Agent;
use crate::staff::{Allowed, Permission, ports};
use crate::transaction;

pub(super) const TABLE: &str = "reasoned_view";

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

/// Looks at registrations. Cloning shares everything.
#[derive(Clone)]
pub struct Views {
    pub(super) desk: Desk,
}

impl Views {
    /// One registration of the office. Looking is noted.
    ///
    /// # Errors
    /// `not_found`; `reason_required` unless the resident is present, see [`Views::open_with_reason`].
    pub async fn view(&self, officer: &Allowed<ViewRegistration>, id: Uuid, language: Language) -> Result<View> {
        self.look(officer.agent, id, language).await
    }

    /// As [`Self::view`], for whoever may do something that shows the registration too.
    pub(super) async fn look(&self, officer: Officer, id: Uuid, language: Language) -> Result<View> {
        let event = officer.event(Action::RegistrationViewed, id);
        let who = self.desk.standing(officer, id).await?;
        self.require_sight(who, event, id).await?;
        let view = self.desk.registrations.reviews.view(who.clerk(), id, language).await?;
        self.desk.looked(event).await?;
        Ok(view)
    }

    /// The selfie.
    ///
    /// # Errors
    /// `not_found`, `reason_required`.
    pub async fn selfie(&self, officer: &Allowed<ViewPicture>, id: Uuid) -> Result<Vec<u8>> {
        let who = self.desk.standing(officer.agent, id).await?;
        self.require_sight(who, officer.event(id), id).await?;
        let picture = self.desk.registrations.reviews.selfie(who.clerk(), id).await?;
        self.desk.note(officer.event(id)).await?;
        Ok(picture)
    }

    /// The register's portrait.
    ///
    /// # Errors
    /// `not_found`, `reason_required`.
    pub async fn portrait(&self, officer: &Allowed<ViewPicture>, id: Uuid) -> Result<Vec<u8>> {
        let who = self.desk.standing(officer.agent, id).await?;
        self.require_sight(who, officer.event(id), id).await?;
        let picture = self.desk.registrations.reviews.portrait(who.clerk(), id).await?;
        self.desk.note(officer.event(id)).await?;
        Ok(picture)
    }

    /// Opens a registration of the office for ten minutes without the resident present. The reason is recorded for the
    /// supervisor, the act in the audit log, and there are so many an hour.
    ///
    /// # Errors
    /// `not_found`, `invalid_field` for a reason that says nothing, `too_many`.
    pub async fn open_with_reason(
        &self,
        officer: &Allowed<OpenWithReason>,
        id: Uuid,
        reason: &str,
        language: Language,
    ) -> Result<View> {
        let done = self.open(officer, id, reason).await;
        self.desk.judged(officer.event(id), done).await?;
        self.desk.registrations.reviews.view(officer.agent.clerk(), id, language).await
    }

    async fn open(&self, officer: &Allowed<OpenWithReason>, id: Uuid, reason: &str) -> Result<()> {
        let Desk { context, registrations, audit } = &self.desk;
        let Officer { officer_id, office_id, .. } = officer.agent;
        let reason = check_reason(reason)?;
        registrations.reviews.is_present(officer.agent.clerk(), id).await?;
        let row = ReasonedView {
            officer_id,
            registration_id: id,
            opened_at: context.now(),
            office_id,
            reason_sealed: context.vault.seal_bytes(&context.random, TABLE, id, reason.as_bytes())?,
        };
        let opened = transaction!(context.db, "counter.open_with_reason", |tx| {
            // Counted before anything is shown, and a try beyond the limit counts too: it is kept, and told as a value.
            if audit.count(tx, officer_id, "view").await? > VIEWS_PER_HOUR {
                return Ok(false);
            }
            lookup::count(tx, officer.agent.clerk(), Kind::View, false, row.opened_at).await?;
            store::add_view(tx, &row).await?;
            audit.record(tx, officer.event(id), Outcome::Done).await?;
            Ok(true)
        })?;
        if opened { Ok(()) } else { Err(opened_too_many().into()) }
    }

    /// What colleagues opened without a resident, and why, newest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn opened(&self, officer: &Allowed<ReadReasonsGiven>) -> Result<Vec<OpenedView>> {
        let Desk { context, .. } = &self.desk;
        let office = officer.agent.office_id;
        let mut tx = context.db.read().await?;
        let rows = store::views(&mut tx, office, VIEWS_SHOWN).await?;
        let usernames = ports::usernames(&mut tx, office).await?;
        drop(tx);
        let opened = rows.into_iter().map(|row| {
            let reason = context.vault.open_bytes(TABLE, row.registration_id, &row.reason_sealed)?;
            Ok(OpenedView {
                username: usernames.get(&row.officer_id).cloned().unwrap_or_default(),
                registration_id: row.registration_id,
                opened_at: row.opened_at,
                reason: Redacted(String::from_utf8_lossy(&reason).into_owned()),
            })
        });
        let opened = opened.collect::<Result<Vec<_>>>()?;
        self.desk.note(officer.event(office)).await?;
        Ok(opened)
    }

    /// Forgets old reasons; gives how many.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn sweep(&self) -> Result<u64> {
        let context = &self.desk.context;
        let now = context.now();
        transaction!(context.db, "counter.sweep_views", |tx| {
            let before = retention::kept_since(context, tx, Period::ViewReasons, now).await?;
            Ok(store::sweep_views(tx, before).await?)
        })
    }

    async fn require_sight(&self, officer: Officer, event: Event, id: Uuid) -> Result<()> {
        let seen = self.may_see(officer, id).await;
        self.desk.judged(event, seen).await
    }

    async fn may_see(&self, officer: Officer, id: Uuid) -> Result<()> {
        let Desk { context, registrations, .. } = &self.desk;
        if registrations.reviews.is_present(officer.clerk(), id).await? {
            return Ok(());
        }
        let mut tx = context.db.read().await?;
        let since = context.now().plus_seconds(-VIEW_MINUTES * MINUTE);
        if store::viewed_since(&mut tx, officer.officer_id, id, since).await? {
            return Ok(());
        }
        drop(tx);
        // Whoever is to grant a colleague's request has to see what for.
        let to_grant = officer.roles.may(Permission::GrantReleases)
            && match registrations.releases.asked(officer.clerk(), id).await {
                Ok(asked) => asked.asked_by != officer.officer_id,
                Err(error) if error.code() == Some(Code::NotFound) => false,
                Err(error) => return Err(error),
            };
        if to_grant { Ok(()) } else { Err(Code::ReasonRequired.into()) }
    }
}

fn opened_too_many() -> Refusal {
    Refusal::new(Code::TooMany)
        .detail(
            "Batas membuka data tanpa warga untuk satu jam sudah tercapai; minta penyelia membantu.",
            "You opened as many registrations without the resident as one hour allows; ask a supervisor to help.",
        )
        .retry_after(HOUR.unsigned_abs())
}
