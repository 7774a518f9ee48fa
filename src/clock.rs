//! Time as a value that is passed in; no other code reads the machine's clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Microseconds in a second.
pub const MICROS: i64 = 1_000_000;
/// Seconds in a minute.
pub const MINUTE: i64 = 60;
/// Seconds in an hour.
pub const HOUR: i64 = 3_600;
/// Seconds in a day.
pub const DAY: i64 = 86_400;

/// A point in time: microseconds since 1970-01-01T00:00:00Z, as stored in every table.
/// In JSON it is an RFC 3339 string in UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, sqlx::Type)]
#[sqlx(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From microseconds since the epoch.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// From whole seconds since the epoch.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds * MICROS)
    }

    /// Microseconds since the epoch.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded down.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(MICROS)
    }

    /// This time moved by `seconds`, which may be negative.
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(MICROS)))
    }

    /// Whole seconds from `earlier` to this time, rounded down; negative when `earlier` is later.
    pub const fn seconds_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0).div_euclid(MICROS)
    }

    /// Whole seconds from `now` until this time, rounded up, at least 1: a value for `Retry-After` (RFC 9110 §10.2.3).
    pub const fn retry_after(self, now: Self) -> u64 {
        let micros = self.0.saturating_sub(now.0);
        if micros <= MICROS { 1 } else { ((micros + MICROS - 1) / MICROS) as u64 }
    }

    /// Date and time of day in western Indonesian time (WIB, UTC+7, no summer time).
    pub fn in_jakarta(self) -> jiff::civil::DateTime {
        jiff::tz::offset(7).to_datetime(jiff::Timestamp::from_microsecond(self.0).unwrap_or_default())
    }

    /// Days since the epoch in western Indonesian time (UTC+7): what "a day" means to a resident.
    pub const fn day_in_jakarta(self) -> i64 {
        self.plus_seconds(7 * HOUR).seconds().div_euclid(DAY)
    }

    /// The end of the day, in Jakarta, that is `days` working days (Monday to Friday) after this one. Public holidays count as working
    /// days, because they are not known here.
    pub const fn after_working_days(self, days: i64) -> Self {
        let (mut day, mut left) = (self.day_in_jakarta(), days);
        while left > 0 {
            day += 1;
            // The first day of the epoch was a Thursday.
            if (day + 3).rem_euclid(7) < 5 {
                left -= 1;
            }
        }
        Self::from_seconds((day + 1) * DAY - 7 * HOUR)
    }

    /// RFC 3339 in UTC, e.g. `2026-11-21T08:00:00.5Z`.
    pub fn to_rfc3339(self) -> String {
        jiff::Timestamp::from_microsecond(self.0).map_or_else(|_| String::from("out of range"), |time| time.to_string())
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_rfc3339())
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let time: jiff::Timestamp = text.parse().map_err(serde::de::Error::custom)?;
        Ok(Self(time.as_microsecond()))
    }
}

/// The program's source of time. Cloning shares it.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// The machine's clock plus an offset in microseconds that can be changed, for `ikd demo`.
    Shifted(Arc<AtomicI64>),
    /// A clock that stands still until it is moved, for tests.
    Stopped(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that runs with the machine's but can be turned with [`Clock::advance`].
    pub fn shifted() -> Self {
        Self::Shifted(Arc::new(AtomicI64::new(0)))
    }

    /// A clock that stands at `at` until [`Clock::advance`] moves it.
    pub fn stopped(at: Timestamp) -> Self {
        Self::Stopped(Arc::new(AtomicI64::new(at.micros())))
    }

    /// The time now.
    pub fn now(&self) -> Timestamp {
        match self {
            Self::System => Timestamp(system_micros()),
            Self::Shifted(offset) => Timestamp(system_micros() + offset.load(Ordering::SeqCst)),
            Self::Stopped(at) => Timestamp(at.load(Ordering::SeqCst)),
        }
    }

    /// Turns a shifted or stopped clock by `seconds`, which may be negative; the system's clock stays as it is.
    pub fn advance(&self, seconds: i64) {
        match self {
            Self::System => {}
            Self::Shifted(micros) | Self::Stopped(micros) => {
                micros.fetch_add(seconds * MICROS, Ordering::SeqCst);
            }
        }
    }
}

#[expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "the one place that reads the machine's clock")]
fn system_micros() -> i64 {
    std::time::SystemTime::now()
        .duration_since(std::time::SystemTime::UNIX_EPOCH)
        .map_or(0, |elapsed| i64::try_from(elapsed.as_micros()).unwrap_or(i64::MAX))
}

/// Starts a monotonic stopwatch, for durations only (logs, metrics): it says nothing about the time of day.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the monotonic clock")]
pub fn stopwatch() -> std::time::Instant {
    std::time::Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_is_rfc3339_in_json() {
        let at = Timestamp::from_micros(1_700_000_000_500_000);
        let json = serde_json::to_string(&at).unwrap();
        assert_eq!(json, "\"2023-11-14T22:13:20.5Z\"");
        assert_eq!(serde_json::from_str::<Timestamp>(&json).unwrap(), at);
    }

    #[test]
    fn retry_after_rounds_up() {
        let now = Timestamp::from_seconds(100);
        assert_eq!(Timestamp::from_micros(100_000_001).retry_after(now), 1);
        assert_eq!(Timestamp::from_micros(101_000_001).retry_after(now), 2);
        assert_eq!(Timestamp::from_seconds(50).retry_after(now), 1);
    }

    #[test]
    fn a_stopped_clock_moves_only_by_hand() {
        let clock = Clock::stopped(Timestamp::from_seconds(10));
        let shared = clock.clone();
        shared.advance(5);
        assert_eq!(clock.now(), Timestamp::from_seconds(15));
    }
}
