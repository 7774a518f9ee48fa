//! What log-ins of officers and of relying parties' employees share: password hashes, time-based codes, tries, sessions.

pub mod http;
pub mod known;
pub mod model;
pub mod password;
pub mod service;
pub mod sessions;
pub mod store;
pub mod totp;

pub use model::{Life, Wait, check_username};
pub use password::Passwords;
pub use service::{Client, LogIns, LoggedIn, Realm};
