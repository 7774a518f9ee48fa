//! How long things are kept, and what administrators ask about it.

use axum::extract::State as Shared;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::act::{AskProposal, ReadSettings};
use super::super::retention::{Line, Periods};
use super::party_requests::{ProposalReply, asker};
use crate::clock::Timestamp;
use crate::error::Code;
use crate::proposal::Proposals;
use crate::retention::Period;
use crate::staff::Allowed;
use crate::web::{Json, Path, Problem};

pub(super) fn routes() -> OpenApiRouter<Periods> {
    OpenApiRouter::new().routes(routes!(retention))
}

pub(super) fn requests() -> OpenApiRouter<Proposals> {
    OpenApiRouter::new().routes(routes!(ask_retention))
}

/// How long things are kept.
#[derive(Debug, Serialize, ToSchema)]
struct RetentionReply {
    /// What administrators decide by two.
    items: Vec<RetentionItem>,
    /// What nobody decides: the terms promise it to holders.
    fixed: Vec<FixedRetention>,
}

/// How long something is kept.
#[derive(Debug, Serialize, ToSchema)]
struct RetentionItem {
    /// What.
    period: Period,
    /// Days that were decided, or count without a decision.
    days: i64,
    /// Days that count now: a shorter period waits for a day, so that it can be taken back.
    counts: i64,
    /// When `days` count, where that is still to come; null otherwise.
    #[schema(value_type = Option<String>, format = DateTime)]
    counts_at: Option<Timestamp>,
    /// Days that count without a decision.
    default_days: i64,
    /// The fewest days that can be decided.
    least_days: i64,
    /// The most.
    most_days: i64,
    /// When it was decided last; null where it never was.
    #[schema(value_type = Option<String>, format = DateTime)]
    changed_at: Option<Timestamp>,
    /// Log-in name of who asked for that.
    asked_by: Option<String>,
    /// Log-in name of who granted it.
    granted_by: Option<String>,
}

/// How long something is kept in any case.
#[derive(Debug, Serialize, ToSchema)]
struct FixedRetention {
    /// What, in a word.
    name: &'static str,
    /// Days.
    days: i64,
}

impl From<Line> for RetentionItem {
    fn from(Line { state, decided }: Line) -> Self {
        let (least_days, most_days) = state.period.bounds();
        let (asked_by, granted_by) = decided.unzip();
        let setting = state.setting.as_ref();
        Self {
            period: state.period,
            days: state.days,
            counts: state.counts,
            counts_at: state.counts_at(),
            default_days: state.default_days,
            least_days,
            most_days,
            changed_at: setting.map(|setting| setting.changed_at),
            asked_by,
            granted_by,
        }
    }
}

/// How long things are kept: what two administrators decide, with its bounds, and what is fixed.
#[utoipa::path(get, path = "/v1/admin/retention", tag = "Admin", security(("official" = [])),
    responses((status = 200, description = "All periods", body = RetentionReply),
        (status = "4XX", description = "`forbidden`, `session_ended`")))]
async fn retention(
    Shared(periods): Shared<Periods>,
    who: Allowed<ReadSettings>,
) -> Result<Json<RetentionReply>, Problem> {
    let (lines, fixed) = periods.view(&who).await?;
    let items = lines.into_iter().map(RetentionItem::from).collect();
    Ok(Json(RetentionReply { items, fixed: fixed.map(|(name, days)| FixedRetention { name, days }).into() }))
}

/// How long something is to be kept.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RetentionBody {
    /// Days, within the bounds.
    #[schema(example = 120)]
    days: i64,
    /// Why: colleagues read it, 1 to 200 characters.
    #[schema(example = "Permintaan auditor 12/2026")]
    reason: String,
}

/// Ask that something be kept longer or shorter. Granted, a longer period counts at once, a shorter one after a day: until then two
/// administrators take it back by setting the former days again.
#[utoipa::path(post, path = "/v1/admin/retention/{period}", tag = "Admin", security(("official" = [])),
    params(("period" = String, Path, description = "What")), request_body = RetentionBody,
    responses((status = 201, description = "It waits for another administrator", body = ProposalReply),
        (status = "4XX", description = "`forbidden`, `session_ended`, `not_found`, `invalid_field`, `wrong_state` when the same waits already")))]
async fn ask_retention(
    Shared(proposals): Shared<Proposals>,
    who: Allowed<AskProposal>,
    Path(period): Path<String>,
    Json(body): Json<RetentionBody>,
) -> Result<(StatusCode, Json<ProposalReply>), Problem> {
    let period: Period = period.parse().map_err(|_| Code::NotFound)?;
    let proposal_id = proposals.ask_retention(asker(&who), period, body.days, &body.reason).await?;
    Ok((StatusCode::CREATED, Json(ProposalReply { proposal_id })))
}
