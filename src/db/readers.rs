//! The connections that read on the embedded engine. sqlx's own pool asks each connection that comes back to it whether it still
//! answers, on a task of its own: for a file in the same process that costs as much as the statements.

use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use tokio::sync::OwnedSemaphorePermit;

use super::slots::{InUse, NoPlace, Slots};
use super::{DbError, DbResult};

/// Connections for reading. Cloning shares them.
#[derive(Clone)]
pub(super) struct Readers(Arc<Shared>);

struct Shared {
    options: SqliteConnectOptions,
    slots: Slots<SqliteConnection>,
}

impl Readers {
    /// At most so many, the first of them opened now. Whoever needs one waits as long as `patience`.
    pub(super) async fn open(options: SqliteConnectOptions, most: u32, patience: Duration) -> DbResult<Self> {
        let readers = Self(Arc::new(Shared { options, slots: Slots::new(most, patience) }));
        readers.take().await?;
        Ok(readers)
    }

    /// A connection.
    pub(super) async fn take(&self) -> DbResult<Reader> {
        let place = self.0.slots.place().await.map_err(|why| {
            DbError::Unavailable(String::from(match why {
                NoPlace::Late => "all connections are in use for too long",
                NoPlace::Closed => "the database is closed",
            }))
        })?;
        let connection = match self.0.slots.idle() {
            Some(connection) => connection,
            // Who closes waits for all who have a place: nobody is late.
            None => self.0.slots.keep(self.0.options.connect().await?, || true).await,
        };
        Ok(Reader { connection, broken: false, home: Arc::clone(&self.0), place })
    }

    /// Waits for those in use, and closes all. Nobody gets one after this.
    pub(super) async fn close(&self) {
        self.0.slots.shut_when_free().await;
        for connection in self.0.slots.clear() {
            let _ = connection.close().await;
        }
    }
}

/// A connection in use. The next reader gets it, unless it is broken: its thread is gone.
pub(super) struct Reader {
    connection: InUse<SqliteConnection>,
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
            self.home.slots.forget(&self.connection);
        }
    }
}
