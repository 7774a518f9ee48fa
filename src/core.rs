//! What every service is given: the database, time, randomness, keys and configuration.

use std::sync::Arc;

use crate::clock::{Clock, Timestamp};
use crate::config::Config;
use crate::db::Db;
use crate::random::Random;
use crate::vault::Vault;

/// The sources that use cases draw from. Cloning shares all of them.
#[derive(Clone)]
pub struct Core {
    /// The database.
    pub db: Db,
    /// Time.
    pub clock: Clock,
    /// Randomness.
    pub random: Random,
    /// Root secrets and what is derived from them.
    pub vault: Vault,
    /// The effective configuration.
    pub config: Arc<Config>,
}

impl Core {
    /// The time now.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }
}
