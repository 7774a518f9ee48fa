//! Relying parties: organisations that verify digital KTPs, what they are entitled to, what they verify for, and the API keys by
//! which they are recognised.

mod authentication;
pub mod http;
pub mod model;
pub mod ports;
pub mod service;
pub mod store;

pub use authentication::Authentication;
pub use model::{ApiKey, Party, Purpose};
pub use service::RelyingParties;
