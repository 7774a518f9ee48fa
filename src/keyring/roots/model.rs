//! Where a root secret is in its life.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

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

/// What the audit log is about where it is about a version.
pub fn subject_of(version: i64) -> Uuid {
    Uuid::from_u128(version.unsigned_abs().into())
}
