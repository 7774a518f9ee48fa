//! The phone's routes of a recovery.

use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::model::State as RecoveryState;
use super::phone::{NewPin, Phone, View};
use crate::clock::Timestamp;
use crate::device::http::Device;
use crate::secret::Redacted;
use crate::web::{Json, Path, Problem, token_reply};

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

/// The QR of a recovery.
#[derive(Debug, Serialize, ToSchema)]
struct RecoveryTokenReply {
    /// The text of the QR: alphanumeric mode, error correction M, quiet zone 4.
    token: String,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    issued_at: Timestamp,
    /// When it stops counting: 90 seconds later. Renew the picture at 60.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

/// The new PIN key, and proof of holding it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RecoveryPinBody {
    /// Ed25519 public key, 32 bytes, base64url without padding.
    pin_public_key: String,
    /// A challenge from `POST /v1/challenges`.
    challenge: String,
    /// Signature of `"ikd-pin-v1/enrol"` ‖ 0x00 ‖ challenge ‖ device thumbprint, base64url without padding.
    signature: String,
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
    responses((status = 200, description = "The token, or its QR as a picture", content((RecoveryTokenReply = "application/json"), (String = "image/svg+xml"), (Vec<u8> = "image/png"))),
        (status = "4XX", description = "`not_found`, `wrong_state`, `not_acceptable`")))]
async fn recovery_token(
    State(phone): State<Phone>,
    device: Device,
    headers: HeaderMap,
    Path(id): Path<Uuid>,
) -> Result<Response, Problem> {
    let issued = phone.token(&device.thumbprint, id).await?;
    let token = issued.token.clone();
    let reply = RecoveryTokenReply { token: issued.token, issued_at: issued.issued_at, expires_at: issued.expires_at };
    token_reply(&headers, StatusCode::OK, &token, reply)
}

/// Choose the PIN of a granted recovery: the digital KTP is active again on this phone. Repeated with the same key it succeeds again.
#[utoipa::path(post, path = "/v1/recoveries/{id}/pin", tag = "Recovery", security(("dpop" = [])),
    params(("id" = Uuid, Path, description = "The recovery")), request_body = RecoveryPinBody,
    responses((status = 200, description = "Done; unlock with the new PIN", body = RecoveryReply),
        (status = "4XX", description = "`wrong_state` unless it is granted, `challenge_invalid`, `signature_invalid`, `invalid_field`, `not_found`")))]
async fn choose_recovered_pin(
    State(phone): State<Phone>,
    device: Device,
    Path(id): Path<Uuid>,
    Json(body): Json<RecoveryPinBody>,
) -> Result<Json<RecoveryReply>, Problem> {
    let RecoveryPinBody { pin_public_key, challenge, signature } = body;
    let new = NewPin { pin_public_key, challenge, signature };
    Ok(Json(phone.choose_pin(&device.thumbprint, id, &new).await?.into()))
}
