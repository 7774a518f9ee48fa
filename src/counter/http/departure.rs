//! Confirmations at the office that somebody left.

use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::super::act::{AskDeparture, GrantDeparture, ReadDepartures, RefuseDeparture, ViewDeparture};
use super::super::departure::{DepartureView, Departures, WaitingDeparture};
use crate::clock::Timestamp;
use crate::departure::model::State as DepartureState;
use crate::error::{FieldError, Refusal};
use crate::holder::{CredentialState, Reason};
use crate::register::{Date, Nik};
use crate::secret::Redacted;
use crate::staff::Allowed;
use crate::web::{Json, Path, Problem};

pub(super) fn routes() -> OpenApiRouter<Departures> {
    OpenApiRouter::new()
        .routes(routes!(departures_waiting, ask_departure))
        .routes(routes!(view_departure))
        .routes(routes!(grant_departure))
        .routes(routes!(refuse_departure))
}

/// Who left, and how that is known.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DepartureBody {
    /// 16 digits.
    #[schema(value_type = String, example = "3171015708900001")]
    nik: Redacted<String>,
    /// 5–500 characters, for the second person.
    #[schema(value_type = String, example = "Surat pelepasan kewarganegaraan sudah dilihat")]
    reason: Redacted<String>,
}

/// A decision on a request.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DepartureGrantBody {
    /// `version` of the request as it was on the screen.
    version: String,
}

/// Why it is refused.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DepartureRefusalBody {
    /// `version` of the request as it was on the screen.
    version: String,
    /// 5–500 characters.
    #[schema(value_type = String, example = "Orangnya masih WNI")]
    reason: Redacted<String>,
}

/// A request that the digital KTP of somebody who left end.
#[derive(Debug, Serialize, ToSchema)]
struct DepartureReply {
    /// The request.
    departure_id: Uuid,
    /// Changes with every step; each decision names it.
    version: String,
    /// Where it stands.
    state: DepartureState,
    /// The state of the digital KTP.
    card: CredentialState,
    /// Why it is stopped: `register_left` while this can be granted.
    stopped_for: Option<Reason>,
    /// Since when.
    #[schema(value_type = Option<String>, format = DateTime)]
    stopped_at: Option<Timestamp>,
    /// The name, as the register has it; null once the data are erased.
    #[schema(value_type = Option<String>)]
    full_name: Option<Redacted<String>>,
    /// The NIK, of which only the ends are shown.
    #[schema(value_type = Option<String>, example = "3171********0001")]
    nik: Option<Redacted<String>>,
    /// The birth date.
    #[schema(value_type = Option<String>, format = Date)]
    birth_date: Option<Date>,
    /// Log-in name of who asked.
    asked_by: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    asked_at: Timestamp,
    /// When the request lapses.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// Why it is asked for, or was refused.
    #[schema(value_type = String)]
    reason: Redacted<String>,
    /// Whether this person asked: then somebody else has to grant it.
    own: bool,
    /// Whether this person may grant it now.
    may_grant: bool,
}

impl From<DepartureView> for DepartureReply {
    fn from(view: DepartureView) -> Self {
        let DepartureView { seen, asked_by, own, may_grant } = view;
        let departure = seen.departure;
        Self {
            departure_id: departure.departure_id,
            version: departure.version(),
            state: seen.state,
            card: seen.card,
            stopped_for: seen.stopped.map(|(reason, _)| reason),
            stopped_at: seen.stopped.map(|(_, since)| since),
            full_name: seen.full_name,
            nik: seen.nik,
            birth_date: seen.birth_date,
            asked_by,
            asked_at: departure.asked_at,
            expires_at: departure.expires_at,
            reason: seen.words,
            own,
            may_grant,
        }
    }
}

/// What waits for a second person.
#[derive(Debug, Serialize, ToSchema)]
struct DeparturesReply {
    /// Longest waiting first.
    items: Vec<WaitingDepartureReply>,
}

/// One of them.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WaitingDeparture)]
struct WaitingDepartureReply {
    /// The request.
    departure_id: Uuid,
    /// Log-in name of who asked.
    asked_by: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    asked_at: Timestamp,
    /// When it lapses.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// Whether this person asked: then somebody else has to grant it.
    own: bool,
}

/// Ask that the digital KTP of a NIK end, which the register stopped because its holder is no citizen any more and moved abroad. A
/// supervisor of the office, another person, grants it within seven days; until then the register can take it back. Repeated while it
/// waits, this gives the same request.
#[utoipa::path(post, path = "/v1/officer/departures", tag = "Counter", security(("officer" = [])),
    request_body = DepartureBody,
    responses((status = 201, description = "It waits for a second person", body = DepartureReply),
        (status = "4XX", description = "`invalid_field`, `not_found` unless the register says that they left, `wrong_state`, `too_many`, `forbidden`")))]
async fn ask_departure(
    State(departures): State<Departures>,
    officer: Allowed<AskDeparture>,
    Json(body): Json<DepartureBody>,
) -> Result<(StatusCode, Json<DepartureReply>), Problem> {
    let nik = Nik::parse(body.nik.expose())
        .map_err(|error| Refusal::fields(vec![FieldError { field: "nik".into(), message: error.text() }]))?;
    Ok((StatusCode::CREATED, Json(departures.ask(&officer, &nik, body.reason.expose()).await?.into())))
}

/// What waits for a second person of this office. Names no resident.
#[utoipa::path(get, path = "/v1/officer/departures", tag = "Counter", security(("officer" = [])),
    responses((status = 200, description = "The requests", body = DeparturesReply),
        (status = "4XX", description = "`forbidden`, `session_ended`")))]
async fn departures_waiting(
    State(departures): State<Departures>,
    officer: Allowed<ReadDepartures>,
) -> Result<Json<DeparturesReply>, Problem> {
    let item = |one: WaitingDeparture| {
        let WaitingDeparture { departure_id, asked_by, asked_at, expires_at, own } = one;
        WaitingDepartureReply { departure_id, asked_by, asked_at, expires_at, own }
    };
    let items = departures.waiting(&officer).await?.into_iter().map(item).collect();
    Ok(Json(DeparturesReply { items }))
}

/// A request of this office.
#[utoipa::path(get, path = "/v1/officer/departures/{id}", tag = "Counter", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The request")),
    responses((status = 200, description = "The request", body = DepartureReply),
        (status = "4XX", description = "`not_found`, `forbidden`")))]
async fn view_departure(
    State(departures): State<Departures>,
    officer: Allowed<ViewDeparture>,
    Path(id): Path<Uuid>,
) -> Result<Json<DepartureReply>, Problem> {
    Ok(Json(departures.view(&officer, id).await?.into()))
}

/// Grant what a colleague asked for: the digital KTP has ended when the answer comes. Supervisors only.
#[utoipa::path(post, path = "/v1/officer/departures/{id}/grant", tag = "Counter", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The request")), request_body = DepartureGrantBody,
    responses((status = 204, description = "Ended"),
        (status = "4XX", description = "`forbidden` for the own request, `not_found`, `wrong_state`")))]
async fn grant_departure(
    State(departures): State<Departures>,
    officer: Allowed<GrantDeparture>,
    Path(id): Path<Uuid>,
    Json(body): Json<DepartureGrantBody>,
) -> Result<StatusCode, Problem> {
    departures.grant(&officer, id, &body.version).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Refuse it, or take the own request back.
#[utoipa::path(post, path = "/v1/officer/departures/{id}/refuse", tag = "Counter", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The request")), request_body = DepartureRefusalBody,
    responses((status = 204, description = "Refused"),
        (status = "4XX", description = "`invalid_field`, `not_found`, `wrong_state`, `forbidden`")))]
async fn refuse_departure(
    State(departures): State<Departures>,
    officer: Allowed<RefuseDeparture>,
    Path(id): Path<Uuid>,
    Json(body): Json<DepartureRefusalBody>,
) -> Result<StatusCode, Problem> {
    departures.refuse(&officer, id, &body.version, body.reason.expose()).await?;
    Ok(StatusCode::NO_CONTENT)
}
