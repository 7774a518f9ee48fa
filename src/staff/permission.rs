//! What people may do: roles stand for permissions, acts need one.

use std::marker::PhantomData;

use serde::Serialize;
use uuid::Uuid;

use super::model::Role;
use super::sessions::StaffSession;
use crate::audit::{Action, Event};

/// Something that not everybody who is logged in may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema, strum::IntoStaticStr, strum::VariantArray)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Permission {
    /// Receive residents at an office: scan their QR, so that a colleague calls them.
    ReceiveResidents,
    /// Serve them at a counter: see what they registered, confirm their number, take them over from a colleague.
    ServeResidents,
    /// Read the office's queue and its figures.
    ReadQueue,
    /// Open a registration of the own office.
    ViewRegistrations,
    /// Approve, return or reject a registration.
    DecideRegistrations,
    /// Ask for what a second person has to grant.
    AskReleases,
    /// Read what waits for a second person, and refuse it.
    WorkRequests,
    /// Grant what a colleague asked for.
    GrantReleases,
    /// Prepare printed cards, print those that were granted, and void them.
    AskCards,
    /// Grant a printed card that a colleague asked for.
    GrantCards,
    /// Block a digital KTP at the word of a caller.
    BlockAtCalls,
    /// Look at what colleagues blocked at callers' words, and at whoever helps many.
    ReviewBlocks,
    /// Ask that a wrongful activation be annulled.
    AskAnnulments,
    /// Read what was asked, and refuse it.
    WorkAnnulments,
    /// Grant what a supervisor asked for.
    GrantAnnulments,
    /// Read the office's correction cases.
    ReadCorrections,
    /// Open correction cases and take them further.
    WorkCorrections,
    /// Pass on what a colleague asked for.
    GrantCorrections,
    /// Read why colleagues opened registrations without the resident.
    ReadReasons,
    /// Call residents back whom two colleagues approved.
    CallBack,
    /// Give colleagues back the rights that rest since an annulment.
    RestoreRights,
    /// Read who works at the office, or anywhere, and what is asked about them.
    ReadStaff,
    /// Ask that somebody join, get new secrets or leave.
    AskStaff,
    /// Grant what a colleague asked about somebody.
    GrantStaff,
    /// Refuse that, or take the own request back.
    RefuseStaff,
    /// End somebody's time at once, and confirm that somebody still works there.
    LeadStaff,
    /// Change what residents read of the own office: its hours, holidays, phone and note.
    EditOffice,
    /// Say where one is on duty, so that anybody can recognise one.
    ProveDuty,
    /// Take the photos by which colleagues are recognised.
    TakeStaffPhotos,
    /// Read the office's sessions of outreach.
    ReadOutreach,
    /// Plan one, or ask for it; open, close and report those that one leads.
    PlanOutreach,
    /// Confirm one that a colleague asked for; plan alone, and lead any.
    ConfirmOutreach,
    /// Read and close what people report of those who say to be of the office.
    ReviewFraud,
    /// Ask by a NIK whether somebody has an active digital KTP.
    LookUpActive,
    /// Search among the office's registrations.
    SearchPeople,
    /// Look at how much colleagues look for, and lift the limit of a day.
    ReviewSearches,
    /// Read what the audit log says of the own acts.
    ReadOwnAudit,
    /// Search the audit log of the office.
    ReadOfficeAudit,
    /// Search the audit log of all offices, open the data of a subject, and check the chains.
    SearchAudit,
    /// Pass a resident on to a colleague who is on duty.
    ReassignResidents,
    /// Read the office's figures and its months.
    ReadFigures,
    /// Read what was published of the regions of others.
    ReadFiguresOfOthers,
    /// Ask the head to sign a month.
    AskRecaps,
    /// Sign a month that a supervisor asked for.
    SignRecaps,
    /// Read what administrators of the nation ask of each other.
    ReadProposals,
    /// Ask for what another administrator of the nation has to grant; take the own request back.
    AskProposals,
    /// Grant or refuse what another one asked for.
    DecideProposals,
    /// Read of relying parties: what they are entitled to, contract, keys, figures, administrators.
    ReadParties,
    /// Read of all offices: the tree, and what is known of each.
    ReadOffices,
    /// Read how the service is set: signing keys, how long things are kept, texts of mails.
    ReadSettings,
    /// Suspend a relying party, or stop somebody who looks after one, at once.
    SuspendParties,
    /// Verify for a relying party.
    Verify,
    /// Look after what is a relying party's: keys, employees, figures, the webhook.
    AdministerParty,
}

impl Permission {
    /// All permissions, in the order in which the documentation has them.
    pub const ALL: &'static [Self] = <Self as strum::VariantArray>::VARIANTS;

    /// Its word in replies and in the documentation.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// The roles that stand for it. This is the table of who may do what: checks, replies, docs/roles.md and the tests follow from it.
    pub const fn roles(self) -> &'static [Role] {
        use Role::{
            Administrator, Assistant, Auditor, DataOfficer, Employee, Head, Officer, PartyAdministrator, Province,
            Supervisor,
        };
        match self {
            Self::ReceiveResidents | Self::ProveDuty => &[Assistant, Officer, Supervisor],
            Self::ReadQueue | Self::ReadOutreach => &[Assistant, Officer, Supervisor, Head],
            Self::ServeResidents | Self::DecideRegistrations | Self::AskReleases | Self::AskCards => {
                &[Officer, Supervisor]
            }
            Self::ViewRegistrations | Self::WorkRequests | Self::PlanOutreach | Self::SearchPeople => {
                &[Officer, Supervisor, Head]
            }
            Self::BlockAtCalls | Self::ReadCorrections | Self::ReadFigures => &[Officer, Supervisor, Head, DataOfficer],
            Self::ReadFiguresOfOthers => &[Head, Administrator, Province, Auditor],
            Self::SearchAudit => &[Auditor],
            Self::WorkCorrections => &[Officer, Supervisor, DataOfficer],
            Self::LookUpActive => &[Assistant, Officer, Supervisor, Head, DataOfficer],
            Self::AskAnnulments | Self::AskRecaps | Self::ReassignResidents => &[Supervisor],
            Self::GrantAnnulments | Self::SignRecaps | Self::ReadOfficeAudit => &[Head],
            Self::GrantReleases
            | Self::GrantCards
            | Self::GrantCorrections
            | Self::ReviewBlocks
            | Self::WorkAnnulments
            | Self::ReadReasons
            | Self::CallBack
            | Self::RestoreRights
            | Self::EditOffice
            | Self::TakeStaffPhotos
            | Self::ConfirmOutreach
            | Self::ReviewFraud
            | Self::ReviewSearches
            | Self::ReadOwnAudit => &[Supervisor, Head],
            Self::ReadStaff => &[Supervisor, Head, Administrator, Auditor],
            Self::RefuseStaff => &[Supervisor, Head, Administrator],
            Self::AskStaff => &[Supervisor, Administrator],
            Self::GrantStaff | Self::LeadStaff => &[Head, Administrator],
            Self::ReadProposals | Self::ReadParties | Self::ReadSettings => &[Administrator, Auditor],
            Self::ReadOffices => &[Administrator, Province, Auditor],
            Self::AskProposals | Self::DecideProposals | Self::SuspendParties => &[Administrator],
            Self::Verify => &[Employee],
            Self::AdministerParty => &[PartyAdministrator],
        }
    }
}

impl Role {
    /// What the role stands for.
    pub fn permissions(self) -> impl Iterator<Item = Permission> {
        Permission::ALL.iter().copied().filter(move |permission| self.may(*permission))
    }

    /// Whether whoever has it is second person for the offices below their own too: a post in a village has nobody else.
    pub const fn reaches_down(self) -> bool {
        matches!(self, Self::Supervisor | Self::Head)
    }

    /// Whether it stands for `permission` among others.
    pub fn may(self, permission: Permission) -> bool {
        permission.roles().contains(&self)
    }
}

/// An act: what it needs, what the audit log calls it, and by whom it is done.
pub trait Act: Send + Sync + 'static {
    /// Who does it; made of a session, unless such people do not do it.
    type Agent: Agent;
    /// What it needs.
    const PERMISSION: Permission;
    /// What the audit log calls it.
    const ACTION: Action;

    /// What a refusal is about in the audit log, where the request names nothing.
    fn about(_: &StaffSession) -> Uuid {
        Uuid::nil()
    }
}

/// Somebody who acts.
pub trait Agent: TryFrom<StaffSession> + Send + Sync {
    /// What the audit log says of an act of theirs.
    fn event(&self, action: Action, subject_id: Uuid) -> Event;
}

/// Somebody who may do `A`. A use case that takes one cannot be reached without the permission: only
/// [`Staff::allow`](super::Staff::allow) makes it.
#[derive(Debug)]
pub struct Allowed<A: Act> {
    /// Who.
    pub agent: A::Agent,
    act: PhantomData<A>,
}

impl<A: Act> Allowed<A> {
    pub(super) const fn new(agent: A::Agent) -> Self {
        Self { agent, act: PhantomData }
    }

    /// What the audit log says of the act.
    pub fn event(&self, subject_id: Uuid) -> Event {
        self.agent.event(A::ACTION, subject_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_has_the_permissions_of_another_place() {
        for role in Role::OF_OFFICES.iter().chain(Role::OF_NATION) {
            assert!(!role.may(Permission::Verify) && !role.may(Permission::AdministerParty), "{role:?}");
        }
        assert!(Role::Employee.permissions().eq([Permission::Verify]));
        let own = Role::PartyAdministrator.permissions();
        assert!(own.eq([Permission::AdministerParty]), "whoever makes keys reads counts, and no check");
        let (serving, nation) = ([Permission::ServeResidents, Permission::DecideRegistrations], Role::OF_NATION);
        assert!(nation.iter().all(|role| serving.iter().all(|permission| !role.may(*permission))));
    }

    #[test]
    fn a_supervisor_may_whatever_an_officer_may_and_only_supervisors_and_heads_grant() {
        assert!(Role::Officer.permissions().all(|permission| Role::Supervisor.may(permission)));
        use Permission::{AskAnnulments, GrantCards, GrantCorrections, GrantReleases, ReadReasons};
        let granting = [GrantReleases, GrantCards, AskAnnulments, GrantCorrections];
        for permission in granting.into_iter().chain([ReadReasons, Permission::ReviewBlocks]) {
            for role in [Role::Assistant, Role::Officer, Role::DataOfficer] {
                assert!(Role::Supervisor.may(permission) && !role.may(permission), "{permission:?} {role:?}");
            }
        }
    }

    #[test]
    fn who_asks_and_who_grants_are_never_the_same_role_alone() {
        // The head grants and asks for nothing; an assistant does neither, and decides nothing.
        use Permission::{AskAnnulments, AskCards, AskReleases, DecideRegistrations, GrantReleases};
        use Permission::{ProveDuty, ReadOutreach};
        for permission in [AskReleases, AskCards, AskAnnulments, DecideRegistrations] {
            assert!(!Role::Head.may(permission) && !Role::Assistant.may(permission), "{permission:?}");
        }
        assert!(Role::Head.may(GrantReleases));
        assert_eq!(
            Permission::GrantAnnulments.roles(),
            [Role::Head],
            "supervisors ask for annulments, a head grants them"
        );
        let own: Vec<_> = Role::Assistant.permissions().collect();
        use Permission::{LookUpActive, ReadQueue, ReceiveResidents};
        assert_eq!(own, [ReceiveResidents, ReadQueue, ProveDuty, ReadOutreach, LookUpActive]);
    }
}
