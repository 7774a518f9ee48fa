//! What the public reads, in words that are coarse enough. Pure.

use serde::Serialize;
use utoipa::ToSchema;

/// People of whom a time is told: of fewer, one might be recognised.
pub const FEWEST_PEOPLE: usize = 5;

/// The ends of the steps in which times are told, in minutes.
const STEPS: [i64; 4] = [10, 20, 40, 60];

/// How long people are at a counter today, in a coarse step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ServingTime {
    /// So many minutes or more.
    pub from_minutes: i64,
    /// Less than so many; null for an hour and more.
    pub to_minutes: Option<i64>,
}

impl ServingTime {
    /// The step of the median of these seconds; none of too few people.
    pub fn of(mut seconds: Vec<i64>) -> Option<Self> {
        if seconds.len() < FEWEST_PEOPLE {
            return None;
        }
        seconds.sort_unstable();
        let minutes = seconds[seconds.len() / 2] / 60;
        let to_minutes = STEPS.into_iter().find(|end| minutes < *end);
        let from_minutes = STEPS.into_iter().rfind(|start| *start <= minutes).unwrap_or(0);
        Some(Self { from_minutes, to_minutes })
    }
}

/// Messages that wait too long before mail is said to be late: of fewer, their addresses may be at fault.
pub const LATE_MESSAGES: i64 = 3;

/// How mail goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MailPace {
    /// Within two minutes.
    Normal,
    /// Within half an hour.
    Slow,
    /// Later than that.
    Late,
}

impl MailPace {
    /// Of the seconds that a message has waited.
    pub const fn of(seconds: Option<i64>) -> Self {
        match seconds {
            Some(1_800..) => Self::Late,
            Some(120..) => Self::Slow,
            _ => Self::Normal,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_told_coarsely_and_of_five_people_at_least() {
        assert_eq!(ServingTime::of(vec![60; 4]), None);
        let step = |minutes: &[i64]| {
            let time = ServingTime::of(minutes.iter().map(|one| one * 60).collect()).unwrap();
            (time.from_minutes, time.to_minutes)
        };
        assert_eq!(step(&[1, 2, 9, 500, 600]), (0, Some(10)), "the median, not the mean");
        assert_eq!(step(&[10, 10, 10, 10, 10]), (10, Some(20)));
        assert_eq!(step(&[59, 59, 59, 59, 59, 59]), (40, Some(60)));
        assert_eq!(step(&[61, 61, 61, 0, 0]), (60, None));
    }

    #[test]
    fn mail_is_late_when_it_is() {
        for (seconds, pace) in [
            (None, MailPace::Normal),
            (Some(119), MailPace::Normal),
            (Some(120), MailPace::Slow),
            (Some(1_799), MailPace::Slow),
            (Some(1_800), MailPace::Late),
        ] {
            assert_eq!(MailPace::of(seconds), pace, "{seconds:?}");
        }
    }
}
