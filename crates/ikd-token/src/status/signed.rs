//! A status list as it is published: a JWT (§5.1) or a CWT (§5.2).

use ciborium::Value;
use coset::{CoseSign1, Label, RegisteredLabelWithPrivate, TaggedCborSerializable};
use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};

use super::{CWT_TYPE, MAX_LIST, StatusList};
use crate::cose::{self, HEADER_TYP, registered};
use crate::jwk::{base64url, kid_from_text, kid_text};
use crate::verify::FUTURE_LEEWAY_SECONDS;
use crate::{Algorithm, KeyId, KeyPurpose, SignatureBytes, VerifyingKeys, cbor};

/// `typ` of the JWT, in the short spelling of RFC 7515 §4.1.9.
const JWT_TYP: &str = "statuslist+jwt";
const CLAIM_SUB: i64 = 2;
const CLAIM_EXP: i64 = 4;
const CLAIM_IAT: i64 = 6;
const CLAIM_TTL: i64 = 65_534;
const CLAIM_STATUS_LIST: i64 = 65_533;

/// What a published list says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListClaims {
    /// `sub`: the URI at which it is published, and which tokens name.
    pub uri: String,
    /// `iat`, seconds since the epoch.
    pub issued_at: i64,
    /// `exp`: nobody may go by it after this.
    pub expires_at: i64,
    /// `ttl`: seconds for which a copy may be kept.
    pub ttl: i64,
    /// Where all lists are named (§9).
    pub aggregation_uri: String,
    /// The list.
    pub list: StatusList,
}

/// Which key signs.
#[derive(Clone, Copy, Debug)]
pub struct Header {
    /// How.
    pub algorithm: Algorithm,
    /// With which.
    pub kid: KeyId,
}

/// Why a published list is not gone by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StatusError {
    /// Not a status list, or damaged.
    #[error("not a status list, or damaged")]
    Malformed,
    /// Signed with a key that is not in the key set, or is not for status lists.
    #[error("signed with a key that is not in the key set, or is not for status lists")]
    UnknownKey,
    /// The signature is wrong.
    #[error("the signature does not fit: altered or forged")]
    BadSignature,
    /// Another list than the one that the token names.
    #[error("another list than the one that the token names")]
    WrongList,
    /// Issued in the future.
    #[error("issued in the future")]
    NotYetValid,
    /// Too old to go by.
    #[error("too old: fetch it again")]
    Expired,
}

#[derive(Serialize, Deserialize)]
struct JwtHeader {
    alg: String,
    kid: String,
    typ: String,
}

#[derive(Serialize, Deserialize)]
struct JwtClaims {
    sub: String,
    iat: i64,
    exp: i64,
    ttl: i64,
    status_list: JwtList,
}

#[derive(Serialize, Deserialize)]
struct JwtList {
    bits: u64,
    lst: String,
    aggregation_uri: Option<String>,
}

/// Signs a list as JWT (compact serialization, RFC 7515 §7.1).
///
/// # Errors
/// What `sign` gives back.
pub fn encode_jwt<E>(
    header: Header,
    claims: &ListClaims,
    sign: impl FnOnce(&[u8]) -> Result<SignatureBytes, E>,
) -> Result<String, E> {
    let head = JwtHeader {
        alg: String::from(header.algorithm.as_str()),
        kid: kid_text(&header.kid),
        typ: String::from(JWT_TYP),
    };
    let body = JwtClaims {
        sub: claims.uri.clone(),
        iat: claims.issued_at,
        exp: claims.expires_at,
        ttl: claims.ttl,
        status_list: JwtList {
            bits: u64::from(claims.list.bits()),
            lst: base64url(&claims.list.compressed()),
            aggregation_uri: Some(claims.aggregation_uri.clone()),
        },
    };
    // Texts and numbers: JSON has a form for all of them.
    let part = |json: Result<Vec<u8>, serde_json::Error>| base64url(&json.unwrap_or_default());
    let message = format!("{}.{}", part(serde_json::to_vec(&head)), part(serde_json::to_vec(&body)));
    let signature = header.algorithm.canonical(sign(message.as_bytes())?);
    Ok(format!("{message}.{}", base64url(&signature)))
}

/// Signs a list as CWT: a tagged COSE_Sign1.
///
/// # Errors
/// What `sign` gives back.
pub fn encode_cwt<E>(
    header: Header,
    claims: &ListClaims,
    sign: impl FnOnce(&[u8]) -> Result<SignatureBytes, E>,
) -> Result<Vec<u8>, E> {
    let list = vec![
        (Value::from("bits"), Value::from(claims.list.bits())),
        (Value::from("lst"), Value::Bytes(claims.list.compressed())),
        (Value::from("aggregation_uri"), Value::from(claims.aggregation_uri.as_str())),
    ];
    let payload = Value::Map(vec![
        (Value::from(CLAIM_SUB), Value::from(claims.uri.as_str())),
        (Value::from(CLAIM_EXP), Value::from(claims.expires_at)),
        (Value::from(CLAIM_IAT), Value::from(claims.issued_at)),
        (Value::from(CLAIM_STATUS_LIST), Value::Map(list)),
        (Value::from(CLAIM_TTL), Value::from(claims.ttl)),
    ]);
    cose::sign1(header.algorithm, &header.kid, CWT_TYPE, cbor::encode_owned(payload), sign)
}

/// A list taken apart, with what was signed.
struct Parts {
    kid: KeyId,
    algorithm: Algorithm,
    message: Vec<u8>,
    signature: SignatureBytes,
    claims: ListClaims,
}

/// Judges a published list, in either form: signed with a key for status lists, the one at `uri`, and of this time. `now` is in seconds since
/// the epoch.
///
/// # Errors
/// The first reason that applies, in the order of [`StatusError`].
pub fn read(bytes: &[u8], uri: &str, keys: &dyn VerifyingKeys, now: i64) -> Result<ListClaims, StatusError> {
    // More than the longest list has compressed, in the longer of the two forms.
    if bytes.len() > 2 * MAX_LIST {
        return Err(StatusError::Malformed);
    }
    // Base64url of `{"`; a COSE_Sign1 begins with tag 18.
    let parts = if bytes.starts_with(b"eyJ") { jwt(bytes) } else { cwt(bytes) }.ok_or(StatusError::Malformed)?;
    let key = keys.find(&parts.kid, KeyPurpose::Status).ok_or(StatusError::UnknownKey)?;
    // The key decides how a signature is checked, never the list.
    if key.algorithm() != parts.algorithm {
        return Err(StatusError::Malformed);
    }
    if !key.verifies(&parts.message, &parts.signature) {
        return Err(StatusError::BadSignature);
    }
    let claims = parts.claims;
    if claims.uri != uri {
        return Err(StatusError::WrongList);
    }
    if claims.issued_at > now.saturating_add(FUTURE_LEEWAY_SECONDS) {
        return Err(StatusError::NotYetValid);
    }
    if claims.expires_at <= now {
        return Err(StatusError::Expired);
    }
    Ok(claims)
}

fn algorithm(is: impl Fn(Algorithm) -> bool) -> Option<Algorithm> {
    Algorithm::ALL.into_iter().find(|known| is(*known))
}

fn jwt(bytes: &[u8]) -> Option<Parts> {
    let text = std::str::from_utf8(bytes).ok()?.trim_end();
    let (message, signature) = text.rsplit_once('.')?;
    let (head, body) = message.split_once('.')?;
    let decode = |part: &str| BASE64URL_NOPAD.decode(part.as_bytes()).ok();
    let head: JwtHeader = serde_json::from_slice(&decode(head)?).ok()?;
    let body: JwtClaims = serde_json::from_slice(&decode(body)?).ok()?;
    if head.typ != JWT_TYP {
        return None;
    }
    Some(Parts {
        kid: kid_from_text(&head.kid)?,
        algorithm: algorithm(|known| known.as_str() == head.alg)?,
        message: message.as_bytes().to_vec(),
        signature: decode(signature)?.try_into().ok()?,
        claims: ListClaims {
            list: StatusList::inflate(body.status_list.bits, &decode(&body.status_list.lst)?).ok()?,
            uri: body.sub,
            issued_at: body.iat,
            expires_at: body.exp,
            ttl: body.ttl,
            aggregation_uri: body.status_list.aggregation_uri.unwrap_or_default(),
        },
    })
}

fn cwt(bytes: &[u8]) -> Option<Parts> {
    let signed = CoseSign1::from_tagged_slice(bytes).ok()?;
    let header = &signed.protected.header;
    let typed =
        header.rest.iter().any(|(label, value)| *label == Label::Int(HEADER_TYP) && value.as_text() == Some(CWT_TYPE));
    if !typed || !header.crit.is_empty() {
        return None;
    }
    let Value::Map(claims) = cbor::decode(signed.payload.as_deref()?)? else { return None };
    let claim = |wanted: i64| claims.iter().find(|(key, _)| *key == Value::from(wanted)).map(|(_, value)| value);
    let number = |wanted: i64| claim(wanted)?.as_integer().and_then(|number| i64::try_from(number).ok());
    let list = claim(CLAIM_STATUS_LIST)?.as_map()?;
    let member = |wanted: &str| list.iter().find(|(key, _)| key.as_text() == Some(wanted)).map(|(_, value)| value);
    let bits = member("bits")?.as_integer().and_then(|bits| u64::try_from(bits).ok())?;
    Some(Parts {
        kid: header.key_id.as_slice().try_into().ok()?,
        algorithm: algorithm(|known| header.alg == Some(RegisteredLabelWithPrivate::Assigned(registered(known))))?,
        message: signed.tbs_data(&[]),
        signature: signed.signature.as_slice().try_into().ok()?,
        claims: ListClaims {
            uri: claim(CLAIM_SUB)?.as_text()?.to_owned(),
            issued_at: number(CLAIM_IAT)?,
            expires_at: number(CLAIM_EXP)?,
            ttl: number(CLAIM_TTL)?,
            aggregation_uri: member("aggregation_uri").and_then(Value::as_text).unwrap_or_default().to_owned(),
            list: StatusList::inflate(bits, member("lst")?.as_bytes()?).ok()?,
        },
    })
}
