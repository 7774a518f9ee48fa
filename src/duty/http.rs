//! Looking up whether somebody is of an office and on duty, without logging in.

use axum::extract::State;
use data_encoding::BASE64;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::lookup::{OfficerProofs, Proof};
use super::model::Position;
use crate::captcha::{CaptchaChallenge, CaptchaGate};
use crate::clock::Timestamp;
use crate::outreach::model::Kind;
use crate::secret::Redacted;
use crate::staff::Role;
use crate::web::{ClientAddress, Json, Problem};

#[derive(Clone)]
struct Deps {
    lookups: OfficerProofs,
    gate: CaptchaGate,
}

/// All routes of this room.
pub fn routes(lookups: OfficerProofs, gate: CaptchaGate) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(look_up_officer))
        .routes(routes!(look_up_captcha))
        .with_state(Deps { lookups, gate })
}

/// Where somebody is.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PositionBody {
    /// Degrees north, WGS 84.
    #[schema(example = -6.17539)]
    latitude: f64,
    /// Degrees east.
    #[schema(example = 106.82715)]
    longitude: f64,
}

impl From<PositionBody> for Position {
    fn from(body: PositionBody) -> Self {
        let PositionBody { latitude, longitude } = body;
        Self { latitude, longitude }
    }
}

/// What somebody was shown who says to be of an office.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct OfficerProofBody {
    /// The code of the poster, six letters and digits; or what stands behind `/cek/` in the QR.
    #[schema(value_type = String, example = "7KQ-2M9")]
    code: Redacted<String>,
    /// Where whoever asks is, if they want that looked at too. It is not kept.
    #[serde(default)]
    position: Option<PositionBody>,
    /// Solution of a challenge of `POST /v1/officer-proofs/captcha`, where one was asked for.
    #[serde(default)]
    captcha: Option<String>,
}

/// Whether somebody is of an office and on duty.
#[derive(Debug, Serialize, ToSchema)]
struct OfficerProofReply {
    /// Whether they are. If not, nothing else is said, whatever the reason.
    official: bool,
    /// Who is meant; null where nobody is.
    officer: Option<ProvenOfficer>,
}

/// Somebody of an office who is on duty.
#[derive(Debug, Serialize, ToSchema)]
struct ProvenOfficer {
    /// First name and an initial.
    #[schema(value_type = String, example = "Budi S.")]
    name: Redacted<String>,
    /// What they are there.
    role: Role,
    /// The photo, JPEG in base64: whoever stands before you has this face.
    #[schema(value_type = String)]
    photo: Redacted<String>,
    /// The office.
    office_id: Uuid,
    /// Its name.
    office: String,
    /// Where outside the office; null at the office, and of a visit at home.
    #[schema(value_type = Option<String>, example = "Balai Warga RW 05")]
    place: Option<Redacted<String>>,
    /// Village, district and regency of that; null at the office.
    #[schema(example = "Gambir, Gambir, Kota Administrasi Jakarta Pusat")]
    village: Option<String>,
    /// What kind of session it is; null at the office.
    kind: Option<Kind>,
    /// Since when on duty.
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
    /// Until when.
    #[schema(value_type = String, format = DateTime)]
    until: Timestamp,
    /// True when the officer gave a position and it is within 2 km of yours; null when one of the two gave none.
    near: Option<bool>,
}

impl From<Option<Proof>> for OfficerProofReply {
    fn from(proof: Option<Proof>) -> Self {
        let officer = proof.map(|proof| ProvenOfficer {
            name: proof.name,
            role: proof.role,
            photo: Redacted(BASE64.encode(&proof.photo)),
            office_id: proof.office_id,
            office: proof.office,
            place: proof.place,
            village: proof.village,
            kind: proof.kind,
            since: proof.since,
            until: proof.until,
            near: proof.near,
        });
        Self { official: officer.is_some(), officer }
    }
}

/// Whether somebody who says to be of an office is, and is on duty here today. A code that is wrong, of another day or ended, a QR older
/// than five minutes and a place more than 2 km away get one and the same answer, after the same time. Changes nothing.
#[utoipa::path(post, path = "/v1/officer-proofs", tag = "Officer proof", request_body = OfficerProofBody,
    responses((status = 200, description = "Yes, with who it is; or no", body = OfficerProofReply),
        (status = "4XX", description = "`captcha_required` from the 31st look-up of an hour on, `captcha_invalid`, `invalid_field`")))]
async fn look_up_officer(
    State(deps): State<Deps>,
    ClientAddress(address): ClientAddress,
    Json(body): Json<OfficerProofBody>,
) -> Result<Json<OfficerProofReply>, Problem> {
    let position = body.position.map(Position::from).map(Position::checked).transpose()?;
    let proof = deps.lookups.look(address, body.code.expose(), position, body.captcha.as_deref()).await?;
    Ok(Json(proof.into()))
}

/// A captcha for `POST /v1/officer-proofs` and `POST /v1/fraud-reports`, as `POST /v1/captcha` gives to phones.
#[utoipa::path(post, path = "/v1/officer-proofs/captcha", tag = "Officer proof",
    responses((status = 200, description = "The challenge", body = CaptchaChallenge)))]
async fn look_up_captcha(
    State(deps): State<Deps>,
    ClientAddress(address): ClientAddress,
) -> Result<Json<CaptchaChallenge>, Problem> {
    Ok(Json(deps.gate.challenge(address)?))
}
