//! Offices as the national administration and provinces read them: the tree, and one with what is known of it.

use uuid::Uuid;

use super::act::ReadOffices;
use crate::audit::{self, Outcome};
use crate::context::Context;
use crate::error::Result;
use crate::office::model::{Office, check_code};
use crate::office::ports::{self as offices, Full};
use crate::page::{self, Page};
use crate::staff::ports as people;
use crate::staff::{Allowed, Role};
use crate::{base64url, transaction};

/// All offices. Cloning shares everything.
#[derive(Clone)]
pub struct AllOffices {
    context: Context,
    audit: audit::Service,
}

/// An office, what is right below it, and how many people of each role it has.
#[derive(Debug)]
pub struct OfficeView {
    /// The office.
    pub full: Full,
    /// Its people who may log in, by role.
    pub people: Vec<(Role, i64)>,
}

impl AllOffices {
    /// Over the shared tables.
    pub fn new(context: Context) -> Self {
        Self { audit: audit::Service::new(context.clone()), context }
    }

    /// The offices right below one, or those below none, by code; closed ones too.
    ///
    /// # Errors
    /// `malformed_request` for a cursor that is none.
    pub async fn list(
        &self,
        _: &Allowed<ReadOffices>,
        above: Option<Uuid>,
        cursor: Option<&str>,
        limit: i64,
    ) -> Result<Page<Office>> {
        let OfficeCode(after) = page::after(cursor, OfficeCode(String::new()))?;
        let mut tx = self.context.db.read().await?;
        let rows = offices::children(&mut tx, above, &after, limit + 1).await?;
        Ok(Page::new(rows, limit, |office| OfficeCode(office.code.clone())))
    }

    /// One office.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn view(&self, who: &Allowed<ReadOffices>, id: Uuid) -> Result<OfficeView> {
        let now = self.context.now();
        let mut tx = self.context.db.read().await?;
        let full = offices::full(&mut tx, id, now).await?;
        let people = people::counted(&mut tx, id, now).await?;
        drop(tx);
        let event = who.event(id);
        transaction!(self.context.db, "admin.note_office", |tx| self.audit.record(tx, event, Outcome::Done).await)?;
        Ok(OfficeView { full, people })
    }
}

/// An office's code, by which the list is sorted.
struct OfficeCode(String);

impl page::Position for OfficeCode {
    fn to_cursor(&self) -> String {
        base64url::encode(self.0.as_bytes())
    }

    fn from_cursor(cursor: &str) -> Option<Self> {
        let text = String::from_utf8(base64url::decode(cursor)?).ok()?;
        check_code(&text).ok().map(Self)
    }
}
