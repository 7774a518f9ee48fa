//! Figures of a month, as an administrator of a relying party reads them. Pure.

use std::collections::BTreeMap;

use crate::credential::Reason;
use crate::register::Date;
use crate::relying_party::usage::Counted;

/// What became of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = UsageKind)]
pub enum Kind {
    /// The QR was good.
    Valid,
    /// It was not.
    Invalid,
    /// The question itself was refused, or could not be answered.
    Error,
}

impl Kind {
    /// Of a word that is counted: `valid`, a reason, or a code.
    pub fn of(outcome: &str) -> Self {
        match outcome {
            "valid" => Self::Valid,
            reason if Reason::from_name(reason).is_some() => Self::Invalid,
            _ => Self::Error,
        }
    }
}

/// A month of the Gregorian calendar, in Jakarta.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Month(Date);

impl Month {
    /// The month of a day.
    pub fn of(day: Date) -> Option<Self> {
        Date::new(day.year(), day.month(), 1).map(Self)
    }

    /// Reads `YYYY-MM`.
    pub fn parse(text: &str) -> Option<Self> {
        let (year, month) = text.split_once('-')?;
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if (year.len(), month.len()) != (4, 2) || !digits(year) || !digits(month) {
            return None;
        }
        Date::new(year.parse().ok()?, month.parse().ok()?, 1).map(Self)
    }

    /// Its days as counted from 1970-01-01: the first, and the first of the next.
    pub fn days(self) -> Option<(i64, i64)> {
        let epoch = Date::new(1970, 1, 1)?;
        let next = self.0.plus_months(1)?;
        Some((i64::from(self.0.days_since(epoch)), i64::from(next.days_since(epoch))))
    }
}

impl std::fmt::Display for Month {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04}-{:02}", self.0.year(), self.0.month())
    }
}

/// The day of a count.
pub fn day_of(count: i64) -> Option<Date> {
    Date::new(1970, 1, 1)?.plus_days(i32::try_from(count).ok()?)
}

/// Questions by what became of them, the valid ones first, then by their word.
pub fn totals(counted: &[Counted]) -> Vec<(Kind, String, i64)> {
    let mut sums = BTreeMap::<(Kind, &str), i64>::new();
    for one in counted {
        *sums.entry((Kind::of(&one.outcome), &one.outcome)).or_default() += one.questions;
    }
    sums.into_iter().map(|((kind, outcome), questions)| (kind, outcome.to_owned(), questions)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_read_and_have_their_days() {
        // 2024-02-01 is day 19,754 (date -ud 2024-02-01 +%s, by 86,400); a leap year.
        assert_eq!(Month::parse("2024-02").unwrap().days(), Some((19_754, 19_783)));
        assert_eq!(day_of(19_782).unwrap().to_string(), "2024-02-29");
        assert_eq!(Month::of(day_of(19_782).unwrap()).unwrap().to_string(), "2024-02");
        for bad in ["", "2024", "2024-13", "2024-00", "24-02", "2024-2", "2024-02-01", "+024-02", "-024-02"] {
            assert!(Month::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn questions_are_added_up_by_what_became_of_them() {
        let of = |day, outcome: &str, questions| Counted { day, outcome: outcome.to_owned(), questions };
        let counted =
            [of(1, "expired", 2), of(1, "too_many", 1), of(1, "valid", 5), of(2, "expired", 3), of(2, "valid", 1)];
        let sums = totals(&counted);
        let words: Vec<_> = sums.iter().map(|(kind, outcome, n)| (*kind, outcome.as_str(), *n)).collect();
        assert_eq!(words, [(Kind::Valid, "valid", 6), (Kind::Invalid, "expired", 5), (Kind::Error, "too_many", 1)]);
        assert_eq!(sums.iter().map(|(_, _, n)| n).sum::<i64>(), counted.iter().map(|one| one.questions).sum::<i64>());
    }
}
