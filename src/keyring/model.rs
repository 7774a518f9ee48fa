//! The states of a signing key, and how long each counts.

use crate::clock::{DAY, Timestamp};
use crate::credential::KeyPurpose;

/// Seconds that a replaced token key still verifies: the life of a token, and 30 for nodes that learn of it late.
pub const RETIRING_SECONDS: i64 = 90 + 30;
/// Seconds after which a silent node no longer counts.
pub const NODE_SILENCE_SECONDS: i64 = 30;
/// Days that keys of receipts, cards and status lists stay published.
pub const LONG_PUBLICATION_DAYS: i64 = 3_653;
/// The signing keys that `ikd keys init` makes.
pub const MADE: [KeyPurpose; 4] = KeyPurpose::ALL;
/// The signing keys that a running service cannot do without.
pub const NEEDED: [KeyPurpose; 2] = [KeyPurpose::Token, KeyPurpose::Receipt];

/// Where a key is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum KeyState {
    /// Published, not signing yet.
    Next,
    /// Signs.
    Active,
    /// Replaced; what it signed is still accepted.
    Retiring,
    /// What it signed as a token is not accepted any more.
    Retired,
}

crate::text_column!(KeyState);

impl KeyState {
    /// Whether a key of this state and purpose verifies. A `next` one does already: another node may have seen it become active
    /// before this one did.
    pub fn verifies(self, purpose: KeyPurpose) -> bool {
        self != Self::Retired || purpose != KeyPurpose::Token
    }

    /// Whether a key stands in the published set, when it was retired at `retired_at`.
    pub fn is_published(self, purpose: KeyPurpose, retired_at: Option<Timestamp>, now: Timestamp) -> bool {
        match (self, retired_at) {
            (Self::Retired, Some(at)) => self.verifies(purpose) && now.seconds_since(at) < LONG_PUBLICATION_DAYS * DAY,
            (Self::Retired, None) => false,
            _ => true,
        }
    }
}
