//! The last day of something that an operator lets go on for a while.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::clock::{DAY, HOUR, Timestamp};

/// The days for which anything that never changes is taken at most: a year, and a day for who counts otherwise.
const MOST_DAYS: i64 = 366;

/// A day in Jakarta, which belongs to what it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LastDay(Date);

impl LastDay {
    /// The day.
    pub const fn date(self) -> Date {
        self.0
    }

    /// Whether it is not over.
    pub fn lasts(self, now: Timestamp) -> bool {
        now.in_jakarta().date() <= self.0
    }

    /// Whether it is at most a year away.
    pub fn is_near(self, now: Timestamp) -> bool {
        self.end().seconds_since(now) <= MOST_DAYS * DAY
    }

    /// Its end: the midnight after it, in Jakarta.
    pub fn end(self) -> Timestamp {
        let days = self.0.since((jiff::Unit::Day, Date::constant(1970, 1, 1))).map_or(0, |span| span.get_days());
        Timestamp::from_seconds((i64::from(days) + 1) * DAY - 7 * HOUR)
    }
}

impl TryFrom<String> for LastDay {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        // A day alone: a time of day behind it would be passed over.
        let day = Some(text).filter(|text| text.len() == "2027-06-30".len()).and_then(|text| text.parse().ok());
        day.map(Self).ok_or("no day as 2027-06-30")
    }
}

impl From<LastDay> for String {
    fn from(day: LastDay) -> Self {
        day.0.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_day_belongs_to_it_as_jakarta_counts() {
        let day = LastDay::try_from(String::from("2027-06-30")).unwrap();
        // 16:59:59Z is the last second of the day in Jakarta (UTC+7).
        let last: Timestamp = serde_json::from_str("\"2027-06-30T16:59:59Z\"").unwrap();
        assert!(day.lasts(last) && !day.lasts(last.plus_seconds(1)));
        assert_eq!(day.end(), last.plus_seconds(1));
        assert_eq!(String::from(day), "2027-06-30");
        assert!(
            day.is_near(day.end().plus_seconds(-366 * DAY)) && !day.is_near(day.end().plus_seconds(-366 * DAY - 1))
        );
        for bad in ["", "2027-06-31", "2027-6-30", "20270630", "2027-06-30T00:00", "none"] {
            assert!(LastDay::try_from(bad.to_owned()).is_err(), "{bad}");
        }
    }
}
