//! What every service is given: the database, time, randomness, keys and configuration.

use std::ops::Deref;
use std::sync::Arc;

use uuid::Uuid;

use crate::clock::{Clock, Timestamp};
use crate::config::Config;
use crate::db::Db;
use crate::decoder::Decoders;
use crate::random::Random;
use crate::vault::Vault;

/// The sources that use cases draw from. Cloning shares all of them, and costs one count: each request clones services, and
/// these hold it.
#[derive(Clone)]
pub struct Context(Arc<Sources>);

/// What a [`Context`] gives access to.
#[derive(Clone)]
pub struct Sources {
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
    /// Read the pictures of others.
    pub decoders: Decoders,
    /// The node that this is, where the program serves: an id made when it started ([`App::open`](crate::app::App::open)).
    pub node: Option<Uuid>,
}

impl From<Sources> for Context {
    fn from(sources: Sources) -> Self {
        Self(Arc::new(sources))
    }
}

impl Context {
    /// A copy that draws from something else in part.
    #[must_use]
    pub fn altered(&self, alter: impl FnOnce(&mut Sources)) -> Self {
        let mut sources = (*self.0).clone();
        alter(&mut sources);
        sources.into()
    }
}

impl Deref for Context {
    type Target = Sources;

    fn deref(&self) -> &Sources {
        &self.0
    }
}

impl Sources {
    /// The time now.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }
}
