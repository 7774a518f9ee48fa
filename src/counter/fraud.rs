//! What people report who met somebody that said to be of the office: a supervisor or the head reads it, and closes it.

use std::collections::HashMap;

use uuid::Uuid;

use super::act::{CloseFraudReport, ReadFraudReports};
use super::desk::Desk;
use super::model::check_reason;
use crate::audited;
use crate::error::Result;
use crate::fraud;
use crate::fraud::model::State;
use crate::fraud::reports::Read;
use crate::staff::{Allowed, ports};

/// Reports for the office. Cloning shares everything.
#[derive(Clone)]
pub struct FraudReports {
    pub(super) desk: Desk,
    pub(super) reports: fraud::Reports,
}

impl FraudReports {
    /// Reports of a state, newest first, with the log-in names of the office's people. That they were read is noted.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn list(
        &self,
        officer: &Allowed<ReadFraudReports>,
        state: State,
        after: Uuid,
        limit: i64,
    ) -> Result<(Vec<Read>, HashMap<Uuid, String>)> {
        let who = officer.agent;
        let found = self.reports.list(who.clerk(), state, after, limit).await?;
        let usernames = {
            let mut tx = self.desk.context.db.read().await?;
            ports::usernames(&mut tx, who.office_id).await?
        };
        self.desk.looked(officer.event(who.office_id)).await?;
        Ok((found, usernames))
    }

    /// Closes a report with what came of it.
    ///
    /// # Errors
    /// `invalid_field`, `forbidden` for who it is about, `not_found`, `wrong_state`.
    pub async fn close(&self, officer: &Allowed<CloseFraudReport>, id: Uuid, words: &str) -> Result<()> {
        let words = self.desk.judged(officer.event(id), check_reason(words)).await?;
        audited!(self.desk.audit, officer.event(id), "counter.close_fraud_report", |tx| {
            self.reports.close(tx, officer.agent.clerk(), id, &words).await
        })
    }
}
