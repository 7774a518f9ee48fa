//! Annulments at the office.

use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::super::act::{AskAnnulment, GrantAnnulment, ReadAnnulments, RefuseAnnulment, ViewAnnulment};
use super::super::annulment::{AnnulmentView, Annulments, WaitingAnnulment};
use crate::annulment::model::State as AnnulmentState;
use crate::clock::Timestamp;
use crate::error::{FieldError, Refusal};
use crate::holder::CredentialState;
use crate::register::{Date, Nik};
use crate::secret::Redacted;
use crate::staff::Allowed;
use crate::web::{Json, Path, Problem};

pub(super) fn routes() -> OpenApiRouter<Annulments> {
    OpenApiRouter::new()
        .routes(routes!(annulments_waiting, ask_annulment))
        .routes(routes!(view_annulment))
        .routes(routes!(grant_annulment))
        .routes(routes!(refuse_annulment))
}

/// Whose activation was wrongful, and why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AnnulmentBody {
    /// 16 digits.
    #[schema(value_type = String, example = "3171015708900001")]
    nik: Redacted<String>,
    /// 5–500 characters, for the second person.
    #[schema(value_type = String, example = "Pemilik identitas hadir; bukan ia yang mengaktifkan")]
    reason: Redacted<String>,
}

/// A decision on a request.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AnnulmentGrantBody {
    /// `version` of the request as it was on the screen.
    version: String,
}

/// Why it is refused.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AnnulmentRefusalBody {
    /// `version` of the request as it was on the screen.
    version: String,
    /// 5–500 characters.
    #[schema(value_type = String, example = "Aktivasi dilakukan pemiliknya sendiri")]
    reason: Redacted<String>,
}

/// An annulment as a supervisor sees it.
#[derive(Debug, Serialize, ToSchema)]
struct AnnulmentReply {
    /// The request.
    annulment_id: Uuid,
    /// Changes with every step; each decision names it.
    version: String,
    /// Where it stands.
    state: AnnulmentState,
    /// The registration that led to the digital KTP, or the printed card of who has it on paper alone.
    registration_id: Uuid,
    /// When it became active.
    #[schema(value_type = String, format = DateTime)]
    activated_at: Timestamp,
    /// The state of the digital KTP.
    card: CredentialState,
    /// The name of whose identity it is, as the register has it; null once the data are erased.
    #[schema(value_type = Option<String>)]
    full_name: Option<Redacted<String>>,
    /// The NIK.
    #[schema(value_type = Option<String>)]
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
    /// Whether this supervisor asked: then somebody else has to grant it.
    own: bool,
    /// Whether this supervisor may grant it now.
    may_grant: bool,
}

impl From<AnnulmentView> for AnnulmentReply {
    fn from(view: AnnulmentView) -> Self {
        let AnnulmentView { seen, asked_by, own, may_grant } = view;
        let annulment = seen.annulment;
        Self {
            annulment_id: annulment.annulment_id,
            version: annulment.version(),
            state: seen.state,
            registration_id: annulment.registration_id,
            activated_at: annulment.activated_at,
            card: seen.card,
            full_name: seen.full_name,
            nik: seen.nik,
            birth_date: seen.birth_date,
            asked_by,
            asked_at: annulment.asked_at,
            expires_at: annulment.expires_at,
            reason: seen.words,
            own,
            may_grant,
        }
    }
}

/// What waits for a second person.
#[derive(Debug, Serialize, ToSchema)]
struct AnnulmentsReply {
    /// Longest waiting first.
    items: Vec<WaitingAnnulmentReply>,
}

/// One of them.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WaitingAnnulment)]
struct WaitingAnnulmentReply {
    /// The request.
    annulment_id: Uuid,
    /// Log-in name of who asked.
    asked_by: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    asked_at: Timestamp,
    /// When it lapses.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// Whether this supervisor asked: then somebody else has to grant it.
    own: bool,
}

/// Ask that an activation be annulled that this office approved and that was wrongful. The head of the office grants it within
/// seven days. Repeated while it waits, this gives the same request.
#[utoipa::path(post, path = "/v1/officer/annulments", tag = "Counter", security(("officer" = [])),
    request_body = AnnulmentBody,
    responses((status = 201, description = "It waits for a second person", body = AnnulmentReply),
        (status = "4XX", description = "`invalid_field`, `not_found` unless this office activated it, `wrong_state`, `too_many`, `forbidden`")))]
async fn ask_annulment(
    State(annulments): State<Annulments>,
    officer: Allowed<AskAnnulment>,
    Json(body): Json<AnnulmentBody>,
) -> Result<(StatusCode, Json<AnnulmentReply>), Problem> {
    let nik = Nik::parse(body.nik.expose())
        .map_err(|error| Refusal::fields(vec![FieldError { field: "nik".into(), message: error.text() }]))?;
    Ok((StatusCode::CREATED, Json(annulments.ask(&officer, &nik, body.reason.expose()).await?.into())))
}

/// What waits for a second person of this office. Names no resident.
#[utoipa::path(get, path = "/v1/officer/annulments", tag = "Counter", security(("officer" = [])),
    responses((status = 200, description = "The requests", body = AnnulmentsReply),
        (status = "4XX", description = "`forbidden`, `session_ended`")))]
async fn annulments_waiting(
    State(annulments): State<Annulments>,
    officer: Allowed<ReadAnnulments>,
) -> Result<Json<AnnulmentsReply>, Problem> {
    let item = |one: WaitingAnnulment| {
        let WaitingAnnulment { annulment_id, asked_by, asked_at, expires_at, own } = one;
        WaitingAnnulmentReply { annulment_id, asked_by, asked_at, expires_at, own }
    };
    let items = annulments.waiting(&officer).await?.into_iter().map(item).collect();
    Ok(Json(AnnulmentsReply { items }))
}

/// A request of this office.
#[utoipa::path(get, path = "/v1/officer/annulments/{id}", tag = "Counter", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The request")),
    responses((status = 200, description = "The request", body = AnnulmentReply),
        (status = "4XX", description = "`not_found`, `forbidden`")))]
async fn view_annulment(
    State(annulments): State<Annulments>,
    officer: Allowed<ViewAnnulment>,
    Path(id): Path<Uuid>,
) -> Result<Json<AnnulmentReply>, Problem> {
    Ok(Json(annulments.view(&officer, id).await?.into()))
}

/// Grant what a colleague asked for: the digital KTP has ended when the answer comes, and every relying party that got a good answer since
/// the activation finds its checks in `GET /v1/annulled-verifications`.
#[utoipa::path(post, path = "/v1/officer/annulments/{id}/grant", tag = "Counter", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The request")), request_body = AnnulmentGrantBody,
    responses((status = 204, description = "Annulled"),
        (status = "4XX", description = "`forbidden` for the own request, `not_found`, `wrong_state`")))]
async fn grant_annulment(
    State(annulments): State<Annulments>,
    officer: Allowed<GrantAnnulment>,
    Path(id): Path<Uuid>,
    Json(body): Json<AnnulmentGrantBody>,
) -> Result<StatusCode, Problem> {
    annulments.grant(&officer, id, &body.version).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Refuse it, or take the own request back.
#[utoipa::path(post, path = "/v1/officer/annulments/{id}/refuse", tag = "Counter", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The request")), request_body = AnnulmentRefusalBody,
    responses((status = 204, description = "Refused"),
        (status = "4XX", description = "`invalid_field`, `not_found`, `wrong_state`, `forbidden`")))]
async fn refuse_annulment(
    State(annulments): State<Annulments>,
    officer: Allowed<RefuseAnnulment>,
    Path(id): Path<Uuid>,
    Json(body): Json<AnnulmentRefusalBody>,
) -> Result<StatusCode, Problem> {
    annulments.refuse(&officer, id, &body.version, body.reason.expose()).await?;
    Ok(StatusCode::NO_CONTENT)
}
