//! Offices: the tree and one of them, as the national administration, auditors and provinces read them; and what is asked about them.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::super::act::ReadOffices;
use super::super::offices::{AllOffices, OfficeView};
use crate::clock::Timestamp;
use crate::office::Kind;
use crate::office::model::{Office, Zone, time_text};
use crate::page::Page;
use crate::register::Date;
use crate::staff::{Allowed, Role};
use crate::web::extract::page_limit;
use crate::web::{Json, Path, Problem, Query};

pub(super) fn routes() -> OpenApiRouter<AllOffices> {
    OpenApiRouter::new().routes(routes!(all_offices)).routes(routes!(one_office))
}

/// Below which office, and which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct AllOfficesQuery {
    /// Id of the office above; left out for those that stand below none.
    #[serde(default)]
    above: Option<Uuid>,
    /// `next` of the page before; left out for the first.
    #[serde(default)]
    cursor: Option<String>,
    /// At most so many, 1 to 100.
    #[serde(default, deserialize_with = "page_limit")]
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<i64>,
}

/// A page of offices.
#[derive(Debug, Serialize, ToSchema)]
struct AllOfficesReply {
    /// By code.
    items: Vec<OfficeLine>,
    /// Cursor of the next page; null on the last.
    next: Option<String>,
}

/// An office in a line.
#[derive(Debug, Serialize, ToSchema)]
struct OfficeLine {
    /// Its id.
    office_id: Uuid,
    /// Its short code.
    code: String,
    /// Its name.
    name: String,
    /// What it is.
    kind: Kind,
    /// Whether it is closed for good.
    closed: bool,
}

impl From<Office> for OfficeLine {
    fn from(office: Office) -> Self {
        let Office { office_id, code, name, kind, ended_at, .. } = office;
        Self { office_id, code, name, kind, closed: ended_at.is_some() }
    }
}

/// The offices right below one, or those that stand below none, by code; closed ones too.
#[utoipa::path(get, path = "/v1/admin/offices", tag = "Admin", security(("official" = [])), params(AllOfficesQuery),
    responses((status = 200, description = "A page", body = AllOfficesReply),
        (status = "4XX", description = "`forbidden`, `session_ended`, `malformed_request`")))]
async fn all_offices(
    State(offices): State<AllOffices>,
    who: Allowed<ReadOffices>,
    Query(query): Query<AllOfficesQuery>,
) -> Result<Json<AllOfficesReply>, Problem> {
    let limit = query.limit.unwrap_or(20);
    let page = offices.list(&who, query.above, query.cursor.as_deref(), limit).await?;
    let Page { items, next } = page.map(OfficeLine::from);
    Ok(Json(AllOfficesReply { items, next }))
}

/// An office.
#[derive(Debug, Serialize, ToSchema)]
struct OfficePageReply {
    /// Its id.
    office_id: Uuid,
    /// Its short code.
    code: String,
    /// Its name.
    name: String,
    /// What it is.
    kind: Kind,
    /// What stands above it, the nearest first.
    above: Vec<OfficeLine>,
    /// Whose people it serves.
    regions: Vec<ServedRegion>,
    /// Street, number, town.
    address: Option<String>,
    /// Latitude and longitude.
    #[schema(example = "-6.175400,106.827200")]
    point: Option<String>,
    /// The zone of its clocks.
    zone: Zone,
    /// When it is open.
    hours: Vec<OpenHours>,
    /// Days from today on, on which it is closed all the same.
    holidays: Vec<ClosedDay>,
    /// Residents whom it serves in one slot of an hour.
    capacity: Option<i64>,
    /// Where it is called.
    phone: Option<String>,
    /// What residents read beside the hours.
    note: Option<String>,
    /// Its people who may log in, by role.
    people: Vec<RoleCount>,
    /// When it was closed for good; null while it is not.
    #[schema(value_type = Option<String>, format = DateTime)]
    closed_at: Option<Timestamp>,
}

/// A region whose people an office serves.
#[derive(Debug, Serialize, ToSchema)]
struct ServedRegion {
    /// Its code.
    #[schema(example = "3171")]
    code: String,
    /// Its name; null where it is on no list any more.
    name: Option<&'static str>,
}

/// A time on one weekday in which an office is open.
#[derive(Debug, Serialize, ToSchema)]
struct OpenHours {
    /// From Monday (1) to Sunday (7).
    weekday: i64,
    /// When it opens, in its zone.
    #[schema(example = "08:00")]
    opens: String,
    /// When it closes.
    #[schema(example = "15:30")]
    closes: String,
}

/// A day on which an office is closed.
#[derive(Debug, Serialize, ToSchema)]
struct ClosedDay {
    /// The day.
    #[schema(value_type = String, format = Date)]
    day: Date,
    /// Why.
    name: String,
}

/// How many people of a role.
#[derive(Debug, Serialize, ToSchema)]
struct RoleCount {
    /// The role.
    role: Role,
    /// How many.
    people: i64,
}

impl From<OfficeView> for OfficePageReply {
    fn from(OfficeView { full, people }: OfficeView) -> Self {
        let (office, place) = (full.entry.office, full.entry.place);
        let hours = full.week.spans().iter().map(|span| OpenHours {
            weekday: span.weekday,
            opens: time_text(span.opens),
            closes: time_text(span.closes),
        });
        let region =
            |one: &crate::office::model::Region| ServedRegion { code: one.code().to_owned(), name: one.name() };
        Self {
            office_id: office.office_id,
            code: office.code,
            name: office.name,
            kind: office.kind,
            above: full.above.into_iter().map(OfficeLine::from).collect(),
            regions: full.regions.iter().map(region).collect(),
            address: place.address,
            point: place.point.map(|point| point.to_string()),
            zone: office.zone,
            hours: hours.collect(),
            holidays: full.holidays.into_iter().map(|one| ClosedDay { day: one.day, name: one.name }).collect(),
            capacity: place.capacity,
            phone: place.phone,
            note: place.note,
            people: people.into_iter().map(|(role, people)| RoleCount { role, people }).collect(),
            closed_at: office.ended_at,
        }
    }
}

/// An office with all that is known of it. Its people are counted and not named.
#[utoipa::path(get, path = "/v1/admin/offices/{id}", tag = "Admin", security(("official" = [])),
    params(("id" = Uuid, Path, description = "The office")),
    responses((status = 200, description = "The office", body = OfficePageReply),
        (status = "4XX", description = "`forbidden`, `session_ended`, `not_found`")))]
async fn one_office(
    State(offices): State<AllOffices>,
    who: Allowed<ReadOffices>,
    Path(id): Path<Uuid>,
) -> Result<Json<OfficePageReply>, Problem> {
    Ok(Json(offices.view(&who, id).await?.into()))
}
