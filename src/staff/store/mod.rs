//! SQL of people's accounts and sessions.

pub mod account;
pub mod invitation;
pub mod party;
pub mod passkey;
pub mod session;
