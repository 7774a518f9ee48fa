//! A third person calls some of those back whom two approved without an e-mail address.

use uuid::Uuid;

use super::act::{ReadCallBacks, RecordCallBack};
use super::desk::Desk;
use crate::audited;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::registration::call_back::CallBackRow;
use crate::registration::model::CallBackFinding;
use crate::staff::{Allowed, ports};

/// Call-backs at the office. Cloning shares everything.
#[derive(Clone)]
pub struct CallBacks {
    pub(super) desk: Desk,
}

/// One of them.
#[derive(Debug)]
pub struct CallBack {
    /// The registration, which has the telephone number.
    pub registration_id: Uuid,
    /// When it was drawn.
    pub drawn_at: Timestamp,
    /// What the resident said.
    pub finding: Option<CallBackFinding>,
    /// Log-in name of who called.
    pub called_by: Option<String>,
    /// When.
    pub called_at: Option<Timestamp>,
}

impl CallBacks {
    /// Those that somebody else approved, newest first. Names no resident, and nobody who approved.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn list(&self, officer: &Allowed<ReadCallBacks>) -> Result<Vec<CallBack>> {
        let Desk { context, registrations, .. } = &self.desk;
        let rows = registrations.call_backs.list(officer.agent.clerk()).await?;
        let mut tx = context.db.read().await?;
        let names = ports::usernames(&mut tx, officer.agent.office_id).await?;
        let line = |row: CallBackRow| CallBack {
            registration_id: row.registration_id,
            drawn_at: row.drawn_at,
            finding: row.finding,
            called_by: row.called_by.and_then(|who| names.get(&who).cloned()),
            called_at: row.called_at,
        };
        Ok(rows.into_iter().map(line).collect())
    }

    /// Notes what the resident said.
    ///
    /// # Errors
    /// `not_found` for another office's, for one that this person approved, and where the resident's word is known already.
    pub async fn record(&self, officer: &Allowed<RecordCallBack>, id: Uuid, finding: CallBackFinding) -> Result<()> {
        let Desk { registrations, audit, .. } = &self.desk;
        audited!(audit, officer.event(id), "counter.call_back", |tx| {
            registrations.call_backs.found(tx, officer.agent.clerk(), id, finding).await
        })
    }
}
