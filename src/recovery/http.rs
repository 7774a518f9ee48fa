//! The phone's routes of a recovery.

use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::model::State as RecoveryState;
use super::phone::{Phone, View};
use crate::clock::Timestamp;
use crate::device::http::{Device, PinRequest};
use crate::secret::Redacted;
use crate::web::token_reply::{TokenReply, issued_reply};
use crate::web::{Json, Path, Problem};

/// All routes of this room.
pub fn routes(phone: Phone) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(begin_recovery))
        .routes(routes!(recovery_status, withdraw_recovery))
        .routes(routes!(recovery_token))
        .routes(routes!(choose_recovered_pin))
        .with_state(phone)
}

/// A recovery as its phone sees it.
#[derive(Debug, Serialize, ToSchema)]
struct RecoveryReply {
    /// Its id.
    recovery_id: Uuid,
    /// Where it stands.
    state: RecoveryState,
    /// When its time is over.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// Why it was refused.
    #[schema(value_type = Option<String>)]
    reason: Option<Redacted<String>>,
}

impl From<View> for RecoveryReply {
    fn from(view: View) -> Self {
        let View { recovery_id, state, expires_at, reason } = view;
        Self { recovery_id, state, expires_at, reason }
    }
}

/// Begin a recovery: the PIN is forgotten or used up, or the digital KTP is blocked. Show its QR at any counter; two people of the
/// office let you choose a new PIN. While one lives, this gives the same one.
#[utoipa::path(post, path = "/v1/recoveries", tag = "Recovery", security(("dpop" = [])),
    responses((status = 201, description = "It waits for a scan", body = RecoveryReply),
        (status = "4XX", description = "`not_found` for a device without a digital KTP, `wrong_state` when the register stopped it or it has ended, `too_many`")))]
async fn begin_recovery(
    State(phone): State<Phone>,
    device: Device,
) -> Result<(StatusCode, Json<RecoveryReply>), Problem> {
    Ok((StatusCode::CREATED, Json(phone.begin(&device.thumbprint).await?.into())))
}

/// Where a recovery stands.
#[utoipa::path(get, path = "/v1/recoveries/{id}", tag = "Recovery", security(("dpop" = [])),
    params(("id" = Uuid, Path, description = "The recovery")),
    responses((status = 200, description = "The recovery", body = RecoveryReply),
        (status = "4XX", description = "`not_found` also for any other device's")))]
async fn recovery_status(
    State(phone): State<Phone>,
    device: Device,
    Path(id): Path<Uuid>,
) -> Result<Json<RecoveryReply>, Problem> {
    Ok(Json(phone.status(&device.thumbprint, id).await?.into()))
}

/// Withdraw it. Repeating it changes nothing.
#[utoipa::path(delete, path = "/v1/recoveries/{id}", tag = "Recovery", security(("dpop" = [])),
    params(("id" = Uuid, Path, description = "The recovery")),
    responses((status = 204, description = "Withdrawn"), (status = "4XX", description = "`not_found`, `wrong_state`")))]
async fn withdraw_recovery(
    State(phone): State<Phone>,
    device: Device,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Problem> {
    phone.withdraw(&device.thumbprint, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The QR that an officer scans: 90 seconds, once. With `Accept: image/svg+xml` or `image/png` the answer is the picture.
#[utoipa::path(post, path = "/v1/recoveries/{id}/token", tag = "Recovery", security(("dpop" = [])),
    params(("id" = Uuid, Path, description = "The recovery")),
    responses((status = 200, description = "The token, or its QR as a picture", content((TokenReply = "application/json"), (String = "image/svg+xml"), (Vec<u8> = "image/png"))),
        (status = "4XX", description = "`not_found`, `wrong_state`, `not_acceptable`")))]
async fn recovery_token(
    State(phone): State<Phone>,
    device: Device,
    headers: HeaderMap,
    Path(id): Path<Uuid>,
) -> Result<Response, Problem> {
    issued_reply(&headers, phone.token(&device.thumbprint, id).await?)
}

/// Choose the PIN of a granted recovery: the digital KTP is active again on this phone. Repeated with the same key it succeeds again.
#[utoipa::path(post, path = "/v1/recoveries/{id}/pin", tag = "Recovery", security(("dpop" = [])),
    params(("id" = Uuid, Path, description = "The recovery")), request_body = PinRequest,
    responses((status = 200, description = "Done; unlock with the new PIN", body = RecoveryReply),
        (status = "4XX", description = "`wrong_state` unless it is granted, `challenge_invalid`, `signature_invalid`, `invalid_field`, `not_found`")))]
async fn choose_recovered_pin(
    State(phone): State<Phone>,
    device: Device,
    Path(id): Path<Uuid>,
    Json(body): Json<PinRequest>,
) -> Result<Json<RecoveryReply>, Problem> {
    Ok(Json(phone.choose_pin(&device.thumbprint, id, &body.into()).await?.into()))
}
