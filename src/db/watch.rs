//! Whether the database accepts writes. Only a write shows that: reading still works on a primary that was taken out of
//! service, on a full disk, and while a synchronous standby does not confirm.

use std::time::Duration;

use sqlx::PgConnection;
// The clock of `sleep` and `timeout`, which are used with it.
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::condition::Condition;
use super::server::Servers;
use super::{Db, DbError, DbResult, Shard};

/// Time limit of a probing write.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);
/// Interval between two probing writes; the shorter one after a failure, or when a statement met a fault.
const PERIOD: Duration = Duration::from_secs(1);
const SOONEST: Duration = Duration::from_millis(400);
/// How long a result stays valid.
const REMEMBERED: Duration = Duration::from_secs(2);

/// The probing write: one of 64 small rows, which costs next to nothing.
const BEAT: &str = "INSERT INTO write_probe (place, beats) VALUES ($1, 1) \
    ON CONFLICT (place) DO UPDATE SET beats = write_probe.beats + 1, filling = NULL";
/// The probing write after a full disk. A small write may fit into an existing page; this one needs new pages.
const FILL: &str = "INSERT INTO write_probe (place, beats, filling) VALUES ($1, 1, $2) \
    ON CONFLICT (place) DO UPDATE SET filling = $2";

/// The probing write at the server of a shard: a message in its log, which is durable like a row. [`BEAT`] would not tell how that
/// server is, because its row is elsewhere.
const NOTE: &str = "SELECT pg_logical_emit_message(TRUE, 'ikd', CAST($1 AS BYTEA))";

/// How it is found out on PostgreSQL that a server accepts writes.
#[derive(Clone, Copy)]
pub(super) enum Probe {
    /// A row, where the schema is whole.
    Row,
    /// A message in the log, where only shards are.
    Log,
}

impl Probe {
    /// Writes, so much that new pages are needed when the disk is or was `full`.
    ///
    /// # Errors
    /// Why the server does not take it.
    pub(super) async fn write(self, mut connection: PgConnection, full: bool) -> DbResult<PgConnection> {
        match self {
            Self::Row => {
                if full {
                    sqlx::query(FILL).bind(place()).bind(filling()).execute(&mut connection).await?;
                }
                sqlx::query(BEAT).bind(place()).execute(&mut connection).await?;
            }
            Self::Log => {
                let note = if full { filling() } else { Vec::new() };
                sqlx::query(NOTE).bind(note).execute(&mut connection).await?;
            }
        }
        Ok(connection)
    }
}

/// The bytes that are written after a full disk.
fn filling() -> Vec<u8> {
    vec![0x5a; 1 << 20]
}

/// The row that this process writes.
fn place() -> i64 {
    i64::from(std::process::id() % 64)
}

/// The last result, and when it was found.
pub(super) type Found = Option<(Instant, DbResult<()>)>;

impl Db {
    /// Whether the database accepts writes: as [`Db::watch`] found a moment ago, else by a probing write.
    ///
    /// # Errors
    /// Why it does not.
    pub async fn writable(&self) -> DbResult<()> {
        if let Some(found) = self.remembered() {
            return found;
        }
        // On a task of its own: a caller that is cancelled must not abandon a write half-way.
        let db = self.clone();
        let looking = tokio::spawn(async move {
            let _turn = db.looking().lock().await;
            match db.remembered() {
                Some(found) => found,
                None => db.look().await,
            }
        });
        looking.await.unwrap_or_else(|_| Err(DbError::Other(String::from("looking broke off"))))
    }

    fn remembered(&self) -> Option<DbResult<()>> {
        let found = self.found().clone().filter(|(when, _)| when.elapsed() < REMEMBERED).map(|(_, found)| found);
        found.filter(|found| found.is_err() || !self.condition().is_full())
    }

    /// Writes every second until `stop`, and at once when a statement met a fault. On PostgreSQL the connections are replaced
    /// when the write shows that their server accepts no writes or does not answer. The servers of shards are watched in the same
    /// way, each for itself.
    pub async fn watch(self, stop: CancellationToken) {
        let shards = self.servers_of_shards().map(|(shard, servers)| Watched::Shard(shard, servers));
        let all = std::iter::once(Watched::Whole(&self)).chain(shards).map(|one| one.watch(&stop));
        futures_util::future::join_all(all).await;
    }

    async fn look(&self) -> DbResult<()> {
        let full = self.condition().is_full();
        let found = match self.servers() {
            Some(servers) => servers.look().await,
            None => match timeout(PATIENCE, self.look_at_file()).await {
                Ok(found) => found,
                Err(_) => Err(DbError::Unavailable(String::from("others write for too long"))),
            },
        };
        self.condition().looked(full, &found);
        *self.found() = Some((Instant::now(), found.clone()));
        found
    }

    async fn look_at_file(&self) -> DbResult<()> {
        if self.condition().is_full() {
            let mut tx = self.write().await?;
            crate::execute!(&mut tx, FILL, place(), filling())?;
            tx.commit().await?;
        }
        let mut tx = self.write().await?;
        crate::execute!(&mut tx, BEAT, place())?;
        tx.commit().await
    }
}

/// What is watched: the database that `database.url` names, or the servers of a shard.
enum Watched<'a> {
    Whole(&'a Db),
    Shard(Shard, &'a Servers),
}

impl Watched<'_> {
    async fn watch(self, stop: &CancellationToken) {
        let mut could = true;
        loop {
            let looked = tokio::select! {
                looked = self.look() => looked,
                () = stop.cancelled() => return,
            };
            if looked.is_ok() != could {
                self.tell(&looked);
            }
            could = looked.is_ok();
            let pause = async {
                sleep(SOONEST).await;
                // While the database is out of order, statements report faults all the time, so their reports do not
                // shorten the pause.
                if could {
                    let _ = timeout(PERIOD, self.condition().told()).await;
                }
            };
            tokio::select! {
                () = pause => {}
                () = stop.cancelled() => return,
            }
        }
    }

    async fn look(&self) -> DbResult<()> {
        match self {
            Self::Whole(db) => {
                let _turn = db.looking().lock().await;
                db.look().await
            }
            Self::Shard(_, servers) => {
                let full = servers.condition().is_full();
                let found = servers.look().await;
                servers.condition().looked(full, &found);
                found
            }
        }
    }

    fn condition(&self) -> &Condition {
        match self {
            Self::Whole(db) => db.condition(),
            Self::Shard(_, servers) => servers.condition(),
        }
    }

    fn tell(&self, looked: &DbResult<()>) {
        match (self, looked) {
            (Self::Whole(_), Err(error)) => {
                tracing::error!(error.cause = %error, "nothing can be written to the database");
            }
            (Self::Whole(_), Ok(())) => tracing::info!("the database can be written to again"),
            // The others are served on, so this node stays in service.
            (Self::Shard(shard, _), Err(error)) => {
                let shard = shard.place() + 1;
                tracing::error!(database.shard = shard, error.cause = %error, "nothing can be written to a shard");
            }
            (Self::Shard(shard, _), Ok(())) => {
                tracing::info!(database.shard = shard.place() + 1, "the shard can be written to again");
            }
        }
    }
}
