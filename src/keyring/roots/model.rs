//! Where a root secret is in its life.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::clock::Timestamp;

/// Where a version is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, strum::EnumString, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum RootState {
    /// Made; it seals once every live node holds it.
    Next,
    /// Seals.
    Active,
    /// Replaced; it opens.
    Old,
    /// Opens nothing any more; only keys of look-ups and chains are left of it.
    Retired,
}

crate::text_column!(RootState);

/// A version, as all nodes know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootRow {
    /// Its number.
    pub version: i64,
    /// Where it is in its life.
    pub state: RootState,
    /// What tells two secrets of one version apart.
    pub fingerprint: String,
    /// When it was made known.
    pub published_at: Timestamp,
    /// When it began to seal.
    pub activated_at: Option<Timestamp>,
    /// When another took its place.
    pub replaced_at: Option<Timestamp>,
    /// When it was retired.
    pub retired_at: Option<Timestamp>,
    /// Whether printed cards whose claim it sealed still open after that.
    pub keeps_cards: bool,
    /// Of a retired one, the digest of what is kept of it, on which all nodes agree.
    pub retained_digest: Option<String>,
}

/// What the audit log is about where it is about a version.
pub fn subject_of(version: i64) -> Uuid {
    Uuid::from_u128(version.unsigned_abs().into())
}
