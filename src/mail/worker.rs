//! Background work: leases due messages, has them composed, sends them, notes what came of it.
//!
//! Sending happens outside any transaction. A crash between hand-over and noting it means that the message goes out once
//! more when the lease has run out, with the same Message-ID.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::outbox::{self, AfterFailure, Leased, MailKind};
use super::transport::SendError;
use super::{Email, Transport};
use crate::clock::{Clock, HOUR, Timestamp};
use crate::db::{Db, DbError, Tx};
use crate::error::Result;
use crate::random::Random;

const POLL: Duration = Duration::from_secs(1);
/// Longer than a message may take, so that a graceful stop never cuts one off.
const DRAIN: Duration = Duration::from_secs(70);
const SWEEP_BATCH: i64 = 1_000;
const NOTE_TRIES: u32 = 6;

/// What a [`Compose`] method gives back.
pub type ComposeFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

/// A message to compose: what stands in its outbox row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Job {
    /// The row; goes into [`Email::mail_id`].
    pub mail_id: Uuid,
    /// What to say.
    pub kind: MailKind,
    /// What it is about.
    pub reference: Uuid,
    /// When it was enqueued.
    pub created_at: Timestamp,
}

/// Turns a reference into a message at the moment of sending.
pub trait Compose: Send + Sync + 'static {
    /// The message, or `None` when there is nothing to say any more. Opens its own reads; holds no transaction while
    /// the message is sent.
    fn compose(&self, job: Job) -> ComposeFuture<'_, Option<Email>>;

    /// Notes what follows from the hand-over to the mail server at `now` (the life of a code begins), in the same
    /// transaction that marks the message sent.
    fn sent<'a>(&'a self, tx: &'a mut Tx, job: Job, now: Timestamp) -> ComposeFuture<'a, ()>;
}

/// Wakes the worker of this process after a commit, so that a message does not wait for the next look. Cloning shares it.
#[derive(Clone, Default)]
pub struct Wake(Arc<Notify>);

impl Wake {
    /// Lets the worker look at once.
    pub fn wake(&self) {
        self.0.notify_one();
    }
}

/// The worker of one node.
#[derive(Clone)]
pub struct Worker {
    db: Db,
    clock: Clock,
    random: Random,
    transport: Transport,
    compose: Arc<dyn Compose>,
    wake: Wake,
}

#[derive(strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case", const_into_str)]
enum Outcome {
    Sent,
    Dropped,
    Retried,
    Parked,
    Lost,
}

impl Worker {
    /// A worker that sends through `transport` what `compose` writes.
    pub fn new(
        db: Db,
        clock: Clock,
        random: Random,
        transport: Transport,
        compose: Arc<dyn Compose>,
        wake: Wake,
    ) -> Self {
        Self { db, clock, random, transport, compose, wake }
    }

    /// Works until `stop` says `true` (or its sender is gone), then finishes what it has begun.
    pub async fn run(&self, mut stop: watch::Receiver<bool>) {
        let limit = self.transport.concurrency().max(1);
        let mut running = JoinSet::new();
        let mut next_sweep = self.clock.now();
        while !*stop.borrow() {
            while running.try_join_next().is_some() {}
            match self.take(limit - running.len()).await {
                Ok(jobs) => {
                    for leased in jobs {
                        let worker = self.clone();
                        running.spawn(async move { worker.process(leased).await });
                    }
                }
                // Another node took at the same moment: it has them.
                Err(DbError::Contention) => {}
                Err(error) => tracing::warn!(error.message = %error, "mail: the outbox cannot be read"),
            }
            if self.clock.now() >= next_sweep {
                next_sweep = self.clock.now().plus_seconds(HOUR);
                self.sweep().await;
            }
            let full = running.len() >= limit;
            tokio::select! {
                changed = stop.changed() => if changed.is_err() { break },
                () = self.wake.0.notified(), if !full => {}
                () = tokio::time::sleep(POLL), if !full => {}
                _ = running.join_next(), if !running.is_empty() => {}
            }
        }
        if tokio::time::timeout(DRAIN, async { while running.join_next().await.is_some() {} }).await.is_err() {
            tracing::warn!(mail.unfinished = running.len(), "mail: stopped before everything was sent");
        }
        self.transport.close().await;
    }

    /// Sends everything that is due now and comes back when nothing is. For tests and for `ikd demo`.
    ///
    /// # Errors
    /// When the database cannot be used.
    pub async fn run_until_idle(&self) -> Result<usize> {
        let mut done = 0;
        loop {
            let jobs = match self.take(self.transport.concurrency().max(1)).await {
                Err(DbError::Contention) => continue,
                other => other?,
            };
            if jobs.is_empty() {
                return Ok(done);
            }
            done += jobs.len();
            let mut running = JoinSet::new();
            for leased in jobs {
                let worker = self.clone();
                running.spawn(async move { worker.process(leased).await });
            }
            while running.join_next().await.is_some() {}
        }
    }

    async fn take(&self, free: usize) -> std::result::Result<Vec<Leased>, DbError> {
        let now = self.clock.now();
        if free == 0 || !outbox::any_due(&mut self.db.read().await?, now).await? {
            return Ok(Vec::new());
        }
        let mut tx = self.db.write().await?;
        let jobs = outbox::lease(&mut tx, &self.random, now, i64::try_from(free).unwrap_or(1)).await?;
        tx.commit().await?;
        Ok(jobs)
    }

    async fn sweep(&self) {
        let swept = async {
            let mut tx = self.db.write().await?;
            let rows = outbox::sweep(&mut tx, self.clock.now(), SWEEP_BATCH).await?;
            tx.commit().await?;
            Ok::<_, DbError>(rows)
        };
        if let Err(error) = swept.await {
            tracing::warn!(error.message = %error, "mail: old rows could not be deleted");
        }
    }

    async fn process(&self, leased: Leased) {
        let outcome = match self.attempt(&leased).await {
            Ok(outcome) => outcome,
            Err(error) => {
                // The lease runs out by itself; the message is not lost.
                tracing::error!(mail.id = %leased.mail_id, mail.kind = leased.kind, error.message = %error, "mail: the outcome could not be noted");
                return;
            }
        };
        metrics::counter!("ikd_mail_total", "kind" => leased.kind.clone(), "result" => outcome.into_str()).increment(1);
    }

    async fn attempt(&self, leased: &Leased) -> Result<Outcome> {
        let Ok(kind) = leased.kind.parse::<MailKind>() else {
            // Written by a newer node, which will take it: let it be for a while.
            return self.note_failure(leased, "unknown kind").await;
        };
        if leased.attempts > outbox::MAX_ATTEMPTS {
            return self.note_failure(leased, "too many attempts").await;
        }
        let job = Job { mail_id: leased.mail_id, kind, reference: leased.reference, created_at: leased.created_at };
        let email = match self.compose.compose(job).await {
            Ok(Some(email)) => Email { mail_id: leased.mail_id, ..email },
            Ok(None) => return self.note_dropped(leased).await,
            Err(error) => {
                tracing::warn!(mail.id = %leased.mail_id, mail.kind = leased.kind, error.message = %error, "mail: could not be composed");
                return self.note_failure(leased, "composing").await;
            }
        };
        // Of the address nothing is logged, not even its domain: some are one person's. The message's id finds its row.
        let watch = crate::clock::stopwatch();
        match self.transport.send(&email, self.clock.now()).await {
            Ok(()) => {
                let millis = u64::try_from(watch.elapsed().as_millis()).unwrap_or(u64::MAX);
                tracing::info!(mail.id = %leased.mail_id, mail.kind = leased.kind, mail.attempts = leased.attempts, duration.ms = millis, "mail: sent");
                self.note_sent(leased, job).await
            }
            Err(SendError::Permanent(reason)) => {
                tracing::warn!(mail.id = %leased.mail_id, mail.kind = leased.kind, error.message = reason, "mail: refused for good, parked");
                self.note_parked(leased, &reason).await
            }
            Err(SendError::Transient(reason)) => {
                tracing::warn!(mail.id = %leased.mail_id, mail.kind = leased.kind, mail.attempts = leased.attempts, error.message = reason, "mail: not sent");
                self.note_failure(leased, &reason).await
            }
        }
    }

    /// The message is out: this must be noted, or it goes out twice. So it is tried for longer than other notes.
    async fn note_sent(&self, leased: &Leased, job: Job) -> Result<Outcome> {
        let mut wait = Duration::from_millis(100);
        for _ in 1..NOTE_TRIES {
            match self.try_note_sent(leased, job).await {
                Ok(outcome) => return Ok(outcome),
                Err(error) => {
                    tracing::warn!(mail.id = %leased.mail_id, error.message = %error, "mail: sent, not noted yet")
                }
            }
            tokio::time::sleep(wait).await;
            wait *= 2;
        }
        self.try_note_sent(leased, job).await
    }

    async fn try_note_sent(&self, leased: &Leased, job: Job) -> Result<Outcome> {
        let now = self.clock.now();
        let mut tx = self.db.write().await?;
        // What the message is about before the message: whoever replaces a message takes them in this order too, and two
        // that took them in opposite orders would wait for each other.
        self.compose.sent(&mut tx, job, now).await?;
        if !outbox::mark_sent(&mut tx, leased, now).await?.happened() {
            tx.rollback().await?;
            return Ok(Outcome::Lost);
        }
        tx.commit().await?;
        Ok(Outcome::Sent)
    }

    async fn note_dropped(&self, leased: &Leased) -> Result<Outcome> {
        let mut tx = self.db.write().await?;
        let held = outbox::mark_dropped(&mut tx, leased).await?;
        tx.commit().await?;
        Ok(if held.happened() { Outcome::Dropped } else { Outcome::Lost })
    }

    async fn note_parked(&self, leased: &Leased, reason: &str) -> Result<Outcome> {
        let mut tx = self.db.write().await?;
        let held = outbox::park(&mut tx, leased, reason).await?;
        tx.commit().await?;
        Ok(if held.happened() { Outcome::Parked } else { Outcome::Lost })
    }

    async fn note_failure(&self, leased: &Leased, reason: &str) -> Result<Outcome> {
        let mut tx = self.db.write().await?;
        let after = outbox::mark_failed(&mut tx, &self.random, leased, self.clock.now(), reason).await?;
        tx.commit().await?;
        Ok(match after {
            AfterFailure::RetryAt(_) => Outcome::Retried,
            AfterFailure::Parked => {
                tracing::error!(mail.id = %leased.mail_id, mail.kind = leased.kind, error.message = reason, "mail: given up, parked");
                Outcome::Parked
            }
            AfterFailure::Lost => Outcome::Lost,
        })
    }
}
