//! What people of the national administration do, with the permission that each act needs and its name in the audit log.

use uuid::Uuid;

use crate::audit::{Action, Actor, Event, GENERAL};
use crate::register::Region;
use crate::staff::invitation::{Asker, Reach};
use crate::staff::permission::{Act, Agent, Permission};
use crate::staff::{Affiliation, Roles, StaffSession};

/// A person of the national administration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Official {
    /// The person.
    pub official_id: Uuid,
    /// What they are there.
    pub roles: Roles,
    /// Of which province, where they are of one.
    pub region: Option<Region>,
}

impl Official {
    /// Whether the person may grant what others ask for.
    pub fn grants(self) -> bool {
        self.roles.may(Permission::DecideProposals)
    }

    /// As whom the person asks about people: those of all offices, and of the national administration.
    pub const fn asker(self) -> Asker {
        Asker { staff_id: self.official_id, reach: Reach::Nation }
    }
}

impl TryFrom<StaffSession> for Official {
    type Error = ();

    fn try_from(session: StaffSession) -> Result<Self, ()> {
        let roles = session.roles();
        match session.person.affiliation {
            Affiliation::National => {
                Ok(Self { official_id: session.person.staff_id, roles, region: session.person.region })
            }
            Affiliation::Office(_) | Affiliation::RelyingParty(_) => Err(()),
        }
    }
}

impl Agent for Official {
    fn event(&self, action: Action, subject_id: Uuid) -> Event {
        Event { chain: GENERAL, actor: Actor::Officer(self.official_id), action, subject_id }
    }
}

macro_rules! acts {
    ($($(#[$doc:meta])* pub enum $act:ident: $permission:ident, $action:ident $(, about $about:expr)?;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub enum $act {}

        impl Act for $act {
            type Agent = Official;
            const PERMISSION: Permission = Permission::$permission;
            const ACTION: Action = Action::$action;
            $(fn about(session: &StaffSession) -> Uuid {
                let about: fn(&StaffSession) -> Uuid = $about;
                about(session)
            })?
        }
    )*};
}

acts! {
    /// Searching the log of any office.
    pub enum SearchAllAudit: SearchAudit, AuditSearched;
    /// Opening the data of a subject.
    pub enum OpenSubject: SearchAudit, SubjectOpened;
    /// Checking a chain.
    pub enum CheckChain: SearchAudit, AuditChecked;
    /// Reading what was published of the regions of others.
    pub enum ReadPublished: ReadFiguresOfOthers, PublishedFiguresRead, about |session| session.person.staff_id;
    /// Taking it away as a file.
    pub enum DownloadPublished: ReadFiguresOfOthers, PublishedFiguresDownloaded, about |session| session.person.staff_id;
    /// Reading who works somewhere, and what is asked about them.
    pub enum ReadStaff: ReadStaff, StaffRead, about |session| session.person.staff_id;
    /// Asking that somebody join, get new secrets or leave.
    pub enum AskStaff: AskStaff, StaffAsked;
    /// Granting it.
    pub enum GrantStaff: GrantStaff, StaffGranted;
    /// Refusing it, or taking the own request back.
    pub enum RefuseStaff: RefuseStaff, StaffRefused;
    /// Ending somebody's time at once.
    pub enum StopStaff: LeadStaff, StaffStopped;
    /// Confirming that somebody still works there.
    pub enum ConfirmStaff: LeadStaff, StaffConfirmed;
    /// Reading what administrators ask of each other.
    pub enum ReadProposals: ReadProposals, ProposalsRead, about |session| session.person.staff_id;
    /// Asking for what another one grants.
    pub enum AskProposal: AskProposals, ProposalAsked;
    /// Taking the own request back.
    pub enum WithdrawProposal: AskProposals, ProposalRefused;
    /// Granting what another one asked for.
    pub enum GrantProposal: DecideProposals, ProposalGranted;
    /// Refusing it.
    pub enum RefuseProposal: DecideProposals, ProposalRefused;
    /// Reading of relying parties.
    pub enum ReadParties: ReadParties, PartyViewed;
    /// Reading how often people report the branches of which parties.
    pub enum ReadBranchCounts: ReadParties, BranchCountsRead, about |session| session.person.staff_id;
    /// Reading of offices.
    pub enum ReadOffices: ReadOffices, OfficesRead;
    /// Reading how the service is set.
    pub enum ReadSettings: ReadSettings, SettingsRead, about |session| session.person.staff_id;
    /// Suspending a relying party at once.
    pub enum SuspendParty: SuspendParties, PartySuspended;
    /// Stopping somebody who looks after a relying party.
    pub enum StopPartyAdministrator: SuspendParties, PartyAdministratorStopped;
}
