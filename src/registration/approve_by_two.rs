//! Somebody who has no e-mail address is approved by two people: an officer who scanned the phone a moment ago asks, a supervisor of the
//! same office looks at the same faces and data and grants. That takes the place of the activation code, whose only purpose is that
//! one officer alone activates nothing; no address is made up by anybody.

use uuid::Uuid;

use super::decision::{Actor, Decisions, decidable, hold_in_office, require_free};
use super::model::{Decision, Progress, RequestKind, State};
use super::release::Releases;
use super::store::selfie;
use super::{approval, call_back, cases};
use crate::db::Tx;
use crate::error::{Code, Result};

impl Releases {
    /// Asks in the caller's transaction for the approval of the `version` that was on the officer's screen.
    ///
    /// # Errors
    /// `not_found`, `scan_required`, `already_active`; `wrong_state` where it could not be approved, or has an e-mail address.
    pub async fn ask_approval(&self, tx: &mut Tx, actor: Actor, id: Uuid, version: &str, note: &str) -> Result<()> {
        let held = decidable(&self.context, tx, actor, id, version).await?;
        cases::require_approvable(&self.context, tx, &held, self.context.now()).await?;
        selfie::taken_at(tx, id).await?.ok_or(Code::WrongState)?;
        held.clone().approve_by_two(self.context.now())?;
        require_free(tx, &held).await?;
        self.keep(tx, actor, &held, RequestKind::Approval, note).await
    }

    /// Grants in the caller's transaction what somebody else of the office asked for: the resident chooses a PIN. Gives who asked,
    /// whom the caller is to look at before committing.
    ///
    /// # Errors
    /// As a release's grant; `already_active` when the resident has got a digital KTP meanwhile.
    pub async fn grant_approval(
        &self,
        tx: &mut Tx,
        decisions: &Decisions,
        actor: Actor,
        id: Uuid,
        version: &str,
    ) -> Result<(Uuid, State)> {
        let now = self.context.now();
        let held = hold_in_office(tx, actor, id).await?;
        held.require_awaiting_officer(now)?;
        let asked = self.take(tx, actor, &held, RequestKind::Approval, version).await?;
        cases::require_approvable(&self.context, tx, &held, now).await?;
        let approved = held.approve_by_two(now)?;
        let decision = Decision { note: self.reason(&asked)?, ..Decision::default() };
        decisions.write(tx, actor, &approved, &decision).await?;
        require_free(tx, &approved).await?;
        if let Progress::NeedsPin { resident } = approved.progress {
            approval::copy_record(&self.context, tx, &approved, resident, now).await?;
        }
        call_back::draw(&self.context, tx, id, asked.asked_by, actor).await?;
        Ok((asked.asked_by, approved.state()))
    }
}
