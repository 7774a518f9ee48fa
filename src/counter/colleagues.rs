//! Colleagues: who there is, who is on duty, and passing a resident on to one of them.

use uuid::Uuid;

use super::act::{ReadColleagues, Reassign};
use super::desk::Desk;
use crate::audited;
use crate::error::{Code, Refusal, Result};
use crate::staff::ports::{self, Colleague};
use crate::staff::{Allowed, Permission};

/// Colleagues of an office. Cloning shares everything.
#[derive(Clone)]
pub struct Colleagues {
    pub(super) desk: Desk,
}

impl Colleagues {
    /// The people of the office who may log in, by log-in name.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn list(&self, officer: &Allowed<ReadColleagues>) -> Result<Vec<Colleague>> {
        let mut tx = self.desk.context.db.read().await?;
        ports::colleagues(&mut tx, officer.agent.office_id, self.desk.context.now()).await
    }

    /// Passes a resident whom `from` received, or serves, on to a colleague who is on duty: presence was proven a moment ago and lasts no
    /// longer than it did.
    ///
    /// # Errors
    /// `invalid_field` for somebody who is not on duty here or serves nobody; `not_found` when it is not the office's; `scan_required` when
    /// nobody received the resident within half an hour; `wrong_state` when they stand before somebody else by now.
    pub async fn reassign(&self, officer: &Allowed<Reassign>, id: Uuid, (from, to): (Uuid, Uuid)) -> Result<()> {
        let Desk { context, registrations, audit } = &self.desk;
        let who = officer.agent.clerk();
        audited!(audit, officer.event(id), "counter.reassign", |tx| {
            registrations.visits.reassign(tx, who, id, (from, to)).await?;
            // In the transaction: who was disabled, or logged out, at this moment is passed nobody on to.
            let colleague = ports::colleagues(tx, who.office_id, context.now()).await?;
            let colleague = colleague.into_iter().find(|one| one.staff_id == to);
            colleague.filter(|one| one.on_duty && one.roles.may(Permission::ServeResidents)).ok_or_else(not_on_duty)?;
            Ok(())
        })
    }
}

fn not_on_duty() -> Refusal {
    Refusal::new(Code::InvalidField).detail(
        "Rekan ini tidak sedang bertugas di loket; pilih yang lain.",
        "This colleague is not on duty at a counter; choose another one.",
    )
}
