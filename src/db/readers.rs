//! The connections that read on the embedded engine. sqlx's own pool asks each connection that comes back to it whether it still
//! answers, on a task of its own: for a file in the same process that costs as much as the statements.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use tokio::sync::{OwnedMutexGuard, OwnedSemaphorePermit, Semaphore};

use super::{DbError, DbResult};

/// Connections for reading. Cloning shares them.
#[derive(Clone)]
pub(super) struct Readers(Arc<Shared>);

type Slot = Arc<tokio::sync::Mutex<SqliteConnection>>;

struct Shared {
    options: SqliteConnectOptions,
    most: u32,
    places: Arc<Semaphore>,
    /// Those in use are locked.
    slots: Mutex<Vec<Slot>>,
    patience: Duration,
}

impl Readers {
    /// At most so many, the first of them opened now. Whoever needs one waits as long as `patience`.
    pub(super) async fn open(options: SqliteConnectOptions, most: u32, patience: Duration) -> DbResult<Self> {
        let places = Arc::new(Semaphore::new(most as usize));
        let readers = Self(Arc::new(Shared { options, most, places, slots: Mutex::default(), patience }));
        readers.take().await?;
        Ok(readers)
    }

    /// A connection.
    pub(super) async fn take(&self) -> DbResult<Reader> {
        let place = tokio::time::timeout(self.0.patience, Arc::clone(&self.0.places).acquire_owned()).await;
        let place = place
            .map_err(|_| DbError::Unavailable(String::from("all connections are in use for too long")))?
            .map_err(|_| DbError::Unavailable(String::from("the database is closed")))?;
        let idle = self.0.slots().iter().find_map(|slot| Arc::clone(slot).try_lock_owned().ok());
        let connection = match idle {
            Some(connection) => connection,
            None => {
                let slot = Arc::new(tokio::sync::Mutex::new(self.0.options.connect().await?));
                let connection = Arc::clone(&slot).lock_owned().await;
                self.0.slots().push(slot);
                connection
            }
        };
        Ok(Reader { connection, broken: false, home: Arc::clone(&self.0), place })
    }

    /// Waits for those in use, and closes all. Nobody gets one after this.
    pub(super) async fn close(&self) {
        let all = self.0.places.acquire_many(self.0.most).await;
        self.0.places.close();
        drop(all);
        let slots = std::mem::take(&mut *self.0.slots());
        for slot in slots.into_iter().filter_map(Arc::into_inner) {
            let _ = slot.into_inner().close().await;
        }
    }
}

impl Shared {
    fn slots(&self) -> MutexGuard<'_, Vec<Slot>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection in use. The next reader gets it, unless it is broken: its thread is gone.
pub(super) struct Reader {
    connection: OwnedMutexGuard<SqliteConnection>,
    broken: bool,
    home: Arc<Shared>,
    #[expect(dead_code, reason = "given back when dropped, after the connection")]
    place: OwnedSemaphorePermit,
}

impl Reader {
    /// The connection, and where to note that it is broken.
    pub(super) fn parts(&mut self) -> (&mut SqliteConnection, &mut bool) {
        (&mut self.connection, &mut self.broken)
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        if self.broken {
            self.home.slots().retain(|slot| !Arc::ptr_eq(slot, OwnedMutexGuard::mutex(&self.connection)));
        }
    }
}
