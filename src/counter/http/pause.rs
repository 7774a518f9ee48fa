//! Rights that rest since an annulment.

use axum::extract::State;
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::super::act::{ReadPaused, RestoreColleague};
use super::super::pause::Pauses;
use crate::clock::Timestamp;
use crate::staff::Allowed;
use crate::staff::ports::Paused;
use crate::web::{Json, Path, Problem};

pub(super) fn routes() -> OpenApiRouter<Pauses> {
    OpenApiRouter::new().routes(routes!(paused_colleagues)).routes(routes!(restore_colleague))
}

/// Whose rights rest.
#[derive(Debug, Serialize, ToSchema)]
struct PausedReply {
    /// The longest first.
    items: Vec<PausedColleague>,
}

/// One of them.
#[derive(Debug, Serialize, ToSchema)]
struct PausedColleague {
    /// The person.
    officer_id: Uuid,
    /// Log-in name.
    username: String,
    /// Full name.
    full_name: String,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
    /// Whether it is the supervisor who looks: then another one has to give them back.
    own: bool,
}

/// Whose rights rest at this office since an activation that they approved was annulled. They may log in and do nothing.
#[utoipa::path(get, path = "/v1/officer/paused", tag = "Counter", security(("officer" = [])),
    responses((status = 200, description = "The people", body = PausedReply),
        (status = "4XX", description = "`forbidden`, `session_ended`")))]
async fn paused_colleagues(
    State(pauses): State<Pauses>,
    officer: Allowed<ReadPaused>,
) -> Result<Json<PausedReply>, Problem> {
    let me = officer.agent.officer_id;
    let item = |Paused { staff_id, username, full_name, paused_at }| PausedColleague {
        officer_id: staff_id,
        username,
        full_name,
        since: paused_at,
        own: staff_id == me,
    };
    Ok(Json(PausedReply { items: pauses.list(&officer).await?.into_iter().map(item).collect() }))
}

/// Give a colleague the rights back, once it is clear that the activation was no fault of theirs.
#[utoipa::path(post, path = "/v1/officer/paused/{id}/restore", tag = "Counter", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The person")),
    responses((status = 204, description = "They have their rights again"),
        (status = "4XX", description = "`forbidden`; `not_found` for oneself, and where they do not rest")))]
async fn restore_colleague(
    State(pauses): State<Pauses>,
    officer: Allowed<RestoreColleague>,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Problem> {
    pauses.restore(&officer, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
