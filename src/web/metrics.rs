//! `/metrics` for Prometheus, on a listener of its own.

use std::sync::OnceLock;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use crate::metric::Metric;

// The `metrics` crate has one recorder per process; this is its handle.
static HANDLE: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

const BUCKETS: [f64; 11] = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1.0, 5.0];

/// Interval at which samples are sorted into buckets. Until then each sample is kept, so without this the memory of a
/// process that nobody scrapes would grow with every request.
const UPKEEP: Duration = Duration::from_secs(5);

/// What the web is measured by.
pub const METRICS: &[Metric] = &[
    Metric::counter("ikd_http_requests_total", "Answered requests, by route and status."),
    Metric::histogram("ikd_http_request_seconds", "Time until the head of an answer, by route."),
    Metric::counter("ikd_connections_refused_total", "Connections for which there was no place."),
    Metric::counter("ikd_connections_evicted_total", "Connections that made place for others."),
];

/// The route. The first call installs the recorder and tells it what `explained` mean.
pub fn router(explained: impl IntoIterator<Item = Metric>) -> Router {
    let handle = HANDLE.get_or_init(|| {
        let seconds = Matcher::Suffix(String::from("_seconds"));
        PrometheusBuilder::new()
            .set_buckets_for_metric(seconds, &BUCKETS)
            .and_then(PrometheusBuilder::install_recorder)
            .ok()
    });
    explained.into_iter().for_each(Metric::describe);
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
