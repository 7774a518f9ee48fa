//! A helper, and when helping is looked at. Pure.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::clock::{DAY, Timestamp};
use crate::register::Nik;
use crate::secret::Redacted;

/// Seconds in which those are counted whom somebody helped.
pub const YEAR_SECONDS: i64 = 365 * DAY;
/// People whom somebody helps in that time without being looked at: a family.
pub const UNREMARKABLE: i64 = 3;

/// Who helps somebody at a counter, as an officer types it.
#[derive(Clone, Debug)]
pub struct Helper {
    /// The NIK: by it whoever helps many is found.
    pub nik: Nik,
    /// The name.
    pub full_name: Redacted<String>,
    /// What the helper is to the resident, in words.
    pub relation: Redacted<String>,
}

/// Who helps, as it rests sealed with what they help with: the NIK as a keyed index alone.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Noted {
    /// The name.
    pub full_name: Redacted<String>,
    /// What the helper is to the resident, in words.
    pub relation: Redacted<String>,
    /// The keyed index of the NIK; none in rows that are older than it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<Vec<u8>>,
}

/// Whom somebody helped, who served them, and where.
#[derive(Clone, Copy, Debug)]
pub struct Help {
    /// The resident; the registration of who is no holder yet.
    pub helped_id: Uuid,
    /// The office.
    pub office_id: Uuid,
    /// The officer who noted it.
    pub officer_id: Uuid,
    /// The second person, where there was one.
    pub granted_by: Option<Uuid>,
}

/// Somebody who helped many, as a supervisor sees them.
#[derive(Debug)]
pub struct Frequent {
    /// The newest help of theirs in this office that nobody looked at; looking names it.
    pub help_id: Uuid,
    /// The name, as it was noted.
    pub full_name: Option<Redacted<String>>,
    /// People whom they helped in a year, at all offices.
    pub people: i64,
    /// When they helped last in this office.
    pub last_at: Timestamp,
    /// Officers of this office who noted it, each once.
    pub officers: Vec<Uuid>,
    /// Who of this office looked before, when, and with what result.
    pub former: Option<(Uuid, Timestamp, Redacted<String>)>,
}

/// Whether somebody who helped so many people is looked at.
pub const fn stands_out(people: i64) -> bool {
    people > UNREMARKABLE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_noted_before_there_was_an_index_is_still_read() {
        let old = r#"{"full_name": "AMINAH", "relation": "anak"}"#;
        let noted: Noted = serde_json::from_str(old).unwrap();
        assert_eq!((noted.full_name.expose().as_str(), noted.index), ("AMINAH", None));
    }

    #[test]
    fn a_family_is_nobodys_business() {
        assert!(!stands_out(3));
        assert!(stands_out(4));
    }
}
