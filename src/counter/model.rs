//! Words of the counter. Pure.

use crate::error::{Refusal, Result};
use crate::input;

/// Registrations that an officer may open in an hour without the resident present, each with a reason.
pub const VIEWS_PER_HOUR: i64 = 10;
/// Minutes that such a view stays open.
pub const VIEW_MINUTES: i64 = 10;
/// Days that its reason is kept.
pub const VIEW_DAYS: i64 = 365;
/// Match numbers that an officer may try in an hour.
pub const MATCHES_PER_HOUR: i64 = 120;

/// Longest note or reason in characters.
pub const MAX_WORDS: usize = 500;

/// A reason that a person will read: 5–500 characters, no control characters.
///
/// # Errors
/// `invalid_field`.
pub fn check_reason(reason: &str) -> Result<String> {
    let reason = reason.trim();
    let signs: std::collections::BTreeSet<char> = reason.chars().filter(|c| c.is_alphanumeric()).collect();
    // "aaaaa" says nothing.
    if input::is_prose(reason, 5..=MAX_WORDS) && signs.len() >= 3 {
        Ok(reason.to_owned())
    } else {
        Err(Refusal::field(
            "reason",
            "Tulis alasan yang dapat dibaca warga dengan kata-kata: 5-500 karakter.",
            "Write a reason in words that the resident can read: 5 to 500 characters.",
        )
        .into())
    }
}

/// A note for colleagues: at most 500 characters; it may be empty.
///
/// # Errors
/// `invalid_field`.
pub fn check_note(note: &str) -> Result<String> {
    let note = note.trim();
    if input::is_prose(note, 0..=MAX_WORDS) {
        Ok(note.to_owned())
    } else {
        Err(Refusal::field("note", "Catatan paling banyak 500 karakter.", "A note has at most 500 characters.").into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_bounded_and_clean() {
        assert!(check_reason("Foto kabur").is_ok());
        assert!(check_reason("   x ").is_err());
        assert!(check_reason(&"x".repeat(501)).is_err());
        assert!(check_reason("abc\u{7}def").is_err());
        assert!(check_note("").is_ok());
    }
}
