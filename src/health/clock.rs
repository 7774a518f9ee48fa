//! Whether this node's clock can be trusted.
//!
//! What is spent is remembered as a time (`last_spent`, `totp_last_step`, `challenge_spent`), so a node whose clock is far
//! ahead would lock the people it serves out until that time has come. It therefore compares its clock with a time that
//! was right a moment ago plus what the monotonic clock counted since, at every request; and it takes that time from the
//! database's server, every few seconds.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::clock::{Clock, MICROS, Timestamp, stopwatch};
use crate::core::Core;
use crate::error::Result;

/// Seconds that a node's clock may be off. Two nodes are then at most ten apart, which is what tokens and challenges of
/// another node are allowed to be ahead.
pub const TOLERATED_SECONDS: i64 = 5;
/// How often the database is asked.
const PERIOD: Duration = Duration::from_secs(5);
/// A database that took longer to tell the time tells nothing.
const SLOWEST: Duration = Duration::from_secs(2);

/// Compares the clock. Cloning shares what is known.
#[derive(Clone)]
pub struct ClockWatch {
    core: Core,
    /// A time that was right, and when that was on the monotonic clock.
    right: Arc<Mutex<(Timestamp, Instant)>>,
    judged: Arc<AtomicBool>,
    was_off: Arc<AtomicBool>,
}

impl ClockWatch {
    /// Trusts the clock as it is now; only the machine's own clock is judged, not one that is turned on purpose.
    pub fn new(core: &Core) -> Self {
        Self {
            core: core.clone(),
            right: Arc::new(Mutex::new((core.now(), stopwatch()))),
            judged: Arc::new(AtomicBool::new(matches!(core.clock, Clock::System))),
            was_off: Arc::default(),
        }
    }

    /// Judges a clock that is turned by hand too, from now on: for tests.
    pub fn judge_any_clock(&self) {
        *self.right.lock().unwrap_or_else(PoisonError::into_inner) = (self.core.now(), stopwatch());
        self.judged.store(true, Ordering::SeqCst);
    }

    /// Seconds that the clock is ahead, or behind when negative; `None` while it can be trusted.
    pub fn off_by(&self) -> Option<i64> {
        if !self.judged.load(Ordering::SeqCst) {
            return None;
        }
        let (time, since) = *self.right.lock().unwrap_or_else(PoisonError::into_inner);
        let elapsed = i64::try_from(since.elapsed().as_micros()).unwrap_or(i64::MAX);
        let off = self.core.now().micros().saturating_sub(time.micros()).saturating_sub(elapsed);
        (off.abs() > TOLERATED_SECONDS * MICROS).then_some(off / MICROS)
    }

    /// Asks the database's server for the time, where it has a clock of its own. An embedded database has none: there the
    /// time at the start goes on, and a clock that jumps is trusted again after a restart.
    ///
    /// # Errors
    /// When the database does not answer; then the last known time goes on.
    pub async fn look(&self) -> Result<()> {
        let asked = stopwatch();
        if let Some(micros) = self.core.db.server_time().await? {
            let took = asked.elapsed();
            if took <= SLOWEST {
                // Told in the middle of the way there and back.
                let half = i64::try_from(took.as_micros() / 2).unwrap_or(0);
                let time = Timestamp::from_micros(micros + half);
                *self.right.lock().unwrap_or_else(PoisonError::into_inner) = (time, stopwatch());
            }
        }
        match (self.off_by(), self.was_off.load(Ordering::SeqCst)) {
            (Some(seconds), was_off) => {
                self.was_off.store(true, Ordering::SeqCst);
                if !was_off {
                    tracing::error!(
                        clock.off_seconds = seconds,
                        "this node's clock is off: nothing is served until it is right"
                    );
                }
            }
            (None, true) => {
                self.was_off.store(false, Ordering::SeqCst);
                tracing::info!("this node's clock is right again");
            }
            (None, false) => {}
        }
        Ok(())
    }

    /// Looks again and again until `stop`.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        loop {
            if let Err(error) = self.look().await {
                tracing::warn!(error.cause = %error, "the database did not tell the time");
            }
            tokio::select! {
                () = tokio::time::sleep(PERIOD) => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
        }
    }
}
