//! What a token says: its CWT claims (RFC 8392), and which of them each kind has.

use ciborium::Value;

use crate::claim169::OfflineClaims;
use crate::status::StatusReference;
use crate::{Malformed, TokenKind, cbor};

/// Seconds that every token but the printed card lives: `exp = iat + 90`.
pub const LIFETIME_SECONDS: i64 = 90;
/// Private claim: what only the service can read.
pub const CLAIM_SEALED: i64 = -65_537;
/// Private claim: attributes for which claim 169 has no code, as a text-keyed map.
pub const CLAIM_MORE: i64 = -65_538;
/// Private claim: the content of a receipt, as a text-keyed map.
pub const CLAIM_RECEIPT: i64 = -65_539;
/// `status`: where a token's status stands (draft-ietf-oauth-status-list §6.3).
pub const CLAIM_STATUS: i64 = 65_535;
/// The identity claim of the claim 169 specification.
pub const CLAIM_169: i64 = 169;

const CLAIM_ISS: i64 = 1;
const CLAIM_EXP: i64 = 4;
const CLAIM_IAT: i64 = 6;
const CLAIM_CTI: i64 = 7;
/// 9999-12-31T23:59:59Z: keeps all arithmetic on times far from the ends of i64.
const LAST_SECOND: i64 = 253_402_300_799;

/// What a token says, before anyone judged it.
#[derive(Clone)]
pub struct Claims {
    /// `iss`: who made it.
    pub issuer: String,
    /// `exp`, seconds since the epoch; only receipts have none.
    pub expires_at: Option<i64>,
    /// `iat`, seconds since the epoch.
    pub issued_at: i64,
    /// `cti`: 16 random bytes; for a receipt the id of the verification.
    pub cti: [u8; 16],
    /// What else it says, by kind.
    pub body: Body,
}

/// What a token says besides the common claims.
#[derive(Clone)]
pub enum Body {
    /// Activation, counter, presentation: nothing that others could read.
    Sealed(Vec<u8>),
    /// Offline presentation and card: attributes in clear, and beside them the sealed record, by which the online
    /// verifier finds the holder's state.
    Offline {
        /// The sealed record.
        sealed: Vec<u8>,
        /// The attributes in clear.
        claims: Box<OfflineClaims>,
        /// Where it stands whether the holder's digital KTP was stopped since.
        status: Option<StatusReference>,
    },
    /// Receipt: the content as a text-keyed map, see `verification::receipt`.
    Receipt(Vec<(Value, Value)>),
    /// A media type that this program does not know.
    Unknown,
}

/// The claims as the deterministic CBOR that is signed.
pub(crate) fn encode(claims: &Claims) -> Vec<u8> {
    let mut map = vec![
        (Value::from(CLAIM_ISS), Value::from(claims.issuer.as_str())),
        (Value::from(CLAIM_IAT), Value::from(claims.issued_at)),
        (Value::from(CLAIM_CTI), Value::Bytes(claims.cti.to_vec())),
    ];
    if let Some(expires_at) = claims.expires_at {
        map.push((Value::from(CLAIM_EXP), Value::from(expires_at)));
    }
    match &claims.body {
        Body::Sealed(sealed) => map.push((Value::from(CLAIM_SEALED), Value::Bytes(sealed.clone()))),
        Body::Offline { sealed, claims, status } => {
            map.push((Value::from(CLAIM_SEALED), Value::Bytes(sealed.clone())));
            let (coded, more) = claims.to_maps();
            map.push((Value::from(CLAIM_169), Value::Map(coded)));
            if !more.is_empty() {
                map.push((Value::from(CLAIM_MORE), Value::Map(more)));
            }
            if let Some(status) = status {
                map.push((Value::from(CLAIM_STATUS), status.to_value()));
            }
        }
        Body::Receipt(content) => map.push((Value::from(CLAIM_RECEIPT), Value::Map(content.clone()))),
        Body::Unknown => {}
    }
    cbor::encode_owned(Value::Map(map))
}

/// Reads what [`encode`] writes, and judges whether it fits the kind.
pub(crate) fn decode(kind: Option<TokenKind>, payload: &[u8]) -> Result<Claims, Malformed> {
    let Some(Value::Map(entries)) = cbor::decode(payload) else { return Err(Malformed) };
    let (mut issuer, mut expires_at, mut issued_at, mut cti) = (None, None, None, None);
    let (mut sealed, mut coded, mut more, mut status, mut receipt) = (None, None, None, None, None);
    for (key, value) in entries {
        let key = key.as_integer().and_then(|key| i64::try_from(key).ok()).ok_or(Malformed)?;
        match (key, value) {
            (CLAIM_ISS, Value::Text(text)) => issuer = Some(text),
            (CLAIM_EXP, Value::Integer(time)) => expires_at = Some(second(time)?),
            (CLAIM_IAT, Value::Integer(time)) => issued_at = Some(second(time)?),
            (CLAIM_CTI, Value::Bytes(bytes)) => cti = Some(bytes.try_into().map_err(|_| Malformed)?),
            (CLAIM_SEALED, Value::Bytes(bytes)) => sealed = Some(bytes),
            (CLAIM_169, Value::Map(map)) => coded = Some(map),
            (CLAIM_MORE, Value::Map(map)) => more = Some(map),
            (CLAIM_STATUS, value) if kind.is_some() => status = Some(StatusReference::from_value(&value)?),
            (CLAIM_RECEIPT, Value::Map(map)) => receipt = Some(map),
            // A claim that is not ours says nothing about a kind that is not ours; in our kinds it is foreign matter.
            _ if kind.is_none() => {}
            _ => return Err(Malformed),
        }
    }
    let body = match (kind, sealed, coded, more, status, receipt) {
        (None, ..) => Body::Unknown,
        (
            Some(TokenKind::Activation | TokenKind::Counter | TokenKind::Presentation),
            Some(sealed),
            None,
            None,
            None,
            None,
        ) => Body::Sealed(sealed),
        (Some(TokenKind::Offline | TokenKind::Card), Some(sealed), Some(coded), more, status, None) => Body::Offline {
            sealed,
            status,
            claims: Box::new(OfflineClaims::from_maps(&coded, &more.unwrap_or_default()).ok_or(Malformed)?),
        },
        (Some(TokenKind::Receipt), None, None, None, None, Some(content)) => Body::Receipt(content),
        _ => return Err(Malformed),
    };
    let (issuer, issued_at, cti) = (issuer.ok_or(Malformed)?, issued_at.ok_or(Malformed)?, cti.ok_or(Malformed)?);
    let lives_as_it_should = match (kind, expires_at) {
        (None, _) | (Some(TokenKind::Receipt), None) => true,
        (Some(TokenKind::Card), Some(expires_at)) => expires_at > issued_at,
        (Some(TokenKind::Receipt), Some(_)) | (Some(_), None) => false,
        (Some(_), Some(expires_at)) => expires_at == issued_at + LIFETIME_SECONDS,
    };
    if !lives_as_it_should {
        return Err(Malformed);
    }
    Ok(Claims { issuer, expires_at, issued_at, cti, body })
}

fn second(time: ciborium::value::Integer) -> Result<i64, Malformed> {
    i64::try_from(time).ok().filter(|second| (0..=LAST_SECOND).contains(second)).ok_or(Malformed)
}
