//! A holder's address is changed at the counter: one person compares and asks, another grants. Neither sees more of it than two letters.

use uuid::Uuid;

use super::act::{
    AskContactVisit, GrantContactVisit, Officer, ReadContactVisits, RefuseContactVisit, ScanContactVisit,
    ViewContactVisit, ViewContactVisitPicture,
};
use super::desk::{Desk, require_active};
use super::model::check_reason;
use crate::audit::Outcome;
use crate::audited;
use crate::clock::Timestamp;
use crate::contact::visit::model::Visit;
use crate::contact::visit::{self, ContactVisit, Seen};
use crate::error::{Code, Result};
use crate::staff::{Allowed, Permission, ports};
use crate::transaction;

/// Changes of address at the counter. Cloning shares everything.
#[derive(Clone)]
pub struct ContactVisits {
    pub(super) desk: Desk,
    pub(super) visits: visit::Desk,
}

/// A change of address with what the officer who looks may do.
#[derive(Debug)]
pub struct ContactVisitView {
    /// What is compared.
    pub seen: Seen,
    /// Log-in name of who asked.
    pub asked_by: Option<String>,
    /// Whether that is the officer who looks.
    pub own: bool,
    /// Whether the officer who looks may ask or grant now.
    pub may_decide: bool,
}

/// A request that waits for a second person.
#[derive(Debug)]
pub struct WaitingContactVisit {
    /// The change.
    pub visit_id: Uuid,
    /// Log-in name of who asked.
    pub asked_by: String,
    /// When.
    pub asked_at: Timestamp,
    /// Whether the officer who looks asked.
    pub own: bool,
}

impl ContactVisits {
    /// Scans the QR of one.
    ///
    /// # Errors
    /// `invalid_field`, `qr_expired`, `qr_used`, `not_found`, `wrong_state`.
    pub async fn scan(&self, officer: &Allowed<ScanContactVisit>, token: &str) -> Result<ContactVisitView> {
        let Desk { context, audit, .. } = &self.desk;
        let scanned = self.visits.read_scan(token).await;
        let scanned = self.desk.judged(officer.event(Uuid::nil()), scanned).await?;
        let (id, visit) = (scanned.0, visit_of(officer.agent));
        let done = transaction!(context.db, "counter.scan_contact_visit", |tx| {
            self.visits.scan(tx, visit, scanned).await?;
            audit.record(tx, officer.event(id), Outcome::Done).await
        });
        self.desk.judged(officer.event(id), done).await?;
        self.seen(officer.agent, id).await
    }

    /// One, for whoever has the holder before them and for whoever is to grant it. Looking is noted.
    ///
    /// # Errors
    /// `not_found`, `forbidden`.
    pub async fn view(&self, officer: &Allowed<ViewContactVisit>, id: Uuid) -> Result<ContactVisitView> {
        let may = self.may_see(officer.agent, id).await;
        self.desk.judged(officer.event(id), may).await?;
        let view = self.seen(officer.agent, id).await?;
        self.desk.looked(officer.event(id)).await?;
        Ok(view)
    }

    /// The register's portrait of the holder.
    ///
    /// # Errors
    /// `not_found`, `forbidden`.
    pub async fn portrait(&self, officer: &Allowed<ViewContactVisitPicture>, id: Uuid) -> Result<Vec<u8>> {
        let may = self.may_see(officer.agent, id).await;
        self.desk.judged(officer.event(id), may).await?;
        let at = self.standing(officer.agent, id).await?.office_id;
        let picture = self.visits.portrait(at, id).await?;
        self.desk.note(officer.event(id)).await?;
        Ok(picture)
    }

    /// What waits for a second person of the office. Names no resident.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn waiting(&self, officer: &Allowed<ReadContactVisits>) -> Result<Vec<WaitingContactVisit>> {
        let (scope, officer_id) = (officer.agent.scope(), officer.agent.officer_id);
        let waiting = self.visits.waiting(scope).await?;
        let mut tx = self.desk.context.db.read().await?;
        let usernames = ports::usernames_within(&mut tx, scope).await?;
        let line = |change: ContactVisit| {
            let asked = change.asked()?;
            Some(WaitingContactVisit {
                visit_id: change.visit_id,
                asked_by: usernames.get(&asked.by).cloned().unwrap_or_default(),
                asked_at: asked.at,
                own: asked.by == officer_id,
            })
        };
        Ok(waiting.into_iter().filter_map(line).collect())
    }

    /// Asks for it.
    ///
    /// # Errors
    /// `invalid_field`, `not_found`, `scan_required`, `wrong_state`.
    pub async fn ask(&self, officer: &Allowed<AskContactVisit>, id: Uuid, version: &str, reason: &str) -> Result<()> {
        let event = officer.event(id);
        let reason = self.desk.judged(event, check_reason(reason)).await?;
        audited!(self.desk.audit, event, "counter.ask_contact_visit", |tx| {
            self.visits.ask(tx, visit_of(officer.agent), id, version, &reason).await
        })
    }

    /// Grants it: the new address counts at once.
    ///
    /// # Errors
    /// `forbidden` for one's own request; `not_found`, also when who asked was disabled since; `wrong_state`.
    pub async fn grant(&self, officer: &Allowed<GrantContactVisit>, id: Uuid, version: &str) -> Result<()> {
        audited!(self.desk.audit, officer.event(id), "counter.grant_contact_visit", |tx| {
            let at = self.visits.office_of(tx, officer.agent.scope(), id).await?;
            let asked_by = self.visits.grant(tx, visit_of(officer.agent.at(at)), id, version).await?;
            require_active(tx, asked_by, self.desk.context.now()).await
        })
    }

    /// Refuses it; the holder reads why. For whoever has the holder before them and for whoever might grant it.
    ///
    /// # Errors
    /// `invalid_field`, `not_found`, `forbidden`, `wrong_state`.
    pub async fn refuse(
        &self,
        officer: &Allowed<RefuseContactVisit>,
        id: Uuid,
        version: &str,
        reason: &str,
    ) -> Result<()> {
        let event = officer.event(id);
        let reason = self.desk.judged(event, check_reason(reason)).await?;
        let may = self.may_see(officer.agent, id).await;
        self.desk.judged(event, may).await?;
        audited!(self.desk.audit, event, "counter.refuse_contact_visit", |tx| {
            let at = self.visits.office_of(tx, officer.agent.scope(), id).await?;
            self.visits.refuse(tx, at, id, version, &reason).await
        })
    }

    async fn may_see(&self, officer: Officer, id: Uuid) -> Result<()> {
        let change = self.visits.find(self.standing(officer, id).await?.office_id, id).await?;
        if !change.is_live(self.desk.context.now()) {
            return Err(Code::NotFound.into());
        }
        let to_grant = change.asked().is_some() && officer.roles.may(Permission::GrantReleases);
        let is_here = is_before(&change) == Some(officer.officer_id);
        if is_here || to_grant { Ok(()) } else { Err(Code::ScanRequired.into()) }
    }

    /// This person, as somebody of the office whose request it is.
    async fn standing(&self, officer: Officer, id: Uuid) -> Result<Officer> {
        let mut tx = self.desk.context.db.read().await?;
        Ok(officer.at(self.visits.office_of(&mut tx, officer.scope(), id).await?))
    }

    async fn seen(&self, officer: Officer, id: Uuid) -> Result<ContactVisitView> {
        let officer = self.standing(officer, id).await?;
        let seen = self.visits.see(officer.office_id, id).await?;
        let asked = seen.change.asked();
        let asked_by = match asked {
            None => None,
            Some(asked) => {
                let mut tx = self.desk.context.db.read().await?;
                ports::usernames(&mut tx, officer.office_id).await?.remove(&asked.by)
            }
        };
        let own = asked.is_some_and(|asked| asked.by == officer.officer_id);
        let may_decide = match asked {
            Some(_) => !own && officer.roles.may(Permission::GrantReleases),
            None => is_before(&seen.change) == Some(officer.officer_id),
        };
        Ok(ContactVisitView { seen, asked_by, own, may_decide })
    }
}

/// The officer before whom the holder stands.
fn is_before(change: &ContactVisit) -> Option<Uuid> {
    change.visit().map(|visit| visit.officer_id)
}

const fn visit_of(officer: Officer) -> Visit {
    Visit { office_id: officer.office_id, officer_id: officer.officer_id }
}
