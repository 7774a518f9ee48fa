//! The extractors [`Device`] and [`Repeatable`], the answer headers, and `POST /v1/challenges`.

mod body;

use axum::extract::{OriginalUri, Request, State};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::{Extension, RequestPartsExt};
use http::HeaderValue;
use http::header::{HeaderName, WWW_AUTHENTICATE};
use http::request::Parts;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::guard::RequestLine;
use super::{Guard, NewPinKey, ProofRefused, Proven, SpentProofs, Thumbprint};
use crate::clock::Timestamp;
use crate::error::{Code, Error};
use crate::security::{Kind, Who};
use crate::web::problem::ProblemNote;
use crate::web::{Caller, Json, Problem, negotiate};
use body::{Promise, bind};

const DPOP: HeaderName = HeaderName::from_static("dpop");
const DPOP_NONCE: HeaderName = HeaderName::from_static("dpop-nonce");

/// A caller who proved to hold a device key, with a proof that was not sent before. [`Guard`] and [`SpentProofs`] are
/// extensions of the request.
#[derive(Clone, Copy, Debug)]
pub struct Device {
    /// Thumbprint of that key.
    pub thumbprint: Thumbprint,
}

impl<S: Send + Sync> axum::extract::FromRequestParts<S> for Device {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let (proven, _) = prove(parts).await?;
        spend(parts, &proven).await?;
        Ok(Self { thumbprint: proven.thumbprint })
    }
}

/// A caller who proved to hold a device key, possibly with a proof that was sent before. For routes whose answer
/// anybody may get: remembering proofs there would let strangers write rows.
#[derive(Clone, Copy, Debug)]
pub struct Repeatable {
    /// Thumbprint of that key.
    pub thumbprint: Thumbprint,
}

impl<S: Send + Sync> axum::extract::FromRequestParts<S> for Repeatable {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let (proven, _) = prove(parts).await?;
        Ok(Self { thumbprint: proven.thumbprint })
    }
}

/// Spends the proof of a request.
///
/// # Errors
/// `use_dpop_nonce` when it was spent before.
pub async fn spend(parts: &Parts, proven: &Proven) -> Result<(), Problem> {
    let spent = parts.extensions.get::<SpentProofs>();
    let spent =
        spent.ok_or_else(|| Problem::from(Error::internal("the memory of proofs is not wired to this route")))?;
    let done = spent.spend(proven.once).await;
    if done.as_ref().is_err_and(|error| error.code() == Some(Code::UseDpopNonce)) {
        Caller::of(&parts.extensions).did(Kind::ProofReplayed);
    }
    Ok(done?)
}

/// Judges the proof of a request, and binds its body to it; gives the access token too, when one is presented (RFC 9449
/// §7.1).
///
/// # Errors
/// `dpop_invalid` or `use_dpop_nonce`.
pub async fn prove(parts: &mut Parts) -> Result<(Proven, Option<String>), Problem> {
    let Extension(guard) = parts
        .extract::<Extension<Guard>>()
        .await
        .map_err(|_| Problem::from(Error::internal("the device guard is not wired to this route")))?;
    let uri = match parts.extract::<OriginalUri>().await {
        Ok(OriginalUri(uri)) => uri,
        Err(never) => match never {},
    };
    let token = negotiate::credentials(&parts.headers, "dpop");
    let proofs: Vec<&str> =
        parts.headers.get_all(DPOP).iter().map(|value| value.to_str().unwrap_or_default()).collect();
    let asked =
        RequestLine { method: parts.method.as_str(), path: uri.path(), query: uri.query(), access_token: token };
    let proven = guard.prove(&asked, &proofs).map_err(|refused| match refused {
        ProofRefused::Nonce => Problem::from(Code::UseDpopNonce),
        ProofRefused::Invalid(reason) => {
            let reason =
                reason.map_or_else(|| String::from("not exactly one DPoP header"), |reason| reason.to_string());
            tracing::debug!(dpop.reason = reason, "a device proof was refused");
            Problem::from(Code::DpopInvalid)
        }
    })?;
    let promise = parts.extensions.get::<Promise>();
    promise.ok_or_else(|| Problem::from(Error::internal("the body is not bound on this route")))?.set(proven.body);
    Caller::of(&parts.extensions).is(Who::Device(proven.thumbprint));
    Ok((proven, token.map(str::to_owned)))
}

/// The layer around every device route. It checks the body against the proof, puts the newest `DPoP-Nonce` on every
/// answer, refusals included (RFC 9449 §8.2), and names the missing authentication on a 401 (§7.1, §9).
async fn renew_nonce(guard: Guard, request: Request, next: Next) -> Response {
    let mut response = next.run(bind(request)).await;
    let code = response.extensions().get::<ProblemNote>().map(|note| note.refusal.code);
    let challenge = match code {
        Some(Code::UseDpopNonce) => Some(r#"DPoP error="use_dpop_nonce", algs="ES256""#),
        Some(Code::DpopInvalid) => Some(r#"DPoP error="invalid_dpop_proof", algs="ES256""#),
        Some(Code::SessionEnded) => Some(r#"DPoP error="invalid_token", algs="ES256""#),
        _ => None,
    };
    if let Some(challenge) = challenge {
        response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    }
    if let Ok(nonce) = HeaderValue::from_str(&guard.nonce()) {
        response.headers_mut().insert(DPOP_NONCE, nonce);
    }
    response
}

/// A challenge to be signed with the PIN key.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChallengeReply {
    /// The challenge, base64url without padding. What is signed is what this decodes to.
    #[schema(example = "AaB0…")]
    pub challenge: String,
    /// When it stops counting: 60 seconds after issue.
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
}

/// The public half of the PIN key, and proof of holding it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PinRequest {
    /// Ed25519 public key, 32 bytes, base64url without padding.
    pin_public_key: String,
    /// A challenge from `POST /v1/challenges`.
    challenge: String,
    /// Signature of `"ikd-pin-v1/enrol"` ‖ 0x00 ‖ challenge ‖ device thumbprint, base64url without padding.
    signature: String,
}

impl From<PinRequest> for NewPinKey {
    fn from(request: PinRequest) -> Self {
        let PinRequest { pin_public_key, challenge, signature } = request;
        Self { pin_public_key, challenge, signature }
    }
}

/// Asks for a challenge for the PIN key: one per try. Nothing is stored, and taking a newer one does no harm; spending a
/// newer one voids the older ones.
#[utoipa::path(post, path = "/v1/challenges", tag = "Device", security(("dpop" = [])),
    responses(
        (status = 200, description = "A challenge for this device, 60 seconds", body = ChallengeReply),
        (status = "4XX", description = "Refused"),
    ))]
async fn create_challenge(State(guard): State<Guard>, device: Repeatable) -> Result<Json<ChallengeReply>, Problem> {
    let (challenge, expires_at) = guard.challenge(&device.thumbprint).map_err(Error::from)?;
    Ok(Json(ChallengeReply { challenge, expires_at }))
}

/// What all routes that devices call stand on: the extractors' [`Guard`] and [`SpentProofs`], and a nonce renewed with each answer.
pub fn for_devices(routes: OpenApiRouter, guard: Guard, spent: SpentProofs) -> OpenApiRouter {
    routes
        .layer(Extension(guard.clone()))
        .layer(Extension(spent))
        .layer(from_fn(move |request, next| renew_nonce(guard.clone(), request, next)))
}

/// The routes of this room.
pub fn routes(guard: Guard) -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(create_challenge)).with_state(guard)
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use http::StatusCode;
    use tower::ServiceExt;

    use super::*;
    use crate::clock::Clock;
    use crate::device::client::{DeviceKey, ProofFor};
    use crate::random::Random;
    use crate::vault::Vault;

    fn app(clock: &Clock) -> axum::Router {
        let guard = Guard::new(Vault::single([1; 32]), clock.clone(), Random::seeded(1), "https://ikd.example");
        let (router, _) = routes(guard.clone()).split_for_parts();
        router
            .layer(Extension(guard.clone()))
            .layer(axum::middleware::from_fn(move |request, next| renew_nonce(guard.clone(), request, next)))
    }

    async fn call(app: &axum::Router, proof: Option<&str>) -> Response {
        let mut request = Request::post("/v1/challenges");
        if let Some(proof) = proof {
            request = request.header("DPoP", proof);
        }
        app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
    }

    fn header(response: &Response, name: &str) -> String {
        response.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
    }

    #[tokio::test]
    async fn the_first_call_learns_the_nonce_and_the_second_succeeds() {
        let clock = Clock::stopped(Timestamp::from_seconds(1_800_000_000));
        let app = app(&clock);
        let (key, random) = (DeviceKey::generate(&Random::seeded(5)), Random::seeded(6));
        let proof = |nonce: Option<&str>| {
            let url = "https://ikd.example/v1/challenges";
            key.proof(&random, &ProofFor { nonce, ..ProofFor::new("POST", url) })
        };
        let first = call(&app, Some(&proof(None))).await;
        assert_eq!(first.status(), StatusCode::UNAUTHORIZED);
        assert!(header(&first, "www-authenticate").starts_with(r#"DPoP error="use_dpop_nonce""#));
        let nonce = header(&first, "dpop-nonce");
        let second = call(&app, Some(&proof(Some(&nonce)))).await;
        assert_eq!(second.status(), StatusCode::OK);
        assert_eq!(header(&second, "dpop-nonce"), nonce);
        let none = call(&app, None).await;
        assert_eq!(none.status(), StatusCode::UNAUTHORIZED);
        assert!(header(&none, "www-authenticate").starts_with(r#"DPoP error="invalid_dpop_proof""#));
        assert!(!header(&none, "dpop-nonce").is_empty());
    }
}
