//! What relying parties read of annulments.

use std::sync::Arc;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::telling::Telling;
use crate::clock::Timestamp;
use crate::relying_party::Authentication;
use crate::relying_party::http::AuthenticatedParty;
use crate::web::extract::page_limit;
use crate::web::{Json, Problem, Query, negotiate};

struct Shared {
    telling: Telling,
    authentication: Authentication,
}

impl AsRef<Authentication> for Arc<Shared> {
    fn as_ref(&self) -> &Authentication {
        &self.authentication
    }
}

/// All routes of this room.
pub fn routes(telling: Telling, authentication: Authentication) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(annulled_verifications))
        .layer(axum::middleware::map_response(negotiate::challenge))
        .with_state(Arc::new(Shared { telling, authentication }))
}

/// Which of a list is wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct AnnulledQuery {
    /// `next` of the page before; left out for the newest.
    #[serde(default)]
    cursor: Option<String>,
    /// At most so many, 1 to 100.
    #[serde(default, deserialize_with = "page_limit")]
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<i64>,
    /// Only what was told at this time or later.
    #[serde(default)]
    #[param(value_type = Option<String>, format = DateTime, example = "2026-11-21T00:00:00Z")]
    since: Option<Timestamp>,
}

/// Checks that are not to be relied on.
#[derive(Debug, Serialize, ToSchema)]
struct AnnulledReply {
    /// Newest first.
    items: Vec<AnnulledVerification>,
    /// Cursor of the next page; null on the last.
    next: Option<String>,
}

/// One of your checks that is not to be relied on, because the digital KTP had been given to the wrong person.
#[derive(Debug, Serialize, ToSchema)]
struct AnnulledVerification {
    /// The check, as its answer named it.
    verification_id: Uuid,
    /// When it was answered first.
    #[schema(value_type = String, format = DateTime)]
    verified_at: Timestamp,
    /// Nothing that this digital KTP showed since then is to be relied on.
    #[schema(value_type = String, format = DateTime)]
    void_since: Timestamp,
    /// When you were told.
    #[schema(value_type = String, format = DateTime)]
    told_at: Timestamp,
}

/// Which of your checks are not to be relied on
///
/// An activation can turn out to have been wrongful; two people of the office then annul it, and each check that had answered `valid`
/// since is listed here, once, to the party that made it. Ask every day, with `since` two days back: an entry that was written at
/// the same moment as you asked then does not escape you. Whom you dealt with, your own records say: nothing personal stands here.
#[utoipa::path(get, path = "/v1/annulled-verifications", tag = "Verification", params(AnnulledQuery),
    security(("api_key" = [])),
    responses(
        (status = 200, description = "A page of the list", body = AnnulledReply),
        (status = "4XX", description = "`api_key_invalid`, `malformed_request`, `too_many`"),
    ))]
async fn annulled_verifications(
    State(shared): State<Arc<Shared>>,
    party: AuthenticatedParty,
    Query(query): Query<AnnulledQuery>,
) -> Result<Json<AnnulledReply>, Problem> {
    let party = party.0.relying_party_id;
    let limit = query.limit.unwrap_or(20);
    let page = shared.telling.of_party(party, query.since, query.cursor.as_deref(), limit).await?;
    let page = page.map(|row| AnnulledVerification {
        verification_id: row.verification_id,
        verified_at: row.verified_at,
        void_since: row.void_since,
        told_at: row.told_at,
    });
    Ok(Json(AnnulledReply { items: page.items, next: page.next }))
}
