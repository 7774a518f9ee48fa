//! Rules of log-ins. Pure.

use crate::clock::{HOUR, MINUTE, Timestamp};
use crate::error::{Code, Refusal, Result};

/// Minutes without a request after which the password is needed again.
pub const IDLE_MINUTES: i64 = 30;
/// Hours that a session lives in all.
pub const SESSION_HOURS: i64 = 12;
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

/// A user name: 3–40 lower-case letters, digits, dots, hyphens.
///
/// # Errors
/// `invalid_field`.
pub fn check_username(name: &str) -> Result<String> {
    let good = (3..=40).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'_'));
    if good {
        Ok(name.to_owned())
    } else {
        Err(Refusal::field(
            "username",
            "Pakai 3-40 huruf kecil, angka, titik, atau tanda hubung.",
            "Use 3 to 40 lower-case letters, digits, dots or hyphens.",
        )
        .into())
    }
}

/// How far a session has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Life {
    /// When the last request came, to a minute.
    pub seen_at: Timestamp,
    /// When it ends in any case.
    pub expires_at: Timestamp,
    /// Whether the person may still log in.
    pub active: bool,
}

impl Life {
    /// When a session that begins `now` ends.
    pub const fn end_of(now: Timestamp) -> Timestamp {
        now.plus_seconds(SESSION_HOURS * HOUR)
    }

    /// Whether the session can still be continued with the password.
    ///
    /// # Errors
    /// `session_ended`.
    pub fn require_unended(self, now: Timestamp) -> Result<()> {
        if self.expires_at <= now || !self.active { Err(Code::SessionEnded.into()) } else { Ok(()) }
    }

    /// Whether a request may be served; gives whether it is to be noted. A minute's precision is enough for idleness and
    /// spares a write a request.
    ///
    /// # Errors
    /// `session_ended`; `password_required` after half an hour without a request.
    pub fn judge(self, now: Timestamp) -> Result<bool> {
        self.require_unended(now)?;
        if self.seen_at <= now.plus_seconds(-IDLE_MINUTES * MINUTE) {
            return Err(Code::PasswordRequired.into());
        }
        Ok(self.seen_at <= now.plus_seconds(-MINUTE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_names_are_bounded_and_clean() {
        assert!(check_username("siti.r-01").is_ok());
        for bad in ["ab", "Siti", "siti r", "siti\n", "<b>", &"a".repeat(41)] {
            assert!(check_username(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_session_idles_after_thirty_minutes_and_ends_after_twelve_hours() {
        let start = Timestamp::from_seconds(1_000_000);
        let life = Life { seen_at: start, expires_at: Life::end_of(start), active: true };
        assert!(!life.judge(start.plus_seconds(59)).unwrap());
        assert!(life.judge(start.plus_seconds(60)).unwrap());
        assert!(life.judge(start.plus_seconds(1_799)).unwrap());
        let code = |life: Life, seconds| life.judge(start.plus_seconds(seconds)).unwrap_err().code();
        assert_eq!(code(life, 1_800), Some(Code::PasswordRequired));
        assert!(life.require_unended(start.plus_seconds(43_199)).is_ok());
        assert_eq!(code(life, 43_200), Some(Code::SessionEnded));
        assert_eq!(code(Life { active: false, ..life }, 0), Some(Code::SessionEnded));
    }
}
