//! Who is told what the register says now, in the transaction that writes it.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use uuid::Uuid;

use super::RegisterRecord;
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::error::Result;

/// What the register says of a resident from now on. `Debug` shows nothing of it.
#[derive(Clone, Copy)]
pub struct Said<'a> {
    /// The resident.
    pub resident_id: Uuid,
    /// The elements of the KTP-el.
    pub record: &'a RegisterRecord,
    /// The portrait, where one came with it; without one that which is there stays.
    pub portrait: Option<&'a [u8]>,
}

impl std::fmt::Debug for Said<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Said").field("resident_id", &self.resident_id).finish_non_exhaustive()
    }
}

/// What it meant for digital KTPs: how many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[schema(as = HeardReply)]
pub struct Heard {
    /// Show other data now.
    pub refreshed: u64,
    /// Pause until their holders confirm who they are.
    pub paused: u64,
    /// Were stopped, because their holders have died or left.
    pub stopped: u64,
    /// May come back, because that was taken back.
    #[serde(rename = "may_come_back")]
    pub corrected: u64,
}

impl std::ops::AddAssign for Heard {
    fn add_assign(&mut self, more: Self) {
        self.refreshed += more.refreshed;
        self.paused += more.paused;
        self.stopped += more.stopped;
        self.corrected += more.corrected;
    }
}

/// Several who hear it, one after the other.
pub struct Everybody(pub Vec<Arc<dyn Listener>>);

impl Listener for Everybody {
    fn hear<'a>(&'a self, tx: &'a mut Tx, said: &'a [Said<'a>], now: Timestamp) -> BoxFuture<'a, Result<Heard>> {
        Box::pin(async move {
            let mut heard = Heard::default();
            for listener in &self.0 {
                heard += listener.hear(tx, said, now).await?;
            }
            Ok(heard)
        })
    }
}

/// Hears what the register says while it is written: both are committed together, or neither. The register knows nobody by name.
pub trait Listener: Send + Sync {
    /// The register says this. The rows of these residents are held, so that nobody else writes them before the commit.
    fn hear<'a>(&'a self, tx: &'a mut Tx, said: &'a [Said<'a>], now: Timestamp) -> BoxFuture<'a, Result<Heard>>;
}
