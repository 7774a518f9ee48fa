//! The device guard, which checks the proof of a request.

use std::sync::Arc;

use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::dpop::{self, BodyDigest, DpopError, Expected};
use super::{Challenge, Issuer, Thumbprint, nonce};
use crate::clock::{Clock, Timestamp};
use crate::random::Random;
use crate::vault::{Vault, VaultError};

/// Checks the proof that every request to a resident's endpoint needs. Cloning shares it.
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
    /// The body that it was made for.
    pub body: Option<BodyDigest>,
    /// Which proof it is.
    pub once: Once,
}

/// The identity of a proof while its nonce is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Once {
    /// The window of its nonce, with which it ends.
    pub window: i64,
    /// A digest of device key and `jti`.
    pub proof: Uuid,
}

impl Once {
    fn new(window: i64, device: &Thumbprint, jti: &str) -> Self {
        let digest: [u8; 32] = Sha256::new().chain_update(device).chain_update(jti).finalize().into();
        let mut proof = [0; 16];
        proof.copy_from_slice(&digest[..16]);
        Self { window, proof: Uuid::from_bytes(proof) }
    }
}

/// The request that a proof is judged for.
#[derive(Clone, Copy, Debug)]
pub struct RequestLine<'a> {
    /// Its method.
    pub method: &'a str,
    /// Its path.
    pub path: &'a str,
    /// Its query, where it has one.
    pub query: Option<&'a str>,
    /// The access token in `Authorization`, if there is one.
    pub access_token: Option<&'a str>,
}

/// Why a request is refused.
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

    /// Judges the proof of one request. `proofs` are the values of all its `DPoP` headers: exactly one is right.
    ///
    /// # Errors
    /// Whether the proof is wrong or merely needs a (new) nonce.
    pub fn prove(&self, asked: &RequestLine<'_>, proofs: &[&str]) -> Result<Proven, ProofRefused> {
        let [proof] = proofs else { return Err(ProofRefused::Invalid(None)) };
        let at = self.clock.now();
        let url = format!("{}{}", self.public_url, asked.path);
        let RequestLine { method, query, access_token, .. } = *asked;
        let proof = dpop::verify(proof, &Expected { method, url: &url, query, access_token })
            .map_err(|error| ProofRefused::Invalid(Some(error)))?;
        let window = proof.nonce.and_then(|nonce| nonce::accept(&self.vault, &nonce, at)).ok_or(ProofRefused::Nonce)?;
        let once = Once::new(window, &proof.thumbprint, &proof.jti);
        Ok(Proven { thumbprint: proof.thumbprint, at, body: proof.body, once })
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
            key.proof(&Random::seeded(3), &ProofFor { nonce, ..ProofFor::new("POST", url) })
        };
        let asked = RequestLine { method: "POST", path: "/v1/challenges", query: None, access_token: None };
        let judge = |proofs: &[&str]| guard.prove(&asked, proofs);
        let without = make(None);
        assert_eq!(judge(&[&without]), Err(ProofRefused::Nonce));
        assert_eq!(judge(&[]), Err(ProofRefused::Invalid(None)));
        let with = make(Some(&guard.nonce()));
        assert_eq!(judge(&[&with]).unwrap().thumbprint, key.thumbprint());
        assert_eq!(judge(&[&with, &with]), Err(ProofRefused::Invalid(None)));
        assert_eq!(
            guard.prove(&RequestLine { path: "/v1/other", ..asked }, &[&with]),
            Err(ProofRefused::Invalid(Some(DpopError::Url)))
        );
        clock.advance(600);
        assert_eq!(judge(&[&with]), Err(ProofRefused::Nonce));
    }
}
