//! What administrators of relying parties do, with the permission that it needs and its name in the audit log.

use std::sync::Arc;

use uuid::Uuid;

use crate::audit::{Action, Actor, Event, GENERAL};
use crate::relying_party::Party;
use crate::staff::permission::{Act, Agent, Permission};
use crate::staff::{StaffSession, Workplace};

/// An administrator of a relying party.
#[derive(Clone, Debug)]
pub struct Administrator {
    /// Who.
    pub staff_id: Uuid,
    /// Of which party.
    pub party: Arc<Party>,
}

impl TryFrom<StaffSession> for Administrator {
    type Error = ();

    fn try_from(session: StaffSession) -> Result<Self, ()> {
        match session.workplace {
            Workplace::RelyingParty(party) => Ok(Self { staff_id: session.person.staff_id, party }),
            Workplace::Office(_) | Workplace::National => Err(()),
        }
    }
}

impl Agent for Administrator {
    fn event(&self, action: Action, subject_id: Uuid) -> Event {
        Event { chain: GENERAL, actor: Actor::Employee(self.staff_id), action, subject_id }
    }
}

macro_rules! acts {
    ($($(#[$doc:meta])* pub enum $act:ident: $permission:ident, $action:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub enum $act {}

        impl Act for $act {
            type Agent = Administrator;
            const PERMISSION: Permission = Permission::$permission;
            const ACTION: Action = Action::$action;
        }
    )*};
}

acts! {
    /// Reading what is the party's: contract, purposes, keys, people, figures, the webhook.
    pub enum ReadParty: AdministerParty, PartyViewed;
    /// Making a key.
    pub enum MakeKey: AdministerParty, ApiKeyAdded;
    /// Registering a public key.
    pub enum RegisterKey: AdministerParty, PublicKeyAdded;
    /// Revoking one, of either kind.
    pub enum RevokeKey: AdministerParty, ApiKeyRevoked;
    /// Making a key to the sandbox.
    pub enum MakeTestKey: AdministerParty, TestKeyAdded;
    /// Registering a public key for the sandbox.
    pub enum RegisterTestKey: AdministerParty, TestKeyAdded;
    /// Revoking one, of either kind.
    pub enum RevokeTestKey: AdministerParty, TestKeyRevoked;
    /// Having an invented person's QR shown.
    pub enum ShowTestQr: AdministerParty, TestQrShown;
    /// Disabling an employee.
    pub enum DisableEmployee: AdministerParty, EmployeeDisabled;
    /// Letting one log in again.
    pub enum EnableEmployee: AdministerParty, EmployeeEnabled;
    /// Inviting an employee.
    pub enum InviteEmployee: AdministerParty, EmployeeInvited;
    /// Inviting a list of them.
    pub enum InviteEmployees: AdministerParty, EmployeesInvited;
    /// Sending an invitation anew.
    pub enum ResendInvitation: AdministerParty, EmployeeInvited;
    /// Taking one back.
    pub enum WithdrawInvitation: AdministerParty, EmployeeInvitationWithdrawn;
    /// Sending an employee a link to new secrets.
    pub enum RenewEmployee: AdministerParty, EmployeeRenewed;
    /// Setting where the webhook is.
    pub enum SetWebhook: AdministerParty, WebhookSet;
    /// Having it answer a challenge.
    pub enum VerifyWebhook: AdministerParty, WebhookVerified;
    /// Removing it.
    pub enum RemoveWebhook: AdministerParty, WebhookRemoved;
    /// Adding a branch.
    pub enum AddBranch: AdministerParty, BranchAdded;
    /// Changing one.
    pub enum ChangeBranch: AdministerParty, BranchChanged;
    /// Taking one off the list.
    pub enum EndBranch: AdministerParty, BranchEnded;
    /// Reading what people report of branches.
    pub enum ReadBranchReports: AdministerParty, BranchReportsRead;
    /// Noting that a report was dealt with.
    pub enum CloseBranchReport: AdministerParty, BranchReportClosed;
}
