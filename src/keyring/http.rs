//! `GET /.well-known/jwks.json`.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Keyring;
use crate::credential::jwk::JwkSet;
use crate::error::Code;
use crate::web::Problem;

/// The route.
pub fn routes(keyring: Keyring) -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(jwks)).with_state(keyring)
}

/// The keys that verify tokens and receipts (RFC 7517). Read it again when a kid is unknown; keys are published a day
/// before they sign.
#[utoipa::path(get, path = "/.well-known/jwks.json", tag = "Keys",
    responses((status = 200, description = "The key set", body = JwkSet, content_type = "application/jwk-set+json")))]
async fn jwks(State(keyring): State<Keyring>) -> Response {
    // An empty set would be a statement: that no key verifies. What cannot be written is a fault instead.
    let Ok(body) = serde_json::to_vec(&keyring.jwks()) else {
        return Problem::from(Code::Internal).into_response();
    };
    ([(CONTENT_TYPE, "application/jwk-set+json"), (CACHE_CONTROL, "public, max-age=60")], body).into_response()
}
