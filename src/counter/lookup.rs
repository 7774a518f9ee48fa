//! Whom an officer looks for who is not there: whether somebody has an active digital KTP, and the office's registrations. Each question is
//! counted before it is answered.

use uuid::Uuid;

use super::act::{AskActive, Officer, SearchPeople};
use super::desk::Desk;
use crate::audit::Outcome;
use crate::error::Result;
use crate::holder::CredentialState;
use crate::holder::ports as holder;
use crate::lookup::{Kind, Query, ports as lookup};
use crate::page::{Page, Question};
use crate::register::{Date, Nik};
use crate::registration::review::FoundLine;
use crate::staff::{Allowed, ports as staff};
use crate::transaction;

/// Looking for people. Cloning shares everything.
#[derive(Clone)]
pub struct Lookups {
    pub(super) desk: Desk,
}

/// Whether somebody has an active digital KTP, and nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
    /// It is active, since that day.
    Since(Date),
    /// It is not: until that day it was.
    Until(Date),
    /// There never was one, or nothing of it is known any more.
    Never,
}

impl Lookups {
    /// Whether the resident with this NIK has an active digital KTP, given at whatever office.
    ///
    /// # Errors
    /// `too_many` beyond the day's limit.
    pub async fn activity(&self, officer: &Allowed<AskActive>, nik: &Nik) -> Result<Activity> {
        let Desk { context, audit, .. } = &self.desk;
        let counted = self.count(officer.agent, Kind::Active, false).await;
        self.desk.judged(officer.event(Uuid::nil()), counted).await?;
        let mut tx = context.db.read().await?;
        let resident = holder::of_nik(context, &mut tx, nik).await?;
        let (credential, status) = match resident {
            Some(resident) => (holder::credential(&mut tx, resident).await?, holder::status(&mut tx, resident).await?),
            None => (None, None),
        };
        drop(tx);
        let activity = match credential {
            Some(credential) if credential.standing.state() == CredentialState::Active => {
                Activity::Since(Date::in_jakarta(credential.activated_at))
            }
            Some(_) => status.map_or(Activity::Never, |status| Activity::Until(Date::in_jakarta(status.since))),
            None => Activity::Never,
        };
        let event = officer.event(resident.unwrap_or_default());
        transaction!(context.db, "counter.ask_active", |tx| {
            if activity == Activity::Never {
                lookup::missed(tx, officer.agent.clerk(), Kind::Active, context.now()).await?;
            }
            audit.record(tx, event, Outcome::Done).await
        })?;
        Ok(activity)
    }

    /// The registrations of the office that were made by whom is looked for, the newest first; no more of each than tells them apart. A
    /// page further on is part of the same question.
    ///
    /// # Errors
    /// `malformed_request` for a cursor that was not given out here; `too_many` beyond the day's limit.
    pub async fn search(
        &self,
        officer: &Allowed<SearchPeople>,
        query: &Query,
        cursor: Option<&str>,
        limit: i64,
    ) -> Result<Page<FoundLine>> {
        let Desk { context, registrations, audit } = &self.desk;
        let (who, now, asked) = (officer.agent, context.now(), query.sameness());
        let question = Question::new(
            &context.vault,
            now,
            vec![b"people", who.officer_id.as_bytes(), who.office_id.as_bytes(), asked.expose()],
        );
        let before = question.after(cursor, Uuid::max())?;
        if cursor.is_none() {
            let mut tx = context.db.read().await?;
            let names = staff::full_names(&mut tx, who.office_id).await?;
            drop(tx);
            let colleague = query.names_one_of(names.iter().map(String::as_str));
            let counted = self.count(who, Kind::Search, colleague).await;
            self.desk.judged(officer.event(Uuid::nil()), counted).await?;
        }
        let mut tx = context.db.read().await?;
        let found = lookup::find(&context.vault, &mut tx, who.office_id, query, before, limit + 1).await?;
        drop(tx);
        let page = question.bind(Page::new(found, limit, |id| *id));
        if cursor.is_none() {
            let subject = if let [one] = page.items[..] { one } else { Uuid::nil() };
            transaction!(context.db, "counter.search_people", |tx| {
                if page.items.is_empty() {
                    lookup::missed(tx, who.clerk(), Kind::Search, now).await?;
                }
                audit.record(tx, officer.event(subject), Outcome::Done).await
            })?;
        }
        let items = registrations.reviews.found(who.clerk(), &page.items).await?;
        Ok(Page { items, next: page.next })
    }

    /// Counted before anything is looked for, and kept although nothing is found.
    async fn count(&self, officer: Officer, kind: Kind, colleague: bool) -> Result<()> {
        let context = &self.desk.context;
        transaction!(context.db, "counter.count_lookup", |tx| {
            lookup::count(tx, officer.clerk(), kind, colleague, context.now()).await
        })
    }
}
