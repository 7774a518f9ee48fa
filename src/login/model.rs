//! Rules of log-ins. Pure.

use crate::clock::MINUTE;

/// Minutes after the last failure until failures are forgotten.
pub const FORGET_MINUTES: i64 = 60;

/// How failed tries are slowed down: the first ones are free, then every failure doubles the wait. Nobody is locked out
/// for good, and nobody can guess faster than the longest wait allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// Failures without a wait.
    pub free: i64,
    /// Seconds of the first wait.
    pub first_seconds: i64,
    /// Seconds of the longest wait.
    pub longest_seconds: i64,
}

impl Wait {
    /// One person's tries from one browser or address: at most ten an hour in the long run.
    pub const OWN: Self = Self { free: 5, first_seconds: 30, longest_seconds: 15 * MINUTE };
    /// All strangers' tries at one person, from wherever they come: at most some 600 a day.
    pub const STRANGERS: Self = Self { free: 50, first_seconds: 5, longest_seconds: 150 };
}
