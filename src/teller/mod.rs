//! Tellers: employees of relying parties who verify on a web page instead of by API.
//!
//! A teller's question is the relying party's question. What is added here is who asked: written before the question is
//! put, completed with the outcome, so that an answer that never came back still stands in the teller's own list.

pub mod http;
pub mod model;
pub mod service;
pub mod store;

pub use service::Service;

use crate::jobs::Sweep;
use crate::module::Module;

/// What this domain brings to a node.
pub fn module(service: &Service) -> Module {
    Module {
        people: http::routes(service.clone()),
        sweeps: vec![Sweep::of("teller.sweep", service, |service| async move { service.sweep().await })],
        ..Module::default()
    }
}
