//! Words of the counter. Pure.

use crate::error::{Refusal, Result};
use crate::input;
pub use crate::staff::model::check_reason;

/// Registrations that an officer may open in an hour without the resident present, each with a reason.
pub const VIEWS_PER_HOUR: i64 = 10;
/// Minutes that such a view stays open.
pub const VIEW_MINUTES: i64 = 10;
/// Match numbers that an officer may try in an hour.
pub const MATCHES_PER_HOUR: i64 = 120;

/// Longest note or reason in characters.
pub const MAX_WORDS: usize = 500;

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
