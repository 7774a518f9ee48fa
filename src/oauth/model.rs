//! Judging assertions (RFC 7523 §3) by one registered key, as FAPI 2.0 narrows it: each algorithm belongs to a key, the audience is one text,
//! nothing counts for long. Pure.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::base64url::{decode, decode_exact};
use crate::clock::{MINUTE, Timestamp};
use crate::credential::{Algorithm, Jwk, PublicKey};

/// Longest assertion that is examined, in bytes; usual ones have some 400.
pub const MOST_ASSERTION: usize = 4_096;
/// The longest `jti` in bytes.
const MOST_JTI: usize = 256;
/// Seconds that an assertion may still have at most.
pub const LONGEST_SECONDS: i64 = 5 * MINUTE;
/// Seconds by which two clocks may differ.
pub const LEEWAY_SECONDS: i64 = 10;
/// Seconds beyond its end for which a used assertion is remembered: no node's clock is further behind, whatever took its time.
const REMEMBERED_SECONDS: i64 = MINUTE;

/// Why an assertion does not hold. It names the check and nothing of the content. What is wrong with the key or the signature is one word,
/// so that a stranger does not learn which keys there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Not a compact JWS with a JSON header and payload, or longer than [`MOST_ASSERTION`].
    #[error(
        "client_assertion is no compact JWS of at most 4096 bytes whose header has alg and kid, and whose claims are of their types"
    )]
    NotAJws,
    /// `typ` or a critical extension (RFC 7515 §4.1.11) is not what we take.
    #[error("the header's typ is JWT, client-authentication+jwt or left out, and it has no crit")]
    Header,
    /// No such key that lives, another algorithm than the key's, or a wrong signature.
    #[error(
        "kid names no living key, alg is not the key's (EdDSA for Ed25519, ES256 for P-256), or the signature does not fit"
    )]
    Key,
    /// `iss` or `sub` is somebody else.
    #[error("iss and sub are both the client_id that was shown when the key was registered")]
    Client,
    /// `aud` is another service, or a list.
    #[error("aud is this service's issuer as one text, as /.well-known/oauth-authorization-server says it")]
    Audience,
    /// `exp` is over.
    #[error("exp is over: sign a new assertion for each token, and look at the clock")]
    Ended,
    /// `exp` is too far away.
    #[error("exp is more than 5 minutes ahead: 60 seconds are enough")]
    TooLong,
    /// `nbf` or `iat` is to come.
    #[error("nbf or iat is still to come: look at the clock")]
    NotYet,
    /// `jti` is empty or too long.
    #[error("jti is a text of 1 to 256 bytes, new for each assertion")]
    Jti,
    /// It was used before.
    #[error("this assertion was used already: sign a new one for each token")]
    Used,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: String,
    #[serde(default)]
    typ: Option<String>,
    #[serde(default)]
    crit: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Value,
    // Any NumericDate (RFC 7519 §2), integer or not.
    exp: f64,
    jti: String,
    #[serde(default)]
    iat: Option<f64>,
    #[serde(default)]
    nbf: Option<f64>,
}

/// An assertion that was taken apart. Nothing of it is known to be true yet.
pub struct Assertion<'a> {
    header: Header,
    signed: &'a str,
    payload: &'a str,
    signature: [u8; 64],
}

/// What an assertion has to be made for.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// Whose the key is.
    pub client_id: &'a str,
    /// The service.
    pub issuer: &'a str,
    /// The time.
    pub now: Timestamp,
}

/// An assertion that holds, if it was not used before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// What tells it from others of the same key.
    pub jti: String,
    /// Until when it has to be remembered.
    pub remembered_until: Timestamp,
}

impl<'a> Assertion<'a> {
    /// Takes an assertion apart.
    ///
    /// # Errors
    /// For what is none, and for a header that is not taken.
    pub fn read(text: &'a str) -> Result<Self, Fault> {
        if text.len() > MOST_ASSERTION {
            return Err(Fault::NotAJws);
        }
        let (signed, signature) = text.rsplit_once('.').ok_or(Fault::NotAJws)?;
        let (header, payload) = signed.split_once('.').ok_or(Fault::NotAJws)?;
        let header = decode(header).ok_or(Fault::NotAJws)?;
        let header: Header = serde_json::from_slice(&header).map_err(|_| Fault::NotAJws)?;
        // What was signed for something else (a proof of a device, a security event) is no assertion (RFC 8725 §3.11).
        let is_ours = |typ: &str| ["jwt", "client-authentication+jwt"].iter().any(|one| typ.eq_ignore_ascii_case(one));
        if header.crit.is_some() || !header.typ.as_deref().is_none_or(is_ours) {
            return Err(Fault::Header);
        }
        // Both algorithms have signatures of this length (RFC 8037 §3.1, RFC 7518 §3.4).
        let signature = decode_exact(signature).ok_or(Fault::Key)?;
        Ok(Self { header, signed, payload, signature })
    }

    /// Which key it says to be of.
    pub fn kid(&self) -> &str {
        &self.header.kid
    }

    /// Judges it by that key: the signature first, so that a stranger learns nothing of the rest.
    ///
    /// # Errors
    /// The first check that fails.
    pub fn judge(&self, key: &PublicKey, expected: &Expected<'_>) -> Result<Held, Fault> {
        let algorithm = key.algorithm();
        // The key says how it signs, never the assertion (RFC 8725 §3.1). `Ed25519` is RFC 9864's name for `EdDSA` here.
        let fits =
            self.header.alg == algorithm.as_str() || algorithm == Algorithm::Ed25519 && self.header.alg == "Ed25519";
        // Half of all libraries' ECDSA signatures have the larger s; what keeps an assertion from working twice is its jti.
        let signature = algorithm.canonical(self.signature);
        if !fits || !key.verifies(self.signed.as_bytes(), &signature) {
            return Err(Fault::Key);
        }
        let claims = decode(self.payload).ok_or(Fault::NotAJws)?;
        let claims: Claims = serde_json::from_slice(&claims).map_err(|_| Fault::NotAJws)?;
        if claims.iss != expected.client_id || claims.sub != expected.client_id {
            return Err(Fault::Client);
        }
        if claims.aud.as_str() != Some(expected.issuer) {
            return Err(Fault::Audience);
        }
        let (now, leeway) = (expected.now.seconds() as f64, LEEWAY_SECONDS as f64);
        if claims.exp <= now - leeway {
            return Err(Fault::Ended);
        }
        if claims.exp > now + LONGEST_SECONDS as f64 + leeway {
            return Err(Fault::TooLong);
        }
        if [claims.nbf, claims.iat].into_iter().flatten().any(|begin| begin > now + leeway) {
            return Err(Fault::NotYet);
        }
        if !(1..=MOST_JTI).contains(&claims.jti.len()) {
            return Err(Fault::Jti);
        }
        // Bounded above and below just now.
        let end = Timestamp::from_seconds(claims.exp.ceil() as i64);
        Ok(Held { jti: claims.jti, remembered_until: end.plus_seconds(LEEWAY_SECONDS + REMEMBERED_SECONDS) })
    }
}

/// What stands for a used assertion: of one key, each has its own.
pub fn digest(key_id: Uuid, jti: &str) -> [u8; 32] {
    Sha256::new_with_prefix(b"ikd client assertion").chain_update(key_id.as_bytes()).chain_update(jti).finalize().into()
}

/// The public key of a JWK as it is kept, `None` for what is no public key for signatures of ours: Ed25519 or P-256. A private key is none.
pub fn canonical(jwk: &Value) -> Option<String> {
    // A set of one key is what some tools write.
    let jwk = match jwk.get("keys").and_then(Value::as_array) {
        Some(keys) => match &keys[..] {
            [only] => only,
            _ => return None,
        },
        None => jwk,
    };
    Some(Jwk::deserialize(jwk).ok()?.public_key()?.canonical_jwk())
}

/// The key of what [`canonical`] wrote.
pub fn key_of(canonical: &str) -> Option<PublicKey> {
    serde_json::from_str::<Jwk>(canonical).ok()?.public_key()
}

/// The thumbprint (RFC 7638) of what [`canonical`] wrote.
pub fn thumbprint(canonical: &str) -> String {
    crate::base64url::encode(&Sha256::digest(canonical))
}
