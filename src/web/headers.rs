//! The outermost layer: request ids, problem bodies, security headers, one log line a request.

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderValue, Method, StatusCode};

use super::problem::{ProblemNote, render};
use super::{negotiate, refusal_page};
use crate::clock::stopwatch;
use crate::config::Mode;
use crate::context::Context;
use crate::error::{Code, Refusal};
use crate::failpoint::{self, Side};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
pub(super) const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");

const PERMISSIONS: &str = "camera=(self), geolocation=(self), microphone=(), payment=(), publickey-credentials-create=(), \
    publickey-credentials-get=(), usb=()";
/// The same on pages where people of the staff log in: with passkeys.
pub(super) const PERMISSIONS_OF_STAFF: &str = "camera=(self), geolocation=(self), microphone=(), payment=(), \
    publickey-credentials-create=(self), publickey-credentials-get=(self), usb=()";

/// CSP of API answers: nothing is allowed.
const API_POLICY: &str = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// Marks the answer to a request that timed out, so that the listener does not read the rest of its body.
#[derive(Clone, Copy, Debug)]
pub struct GivenUp;

/// Whether a route checks QRs. When such a request times out, it is unknown whether the check was recorded, and a 408
/// would claim that it was not.
fn is_check(method: &Method, route: &str) -> bool {
    method == Method::POST
        && matches!(route, "/v1/verifications" | "/v1/teller/verifications" | "/sandbox/v1/verifications")
}

/// A method as traces name it: what is no method of HTTP is text from outside (OpenTelemetry's semantic conventions have `_OTHER` for it).
fn known(method: &Method) -> &str {
    match *method {
        Method::GET | Method::HEAD | Method::POST | Method::PUT | Method::PATCH | Method::DELETE | Method::OPTIONS => {
            method.as_str()
        }
        _ => "_OTHER",
    }
}

/// The layer itself.
pub async fn finish(context: Context, request: Request, next: Next) -> Response {
    let watch = stopwatch();
    let request_id = context.random.uuid_v7(context.now());
    let language = negotiate::language(request.headers());
    let (method, page) = (request.method().clone(), refusal_page::is_wanted(&request));
    // The route's template, never the path: paths contain ids.
    let route =
        request.extensions().get::<MatchedPath>().map_or_else(|| String::from("-"), |path| path.as_str().to_owned());
    let span = tracing::debug_span!(
        "request",
        otel.name = format_args!("{} {route}", known(&method)),
        otel.kind = "server",
        request.id = %request_id,
        http.request.method = known(&method),
        http.route = route,
        http.response.status_code = tracing::field::Empty,
        error.code = tracing::field::Empty,
    );
    let mut response = tracing::Instrument::instrument(next.run(request), span.clone()).await;
    if !method.is_safe() {
        failpoint::pass("http.answer", Side::Before);
    }

    // A bare error status from a layer of the framework gets a problem document too.
    if response.extensions().get::<ProblemNote>().is_none() {
        if response.status() == StatusCode::REQUEST_TIMEOUT {
            response.extensions_mut().insert(GivenUp);
        }
        let code = match response.status() {
            StatusCode::REQUEST_TIMEOUT if is_check(&method, &route) => {
                *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
                Some(Code::Undetermined)
            }
            StatusCode::REQUEST_TIMEOUT => Some(Code::RequestTimeout),
            StatusCode::PAYLOAD_TOO_LARGE => Some(Code::TooLarge),
            StatusCode::METHOD_NOT_ALLOWED => Some(Code::MethodNotAllowed),
            StatusCode::FORBIDDEN => Some(Code::Forbidden),
            _ => None,
        };
        if let Some(code) = code {
            response.extensions_mut().insert(ProblemNote { refusal: Refusal::new(code), cause: None });
        }
    }
    let note = response.extensions_mut().remove::<ProblemNote>();
    if let Some(note) = &note {
        let write = if page { refusal_page::render } else { render };
        write(&mut response, note, language, request_id);
    }
    // No HSTS in the demo: a browser that trusts its certificate would require https on `localhost` for two years.
    let service = &context.config.service;
    secure(&mut response, service.mode != Mode::Demo && service.public_url.starts_with("https://"));
    if let Ok(value) = HeaderValue::from_str(&request_id.to_string()) {
        response.headers_mut().insert(REQUEST_ID, value);
    }

    let status = response.status().as_u16();
    let duration_us = u64::try_from(watch.elapsed().as_micros()).unwrap_or(u64::MAX);
    let code = note.as_ref().map_or("", |note| note.refusal.code.as_str());
    span.record("http.response.status_code", status);
    if note.is_some() {
        span.record("error.code", code);
    }
    metrics::counter!("ikd_http_requests_total", "route" => route.clone(), "status" => status.to_string()).increment(1);
    metrics::histogram!("ikd_http_request_seconds", "route" => route.clone()).record(watch.elapsed().as_secs_f64());
    if let Some(cause) = note.as_ref().and_then(|note| note.cause.as_deref()) {
        tracing::error!(request.id = %request_id, http.method = %method, http.route = route, http.status = status, error.code = code, error.cause = cause, "request failed");
    } else {
        tracing::debug!(request.id = %request_id, http.method = %method, http.route = route, http.status = status, error.code = code, duration.us = duration_us, "request");
    }
    response
}

fn secure(response: &mut Response, https: bool) {
    let headers = response.headers_mut();
    let mut default = |name: HeaderName, value: &'static str| {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    };
    default(CONTENT_SECURITY_POLICY, API_POLICY);
    default(X_CONTENT_TYPE_OPTIONS, "nosniff");
    default(X_FRAME_OPTIONS, "DENY");
    default(REFERRER_POLICY, "no-referrer");
    default(CACHE_CONTROL, "no-store");
    default(RESOURCE_POLICY, "same-origin");
    default(OPENER_POLICY, "same-origin");
    default(PERMISSIONS_POLICY, PERMISSIONS);
    if https {
        default(STRICT_TRANSPORT_SECURITY, "max-age=63072000; includeSubDomains");
    }
}
