//! Letting a digital KTP make way for a new one.

use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::super::act::{AskRelease, GrantRelease, ReadRelease, ReadReleases, RefuseRelease};
use super::super::release::Releases;
use super::who::HelperReply;
use crate::clock::Timestamp;
use crate::registration::model::RequestKind;
use crate::registration::release::{Release, Waiting};
use crate::secret::Redacted;
use crate::staff::Allowed;
use crate::web::{Json, Path, Problem};

pub(super) fn routes() -> OpenApiRouter<Releases> {
    OpenApiRouter::new()
        .routes(routes!(ask_release, release_asked))
        .routes(routes!(grant_release))
        .routes(routes!(refuse_release))
        .routes(routes!(releases_waiting))
}

/// Why a digital KTP shall make way.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ReleaseBody {
    /// `version` of the registration as it was on the officer's screen: what changes after that ends the request.
    version: String,
    /// What the supervisor reads: 5–500 characters.
    #[schema(value_type = String, example = "Ponsel hilang; wajah dan KTP-el cocok")]
    reason: Redacted<String>,
}

/// A request that waits for a supervisor.
#[derive(Debug, Serialize, ToSchema)]
struct ReleaseReply {
    /// To what the supervisor is asked to agree.
    kind: RequestKind,
    /// The officer who asked.
    asked_by: Uuid,
    /// The version that was asked for; the grant carries it.
    version: String,
    /// When; it counts for 30 minutes.
    #[schema(value_type = String, format = DateTime)]
    asked_at: Timestamp,
    /// Why.
    #[schema(value_type = String)]
    reason: Redacted<String>,
    /// Who helps the resident.
    helper: Option<HelperReply>,
}

/// Ask that the resident's digital KTP (a lost phone, a blocked KTP) make way for this registration. A supervisor of the same
/// office, another person, grants it; then approve as usual.
#[utoipa::path(post, path = "/v1/officer/registrations/{id}/release", tag = "Counter", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The registration")), request_body = ReleaseBody,
    responses((status = 204, description = "Asked for"),
        (status = "4XX", description = "`scan_required`, `wrong_state`, `invalid_field`, `not_found`, `forbidden`")))]
async fn ask_release(
    State(releases): State<Releases>,
    officer: Allowed<AskRelease>,
    Path(id): Path<Uuid>,
    Json(body): Json<ReleaseBody>,
) -> Result<StatusCode, Problem> {
    releases.ask(&officer, id, &body.version, body.reason.expose()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What was asked for, while it waits.
#[utoipa::path(get, path = "/v1/officer/registrations/{id}/release", tag = "Counter", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The registration")),
    responses((status = 200, description = "It waits", body = ReleaseReply),
        (status = "4XX", description = "`not_found`, `forbidden`")))]
async fn release_asked(
    State(releases): State<Releases>,
    officer: Allowed<ReadRelease>,
    Path(id): Path<Uuid>,
) -> Result<Json<ReleaseReply>, Problem> {
    let release = releases.asked(&officer, id).await?;
    let Release { kind, asked_by, asked_at, reason, version, helper } = release;
    let helper = helper.map(|(noted, others)| HelperReply::of(noted, others));
    Ok(Json(ReleaseReply { kind, asked_by, version, asked_at, reason, helper }))
}

/// What is granted, or refused.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct GrantBody {
    /// `version` of the request.
    pub(super) version: String,
}

/// Grant what a colleague asked for: the old digital KTP ends at once. Supervisors only.
#[utoipa::path(post, path = "/v1/officer/registrations/{id}/release/grant", tag = "Counter", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The registration")), request_body = GrantBody,
    responses((status = 204, description = "The old digital KTP has ended"),
        (status = "4XX", description = "`forbidden`, `not_found`, `wrong_state`")))]
async fn grant_release(
    State(releases): State<Releases>,
    officer: Allowed<GrantRelease>,
    Path(id): Path<Uuid>,
    Json(body): Json<GrantBody>,
) -> Result<StatusCode, Problem> {
    releases.grant(&officer, id, &body.version).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Refuse what was asked for, of either kind, or take the own request back: nothing changes.
#[utoipa::path(post, path = "/v1/officer/registrations/{id}/release/refuse", tag = "Counter", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The registration")), request_body = GrantBody,
    responses((status = 204, description = "Refused"),
        (status = "4XX", description = "`forbidden`, `not_found`, `wrong_state`")))]
async fn refuse_release(
    State(releases): State<Releases>,
    officer: Allowed<RefuseRelease>,
    Path(id): Path<Uuid>,
    Json(body): Json<GrantBody>,
) -> Result<StatusCode, Problem> {
    releases.refuse(&officer, id, &body.version).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What waits for a second person.
#[derive(Debug, Serialize, ToSchema)]
struct ReleasesReply {
    /// Longest waiting first.
    items: Vec<WaitingRelease>,
}

/// One of them.
#[derive(Debug, Serialize, ToSchema)]
struct WaitingRelease {
    /// To what a second person is asked to agree.
    kind: RequestKind,
    /// The registration that waits for it.
    registration_id: Uuid,
    /// Log-in name of who asked.
    asked_by: String,
    /// When; it counts for 30 minutes.
    #[schema(value_type = String, format = DateTime)]
    asked_at: Timestamp,
    /// Whether this officer asked: then somebody else has to grant it.
    own: bool,
    /// The version that was asked for; the grant carries it.
    version: String,
}

/// What waits for a second person of this office. Names no resident.
#[utoipa::path(get, path = "/v1/officer/releases", tag = "Counter", security(("officer" = [])),
    responses((status = 200, description = "The requests", body = ReleasesReply),
        (status = "4XX", description = "`forbidden`, `session_ended`")))]
async fn releases_waiting(
    State(releases): State<Releases>,
    officer: Allowed<ReadReleases>,
) -> Result<Json<ReleasesReply>, Problem> {
    let item = |(waiting, asked_by): (Waiting, String)| WaitingRelease {
        kind: waiting.kind,
        registration_id: waiting.registration_id,
        asked_by,
        asked_at: waiting.asked_at,
        own: waiting.asked_by == officer.agent.officer_id,
        version: waiting.version,
    };
    let items = releases.waiting(&officer).await?.into_iter().map(item).collect();
    Ok(Json(ReleasesReply { items }))
}
