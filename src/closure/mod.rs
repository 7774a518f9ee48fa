//! A holder ends the own digital KTP, or withdraws the consent: it is over at once, and a day later what was kept about the holder is
//! erased, well within the 72 hours that the law on personal data gives (UU 27/2022 on ending the processing). What has to stay is
//! told before and after. Until then the holder can undo a closure on the same phone with the PIN, but not the withdrawal of a consent.

pub mod http;
mod model;
pub mod service;

pub use service::Closures;

use crate::jobs::Sweep;
use crate::module::Module;

/// What this domain brings to a node.
pub fn module(closures: &Closures) -> Module {
    Module {
        devices: http::routes(closures.clone()),
        sweeps: vec![Sweep::of("closure.erase", closures, |closures| async move { closures.erase_due().await })],
        ..Module::default()
    }
}
