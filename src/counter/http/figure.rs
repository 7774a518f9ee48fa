//! The office's figures, and the months that it sends upward.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::act::{AskRecap, DownloadRecap, ReadFigures, ReadRecaps, RefuseRecap, SignRecap};
use super::super::figure::{Figures, Form, RecapView};
use crate::clock::Timestamp;
use crate::error::{Code, Refusal};
use crate::figure::http::{FigureRegion, percents as of_hundredths};
use crate::figure::model::{WaitKind, date_of, day_of, percent};
use crate::figure::reading::{Days, OfOffice, Stand};
use crate::figure::recap::model::{Row, flow};
use crate::figure::recap::{Document, Month, State as RecapState};
use crate::life::TallyKind;
use crate::register::{Date, Region};
use crate::secret::Redacted;
use crate::staff::Allowed;
use crate::web::{Json, Path, Problem, Query};

pub(super) fn routes() -> OpenApiRouter<Figures> {
    OpenApiRouter::new()
        .routes(routes!(figures))
        .routes(routes!(recaps))
        .routes(routes!(recap))
        .routes(routes!(ask_recap))
        .routes(routes!(sign_recap))
        .routes(routes!(refuse_recap))
        .routes(routes!(recap_workbook))
        .routes(routes!(recap_rows))
}

/// Which days.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct FigureQuery {
    /// The first day, `YYYY-MM-DD`.
    #[param(example = "2026-11-01", format = Date)]
    from: String,
    /// The last day, `YYYY-MM-DD`: at most 366 days in all.
    #[param(example = "2026-11-30", format = Date)]
    to: String,
}

impl FigureQuery {
    fn days(&self) -> Result<Days, Refusal> {
        let day = |field: &'static str, text: &str| {
            Date::parse(text).map(day_of).map_err(|_| {
                Refusal::field(field, "Tulis tanggal seperti 2026-11-30.", "Write a date such as 2026-11-30.")
            })
        };
        Days::new(day("from", &self.from)?, day("to", &self.to)? + 1)
    }
}

/// How often something happened.
#[derive(Debug, Serialize, ToSchema)]
struct FigureCount {
    /// What: a step of a registration, or a change of how many digital KTPs there are.
    kind: String,
    /// Why, of a return, a rejection or an end; else null.
    reason: Option<String>,
    /// How often.
    count: i64,
}

impl FigureCount {
    fn of(kind: &str, count: i64) -> Self {
        Self { kind: kind.to_owned(), reason: None, count }
    }
}

/// What was done at the office on a day.
#[derive(Debug, Serialize, ToSchema)]
struct FigureDay {
    /// The day, in Jakarta.
    #[schema(value_type = String, format = Date)]
    date: Date,
    /// By kind; what did not happen is left out.
    counts: Vec<FigureCount>,
}

/// How long people waited at the office, in full minutes.
#[derive(Debug, Serialize, ToSchema)]
struct FigureWait {
    /// For what.
    wait: WaitKind,
    /// How many waits there were.
    count: i64,
    /// Half waited no longer; null of none.
    median_minutes: Option<i64>,
    /// Nine of ten waited no longer; null of none.
    p90_minutes: Option<i64>,
}

/// How many digital KTPs there are in a region, how they came and went, and how many there are to be.
#[derive(Debug, Serialize, ToSchema)]
struct FigureStand {
    /// Where.
    region: FigureRegion,
    /// Whether it corrects months that were signed before.
    correction: bool,
    /// People who live there; null where unknown.
    population: Option<i64>,
    /// Who is to have a KTP-el.
    eligible: Option<i64>,
    /// Whose data were recorded.
    recorded: Option<i64>,
    /// How many digital KTPs there are to be.
    target: Option<i64>,
    /// How many there were before.
    before: i64,
    /// Activated for the first time.
    activated_first: i64,
    /// Activated again.
    activated_again: i64,
    /// Ended.
    ended: i64,
    /// Moved here.
    moved_in: i64,
    /// Moved away.
    moved_out: i64,
    /// How many there are at the end.
    active: i64,
    /// Of the activated, at this office.
    served_here: i64,
    /// Of the activated, elsewhere.
    served_elsewhere: i64,
    /// Those that there are, of those whose data were recorded; null where unknown.
    percent_of_recorded: Option<f64>,
    /// Those that there are, of the target.
    percent_of_target: Option<f64>,
}

/// A percentage with two digits.
fn percents(part: i64, whole: Option<i64>) -> Option<f64> {
    of_hundredths(percent(part, whole))
}

impl From<&Stand> for FigureStand {
    fn from(stand: &Stand) -> Self {
        Self {
            region: stand.region.into(),
            correction: false,
            population: stand.people.population,
            eligible: stand.people.eligible,
            recorded: stand.people.recorded,
            target: stand.target,
            before: stand.before,
            activated_first: stand.first,
            activated_again: stand.again,
            ended: stand.ended,
            moved_in: stand.moved_in,
            moved_out: stand.moved_out,
            active: stand.active(),
            served_here: stand.served_here,
            served_elsewhere: stand.served_elsewhere(),
            percent_of_recorded: percents(stand.active(), stand.people.recorded),
            percent_of_target: percents(stand.active(), stand.target),
        }
    }
}

impl From<&Row> for FigureStand {
    fn from(row: &Row) -> Self {
        Self {
            region: Region::from_code(row.region).into(),
            correction: row.correction,
            population: row.population,
            eligible: row.eligible,
            recorded: row.recorded,
            target: row.target,
            before: row.last,
            activated_first: row.of(TallyKind::ActivatedFirst),
            activated_again: row.of(TallyKind::ActivatedAgain),
            ended: row.of(TallyKind::Ended),
            moved_in: row.of(TallyKind::MovedIn),
            moved_out: row.of(TallyKind::MovedOut),
            active: row.active(),
            served_here: row.served_here,
            served_elsewhere: row.served_elsewhere(),
            percent_of_recorded: percents(row.active(), row.recorded),
            percent_of_target: percents(row.active(), row.target),
        }
    }
}

/// The office's figures.
#[derive(Debug, Serialize, ToSchema)]
struct OfficeFigures {
    /// Up to when everything is counted.
    #[schema(value_type = String, format = DateTime)]
    as_of: Timestamp,
    /// The region that the office answers for; null while none is set.
    region: Option<FigureRegion>,
    /// What was done at the office, by day; days on which nothing was are left out.
    days: Vec<FigureDay>,
    /// The same of all these days: what happened in them.
    flow: Vec<FigureCount>,
    /// Of the region's people who registered in these days, how far they came until now, wherever they went.
    cohort: Vec<FigureCount>,
    /// Why the office gave back and refused, and why digital KTPs ended here.
    reasons: Vec<FigureCount>,
    /// How long people waited here.
    waits: Vec<FigureWait>,
    /// Whom the office activated who live outside its region, and count in no target here; null without a region.
    outsiders: Option<i64>,
    /// All of the region at the end of these days; null without one.
    total: Option<FigureStand>,
    /// The region's districts at the end of these days. They are not to be added to what the office did.
    regions: Vec<FigureStand>,
}

impl From<OfOffice> for OfficeFigures {
    fn from(read: OfOffice) -> Self {
        let mut days = Vec::<FigureDay>::new();
        for (day, kind, n) in &read.days {
            let date = date_of(*day);
            let count = FigureCount::of(kind.as_str(), *n);
            match days.last_mut() {
                Some(last) if last.date == date => last.counts.push(count),
                _ => days.push(FigureDay { date, counts: vec![count] }),
            }
        }
        let counts = |(kind, n): (&str, i64)| FigureCount::of(kind, n);
        let reason = |(kind, why, count): &(_, String, i64)| {
            let kind: crate::figure::model::Kind = *kind;
            FigureCount { kind: kind.as_str().to_owned(), reason: Some(why.clone()), count: *count }
        };
        let wait = |(wait, waited): &(WaitKind, Option<crate::figure::model::Waited>)| FigureWait {
            wait: *wait,
            count: waited.map_or(0, |waited| waited.count),
            median_minutes: waited.map(|waited| waited.median),
            p90_minutes: waited.map(|waited| waited.p90),
        };
        Self {
            as_of: read.as_of,
            region: read.scope.map(FigureRegion::from),
            days,
            flow: flow(&read.days).into_iter().map(|(kind, n)| counts((kind.as_str(), n))).collect(),
            cohort: read.cohort.iter().map(|(kind, n)| counts((kind.as_str(), *n))).collect(),
            reasons: read.reasons.iter().map(reason).collect(),
            waits: read.waits.iter().map(wait).collect(),
            outsiders: read.outsiders,
            total: read.total.as_ref().map(FigureStand::from),
            regions: read.regions.iter().map(FigureStand::from).collect(),
        }
    }
}

/// The own office's figures in some days, in full: what was done here, and how many digital KTPs there are in its region. These are two
/// views, which are never added up.
#[utoipa::path(get, path = "/v1/officer/office-figures", tag = "Figures", security(("officer" = [])), params(FigureQuery),
    responses((status = 200, description = "The figures", body = OfficeFigures),
        (status = "4XX", description = "`invalid_field`, `wrong_state` while everything is counted anew, `forbidden`")))]
async fn figures(
    State(figures): State<Figures>,
    officer: Allowed<ReadFigures>,
    Query(query): Query<FigureQuery>,
) -> Result<Json<OfficeFigures>, Problem> {
    Ok(Json(figures.read(&officer, query.days()?).await?.into()))
}

/// A month, and where it stands.
#[derive(Debug, Serialize, ToSchema)]
struct RecapReply {
    /// Which, `YYYY-MM`.
    #[schema(example = "2026-11")]
    month: String,
    /// Where it stands; null while nobody asked for it.
    state: Option<RecapState>,
    /// What a decision names.
    version: Option<String>,
    /// Log-in name of who asked.
    asked_by: Option<String>,
    /// When.
    #[schema(value_type = Option<String>, format = DateTime)]
    asked_at: Option<Timestamp>,
    /// Log-in name of who signed.
    signed_by: Option<String>,
    /// When.
    #[schema(value_type = Option<String>, format = DateTime)]
    signed_at: Option<Timestamp>,
    /// Why it was refused.
    #[schema(value_type = Option<String>)]
    refusal: Option<Redacted<String>>,
    /// Whether who looks may ask for it now.
    may_ask: bool,
    /// Whether who looks may sign or refuse it now.
    may_sign: bool,
}

impl From<RecapView> for RecapReply {
    fn from(view: RecapView) -> Self {
        let RecapView { standing, asked_by, signed_by, may_ask, may_sign } = view;
        let row = standing.row;
        Self {
            month: standing.month.text(),
            state: row.as_ref().map(|row| row.state),
            version: row.as_ref().map(|row| row.version()),
            asked_by,
            asked_at: row.as_ref().map(|row| row.asked_at),
            signed_by,
            signed_at: row.as_ref().and_then(|row| row.signed_at),
            refusal: standing.refusal,
            may_ask,
            may_sign,
        }
    }
}

/// The office's months.
#[derive(Debug, Serialize, ToSchema)]
struct RecapsReply {
    /// The last 24, this one first.
    items: Vec<RecapReply>,
}

/// A month, with what it holds.
#[derive(Debug, Serialize, ToSchema)]
struct RecapPreview {
    /// Where it stands.
    recap: RecapReply,
    /// Up to when everything is counted that it holds.
    #[schema(value_type = String, format = DateTime)]
    as_of: Timestamp,
    /// All of the region, with corrections.
    total: FigureStand,
    /// By district; corrections after the others.
    districts: Vec<FigureStand>,
    /// How many villages the files have.
    villages: usize,
    /// Whom the office activated who live outside its region.
    outsiders: i64,
}

impl RecapPreview {
    fn new(view: RecapView, document: &Document) -> Self {
        Self {
            recap: view.into(),
            as_of: Timestamp::from_micros(document.as_of),
            total: (&document.total).into(),
            districts: document.districts.iter().map(FigureStand::from).collect(),
            villages: document.villages.iter().filter(|row| !row.correction).count(),
            outsiders: document.outsiders,
        }
    }
}

/// A decision on a month.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RecapSignBody {
    /// `version` of the month as it was on the screen.
    version: String,
}

/// Why it is refused.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RecapRefusalBody {
    /// `version` of the month as it was on the screen.
    version: String,
    /// 5–500 characters.
    #[schema(value_type = String, example = "Data wajib KTP bulan ini belum diimpor")]
    reason: Redacted<String>,
}

/// A path that names no month is as one that does not exist.
fn month_of(text: &str) -> Result<Month, Refusal> {
    Month::parse(text).ok_or_else(|| Code::NotFound.into())
}

/// The office's last months, and where each stands.
#[utoipa::path(get, path = "/v1/officer/recaps", tag = "Figures", security(("officer" = [])),
    responses((status = 200, description = "The months", body = RecapsReply), (status = "4XX", description = "`forbidden`")))]
async fn recaps(State(figures): State<Figures>, officer: Allowed<ReadRecaps>) -> Result<Json<RecapsReply>, Problem> {
    let items = figures.months(&officer).await?.into_iter().map(RecapReply::from).collect();
    Ok(Json(RecapsReply { items }))
}

/// A month as it was asked for or signed; else as it is now.
#[utoipa::path(get, path = "/v1/officer/recaps/{month}", tag = "Figures", security(("officer" = [])),
    params(("month" = String, Path, description = "The month, `YYYY-MM`")),
    responses((status = 200, description = "The month", body = RecapPreview),
        (status = "4XX", description = "`not_found`, `wrong_state` while the office has no region, `forbidden`")))]
async fn recap(
    State(figures): State<Figures>,
    officer: Allowed<ReadRecaps>,
    Path(month): Path<String>,
) -> Result<Json<RecapPreview>, Problem> {
    let (view, document) = figures.month(&officer, month_of(&month)?).await?;
    Ok(Json(RecapPreview::new(view, &document)))
}

/// Ask the head to sign a month that is over. It is kept as it is at this moment.
#[utoipa::path(post, path = "/v1/officer/recaps/{month}/request", tag = "Figures", security(("officer" = [])),
    params(("month" = String, Path, description = "The month, `YYYY-MM`")),
    responses((status = 204, description = "Asked for"),
        (status = "4XX", description = "`not_found`, `wrong_state` of a month that is not over or was asked for, `forbidden`")))]
async fn ask_recap(
    State(figures): State<Figures>,
    officer: Allowed<AskRecap>,
    Path(month): Path<String>,
) -> Result<StatusCode, Problem> {
    figures.ask(&officer, month_of(&month)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sign a month that somebody else asked for. From then on it stays as it is; what comes to light later is a correction in the next.
#[utoipa::path(post, path = "/v1/officer/recaps/{month}/signature", tag = "Figures", security(("officer" = [])),
    params(("month" = String, Path, description = "The month, `YYYY-MM`")), request_body = RecapSignBody,
    responses((status = 204, description = "Signed"),
        (status = "4XX", description = "`forbidden` for the own request, `not_found`, `wrong_state`")))]
async fn sign_recap(
    State(figures): State<Figures>,
    officer: Allowed<SignRecap>,
    Path(month): Path<String>,
    Json(body): Json<RecapSignBody>,
) -> Result<StatusCode, Problem> {
    figures.sign(&officer, month_of(&month)?, &body.version).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Refuse a month: it can be asked for again.
#[utoipa::path(post, path = "/v1/officer/recaps/{month}/refusal", tag = "Figures", security(("officer" = [])),
    params(("month" = String, Path, description = "The month, `YYYY-MM`")), request_body = RecapRefusalBody,
    responses((status = 204, description = "Refused"),
        (status = "4XX", description = "`invalid_field`, `not_found`, `wrong_state`, `forbidden`")))]
async fn refuse_recap(
    State(figures): State<Figures>,
    officer: Allowed<RefuseRecap>,
    Path(month): Path<String>,
    Json(body): Json<RecapRefusalBody>,
) -> Result<StatusCode, Problem> {
    figures.refuse(&officer, (month_of(&month)?, &body.version), body.reason.expose()).await?;
    Ok(StatusCode::NO_CONTENT)
}

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

fn file(month: Month, kind: &'static str, ending: &str, bytes: Vec<u8>) -> Response {
    let name = format!("attachment; filename=\"rekap-ktp-digital-{}.{ending}\"", month.text());
    ([(CONTENT_TYPE, kind.to_owned()), (CONTENT_DISPOSITION, name)], bytes).into_response()
}

/// A month as a workbook, in Indonesian: formulas with their values, ready to be printed.
#[utoipa::path(get, path = "/v1/officer/recaps/{month}/workbook", tag = "Figures", security(("officer" = [])),
    params(("month" = String, Path, description = "The month, `YYYY-MM`")),
    responses((status = 200, description = "The workbook, XLSX", body = [u8],
            content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (status = "4XX", description = "`not_found`, `wrong_state`, `too_many`, `forbidden`")))]
async fn recap_workbook(
    State(figures): State<Figures>,
    officer: Allowed<DownloadRecap>,
    Path(month): Path<String>,
) -> Result<Response, Problem> {
    let month = month_of(&month)?;
    Ok(file(month, XLSX, "xlsx", figures.download(&officer, month, Form::Xlsx).await?))
}

/// The rows of a month's villages: semicolons, a byte order mark, decimal commas.
#[utoipa::path(get, path = "/v1/officer/recaps/{month}/rows", tag = "Figures", security(("officer" = [])),
    params(("month" = String, Path, description = "The month, `YYYY-MM`")),
    responses((status = 200, description = "The rows, CSV", body = [u8], content_type = "text/csv"),
        (status = "4XX", description = "`not_found`, `wrong_state`, `too_many`, `forbidden`")))]
async fn recap_rows(
    State(figures): State<Figures>,
    officer: Allowed<DownloadRecap>,
    Path(month): Path<String>,
) -> Result<Response, Problem> {
    let month = month_of(&month)?;
    Ok(file(month, "text/csv; charset=utf-8", "csv", figures.download(&officer, month, Form::Csv).await?))
}
