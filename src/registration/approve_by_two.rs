//! Somebody who has no e-mail address is approved by two people: an officer who scanned the phone a moment ago asks, a supervisor of the
//! same office looks at the same faces and data and grants. That takes the place of the activation code, whose only purpose is that
//! one officer alone activates nothing; no address is made up by anybody.
//!
//! Somebody whose face cannot be compared (bandages, burns, bedridden) is approved by two as well: both judge documents and data. Who has an
//! address gets the code there all the same.

use uuid::Uuid;

use super::decision::{Decisions, decidable, hold_in_office, require_free};
use super::model::{Decision, Progress, Registration, RequestKind, State, Step};
use super::release::Releases;
use super::store::selfie;
use super::{approval, call_back, cases, helping};
use crate::clerk::Clerk;
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::error::{Code, Refusal, Result};
use crate::helper::Helper;
use crate::secret::Redacted;

/// What colleagues read later of an approval without comparing the face.
const WAIVED: &str = "Wajah tidak dicocokkan; disetujui dua orang.";

impl Releases {
    /// Asks in the caller's transaction for the approval of the `version` that was on the officer's screen.
    ///
    /// # Errors
    /// `not_found`, `scan_required`, `already_active`; `wrong_state` where it could not be approved, or has an e-mail address.
    pub async fn ask_approval(
        &self,
        tx: &mut Tx,
        actor: Clerk,
        id: Uuid,
        version: &str,
        (note, helper): (&str, Option<&Helper>),
    ) -> Result<()> {
        let held = decidable(&self.context, tx, actor, id, version).await?;
        cases::require_approvable(&self.context, tx, &held, self.context.now()).await?;
        selfie::taken_at(tx, id).await?.ok_or(Code::WrongState)?;
        held.clone().approve_by_two(self.context.now())?;
        require_free(tx, &held).await?;
        self.keep(tx, actor, &held, RequestKind::Approval, (note, helper)).await
    }

    /// Asks in the caller's transaction for the approval of somebody whose face cannot be compared, for the `reason` that is written.
    ///
    /// # Errors
    /// As [`Self::ask_approval`], whether they have an address or not.
    pub async fn ask_waiver(
        &self,
        tx: &mut Tx,
        actor: Clerk,
        id: Uuid,
        version: &str,
        (reason, helper): (&str, Option<&Helper>),
    ) -> Result<()> {
        let now = self.context.now();
        let held = decidable(&self.context, tx, actor, id, version).await?;
        cases::require_approvable(&self.context, tx, &held, now).await?;
        selfie::taken_at(tx, id).await?.ok_or(Code::WrongState)?;
        approve(held.clone(), RequestKind::Waiver, now)?;
        require_free(tx, &held).await?;
        self.keep(tx, actor, &held, RequestKind::Waiver, (reason, helper)).await
    }

    /// Grants in the caller's transaction what somebody else of the office asked for: the resident chooses a PIN, or gets the code where
    /// the face was not compared and there is an address; then [`Decisions::wake`] is to be called. Gives who asked,
    /// whom the caller is to look at before committing.
    ///
    /// # Errors
    /// As a release's grant; `already_active` when the resident has got a digital KTP meanwhile.
    pub async fn grant_approval(
        &self,
        tx: &mut Tx,
        decisions: &Decisions,
        actor: Clerk,
        id: Uuid,
        version: &str,
    ) -> Result<(Uuid, State)> {
        let now = self.context.now();
        let held = hold_in_office(tx, actor, id).await?;
        held.require_awaiting_officer(now)?;
        let asked = self.take(tx, actor, &held, &[RequestKind::Approval, RequestKind::Waiver], version).await?;
        cases::require_approvable(&self.context, tx, &held, now).await?;
        let approved = approve(held, asked.kind, now)?;
        // Why a face was not compared is a matter of health: it goes with the request.
        let note = match asked.kind {
            RequestKind::Waiver => Redacted(String::from(WAIVED)),
            RequestKind::Approval | RequestKind::Release => self.reason(&asked)?,
        };
        let decision = Decision { note, ..Decision::default() };
        decisions.write(tx, actor, &approved, &decision).await?;
        decisions.step(tx, &approved, Step::Approved, None).await?;
        require_free(tx, &approved).await?;
        match approved.progress {
            Progress::NeedsPin { resident } => {
                approval::copy_record(&self.context, tx, &approved, resident, now).await?;
            }
            Progress::CodeSent { resident } => {
                approval::complete(&self.context, tx, &approved, resident, now).await?;
            }
            _ => {}
        }
        let helper = self.helper(&asked)?;
        let asker = Clerk { officer_id: asked.asked_by, office_id: asked.office_id };
        helping::helped(&self.context, tx, (&approved, helper.as_ref()), (asker, Some(actor)), now).await?;
        // Neither a face nor an address: somebody always calls.
        let always = asked.kind == RequestKind::Waiver && !approved.has_email();
        call_back::draw(&self.context, tx, id, (asked.asked_by, actor), always).await?;
        Ok((asked.asked_by, approved.state()))
    }
}

/// What an approval of this kind makes of a registration. The register has to have answered: documents and data are judged in the face's place.
fn approve(held: Registration, kind: RequestKind, now: Timestamp) -> Result<Registration, Refusal> {
    if kind != RequestKind::Waiver || !held.has_email() {
        return held.approve_by_two(now);
    }
    held.require_answered()?;
    held.approve(now)
}
