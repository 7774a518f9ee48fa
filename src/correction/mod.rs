//! What a resident says and the register does not (*kasus ketidaksesuaian data*): a case with a kind, who has to do what, and a date. It
//! closes by itself when the register agrees, in the transaction in which the register says so. The table `correction` belongs here.

pub mod cards;
pub mod desk;
pub mod http;
pub mod model;
pub mod news;
pub mod ports;
pub mod store;
mod view;

pub use cards::Cards;
pub use desk::Desk;
pub use view::View;

use crate::jobs::Sweep;
use crate::module::Module;
use crate::sealed_column;
use crate::vault::Column;

/// What is sealed in the tables of this domain.
pub const SEALED_COLUMNS: &[Column] = &[
    sealed_column!("correction", "matter_sealed", "correction_id", view::TABLE),
    sealed_column!("correction", "words_sealed", "correction_id", view::WORDS),
];

/// What this domain brings to a node. The messages to those who only register are written by `registration`, which knows their address.
pub fn module(cards: &Cards) -> Module {
    Module {
        devices: http::routes(cards.clone()),
        open: http::open_routes(),
        sweeps: vec![Sweep::of("correction.sweep", cards, |cards| async move { cards.sweep().await })],
        ..Module::default()
    }
}
