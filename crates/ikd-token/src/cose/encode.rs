//! A tagged COSE_Sign1 put together and signed.

use ciborium::Value;
use coset::{CoseSign1Builder, HeaderBuilder, TaggedCborSerializable};

use super::{HEADER_TYP, Header, registered};
use crate::claims::{self, Claims};
use crate::{Algorithm, KeyId, SignatureBytes};

/// Signs claims: the tagged COSE_Sign1. The signature is written in its one spelling ([`crate::Algorithm::canonical`]).
///
/// # Errors
/// What `sign` gives back.
pub fn encode<E>(
    header: &Header,
    claims: &Claims,
    sign: impl FnOnce(&[u8]) -> Result<SignatureBytes, E>,
) -> Result<Vec<u8>, E> {
    sign1(header.algorithm, &header.kid, header.kind.typ(), claims::encode(claims), sign)
}

/// Signs any payload of this media type.
pub(crate) fn sign1<E>(
    algorithm: Algorithm,
    kid: &KeyId,
    typ: &str,
    payload: Vec<u8>,
    sign: impl FnOnce(&[u8]) -> Result<SignatureBytes, E>,
) -> Result<Vec<u8>, E> {
    let protected = HeaderBuilder::new()
        .algorithm(registered(algorithm))
        .key_id(kid.to_vec())
        .value(HEADER_TYP, Value::from(typ))
        .build();
    let signed = CoseSign1Builder::new()
        .protected(protected)
        .payload(payload)
        .try_create_signature(&[], |message| Ok(algorithm.canonical(sign(message)?).to_vec()))?
        .build();
    // Every part was built above from integers, texts and bytes, all of which CBOR can express.
    Ok(signed.to_tagged_vec().unwrap_or_default())
}
