//! Logs and traces. Fields are dotted names; personal data, codes, tokens and keys never become fields (their types print nothing).

pub mod traces;

use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Registry, fmt};

pub use self::traces::Traces;
use crate::config::{self, Log, LogFormat};

/// Sends logs to standard error in the configured shape. A second call changes nothing (tests).
pub fn init(settings: &Log) {
    let builder = fmt().with_env_filter(filter(settings)).with_writer(std::io::stderr);
    let _ = match settings.format {
        LogFormat::Json => builder.json().flatten_event(true).with_current_span(false).try_init(),
        LogFormat::Text => builder.with_target(false).try_init(),
    };
}

/// As [`init`], and sends spans to the collector that the configuration names, for as long as what it gives lives. Called in a runtime.
pub fn init_with_traces(settings: &Log, traces: &config::Traces) -> Option<Traces> {
    let Some(begun) = Traces::begin(traces) else {
        init(settings);
        return None;
    };
    // Spans alone, and our own: events are logs, and what libraries call a span may hold what was sent.
    let ours = filter_fn(|metadata| metadata.is_span() && metadata.target().starts_with("ikd"));
    let spans = tracing_opentelemetry::layer()
        .with_tracer(begun.tracer())
        .with_location(false)
        .with_threads(false)
        .with_tracked_inactivity(false)
        .with_filter(ours);
    let lines = fmt::layer().with_writer(std::io::stderr);
    let lines: Box<dyn Layer<_> + Send + Sync> = match settings.format {
        LogFormat::Json => Box::new(lines.json().flatten_event(true).with_current_span(false)),
        LogFormat::Text => Box::new(lines.with_target(false)),
    };
    let _ = Registry::default().with(spans).with(lines.with_filter(filter(settings))).try_init();
    Some(begun)
}

fn filter(settings: &Log) -> EnvFilter {
    let filter = EnvFilter::try_new(&settings.level).unwrap_or_else(|_| EnvFilter::new("info"));
    // PostgreSQL tells at every start that the table of migrations is there already.
    let filter = match "sqlx::postgres::notice=warn".parse() {
        Ok(directive) if !settings.level.contains("sqlx") => filter.add_directive(directive),
        _ => filter,
    };
    // Security events are told whatever else is: a node that logs warnings alone still says who was refused.
    match "ikd::security=info".parse() {
        Ok(directive) if !settings.level.contains("ikd::security") => filter.add_directive(directive),
        _ => filter,
    }
}
