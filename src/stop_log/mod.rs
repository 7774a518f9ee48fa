//! The stop log: what was stopped, and what was started again, written down outside the database, line by line, so that a copy of the
//! database that is restored revives nothing (ADR 34, docs/backup.md). The tables `stop_note` and `stop_file` belong here.
//!
//! Whoever stops something notes it in the transaction that does it ([`ports::note`]). Once that is committed, and before its caller is
//! answered, the process copies what is noted into a file of its own; a job copies what was left behind.

pub mod files;
pub mod model;
pub mod ports;
pub mod service;
mod store;

pub use model::{Entry, Kind};
pub use service::StopLog;

use crate::jobs::{Job, Pace};
use crate::metric::Metric;
use crate::module::Module;

/// What is measured here.
const METRICS: &[Metric] = &[Metric::gauge(
    "ikd_stop_log_behind_seconds",
    "How long the oldest stop waits for a line in the stop log; the same at all nodes.",
)];

/// What this room brings to a node.
pub fn module(log: &StopLog) -> Module {
    let copying = log.clone();
    Module {
        metrics: METRICS,
        jobs: vec![Job::every("stop_log.copy", Pace::pausing(service::PERIOD), move || {
            let log = copying.clone();
            async move { log.round().await }
        })],
        ..Module::default()
    }
}
