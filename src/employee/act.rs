//! What employees of relying parties do, with the permission that it needs and its name in the audit log.

use std::sync::Arc;

use uuid::Uuid;

use crate::audit::{Action, Actor, Event, GENERAL};
use crate::relying_party::Party;
use crate::staff::permission::{Act, Agent, Permission};
use crate::staff::{StaffSession, Workplace};

/// An employee of a relying party.
#[derive(Clone, Debug)]
pub struct Employee {
    /// The employee.
    pub employee_id: Uuid,
    /// For whom the employee acts.
    pub party: Arc<Party>,
}

impl TryFrom<StaffSession> for Employee {
    type Error = ();

    fn try_from(session: StaffSession) -> Result<Self, ()> {
        match session.workplace {
            Workplace::RelyingParty(party) => Ok(Self { employee_id: session.person.staff_id, party }),
            Workplace::Office(_) | Workplace::National => Err(()),
        }
    }
}

impl Agent for Employee {
    fn event(&self, action: Action, subject_id: Uuid) -> Event {
        Event { chain: GENERAL, actor: Actor::Employee(self.employee_id), action, subject_id }
    }
}

/// Verifying, and reading the own checks.
#[derive(Clone, Copy, Debug)]
pub enum Verify {}

impl Act for Verify {
    type Agent = Employee;
    const PERMISSION: Permission = Permission::Verify;
    const ACTION: Action = Action::Verification;
}
