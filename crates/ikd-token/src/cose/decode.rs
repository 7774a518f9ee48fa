//! A tagged COSE_Sign1 taken apart.

use ciborium::Value;
use coset::{CoseSign1, Label, RegisteredLabelWithPrivate, TaggedCborSerializable};

use super::{HEADER_TYP, registered};
use crate::claims::{self, Claims};
use crate::text::MAX_INFLATED;
use crate::{Algorithm, KeyId, Malformed, SignatureBytes, TokenKind, cbor};

/// A token taken apart, its signature not yet checked.
pub struct Decoded {
    /// The algorithm that the header names.
    pub algorithm: Algorithm,
    /// The key that the header names.
    pub kid: KeyId,
    /// The kind, when the media type is a known one.
    pub kind: Option<TokenKind>,
    /// The protected header as it was signed.
    pub protected: Vec<u8>,
    /// What it claims.
    pub claims: Claims,
    /// The bytes that were signed (Sig_structure, RFC 9052 §4.4).
    pub message: Vec<u8>,
    /// The signature.
    pub signature: SignatureBytes,
}

/// Takes a tagged COSE_Sign1 apart.
///
/// # Errors
/// When it is not tag 18, not deterministic, signed with another algorithm, has unknown or critical headers, or claims that do
/// not fit its kind.
pub fn decode(bytes: &[u8]) -> Result<Decoded, Malformed> {
    if bytes.len() > MAX_INFLATED || !matches!(cbor::decode(bytes), Some(Value::Tag(18, _))) {
        return Err(Malformed);
    }
    let signed = CoseSign1::from_tagged_slice(bytes).map_err(|_| Malformed)?;
    let protected = signed.protected.original_data.clone().ok_or(Malformed)?;
    cbor::decode(&protected).ok_or(Malformed)?;
    let header = &signed.protected.header;
    let nothing_else = header.crit.is_empty()
        && header.content_type.is_none()
        && header.iv.is_empty()
        && header.partial_iv.is_empty()
        && header.counter_signatures.is_empty()
        && signed.unprotected.is_empty();
    if !nothing_else {
        return Err(Malformed);
    }
    let named = |known: &Algorithm| header.alg == Some(RegisteredLabelWithPrivate::Assigned(registered(*known)));
    let algorithm = Algorithm::ALL.into_iter().find(named).ok_or(Malformed)?;
    let kind = match header.rest.as_slice() {
        [] => None,
        [(Label::Int(HEADER_TYP), Value::Text(typ))] => TokenKind::from_typ(typ),
        // RFC 9596 also allows a CoAP content format; none of ours has one.
        [(Label::Int(HEADER_TYP), Value::Integer(_))] => None,
        _ => return Err(Malformed),
    };
    let kid = header.key_id.as_slice().try_into().map_err(|_| Malformed)?;
    let signature = signed.signature.as_slice().try_into().map_err(|_| Malformed)?;
    let claims = claims::decode(kind, signed.payload.as_deref().ok_or(Malformed)?)?;
    Ok(Decoded { algorithm, kid, kind, protected, claims, message: signed.tbs_data(&[]), signature })
}
