//! Liveness and readiness of this node, and the watch over its clock.

pub mod clock;
pub mod http;

pub use clock::ClockWatch;

use crate::context::Context;
use crate::jobs::{Job, Pace};
use crate::keyring::Keyring;
use crate::metric::Metric;
use crate::module::Module;
use crate::stop_log::StopLog;

/// Whether this node serves, for who watches it.
const METRICS: &[Metric] = &[
    Metric::gauge(
        "ikd_ready",
        "1 while this node serves, 0 while the database, a key or its clock keeps it from that.",
    ),
    Metric::gauge("ikd_clock_off_seconds", "Seconds that this node's clock is ahead, 0 while it can be trusted."),
    Metric::gauge(
        "ikd_mail_oldest_queued_seconds",
        "How long the oldest message waits that is due; the same at all nodes.",
    ),
    Metric::gauge("ikd_mail_parked", "Messages that were given up; the same at all nodes."),
];

/// What this room brings to a node.
pub fn module(context: &Context, keyring: &Keyring, clock: &ClockWatch, stop_log: &StopLog) -> Module {
    let (db, looking) = (context.db.clone(), clock.clone());
    let health = http::Health::new(context, keyring, clock, stop_log);
    let measured = health.clone();
    Module {
        open: health.routes().into(),
        metrics: METRICS,
        jobs: vec![
            Job::new("health.database", move |stop| db.watch(stop)),
            Job::every("health.clock", Pace::pausing(clock::PERIOD), move || {
                let clock = looking.clone();
                async move { clock.look().await }
            }),
            Job::every("health.measure", Pace::pausing(http::MEASURED), move || {
                let health = measured.clone();
                async move {
                    health.measure().await;
                    Ok(())
                }
            }),
        ],
        ..Module::default()
    }
}
