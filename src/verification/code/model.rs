//! What a code is, and how often it may be guessed. Pure.
//!
//! A code has 10 digits: 10^10 of them. Assume that ten thousand live at the same time (a hundred residents a second ask for
//! one, each lives 90 s), so a guess hits with a chance of one in a million. A relying party may be wrong 100 times in ten
//! minutes, 14,400 times a day: a party that does nothing but guess hits one stranger in 70 days, is known by its API
//! key, and is named in that stranger's history. Honest typing reaches neither limit: at one typing error in fifty,
//! a hundred are five thousand checks by code in ten minutes. One employee has ten, so that nobody uses up the
//! allowance of colleagues, and who reads digits badly is not sent away at once.

use uuid::Uuid;

use crate::clock::MINUTE;
use crate::secret::Redacted;

/// Digits of a code.
pub const DIGITS: usize = 10;
/// How many codes there are.
pub const CODES: u64 = 10_000_000_000;
/// Seconds in which wrong codes are counted together.
pub const WINDOW_SECONDS: i64 = 10 * MINUTE;
/// Wrong codes of one relying party in a window.
pub const MOST_OF_PARTY: i64 = 100;
/// Wrong codes of one employee in a window.
pub const MOST_OF_EMPLOYEE: i64 = 10;
/// Characters of a typed code at most: digits and what groups them.
const LONGEST: usize = 40;

/// A code: exactly ten digits. Printed nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PresentationCode(Redacted<String>);

impl PresentationCode {
    /// The code of a number below [`CODES`].
    pub fn from_number(number: u64) -> Self {
        Self(Redacted(format!("{:010}", number % CODES)))
    }

    /// Reads what was typed: ten digits, with spaces and hyphens wherever the typist put them.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > LONGEST || !text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b' ' | b'-')) {
            return None;
        }
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        (digits.len() == DIGITS).then_some(Self(Redacted(digits)))
    }

    /// The ten digits.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// The ten digits, for the one answer that tells the holder.
    pub fn into_inner(self) -> Redacted<String> {
        self.0
    }
}

/// The party and employee for whom wrong codes are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guesser {
    /// The relying party.
    pub relying_party_id: Uuid,
    /// The employee who typed it on the page for employees.
    pub employee_id: Option<Uuid>,
}

impl Guesser {
    /// The ids for which wrong codes are counted, each with its limit. The employee's row comes first in every
    /// transaction, so that no two transactions deadlock.
    pub fn subjects(self) -> impl Iterator<Item = (Uuid, i64)> {
        self.employee_id
            .map(|id| (id, MOST_OF_EMPLOYEE))
            .into_iter()
            .chain(std::iter::once((self.relying_party_id, MOST_OF_PARTY)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_digits_are_a_code_however_they_are_grouped() {
        for good in ["0123456789", "012 345 6789", "012-345-6789", " 01 23 45 67 89 ", "0-1-2-3-4-5-6-7-8-9"] {
            assert_eq!(PresentationCode::parse(good).unwrap().expose(), "0123456789", "{good}");
        }
        let too_many_spaces = format!("0123456789{}", " ".repeat(31));
        for bad in
            ["", "012345678", "01234567890", "O123456789", "012.345.6789", "٠١٢٣٤٥٦٧٨٩", "+123456789", &too_many_spaces]
        {
            assert!(PresentationCode::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_code_keeps_its_zeros_and_shows_nothing() {
        let code = PresentationCode::from_number(42);
        assert_eq!(code.expose(), "0000000042");
        assert_eq!(PresentationCode::from_number(CODES - 1).expose(), "9999999999");
        assert!(!format!("{code:?}").contains("42"));
    }
}
