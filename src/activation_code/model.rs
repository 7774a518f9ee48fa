//! The numbers and words of activation codes. Pure.

use crate::clock::{DAY, HOUR, MICROS, Timestamp};
use crate::error::{Code, Refusal};
use crate::mail::MailState;

/// Tries that one code allows.
pub const CODE_TRIES: i64 = 5;
/// How long a code lives after its mail was handed over to the mail server, in seconds.
pub const CODE_LIFETIME_SECONDS: i64 = DAY;
/// New codes a day without an officer's act; a new address means a new code.
pub const CODES_A_DAY: i64 = 3;

/// Days since the epoch in western Indonesian time (UTC+7): what "a day" means to the resident.
pub const fn day_of(now: Timestamp) -> i64 {
    now.day_in_jakarta()
}

/// When the next of those days begins.
pub const fn next_day(now: Timestamp) -> Timestamp {
    Timestamp::from_micros((day_of(now) + 1) * DAY * MICROS).plus_seconds(-7 * HOUR)
}

/// The present code of a registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IssuedCode {
    /// Which code it is; the first is 1.
    pub generation: i64,
    /// Tries counted against it.
    pub tries: i64,
    /// When its mail was first handed over; `None` while the mail waits.
    pub sent_at: Option<Timestamp>,
    /// When it stops counting; `None` while the mail waits.
    pub expires_at: Option<Timestamp>,
    /// The day to which `day_count` belongs, see [`day_of`].
    pub day: i64,
    /// New codes on that day.
    pub day_count: i64,
}

impl IssuedCode {
    /// Whether its time has run out.
    pub fn has_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|end| now >= end)
    }

    /// Whether it can still be entered.
    pub fn lives(&self, now: Timestamp) -> bool {
        self.tries < CODE_TRIES && !self.has_expired(now)
    }

    /// How many new codes there were on the day of `now`.
    pub const fn codes_today(&self, now: Timestamp) -> i64 {
        if self.day == day_of(now) { self.day_count } else { 0 }
    }

    /// Goes on only if it can still be entered.
    ///
    /// # Errors
    /// `code_expired` with what to do.
    pub fn require_living(&self, now: Timestamp) -> Result<(), Refusal> {
        if self.has_expired(now) {
            return Err(Code::CodeExpired.into());
        }
        if self.tries >= CODE_TRIES {
            return Err(Refusal::new(Code::CodeExpired).tries_left(0).detail(
                "Kode ini sudah dicoba 5 kali; minta kode baru. Anda tidak perlu ke loket lagi.",
                "This code was tried 5 times; ask for a new one. No second visit is needed.",
            ));
        }
        Ok(())
    }
}

/// How far the mail with a code is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MailStatus {
    /// Its state.
    pub mail: MailState,
    /// When a mail that is held goes out by itself; when none is on its way, from when one can be asked for.
    pub at: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_midnight_in_jakarta() {
        // 2026-11-21T16:59:59Z is 23:59:59 in Jakarta.
        let before = Timestamp::from_seconds(1_795_280_399);
        assert_eq!(before.to_rfc3339(), "2026-11-21T16:59:59Z");
        assert_eq!(day_of(before) + 1, day_of(before.plus_seconds(1)));
        assert_eq!(next_day(before), before.plus_seconds(1));
        assert_eq!(next_day(before.plus_seconds(1)), before.plus_seconds(1 + DAY));
    }
}
