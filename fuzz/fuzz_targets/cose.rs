//! COSE_Sign1 of tokens and receipts: what ours accepts, coset reads too, with the same parts; and no key makes noise a token, or the proof
//! of a statement.
#![no_main]

use coset::{CborSerializable, CoseSign1, TaggedCborSerializable};
use ikd_token::{Algorithm, KeyId, KeyPurpose, PublicKey, TokenKind, VerifyingKeys, cose, receipt, verify};
use libfuzzer_sys::fuzz_target;

/// The base point of Ed25519 (RFC 8032 §5.1): a key like any other, whatever its id.
struct AnyKey;

impl VerifyingKeys for AnyKey {
    fn find(&self, _: &KeyId, _: KeyPurpose) -> Option<PublicKey> {
        let mut point = [0x66; 32];
        point[0] = 0x58;
        PublicKey::from_bytes(Algorithm::Ed25519, &point)
    }
}

fuzz_target!(|bytes: &[u8]| {
    if let Ok(ours) = cose::decode(bytes) {
        let theirs = CoseSign1::from_tagged_slice(bytes).or_else(|_| CoseSign1::from_slice(bytes));
        let theirs = theirs.expect("coset reads what ours does");
        assert_eq!(theirs.protected.original_data.as_deref(), Some(ours.protected.as_slice()));
        assert_eq!(theirs.signature, ours.signature);
        assert_eq!(theirs.tbs_data(&[]), ours.message);
    }
    if let Ok(ours) = receipt::Proof::decode(bytes) {
        let theirs = CoseSign1::from_tagged_slice(bytes).expect("coset reads what ours does");
        assert_eq!((theirs.signature.as_slice(), theirs.payload), (ours.signature.as_slice(), None));
        assert_eq!(ours.encode(), bytes);
    }
    let every = TokenKind::ALL;
    assert!(verify::authenticate_cose(bytes, &every, "ikd.example", &AnyKey).is_err(), "nobody signed this");
});
