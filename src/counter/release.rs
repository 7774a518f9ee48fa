//! Two people of an office let a digital KTP make way for a new one.

use uuid::Uuid;

use super::act::{AskRelease, GrantRelease, Officer, ReadRelease, ReadReleases, RefuseRelease};
use super::desk::{Desk, require_active};
use super::model::check_reason;
use crate::audited;
use crate::error::{Code, Result};
use crate::registration::release::{Release, Waiting};
use crate::staff::{Allowed, Permission, ports};

/// Requests that a digital KTP make way. Cloning shares everything.
#[derive(Clone)]
pub struct Releases {
    pub(super) desk: Desk,
}

impl Releases {
    /// Asks that the resident's digital KTP make way for this registration.
    ///
    /// # Errors
    /// `invalid_field`, `not_found`, `scan_required`, `wrong_state`.
    pub async fn ask(&self, officer: &Allowed<AskRelease>, id: Uuid, version: &str, reason: &str) -> Result<()> {
        let Desk { registrations, audit, .. } = &self.desk;
        let event = officer.event(id);
        let reason = self.desk.judged(event, check_reason(reason)).await?;
        audited!(audit, event, "counter.ask_release", |tx| {
            registrations.releases.ask(tx, officer.agent.clerk(), id, version, &reason).await
        })
    }

    /// What waits for a supervisor's grant.
    ///
    /// # Errors
    /// `forbidden` unless this officer asked, or may grant it; `not_found`.
    pub async fn asked(&self, officer: &Allowed<ReadRelease>, id: Uuid) -> Result<Release> {
        let event = officer.event(id);
        let who = self.desk.standing(officer.agent, id).await?;
        let asked = self.desk.registrations.releases.asked(who.clerk(), id).await;
        // The reason may name people: it is for whoever grants, and for who wrote it.
        let asked = asked.and_then(|asked| self.require_part(officer.agent, asked.asked_by).map(|()| asked));
        let asked = self.desk.judged(event, asked).await?;
        self.desk.looked(event).await?;
        Ok(asked)
    }

    /// What waits for a second person of the office, each with the log-in name of who asked. Names no resident.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn waiting(&self, officer: &Allowed<ReadReleases>) -> Result<Vec<(Waiting, String)>> {
        let waiting = self.desk.registrations.releases.waiting(officer.agent.scope()).await?;
        let mut tx = self.desk.context.db.read().await?;
        let usernames = ports::usernames_within(&mut tx, officer.agent.scope()).await?;
        let named = |waiting: Waiting| {
            let username = usernames.get(&waiting.asked_by).cloned().unwrap_or_default();
            (waiting, username)
        };
        Ok(waiting.into_iter().map(named).collect())
    }

    /// Refuses it, or takes the own request back: nothing makes way.
    ///
    /// # Errors
    /// `forbidden` unless this officer asked, or may grant it; `not_found`.
    pub async fn refuse(&self, officer: &Allowed<RefuseRelease>, id: Uuid, version: &str) -> Result<()> {
        let Desk { registrations, audit, .. } = &self.desk;
        let (actor, event) = (self.desk.standing(officer.agent, id).await?.clerk(), officer.event(id));
        let asked = registrations.releases.asked(actor, id).await;
        let may = asked.and_then(|asked| self.require_part(officer.agent, asked.asked_by));
        self.desk.judged(event, may).await?;
        audited!(audit, event, "counter.refuse_release", |tx| {
            let at = registrations.releases.office_of(tx, officer.agent.scope(), id).await?;
            registrations.releases.refuse(tx, officer.agent.at(at).clerk(), id, version).await
        })
    }

    /// What was asked is for whoever grants, and for who asked.
    fn require_part(&self, officer: Officer, asked_by: Uuid) -> Result<()> {
        let may = officer.roles.may(Permission::GrantReleases) || asked_by == officer.officer_id;
        if may { Ok(()) } else { Err(Code::Forbidden.into()) }
    }

    /// Grants it: the old digital KTP ends.
    ///
    /// # Errors
    /// `forbidden` for one's own request; `not_found`, also when who asked was disabled since; `wrong_state`.
    pub async fn grant(&self, officer: &Allowed<GrantRelease>, id: Uuid, version: &str) -> Result<()> {
        let Desk { registrations, audit, .. } = &self.desk;
        audited!(audit, officer.event(id), "counter.grant_release", |tx| {
            let at = registrations.releases.office_of(tx, officer.agent.scope(), id).await?;
            let asked_by = registrations.releases.grant(tx, officer.agent.at(at).clerk(), id, version).await?;
            require_active(tx, asked_by, self.desk.context.now()).await
        })
    }
}
