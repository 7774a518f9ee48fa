//! Printed cards for those without a phone: an officer types what the resident says and takes a photo, a second person of the office
//! compares and grants, and a sheet is printed whose QR counts for a year. The tables `printed_card` and `printed_card_evidence` belong here.
//!
//! Whether a card still counts is said by its place in a status list alone (docs/adr/0019-printed-cards.md): whatever stops the digital
//! KTP voids it there, without a word to this domain.

pub mod desk;
pub mod issue;
pub mod model;
mod neglect;
pub mod ports;
mod sealed;
pub mod sheet;
pub mod store;
pub mod sweep;

pub use desk::Desk;
pub use model::Card;

use crate::context::Context;
use crate::jobs::Sweep;
use crate::module::Module;
use crate::sealed_column;
use crate::vault::Column;

/// What is sealed in the tables of this domain.
pub const SEALED_COLUMNS: &[Column] = &[
    sealed_column!("printed_card", "sealed", "card_id", sealed::SAID),
    sealed_column!("printed_card", "qr_sealed", "card_id", sealed::QR),
    sealed_column!("printed_card_evidence", "record_sealed", "card_id", sealed::RECORD),
    sealed_column!("printed_card_evidence", "portrait_sealed", "card_id", sealed::PORTRAIT),
    sealed_column!("printed_card_evidence", "photo_sealed", "card_id", sealed::PHOTO),
];

/// What this domain brings to a node.
pub fn module(context: &Context) -> Module {
    Module {
        sweeps: vec![Sweep::of("card.sweep", context, |context| async move { sweep::sweep(&context).await })],
        ..Module::default()
    }
}
