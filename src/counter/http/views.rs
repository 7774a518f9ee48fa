//! Opening a registration without the resident present, and who did.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::super::act::{OpenWithReason, ReadReasonsGiven};
use super::super::view::Views;
use super::registration::RegistrationReply;
use crate::clock::Timestamp;
use crate::secret::Redacted;
use crate::staff::Allowed;
use crate::web::{Json, Lang, Path, Problem};

pub(super) fn routes() -> OpenApiRouter<Views> {
    OpenApiRouter::new().routes(routes!(open_with_reason)).routes(routes!(opened_views))
}

/// Why a registration is opened.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ViewBody {
    /// What the supervisor reads: 5–500 characters.
    #[schema(value_type = String, example = "Warga menelepon: kode belum datang")]
    reason: Redacted<String>,
}

/// Open a registration of this office without the resident present, for ten minutes: `GET …/{id}` and its pictures answer
/// meanwhile. The reason is kept for the supervisor; ten an hour.
#[utoipa::path(post, path = "/v1/officer/registrations/{id}/views", tag = "Counter", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The registration")), request_body = ViewBody,
    responses((status = 200, description = "The registration", body = RegistrationReply),
        (status = "4XX", description = "`invalid_field`, `not_found`, `forbidden`, `too_many`")))]
async fn open_with_reason(
    State(views): State<Views>,
    officer: Allowed<OpenWithReason>,
    Lang(language): Lang,
    Path(id): Path<Uuid>,
    Json(body): Json<ViewBody>,
) -> Result<Json<RegistrationReply>, Problem> {
    Ok(Json(views.open_with_reason(&officer, id, body.reason.expose(), language).await?.into()))
}

/// What was opened without a resident.
#[derive(Debug, Serialize, ToSchema)]
struct ViewsReply {
    /// Newest first, 100 at most.
    items: Vec<ViewItem>,
}

/// One of them.
#[derive(Debug, Serialize, ToSchema)]
struct ViewItem {
    /// Log-in name of the officer.
    username: String,
    /// The registration.
    registration_id: Uuid,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    opened_at: Timestamp,
    /// Why.
    #[schema(value_type = String)]
    reason: Redacted<String>,
}

/// Which registrations colleagues of this office opened without the resident present, and why. Supervisors only.
#[utoipa::path(get, path = "/v1/officer/views", tag = "Counter", security(("officer" = [])),
    responses((status = 200, description = "The list", body = ViewsReply),
        (status = "4XX", description = "`forbidden`, `session_ended`")))]
async fn opened_views(
    State(views): State<Views>,
    officer: Allowed<ReadReasonsGiven>,
) -> Result<Json<ViewsReply>, Problem> {
    let items = views
        .opened(&officer)
        .await?
        .into_iter()
        .map(|view| ViewItem {
            username: view.username,
            registration_id: view.registration_id,
            opened_at: view.opened_at,
            reason: view.reason,
        })
        .collect();
    Ok(Json(ViewsReply { items }))
}
