//! The tokens of Indonesia's digital KTP (*Identitas Kependudukan Digital*, IKD): what stands in a QR or a receipt, and
//! whether it is genuine, found out **without network**.
//!
//! A bank, a hospital or a notary that scans a resident's QR normally asks the service's online verifier. This crate is for
//! where that is not possible (a counter without network) and for what is kept: receipts, which stay verifiable for years.
//! It does no I/O, reads no clock and draws no random numbers; key set and time are arguments, so every judgement can be
//! repeated.
//!
//! # Verifying an offline QR
//!
//! Keep a copy of the service's key set (`/.well-known/jwks.json`; new keys are published before they sign), scan the QR with any
//! reader, and hand its text over:
//!
//! ```
//! use ikd_token::{Body, JwkSet, TokenKind, VerifyError, verify};
//!
//! # let vectors: serde_json::Value = serde_json::from_str(include_str!("../../../docs/vectors/token.json"))?;
//! # let (jwks, case) = (vectors["jwks"].to_string(), &vectors["tokens"][1]);
//! # let qr_text = case["text"].as_str().unwrap();
//! let keys: JwkSet = serde_json::from_str(&jwks)?;
//! let unix_seconds = 1_800_000_030; // from your clock
//! let accepted = [TokenKind::Offline, TokenKind::Card];
//!
//! let token = verify::check(qr_text, &accepted, "https://ikd.example", &keys, unix_seconds)?;
//! let Body::Offline { claims, .. } = token.claims.body else { unreachable!("no other kind was accepted") };
//! assert_eq!(claims.full_name.as_deref(), Some("SITI AMINAH"));
//!
//! // One second too late, or one letter changed, and it is refused.
//! let late = verify::check(qr_text, &accepted, "https://ikd.example", &keys, 1_800_000_090);
//! assert_eq!(late.err(), Some(VerifyError::Expired));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What a good signature does not say
//!
//! Whether the holder's digital KTP was stopped in the meantime stands in a status list that the token names: where the counter has
//! a copy, [`status::read`] judges it and [`StatusList::get`] says. Without one nobody can know; nor, offline, whether the same
//! QR was shown elsewhere within its 90 seconds: only the online verifier sees both. Compare the portrait or another document with the
//! person, and verify online afterwards where that matters. A token without clear attributes ([`Body::Sealed`]) can be
//! checked for its signature, but its content is sealed for the service.
//!
//! # Receipts
//!
//! An online verification is answered with a receipt: what was checked, as claims without expiry, and a COSE Receipt (RFC 9942) that proves
//! them. [`verify::authenticate_receipt`] judges both; [`Body::Receipt`] says what was shown to whom and when, by digests. Receipts of before
//! an installation's update to these are one signed structure, as tokens are, bare instead of in a QR: [`verify::authenticate_cose`] judges these.
//!
//! # From claims to a QR
//!
//! ```text
//! claims ─▶ CWT (RFC 8392) ─▶ COSE_Sign1 (RFC 9052) ─▶ zlib (RFC 1950) ─▶ Base45 (RFC 9285) ─▶ QR, alphanumeric
//!  claims     cbor, claim169      cose                     text               text
//! ```
//!
//! - [`mod@kind`]: what a token is, and which key may sign it
//! - [`mod@claims`]: what it says; [`claim169`]: the attributes in clear; [`cbor`]: the encoding that is signed
//! - [`cose`]: the signed structure; [`text`]: its text in the QR
//! - [`key`]: Ed25519 and ES256 public keys; [`jwk`]: how they are published
//! - [`receipt`]: what a check states, and the proof of it that many checks share
//! - [`verify`]: whether a token is genuine and valid; [`status`]: whether it was stopped before its time
//!
//! Reading is strict: bytes that the service would not have written itself are no token, so one token has one meaning.
//! Every function that takes bytes or text takes *any*: [`text::decode`], [`cose::decode`], [`cbor::decode`], [`receipt::Proof::decode`] and
//! [`verify::check`] are what to hand to a fuzzer; none panics, and what they allocate is bounded by [`text::MAX_TEXT`] and
//! [`text::MAX_INFLATED`].
//!
//! Making tokens is the service's: it seals what only it may read, and holds the private keys. [`cose::encode`] takes the signature
//! from its caller.

#![forbid(unsafe_code)]

pub mod cbor;
pub mod claim169;
pub mod claims;
pub mod cose;
pub mod jwk;
pub mod key;
pub mod kind;
pub mod receipt;
pub mod status;
pub mod text;
pub mod verify;

pub use claims::{Body, Claims};
pub use jwk::{Jwk, JwkSet};
pub use key::{Algorithm, KeyId, PublicKey, SignatureBytes};
pub use kind::{KeyPurpose, TokenKind};
pub use status::{Status, StatusList, StatusReference};
pub use verify::{Authentic, VerifyError, VerifyingKeys};

/// The bytes or the text are not a token of the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a well-formed token")]
pub struct Malformed;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod vectors;
