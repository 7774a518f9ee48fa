//! What the audit log says of an office: who acts reads the own acts, who answers for the office searches all of them, and says why.

use std::collections::HashMap;

use uuid::Uuid;

use super::act::{CheckAudit, ReadOwnAudit, SearchAudit};
use super::desk::Desk;
use super::model::check_reason;
use crate::audit::model::{Line, Wanted};
use crate::audit::report::EndReport;
use crate::audit::{Action, search};
use crate::audited;
use crate::db::Tx;
use crate::error::Result;
use crate::page::{self, Page, Question};
use crate::secret::Redacted;
use crate::staff::{Allowed, ports};

/// Entries at a chain's end that are checked when somebody looks.
const CHECKED: i64 = 5_000;

/// The log as people of an office read it. Cloning shares everything.
#[derive(Clone)]
pub struct AuditLog {
    pub(super) desk: Desk,
}

/// An act with the names of the office's people.
#[derive(Debug)]
pub struct NamedLine {
    /// The act.
    pub line: Line,
    /// Log-in name of who acted, where it is somebody of the office.
    pub actor: Option<String>,
    /// Log-in name of whom it was about, where it is somebody of the office.
    pub subject: Option<String>,
    /// Of a search of the log, why.
    pub reason: Option<Redacted<String>>,
}

impl AuditLog {
    /// The own acts, the newest first.
    ///
    /// # Errors
    /// `malformed_request` for a cursor that was not given out here.
    pub async fn own(
        &self,
        officer: &Allowed<ReadOwnAudit>,
        cursor: Option<&str>,
        limit: i64,
    ) -> Result<Page<NamedLine>> {
        let (me, chain) = (officer.agent.officer_id, officer.agent.office_id);
        let wanted = Wanted { actor_id: Some(me), ..Wanted::default() };
        let page = self.page(chain, &wanted, page::after(cursor, i64::MAX)?, limit).await?;
        self.desk.looked(officer.event(me)).await?;
        Ok(page)
    }

    /// Acts at the office, the newest first. Each search is noted with why; a page further on is part of the same search.
    ///
    /// # Errors
    /// `invalid_field` for a reason that says nothing; `malformed_request` for a cursor that was not given out here.
    pub async fn search(
        &self,
        officer: &Allowed<SearchAudit>,
        (wanted, reason): (&Wanted, &str),
        cursor: Option<&str>,
        limit: i64,
    ) -> Result<Page<NamedLine>> {
        let Desk { context, audit, .. } = &self.desk;
        let (who, now, asked) = (officer.agent, context.now(), wanted.sameness());
        let question = Question::new(
            &context.vault,
            now,
            vec![b"office log", who.officer_id.as_bytes(), who.office_id.as_bytes(), asked.as_bytes()],
        );
        let before = question.after(cursor, i64::MAX)?;
        if cursor.is_none() {
            let reason = self.desk.judged(officer.event(who.office_id), check_reason(reason)).await?;
            let id = context.random.uuid_v7(now);
            audited!(audit, officer.event(id), "counter.search_audit", |tx| {
                search::keep_reason(context, tx, (id, who.office_id), who.officer_id, (&reason, now)).await
            })?;
        }
        Ok(question.bind(self.page(who.office_id, wanted, before, limit).await?))
    }

    /// Whether the end of the office's chain is sound.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn check(&self, officer: &Allowed<CheckAudit>) -> Result<EndReport> {
        let chain = officer.agent.office_id;
        let report = self.desk.audit.verify_end(chain, CHECKED).await?;
        self.desk.note(officer.event(chain)).await?;
        Ok(report)
    }

    async fn page(&self, chain: Uuid, wanted: &Wanted, before: i64, limit: i64) -> Result<Page<NamedLine>> {
        let mut tx = self.desk.context.db.read().await?;
        let lines = search::lines(&mut tx, chain, wanted, before, limit + 1).await?;
        let names = ports::usernames(&mut tx, chain).await?;
        let Page { items, next } = Page::new(lines, limit, |line| line.seq);
        let mut named = Vec::with_capacity(items.len());
        for line in items {
            named.push(self.named(&mut tx, chain, line, &names).await?);
        }
        Ok(Page { items: named, next })
    }

    async fn named(&self, tx: &mut Tx, chain: Uuid, line: Line, names: &HashMap<Uuid, String>) -> Result<NamedLine> {
        let reasoned = [Action::AuditSearched, Action::OpeningReasoned].iter().any(|one| one.as_str() == line.action);
        let reason =
            if reasoned { search::reason(&self.desk.context, tx, line.subject_id, chain).await? } else { None };
        let name = |id: &Uuid| names.get(id).cloned();
        Ok(NamedLine { actor: name(&line.actor_id), subject: name(&line.subject_id), reason, line })
    }
}
