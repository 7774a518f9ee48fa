//! What log-ins are made of: passwords, time-based codes, passkeys, tries that are counted, browsers that are known. Whose they are is
//! `staff`'s.

pub mod known_browser;
pub mod leaked;
pub mod model;
pub mod passkey;
pub mod password;
pub mod store;
pub mod strength;
pub mod totp;
pub mod tries;
mod webauthn;

pub use model::Wait;
pub use password::Passwords;
