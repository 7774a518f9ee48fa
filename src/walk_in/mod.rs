//! A holder comes to a counter without their phone and asks for what the app would do: that the digital KTP end, that the consent be
//! withdrawn, a copy of the own data on paper. The PIN's place is taken by two people of an office: one takes a photo and asks, a supervisor
//! compares it with the portrait and grants. The table `walk_in` belongs here.

pub mod desk;
pub mod model;
pub mod ports;
mod store;

pub use desk::Desk;
pub use model::WalkIn;

use crate::sealed_column;
use crate::vault::Column;

/// What is sealed in the tables of this domain.
pub const SEALED_COLUMNS: &[Column] = &[
    sealed_column!("walk_in", "sealed", "walk_in_id", desk::SAID),
    sealed_column!("walk_in", "photo_sealed", "walk_in_id", desk::PHOTO),
];
