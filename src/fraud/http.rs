//! Reporting somebody, without logging in.

use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::model::Said;
use super::reports::Reports;
use crate::secret::Redacted;
use crate::web::{ClientAddress, Json, Problem};

/// All routes of this room.
pub fn routes(reports: Reports) -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(report_fraud)).with_state(reports)
}

/// What happened.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct FraudReportBody {
    /// The office that the person said to be of, or the nearest, as `GET /v1/offices` names it.
    office_id: Uuid,
    /// What happened, 10–2,000 characters.
    #[schema(value_type = String, example = "Seseorang berseragam meminta PIN saya dan Rp50.000")]
    what: Redacted<String>,
    /// Where, 1–160 characters.
    #[schema(value_type = String, example = "Pasar Senen, dekat pintu barat")]
    place: Redacted<String>,
    /// How to reach you, if you want to be asked: a phone number or an e-mail address.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    contact: Option<Redacted<String>>,
    /// The code that you were shown, if there was one.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    code: Option<Redacted<String>>,
    /// Solution of a challenge of `POST /v1/officer-proofs/captcha`, where one was asked for.
    #[serde(default)]
    captcha: Option<String>,
}

/// That it was kept.
#[derive(Debug, Serialize, ToSchema)]
struct FraudReportReply {
    /// By which people speak of it.
    #[schema(example = "7F3A-09C2")]
    reference: String,
}

/// Report somebody who said to be of an office. A supervisor or the head of that office reads it. Each request is a report of its own.
#[utoipa::path(post, path = "/v1/fraud-reports", tag = "Officer proof", request_body = FraudReportBody,
    responses((status = 201, description = "It was kept", body = FraudReportReply),
        (status = "4XX", description = "`invalid_field`, `captcha_required` from the fourth report of an hour on, `captcha_invalid`, `too_many`")))]
async fn report_fraud(
    State(reports): State<Reports>,
    ClientAddress(address): ClientAddress,
    Json(body): Json<FraudReportBody>,
) -> Result<(StatusCode, Json<FraudReportReply>), Problem> {
    let FraudReportBody { office_id, what, place, contact, code, captcha } = body;
    let said = Said { what, place, contact, code };
    let reference = reports.report(address, office_id, said, captcha.as_deref()).await?;
    Ok((StatusCode::CREATED, Json(FraudReportReply { reference })))
}
