//! The token endpoints, for the service and for the sandbox, and what libraries read of them (RFC 8414). Their refusals have the form that
//! libraries of OAuth know (RFC 6749 §5.2); what any request may be refused for is a problem document, as elsewhere.

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, Request, State};
use axum::response::{IntoResponse, Response};
use http::header::{AUTHORIZATION, CACHE_CONTROL};
use http::{HeaderValue, StatusCode};
use serde::Serialize;
use url::form_urlencoded;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::model::Fault;
use super::service::{Denied, Tokens};
use crate::error::{Code, Refusal};
use crate::secret::Redacted;
use crate::security::{Kind, Who};
use crate::web::extract::read_body;
use crate::web::{Caller, ClientAddress, Json, Problem, negotiate};

/// Where a service's token endpoint is, below its issuer.
pub const PATH: &str = "/v1/oauth/token";
/// Bytes of a request at most: an assertion, and the words around it.
const MOST_BYTES: usize = 8 * 1024;
/// What an assertion is (RFC 7523 §2.2).
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Both endpoints.
struct Doors {
    service: Tokens,
    sandbox: Tokens,
}

/// All routes of this room.
pub fn routes(service: Tokens, sandbox: Tokens) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(token))
        .routes(routes!(test_token))
        .layer(DefaultBodyLimit::max(MOST_BYTES))
        .routes(routes!(authorization_server))
        .routes(routes!(test_authorization_server))
        .with_state(Arc::new(Doors { service, sandbox }))
}

/// What is sent, as a form.
#[derive(ToSchema)]
#[expect(dead_code, reason = "read word by word, described here")]
struct AccessTokenRequest {
    /// Always `client_credentials` (RFC 6749 §4.4).
    #[schema(example = "client_credentials")]
    grant_type: String,
    /// Always `urn:ietf:params:oauth:client-assertion-type:jwt-bearer` (RFC 7523 §2.2).
    #[schema(example = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")]
    client_assertion_type: String,
    /// A JWT signed with the registered key: header `alg`, `kid`; claims `iss` and `sub` (the `client_id`), `aud` (the issuer, as one text),
    /// `exp` (at most 5 minutes ahead, 60 seconds are enough), `jti` (new for each), and `iat`, `nbf` where you like.
    client_assertion: String,
    /// Not needed; where it is sent, the assertion's `sub`.
    client_id: Option<String>,
}

/// A token (RFC 6749 §5.1).
#[derive(Serialize, ToSchema)]
struct AccessTokenReply {
    /// What is sent as `Authorization: Bearer …` in place of an API key. It ends with its key, at once.
    #[schema(value_type = String, example = "ikd_at_AQGS8MG…")]
    access_token: Redacted<String>,
    /// Always `Bearer`.
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// Seconds that it lives: 900, or less where its key ends sooner.
    #[schema(example = 900)]
    expires_in: i64,
}

/// A refusal (RFC 6749 §5.2).
#[derive(Serialize, ToSchema)]
struct AccessTokenRefusal {
    /// `invalid_request`, `invalid_client`, `unsupported_grant_type` or `invalid_scope`.
    #[schema(example = "invalid_client")]
    error: &'static str,
    /// What the check that failed asks for, in English.
    #[schema(example = "exp is over: sign a new assertion for each token, and look at the clock")]
    error_description: String,
}

fn refused(error: &'static str, description: &str) -> Response {
    let body = AccessTokenRefusal { error, error_description: description.to_owned() };
    // 400 as in RFC 7523 §3.2: 401 would have to name a scheme of the Authorization header (RFC 9110 §11.6.1), which is not how this is asked.
    (StatusCode::BAD_REQUEST, Json(body)).into_response()
}

/// The words of the form that are read.
#[derive(Default)]
struct Form {
    grant_type: Option<String>,
    client_assertion_type: Option<String>,
    client_assertion: Option<Redacted<String>>,
    client_id: Option<String>,
    client_secret: bool,
    scope: bool,
}

impl Form {
    /// Unknown words are passed over, and each may stand once (RFC 6749 §3.2). `None` for one that stands twice.
    fn read(body: &[u8]) -> Option<Self> {
        let mut form = Self::default();
        let mut once = std::collections::HashSet::new();
        for (name, value) in form_urlencoded::parse(body) {
            // A word without a value counts as left out.
            if value.is_empty() {
                continue;
            }
            if !once.insert(name.clone()) {
                return None;
            }
            let value = value.into_owned();
            match &*name {
                "grant_type" => form.grant_type = Some(value),
                "client_assertion_type" => form.client_assertion_type = Some(value),
                "client_assertion" => form.client_assertion = Some(value.into()),
                "client_id" => form.client_id = Some(value),
                "client_secret" => form.client_secret = true,
                "scope" => form.scope = true,
                _ => {}
            }
        }
        Some(form)
    }

    /// What is wrong with it, or the assertion.
    fn assertion(self) -> Result<Redacted<String>, Box<Response>> {
        let wrong = |error, description| Err(Box::new(refused(error, description)));
        match self.grant_type.as_deref() {
            Some("client_credentials") => {}
            Some(_) => return wrong("unsupported_grant_type", "grant_type is client_credentials"),
            None => return wrong("invalid_request", "grant_type is missing: client_credentials"),
        }
        if self.scope {
            return wrong(
                "invalid_scope",
                "there are no scopes: leave scope out, the contract says what a token opens",
            );
        }
        if self.client_secret {
            return wrong("invalid_request", "one way to authenticate: leave client_secret out");
        }
        if self.client_assertion_type.as_deref() != Some(JWT_BEARER) {
            let what = "client_assertion_type is urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
            return wrong("invalid_request", what);
        }
        match self.client_assertion {
            Some(assertion) => Ok(assertion),
            None => wrong("invalid_request", "client_assertion is missing"),
        }
    }
}

async fn answer(tokens: &Tokens, request: Request) -> Result<Response, Problem> {
    let caller = Caller::of(request.extensions());
    // The listener notes every caller's address; without one there is nobody to hold up.
    let address = request.extensions().get::<ClientAddress>().map(|ClientAddress(address)| *address);
    if negotiate::content_type(request.headers())?.essence_str() != "application/x-www-form-urlencoded" {
        return Err(Refusal::new(Code::UnsupportedMediaType)
            .detail("Kirim application/x-www-form-urlencoded.", "Send application/x-www-form-urlencoded.")
            .into());
    }
    if request.headers().contains_key(AUTHORIZATION) {
        return Ok(refused("invalid_request", "one way to authenticate: leave the Authorization header out"));
    }
    let body = read_body(request, &()).await?;
    let Some(form) = Form::read(&body) else {
        return Ok(refused("invalid_request", "a parameter stands twice"));
    };
    let client_id = form.client_id.clone();
    let assertion = match form.assertion() {
        Ok(assertion) => assertion,
        Err(refusal) => return Ok(*refusal),
    };
    match tokens.grant(address, assertion.expose(), client_id.as_deref()).await {
        Ok(granted) => {
            if let Some(party) = granted.party {
                caller.is(Who::Party(party));
            }
            let (access_token, expires_in) = (granted.access_token, granted.seconds);
            let mut response =
                Json(AccessTokenReply { access_token, token_type: "Bearer", expires_in }).into_response();
            response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
            Ok(response)
        }
        Err(Denied::Assertion(fault)) => {
            caller.did(Kind::ApiKeyWrong);
            Ok(refused("invalid_client", &Fault::to_string(&fault)))
        }
        Err(Denied::Other(error)) => Err(error.into()),
    }
}

/// Log in with a registered key: an access token of 15 minutes for a signed assertion
///
/// OAuth 2.0 client credentials with `private_key_jwt` (RFC 7523 §2.2), as FAPI 2.0 narrows it: libraries that know it need the issuer alone
/// and find the rest at `/.well-known/oauth-authorization-server`. Each assertion works once. One token serves all requests of its quarter
/// of an hour; sixty in a minute are given out for one key.
#[utoipa::path(post, path = "/v1/oauth/token", tag = "OAuth",
    request_body(content = AccessTokenRequest, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "The token", body = AccessTokenReply),
        (status = 400, description = "What is wrong with the request, or with the assertion", content((AccessTokenRefusal = "application/json"), (crate::web::ProblemDocument = "application/problem+json"))),
        (status = "4XX", description = "`unsupported_media_type`, `too_large`; `too_many` for wrong assertions again and again from this address, or too many tokens")))]
async fn token(State(doors): State<Arc<Doors>>, request: Request) -> Result<Response, Problem> {
    answer(&doors.service, request).await
}

/// Log in to the sandbox with a registered test key
///
/// As `POST /v1/oauth/token`; the issuer, and so the assertion's `aud`, ends in `/sandbox`, and the token opens the sandbox alone.
#[utoipa::path(post, path = "/sandbox/v1/oauth/token", tag = "Sandbox",
    request_body(content = AccessTokenRequest, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "The token", body = AccessTokenReply),
        (status = 400, description = "What is wrong with the request, or with the assertion", content((AccessTokenRefusal = "application/json"), (crate::web::ProblemDocument = "application/problem+json"))),
        (status = "4XX", description = "`unsupported_media_type`, `too_large`, `too_many`")))]
async fn test_token(State(doors): State<Arc<Doors>>, request: Request) -> Result<Response, Problem> {
    answer(&doors.sandbox, request).await
}

/// What libraries read (RFC 8414 §2).
#[derive(Serialize, ToSchema)]
struct AuthorizationServer {
    /// The `aud` of assertions.
    #[schema(example = "https://ikd.example")]
    issuer: String,
    /// Where tokens are given out.
    #[schema(example = "https://ikd.example/v1/oauth/token")]
    token_endpoint: String,
    /// None: nobody is sent anywhere.
    #[schema(value_type = Vec<String>)]
    response_types_supported: [&'static str; 0],
    /// `client_credentials`.
    #[schema(value_type = Vec<String>)]
    grant_types_supported: [&'static str; 1],
    /// `private_key_jwt`.
    #[schema(value_type = Vec<String>)]
    token_endpoint_auth_methods_supported: [&'static str; 1],
    /// As each key signs.
    #[schema(value_type = Vec<String>)]
    token_endpoint_auth_signing_alg_values_supported: [&'static str; 3],
}

impl AuthorizationServer {
    fn of(tokens: &Tokens) -> Self {
        Self {
            issuer: tokens.issuer().to_owned(),
            token_endpoint: format!("{}{PATH}", tokens.issuer()),
            response_types_supported: [],
            grant_types_supported: ["client_credentials"],
            token_endpoint_auth_methods_supported: ["private_key_jwt"],
            token_endpoint_auth_signing_alg_values_supported: ["EdDSA", "Ed25519", "ES256"],
        }
    }
}

/// Where and how systems log in (RFC 8414)
#[utoipa::path(get, path = "/.well-known/oauth-authorization-server", tag = "OAuth",
    responses((status = 200, description = "What libraries of OAuth read", body = AuthorizationServer)))]
async fn authorization_server(State(doors): State<Arc<Doors>>) -> Json<AuthorizationServer> {
    Json(AuthorizationServer::of(&doors.service))
}

/// The same of the sandbox (RFC 8414 §3.1: an issuer with a path)
#[utoipa::path(get, path = "/.well-known/oauth-authorization-server/sandbox", tag = "Sandbox",
    responses((status = 200, description = "What libraries of OAuth read", body = AuthorizationServer)))]
async fn test_authorization_server(State(doors): State<Arc<Doors>>) -> Json<AuthorizationServer> {
    Json(AuthorizationServer::of(&doors.sandbox))
}
