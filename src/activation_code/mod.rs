//! The activation code of an approved registration: derived, never stored; its generations, tries and mails are counted.
//!
//! This domain knows a registration by its id alone. Whoever calls [`ports`] holds the registration's row, so that nothing happens
//! to the code meanwhile; only the mail worker does not, which notes that a mail was handed over: what it notes is undone with the
//! mail's own row when a newer message took that one's place.

pub mod code;
pub mod model;
pub mod ports;
pub mod store;

pub use code::ActivationCode;
pub use model::IssuedCode;
