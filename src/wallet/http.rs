//! The routes of the wallet, and the extractor [`Resident`].

mod care;
mod changes;

use axum::extract::{FromRequestParts, State};
use axum::response::{IntoResponse, Response};
use axum::{Extension, RequestPartsExt};
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::model::Share;
use super::service::{Card, Service, Session, Unlocked};
use crate::attribute::Attribute;
use crate::clock::Timestamp;
use crate::credential::Issued;
use crate::device::Thumbprint;
use crate::device::http::{Device, prove, spend};
use crate::disclosure::Disclosed;
use crate::error::{Code, Error, Language, Refusal};
use crate::fair::in_session;
use crate::holder::CredentialState;
use crate::page::Page;
use crate::register::Date;
use crate::relying_party::Purpose;
use crate::secret::Redacted;
use crate::security::Kind;
use crate::verification::http::ReceiptDocument;
use crate::verification::model::Verdict;
use crate::verification::{self, HistoryItem};
use crate::web::token_reply::Form;
use crate::web::{Caller, Json, Lang, PageQuery, Problem, Query, token_reply};

/// A resident whose wallet is unlocked: a device proof, and an access token bound to that device. [`Service`] and
/// [`crate::device::Guard`] are extensions of the request.
#[derive(Clone, Copy, Debug)]
pub struct Resident {
    /// Who.
    pub resident_id: Uuid,
    /// The credential's generation.
    pub generation: i64,
    /// The session.
    pub session: Session,
    /// On which device.
    pub device: Thumbprint,
}

impl<S: Send + Sync> FromRequestParts<S> for Resident {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let (proven, token) = prove(parts).await?;
        let Extension(service) = parts
            .extract::<Extension<Service>>()
            .await
            .map_err(|_| Problem::from(Error::internal("the wallet is not wired to this route")))?;
        let token = token.ok_or(Code::SessionEnded)?;
        // Only who may ask leaves a row behind; both wait for the database at the same time.
        service.open_token(&proven.thumbprint, &token).ok_or(Code::SessionEnded)?;
        let (session, spent) = tokio::join!(service.authenticate(&proven.thumbprint, &token), spend(parts, &proven));
        let session = session?;
        spent?;
        let Session { resident_id, generation, session: number, .. } = session;
        in_session(&[&resident_id.as_bytes()[..], &generation.to_be_bytes(), &number.to_be_bytes()].concat());
        Ok(Self { resident_id, generation, session, device: proven.thumbprint })
    }
}

/// A try to unlock.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UnlockRequest {
    /// A challenge from `POST /v1/challenges`.
    challenge: String,
    /// Signature of `"ikd-pin-v1/unlock"` ‖ 0x00 ‖ challenge ‖ device thumbprint, base64url without padding.
    signature: String,
}

impl UnlockRequest {
    /// The challenge, and the PIN key's signature of it.
    pub fn pin(&self) -> (&str, &str) {
        (&self.challenge, &self.signature)
    }
}

/// An open session.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionReply {
    /// Send it as `Authorization: DPoP …`, and its hash as `ath` in every proof.
    access_token: String,
    /// Always `DPoP` (RFC 9449 §5).
    #[schema(example = "DPoP")]
    token_type: &'static str,
    /// Seconds until it ends by itself.
    #[schema(example = 900)]
    expires_in: i64,
}

impl From<Unlocked> for SessionReply {
    fn from(unlocked: Unlocked) -> Self {
        Self { access_token: unlocked.access_token.into_inner(), token_type: "DPoP", expires_in: unlocked.expires_in }
    }
}

/// The digital KTP.
#[derive(Debug, Serialize, ToSchema)]
pub struct CardReply {
    /// Its state.
    state: CredentialState,
    /// When it became active.
    #[schema(value_type = String, format = DateTime)]
    activated_at: Timestamp,
    /// When the session ends by itself.
    #[schema(value_type = String, format = DateTime)]
    session_ends_at: Timestamp,
    /// Since when the register's word is shown that is shown now.
    #[schema(value_type = String, format = DateTime)]
    record_as_of: Timestamp,
    /// All attributes but the portrait, by name.
    #[schema(value_type = Object)]
    attributes: Disclosed,
    /// Whether `GET /v1/me/portrait` has a photo.
    has_portrait: bool,
    /// *Berlaku hingga*: `SEUMUR HIDUP` or a date.
    valid_until: String,
    /// Since when the digital KTP does not count, because a foreigner's permit to stay is over; null while it counts. It counts again by
    /// itself once the register names a later day.
    #[schema(value_type = Option<String>, format = DateTime)]
    permit_ended_at: Option<Timestamp>,
    /// Where the KTP-el was issued.
    issued_place: String,
    /// When the KTP-el was issued.
    #[schema(value_type = Option<String>, format = Date)]
    issued_on: Option<Date>,
}

impl From<Card> for CardReply {
    fn from(card: Card) -> Self {
        Self {
            state: card.state,
            activated_at: card.activated_at,
            session_ends_at: card.session_ends_at,
            record_as_of: card.record_as_of,
            attributes: card.attributes,
            has_portrait: card.has_portrait,
            valid_until: card.valid_until,
            permit_ended_at: card.permit_ended_at,
            issued_place: card.issued_place,
            issued_on: card.issued_on,
        }
    }
}

/// What to show.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PresentationRequest {
    /// `age`, `basic`, `full`, or a list of attributes.
    share: Share,
    /// A QR that can be checked without network: it carries the attributes in clear and does not work only once.
    #[serde(default)]
    offline: bool,
    /// Also a code of ten digits to read out where a camera fails. Asked for as JSON only, and not for an offline QR.
    #[serde(default)]
    code: bool,
}

/// A QR token.
#[derive(Debug, Serialize, ToSchema)]
pub struct PresentationReply {
    /// The text of the QR: alphanumeric mode, error correction M, quiet zone 4.
    token: String,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    issued_at: Timestamp,
    /// When it stops counting: 90 seconds later. Renew the picture at 60.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// Ten digits that stand for this QR as long as it lives; a newer code voids it. Show them grouped 3-3-4.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "4071829356")]
    code: Option<Redacted<String>>,
}

impl PresentationReply {
    fn new(issued: Issued, code: Option<Redacted<String>>) -> Self {
        Self { token: issued.token, issued_at: issued.issued_at, expires_at: issued.expires_at, code }
    }
}

/// Unlocks the wallet with the PIN key. The credential is found by the device key. Three tries, a minute's wait, three
/// more, an hour's wait, three more, then the PIN is blocked.
#[utoipa::path(post, path = "/v1/sessions", tag = "Wallet", security(("dpop" = [])), request_body = UnlockRequest,
    responses(
        (status = 200, description = "Unlocked for 15 minutes", body = SessionReply),
        (status = "4XX", description = "`pin_wrong` with `tries_left`, `pin_wait` with `Retry-After`, `pin_blocked`, `blocked`, `challenge_invalid`, `not_found`, `dpop_invalid`, `use_dpop_nonce`"),
    ))]
async fn unlock(
    State(service): State<Service>,
    device: Device,
    caller: Caller,
    Json(body): Json<UnlockRequest>,
) -> Result<Json<SessionReply>, Problem> {
    let unlocked = service.unlock(&device.thumbprint, &body.challenge, &body.signature).await?;
    caller.did(Kind::Unlocked);
    Ok(Json(unlocked.into()))
}

/// Locks the wallet.
#[utoipa::path(delete, path = "/v1/sessions/current", tag = "Wallet", security(("dpop" = [], "access_token" = [])),
    responses(
        (status = 204, description = "Locked"),
        (status = "4XX", description = "`session_ended`, `dpop_invalid`, `use_dpop_nonce`"),
    ))]
async fn lock(State(service): State<Service>, resident: Resident) -> Result<StatusCode, Problem> {
    service.lock(&resident.session).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The digital KTP: its attributes and state.
#[utoipa::path(get, path = "/v1/me", tag = "Wallet", security(("dpop" = [], "access_token" = [])),
    responses(
        (status = 200, description = "The digital KTP", body = CardReply),
        (status = "4XX", description = "`session_ended`, `dpop_invalid`, `use_dpop_nonce`"),
    ))]
async fn card(State(service): State<Service>, resident: Resident) -> Result<Json<CardReply>, Problem> {
    Ok(Json(service.card(&resident.session).await?.into()))
}

/// The photo.
#[utoipa::path(get, path = "/v1/me/portrait", tag = "Wallet", security(("dpop" = [], "access_token" = [])),
    responses(
        (status = 200, description = "The photo", body = [u8], content_type = "image/jpeg"),
        (status = "4XX", description = "`not_found`, `session_ended`, `dpop_invalid`, `use_dpop_nonce`"),
    ))]
async fn portrait(State(service): State<Service>, resident: Resident) -> Result<Response, Problem> {
    let jpeg = service.portrait(&resident.session).await?;
    Ok(([(CONTENT_TYPE, "image/jpeg")], jpeg).into_response())
}

/// Makes a QR that shows the chosen attributes: 90 seconds, once. Writes nothing, unless a code is asked for
/// too. With `Accept: image/svg+xml` or `image/png` the answer is the picture.
#[utoipa::path(post, path = "/v1/me/presentations", tag = "Wallet", security(("dpop" = [], "access_token" = [])),
    request_body = PresentationRequest,
    responses(
        (status = 200, description = "The token, or its QR as a picture", content((PresentationReply = "application/json"), (String = "image/svg+xml"), (Vec<u8> = "image/png"))),
        (status = "4XX", description = "`invalid_field`, `not_acceptable`, `too_many`, `session_ended`, `dpop_invalid`, `use_dpop_nonce`"),
    ))]
async fn present(
    State(service): State<Service>,
    resident: Resident,
    headers: HeaderMap,
    Json(body): Json<PresentationRequest>,
) -> Result<Response, Problem> {
    let set = body.share.to_set()?;
    if !body.code {
        let issued = service.present(&resident.session, set, body.offline).await?;
        let token = issued.token.clone();
        return token_reply(&headers, StatusCode::OK, &token, PresentationReply::new(issued, None));
    }
    if body.offline {
        return Err(Refusal::field(
            "code",
            "QR luring tidak punya kode: kode diperiksa lewat jaringan.",
            "An offline QR has no code: a code is checked over the network.",
        )
        .into());
    }
    if Form::asked(&headers)? != Form::Json {
        return Err(Refusal::new(Code::NotAcceptable)
            .detail(
                "Kode hanya ada pada jawaban JSON; minta application/json.",
                "A code is only in the JSON answer; ask for application/json.",
            )
            .into());
    }
    let (issued, code) = service.present_with_code(&resident.session, set).await?;
    Ok(Json(PresentationReply::new(issued, Some(code.into_inner()))).into_response())
}

/// A page of the history.
#[derive(Debug, Serialize, ToSchema)]
pub struct HistoryReply {
    /// The checks, newest first.
    items: Vec<HistoryEntry>,
    /// Send it as `cursor` for the page after; null on the last.
    next: Option<String>,
}

/// One check, successful or not.
#[derive(Debug, Serialize, ToSchema)]
pub struct HistoryEntry {
    /// Id of the check.
    verification_id: Uuid,
    /// Who checked.
    #[schema(example = "Bank Contoh")]
    relying_party: String,
    /// When; for repeated refusals the first time.
    #[schema(value_type = String, format = DateTime)]
    verified_at: Timestamp,
    /// What for.
    purpose: HistoryPurpose,
    /// `valid` or `invalid`.
    #[schema(example = "valid")]
    result: &'static str,
    /// Why it was invalid; null when valid.
    reason: Option<&'static str>,
    /// Names of what was shown.
    #[schema(value_type = Vec<Attribute>)]
    disclosed: Vec<&'static str>,
    /// How many times the same refusal was repeated.
    repeats: i64,
    /// The signed proof of this check.
    receipt: ReceiptDocument,
}

/// What a check was for.
#[derive(Debug, Serialize, ToSchema)]
pub struct HistoryPurpose {
    /// The code that the relying party sent.
    #[schema(example = "open_account")]
    code: String,
    /// What it means, in the language asked for.
    #[schema(example = "Pembukaan rekening")]
    text: String,
}

impl HistoryPurpose {
    /// A purpose as its holder reads it.
    pub fn new(purpose: Purpose, language: Language) -> Self {
        Self { text: purpose.text(language).to_owned(), code: purpose.code }
    }
}

impl HistoryReply {
    fn new(page: Page<HistoryItem>, language: Language) -> Self {
        let entry = |item: HistoryItem| HistoryEntry {
            verification_id: item.verification_id,
            relying_party: item.relying_party,
            verified_at: item.verified_at,
            purpose: HistoryPurpose::new(item.purpose, language),
            result: item.verdict.result(),
            reason: match item.verdict {
                Verdict::Valid => None,
                Verdict::Invalid(reason) => Some(reason.as_str()),
            },
            disclosed: item.disclosed.names(),
            repeats: item.repeats,
            receipt: ReceiptDocument::new(&item.receipt, &item.salt),
        };
        let Page { items, next } = page.map(entry);
        Self { items, next }
    }
}

/// The history: every check of this digital KTP, refusals too, newest first.
#[utoipa::path(get, path = "/v1/me/verifications", tag = "Wallet", security(("dpop" = [], "access_token" = [])),
    params(PageQuery),
    responses(
        (status = 200, description = "A page of the history", body = HistoryReply),
        (status = "4XX", description = "`malformed_request`, `session_ended`, `dpop_invalid`, `use_dpop_nonce`"),
    ))]
async fn history(
    State(verifications): State<verification::Service>,
    resident: Resident,
    Lang(language): Lang,
    Query(page): Query<PageQuery>,
) -> Result<Json<HistoryReply>, Problem> {
    let page = verifications.history(resident.resident_id, page.cursor.as_deref(), page.limit()).await?;
    Ok(Json(HistoryReply::new(page, language)))
}

/// The routes of this room, under the layers of [`crate::device::http::for_devices`].
pub fn routes(service: Service, verifications: verification::Service) -> OpenApiRouter {
    OpenApiRouter::new()
        .merge(care::routes())
        .merge(changes::routes())
        .routes(routes!(unlock))
        .routes(routes!(lock))
        .routes(routes!(card))
        .routes(routes!(portrait))
        .routes(routes!(present))
        .with_state(service.clone())
        .merge(OpenApiRouter::new().routes(routes!(history)).with_state(verifications))
        .layer(Extension(service))
}
