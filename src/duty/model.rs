//! A duty, its codes and the distance from it. Pure.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::clock::{DAY, HOUR, MINUTE, Timestamp};
use crate::error::Refusal;
use crate::secret::Redacted;

/// Seconds that a QR of the moment lives: copied, it is worth nothing when they are over.
pub const QR_SECONDS: i64 = 5 * MINUTE;
/// Seconds after which the officer's screen takes the next one, so that what is scanned last still has a minute.
pub const RENEW_SECONDS: i64 = 4 * MINUTE;
/// Seconds by which two nodes' clocks differ at most.
const LEEWAY_SECONDS: i64 = 10;
/// Longest duty: a session of the staff ends then, too.
pub const LONGEST_SECONDS: i64 = 12 * HOUR;
/// Days that a duty is kept after its end; in that time its code does not come back.
pub const KEEP_DAYS: i64 = 30;
/// Days that a photo counts: faces change, and whoever left is not kept.
pub const PHOTO_DAYS: i64 = 365;
/// Metres within which somebody is at the place.
pub const NEAR_METRES: f64 = 2_000.0;

/// Signs of a day's code.
pub const SIGNS: usize = 6;
/// Longest text that is looked at as a code or a QR, in bytes.
const LONGEST_TYPED: usize = 128;
/// Crockford's base 32: no I, L, O and U, so that nothing is read as something else.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Somebody of an office is on duty until a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duty {
    /// The id.
    pub duty_id: Uuid,
    /// Who.
    pub staff_id: Uuid,
    /// Of which office.
    pub office_id: Uuid,
    /// In which session of outreach; at the office without one.
    pub outreach_id: Option<Uuid>,
    /// Since when.
    pub began_at: Timestamp,
    /// Until when.
    pub ends_at: Timestamp,
    /// When it was ended before that.
    pub ended_at: Option<Timestamp>,
}

impl Duty {
    /// Whether it counts now.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.ended_at.is_none() && now < self.ends_at
    }
}

/// Until when a duty that begins now can last: the end of the day in Jakarta, and not longer than a session of the staff.
pub const fn latest_end(now: Timestamp) -> Timestamp {
    let midnight = Timestamp::from_seconds((now.day_in_jakarta() + 1) * DAY - 7 * HOUR);
    let longest = now.plus_seconds(LONGEST_SECONDS);
    if longest.micros() < midnight.micros() { longest } else { midnight }
}

/// That a duty may last until then.
///
/// # Errors
/// `invalid_field`.
pub fn check_end(until: Timestamp, now: Timestamp) -> Result<Timestamp, Refusal> {
    if until > now && until <= latest_end(now) {
        return Ok(until);
    }
    Err(Refusal::field(
        "until",
        "Pilih jam selesai hari ini, paling lama 12 jam lagi.",
        "Choose an end of today, 12 hours from now at most.",
    ))
}

/// Whether a QR of the moment counts.
pub fn is_fresh(issued: Timestamp, now: Timestamp) -> bool {
    issued <= now.plus_seconds(LEEWAY_SECONDS) && now < issued.plus_seconds(QR_SECONDS)
}

/// The code of a day: six signs for a poster, which anybody can type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayCode(Redacted<String>);

impl DayCode {
    /// The code of random bytes.
    pub fn from_bytes(bytes: [u8; SIGNS]) -> Self {
        Self(Redacted(bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect()))
    }

    /// Reads what was typed: capitals or not, with blanks and hyphens anywhere, O for 0 and I or L for 1.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > LONGEST_TYPED {
            return None;
        }
        let sign = |sign: char| match sign.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        };
        let signs: String = text.chars().filter(|c| !matches!(c, ' ' | '-' | '\t')).map(sign).collect();
        let known = signs.bytes().all(|sign| ALPHABET.contains(&sign));
        (known && signs.len() == SIGNS).then_some(Self(Redacted(signs)))
    }

    /// The six signs.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// As it stands on a poster: `7KQ-2M9`.
    pub fn grouped(&self) -> Redacted<String> {
        let (left, right) = self.expose().split_at(SIGNS / 2);
        Redacted(format!("{left}-{right}"))
    }
}

/// Somewhere on earth (WGS 84).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Position {
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
}

impl Position {
    /// A position that exists.
    ///
    /// # Errors
    /// `invalid_field`.
    pub fn checked(self) -> Result<Self, Refusal> {
        let exists = (-90.0..=90.0).contains(&self.latitude) && (-180.0..=180.0).contains(&self.longitude);
        if exists {
            return Ok(self);
        }
        Err(Refusal::field(
            "position",
            "Lokasi ini tidak ada; kirim tanpa lokasi.",
            "There is no such position; send none.",
        ))
    }

    /// Metres from here to there, on a sphere (haversine): right to six thousandths.
    pub fn metres_to(self, other: Self) -> f64 {
        const RADIUS: f64 = 6_371_008.8;
        let half = |from: f64, to: f64| ((to - from).to_radians() / 2.0).sin().powi(2);
        let along = self.latitude.to_radians().cos() * other.latitude.to_radians().cos();
        let chord = half(self.latitude, other.latitude) + along * half(self.longitude, other.longitude);
        2.0 * RADIUS * chord.sqrt().min(1.0).asin()
    }
}

/// What rests sealed with a duty.
#[derive(Debug, Serialize, Deserialize)]
pub struct Sealed {
    /// The day's code.
    pub code: DayCode,
    /// Where the officer was when it began, where they gave that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<Position>,
}

/// A name as strangers may read it: the first, and the initial of the next.
pub fn short_name(full_name: &str) -> Redacted<String> {
    let mut words = full_name.split_whitespace();
    let written = |word: &str| {
        let mut letters = word.chars();
        let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
        first + &letters.flat_map(char::to_lowercase).collect::<String>()
    };
    let first = words.next().map(written).unwrap_or_default();
    let initial = words.next().and_then(|word| word.chars().find(|c| c.is_alphabetic()));
    Redacted(match initial {
        Some(initial) => format!("{first} {}.", initial.to_uppercase()),
        None => first,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    #[test]
    fn a_code_is_read_however_it_is_typed() {
        let code = DayCode::from_bytes([7, 51, 23, 2, 84, 9]);
        assert_eq!((code.expose(), code.grouped().expose().as_str()), ("7KQ2M9", "7KQ-2M9"));
        for typed in ["7kq-2m9", " 7KQ 2M9 ", "7-K-Q-2-M-9"] {
            assert_eq!(DayCode::parse(typed), Some(code.clone()), "{typed}");
        }
        assert_eq!(DayCode::parse("oil-000").unwrap().expose(), "011000");
        for wrong in ["", "7KQ2M", "7KQ2M99", "7KQ2MU", "7KQ_2M9", "7KQ2M\u{660}", &"-".repeat(129)] {
            assert_eq!(DayCode::parse(wrong), None, "{wrong}");
        }
        assert!(!format!("{code:?}").contains("7KQ2"));
    }

    #[test]
    fn a_qr_counts_for_five_minutes_and_no_second_more() {
        let issued = at(1_800_000_000);
        let counts = |seconds| is_fresh(issued, issued.plus_seconds(seconds));
        assert_eq!([-11, -10, 0, 299, 300].map(counts), [false, true, true, true, false]);
    }

    #[test]
    fn a_duty_ends_with_the_day_in_jakarta_and_after_twelve_hours() {
        // 2026-11-27 00:00 and 20:00 in Jakarta.
        let (midnight, evening) = (at(1_795_712_400), at(1_795_712_400 + 20 * HOUR));
        assert_eq!(latest_end(midnight), midnight.plus_seconds(12 * HOUR));
        assert_eq!(latest_end(evening), midnight.plus_seconds(DAY));
        assert!(check_end(midnight.plus_seconds(DAY), evening).is_ok());
        for until in [evening, midnight.plus_seconds(DAY + 1)] {
            assert!(check_end(until, evening).is_err());
        }
    }

    #[test]
    fn strangers_read_a_first_name_and_an_initial() {
        for (full, short) in [("BUDI SANTOSO WIJAYA", "Budi S."), ("Suharto", "Suharto"), ("siti 'aisyah", "Siti A.")] {
            assert_eq!(short_name(full).expose(), short);
        }
    }

    #[test]
    fn two_kilometres_are_two_kilometres() {
        // Monas and Bundaran HI, Jakarta: 2,216.72 m by Vincenty's formula on WGS 84.
        let (monas, roundabout) = (
            Position { latitude: -6.175_39, longitude: 106.827_15 },
            Position { latitude: -6.195_00, longitude: 106.823_00 },
        );
        let metres = monas.metres_to(roundabout);
        assert!(((metres - 2_216.72) / 2_216.72).abs() < 0.006, "{metres}");
        assert!(metres > NEAR_METRES && monas.metres_to(monas) < 0.001);
        assert!(Position { latitude: f64::NAN, longitude: 0.0 }.checked().is_err());
        assert!(Position { latitude: 91.0, longitude: 0.0 }.checked().is_err());
    }
}
