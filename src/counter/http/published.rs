//! What is public of the regions of others, for the head.

use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::act::ReadPublished;
use super::super::figure::Figures;
use crate::figure::http::{PublishedQuery, PublishedReply};
use crate::staff::Allowed;
use crate::web::{Json, Problem, Query};

pub(super) fn routes() -> OpenApiRouter<Figures> {
    OpenApiRouter::new().routes(routes!(region_figures))
}

/// What is public of the regions of others: of the country by province, of a province by regency, of a regency by district. Heads.
#[utoipa::path(get, path = "/v1/officer/region-figures", tag = "Figures", security(("officer" = [])), params(PublishedQuery),
    responses((status = 200, description = "The figures", body = PublishedReply),
        (status = "4XX", description = "`invalid_field` for months that are not public, `not_found` for an unknown region, \
            `wrong_state` while nothing is public, `forbidden`")))]
async fn region_figures(
    State(figures): State<Figures>,
    officer: Allowed<ReadPublished>,
    Query(query): Query<PublishedQuery>,
) -> Result<Json<PublishedReply>, Problem> {
    Ok(Json(figures.published(&officer, query.wanted()).await?.into()))
}
