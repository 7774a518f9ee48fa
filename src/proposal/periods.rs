//! What can be asked about how long things are kept.

use uuid::Uuid;

use super::model::Matter;
use super::parties::Asker;
use super::service::Proposals;
use crate::error::Result;
use crate::retention::{Period, ports as retention};

impl Proposals {
    /// Asks that something be kept longer or shorter.
    ///
    /// # Errors
    /// `invalid_field` for days out of bounds, and for those that count already; `wrong_state` when the same waits already.
    pub async fn ask_retention(&self, asker: Asker, period: Period, days: i64, reason: &str) -> Result<Uuid> {
        let mut tx = self.context.db.read().await?;
        let state = retention::judged(&self.context, &mut tx, period, days, self.now()).await?;
        drop(tx);
        let matter = Matter::SetRetention { period, before: state.days, days, version: state.version() };
        self.ask(asker, (&matter, period.as_str()), reason).await
    }
}
