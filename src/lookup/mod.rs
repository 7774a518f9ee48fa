//! An office finds its people: by keyed indexes of what they registered with, so that nothing readable rests here, and with an eye on how
//! much each person of the office looks for. The tables `lookup_word`, `lookup_due` and `lookup_use` belong here; a registration is known
//! by its id alone.

pub mod browsing;
pub mod model;
pub mod ports;
mod store;

pub use model::{Kind, Person, Query};

use crate::sealed_column;
use crate::vault::Column;

/// What is sealed in the tables of this domain.
pub const SEALED_COLUMNS: &[Column] = &[sealed_column!("lookup_use", "looked_sealed", "officer_id", browsing::WORDS)];
