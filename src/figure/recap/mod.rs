//! The recap of a month: what an office sends upward. A supervisor asks, the head signs; from then on it stays as it is.

mod columns;
pub mod csv;
pub mod desk;
pub mod model;
pub mod store;
mod words;
pub mod xlsx;

pub use desk::{Desk, Standing};
pub use model::{Document, Month};
pub use store::State;

use crate::clock::Timestamp;

/// Under whose names a recap goes out.
#[derive(Clone, Debug, Default)]
pub struct Signatures {
    /// Who asked.
    pub asked_by: Option<String>,
    /// Who signed, and when.
    pub signed: Option<(String, Timestamp)>,
}
