use std::io::Read as _;

use flate2::read::ZlibEncoder;

use super::*;
use crate::jwk::{Jwk, JwkSet};
use crate::{Algorithm, KeyPurpose, PublicKey};

const URI: &str = "https://ikd.example/v1/status-lists/20784000";
const NOW: i64 = 1_800_000_000;

fn hex(text: &str) -> Vec<u8> {
    data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap()
}

#[test]
fn lists_are_read_as_the_draft_packs_them() {
    // draft-ietf-oauth-status-list §4.1 and §5.1: sixteen statuses of one bit, bytes b9 a3, and their `lst`.
    let expected = [1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1];
    let lst = data_encoding::BASE64URL_NOPAD.decode(b"eNrbuRgAAhcBXQ").unwrap();
    let list = StatusList::inflate(1, &lst).unwrap();
    assert_eq!(list.bytes, hex("b9a3"));
    for (index, value) in (0_u32..).zip(expected) {
        let status = if value == 1 { Status::Invalid } else { Status::Valid };
        assert_eq!(list.get(index), Some(status), "{index}");
    }
    assert_eq!(list.get(16), None);
    let invalid = (0_u32..).zip(expected).filter(|(_, value)| *value == 1).map(|(index, _)| index);
    assert_eq!(StatusList::new(16, invalid), list);
    // §4.1: two bits a token, bytes c9 44 f9: 1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3.
    let two = StatusList { bits: 2, bytes: hex("c944f9") };
    let read: Vec<_> = (0..12).map(|index| two.get(index).unwrap()).collect();
    let expected = [1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3].map(|value| match value {
        0 => Status::Valid,
        1 => Status::Invalid,
        2 => Status::Suspended,
        other => Status::Other(other),
    });
    assert_eq!(read, expected);
}

#[test]
fn a_bomb_and_odd_widths_are_no_list() {
    let mut bomb = Vec::new();
    ZlibEncoder::new(std::io::repeat(0).take(1 << 30), Compression::fast())
        .take(6_000_000)
        .read_to_end(&mut bomb)
        .unwrap();
    assert_eq!(StatusList::inflate(1, &bomb), Err(Malformed));
    let good = StatusList::new(8, []).compressed();
    for odd in [&good[..good.len() - 1], &[&good[..], &[0]].concat(), &[]] {
        assert_eq!(StatusList::inflate(1, odd), Err(Malformed), "{odd:?}");
    }
    let most = StatusList::new(8 << 20, []);
    assert_eq!(StatusList::inflate(1, &most.compressed()), Ok(most));
    assert_eq!(StatusList::inflate(1, &StatusList::new((8 << 20) + 1, []).compressed()), Err(Malformed));
    // What no compressor makes shorter.
    let noise = StatusList::new(1 << 20, (0..1 << 20).filter(|n: &u32| n.wrapping_mul(2_654_435_761) >> 31 == 1));
    assert_eq!(StatusList::inflate(1, &noise.compressed()), Ok(noise));
    for bits in [0, 3, 5, 16, u64::MAX] {
        assert_eq!(StatusList::inflate(bits, &good), Err(Malformed), "{bits}");
    }
    assert_eq!(StatusList::inflate(1, b"no zlib"), Err(Malformed));
    assert_eq!(StatusList::new(1 << 20, []).compressed().len() / 200, 0, "an empty list of a million is small");
}

fn key(algorithm: Algorithm) -> (PublicKey, impl Fn(&[u8]) -> Result<crate::SignatureBytes, ()>) {
    use ed25519_dalek::Signer as _;
    let ed25519 = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
    let p256 = p256::ecdsa::SigningKey::from_slice(&[7; 32]).unwrap();
    let public = match algorithm {
        Algorithm::Ed25519 => PublicKey::Ed25519(ed25519.verifying_key()),
        Algorithm::Es256 => PublicKey::P256(*p256.verifying_key()),
    };
    let sign = move |message: &[u8]| {
        Ok(match algorithm {
            Algorithm::Ed25519 => ed25519.sign(message).to_bytes(),
            Algorithm::Es256 => {
                let signature: p256::ecdsa::Signature = p256.sign(message);
                signature.to_bytes().into()
            }
        })
    };
    (public, sign)
}

fn claims() -> ListClaims {
    ListClaims {
        uri: URI.into(),
        issued_at: NOW,
        expires_at: NOW + 3_600,
        ttl: 60,
        aggregation_uri: "https://ikd.example/v1/status-lists".into(),
        list: StatusList::new(1 << 20, [412, 1_048_575]),
    }
}

#[test]
fn both_forms_are_judged_alike() {
    for algorithm in Algorithm::ALL {
        let (public, sign) = key(algorithm);
        let header = Header { algorithm, kid: public.kid() };
        let keys = JwkSet { keys: vec![Jwk::new(&public, KeyPurpose::Status)] };
        let others = JwkSet { keys: vec![Jwk::new(&public, KeyPurpose::Token)] };
        let jwt = encode_jwt(header, &claims(), &sign).unwrap().into_bytes();
        let cwt = encode_cwt(header, &claims(), &sign).unwrap();
        for form in [jwt, cwt] {
            let list = read(&form, URI, &keys, NOW).unwrap();
            assert_eq!(list, claims());
            assert_eq!((list.list.get(412), list.list.get(413)), (Some(Status::Invalid), Some(Status::Valid)));
            assert_eq!((list.list.get(1_048_575), list.list.get(1_048_576)), (Some(Status::Invalid), None));
            assert_eq!(read(&form, URI, &others, NOW), Err(StatusError::UnknownKey));
            assert_eq!(read(&form, "https://ikd.example/v1/status-lists/1", &keys, NOW), Err(StatusError::WrongList));
            assert_eq!(read(&form, URI, &keys, NOW + 3_600), Err(StatusError::Expired));
            assert_eq!(read(&form, URI, &keys, NOW - 11), Err(StatusError::NotYetValid));
            assert!(read(&form, URI, &keys, NOW - 10).is_ok());
            for at in 0..form.len() {
                let mut altered = form.clone();
                altered[at] ^= 4;
                assert!(read(&altered, URI, &keys, NOW).is_err(), "byte {at}");
            }
            assert!(read(&form[..form.len() - 1], URI, &keys, NOW).is_err());
        }
    }
}

#[test]
fn a_token_of_ours_is_no_list() {
    let (public, sign) = key(Algorithm::Ed25519);
    let header =
        crate::cose::Header { algorithm: Algorithm::Ed25519, kid: public.kid(), kind: crate::TokenKind::Receipt };
    let receipt = crate::Claims {
        issuer: String::from("ikd.example"),
        expires_at: None,
        issued_at: NOW,
        cti: [1; 16],
        body: crate::Body::Receipt(Vec::new()),
    };
    let bytes = crate::cose::encode(&header, &receipt, &sign).unwrap();
    let keys = JwkSet { keys: vec![Jwk::new(&public, KeyPurpose::Status)] };
    assert_eq!(read(&bytes, URI, &keys, NOW), Err(StatusError::Malformed));
}

#[test]
fn a_reference_has_one_form() {
    let reference = StatusReference { uri: URI.into(), index: 412 };
    let value = reference.to_value();
    assert_eq!(StatusReference::from_value(&value), Ok(reference.clone()));
    let entry = |name: &str, value: Value| (Value::from(name), value);
    let list = |members: Vec<(Value, Value)>| Value::Map(vec![entry("status_list", Value::Map(members))]);
    let good = || vec![entry("idx", Value::from(1)), entry("uri", Value::from(URI))];
    for (what, odd) in [
        ("no map", Value::from(1)),
        ("nothing", Value::Map(vec![])),
        ("another mechanism", Value::Map(vec![entry("other", Value::Map(good()))])),
        ("two mechanisms", Value::Map(vec![entry("status_list", Value::Map(good())), entry("z", Value::from(1))])),
        ("no place", list(vec![entry("uri", Value::from(URI))])),
        ("more than two", list([good(), vec![entry("x", Value::from(1))]].concat())),
        ("a negative place", list(vec![entry("idx", Value::from(-1)), entry("uri", Value::from(URI))])),
        ("a place beyond 32 bits", list(vec![entry("idx", Value::from(1_u64 << 32)), entry("uri", Value::from(URI))])),
        ("no URI", list(vec![entry("idx", Value::from(1)), entry("uri", Value::from(""))])),
        ("a long URI", list(vec![entry("idx", Value::from(1)), entry("uri", Value::from("u".repeat(257)))])),
    ] {
        assert_eq!(StatusReference::from_value(&odd), Err(Malformed), "{what}");
    }
}
