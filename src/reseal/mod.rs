//! Sealing rows anew with the root secret that seals now, and retiring an old one (docs/adr/0042-retiring-a-root-secret.md). The table
//! `reseal_progress` belongs here; which columns are sealed each domain says itself (`SEALED_COLUMNS`).

pub mod columns;
pub mod model;
pub mod retire;
pub mod service;
mod store;

pub use model::Status;
pub use service::Reseal;

use std::time::Duration;

use crate::jobs::{Job, Pace};
use crate::metric::Metric;
use crate::module::Module;

/// Between two looks whether there is something to do.
const PERIOD: Duration = Duration::from_secs(2);

const METRICS: &[Metric] = &[
    Metric::counter(
        "ikd_reseal_rows_total",
        "Rows that were looked at to seal them anew, by outcome (done, changed, unopened, current).",
    ),
    Metric::gauge("ikd_reseal_columns_left", "Columns that are not sealed whole with the root secret that seals now."),
];

/// What this domain brings to a node. `in_time` says whether the clock can be trusted.
pub fn module(reseal: &Reseal, in_time: impl Fn() -> bool + Send + Sync + 'static) -> Module {
    let reseal = reseal.clone();
    // A stop cuts it off: each batch stands for itself.
    let job = Job::every("reseal.round", Pace::pausing(PERIOD).cut_off(), move || {
        let (reseal, goes) = (reseal.clone(), in_time());
        async move { if goes { reseal.round().await } else { Ok(()) } }
    });
    Module { jobs: vec![job], metrics: METRICS, ..Module::default() }
}
