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

/// What this domain brings to a node. The messages to those who only register are written by `registration`, which knows their address.
pub fn module(cards: &Cards) -> Module {
    Module {
        devices: http::routes(cards.clone()),
        open: http::open_routes(),
        sweeps: vec![Sweep::of("correction.sweep", cards, |cards| async move { cards.sweep().await })],
        ..Module::default()
    }
}
