//! The routes of both phones.

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::model::State as TransferState;
use super::{Transfers, View};
use crate::clock::Timestamp;
use crate::device::http::{Device, PinRequest};
use crate::wallet;
use crate::wallet::http::Resident;
use crate::web::token_reply::{TokenReply, issued_reply};
use crate::web::{Json, Path, Problem};

/// All routes of this room; `wallet` knows who has unlocked.
pub fn routes(transfers: Transfers, wallet: wallet::Service) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(begin_transfer))
        .routes(routes!(transfer_status))
        .routes(routes!(transfer_token))
        .routes(routes!(choose_transferred_pin))
        .routes(routes!(scan_transfer))
        .routes(routes!(allow_transfer))
        .with_state(transfers)
        .layer(Extension(wallet))
}

/// A move as either phone sees it.
#[derive(Debug, Serialize, ToSchema)]
struct TransferReply {
    /// Its id.
    transfer_id: Uuid,
    /// Where it stands.
    state: TransferState,
    /// Two digits that both phones show while the holder compares them.
    #[serde(rename = "match")]
    #[schema(example = "47")]
    match_number: Option<String>,
    /// When its time is over.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

impl From<View> for TransferReply {
    fn from(view: View) -> Self {
        let View { transfer_id, state, match_number, expires_at } = view;
        Self { transfer_id, state, match_number, expires_at }
    }
}

/// What the old phone has scanned.
#[derive(Debug, Serialize, ToSchema)]
struct ScannedReply {
    /// The move.
    transfer_id: Uuid,
    /// Two digits; the new phone shows the same.
    #[serde(rename = "match")]
    #[schema(example = "47")]
    match_number: String,
}

/// A scanned QR.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TransferScanBody {
    /// The text of the new phone's QR.
    token: String,
}

/// A proof of the PIN on the old phone.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TransferProofBody {
    /// A challenge from `POST /v1/challenges`.
    challenge: String,
    /// Signature of `"ikd-pin-v1/change"` ‖ 0x00 ‖ challenge ‖ device thumbprint, base64url without padding.
    signature: String,
}

/// Begin a move of a digital KTP to this new phone. Show its QR to the old phone. While one lives, this gives the same one; it lives ten
/// minutes.
#[utoipa::path(post, path = "/v1/transfers", tag = "Transfer", security(("dpop" = [])),
    responses((status = 201, description = "It waits for a scan", body = TransferReply),
        (status = "4XX", description = "`already_active` on a phone that holds a digital KTP, `too_many`")))]
async fn begin_transfer(
    State(transfers): State<Transfers>,
    device: Device,
) -> Result<(StatusCode, Json<TransferReply>), Problem> {
    Ok((StatusCode::CREATED, Json(transfers.begin(&device.thumbprint).await?.into())))
}

/// Where a move stands, for the new phone and, once it has scanned, for the old one. After `done` the digital KTP is no longer on the
/// old phone.
#[utoipa::path(get, path = "/v1/transfers/{id}", tag = "Transfer", security(("dpop" = [])),
    params(("id" = Uuid, Path, description = "The move")),
    responses((status = 200, description = "The move", body = TransferReply),
        (status = "4XX", description = "`not_found` also for any other device")))]
async fn transfer_status(
    State(transfers): State<Transfers>,
    device: Device,
    Path(id): Path<Uuid>,
) -> Result<Json<TransferReply>, Problem> {
    Ok(Json(transfers.status(&device.thumbprint, id).await?.into()))
}

/// The QR that the old phone scans: 90 seconds, once. With `Accept: image/svg+xml` or `image/png` the answer is the picture.
#[utoipa::path(post, path = "/v1/transfers/{id}/token", tag = "Transfer", security(("dpop" = [])),
    params(("id" = Uuid, Path, description = "The move")),
    responses((status = 200, description = "The token, or its QR as a picture", content((TokenReply = "application/json"), (String = "image/svg+xml"), (Vec<u8> = "image/png"))),
        (status = "4XX", description = "`not_found`, `wrong_state`, `not_acceptable`")))]
async fn transfer_token(
    State(transfers): State<Transfers>,
    device: Device,
    headers: HeaderMap,
    Path(id): Path<Uuid>,
) -> Result<Response, Problem> {
    issued_reply(&headers, transfers.token(&device.thumbprint, id).await?)
}

/// Choose the PIN of this phone, once the old one has allowed it: the digital KTP is here now, and nowhere else. Repeated with the same
/// key it succeeds again.
#[utoipa::path(post, path = "/v1/transfers/{id}/pin", tag = "Transfer", security(("dpop" = [])),
    params(("id" = Uuid, Path, description = "The move")), request_body = PinRequest,
    responses((status = 200, description = "Done; unlock with the new PIN", body = TransferReply),
        (status = "4XX", description = "`wrong_state` unless it is allowed and the digital KTP is what it was then, `already_active`, `too_many`, `challenge_invalid`, `signature_invalid`, `invalid_field`, `not_found`")))]
async fn choose_transferred_pin(
    State(transfers): State<Transfers>,
    device: Device,
    Path(id): Path<Uuid>,
    Json(body): Json<PinRequest>,
) -> Result<Json<TransferReply>, Problem> {
    Ok(Json(transfers.choose_pin(&device.thumbprint, id, &body.into()).await?.into()))
}

/// Scan the new phone's QR with the old one: both show the same two digits from now on. Repeated with the same QR, they are the same.
#[utoipa::path(post, path = "/v1/me/transfers", tag = "Transfer", security(("dpop" = [], "access_token" = [])),
    request_body = TransferScanBody,
    responses((status = 200, description = "Compare the digits, then prove the PIN", body = ScannedReply),
        (status = "4XX", description = "`invalid_field` for what is no QR of ours, `other_qr` for one of the counter, `qr_expired`, `qr_used`, `wrong_state` when the move is over or the address changes, `already_active` when the new phone holds a digital KTP, `too_many` within 24 hours of a move, `session_ended`, `dpop_invalid`, `use_dpop_nonce`")))]
async fn scan_transfer(
    State(transfers): State<Transfers>,
    resident: Resident,
    Json(body): Json<TransferScanBody>,
) -> Result<Json<ScannedReply>, Problem> {
    let View { transfer_id, match_number, .. } =
        transfers.scan(&resident.device, &resident.session, &body.token).await?;
    Ok(Json(ScannedReply { transfer_id, match_number: match_number.unwrap_or_default() }))
}

/// Allow the move with the PIN, after comparing the digits. The session ends; the new phone may choose a PIN.
#[utoipa::path(post, path = "/v1/me/transfers/{id}/allow", tag = "Transfer", security(("dpop" = [], "access_token" = [])),
    params(("id" = Uuid, Path, description = "The move")), request_body = TransferProofBody,
    responses((status = 204, description = "Allowed"),
        (status = "4XX", description = "`pin_wrong`, `pin_wait`, `pin_blocked`, `challenge_invalid`; `not_found` for what this phone did not scan, `wrong_state` when it is over, `too_many`, `session_ended`, `dpop_invalid`, `use_dpop_nonce`")))]
async fn allow_transfer(
    State(transfers): State<Transfers>,
    resident: Resident,
    Path(id): Path<Uuid>,
    Json(body): Json<TransferProofBody>,
) -> Result<StatusCode, Problem> {
    let proof = (body.challenge.as_str(), body.signature.as_str());
    transfers.allow(&resident.device, &resident.session, id, proof).await?;
    Ok(StatusCode::NO_CONTENT)
}
