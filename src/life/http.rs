//! Blocking from any browser, without logging in.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::blocks::{Blocked, Blocks, read};
use crate::captcha::{CaptchaChallenge, CaptchaGate};
use crate::clock::Timestamp;
use crate::secret::Redacted;
use crate::web::{ClientAddress, Json, Problem};

#[derive(Clone)]
struct Deps {
    blocks: Blocks,
    gate: CaptchaGate,
}

/// All routes of this room.
pub fn routes(blocks: Blocks, gate: CaptchaGate) -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(block_by_code)).routes(routes!(block_captcha)).with_state(Deps { blocks, gate })
}

/// What blocks a digital KTP: its NIK, and exactly one of the other two.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct BlockBody {
    /// 16 digits.
    #[schema(value_type = String, example = "3171015708900001")]
    nik: Redacted<String>,
    /// The code that the app showed after the activation.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "7KQ2-M9XD")]
    block_code: Option<Redacted<String>>,
    /// What stands behind `#` in the link of a notice.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    link: Option<Redacted<String>>,
    /// Solution of a challenge of `POST /v1/blocks/captcha`, where one was asked for.
    #[serde(default)]
    captcha: Option<String>,
}

/// A digital KTP that is blocked.
#[derive(Debug, Serialize, ToSchema)]
pub struct BlockedReply {
    /// By which people speak of it.
    #[schema(example = "7F3A-09C2")]
    reference: String,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
    /// Until when, where it ends by itself.
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
}

impl From<Blocked> for BlockedReply {
    fn from(blocked: Blocked) -> Self {
        let Blocked { reference, since, until } = blocked;
        Self { reference, since, until }
    }
}

/// Block a digital KTP at once, from any browser: with its NIK and block code, or with its NIK and the link of a notice. It counts on
/// all nodes when the answer comes. What does not fit together gets one and the same answer; repeating it is safe.
#[utoipa::path(post, path = "/v1/blocks", tag = "Blocking", request_body = BlockBody,
    responses((status = 200, description = "It is blocked", body = BlockedReply),
        (status = "4XX", description = "`block_refused`, `captcha_required` from the sixth try of an hour on, `captcha_invalid`, `invalid_field`")))]
async fn block_by_code(
    State(deps): State<Deps>,
    ClientAddress(address): ClientAddress,
    Json(body): Json<BlockBody>,
) -> Result<Json<BlockedReply>, Problem> {
    let code = body.block_code.as_ref().map(|code| code.expose().as_str());
    let (nik, key) = read(body.nik.expose(), code, body.link.map(Redacted::into_inner))?;
    Ok(Json(deps.blocks.block(address, &nik, &key, body.captcha.as_deref()).await?.into()))
}

/// A captcha for `POST /v1/blocks`, as `POST /v1/captcha` gives to phones.
#[utoipa::path(post, path = "/v1/blocks/captcha", tag = "Blocking",
    responses((status = 200, description = "The challenge", body = CaptchaChallenge)))]
async fn block_captcha(
    State(deps): State<Deps>,
    ClientAddress(address): ClientAddress,
) -> Result<Json<CaptchaChallenge>, Problem> {
    Ok(Json(deps.gate.challenge(address)?))
}
