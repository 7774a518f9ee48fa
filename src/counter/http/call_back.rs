//! Calling back whom two approved without an e-mail address.

use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::super::act::{ReadCallBacks, RecordCallBack};
use super::super::call_back::{CallBack, CallBacks};
use crate::clock::Timestamp;
use crate::registration::model::CallBackFinding;
use crate::staff::Allowed;
use crate::web::{Json, Path, Problem};

pub(super) fn routes() -> OpenApiRouter<CallBacks> {
    OpenApiRouter::new().routes(routes!(call_backs)).routes(routes!(record_call_back))
}

/// What is to be called back, and what was.
#[derive(Debug, Serialize, ToSchema)]
struct CallBacksReply {
    /// Newest first, 100 at most.
    items: Vec<CallBackItem>,
}

/// One of them.
#[derive(Debug, Serialize, ToSchema)]
struct CallBackItem {
    /// The registration, which has the telephone number.
    registration_id: Uuid,
    /// When it was approved.
    #[schema(value_type = String, format = DateTime)]
    approved_at: Timestamp,
    /// What the resident said; null until somebody called.
    finding: Option<CallBackFinding>,
    /// Log-in name of who called.
    called_by: Option<String>,
    /// When.
    #[schema(value_type = Option<String>, format = DateTime)]
    called_at: Option<Timestamp>,
}

/// What the resident said.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CallBackBody {
    /// Who was not reached can be called again; any other word stays.
    finding: CallBackFinding,
}

/// Some of those whom two people of this office approved without an e-mail address are drawn by lot, to be called back by a third one. Those
/// that this person approved are not listed.
#[utoipa::path(get, path = "/v1/officer/call-backs", tag = "Counter", security(("officer" = [])),
    responses((status = 200, description = "The list", body = CallBacksReply),
        (status = "4XX", description = "`forbidden`, `session_ended`")))]
async fn call_backs(
    State(calls): State<CallBacks>,
    officer: Allowed<ReadCallBacks>,
) -> Result<Json<CallBacksReply>, Problem> {
    let item = |CallBack { registration_id, drawn_at, finding, called_by, called_at }| CallBackItem {
        registration_id,
        approved_at: drawn_at,
        finding,
        called_by,
        called_at,
    };
    Ok(Json(CallBacksReply { items: calls.list(&officer).await?.into_iter().map(item).collect() }))
}

/// Note what the resident said. Whoever denies it has an activation that supervisor and head annul: `POST /v1/officer/annulments`.
#[utoipa::path(post, path = "/v1/officer/call-backs/{id}", tag = "Counter", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The registration")), request_body = CallBackBody,
    responses((status = 204, description = "Noted"),
        (status = "4XX", description = "`forbidden`; `not_found` also for one that this person approved, and where the word is known")))]
async fn record_call_back(
    State(calls): State<CallBacks>,
    officer: Allowed<RecordCallBack>,
    Path(id): Path<Uuid>,
    Json(body): Json<CallBackBody>,
) -> Result<StatusCode, Problem> {
    calls.record(&officer, id, body.finding).await?;
    Ok(StatusCode::NO_CONTENT)
}
