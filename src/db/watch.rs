//! Whether the database accepts writes. Only a write shows that: reading still works on a primary that was taken out of
//! service, on a full disk, and while a synchronous standby does not confirm.

use std::time::Duration;

// The clock of `sleep` and `timeout`, which are used with it.
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::{Db, DbError, DbResult};

/// Time limit of a probing write.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);
/// Interval between two probing writes; the shorter one after a failure, or when a statement met a fault.
const PERIOD: Duration = Duration::from_secs(1);
const SOONEST: Duration = Duration::from_millis(400);
/// How long a result stays valid.
const REMEMBERED: Duration = Duration::from_secs(2);

/// The probing write: one of 64 small rows, which costs next to nothing.
pub(super) const BEAT: &str = "INSERT INTO write_probe (place, beats) VALUES ($1, 1) \
    ON CONFLICT (place) DO UPDATE SET beats = write_probe.beats + 1, filling = NULL";
/// The probing write after a full disk. A small write may fit into an existing page; this one needs new pages.
pub(super) const FILL: &str = "INSERT INTO write_probe (place, beats, filling) VALUES ($1, 1, $2) \
    ON CONFLICT (place) DO UPDATE SET filling = $2";

/// The bytes that [`FILL`] writes.
pub(super) fn filling() -> Vec<u8> {
    vec![0x5a; 1 << 20]
}

/// The row that this process writes.
pub(super) fn place() -> i64 {
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

    /// Writes every second until `stop`, and at once when a statement met a fault. On PostgreSQL the pool is replaced
    /// when the write shows that its server accepts no writes or does not answer.
    pub async fn watch(self, stop: CancellationToken) {
        let mut could = true;
        loop {
            let looking = async {
                let _turn = self.looking().lock().await;
                self.look().await
            };
            let looked = tokio::select! {
                looked = looking => looked,
                () = stop.cancelled() => return,
            };
            match &looked {
                Err(error) if could => tracing::error!(error.cause = %error, "nothing can be written to the database"),
                Ok(()) if !could => tracing::info!("the database can be written to again"),
                _ => {}
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
        let full = self.condition().is_full();
        let found = match self.servers() {
            Some(servers) => servers.look().await,
            None => match timeout(PATIENCE, self.look_at_file()).await {
                Ok(found) => found,
                Err(_) => Err(DbError::Unavailable(String::from("others write for too long"))),
            },
        };
        match &found {
            // Clears only a full disk that was known before this write: one that was reported meanwhile may be newer.
            Ok(()) if full => self.condition().has_room(),
            Err(DbError::Full(_)) => self.condition().is_out_of_room(),
            _ => {}
        }
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
