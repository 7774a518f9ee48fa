//! What the register changed.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::service::Service;
use super::{Resident, UnlockRequest};
use crate::base64url;
use crate::clock::Timestamp;
use crate::device::http::Device;
use crate::error::Language;
use crate::refresh::Change;
use crate::refresh::ports::Changes;
use crate::secret::Redacted;
use crate::web::{Json, Lang, Problem};

pub(super) fn routes() -> OpenApiRouter<Service> {
    OpenApiRouter::new().routes(routes!(changes, look_at_changes))
}

/// What the register changed on the digital KTP.
#[derive(Debug, Serialize, ToSchema)]
struct ChangesReply {
    /// Since when the register's word is shown that is shown now.
    #[schema(value_type = String, format = DateTime)]
    as_of: Timestamp,
    /// The same for people, with where it comes from.
    #[schema(example = "Sumber: database kependudukan, per 12-11-2026")]
    source: String,
    /// What changed, in the order of the card; empty where nothing did in the last 90 days.
    changes: Vec<ChangeEntry>,
    /// What `POST /v1/me/unblock` takes as `seen`.
    version: String,
    /// The portrait that is shown now: JPEG, base64url. Only while another one waits for the holder's word; else `GET /v1/me/portrait`
    /// has it.
    #[schema(value_type = Option<String>)]
    portrait: Option<Redacted<String>>,
}

/// An element that changed.
#[derive(Debug, Serialize, ToSchema)]
struct ChangeEntry {
    /// Its name, as in `GET /v1/me`; also `valid_until`, `issued_place`, `issued_on`, `vital_status`, and `portrait`, whose picture stands in `portrait`.
    #[schema(example = "full_name")]
    field: &'static str,
    /// What was shown before.
    #[schema(value_type = Option<String>, example = "SITI RAHMA")]
    before: Option<Redacted<String>>,
    /// What is shown now.
    #[schema(value_type = Option<String>, example = "SITI RAHMAWATI")]
    after: Option<Redacted<String>>,
    /// Whether it tells who the holder is, so that they confirm it.
    identifies: bool,
}

impl ChangesReply {
    fn new(changes: Changes, portrait: Option<&[u8]>, language: Language) -> Self {
        let Changes { as_of, changes, version } = changes;
        let date = language.date(as_of);
        let source = match language {
            Language::Indonesian => format!("Sumber: database kependudukan, per {date}"),
            Language::English => format!("Source: population register, as of {date}"),
        };
        let entry = |change: Change| {
            let identifies = change.identifies();
            let Change { field, before, after } = change;
            ChangeEntry { field, before, after, identifies }
        };
        let portrait = portrait.map(|jpeg| base64url::encode(jpeg).into());
        Self { as_of, source, changes: changes.into_iter().map(entry).collect(), version, portrait }
    }
}

/// What the register changed in the last 90 days: before and now.
#[utoipa::path(get, path = "/v1/me/changes", tag = "Wallet", security(("dpop" = [], "access_token" = [])),
    responses(
        (status = 200, description = "The changes", body = ChangesReply),
        (status = "4XX", description = "`session_ended`, `dpop_invalid`, `use_dpop_nonce`"),
    ))]
async fn changes(
    State(service): State<Service>,
    resident: Resident,
    Lang(language): Lang,
) -> Result<Json<ChangesReply>, Problem> {
    Ok(Json(ChangesReply::new(service.changes(&resident.session).await?, None, language)))
}

/// The same while the digital KTP pauses (`register_changed`), with the PIN key. Nothing is confirmed with that: `POST /v1/me/unblock`
/// with the `version` does. Tries count as for unlocking.
#[utoipa::path(post, path = "/v1/me/changes", tag = "Wallet", security(("dpop" = [])), request_body = UnlockRequest,
    responses(
        (status = 200, description = "The changes", body = ChangesReply),
        (status = "4XX", description = "`wrong_state` when nothing waits that the PIN confirms; `pin_wrong`, `pin_wait`, `pin_blocked`, `challenge_invalid`, `not_found`, `dpop_invalid`, `use_dpop_nonce`"),
    ))]
async fn look_at_changes(
    State(service): State<Service>,
    device: Device,
    Lang(language): Lang,
    Json(body): Json<UnlockRequest>,
) -> Result<Json<ChangesReply>, Problem> {
    let (changes, portrait) = service.look_at_changes(&device.thumbprint, &body.challenge, &body.signature).await?;
    Ok(Json(ChangesReply::new(changes, portrait.as_deref(), language)))
}
