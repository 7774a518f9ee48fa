//! Reporting a branch, without logging in.

use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::branch::model::{Happened, Said};
use crate::branch::reports::Reports;
use crate::register::Date;
use crate::secret::Redacted;
use crate::web::{ClientAddress, Json, Path, Problem};

/// All routes of this room.
pub fn routes(reports: Reports) -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(report_branch)).with_state(reports)
}

/// What happened at a branch.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct BranchReportBody {
    /// What happened.
    what: Happened,
    /// On which day: today, or 30 days ago at most.
    #[schema(value_type = String, format = Date, example = "2026-11-27")]
    day: Date,
    /// In your own words, 500 characters at most. The organisation reads them; leave out who you are.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Teller minta fotokopi dua lembar")]
    words: Option<Redacted<String>>,
    /// Solution of a challenge of `POST /v1/officer-proofs/captcha`, where one was asked for.
    #[serde(default)]
    captcha: Option<String>,
}

/// That it arrived.
#[derive(Debug, Serialize, ToSchema)]
struct BranchReportReply {
    /// Whether it counts: from one address one report a day about a branch does.
    counted: bool,
}

/// Report that a photocopy was asked for at a branch, or the digital KTP refused. The organisation and the administration see how often; who
/// reports is not asked.
#[utoipa::path(post, path = "/v1/branches/{id}/reports", tag = "Public",
    params(("id" = Uuid, Path, description = "The branch, as `GET /v1/branches` names it")), request_body = BranchReportBody,
    responses((status = 201, description = "It arrived", body = BranchReportReply),
        (status = "4XX", description = "`invalid_field`, `not_found`, `captcha_required` from the fourth report of an hour on, and from the eleventh of a day about a branch, `captcha_invalid`, `too_many`, also after fifty of a day about a branch")))]
async fn report_branch(
    State(reports): State<Reports>,
    ClientAddress(address): ClientAddress,
    Path(id): Path<Uuid>,
    Json(body): Json<BranchReportBody>,
) -> Result<(StatusCode, Json<BranchReportReply>), Problem> {
    let BranchReportBody { what, day, words, captcha } = body;
    let counted = reports.report(address, id, Said { what, day, words }, captcha.as_deref()).await?;
    Ok((StatusCode::CREATED, Json(BranchReportReply { counted })))
}
