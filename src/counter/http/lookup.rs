//! Looking for people who are not there, and who does how much of it.

use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::super::act::{AskActive, LiftSearchLimit, LookAtSearches, ReadSearches, SearchPeople};
use super::super::lookup::{Activity, Lookups};
use super::super::searches::{SearchDay, Searches};
use crate::clock::Timestamp;
use crate::error::Refusal;
use crate::holder::CredentialState;
use crate::input;
use crate::lookup::Query;
use crate::lookup::model::Sign;
use crate::page::{self, Page};
use crate::register::{Date, Nik};
use crate::registration::State as RegistrationState;
use crate::registration::review::FoundLine;
use crate::secret::Redacted;
use crate::staff::Allowed;
use crate::web::{Json, Path, Problem};

pub(super) fn routes() -> OpenApiRouter<Lookups> {
    OpenApiRouter::new().routes(routes!(ask_active)).routes(routes!(search_people))
}

pub(super) fn search_routes() -> OpenApiRouter<Searches> {
    OpenApiRouter::new().routes(routes!(read_searches)).routes(routes!(look_at_searches)).routes(routes!(lift_limit))
}

/// Whose digital KTP is asked about.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ActiveBody {
    /// 16 digits.
    #[schema(value_type = String, example = "3171015708900001")]
    nik: Redacted<String>,
}

/// Whether there is an active digital KTP, and nothing else.
#[derive(Debug, Serialize, ToSchema)]
struct ActiveReply {
    /// Whether it is active.
    active: bool,
    /// Since which day, when it is.
    #[schema(value_type = Option<String>, format = Date)]
    since: Option<Date>,
    /// Until which day it was, when it is not any more; null where there never was one.
    #[schema(value_type = Option<String>, format = Date)]
    until: Option<Date>,
}

/// Ask by a NIK whether somebody has an active digital KTP, of whatever office: yes or no, and a day. Noted; 60 a day, unless a supervisor
/// lifts that. Asking again counts again.
#[utoipa::path(post, path = "/v1/officer/active-questions", tag = "Counter", security(("officer" = [])), request_body = ActiveBody,
    responses((status = 200, description = "The answer", body = ActiveReply),
        (status = "4XX", description = "`invalid_field`, `forbidden`, `too_many`")))]
async fn ask_active(
    State(lookups): State<Lookups>,
    officer: Allowed<AskActive>,
    Json(body): Json<ActiveBody>,
) -> Result<Json<ActiveReply>, Problem> {
    let nik = Nik::parse(&input::ungrouped(body.nik.expose())).map_err(|error| {
        let text = error.text();
        Refusal::field("nik", text.id, text.en)
    })?;
    let (active, since, until) = match lookups.activity(&officer, &nik).await? {
        Activity::Since(day) => (true, Some(day), None),
        Activity::Until(day) => (false, None, Some(day)),
        Activity::Never => (false, None, None),
    };
    Ok(Json(ActiveReply { active, since, until }))
}

/// Whom somebody looks for. In a body, because an address is kept in logs.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct FindPeopleBody {
    /// A NIK, a name or words of it, the number of a registration, a telephone number or an e-mail address.
    #[schema(value_type = String, example = "Siti Rahma")]
    query: Redacted<String>,
    /// `next` of the page before.
    #[serde(default)]
    cursor: Option<String>,
    /// 1–100; 20 when left out.
    #[serde(default)]
    limit: Option<i64>,
}

/// Who was found.
#[derive(Debug, Serialize, ToSchema)]
struct FoundPeopleReply {
    /// The newest first.
    items: Vec<FoundPerson>,
    /// Cursor of the next page; null on the last.
    next: Option<String>,
}

/// A registration of this office: no more than tells people apart.
#[derive(Debug, Serialize, ToSchema)]
struct FoundPerson {
    /// The registration.
    registration_id: Uuid,
    /// Where it stands.
    state: RegistrationState,
    /// Initials of the name as submitted.
    #[schema(value_type = String, example = "S. R.")]
    initials: Redacted<String>,
    /// The NIK, of which only the ends are shown.
    #[schema(value_type = String, example = "3171********0001")]
    nik: Redacted<String>,
    /// Of one that led to a digital KTP, the state of that.
    card: Option<CredentialState>,
    /// When it last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

impl From<FoundLine> for FoundPerson {
    fn from(line: FoundLine) -> Self {
        let FoundLine { registration_id, state, initials, nik, card, updated_at } = line;
        Self { registration_id, state, initials, nik, card, updated_at }
    }
}

/// Search among the registrations of this office, also of those that led to a digital KTP. What was registered is shown only when one is
/// opened (`GET …/{id}`), as ever. Noted; 60 a day, unless a supervisor lifts that; further pages do not count.
#[utoipa::path(post, path = "/v1/officer/people", tag = "Counter", security(("officer" = [])), request_body = FindPeopleBody,
    responses((status = 200, description = "A page", body = FoundPeopleReply),
        (status = "4XX", description = "`invalid_field`, `malformed_request`, `forbidden`, `too_many`")))]
async fn search_people(
    State(lookups): State<Lookups>,
    officer: Allowed<SearchPeople>,
    Json(body): Json<FindPeopleBody>,
) -> Result<Json<FoundPeopleReply>, Problem> {
    let query = Query::read(body.query.expose()).map_err(|text| Refusal::field("query", text.id, text.en))?;
    let limit = body.limit.unwrap_or(20).clamp(1, page::MOST);
    let page = lookups.search(&officer, &query, body.cursor.as_deref(), limit).await?;
    let Page { items, next } = page.map(FoundPerson::from);
    Ok(Json(FoundPeopleReply { items, next }))
}

/// How much people of this office looked for.
#[derive(Debug, Serialize, ToSchema)]
struct SearchesReply {
    /// Today, counted from 1970-01-01 in UTC+7: a limit is lifted for it.
    today: i64,
    /// The newest day first; of a day those first who stand out.
    items: Vec<SearchDayReply>,
}

/// A day of somebody's.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SearchDay)]
struct SearchDayReply {
    /// The person.
    officer_id: Uuid,
    /// Log-in name.
    username: String,
    /// The day, counted from 1970-01-01 in UTC+7.
    day: i64,
    /// Questions whether somebody is active.
    active: i64,
    /// Searches among the office's registrations.
    searches: i64,
    /// Registrations that were opened with a reason, without the resident.
    views: i64,
    /// Questions and searches that found nobody.
    misses: i64,
    /// Why this day stands out.
    signs: Vec<Sign>,
    /// Whether it is the own: another supervisor, or the head, looks at it.
    own: bool,
    /// Log-in name of who lifted the limit of that day.
    lifted_by: Option<String>,
    /// Who looked at it; null while nobody has.
    former: Option<SearchLook>,
}

/// A supervisor's look.
#[derive(Debug, Serialize, ToSchema)]
struct SearchLook {
    /// Log-in name.
    by: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// With what result.
    #[schema(value_type = String)]
    reason: Redacted<String>,
}

impl From<SearchDay> for SearchDayReply {
    fn from(one: SearchDay) -> Self {
        let SearchDay { officer_id, username, day, looked, signs, own, lifted_by, former } = one;
        Self {
            officer_id,
            username,
            day,
            active: looked.active,
            searches: looked.searches,
            views: looked.views,
            misses: looked.misses,
            signs,
            own,
            lifted_by,
            former: former.map(|(by, at, reason)| SearchLook { by, at, reason }),
        }
    }
}

/// How much people of this office looked for without a resident before them, in seven days, and which days stand out. Names nobody who was
/// looked for. Supervisors and heads.
#[utoipa::path(get, path = "/v1/officer/searches", tag = "Counter", security(("officer" = [])),
    responses((status = 200, description = "The days", body = SearchesReply),
        (status = "4XX", description = "`forbidden`, `session_ended`")))]
async fn read_searches(
    State(searches): State<Searches>,
    officer: Allowed<ReadSearches>,
) -> Result<Json<SearchesReply>, Problem> {
    let (today, days) = searches.days(&officer).await?;
    Ok(Json(SearchesReply { today, items: days.into_iter().map(Into::into).collect() }))
}

/// With what result a day was looked at.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SearchLookBody {
    /// The day, as the list has it.
    #[schema(example = 20_784)]
    day: i64,
    /// 5–500 characters; colleagues read it.
    #[schema(value_type = String, example = "Menelepon warga yang kodenya belum datang")]
    reason: Redacted<String>,
}

/// Note that a day of a colleague's was looked at, and with what result. Supervisors and heads.
#[utoipa::path(post, path = "/v1/officer/searches/{id}/look", tag = "Counter", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The colleague")), request_body = SearchLookBody,
    responses((status = 204, description = "Noted"),
        (status = "4XX", description = "`invalid_field`, `not_found` when somebody was first, `forbidden` for the own")))]
async fn look_at_searches(
    State(searches): State<Searches>,
    officer: Allowed<LookAtSearches>,
    Path(id): Path<Uuid>,
    Json(body): Json<SearchLookBody>,
) -> Result<StatusCode, Problem> {
    searches.look(&officer, (id, body.day), body.reason.expose()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Let a colleague look for five times as many people today. Supervisors and heads; never for oneself.
#[utoipa::path(post, path = "/v1/officer/searches/{id}/lift", tag = "Counter", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The colleague")),
    responses((status = 204, description = "They may go on"),
        (status = "4XX", description = "`not_found`, `wrong_state` where it was lifted, `forbidden` for oneself")))]
async fn lift_limit(
    State(searches): State<Searches>,
    officer: Allowed<LiftSearchLimit>,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Problem> {
    searches.lift(&officer, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
