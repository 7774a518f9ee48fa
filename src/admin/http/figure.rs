//! Figures of regions.

use axum::extract::State;
use axum::response::Response;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::act::{DownloadPublished, ReadPublished};
use super::super::figure::Figures;
use crate::figure::http::{PublishedQuery, PublishedReply, file};
use crate::staff::Allowed;
use crate::web::{Json, Problem, Query};

pub(super) fn routes() -> OpenApiRouter<Figures> {
    OpenApiRouter::new().routes(routes!(published)).routes(routes!(published_rows))
}

/// What is public of a region: of the country by province, of a province by regency, of a regency by district. Months are made public a
/// day after their end, once, and never change. Somebody of a province reads that one.
#[utoipa::path(get, path = "/v1/admin/figures", tag = "Figures", security(("official" = [])), params(PublishedQuery),
    responses((status = 200, description = "The figures", body = PublishedReply),
        (status = "4XX", description = "`invalid_field` for months that are not public, `not_found` for a region of others, \
            `wrong_state` while nothing is public, `forbidden`")))]
async fn published(
    State(figures): State<Figures>,
    official: Allowed<ReadPublished>,
    Query(query): Query<PublishedQuery>,
) -> Result<Json<PublishedReply>, Problem> {
    Ok(Json(figures.read(&official, query.wanted()).await?.into()))
}

/// The same as a file: semicolons, a byte order mark, decimal commas; `<5` where a number is not told.
#[utoipa::path(get, path = "/v1/admin/figures/rows", tag = "Figures", security(("official" = [])), params(PublishedQuery),
    responses((status = 200, description = "The rows, CSV", body = [u8], content_type = "text/csv"),
        (status = "4XX", description = "`invalid_field`, `not_found`, `wrong_state`, `too_many`, `forbidden`")))]
async fn published_rows(
    State(figures): State<Figures>,
    official: Allowed<DownloadPublished>,
    Query(query): Query<PublishedQuery>,
) -> Result<Response, Problem> {
    Ok(file(&figures.download(&official, query.wanted()).await?)?)
}
