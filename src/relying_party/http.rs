//! Who calls: a relying party, by its API key.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::request::Parts;

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
