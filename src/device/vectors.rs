//! The published test vectors (docs/vectors), made by a Python script that shares no code with us.

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::client::{DeviceKey, PinKey, ProofFor};
use super::dpop::{Expected, verify};
use super::jwk::DeviceJwk;
use super::pin::{PinPublicKey, Purpose, signed_bytes};
use super::{decode, decode_exact, encode};

const DEVICE: &str = include_str!("../../docs/vectors/device.json");
const PIN: &str = include_str!("../../docs/vectors/pin.json");

fn hex(text: &str) -> Vec<u8> {
    data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap()
}

#[test]
fn device_keys_thumbprints_and_proofs() {
    let vectors: Value = serde_json::from_str(DEVICE).unwrap();
    let secret = hex(vectors["private_scalar_hex"].as_str().unwrap());
    let key = DeviceKey::from_secret(&secret.try_into().unwrap()).unwrap();
    let jwk = DeviceJwk::parse(vectors["jwk"].to_string().as_bytes()).unwrap();
    assert_eq!(&jwk, key.public());
    assert_eq!(jwk.canonical_json(), vectors["thumbprint_input"].as_str().unwrap());
    assert_eq!(encode(&jwk.thumbprint()), vectors["thumbprint"].as_str().unwrap());
    for case in vectors["proofs"].as_array().unwrap() {
        let (method, url) = (case["method"].as_str().unwrap(), case["url"].as_str().unwrap());
        let (nonce, access_token) = (case["nonce"].as_str(), case["access_token"].as_str());
        let (path, query) = url.split_once('?').map_or((url, None), |(path, query)| (path, Some(query)));
        let expected = Expected { method, url: path, query, access_token };
        let proof = verify(case["proof"].as_str().unwrap(), &expected).unwrap();
        let body = case["body"].as_str().unwrap_or_default().as_bytes();
        assert_eq!(proof.body, (!body.is_empty()).then(|| Sha256::digest(body).into()));
        assert_eq!(proof.thumbprint, key.thumbprint());
        assert_eq!(proof.nonce.as_deref(), nonce);
        // Our own client makes a proof with the same content (members may stand in another order).
        let iat = case["iat"].as_i64().unwrap();
        let what = ProofFor { method, url, body, nonce, access_token, iat };
        let ours = key.proof_with_jti(case["jti"].as_str().unwrap(), &what);
        let parts = |text: &str| -> Vec<Value> {
            text.split('.').take(2).map(|part| serde_json::from_slice(&decode(part).unwrap()).unwrap()).collect()
        };
        assert_eq!(parts(&ours), parts(case["proof"].as_str().unwrap()));
    }
}

#[test]
fn pin_keys_signed_bytes_and_signatures() {
    let vectors: Value = serde_json::from_str(PIN).unwrap();
    assert_eq!(vectors["iterations"], super::client::PIN_ITERATIONS);
    for case in vectors["cases"].as_array().unwrap() {
        let text = |name: &str| case[name].as_str().unwrap();
        let purpose: Purpose = text("purpose").parse().unwrap();
        assert_eq!(purpose.as_str(), text("purpose"));
        let key = PinKey::derive(text("pin"), &hex(text("salt_hex")).try_into().unwrap());
        assert_eq!(key.public_text(), text("pin_public_key"));
        assert_eq!(key.public_text(), PinKey::from_seed(&hex(text("seed_hex")).try_into().unwrap()).public_text());
        let device = decode_exact(text("device_thumbprint")).unwrap();
        let challenge = decode(text("challenge")).unwrap();
        assert_eq!(signed_bytes(purpose, &challenge, &device), hex(text("signed_bytes_hex")));
        assert_eq!(key.sign(purpose, text("challenge"), &device).unwrap(), text("signature"));
        let public = PinPublicKey::parse(text("pin_public_key")).unwrap();
        assert!(public.verifies(purpose, &challenge, &device, text("signature")));
    }
}
