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
pub use pin::{NewPinKey, PinPublicKey, Purpose};
pub use spent::SpentProofs;

use futures_util::FutureExt;

use crate::base64url::{decode, decode_exact, encode};
use crate::jobs::Sweep;
use crate::module::Module;

/// What this domain brings to a node.
pub fn module(guard: &Guard, spent: &SpentProofs) -> Module {
    let drained = spent.clone();
    Module {
        devices: http::routes(guard.clone()),
        sweeps: vec![Sweep::of("device.sweep", spent, |spent| async move { spent.sweep().await })],
        drain: Some(async move { drained.drain().await }.boxed()),
        ..Module::default()
    }
}

/// SHA-256 JWK thumbprint (RFC 7638) of a device key: what a registration and a credential belong to.
pub type Thumbprint = [u8; 32];

#[cfg(test)]
mod vectors;
