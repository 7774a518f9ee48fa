//! Endpoints of a party's branches, for its administrators.

pub mod report;

use axum::Extension;
use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::model::{About, Branch, Happened, RegencyFound, ReportState, State as Standing, regencies, regency_name};
use super::service::{BranchCount, Branches, Read};
use crate::clock::Timestamp;
use crate::page::{self, Page};
use crate::partner::act::{AddBranch, ChangeBranch, CloseBranchReport, EndBranch, ReadBranchReports, ReadParty};
use crate::register::Date;
use crate::secret::Redacted;
use crate::staff::http::Entrance;
use crate::staff::{Allowed, Staff};
use crate::web::extract::page_limit;
use crate::web::{Json, Path, Problem, Query, cookie};

/// All routes of this room, for the people of `staff`.
pub fn routes(branches: Branches, staff: Staff) -> OpenApiRouter {
    let entrance = Entrance { staff, session_cookie: cookie::EMPLOYEE, browser_cookie: cookie::EMPLOYEE_BROWSER };
    OpenApiRouter::new()
        .routes(routes!(branches_of_party, add_branch))
        .routes(routes!(change_branch, end_branch))
        .routes(routes!(find_regencies))
        .routes(routes!(branch_counts))
        .routes(routes!(branch_reports))
        .routes(routes!(close_branch_report))
        .with_state(branches)
        .layer(Extension(entrance))
}

/// Which branches.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct BranchesQuery {
    /// Words of a name or an address; left out for all.
    #[serde(default)]
    #[param(max_length = 80)]
    words: Option<String>,
    /// `next` of the page before.
    #[serde(default)]
    cursor: Option<String>,
    /// At most so many, 1 to 100.
    #[serde(default, deserialize_with = "page_limit")]
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<i64>,
}

/// A page of the organisation's branches.
#[derive(Debug, Serialize, ToSchema)]
struct BranchesReply {
    /// By name.
    items: Vec<BranchItem>,
    /// Cursor of the next page; null on the last.
    next: Option<String>,
}

/// A branch of the organisation.
#[derive(Debug, Serialize, ToSchema)]
struct BranchItem {
    /// Its id.
    branch_id: Uuid,
    /// Which version of it this is: a change names it.
    #[schema(example = 3)]
    revision: i64,
    /// Its name.
    #[schema(example = "KCP Seririt")]
    name: String,
    /// Street, number, town.
    #[schema(example = "Jl. Gajah Mada 12, Seririt")]
    address: String,
    /// Code of the kabupaten or kota.
    #[schema(example = "5108")]
    regency: String,
    /// The name of that; null where it is not on today's list any more.
    #[schema(example = "Kabupaten Buleleng")]
    regency_name: Option<&'static str>,
    /// When it is open, as people read it.
    #[schema(example = "Senin-Jumat 08.00-15.00 WITA")]
    hours: Option<String>,
    /// Whether anybody finds it.
    shown: bool,
}

impl From<Branch> for BranchItem {
    fn from(branch: Branch) -> Self {
        let Branch { branch_id, about, state, revision, .. } = branch;
        let About { name, address, regency, hours, .. } = about;
        let regency_name = regency_name(&regency);
        Self { branch_id, revision, name, address, regency, regency_name, hours, shown: state == Standing::Shown }
    }
}

/// The organisation's branches where digital KTPs are accepted, by name; hidden ones too.
#[utoipa::path(get, path = "/v1/partner/branches", tag = "Partner", security(("teller" = [])), params(BranchesQuery),
    responses((status = 200, description = "A page", body = BranchesReply),
        (status = "4XX", description = "`session_ended`, `password_required`, `forbidden`, `malformed_request`")))]
async fn branches_of_party(
    State(branches): State<Branches>,
    who: Allowed<ReadParty>,
    Query(query): Query<BranchesQuery>,
) -> Result<Json<BranchesReply>, Problem> {
    let words = query.words.as_deref().unwrap_or_default();
    let limit = query.limit.unwrap_or(50).clamp(1, page::MOST);
    let page = branches.list(&who, words, query.cursor.as_deref(), limit).await?;
    let Page { items, next } = page.map(BranchItem::from);
    Ok(Json(BranchesReply { items, next }))
}

/// Put a branch on the organisation's list, 2,000 at most. It is found at `/terima` while the organisation may verify. A repetition adds
/// another.
#[utoipa::path(post, path = "/v1/partner/branches", tag = "Partner", security(("teller" = [])), request_body = About,
    responses((status = 201, description = "The branch", body = BranchItem),
        (status = "4XX", description = "`session_ended`, `password_required`, `forbidden`, `invalid_field`, `wrong_state` where there are 2,000, `too_many`")))]
async fn add_branch(
    State(branches): State<Branches>,
    who: Allowed<AddBranch>,
    Json(about): Json<About>,
) -> Result<(StatusCode, Json<BranchItem>), Problem> {
    Ok((StatusCode::CREATED, Json(branches.add(&who, about).await?.into())))
}

/// What a branch is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct BranchChangeBody {
    /// Which version of it was on the screen.
    revision: i64,
    /// What is said of it from now on.
    branch: About,
}

/// Change a branch, or hide or show it. Nobody finds a hidden one a few seconds later.
#[utoipa::path(put, path = "/v1/partner/branches/{id}", tag = "Partner", security(("teller" = [])),
    params(("id" = Uuid, Path, description = "The branch")), request_body = BranchChangeBody,
    responses((status = 204, description = "It is so"),
        (status = "4XX", description = "`session_ended`, `password_required`, `forbidden`, `invalid_field`, `not_found`, `wrong_state` where it was changed meanwhile, `too_many`")))]
async fn change_branch(
    State(branches): State<Branches>,
    who: Allowed<ChangeBranch>,
    Path(id): Path<Uuid>,
    Json(body): Json<BranchChangeBody>,
) -> Result<StatusCode, Problem> {
    branches.change(&who, id, body.revision, body.branch).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Take a branch off the list. What was reported of it still counts. Repeating it changes nothing.
#[utoipa::path(delete, path = "/v1/partner/branches/{id}", tag = "Partner", security(("teller" = [])),
    params(("id" = Uuid, Path, description = "The branch")),
    responses((status = 204, description = "It is on no list any more"),
        (status = "4XX", description = "`session_ended`, `password_required`, `forbidden`, `not_found`, `too_many`")))]
async fn end_branch(
    State(branches): State<Branches>,
    who: Allowed<EndBranch>,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Problem> {
    branches.end(&who, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Which regencies.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct RegenciesQuery {
    /// Beginnings of words of its name or its province.
    #[param(example = "buleleng", max_length = 80)]
    words: String,
}

/// Regencies that were found.
#[derive(Debug, Serialize, ToSchema)]
struct RegenciesReply {
    /// By code, twenty at most.
    items: Vec<RegencyItem>,
}

/// A kabupaten or kota.
#[derive(Debug, Serialize, ToSchema)]
struct RegencyItem {
    /// Its code.
    #[schema(example = "5108")]
    code: String,
    /// Its name.
    #[schema(example = "Kabupaten Buleleng")]
    name: &'static str,
    /// The name of its province.
    #[schema(example = "Bali")]
    province: &'static str,
}

/// Kabupaten and kota by their names, for the form of a branch.
#[utoipa::path(get, path = "/v1/partner/regencies", tag = "Partner", security(("teller" = [])), params(RegenciesQuery),
    responses((status = 200, description = "Those that fit", body = RegenciesReply),
        (status = "4XX", description = "`session_ended`, `password_required`, `forbidden`, `malformed_request`")))]
async fn find_regencies(_: Allowed<ReadParty>, Query(query): Query<RegenciesQuery>) -> Json<RegenciesReply> {
    let item = |RegencyFound { code, name, province }| RegencyItem { code, name, province };
    Json(RegenciesReply { items: regencies(&query.words).into_iter().map(item).collect() })
}

/// Which month.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct BranchCountsQuery {
    /// `YYYY-MM`; left out for this month. Counts are kept for two years.
    #[serde(default)]
    #[param(example = "2026-11")]
    month: Option<String>,
}

/// What was reported of the organisation's branches in a month. They are counts: of nobody.
#[derive(Debug, Serialize, ToSchema)]
struct BranchCountsReply {
    /// The month.
    #[schema(example = "2026-11")]
    month: String,
    /// The most reported first, a hundred at most; those of which nothing was reported are left out.
    items: Vec<BranchCountItem>,
}

/// What was reported of a branch in a month.
#[derive(Debug, Serialize, ToSchema)]
struct BranchCountItem {
    /// The branch.
    branch_id: Uuid,
    /// Its name.
    #[schema(example = "KCP Seririt")]
    name: String,
    /// How often a photocopy was asked for.
    #[schema(example = 4)]
    photocopy: i64,
    /// How often the digital KTP was refused.
    #[schema(example = 1)]
    refused: i64,
}

/// How often people reported branches of the organisation, for a month in which it happened.
#[utoipa::path(get, path = "/v1/partner/branch-counts", tag = "Partner", security(("teller" = [])), params(BranchCountsQuery),
    responses((status = 200, description = "The month", body = BranchCountsReply),
        (status = "4XX", description = "`session_ended`, `password_required`, `forbidden`, `malformed_request`")))]
async fn branch_counts(
    State(branches): State<Branches>,
    who: Allowed<ReadParty>,
    Query(query): Query<BranchCountsQuery>,
) -> Result<Json<BranchCountsReply>, Problem> {
    let (month, counts) = branches.counts(&who, query.month.as_deref()).await?;
    let item =
        |BranchCount { branch_id, name, photocopy, refused }| BranchCountItem { branch_id, name, photocopy, refused };
    Ok(Json(BranchCountsReply { month: month.to_string(), items: counts.into_iter().map(item).collect() }))
}

/// Which reports.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct BranchReportsQuery {
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

/// Reports about the organisation's branches.
#[derive(Debug, Serialize, ToSchema)]
struct BranchReportsReply {
    /// Newest first.
    items: Vec<BranchReportItem>,
    /// Cursor of the next page; null on the last.
    next: Option<String>,
}

/// A report. Who made it is not known.
#[derive(Debug, Serialize, ToSchema)]
struct BranchReportItem {
    /// The report.
    report_id: Uuid,
    /// The branch.
    branch_id: Uuid,
    /// Its name.
    #[schema(example = "KCP Seririt")]
    branch: String,
    /// What happened.
    what: Happened,
    /// On which day.
    #[schema(value_type = String, format = Date, example = "2026-11-27")]
    day: String,
    /// In the words of whoever reports; null where they found none.
    #[schema(value_type = Option<String>, example = "Teller minta fotokopi dua lembar")]
    words: Option<Redacted<String>>,
    /// Where it stands.
    state: ReportState,
    /// The day on which it came. More is not kept of a report that names nobody.
    #[schema(value_type = String, format = Date, example = "2026-11-28")]
    reported_on: Date,
    /// When it was dealt with; null while it is open.
    #[schema(value_type = Option<String>, format = DateTime)]
    closed_at: Option<Timestamp>,
}

impl From<Read> for BranchReportItem {
    fn from(Read { report, words }: Read) -> Self {
        Self {
            report_id: report.report_id,
            branch_id: report.branch_id,
            branch: report.branch,
            what: report.what,
            day: report.day,
            words,
            state: report.state,
            reported_on: Date::in_jakarta(report.reported_at),
            closed_at: report.closed_at,
        }
    }
}

/// What people reported of the organisation's branches. That they were read is noted.
#[utoipa::path(get, path = "/v1/partner/branch-reports", tag = "Partner", security(("teller" = [])), params(BranchReportsQuery),
    responses((status = 200, description = "A page", body = BranchReportsReply),
        (status = "4XX", description = "`session_ended`, `password_required`, `forbidden`, `malformed_request`")))]
async fn branch_reports(
    State(branches): State<Branches>,
    who: Allowed<ReadBranchReports>,
    Query(query): Query<BranchReportsQuery>,
) -> Result<Json<BranchReportsReply>, Problem> {
    let (state, limit) = (query.state.unwrap_or(ReportState::Open), query.limit.unwrap_or(20));
    let page = branches.reports(&who, state, query.cursor.as_deref(), limit.clamp(1, page::MOST)).await?;
    let Page { items, next } = page.map(BranchReportItem::from);
    Ok(Json(BranchReportsReply { items, next }))
}

/// Note that a report was dealt with. Repeating it changes nothing.
#[utoipa::path(post, path = "/v1/partner/branch-reports/{id}/close", tag = "Partner", security(("teller" = [])),
    params(("id" = Uuid, Path, description = "The report")),
    responses((status = 204, description = "It is closed"),
        (status = "4XX", description = "`session_ended`, `password_required`, `forbidden`, `not_found`")))]
async fn close_branch_report(
    State(branches): State<Branches>,
    who: Allowed<CloseBranchReport>,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Problem> {
    branches.close(&who, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
