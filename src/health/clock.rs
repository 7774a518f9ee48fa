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
use crate::context::Context;
use crate::error::Result;

/// Seconds that a node's clock may be off. Two nodes are then at most ten apart, which is what tokens and challenges of
/// another node are allowed to be ahead.
pub const TOLERATED_SECONDS: i64 = 5;
/// How often the database is asked.
const PERIOD: Duration = Duration::from_secs(5);
/// A database that took longer to tell the time tells nothing.
const SLOWEST: Duration = Duration::from_secs(2);

/// A time that was right, and when that was.
#[derive(Clone, Copy)]
struct Right {
    time: Timestamp,
    /// On the monotonic clock, which stands while the machine sleeps.
    since: Instant,
    /// On the clock that does not, where there is one.
    awake: Option<Duration>,
}

impl Right {
    fn at(time: Timestamp) -> Self {
        Self { time, since: stopwatch(), awake: since_boot() }
    }

    /// Microseconds that `now` is ahead, after so long on the monotonic clock and with `since_boot` on the other.
    fn off(&self, now: Timestamp, elapsed: Duration, since_boot: impl FnOnce() -> Option<Duration>) -> i64 {
        let ahead = now.micros().saturating_sub(self.time.micros()).saturating_sub(micros(elapsed));
        if ahead.abs() <= TOLERATED_SECONDS * MICROS {
            return ahead;
        }
        // Something is wrong, or the machine slept: a closed lid is no wrong clock.
        let slept = self.awake.zip(since_boot()).and_then(|(then, now)| now.checked_sub(then)?.checked_sub(elapsed));
        ahead.saturating_sub(slept.map_or(0, micros))
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// Time since the machine was started, with the time that it slept. Linux tells it, to a hundredth of a second.
fn since_boot() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/uptime").ok()?;
    Duration::try_from_secs_f64(text.split_whitespace().next()?.parse().ok()?).ok()
}

/// Compares the clock. Cloning shares what is known.
#[derive(Clone)]
pub struct ClockWatch {
    context: Context,
    right: Arc<Mutex<Right>>,
    judged: Arc<AtomicBool>,
    was_off: Arc<AtomicBool>,
}

impl ClockWatch {
    /// Trusts the clock as it is now; only the machine's own clock is judged, not one that is turned on purpose.
    pub fn new(context: &Context) -> Self {
        Self {
            context: context.clone(),
            right: Arc::new(Mutex::new(Right::at(context.now()))),
            judged: Arc::new(AtomicBool::new(matches!(context.clock, Clock::System))),
            was_off: Arc::default(),
        }
    }

    /// Judges a clock that is turned by hand too, from now on: for tests.
    pub fn judge_any_clock(&self) {
        *self.right.lock().unwrap_or_else(PoisonError::into_inner) = Right::at(self.context.now());
        self.judged.store(true, Ordering::SeqCst);
    }

    /// Seconds that the clock is ahead, or behind when negative; `None` while it can be trusted.
    pub fn off_by(&self) -> Option<i64> {
        if !self.judged.load(Ordering::SeqCst) {
            return None;
        }
        let right = *self.right.lock().unwrap_or_else(PoisonError::into_inner);
        let off = right.off(self.context.now(), right.since.elapsed(), since_boot);
        (off.abs() > TOLERATED_SECONDS * MICROS).then_some(off / MICROS)
    }

    /// Asks the database's server for the time, where it has a clock of its own. An embedded database has none: there the
    /// time at the start goes on, and a clock that jumps is trusted again after a restart.
    ///
    /// # Errors
    /// When the database does not answer; then the last known time goes on.
    pub async fn look(&self) -> Result<()> {
        let asked = stopwatch();
        if let Some(micros) = self.context.db.server_time().await? {
            let took = asked.elapsed();
            if took <= SLOWEST {
                // Told in the middle of the way there and back.
                let half = i64::try_from(took.as_micros() / 2).unwrap_or(0);
                let time = Timestamp::from_micros(micros + half);
                *self.right.lock().unwrap_or_else(PoisonError::into_inner) = Right::at(time);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_that_slept_is_no_machine_with_a_wrong_clock() {
        const HOUR: Duration = Duration::from_secs(3_600);
        const MINUTE: Duration = Duration::from_secs(60);
        let time = Timestamp::from_seconds(1_800_000_000);
        let right = Right { awake: Some(HOUR), ..Right::at(time) };
        let off = |now: i64, since_boot: Option<Duration>| right.off(time.plus_seconds(now), MINUTE, || since_boot);
        // A minute awake, an hour asleep.
        assert_eq!(off(3_660, Some(HOUR + MINUTE + HOUR)), 0);
        // Nobody slept: it jumped.
        assert_eq!(off(3_660, Some(HOUR + MINUTE)), 3_600 * MICROS);
        assert_eq!(off(-3_540, Some(HOUR + MINUTE)), -3_600 * MICROS);
        // It slept, and its clock jumped as well.
        assert_eq!(off(7_260, Some(HOUR + MINUTE + HOUR)), 3_600 * MICROS);
        // No such clock, or one that was started anew.
        assert_eq!(off(3_660, None), 3_600 * MICROS);
        assert_eq!(off(3_660, Some(MINUTE)), 3_600 * MICROS);
        assert!(cfg!(not(target_os = "linux")) || since_boot().is_some());
    }
}
