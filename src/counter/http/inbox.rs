//! What waits for a person of the office.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::super::act::ReadInbox;
use super::super::inbox::{Inbox, Matter, NamedWaiting};
use crate::clock::Timestamp;
use crate::page::{self, Page};
use crate::staff::Allowed;
use crate::web::{Json, Problem, Query};

pub(super) fn routes() -> OpenApiRouter<Inbox> {
    OpenApiRouter::new().routes(routes!(inbox))
}

/// Which part of it.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct InboxQuery {
    /// `next` of the page before.
    cursor: Option<String>,
    /// 1–100; 50 when left out.
    limit: Option<i64>,
}

/// What waits.
#[derive(Debug, Serialize, ToSchema)]
struct InboxReply {
    /// What others asked for, or did, and this person may grant, refuse or look at. The longest waiting first.
    items: Vec<InboxItem>,
    /// Cursor of the next page; null on the last.
    next: Option<String>,
    /// What this person asked for and somebody else decides; with the first page only.
    own: Vec<InboxItem>,
}

/// One thing that waits. Names no resident.
#[derive(Debug, Serialize, ToSchema)]
struct InboxItem {
    /// What is wanted.
    matter: Matter,
    /// Of what: a registration, a request, a case, an event, or somebody of the office.
    id: Uuid,
    /// Log-in name of who asked, or did what is to be looked at; null for a call-back.
    by: Option<String>,
    /// Since when it waits.
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
    /// When it lapses; null where that is no matter of days.
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
}

impl From<NamedWaiting> for InboxItem {
    fn from(one: NamedWaiting) -> Self {
        let NamedWaiting { waiting, by } = one;
        Self { matter: waiting.matter, id: waiting.id, by, since: waiting.since, until: waiting.until }
    }
}

/// Everything that waits for this person's grant or look, in one list: at most 100 of each kind, the longest waiting. Never the own.
#[utoipa::path(get, path = "/v1/officer/inbox", tag = "Counter", security(("officer" = [])), params(InboxQuery),
    responses((status = 200, description = "A page", body = InboxReply),
        (status = "4XX", description = "`malformed_request`, `forbidden`")))]
async fn inbox(
    State(inbox): State<Inbox>,
    officer: Allowed<ReadInbox>,
    Query(query): Query<InboxQuery>,
) -> Result<Json<InboxReply>, Problem> {
    let limit = query.limit.unwrap_or(50).clamp(1, page::MOST);
    let (page, own) = inbox.page(&officer, query.cursor.as_deref(), limit).await?;
    let Page { items, next } = page.map(InboxItem::from);
    Ok(Json(InboxReply { items, next, own: own.into_iter().map(Into::into).collect() }))
}
