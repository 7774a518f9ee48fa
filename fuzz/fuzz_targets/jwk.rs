//! Public keys as JSON: a key that is read has one canonical form, and that form is the same key.
#![no_main]

use ikd_token::{Jwk, JwkSet, KeyPurpose, PublicKey};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(jwk) = serde_json::from_slice::<Jwk>(bytes)
        && let Some(key) = jwk.public_key()
    {
        let again: Jwk = serde_json::from_str(&key.canonical_jwk()).expect("canonical JSON is JSON");
        assert_eq!(again.public_key().map(|key| key.thumbprint()), Some(key.thumbprint()));
        assert_eq!(PublicKey::from_bytes(key.algorithm(), &key.to_bytes()), Some(key));
        assert_eq!(Jwk::new(&key, KeyPurpose::Token).verifying_key(), Some(key));
    }
    let _ = serde_json::from_slice::<JwkSet>(bytes);
});
