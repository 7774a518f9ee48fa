//! Endpoints of the sandbox, below `/sandbox`: software under test changes its base address and its key, and nothing else.

mod examples;
pub mod page;

use std::borrow::Cow;
use std::sync::Arc;

use axum::extract::{FromRequestParts, State};
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::model::{Shown, Wanted};
use super::people::{self, Person, TEST};
use super::{Sandbox, TestKeys};
use crate::clock::Timestamp;
use crate::credential::jwk::JwkSet;
use crate::error::{Code, Error, Language, Refusal};
use crate::register::Date;
use crate::relying_party::Party;
use crate::secret::Redacted;
use crate::verification::http::{
    VerificationAnswer, VerificationRequest, examples as answers, idempotency_key, in_language,
};
use crate::verification::model::{Answer, Verdict};
use crate::wallet::model::Share;
use crate::web::token_reply::Form;
use crate::web::{ClientAddress, Json, Lang, Path, Problem, negotiate, token_reply};

/// Where checks are asked for.
const CHECKS: &str = "/sandbox/v1/verifications";

/// The routes for software under test.
pub fn routes(sandbox: Sandbox) -> OpenApiRouter {
    let mut routes = OpenApiRouter::new()
        .routes(routes!(verify))
        .routes(routes!(lookup))
        .routes(routes!(present))
        .layer(axum::middleware::map_response(negotiate::challenge))
        .routes(routes!(people))
        .routes(routes!(jwks))
        .with_state(Arc::new(sandbox));
    answers::add(routes.get_openapi_mut(), CHECKS, in_words);
    examples::add(routes.get_openapi_mut());
    routes
}

impl AsRef<TestKeys> for Sandbox {
    fn as_ref(&self) -> &TestKeys {
        self.test_keys()
    }
}

/// A relying party that presented a living test key, `Authorization: Bearer ikd_rt_…`, or an access token of the sandbox, `ikd_at_…`.
#[derive(Clone, Debug)]
pub struct TestedParty(pub Arc<Party>);

impl FromRequestParts<Arc<Sandbox>> for TestedParty {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, sandbox: &Arc<Sandbox>) -> Result<Self, Problem> {
        let token = negotiate::credentials(&parts.headers, "bearer").ok_or(Problem::from(Code::ApiKeyInvalid))?;
        let address = parts.extensions.get::<ClientAddress>().map(|ClientAddress(address)| *address);
        match sandbox.test_keys().authenticate(address, token).await {
            Ok(party) => Ok(Self(party)),
            Err(refused @ Error::Refused(_)) => Err(refused.into()),
            Err(fault) => {
                tracing::error!(error.cause = %fault, "a test key could not be looked up");
                Err(Refusal::new(Code::Undetermined).retry_after(2).into())
            }
        }
    }
}

/// An answer of the sandbox: that it is a test is said where people and programs read.
fn in_words(answer: Answer, language: Language) -> VerificationAnswer {
    let answer = VerificationAnswer::new(answer, language);
    let message = format!("{}{}", TEST.in_language(language), answer.message);
    VerificationAnswer { message: Cow::Owned(message), test: true, ..answer }
}

/// Verify a QR of the sandbox, or the code under it
///
/// As `POST /v1/verifications`, with the same request, rules and answers, for invented people alone: a real QR is `unknown_key` here, as one
/// of the sandbox is there. Each answer has `test: true` and a receipt that says `test` and is signed with a key of
/// `/sandbox/.well-known/jwks.json`. Your contract does not matter, and nothing is counted of your quota. 120 QRs and checks a minute and
/// 5,000 a day; checks are kept for a day.
#[utoipa::path(post, path = "/sandbox/v1/verifications", tag = "Sandbox",
    params(("Idempotency-Key" = String, Header, description = "1 to 64 visible ASCII characters, new for every scan, the same for repetitions of one", example = "5f0c6f0e-6a52-4c6b-9a53-0f6f3f0a9b1d")),
    request_body = VerificationRequest,
    security(("test_key" = [])),
    responses(
        (status = 200, description = "The question was answered", body = VerificationAnswer),
        (status = 400, description = "`malformed_json`, `idempotency_key_missing`"),
        (status = 401, description = "`api_key_invalid`: also for a real key"),
        (status = 403, description = "`purpose_not_allowed`"),
        (status = 413, description = "`too_large`"),
        (status = 415, description = "`unsupported_media_type`"),
        (status = 422, description = "`invalid_field`, `idempotency_mismatch`"),
        (status = 429, description = "`too_many`: the sandbox's own allowance, wrong codes, or wrong keys again and again from this address"),
        (status = 503, description = "`undetermined`: repeat with the same key; the person `undetermined` answers so at first. `overloaded`: nothing was done"),
    ))]
async fn verify(
    State(sandbox): State<Arc<Sandbox>>,
    party: TestedParty,
    Lang(language): Lang,
    headers: HeaderMap,
    Json(request): Json<VerificationRequest>,
) -> Result<Response, Problem> {
    let question = request.into_question(idempotency_key(&headers)?)?;
    let answer = sandbox.verify(&party.0, &question).await?;
    Ok(in_language(in_words(answer, language), language))
}

/// Read the record of one of your checks in the sandbox
///
/// As `GET /v1/verifications/{verification_id}`: the same as the answer then, but without the attributes' values, for a day.
#[utoipa::path(get, path = "/sandbox/v1/verifications/{verification_id}", tag = "Sandbox",
    params(("verification_id" = Uuid, Path, description = "`verification_id` of the answer")),
    security(("test_key" = [])),
    responses(
        (status = 200, description = "The record", body = VerificationAnswer),
        (status = 401, description = "`api_key_invalid`"),
        (status = 404, description = "`not_found`: there is none, it is older than a day, or it is another party's"),
        (status = 429, description = "`too_many`: wrong keys again and again from this address"),
        (status = 503, description = "`unavailable`, `overloaded`"),
    ))]
async fn lookup(
    State(sandbox): State<Arc<Sandbox>>,
    party: TestedParty,
    Lang(language): Lang,
    Path(verification_id): Path<Uuid>,
) -> Result<Response, Problem> {
    Ok(in_language(in_words(sandbox.lookup(&party.0, verification_id).await?, language), language))
}

/// Whose QR is wanted, and what it is to show.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TestPresentationRequest {
    /// One of the people of `GET /sandbox/v1/people`.
    #[schema(example = "siti")]
    pub person: String,
    /// `age`, `basic`, `full`, or a list of attributes; `basic` where it is left out.
    #[serde(default)]
    #[schema(value_type = Option<Share>, example = "full")]
    pub share: Option<Share>,
    /// A QR that can be checked without network: it carries the attributes in clear and does not work only once.
    #[serde(default)]
    pub offline: bool,
    /// Also a code of ten digits, to be sent in place of the token. Asked for as JSON only, and not for an offline QR.
    #[serde(default)]
    pub code: bool,
}

/// A QR of an invented person.
#[derive(Debug, Serialize, ToSchema)]
pub struct TestPresentationReply {
    /// Whose.
    #[schema(example = "siti")]
    pub person: &'static str,
    /// The text of the QR: alphanumeric mode, error correction M, quiet zone 4.
    pub token: String,
    /// When it was made, as it says itself.
    #[schema(value_type = String, format = DateTime)]
    pub issued_at: Timestamp,
    /// When it stops counting: 90 seconds later.
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
    /// Ten digits that stand for this QR as long as it lives; a newer code of the same person voids it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "4071829356")]
    pub code: Option<Redacted<String>>,
    /// Always `true`.
    pub test: bool,
}

impl TestPresentationRequest {
    /// A QR for a party.
    ///
    /// # Errors
    /// `invalid_field`, `too_many`, `overloaded`.
    pub async fn present(&self, sandbox: &Sandbox, party: &Party) -> Result<TestPresentationReply, Problem> {
        let basic = || Share::Preset(String::from("basic"));
        let share = self.share.clone().unwrap_or_else(basic).to_set()?;
        let wanted = Wanted { person: &self.person, share, offline: self.offline, code: self.code };
        let Shown { person, token, issued_at, expires_at, code } =
            sandbox.present(party.relying_party_id, &wanted).await?;
        let code = code.map(crate::verification::code::PresentationCode::into_inner);
        Ok(TestPresentationReply { person: person.name(), token, issued_at, expires_at, code, test: true })
    }
}

/// Make a QR of an invented person
///
/// In place of a phone: a fresh QR that lives 90 seconds and works once, for whichever test key sends it first, as a real one names no
/// organisation. What becomes of it is the person's: `GET /sandbox/v1/people` says for each what a check answers. A newer one of the same
/// person that was checked makes the older ones `already_used`. With `Accept: image/png` or `image/svg+xml` the answer is the picture, for
/// scanners.
#[utoipa::path(post, path = "/sandbox/v1/presentations", tag = "Sandbox", security(("test_key" = [])),
    request_body = TestPresentationRequest,
    responses(
        (status = 200, description = "The token, or its QR as a picture", content((TestPresentationReply = "application/json"), (String = "image/svg+xml"), (Vec<u8> = "image/png"))),
        (status = 400, description = "`malformed_json`"),
        (status = 401, description = "`api_key_invalid`: also for a real key"),
        (status = 406, description = "`not_acceptable`"),
        (status = 413, description = "`too_large`"),
        (status = 415, description = "`unsupported_media_type`"),
        (status = 422, description = "`invalid_field`"),
        (status = 429, description = "`too_many`: the sandbox's own allowance, or wrong keys again and again from this address"),
        (status = 503, description = "`unavailable`, `overloaded`, `undetermined`: nothing was done"),
    ))]
async fn present(
    State(sandbox): State<Arc<Sandbox>>,
    party: TestedParty,
    headers: HeaderMap,
    Json(body): Json<TestPresentationRequest>,
) -> Result<Response, Problem> {
    if Form::asked(&headers)? != Form::Json && body.code {
        return Err(Refusal::new(Code::NotAcceptable)
            .detail(
                "Kode hanya ada pada jawaban JSON; minta application/json.",
                "A code is only in the JSON answer; ask for application/json.",
            )
            .into());
    }
    let reply = body.present(&sandbox, &party.0).await?;
    let token = reply.token.clone();
    token_reply(&headers, StatusCode::OK, &token, reply)
}

/// The invented people.
#[derive(Debug, Serialize, ToSchema)]
pub struct TestPeopleReply {
    /// One for each outcome that software has to handle.
    items: Vec<TestPerson>,
}

/// Somebody invented.
#[derive(Debug, Serialize, ToSchema)]
pub struct TestPerson {
    /// What `POST /sandbox/v1/presentations` takes.
    #[schema(example = "expired")]
    person: &'static str,
    /// The name on the card.
    #[schema(example = "LINA CONTOH")]
    full_name: &'static str,
    /// What the person is for, in the language asked for.
    #[schema(example = "expired: QR sudah lewat 90 detik.")]
    about: &'static str,
    /// What a check of a fresh QR answers: `valid` or `invalid`.
    #[schema(example = "invalid")]
    result: &'static str,
    /// Why it is invalid; null when valid.
    #[schema(example = "expired")]
    reason: Option<&'static str>,
}

impl TestPerson {
    fn new(person: &'static Person, today: Date, language: Language) -> Self {
        let (id, en) = person.texts();
        let reason = person.reason(today);
        let verdict = reason.map_or(Verdict::Valid, Verdict::Invalid);
        Self {
            person: person.name(),
            full_name: person.full_name(),
            about: if language == Language::Indonesian { id } else { en },
            result: verdict.result(),
            reason: reason.map(crate::credential::Reason::as_str),
        }
    }
}

/// The invented people, and what a check of each answers
#[utoipa::path(get, path = "/sandbox/v1/people", tag = "Sandbox",
    responses((status = 200, description = "The people", body = TestPeopleReply)))]
async fn people(State(sandbox): State<Arc<Sandbox>>, Lang(language): Lang) -> Json<TestPeopleReply> {
    let today = sandbox.today();
    let items = people::all().iter().map(|person| TestPerson::new(person, today, language)).collect();
    Json(TestPeopleReply { items })
}

/// The keys that verify tokens and receipts of the sandbox (RFC 7517)
///
/// None of them stands in `/.well-known/jwks.json`, and none of those here.
#[utoipa::path(get, path = "/sandbox/.well-known/jwks.json", tag = "Sandbox",
    responses((status = 200, description = "The key set", body = JwkSet, content_type = "application/jwk-set+json")))]
async fn jwks(State(sandbox): State<Arc<Sandbox>>) -> Response {
    let Ok(body) = serde_json::to_vec(sandbox.keys().published()) else {
        return Problem::from(Code::Internal).into_response();
    };
    ([(CONTENT_TYPE, "application/jwk-set+json"), (CACHE_CONTROL, "public, max-age=60")], body).into_response()
}
