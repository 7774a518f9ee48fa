//! The periods, their bounds, and what counts in the first day of a shorter one. Pure.

use uuid::Uuid;

use crate::clock::{DAY, Timestamp};
use crate::config::Config;
use crate::error::{Code, Refusal, Result};

/// Seconds for which a shorter period deletes nothing yet, so that it can be taken back.
pub const GRACE_SECONDS: i64 = DAY;

/// How long something is kept.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    serde::Serialize,
    serde::Deserialize,
    utoipa::ToSchema,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[schema(as = RetentionPeriod)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Period {
    /// Registrations that ended without a digital KTP, with what the resident wrote and what the register said.
    Registrations,
    /// Refusals of what was no genuine QR, in its party's log.
    Refusals,
    /// Call-backs of approvals that two colleagues made.
    CallBacks,
    /// Reasons for which colleagues opened registrations without the resident.
    ViewReasons,
    /// How much each officer looked for, by day.
    Searches,
    /// Reports of false officers that were closed.
    FraudReports,
    /// Reports of photocopies that were closed.
    BranchReports,
    /// What administrators of the nation asked of each other.
    Proposals,
}

crate::text_column!(Period);

impl Period {
    /// All of them, in the order in which pages show them.
    pub const ALL: &'static [Self] = <Self as strum::VariantArray>::VARIANTS;

    /// Days that count where nothing was decided.
    pub const fn default_days(self, config: &Config) -> i64 {
        match self {
            Self::Registrations => config.retention.registration_days,
            Self::Refusals => 30,
            Self::CallBacks | Self::Searches => 90,
            Self::ViewReasons => 365,
            Self::FraudReports | Self::BranchReports => 180,
            Self::Proposals => 730,
        }
    }

    /// The fewest and the most days that can be decided. Law 27/2022 art. 16 (2) g and 43 (1) a: not longer than the purpose needs.
    pub const fn bounds(self) -> (i64, i64) {
        match self {
            // A resident may complain of a rejection, and an office looks it up: a month at least. As `retention.registration_days`.
            Self::Registrations => (30, 3_650),
            // A client repeats a question within two days (protocol §4); a party looks for its faults within weeks.
            Self::Refusals => (7, 365),
            // A month's recap is signed in the month after it: what was drawn on its first day is there until then.
            Self::CallBacks => (62, 365),
            // Whoever was looked at may ask who it was, and an auditor comes once a year.
            Self::ViewReasons => (180, 1_825),
            // Supervisors look back on seven days, a median needs the weeks before.
            Self::Searches => (30, 365),
            // Reports of one false officer come in for weeks. What nobody closed ends after a year in any case.
            Self::FraudReports => (30, 365),
            // A party answers to the administration for the months before; counts without words stay for two years.
            Self::BranchReports => (30, 365),
            // An auditor comes once a year.
            Self::Proposals => (365, 3_650),
        }
    }

    /// What the audit log is about where it is about a period: its word, of 16 letters at most, as bytes.
    pub fn subject(self) -> Uuid {
        let mut bytes = [0; 16];
        for (byte, letter) in bytes.iter_mut().zip(self.as_str().bytes()) {
            *byte = letter;
        }
        Uuid::from_bytes(bytes)
    }

    /// Refuses what cannot be decided.
    ///
    /// # Errors
    /// `invalid_field` with the bounds.
    pub fn check(self, days: i64) -> Result<()> {
        let (least, most) = self.bounds();
        if (least..=most).contains(&days) {
            return Ok(());
        }
        Err(Refusal::field(
            "days",
            "Isi jumlah hari di antara batas yang tertulis untuk masa simpan ini.",
            "Type a number of days within the bounds that are written beside this period.",
        )
        .into())
    }
}

/// From when on days count by themselves that were decided at `changed_at`.
pub const fn counts_at(changed_at: Timestamp) -> Timestamp {
    changed_at.plus_seconds(GRACE_SECONDS)
}

/// Days that count at `now`, of those that were decided at `changed_at` and those that counted before: a shorter period waits for a day.
pub fn counting(days: i64, former_days: i64, changed_at: Timestamp, now: Timestamp) -> i64 {
    if now < counts_at(changed_at) { days.max(former_days) } else { days }
}

/// Nothing would change.
pub fn no_change() -> Refusal {
    Refusal::field("days", "Sudah begitu: isi jumlah hari yang lain.", "It is so already: type another number of days.")
}

/// It was decided otherwise meanwhile.
pub fn changed_since() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Masa simpan ini sudah diubah sejak diminta. Tolak permintaan ini, lihat Pengaturan, lalu minta lagi bila perlu.",
        "This period was changed since this was asked. Refuse it, look at Settings, and ask again where needed.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_counts_without_a_decision_can_be_decided_and_a_name_fits_the_log() {
        let config = Config::default();
        for period in Period::ALL {
            period.check(period.default_days(&config)).unwrap();
            let (least, most) = period.bounds();
            assert!(least < most && period.check(least - 1).is_err() && period.check(most + 1).is_err());
            assert!(period.as_str().len() <= 16, "{period:?}");
            assert_eq!(period.subject().as_bytes()[0], period.as_str().as_bytes()[0]);
        }
    }

    #[test]
    fn a_shorter_period_waits_for_a_day_and_a_longer_one_does_not() {
        let at = Timestamp::from_micros(1_000_000_000);
        let count = |(days, former), seconds| counting(days, former, at, at.plus_seconds(seconds));
        let (shorter, longer) = ((30, 90), (90, 30));
        assert_eq!((count(shorter, 0), count(shorter, DAY - 1), count(shorter, DAY)), (90, 90, 30));
        assert_eq!((count(longer, 0), count(longer, DAY)), (90, 90));
    }
}
