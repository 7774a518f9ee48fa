//! What the service's mails say, as the national administration reads it: every kind that some domain writes, with invented people.

use super::act::ReadSettings;
use crate::audit::{self, Outcome};
use crate::context::Context;
use crate::error::{Code, Language, Result};
use crate::mail::{Letters, Sample};
use crate::staff::Allowed;
use crate::transaction;

/// Mails. Cloning shares everything.
#[derive(Clone)]
pub struct Mails {
    context: Context,
    audit: audit::Service,
    letters: Letters,
}

impl Mails {
    /// What `letters` writes.
    pub fn new(context: Context, letters: Letters) -> Self {
        Self { audit: audit::Service::new(context.clone()), context, letters }
    }

    /// Every kind by its word, with what its messages can say.
    ///
    /// # Errors
    /// When a text cannot be put together, or the log does not take it.
    pub async fn view(
        &self,
        who: &Allowed<ReadSettings>,
        language: Language,
    ) -> Result<Vec<(&'static str, Vec<Sample>)>> {
        let kinds = self.letters.kinds().into_iter();
        let all = kinds.map(|kind| Ok((kind.as_str(), self.letters.samples(kind, language)?))).collect();
        self.note(who).await?;
        all
    }

    /// One of them. That it was looked at is noted, as with all of them.
    ///
    /// # Errors
    /// `not_found`; when the log does not take it.
    pub async fn one(
        &self,
        who: &Allowed<ReadSettings>,
        kind: &str,
        place: usize,
        language: Language,
    ) -> Result<Sample> {
        let kind = self.letters.kinds().into_iter().find(|one| one.as_str() == kind).ok_or(Code::NotFound)?;
        let sample = self.letters.samples(kind, language)?.into_iter().nth(place).ok_or(Code::NotFound)?;
        self.note(who).await?;
        Ok(sample)
    }

    async fn note(&self, who: &Allowed<ReadSettings>) -> Result<()> {
        let event = who.event(who.agent.official_id);
        transaction!(self.context.db, "admin.note_settings", |tx| self.audit.record(tx, event, Outcome::Done).await)
    }
}
