//! The whole way of a token, from making it to unsealing it, under both algorithms.

use uuid::Uuid;

use super::claim169::OfflineClaims;
use super::photo::{Portrait, synthetic_portrait};
use super::signatures::all_good;
use super::verify::{self, Judged, ServiceToken};
use super::{
    Algorithm, Body, FileSigner, Issued, Issuer, Jwk, JwkSet, KeyPurpose, Reason, SealedRecord, Signer, TokenKind,
    TokenSealer, cose, issue, qr, text,
};
use crate::clock::Timestamp;
use crate::random::Random;
use crate::vault::Vault;

const ISSUER: &str = "https://ikd.example";
const NOW: Timestamp = Timestamp::from_micros(1_700_000_000_250_000);

struct World {
    signer: FileSigner,
    sealer: TokenSealer,
    random: Random,
    keys: JwkSet,
}

fn worlds() -> [World; 2] {
    Algorithm::ALL.map(|algorithm| {
        let signer = FileSigner::from_seed_of(algorithm, &[1; 32]).unwrap();
        let keys = JwkSet { keys: vec![Jwk::new(signer.public_key(), KeyPurpose::Token)] };
        World { signer, sealer: TokenSealer::new(Vault::single([3; 32])), random: Random::seeded(4), keys }
    })
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

    fn judge(&self, text: &str, now: Timestamp) -> Result<ServiceToken, Reason> {
        let expected = [TokenKind::Presentation, TokenKind::Offline];
        let token = verify::authenticate(text, &expected, ISSUER, &self.keys)?;
        token.judge_time(now)?;
        Ok(token)
    }
}

/// What the published vector of an offline token shows.
fn example() -> OfflineClaims {
    let vectors: serde_json::Value = serde_json::from_str(include_str!("../../docs/vectors/token.json")).unwrap();
    let offline = cose::decode(&text::decode(vectors["tokens"][1]["text"].as_str().unwrap()).unwrap()).unwrap();
    let Body::Offline { claims, .. } = offline.claims.body else { panic!("offline") };
    *claims
}

#[test]
fn a_token_is_made_drawn_read_and_unsealed() {
    for world in worlds() {
        let issued = world.presentation();
        assert_eq!(issued.expires_at.seconds() - issued.issued_at.seconds(), 90);
        let read = qr::read_png(&qr::png(&issued.token).unwrap()).unwrap();
        let token = world.judge(&read, NOW).ok().unwrap();
        assert_eq!(token.unseal(&world.sealer).unwrap(), World::record(TokenKind::Presentation));
        assert_eq!(verify::named_holder(&read, &world.sealer), Some(Uuid::from_u128(9)));
        assert!(issued.token.len() < 400, "{} characters", issued.token.len());
    }
}

#[test]
fn all_choices_give_tokens_of_one_size_before_compression() {
    for world in worlds() {
        let sizes: std::collections::HashSet<_> = [0, 1, 0x3_ffff]
            .into_iter()
            .map(|attributes| {
                let record = SealedRecord { attributes, ..World::record(TokenKind::Presentation) };
                text::decode(&world.issuer().issue(record).unwrap().token).unwrap().len()
            })
            .collect();
        assert_eq!(sizes.len(), 1);
    }
}

#[test]
fn time_is_judged_to_the_microsecond() {
    for world in worlds() {
        let token = world.presentation().token;
        // `iat` is the start of the second in which the token was made.
        let iat = Timestamp::from_seconds(NOW.seconds());
        let last_microsecond = Timestamp::from_micros(iat.plus_seconds(90).micros() - 1);
        assert!(world.judge(&token, last_microsecond).is_ok());
        assert_eq!(world.judge(&token, iat.plus_seconds(90)).err(), Some(Reason::Expired));
        let too_early = Timestamp::from_micros(iat.plus_seconds(-10).micros() - 1);
        assert_eq!(world.judge(&token, too_early).err(), Some(Reason::NotYetValid));
        assert!(world.judge(&token, iat.plus_seconds(-10)).is_ok());
    }
}

#[test]
fn a_sealed_claim_moved_into_another_token_does_not_open() {
    for world in worlds() {
        let decoded = [world.presentation(), world.presentation()]
            .map(|issued| cose::decode(&text::decode(&issued.token).unwrap()).unwrap());
        let [mut own, other] = decoded.map(|decoded| decoded.claims);
        own.body = other.body;
        let cose = issue::sign(&world.signer, TokenKind::Presentation, &own).unwrap();
        let moved = text::encode_stored(&cose);
        let token = world.judge(&moved, NOW).ok().unwrap();
        assert_eq!(token.unseal(&world.sealer), Err(Reason::Malformed));
        assert_eq!(verify::named_holder(&moved, &world.sealer), None);
    }
}

#[test]
fn only_a_token_with_nothing_else_wrong_is_deferred() {
    for world in worlds() {
        let judge = |text: &str, sealer: &TokenSealer, now| {
            verify::judge(text, &[TokenKind::Presentation], ISSUER, &world.keys, sealer, now)
        };
        let expected = World::record(TokenKind::Presentation);
        let good = world.presentation().token;
        let Ok(Judged::Unproven { record, signed }) = judge(&good, &world.sealer, NOW) else { panic!("all is good") };
        assert_eq!(record, expected);
        assert_eq!(all_good(&[&signed]), [true]);
        let late = judge(&good, &world.sealer, NOW.plus_seconds(90));
        let Ok(Judged::Untimely { record, reason }) = late else { panic!("expired") };
        assert_eq!((record, reason), (expected, Reason::Expired));
        let strange = TokenSealer::new(Vault::single([4; 32]));
        assert_eq!(judge(&good, &strange, NOW).err(), Some(Reason::Malformed), "not ours");
        let counter = world.issuer().issue(World::record(TokenKind::Counter)).unwrap().token;
        assert_eq!(judge(&counter, &world.sealer, NOW).err(), Some(Reason::WrongType));
    }
}

#[test]
fn an_offline_token_shows_the_choice_and_stays_short() {
    for world in worlds() {
        let portrait = Portrait::read(&synthetic_portrait()).unwrap();
        let issued = world
            .issuer()
            .issue_offline(World::record(TokenKind::Offline), example(), Some(&portrait), None)
            .ok()
            .unwrap();
        assert!(issued.token.len() <= issue::MAX_OFFLINE_TEXT);
        let token = world.judge(&issued.token, NOW).ok().unwrap();
        assert_eq!(token.unseal(&world.sealer).unwrap().subject, Uuid::from_u128(9));
        let Body::Offline { claims, .. } = &token.claims.body else { panic!("offline") };
        assert_eq!(claims.full_name.as_deref(), Some("SITI AMINAH"));
        assert!(claims.photo.is_some(), "a photo fits beside a full record");
        assert!(qr::png(&issued.token).is_ok());

        let mut long = example();
        long.address_lines = (0..400).map(|line| format!("{line}{}", line * 7919)).collect();
        assert!(world.issuer().issue_offline(World::record(TokenKind::Offline), long, None, None).is_err());
    }
}

#[test]
fn each_token_under_the_key_of_qrs_is_for_one_reader() {
    const KINDS: [TokenKind; 4] =
        [TokenKind::Activation, TokenKind::Counter, TokenKind::Presentation, TokenKind::Offline];
    for world in worlds() {
        for kind in KINDS {
            let issued = match kind {
                TokenKind::Offline => world.issuer().issue_offline(World::record(kind), example(), None, None),
                kind => world.issuer().issue(World::record(kind)),
            };
            let token = issued.unwrap().token;
            let claims = cose::decode(&text::decode(&token).unwrap()).unwrap().claims;
            // Who does not look at what a token is finds nothing to read in one that is for the service.
            assert_eq!(matches!(claims.body, Body::Offline { .. }), kind == TokenKind::Offline, "{kind:?}");
            for reader in KINDS {
                let read = verify::authenticate(&token, &[reader], ISSUER, &world.keys);
                assert_eq!(read.err(), (reader != kind).then_some(Reason::WrongType), "{kind:?} for {reader:?}");
                // Nor does the same key's signature make one of it that is for another reader: the seal is bound to the header.
                let cose = issue::sign(&world.signer, reader, &claims).unwrap();
                let renamed = verify::authenticate(&text::encode_stored(&cose), &[reader], ISSUER, &world.keys);
                let opened = renamed.and_then(|renamed| renamed.unseal(&world.sealer));
                assert_eq!(
                    opened.map(|record| record.kind),
                    if reader == kind { Ok(kind) } else { Err(Reason::Malformed) }
                );
            }
        }
    }
}
