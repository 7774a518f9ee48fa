//! Endpoints of the page for employees, `/v1/teller`.

mod sessions;

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::act::Verify;
use super::model::Check;
use super::service::EmployeeChecks;
use crate::clock::Timestamp;
use crate::error::Language;
use crate::page::Page;
use crate::relying_party::Purpose;
use crate::security::Kind;
use crate::staff::http::Entrance;
use crate::staff::{Allowed, Staff};
use crate::verification::http::{VerificationAnswer, VerificationRequest, idempotency_key, reply};
use crate::verification::model::Verdict;
use crate::web::{Caller, Json, Lang, PageQuery, Problem, Query, cookie};

/// All routes of this room, for the people of `staff`.
pub fn routes(checks: EmployeeChecks, staff: Staff) -> OpenApiRouter {
    let entrance = Entrance { staff, session_cookie: cookie::EMPLOYEE, browser_cookie: cookie::EMPLOYEE_BROWSER };
    OpenApiRouter::new()
        .merge(sessions::routes().with_state(entrance.clone()))
        .merge(OpenApiRouter::new().routes(routes!(verify, own_checks)).with_state(checks))
        .layer(Extension(entrance))
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

/// Verify a scanned QR, or the code under it, as an employee
///
/// The relying party's question, recorded with the employee who put it: see `POST /v1/verifications`.
#[utoipa::path(post, path = "/v1/teller/verifications", tag = "Teller", security(("teller" = [])),
    params(("Idempotency-Key" = String, Header, description = "1 to 64 visible ASCII characters, new for every scan, the same for repetitions of one", example = "5f0c6f0e-6a52-4c6b-9a53-0f6f3f0a9b1d")),
    request_body = VerificationRequest,
    responses((status = 200, description = "The question was answered", body = VerificationAnswer),
        (status = "4XX", description = "`session_ended`, `password_required`, `idempotency_key_missing`, `purpose_not_allowed`, `invalid_field`, `idempotency_mismatch`, `too_many` wrong codes"),
        (status = 503, description = "`undetermined`: repeat with the same key; `overloaded`: nothing was done")))]
async fn verify(
    State(checks): State<EmployeeChecks>,
    employee: Allowed<Verify>,
    caller: Caller,
    Lang(language): Lang,
    headers: HeaderMap,
    Json(request): Json<VerificationRequest>,
) -> Result<Response, Problem> {
    let question = request.into_question(idempotency_key(&headers)?)?;
    let answer = checks.verify(&employee, &question).await?;
    if answer.verdict.is_forged() {
        caller.did(Kind::ForgedQr);
    }
    Ok(reply(answer, language))
}

/// A page of an employee's own checks.
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

impl PurposeReply {
    fn new(purpose: Purpose, language: Language) -> Self {
        Self { text: purpose.text(language).to_owned(), code: purpose.code }
    }
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
            purpose: PurposeReply::new(check.purpose, language),
            result: check.verdict.map_or("undetermined", Verdict::result),
            reason,
            message,
            verification_id: check.verification_id,
            disclosed: check.disclosed.names(),
        }
    }
}

/// An employee's own checks, newest first.
#[utoipa::path(get, path = "/v1/teller/verifications", tag = "Teller", security(("teller" = [])), params(PageQuery),
    responses((status = 200, description = "A page", body = ChecksReply),
        (status = "4XX", description = "`session_ended`, `password_required`, `malformed_request`")))]
async fn own_checks(
    State(checks): State<EmployeeChecks>,
    employee: Allowed<Verify>,
    Lang(language): Lang,
    Query(query): Query<PageQuery>,
) -> Result<Json<ChecksReply>, Problem> {
    let page = checks.own_checks(&employee, query.cursor.as_deref(), query.limit()).await?;
    let Page { items, next } = page.map(|check| CheckItem::new(check, language));
    Ok(Json(ChecksReply { items, next }))
}
