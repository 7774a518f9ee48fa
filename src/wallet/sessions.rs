//! Looking up sessions in batches: every request of a wallet begins with such a look-up.

use tokio::sync::oneshot;
use uuid::Uuid;

use crate::batcher::{Batcher, Limits, MOST, TaskBatcher, ThreadBatcher, broken_off, overloaded};
use crate::context::Context;
use crate::db::{Db, DbResult, Session, processors};
use crate::error::Result;
use crate::holder::{Credential, batch};

struct Lookup {
    resident: Uuid,
    reply: oneshot::Sender<DbResult<Option<Credential>>>,
}

/// The stage of these look-ups. Cloning shares it.
#[derive(Clone)]
pub(super) struct Sessions(Batcher<Lookup>);

impl Sessions {
    /// Starts it over the database.
    pub(super) fn start(context: &Context) -> Self {
        let limits = |concurrency| Limits { waiting: context.config.http.connections, batch: MOST, concurrency };
        Self(match context.db.threads().cloned() {
            Some(threads) => {
                let post = move |work| threads.post_read(work);
                Batcher::Threads(ThreadBatcher::new(limits(processors()), None, post, read_here))
            }
            None => {
                let db = context.db.clone();
                // A quarter of the batches' connections: checks may take half.
                let most = (db.batch_connections() / 4).max(1);
                Batcher::Tasks(TaskBatcher::start(limits(processors().min(most)), None, move |jobs| {
                    read(db.clone(), jobs)
                }))
            }
        })
    }

    /// The credential of a resident.
    ///
    /// # Errors
    /// `overloaded`, or what the database said.
    pub(super) async fn credential(&self, resident: Uuid) -> Result<Option<Credential>> {
        let (reply, answer) = oneshot::channel();
        self.0.push(Lookup { resident, reply }).map_err(|_| overloaded())?;
        Ok(answer.await.unwrap_or_else(|_| Err(broken_off()))?)
    }

    /// Returns when all that was asked is answered; nothing is taken any more.
    pub(super) async fn drain(&self) {
        self.0.drain().await;
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

async fn read(db: Db, jobs: Vec<Lookup>) {
    match batch::credentials(&db, jobs.iter().map(|job| job.resident).collect()).await {
        Ok(found) => jobs.into_iter().for_each(|job| drop(job.reply.send(Ok(found.get(&job.resident).copied())))),
        Err(error) => jobs.into_iter().for_each(|job| drop(job.reply.send(Err(error.clone())))),
    }
}
