//! The signed structure: claims ↔ tagged COSE_Sign1 (RFC 9052). Nothing here judges keys or time.
//!
//! Reading is strict, so that one token has one form: anything that the service would not have written itself is malformed.

mod decode;
mod encode;

use ciborium::Value;
use coset::iana;
pub use decode::{Decoded, decode};
pub use encode::encode;
pub(crate) use encode::sign1;

use crate::{Algorithm, KeyId, TokenKind, cbor};

const HEADER_ALG: i64 = 1;
const HEADER_KID: i64 = 4;
pub(crate) const HEADER_TYP: i64 = 16;

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

pub(crate) const fn registered(algorithm: Algorithm) -> iana::Algorithm {
    match algorithm {
        Algorithm::Ed25519 => iana::Algorithm::EdDSA,
        Algorithm::Es256 => iana::Algorithm::ES256,
    }
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
