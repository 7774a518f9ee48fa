//! What administrators of the nation ask about offices. Nothing of it is done before another one grants it.

use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::super::act::AskProposal;
use super::party_requests::{ProposalReply, asker};
use crate::office::model::Change;
use crate::proposal::Proposals;
use crate::staff::Allowed;
use crate::web::{Json, Path, Problem};

pub(super) fn routes() -> OpenApiRouter<Proposals> {
    OpenApiRouter::new()
        .routes(routes!(ask_office))
        .routes(routes!(ask_office_change))
        .routes(routes!(ask_office_closing))
        .routes(routes!(ask_office_reopening))
}

/// An office that is to be added.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewOfficeBody {
    /// Its short code: 2 to 20 capital letters, digits, hyphens. It never changes.
    #[schema(example = "JKT-01")]
    code: String,
    /// What it is and where it stands; a name at least.
    office: Change,
    /// Why: colleagues read it, 1 to 200 characters.
    #[schema(example = "SK kepala dinas 12/2026")]
    reason: String,
}

/// What is to be different about an office.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ChangedOfficeBody {
    /// What is left out stays as it is.
    office: Change,
    /// Why: 1 to 200 characters.
    reason: String,
}

/// Why an office is to be closed, or opened again.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct OfficeReasonBody {
    /// Colleagues read it: 1 to 200 characters.
    reason: String,
}

/// Ask that an office be added. When it is open its own people say, once they are invited.
#[utoipa::path(post, path = "/v1/admin/offices", tag = "Admin", security(("official" = [])),
    request_body = NewOfficeBody,
    responses((status = 201, description = "It waits for another administrator", body = ProposalReply),
        (status = "4XX", description = "`forbidden`, `session_ended`, `invalid_field` also for a code that exists, `wrong_state` when the same waits already")))]
async fn ask_office(
    State(proposals): State<Proposals>,
    who: Allowed<AskProposal>,
    Json(body): Json<NewOfficeBody>,
) -> Result<(StatusCode, Json<ProposalReply>), Problem> {
    let NewOfficeBody { code, office, reason } = body;
    let proposal_id = proposals.ask_office(asker(&who), &code, &office, &reason).await?;
    Ok((StatusCode::CREATED, Json(ProposalReply { proposal_id })))
}

/// Ask that an office be another one: name, kind, place in the tree, regions, address, place on the map, zone. Granted only while what it
/// replaces is as it is now.
#[utoipa::path(post, path = "/v1/admin/offices/{id}/change", tag = "Admin", security(("official" = [])),
    params(("id" = Uuid, Path, description = "The office")), request_body = ChangedOfficeBody,
    responses((status = 201, description = "It waits for another administrator", body = ProposalReply),
        (status = "4XX", description = "`forbidden`, `session_ended`, `not_found`, `invalid_field`, `wrong_state` when the same waits already")))]
async fn ask_office_change(
    State(proposals): State<Proposals>,
    who: Allowed<AskProposal>,
    Path(id): Path<Uuid>,
    Json(body): Json<ChangedOfficeBody>,
) -> Result<(StatusCode, Json<ProposalReply>), Problem> {
    let ChangedOfficeBody { office, reason } = body;
    let proposal_id = proposals.ask_office_change(asker(&who), id, &office, &reason).await?;
    Ok((StatusCode::CREATED, Json(ProposalReply { proposal_id })))
}

/// Ask that an office be closed for good: its people cannot log in, and residents find it no more.
#[utoipa::path(post, path = "/v1/admin/offices/{id}/closing", tag = "Admin", security(("official" = [])),
    params(("id" = Uuid, Path, description = "The office")), request_body = OfficeReasonBody,
    responses((status = 201, description = "It waits for another administrator", body = ProposalReply),
        (status = "4XX", description = "`forbidden`, `session_ended`, `not_found`, `invalid_field`, `wrong_state` when the same waits already")))]
async fn ask_office_closing(
    State(proposals): State<Proposals>,
    who: Allowed<AskProposal>,
    Path(id): Path<Uuid>,
    Json(body): Json<OfficeReasonBody>,
) -> Result<(StatusCode, Json<ProposalReply>), Problem> {
    let proposal_id = proposals.ask_office_closing(asker(&who), id, &body.reason).await?;
    Ok((StatusCode::CREATED, Json(ProposalReply { proposal_id })))
}

/// Ask that a closed office be opened again.
#[utoipa::path(post, path = "/v1/admin/offices/{id}/reopening", tag = "Admin", security(("official" = [])),
    params(("id" = Uuid, Path, description = "The office")), request_body = OfficeReasonBody,
    responses((status = 201, description = "It waits for another administrator", body = ProposalReply),
        (status = "4XX", description = "`forbidden`, `session_ended`, `not_found`, `invalid_field`, `wrong_state` when the same waits already")))]
async fn ask_office_reopening(
    State(proposals): State<Proposals>,
    who: Allowed<AskProposal>,
    Path(id): Path<Uuid>,
    Json(body): Json<OfficeReasonBody>,
) -> Result<(StatusCode, Json<ProposalReply>), Problem> {
    let proposal_id = proposals.ask_office_reopening(asker(&who), id, &body.reason).await?;
    Ok((StatusCode::CREATED, Json(ProposalReply { proposal_id })))
}
