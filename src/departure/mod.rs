//! Who is no citizen any more and moved abroad: the register stops the digital KTP at once, and takes that back as long as nobody confirmed
//! it. It ends when two people of an office have: one asks, a supervisor grants. The table `departure` belongs here.

pub mod desk;
pub mod model;
mod store;

pub use desk::Desk;
pub use model::Departure;

use crate::sealed_column;
use crate::vault::Column;

/// What is sealed in the tables of this domain.
pub const SEALED_COLUMNS: &[Column] = &[sealed_column!("departure", "words_sealed", "departure_id", desk::WORDS)];
