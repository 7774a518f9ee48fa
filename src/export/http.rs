//! The route of a copy of own data.

use axum::Extension;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::service::{Copy, Exports};
use crate::base64url;
use crate::wallet::http::Resident;
use crate::web::{Json, Lang, Problem};

/// All routes of this room.
pub fn routes(exports: Exports) -> OpenApiRouter {
    let wallet = Extension(exports.wallet.clone());
    OpenApiRouter::new().routes(routes!(export_own_data)).with_state(exports).layer(wallet)
}

/// The PIN, and in which forms the copy is wanted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ExportBody {
    /// A challenge from `POST /v1/challenges`.
    challenge: String,
    /// Signature of `"ikd-pin-v1/change"` ‖ 0x00 ‖ challenge ‖ device thumbprint, base64url without padding.
    signature: String,
    /// Whether the same is wanted as PDF, too.
    #[serde(default)]
    pdf: bool,
}

/// A signed document in the flattened JSON serialization of a JWS (RFC 7515 §7.2.2).
#[derive(Debug, Serialize, ToSchema)]
struct ExportReply {
    /// The document in base64url: JSON after `docs/export.schema.json`.
    payload: String,
    /// The header in base64url: `alg`, `kid` of the published key set, `typ` = `ikd-export+json`.
    protected: String,
    /// The signature of `protected`.`payload`, base64url.
    signature: String,
    /// The same for people, where it was asked for: PDF/UA-1 in base64url, in the language of `Accept-Language`. It names the SHA-256 of
    /// the JSON document, which is what `payload` decodes to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pdf: Option<String>,
}

/// A copy of all own data with the trail of their processing, after the PIN: data and their source, consent, contact, events, every
/// check, every look of the staff, and how long what is kept. Signed, so that others can rely on it. With `pdf`, one entry of the PIN gives
/// the same on paper. Each repetition makes another copy; five a day.
#[utoipa::path(post, path = "/v1/me/export", tag = "Wallet", security(("dpop" = [], "access_token" = [])),
    request_body = ExportBody,
    responses((status = 200, description = "The copy", body = ExportReply),
        (status = "4XX", description = "`too_many`, `pin_wrong`, `pin_wait`, `pin_blocked`, `challenge_invalid`, `session_ended`, `dpop_invalid`, `use_dpop_nonce`"),
        (status = 503, description = "`overloaded`: too many copies are being made; nothing was counted")))]
async fn export_own_data(
    State(exports): State<Exports>,
    resident: Resident,
    Lang(language): Lang,
    Json(body): Json<ExportBody>,
) -> Result<Json<ExportReply>, Problem> {
    let pin = (body.challenge.as_str(), body.signature.as_str());
    let paper = body.pdf.then_some(language);
    let copy = exports.export(&resident.device, &resident.session, pin, paper).await?;
    let Copy { payload, protected, signature, pdf } = copy;
    Ok(Json(ExportReply { payload, protected, signature, pdf: pdf.map(|pdf| base64url::encode(&pdf)) }))
}
