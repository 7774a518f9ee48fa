//! A log that outsiders can check: a Merkle tree (RFC 6962) over the audit log, the events of digital KTPs and the batches of checks, signed at an interval
//! (docs/adr/0035-a-log-that-outsiders-check.md). Whoever kept a checkpoint elsewhere sees that something was changed, deleted, moved,
//! emptied or set back. The tables `log_head`, `log_tile`, `log_run`, `log_chain`, `log_checkpoint` and `log_cosignature` belong here.
//!
//! Nothing is written in the transactions of acts: a job takes what was committed.

pub mod http;
pub mod model;
pub mod note;
pub mod outside;
pub mod proof;
pub mod service;
mod store;
pub mod tree;
pub mod verify;

use std::time::Duration;

pub use model::{LogFault, LogReport};
pub use outside::Outside;
pub use service::Log;

use crate::context::Context;
use crate::jobs::{Job, Pace, Sweep};
use crate::metric::Metric;
use crate::module::Module;

/// What is measured here.
const METRICS: &[Metric] = &[
    Metric::gauge(
        "ikd_log_complete_until_timestamp",
        "Until when (Unix seconds) all that happened is in the log and signed, as this node saw it.",
    ),
    Metric::gauge(
        "ikd_log_witnessed_timestamp",
        "When (Unix seconds) a witness signed last, by witness; 0 for never. The same at all nodes.",
    ),
    Metric::gauge(
        "ikd_audit_export_until_timestamp",
        "Until when (Unix seconds) what was signed of the log stands in the files of this node, where it writes any.",
    ),
];

/// What this domain brings to a node. While `in_time` says that the clock is off nothing is signed.
pub fn module(context: &Context, log: &Log, in_time: impl Fn() -> bool + Send + Sync + 'static) -> Module {
    let (taking, outside) = (log.clone(), Outside::new(context));
    let pause = Duration::from_secs(context.config.tlog.interval_seconds.max(1));
    Module {
        open: http::routes(log.clone()),
        jobs: vec![
            Job::every("tlog.round", Pace::pausing(pause).cut_off(), move || {
                let (log, in_time) = (taking.clone(), in_time());
                async move { if in_time { log.round().await } else { Ok(()) } }
            }),
            Job::every("tlog.export", Pace::pausing(pause).cut_off(), move || {
                let outside = outside.clone();
                async move { outside.round().await }
            }),
        ],
        sweeps: vec![Sweep::of("tlog.sweep", log, |log| async move { log.sweep().await })],
        metrics: METRICS,
        ..Module::default()
    }
}
