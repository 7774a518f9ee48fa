//! The counter: offices, officers, their sessions, and what they do with registrations. Every act is in the audit log.

pub mod data_access;
pub mod desk;
pub mod http;
pub mod model;
pub mod service;
pub mod store;

pub use model::Role;
pub use service::{OfficerSession, Service};

use crate::jobs::Sweep;
use crate::module::Module;

/// What this domain brings to a node.
pub fn module(service: &Service) -> Module {
    Module {
        people: http::routes(service.clone()),
        sweeps: vec![Sweep::of("counter.sweep", service, |service| async move { service.sweep().await })],
        ..Module::default()
    }
}
