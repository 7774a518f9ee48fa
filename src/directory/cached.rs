//! What a node remembers for some seconds.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use tokio::sync::{Mutex, MutexGuard};

use crate::clock::Timestamp;

/// One value, with when it was read. Whoever looks holds it, so that who comes meanwhile gets the same answer. Cloning shares it.
#[derive(Debug)]
pub(super) struct Cached<T>(Arc<Mutex<Option<(Timestamp, T)>>>);

impl<T> Clone for Cached<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Default for Cached<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T> Cached<T> {
    /// Takes it, for as long as the caller looks.
    pub(super) async fn hold(&self) -> MutexGuard<'_, Option<(Timestamp, T)>> {
        self.0.lock().await
    }
}

/// Whether what was read `at` still counts after `seconds`; a clock that was turned back makes it old.
pub(super) fn is_fresh(at: Timestamp, now: Timestamp, seconds: i64) -> bool {
    (0..seconds).contains(&now.seconds_since(at))
}

/// Values by keys, each with when it was read.
#[derive(Debug)]
pub(super) struct CachedBy<K, T>(Arc<Mutex<HashMap<K, (Timestamp, T)>>>);

impl<K, T> Clone for CachedBy<K, T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K, T> Default for CachedBy<K, T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K: Eq + Hash, T: Clone> CachedBy<K, T> {
    /// Takes them, for as long as the caller looks.
    pub(super) async fn hold(&self) -> MutexGuard<'_, HashMap<K, (Timestamp, T)>> {
        self.0.lock().await
    }
}
