//! `POST /v1/captcha`.

use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{CaptchaChallenge, CaptchaGate};
use crate::device::http::Repeatable;
use crate::web::{ClientAddress, Json, Problem};

/// The route.
pub fn routes(gate: CaptchaGate) -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(challenge)).with_state(gate)
}

/// An ALTCHA challenge (proof of work: nothing to read or type). Its solution, as the widget encodes it, goes into the
/// `captcha` field of the next request; each counts once, for ten minutes.
#[utoipa::path(post, path = "/v1/captcha", tag = "Device", security(("dpop" = [])),
    responses((status = 200, description = "The challenge", body = CaptchaChallenge),
        (status = "4XX", description = "`dpop_invalid`, `use_dpop_nonce`")))]
async fn challenge(
    State(gate): State<CaptchaGate>,
    _device: Repeatable,
    ClientAddress(address): ClientAddress,
) -> Result<Json<CaptchaChallenge>, Problem> {
    Ok(Json(gate.challenge(address)?))
}
