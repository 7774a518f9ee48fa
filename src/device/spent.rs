//! Each proof works once: whoever copies a request's headers, off a proxy's log or out of a phone's memory, cannot send them
//! again. See docs/adr/0009-proofs-work-once.md.
//!
//! A proof is remembered in a row that all nodes share, as long as its nonce counts. Rows of all who ask at the same time are
//! written together: one commit.

use tokio::sync::oneshot;
use uuid::Uuid;

use super::guard::Once;
use super::nonce;
use crate::batcher::{Batcher, Limits, MOST, Separation, TaskBatcher, ThreadBatcher, broken_off, overloaded};
use crate::changed::Changed;
use crate::clock::Timestamp;
use crate::context::Context;
use crate::db::{Db, DbResult, Local, Session, Tx, bound, processors};
use crate::error::{Code, Result};
use crate::failpoint::{self, Side};
use crate::{execute, on_server, transaction};

const SPEND: &str = "INSERT INTO device_proof (nonce_window, proof) VALUES ($1, $2) ON CONFLICT DO NOTHING";
/// [`SPEND`] for all of a batch: one trip to the server, and those that were not there before.
const SPEND_ALL: &str = "INSERT INTO device_proof (nonce_window, proof) SELECT * FROM UNNEST($1::bigint[], $2::uuid[]) \
    ON CONFLICT DO NOTHING RETURNING proof";
const SWEEP: &str = "DELETE FROM device_proof WHERE nonce_window <= $1";

/// What kills by tests call it.
const NAME: &str = "device.spend";

struct Spending {
    once: Once,
    reply: oneshot::Sender<DbResult<Changed>>,
}

/// The memory of proofs. Cloning shares it.
#[derive(Clone)]
pub struct SpentProofs {
    context: Context,
    batcher: Batcher<Spending>,
}

impl SpentProofs {
    /// Starts it over the database.
    pub fn start(context: Context) -> Self {
        let limits = |concurrency| Limits { waiting: context.config.http.connections, batch: MOST, concurrency };
        // A batch holds a proof once, in the order of their digests: two nodes that meet wait, and do not deadlock.
        let separation = Separation { by: |job: &Spending| job.once.proof, behind: |_, _| false };
        let batcher = match context.db.threads().cloned() {
            Some(threads) => {
                let post = move |work| threads.post_write(work);
                Batcher::Threads(ThreadBatcher::new(limits(1), Some(separation), post, spend_here))
            }
            None => {
                let db = context.db.clone();
                let concurrency = processors().min(db.room_of_no_shard());
                Batcher::Tasks(TaskBatcher::start(limits(concurrency), Some(separation), move |jobs| {
                    spend(db.clone(), jobs)
                }))
            }
        };
        Self { context, batcher }
    }

    /// Spends a proof.
    ///
    /// # Errors
    /// `use_dpop_nonce` when it was spent before. A browser sends a request again by itself when a connection breaks; this
    /// answer makes the app send it with a new proof.
    pub async fn spend(&self, once: Once) -> Result<()> {
        let (reply, answer) = oneshot::channel();
        self.batcher.push(Spending { once, reply }).map_err(|_| overloaded())?;
        answer.await.unwrap_or_else(|_| Err(broken_off()))?.or(Code::UseDpopNonce)
    }

    /// Returns when all that was asked is answered; nothing is taken any more.
    pub async fn drain(&self) {
        self.batcher.drain().await;
    }

    /// Forgets the proofs whose nonces count no more.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn sweep(&self) -> Result<u64> {
        let now = self.context.now();
        transaction!(self.context.db, "device.sweep", |tx| Ok(sweep(tx, now).await?))
    }
}

async fn sweep(tx: &mut Tx, now: Timestamp) -> DbResult<u64> {
    execute!(tx, SWEEP, nonce::over(now))
}

fn spend_here(session: &mut Session<'_>, jobs: Vec<Spending>) {
    let one = |local: &Local<'_>, once: Once| {
        local.execute(SPEND, bound![once.window, once.proof.as_bytes()]).map(Changed::one_of)
    };
    failpoint::pass(NAME, Side::Before);
    let done = session.transact(|local| jobs.iter().map(|job| one(local, job.once)).collect::<DbResult<Vec<_>>>());
    failpoint::pass(NAME, Side::After);
    match done {
        Ok(done) => jobs.into_iter().zip(done).for_each(|(job, done)| drop(job.reply.send(Ok(done)))),
        Err(error) => jobs.into_iter().for_each(|job| drop(job.reply.send(Err(error.clone())))),
    }
}

async fn spend(db: Db, jobs: Vec<Spending>) {
    failpoint::pass(NAME, Side::Before);
    let done = spend_all(&db, &jobs).await;
    failpoint::pass(NAME, Side::After);
    match done {
        Ok(new) => jobs.into_iter().for_each(|job| {
            let rows = new.iter().filter(|(proof,)| *proof == job.once.proof).count();
            drop(job.reply.send(Ok(Changed::one_of(rows as u64))));
        }),
        Err(error) => jobs.into_iter().for_each(|job| drop(job.reply.send(Err(error.clone())))),
    }
}

async fn spend_all(db: &Db, jobs: &[Spending]) -> DbResult<Vec<(Uuid,)>> {
    let windows: Vec<i64> = jobs.iter().map(|job| job.once.window).collect();
    let proofs: Vec<Uuid> = jobs.iter().map(|job| job.once.proof).collect();
    let mut tx = db.batch().await?;
    let new = on_server!(&mut tx, |c| sqlx::query_as(SPEND_ALL).bind(windows).bind(proofs).fetch_all(c).await)?;
    tx.commit().await?;
    Ok(new)
}
