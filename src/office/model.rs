//! What an office is. Pure.

use uuid::Uuid;

use crate::error::{Refusal, Result};

/// An office or outreach post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Office {
    /// Its id.
    pub office_id: Uuid,
    /// Its short code.
    pub code: String,
    /// Its name, as residents know it.
    pub name: String,
    /// What it is.
    pub kind: Kind,
}

/// What an office is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr, clap::ValueEnum)]
#[strum(serialize_all = "snake_case")]
pub enum Kind {
    /// A Dukcapil office with counters.
    #[default]
    Office,
    /// An outreach post (jemput bola).
    Outreach,
}

crate::text_column!(Kind);

/// An office's code: 2–20 capital letters, digits, hyphens.
///
/// # Errors
/// `invalid_field`.
pub fn check_code(code: &str) -> Result<String> {
    let good = (2..=20).contains(&code.len())
        && code.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-');
    if good {
        Ok(code.to_owned())
    } else {
        Err(Refusal::field(
            "code",
            "Pakai 2-20 huruf besar, angka, atau tanda hubung.",
            "Use 2 to 20 capital letters, digits or hyphens.",
        )
        .into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_short_capitals() {
        assert_eq!(check_code("JKT-01").unwrap(), "JKT-01");
        for bad in ["", "J", "jkt-01", "JKT 01", "JKT_01", &"J".repeat(21)] {
            assert!(check_code(bad).is_err(), "{bad}");
        }
    }
}
