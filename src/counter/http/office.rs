//! What residents read of the own office.

use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::act::{EditOffice, SetHoliday, ViewOffice};
use super::super::office::OwnOffice;
use crate::error::{Code, Refusal};
use crate::office::Kind;
use crate::office::model::{Edit, Span, Week, Zone, read_time, time_text};
use crate::office::ports::{Full, Holiday};
use crate::register::Date;
use crate::staff::Allowed;
use crate::web::{Json, Path, Problem};

pub(super) fn routes() -> OpenApiRouter<OwnOffice> {
    OpenApiRouter::new()
        .routes(routes!(own_office))
        .routes(routes!(edit_office))
        .routes(routes!(add_holiday))
        .routes(routes!(remove_holiday))
}

/// The own office.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OwnOffice)]
struct OfficeReply {
    /// Its short code.
    code: String,
    /// Its name.
    name: String,
    /// What it is.
    kind: Kind,
    /// Names of the offices above it, the nearest first.
    above: Vec<String>,
    /// Street, number, town.
    address: Option<String>,
    /// The zone of its clocks.
    zone: Zone,
    /// When it is open.
    hours: Vec<OfficeHours>,
    /// Days from today on, on which it is closed all the same.
    holidays: Vec<OfficeHoliday>,
    /// Where it is called.
    phone: Option<String>,
    /// What residents read beside the hours.
    note: Option<String>,
    /// Residents whom it serves in one slot of an hour.
    capacity: Option<i64>,
    /// What a change has to name.
    version: String,
}

/// A time on one weekday in which the office is open.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct OfficeHours {
    /// From Monday (1) to Sunday (7).
    #[schema(minimum = 1, maximum = 7)]
    weekday: i64,
    /// When it opens, in the office's zone.
    #[schema(example = "08:00")]
    opens: String,
    /// When it closes, on the same day.
    #[schema(example = "15:30")]
    closes: String,
}

/// A day on which the office is closed.
#[derive(Debug, Serialize, ToSchema)]
struct OfficeHoliday {
    /// The day.
    #[schema(value_type = String, format = Date)]
    day: Date,
    /// Why.
    name: String,
}

impl From<Full> for OfficeReply {
    fn from(full: Full) -> Self {
        let version = full.entry.version();
        let (office, place) = (full.entry.office, full.entry.place);
        let hours = |span: &Span| OfficeHours {
            weekday: span.weekday,
            opens: time_text(span.opens),
            closes: time_text(span.closes),
        };
        Self {
            code: office.code,
            name: office.name,
            kind: office.kind,
            above: full.above.into_iter().map(|one| one.name).collect(),
            address: place.address,
            zone: office.zone,
            hours: full.week.spans().iter().map(hours).collect(),
            holidays: full.holidays.into_iter().map(|one| OfficeHoliday { day: one.day, name: one.name }).collect(),
            phone: place.phone,
            note: place.note,
            capacity: place.capacity,
            version,
        }
    }
}

/// What is to be different; what is left out stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct EditOfficeBody {
    /// The version that was on the screen.
    version: String,
    /// When it is open, whole: at most three times a day that do not touch. Empty where nothing is to be said.
    #[serde(default)]
    #[schema(max_items = 21)]
    hours: Option<Vec<OfficeHours>>,
    /// A phone number; empty for none.
    #[serde(default)]
    phone: Option<String>,
    /// At most 300 characters that residents read; empty for none.
    #[serde(default)]
    note: Option<String>,
    /// Residents in one slot of an hour, 0 for none to 500.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 500)]
    capacity: Option<i64>,
}

fn read_hours(hours: Vec<OfficeHours>) -> Result<Week, Refusal> {
    let span = |one: OfficeHours| {
        let (opens, closes) = (read_time(&one.opens)?, read_time(&one.closes)?);
        Some(Span { weekday: one.weekday, opens, closes })
    };
    let spans = hours.into_iter().map(span).collect::<Option<Vec<_>>>();
    Week::new(spans.ok_or_else(|| Refusal::field("hours", "Tulis jam seperti 08:00.", "Write times like 08:00."))?)
}

/// The own office, as residents read it. Supervisors and heads only.
#[utoipa::path(get, path = "/v1/officer/office", tag = "Counter", security(("officer" = [])),
    responses((status = 200, description = "The office", body = OfficeReply),
        (status = "4XX", description = "`forbidden`, `session_ended`")))]
async fn own_office(State(own): State<OwnOffice>, officer: Allowed<ViewOffice>) -> Result<Json<OfficeReply>, Problem> {
    Ok(Json(own.view(&officer).await?.into()))
}

/// Change the own office's hours, phone, note and capacity. Supervisors and heads only; what the office is and where it stands is national's. A
/// repetition names a version that is old, and is `wrong_state`.
#[utoipa::path(patch, path = "/v1/officer/office", tag = "Counter", security(("officer" = [])), request_body = EditOfficeBody,
    responses((status = 200, description = "The office", body = OfficeReply),
        (status = "4XX", description = "`invalid_field`, `forbidden`, `wrong_state` when it was changed since")))]
async fn edit_office(
    State(own): State<OwnOffice>,
    officer: Allowed<EditOffice>,
    Json(body): Json<EditOfficeBody>,
) -> Result<Json<OfficeReply>, Problem> {
    let EditOfficeBody { version, hours, phone, note, capacity } = body;
    let week = hours.map(read_hours).transpose()?;
    let edit = Edit { week, phone, note, capacity, ..Edit::default() };
    Ok(Json(own.edit(&officer, edit, &version).await?.into()))
}

/// A day to close on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct HolidayBody {
    /// The day, from today to two years from now.
    #[schema(value_type = String, format = Date)]
    day: Date,
    /// Why, 1 to 60 characters; residents read it.
    #[schema(example = "Cuti bersama")]
    name: String,
    /// Whether the offices below this one are closed too.
    #[serde(default)]
    below: bool,
}

/// Say that the own office is closed on a day, and those below it where wanted. Saying it again changes the reason.
#[utoipa::path(post, path = "/v1/officer/office/holidays", tag = "Counter", security(("officer" = [])), request_body = HolidayBody,
    responses((status = 200, description = "The office", body = OfficeReply),
        (status = "4XX", description = "`invalid_field`, `forbidden`")))]
async fn add_holiday(
    State(own): State<OwnOffice>,
    officer: Allowed<SetHoliday>,
    Json(body): Json<HolidayBody>,
) -> Result<Json<OfficeReply>, Problem> {
    let HolidayBody { day, name, below } = body;
    Ok(Json(own.add_holiday(&officer, &Holiday { day, name }, below).await?.into()))
}

/// Say that the own office is open on a day after all; those below it keep the day.
#[utoipa::path(delete, path = "/v1/officer/office/holidays/{day}", tag = "Counter", security(("officer" = [])),
    params(("day" = String, Path, format = Date, description = "The day")),
    responses((status = 204, description = "Done"),
        (status = "4XX", description = "`not_found` when it was none of its holidays, `forbidden`")))]
async fn remove_holiday(
    State(own): State<OwnOffice>,
    officer: Allowed<SetHoliday>,
    Path(day): Path<String>,
) -> Result<StatusCode, Problem> {
    let day = Date::parse(&day).map_err(|_| Code::NotFound)?;
    own.remove_holiday(&officer, day).await?;
    Ok(StatusCode::NO_CONTENT)
}
