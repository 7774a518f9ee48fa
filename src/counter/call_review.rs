//! A supervisor looks at what colleagues blocked at callers' words.

use uuid::Uuid;

use super::act::{LookAtCall, ReadCalls};
use super::desk::Desk;
use super::model::check_reason;
use crate::audited;
use crate::error::Result;
use crate::life::calls::{self, Seen};
use crate::life::model::CallCounts;
use crate::page::{self, Page};
use crate::staff::{Allowed, ports};

/// Blocks at callers' words as supervisors see them. Cloning shares everything.
#[derive(Clone)]
pub struct CallReviews {
    pub(super) desk: Desk,
}

/// A block with the names of who is concerned.
#[derive(Debug)]
pub struct CallView {
    /// What happened. It names no resident.
    pub seen: Seen,
    /// Log-in name of the officer.
    pub officer: String,
    /// Log-in name of the supervisor who looked at it.
    pub looked_by: Option<String>,
}

impl CallReviews {
    /// How many each officer entered in seven days, those first whose blocks are mostly lifted. What the supervisor entered is for
    /// another one.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn officers(&self, officer: &Allowed<ReadCalls>) -> Result<Vec<(String, CallCounts)>> {
        let mut tx = self.desk.context.db.read().await?;
        let counts = calls::counts(&mut tx, officer.agent.clerk(), self.desk.context.now()).await?;
        let mut usernames = ports::usernames(&mut tx, officer.agent.office_id).await?;
        let named = counts.into_iter().map(|(id, counts)| (usernames.remove(&id).unwrap_or_default(), counts));
        let mut named: Vec<_> = named.collect();
        named.sort_by_key(|(name, counts)| (!counts.stands_out(), -counts.lifted, name.clone()));
        Ok(named)
    }

    /// The blocks of seven days, newest first. That they were looked at is noted.
    ///
    /// # Errors
    /// `malformed_request` for a cursor that was not given out here.
    pub async fn recent(
        &self,
        officer: &Allowed<ReadCalls>,
        cursor: Option<&str>,
        limit: i64,
    ) -> Result<Page<CallView>> {
        let Desk { context, .. } = &self.desk;
        let before = page::after(cursor, Uuid::max())?;
        let mut tx = context.db.read().await?;
        let rows = calls::recent(context, &mut tx, officer.agent.clerk(), before, limit + 1).await?;
        let usernames = ports::usernames(&mut tx, officer.agent.office_id).await?;
        drop(tx);
        let page = Page::new(rows, limit, |seen| seen.row.event_id).map(|seen| CallView {
            officer: usernames.get(&seen.row.officer_id).cloned().unwrap_or_default(),
            looked_by: seen.row.looked_by.map(|by| usernames.get(&by).cloned().unwrap_or_default()),
            seen,
        });
        self.desk.note(officer.event(officer.agent.office_id)).await?;
        Ok(page)
    }

    /// Says that one was looked at, and with what result.
    ///
    /// # Errors
    /// `invalid_field`, `not_found`, `forbidden` for the own, `wrong_state` when a colleague was first.
    pub async fn look(&self, officer: &Allowed<LookAtCall>, event_id: Uuid, words: &str) -> Result<()> {
        let Desk { context, audit, .. } = &self.desk;
        let event = officer.event(event_id);
        let words = self.desk.judged(event, check_reason(words)).await?;
        audited!(audit, event, "counter.look_at_call", |tx| {
            calls::look(context, tx, officer.agent.clerk(), event_id, &words, context.now()).await
        })
    }
}
