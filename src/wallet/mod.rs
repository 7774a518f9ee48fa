//! The digital KTP on the phone: unlocking it, looking at it, showing it.
//!
//! The tables `credential`, `credential_holder` and `device_binding` belong here, but for `credential.last_spent`, which
//! verification raises. Other domains use [`face`] inside their own transactions.

pub mod http;
pub mod mail;
pub mod model;
pub mod ports;
pub mod service;
mod sessions;
pub mod store;

pub use service::Service;
