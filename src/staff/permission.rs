//! What people may do: roles stand for permissions, acts need one.

use std::marker::PhantomData;

use uuid::Uuid;

use super::model::Role;
use super::sessions::StaffSession;
use crate::audit::{Action, Event};

/// Something that not everybody who is logged in may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// Receive residents at a counter: scan their QR, confirm their number, read the queue.
    ServeResidents,
    /// Open a registration of the own office.
    ViewRegistrations,
    /// Approve, return or reject a registration.
    DecideRegistrations,
    /// Ask that a digital KTP make way for a new one.
    AskReleases,
    /// Grant what a colleague asked for.
    GrantReleases,
    /// Prepare printed cards, print those that were granted, and void them.
    AskCards,
    /// Grant a printed card that a colleague asked for.
    GrantCards,
    /// Block a digital KTP at the word of a caller.
    BlockAtCalls,
    /// Look at what colleagues blocked at callers' words.
    ReviewBlocks,
    /// Ask that a wrongful activation be annulled, and read what was asked.
    AskAnnulments,
    /// Grant what a colleague asked for.
    GrantAnnulments,
    /// Open correction cases and take them further.
    WorkCorrections,
    /// Pass on what a colleague asked for.
    GrantCorrections,
    /// Read why colleagues opened registrations without the resident.
    ReadReasons,
    /// Call residents back whom two colleagues approved without an e-mail address.
    CallBack,
    /// Give colleagues back the rights that rest since an annulment.
    RestoreRights,
    /// Verify for a relying party.
    Verify,
}

impl Role {
    /// What the role stands for.
    pub const fn permissions(self) -> &'static [Permission] {
        use Permission::{
            AskAnnulments, AskCards, AskReleases, BlockAtCalls, CallBack, DecideRegistrations, GrantAnnulments,
            GrantCards, GrantCorrections, GrantReleases, ReadReasons, RestoreRights, ReviewBlocks, ServeResidents,
            Verify, ViewRegistrations, WorkCorrections,
        };
        match self {
            Self::Officer => &[
                ServeResidents,
                ViewRegistrations,
                DecideRegistrations,
                AskReleases,
                BlockAtCalls,
                WorkCorrections,
                AskCards,
            ],
            Self::Supervisor => &[
                ServeResidents,
                ViewRegistrations,
                DecideRegistrations,
                AskReleases,
                BlockAtCalls,
                WorkCorrections,
                GrantCorrections,
                AskCards,
                GrantCards,
                GrantReleases,
                AskAnnulments,
                GrantAnnulments,
                ReadReasons,
                RestoreRights,
                CallBack,
                ReviewBlocks,
            ],
            Self::Administrator => &[],
            Self::Employee => &[Verify],
        }
    }

    /// Whether it stands for `permission` among others.
    pub fn may(self, permission: Permission) -> bool {
        self.permissions().contains(&permission)
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
        for role in [Role::Officer, Role::Supervisor, Role::Administrator] {
            assert!(!role.may(Permission::Verify), "{role:?}");
        }
        assert_eq!(Role::Employee.permissions(), [Permission::Verify]);
    }

    #[test]
    fn a_supervisor_may_whatever_an_officer_may_and_only_supervisors_grant() {
        assert!(Role::Officer.permissions().iter().all(|permission| Role::Supervisor.may(*permission)));
        use Permission::{AskAnnulments, GrantAnnulments, GrantCards, GrantCorrections, GrantReleases, ReadReasons};
        let granting = [GrantReleases, GrantCards, AskAnnulments, GrantAnnulments, GrantCorrections];
        for permission in granting.into_iter().chain([ReadReasons, Permission::ReviewBlocks]) {
            assert!(Role::Supervisor.may(permission) && !Role::Officer.may(permission), "{permission:?}");
        }
        assert!(Role::Administrator.permissions().is_empty());
    }
}
