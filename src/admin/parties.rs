//! Relying parties as the national administration reads them. Stopping one takes one person; all else two (`proposal`).

use uuid::Uuid;

use super::act::{ReadBranchCounts, ReadParties, StopPartyAdministrator, SuspendParty};
use crate::audit::{self, Outcome};
use crate::branch::ports::{self as branches, PartyCount};
use crate::clock::Timestamp;
use crate::context::Context;
use crate::error::{Code, Result};
use crate::page::{self, Page};
use crate::partner::model::Month;
use crate::proposal::model::check_reason;
use crate::register::Date;
use crate::relying_party::model::Span;
use crate::relying_party::ports::{self as parties, Entry};
use crate::relying_party::usage::Counted;
use crate::relying_party::{KeyLine, Quota, Usage};
use crate::staff::Allowed;
use crate::staff::invitation;
use crate::staff::ports::{self as people, Member};
use crate::{audited, base64url, transaction};

/// Parties of which it is told how often they are reported: the most reported.
const REPORTED: i64 = 100;

/// Relying parties. Cloning shares everything.
#[derive(Clone)]
pub struct Parties {
    context: Context,
    audit: audit::Service,
    usage: Usage,
}

/// A party with what is its own.
#[derive(Debug)]
pub struct View {
    /// The party.
    pub entry: Entry,
    /// Its keys, oldest first.
    pub keys: Vec<KeyLine>,
    /// How many checks it may put where its contract says nothing.
    pub default_quota: Quota,
    /// Checks that nodes have taken of today's quota.
    pub taken_today: i64,
    /// Its administrators, by user name.
    pub administrators: Vec<Member>,
}

impl Parties {
    /// Over the shared tables.
    pub fn new(context: Context, usage: Usage) -> Self {
        Self { audit: audit::Service::new(context.clone()), context, usage }
    }

    /// The one clock.
    pub fn now(&self) -> Timestamp {
        self.context.now()
    }

    /// Parties by name, disabled ones too: those that have these words in their names, in this order.
    ///
    /// # Errors
    /// `malformed_request` for a cursor that is none.
    pub async fn list(
        &self,
        _: &Allowed<ReadParties>,
        words: &str,
        cursor: Option<&str>,
        limit: i64,
    ) -> Result<Page<Entry>> {
        let Name(after) = page::after(cursor, Name(String::new()))?;
        let mut tx = self.context.db.read().await?;
        let rows = parties::after(&mut tx, &after, words, limit + 1).await?;
        Ok(Page::new(rows, limit, |entry| Name(entry.name.clone())))
    }

    /// One party. That it was looked at stands in the log: its people have names.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn view(&self, who: &Allowed<ReadParties>, id: Uuid) -> Result<View> {
        let mut tx = self.context.db.read().await?;
        let view = View {
            entry: parties::by_id(&mut tx, id).await?,
            keys: parties::keys(&mut tx, id).await?,
            default_quota: Quota::configured(&self.context.config.quota),
            taken_today: parties::taken(&mut tx, id, Span::Day, self.now()).await?,
            administrators: people::party_administrators(&mut tx, id).await?,
        };
        drop(tx);
        let event = who.event(id);
        transaction!(self.context.db, "admin.note_party", |tx| self.audit.record(tx, event, Outcome::Done).await)?;
        Ok(view)
    }

    /// A party's questions of a month: of this one, where none is named.
    ///
    /// # Errors
    /// `not_found`; `malformed_request` for what is no month.
    pub async fn usage(
        &self,
        _: &Allowed<ReadParties>,
        id: Uuid,
        month: Option<&str>,
    ) -> Result<(Month, Vec<Counted>)> {
        let month = self.month(month)?;
        let (first, next) = month.days().ok_or(Code::MalformedRequest)?;
        let mut tx = self.context.db.read().await?;
        parties::by_id(&mut tx, id).await?;
        drop(tx);
        Ok((month, self.usage.between(id, first, next).await?))
    }

    /// Parties whose branches people report in a month, the most reported first, with their names: of this month, where none is named. That it
    /// was read is noted.
    ///
    /// # Errors
    /// `malformed_request` for what is no month.
    pub async fn reported(
        &self,
        who: &Allowed<ReadBranchCounts>,
        month: Option<&str>,
    ) -> Result<(Month, Vec<(PartyCount, String)>)> {
        let month = self.month(month)?;
        let mut tx = self.context.db.read().await?;
        let counts = branches::reported_parties(&mut tx, &month.to_string(), REPORTED).await?;
        let labels = parties::labels(&mut tx, counts.iter().map(|count| count.relying_party_id)).await?;
        drop(tx);
        let event = who.event(who.agent.official_id);
        transaction!(self.context.db, "admin.note_branches", |tx| self.audit.record(tx, event, Outcome::Done).await)?;
        let name = |id| labels.get(&id).map(|label| label.name.clone()).unwrap_or_default();
        Ok((month, counts.into_iter().map(|count| (count, name(count.relying_party_id))).collect()))
    }

    /// The month that a text names, or this one.
    fn month(&self, text: Option<&str>) -> Result<Month> {
        let month = match text {
            Some(text) => Month::parse(text),
            None => Month::of(Date::in_jakarta(self.now())),
        };
        Ok(month.ok_or(Code::MalformedRequest)?)
    }

    /// Refuses a party's keys and people from now on.
    ///
    /// # Errors
    /// `not_found`; `invalid_field`; `wrong_state` when that is so already.
    pub async fn suspend(&self, who: &Allowed<SuspendParty>, id: Uuid, reason: &str) -> Result<()> {
        let (reason, now) = (check_reason(reason)?, self.now());
        audited!(self.audit, who.event(id), "admin.suspend_party", |tx| {
            parties::suspend(&self.context, tx, id, &reason, now).await
        })
    }

    /// Stops somebody who looks after a party at once, with running sessions and open invitations. They come back by two (`proposal`).
    ///
    /// # Errors
    /// `not_found`; `invalid_field`; `wrong_state` for whoever cannot log in already.
    pub async fn stop_administrator(
        &self,
        who: &Allowed<StopPartyAdministrator>,
        id: Uuid,
        reason: &str,
    ) -> Result<()> {
        let (reason, by) = (check_reason(reason)?, (who.agent.official_id, self.now()));
        audited!(self.audit, who.event(id), "admin.stop_party_administrator", |tx| {
            invitation::stop_manager(&self.context, tx, id, &reason, by).await
        })
    }
}

/// A party's name, by which the list is sorted.
struct Name(String);

impl page::Position for Name {
    fn to_cursor(&self) -> String {
        base64url::encode(self.0.as_bytes())
    }

    fn from_cursor(cursor: &str) -> Option<Self> {
        // Of the form in which names are kept: a text with a zero byte would be a fault of the database.
        let text = String::from_utf8(base64url::decode(cursor)?).ok()?;
        crate::relying_party::model::check_name(&text).ok().map(Self)
    }
}
