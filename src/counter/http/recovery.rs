//! Recoveries at the counter.

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
    AskRecovery, GrantRecovery, ReadRecoveries, RefuseRecovery, ScanRecovery, ViewRecovery, ViewRecoveryPicture,
};
use super::super::recovery::{Recoveries, RecoveryView, Waiting};
use crate::clock::Timestamp;
use crate::holder::{CredentialState, Reason};
use crate::recovery::State as RecoveryState;
use crate::register::Date;
use crate::secret::Redacted;
use crate::staff::Allowed;
use crate::web::{Json, Path, Problem};

pub(super) fn routes() -> OpenApiRouter<Recoveries> {
    OpenApiRouter::new()
        .routes(routes!(scan_recovery))
        .routes(routes!(recoveries_waiting))
        .routes(routes!(view_recovery))
        .routes(routes!(recovery_portrait))
        .routes(routes!(ask_recovery))
        .routes(routes!(grant_recovery))
        .routes(routes!(refuse_recovery))
}

/// A scanned QR.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RecoveryScanBody {
    /// The text of the QR.
    token: String,
}

/// A recovery as an officer sees it.
#[derive(Debug, Serialize, ToSchema)]
struct RecoveryViewReply {
    /// The recovery.
    recovery_id: Uuid,
    /// Changes with every step; each decision names it.
    version: String,
    /// Where it stands.
    state: RecoveryState,
    /// The holder's name, as the register has it.
    #[schema(value_type = String)]
    full_name: Redacted<String>,
    /// The NIK, of which only the ends are shown.
    #[schema(value_type = String, example = "3171********0001")]
    nik: Redacted<String>,
    /// The birth date.
    #[schema(value_type = String, format = Date)]
    birth_date: Date,
    /// The digital KTP that it is about.
    card: StoppedCard,
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
struct StoppedCard {
    /// Its state.
    state: CredentialState,
    /// Why it is not active.
    reason: Option<Reason>,
    /// Since when.
    #[schema(value_type = Option<String>, format = DateTime)]
    since: Option<Timestamp>,
}

impl From<RecoveryView> for RecoveryViewReply {
    fn from(view: RecoveryView) -> Self {
        let RecoveryView { seen, asked_by, own, may_decide } = view;
        let asked = seen.recovery.asked();
        Self {
            recovery_id: seen.recovery.recovery_id,
            version: seen.version,
            state: seen.state,
            full_name: seen.full_name,
            nik: seen.nik,
            birth_date: seen.birth_date,
            card: StoppedCard {
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
struct RecoveriesReply {
    /// Longest waiting first.
    items: Vec<WaitingRecovery>,
}

/// One of them.
#[derive(Debug, Serialize, ToSchema)]
struct WaitingRecovery {
    /// The recovery.
    recovery_id: Uuid,
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
struct RecoveryWordsBody {
    /// `version` of the recovery as it was on the officer's screen.
    version: String,
    /// 5–500 characters. Of a request the second person reads it, of a refusal the holder.
    #[schema(value_type = String, example = "Wajah dan KTP-el cocok")]
    reason: Redacted<String>,
}

/// What is granted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RecoveryGrantBody {
    /// `version` of the recovery as it was on the screen.
    version: String,
}

/// Scan the QR of a recovery: the holder stands here.
#[utoipa::path(post, path = "/v1/officer/recoveries/scan", tag = "Counter", security(("officer" = [])),
    request_body = RecoveryScanBody,
    responses((status = 200, description = "The recovery", body = RecoveryViewReply),
        (status = "4XX", description = "`invalid_field`, `qr_expired`, `qr_used`, `not_found`, `wrong_state`, `forbidden`")))]
async fn scan_recovery(
    State(recoveries): State<Recoveries>,
    officer: Allowed<ScanRecovery>,
    Json(body): Json<RecoveryScanBody>,
) -> Result<Json<RecoveryViewReply>, Problem> {
    Ok(Json(recoveries.scan(&officer, &body.token).await?.into()))
}

/// What waits for a second person of this office. Names no resident.
#[utoipa::path(get, path = "/v1/officer/recoveries", tag = "Counter", security(("officer" = [])),
    responses((status = 200, description = "The requests", body = RecoveriesReply),
        (status = "4XX", description = "`forbidden`, `session_ended`")))]
async fn recoveries_waiting(
    State(recoveries): State<Recoveries>,
    officer: Allowed<ReadRecoveries>,
) -> Result<Json<RecoveriesReply>, Problem> {
    let item =
        |Waiting { recovery_id, asked_by, asked_at, own }| WaitingRecovery { recovery_id, asked_by, asked_at, own };
    let items = recoveries.waiting(&officer).await?.into_iter().map(item).collect();
    Ok(Json(RecoveriesReply { items }))
}

/// A recovery: for whoever scanned it, and for whoever is to grant it.
#[utoipa::path(get, path = "/v1/officer/recoveries/{id}", tag = "Counter", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The recovery")),
    responses((status = 200, description = "The recovery", body = RecoveryViewReply),
        (status = "4XX", description = "`not_found`, `scan_required`, `forbidden`")))]
async fn view_recovery(
    State(recoveries): State<Recoveries>,
    officer: Allowed<ViewRecovery>,
    Path(id): Path<Uuid>,
) -> Result<Json<RecoveryViewReply>, Problem> {
    Ok(Json(recoveries.view(&officer, id).await?.into()))
}

/// The register's portrait of the holder.
#[utoipa::path(get, path = "/v1/officer/recoveries/{id}/portrait", tag = "Counter", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The recovery")),
    responses((status = 200, description = "The portrait", body = [u8], content_type = "image/jpeg"),
        (status = "4XX", description = "`not_found`, `scan_required`, `forbidden`")))]
async fn recovery_portrait(
    State(recoveries): State<Recoveries>,
    officer: Allowed<ViewRecoveryPicture>,
    Path(id): Path<Uuid>,
) -> Result<Response, Problem> {
    Ok(([(CONTENT_TYPE, "image/jpeg")], recoveries.portrait(&officer, id).await?).into_response())
}

/// Ask that the holder may choose a PIN. A supervisor of the same office, another person, grants it.
#[utoipa::path(post, path = "/v1/officer/recoveries/{id}/ask", tag = "Counter", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The recovery")), request_body = RecoveryWordsBody,
    responses((status = 204, description = "Asked for"),
        (status = "4XX", description = "`scan_required`, `wrong_state`, `invalid_field`, `not_found`, `forbidden`")))]
async fn ask_recovery(
    State(recoveries): State<Recoveries>,
    officer: Allowed<AskRecovery>,
    Path(id): Path<Uuid>,
    Json(body): Json<RecoveryWordsBody>,
) -> Result<StatusCode, Problem> {
    recoveries.ask(&officer, id, &body.version, body.reason.expose()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Grant what a colleague asked for: the holder chooses a PIN on the phone. Supervisors only.
#[utoipa::path(post, path = "/v1/officer/recoveries/{id}/grant", tag = "Counter", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The recovery")), request_body = RecoveryGrantBody,
    responses((status = 204, description = "Granted"),
        (status = "4XX", description = "`forbidden`, `not_found`, `wrong_state`")))]
async fn grant_recovery(
    State(recoveries): State<Recoveries>,
    officer: Allowed<GrantRecovery>,
    Path(id): Path<Uuid>,
    Json(body): Json<RecoveryGrantBody>,
) -> Result<StatusCode, Problem> {
    recoveries.grant(&officer, id, &body.version).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Refuse it; the holder reads why.
#[utoipa::path(post, path = "/v1/officer/recoveries/{id}/refuse", tag = "Counter", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The recovery")), request_body = RecoveryWordsBody,
    responses((status = 204, description = "Refused"),
        (status = "4XX", description = "`wrong_state`, `invalid_field`, `scan_required`, `not_found`, `forbidden`")))]
async fn refuse_recovery(
    State(recoveries): State<Recoveries>,
    officer: Allowed<RefuseRecovery>,
    Path(id): Path<Uuid>,
    Json(body): Json<RecoveryWordsBody>,
) -> Result<StatusCode, Problem> {
    recoveries.refuse(&officer, id, &body.version, body.reason.expose()).await?;
    Ok(StatusCode::NO_CONTENT)
}
