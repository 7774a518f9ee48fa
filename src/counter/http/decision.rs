//! Approving, returning, rejecting.

use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::super::act::{Approve, AskApproval, GrantApproval, Reject, Return};
use super::super::decision::{Checks, Decisions};
use super::release::GrantBody;
use crate::error::Refusal;
use crate::registration::State as RegistrationState;
use crate::registration::model::DifferenceField;
use crate::secret::Redacted;
use crate::staff::Allowed;
use crate::web::extract::object;
use crate::web::{Json, Path, Problem};

pub(super) fn routes() -> OpenApiRouter<Decisions> {
    OpenApiRouter::new()
        .routes(routes!(approve))
        .routes(routes!(ask_approval))
        .routes(routes!(grant_approval))
        .routes(routes!(return_for_correction))
        .routes(routes!(reject))
}

/// Approval.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ApprovalBody {
    /// `version` of the registration as it was on the officer's screen: what changed since is not approved unseen.
    version: String,
    /// What the officer checked; all three are needed.
    #[serde(deserialize_with = "object")]
    checks: ChecksBody,
    /// A note for colleagues.
    #[serde(default)]
    #[schema(value_type = String)]
    note: Redacted<String>,
}

/// What the officer checked.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ChecksBody {
    /// The face is that of the selfie and the register's portrait.
    face: bool,
    /// The KTP-el or another document was seen.
    document: bool,
    /// Submitted and registered data were compared.
    data: bool,
}

impl From<ChecksBody> for Checks {
    fn from(body: ChecksBody) -> Self {
        Self { face: body.face, document: body.document, data: body.data }
    }
}

/// What became of it.
#[derive(Debug, Serialize, ToSchema)]
struct DecisionReply {
    /// The registration.
    registration_id: Uuid,
    /// Where it stands now.
    state: RegistrationState,
}

/// Approve: the activation code is mailed to the resident; the officer never sees it. While the register is down the
/// approval waits and completes by itself on an exact match.
#[utoipa::path(post, path = "/v1/officer/registrations/{id}/approval", tag = "Counter", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The registration")), request_body = ApprovalBody,
    responses((status = 200, description = "Approved", body = DecisionReply),
        (status = "4XX", description = "`scan_required`, `already_active`, `wrong_state`, `invalid_field`, `not_found`, `forbidden`")))]
async fn approve(
    State(decisions): State<Decisions>,
    officer: Allowed<Approve>,
    Path(id): Path<Uuid>,
    Json(body): Json<ApprovalBody>,
) -> Result<Json<DecisionReply>, Problem> {
    let state = decisions.approve(&officer, (id, &body.version), body.checks.into(), body.note.expose()).await?;
    Ok(Json(DecisionReply { registration_id: id, state }))
}

/// Ask that a second person approve somebody who has no e-mail address. A supervisor of the same office, another person, grants it
/// within 30 minutes, while the resident is there.
#[utoipa::path(post, path = "/v1/officer/registrations/{id}/approval/second", tag = "Counter", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The registration")), request_body = ApprovalBody,
    responses((status = 204, description = "Asked for"),
        (status = "4XX", description = "`scan_required`, `already_active`, `wrong_state`, `invalid_field`, `not_found`, `forbidden`")))]
async fn ask_approval(
    State(decisions): State<Decisions>,
    officer: Allowed<AskApproval>,
    Path(id): Path<Uuid>,
    Json(body): Json<ApprovalBody>,
) -> Result<StatusCode, Problem> {
    decisions.ask_approval(&officer, (id, &body.version), body.checks.into(), body.note.expose()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Approve, as the second person, what a colleague asked for: no code is sent, the resident chooses a PIN at once. Supervisors only.
#[utoipa::path(post, path = "/v1/officer/registrations/{id}/approval/second/grant", tag = "Counter", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The registration")), request_body = GrantBody,
    responses((status = 200, description = "Approved", body = DecisionReply),
        (status = "4XX", description = "`forbidden`, `not_found`, `already_active`, `wrong_state`")))]
async fn grant_approval(
    State(decisions): State<Decisions>,
    officer: Allowed<GrantApproval>,
    Path(id): Path<Uuid>,
    Json(body): Json<GrantBody>,
) -> Result<Json<DecisionReply>, Problem> {
    let state = decisions.grant_approval(&officer, id, &body.version).await?;
    Ok(Json(DecisionReply { registration_id: id, state }))
}

/// Where a registration goes back to.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ReturnTo {
    /// A new selfie.
    Selfie,
    /// Corrected data.
    Data,
}

/// Return to the resident.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ReturnBody {
    /// `version` of the registration as it was on the officer's screen.
    version: String,
    /// What is to be done again.
    to: ReturnTo,
    /// What the resident reads: 5–500 characters.
    #[schema(value_type = String)]
    reason: Redacted<String>,
    /// Which differences the resident may know of; others are not mentioned.
    #[serde(default)]
    release: Vec<DifferenceField>,
}

/// Return a registration to the resident, naming only what the officer releases.
#[utoipa::path(post, path = "/v1/officer/registrations/{id}/return", tag = "Counter", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The registration")), request_body = ReturnBody,
    responses((status = 200, description = "Returned", body = DecisionReply),
        (status = "4XX", description = "`scan_required`, `wrong_state`, `invalid_field`, `not_found`, `forbidden`")))]
async fn return_for_correction(
    State(decisions): State<Decisions>,
    officer: Allowed<Return>,
    Path(id): Path<Uuid>,
    Json(body): Json<ReturnBody>,
) -> Result<Json<DecisionReply>, Problem> {
    let to = match body.to {
        ReturnTo::Selfie if !body.release.is_empty() => {
            return Err(Refusal::field(
                "release",
                "Perbedaan data hanya dapat dibuka bila dikembalikan ke data.",
                "Differences can be released only when returning to data.",
            )
            .into());
        }
        ReturnTo::Selfie => RegistrationState::NeedsSelfie,
        ReturnTo::Data => RegistrationState::NeedsCorrection,
    };
    let state =
        decisions.return_for_correction(&officer, (id, &body.version), to, body.reason.expose(), body.release).await?;
    Ok(Json(DecisionReply { registration_id: id, state }))
}

/// Refuse for good.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RejectionBody {
    /// `version` of the registration as it was on the officer's screen.
    version: String,
    /// What the resident reads: 5–500 characters.
    #[schema(value_type = String)]
    reason: Redacted<String>,
    /// A note for colleagues.
    #[serde(default)]
    #[schema(value_type = String)]
    note: Redacted<String>,
}

/// Refuse a registration with a reason.
#[utoipa::path(post, path = "/v1/officer/registrations/{id}/rejection", tag = "Counter", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The registration")), request_body = RejectionBody,
    responses((status = 200, description = "Rejected", body = DecisionReply),
        (status = "4XX", description = "`scan_required`, `wrong_state`, `invalid_field`, `not_found`, `forbidden`")))]
async fn reject(
    State(decisions): State<Decisions>,
    officer: Allowed<Reject>,
    Path(id): Path<Uuid>,
    Json(body): Json<RejectionBody>,
) -> Result<Json<DecisionReply>, Problem> {
    let state = decisions.reject(&officer, (id, &body.version), body.reason.expose(), body.note.expose()).await?;
    Ok(Json(DecisionReply { registration_id: id, state }))
}
