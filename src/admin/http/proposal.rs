//! What administrators of the nation ask of each other.

use axum::extract::State as Shared;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::super::act::{GrantProposal, ReadProposals, RefuseProposal, WithdrawProposal};
use crate::clock::Timestamp;
use crate::page::Page;
use crate::proposal::service::Listed;
use crate::proposal::{Kind, Matter, Proposals, State};
use crate::staff::Allowed;
use crate::web::extract::page_limit;
use crate::web::{Json, Path, Problem, Query};

pub(super) fn routes() -> OpenApiRouter<Proposals> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(count))
        .routes(routes!(grant))
        .routes(routes!(refuse))
        .routes(routes!(withdraw))
}

/// Which, and which page of them.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ProposalsQuery {
    /// Also those that are over. Left out: those that wait.
    #[serde(default)]
    all: bool,
    /// `next` of the page before; left out for the newest.
    #[serde(default)]
    cursor: Option<String>,
    /// At most so many, 1 to 100.
    #[serde(default, deserialize_with = "page_limit")]
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<i64>,
}

/// A page of requests.
#[derive(Debug, Serialize, ToSchema)]
struct ProposalsReply {
    /// The newest first.
    items: Vec<ProposalItem>,
    /// Cursor of the next page; null on the last.
    next: Option<String>,
}

/// Something that one administrator asks and another grants.
#[derive(Debug, Serialize, ToSchema)]
struct ProposalItem {
    /// Its id. What was asked never changes, so it is its version too.
    proposal_id: Uuid,
    /// What kind of thing it is.
    kind: Kind,
    /// The relying party or office; it has this id once it exists.
    subject_id: Uuid,
    /// Its name.
    name: String,
    /// What is to be done; null where it named a person, or nobody decided, and it is over.
    matter: Option<Matter>,
    /// How far it has come.
    state: State,
    /// Why it was asked.
    reason: String,
    /// Log-in name of who asked.
    asked_by: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    asked_at: Timestamp,
    /// When it ends by itself.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// Log-in name of who ended it; null while it waits and where nobody did.
    decided_by: Option<String>,
    /// When it ended.
    #[schema(value_type = Option<String>, format = DateTime)]
    decided_at: Option<Timestamp>,
    /// Why it was refused; null where it was not.
    refusal: Option<String>,
    /// Whether who reads this asked for it: somebody else has to grant it.
    own: bool,
}

impl From<Page<Listed>> for ProposalsReply {
    fn from(page: Page<Listed>) -> Self {
        let Page { items, next } = page.map(|Listed { proposal, matter, asked_by, decided_by, is_own }| ProposalItem {
            proposal_id: proposal.proposal_id,
            kind: proposal.kind,
            subject_id: proposal.subject_id,
            name: proposal.name,
            matter,
            state: proposal.state,
            reason: proposal.reason,
            asked_by,
            asked_at: proposal.asked_at,
            expires_at: proposal.expires_at,
            decided_by,
            decided_at: proposal.decided_at,
            refusal: proposal.refusal,
            own: is_own,
        });
        Self { items, next }
    }
}

/// What administrators ask of each other, the newest first. Addresses of people are left out for who cannot grant.
#[utoipa::path(get, path = "/v1/admin/proposals", tag = "Admin", security(("official" = [])), params(ProposalsQuery),
    responses((status = 200, description = "A page", body = ProposalsReply),
        (status = "4XX", description = "`forbidden`, `session_ended`, `malformed_request`")))]
async fn list(
    Shared(proposals): Shared<Proposals>,
    who: Allowed<ReadProposals>,
    Query(query): Query<ProposalsQuery>,
) -> Result<Json<ProposalsReply>, Problem> {
    let reader = (who.agent.official_id, who.agent.grants());
    let limit = query.limit.unwrap_or(20);
    let page = proposals.page(reader, !query.all, query.cursor.as_deref(), limit).await?;
    proposals.note(who.event(who.agent.official_id)).await?;
    Ok(Json(page.into()))
}

/// How much waits.
#[derive(Debug, Serialize, ToSchema)]
struct ProposalCount {
    /// What others asked for and waits.
    waiting: i64,
}

/// How many requests of others wait: for the mark beside the page's name.
#[utoipa::path(get, path = "/v1/admin/proposals/count", tag = "Admin", security(("official" = [])),
    responses((status = 200, description = "The number", body = ProposalCount),
        (status = "4XX", description = "`forbidden`, `session_ended`")))]
async fn count(
    Shared(proposals): Shared<Proposals>,
    who: Allowed<ReadProposals>,
) -> Result<Json<ProposalCount>, Problem> {
    Ok(Json(ProposalCount { waiting: proposals.count_waiting(who.agent.official_id).await? }))
}

/// Grant what another administrator asked for: it is done at once. What no longer fits (a name that exists by now, say) is refused, and waits on.
/// A repetition is `not_found`.
#[utoipa::path(post, path = "/v1/admin/proposals/{id}/grant", tag = "Admin", security(("official" = [])),
    params(("id" = Uuid, Path, description = "The request")),
    responses((status = 204, description = "It is done"),
        (status = "4XX", description = "`forbidden` for one's own, `session_ended`, `not_found` for what is over, \
            `wrong_state` for what no longer fits, which waits on")))]
async fn grant(
    Shared(proposals): Shared<Proposals>,
    who: Allowed<GrantProposal>,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Problem> {
    proposals.grant((who.agent.official_id, who.event(id)), id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ProposalRefusalBody {
    /// Who asked reads it: 1 to 200 characters.
    #[schema(example = "Nomor PKS belum benar")]
    reason: String,
}

/// Refuse what another administrator asked for. A repetition is `not_found`.
#[utoipa::path(post, path = "/v1/admin/proposals/{id}/refusal", tag = "Admin", security(("official" = [])),
    params(("id" = Uuid, Path, description = "The request")), request_body = ProposalRefusalBody,
    responses((status = 204, description = "It is over"),
        (status = "4XX", description = "`forbidden` for one's own, `session_ended`, `not_found` for what is over, `invalid_field`")))]
async fn refuse(
    Shared(proposals): Shared<Proposals>,
    who: Allowed<RefuseProposal>,
    Path(id): Path<Uuid>,
    Json(body): Json<ProposalRefusalBody>,
) -> Result<StatusCode, Problem> {
    proposals.refuse((who.agent.official_id, who.event(id)), id, &body.reason).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Take the own request back. A repetition is `not_found`.
#[utoipa::path(post, path = "/v1/admin/proposals/{id}/withdrawal", tag = "Admin", security(("official" = [])),
    params(("id" = Uuid, Path, description = "The request")),
    responses((status = 204, description = "It is over"),
        (status = "4XX", description = "`forbidden`, `session_ended`, `not_found` for what is over or somebody else's")))]
async fn withdraw(
    Shared(proposals): Shared<Proposals>,
    who: Allowed<WithdrawProposal>,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Problem> {
    proposals.withdraw((who.agent.official_id, who.event(id)), id).await?;
    Ok(StatusCode::NO_CONTENT)
}
