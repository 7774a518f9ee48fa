//! Who was received at the office, and what became of them. Names nobody.

use uuid::Uuid;

use super::act::ReadQueue;
use super::desk::Desk;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::register::midnight_in_jakarta;
use crate::registration::State;
use crate::registration::review::{Figure, Line, Wait};
use crate::staff::Allowed;

/// An office's queue and figures. Cloning shares everything.
#[derive(Clone)]
pub struct Queue {
    pub(super) desk: Desk,
}

/// An office's day until now.
#[derive(Debug)]
pub struct Today {
    /// Midnight in Jakarta, from which is counted.
    pub since: Timestamp,
    /// How many registrations stand in each state.
    pub figures: Vec<Figure>,
    /// How long people waited to be called; none where nobody was called.
    pub wait: Option<Wait>,
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

    /// Today's figures of the office and the officer.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn figures(&self, officer: &Allowed<ReadQueue>) -> Result<Today> {
        let since = midnight_in_jakarta(self.desk.context.now());
        let reviews = &self.desk.registrations.reviews;
        let figures = reviews.figures(officer.agent.clerk(), since).await?;
        Ok(Today { since, figures, wait: reviews.wait(officer.agent.clerk(), since).await? })
    }
}
