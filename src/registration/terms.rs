//! The terms that a resident accepts; consent is recorded by version and time (UU 27/2022, articles 20–22).

use crate::error::Language;

/// Version of the present terms. A new text gets a new version; old consents keep theirs.
pub const VERSION: &str = "2026-12";

/// The text in a language, plain text.
pub const fn text(language: Language) -> &'static str {
    match language {
        Language::Indonesian => include_str!("terms/id.txt"),
        Language::English => include_str!("terms/en.txt"),
    }
}
