//! What log-ins of employees share: password hashes and time-based codes.

pub mod password;
pub mod totp;

pub use password::Passwords;
