//! Looking up sessions in batches, each of one shard: every request of a wallet begins with such a look-up.

use tokio::sync::oneshot;
use uuid::Uuid;

use crate::batcher::{Batcher, Limits, MOST, TaskBatcher, ThreadBatcher, broken_off, overloaded};
use crate::context::Context;
use crate::db::{Db, DbResult, PerShard, Session, Shard, processors};
use crate::error::Result;
use crate::holder::{Credential, batch};

struct Lookup {
    resident: Uuid,
    reply: oneshot::Sender<DbResult<Option<Credential>>>,
}

/// The stages of these look-ups. Cloning shares them.
#[derive(Clone)]
pub(super) struct Sessions(PerShard<Batcher<Lookup>>);

impl Sessions {
    /// Starts them over the database.
    pub(super) fn start(context: &Context) -> Self {
        let limits = |concurrency| Limits { waiting: context.config.http.connections, batch: MOST, concurrency };
        let stage = |shard| match context.db.threads().cloned() {
            Some(threads) => {
                let post = move |work| threads.post_read(work);
                Batcher::Threads(ThreadBatcher::new(limits(processors()), None, post, read_here))
            }
            None => {
                let db = context.db.clone();
                // A quarter of the batches' connections: checks may take half.
                let most = (db.room_of_shard() / 4).max(1);
                Batcher::Tasks(TaskBatcher::start(limits(processors().min(most)), None, move |jobs| {
                    read(db.clone(), shard, jobs)
                }))
            }
        };
        Self(PerShard::new(context.db.shards(), stage))
    }

    /// The credential of a resident.
    ///
    /// # Errors
    /// `overloaded`, or what the database said.
    pub(super) async fn credential(&self, resident: Uuid) -> Result<Option<Credential>> {
        let (reply, answer) = oneshot::channel();
        self.0.of(resident).push(Lookup { resident, reply }).map_err(|_| overloaded())?;
        Ok(answer.await.unwrap_or_else(|_| Err(broken_off()))?)
    }

    /// Returns when all that was asked is answered; nothing is taken any more.
    pub(super) async fn drain(&self) {
        futures_util::future::join_all(self.0.iter().map(Batcher::drain)).await;
    }
}

fn read_here(session: &mut Session<'_>, jobs: Vec<Lookup>) {
    let found =
        session.transact(|local| Ok(jobs.iter().map(|job| batch::credential(local, job.resident)).collect::<Vec<_>>()));
    match found {
        Ok(found) => jobs.into_iter().zip(found).for_each(|(job, found)| drop(job.reply.send(found))),
        Err(error) => jobs.into_iter().for_each(|job| drop(job.reply.send(Err(error.clone())))),
    }
}

async fn read(db: Db, shard: Shard, jobs: Vec<Lookup>) {
    match batch::credentials(&db, shard, jobs.iter().map(|job| job.resident).collect()).await {
        Ok(found) => jobs.into_iter().for_each(|job| drop(job.reply.send(Ok(found.get(&job.resident).copied())))),
        Err(error) => jobs.into_iter().for_each(|job| drop(job.reply.send(Err(error.clone())))),
    }
}
