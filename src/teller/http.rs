//! Teller endpoints. Sessions are `__Host-` cookies; cross-site requests are refused by the layer around these routes.

use axum::Extension;
use axum::extract::{FromRequestParts, State};
use axum::response::{IntoResponse, Response};
use http::header::SET_COOKIE;
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::model::{Check, TellerSession};
use super::service::Service;
use crate::clock::Timestamp;
use crate::error::{Code, Language};
use crate::secret::Redacted;
use crate::verification::http::{VerificationAnswer, VerificationRequest, idempotency_key, reply};
use crate::verification::model::Verdict;
use crate::web::extract::page_limit;
use crate::web::problem::ProblemDocument;
use crate::web::{ClientAddress, Json, Lang, Problem, Query, cookie};

/// All routes of this room.
pub fn routes(service: Service) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(log_in))
        .routes(routes!(current, log_out))
        .routes(routes!(resume))
        .routes(routes!(verify, checks))
        .layer(Extension(service.clone()))
        .with_state(service)
}

/// A logged-in employee, from the session cookie.
#[derive(Clone, Debug)]
pub struct TellerCaller(pub TellerSession);

impl<S: Send + Sync> FromRequestParts<S> for TellerCaller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let token = cookie::read(&parts.headers, cookie::TELLER).ok_or(Code::SessionEnded)?;
        let service = parts.extensions.get::<Service>().cloned().ok_or(Code::Internal)?;
        Ok(Self(service.session(&token).await?))
    }
}

/// Log-in of a teller.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TellerLogInBody {
    /// Log-in name.
    #[schema(example = "dewi.teller")]
    username: String,
    /// Password.
    #[schema(value_type = String, format = Password)]
    password: Redacted<String>,
    /// Six digits of the authenticator app.
    #[schema(value_type = String, example = "123456")]
    totp: Redacted<String>,
}

/// A purpose that may be given.
#[derive(Debug, Serialize, ToSchema)]
struct PurposeReply {
    /// What is sent.
    #[schema(example = "open_account")]
    code: String,
    /// What the holder reads in the history, in the language asked for.
    #[schema(example = "Membuka rekening")]
    text: String,
}

/// Who is logged in.
#[derive(Debug, Serialize, ToSchema)]
struct TellerSessionReply {
    /// The employee.
    employee_id: Uuid,
    /// Log-in name.
    username: String,
    /// Full name.
    full_name: String,
    /// The organisation as which checks are made.
    relying_party: String,
    /// What it may check for.
    purposes: Vec<PurposeReply>,
    /// When the session ends in any case.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

impl TellerSessionReply {
    fn new(session: TellerSession, language: Language) -> Self {
        let purpose = |purpose: &crate::verification::Purpose| PurposeReply {
            code: purpose.code.clone(),
            text: purpose.text(language).to_owned(),
        };
        Self {
            employee_id: session.employee_id,
            username: session.username,
            full_name: session.full_name,
            relying_party: session.party.name.clone(),
            purposes: session.party.purposes.iter().map(purpose).collect(),
            expires_at: session.expires_at,
        }
    }
}

/// Log in as an employee of a relying party. The session is a cookie; it asks for the password again after 30 idle minutes
/// and ends after 12 hours.
#[utoipa::path(post, path = "/v1/teller/sessions", tag = "Teller", request_body = TellerLogInBody,
    responses((status = 201, description = "Logged in; `Set-Cookie` carries the session", body = TellerSessionReply),
        (status = "4XX", description = "`login_failed`, `too_many`", body = ProblemDocument, content_type = "application/problem+json")))]
async fn log_in(
    State(service): State<Service>,
    ClientAddress(address): ClientAddress,
    Lang(language): Lang,
    Json(body): Json<TellerLogInBody>,
) -> Result<Response, Problem> {
    let new = service.log_in(&body.username, body.password, body.totp.expose(), address).await?;
    let cookie = cookie::set(cookie::TELLER, new.token.expose());
    let reply = TellerSessionReply::new(new.session, language);
    Ok((StatusCode::CREATED, [(SET_COOKIE, cookie)], Json(reply)).into_response())
}

/// Which teller is logged in.
#[utoipa::path(get, path = "/v1/teller/sessions/current", tag = "Teller", security(("teller" = [])),
    responses((status = 200, description = "The session", body = TellerSessionReply),
        (status = "4XX", description = "`session_ended`, `password_required`", body = ProblemDocument, content_type = "application/problem+json")))]
async fn current(TellerCaller(teller): TellerCaller, Lang(language): Lang) -> Json<TellerSessionReply> {
    Json(TellerSessionReply::new(teller, language))
}

/// Log a teller out. Repeating it changes nothing.
#[utoipa::path(delete, path = "/v1/teller/sessions/current", tag = "Teller", security(("teller" = [])),
    responses((status = 204, description = "Logged out")))]
async fn log_out(State(service): State<Service>, headers: HeaderMap) -> Result<Response, Problem> {
    if let Some(token) = cookie::read(&headers, cookie::TELLER) {
        service.log_out(&token).await?;
    }
    Ok((StatusCode::NO_CONTENT, [(SET_COOKIE, cookie::clear(cookie::TELLER))]).into_response())
}

/// The teller's password alone.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TellerResumeBody {
    /// Password.
    #[schema(value_type = String, format = Password)]
    password: Redacted<String>,
}

/// Continue a teller's session that was idle for 30 minutes, with the password alone.
#[utoipa::path(post, path = "/v1/teller/sessions/current/resume", tag = "Teller", security(("teller" = [])),
    request_body = TellerResumeBody,
    responses((status = 200, description = "Continued", body = TellerSessionReply),
        (status = "4XX", description = "`login_failed`, `session_ended`, `too_many`", body = ProblemDocument, content_type = "application/problem+json")))]
async fn resume(
    State(service): State<Service>,
    ClientAddress(address): ClientAddress,
    Lang(language): Lang,
    headers: HeaderMap,
    Json(body): Json<TellerResumeBody>,
) -> Result<Json<TellerSessionReply>, Problem> {
    let token = cookie::read(&headers, cookie::TELLER).ok_or(Code::SessionEnded)?;
    let session = service.resume(&token, body.password, address).await?;
    Ok(Json(TellerSessionReply::new(session, language)))
}

/// Verify a scanned QR, or the code under it, as a teller
///
/// The relying party's question, recorded with the employee who put it: see `POST /v1/verifications`.
#[utoipa::path(post, path = "/v1/teller/verifications", tag = "Teller", security(("teller" = [])),
    params(("Idempotency-Key" = String, Header, description = "1 to 64 visible ASCII characters, new for every scan, the same for repetitions of one", example = "5f0c6f0e-6a52-4c6b-9a53-0f6f3f0a9b1d")),
    request_body = VerificationRequest,
    responses((status = 200, description = "The question was answered", body = VerificationAnswer),
        (status = "4XX", description = "`session_ended`, `password_required`, `idempotency_key_missing`, `purpose_not_allowed`, `invalid_field`, `idempotency_mismatch`, `too_many` wrong codes", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "`undetermined`: repeat with the same key; `overloaded`: nothing was done", body = ProblemDocument, content_type = "application/problem+json")))]
async fn verify(
    State(service): State<Service>,
    TellerCaller(teller): TellerCaller,
    Lang(language): Lang,
    headers: HeaderMap,
    Json(request): Json<VerificationRequest>,
) -> Result<Response, Problem> {
    let question = request.into_question(idempotency_key(&headers)?)?;
    Ok(reply(service.verify(&teller, &question).await?, language))
}

/// Which part of the list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct ChecksQuery {
    /// `next` of the page before.
    cursor: Option<String>,
    /// 1–100; 20 when left out.
    #[serde(default, deserialize_with = "page_limit")]
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<i64>,
}

/// A page of a teller's own checks.
#[derive(Debug, Serialize, ToSchema)]
struct ChecksReply {
    /// Newest first.
    items: Vec<CheckItem>,
    /// Cursor of the next page; null on the last.
    next: Option<String>,
}

/// One check. It names nobody.
#[derive(Debug, Serialize, ToSchema)]
struct CheckItem {
    /// Id of this line.
    check_id: Uuid,
    /// When the question was put.
    #[schema(value_type = String, format = DateTime)]
    asked_at: Timestamp,
    /// What for.
    purpose: PurposeReply,
    /// `valid`, `invalid`, or `undetermined` while the answer has not come back.
    #[schema(example = "valid")]
    result: &'static str,
    /// Why it is invalid.
    reason: Option<&'static str>,
    /// The same as a sentence.
    message: Option<&'static str>,
    /// Id of the check, for `GET /v1/verifications/{id}`.
    verification_id: Option<Uuid>,
    /// Names of what was shown.
    disclosed: Vec<&'static str>,
}

impl CheckItem {
    fn new(check: Check, language: Language) -> Self {
        let (reason, message) = match check.verdict {
            Some(Verdict::Invalid(reason)) => (Some(reason.as_str()), Some(reason.message().in_language(language))),
            _ => (None, None),
        };
        Self {
            check_id: check.check_id,
            asked_at: check.asked_at,
            purpose: PurposeReply { text: check.purpose.text(language).to_owned(), code: check.purpose.code },
            result: check.verdict.map_or("undetermined", Verdict::result),
            reason,
            message,
            verification_id: check.verification_id,
            disclosed: check.disclosed.names(),
        }
    }
}

/// A teller's own checks, newest first.
#[utoipa::path(get, path = "/v1/teller/verifications", tag = "Teller", security(("teller" = [])), params(ChecksQuery),
    responses((status = 200, description = "A page", body = ChecksReply),
        (status = "4XX", description = "`session_ended`, `password_required`, `malformed_request`", body = ProblemDocument, content_type = "application/problem+json")))]
async fn checks(
    State(service): State<Service>,
    TellerCaller(teller): TellerCaller,
    Lang(language): Lang,
    Query(query): Query<ChecksQuery>,
) -> Result<Json<ChecksReply>, Problem> {
    let page = service.checks(&teller, query.cursor.as_deref(), query.limit.unwrap_or(20)).await?;
    let items = page.items.into_iter().map(|check| CheckItem::new(check, language)).collect();
    Ok(Json(ChecksReply { items, next: page.next }))
}
