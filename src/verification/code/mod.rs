//! Presentation codes: ten digits for cameras that fail. Each stands for one presentation while that is valid.
//!
//! The holder's phone shows a code on request; the employee types it, and it is redeemed for the token of the QR that
//! the phone shows. From there on the token is checked as if it had been scanned. Wrong codes are counted.

pub mod model;
pub mod service;
pub mod store;

pub use model::{Guesser, PresentationCode};
pub use service::Codes;
