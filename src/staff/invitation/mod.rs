//! Who joins, who gets new secrets, who leaves: asked by one person, granted by another. Whoever joins sets the own password and
//! authenticator behind a link that lives a day; nobody else ever knows them (ADR 27).

pub mod accept;
pub mod employee;
mod link;
pub mod mail;
pub mod model;
mod operator;
mod party;
pub mod service;

pub use accept::Acceptance;
pub use mail::{INVITATION, Letters};
pub use model::{Asker, Contact, Kind, Newcomer, Reach, State};
pub use operator::send_link;
pub(super) use party::take_back;
pub use party::{Manager, Renewed, check_manager, manager, renew_manager, send_to_party, stop_manager};
pub use service::Invitations;
