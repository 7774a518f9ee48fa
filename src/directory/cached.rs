//! What a node remembers for some seconds.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex as StdMutex, PoisonError};

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

/// Values by keys. Each has a lock of its own: whoever waits for the answer about one key waits for no other key's.
#[derive(Debug)]
pub(super) struct CachedBy<K, T>(Arc<StdMutex<HashMap<K, Cached<T>>>>);

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

impl<K: Eq + Hash, T> CachedBy<K, T> {
    /// What is known by this key. There are as many as keys that exist: callers look for none that does not.
    pub(super) fn of(&self, key: K) -> Cached<T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_default().clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn whoever_waits_for_one_key_waits_for_no_other() {
        let all = CachedBy::<u8, &str>::default();
        let slow = all.of(1);
        let mut held = slow.hold().await;
        *all.of(2).hold().await = Some((Timestamp::default(), "another"));
        assert!(all.of(1).0.try_lock().is_err(), "who asks for the same waits for its answer");
        *held = Some((Timestamp::default(), "the answer"));
        drop(held);
        assert_eq!(*all.of(1).hold().await, Some((Timestamp::default(), "the answer")));
    }
}
