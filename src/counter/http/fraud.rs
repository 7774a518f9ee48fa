//! What people report of those who say to be of the office.

use std::collections::HashMap;

use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::super::act::{CloseFraudReport, ReadFraudReports};
use super::super::fraud::FraudReports;
use crate::clock::Timestamp;
use crate::fraud::model::State as ReportState;
use crate::fraud::reports::Read;
use crate::life::model::reference;
use crate::page::{self, Page};
use crate::register::Date;
use crate::secret::Redacted;
use crate::staff::Allowed;
use crate::web::extract::page_limit;
use crate::web::{Json, Path, Problem, Query};

pub(super) fn routes() -> OpenApiRouter<FraudReports> {
    OpenApiRouter::new().routes(routes!(fraud_reports)).routes(routes!(close_fraud_report))
}

/// Which reports.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct FraudReportsQuery {
    /// Where they stand; `open` when left out.
    #[serde(default)]
    #[param(inline)]
    state: Option<ReportState>,
    /// `next` of the page before; left out for the newest.
    #[serde(default)]
    cursor: Option<String>,
    /// At most so many, 1 to 100.
    #[serde(default, deserialize_with = "page_limit")]
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<i64>,
}

/// Reports.
#[derive(Debug, Serialize, ToSchema)]
struct FraudReportsReply {
    /// Newest first.
    items: Vec<FraudReportItem>,
    /// Cursor of the next page; null on the last.
    next: Option<String>,
}

/// A report.
#[derive(Debug, Serialize, ToSchema)]
struct FraudReportItem {
    /// The report.
    report_id: Uuid,
    /// By which people speak of it.
    #[schema(example = "7F3A-09C2")]
    reference: String,
    /// Where it stands.
    state: ReportState,
    /// The day on which it came. More is not kept of a report that names nobody.
    #[schema(value_type = String, format = Date, example = "2026-11-28")]
    reported_on: Date,
    /// What happened.
    #[schema(value_type = String)]
    what: Redacted<String>,
    /// Where.
    #[schema(value_type = String)]
    place: Redacted<String>,
    /// How whoever reports is reached, if they want to be.
    #[schema(value_type = Option<String>)]
    contact: Option<Redacted<String>>,
    /// The code that they were shown, as they typed it.
    #[schema(value_type = Option<String>)]
    code: Option<Redacted<String>>,
    /// Whether that is or was an officer's within a month.
    code_known: bool,
    /// Log-in name of whose; null of nobody's, and of somebody of another office.
    about: Option<String>,
    /// Log-in name of who closed it.
    closed_by: Option<String>,
    /// When.
    #[schema(value_type = Option<String>, format = DateTime)]
    closed_at: Option<Timestamp>,
    /// What came of it.
    #[schema(value_type = Option<String>)]
    words: Option<Redacted<String>>,
}

impl FraudReportItem {
    fn of(read: Read, usernames: &HashMap<Uuid, String>) -> Self {
        let Read { report, said, words } = read;
        let name = |id: Option<Uuid>| id.and_then(|id| usernames.get(&id).cloned());
        Self {
            report_id: report.report_id,
            reference: reference(report.report_id),
            state: report.state,
            reported_on: Date::in_jakarta(report.reported_at),
            what: said.what,
            place: said.place,
            contact: said.contact,
            code: said.code,
            code_known: report.about.is_some(),
            about: name(report.about),
            closed_by: name(report.closed_by),
            closed_at: report.closed_at,
            words,
        }
    }
}

/// What came of it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CloseFraudReportBody {
    /// 5–500 characters; colleagues read it.
    #[schema(value_type = String, example = "Bukan petugas kami; diteruskan ke polisi")]
    reason: Redacted<String>,
}

/// What people reported who met somebody that said to be of this office. Supervisors and the head; what is about oneself is for another one.
#[utoipa::path(get, path = "/v1/officer/fraud-reports", tag = "Officer proof", security(("officer" = [])), params(FraudReportsQuery),
    responses((status = 200, description = "A page of the list", body = FraudReportsReply),
        (status = "4XX", description = "`malformed_request`, `forbidden`, `session_ended`")))]
async fn fraud_reports(
    State(reports): State<FraudReports>,
    officer: Allowed<ReadFraudReports>,
    Query(query): Query<FraudReportsQuery>,
) -> Result<Json<FraudReportsReply>, Problem> {
    let limit = query.limit.unwrap_or(20);
    let after = page::after(query.cursor.as_deref(), Uuid::max())?;
    let state = query.state.unwrap_or(ReportState::Open);
    let (found, usernames) = reports.list(&officer, state, after, limit + 1).await?;
    let page = Page::new(found, limit, |one| one.report.report_id);
    let Page { items, next } = page.map(|one| FraudReportItem::of(one, &usernames));
    Ok(Json(FraudReportsReply { items, next }))
}

/// Close a report with what came of it. The first counts: repeated it is `wrong_state`.
#[utoipa::path(post, path = "/v1/officer/fraud-reports/{id}/close", tag = "Officer proof", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The report")), request_body = CloseFraudReportBody,
    responses((status = 204, description = "Closed"),
        (status = "4XX", description = "`invalid_field`, `not_found`, `forbidden` for who it is about, `wrong_state`")))]
async fn close_fraud_report(
    State(reports): State<FraudReports>,
    officer: Allowed<CloseFraudReport>,
    Path(id): Path<Uuid>,
    Json(body): Json<CloseFraudReportBody>,
) -> Result<StatusCode, Problem> {
    reports.close(&officer, id, body.reason.expose()).await?;
    Ok(StatusCode::NO_CONTENT)
}
