//! Sweeping: what is over is ended, what may no longer be kept is deleted. One node at a time does it, by a lease.

use std::time::Duration;

use tokio::sync::watch;
use uuid::Uuid;

use crate::captcha::CaptchaGate;
use crate::changed::Changed;
use crate::clock::{DAY, Timestamp};
use crate::context::Context;
use crate::db::{DbResult, Tx};
use crate::device::SpentProofs;
use crate::error::Result;
use crate::health::ClockWatch;
use crate::{change, counter, mail, registration, teller, verification, wallet, window};

const LEASE: &str = "INSERT INTO lease (name, holder, expires_at) VALUES ($1, $2, $3) \
    ON CONFLICT (name) DO UPDATE SET holder = $2, expires_at = $3 WHERE lease.expires_at <= $4 OR lease.holder = $2";

/// Takes, or keeps, a named lease until `expires_at`; `false` while another node holds it.
pub async fn take_lease(
    tx: &mut Tx,
    name: &str,
    holder: Uuid,
    expires_at: Timestamp,
    now: Timestamp,
) -> DbResult<Changed> {
    change!(tx, LEASE, name, holder, expires_at, now)
}

/// Seconds between sweeps.
const PERIOD_SECONDS: u64 = 60;

/// The sweeper of one node.
#[derive(Clone)]
pub struct Housekeeping {
    /// Database and time.
    pub context: Context,
    /// Ends registrations and deletes pictures.
    pub registrations: registration::Service,
    /// Forgets sessions and failed log-ins.
    pub counter: counter::Service,
    /// Forgets tellers' sessions.
    pub teller: teller::Service,
    /// Forgets old refusals, and codes that stood for presentations.
    pub verification: verification::Service,
    /// Forgets spent captchas.
    pub gate: CaptchaGate,
    /// Forgets device proofs.
    pub spent: SpentProofs,
    /// Forgets who drew QRs.
    pub wallet: wallet::Service,
    /// Whether it is as late as it seems.
    pub clock_watch: ClockWatch,
}

impl Housekeeping {
    /// Sweeps until `stop`.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let node = self.context.random.uuid_v7(self.context.now());
        loop {
            // A stop does not wait for a long backlog: each step is a transaction of its own.
            tokio::select! {
                swept = self.sweep(node) => if let Err(error) = swept {
                    tracing::warn!(error.cause = %error, "sweeping is waiting");
                },
                _ = stop.wait_for(|stop| *stop) => return,
            }
            self.gate.forget_quiet();
            self.wallet.forget_quiet();
            tokio::select! {
                () = tokio::time::sleep(Duration::from_secs(PERIOD_SECONDS)) => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
        }
    }

    /// One round, if no other node is at it and the clock can be trusted: what a clock that is ahead takes for over would be
    /// ended or deleted for good. Gives whether this node did it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn sweep(&self, node: Uuid) -> Result<bool> {
        if self.clock_watch.off_by().is_some() {
            return Ok(false);
        }
        let now = self.context.now();
        let mut tx = self.context.db.write().await?;
        let until = now.plus_seconds(2 * PERIOD_SECONDS as i64);
        let ours = take_lease(&mut tx, "sweep", node, until, now).await?;
        tx.commit().await?;
        if !ours.happened() {
            return Ok(false);
        }
        // Batches until nothing is left, so that a backlog after a long stop is worked off.
        while self.registrations.sweep().await? > 0 {}
        self.counter.sweep().await?;
        self.teller.sweep().await?;
        while self.verification.sweep().await? > 0 {}
        self.gate.sweep().await?;
        self.spent.sweep().await?;
        let mut tx = self.context.db.write().await?;
        mail::outbox::sweep(&mut tx, now.plus_seconds(-DAY), 1_000).await?;
        window::sweep(&mut tx, now).await?;
        tx.commit().await?;
        Ok(true)
    }
}
