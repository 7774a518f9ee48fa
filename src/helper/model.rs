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

/// Who helps somebody at a counter, as it rests sealed with what they helped with.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Helper {
    /// The NIK: by it whoever helps many is found.
    pub nik: Nik,
    /// The name.
    pub full_name: Redacted<String>,
    /// What the helper is to the resident, in words.
    pub relation: Redacted<String>,
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
    fn a_family_is_nobodys_business() {
        assert!(!stands_out(3));
        assert!(stands_out(4));
    }
}
