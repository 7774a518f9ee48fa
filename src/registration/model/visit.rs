//! The visit at a counter: scans, the number that the resident reads out, the decision.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{DifferenceField, MATCH_MINUTES};
use crate::clock::{MINUTE, Timestamp};
use crate::register::midnight_in_jakarta;
use crate::secret::Redacted;

/// Tries at a match number; then it is void.
pub const MATCH_TRIES: i64 = 3;

/// The visit of a registration's resident, from the first scan on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Visit {
    /// Issue time of the newest activation token that was scanned, in microseconds; 0 before the first.
    pub last_spent: i64,
    /// The officer in whose presence the resident is; nobody once the resident changed something or it was returned.
    pub scanned_by: Option<Uuid>,
    /// When it was scanned last.
    pub scanned_at: Option<Timestamp>,
    /// The number on the resident's screen, since they scanned an officer's QR.
    pub offer: Option<Offer>,
    /// What an officer decided last, a sealed [`Decision`]; nothing once what it asked for was corrected.
    pub decision: Option<Vec<u8>>,
    /// With which number the resident waits to be called, or was called.
    pub turn: Option<QueueTurn>,
}

/// A resident's place among those who were received at an office and wait to be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueTurn {
    /// The office, whose numbers begin with 1 each day.
    pub office_id: Uuid,
    /// The number.
    pub number: i64,
    /// When it was given.
    pub at: Timestamp,
    /// When an officer called them.
    pub called_at: Option<Timestamp>,
}

impl QueueTurn {
    /// Whether it was given at this office on the day of `now`: whoever is received again keeps it.
    pub fn stands(&self, office_id: Uuid, now: Timestamp) -> bool {
        self.office_id == office_id && self.at >= midnight_in_jakarta(now)
    }
}

/// A number that the resident reads out to the officer whose QR they scanned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Two digits.
    pub number: i64,
    /// Whose QR it was.
    pub officer_id: Uuid,
    /// When it was scanned.
    pub at: Timestamp,
    /// Tries at the number.
    pub tries: i64,
}

impl Offer {
    /// Whether a second scan of this officer's QR gives the number again.
    pub fn stands_for(&self, officer_id: Uuid, now: Timestamp) -> bool {
        self.officer_id == officer_id && self.tries < MATCH_TRIES && self.at > now.plus_seconds(-MATCH_MINUTES * MINUTE)
    }
}

/// What an officer noted with a decision, as it is sealed in the row.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Decision {
    /// The officer's words: the reason shown to the resident on return and rejection.
    pub reason: Redacted<String>,
    /// A note for colleagues.
    pub note: Redacted<String>,
    /// What the officer released to the resident.
    pub released: Vec<DifferenceField>,
}
