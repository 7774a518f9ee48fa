//! Sessions of outreach: an officer asks, a supervisor or the head plans and confirms, who leads opens, closes and reports.

use std::collections::HashMap;

use uuid::Uuid;

use super::act::{
    CancelOutreach, CloseOutreach, ConfirmOutreach, EditOutreach, Officer, OpenOutreach, PlanOutreach, ReadOutreach,
    ReadRoster, ReportOutreach, ViewOutreach,
};
use super::desk::Desk;
use crate::audited;
use crate::clock::Timestamp;
use crate::error::{Code, Refusal, Result};
use crate::outreach;
use crate::outreach::desk::Seen;
use crate::outreach::model::{Details, Outreach, Plan, State};
use crate::secret::Redacted;
use crate::staff::ports::Colleague;
use crate::staff::{Allowed, Permission, Role, ports};

/// Sessions of outreach at the office. Cloning shares everything.
#[derive(Clone)]
pub struct Outreaches {
    pub(super) desk: Desk,
    pub(super) outreaches: outreach::Desk,
}

/// A session with what the person who looks may do.
#[derive(Debug)]
pub struct OutreachView {
    /// What is seen.
    pub seen: Seen,
    /// The people of the roster by their ids: log-in name and full name.
    pub names: HashMap<Uuid, (String, String)>,
    /// Whether who looks may change or cancel the plan now.
    pub may_edit: bool,
    /// Whether who looks may confirm it now.
    pub may_confirm: bool,
    /// Whether who looks may open, close or report it, as it stands.
    pub may_lead: bool,
}

impl Outreaches {
    /// Plans a session; by an officer it waits to be confirmed.
    ///
    /// # Errors
    /// `invalid_field`.
    pub async fn plan(&self, officer: &Allowed<PlanOutreach>, plan: Plan) -> Result<OutreachView> {
        let who = officer.agent;
        let plan = plan.checked(self.desk.context.now()).map_err(Into::into);
        let plan = self.desk.judged(officer.event(who.officer_id), plan).await?;
        let alone = is_chief(who);
        let planned = audited!(self.desk.audit, officer.event(who.officer_id), "counter.plan_outreach", |tx| {
            self.outreaches.plan(tx, who.clerk(), &plan, alone).await
        })?;
        self.seen(who, planned.outreach_id).await
    }

    /// Writes another plan in place of the one on the screen; by an officer it waits to be confirmed, again.
    ///
    /// # Errors
    /// `invalid_field`, `forbidden`, `not_found`, `wrong_state`.
    pub async fn edit(
        &self,
        officer: &Allowed<EditOutreach>,
        (id, version): (Uuid, &str),
        plan: Plan,
    ) -> Result<OutreachView> {
        let (who, event) = (officer.agent, officer.event(id));
        let plan = plan.checked(self.desk.context.now()).map_err(Into::into);
        let plan = self.desk.judged(event, plan).await?;
        let may = self.seen(who, id).await.and_then(|view| demand(plans(who, &view.seen)));
        self.desk.judged(event, may).await?;
        let alone = is_chief(who);
        audited!(self.desk.audit, event, "counter.edit_outreach", |tx| {
            self.outreaches.edit(tx, who.clerk(), (id, version), &plan, alone).await
        })?;
        self.seen(who, id).await
    }

    /// Confirms what somebody else asked for.
    ///
    /// # Errors
    /// `forbidden` for the own, `not_found`, `wrong_state`.
    pub async fn confirm(&self, officer: &Allowed<ConfirmOutreach>, id: Uuid, version: &str) -> Result<()> {
        audited!(self.desk.audit, officer.event(id), "counter.confirm_outreach", |tx| {
            self.outreaches.confirm(tx, officer.agent.clerk(), id, version).await
        })
    }

    /// It does not take place.
    ///
    /// # Errors
    /// `forbidden`, `not_found`, `wrong_state`.
    pub async fn cancel(&self, officer: &Allowed<CancelOutreach>, id: Uuid, version: &str) -> Result<()> {
        let (who, event) = (officer.agent, officer.event(id));
        let may = self.seen(who, id).await.and_then(|view| demand(plans(who, &view.seen)));
        self.desk.judged(event, may).await?;
        audited!(self.desk.audit, event, "counter.cancel_outreach", |tx| {
            self.outreaches.cancel(tx, who.clerk(), id, version).await
        })
    }

    /// Opens it.
    ///
    /// # Errors
    /// `forbidden` for who neither leads nor confirms, `not_found`, `wrong_state`.
    pub async fn open(&self, officer: &Allowed<OpenOutreach>, id: Uuid, version: &str) -> Result<()> {
        let (who, event) = (officer.agent, officer.event(id));
        let may = self.seen(who, id).await.and_then(|view| demand(leads(who, &view.seen)));
        self.desk.judged(event, may).await?;
        audited!(self.desk.audit, event, "counter.open_outreach", |tx| {
            self.outreaches.open(tx, who.clerk(), id, version).await
        })
    }

    /// Closes it.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub async fn close(&self, officer: &Allowed<CloseOutreach>, id: Uuid, version: &str) -> Result<()> {
        let (who, event) = (officer.agent, officer.event(id));
        let may = self.seen(who, id).await.and_then(|view| demand(leads(who, &view.seen)));
        self.desk.judged(event, may).await?;
        audited!(self.desk.audit, event, "counter.close_outreach", |tx| {
            self.outreaches.close(tx, who.clerk(), id, version).await
        })
    }

    /// Reports it, for good.
    ///
    /// # Errors
    /// `invalid_field`; as [`Self::open`].
    pub async fn report(
        &self,
        officer: &Allowed<ReportOutreach>,
        (id, version): (Uuid, &str),
        offline_minutes: i64,
    ) -> Result<()> {
        let (who, event) = (officer.agent, officer.event(id));
        let may = self.seen(who, id).await.and_then(|view| demand(leads(who, &view.seen)));
        self.desk.judged(event, may).await?;
        audited!(self.desk.audit, event, "counter.report_outreach", |tx| {
            self.outreaches.report(tx, who.clerk(), (id, version), offline_minutes).await
        })
    }

    /// A session of the office. Looking is noted: it says who coordinates, and whose home is visited.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn view(&self, officer: &Allowed<ViewOutreach>, id: Uuid) -> Result<OutreachView> {
        let view = self.seen(officer.agent, id).await;
        let mut view = self.desk.judged(officer.event(id), view).await?;
        self.desk.looked(officer.event(id)).await?;
        // Whoever is not part of a visit at home does not learn whose it is.
        let (who, seen) = (officer.agent, &mut view.seen);
        if !(plans(who, seen) || seen.roster.iter().any(|(person, _)| *person == who.officer_id)) {
            seen.details = std::mem::take(&mut seen.details).forgotten(seen.outreach.kind);
        }
        Ok(view)
    }

    /// The office's sessions, those that begin last first, each with its place; of visits at home none.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn list(
        &self,
        officer: &Allowed<ReadOutreach>,
        after: (Timestamp, Uuid),
        limit: i64,
    ) -> Result<Vec<(Outreach, Option<Redacted<String>>)>> {
        let mut tx = self.desk.context.db.read().await?;
        let found = self.outreaches.list(&mut tx, officer.agent.office_id, after, limit).await?;
        let told = |(one, details): (Outreach, Details)| {
            let place = details.forgotten(one.kind).place;
            (one, place)
        };
        Ok(found.into_iter().map(told).collect())
    }

    /// The people of the office who can be on a roster.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn people(&self, officer: &Allowed<ReadRoster>) -> Result<Vec<Colleague>> {
        let context = &self.desk.context;
        let mut tx = context.db.read().await?;
        let people = ports::colleagues(&mut tx, officer.agent.office_id, context.now()).await?;
        let goes = |one: &Colleague| matches!(one.roles.own, Role::Assistant | Role::Officer | Role::Supervisor);
        Ok(people.into_iter().filter(goes).collect())
    }

    async fn seen(&self, who: Officer, id: Uuid) -> Result<OutreachView> {
        let context = &self.desk.context;
        let mut tx = context.db.read().await?;
        let seen = self.outreaches.see(&mut tx, who.office_id, id).await?;
        let people = ports::colleagues(&mut tx, who.office_id, context.now()).await?;
        let mut names: HashMap<Uuid, (String, String)> =
            people.into_iter().map(|one| (one.staff_id, (one.username, one.full_name))).collect();
        // Who left since is told by the log-in name.
        for (id, username) in ports::usernames(&mut tx, who.office_id).await? {
            names.entry(id).or_insert_with(|| (username.clone(), username));
        }
        let state = seen.outreach.state;
        let planning = matches!(state, State::Asked | State::Planned);
        Ok(OutreachView {
            may_edit: planning && plans(who, &seen),
            may_confirm: state == State::Asked && is_chief(who) && seen.outreach.planned_by != who.officer_id,
            may_lead: matches!(state, State::Planned | State::Open | State::Closed) && leads(who, &seen),
            names,
            seen,
        })
    }
}

/// Whose word is enough.
fn is_chief(who: Officer) -> bool {
    who.roles.may(Permission::ConfirmOutreach)
}

/// Who changes the plan: whoever asked for it, and supervisors and heads.
fn plans(who: Officer, seen: &Seen) -> bool {
    is_chief(who) || (seen.outreach.planned_by == who.officer_id && who.roles.may(Permission::PlanOutreach))
}

/// Who opens, closes and reports: the lead, and supervisors and heads.
fn leads(who: Officer, seen: &Seen) -> bool {
    is_chief(who) || seen.lead() == Some(who.officer_id)
}

fn demand(may: bool) -> Result<()> {
    if may { Ok(()) } else { Err(not_yours().into()) }
}

fn not_yours() -> Refusal {
    Refusal::new(Code::Forbidden).detail(
        "Rencana diubah pengusulnya; sesi dibuka, ditutup, dan dilaporkan pemimpinnya. Penyelia dan kepala dapat keduanya.",
        "Whoever asked for it changes the plan; who leads opens, closes and reports. A supervisor or the head does both.",
    )
}
