//! The device guard: judges one request's proof.

use std::sync::Arc;

use super::dpop::{self, DpopError, Expected};
use super::{Challenge, Issuer, Thumbprint, nonce};
use crate::clock::{Clock, Timestamp};
use crate::random::Random;
use crate::vault::{Vault, VaultError};

/// What a request must prove before a resident's endpoint looks at it. Cloning shares it.
#[derive(Clone, Debug)]
pub struct Guard {
    vault: Vault,
    clock: Clock,
    random: Random,
    public_url: Arc<str>,
    issuer: Issuer,
}

/// A proof that holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proven {
    /// Thumbprint of the key that made the proof.
    pub thumbprint: Thumbprint,
    /// When it was judged.
    pub at: Timestamp,
}

/// Why a request is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProofRefused {
    /// There is no proof, there are several, or it does not hold: `dpop_invalid`. The reason is for the log.
    Invalid(Option<DpopError>),
    /// The proof holds but its nonce is missing or old: `use_dpop_nonce`.
    Nonce,
}

impl Guard {
    /// `public_url` is how the outside reaches the service, without a trailing slash: `htu` is compared against it, so
    /// that proxies in between do not matter.
    pub fn new(vault: Vault, clock: Clock, random: Random, public_url: &str) -> Self {
        let public_url = Arc::from(public_url.trim_end_matches('/'));
        Self { vault, clock, random, public_url, issuer: Issuer::default() }
    }

    /// Judges the proof of one request. `proofs` are the values of all its `DPoP` headers (exactly one is right),
    /// `path` is the request's path without query, `access_token` what stands in `Authorization`, if anything does.
    ///
    /// # Errors
    /// Whether the proof is wrong or merely needs a (new) nonce.
    pub fn prove(
        &self,
        method: &str,
        path: &str,
        proofs: &[&str],
        access_token: Option<&str>,
    ) -> Result<Proven, ProofRefused> {
        let [proof] = proofs else { return Err(ProofRefused::Invalid(None)) };
        let at = self.clock.now();
        let url = format!("{}{path}", self.public_url);
        let proof = dpop::verify(proof, &Expected { method, url: &url, access_token })
            .map_err(|error| ProofRefused::Invalid(Some(error)))?;
        let fresh = proof.nonce.is_some_and(|nonce| nonce::accept(&self.vault, &nonce, at));
        if fresh { Ok(Proven { thumbprint: proof.thumbprint, at }) } else { Err(ProofRefused::Nonce) }
    }

    /// The nonce that every answer carries.
    pub fn nonce(&self) -> String {
        nonce::issue(&self.vault, self.clock.now())
    }

    /// A challenge for a device, and when it expires.
    ///
    /// # Errors
    /// As for [`Challenge::issue`].
    pub fn challenge(&self, device: &Thumbprint) -> Result<(String, Timestamp), VaultError> {
        let issued = self.issuer.next(self.clock.now());
        let text = Challenge::issue(&self.vault, &self.random, device, issued)?;
        Ok((text, issued.plus_seconds(super::challenge::LIFETIME_SECONDS)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::client::{DeviceKey, ProofFor};

    #[test]
    fn a_request_needs_one_proof_with_a_fresh_nonce() {
        let clock = Clock::stopped(Timestamp::from_seconds(1_800_000_000));
        let guard = Guard::new(Vault::single([1; 32]), clock.clone(), Random::seeded(1), "https://ikd.example/");
        let key = DeviceKey::generate(&Random::seeded(2));
        let make = |nonce: Option<&str>| {
            let url = "https://ikd.example/v1/challenges";
            key.proof(&Random::seeded(3), &ProofFor { method: "POST", url, nonce, access_token: None, iat: 0 })
        };
        let judge = |proofs: &[&str]| guard.prove("POST", "/v1/challenges", proofs, None);
        let without = make(None);
        assert_eq!(judge(&[&without]), Err(ProofRefused::Nonce));
        assert_eq!(judge(&[]), Err(ProofRefused::Invalid(None)));
        let with = make(Some(&guard.nonce()));
        assert_eq!(judge(&[&with]).unwrap().thumbprint, key.thumbprint());
        assert_eq!(judge(&[&with, &with]), Err(ProofRefused::Invalid(None)));
        assert_eq!(guard.prove("POST", "/v1/other", &[&with], None), Err(ProofRefused::Invalid(Some(DpopError::Url))));
        clock.advance(600);
        assert_eq!(judge(&[&with]), Err(ProofRefused::Nonce));
    }
}
