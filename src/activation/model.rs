//! The numbers and words of activation. Pure.

use crate::clock::{DAY, HOUR, MICROS, Timestamp};
use crate::registration::model::State;

/// Tries that one code allows.
pub const CODE_TRIES: i64 = 5;
/// How long a code lives after its mail was handed over to the mail server, in seconds.
pub const CODE_LIFETIME_SECONDS: i64 = DAY;
pub use crate::registration::model::CODES_A_DAY;
/// How long a registration waits for its PIN, in seconds: as long as it waits for its code.
pub const LIFE_IN_NEEDS_PIN_SECONDS: i64 = crate::registration::model::LIFE_AFTER_APPROVAL_DAYS * DAY;
/// How long a selfie is kept after activation, in seconds.
pub const SELFIE_AFTER_ACTIVATION_SECONDS: i64 = 30 * DAY;

/// Days since the epoch in western Indonesian time (UTC+7): what "a day" means to the resident.
pub const fn day_of(now: Timestamp) -> i64 {
    now.day_in_jakarta()
}

/// When the next of those days begins.
pub const fn next_day(now: Timestamp) -> Timestamp {
    Timestamp::from_micros((day_of(now) + 1) * DAY * MICROS).plus_seconds(-7 * HOUR)
}

/// What activation sees of a registration.
#[derive(Clone, Debug)]
pub struct CodeStatus {
    /// Where the registration stands.
    pub state: State,
    /// Which code is the present one; 0 before the first.
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
    /// When the registration itself ends.
    pub registration_expires_at: Timestamp,
}

impl CodeStatus {
    /// Whether the registration waits for its code and its time has not run out.
    pub fn waits_for_code(&self, now: Timestamp) -> bool {
        self.state == State::CodeSent && now < self.registration_expires_at
    }

    /// Whether the present code's time has run out.
    pub fn has_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|end| now >= end)
    }

    /// Whether the present code can still be entered.
    pub fn lives(&self, now: Timestamp) -> bool {
        self.tries < CODE_TRIES && !self.has_expired(now)
    }

    /// How many new codes there were on the day of `now`.
    pub fn codes_today(&self, now: Timestamp) -> i64 {
        if self.day == day_of(now) { self.day_count } else { 0 }
    }
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
