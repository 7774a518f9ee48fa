//! Receipts: what was shown to whom, when and for what, signed, without the values themselves.
//!
//! A receipt is a CWT of typ `application/ikd-receipt+cwt`. Common claims: `iss`, `iat`, and `cti`, which is the
//! verification's id (16 bytes). Private claim −65539 is a text-keyed map: `verification_id`, `relying_party`,
//! `relying_party_id`, `purpose`, `verified_at` (RFC 3339), `result`, `reason` (when invalid), `disclosed` (names),
//! `attributes_sha256` = SHA-256(salt ‖ deterministic CBOR of the `attributes` object), and `portrait_sha256` =
//! SHA-256(salt ‖ JPEG) when a portrait was shown; `medium` = `printed_card` where it was no phone that showed it. Whoever holds salt and values can prove them; nobody else can guess.

use ciborium::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::model::{Content, Medium, Verdict};
use crate::attribute::AttributeSet;
use crate::clock::Timestamp;
use crate::credential::{Body, Claims, Signer, TokenKind, cbor, cose, issue};
use crate::error::{Error, Result};
use crate::relying_party::Party;

/// Length of the salt in bytes.
pub const SALT_LENGTH: usize = 16;

/// Everything that a receipt states.
pub struct Statement<'a> {
    /// Id of the check.
    pub verification_id: Uuid,
    /// Who asked.
    pub party: &'a Party,
    /// What for.
    pub purpose: &'a str,
    /// When it was answered.
    pub verified_at: Timestamp,
    /// What was answered.
    pub verdict: Verdict,
    /// What was shown on what.
    pub medium: Medium,
    /// Names of what was shown.
    pub disclosed: AttributeSet,
    /// What was shown.
    pub content: &'a Content,
    /// Salt of the digests.
    pub salt: &'a [u8; SALT_LENGTH],
}

/// SHA-256(salt ‖ deterministic CBOR of the attributes).
///
/// # Errors
/// Never in practice: the attributes are texts and flags.
pub fn attributes_digest(salt: &[u8], content: &Content) -> Result<[u8; 32]> {
    let bytes = cbor::encode_any(&content.attributes).ok_or_else(|| Error::internal("attributes as CBOR"))?;
    Ok(Sha256::new().chain_update(salt).chain_update(bytes).finalize().into())
}

/// SHA-256(salt ‖ portrait).
pub fn portrait_digest(salt: &[u8], content: &Content) -> Option<[u8; 32]> {
    let portrait = content.portrait.as_ref()?;
    Some(Sha256::new().chain_update(salt).chain_update(portrait.0.expose()).finalize().into())
}

/// Signs a statement: the COSE_Sign1 bytes. Waits where the signer does.
///
/// # Errors
/// When the receipt key cannot sign.
pub fn sign(statement: &Statement<'_>, issuer: &str, signer: &dyn Signer) -> Result<Vec<u8>> {
    Ok(issue::sign(signer, TokenKind::Receipt, &claims(statement, issuer)?)?)
}

/// What is signed.
///
/// # Errors
/// Never in practice: as [`attributes_digest`].
pub fn claims(statement: &Statement<'_>, issuer: &str) -> Result<Claims> {
    let mut content: Vec<(Value, Value)> = Vec::new();
    let mut put = |name: &str, value: Value| content.push((name.into(), value));
    put("verification_id", statement.verification_id.to_string().into());
    put("relying_party", statement.party.name.as_str().into());
    put("relying_party_id", statement.party.relying_party_id.to_string().into());
    put("purpose", statement.purpose.into());
    put("verified_at", statement.verified_at.to_rfc3339().into());
    put("result", statement.verdict.result().into());
    if let Verdict::Invalid(reason) = statement.verdict {
        put("reason", reason.as_str().into());
    }
    // A receipt without the word is of a phone, as all were before there were printed cards.
    if statement.medium != Medium::Phone {
        put("medium", statement.medium.as_str().into());
    }
    put("disclosed", Value::Array(statement.disclosed.names().into_iter().map(Value::from).collect()));
    put("attributes_sha256", Value::Bytes(attributes_digest(statement.salt, statement.content)?.to_vec()));
    if let Some(digest) = portrait_digest(statement.salt, statement.content) {
        put("portrait_sha256", Value::Bytes(digest.to_vec()));
    }
    Ok(Claims {
        issuer: issuer.to_owned(),
        expires_at: None,
        issued_at: statement.verified_at.seconds(),
        cti: *statement.verification_id.as_bytes(),
        body: Body::Receipt(content),
    })
}

/// On what the QR was of which the receipt (our own, from our own row) speaks.
pub fn medium(receipt: &[u8]) -> Medium {
    let Some(Body::Receipt(map)) = cose::decode(receipt).ok().map(|decoded| decoded.claims.body) else {
        return Medium::Phone;
    };
    let found = map.iter().find(|(key, _)| key.as_text() == Some("medium"));
    found.and_then(|(_, word)| word.as_text()?.parse().ok()).unwrap_or(Medium::Phone)
}

/// Whether `content` is what the receipt (our own, from our own row) speaks of.
pub fn attests(receipt: &[u8], salt: &[u8], content: &Content) -> bool {
    let Ok(decoded) = cose::decode(receipt) else { return false };
    let Body::Receipt(map) = decoded.claims.body else { return false };
    let find = |name: &str| map.iter().find(|(key, _)| key.as_text() == Some(name)).and_then(|(_, v)| v.as_bytes());
    let attributes = attributes_digest(salt, content).ok();
    find("attributes_sha256").map(Vec::as_slice) == attributes.as_ref().map(<[u8; 32]>::as_slice)
        && find("portrait_sha256").map(Vec::as_slice)
            == portrait_digest(salt, content).as_ref().map(<[u8; 32]>::as_slice)
}
