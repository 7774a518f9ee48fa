//! Who calls: a relying party, by its API key or an access token.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::request::Parts;

use super::authentication::Authentication;
use super::model::{Party, TEST_KEY_PREFIX};
use crate::error::{Code, Error, Refusal};
use crate::security::Who;
use crate::web::{Caller, ClientAddress, Problem, negotiate};

/// A relying party that presented a living API key, `Authorization: Bearer ikd_rp_…`, or an access token, `ikd_at_…`.
#[derive(Clone, Debug)]
pub struct AuthenticatedParty(pub Arc<Party>);

impl<S: AsRef<Authentication> + Send + Sync> FromRequestParts<S> for AuthenticatedParty {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let token = negotiate::credentials(&parts.headers, "bearer").ok_or(Problem::from(Code::ApiKeyInvalid))?;
        if token.starts_with(TEST_KEY_PREFIX) {
            return Err(test_key_here().into());
        }
        let authentication = state.as_ref();
        // The listener notes every caller's address; without one there is nobody to hold up.
        let found = match parts.extensions.get::<ClientAddress>() {
            Some(ClientAddress(address)) => authentication.authenticate_from(*address, token).await,
            None => authentication.authenticate(token).await,
        };
        match found {
            Ok(party) => {
                Caller::of(&parts.extensions).is(Who::Party(party.relying_party_id));
                Ok(Self(party))
            }
            Err(refused @ Error::Refused(_)) => Err(refused.into()),
            Err(fault) => {
                tracing::error!(error.cause = %fault, "an API key could not be looked up");
                Err(Refusal::new(Code::Undetermined).retry_after(2).into())
            }
        }
    }
}

/// A test key is told apart by its first characters: it is no wrong guess, and nobody is looked up.
fn test_key_here() -> Refusal {
    Refusal::new(Code::ApiKeyInvalid).detail(
        "Ini kunci uji, yang hanya membuka kotak pasir: kirim ke alamat yang sama di bawah /sandbox, misalnya POST /sandbox/v1/verifications. Di sini pakai kunci ikd_rp_ lembaga Anda.",
        "This is a test key, which opens the sandbox alone: send it to the same address below /sandbox, as POST /sandbox/v1/verifications. Here, use your organisation's ikd_rp_ key.",
    )
}
