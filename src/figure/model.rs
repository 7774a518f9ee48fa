//! What is counted, and what is computed from it. Pure.

use serde::Serialize;

use crate::clock::Timestamp;
use crate::life::TallyKind;
use crate::register::Date;
use crate::registration::model::Step;
use crate::text_column;

/// Something that is counted by the day. The words stand in the table.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[strum(serialize_all = "snake_case")]
pub enum Kind {
    /// Somebody has a digital KTP on a phone for the first time.
    ActivatedFirst,
    /// Again, after one that had ended.
    ActivatedAgain,
    /// One has ended, by its reason.
    Ended,
    /// A holder moved here.
    MovedIn,
    /// A holder moved away.
    MovedOut,
    /// A registration was submitted, on that day.
    Registered,
    /// A selfie came.
    Selfie,
    /// Somebody was at a counter.
    Scanned,
    /// An officer approved.
    Approved,
    /// An officer gave it back, by the reason.
    Returned,
    /// An officer refused, by the reason.
    Rejected,
    /// An activation code was on its way.
    CodeSent,
    /// A second person granted.
    SecondPerson,
    /// Of those who registered on that day, how many …
    CohortRegistered,
    /// … took a selfie,
    CohortSelfie,
    /// … came to a counter,
    CohortScanned,
    /// … were approved,
    CohortApproved,
    /// … were sent a code,
    CohortCodeSent,
    /// … have a digital KTP.
    CohortActivated,
}
text_column!(Kind);

impl Kind {
    /// All kinds.
    pub const ALL: &'static [Self] = <Self as strum::VariantArray>::VARIANTS;

    /// What a change of how many digital KTPs there are is counted as.
    pub const fn of_tally(kind: TallyKind) -> Self {
        match kind {
            TallyKind::ActivatedFirst => Self::ActivatedFirst,
            TallyKind::ActivatedAgain => Self::ActivatedAgain,
            TallyKind::Ended => Self::Ended,
            TallyKind::MovedIn => Self::MovedIn,
            TallyKind::MovedOut => Self::MovedOut,
        }
    }

    /// What a step is counted as on its day. An activation is a change of how many there are, and counted as that.
    pub const fn of_step(step: Step) -> Option<Self> {
        match step {
            Step::Registered => Some(Self::Registered),
            Step::Selfie => Some(Self::Selfie),
            Step::Scanned => Some(Self::Scanned),
            Step::Approved => Some(Self::Approved),
            Step::Returned => Some(Self::Returned),
            Step::Rejected => Some(Self::Rejected),
            Step::CodeSent => Some(Self::CodeSent),
            Step::SecondPerson => Some(Self::SecondPerson),
            Step::Activated => None,
        }
    }

    /// What the first step of its kind is counted as on the day of its registration.
    pub const fn of_cohort(step: Step) -> Option<Self> {
        match step {
            Step::Registered => Some(Self::CohortRegistered),
            Step::Selfie => Some(Self::CohortSelfie),
            Step::Scanned => Some(Self::CohortScanned),
            Step::Approved => Some(Self::CohortApproved),
            Step::CodeSent => Some(Self::CohortCodeSent),
            Step::Activated => Some(Self::CohortActivated),
            Step::Returned | Step::Rejected | Step::SecondPerson => None,
        }
    }
}

/// A wait that is measured.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    utoipa::ToSchema,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum WaitKind {
    /// From the registration to the first scan at a counter.
    RegisteredScanned,
    /// From the last scan to the decision.
    ScannedDecided,
    /// From the approval to the digital KTP on the phone.
    DecidedActivated,
    /// From the question to the second person's grant.
    SecondPerson,
}
text_column!(WaitKind);

impl WaitKind {
    /// All waits, in the order of a registration.
    pub const ALL: &'static [Self] = <Self as strum::VariantArray>::VARIANTS;

    /// The wait that ends with a step.
    pub const fn of_step(step: Step, is_first: bool) -> Option<Self> {
        match step {
            Step::Scanned if is_first => Some(Self::RegisteredScanned),
            Step::Approved | Step::Returned | Step::Rejected => Some(Self::ScannedDecided),
            Step::Activated => Some(Self::DecidedActivated),
            Step::SecondPerson => Some(Self::SecondPerson),
            Step::Scanned | Step::Registered | Step::Selfie | Step::CodeSent => None,
        }
    }
}

/// How long people waited: in full minutes, by the nearest rank, so that somebody waited exactly so long.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Waited {
    /// How many waits there were.
    pub count: i64,
    /// Half waited no longer.
    pub median: i64,
    /// Nine of ten waited no longer.
    pub p90: i64,
}

impl Waited {
    /// Of waits in minutes, sorted, each with how often it was. None of no waits.
    pub fn of(sorted: &[(i64, i64)]) -> Option<Self> {
        let count: i64 = sorted.iter().map(|(_, n)| n).sum();
        let rank = |part: i64| {
            // The smallest rank that part of ten waits reach.
            let wanted = ((count * part + 9) / 10).max(1);
            let mut reached = 0;
            sorted.iter().find(|(_, n)| {
                reached += n;
                reached >= wanted
            })
        };
        let (median, p90) = (rank(5)?.0, rank(9)?.0);
        Some(Self { count, median, p90 })
    }
}

/// Of whom a target is so many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr, clap::ValueEnum)]
#[strum(serialize_all = "snake_case")]
pub enum Basis {
    /// Of those who are to have a KTP-el.
    Eligible,
    /// Of those whose data were recorded.
    Recorded,
}
text_column!(Basis);

/// A target: so many of a thousand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Of whom.
    pub basis: Basis,
    /// Of a thousand.
    pub permille: i64,
}

/// What the national aggregate says of a region. What it does not say is not zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct People {
    /// *Jumlah penduduk*.
    pub population: Option<i64>,
    /// *Wajib KTP-el*: seventeen, or married.
    pub eligible: Option<i64>,
    /// *Sudah rekam*.
    pub recorded: Option<i64>,
}

impl People {
    /// What is said of all of them together, where something is said of each.
    pub fn sum(parts: &[Self]) -> Self {
        let sum = |field: fn(&Self) -> Option<i64>| {
            parts.iter().map(field).sum::<Option<i64>>().filter(|_| !parts.is_empty())
        };
        Self {
            population: sum(|people| people.population),
            eligible: sum(|people| people.eligible),
            recorded: sum(|people| people.recorded),
        }
    }

    /// *Belum rekam*.
    pub fn unrecorded(&self) -> Option<i64> {
        Some(self.eligible? - self.recorded?)
    }

    /// How many digital KTPs there are to be, rounded to the nearest.
    pub fn target(&self, rate: Option<Rate>) -> Option<i64> {
        let Rate { basis, permille } = rate?;
        let of = match basis {
            Basis::Eligible => self.eligible?,
            Basis::Recorded => self.recorded?,
        };
        Some((of * permille + 500) / 1_000)
    }
}

/// Hundredths of a percent, rounded to the nearest. None of nothing.
pub fn percent(part: i64, whole: Option<i64>) -> Option<i64> {
    let whole = whole.filter(|whole| *whole > 0)?;
    Some((part * 20_000 + whole * part.signum()) / (2 * whole))
}

/// A day as the tables have it, of a date.
pub fn day_of(date: Date) -> i64 {
    date.midnight().day_in_jakarta()
}

/// The date of a day as the tables have it.
pub fn date_of(day: i64) -> Date {
    // Jakarta's midnight is 17:00 of the day before in UTC; noon is on the day in either.
    Date::in_jakarta(Timestamp::from_seconds(day * crate::clock::DAY + crate::clock::HOUR))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_figures_come_out() {
        // Denpasar, November 2024 (Bali Tribune): eligible, recorded, active, target, and what the office made of them.
        let denpasar = People { population: None, eligible: Some(516_875), recorded: Some(511_434) };
        let target = denpasar.target(Some(Rate { basis: Basis::Recorded, permille: 300 }));
        assert_eq!(target, Some(153_430));
        assert_eq!(percent(21_053, denpasar.recorded), Some(412));
        assert_eq!(percent(21_053, target), Some(1_372));
        assert_eq!(denpasar.unrecorded(), Some(5_441));
        // Purbalingga and Koto Tangah, as published.
        assert_eq!(percent(29_890, Some(779_454)), Some(383));
        assert_eq!(percent(1_783, Some(3_871)), Some(4_606));
    }

    #[test]
    fn nothing_is_no_zero() {
        let unknown = People::default();
        assert_eq!((unknown.unrecorded(), unknown.target(None)), (None, None));
        assert_eq!((percent(1, None), percent(1, Some(0)), percent(0, Some(7))), (None, None, Some(0)));
        let of_eligible = People { eligible: Some(10), ..unknown };
        assert_eq!(of_eligible.target(Some(Rate { basis: Basis::Eligible, permille: 250 })), Some(3));
        assert_eq!(of_eligible.target(Some(Rate { basis: Basis::Recorded, permille: 250 })), None);
    }

    #[test]
    fn ranks_are_of_waits_that_were() {
        assert_eq!(Waited::of(&[]), None);
        let of = |sorted: &[(i64, i64)]| Waited::of(sorted).map(|waited| (waited.count, waited.median, waited.p90));
        assert_eq!(of(&[(4, 1)]), Some((1, 4, 4)));
        // Nearest rank of 1 to 10: the fifth and the ninth.
        let ten: Vec<_> = (1..=10).map(|minutes| (minutes, 1)).collect();
        assert_eq!(of(&ten), Some((10, 5, 9)));
        assert_eq!(of(&[(1, 9), (60, 1)]), Some((10, 1, 1)));
        assert_eq!(of(&[(1, 89), (60, 11)]), Some((100, 1, 60)));
    }

    #[test]
    fn days_and_dates_are_the_same() {
        for text in ["1970-01-01", "2024-02-29", "2026-11-30"] {
            let date = Date::parse(text).unwrap();
            assert_eq!(date_of(day_of(date)), date);
        }
        assert_eq!(day_of(Date::parse("1970-01-02").unwrap()), 1);
    }
}
