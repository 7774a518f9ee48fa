//! The digital KTP on the phone: unlocking it, looking at it, showing it. What is unlocked and shown belongs to
//! [`crate::holder`]; this domain has no table.

pub mod care;
pub mod changes;
pub mod http;
pub mod model;
mod reopen;
pub mod service;
mod sessions;

pub use service::Service;

use futures_util::FutureExt;

use crate::jobs::Job;
use crate::module::Module;
use crate::verification;

/// What this domain brings to a node; the history that it shows is verification's.
pub fn module(service: &Service, verifications: &verification::Service) -> Module {
    let (quiet, drained) = (service.clone(), service.clone());
    Module {
        devices: http::routes(service.clone(), verifications.clone()),
        jobs: vec![Job::forgetting("wallet.forget", move || quiet.forget_quiet())],
        drain: Some(async move { drained.drain().await }.boxed()),
        ..Module::default()
    }
}
