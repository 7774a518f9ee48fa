//! The routes of a closure.

use axum::Extension;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::model::{ERASED, KEPT};
use super::service::{Closed, Closures};
use crate::clock::Timestamp;
use crate::device::http::Device;
use crate::holder::{CredentialState, Reason};
use crate::wallet::http::{Resident, SessionReply, UnlockRequest};
use crate::web::{Json, Lang, Problem};

/// All routes of this room.
pub fn routes(closures: Closures) -> OpenApiRouter {
    let wallet = Extension(closures.wallet.clone());
    OpenApiRouter::new().routes(routes!(closing, close)).routes(routes!(undo)).with_state(closures).layer(wallet)
}

/// What becomes of the data.
#[derive(Debug, Serialize, ToSchema)]
struct ClosingReply {
    /// What is erased within a day.
    erased: Vec<&'static str>,
    /// What stays.
    kept: Vec<Kept>,
}

/// Something that stays.
#[derive(Debug, Serialize, ToSchema)]
struct Kept {
    /// What.
    what: &'static str,
    /// Why.
    why: &'static str,
}

/// Why the digital KTP is ended, and the PIN.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CloseBody {
    /// A challenge from `POST /v1/challenges`.
    challenge: String,
    /// Signature of `"ikd-pin-v1/change"` ‖ 0x00 ‖ challenge ‖ device thumbprint, base64url without padding.
    signature: String,
    /// Whether the consent to the processing is withdrawn with it.
    #[serde(default)]
    withdraw_consent: bool,
}

/// A digital KTP that has ended.
#[derive(Debug, Serialize, ToSchema)]
struct ClosedReply {
    /// By which people speak of it.
    #[schema(example = "7F3A-09C2")]
    reference: String,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
    /// When the data will have been erased.
    #[schema(value_type = String, format = DateTime)]
    erased_by: Timestamp,
    /// Until when `POST /v1/me/closure/undo` undoes it; null of a consent that was withdrawn.
    #[schema(value_type = Option<String>, format = DateTime)]
    undo_until: Option<Timestamp>,
}

/// A closure that was undone.
#[derive(Debug, Serialize, ToSchema)]
struct UndoneReply {
    /// `active`; `blocked` where the register changed meanwhile who the holder is, and the holder is to confirm that.
    state: CredentialState,
    /// A session; null where it is not active.
    session: Option<SessionReply>,
}

/// What is erased when the digital KTP is closed, and what stays and why, in the language of `Accept-Language`.
#[utoipa::path(get, path = "/v1/me/closure", tag = "Wallet", security(("dpop" = [], "access_token" = [])),
    responses((status = 200, description = "What becomes of the data", body = ClosingReply),
        (status = "4XX", description = "`session_ended`, `dpop_invalid`, `use_dpop_nonce`")))]
async fn closing(_: Resident, Lang(language): Lang) -> Json<ClosingReply> {
    let kept = KEPT.iter().map(|(what, why)| Kept { what: what.in_language(language), why: why.in_language(language) });
    let erased = ERASED.iter().map(|text| text.in_language(language));
    Json(ClosingReply { erased: erased.collect(), kept: kept.collect() })
}

/// End the digital KTP, after the PIN. It is over at once; the data are erased after 24 hours, until which it can be undone on the same
/// phone, unless the consent is withdrawn. The KTP-el stays valid, and a new registration is possible at any time.
#[utoipa::path(post, path = "/v1/me/closure", tag = "Wallet", security(("dpop" = [], "access_token" = [])),
    request_body = CloseBody,
    responses((status = 200, description = "It has ended", body = ClosedReply),
        (status = "4XX", description = "`pin_wrong`, `pin_wait`, `pin_blocked`, `challenge_invalid`, `session_ended`, `dpop_invalid`, `use_dpop_nonce`")))]
async fn close(
    State(closures): State<Closures>,
    resident: Resident,
    Json(body): Json<CloseBody>,
) -> Result<Json<ClosedReply>, Problem> {
    let reason = if body.withdraw_consent { Reason::ConsentWithdrawn } else { Reason::Closed };
    let pin = (body.challenge.as_str(), body.signature.as_str());
    let closed = closures.close(&resident.device, &resident.session, pin, reason).await?;
    let Closed { stopped, erased_by, undo_until } = closed;
    Ok(Json(ClosedReply { reference: stopped.reference, since: stopped.since, erased_by, undo_until }))
}

/// Undo a closure, with the PIN key on the same phone, within 24 hours: the digital KTP is active as before, with what the register says
/// now. What was shown before, on paper too, stays void. Tries count as for unlocking. A repetition is `wrong_state`: it is active.
#[utoipa::path(post, path = "/v1/me/closure/undo", tag = "Wallet", security(("dpop" = [])), request_body = UnlockRequest,
    responses((status = 200, description = "Active again, and unlocked for 15 minutes", body = UndoneReply),
        (status = "4XX", description = "`wrong_state` when there is nothing to undo, or the register does not allow it; `pin_wrong`, `pin_wait`, `pin_blocked`, `challenge_invalid`, `not_found`, `dpop_invalid`, `use_dpop_nonce`")))]
async fn undo(
    State(closures): State<Closures>,
    device: Device,
    Json(body): Json<UnlockRequest>,
) -> Result<Json<UndoneReply>, Problem> {
    let undone = closures.undo(&device.thumbprint, body.pin()).await?;
    Ok(Json(UndoneReply { state: undone.state, session: undone.unlocked.map(SessionReply::from) }))
}
