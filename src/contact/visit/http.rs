//! The phone's routes of a change of address at a counter.

use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::model::State as VisitState;
use super::phone::{Phone, View};
use crate::clock::Timestamp;
use crate::device::http::Device;
use crate::secret::Redacted;
use crate::web::token_reply::{TokenReply, issued_reply};
use crate::web::{Json, Path, Problem};

/// All routes of this room.
pub fn routes(phone: Phone) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(begin_contact_visit))
        .routes(routes!(contact_visit, withdraw_contact_visit))
        .routes(routes!(confirm_contact_visit))
        .routes(routes!(contact_visit_token))
        .with_state(phone)
}

/// The new address.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ContactVisitBody {
    /// Where the holder is to be reached.
    #[schema(value_type = String, example = "rina@example.id")]
    email: Redacted<String>,
}

/// The code that went there.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ContactVisitCodeBody {
    /// Six digits.
    #[schema(value_type = String, example = "012345")]
    code: Redacted<String>,
}

/// A change of address at a counter, as its phone sees it.
#[derive(Debug, Serialize, ToSchema)]
struct ContactVisitReply {
    /// Its id.
    visit_id: Uuid,
    /// Where it stands.
    state: VisitState,
    /// The new address, of which two letters are shown; null once it is over.
    #[schema(value_type = Option<String>, example = "r***@g***")]
    email: Option<Redacted<String>>,
    /// When its time, or that of its code, is over.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// Tries left, while the code is waited for.
    tries_left: Option<i64>,
    /// Why it was refused.
    #[schema(value_type = Option<String>)]
    reason: Option<Redacted<String>>,
}

impl From<View> for ContactVisitReply {
    fn from(view: View) -> Self {
        let View { visit_id, state, email, expires_at, tries_left, reason } = view;
        Self { visit_id, state, email, expires_at, tries_left, reason }
    }
}

/// Begin a change of address at a counter, where the old address is somebody else's by now: a code goes to the new one. Then show the QR at
/// any counter; two people of the office put the new address in force at once, and the old one is told but cannot stop it. While one
/// lives, the same address gives the same one, and another address begins anew.
#[utoipa::path(post, path = "/v1/contact-visits", tag = "Contact", security(("dpop" = [])), request_body = ContactVisitBody,
    responses((status = 201, description = "The code is on its way", body = ContactVisitReply),
        (status = "4XX", description = "`not_found` for a device without a digital KTP, `invalid_field`, `wrong_state` within 24 hours of a new phone, and when the register stopped the digital KTP or it has ended; `too_many`")))]
async fn begin_contact_visit(
    State(phone): State<Phone>,
    device: Device,
    Json(body): Json<ContactVisitBody>,
) -> Result<(StatusCode, Json<ContactVisitReply>), Problem> {
    Ok((StatusCode::CREATED, Json(phone.begin(&device.thumbprint, &body.email).await?.into())))
}

/// Where one stands.
#[utoipa::path(get, path = "/v1/contact-visits/{id}", tag = "Contact", security(("dpop" = [])),
    params(("id" = Uuid, Path, description = "The change")),
    responses((status = 200, description = "The change", body = ContactVisitReply),
        (status = "4XX", description = "`not_found` also for any other device's")))]
async fn contact_visit(
    State(phone): State<Phone>,
    device: Device,
    Path(id): Path<Uuid>,
) -> Result<Json<ContactVisitReply>, Problem> {
    Ok(Json(phone.status(&device.thumbprint, id).await?.into()))
}

/// Withdraw it. Repeating it changes nothing.
#[utoipa::path(delete, path = "/v1/contact-visits/{id}", tag = "Contact", security(("dpop" = [])),
    params(("id" = Uuid, Path, description = "The change")),
    responses((status = 204, description = "Withdrawn"), (status = "4XX", description = "`not_found`, `wrong_state`")))]
async fn withdraw_contact_visit(
    State(phone): State<Phone>,
    device: Device,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Problem> {
    phone.withdraw(&device.thumbprint, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Enter the code: the QR can be shown. Repeated it says so again.
#[utoipa::path(post, path = "/v1/contact-visits/{id}/code", tag = "Contact", security(("dpop" = [])),
    params(("id" = Uuid, Path, description = "The change")), request_body = ContactVisitCodeBody,
    responses((status = 200, description = "It waits for a scan", body = ContactVisitReply),
        (status = "4XX", description = "`code_wrong`, `code_expired`, `invalid_field`, `wrong_state`, `not_found`")))]
async fn confirm_contact_visit(
    State(phone): State<Phone>,
    device: Device,
    Path(id): Path<Uuid>,
    Json(body): Json<ContactVisitCodeBody>,
) -> Result<Json<ContactVisitReply>, Problem> {
    Ok(Json(phone.confirm(&device.thumbprint, id, body.code.expose()).await?.into()))
}

/// The QR that an officer scans: 90 seconds, once. With `Accept: image/svg+xml` or `image/png` the answer is the picture.
#[utoipa::path(post, path = "/v1/contact-visits/{id}/token", tag = "Contact", security(("dpop" = [])),
    params(("id" = Uuid, Path, description = "The change")),
    responses((status = 200, description = "The token, or its QR as a picture", content((TokenReply = "application/json"), (String = "image/svg+xml"), (Vec<u8> = "image/png"))),
        (status = "4XX", description = "`not_found`, `wrong_state` before the code was entered, `not_acceptable`")))]
async fn contact_visit_token(
    State(phone): State<Phone>,
    device: Device,
    headers: HeaderMap,
    Path(id): Path<Uuid>,
) -> Result<Response, Problem> {
    issued_reply(&headers, phone.token(&device.thumbprint, id).await?)
}
