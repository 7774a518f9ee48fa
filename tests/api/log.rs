//! The log that outsiders check, over HTTP.

use data_encoding::BASE64;
use ed25519_dalek::{Signer, SigningKey};
use ikd::credential::cose_receipt::Proof;
use ikd::keyring::Keyring;
use ikd::tlog::Log;
use ikd::tlog::note::{Checkpoint, KeyKind, Note, Verifier, cosigned};
use ikd::tlog::tree::{Hash, leaf_hash, proves_consistency, proves_inclusion};
use serde_json::json;

use support::answer::Answer;
use support::each_engine;
use support::world::World;

fn hashes(answer: &Answer) -> Vec<Hash> {
    let all = answer.json["proof"].as_array().unwrap();
    all.iter().map(|hash| BASE64.decode(hash.as_str().unwrap().as_bytes()).unwrap().try_into().unwrap()).collect()
}

async fn checkpoint(world: &World, keys: &[Verifier]) -> (Note, Checkpoint) {
    let answer = world.get("/v1/log/checkpoint").send().await.expect(200);
    assert_eq!(answer.headers["content-type"], "text/plain; charset=utf-8");
    assert_eq!(answer.headers["cache-control"], "no-cache", "an old copy would look like a log that was set back");
    let note: Note = String::from_utf8(answer.bytes.to_vec()).unwrap().parse().unwrap();
    note.demand_signed(keys).unwrap();
    let checkpoint = note.text.parse().unwrap();
    (note, checkpoint)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn anybody_reads_checkpoints_and_proofs_and_named_witnesses_sign() {
    each_engine(async |context| {
        let key = SigningKey::from_bytes(&[9; 32]);
        let witness = Verifier::new("witness.example/w", KeyKind::Cosignature, key.verifying_key()).unwrap();
        let named = witness.to_string();
        let world = World::open_with(context, |config| config.tlog.witnesses = vec![named.clone()]).await;
        let log = Log::new(world.context.clone(), Keyring::open(world.context.clone()).await.unwrap()).unwrap();
        world.get("/v1/log/checkpoint").send().await.expect_problem(404, "not_found");
        // What people do is in it, and nothing is written for it while they do.
        world.active(&world.people[0]).await;
        log.round().await.unwrap();
        let keys = world.get("/v1/log/key").send().await.expect(200);
        let keys: Vec<Verifier> =
            String::from_utf8(keys.bytes.to_vec()).unwrap().lines().map(|key| key.parse().unwrap()).collect();
        let (_, first) = checkpoint(&world, &keys).await;
        assert!(first.size > 3);
        world.active(&world.people[1]).await;
        log.round().await.unwrap();
        let (note, second) = checkpoint(&world, &keys).await;

        let path = format!("/v1/log/proofs/consistency?first={}&second={}", first.size, second.size);
        let answer = world.get(&path).send().await.expect(200);
        assert_eq!(answer.headers["cache-control"], "no-cache", "sizes name no tree for ever");
        assert!(proves_consistency((first.size, &first.root), (second.size, &second.root), &hashes(&answer)));
        let path = format!("/v1/log/proofs/inclusion?index=2&size={}", second.size);
        let answer = world.get(&path).send().await.expect(200);
        let leaf: Hash = BASE64.decode(answer.text("leaf").as_bytes()).unwrap().try_into().unwrap();
        assert!(proves_inclusion(&leaf, (2, second.size), &hashes(&answer), &second.root));
        for (query, status, code) in [
            (format!("consistency?first=1&second={}", second.size + 1), 404, "not_found"),
            (String::from("consistency?first=2&second=1"), 404, "not_found"),
            (format!("inclusion?index={0}&size={0}", second.size), 404, "not_found"),
            // Sizes have 64 bits (c2sp.org/tlog-checkpoint).
            (String::from("inclusion?index=4294967296&size=4294967297"), 404, "not_found"),
            (format!("consistency?first={}&second={}", second.size, u64::MAX), 404, "not_found"),
            (String::from("inclusion?index=0&size=18446744073709551616"), 400, "malformed_request"),
            (String::from("inclusion?index=-1&size=3"), 400, "malformed_request"),
            (String::from("inclusion?index=1"), 400, "malformed_request"),
            (String::from("inclusion?index=1&size=2&more=3"), 400, "malformed_request"),
        ] {
            world.get(&format!("/v1/log/proofs/{query}")).send().await.expect_problem(status, code);
        }

        let time = world.context.now().seconds().cast_unsigned();
        let line = witness.line_at(time, &key.sign(cosigned(&note.text, time).as_bytes()).to_bytes());
        let own =
            Note { text: note.text.clone(), signatures: [&note.signatures[..], std::slice::from_ref(&line)].concat() };
        let send = async |kind: &str, body: String| {
            world.post("/v1/log/cosignatures").header("content-type", kind).body(body).send().await
        };
        let answer = send("text/plain; charset=utf-8", own.to_string()).await.expect(200);
        assert_eq!(answer.json, json!({"accepted": 1}));
        assert_eq!(checkpoint(&world, &keys).await.0.signatures.last(), Some(&line));
        send("application/json", own.to_string()).await.expect_problem(415, "unsupported_media_type");
        send("text/plain", String::from("x")).await.expect_problem(400, "malformed_request");
        send("text/plain", own.to_string().replace(&format!("\n{}\n", second.size), "\n1\n"))
            .await
            .expect_problem(404, "not_found");
        send("text/plain", "x".repeat(70_000)).await.expect_problem(413, "too_large");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_has_a_receipt_asks_for_its_place() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let log = Log::new(world.context.clone(), Keyring::open(world.context.clone()).await.unwrap()).unwrap();
        let holder = world.active(&world.people[0]).await;
        let token = world.present(&holder, "full").await;
        let answer = world.bank().verify(&token, "open_account", "k1").await.expect(200).json;
        let part = |name: &str| ikd::base64url::decode(answer["receipt"][name].as_str().unwrap()).unwrap();
        let proof = Proof::decode(&part("proof")).unwrap();
        let root = proof.root(&part("statement")).unwrap();
        let path = |root: &[u8], leaf: u64| {
            format!("/v1/log/proofs/receipt?root={}&leaf={leaf}&leaves={}", ikd::base64url::encode(root), proof.size)
        };
        world.get(&path(&root, proof.index)).send().await.expect_problem(404, "not_found");
        log.round().await.unwrap();
        let keys: Vec<Verifier> = log.keys().await.unwrap();
        let (_, checkpoint) = checkpoint(&world, &keys).await;
        let placed = world.get(&path(&root, proof.index)).send().await.expect(200);
        assert_eq!(placed.headers["cache-control"], "no-cache");
        let entry = BASE64.decode(placed.text("entry").as_bytes()).unwrap();
        let place = (placed.json["index"].as_u64().unwrap(), placed.json["size"].as_u64().unwrap());
        assert_eq!(place.1, checkpoint.size);
        assert!(proves_inclusion(&leaf_hash(&entry), place, &hashes(&placed), &checkpoint.root));
        assert!(entry.windows(32).any(|window| window == root));
        for (path, status, code) in [
            (path(&root, proof.index + 64), 404, "not_found"),
            (path(&[0; 32], 0), 404, "not_found"),
            (format!("{}&size={}", path(&root, proof.index), place.1 + 1), 404, "not_found"),
            (path(&root, proof.index).replace("leaves=2", "leaves=3"), 404, "not_found"),
            (path(&[0; 31], 0), 400, "malformed_request"),
            (String::from("/v1/log/proofs/receipt?leaf=0&leaves=2"), 400, "malformed_request"),
            (path(&root, proof.index).replace("&leaves=2", ""), 400, "malformed_request"),
        ] {
            world.get(&path).send().await.expect_problem(status, code);
        }
    })
    .await;
}
