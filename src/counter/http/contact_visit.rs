//! Changes of address at the counter.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::super::act::{
    AskContactVisit, GrantContactVisit, ReadContactVisits, RefuseContactVisit, ScanContactVisit, ViewContactVisit,
    ViewContactVisitPicture,
};
use super::super::contact_visit::{ContactVisitView, ContactVisits, WaitingContactVisit};
use crate::clock::Timestamp;
use crate::contact::visit::model::State as VisitState;
use crate::holder::{CredentialState, Reason};
use crate::register::Date;
use crate::secret::Redacted;
use crate::staff::Allowed;
use crate::web::{Json, Path, Problem};

pub(super) fn routes() -> OpenApiRouter<ContactVisits> {
    OpenApiRouter::new()
        .routes(routes!(scan_contact_visit))
        .routes(routes!(contact_visits_waiting))
        .routes(routes!(view_contact_visit))
        .routes(routes!(contact_visit_portrait))
        .routes(routes!(ask_contact_visit))
        .routes(routes!(grant_contact_visit))
        .routes(routes!(refuse_contact_visit))
}

/// A scanned QR.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ContactVisitScanBody {
    /// The text of the QR.
    token: String,
}

/// A change of address as an officer sees it.
#[derive(Debug, Serialize, ToSchema)]
struct ContactVisitSeen {
    /// The change.
    visit_id: Uuid,
    /// Changes with every step; each decision names it.
    version: String,
    /// Where it stands.
    state: VisitState,
    /// The holder's name, as the register has it.
    #[schema(value_type = String)]
    full_name: Redacted<String>,
    /// The NIK, of which only the ends are shown.
    #[schema(value_type = String, example = "3171********0001")]
    nik: Redacted<String>,
    /// The birth date.
    #[schema(value_type = String, format = Date)]
    birth_date: Date,
    /// The address that there is, of which two letters are shown; null where there is none.
    #[schema(value_type = Option<String>, example = "w***@e***")]
    present_email: Option<Redacted<String>>,
    /// The new one, of which two letters are shown; the holder typed it on the own phone.
    #[schema(value_type = Option<String>, example = "r***@g***")]
    new_email: Option<Redacted<String>>,
    /// The digital KTP that it is about.
    card: ContactVisitCard,
    /// Whether there is a portrait to compare with.
    has_portrait: bool,
    /// Whether this officer may ask, or grant, now.
    may_decide: bool,
    /// Log-in name of who asked.
    asked_by: Option<String>,
    /// When.
    #[schema(value_type = Option<String>, format = DateTime)]
    asked_at: Option<Timestamp>,
    /// Why.
    #[schema(value_type = Option<String>)]
    asked_reason: Option<Redacted<String>>,
    /// Whether this officer asked.
    own: bool,
}

/// How a digital KTP stands.
#[derive(Debug, Serialize, ToSchema)]
struct ContactVisitCard {
    /// Its state.
    state: CredentialState,
    /// Why it is not active.
    reason: Option<Reason>,
    /// Since when.
    #[schema(value_type = Option<String>, format = DateTime)]
    since: Option<Timestamp>,
}

impl From<ContactVisitView> for ContactVisitSeen {
    fn from(view: ContactVisitView) -> Self {
        let ContactVisitView { seen, asked_by, own, may_decide } = view;
        let asked = seen.change.asked();
        Self {
            visit_id: seen.change.visit_id,
            version: seen.version,
            state: seen.state,
            full_name: seen.full_name,
            nik: seen.nik,
            birth_date: seen.birth_date,
            present_email: seen.present_email,
            new_email: seen.new_email,
            card: ContactVisitCard {
                state: seen.card,
                reason: seen.stopped.map(|(reason, _)| reason),
                since: seen.stopped.map(|(_, since)| since),
            },
            has_portrait: seen.has_portrait,
            may_decide,
            asked_by,
            asked_at: asked.map(|asked| asked.at),
            asked_reason: asked.and(seen.words),
            own,
        }
    }
}

/// What waits for a second person.
#[derive(Debug, Serialize, ToSchema)]
struct ContactVisitsReply {
    /// Longest waiting first.
    items: Vec<WaitingContactVisitReply>,
}

/// One of them.
#[derive(Debug, Serialize, ToSchema)]
struct WaitingContactVisitReply {
    /// The change.
    visit_id: Uuid,
    /// Log-in name of who asked.
    asked_by: String,
    /// When; it counts for 30 minutes.
    #[schema(value_type = String, format = DateTime)]
    asked_at: Timestamp,
    /// Whether this officer asked: then somebody else has to grant it.
    own: bool,
}

/// Why it is asked for, or refused.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ContactVisitWordsBody {
    /// `version` of the change as it was on the officer's screen.
    version: String,
    /// 5–500 characters. Of a request the second person reads it, of a refusal the holder.
    #[schema(value_type = String, example = "Wajah dan KTP-el cocok")]
    reason: Redacted<String>,
}

/// What is granted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ContactVisitGrantBody {
    /// `version` of the change as it was on the screen.
    version: String,
}

/// Scan the QR of a change of address: the holder stands here.
#[utoipa::path(post, path = "/v1/officer/contact-visits/scan", tag = "Counter", security(("officer" = [])),
    request_body = ContactVisitScanBody,
    responses((status = 200, description = "The change", body = ContactVisitSeen),
        (status = "4XX", description = "`invalid_field`, `qr_expired`, `qr_used`, `not_found`, `wrong_state`, `forbidden`")))]
async fn scan_contact_visit(
    State(visits): State<ContactVisits>,
    officer: Allowed<ScanContactVisit>,
    Json(body): Json<ContactVisitScanBody>,
) -> Result<Json<ContactVisitSeen>, Problem> {
    Ok(Json(visits.scan(&officer, &body.token).await?.into()))
}

/// What waits for a second person of this office. Names no resident.
#[utoipa::path(get, path = "/v1/officer/contact-visits", tag = "Counter", security(("officer" = [])),
    responses((status = 200, description = "The requests", body = ContactVisitsReply),
        (status = "4XX", description = "`forbidden`, `session_ended`")))]
async fn contact_visits_waiting(
    State(visits): State<ContactVisits>,
    officer: Allowed<ReadContactVisits>,
) -> Result<Json<ContactVisitsReply>, Problem> {
    let item = |WaitingContactVisit { visit_id, asked_by, asked_at, own }| WaitingContactVisitReply {
        visit_id,
        asked_by,
        asked_at,
        own,
    };
    let items = visits.waiting(&officer).await?.into_iter().map(item).collect();
    Ok(Json(ContactVisitsReply { items }))
}

/// A change of address: for whoever scanned it, and for whoever is to grant it.
#[utoipa::path(get, path = "/v1/officer/contact-visits/{id}", tag = "Counter", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The change")),
    responses((status = 200, description = "The change", body = ContactVisitSeen),
        (status = "4XX", description = "`not_found`, `scan_required`, `forbidden`")))]
async fn view_contact_visit(
    State(visits): State<ContactVisits>,
    officer: Allowed<ViewContactVisit>,
    Path(id): Path<Uuid>,
) -> Result<Json<ContactVisitSeen>, Problem> {
    Ok(Json(visits.view(&officer, id).await?.into()))
}

/// The register's portrait of the holder.
#[utoipa::path(get, path = "/v1/officer/contact-visits/{id}/portrait", tag = "Counter", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The change")),
    responses((status = 200, description = "The portrait", body = [u8], content_type = "image/jpeg"),
        (status = "4XX", description = "`not_found`, `scan_required`, `forbidden`")))]
async fn contact_visit_portrait(
    State(visits): State<ContactVisits>,
    officer: Allowed<ViewContactVisitPicture>,
    Path(id): Path<Uuid>,
) -> Result<Response, Problem> {
    Ok(([(CONTENT_TYPE, "image/jpeg")], visits.portrait(&officer, id).await?).into_response())
}

/// Ask that the new address be put in force: the face fits. A supervisor of the same office, another person, grants it within 30 minutes.
#[utoipa::path(post, path = "/v1/officer/contact-visits/{id}/ask", tag = "Counter", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The change")), request_body = ContactVisitWordsBody,
    responses((status = 204, description = "Asked for"),
        (status = "4XX", description = "`scan_required`, `wrong_state`, `invalid_field`, `not_found`, `forbidden`")))]
async fn ask_contact_visit(
    State(visits): State<ContactVisits>,
    officer: Allowed<AskContactVisit>,
    Path(id): Path<Uuid>,
    Json(body): Json<ContactVisitWordsBody>,
) -> Result<StatusCode, Problem> {
    visits.ask(&officer, id, &body.version, body.reason.expose()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Grant what a colleague asked for: the new address counts at once, the old one is told, and nothing else moves for 72 hours. Supervisors
/// only.
#[utoipa::path(post, path = "/v1/officer/contact-visits/{id}/grant", tag = "Counter", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The change")), request_body = ContactVisitGrantBody,
    responses((status = 204, description = "Granted"),
        (status = "4XX", description = "`forbidden`, `not_found`, `wrong_state`")))]
async fn grant_contact_visit(
    State(visits): State<ContactVisits>,
    officer: Allowed<GrantContactVisit>,
    Path(id): Path<Uuid>,
    Json(body): Json<ContactVisitGrantBody>,
) -> Result<StatusCode, Problem> {
    visits.grant(&officer, id, &body.version).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Refuse it; the holder reads why.
#[utoipa::path(post, path = "/v1/officer/contact-visits/{id}/refuse", tag = "Counter", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The change")), request_body = ContactVisitWordsBody,
    responses((status = 204, description = "Refused"),
        (status = "4XX", description = "`wrong_state`, `invalid_field`, `scan_required`, `not_found`, `forbidden`")))]
async fn refuse_contact_visit(
    State(visits): State<ContactVisits>,
    officer: Allowed<RefuseContactVisit>,
    Path(id): Path<Uuid>,
    Json(body): Json<ContactVisitWordsBody>,
) -> Result<StatusCode, Problem> {
    visits.refuse(&officer, id, &body.version, body.reason.expose()).await?;
    Ok(StatusCode::NO_CONTENT)
}
