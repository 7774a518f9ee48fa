//! What all use cases of the counter share: the registrations, and the audit log in which each act stands.

use uuid::Uuid;

use super::act::Officer;
use crate::audit::{self, Actor, Event, Outcome};
use crate::clock::{MINUTE, Timestamp};
use crate::context::Context;
use crate::db::Tx;
use crate::error::{Code, Error, Result};
pub(super) use crate::fair::alike;
use crate::registration;
use crate::staff::ports;
use crate::transaction;
use crate::window::{Counted, Window};

/// Looks of one officer at one thing that are written.
const LOOKS: Window = Window { kind: "looked", seconds: 10 * MINUTE, most: 1 };

/// Cloning shares everything.
#[derive(Clone)]
pub(super) struct Desk {
    pub(super) context: Context,
    pub(super) registrations: registration::Service,
    pub(super) audit: audit::Service,
}

impl Desk {
    /// This person, as somebody of the office that asked for something for a registration, where that is one of their scope; else as who
    /// they are.
    pub(super) async fn standing(&self, officer: Officer, id: Uuid) -> Result<Officer> {
        let mut tx = self.context.db.read().await?;
        Ok(officer.at(self.registrations.releases.office_of(&mut tx, officer.scope(), id).await?))
    }

    /// One entry for something that changes nothing.
    pub(super) async fn note(&self, event: Event) -> Result<()> {
        transaction!(self.context.db, "counter.note", |tx| self.audit.record(tx, event, Outcome::Done).await)
    }

    /// Notes that somebody looked at something. A page looks again by itself every few seconds: of ten minutes the first look is written.
    pub(super) async fn looked(&self, event: Event) -> Result<()> {
        let Actor::Officer(officer) = event.actor else { return self.note(event).await };
        let now = self.context.now();
        transaction!(self.context.db, "counter.looked", |tx| {
            let parts = [officer.as_bytes().as_slice(), event.subject_id.as_bytes(), event.action.as_str().as_bytes()];
            match LOOKS.count(tx, &parts, now).await? {
                Counted::Use(_) => self.audit.record(tx, event, Outcome::Done).await,
                Counted::Full { .. } => Ok(()),
            }
        })
    }

    /// Notes a refusal, in bounded numbers, of something that is not announced before.
    pub(super) async fn judged<T>(&self, event: Event, done: Result<T>) -> Result<T> {
        if let Err(Error::Refused(refusal)) = &done {
            self.audit.refused(event, refusal.code).await?;
        }
        done
    }
}

/// That who asked for what is being granted still works here: what they asked for counts no more once they were disabled or paused, or their time here ended.
///
/// # Errors
/// `not_found`.
pub(super) async fn require_active(tx: &mut Tx, asked_by: Uuid, now: Timestamp) -> Result<()> {
    if ports::may_act(tx, asked_by, now).await? { Ok(()) } else { Err(Code::NotFound.into()) }
}
