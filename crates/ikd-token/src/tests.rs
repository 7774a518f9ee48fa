//! Every way in which a token must not pass, under both algorithms.

use ciborium::Value;
use ed25519_dalek::Signer as _;
use proptest::prelude::*;

use crate::claim169::example;
use crate::cose::{self, Header};
use crate::verify::{self, Authentic, VerifyError};
use crate::{Algorithm, Body, Claims, Jwk, JwkSet, KeyPurpose, PublicKey, SignatureBytes, TokenKind, cbor, text};

const ISSUER: &str = "https://ikd.example";
const NOW: i64 = 1_700_000_000;

type Entries = Vec<(Value, Value)>;

/// A private key of either algorithm.
pub(crate) enum TestKey {
    Ed25519(ed25519_dalek::SigningKey),
    P256(p256::ecdsa::SigningKey),
}

impl TestKey {
    pub(crate) fn new(algorithm: Algorithm, secret: &[u8; 32]) -> Self {
        match algorithm {
            Algorithm::Ed25519 => Self::Ed25519(ed25519_dalek::SigningKey::from_bytes(secret)),
            Algorithm::Es256 => Self::P256(p256::ecdsa::SigningKey::from_slice(secret).unwrap()),
        }
    }

    pub(crate) fn public(&self) -> PublicKey {
        match self {
            Self::Ed25519(key) => PublicKey::Ed25519(key.verifying_key()),
            Self::P256(key) => PublicKey::P256(*key.verifying_key()),
        }
    }

    pub(crate) fn sign(&self, message: &[u8]) -> SignatureBytes {
        match self {
            Self::Ed25519(key) => key.sign(message).to_bytes(),
            Self::P256(key) => {
                let signature: p256::ecdsa::Signature = key.sign(message);
                signature.to_bytes().into()
            }
        }
    }

    fn header(&self, kind: TokenKind) -> Header {
        Header { algorithm: self.public().algorithm(), kid: self.public().kid(), kind }
    }
}

struct World {
    tokens: TestKey,
    receipts: TestKey,
    keys: JwkSet,
}

fn world(algorithm: Algorithm) -> World {
    let (tokens, receipts) = (TestKey::new(algorithm, &[1; 32]), TestKey::new(algorithm, &[2; 32]));
    let keys = vec![Jwk::new(&tokens.public(), KeyPurpose::Token), Jwk::new(&receipts.public(), KeyPurpose::Receipt)];
    World { tokens, receipts, keys: JwkSet { keys } }
}

fn worlds() -> [World; 2] {
    Algorithm::ALL.map(world)
}

fn claims(body: Body) -> Claims {
    Claims { issuer: ISSUER.into(), expires_at: Some(NOW + 90), issued_at: NOW, cti: [7; 16], body }
}

fn sealed() -> Claims {
    claims(Body::Sealed(vec![9; 54]))
}

impl World {
    fn signed(&self, key: &TestKey, kind: TokenKind, claims: &Claims) -> Vec<u8> {
        cose::encode(&key.header(kind), claims, |message| Ok::<_, ()>(key.sign(message))).unwrap()
    }

    fn presentation(&self) -> String {
        text::encode_stored(&self.signed(&self.tokens, TokenKind::Presentation, &sealed()))
    }

    fn judge(&self, text: &str, now: i64) -> Result<Authentic, VerifyError> {
        verify::check(text, &[TokenKind::Presentation, TokenKind::Offline], ISSUER, &self.keys, now)
    }

    fn reason(&self, text: &str) -> Option<VerifyError> {
        self.judge(text, NOW).err()
    }

    /// A token put together by hand and signed with a good key: header, payload and tag as the caller likes.
    fn crafted(&self, tag: Option<u64>, header: &[u8], payload: &[u8]) -> Vec<u8> {
        let message = Value::Array(vec![
            "Signature1".into(),
            Value::Bytes(header.to_vec()),
            Value::Bytes(Vec::new()),
            Value::Bytes(payload.to_vec()),
        ]);
        let signature = self.tokens.sign(&cbor::encode(&message));
        let signature = self.tokens.public().algorithm().canonical(signature);
        let array = Value::Array(vec![
            Value::Bytes(header.to_vec()),
            Value::Map(Vec::new()),
            Value::Bytes(payload.to_vec()),
            Value::Bytes(signature.to_vec()),
        ]);
        cbor::encode(&match tag {
            Some(tag) => Value::Tag(tag, Box::new(array)),
            None => array,
        })
    }

    /// Header and payload of a good presentation as lists, to be spoilt.
    fn parts(&self) -> (Entries, Entries) {
        let cose = text::decode(&self.presentation()).unwrap();
        let Some(Value::Tag(18, array)) = cbor::decode(&cose) else { panic!("tag 18") };
        let items = array.into_array().unwrap();
        let map = |at: usize| cbor::decode(items[at].as_bytes().unwrap()).unwrap().into_map().unwrap();
        (map(0), map(2))
    }
}

fn set(map: &[(Value, Value)], key: i64, value: Option<Value>) -> Vec<u8> {
    let mut map: Vec<_> = map.iter().filter(|(known, _)| *known != Value::from(key)).cloned().collect();
    map.extend(value.map(|value| (Value::from(key), value)));
    cbor::encode(&Value::Map(map))
}

#[test]
fn time_is_judged_to_the_second_without_leeway() {
    for world in worlds() {
        let token = world.presentation();
        for offset in -61..=91 {
            let expected = match offset {
                ..=-11 => Some(VerifyError::NotYetValid),
                -10..=89 => None,
                90.. => Some(VerifyError::Expired),
            };
            assert_eq!(world.judge(&token, NOW + offset).err(), expected, "{offset} s");
        }
        assert_eq!(world.judge(&token, i64::MAX).err(), Some(VerifyError::Expired));
        assert_eq!(world.judge(&token, i64::MIN).err(), Some(VerifyError::NotYetValid));
        let first = verify::authenticate(&token, &[TokenKind::Presentation], ISSUER, &world.keys);
        assert!(first.is_ok(), "who asks before time is judged gets the token");
    }
}

#[test]
fn every_flipped_bit_is_refused() {
    for world in worlds() {
        let text = world.presentation();
        let cose = text::decode(&text).unwrap();
        for at in 0..cose.len() * 8 {
            let mut flipped = cose.clone();
            flipped[at / 8] ^= 1 << (at % 8);
            assert!(world.reason(&text::encode(&flipped)).is_some(), "bit {at} of the signed structure");
        }
        for at in 0..text.len() * 8 {
            let mut flipped = text.clone().into_bytes();
            flipped[at / 8] ^= 1 << (at % 8);
            if let Ok(flipped) = String::from_utf8(flipped) {
                assert!(world.reason(&flipped).is_some(), "bit {at} of the text");
            }
        }
    }
}

#[test]
fn the_first_failing_check_names_the_reason() {
    for world in worlds() {
        names_the_first_reason(&world);
    }
}

fn names_the_first_reason(world: &World) {
    let (header, payload) = world.parts();
    let (good_header, good_payload) =
        (cbor::encode(&Value::Map(header.clone())), cbor::encode(&Value::Map(payload.clone())));
    let judge = |header: &[u8], payload: &[u8]| world.reason(&text::encode(&world.crafted(Some(18), header, payload)));
    assert_eq!(judge(&good_header, &good_payload), None, "the crafting itself is right");

    let header_with = |key, value| judge(&set(&header, key, value), &good_payload);
    for other in [-7, -8, -9, -19, -35, 5] {
        if other != world.tokens.public().algorithm().cose() {
            assert_eq!(header_with(1, Some(other.into())), Some(VerifyError::Malformed), "another algorithm");
        }
    }
    assert_eq!(header_with(1, None), Some(VerifyError::Malformed));
    assert_eq!(header_with(4, Some(Value::Bytes(vec![0; 8]))), Some(VerifyError::UnknownKey));
    assert_eq!(header_with(4, Some(Value::Bytes(vec![0; 7]))), Some(VerifyError::Malformed));
    assert_eq!(header_with(2, Some(Value::Array(vec![99.into()]))), Some(VerifyError::Malformed), "critical header");
    assert_eq!(header_with(99, Some(1.into())), Some(VerifyError::Malformed), "foreign header");
    assert_eq!(header_with(16, None), Some(VerifyError::WrongType));
    assert_eq!(header_with(16, Some("application/other+cwt".into())), Some(VerifyError::WrongType));
    assert_eq!(header_with(16, Some(TokenKind::Counter.typ().into())), Some(VerifyError::WrongType));
    assert_eq!(
        header_with(16, Some(TokenKind::Receipt.typ().into())),
        Some(VerifyError::Malformed),
        "no receipt inside"
    );

    let payload_with = |key, value| judge(&good_header, &set(&payload, key, value));
    assert_eq!(payload_with(1, Some("https://other.example".into())), Some(VerifyError::UnknownKey));
    assert_eq!(payload_with(4, Some((NOW + 91).into())), Some(VerifyError::Malformed), "lives longer than 90 s");
    assert_eq!(payload_with(4, None), Some(VerifyError::Malformed));
    assert_eq!(payload_with(6, Some(Value::Float(NOW as f64))), Some(VerifyError::Malformed));
    assert_eq!(payload_with(6, Some((-1).into())), Some(VerifyError::Malformed));
    assert_eq!(payload_with(7, Some(Value::Bytes(vec![0; 15]))), Some(VerifyError::Malformed));
    assert_eq!(payload_with(-65_537, None), Some(VerifyError::Malformed));
    assert_eq!(payload_with(169, Some(Value::Map(Vec::new()))), Some(VerifyError::Malformed));
    assert_eq!(payload_with(-1, Some(1.into())), Some(VerifyError::Malformed), "foreign claim");

    let doubled = [&good_payload[..1], &[0x06, 0x00][..], &good_payload[1..]].concat();
    let doubled = [&[doubled[0] + 1][..], &doubled[1..]].concat();
    assert_eq!(judge(&good_header, &doubled), Some(VerifyError::Malformed), "duplicate key");
    let longer_header = [&good_header[..], &[0]].concat();
    assert_eq!(judge(&longer_header, &good_payload), Some(VerifyError::Malformed), "bytes behind header");
    assert_eq!(judge(&good_header, &[&good_payload[..], &[0]].concat()), Some(VerifyError::Malformed));

    for tag in [None, Some(61), Some(17), Some(98)] {
        let text = text::encode(&world.crafted(tag, &good_header, &good_payload));
        assert_eq!(world.reason(&text), Some(VerifyError::Malformed), "tag {tag:?}");
    }
    let inside_61 = [&[0xd8, 0x3d][..], &world.crafted(Some(18), &good_header, &good_payload)].concat();
    assert_eq!(world.reason(&text::encode(&inside_61)), Some(VerifyError::Malformed));
    let trailing = [&world.crafted(Some(18), &good_header, &good_payload)[..], &[0]].concat();
    assert_eq!(world.reason(&text::encode(&trailing)), Some(VerifyError::Malformed));
}

#[test]
fn kinds_and_keys_do_not_stand_in_for_each_other() {
    for world in worlds() {
        for kind in [TokenKind::Activation, TokenKind::Counter] {
            let token = text::encode_stored(&world.signed(&world.tokens, kind, &sealed()));
            assert_eq!(world.reason(&token), Some(VerifyError::WrongType));
        }
        let token = text::encode_stored(&world.signed(&world.receipts, TokenKind::Presentation, &sealed()));
        assert_eq!(world.reason(&token), Some(VerifyError::UnknownKey), "a receipt key signs no presentations");
        let content = Body::Receipt(vec![("result".into(), "valid".into())]);
        let content = Claims { expires_at: None, ..claims(content) };
        let receipt = world.signed(&world.receipts, TokenKind::Receipt, &content);
        assert_eq!(world.reason(&text::encode(&receipt)), Some(VerifyError::WrongType));
        let receipt = verify::authenticate_cose(&receipt, &[TokenKind::Receipt], ISSUER, &world.keys).ok().unwrap();
        assert!(receipt.judge_time(NOW + 1_000_000).is_ok(), "a receipt does not expire");
    }
}

#[test]
fn a_key_of_one_algorithm_verifies_nothing_of_the_other() {
    let [ed25519, es256] = worlds();
    for (one, other) in [(&ed25519, &es256), (&es256, &ed25519)] {
        assert_eq!(other.reason(&one.presentation()), Some(VerifyError::UnknownKey));
        let both = JwkSet { keys: [&one.keys.keys[..], &other.keys.keys].concat() };
        assert!(verify::check(&one.presentation(), &[TokenKind::Presentation], ISSUER, &both, NOW).is_ok());
        // Its header names the other's key, and the algorithm of either.
        for algorithm in Algorithm::ALL {
            let header = Header { algorithm, ..other.tokens.header(TokenKind::Presentation) };
            let forged = cose::encode(&header, &sealed(), |message| Ok::<_, ()>(one.tokens.sign(message))).unwrap();
            let refused = verify::check(&text::encode(&forged), &[TokenKind::Presentation], ISSUER, &both, NOW).err();
            let fits = algorithm == other.tokens.public().algorithm();
            assert_eq!(refused, Some(if fits { VerifyError::BadSignature } else { VerifyError::Malformed }));
        }
    }
}

#[test]
fn an_es256_signature_has_one_spelling() {
    use p256::elliptic_curve::Field;
    let world = world(Algorithm::Es256);
    let cose = text::decode(&world.presentation()).unwrap();
    let (rest, signature) = cose.split_at(cose.len() - 64);
    let parsed = p256::ecdsa::Signature::from_slice(signature).unwrap();
    let (r, s) = parsed.split_scalars();
    assert!(!bool::from(s.is_zero()));
    let respelled = p256::ecdsa::Signature::from_scalars(r.to_bytes(), (-*s).to_bytes()).unwrap();
    let again = [rest, &respelled.to_bytes()].concat();
    assert_eq!(world.reason(&text::encode(&again)), Some(VerifyError::BadSignature));
    // A module may give either; what is written is the one.
    let header = world.tokens.header(TokenKind::Presentation);
    let written = cose::encode(&header, &sealed(), |_| Ok::<_, ()>(respelled.to_bytes().into())).unwrap();
    assert_eq!(written, cose);
}

#[test]
fn an_offline_token_shows_the_choice() {
    for world in worlds() {
        let status =
            Some(crate::StatusReference { uri: String::from("https://ikd.example/v1/status-lists/1"), index: 7 });
        let body = Body::Offline { sealed: vec![9; 54], claims: Box::new(example()), status };
        let token = text::encode(&world.signed(&world.tokens, TokenKind::Offline, &claims(body)));
        let token = world.judge(&token, NOW).ok().unwrap();
        let Body::Offline { claims, .. } = token.claims.body else { panic!("offline") };
        assert!(*claims == example());
    }
}

#[test]
fn a_deferred_signature_is_checked_with_its_key() {
    for world in worlds() {
        let read = |text: &str| verify::read(text, &[TokenKind::Presentation], ISSUER, &world.keys).ok().unwrap();
        let text = world.presentation();
        let unverified = read(&text);
        assert!(unverified.is_expected() && unverified.unproven().kid == world.tokens.public().kid());
        let (token, mut signed) = unverified.defer();
        assert!(signed.check().is_ok() && token.protected() == world.tokens.header(TokenKind::Presentation).to_bytes());
        signed.message[0] ^= 1;
        assert_eq!(signed.check(), Err(VerifyError::BadSignature));
        let counter = text::encode_stored(&world.signed(&world.tokens, TokenKind::Counter, &sealed()));
        assert!(!read(&counter).is_expected());
        assert_eq!(read(&counter).verify().err(), Some(VerifyError::WrongType));
    }
}

proptest! {
    #[test]
    fn arbitrary_text_never_panics(text in "\\PC{0,300}") {
        prop_assert!(world(Algorithm::Ed25519).reason(&text).is_some());
    }

    #[test]
    fn arbitrary_bytes_in_good_wrapping_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert_eq!(world(Algorithm::Ed25519).reason(&text::encode(&bytes)), Some(VerifyError::Malformed));
    }

    #[test]
    fn what_was_written_is_read(cti in any::<[u8; 16]>(), sealed in prop::collection::vec(any::<u8>(), 0..200)) {
        for world in worlds() {
            let claims = Claims { cti, ..claims(Body::Sealed(sealed.clone())) };
            let cose = world.signed(&world.tokens, TokenKind::Presentation, &claims);
            let token = world.judge(&text::encode(&cose), NOW).ok().unwrap();
            prop_assert_eq!(token.claims.cti, cti);
            prop_assert!(matches!(token.claims.body, Body::Sealed(read) if read == sealed));
        }
    }
}
