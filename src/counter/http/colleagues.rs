//! Colleagues, and passing a resident on to one of them.

use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::super::act::{ReadColleagues, Reassign};
use super::super::colleagues::Colleagues;
use crate::staff::ports::Colleague;
use crate::staff::{Allowed, Permission, Role};
use crate::web::{Json, Path, Problem};

pub(super) fn routes() -> OpenApiRouter<Colleagues> {
    OpenApiRouter::new().routes(routes!(colleagues)).routes(routes!(reassign))
}

/// People of the office.
#[derive(Debug, Serialize, ToSchema)]
struct ColleaguesReply {
    /// By log-in name.
    items: Vec<ColleagueItem>,
}

/// One of them.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Colleague)]
struct ColleagueItem {
    /// The person.
    officer_id: Uuid,
    /// Log-in name.
    username: String,
    /// Full name.
    full_name: String,
    /// What they are.
    role: Role,
    /// Whether they were at work on a page within half an hour.
    on_duty: bool,
    /// Whether they serve residents.
    serves: bool,
}

/// Who works at this office, and who is on duty now. The own with them.
#[utoipa::path(get, path = "/v1/officer/colleagues", tag = "Counter", security(("officer" = [])),
    responses((status = 200, description = "The people", body = ColleaguesReply),
        (status = "4XX", description = "`forbidden`, `session_ended`")))]
async fn colleagues(
    State(colleagues): State<Colleagues>,
    officer: Allowed<ReadColleagues>,
) -> Result<Json<ColleaguesReply>, Problem> {
    let item = |one: Colleague| ColleagueItem {
        serves: one.roles.may(Permission::ServeResidents),
        officer_id: one.staff_id,
        username: one.username,
        full_name: one.full_name,
        role: one.roles.own,
        on_duty: one.on_duty,
    };
    Ok(Json(ColleaguesReply { items: colleagues.list(&officer).await?.into_iter().map(item).collect() }))
}

/// To whom a resident is passed on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ReassignBody {
    /// Before whom the resident stands, as the list of arrivals says: whoever was faster is not overruled unseen.
    from: Uuid,
    /// The colleague who serves them from now on.
    to: Uuid,
}

/// Pass a resident on to a colleague who is on duty: from now on they stand before that one, as long as they would have before the other.
/// Supervisors.
#[utoipa::path(post, path = "/v1/officer/registrations/{id}/reassign", tag = "Counter", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The registration")), request_body = ReassignBody,
    responses((status = 204, description = "Passed on"),
        (status = "4XX", description = "`invalid_field` for who is not on duty, `scan_required` when nobody received them within 30 minutes, `wrong_state`, `not_found`, `forbidden`")))]
async fn reassign(
    State(colleagues): State<Colleagues>,
    officer: Allowed<Reassign>,
    Path(id): Path<Uuid>,
    Json(body): Json<ReassignBody>,
) -> Result<StatusCode, Problem> {
    colleagues.reassign(&officer, id, (body.from, body.to)).await?;
    Ok(StatusCode::NO_CONTENT)
}
