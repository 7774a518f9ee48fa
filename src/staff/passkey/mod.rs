//! Passkeys of people of the staff: in the place of codes of an authenticator app, and required of roles that the configuration names
//! (ADR 30). What is asked of browsers, and how answers are judged, is [`login::passkey`](crate::login::passkey)'s.

pub mod factor;
pub mod model;
pub mod own;

pub use factor::Question;
pub use model::Answer;
pub use own::OwnPasskeys;
