//! A digital KTP comes back to its holder: the PIN is forgotten or used up, or it is blocked. The phone asks, an officer who has the
//! holder before them asks on, somebody else of the office grants, and the holder chooses a PIN on the same phone. Nobody does it
//! alone, and no new registration is needed. The table `recovery` belongs here.

pub mod desk;
pub mod http;
pub mod model;
pub mod phone;
pub mod ports;
mod store;

pub use desk::Desk;
pub use model::{Recovery, State};
pub use phone::Phone;

use crate::jobs::Sweep;
use crate::module::Module;
use crate::sealed_column;
use crate::vault::Column;

/// What is sealed in the tables of this domain.
pub const SEALED_COLUMNS: &[Column] = &[sealed_column!("recovery", "words_sealed", "recovery_id", phone::WORDS)];

/// What this domain brings to a node.
pub fn module(phone: &Phone) -> Module {
    Module {
        devices: http::routes(phone.clone()),
        sweeps: vec![Sweep::of("recovery.sweep", phone, |phone| async move { phone.sweep().await })],
        ..Module::default()
    }
}
