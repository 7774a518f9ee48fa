//! SQL of people's accounts and sessions.

pub mod account;
pub mod session;
pub mod party;
