//! The resident's device: its key, the proofs it makes with every call, and the PIN key.
//!
//! Shared by registration, activation and wallet. `jwk`, `dpop`, `pin`, `nonce` and `challenge` are pure; `guard` puts
//! them together for one request; `spent` remembers proofs; `http` is the extractors, the answer header and
//! `POST /v1/challenges`, and its `body` holds a request's body against the proof; `client` is the other side, for `ikd demo`,
//! tests and test vectors.

pub mod challenge;
#[cfg(any(test, feature = "demo"))]
pub mod client;
pub mod dpop;
pub mod guard;
pub mod http;
pub mod jwk;
pub mod nonce;
pub mod pin;
pub mod spent;

pub use challenge::{Challenge, Issuer};
pub use guard::{Guard, ProofRefused, Proven};
pub use pin::{PinPublicKey, Purpose};
pub use spent::SpentProofs;

use data_encoding::BASE64URL_NOPAD;
use futures_util::FutureExt;

use crate::jobs::Sweep;
use crate::module::Module;

/// What this domain brings to a node.
pub fn module(guard: &Guard, spent: &SpentProofs) -> Module {
    let (swept, drained) = (spent.clone(), spent.clone());
    Module {
        devices: http::routes(guard.clone()),
        sweeps: vec![Sweep::new("device.sweep", move || {
            let spent = swept.clone();
            async move { spent.sweep().await }
        })],
        drain: Some(async move { drained.drain().await }.boxed()),
        ..Module::default()
    }
}

/// SHA-256 JWK thumbprint (RFC 7638) of a device key: what a registration and a credential belong to.
pub type Thumbprint = [u8; 32];

/// Base64url without padding (RFC 4648 §5, RFC 7515 §2).
pub fn encode(bytes: &[u8]) -> String {
    BASE64URL_NOPAD.encode(bytes)
}

/// Reads base64url without padding; anything else, set spare bits included, is `None`, so that a value has one spelling.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    BASE64URL_NOPAD.decode(text.as_bytes()).ok()
}

/// Reads exactly `N` bytes of base64url without padding.
pub fn decode_exact<const N: usize>(text: &str) -> Option<[u8; N]> {
    if BASE64URL_NOPAD.decode_len(text.len()) != Ok(N) {
        return None;
    }
    let mut bytes = [0; N];
    BASE64URL_NOPAD.decode_mut(text.as_bytes(), &mut bytes).ok().map(|_| bytes)
}

#[cfg(test)]
mod vectors;
