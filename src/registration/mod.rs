//! Flow A from the first screen to the officer's decision.
//!
//! `service` is what the resident's device does, `check` compares with the population register as a background job,
//! `decision` is what the counter does with a registration, `release` what two people do about an older one, `sweep` ends what is over.

pub mod check;
pub mod decision;
pub mod http;
mod initials;
pub mod model;
pub mod release;
pub mod selfie;
pub mod service;
pub mod store;
pub mod sweep;
pub mod terms;

pub use model::State;
pub use service::{Contact, Service, contact};
