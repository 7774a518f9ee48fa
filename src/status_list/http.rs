//! The lists, for whoever checks a token without asking about it.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE, ETAG, VARY};
use http::{HeaderMap, HeaderValue, StatusCode};
use ikd_token::status::{CWT_TYPE, JWT_TYPE};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::StatusLists;
use super::model::TTL_SECONDS;
use super::service::Body;
use crate::error::Code;
use crate::web::{Json, Path, Problem, negotiate};

/// All routes of this room.
pub fn routes(lists: StatusLists) -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(status_lists)).routes(routes!(status_list)).with_state(lists)
}

/// All status lists.
#[derive(Debug, Serialize, ToSchema)]
struct StatusListsReply {
    /// Their URIs, the newest first.
    status_lists: Vec<String>,
}

/// All status lists that tokens may name (Token Status List §9.3): whoever will be offline takes copies.
#[utoipa::path(get, path = "/v1/status-lists", tag = "Status lists",
    responses((status = 200, description = "Their URIs", body = StatusListsReply)))]
async fn status_lists(State(lists): State<StatusLists>) -> Result<Response, Problem> {
    let reply = StatusListsReply { status_lists: lists.uris().await? };
    Ok((cached(), Json(reply)).into_response())
}

/// A status list, signed with a key for `status` of the key set: as JWT, or as CWT with `Accept: application/statuslist+cwt`. One bit
/// a token: 1 means that it does not count any more. A copy may be kept for `ttl` seconds. Asking says nothing about whom it is for.
#[utoipa::path(get, path = "/v1/status-lists/{list}", tag = "Status lists",
    params(("list" = i64, Path, description = "Its number, as it stands at the end of its URI")),
    responses((status = 200, description = "The list", content((String = "application/statuslist+jwt"), (Vec<u8> = "application/statuslist+cwt"))),
        (status = 304, description = "The copy named in `If-None-Match` is the present one"),
        (status = "4XX", description = "`not_found`, `not_acceptable`")))]
async fn status_list(
    State(lists): State<StatusLists>,
    headers: HeaderMap,
    Path(list): Path<i64>,
) -> Result<Response, Problem> {
    let form = negotiate::media_type(&headers, &[JWT_TYPE, CWT_TYPE]).ok_or(Code::NotAcceptable)?;
    let published = lists.list(list).await?;
    let Body { bytes, tag } = if form == JWT_TYPE { published.jwt } else { published.cwt };
    if negotiate::has_tag(&headers, &tag) {
        return Ok((StatusCode::NOT_MODIFIED, cached(), [(ETAG, tag)]).into_response());
    }
    Ok((cached(), [(ETAG, tag)], [(CONTENT_TYPE, form)], bytes).into_response())
}

/// Anybody may keep a copy for a minute, a page of another origin too.
fn cached() -> [(http::HeaderName, HeaderValue); 3] {
    let seconds = format!("public, max-age={TTL_SECONDS}");
    let seconds = HeaderValue::try_from(seconds).unwrap_or_else(|_| HeaderValue::from_static("no-store"));
    [
        (CACHE_CONTROL, seconds),
        (ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")),
        (VARY, HeaderValue::from_static("accept")),
    ]
}
