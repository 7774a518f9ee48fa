//! `/v1/offices` and `/v1/status`: for everybody, without logging in.

mod branch;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::model::{MailPace, ServingTime};
use super::service::{Directory, Shown, Status};
use crate::clock::Timestamp;
use crate::office::Kind;
use crate::office::model::{Day, Span, Zone, time_text};
use crate::outreach::Outreach;
use crate::outreach::ports::Whereabouts;
use crate::page::Page;
use crate::register::Date;
use crate::secret::Redacted;
use crate::web::extract::page_limit;
use crate::web::{Json, Path, Problem, Query};

/// All routes of this room.
pub fn routes(directory: Directory) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(find_offices))
        .routes(routes!(office_calls))
        .routes(routes!(service_status))
        .with_state(directory.clone())
        .merge(branch::routes(directory.branches))
}

/// What to look for among what anybody finds.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct FindQuery {
    /// Words of a name, an address or an organisation, the name of a place, or the code of a region; at most 80 characters. Left out for all.
    #[serde(default)]
    #[param(example = "buleleng", max_length = 80)]
    words: Option<String>,
    /// `next` of the page before.
    #[serde(default)]
    cursor: Option<String>,
    /// At most so many, 1 to 100.
    #[serde(default, deserialize_with = "page_limit")]
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<i64>,
}

impl FindQuery {
    /// Words, cursor and limit.
    fn parts(&self) -> (&str, Option<&str>, i64) {
        (self.words.as_deref().unwrap_or_default(), self.cursor.as_deref(), self.limit.unwrap_or(20))
    }
}

/// A page of offices.
#[derive(Debug, Serialize, ToSchema)]
struct OfficesReply {
    /// The best fit first.
    items: Vec<OfficeReply>,
    /// The cursor of the next page; null on the last.
    next: Option<String>,
}

/// An office where residents are served.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PublicOffice)]
struct OfficeReply {
    /// By which reports name it.
    office_id: Uuid,
    /// Its short code.
    code: String,
    /// Its name.
    name: String,
    /// What it is.
    kind: Kind,
    /// Street, number, town.
    address: Option<String>,
    /// Degrees north, with the longitude or not at all.
    latitude: Option<f64>,
    /// Degrees east.
    longitude: Option<f64>,
    /// Where it is called.
    phone: Option<String>,
    /// What it tells residents.
    note: Option<String>,
    /// The zone of its clocks.
    zone: Zone,
    /// The regions whose people it serves; everybody may come to any.
    regions: Vec<RegionReply>,
    /// What its day is now.
    today: TodayReply,
    /// When it is open in a week.
    hours: Vec<HoursReply>,
    /// Days within the next sixty on which it is closed all the same.
    holidays: Vec<HolidayReply>,
    /// How long people are there today, from the scan of their QR to the decision: the median; null of fewer than five people.
    serving_time: Option<ServingTime>,
    /// Where it serves everybody beside its counters in the next thirty days, the next first, at most three.
    outreach: Vec<OutreachReply>,
}

/// A session beside the counters, for everybody.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PublicOutreach)]
struct OutreachReply {
    /// When it begins.
    #[schema(value_type = String, format = DateTime)]
    starts_at: Timestamp,
    /// When it ends.
    #[schema(value_type = String, format = DateTime)]
    ends_at: Timestamp,
    /// Where.
    #[schema(value_type = Option<String>, example = "Balai Warga RW 05")]
    place: Option<Redacted<String>>,
    /// The village with district and regency.
    village: String,
    /// How many people can be served.
    capacity: i64,
}

impl From<Whereabouts> for OutreachReply {
    fn from(Whereabouts { outreach, place, village }: Whereabouts) -> Self {
        let Outreach { starts_at, ends_at, capacity, .. } = outreach;
        Self { starts_at, ends_at, place, village, capacity }
    }
}

/// A region.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OfficeRegion)]
struct RegionReply {
    /// Its code.
    code: String,
    /// Its name.
    name: Option<&'static str>,
}

/// What a day is for who wants to go there now.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
#[schema(as = OfficeToday)]
enum TodayReply {
    /// It is open.
    Open {
        /// Until when.
        #[schema(example = "15:30")]
        until: String,
    },
    /// It opens later on this day.
    Later {
        /// When.
        #[schema(example = "08:00")]
        from: String,
    },
    /// It was open on this day.
    Over,
    /// It is closed on this weekday.
    Closed,
    /// It is closed for this reason.
    Holiday {
        /// Why.
        name: String,
    },
    /// Nobody has said when it is open.
    Unknown,
}

impl From<Day> for TodayReply {
    fn from(day: Day) -> Self {
        match day {
            Day::Open { until } => Self::Open { until: time_text(until) },
            Day::Later { from } => Self::Later { from: time_text(from) },
            Day::Over => Self::Over,
            Day::Closed => Self::Closed,
            Day::Holiday(name) => Self::Holiday { name },
            Day::Unknown => Self::Unknown,
        }
    }
}

/// A time on one weekday.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PublicHours)]
struct HoursReply {
    /// From Monday (1) to Sunday (7).
    weekday: i64,
    /// When it opens, in the office's zone.
    #[schema(example = "08:00")]
    opens: String,
    /// When it closes.
    #[schema(example = "15:30")]
    closes: String,
}

impl From<&Span> for HoursReply {
    fn from(span: &Span) -> Self {
        Self { weekday: span.weekday, opens: time_text(span.opens), closes: time_text(span.closes) }
    }
}

/// A day on which it is closed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PublicHoliday)]
struct HolidayReply {
    /// The day.
    #[schema(value_type = String, format = Date)]
    day: Date,
    /// Why.
    name: String,
}

/// Exactly, because millionths of degrees are far below 2^53.
fn degrees(millionths: i64) -> f64 {
    millionths as f64 / 1e6
}

impl From<Shown> for OfficeReply {
    fn from(shown: Shown) -> Self {
        let Shown { office, today, serving_time, outreach } = shown;
        let (own, place) = (office.entry.office, office.entry.place);
        let region = |one: &crate::office::model::Region| RegionReply { code: one.code().to_owned(), name: one.name() };
        Self {
            office_id: own.office_id,
            code: own.code,
            name: own.name,
            kind: own.kind,
            address: place.address,
            latitude: place.point.map(|point| degrees(point.latitude)),
            longitude: place.point.map(|point| degrees(point.longitude)),
            phone: place.phone,
            note: place.note,
            zone: own.zone,
            regions: office.regions.iter().map(region).collect(),
            today: today.into(),
            hours: office.week.spans().iter().map(HoursReply::from).collect(),
            holidays: office.holidays.into_iter().map(|one| HolidayReply { day: one.day, name: one.name }).collect(),
            serving_time,
            outreach: outreach.into_iter().map(Into::into).collect(),
        }
    }
}

/// Offices and outreach posts where residents are served, by words or place, with their hours and what their day is now. For everybody; what it
/// tells may be a minute old. Offices that were closed for good are left out.
#[utoipa::path(get, path = "/v1/offices", tag = "Public", params(FindQuery),
    responses((status = 200, description = "A page", body = OfficesReply),
        (status = "4XX", description = "`malformed_request`")))]
async fn find_offices(
    State(directory): State<Directory>,
    Query(query): Query<FindQuery>,
) -> Result<Json<OfficesReply>, Problem> {
    let (words, cursor, limit) = query.parts();
    let Page { items, next } = directory.find(words, cursor, limit).await?;
    Ok(Json(OfficesReply { items: items.into_iter().map(Into::into).collect(), next }))
}

/// Whom an office calls.
#[derive(Debug, Serialize, ToSchema)]
struct CallsReply {
    /// Name of the office.
    office: String,
    /// How many wait to be called.
    waiting: i64,
    /// Numbers that were called in the last quarter of an hour, the last first, at most six.
    items: Vec<CallItem>,
}

/// A call.
#[derive(Debug, Serialize, ToSchema)]
struct CallItem {
    /// The number on the resident's phone.
    number: i64,
    /// When it was called.
    #[schema(value_type = String, format = DateTime)]
    called_at: Timestamp,
}

/// The numbers that an office calls, for its hall and for who waits outside. It names nobody; what it tells may be two seconds old.
#[utoipa::path(get, path = "/v1/offices/{code}/calls", tag = "Public",
    params(("code" = String, Path, description = "The office's short code")),
    responses((status = 200, description = "The calls", body = CallsReply),
        (status = "4XX", description = "`not_found` for a code that no office has")))]
async fn office_calls(
    State(directory): State<Directory>,
    Path(code): Path<String>,
) -> Result<Json<CallsReply>, Problem> {
    let (office, calls) = directory.calls(&code).await?;
    let items = calls.called.into_iter().map(|(number, called_at)| CallItem { number, called_at }).collect();
    Ok(Json(CallsReply { office, waiting: calls.waiting, items }))
}

/// How the service works now.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ServiceStatus)]
struct StatusReply {
    /// When this was looked at.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// The population register.
    register: RegisterReply,
    /// How mail goes.
    mail: MailPace,
    /// Offices that are open now.
    open_offices: usize,
    /// Offices of which is known when they are open.
    offices: usize,
}

/// Whether the population register answers.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RegisterStatus)]
struct RegisterReply {
    /// Whether it does.
    answers: bool,
    /// Since when; null where that was never otherwise.
    #[schema(value_type = Option<String>, format = DateTime)]
    since: Option<Timestamp>,
}

impl From<Status> for StatusReply {
    fn from(status: Status) -> Self {
        let Status { at, register_answers, register_since, mail, open_offices, offices } = status;
        let register = RegisterReply { answers: register_answers, since: register_since };
        Self { at, register, mail, open_offices, offices }
    }
}

/// Whether the population register answers, how mail goes, and how many offices are open now. For everybody; it may be some seconds old.
#[utoipa::path(get, path = "/v1/status", tag = "Public",
    responses((status = 200, description = "The state", body = StatusReply)))]
async fn service_status(State(directory): State<Directory>) -> Result<Json<StatusReply>, Problem> {
    Ok(Json(directory.status().await?.into()))
}
