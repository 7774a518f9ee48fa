//! The digital KTP on the phone: unlocking it, looking at it, showing it. What is unlocked and shown belongs to
//! [`crate::holder`]; this domain has no table.

pub mod http;
pub mod model;
pub mod service;
mod sessions;

pub use service::Service;
