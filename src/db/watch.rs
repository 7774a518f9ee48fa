//! Whether a database can be written to. Only a write shows that: a primary that was taken out of service, a full disk and a
//! standby that does not confirm leave reading as it was.

use std::time::Duration;

use tokio::sync::watch;
// Not `clock::stopwatch`: `clock` stands on `error`, and that on this room.
use tokio::time::{Instant, sleep, timeout};

use super::{Db, DbError, DbResult};

/// How long a write may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);
/// Time between two writes; and between two of which the first failed, or for the second of which there was cause.
const PERIOD: Duration = Duration::from_secs(1);
const SOONEST: Duration = Duration::from_millis(400);
/// How long an answer counts.
const REMEMBERED: Duration = Duration::from_secs(2);

/// The write: one of 64 rows, small enough that it costs next to nothing.
pub(super) const BEAT: &str = "INSERT INTO write_probe (place, beats) VALUES ($1, 1) \
    ON CONFLICT (place) DO UPDATE SET beats = write_probe.beats + 1, filling = NULL";
/// After the disk was full a small write may find room in a page that is there. This one needs new ones.
pub(super) const FILL: &str = "INSERT INTO write_probe (place, beats, filling) VALUES ($1, 1, $2) \
    ON CONFLICT (place) DO UPDATE SET filling = $2";

/// What [`FILL`] writes.
pub(super) fn filling() -> Vec<u8> {
    vec![0x5a; 1 << 20]
}

/// The row of this process.
pub(super) fn place() -> i64 {
    i64::from(std::process::id() % 64)
}

/// What was found last, and when.
pub(super) type Found = Option<(Instant, DbResult<()>)>;

impl Db {
    /// Whether something can be written: as [`Db::watch`] found a moment ago, else by trying.
    ///
    /// # Errors
    /// Why it cannot.
    pub async fn writable(&self) -> DbResult<()> {
        if let Some(found) = self.remembered() {
            return found;
        }
        // On a task of its own: a caller who goes away must not leave a write behind that nobody waits for.
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

    /// Writes every second until `stop`, and as soon as a statement met a fault. On PostgreSQL the connections are made anew
    /// when that shows that they lead to a server that cannot be written to, or to none.
    pub async fn watch(self, mut stop: watch::Receiver<bool>) {
        let mut could = true;
        loop {
            let looking = async {
                let _turn = self.looking().lock().await;
                self.look().await
            };
            let looked = tokio::select! {
                looked = looking => looked,
                _ = stop.wait_for(|stop| *stop) => return,
            };
            match &looked {
                Err(error) if could => tracing::error!(error.cause = %error, "nothing can be written to the database"),
                Ok(()) if !could => tracing::info!("the database can be written to again"),
                _ => {}
            }
            could = looked.is_ok();
            let pause = async {
                sleep(SOONEST).await;
                // What is known to be out of order is heard of all the time.
                if could {
                    let _ = timeout(PERIOD, self.condition().told()).await;
                }
            };
            tokio::select! {
                () = pause => {}
                _ = stop.wait_for(|stop| *stop) => return,
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
            // Of what was heard meanwhile nothing is known.
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
