//! What officers decide about a registration. Each decision is written to the audit log before (intent) and after (outcome) under
//! one correlation id; the outcome is in the same transaction as the decision.

use uuid::Uuid;

use super::act::{Approve, AskApproval, AskWaiver, GrantApproval, Reject, Return};
use super::desk::{Desk, require_active};
use super::model::{check_note, check_reason};
use crate::audited;
use crate::error::{FieldError, Refusal, Result, Text};
use crate::helper::Helper;
use crate::registration::State;
use crate::registration::model::{DifferenceField, WhyNot};
use crate::staff::Allowed;

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

impl Checks {
    fn demand_all(self) -> Result<()> {
        let missing: Vec<FieldError> =
            [("checks.face", self.face), ("checks.document", self.document), ("checks.data", self.data)]
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
        if missing.is_empty() { Ok(()) } else { Err(Refusal::fields(missing).into()) }
    }
}

/// Decisions. Cloning shares everything.
#[derive(Clone)]
pub struct Decisions {
    pub(super) desk: Desk,
}

impl Decisions {
    /// Approves: the code is mailed to the resident; the officer never sees it.
    ///
    /// # Errors
    /// `invalid_field` unless all three checks are confirmed, and what approving refuses.
    pub async fn approve(
        &self,
        officer: &Allowed<Approve>,
        (id, version): (Uuid, &str),
        checks: Checks,
        note: &str,
        helper: Option<&Helper>,
    ) -> Result<State> {
        let Desk { registrations, audit, .. } = &self.desk;
        let event = officer.event(id);
        let note = self.desk.judged(event, check_note(note)).await?;
        self.desk.judged(event, checks.demand_all()).await?;
        let state = audited!(audit, event, "counter.approve", |tx| {
            registrations.decisions.approve(tx, officer.agent.clerk(), (id, version), &note, helper).await
        })?;
        registrations.decisions.wake();
        Ok(state)
    }

    /// Asks that a second person approve somebody who has no e-mail address.
    ///
    /// # Errors
    /// `invalid_field` unless all three checks are confirmed, and what asking refuses.
    pub async fn ask_approval(
        &self,
        officer: &Allowed<AskApproval>,
        (id, version): (Uuid, &str),
        checks: Checks,
        note: &str,
        helper: Option<&Helper>,
    ) -> Result<()> {
        let Desk { registrations, audit, .. } = &self.desk;
        let event = officer.event(id);
        let note = self.desk.judged(event, check_note(note)).await?;
        self.desk.judged(event, checks.demand_all()).await?;
        audited!(audit, event, "counter.ask_approval", |tx| {
            registrations.releases.ask_approval(tx, officer.agent.clerk(), id, version, (&note, helper)).await
        })
    }

    /// Asks that a second person approve somebody whose face cannot be compared, for a medical reason.
    ///
    /// # Errors
    /// `invalid_field` unless documents and data were checked and a reason is written, and what asking refuses.
    pub async fn ask_waiver(
        &self,
        officer: &Allowed<AskWaiver>,
        (id, version): (Uuid, &str),
        checks: Checks,
        reason: &str,
        helper: Option<&Helper>,
    ) -> Result<()> {
        let Desk { registrations, audit, .. } = &self.desk;
        let event = officer.event(id);
        let reason = self.desk.judged(event, check_reason(reason)).await?;
        self.desk.judged(event, Checks { face: true, ..checks }.demand_all()).await?;
        audited!(audit, event, "counter.ask_waiver", |tx| {
            registrations.releases.ask_waiver(tx, officer.agent.clerk(), id, version, (&reason, helper)).await
        })
    }

    /// Approves, as the second person, what a colleague asked for: the resident chooses a PIN, or gets the code.
    ///
    /// # Errors
    /// `forbidden` for one's own request; `not_found`, also when who asked was disabled since; `already_active`, `wrong_state`.
    pub async fn grant_approval(&self, officer: &Allowed<GrantApproval>, id: Uuid, version: &str) -> Result<State> {
        let Desk { registrations, audit, .. } = &self.desk;
        let state = audited!(audit, officer.event(id), "counter.grant_approval", |tx| {
            let at = registrations.releases.office_of(tx, officer.agent.scope(), id).await?;
            let actor = officer.agent.at(at).clerk();
            let (asked_by, state) =
                registrations.releases.grant_approval(tx, &registrations.decisions, actor, id, version).await?;
            require_active(tx, asked_by, self.desk.context.now()).await.map(|()| state)
        })?;
        registrations.decisions.wake();
        Ok(state)
    }

    /// Returns a registration to the resident.
    ///
    /// # Errors
    /// `invalid_field`, `not_found`, `scan_required`, `wrong_state`.
    pub async fn return_for_correction(
        &self,
        officer: &Allowed<Return>,
        (id, version): (Uuid, &str),
        to: State,
        (reason, why): (&str, WhyNot),
        released: Vec<DifferenceField>,
    ) -> Result<State> {
        let Desk { registrations, audit, .. } = &self.desk;
        let (actor, event) = (officer.agent.clerk(), officer.event(id));
        let reason = self.desk.judged(event, check_reason(reason)).await?;
        audited!(audit, event, "counter.return_for_correction", |tx| {
            let released = released.clone();
            registrations
                .decisions
                .return_for_correction(tx, actor, (id, version), to, (&reason, why), released)
                .await?;
            Ok(to)
        })
    }

    /// Refuses a registration.
    ///
    /// # Errors
    /// `invalid_field`, `not_found`, `scan_required`, `wrong_state`.
    pub async fn reject(
        &self,
        officer: &Allowed<Reject>,
        (id, version): (Uuid, &str),
        (reason, why): (&str, WhyNot),
        note: &str,
    ) -> Result<State> {
        let Desk { registrations, audit, .. } = &self.desk;
        let (actor, event) = (officer.agent.clerk(), officer.event(id));
        let reason = self.desk.judged(event, check_reason(reason)).await?;
        let note = self.desk.judged(event, check_note(note)).await?;
        audited!(audit, event, "counter.reject", |tx| {
            registrations.decisions.reject(tx, actor, (id, version), (&reason, why), &note).await?;
            Ok(State::Rejected)
        })
    }
}
