//! Codes of ten digits for cameras that fail: each stands for one presentation while that lives.
//!
//! The holder's phone shows one on request; whoever checks types it, and it is redeemed to the token of the very QR that
//! the phone shows. From there on it is checked as if it had been scanned. Wrong codes are counted.

pub mod model;
pub mod service;
pub mod store;

pub use model::{Guesser, PresentationCode};
pub use service::Codes;
