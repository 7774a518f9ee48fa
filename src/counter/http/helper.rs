//! Who helps many people at the counter.

use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::super::act::{LookAtHelper, ReadHelpers};
use super::super::helper::{FrequentHelper, Helpers};
use crate::clock::Timestamp;
use crate::secret::Redacted;
use crate::staff::Allowed;
use crate::web::{Json, Path, Problem};

pub(super) fn routes() -> OpenApiRouter<Helpers> {
    OpenApiRouter::new().routes(routes!(frequent_helpers)).routes(routes!(look_at_helper))
}

/// Who helped more people than a family.
#[derive(Debug, Serialize, ToSchema)]
struct HelpersReply {
    /// Who helped last comes first.
    items: Vec<FrequentHelperReply>,
}

/// Somebody who helped more than three people within a year.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FrequentHelper)]
struct FrequentHelperReply {
    /// The newest help of theirs in this office that nobody looked at.
    help_id: Uuid,
    /// The name, as it was noted.
    #[schema(value_type = Option<String>)]
    full_name: Option<Redacted<String>>,
    /// How many people they helped within a year, at all offices.
    people: i64,
    /// When they helped last in this office.
    #[schema(value_type = String, format = DateTime)]
    last_at: Timestamp,
    /// Log-in names of the officers of this office who noted it.
    officers: Vec<String>,
    /// The last look at them in this office; null when nobody looked before.
    former: Option<FormerLook>,
}

/// A supervisor's look.
#[derive(Debug, Serialize, ToSchema)]
struct FormerLook {
    /// Log-in name.
    by: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// With what result.
    #[schema(value_type = String)]
    reason: Redacted<String>,
}

/// With what result somebody was looked at.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct HelperLookBody {
    /// 5–500 characters; colleagues read it.
    #[schema(value_type = String, example = "Kader posyandu, mengantar lansia se-RW")]
    reason: Redacted<String>,
}

impl From<FrequentHelper> for FrequentHelperReply {
    fn from(one: FrequentHelper) -> Self {
        let FrequentHelper { help_id, full_name, people, last_at, officers, former } = one;
        let former = former.map(|(by, at, reason)| FormerLook { by, at, reason });
        Self { help_id, full_name, people, last_at, officers, former }
    }
}

/// Who helped more than three people at counters within a year, some of them in this office where no supervisor looked at it yet. Names
/// nobody who was helped. Supervisors only; what they noted themselves is for another one.
#[utoipa::path(get, path = "/v1/officer/helpers", tag = "Counter", security(("officer" = [])),
    responses((status = 200, description = "The helpers", body = HelpersReply),
        (status = "4XX", description = "`forbidden`, `session_ended`")))]
async fn frequent_helpers(
    State(helpers): State<Helpers>,
    officer: Allowed<ReadHelpers>,
) -> Result<Json<HelpersReply>, Problem> {
    let items = helpers.frequent(&officer).await?.into_iter().map(Into::into).collect();
    Ok(Json(HelpersReply { items }))
}

/// Note that all that somebody did in this office until this help was looked at, and with what result. Supervisors only.
#[utoipa::path(post, path = "/v1/officer/helpers/{id}/look", tag = "Counter", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The help")), request_body = HelperLookBody,
    responses((status = 204, description = "Noted"),
        (status = "4XX", description = "`invalid_field`, `not_found` when a colleague was first, `forbidden` for what one noted oneself")))]
async fn look_at_helper(
    State(helpers): State<Helpers>,
    officer: Allowed<LookAtHelper>,
    Path(id): Path<Uuid>,
    Json(body): Json<HelperLookBody>,
) -> Result<StatusCode, Problem> {
    helpers.look(&officer, id, body.reason.expose()).await?;
    Ok(StatusCode::NO_CONTENT)
}
