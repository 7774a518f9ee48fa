//! The mail worker: leases due messages, composes and sends them, and records the outcome.
//!
//! Sending happens outside any transaction. A crash between hand-over and noting it means that the message goes out once
//! more when the lease has run out, with the same Message-ID.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::compose::{Letters, Message};
use super::outbox::{self, AfterFailure, Leased};
use super::transport::SendError;
use super::{Email, Transport};
use crate::clock::Clock;
use crate::db::Db;
use crate::error::{Code, Error, Result};
use crate::failpoint::{self, Side};
use crate::jobs::{self, Job, Queue, Wake};
use crate::random::Random;
use crate::transaction;

/// Longer than a message may take, so that a graceful stop never cuts one off.
const PATIENCE: Duration = Duration::from_secs(70);
/// How often it is tried to note that a message is out, while the database does not take it.
const NOTE_TRIES: u32 = 6;

/// The worker of one node. Cloning shares its transport.
#[derive(Clone)]
pub struct Worker {
    db: Db,
    clock: Clock,
    random: Random,
    transport: Transport,
    letters: Letters,
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
    /// A worker that sends through `transport` what `letters` writes.
    pub const fn new(db: Db, clock: Clock, random: Random, transport: Transport, letters: Letters) -> Self {
        Self { db, clock, random, transport, letters }
    }

    /// The job of sending what is due, at once when it is woken.
    pub fn into_job(self, wake: Wake) -> Job {
        Job::new(Self::NAME, move |stop| async move { self.run(wake, stop).await })
    }

    /// Works until `stop`, then finishes what it has begun.
    pub async fn run(&self, wake: Wake, stop: CancellationToken) {
        jobs::work_off(Arc::new(self.clone()), wake, stop).await;
        self.transport.close().await;
    }

    /// Sends everything that is due now and comes back when nothing is. For tests and for `ikd demo`.
    ///
    /// # Errors
    /// When the database cannot be used.
    pub async fn run_until_idle(&self) -> Result<usize> {
        jobs::work_until_idle(Arc::new(self.clone())).await
    }

    async fn process(&self, leased: &Leased) -> Result<()> {
        let outcome = self.attempt(leased).await?;
        metrics::counter!("ikd_mail_total", "kind" => leased.kind.clone(), "result" => outcome.into_str()).increment(1);
        Ok(())
    }

    async fn attempt(&self, leased: &Leased) -> Result<Outcome> {
        let Some(message) = self.letters.message(leased) else {
            // Written by a newer node, which will send it: postponed.
            return self.note_failure(leased, "unknown kind").await;
        };
        if leased.attempts > outbox::MAX_ATTEMPTS {
            return self.note_failure(leased, "too many attempts").await;
        }
        let email = match self.letters.compose(message).await {
            Ok(Some(email)) => Email { mail_id: leased.mail_id, ..email },
            Ok(None) => return self.note_dropped(leased).await,
            Err(error) => {
                tracing::warn!(mail.id = %leased.mail_id, mail.kind = leased.kind, error.message = %error, "mail: could not be composed");
                return self.note_failure(leased, "composing").await;
            }
        };
        // Nothing of the address is logged, not even its domain, which may be one person's. The message's id finds its
        // row.
        let watch = crate::clock::stopwatch();
        failpoint::pass("mail.send", Side::Before);
        let sent = self.transport.send(&email, self.clock.now()).await;
        failpoint::pass("mail.send", Side::After);
        match sent {
            Ok(()) => {
                let millis = u64::try_from(watch.elapsed().as_millis()).unwrap_or(u64::MAX);
                tracing::info!(mail.id = %leased.mail_id, mail.kind = leased.kind, mail.attempts = leased.attempts, duration.ms = millis, "mail: sent");
                self.note_sent(leased, message).await
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

    /// The message is out: this must be noted, or it goes out twice. So a database that does not take it is asked again for
    /// some seconds.
    async fn note_sent(&self, leased: &Leased, message: Message) -> Result<Outcome> {
        let mut wait = Duration::from_millis(100);
        for _ in 1..NOTE_TRIES {
            match self.try_note_sent(leased, message).await {
                Ok(outcome) => return Ok(outcome),
                Err(error) => {
                    tracing::warn!(mail.id = %leased.mail_id, error.message = %error, "mail: sent, not noted yet")
                }
            }
            tokio::time::sleep(wait).await;
            wait *= 2;
        }
        self.try_note_sent(leased, message).await
    }

    async fn try_note_sent(&self, leased: &Leased, message: Message) -> Result<Outcome> {
        let now = self.clock.now();
        let noted = transaction!(self.db, "mail.sent", |tx| {
            // What the message is about (a code's row) is locked before the message, as by whoever replaces a message:
            // opposite orders would deadlock.
            self.letters.sent(tx, message, now).await?;
            outbox::mark_sent(tx, leased, now).await?.or(Code::WrongState)
        });
        match noted {
            Ok(()) => Ok(Outcome::Sent),
            // The lease was lost: who holds it now answers for the row, and nothing that follows from it was kept.
            Err(Error::Refused(_)) => Ok(Outcome::Lost),
            Err(error) => Err(error),
        }
    }

    async fn note_dropped(&self, leased: &Leased) -> Result<Outcome> {
        let held = transaction!(self.db, "mail.drop", |tx| Ok(outbox::mark_dropped(tx, leased).await?))?;
        Ok(if held.happened() { Outcome::Dropped } else { Outcome::Lost })
    }

    async fn note_parked(&self, leased: &Leased, reason: &str) -> Result<Outcome> {
        let held = transaction!(self.db, "mail.park", |tx| Ok(outbox::park(tx, leased, reason).await?))?;
        Ok(if held.happened() { Outcome::Parked } else { Outcome::Lost })
    }

    async fn note_failure(&self, leased: &Leased, reason: &str) -> Result<Outcome> {
        let now = self.clock.now();
        let after = transaction!(self.db, "mail.retry", |tx| {
            Ok(outbox::mark_failed(tx, &self.random, leased, now, reason).await?)
        })?;
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

impl Queue for Worker {
    type Item = Leased;

    const NAME: &'static str = "mail.deliver";

    fn concurrency(&self) -> usize {
        self.transport.concurrency()
    }

    fn patience(&self) -> Duration {
        PATIENCE
    }

    async fn take(&self, most: usize) -> Result<Vec<Leased>> {
        let (now, most) = (self.clock.now(), i64::try_from(most).unwrap_or(1));
        if !outbox::any_due(&mut self.db.read().await?, now).await? {
            return Ok(Vec::new());
        }
        transaction!(self.db, "mail.lease", |tx| Ok(outbox::lease(tx, &self.random, now, most).await?))
    }

    async fn work(&self, leased: Leased) -> Result<()> {
        self.process(&leased).await
    }
}
