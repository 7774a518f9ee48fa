//! What all use cases of the counter share: the registrations, and the audit log in which each act stands.

use std::time::Duration;

use uuid::Uuid;

use crate::audit::{self, Event, Outcome};
use crate::clock::Timestamp;
use crate::context::Context;
use crate::db::Tx;
use crate::error::{Code, Error, Result};
use crate::registration;
use crate::staff::ports;
use crate::transaction;

/// Cloning shares everything.
#[derive(Clone)]
pub(super) struct Desk {
    pub(super) context: Context,
    pub(super) registrations: registration::Service,
    pub(super) audit: audit::Service,
}

impl Desk {
    /// One entry for something that changes nothing.
    pub(super) async fn note(&self, event: Event) -> Result<()> {
        transaction!(self.context.db, "counter.note", |tx| self.audit.record(tx, event, Outcome::Done).await)
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

/// Least time of an answer that depends on whether somebody is known: longer than the work behind it, so that its length tells nothing.
const ANSWER: Duration = Duration::from_millis(400);

/// What `work` gives, not before [`ANSWER`] is over.
pub(super) async fn alike<T>(work: impl Future<Output = T>) -> T {
    let (done, ()) = tokio::join!(work, tokio::time::sleep(ANSWER));
    done
}
