//! What auditors do: they search the log of any office, say why, open the data of a subject, which the office's heads are told of, and check
//! the chains (ADR 29).

use std::collections::HashMap;

use uuid::Uuid;

use super::act::{CheckChain, Official, OpenSubject, SearchAllAudit};
use super::mail::OPENED;
use crate::audit::model::{Line, Wanted};
use crate::audit::report::{ChainState, PartReport};
use crate::audit::{self, Action, Event, GENERAL, Outcome, search};
use crate::audited;
use crate::clerk::Clerk;
use crate::clock::DAY;
use crate::context::Context;
use crate::db::Tx;
use crate::error::{Code, Error, Language, Refusal, Result};
use crate::mail::outbox;
use crate::office::ports as offices;
use crate::page::{self, Page, Question};
use crate::registration::review::{Reviews, View};
use crate::secret::Redacted;
use crate::staff::model::check_reason;
use crate::staff::{Allowed, ports};
use crate::transaction;
use crate::window::{Counted, Window};

/// Searches of one auditor in a day, and subjects that they open.
const SEARCHES: Window = Window { kind: "audit_search", seconds: DAY, most: 100 };
const OPENINGS: Window = Window { kind: "audit_opening", seconds: DAY, most: 10 };
/// Entries of a chain that are checked in one step.
const STEP: i64 = 5_000;

/// The log as auditors read it. Cloning shares everything.
#[derive(Clone)]
pub struct AuditLog {
    context: Context,
    audit: audit::Service,
    reviews: Reviews,
}

/// A chain of the log, with the office whose it is.
#[derive(Debug)]
pub struct Chain {
    /// The chain, and how far it goes.
    pub state: ChainState,
    /// Code and name of the office; none of the general chain.
    pub office: Option<(String, String)>,
}

/// An act, with the names of the staff.
#[derive(Debug)]
pub struct NamedLine {
    /// The act.
    pub line: Line,
    /// Log-in name of who acted, where it is somebody of the staff.
    pub actor: Option<String>,
    /// Of a search, or an opening, why.
    pub reason: Option<Redacted<String>>,
}

impl AuditLog {
    /// In this context, over the registrations of all offices.
    pub fn new(context: Context, reviews: Reviews) -> Self {
        Self { audit: audit::Service::new(context.clone()), reviews, context }
    }

    /// The general chain, and then those of offices by their ids.
    ///
    /// # Errors
    /// `malformed_request` for a cursor that was not given out here.
    pub async fn chains(&self, _: &Allowed<SearchAllAudit>, cursor: Option<&str>, limit: i64) -> Result<Page<Chain>> {
        let after = page::after(cursor, GENERAL)?;
        let mut tx = self.context.db.read().await?;
        let states = search::chains(&mut tx, after, limit + 1).await?;
        let Page { items, next } = Page::new(states, limit, |state| state.chain);
        let mut chains = Vec::with_capacity(items.len() + 1);
        if cursor.is_none()
            && let Some(state) = search::chain(&mut tx, GENERAL).await?
        {
            chains.push(Chain { state, office: None });
        }
        for state in items {
            let office = offices::by_id(&mut tx, state.chain).await?.map(|office| (office.code, office.name));
            chains.push(Chain { state, office });
        }
        Ok(Page { items: chains, next })
    }

    /// Acts of an office, or of the national administration, the newest first. Each search is noted with why, in the chain that is searched:
    /// its head reads it there. A page further on is part of the same search.
    ///
    /// # Errors
    /// `invalid_field` for a reason that says nothing or an unknown office; `too_many`; `malformed_request` for a cursor that is none.
    pub async fn search(
        &self,
        who: &Allowed<SearchAllAudit>,
        (office, wanted, reason): (Option<&str>, &Wanted, &str),
        cursor: Option<&str>,
        limit: i64,
    ) -> Result<Page<NamedLine>> {
        let (chain, now, asked) = (self.chain(office).await?, self.context.now(), wanted.sameness());
        let question = Question::new(
            &self.context.vault,
            now,
            vec![b"log of an office", who.agent.official_id.as_bytes(), chain.as_bytes(), asked.as_bytes()],
        );
        let before = question.after(cursor, i64::MAX)?;
        if cursor.is_none() {
            let id = self.context.random.uuid_v7(now);
            let event = Event { chain, ..who.event(id) };
            let reason = self.judged(event, check_reason(reason)).await?;
            self.counted(event, SEARCHES, who.agent).await?;
            audited!(self.audit, event, "admin.search_audit", |tx| {
                search::keep_reason(&self.context, tx, (id, chain), who.agent.official_id, (&reason, now)).await
            })?;
        }
        let mut tx = self.context.db.read().await?;
        let lines = search::lines(&mut tx, chain, wanted, before, limit + 1).await?;
        let Page { items, next } = Page::new(lines, limit, |line| line.seq);
        let mut names = if chain == GENERAL { HashMap::new() } else { ports::usernames(&mut tx, chain).await? };
        let mut named = Vec::with_capacity(items.len());
        for line in items {
            named.push(self.named(&mut tx, chain, line, &mut names).await?);
        }
        Ok(question.bind(Page { items: named, next }))
    }

    /// The data of a registration, shown once. The act stands in the office's chain with its reason, and the office's heads are told of it.
    ///
    /// # Errors
    /// `invalid_field` for a reason that says nothing or an unknown office; `not_found` for what is not the office's; `too_many`.
    pub async fn open(
        &self,
        who: &Allowed<OpenSubject>,
        (office, subject, reason): (&str, Uuid, &str),
        language: Language,
    ) -> Result<View> {
        let (chain, now) = (self.chain(Some(office)).await?, self.context.now());
        let event = Event { chain, ..who.event(subject) };
        let clerk = Clerk { officer_id: who.agent.official_id, office_id: chain };
        let reason = self.judged(event, check_reason(reason)).await?;
        self.judged(event, self.reviews.is_present(clerk, subject).await).await?;
        self.counted(event, OPENINGS, who.agent).await?;
        audited!(self.audit, event, "admin.open_subject", |tx| {
            let id = self.context.random.uuid_v7(now);
            search::keep_reason(&self.context, tx, (id, chain), clerk.officer_id, (&reason, now)).await?;
            let reasoned = Event { subject_id: id, action: Action::OpeningReasoned, ..event };
            self.audit.record(tx, reasoned, Outcome::Done).await?;
            for head in ports::heads(tx, chain, now).await? {
                outbox::enqueue(tx, &self.context.random, now, OPENED, head).await?;
            }
            Ok(())
        })?;
        self.reviews.view(clerk, subject, language).await
    }

    /// Checks some entries of a chain after one, and its head where they reach it. The first step of a chain is noted.
    ///
    /// # Errors
    /// `not_found` for a chain that is none.
    pub async fn check(&self, who: &Allowed<CheckChain>, (chain, after): (Uuid, i64)) -> Result<PartReport> {
        let part = self.audit.verify_part(chain, after.max(0), STEP).await?.ok_or(Code::NotFound)?;
        if after <= 0 {
            let event = who.event(chain);
            transaction!(self.context.db, "admin.note", |tx| self.audit.record(tx, event, Outcome::Done).await)?;
        }
        Ok(part)
    }

    /// The chain of an office, by its code; the general one without.
    async fn chain(&self, office: Option<&str>) -> Result<Uuid> {
        let Some(code) = office else { return Ok(GENERAL) };
        let mut tx = self.context.db.read().await?;
        let found = offices::by_code(&mut tx, code).await?;
        Ok(found.ok_or_else(unknown_office)?.office_id)
    }

    async fn named(
        &self,
        tx: &mut Tx,
        chain: Uuid,
        line: Line,
        names: &mut HashMap<Uuid, String>,
    ) -> Result<NamedLine> {
        // People of elsewhere act in an office's chain too, and in the general one everybody of the nation does.
        if line.actor_kind == "officer" && !names.contains_key(&line.actor_id) {
            names.extend(ports::username(tx, line.actor_id).await?.map(|name| (line.actor_id, name)));
        }
        let reasoned = [Action::AuditSearched, Action::OpeningReasoned].iter().any(|one| one.as_str() == line.action);
        let reason = if reasoned { search::reason(&self.context, tx, line.subject_id, chain).await? } else { None };
        Ok(NamedLine { actor: names.get(&line.actor_id).cloned(), reason, line })
    }

    /// Counts a search or an opening of the day. Whoever reaches the limit is somebody to talk to: operators are told.
    async fn counted(&self, event: Event, window: Window, who: Official) -> Result<()> {
        let now = self.context.now();
        let counted = transaction!(self.context.db, "admin.count_audit", |tx| {
            Ok(window.count(tx, &[who.official_id.as_bytes()], now).await?)
        })?;
        if matches!(counted, Counted::Use(uses) if uses == window.most) {
            tracing::warn!(audit.chain = %event.chain, audit.action = event.action.as_str(), "an auditor reached the limit of a day");
        }
        let counted = counted.or_refuse(Refusal::new(Code::TooMany)).map(|_| ()).map_err(Into::into);
        self.judged(event, counted).await
    }

    async fn judged<T>(&self, event: Event, done: Result<T>) -> Result<T> {
        if let Err(Error::Refused(refusal)) = &done {
            self.audit.refused(event, refusal.code).await?;
        }
        done
    }
}

fn unknown_office() -> Refusal {
    Refusal::field("office", "Tidak ada kantor dengan kode ini.", "There is no office with this code.")
}
