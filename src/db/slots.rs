//! Things of which so many may be in use at once, and which stay for whoever comes next.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedMutexGuard, OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// What is kept, and the places of those who use it.
pub(super) struct Slots<T> {
    /// Those in use are locked.
    kept: Mutex<Vec<Arc<tokio::sync::Mutex<T>>>>,
    places: Arc<Semaphore>,
    most: u32,
    patience: Duration,
}

/// Why somebody got no place.
pub(super) enum NoPlace {
    /// None became free in time.
    Late,
    /// There are no more.
    Closed,
}

/// One in use.
pub(super) type InUse<T> = OwnedMutexGuard<T>;

impl<T> Slots<T> {
    /// So many at once. Whoever needs one waits as long as `patience`.
    pub(super) fn new(most: u32, patience: Duration) -> Self {
        Self { kept: Mutex::default(), places: Arc::new(Semaphore::new(most as usize)), most, patience }
    }

    /// The right to use one until the place is dropped.
    pub(super) async fn place(&self) -> Result<OwnedSemaphorePermit, NoPlace> {
        let place = timeout(self.patience, Arc::clone(&self.places).acquire_owned()).await;
        place.map_err(|_| NoPlace::Late)?.map_err(|_| NoPlace::Closed)
    }

    /// One that is kept and not in use.
    pub(super) fn idle(&self) -> Option<InUse<T>> {
        self.kept().iter().find_map(|slot| Arc::clone(slot).try_lock_owned().ok())
    }

    /// Keeps another one from now on, and gives it. Whether to keep it is asked under the lock that [`Slots::clear`] takes.
    pub(super) async fn keep(&self, one: T, still: impl FnOnce() -> bool) -> InUse<T> {
        let slot = Arc::new(tokio::sync::Mutex::new(one));
        let one = Arc::clone(&slot).lock_owned().await;
        let mut kept = self.kept();
        if still() {
            kept.push(slot);
        }
        one
    }

    /// Keeps one no longer.
    pub(super) fn forget(&self, one: &InUse<T>) {
        self.kept().retain(|slot| !Arc::ptr_eq(slot, OwnedMutexGuard::mutex(one)));
    }

    /// Gives no more places.
    pub(super) fn shut(&self) {
        self.places.close();
    }

    /// Waits until nobody uses one, and gives no more places.
    pub(super) async fn shut_when_free(&self) {
        let all = self.places.acquire_many(self.most).await;
        self.places.close();
        drop(all);
    }

    /// Keeps none any longer, and gives those that are not in use.
    pub(super) fn clear(&self) -> Vec<T> {
        let kept = std::mem::take(&mut *self.kept());
        kept.into_iter().filter_map(Arc::into_inner).map(tokio::sync::Mutex::into_inner).collect()
    }

    fn kept(&self) -> MutexGuard<'_, Vec<Arc<tokio::sync::Mutex<T>>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
