//! Who calls: a relying party, by its API key.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::response::Response;
use http::header::WWW_AUTHENTICATE;
use http::request::Parts;
use http::{HeaderValue, StatusCode};

use super::authentication::Authentication;
use super::model::Party;
use crate::error::{Code, Error, Refusal};
use crate::web::{ClientAddress, Problem, negotiate};

/// A relying party that presented a living API key: `Authorization: Bearer ikd_rp_…`.
#[derive(Clone, Debug)]
pub struct AuthenticatedParty(pub Arc<Party>);

impl<S: AsRef<Authentication> + Send + Sync> FromRequestParts<S> for AuthenticatedParty {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let token = negotiate::credentials(&parts.headers, "bearer").ok_or(Problem::from(Code::ApiKeyInvalid))?;
        let authentication = state.as_ref();
        // The listener notes every caller's address; without one there is nobody to hold up.
        let found = match parts.extensions.get::<ClientAddress>() {
            Some(ClientAddress(address)) => authentication.authenticate_from(*address, token).await,
            None => authentication.authenticate(token).await,
        };
        match found {
            Ok(party) => Ok(Self(party)),
            Err(refused @ Error::Refused(_)) => Err(refused.into()),
            Err(fault) => {
                tracing::error!(error.cause = %fault, "an API key could not be looked up");
                Err(Refusal::new(Code::Undetermined).retry_after(2).into())
            }
        }
    }
}

/// A 401 names the scheme that is missing (RFC 9110 §11.6.1, RFC 6750 §3): a layer of all routes of relying parties.
pub async fn challenge(mut response: Response) -> Response {
    if response.status() == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}
