//! Blocking, lifting a block, changing the PIN, the block code.

use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::care::{NewPin, Situation};
use super::super::service::Service;
use super::{Resident, SessionReply};
use crate::clock::Timestamp;
use crate::device::NewPinKey;
use crate::device::http::Device;
use crate::holder::{CredentialState, Lift, Reason};
use crate::life::http::BlockedReply;
use crate::secret::Redacted;
use crate::web::{Json, Problem};

pub(super) fn routes() -> OpenApiRouter<Service> {
    OpenApiRouter::new()
        .routes(routes!(situation))
        .routes(routes!(block_own))
        .routes(routes!(give_block_code))
        .routes(routes!(unblock))
        .routes(routes!(change_pin))
}

/// Where the digital KTP on this device stands.
#[derive(Debug, Serialize, ToSchema)]
struct SituationReply {
    /// Its state.
    state: CredentialState,
    /// Why it is not active.
    reason: Option<Reason>,
    /// Since when it is not.
    #[schema(value_type = Option<String>, format = DateTime)]
    since: Option<Timestamp>,
    /// Until when, where that ends by itself.
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
    /// How it becomes active again: `pin` with `POST /v1/me/unblock`, `counter` with `POST /v1/recoveries`.
    lift: Lift,
    /// Until when its holder, who closed it, can undo that with the PIN: `POST /v1/me/closure/undo`.
    #[schema(value_type = Option<String>, format = DateTime)]
    undo_until: Option<Timestamp>,
    /// Whether there is a block code.
    block_code_set: bool,
}

impl From<Situation> for SituationReply {
    fn from(situation: Situation) -> Self {
        let Situation { state, status, lift, undo_until, has_block_code } = situation;
        Self {
            state,
            reason: status.map(|status| status.reason),
            since: status.map(|status| status.since),
            until: status.and_then(|status| status.until),
            lift,
            undo_until,
            block_code_set: has_block_code,
        }
    }
}

/// A try to lift a block with the PIN.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct UnblockBody {
    /// A challenge from `POST /v1/challenges`.
    challenge: String,
    /// Signature of `"ikd-pin-v1/unlock"` ‖ 0x00 ‖ challenge ‖ device thumbprint, base64url without padding.
    signature: String,
    /// With `register_changed`: the `version` of the changes that the holder was shown and says are right.
    #[serde(default)]
    seen: Option<String>,
}

/// A block code, told this once.
#[derive(Debug, Serialize, ToSchema)]
struct BlockCodeReply {
    /// Eight characters in two groups; `POST /v1/blocks` takes it. It can do nothing but block.
    #[schema(value_type = String, example = "7KQ2-M9XD")]
    block_code: Redacted<String>,
}

/// A block code is asked for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct BlockCodeBody {
    /// New for every code, the same for repetitions of one: a repetition gives the same code, in whatever order they arrive.
    request_id: Option<String>,
}

/// Another PIN.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewPinBody {
    /// A challenge from `POST /v1/challenges`; both keys sign it.
    challenge: String,
    /// The old PIN key's signature of `"ikd-pin-v1/change"` ‖ 0x00 ‖ challenge ‖ device thumbprint, base64url without padding.
    signature: String,
    /// The new Ed25519 public key, 32 bytes, base64url without padding.
    pin_public_key: String,
    /// The new PIN key's signature of `"ikd-pin-v1/enrol"` ‖ 0x00 ‖ challenge ‖ device thumbprint, base64url without padding.
    new_signature: String,
}

/// Where the digital KTP on this device stands: whether it is active, why not, and how it becomes so again. Needs no PIN.
#[utoipa::path(get, path = "/v1/me/status", tag = "Wallet", security(("dpop" = [])),
    responses(
        (status = 200, description = "Where it stands", body = SituationReply),
        (status = "4XX", description = "`not_found` for a device without a digital KTP, `dpop_invalid`, `use_dpop_nonce`"),
    ))]
async fn situation(State(service): State<Service>, device: Device) -> Result<Json<SituationReply>, Problem> {
    Ok(Json(service.situation(&device.thumbprint).await?.into()))
}

/// Blocks the digital KTP at once. It counts on all nodes when the answer comes; a counter lifts it.
#[utoipa::path(post, path = "/v1/me/block", tag = "Wallet", security(("dpop" = [], "access_token" = [])),
    responses(
        (status = 200, description = "It is blocked", body = BlockedReply),
        (status = "4XX", description = "`session_ended`, `dpop_invalid`, `use_dpop_nonce`"),
    ))]
async fn block_own(State(service): State<Service>, resident: Resident) -> Result<Json<BlockedReply>, Problem> {
    Ok(Json(service.block(&resident.session).await?.into()))
}

/// Gives a new block code; the one before is void.
#[utoipa::path(post, path = "/v1/me/block-code", tag = "Wallet", security(("dpop" = [], "access_token" = [])),
    request_body = BlockCodeBody,
    responses(
        (status = 201, description = "The code", body = BlockCodeReply),
        (status = "4XX", description = "`session_ended`, `dpop_invalid`, `use_dpop_nonce`"),
    ))]
async fn give_block_code(
    State(service): State<Service>,
    resident: Resident,
    Json(body): Json<BlockCodeBody>,
) -> Result<(StatusCode, Json<BlockCodeReply>), Problem> {
    let code = service.give_block_code(&resident.session, body.request_id.as_deref()).await?;
    Ok((StatusCode::CREATED, Json(BlockCodeReply { block_code: code.grouped() })))
}

/// Lifts with the PIN key a block that an officer set at a caller's word, or confirms what the register changed, and unlocks. Tries count
/// as for unlocking.
#[utoipa::path(post, path = "/v1/me/unblock", tag = "Wallet", security(("dpop" = [])), request_body = UnblockBody,
    responses(
        (status = 200, description = "Active again, and unlocked for 15 minutes", body = SessionReply),
        (status = "4XX", description = "`wrong_state` when the PIN does not lift it, or other changes were seen; `pin_wrong`, `pin_wait`, `pin_blocked`, `challenge_invalid`, `not_found`, `dpop_invalid`, `use_dpop_nonce`"),
    ))]
async fn unblock(
    State(service): State<Service>,
    device: Device,
    Json(body): Json<UnblockBody>,
) -> Result<Json<SessionReply>, Problem> {
    let proof = (body.challenge.as_str(), body.signature.as_str());
    Ok(Json(service.unblock(&device.thumbprint, proof, body.seen.as_deref()).await?.into()))
}

/// Changes the PIN. The session and all QRs end with that.
#[utoipa::path(post, path = "/v1/me/pin", tag = "Wallet", security(("dpop" = [], "access_token" = [])),
    request_body = NewPinBody,
    responses(
        (status = 204, description = "Changed; unlock with the new PIN"),
        (status = "4XX", description = "`pin_wrong`, `pin_wait`, `pin_blocked`, `challenge_invalid`, `signature_invalid`, `invalid_field`, `session_ended`, `dpop_invalid`, `use_dpop_nonce`"),
    ))]
async fn change_pin(
    State(service): State<Service>,
    resident: Resident,
    Json(body): Json<NewPinBody>,
) -> Result<StatusCode, Problem> {
    let NewPinBody { challenge, signature, pin_public_key, new_signature } = body;
    let key = NewPinKey { pin_public_key, challenge, signature: new_signature };
    let new = NewPin { key, signature };
    service.change_pin(&resident.device, &resident.session, &new).await?;
    Ok(StatusCode::NO_CONTENT)
}
