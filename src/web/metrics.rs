//! `/metrics` for Prometheus, on a listener of its own.

use std::sync::OnceLock;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

// The `metrics` crate has one recorder per process; this is its handle.
static HANDLE: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

const BUCKETS: [f64; 11] = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1.0, 5.0];

/// Interval at which samples are sorted into buckets. Until then each sample is kept, so without this the memory of a
/// process that nobody scrapes would grow with every request.
const UPKEEP: Duration = Duration::from_secs(5);

/// The route. The first call installs the recorder.
pub fn router() -> Router {
    let handle = HANDLE.get_or_init(|| {
        let seconds = Matcher::Suffix(String::from("_seconds"));
        PrometheusBuilder::new()
            .set_buckets_for_metric(seconds, &BUCKETS)
            .and_then(PrometheusBuilder::install_recorder)
            .ok()
    });
    if let Some(handle) = handle {
        tokio::spawn(async {
            loop {
                tokio::time::sleep(UPKEEP).await;
                handle.run_upkeep();
            }
        });
    }
    Router::new().route("/metrics", get(async || handle.as_ref().map(PrometheusHandle::render).unwrap_or_default()))
}
