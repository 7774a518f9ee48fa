//! What log-ins of officers and of relying parties' employees share: password hashes, time-based codes, tries, sessions.

pub mod model;
pub mod password;
pub mod service;
pub mod store;
pub mod totp;

pub use model::{Life, check_username};
pub use password::Passwords;
pub use service::{Account, LogIns, Realm};
