//! `/health/live` and `/health/ready`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::StatusCode;
use serde::Serialize;
use tokio::sync::Mutex;

use super::ClockWatch;
use crate::clock::stopwatch;
use crate::context::Context;
use crate::credential::KeyPurpose;
use crate::error::{Code, Refusal};
use crate::keyring::Keyring;
use crate::mail::outbox;
use crate::stop_log::StopLog;
use crate::web::Problem;

/// Age of the oldest queued mail, in seconds, from which on readiness reports mail as late.
const MAIL_LATE_SECONDS: i64 = 600;

/// The parts that readiness examines.
#[derive(Clone)]
pub struct Health {
    context: Context,
    keyring: Keyring,
    clock: ClockWatch,
    stop_log: StopLog,
    last: Arc<Mutex<Option<(Instant, Ready)>>>,
}

/// How long an answer is repeated: anybody may ask, and each look costs the database a query.
const REMEMBERED: Duration = Duration::from_secs(1);

/// Interval at which the same is told to whoever collects metrics.
pub(super) const MEASURED: Duration = Duration::from_secs(10);

#[derive(Clone, Debug, Serialize)]
struct Ready {
    status: &'static str,
    database: &'static str,
    keys: &'static str,
    rotation: &'static str,
    clock: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    clock_off_seconds: Option<i64>,
    mail: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    mail_oldest_queued_seconds: Option<i64>,
    mail_parked: i64,
    stop_log: &'static str,
}

impl Health {
    /// Examines these parts of a node.
    pub fn new(context: &Context, keyring: &Keyring, clock: &ClockWatch, stop_log: &StopLog) -> Self {
        let (context, stop_log) = (context.clone(), stop_log.clone());
        Self { context, keyring: keyring.clone(), clock: clock.clone(), stop_log, last: Arc::default() }
    }

    /// The routes.
    pub fn routes(self) -> Router {
        Router::new()
            .route("/health/live", get(async || Json(serde_json::json!({"status": "ok"}))))
            .route("/health/ready", get(ready))
            .with_state(self)
    }
}

async fn ready(State(health): State<Health>) -> Response {
    let body = health.known().await;
    let status = if body.status == "ok" { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(body)).into_response()
}

impl Health {
    /// What was found within the last second.
    async fn known(&self) -> Ready {
        // The lock is held while looking, so callers that come meanwhile get the same answer.
        let mut last = self.last.lock().await;
        if let Some((_, body)) = last.as_ref().filter(|(since, _)| since.elapsed() < REMEMBERED) {
            return body.clone();
        }
        let body = self.look().await;
        *last = Some((stopwatch(), body.clone()));
        body
    }

    /// Tells whoever collects metrics what `/health/ready` says.
    pub(super) async fn measure(&self) {
        let Ready { status, clock_off_seconds, mail_oldest_queued_seconds, mail_parked, .. } = self.known().await;
        metrics::gauge!("ikd_ready").set(if status == "ok" { 1.0 } else { 0.0 });
        metrics::gauge!("ikd_clock_off_seconds").set(clock_off_seconds.unwrap_or(0) as f64);
        metrics::gauge!("ikd_mail_oldest_queued_seconds").set(mail_oldest_queued_seconds.unwrap_or(0) as f64);
        metrics::gauge!("ikd_mail_parked").set(mail_parked as f64);
    }

    /// 200 when this node can serve; 503 when the database accepts no writes, a key is missing, or the clock is off.
    /// Late mail and a key that cannot take over are reported, but leave the node in service: all nodes share one
    /// outbox, and the active key goes on signing.
    async fn look(&self) -> Ready {
        let stats = tokio::time::timeout(Duration::from_secs(2), async {
            self.context.db.writable().await?;
            let mut tx = self.context.db.read().await?;
            outbox::stats(&mut tx, self.context.now()).await
        })
        .await;
        let stats = stats.ok().and_then(Result::ok);
        let keys = [KeyPurpose::Token, KeyPurpose::Receipt].iter().all(|purpose| self.keyring.signer(*purpose).is_ok())
            && !self.keyring.lacks_root();
        let late =
            stats.as_ref().and_then(|stats| stats.oldest_queued_seconds).is_some_and(|age| age > MAIL_LATE_SECONDS);
        let off_by = self.clock.off_by();
        let ok = stats.is_some() && keys && off_by.is_none();
        Ready {
            status: if ok { "ok" } else { "unavailable" },
            database: if stats.is_some() { "ok" } else { "unavailable" },
            keys: if keys { "ok" } else { "missing" },
            rotation: if self.keyring.rotation_is_blocked() { "blocked" } else { "ok" },
            clock: if off_by.is_none() { "ok" } else { "off" },
            clock_off_seconds: off_by,
            mail: match &stats {
                None => "unknown",
                Some(stats) if late || stats.parked > 0 => "late",
                Some(_) => "ok",
            },
            mail_oldest_queued_seconds: stats.as_ref().and_then(|stats| stats.oldest_queued_seconds),
            mail_parked: stats.as_ref().map_or(0, |stats| stats.parked),
            stop_log: if stats.is_some() { self.stop_log.state().await.0 } else { "unknown" },
        }
    }
}

/// The layer: while the clock is off, every request to the API gets a 503, so that a load balancer sends it to another
/// node.
pub async fn demand_clock(State(clock): State<ClockWatch>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    if (path.starts_with("/v1/") || path.starts_with("/sandbox/")) && clock.off_by().is_some() {
        return Problem::from(Refusal::new(Code::Unavailable).retry_after(5)).into_response();
    }
    next.run(request).await
}
