//! Approving, returning, rejecting.

use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::super::act::{Approve, AskApproval, AskWaiver, GrantApproval, Reject, Return};
use super::super::decision::{Checks, Decisions};
use super::release::GrantBody;
use super::who::{self, HelperBody};
use crate::error::Refusal;
use crate::registration::State as RegistrationState;
use crate::registration::model::{DifferenceField, WhyNot};
use crate::secret::Redacted;
use crate::staff::Allowed;
use crate::web::extract::object;
use crate::web::{Json, Path, Problem};

pub(super) fn routes() -> OpenApiRouter<Decisions> {
    OpenApiRouter::new()
        .routes(routes!(approve))
        .routes(routes!(ask_approval))
        .routes(routes!(ask_waiver))
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
    /// Who helps the resident, if anybody does. They never hold the PIN.
    #[serde(default)]
    helper: Option<HelperBody>,
}

/// An approval without comparing the face.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct WaiverBody {
    /// `version` of the registration as it was on the officer's screen.
    version: String,
    /// What the officer checked instead; both are needed.
    #[serde(deserialize_with = "object")]
    checks: WaiverChecksBody,
    /// Why the face cannot be compared, and how that is known: 5–500 characters, for the second person.
    #[schema(value_type = String, example = "Wajah diperban sesudah operasi; surat dokter RSUD dilihat")]
    reason: Redacted<String>,
    /// Who helps the resident, if anybody does. They never hold the PIN.
    #[serde(default)]
    helper: Option<HelperBody>,
}

/// What the officer checked instead of the face.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct WaiverChecksBody {
    /// The KTP-el or another document was seen.
    document: bool,
    /// Submitted and registered data were compared.
    data: bool,
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
    let helper = who::helper(body.helper)?;
    let (checks, note) = (body.checks.into(), body.note.expose());
    let state = decisions.approve(&officer, (id, &body.version), checks, note, helper.as_ref()).await?;
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
    let helper = who::helper(body.helper)?;
    let (checks, note) = (body.checks.into(), body.note.expose());
    decisions.ask_approval(&officer, (id, &body.version), checks, note, helper.as_ref()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ask that a second person approve somebody whose face cannot be compared, for a medical reason. A supervisor of the same office, another
/// person, grants it within 30 minutes with `…/approval/second/grant`; the code is mailed where there is an address.
#[utoipa::path(post, path = "/v1/officer/registrations/{id}/approval/waiver", tag = "Counter", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The registration")), request_body = WaiverBody,
    responses((status = 204, description = "Asked for"),
        (status = "4XX", description = "`scan_required`, `already_active`, `wrong_state`, `invalid_field`, `not_found`, `forbidden`")))]
async fn ask_waiver(
    State(decisions): State<Decisions>,
    officer: Allowed<AskWaiver>,
    Path(id): Path<Uuid>,
    Json(body): Json<WaiverBody>,
) -> Result<StatusCode, Problem> {
    let helper = who::helper(body.helper)?;
    let checks = Checks { face: false, document: body.checks.document, data: body.checks.data };
    let reason = body.reason.expose();
    decisions.ask_waiver(&officer, (id, &body.version), checks, reason, helper.as_ref()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Approve, as the second person, what a colleague asked for: the resident chooses a PIN at once; where only the face was not compared and
/// there is an address, the code goes there. Supervisors only.
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
    /// Why, as figures count it.
    #[serde(default)]
    code: Option<WhyNot>,
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
    let why = body.code.unwrap_or_else(|| WhyNot::of_release(to, &body.release));
    let reason = (body.reason.expose().as_str(), why);
    let state = decisions.return_for_correction(&officer, (id, &body.version), to, reason, body.release).await?;
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
    /// Why, as figures count it.
    #[serde(default)]
    code: WhyNot,
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
    let reason = (body.reason.expose().as_str(), body.code);
    let state = decisions.reject(&officer, (id, &body.version), reason, body.note.expose()).await?;
    Ok(Json(DecisionReply { registration_id: id, state }))
}
