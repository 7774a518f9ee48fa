//! How long things are kept, as the national administration reads it.

use super::act::ReadSettings;
use crate::audit::{self, Outcome};
use crate::card::model::EVIDENCE_DAYS;
use crate::context::Context;
use crate::error::Result;
use crate::registration::model::{LIFE_AFTER_APPROVAL_DAYS, LIFE_BEFORE_APPROVAL_DAYS};
use crate::retention::ports::{self as retention, State};
use crate::staff::Allowed;
use crate::staff::ports as people;
use crate::transaction;
use crate::walk_in::model::PHOTO_DAYS;

/// What is fixed, by its word, with its days: the terms promise it to whoever registers, and those who agreed to them agreed to that.
const FIXED: [(&str, i64); 4] = [
    ("unfinished_registrations", LIFE_BEFORE_APPROVAL_DAYS),
    ("approved_registrations", LIFE_AFTER_APPROVAL_DAYS),
    ("card_photos", EVIDENCE_DAYS),
    ("walk_in_photos", PHOTO_DAYS),
];

/// Periods. Cloning shares everything.
#[derive(Clone)]
pub struct Periods {
    context: Context,
    audit: audit::Service,
}

/// A period, and who decided it.
#[derive(Debug)]
pub struct Line {
    /// The period.
    pub state: State,
    /// Log-in names of who asked and who granted it; none where nobody did.
    pub decided: Option<(String, String)>,
}

impl Periods {
    /// Over the shared tables.
    pub fn new(context: Context) -> Self {
        Self { audit: audit::Service::new(context.clone()), context }
    }

    /// All periods, and what is fixed.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn view(&self, who: &Allowed<ReadSettings>) -> Result<(Vec<Line>, [(&'static str, i64); 4])> {
        let mut tx = self.context.db.read().await?;
        let mut lines = Vec::new();
        for state in retention::all(&self.context, &mut tx, self.context.now()).await? {
            let decided = match &state.setting {
                Some(setting) => {
                    let asked = people::username(&mut tx, setting.asked_by).await?.unwrap_or_default();
                    Some((asked, people::username(&mut tx, setting.granted_by).await?.unwrap_or_default()))
                }
                None => None,
            };
            lines.push(Line { state, decided });
        }
        drop(tx);
        let event = who.event(who.agent.official_id);
        transaction!(self.context.db, "admin.note_settings", |tx| self.audit.record(tx, event, Outcome::Done).await)?;
        Ok((lines, FIXED))
    }
}
