//! A tagged COSE_Sign1 put together and signed.

use ciborium::Value;
use coset::{CoseSign1Builder, HeaderBuilder, TaggedCborSerializable};

use super::{HEADER_TYP, Header, registered};
use crate::SignatureBytes;
use crate::claims::{self, Claims};

/// Signs claims: the tagged COSE_Sign1. The signature is written in its one spelling ([`crate::Algorithm::canonical`]).
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
