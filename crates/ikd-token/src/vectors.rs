//! The published vectors (docs/vectors/token.json), made by a Python script that shares no code with us.

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use serde_json::Value as Json;

use crate::cose::{self, Header};
use crate::jwk::base64url;
use crate::receipt::{self, Proof, Tree};
use crate::tests::TestKey;
use crate::verify::{authenticate_cose, authenticate_receipt, check};
use crate::{Algorithm, Body, Jwk, JwkSet, KeyPurpose, TokenKind, VerifyError, text};

fn vectors() -> Json {
    serde_json::from_str(include_str!("../../../docs/vectors/token.json")).unwrap()
}

fn hex(of: &Json, name: &str) -> Vec<u8> {
    HEXLOWER.decode(of[name].as_str().unwrap().as_bytes()).unwrap()
}

fn keys(vectors: &Json) -> Vec<(KeyPurpose, TestKey)> {
    let keys = vectors["keys"].as_array().unwrap().iter().map(|key| {
        let algorithm = Algorithm::from_name(key["algorithm"].as_str().unwrap()).unwrap();
        let purpose = KeyPurpose::from_name(key["purpose"].as_str().unwrap()).unwrap();
        (purpose, TestKey::new(algorithm, &hex(key, "secret_hex").try_into().unwrap()))
    });
    keys.collect()
}

#[test]
fn keys_are_published_as_the_vectors_say() {
    let vectors = vectors();
    let set: JwkSet = serde_json::from_value(vectors["jwks"].clone()).unwrap();
    assert_eq!(set.keys.len(), 4);
    for ((purpose, key), (vector, jwk)) in
        keys(&vectors).iter().zip(vectors["keys"].as_array().unwrap().iter().zip(&set.keys))
    {
        let public = key.public();
        assert_eq!(base64url(&public.thumbprint()), vector["thumbprint"].as_str().unwrap());
        assert_eq!(public.kid().to_vec(), hex(vector, "kid_hex"));
        assert_eq!(public.to_cose_key(), hex(vector, "cose_key_hex"));
        assert_eq!(&Jwk::new(&public, *purpose), jwk);
    }
    assert_eq!(serde_json::to_value(&set).unwrap(), vectors["jwks"], "and written as it was read");
}

#[test]
fn tokens_are_verified_and_made_again_to_the_byte() {
    let vectors = vectors();
    let (set, issuer): (JwkSet, _) =
        (serde_json::from_value(vectors["jwks"].clone()).unwrap(), vectors["issuer"].as_str().unwrap());
    let keys = keys(&vectors);
    for case in vectors["tokens"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let (bytes, kind) = (hex(case, "cose_hex"), TokenKind::from_typ(case["typ"].as_str().unwrap()).unwrap());
        let written = case["text"].as_str().unwrap();
        let token = if kind == TokenKind::Receipt {
            assert_eq!(base64url(&bytes), written, "{name}");
            authenticate_cose(&bytes, &[kind], issuer, &set).ok().unwrap()
        } else {
            assert_eq!(text::decode(written).unwrap(), bytes, "{name}");
            let now = case["issued_at"].as_i64().unwrap() + 89;
            assert!(check(written, &[kind], issuer, &set, now + 1).is_err(), "{name}");
            check(written, &[kind], issuer, &set, now).ok().unwrap()
        };
        assert_eq!(token.claims.expires_at, case["expires_at"].as_i64(), "{name}");
        let decoded = cose::decode(&bytes).unwrap();
        assert_eq!(decoded.message, hex(case, "message_hex"), "{name}");
        let (_, key) = keys.iter().find(|(_, key)| key.public().kid() == token.kid).unwrap();
        let header = Header { algorithm: decoded.algorithm, kid: token.kid, kind };
        assert_eq!(header.algorithm.as_str(), case["algorithm"].as_str().unwrap(), "{name}");
        assert_eq!(header.to_bytes(), decoded.protected, "{name}");
        let again = cose::encode(&header, &token.claims, |message| Ok::<_, ()>(key.sign(message))).unwrap();
        assert_eq!(again, bytes, "{name}");
        match &token.claims.body {
            Body::Sealed(_) => assert_eq!(text::encode_stored(&bytes), written, "{name}"),
            Body::Offline { claims, .. } => {
                assert_eq!(claims.full_name.as_deref(), Some("SITI AMINAH"), "{name}");
                assert_eq!(text::decode(&text::encode(&bytes)).unwrap(), bytes, "{name}");
            }
            Body::Receipt(content) => {
                let party = content.iter().find(|(key, _)| key.as_text() == Some("relying_party")).unwrap();
                assert_eq!(party.1.as_text(), Some("Bank Contoh"), "{name}");
            }
            Body::Unknown => panic!("{name}"),
        }
    }
}

#[test]
fn proofs_of_receipts_are_verified_and_made_again_to_the_byte() {
    let vectors = vectors();
    let (set, issuer): (JwkSet, _) =
        (serde_json::from_value(vectors["jwks"].clone()).unwrap(), vectors["issuer"].as_str().unwrap());
    let keys = keys(&vectors);
    let cases = vectors["receipts"].as_array().unwrap();
    assert_eq!(cases.len(), 2 * (1 + 2 + 5));
    let bytes = |case: &Json, name: &str| BASE64URL_NOPAD.decode(case[name].as_str().unwrap().as_bytes()).unwrap();
    for batch in cases.chunk_by(|one, next| one["root_hex"] == next["root_hex"]) {
        let tree = Tree::new(batch.iter().map(|case| receipt::leaf(&bytes(case, "statement"))).collect());
        assert_eq!(tree.root().to_vec(), hex(&batch[0], "root_hex"));
        for (index, case) in batch.iter().enumerate() {
            let (name, statement, proof) = (&case["name"], bytes(case, "statement"), bytes(case, "proof"));
            let judged = authenticate_receipt(&statement, &proof, issuer, &set).ok().unwrap();
            assert_eq!(receipt::statement(&judged.claims), statement, "{name}");
            let (_, key) = keys.iter().find(|(_, key)| key.public().kid() == judged.kid).unwrap();
            let by = (key.public().algorithm(), judged.kid);
            let signature = receipt::sign(&tree, (by.0, &by.1), |message| Ok::<_, ()>(key.sign(message))).unwrap();
            assert_eq!(Proof::new(&tree, index as u64, by, signature).encode(), proof, "{name}");
            // Another statement, another issuer, another batch: nothing of that is proven.
            let other = bytes(&batch[(index + 1) % batch.len()], "statement");
            let refused = authenticate_receipt(&other, &proof, issuer, &set).err();
            assert_eq!(refused, (batch.len() > 1).then_some(VerifyError::BadSignature), "{name}");
            let foreign = authenticate_receipt(&statement, &proof, "https://other.example", &set).err();
            assert_eq!(foreign, Some(VerifyError::UnknownKey));
            let tokens = JwkSet {
                keys: set.keys.iter().filter(|key| key.purpose.as_deref() == Some("token")).cloned().collect(),
            };
            assert_eq!(authenticate_receipt(&statement, &proof, issuer, &tokens).err(), Some(VerifyError::UnknownKey));
            for at in (index..proof.len()).step_by(5) {
                let mut spoilt = proof.clone();
                spoilt[at] ^= 1;
                assert!(authenticate_receipt(&statement, &spoilt, issuer, &set).is_err(), "{name}: byte {at}");
            }
        }
    }
}
