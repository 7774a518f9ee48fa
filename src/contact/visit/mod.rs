//! Another address at a counter, for a holder whose old one is somebody else's by now: the phone names the new one and confirms it with
//! the code that went there, an officer who has the holder before them asks, somebody else of the office grants, and it counts at once.
//! Nobody types an address for somebody else, and officers see two letters of it. Whoever reads the old address is told and can block,
//! but does not stop it. The table `contact_visit` belongs here.

mod desk;
pub mod http;
pub mod model;
mod phone;
pub(super) mod store;

pub use desk::{Desk, Seen};
pub use model::ContactVisit;
pub use phone::Phone;
pub(super) use phone::WORDS;
