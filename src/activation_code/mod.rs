//! The activation code of an approved registration: derived, never stored; its generations, tries and mails are counted.
//!
//! This domain knows a registration by its id alone. Whoever calls [`ports`] holds the registration's row, so that nothing happens
//! to the code meanwhile.

pub mod code;
pub mod model;
pub mod ports;
pub mod store;

pub use code::ActivationCode;
pub use model::IssuedCode;
