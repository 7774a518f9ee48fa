//! Who was received at the office, and what became of them. Names nobody.

use uuid::Uuid;

use super::act::ReadQueue;
use super::desk::Desk;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::register::midnight_in_jakarta;
use crate::registration::State;
use crate::registration::review::{Figure, Line};
use crate::staff::Allowed;

/// An office's queue and figures. Cloning shares everything.
#[derive(Clone)]
pub struct Queue {
    pub(super) desk: Desk,
}

impl Queue {
    /// A page of the office's queue.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn page(
        &self,
        officer: &Allowed<ReadQueue>,
        state: State,
        after: (Timestamp, Uuid),
        limit: i64,
    ) -> Result<Vec<Line>> {
        self.desk.registrations.reviews.queue(officer.agent.clerk(), state, after, limit).await
    }

    /// Today's figures of the office and the officer, and the midnight in Jakarta from which they count.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn figures(&self, officer: &Allowed<ReadQueue>) -> Result<(Timestamp, Vec<Figure>)> {
        let since = midnight_in_jakarta(self.desk.context.now());
        Ok((since, self.desk.registrations.reviews.figures(officer.agent.clerk(), since).await?))
    }
}
