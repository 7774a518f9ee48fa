//! What all use cases of the counter share: the registrations, and the audit log in which each act stands.

use crate::audit::{self, Event, Outcome};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::registration;
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
