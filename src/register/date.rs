//! A calendar date, as birth dates are: no time, no zone.

use jiff::civil;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::clock::{DAY, HOUR, Timestamp};
use crate::error::Text;

/// A day of the Gregorian calendar. In JSON and CBOR it is `YYYY-MM-DD` (RFC 3339 full-date).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, utoipa::ToSchema)]
#[schema(value_type = String, format = Date, example = "1990-08-17")]
pub struct Date(civil::Date);

/// A text is not a date of the form `YYYY-MM-DD`. The message does not repeat it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a date of the form YYYY-MM-DD")]
pub struct DateError;

impl Date {
    /// From year, month 1–12 and day 1–31; `None` when there is no such day.
    pub fn new(year: i16, month: u8, day: u8) -> Option<Self> {
        let (month, day) = (i8::try_from(month).ok()?, i8::try_from(day).ok()?);
        civil::Date::new(year, month, day).ok().map(Self)
    }

    /// Reads `YYYY-MM-DD` and nothing else.
    ///
    /// # Errors
    /// When the text has another form or there is no such day.
    pub fn parse(text: &str) -> Result<Self, DateError> {
        let bytes = text.as_bytes();
        if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
            return Err(DateError);
        }
        Self::from_digits(&bytes[..4], &bytes[5..7], &bytes[8..]).ok_or(DateError)
    }

    /// Reads `YYYY-MM-DD` or, as printed on the KTP-el, `DD-MM-YYYY`.
    ///
    /// # Errors
    /// When the text has another form or there is no such day.
    pub fn parse_printed(text: &str) -> Result<Self, DateError> {
        let bytes = text.as_bytes();
        if bytes.len() == 10 && bytes[2] == b'-' && bytes[5] == b'-' {
            return Self::from_digits(&bytes[6..], &bytes[3..5], &bytes[..2]).ok_or(DateError);
        }
        Self::parse(text)
    }

    /// A birth date as people type it: between 1900 and today.
    ///
    /// # Errors
    /// What to correct.
    pub fn parse_birth(text: &str, today: Self) -> Result<Self, Text> {
        let wrong = Text::new(
            "Tulis tanggal lahir sebagai TTTT-BB-HH, misalnya 1990-12-31, tidak di masa depan.",
            "Write the birth date as YYYY-MM-DD, for example 1990-12-31, not in the future.",
        );
        let date = Self::parse(text.trim()).map_err(|_| wrong)?;
        if date.year() >= 1900 && date <= today { Ok(date) } else { Err(wrong) }
    }

    fn from_digits(year: &[u8], month: &[u8], day: &[u8]) -> Option<Self> {
        let number = |digits: &[u8]| {
            digits
                .iter()
                .try_fold(0_i16, |sum, digit| digit.is_ascii_digit().then(|| sum * 10 + i16::from(digit - b'0')))
        };
        Self::new(number(year)?, u8::try_from(number(month)?).ok()?, u8::try_from(number(day)?).ok()?)
    }

    /// The day on which `now` falls in western Indonesian time (WIB, UTC+7, no summer time): the day that decides ages.
    pub fn in_jakarta(now: Timestamp) -> Self {
        Self(now.in_jakarta().date())
    }

    /// The year.
    pub fn year(self) -> i16 {
        self.0.year()
    }

    /// The month, 1–12.
    pub fn month(self) -> u8 {
        self.0.month().unsigned_abs()
    }

    /// The day of the month, 1–31.
    pub fn day(self) -> u8 {
        self.0.day().unsigned_abs()
    }

    /// Completed years on `today`; 0 before birth. Who was born on 29 February completes a year on 1 March.
    pub fn age_on(self, today: Self) -> u16 {
        let before_birthday = (today.month(), today.day()) < (self.month(), self.day());
        let years = today.year() - self.year() - i16::from(before_birthday);
        u16::try_from(years).unwrap_or(0)
    }

    /// The day on which this many years are completed; `None` beyond the calendar.
    pub fn completes(self, years: i16) -> Option<Self> {
        let year = self.year().checked_add(years)?;
        Self::new(year, self.month(), self.day()).or_else(|| Self::new(year, 3, 1))
    }

    /// Moved by `days`; `None` beyond the calendar.
    pub fn plus_days(self, days: i32) -> Option<Self> {
        self.0.checked_add(jiff::Span::new().try_days(days).ok()?).ok().map(Self)
    }

    /// Moved by `months`, to the month's last day where it is shorter; `None` beyond the calendar.
    pub fn plus_months(self, months: i32) -> Option<Self> {
        self.0.checked_add(jiff::Span::new().try_months(months).ok()?).ok().map(Self)
    }

    /// Days from `earlier` to this day; negative when `earlier` is later.
    pub fn days_since(self, earlier: Self) -> i32 {
        i32::try_from(self.0.duration_since(earlier.0).as_hours() / 24).unwrap_or(i32::MAX)
    }
}

impl std::fmt::Display for Date {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year(), self.month(), self.day())
    }
}

impl std::str::FromStr for Date {
    type Err = DateError;

    fn from_str(text: &str) -> Result<Self, DateError> {
        Self::parse(text)
    }
}

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

impl Date {
    /// The first moment of this day in western Indonesian time (WIB, UTC+7, no summer time).
    pub fn midnight(self) -> Timestamp {
        let epoch = Self(civil::date(1970, 1, 1));
        Timestamp::from_seconds(i64::from(self.days_since(epoch)) * DAY - 7 * HOUR)
    }
}

/// When the day of `now` began in western Indonesian time (WIB, UTC+7, no summer time).
pub fn midnight_in_jakarta(now: Timestamp) -> Timestamp {
    Timestamp::from_seconds(now.day_in_jakarta() * DAY - 7 * HOUR)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> Date {
        Date::parse(text).unwrap()
    }

    #[test]
    fn a_day_begins_at_seventeen_hours_utc_of_the_day_before() {
        // 2026-11-27T00:00:00+07:00, as `date -d` has it.
        let midnight = date("2026-11-27").midnight();
        assert_eq!(midnight, Timestamp::from_seconds(1_795_712_400));
        assert_eq!(Date::in_jakarta(midnight), date("2026-11-27"));
        assert_eq!(Date::in_jakarta(midnight.plus_seconds(-1)), date("2026-11-26"));
        assert_eq!(midnight_in_jakarta(midnight.plus_seconds(DAY - 1)), midnight);
    }

    #[test]
    fn only_the_documented_forms_are_read() {
        assert_eq!(Date::new(1990, 8, 17), Some(date("1990-08-17")));
        assert_eq!(date("1990-08-17").to_string(), "1990-08-17");
        for text in ["1990-8-17", "19900817", "17-08-1990", "1990-02-30", "1990-13-01", "1990-08-17T00", "+990-08-17"] {
            assert_eq!(Date::parse(text), Err(DateError), "{text}");
        }
        assert_eq!(Date::parse_printed("17-08-1990"), Ok(date("1990-08-17")));
        assert_eq!(Date::parse_printed("1990-08-17"), Ok(date("1990-08-17")));
        assert_eq!(Date::parse_printed("17/08/1990"), Err(DateError));
        assert_eq!(serde_json::to_string(&date("2000-02-29")).unwrap(), "\"2000-02-29\"");
        assert!(serde_json::from_str::<Date>("\"2001-02-29\"").is_err());
    }

    #[test]
    fn ages_turn_on_the_birthday() {
        let birth = date("2009-11-21");
        assert_eq!(birth.age_on(date("2026-11-20")), 16);
        assert_eq!(birth.age_on(date("2026-11-21")), 17);
        assert_eq!(birth.completes(17), Some(date("2026-11-21")));
        assert_eq!(date("2008-02-29").completes(17), Some(date("2025-03-01")));
        assert_eq!(date("2008-02-29").completes(20), Some(date("2028-02-29")));
        assert_eq!(birth.age_on(date("2000-01-01")), 0);
        assert_eq!(date("2008-02-29").age_on(date("2025-02-28")), 16);
        assert_eq!(date("2008-02-29").age_on(date("2025-03-01")), 17);
    }

    #[test]
    fn the_day_is_that_of_jakarta() {
        // 2026-11-20T17:00:00Z is midnight in Jakarta.
        let midnight = jiff::Timestamp::to_owned(&"2026-11-20T17:00:00Z".parse().unwrap()).as_microsecond();
        assert_eq!(Date::in_jakarta(Timestamp::from_micros(midnight)), date("2026-11-21"));
        assert_eq!(Date::in_jakarta(Timestamp::from_micros(midnight - 1)), date("2026-11-20"));
    }

    #[test]
    fn days_add_and_subtract() {
        assert_eq!(date("2024-03-01").days_since(date("2024-02-01")), 29);
        assert_eq!(date("2024-02-01").plus_days(29), Some(date("2024-03-01")));
        assert_eq!(date("2024-01-31").plus_months(1), Some(date("2024-02-29")));
    }

    #[test]
    fn a_day_begins_at_seventeen_hours_utc() {
        // 2026-11-21T00:00:00+07:00, by `date -d … +%s`.
        let midnight = Timestamp::from_seconds(1_795_194_000);
        for seconds in [0, 54_000, 86_399] {
            assert_eq!(midnight_in_jakarta(midnight.plus_seconds(seconds)), midnight);
        }
        assert_eq!(midnight_in_jakarta(midnight.plus_seconds(-1)), midnight.plus_seconds(-86_400));
    }
}
