//! What an office is, where it stands in the tree, and when it is open. Pure.

mod change;
mod hours;
mod place;

pub use change::Change;
pub use hours::{Day, Local, Span, Week, Zone, read_time, time_text};
pub use place::{Edit, Place, Point, Region};

use uuid::Uuid;

use crate::clock::Timestamp;
use crate::error::{Refusal, Result};

/// How many offices stand above one at most.
pub const MOST_ABOVE: i64 = 5;

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
    /// The office above it.
    pub parent_id: Option<Uuid>,
    /// In which zone its clocks go.
    pub zone: Zone,
    /// When it was closed for good.
    pub ended_at: Option<Timestamp>,
}

/// What an office is.
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
#[schema(as = OfficeKind)]
pub enum Kind {
    /// The civil registration office of a regency or city; nothing stands above it.
    #[default]
    #[strum(to_string = "dinas", serialize = "office")]
    #[value(alias = "office")]
    Dinas,
    /// A branch of it (UPT).
    Upt,
    /// A counter in a district's office.
    District,
    /// A counter in a village's office.
    Village,
    /// A counter in a mall of public services (MPP).
    Mpp,
    /// An outreach post (jemput bola).
    #[strum(to_string = "mobile", serialize = "outreach")]
    #[value(alias = "outreach")]
    Mobile,
}

crate::text_column!(Kind);

/// How far below an office something reaches that is its own: not at all, or to whatever stands below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scope {
    /// The office.
    pub office_id: Uuid,
    /// Levels below it.
    pub levels: i64,
}

impl Scope {
    /// The office alone.
    pub const fn alone(office_id: Uuid) -> Self {
        Self { office_id, levels: 0 }
    }

    /// The office and all below it.
    pub const fn tree(office_id: Uuid) -> Self {
        Self { office_id, levels: MOST_ABOVE }
    }
}

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

    #[test]
    fn words_of_former_versions_are_still_read() {
        for (word, kind) in [("dinas", Kind::Dinas), ("office", Kind::Dinas), ("outreach", Kind::Mobile)] {
            assert_eq!(word.parse(), Ok(kind));
        }
        assert_eq!((Kind::Dinas.as_str(), Kind::Mobile.as_str(), Kind::Upt.as_str()), ("dinas", "mobile", "upt"));
    }
}
