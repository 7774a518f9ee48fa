//! When an office is open: hours of each weekday in its own zone.

use std::fmt::Write as _;

use crate::clock::{DAY, HOUR, Timestamp};
use crate::error::{Refusal, Text};
use crate::register::Date;

/// A zone of Indonesia; none has summer time.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    serde::Serialize,
    serde::Deserialize,
    strum::EnumString,
    strum::IntoStaticStr,
    utoipa::ToSchema,
    clap::ValueEnum,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[schema(as = OfficeZone)]
pub enum Zone {
    /// Western (UTC+7).
    #[default]
    Wib,
    /// Central (UTC+8).
    Wita,
    /// Eastern (UTC+9).
    Wit,
}

crate::text_column!(Zone);

/// A moment as an office's clock and calendar show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Local {
    /// The day.
    pub day: Date,
    /// Its weekday, from Monday (1) to Sunday (7).
    pub weekday: i64,
    /// Minutes since midnight.
    pub minute: i64,
}

impl Zone {
    /// Hours that its clocks are ahead of those in Jakarta.
    const fn ahead(self) -> i64 {
        match self {
            Self::Wib => 0,
            Self::Wita => 1,
            Self::Wit => 2,
        }
    }

    /// The moment there.
    pub fn local(self, now: Timestamp) -> Local {
        let there = now.plus_seconds(self.ahead() * HOUR);
        let seconds = there.seconds() + 7 * HOUR;
        Local {
            day: Date::in_jakarta(there),
            // The first day of the epoch was a Thursday.
            weekday: (seconds.div_euclid(DAY) + 3).rem_euclid(7) + 1,
            minute: seconds.rem_euclid(DAY) / 60,
        }
    }
}

/// A time on one weekday in which an office is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// From Monday (1) to Sunday (7).
    pub weekday: i64,
    /// Minutes since midnight.
    pub opens: i64,
    /// Minutes since midnight, later than that.
    pub closes: i64,
}

/// When an office is open in a week, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Week(Vec<Span>);

/// Times on one weekday at most: mornings, afternoons and one between two breaks.
const MOST_A_DAY: usize = 3;
const MIDNIGHT: i64 = DAY / 60;
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

impl Week {
    /// Of spans in any order.
    ///
    /// # Errors
    /// `invalid_field` for times that are none, overlap, or are too many on a day.
    pub fn new(mut spans: Vec<Span>) -> Result<Self, Refusal> {
        spans.sort_unstable();
        let is_time = |span: &Span| {
            (1..=7).contains(&span.weekday) && 0 <= span.opens && span.opens < span.closes && span.closes <= MIDNIGHT
        };
        if !spans.iter().all(is_time) {
            return Err(wrong(Text::new(
                "Jam tutup harus sesudah jam buka, pada hari yang sama.",
                "An office closes after it opens, on the same day.",
            )));
        }
        let overlap = |pair: &[Span]| pair[0].weekday == pair[1].weekday && pair[1].opens <= pair[0].closes;
        if spans.windows(2).any(overlap) {
            return Err(wrong(Text::new(
                "Dua waktu pada hari yang sama bersinggungan; gabungkan atau pisahkan.",
                "Two times of a day touch each other; join them or keep them apart.",
            )));
        }
        if (1..=7).any(|day| spans.iter().filter(|span| span.weekday == day).count() > MOST_A_DAY) {
            return Err(wrong(Text::new("Paling banyak tiga waktu sehari.", "Three times a day at most.")));
        }
        Ok(Self(spans))
    }

    /// Reads what an operator writes: `mon-thu 08:00-15:30`, `fri 08:00-11:30`.
    ///
    /// # Errors
    /// `invalid_field`.
    pub fn parse(words: &[String]) -> Result<Self, Refusal> {
        let mut spans = Vec::new();
        for word in words {
            let (days, opens, closes) = parse_one(word).ok_or_else(unreadable)?;
            spans.extend(days.map(|weekday| Span { weekday, opens, closes }));
        }
        Self::new(spans)
    }

    /// All of it, Monday first.
    pub fn spans(&self) -> &[Span] {
        &self.0
    }

    /// What a day is at a moment; `holiday` says why the office is closed on it.
    pub fn today(&self, at: Local, holiday: Option<&str>) -> Day {
        if let Some(name) = holiday {
            return Day::Holiday(name.to_owned());
        }
        if self.0.is_empty() {
            return Day::Unknown;
        }
        let mut today = self.0.iter().filter(|span| span.weekday == at.weekday).peekable();
        if today.peek().is_none() {
            return Day::Closed;
        }
        match today.find(|span| at.minute < span.closes) {
            Some(span) if span.opens <= at.minute => Day::Open { until: span.closes },
            Some(span) => Day::Later { from: span.opens },
            None => Day::Over,
        }
    }
}

impl std::fmt::Display for Week {
    /// As [`Week::parse`] reads it, one entry a day and time.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut text = String::new();
        for span in &self.0 {
            let separator = if text.is_empty() { "" } else { ", " };
            let day = usize::try_from(span.weekday - 1).ok().and_then(|at| DAYS.get(at)).unwrap_or(&"?");
            write!(text, "{separator}{day} {}-{}", time_text(span.opens), time_text(span.closes))?;
        }
        f.write_str(&text)
    }
}

/// What a day is for who wants to go there now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Day {
    /// It is open.
    Open {
        /// Until this minute of the day.
        until: i64,
    },
    /// It opens, or opens again, later on this day.
    Later {
        /// At this minute of the day.
        from: i64,
    },
    /// It was open on this day.
    Over,
    /// It is closed on this weekday.
    Closed,
    /// It is closed for this reason.
    Holiday(String),
    /// Nobody has said when it is open.
    Unknown,
}

/// A minute of a day as people write it: `08:00`.
pub fn time_text(minute: i64) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

/// Reads `08:00` or `8.00`; `24:00` is the end of a day.
pub fn read_time(text: &str) -> Option<i64> {
    let (hours, minutes) = text.trim().split_once([':', '.'])?;
    let number = |text: &str, most: usize| {
        let good = (1..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        good.then(|| text.parse::<i64>().ok()).flatten()
    };
    let (hours, minutes) = (number(hours, 2)?, number(minutes, 2)?);
    let minute = hours * 60 + minutes;
    (minutes < 60 && minute <= MIDNIGHT).then_some(minute)
}

fn parse_one(word: &str) -> Option<(std::ops::RangeInclusive<i64>, i64, i64)> {
    let (days, times) = word.trim().split_once(' ')?;
    let day = |name: &str| {
        let name = name.trim().to_ascii_lowercase();
        DAYS.iter().position(|one| **one == name).and_then(|at| i64::try_from(at + 1).ok())
    };
    let (first, last) = match days.split_once('-') {
        Some((first, last)) => (day(first)?, day(last)?),
        None => (day(days)?, day(days)?),
    };
    let (opens, closes) = times.split_once('-')?;
    (first <= last).then_some((first..=last, read_time(opens)?, read_time(closes)?))
}

fn wrong(text: Text) -> Refusal {
    Refusal::field("hours", text.id, text.en)
}

fn unreadable() -> Refusal {
    wrong(Text::new(
        "Tulis jam buka seperti: 'mon-thu 08:00-15:30' 'fri 08:00-11:30'.",
        "Write hours like: 'mon-thu 08:00-15:30' 'fri 08:00-11:30'.",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn week(words: &[&str]) -> Week {
        Week::parse(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn each_zone_has_its_own_day_and_hour() {
        // 2026-11-27T16:30:00Z is a Friday; `date -d` shows 23:30 in Jakarta, and Saturday in Makassar and Jayapura.
        let now = Timestamp::from_seconds(1_795_797_000);
        let friday = Date::parse("2026-11-27").unwrap();
        let saturday = friday.plus_days(1).unwrap();
        assert_eq!(Zone::Wib.local(now), Local { day: friday, weekday: 5, minute: 23 * 60 + 30 });
        assert_eq!(Zone::Wita.local(now), Local { day: saturday, weekday: 6, minute: 30 });
        assert_eq!(Zone::Wit.local(now), Local { day: saturday, weekday: 6, minute: 90 });
    }

    #[test]
    fn a_week_is_read_as_it_is_written() {
        let read = week(&["fri 13:00-15:00", "mon-thu 8.00-15:30", "fri 08:00-11:30"]);
        assert_eq!(read.spans().len(), 6);
        let written =
            "mon 08:00-15:30, tue 08:00-15:30, wed 08:00-15:30, thu 08:00-15:30, fri 08:00-11:30, fri 13:00-15:00";
        assert_eq!(read.to_string(), written);
        let again: Vec<_> = written.split(", ").map(str::to_owned).collect();
        assert_eq!(Week::parse(&again).unwrap(), read);
        assert_eq!(week(&[]).spans(), []);
        for bad in
            ["", "mon", "mon 8-15", "thu-mon 08:00-10:00", "mon 10:00-08:00", "mon 08:60-10:00", "mon 08:00-24:01"]
        {
            assert!(Week::parse(&[bad.to_owned()]).is_err(), "{bad}");
        }
        let touching = ["mon 08:00-10:00", "mon 10:00-11:00"].map(str::to_owned);
        assert!(Week::parse(&touching).is_err());
        let many = ["mon 01:00-02:00", "mon 03:00-04:00", "mon 05:00-06:00", "mon 07:00-08:00"].map(str::to_owned);
        assert!(Week::parse(&many).is_err());
        assert!(Week::parse(&many[..3]).is_ok());
    }

    #[test]
    fn a_day_is_open_between_its_times_and_closed_on_holidays() {
        let friday = |time: &str| Local {
            day: Date::parse("2026-11-27").unwrap(),
            weekday: 5,
            minute: read_time(time).unwrap(),
        };
        let office = week(&["fri 08:00-11:30", "fri 13:00-15:00"]);
        for (time, day) in [
            ("07:59", Day::Later { from: 480 }),
            ("08:00", Day::Open { until: 690 }),
            ("11:29", Day::Open { until: 690 }),
            ("11:30", Day::Later { from: 780 }),
            ("14:59", Day::Open { until: 900 }),
            ("15:00", Day::Over),
        ] {
            assert_eq!(office.today(friday(time), None), day, "{time}");
        }
        assert_eq!(office.today(friday("09:00"), Some("Cuti bersama")), Day::Holiday("Cuti bersama".into()));
        assert_eq!(office.today(Local { weekday: 6, ..friday("09:00") }, None), Day::Closed);
        assert_eq!(Week::default().today(friday("09:00"), None), Day::Unknown);
    }
}
