//! Sessions of outreach.

use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::super::act::{
    CancelOutreach, CloseOutreach, ConfirmOutreach, EditOutreach, OpenOutreach, PlanOutreach, ReadOutreach, ReadRoster,
    ReportOutreach, ViewOutreach,
};
use super::super::outreach::{OutreachView, Outreaches};
use crate::clock::Timestamp;
use crate::error::Refusal;
use crate::outreach::desk::check_village;
use crate::outreach::model::{Coordinator, Details, Kind, Outreach, Part, Plan, State as OutreachState};
use crate::outreach::ports::{village, villages};
use crate::page::{self, Page};
use crate::registration::State as RegistrationState;
use crate::secret::Redacted;
use crate::staff::ports::Colleague;
use crate::staff::{Allowed, Role};
use crate::web::extract::page_limit;
use crate::web::{Json, Path, Problem, Query};

pub(super) fn routes() -> OpenApiRouter<Outreaches> {
    OpenApiRouter::new()
        .routes(routes!(outreaches, plan_outreach))
        .routes(routes!(outreach_people))
        .routes(routes!(outreach_villages))
        .routes(routes!(view_outreach, edit_outreach))
        .routes(routes!(confirm_outreach))
        .routes(routes!(cancel_outreach))
        .routes(routes!(open_outreach))
        .routes(routes!(close_outreach))
        .routes(routes!(report_outreach))
}

/// Who coordinates at the place.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CoordinatorBody {
    /// Name.
    #[schema(value_type = String, example = "Bu Rina")]
    name: Redacted<String>,
    /// Phone.
    #[schema(value_type = String, example = "0812 3456 7890")]
    phone: Redacted<String>,
}

/// A plan.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct OutreachBody {
    /// What kind.
    kind: Kind,
    /// Where; of a visit at home the address.
    #[schema(value_type = String, example = "Balai Warga RW 05")]
    place: Redacted<String>,
    /// The village, ten digits.
    #[schema(example = "3171011001")]
    village_code: String,
    /// When it begins.
    #[schema(value_type = String, format = DateTime)]
    starts_at: Timestamp,
    /// When it ends, 16 hours later at most.
    #[schema(value_type = String, format = DateTime)]
    ends_at: Timestamp,
    /// How many people can be served, 1–2,000.
    #[schema(example = 60)]
    capacity: i64,
    /// Who leads: an officer or a supervisor.
    lead: Uuid,
    /// Who else goes there.
    people: Vec<Uuid>,
    /// Who coordinates there.
    #[serde(default)]
    coordinator: Option<CoordinatorBody>,
    /// Why somebody is visited at home, 5–500 characters; only then.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    reason: Option<Redacted<String>>,
}

impl OutreachBody {
    fn plan(self) -> Result<Plan, Refusal> {
        let Self { kind, place, village_code, starts_at, ends_at, capacity, lead, people, coordinator, reason } = self;
        let village_code = check_village(&village_code)?;
        let coordinator = coordinator.map(|CoordinatorBody { name, phone }| Coordinator { name, phone });
        let details = Details { place: Some(place), coordinator, reason };
        Ok(Plan { kind, village_code, starts_at, ends_at, capacity, details, lead, people })
    }
}

/// A plan in place of the one on the screen.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct OutreachEditBody {
    /// `version` of the session as it was on the screen.
    version: String,
    /// The plan, whole.
    plan: OutreachBody,
}

/// A step.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct OutreachStepBody {
    /// `version` of the session as it was on the screen.
    version: String,
}

/// The sheet.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct OutreachReportBody {
    /// `version` of the session as it was on the screen.
    version: String,
    /// Minutes without network.
    #[schema(example = 25)]
    offline_minutes: i64,
}

/// Which page of the list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct OutreachesQuery {
    /// `next` of the page before; left out for those that begin last.
    #[serde(default)]
    cursor: Option<String>,
    /// At most so many, 1 to 100.
    #[serde(default, deserialize_with = "page_limit")]
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<i64>,
}

/// Sessions of outreach.
#[derive(Debug, Serialize, ToSchema)]
struct OutreachesReply {
    /// Those that begin last first.
    items: Vec<OutreachItem>,
    /// Cursor of the next page; null on the last.
    next: Option<String>,
}

/// One of them.
#[derive(Debug, Serialize, ToSchema)]
struct OutreachItem {
    /// The session.
    outreach_id: Uuid,
    /// What kind.
    kind: Kind,
    /// Where it stands.
    state: OutreachState,
    /// The place; null of visits at home.
    #[schema(value_type = Option<String>)]
    place: Option<Redacted<String>>,
    /// Village, district and regency.
    village: String,
    /// When it begins.
    #[schema(value_type = String, format = DateTime)]
    starts_at: Timestamp,
    /// When it ends.
    #[schema(value_type = String, format = DateTime)]
    ends_at: Timestamp,
    /// How many people can be served.
    capacity: i64,
}

impl From<(Outreach, Option<Redacted<String>>)> for OutreachItem {
    fn from((one, place): (Outreach, Option<Redacted<String>>)) -> Self {
        Self {
            outreach_id: one.outreach_id,
            kind: one.kind,
            state: one.state,
            place,
            village: village(&one.village_code),
            starts_at: one.starts_at,
            ends_at: one.ends_at,
            capacity: one.capacity,
        }
    }
}

/// Somebody on the roster.
#[derive(Debug, Serialize, ToSchema)]
struct RosterItem {
    /// Who.
    staff_id: Uuid,
    /// Log-in name.
    username: String,
    /// Full name.
    full_name: String,
    /// What they do there.
    part: Part,
}

/// How many people stand where.
#[derive(Debug, Serialize, ToSchema)]
struct OutreachFigure {
    /// Where their registrations stand.
    state: RegistrationState,
    /// How many.
    people: i64,
}

/// A session of outreach.
#[derive(Debug, Serialize, ToSchema)]
struct OutreachReply {
    /// The session.
    outreach_id: Uuid,
    /// Changes with every step; each names it.
    version: String,
    /// What kind.
    kind: Kind,
    /// Where it stands.
    state: OutreachState,
    /// The place; null once it is forgotten, and of a visit at home for who is not part of it.
    #[schema(value_type = Option<String>)]
    place: Option<Redacted<String>>,
    /// The village's code.
    village_code: String,
    /// Village, district and regency.
    village: String,
    /// When it begins.
    #[schema(value_type = String, format = DateTime)]
    starts_at: Timestamp,
    /// When it ends.
    #[schema(value_type = String, format = DateTime)]
    ends_at: Timestamp,
    /// How many people can be served.
    capacity: i64,
    /// Who coordinates there; null without anybody, and once it is forgotten.
    coordinator: Option<CoordinatorBody>,
    /// Why somebody is visited at home.
    #[schema(value_type = Option<String>)]
    reason: Option<Redacted<String>>,
    /// Who goes there.
    roster: Vec<RosterItem>,
    /// Log-in name of who planned it.
    planned_by: String,
    /// Log-in name of who let it take place.
    confirmed_by: Option<String>,
    /// When it was opened.
    #[schema(value_type = Option<String>, format = DateTime)]
    opened_at: Option<Timestamp>,
    /// When it was closed.
    #[schema(value_type = Option<String>, format = DateTime)]
    closed_at: Option<Timestamp>,
    /// When it was reported: the figures are those of that moment.
    #[schema(value_type = Option<String>, format = DateTime)]
    reported_at: Option<Timestamp>,
    /// Minutes without network, once it is reported.
    offline_minutes: Option<i64>,
    /// How many people were scanned there.
    scanned: i64,
    /// The same by where their registrations stand; states without any are left out.
    figures: Vec<OutreachFigure>,
    /// Whether who looks may change or cancel the plan now.
    may_edit: bool,
    /// Whether who looks may confirm it now.
    may_confirm: bool,
    /// Whether who looks may open, close or report it, as it stands.
    may_lead: bool,
}

impl From<OutreachView> for OutreachReply {
    fn from(view: OutreachView) -> Self {
        let OutreachView { seen, names, may_edit, may_confirm, may_lead } = view;
        let (one, details) = (seen.outreach, seen.details);
        let named = |id: Uuid| names.get(&id).cloned().unwrap_or_default();
        let figures: Vec<_> =
            seen.figures.into_iter().map(|(state, people)| OutreachFigure { state, people }).collect();
        let roster = seen.roster.into_iter().map(|(staff_id, part)| {
            let (username, full_name) = named(staff_id);
            RosterItem { staff_id, username, full_name, part }
        });
        Self {
            outreach_id: one.outreach_id,
            version: one.version(),
            kind: one.kind,
            state: one.state,
            place: details.place,
            village: village(&one.village_code),
            starts_at: one.starts_at,
            ends_at: one.ends_at,
            capacity: one.capacity,
            coordinator: details.coordinator.map(|Coordinator { name, phone }| CoordinatorBody { name, phone }),
            reason: details.reason,
            roster: roster.collect(),
            planned_by: named(one.planned_by).0,
            confirmed_by: one.confirmed_by.map(|by| named(by).0),
            opened_at: one.opened_at,
            closed_at: one.closed_at,
            reported_at: one.reported_at,
            offline_minutes: one.offline_minutes,
            scanned: figures.iter().map(|figure| figure.people).sum(),
            figures,
            may_edit,
            may_confirm,
            may_lead,
            village_code: one.village_code,
        }
    }
}

/// The people of the office who can be on a roster.
#[derive(Debug, Serialize, ToSchema)]
struct OutreachPeopleReply {
    /// By name.
    items: Vec<OutreachPerson>,
}

/// One of them.
#[derive(Debug, Serialize, ToSchema)]
struct OutreachPerson {
    /// Who.
    staff_id: Uuid,
    /// Log-in name.
    username: String,
    /// Full name.
    full_name: String,
    /// What they are: assistants receive, others serve.
    role: Role,
}

/// What is looked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct VillagesQuery {
    /// The beginning of the village's name, three letters at least; district or regency may follow.
    #[param(example = "gambir jakarta")]
    search: String,
}

/// Villages.
#[derive(Debug, Serialize, ToSchema)]
struct VillagesReply {
    /// 20 at most.
    items: Vec<VillageItem>,
}

/// One of them.
#[derive(Debug, Serialize, ToSchema)]
struct VillageItem {
    /// Ten digits.
    code: String,
    /// Village, district and regency.
    name: String,
}

/// The office's sessions of outreach, those that begin last first.
#[utoipa::path(get, path = "/v1/officer/outreach", tag = "Outreach", security(("officer" = [])), params(OutreachesQuery),
    responses((status = 200, description = "A page of the list", body = OutreachesReply),
        (status = "4XX", description = "`malformed_request`, `forbidden`, `session_ended`")))]
async fn outreaches(
    State(outreaches): State<Outreaches>,
    officer: Allowed<ReadOutreach>,
    Query(query): Query<OutreachesQuery>,
) -> Result<Json<OutreachesReply>, Problem> {
    let limit = query.limit.unwrap_or(20);
    let after = page::after(query.cursor.as_deref(), (Timestamp::from_micros(i64::MAX), Uuid::max()))?;
    let found = outreaches.list(&officer, after, limit + 1).await?;
    let page = Page::new(found, limit, |(one, _)| (one.starts_at, one.outreach_id));
    let Page { items, next } = page.map(OutreachItem::from);
    Ok(Json(OutreachesReply { items, next }))
}

/// Plan a session of outreach. What an officer plans waits to be confirmed by a supervisor or the head; each request is a session of its
/// own.
#[utoipa::path(post, path = "/v1/officer/outreach", tag = "Outreach", security(("officer" = [])), request_body = OutreachBody,
    responses((status = 201, description = "Planned, or asked for", body = OutreachReply),
        (status = "4XX", description = "`invalid_field`, `forbidden`")))]
async fn plan_outreach(
    State(outreaches): State<Outreaches>,
    officer: Allowed<PlanOutreach>,
    Json(body): Json<OutreachBody>,
) -> Result<(StatusCode, Json<OutreachReply>), Problem> {
    let planned = outreaches.plan(&officer, body.plan()?).await?;
    Ok((StatusCode::CREATED, Json(planned.into())))
}

/// The people of the office who can be on a roster.
#[utoipa::path(get, path = "/v1/officer/outreach/people", tag = "Outreach", security(("officer" = [])),
    responses((status = 200, description = "The people", body = OutreachPeopleReply),
        (status = "4XX", description = "`forbidden`, `session_ended`")))]
async fn outreach_people(
    State(outreaches): State<Outreaches>,
    officer: Allowed<ReadRoster>,
) -> Result<Json<OutreachPeopleReply>, Problem> {
    let item = |one: Colleague| {
        let Colleague { staff_id, username, full_name, roles, .. } = one;
        OutreachPerson { staff_id, username, full_name, role: roles.own }
    };
    Ok(Json(OutreachPeopleReply { items: outreaches.people(&officer).await?.into_iter().map(item).collect() }))
}

/// Villages by their names.
#[utoipa::path(get, path = "/v1/officer/outreach/villages", tag = "Outreach", security(("officer" = [])), params(VillagesQuery),
    responses((status = 200, description = "Those that were found", body = VillagesReply),
        (status = "4XX", description = "`malformed_request`, `forbidden`, `session_ended`")))]
async fn outreach_villages(
    _officer: Allowed<ReadRoster>,
    Query(query): Query<VillagesQuery>,
) -> Result<Json<VillagesReply>, Problem> {
    let item = |(code, name): (u64, String)| VillageItem { code: code.to_string(), name };
    Ok(Json(VillagesReply { items: villages(&query.search).into_iter().map(item).collect() }))
}

/// A session of outreach of this office, with its roster and what its sheet says.
#[utoipa::path(get, path = "/v1/officer/outreach/{id}", tag = "Outreach", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The session")),
    responses((status = 200, description = "The session", body = OutreachReply),
        (status = "4XX", description = "`not_found`, `forbidden`")))]
async fn view_outreach(
    State(outreaches): State<Outreaches>,
    officer: Allowed<ViewOutreach>,
    Path(id): Path<Uuid>,
) -> Result<Json<OutreachReply>, Problem> {
    Ok(Json(outreaches.view(&officer, id).await?.into()))
}

/// Change the plan, until it is opened. What an officer changes waits to be confirmed, again.
#[utoipa::path(put, path = "/v1/officer/outreach/{id}", tag = "Outreach", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The session")), request_body = OutreachEditBody,
    responses((status = 200, description = "The session", body = OutreachReply),
        (status = "4XX", description = "`invalid_field`, `forbidden` for who neither asked for it nor confirms, `wrong_state`, `not_found`")))]
async fn edit_outreach(
    State(outreaches): State<Outreaches>,
    officer: Allowed<EditOutreach>,
    Path(id): Path<Uuid>,
    Json(body): Json<OutreachEditBody>,
) -> Result<Json<OutreachReply>, Problem> {
    Ok(Json(outreaches.edit(&officer, (id, &body.version), body.plan.plan()?).await?.into()))
}

/// Confirm a session that a colleague asked for. Supervisors and heads.
#[utoipa::path(post, path = "/v1/officer/outreach/{id}/confirm", tag = "Outreach", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The session")), request_body = OutreachStepBody,
    responses((status = 204, description = "It takes place"),
        (status = "4XX", description = "`forbidden` for the own, `not_found`, `wrong_state`")))]
async fn confirm_outreach(
    State(outreaches): State<Outreaches>,
    officer: Allowed<ConfirmOutreach>,
    Path(id): Path<Uuid>,
    Json(body): Json<OutreachStepBody>,
) -> Result<StatusCode, Problem> {
    outreaches.confirm(&officer, id, &body.version).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Cancel it, until it is opened: whoever asked for it, supervisors and heads.
#[utoipa::path(post, path = "/v1/officer/outreach/{id}/cancel", tag = "Outreach", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The session")), request_body = OutreachStepBody,
    responses((status = 204, description = "It does not take place"),
        (status = "4XX", description = "`forbidden`, `not_found`, `wrong_state`")))]
async fn cancel_outreach(
    State(outreaches): State<Outreaches>,
    officer: Allowed<CancelOutreach>,
    Path(id): Path<Uuid>,
    Json(body): Json<OutreachStepBody>,
) -> Result<StatusCode, Problem> {
    outreaches.cancel(&officer, id, &body.version).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Open it, from two hours before it begins until it ends: whom its people scan from now on is counted in it. Whoever leads it,
/// supervisors and heads.
#[utoipa::path(post, path = "/v1/officer/outreach/{id}/open", tag = "Outreach", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The session")), request_body = OutreachStepBody,
    responses((status = 204, description = "Open"),
        (status = "4XX", description = "`wrong_state` also when somebody of it is in another open session, `forbidden`, `not_found`")))]
async fn open_outreach(
    State(outreaches): State<Outreaches>,
    officer: Allowed<OpenOutreach>,
    Path(id): Path<Uuid>,
    Json(body): Json<OutreachStepBody>,
) -> Result<StatusCode, Problem> {
    outreaches.open(&officer, id, &body.version).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Close it: nobody is counted in it any more. Whoever leads it, supervisors and heads.
#[utoipa::path(post, path = "/v1/officer/outreach/{id}/close", tag = "Outreach", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The session")), request_body = OutreachStepBody,
    responses((status = 204, description = "Closed"),
        (status = "4XX", description = "`forbidden`, `not_found`, `wrong_state`")))]
async fn close_outreach(
    State(outreaches): State<Outreaches>,
    officer: Allowed<CloseOutreach>,
    Path(id): Path<Uuid>,
    Json(body): Json<OutreachStepBody>,
) -> Result<StatusCode, Problem> {
    outreaches.close(&officer, id, &body.version).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Report it: the sheet keeps what it says at this moment, and nothing changes any more. Whoever leads it, supervisors and heads.
#[utoipa::path(post, path = "/v1/officer/outreach/{id}/report", tag = "Outreach", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The session")), request_body = OutreachReportBody,
    responses((status = 204, description = "Reported"),
        (status = "4XX", description = "`invalid_field`, `forbidden`, `not_found`, `wrong_state`")))]
async fn report_outreach(
    State(outreaches): State<Outreaches>,
    officer: Allowed<ReportOutreach>,
    Path(id): Path<Uuid>,
    Json(body): Json<OutreachReportBody>,
) -> Result<StatusCode, Problem> {
    outreaches.report(&officer, (id, &body.version), body.offline_minutes).await?;
    Ok(StatusCode::NO_CONTENT)
}
