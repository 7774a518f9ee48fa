//! The verifier endpoint and its receipts.
//!
//! A check is answered with valid or invalid and a reason, and recorded in the same transaction that spends the token.
//! Concurrent checks read and commit together (`pipeline`: `prepare`, `draft`, `commit`, `batch`); each is answered after its own commit. What a batch does
//! not decide is decided `alone`; a `refusal` is recorded in bounded numbers; a repeated question gets its `earlier` answer.
//! What checks state is `signed` once for all of a commit; a receipt's `proof` is made from that when it is read.
//! A code of ten digits leads to the token it stands for (`code`). What could not be determined is a 503 and never recorded: the
//! caller repeats it with the same key and learns it.

mod alone;
mod batch;
pub mod code;
mod commit;
mod draft;
mod earlier;
pub mod http;
pub mod model;
mod pipeline;
pub mod ports;
mod prepare;
pub mod proof;
pub mod quota;
pub mod receipt;
mod refusal;
pub mod service;
pub mod signed;
pub mod store;

pub use model::{Answer, HistoryItem};
pub use service::Service;

use futures_util::FutureExt;

use crate::jobs::Sweep;
use crate::metric::Metric;
use crate::module::Module;
use crate::relying_party::Authentication;

const METRICS: &[Metric] = &[
    Metric::counter("ikd_verifications_total", "Answered questions, by result and reason."),
    Metric::counter("ikd_refusals_beyond_quota_total", "Refusals that left nothing, because their party had too many."),
    Metric::histogram("ikd_verification_commit_seconds", "Time that a batch of checks took to become durable."),
    Metric::histogram("ikd_verification_batch_size", "Checks in such a batch."),
];

/// What this domain brings to a node; `authentication` recognises its callers.
pub fn module(service: &Service, authentication: &Authentication) -> Module {
    let drained = service.clone();
    Module {
        open: http::routes(service.clone(), authentication.clone()),
        sweeps: vec![Sweep::of("verification.sweep", service, |service| async move { service.sweep().await })],
        metrics: METRICS,
        drain: Some(async move { drained.drain().await }.boxed()),
        ..Module::default()
    }
}
