//! The watch over this node's clock.
//!
//! Spent tokens are remembered as a time (`last_spent`, `totp_last_step`, `challenge_spent`). A node whose clock is far
//! ahead would lock out the people it serves until that time has come. So every request compares the clock with a
//! reference: a time that was right a moment ago, plus what the monotonic clock counted since. The reference comes from
//! the database server, every few seconds.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::clock::{Clock, MICROS, Timestamp, stopwatch};
use crate::context::Context;
use crate::error::Result;

/// Seconds that a node's clock may be off. Two nodes then differ by at most ten seconds, the leeway for tokens and
/// challenges of another node.
pub const TOLERATED_SECONDS: i64 = 5;
/// Interval at which the database server is asked.
pub(super) const PERIOD: Duration = Duration::from_secs(5);
/// An answer that took longer says nothing about the time.
const SLOWEST: Duration = Duration::from_secs(2);

/// The reference: a time that was right, and the clocks' readings at that moment.
#[derive(Clone, Copy)]
struct Right {
    time: Timestamp,
    /// On `CLOCK_MONOTONIC`, which stands still while the machine sleeps.
    since: Instant,
    /// On `CLOCK_BOOTTIME`, which goes on (Linux).
    awake: Option<Duration>,
}

impl Right {
    fn at(time: Timestamp) -> Self {
        Self { time, since: stopwatch(), awake: since_boot() }
    }

    /// Microseconds that `now` is ahead, given the time elapsed on the monotonic clock and the reading of
    /// `CLOCK_BOOTTIME`.
    fn off(&self, now: Timestamp, elapsed: Duration, since_boot: impl FnOnce() -> Option<Duration>) -> i64 {
        let ahead = now.micros().saturating_sub(self.time.micros()).saturating_sub(micros(elapsed));
        if ahead.abs() <= TOLERATED_SECONDS * MICROS {
            return ahead;
        }
        // Either the clock is wrong, or the machine slept. Sleep is subtracted.
        let slept = self.awake.zip(since_boot()).and_then(|(then, now)| now.checked_sub(then)?.checked_sub(elapsed));
        ahead.saturating_sub(slept.map_or(0, micros))
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// `CLOCK_BOOTTIME`: time since the start of the machine, sleep included. Linux gives it in `/proc/uptime`, to 10 ms.
fn since_boot() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/uptime").ok()?;
    Duration::try_from_secs_f64(text.split_whitespace().next()?.parse().ok()?).ok()
}

/// The watch. Cloning shares its reference.
#[derive(Clone)]
pub struct ClockWatch {
    context: Context,
    right: Arc<Mutex<Right>>,
    judged: Arc<AtomicBool>,
    was_off: Arc<AtomicBool>,
}

impl ClockWatch {
    /// Trusts the clock as it is now. Only the system clock is judged, not one that is turned on purpose.
    pub fn new(context: &Context) -> Self {
        Self {
            context: context.clone(),
            right: Arc::new(Mutex::new(Right::at(context.now()))),
            judged: Arc::new(AtomicBool::new(matches!(context.clock, Clock::System))),
            was_off: Arc::default(),
        }
    }

    /// For tests: from now on, also judges a clock that is turned on purpose.
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

    /// Asks the database server for the time. An embedded database has no clock of its own: there the time at the start
    /// stays the reference, and a clock that jumped is trusted again after a restart.
    ///
    /// # Errors
    /// When the database does not answer; the reference then stays as it is.
    pub async fn look(&self) -> Result<()> {
        let asked = stopwatch();
        if let Some(micros) = self.context.db.server_time().await? {
            let took = asked.elapsed();
            if took <= SLOWEST {
                // The server read its clock halfway through the round trip.
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
