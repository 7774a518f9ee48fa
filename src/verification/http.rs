//! `POST /v1/verifications` and `GET /v1/verifications/{id}`.

pub mod examples;

use std::borrow::Cow;
use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use data_encoding::BASE64;
use http::header::CONTENT_LANGUAGE;
use http::{HeaderMap, HeaderValue};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::code::PresentationCode;
use super::model::{Answer, IdempotencyKey, Presented, Question, Receipt, Verdict};
use super::service::Service;
use crate::attribute::{Attribute, AttributeSet};
use crate::clock::Timestamp;
use crate::credential::jwk::base64url;
use crate::disclosure::Disclosed;
use crate::error::{Code, FieldError, Language, Refusal, Text};
use crate::relying_party::Authentication;
use crate::relying_party::http::AuthenticatedParty;
use crate::secret::Redacted;
use crate::security::Kind;
use crate::web::{Caller, Json, Lang, Path, Problem, negotiate};

/// What the handlers share: one count for each request.
struct Shared {
    service: Service,
    authentication: Authentication,
}

impl AsRef<Authentication> for Arc<Shared> {
    fn as_ref(&self) -> &Authentication {
        &self.authentication
    }
}

/// The routes for relying parties.
pub fn routes(service: Service, authentication: Authentication) -> OpenApiRouter {
    let mut routes = OpenApiRouter::new()
        .routes(routes!(verify))
        .routes(routes!(lookup))
        .layer(axum::middleware::map_response(negotiate::challenge))
        .with_state(Arc::new(Shared { service, authentication }));
    examples::add(routes.get_openapi_mut(), "/v1/verifications", VerificationAnswer::new);
    routes
}

/// A question about a QR: its text as scanned, or the code under it as typed. Exactly one of the two.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VerificationRequest {
    /// The text of the QR, exactly as scanned.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "6BFOXN%TS3DH0YOJ58S S-W5HDC *M0II5XHC9B5G2+$N IOP-IA%NFQGRJPC%OQHIZC4…")]
    pub token: Option<Redacted<String>>,
    /// In place of `token`, where a camera fails: the ten digits that the holder's phone shows under the QR on request.
    /// Spaces and hyphens between them do no harm. It stands for that QR: what one of them used up, both have. After too
    /// many wrong codes (100 of yours, 10 of one employee, in ten minutes) you have to wait; QRs are not limited.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = json!(null))]
    pub code: Option<Redacted<String>>,
    /// Why you ask: a purpose code registered for your organisation. The holder reads its text in the history.
    #[schema(example = "open_account")]
    pub purpose: String,
    /// The attributes you need. Left out, you get all that the holder chose and you are entitled to. Ask for no more than
    /// you need.
    #[serde(default)]
    #[schema(value_type = Option<Vec<Attribute>>, example = json!(["full_name", "birth_date", "portrait"]))]
    pub attributes: Option<Vec<String>>,
}

impl VerificationRequest {
    /// The question under its key.
    ///
    /// # Errors
    /// `invalid_field` for names that are no attributes, a code that is not ten digits, or not one of token and code.
    pub fn into_question(self, key: IdempotencyKey) -> Result<Question, Problem> {
        let shown = match (self.token, self.code) {
            (Some(token), None) => Presented::Token(token),
            (None, Some(code)) => Presented::Code(PresentationCode::parse(code.expose()).ok_or_else(|| {
                Refusal::field(
                    "code",
                    "Kode terdiri dari 10 angka; spasi dan tanda hubung boleh.",
                    "A code has 10 digits; spaces and hyphens do no harm.",
                )
            })?),
            (Some(_), Some(_)) => {
                return Err(Refusal::field(
                    "code",
                    "Kirim token atau code, jangan keduanya.",
                    "Send either token or code, not both.",
                )
                .into());
            }
            (None, None) => {
                let missing = |field: &'static str| FieldError {
                    field: field.into(),
                    message: Text::new("Kirim token atau code.", "Send either token or code."),
                };
                return Err(Refusal::fields(vec![missing("token"), missing("code")]).into());
            }
        };
        let attributes = match &self.attributes {
            None => None,
            Some(names) => Some(AttributeSet::from_names(names.iter().map(String::as_str)).map_err(|_| {
                Problem::from(Refusal::field(
                    "attributes",
                    "Pakai nama atribut dari dokumentasi.",
                    "Use attribute names from the documentation.",
                ))
            })?),
        };
        Ok(Question { shown, purpose: self.purpose, attributes, key })
    }
}

/// The answer to a question about a QR.
#[derive(Debug, Serialize, ToSchema)]
pub struct VerificationAnswer {
    /// Id of this check; `GET /v1/verifications/{id}` gives its record.
    pub verification_id: Uuid,
    /// `valid` or `invalid`.
    #[schema(example = "valid")]
    pub result: &'static str,
    /// Why it is invalid: `unknown_code` for a code that stands for nothing, else the first of `malformed`, `unknown_key`, `bad_signature`, `wrong_type`, `not_yet_valid`,
    /// `expired`, `holder_not_active`, `already_used` that applies; null when valid.
    #[schema(example = json!(null))]
    pub reason: Option<&'static str>,
    /// A sentence for whoever checks, in Indonesian or English by `Accept-Language`: what it means and what to do.
    #[schema(value_type = String, example = "KTP Digital sah. Cocokkan wajah orang di depan Anda dengan foto sebelum melanjutkan.")]
    pub message: Cow<'static, str>,
    /// `true` in the sandbox, and nowhere else: the QR was of nobody. Its receipt says so too.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false, example = false)]
    pub test: bool,
    /// With `unknown_code`: how many more wrong codes there may be, now, before you have to wait.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = json!(null))]
    pub tries_left: Option<i64>,
    /// The purpose asked for.
    #[schema(example = "open_account")]
    pub purpose: String,
    /// When the question was answered first.
    #[schema(value_type = String, format = DateTime, example = "2026-11-21T08:00:00.5Z")]
    pub verified_at: Timestamp,
    /// Whether this QR is of the kind that works once. An offline QR and a printed card (`false`) can be scanned again until they
    /// expire.
    pub single_use: bool,
    /// `phone`, or `printed_card` for somebody who has none: a printed card can be copied and is good for a year, so that only the face
    /// says who holds it. Its receipt says so too.
    #[schema(example = "phone")]
    pub medium: &'static str,
    /// `compare_portrait`: compare the person's face with the portrait. `not_possible`: nothing here shows that the person
    /// is the holder; a borrowed QR would look the same.
    #[schema(example = "compare_portrait")]
    pub holder_check: &'static str,
    /// Names of everything that was disclosed, the portrait among them.
    #[schema(value_type = Vec<Attribute>, example = json!(["full_name", "portrait"]))]
    pub disclosed: Vec<&'static str>,
    /// The values: chosen by the holder, granted to you, and asked for. Absent in records and in repetitions later than 10
    /// minutes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>, example = json!({"full_name": "SITI NURHALIZAH", "age_over_17": true}))]
    pub attributes: Option<Disclosed>,
    /// The portrait, when it was disclosed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub portrait: Option<PortraitDocument>,
    /// Your proof of this check.
    pub receipt: ReceiptDocument,
}

/// A portrait.
#[derive(Serialize, ToSchema)]
pub struct PortraitDocument {
    /// Always `image/jpeg`.
    #[schema(example = "image/jpeg")]
    pub media_type: &'static str,
    /// The picture in base64 (RFC 4648 §4), at most 20 KB before encoding.
    #[schema(format = Byte)]
    pub data: String,
}

impl std::fmt::Debug for PortraitDocument {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PortraitDocument([redacted])")
    }
}

/// A receipt: keep all parts, together with the attributes, to prove later what was shown.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReceiptDocument {
    /// What the check states: a CWT claims set (deterministic CBOR) as base64url, proven by `proof`. Claim −65539 holds verification id,
    /// relying party, purpose, time, result, names of the disclosed attributes, and `attributes_sha256` = SHA-256(salt ‖ deterministic CBOR
    /// of `attributes`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statement: Option<String>,
    /// A COSE Receipt (RFC 9942; COSE_Sign1, tag 18) as base64url: the way from `statement` to the root of a Merkle tree
    /// (`RFC9162_SHA256`), and a signature over that with a receipt key of `/.well-known/jwks.json`. Absent where the service's
    /// records were tampered with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proof: Option<String>,
    /// In place of both, for checks of before: a CWT (COSE_Sign1, tag 18) with the same claims as base64url, signed with a receipt key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cwt: Option<String>,
    /// The salt of the digests: 16 bytes as base64url.
    pub salt: String,
}

impl ReceiptDocument {
    /// As it is sent.
    pub fn new(receipt: &Receipt, salt: &[u8]) -> Self {
        let salt = base64url(salt);
        match receipt {
            Receipt::Signed(cwt) => Self { statement: None, proof: None, cwt: Some(base64url(cwt)), salt },
            Receipt::Stated { statement, proof } => {
                let (statement, proof) = (Some(base64url(statement)), proof.as_deref().map(base64url));
                Self { statement, proof, cwt: None, salt }
            }
        }
    }
}

impl VerificationAnswer {
    /// The answer in a language.
    pub fn new(answer: Answer, language: Language) -> Self {
        let reason = match answer.verdict {
            Verdict::Valid => None,
            Verdict::Invalid(reason) => Some(reason.as_str()),
        };
        let (attributes, portrait) = match &answer.content {
            Some(content) => (Some(content.attributes.clone()), content.portrait.as_ref()),
            None => (None, None),
        };
        Self {
            verification_id: answer.verification_id,
            result: answer.verdict.result(),
            reason,
            message: Cow::Borrowed(answer.message().in_language(language)),
            test: false,
            tries_left: answer.tries_left,
            verified_at: answer.verified_at,
            single_use: answer.single_use,
            medium: answer.medium.as_str(),
            holder_check: answer.holder_check().as_str(),
            disclosed: answer.disclosed.names(),
            attributes,
            portrait: portrait.map(|portrait| PortraitDocument {
                media_type: "image/jpeg",
                data: BASE64.encode(portrait.0.expose()),
            }),
            receipt: ReceiptDocument::new(&answer.receipt, &answer.salt),
            purpose: answer.purpose,
        }
    }
}

/// An answer as JSON in a language.
pub fn reply(answer: Answer, language: Language) -> Response {
    in_language(VerificationAnswer::new(answer, language), language)
}

/// An answer that was put into words, as JSON.
pub fn in_language(answer: VerificationAnswer, language: Language) -> Response {
    let mut response = Json(answer).into_response();
    response.headers_mut().insert(CONTENT_LANGUAGE, HeaderValue::from_static(language.tag()));
    response
}

/// Verify a scanned QR, or the code under it
///
/// Status 200 whenever the question was answered, `valid` or `invalid`. A presentation works once: the first valid answer
/// spends it. Send a fresh `Idempotency-Key` for every scan, and the same one to repeat a request whose answer you did not
/// get: you then get the same answer (with attributes for 10 minutes). A 503 means that the outcome is unknown: repeat with
/// the same key.
#[utoipa::path(post, path = "/v1/verifications", tag = "Verification",
    params(("Idempotency-Key" = String, Header, description = "1 to 64 visible ASCII characters, new for every scan, the same for repetitions of one", example = "5f0c6f0e-6a52-4c6b-9a53-0f6f3f0a9b1d")),
    request_body = VerificationRequest,
    security(("api_key" = [])),
    responses(
        (status = 200, description = "The question was answered", body = VerificationAnswer),
        (status = 400, description = "`malformed_json`, `idempotency_key_missing`"),
        (status = 401, description = "`api_key_invalid`"),
        (status = 403, description = "`purpose_not_allowed`; `contract_not_in_force` outside the days of your contract"),
        (status = 413, description = "`too_large`"),
        (status = 415, description = "`unsupported_media_type`"),
        (status = 422, description = "`invalid_field`, `idempotency_mismatch`"),
        (status = 429, description = "`too_many`: wrong codes (send the QR's `token`), wrong API keys again and again from this address, or more refused QRs within an hour than one organisation may have; `quota_reached`: the checks of a minute or a day that your contract allows, repetitions under the same key left out; wait for `Retry-After`"),
        (status = 503, description = "`undetermined`: repeat with the same key; `overloaded`: nothing was done"),
    ))]
async fn verify(
    State(shared): State<Arc<Shared>>,
    party: AuthenticatedParty,
    caller: Caller,
    Lang(language): Lang,
    headers: HeaderMap,
    Json(request): Json<VerificationRequest>,
) -> Result<Response, Problem> {
    let question = request.into_question(idempotency_key(&headers)?)?;
    let answer = shared.service.verify(&party.0, &question).await?;
    if answer.verdict.is_forged() {
        caller.did(Kind::ForgedQr);
    }
    Ok(reply(answer, language))
}

/// The key of a question, from its header.
///
/// # Errors
/// `idempotency_key_missing`.
pub fn idempotency_key(headers: &HeaderMap) -> Result<IdempotencyKey, Problem> {
    let mut values = headers.get_all("idempotency-key").iter();
    let value = values.next().and_then(|value| value.to_str().ok()).filter(|_| values.next().is_none());
    value.and_then(IdempotencyKey::parse).ok_or(Code::IdempotencyKeyMissing.into())
}

/// Read the record of one of your checks
///
/// The same as the answer then, but without the attributes' values. The record of a text that was no genuine QR is kept for
/// 30 days.
#[utoipa::path(get, path = "/v1/verifications/{verification_id}", tag = "Verification",
    params(("verification_id" = Uuid, Path, description = "`verification_id` of the answer")),
    security(("api_key" = [])),
    responses(
        (status = 200, description = "The record", body = VerificationAnswer),
        (status = 401, description = "`api_key_invalid`"),
        (status = 404, description = "`not_found`: there is none, or it is another party's"),
        (status = 429, description = "`too_many`: wrong API keys again and again from this address"),
        (status = 503, description = "`unavailable`"),
    ))]
async fn lookup(
    State(shared): State<Arc<Shared>>,
    party: AuthenticatedParty,
    Lang(language): Lang,
    Path(verification_id): Path<Uuid>,
) -> Result<Response, Problem> {
    Ok(reply(shared.service.lookup(&party.0, verification_id).await?, language))
}
