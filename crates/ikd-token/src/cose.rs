//! The signed structure: claims ↔ tagged COSE_Sign1 (RFC 9052). Nothing here judges keys or time.
//!
//! Reading is strict, so that one token has one form: anything that the service would not have written itself is malformed.

use ciborium::Value;
use coset::{
    CoseSign1, CoseSign1Builder, HeaderBuilder, Label, RegisteredLabelWithPrivate, TaggedCborSerializable, iana,
};

use crate::claims::{self, Claims};
use crate::text::MAX_INFLATED;
use crate::{Algorithm, KeyId, Malformed, SignatureBytes, TokenKind, cbor};

const HEADER_ALG: i64 = 1;
const HEADER_KID: i64 = 4;
const HEADER_TYP: i64 = 16;

/// What stands in the protected header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// How it is signed.
    pub algorithm: Algorithm,
    /// With which key.
    pub kid: KeyId,
    /// What it is.
    pub kind: TokenKind,
}

impl Header {
    /// The bytes that are signed: `{1: alg, 4: kid, 16: typ}`.
    pub fn to_bytes(&self) -> Vec<u8> {
        cbor::encode(&Value::Map(vec![
            (Value::from(HEADER_ALG), Value::from(self.algorithm.cose())),
            (Value::from(HEADER_KID), Value::Bytes(self.kid.to_vec())),
            (Value::from(HEADER_TYP), Value::from(self.kind.typ())),
        ]))
    }
}

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

/// Signs claims: the tagged COSE_Sign1. The signature is written in its one spelling ([`Algorithm::canonical`]).
///
/// # Errors
/// What `sign` gives back.
pub fn encode<E>(
    header: &Header,
    claims: &Claims,
    sign: impl FnOnce(&[u8]) -> Result<SignatureBytes, E>,
) -> Result<Vec<u8>, E> {
    let protected = HeaderBuilder::new()
        .algorithm(registered(header.algorithm))
        .key_id(header.kid.to_vec())
        .value(HEADER_TYP, Value::from(header.kind.typ()))
        .build();
    let signed = CoseSign1Builder::new()
        .protected(protected)
        .payload(claims::encode(claims))
        .try_create_signature(&[], |message| Ok(header.algorithm.canonical(sign(message)?).to_vec()))?
        .build();
    // Every part was built above from integers, texts and bytes, all of which CBOR can express.
    Ok(signed.to_tagged_vec().unwrap_or_default())
}

const fn registered(algorithm: Algorithm) -> iana::Algorithm {
    match algorithm {
        Algorithm::Ed25519 => iana::Algorithm::EdDSA,
        Algorithm::Es256 => iana::Algorithm::ES256,
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_is_what_the_protocol_says() {
        for (algorithm, byte) in [(Algorithm::Ed25519, 0x27), (Algorithm::Es256, 0x26)] {
            // By hand from RFC 8949: map(3) 1: -8 or -7, 4: bytes(8), 16: text(32).
            let mut expected = vec![0xa3, 0x01, byte, 0x04, 0x48, 1, 2, 3, 4, 5, 6, 7, 8, 0x10, 0x78, 0x20];
            expected.extend_from_slice(b"application/ikd-presentation+cwt");
            let header = Header { algorithm, kid: [1, 2, 3, 4, 5, 6, 7, 8], kind: TokenKind::Presentation };
            assert_eq!(header.to_bytes(), expected);
        }
    }
}
