//! A supervisor looks at how much colleagues look for, and lifts the limit of a day.

use uuid::Uuid;

use super::act::{LiftSearchLimit, LookAtSearches, ReadSearches};
use super::desk::Desk;
use super::model::check_reason;
use crate::audited;
use crate::clock::Timestamp;
use crate::error::{Code, Result};
use crate::lookup::browsing;
use crate::lookup::model::{Day, Looked, Sign};
use crate::secret::Redacted;
use crate::staff::{Allowed, ports};

/// How much people of an office look for, as supervisors see it. Cloning shares everything.
#[derive(Clone)]
pub struct Searches {
    pub(super) desk: Desk,
}

/// A day of somebody's looking, with names.
#[derive(Debug)]
pub struct SearchDay {
    /// Who.
    pub officer_id: Uuid,
    /// Log-in name.
    pub username: String,
    /// Days since 1970-01-01 in UTC+7.
    pub day: i64,
    /// What was looked for.
    pub looked: Looked,
    /// Why it stands out.
    pub signs: Vec<Sign>,
    /// Whether it is the supervisor who looks: then another one looks at it.
    pub own: bool,
    /// Log-in name of who lifted the limit.
    pub lifted_by: Option<String>,
    /// Who looked before, when, and with what result.
    pub former: Option<(String, Timestamp, Redacted<String>)>,
}

impl Searches {
    /// Today, and what people of the office looked for in the last days, the newest first. That it was read is noted.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn days(&self, officer: &Allowed<ReadSearches>) -> Result<(i64, Vec<SearchDay>)> {
        let Desk { context, .. } = &self.desk;
        let (who, office) = (officer.agent.officer_id, officer.agent.office_id);
        let mut tx = context.db.read().await?;
        let days = browsing::days(context, &mut tx, officer.agent.clerk(), context.now()).await?;
        let usernames = ports::usernames(&mut tx, office).await?;
        drop(tx);
        self.desk.looked(officer.event(office)).await?;
        let name = |id: &Uuid| usernames.get(id).cloned().unwrap_or_default();
        let named = |one: Day| SearchDay {
            officer_id: one.officer_id,
            username: name(&one.officer_id),
            day: one.day,
            looked: one.looked,
            signs: one.signs,
            own: one.officer_id == who,
            lifted_by: one.lifted_by.as_ref().map(name),
            former: one.former.map(|(by, at, words)| (name(&by), at, words)),
        };
        Ok((context.now().day_in_jakarta(), days.into_iter().map(named).collect()))
    }

    /// Forgets what was looked for long ago; gives how much.
    ///
    /// # Errors
    /// When the database did not do it.
    pub async fn sweep(&self) -> Result<u64> {
        browsing::sweep(&self.desk.context).await
    }

    /// Says that a day of a colleague's was looked at, and with what result.
    ///
    /// # Errors
    /// `invalid_field`; `not_found` when somebody was first; `forbidden` for the own.
    pub async fn look(&self, officer: &Allowed<LookAtSearches>, (person, day): (Uuid, i64), words: &str) -> Result<()> {
        let Desk { context, audit, .. } = &self.desk;
        let event = officer.event(person);
        let words = self.desk.judged(event, check_reason(words)).await?;
        audited!(audit, event, "counter.look_at_searches", |tx| {
            browsing::look(context, tx, officer.agent.clerk(), (person, day), &words, context.now()).await
        })
    }

    /// Lets a colleague look for more today.
    ///
    /// # Errors
    /// `not_found` for somebody of another office; `forbidden` for oneself; `wrong_state` where it was lifted.
    pub async fn lift(&self, officer: &Allowed<LiftSearchLimit>, person: Uuid) -> Result<()> {
        let Desk { context, audit, .. } = &self.desk;
        audited!(audit, officer.event(person), "counter.lift_search_limit", |tx| {
            if !ports::is_of_office(tx, officer.agent.office_id, person).await? {
                return Err(Code::NotFound.into());
            }
            browsing::lift(tx, officer.agent.clerk(), person, context.now()).await
        })
    }
}
