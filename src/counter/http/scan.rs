//! A resident comes: scanning a QR, or having one's own scanned and confirming the number.

use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::super::act::{ConfirmMatch, ReadArrivals, Receive, Scan, ShowCounterQr, TakeOver};
use super::super::scan::{Received, Scans};
use super::registration::RegistrationReply;
use crate::clock::Timestamp;
use crate::registration::State as RegistrationState;
use crate::registration::visit::Arrival;
use crate::secret::Redacted;
use crate::staff::Allowed;
use crate::web::token_reply::{TokenReply, issued_reply};
use crate::web::{Json, Lang, Path, Problem};

pub(super) fn routes() -> OpenApiRouter<Scans> {
    OpenApiRouter::new()
        .routes(routes!(scan))
        .routes(routes!(arrivals, receive))
        .routes(routes!(take_over))
        .routes(routes!(counter_token))
        .routes(routes!(matches))
        .routes(routes!(confirm_match))
}

/// A scanned QR.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ScanBody {
    /// Text of the QR.
    #[schema(value_type = String)]
    token: Redacted<String>,
}

/// Scan a resident's activation QR. The same officer may scan the same QR again; anybody else needs a new one.
#[utoipa::path(post, path = "/v1/officer/scans", tag = "Counter", security(("officer" = [])), request_body = ScanBody,
    responses((status = 200, description = "The registration", body = RegistrationReply),
        (status = "4XX", description = "`invalid_field`, `qr_expired`, `qr_used`, `wrong_state`")))]
async fn scan(
    State(scans): State<Scans>,
    officer: Allowed<Scan>,
    Lang(language): Lang,
    Json(body): Json<ScanBody>,
) -> Result<Json<RegistrationReply>, Problem> {
    Ok(Json(scans.scan(&officer, body.token.expose(), language).await?.into()))
}

/// A resident who was received.
#[derive(Debug, Serialize, ToSchema)]
struct ReceivedReply {
    /// The registration.
    registration_id: Uuid,
    /// Initials of the name as submitted.
    #[schema(value_type = String, example = "S. R.")]
    initials: Redacted<String>,
    /// Where it stands: `awaiting_officer` waits to be called.
    state: RegistrationState,
    /// The number with which they are called, the office's own, from 1 each day; it stands on the resident's phone too.
    number: Option<i64>,
}

/// Residents who wait to be called.
#[derive(Debug, Serialize, ToSchema)]
struct ArrivalsReply {
    /// The longest waiting first, 50 at most.
    items: Vec<ArrivalItem>,
}

/// One of them.
#[derive(Debug, Serialize, ToSchema)]
struct ArrivalItem {
    /// The registration.
    registration_id: Uuid,
    /// Initials of the name as submitted.
    #[schema(value_type = String, example = "S. R.")]
    initials: Redacted<String>,
    /// When they were received.
    #[schema(value_type = String, format = DateTime)]
    received_at: Timestamp,
    /// Log-in name of who received them.
    received_by: String,
    /// The same person by id: whoever passes the resident on names it.
    received_by_id: Uuid,
    /// The number with which they are called; null for whom an officer scanned at once.
    number: Option<i64>,
}

/// Receive a resident: scan their activation QR, so that a colleague calls them. Says nothing of what they registered but the initials; for
/// assistants, too. The same person may scan the same QR again.
#[utoipa::path(post, path = "/v1/officer/arrivals", tag = "Counter", security(("officer" = [])), request_body = ScanBody,
    responses((status = 201, description = "They wait to be called", body = ReceivedReply),
        (status = "4XX", description = "`invalid_field`, `qr_expired`, `qr_used`, `wrong_state`")))]
async fn receive(
    State(scans): State<Scans>,
    officer: Allowed<Receive>,
    Json(body): Json<ScanBody>,
) -> Result<(StatusCode, Json<ReceivedReply>), Problem> {
    let Received { registration_id, initials, state, number } = scans.receive(&officer, body.token.expose()).await?;
    Ok((StatusCode::CREATED, Json(ReceivedReply { registration_id, initials, state, number })))
}

/// Residents whom somebody of this office received within 30 minutes and who wait for an officer.
#[utoipa::path(get, path = "/v1/officer/arrivals", tag = "Counter", security(("officer" = [])),
    responses((status = 200, description = "Who waits", body = ArrivalsReply),
        (status = "4XX", description = "`forbidden`, `session_ended`")))]
async fn arrivals(State(scans): State<Scans>, officer: Allowed<ReadArrivals>) -> Result<Json<ArrivalsReply>, Problem> {
    let item = |(one, received_by): (Arrival, String)| {
        let Arrival { registration_id, initials, received_at, received_by: received_by_id, number } = one;
        ArrivalItem { registration_id, initials, received_at, received_by, received_by_id, number }
    };
    let items = scans.arrivals(&officer).await?.into_iter().map(item).collect();
    Ok(Json(ArrivalsReply { items }))
}

/// Take over a resident whom a colleague received: from now on they stand before this officer, as long as they would have before the
/// colleague.
#[utoipa::path(post, path = "/v1/officer/registrations/{id}/take", tag = "Counter", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The registration")),
    responses((status = 200, description = "The registration", body = RegistrationReply),
        (status = "4XX", description = "`scan_required` when nobody received them within 30 minutes, `wrong_state`, `not_found`, `forbidden`")))]
async fn take_over(
    State(scans): State<Scans>,
    officer: Allowed<TakeOver>,
    Lang(language): Lang,
    Path(id): Path<Uuid>,
) -> Result<Json<RegistrationReply>, Problem> {
    Ok(Json(scans.take_over(&officer, id, language).await?.into()))
}

/// A QR for the officer's screen, for any number of phones; with `Accept: image/svg+xml` or `image/png` its picture.
#[utoipa::path(post, path = "/v1/officer/counter-tokens", tag = "Counter", security(("officer" = [])),
    responses((status = 200, description = "The QR", content((TokenReply = "application/json"), (String = "image/svg+xml"), (Vec<u8> = "image/png"))),
        (status = "4XX", description = "`forbidden`, `session_ended`")))]
async fn counter_token(
    State(scans): State<Scans>,
    officer: Allowed<ShowCounterQr>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    issued_reply(&headers, scans.counter_token(&officer).await?)
}

/// Residents who wait for their number to be confirmed.
#[derive(Debug, Serialize, ToSchema)]
struct MatchesReply {
    /// Newest first, 30 at most.
    items: Vec<MatchItem>,
}

/// One of them.
#[derive(Debug, Serialize, ToSchema)]
struct MatchItem {
    /// The registration.
    registration_id: Uuid,
    /// Initials of the name as submitted, to find the resident's line. The number is on the resident's screen alone.
    #[schema(value_type = String, example = "S. R.")]
    initials: Redacted<String>,
    /// When the resident scanned.
    #[schema(value_type = String, format = DateTime)]
    scanned_at: Timestamp,
}

/// Residents who scanned this officer's QR in the last five minutes and whose number is not confirmed yet.
#[utoipa::path(get, path = "/v1/officer/matches", tag = "Counter", security(("officer" = [])),
    responses((status = 200, description = "Who waits", body = MatchesReply),
        (status = "4XX", description = "`forbidden`, `session_ended`")))]
async fn matches(State(scans): State<Scans>, officer: Allowed<ConfirmMatch>) -> Result<Json<MatchesReply>, Problem> {
    let items = scans
        .matches(&officer)
        .await?
        .into_iter()
        .map(|item| MatchItem {
            registration_id: item.registration_id,
            initials: item.initials,
            scanned_at: item.scanned_at,
        })
        .collect();
    Ok(Json(MatchesReply { items }))
}

/// The number that the resident reads out.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct MatchBody {
    /// Two digits.
    #[schema(example = 47)]
    match_number: i64,
}

/// Confirm the number that the resident reads out; it counts as this officer's scan. After three wrong ones it is void, and the
/// resident scans the counter QR again.
#[utoipa::path(post, path = "/v1/officer/registrations/{id}/match", tag = "Counter", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The registration")), request_body = MatchBody,
    responses((status = 200, description = "The registration", body = RegistrationReply),
        (status = "4XX", description = "`invalid_field` with `tries_left`, `not_found`, `wrong_state`, `too_many`")))]
async fn confirm_match(
    State(scans): State<Scans>,
    officer: Allowed<ConfirmMatch>,
    Lang(language): Lang,
    Path(id): Path<Uuid>,
    Json(body): Json<MatchBody>,
) -> Result<Json<RegistrationReply>, Problem> {
    Ok(Json(scans.confirm_match(&officer, id, body.match_number, language).await?.into()))
}
