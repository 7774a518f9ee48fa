//! The office's queue and today's figures.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::super::act::ReadQueue;
use super::super::queue::{Queue, Today};
use crate::clock::Timestamp;
use crate::page::{self, Page};
use crate::registration::State as RegistrationState;
use crate::registration::review::{Line, Wait};
use crate::secret::Redacted;
use crate::staff::Allowed;
use crate::web::{Json, Problem, Query};

pub(super) fn routes() -> OpenApiRouter<Queue> {
    OpenApiRouter::new().routes(routes!(figures)).routes(routes!(queue))
}

/// Today's figures.
#[derive(Debug, Serialize, ToSchema)]
struct FiguresReply {
    /// Midnight in Jakarta, from which is counted.
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
    /// Per state in which registrations of this office that changed today stand now; states without any are left out.
    items: Vec<FigureItem>,
    /// How long people waited today from their reception until they were called; null where nobody was called yet.
    wait: Option<WaitReply>,
}

/// How long people waited to be called.
#[derive(Debug, Serialize, ToSchema)]
struct WaitReply {
    /// How many people that is: of today's the last hundred at most.
    people: usize,
    /// Half of them waited no longer, in full minutes.
    median_minutes: i64,
}

/// One state.
#[derive(Debug, Serialize, ToSchema)]
struct FigureItem {
    /// The state.
    state: RegistrationState,
    /// Registrations of the office.
    office: i64,
    /// Those of them that this officer decided today.
    mine: i64,
}

/// Today's figures of this officer and the office.
#[utoipa::path(get, path = "/v1/officer/figures", tag = "Counter", security(("officer" = [])),
    responses((status = 200, description = "The figures", body = FiguresReply),
        (status = "4XX", description = "`forbidden`, `session_ended`")))]
async fn figures(State(queue): State<Queue>, officer: Allowed<ReadQueue>) -> Result<Json<FiguresReply>, Problem> {
    let Today { since, figures, wait } = queue.figures(&officer).await?;
    let items = figures
        .into_iter()
        .map(|figure| FigureItem { state: figure.state, office: figure.office, mine: figure.mine })
        .collect();
    let wait = wait.map(|Wait { people, median_minutes }| WaitReply { people, median_minutes });
    Ok(Json(FiguresReply { since, items, wait }))
}

/// Which part of the queue.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct QueueQuery {
    /// State; `awaiting_officer` when left out.
    state: Option<RegistrationState>,
    /// `next` of the page before.
    cursor: Option<String>,
    /// 1–100; 50 when left out.
    limit: Option<i64>,
}

/// A page of a queue.
#[derive(Debug, Serialize, ToSchema)]
struct QueueReply {
    /// Longest waiting first.
    items: Vec<QueueItem>,
    /// Cursor of the next page; null on the last.
    next: Option<String>,
}

/// One line of a queue.
#[derive(Debug, Serialize, ToSchema)]
struct QueueItem {
    /// The registration.
    registration_id: Uuid,
    /// Where it stands.
    state: RegistrationState,
    /// Initials of the name as submitted.
    #[schema(value_type = String, example = "S. R.")]
    initials: Redacted<String>,
    /// When it last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
    /// When it was scanned last.
    #[schema(value_type = Option<String>, format = DateTime)]
    scanned_at: Option<Timestamp>,
}

/// Registrations that were scanned at this officer's office, by state. It names nobody.
#[utoipa::path(get, path = "/v1/officer/registrations", tag = "Counter", security(("officer" = [])), params(QueueQuery),
    responses((status = 200, description = "A page", body = QueueReply),
        (status = "4XX", description = "`malformed_request`, `forbidden`")))]
async fn queue(
    State(queue): State<Queue>,
    officer: Allowed<ReadQueue>,
    Query(query): Query<QueueQuery>,
) -> Result<Json<QueueReply>, Problem> {
    let limit = query.limit.unwrap_or(50).clamp(1, 100);
    let after = page::after(query.cursor.as_deref(), (Timestamp::default(), Uuid::nil()))?;
    let state = query.state.unwrap_or(RegistrationState::AwaitingOfficer);
    let lines = queue.page(&officer, state, after, limit + 1).await?;
    let page = Page::new(lines, limit, |line| (line.updated_at, line.registration_id));
    let Page { items, next } = page.map(|Line { registration_id, state, initials, updated_at, scanned_at }| {
        QueueItem { registration_id, state, initials, updated_at, scanned_at }
    });
    Ok(Json(QueueReply { items, next }))
}
