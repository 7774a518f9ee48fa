//! A supervisor looks at whoever helps many people at the counter.

use uuid::Uuid;

use super::act::{LookAtHelper, ReadHelpers};
use super::desk::Desk;
use super::model::check_reason;
use crate::audited;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::helper::desk as helpers;
use crate::helper::model::Frequent;
use crate::secret::Redacted;
use crate::staff::{Allowed, ports};

/// Those who help many, as supervisors see them. Cloning shares everything.
#[derive(Clone)]
pub struct Helpers {
    pub(super) desk: Desk,
}

/// Somebody who helped many, with the names of who is concerned.
#[derive(Debug)]
pub struct FrequentHelper {
    /// The newest help that nobody looked at; looking names it.
    pub help_id: Uuid,
    /// The name, as it was noted.
    pub full_name: Option<Redacted<String>>,
    /// People whom they helped in a year, at all offices.
    pub people: i64,
    /// When they helped last in this office.
    pub last_at: Timestamp,
    /// Log-in names of the officers of this office who noted it.
    pub officers: Vec<String>,
    /// Who of this office looked before, when, and with what result.
    pub former: Option<(String, Timestamp, Redacted<String>)>,
}

impl Helpers {
    /// Who helped more people than a family and was not looked at here. That it was read is noted.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn frequent(&self, officer: &Allowed<ReadHelpers>) -> Result<Vec<FrequentHelper>> {
        let Desk { context, .. } = &self.desk;
        let mut tx = context.db.read().await?;
        let found = helpers::frequent(context, &mut tx, officer.agent.clerk(), context.now()).await?;
        let usernames = ports::usernames(&mut tx, officer.agent.office_id).await?;
        drop(tx);
        self.desk.note(officer.event(officer.agent.office_id)).await?;
        let name = |id: &Uuid| usernames.get(id).cloned().unwrap_or_default();
        let named = |one: Frequent| FrequentHelper {
            help_id: one.help_id,
            full_name: one.full_name,
            people: one.people,
            last_at: one.last_at,
            officers: one.officers.iter().map(name).collect(),
            former: one.former.map(|(by, at, words)| (name(&by), at, words)),
        };
        Ok(found.into_iter().map(named).collect())
    }

    /// Says that what somebody did here was looked at, and with what result.
    ///
    /// # Errors
    /// `invalid_field`; `not_found` when a colleague was first; `forbidden` for what one noted oneself.
    pub async fn look(&self, officer: &Allowed<LookAtHelper>, id: Uuid, words: &str) -> Result<()> {
        let Desk { context, audit, .. } = &self.desk;
        let event = officer.event(id);
        let words = self.desk.judged(event, check_reason(words)).await?;
        audited!(audit, event, "counter.look_at_helper", |tx| {
            helpers::look(context, tx, officer.agent.clerk(), id, &words, context.now()).await
        })
    }
}
