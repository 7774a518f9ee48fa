//! The numbers and words of the wallet. Pure.

use serde::Deserialize;
use uuid::Uuid;

use crate::attribute::AttributeSet;
use crate::clock::{MINUTE, Timestamp};
use crate::error::Refusal;

/// How long an unlocked wallet stays open, in seconds.
pub const SESSION_SECONDS: i64 = 15 * MINUTE;
/// Tries left of the present round after `tries` wrong ones: 0 means that a wait, or the block, begins.
pub const fn tries_left(tries: i64) -> i64 {
    (3 - tries % 3) % 3
}

/// What an access token says; only the service can read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// The holder.
    pub resident_id: Uuid,
    /// The credential's generation.
    pub generation: i64,
    /// The session.
    pub session: i64,
    /// When it ends at the latest.
    pub expires_at: Timestamp,
}

impl Access {
    /// The record that is sealed into a token.
    pub fn to_bytes(self) -> [u8; 40] {
        let mut out = [0; 40];
        out[..16].copy_from_slice(self.resident_id.as_bytes());
        out[16..24].copy_from_slice(&self.generation.to_be_bytes());
        out[24..32].copy_from_slice(&self.session.to_be_bytes());
        out[32..].copy_from_slice(&self.expires_at.micros().to_be_bytes());
        out
    }

    /// The reverse of [`Access::to_bytes`].
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (id, rest) = bytes.split_first_chunk::<16>()?;
        let (generation, rest) = rest.split_first_chunk::<8>()?;
        let (session, rest) = rest.split_first_chunk::<8>()?;
        Some(Self {
            resident_id: Uuid::from_bytes(*id),
            generation: i64::from_be_bytes(*generation),
            session: i64::from_be_bytes(*session),
            expires_at: Timestamp::from_micros(i64::from_be_bytes(rest.try_into().ok()?)),
        })
    }
}

/// What a resident chose to show: a preset or a list.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(untagged)]
pub enum Share {
    /// `age`, `basic` or `full`.
    Preset(String),
    /// Names of attributes.
    Attributes(Vec<String>),
}

impl Share {
    /// The attributes meant.
    ///
    /// # Errors
    /// `invalid_field` when a name is unknown or the list is empty.
    pub fn to_set(&self) -> Result<AttributeSet, Refusal> {
        let set = match self {
            Self::Preset(name) => AttributeSet::preset(name),
            Self::Attributes(names) => AttributeSet::from_names(names.iter().map(String::as_str)).ok(),
        };
        set.filter(|set| !set.is_empty()).ok_or_else(|| {
            Refusal::field(
                "share",
                "Pilih age, basic, full, atau daftar atribut yang dikenal, sedikitnya satu.",
                "Choose age, basic, full, or a list of known attributes, at least one.",
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_access_record_round_trips() {
        let access = Access {
            resident_id: Uuid::from_u128(9),
            generation: 2,
            session: 3,
            expires_at: Timestamp::from_micros(1_800_000_000_000_001),
        };
        assert_eq!(Access::from_bytes(&access.to_bytes()), Some(access));
        assert_eq!(Access::from_bytes(&access.to_bytes()[1..]), None);
    }

    #[test]
    fn each_round_has_three_tries() {
        assert_eq!((1..=9).map(tries_left).collect::<Vec<_>>(), [2, 1, 0, 2, 1, 0, 2, 1, 0]);
    }

    #[test]
    fn a_share_is_a_preset_or_a_list() {
        let read = |json: &str| serde_json::from_str::<Share>(json).unwrap().to_set();
        assert_eq!(read("\"age\"").unwrap(), AttributeSet::AGE);
        assert_eq!(read(r#"["age_over_17","portrait"]"#).unwrap(), AttributeSet::AGE);
        for wrong in ["\"all\"", "[]", r#"["shoe_size"]"#] {
            assert_eq!(read(wrong).unwrap_err().fields[0].field, "share");
        }
    }
}
