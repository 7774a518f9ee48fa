//! Endpoints of the page on which administrators of a relying party try the sandbox out, and make the keys to it.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::{TestPresentationReply, TestPresentationRequest};
use crate::attribute::Attribute;
use crate::clock::Timestamp;
use crate::config::ApiKeys;
use crate::error::Language;
use crate::partner::act::{MakeTestKey, ReadParty, RegisterTestKey, RevokeTestKey, ShowTestQr};
use crate::partner::http::{KeysReply, MakeKeyBody, NewKeyReply, RegisterKeyBody, RegisteredKeyReply, last_day};
use crate::sandbox::CheckRow;
use crate::sandbox::Sandbox;
use crate::staff::http::Entrance;
use crate::staff::{Allowed, Staff};
use crate::verification::model::Verdict;
use crate::web::{Json, Lang, Path, Problem, cookie};

/// The routes, for the people of `staff`.
pub fn routes(sandbox: Sandbox, staff: Staff) -> OpenApiRouter {
    let entrance = Entrance { staff, session_cookie: cookie::EMPLOYEE, browser_cookie: cookie::EMPLOYEE_BROWSER };
    OpenApiRouter::new()
        .routes(routes!(test_keys, make_test_key))
        .routes(routes!(register_test_key))
        .routes(routes!(revoke_test_key))
        .routes(routes!(show_test_qr))
        .routes(routes!(test_checks))
        .with_state(Arc::new(sandbox))
        .layer(Extension(entrance))
}

/// The organisation's keys to the sandbox, oldest first. They are listed until a month after their end.
#[utoipa::path(get, path = "/v1/partner/test-keys", tag = "Partner", security(("teller" = [])),
    responses((status = 200, description = "The keys", body = KeysReply),
        (status = "4XX", description = "`session_ended`, `password_required`, `forbidden`")))]
async fn test_keys(State(sandbox): State<Arc<Sandbox>>, who: Allowed<ReadParty>) -> Result<Json<KeysReply>, Problem> {
    let (keys, now) = (sandbox.test_keys().list(&who).await?, sandbox.test_keys().now());
    // They open invented people alone: none of them ever has to go.
    Ok(Json(KeysReply::new(keys, ApiKeys::Taken, now)))
}

/// Make a key to the sandbox, `ikd_rt_…`. It is shown this once, and opens nothing but `/sandbox`. Two may live at once. A repetition makes
/// another: revoke the one that was lost.
#[utoipa::path(post, path = "/v1/partner/test-keys", tag = "Partner", security(("teller" = [])), request_body = MakeKeyBody,
    responses((status = 201, description = "The key", body = NewKeyReply),
        (status = "4XX", description = "`session_ended`, `password_required`, `forbidden`, `invalid_field`, `wrong_state` where two live")))]
async fn make_test_key(
    State(sandbox): State<Arc<Sandbox>>,
    who: Allowed<MakeTestKey>,
    Json(body): Json<MakeKeyBody>,
) -> Result<(StatusCode, Json<NewKeyReply>), Problem> {
    let (key, ends_at) = sandbox.test_keys().make(&who, &body.label, body.last_day).await?;
    let reply = NewKeyReply { key_id: key.0.key_id, api_key: key.expose(), last_day: last_day(ends_at) };
    Ok((StatusCode::CREATED, Json(reply)))
}

/// Register a public key for the sandbox, with which software under test asks for access tokens at `POST /sandbox/v1/oauth/token`. Two public
/// keys may live at once. Take another pair than for real checks.
#[utoipa::path(post, path = "/v1/partner/test-public-keys", tag = "Partner", security(("teller" = [])), request_body = RegisterKeyBody,
    responses((status = 201, description = "The key, and what assertions say", body = RegisteredKeyReply),
        (status = "4XX", description = "`session_ended`, `password_required`, `forbidden`, `invalid_field`, `wrong_state` where two live")))]
async fn register_test_key(
    State(sandbox): State<Arc<Sandbox>>,
    who: Allowed<RegisterTestKey>,
    Json(body): Json<RegisterKeyBody>,
) -> Result<(StatusCode, Json<RegisteredKeyReply>), Problem> {
    let keys = sandbox.test_keys();
    let (key, ends_at) = keys.register(&who, &body.jwk, &body.label, body.last_day).await?;
    let reply = RegisteredKeyReply::new(&key, who.agent.party.relying_party_id, keys.issuer(), ends_at);
    Ok((StatusCode::CREATED, Json(reply)))
}

/// Revoke a key to the sandbox: the next request with it is refused. Repeating it changes nothing.
#[utoipa::path(delete, path = "/v1/partner/test-keys/{id}", tag = "Partner", security(("teller" = [])),
    params(("id" = Uuid, Path, description = "The key")),
    responses((status = 204, description = "It opens nothing any more"),
        (status = "4XX", description = "`session_ended`, `password_required`, `forbidden`, `not_found`")))]
async fn revoke_test_key(
    State(sandbox): State<Arc<Sandbox>>,
    who: Allowed<RevokeTestKey>,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Problem> {
    sandbox.test_keys().revoke(&who, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Make a QR of an invented person, to hold a scanner in front of. It counts with those that test keys make.
#[utoipa::path(post, path = "/v1/partner/test-presentations", tag = "Partner", security(("teller" = [])),
    request_body = TestPresentationRequest,
    responses((status = 200, description = "The QR", body = TestPresentationReply),
        (status = "4XX", description = "`session_ended`, `password_required`, `forbidden`, `invalid_field`, `too_many`")))]
async fn show_test_qr(
    State(sandbox): State<Arc<Sandbox>>,
    who: Allowed<ShowTestQr>,
    Json(body): Json<TestPresentationRequest>,
) -> Result<Json<TestPresentationReply>, Problem> {
    Ok(Json(body.present(&sandbox, &who.agent.party).await?))
}

/// The last checks in the sandbox.
#[derive(Debug, Serialize, ToSchema)]
struct TestChecksReply {
    /// Twenty at most, newest first.
    items: Vec<TestCheckItem>,
}

/// A check in the sandbox.
#[derive(Debug, Serialize, ToSchema)]
struct TestCheckItem {
    /// Its id.
    verification_id: Uuid,
    /// When it was answered.
    #[schema(value_type = String, format = DateTime)]
    verified_at: Timestamp,
    /// Whose QR it was; null for what was none of the sandbox.
    #[schema(example = "siti")]
    person: Option<String>,
    /// The purpose asked for.
    #[schema(example = "open_account")]
    purpose: String,
    /// `valid` or `invalid`.
    #[schema(example = "valid")]
    result: &'static str,
    /// Why it is invalid; null when valid.
    #[schema(example = json!(null))]
    reason: Option<&'static str>,
    /// The same as a sentence; null when valid.
    text: Option<&'static str>,
    /// What was shown.
    #[schema(value_type = Vec<Attribute>, example = json!(["full_name", "portrait"]))]
    disclosed: Vec<&'static str>,
}

impl TestCheckItem {
    fn new(row: CheckRow, language: Language) -> Self {
        let reason = match row.verdict {
            Verdict::Valid => None,
            Verdict::Invalid(reason) => Some(reason),
        };
        Self {
            verification_id: row.verification_id,
            verified_at: row.verified_at,
            person: row.person,
            purpose: row.purpose,
            result: row.verdict.result(),
            reason: reason.map(crate::credential::Reason::as_str),
            text: reason.map(|reason| reason.message().in_language(language)),
            disclosed: row.disclosed.names(),
        }
    }
}

/// What the organisation's last checks in the sandbox answered. They are of invented people, and kept for a day.
#[utoipa::path(get, path = "/v1/partner/test-checks", tag = "Partner", security(("teller" = [])),
    responses((status = 200, description = "The checks", body = TestChecksReply),
        (status = "4XX", description = "`session_ended`, `password_required`, `forbidden`")))]
async fn test_checks(
    State(sandbox): State<Arc<Sandbox>>,
    who: Allowed<ReadParty>,
    Lang(language): Lang,
) -> Result<Json<TestChecksReply>, Problem> {
    let rows = sandbox.last(&who.agent.party).await?;
    Ok(Json(TestChecksReply { items: rows.into_iter().map(|row| TestCheckItem::new(row, language)).collect() }))
}
