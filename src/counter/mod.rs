//! The counter: offices, officers, their sessions, and what they do with registrations. Every act is in the audit log.

pub mod data_access;
pub mod desk;
pub mod http;
pub mod model;
pub mod service;
pub mod store;

pub use model::Role;
pub use service::{OfficerSession, Service};
