//! The outermost layer: request ids, problem bodies, security headers, one log line a request.

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderValue, Method, StatusCode};
use uuid::Uuid;

use super::problem::{ProblemNote, render};
use super::{Caller, ClientAddress, negotiate, refusal_page};
use crate::clock::stopwatch;
use crate::config::Mode;
use crate::context::Context;
use crate::error::{Code, Refusal};
use crate::failpoint::{self, Side};
use crate::security::{By, Circumstance, Kind, Security, Who};

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

/// What a request is in a trace.
fn span_of(method: &Method, route: &str, request_id: Uuid) -> tracing::Span {
    tracing::debug_span!(
        "request",
        otel.name = format_args!("{} {route}", known(method)),
        otel.kind = "server",
        request.id = %request_id,
        http.request.method = known(method),
        http.route = route,
        http.response.status_code = tracing::field::Empty,
        error.code = tracing::field::Empty,
    )
}

/// The layer itself.
pub async fn finish((context, security): (Context, Security), mut request: Request, next: Next) -> Response {
    let watch = stopwatch();
    let request_id = context.random.uuid_v7(context.now());
    let language = negotiate::language(request.headers());
    let (method, page) = (request.method().clone(), refusal_page::is_wanted(&request));
    // The route's template, never the path: paths contain ids.
    let route =
        request.extensions().get::<MatchedPath>().map_or_else(|| String::from("-"), |path| path.as_str().to_owned());
    let (caller, client) = (Caller::default(), request.extensions().get::<ClientAddress>().map(|client| client.0));
    request.extensions_mut().insert(caller.clone());
    let span = span_of(&method, &route, request_id);
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
            // The layer against foreign pages answers like this, and nobody else.
            StatusCode::FORBIDDEN => {
                caller.did(Kind::ForeignPage);
                Some(Code::Forbidden)
            }
            _ => None,
        };
        if let Some(code) = code {
            response.extensions_mut().insert(ProblemNote { refusal: Refusal::new(code), cause: None });
        }
    }
    let note = response.extensions_mut().remove::<ProblemNote>();
    let code = note.as_ref().map(|note| note.refusal.code);
    if let Some(event) = event(&caller, code) {
        let seen_by = Circumstance { request_id: Some(request_id), route: Some(&route), code: code.map(Code::as_str) };
        security.seen(event, By { client, who: caller.who() }, &seen_by);
    }
    if let Some(note) = &note {
        let write = if page { refusal_page::render } else { render };
        write(&mut response, note, language, (request_id, context.now()));
    }
    // No HSTS in the demo: a browser that trusts its certificate would require https on `localhost` for two years.
    let service = &context.config.service;
    secure(&mut response, service.mode != Mode::Demo && service.public_url.starts_with("https://"));
    if let Ok(value) = HeaderValue::from_str(&request_id.to_string()) {
        response.headers_mut().insert(REQUEST_ID, value);
    }

    let status = response.status().as_u16();
    let duration_us = u64::try_from(watch.elapsed().as_micros()).unwrap_or(u64::MAX);
    let code = code.map_or("", Code::as_str);
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

/// What is told of a request, if anything is.
fn event(caller: &Caller, code: Option<Code>) -> Option<Kind> {
    let who = caller.who();
    let refused = || code.and_then(|code| Kind::of(code, who.is_some()));
    // Each use of a key is counted, also one whose question is refused: from where a key is used shows that it was stolen.
    let used = || matches!(who, Some(Who::Party(_))).then_some(Kind::ApiKeyUsed);
    caller.event().or_else(refused).or_else(used)
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
