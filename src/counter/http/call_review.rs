//! What supervisors read of blocks at callers' words.

use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::super::act::{LookAtCall, ReadCalls};
use super::super::call_review::{CallReviews, CallView};
use crate::clock::Timestamp;
use crate::life::model::{CallCounts, CallEffect, CallOutcome, reference};
use crate::secret::Redacted;
use crate::staff::Allowed;
use crate::web::extract::page_limit;
use crate::web::{Json, Path, Problem, Query};

pub(super) fn routes() -> OpenApiRouter<CallReviews> {
    OpenApiRouter::new()
        .routes(routes!(recent_blocks))
        .routes(routes!(blocking_officers))
        .routes(routes!(look_at_block))
}

/// Which page of the list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct BlocksQuery {
    /// `next` of the page before; left out for the newest.
    #[serde(default)]
    cursor: Option<String>,
    /// At most so many, 1 to 100.
    #[serde(default, deserialize_with = "page_limit")]
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<i64>,
}

/// Blocks at callers' words.
#[derive(Debug, Serialize, ToSchema)]
struct BlocksReply {
    /// Newest first.
    items: Vec<CallBlockReply>,
    /// Cursor of the next page; null on the last.
    next: Option<String>,
}

/// A block at a caller's word. It names no resident.
#[derive(Debug, Serialize, ToSchema)]
struct CallBlockReply {
    /// The block.
    block_id: Uuid,
    /// By which its holder and others speak of it.
    #[schema(example = "7F3A-09C2")]
    reference: String,
    /// Log-in name of the officer.
    officer: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// What it did.
    effect: CallEffect,
    /// Why, as the officer wrote it down.
    #[schema(value_type = String)]
    reason: Redacted<String>,
    /// What became of that; null while it is open.
    outcome: Option<CallOutcome>,
    /// When.
    #[schema(value_type = Option<String>, format = DateTime)]
    outcome_at: Option<Timestamp>,
    /// Who looked at it; null while nobody did.
    looked: Option<LookedReply>,
}

/// That a supervisor looked at a block.
#[derive(Debug, Serialize, ToSchema)]
struct LookedReply {
    /// Log-in name of the supervisor.
    by: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// With what result.
    #[schema(value_type = String)]
    reason: Redacted<String>,
}

impl From<CallView> for CallBlockReply {
    fn from(view: CallView) -> Self {
        let CallView { seen, officer, looked_by } = view;
        let looked = looked_by.zip(seen.row.looked_at).zip(seen.words);
        Self {
            block_id: seen.row.event_id,
            reference: reference(seen.row.event_id),
            officer,
            at: seen.row.at,
            effect: seen.row.effect,
            reason: seen.reason,
            outcome: seen.row.outcome,
            outcome_at: seen.row.outcome_at,
            looked: looked.map(|((by, at), reason)| LookedReply { by, at, reason }),
        }
    }
}

/// Officers who blocked at callers' words.
#[derive(Debug, Serialize, ToSchema)]
struct BlockingOfficersReply {
    /// Those first whose blocks were mostly lifted by holders.
    items: Vec<BlockingOfficer>,
}

/// How often an officer blocked at callers' words in seven days, and what became of it.
#[derive(Debug, Serialize, ToSchema)]
struct BlockingOfficer {
    /// Log-in name.
    officer: String,
    /// How many digital KTPs were blocked.
    blocked: i64,
    /// How often a link was sent instead.
    asked: i64,
    /// How many holders confirmed.
    confirmed: i64,
    /// How many holders lifted.
    lifted: i64,
    /// How many ended by themselves.
    lapsed: i64,
    /// How many something else overtook: the register, or the end of the digital KTP.
    overtaken: i64,
    /// Whether holders lifted most of them, and three at least: they had not called.
    stands_out: bool,
}

/// With what result a block was looked at.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LookBody {
    /// 5–500 characters; colleagues read it.
    #[schema(value_type = String, example = "Petugas mencatat penelepon dan nomornya")]
    reason: Redacted<String>,
}

/// Which blocks colleagues of this office entered at callers' words in the last seven days, and what became of them. Names no resident.
/// Supervisors only; what they entered themselves is for another one.
#[utoipa::path(get, path = "/v1/officer/blocks", tag = "Counter", security(("officer" = [])), params(BlocksQuery),
    responses((status = 200, description = "A page of the list", body = BlocksReply),
        (status = "4XX", description = "`malformed_request`, `forbidden`, `session_ended`")))]
async fn recent_blocks(
    State(reviews): State<CallReviews>,
    officer: Allowed<ReadCalls>,
    Query(query): Query<BlocksQuery>,
) -> Result<Json<BlocksReply>, Problem> {
    let page = reviews.recent(&officer, query.cursor.as_deref(), query.limit.unwrap_or(20)).await?;
    let page = page.map(CallBlockReply::from);
    Ok(Json(BlocksReply { items: page.items, next: page.next }))
}

/// The same counted by officer. Supervisors only.
#[utoipa::path(get, path = "/v1/officer/blocks/officers", tag = "Counter", security(("officer" = [])),
    responses((status = 200, description = "The officers", body = BlockingOfficersReply),
        (status = "4XX", description = "`forbidden`, `session_ended`")))]
async fn blocking_officers(
    State(reviews): State<CallReviews>,
    officer: Allowed<ReadCalls>,
) -> Result<Json<BlockingOfficersReply>, Problem> {
    let item = |(officer, counts): (String, CallCounts)| {
        let CallCounts { blocked, asked, confirmed, lifted, lapsed, overtaken } = counts;
        let stands_out = counts.stands_out();
        BlockingOfficer { officer, blocked, asked, confirmed, lifted, lapsed, overtaken, stands_out }
    };
    Ok(Json(BlockingOfficersReply { items: reviews.officers(&officer).await?.into_iter().map(item).collect() }))
}

/// Say that a block was looked at, and with what result. The first counts: repeated it is `wrong_state`.
#[utoipa::path(post, path = "/v1/officer/blocks/{id}/look", tag = "Counter", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The block")), request_body = LookBody,
    responses((status = 204, description = "Noted"),
        (status = "4XX", description = "`invalid_field`, `not_found`, `forbidden` for the own, `wrong_state`")))]
async fn look_at_block(
    State(reviews): State<CallReviews>,
    officer: Allowed<LookAtCall>,
    Path(id): Path<Uuid>,
    Json(body): Json<LookBody>,
) -> Result<StatusCode, Problem> {
    reviews.look(&officer, id, body.reason.expose()).await?;
    Ok(StatusCode::NO_CONTENT)
}
