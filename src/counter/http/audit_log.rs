//! What the audit log says of an office.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::super::act::{CheckAudit, ReadOwnAudit, SearchAudit};
use super::super::audit_log::{AuditLog, NamedLine};
use crate::audit::http::{ActItem, ActionsReply, ActsReply, wanted_action, wanted_time};
use crate::audit::model::Wanted;
use crate::error::{Language, Refusal};
use crate::page::{self, Page};
use crate::secret::Redacted;
use crate::staff::Allowed;
use crate::web::{Json, Lang, Problem, Query};

pub(super) fn routes() -> OpenApiRouter<AuditLog> {
    OpenApiRouter::new()
        .routes(routes!(own_acts))
        .routes(routes!(search_acts))
        .routes(routes!(audited_actions))
        .routes(routes!(check_log))
}

/// Which part of the list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct OwnActsQuery {
    /// `next` of the page before.
    cursor: Option<String>,
    /// 1–100; 30 when left out.
    limit: Option<i64>,
}

fn reply(page: Page<NamedLine>, language: Language) -> ActsReply {
    let item = |NamedLine { line, actor, subject, reason }| ActItem::of(line, (actor, subject, reason), language);
    let Page { items, next } = page.map(item);
    ActsReply { items, next }
}

/// What the audit log says of one's own acts. Supervisors and heads.
#[utoipa::path(get, path = "/v1/officer/audit/own", tag = "Counter", security(("officer" = [])), params(OwnActsQuery),
    responses((status = 200, description = "A page", body = ActsReply),
        (status = "4XX", description = "`malformed_request`, `forbidden`")))]
async fn own_acts(
    State(log): State<AuditLog>,
    officer: Allowed<ReadOwnAudit>,
    Lang(language): Lang,
    Query(query): Query<OwnActsQuery>,
) -> Result<Json<ActsReply>, Problem> {
    let limit = query.limit.unwrap_or(30).clamp(1, page::MOST);
    Ok(Json(reply(log.own(&officer, query.cursor.as_deref(), limit).await?, language)))
}

/// What is searched for; what is left out may be anything.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ActsBody {
    /// Why: 5–500 characters. It is kept, and whoever reads the log reads it.
    #[schema(value_type = String, example = "Keluhan warga tentang data yang dibuka")]
    reason: Redacted<String>,
    /// Who acted.
    #[serde(default)]
    actor_id: Option<Uuid>,
    /// What was done, a word of `GET /v1/officer/audit/actions`.
    #[serde(default)]
    #[schema(example = "view_with_reason")]
    action: Option<String>,
    /// Whom or what it was about.
    #[serde(default)]
    subject_id: Option<Uuid>,
    /// Only what was refused or failed.
    #[serde(default)]
    refused: bool,
    /// The first day, in Jakarta.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Date)]
    first_day: Option<String>,
    /// The last day, in Jakarta.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Date)]
    last_day: Option<String>,
    /// `next` of the page before.
    #[serde(default)]
    cursor: Option<String>,
    /// 1–100; 30 when left out.
    #[serde(default)]
    limit: Option<i64>,
}

impl ActsBody {
    fn wanted(&self) -> Result<Wanted, Refusal> {
        let (since, until) = wanted_time(self.first_day.as_deref(), self.last_day.as_deref())?;
        Ok(Wanted {
            actor_id: self.actor_id,
            action: wanted_action(self.action.as_deref())?,
            subject_id: self.subject_id,
            refused: self.refused,
            since,
            until,
        })
    }
}

/// Search the audit log of this office. The search itself is noted, with its reason. What is found names no resident: a registration is
/// opened in its own way, with a further reason. Heads.
#[utoipa::path(post, path = "/v1/officer/audit/searches", tag = "Counter", security(("officer" = [])), request_body = ActsBody,
    responses((status = 200, description = "A page", body = ActsReply),
        (status = "4XX", description = "`invalid_field`, `malformed_request`, `forbidden`")))]
async fn search_acts(
    State(log): State<AuditLog>,
    officer: Allowed<SearchAudit>,
    Lang(language): Lang,
    Json(body): Json<ActsBody>,
) -> Result<Json<ActsReply>, Problem> {
    let wanted = body.wanted()?;
    let limit = body.limit.unwrap_or(30).clamp(1, page::MOST);
    let page = log.search(&officer, (&wanted, body.reason.expose()), body.cursor.as_deref(), limit).await?;
    Ok(Json(reply(page, language)))
}

/// The actions that the audit log knows, for whoever searches it.
#[utoipa::path(get, path = "/v1/officer/audit/actions", tag = "Counter", security(("officer" = [])),
    responses((status = 200, description = "The actions", body = ActionsReply),
        (status = "4XX", description = "`forbidden`, `session_ended`")))]
async fn audited_actions(_: Allowed<SearchAudit>, Lang(language): Lang) -> Result<Json<ActionsReply>, Problem> {
    Ok(Json(ActionsReply::of(language)))
}

/// What checking the end of the office's chain found.
#[derive(Debug, Serialize, ToSchema)]
struct CheckReply {
    /// Whether nothing was altered, deleted or moved in what was read.
    sound: bool,
    /// The first entry that was read.
    first: i64,
    /// How many were read.
    entries: u64,
    /// Acts that were announced and have no outcome: under way now, or crashes.
    unfinished: u64,
    /// How many places are wrong.
    faults: usize,
}

/// Check whether the last 5,000 entries of this office's chain were altered, deleted or moved. The whole log is checked by the operator
/// (`ikd audit verify`). Noted. Heads.
#[utoipa::path(post, path = "/v1/officer/audit/checks", tag = "Counter", security(("officer" = [])),
    responses((status = 200, description = "What was found", body = CheckReply),
        (status = "4XX", description = "`forbidden`, `session_ended`")))]
async fn check_log(State(log): State<AuditLog>, officer: Allowed<CheckAudit>) -> Result<Json<CheckReply>, Problem> {
    let end = log.check(&officer).await?;
    Ok(Json(CheckReply {
        sound: end.report.is_sound(),
        first: end.after + 1,
        entries: end.report.entries,
        unfinished: end.report.unfinished,
        faults: end.report.faults.len(),
    }))
}
