//! Logs. Fields are dotted names; personal data, codes, tokens and keys never become fields (their types print nothing).

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;

use crate::config::{Log, LogFormat};

/// Sends logs to standard error in the configured shape. A second call changes nothing (tests).
pub fn init(settings: &Log) {
    let filter = EnvFilter::try_new(&settings.level).unwrap_or_else(|_| EnvFilter::new("info"));
    // PostgreSQL tells at every start that the table of migrations is there already.
    let filter = match "sqlx::postgres::notice=warn".parse() {
        Ok(directive) if !settings.level.contains("sqlx") => filter.add_directive(directive),
        _ => filter,
    };
    // Security events are told whatever else is: a node that logs warnings alone still says who was refused.
    let filter = match "ikd::security=info".parse() {
        Ok(directive) if !settings.level.contains("ikd::security") => filter.add_directive(directive),
        _ => filter,
    };
    let builder = fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let _ = match settings.format {
        LogFormat::Json => builder.json().flatten_event(true).with_current_span(false).try_init(),
        LogFormat::Text => builder.with_target(false).try_init(),
    };
}
