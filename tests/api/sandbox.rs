//! What relying parties test with: every outcome answered honestly, of invented people, and nothing of it on either side of the fence.

use std::collections::BTreeMap;

use ikd::attribute::AttributeSet;
use ikd::clock::{DAY, MINUTE};
use ikd::credential::{
    Algorithm, Issuer, Jwk, JwkSet, KeyId, KeyPurpose, PublicKey, Reason, SealedRecord, SignError, Signer, TokenKind,
    TokenSealer, text, verify,
};
use ikd::register::Date;
use ikd::sandbox::model::holder_id;
use ikd::sandbox::people;
use reqwest::Method;
use serde_json::{Value, json};
use support::answer::Answer;
use support::client::Bank;
use support::world::{BANK, World, purpose};
use support::{both_engines, each_engine};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::partner::{Desk, administrator, administrator_of};

/// Software under test: the client of real checks, with another base address and another key.
struct Tested {
    base: String,
    key: String,
    bank: Bank,
}

impl Tested {
    fn with(world: &World, key: &str) -> Self {
        let base = format!("{}/sandbox", world.base);
        Self { bank: world.bank_at(&base, key), base, key: key.to_owned() }
    }

    async fn present(&self, world: &World, body: &Value) -> Answer {
        world.request_at(&self.base, Method::POST, "/v1/presentations").bearer(&self.key).json(body).send().await
    }

    async fn token(&self, world: &World, person: &str) -> String {
        let body = json!({"person": person, "share": "full"});
        self.present(world, &body).await.expect(200).text("token")
    }

    async fn verdict(&self, world: &World, token: &str) -> String {
        self.bank.verify(token, "open_account", &world.key()).await.expect(200).verdict()
    }
}

async fn make_key(desk: &Desk<'_>, label: &str) -> Answer {
    let last_day = Date::in_jakarta(desk.world.context.now()).plus_days(30).unwrap();
    desk.send(Method::POST, "/v1/partner/test-keys", &json!({"label": label, "last_day": last_day})).await
}

/// A key to the sandbox of the party whose administrator has this session.
pub async fn key_of(world: &World, cookie: &str) -> String {
    let desk = Desk { world, cookie: cookie.to_owned() };
    make_key(&desk, "Uji").await.expect(201).text("api_key")
}

async fn tested(world: &World) -> Tested {
    let made = make_key(&administrator(world, "rina").await, "Uji").await.expect(201);
    Tested::with(world, &made.text("api_key"))
}

/// Another party, which tests too.
async fn shop(world: &World) -> Tested {
    world.app.relying_parties.add("Toko", AttributeSet::AGE, &[purpose("open_account")]).await.unwrap();
    let made = make_key(&administrator_of(world, "Toko", "tono").await, "Uji").await.expect(201);
    Tested::with(world, &made.text("api_key"))
}

async fn party_id(world: &World, name: &str) -> Uuid {
    let listed = world.app.relying_parties.list().await.unwrap();
    listed.into_iter().find(|one| one.party.name == name).unwrap().party.relying_party_id
}

/// Rows of real checks, of their figures and of what is told of them.
async fn real_rows(world: &World, party: Uuid) -> Vec<i64> {
    world.app.relying_parties.usage().write().await.unwrap();
    let mut rows = Vec::new();
    for sql in [
        "SELECT CAST(COUNT(*) AS BIGINT) FROM verification WHERE relying_party_id = $1",
        "SELECT CAST(COUNT(*) AS BIGINT) FROM verification_refusal WHERE relying_party_id = $1",
        "SELECT CAST(COUNT(*) AS BIGINT) FROM verification_repeat WHERE relying_party_id = $1",
        "SELECT CAST(COUNT(*) AS BIGINT) FROM relying_party_usage WHERE relying_party_id = $1",
        "SELECT CAST(COUNT(*) AS BIGINT) FROM webhook_message WHERE relying_party_id = $1",
        "SELECT CAST(COUNT(*) AS BIGINT) FROM audit_event WHERE subject_id = $1",
        "SELECT CAST(COUNT(*) AS BIGINT) FROM life_event WHERE event_id <> $1",
        "SELECT CAST(COUNT(*) AS BIGINT) FROM credential WHERE resident_id <> $1",
        "SELECT CAST(COUNT(*) AS BIGINT) FROM status_entry WHERE resident_id <> $1",
    ] {
        rows.push(world.count(sql, party).await);
    }
    rows
}

async fn key_set(world: &World, path: &str) -> JwkSet {
    serde_json::from_value(world.get(path).send().await.expect(200).json).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_invented_person_is_answered_as_the_list_says_and_nothing_of_it_is_anybodys() {
    both_engines(async |context| {
        let world = World::open(context).await;
        let (test, bank) = (tested(&world).await, party_id(&world, BANK).await);
        let before = real_rows(&world, bank).await;
        let listed = world.get("/sandbox/v1/people").header("Accept-Language", "en").send().await.expect(200).json;
        let listed = listed["items"].as_array().unwrap();
        assert_eq!(listed.len(), people::all().len());
        let keys = key_set(&world, "/sandbox/.well-known/jwks.json").await;
        let issuer = format!("{}/sandbox", world.context.config.service.issuer);
        let mut seen = BTreeMap::<String, usize>::new();
        for one in listed {
            let (person, expected) = (one["person"].as_str().unwrap(), one["reason"].as_str());
            let (token, key) = (test.token(&world, person).await, world.key());
            if person == "undetermined" {
                let first = test.bank.verify(&token, "open_account", &key).await;
                assert!(!first.expect_problem(503, "undetermined").header("retry-after").is_empty());
            }
            let answer = test.bank.verify(&token, "open_account", &key).await.expect(200);
            assert_eq!(answer.json["reason"].as_str(), expected, "{person}: {}", answer.json["reason"]);
            assert_eq!(answer.json["result"], one["result"], "{person}");
            assert_eq!(answer.json["test"], true);
            assert!(answer.text("message").starts_with("UJI COBA"), "{}", answer.text("message"));
            *seen.entry(answer.verdict()).or_default() += 1;

            // The receipt is one of the sandbox, and says so.
            let part = |name: &str| ikd::base64url::decode(answer.json["receipt"][name].as_str().unwrap()).unwrap();
            let (statement, proof) = (part("statement"), part("proof"));
            let receipt = verify::authenticate_receipt(&statement, &proof, &issuer, &keys).unwrap();
            let ikd::credential::Body::Receipt(said) = &receipt.claims.body else { panic!("a receipt") };
            assert!(said.contains(&("test".into(), true.into())));
            let real = verify::authenticate_receipt(&statement, &proof, &issuer, &world.app.keyring);
            assert_eq!(real.err().map(Reason::from), Some(Reason::UnknownKey));
            if answer.verdict() == "valid" {
                let nik = answer.json["attributes"]["nik"].as_str().unwrap();
                assert!(nik.starts_with("99") && ikd::register::Nik::parse(nik).is_err(), "{person}");
            } else {
                assert!(answer.json.get("portrait").is_none() && answer.json["disclosed"] == json!([]), "{person}");
            }
        }
        for reason in Reason::ALL.iter().filter(|reason| **reason != Reason::UnknownCode) {
            assert!(seen.contains_key(reason.as_str()), "{reason:?}");
        }
        let minor = test.token(&world, "minor").await;
        let asked = json!({"token": minor, "purpose": "open_account", "attributes": ["age_over_17", "full_name"]});
        let minor = test.bank.verify_body(&asked, &world.key()).await.expect(200).json;
        assert_eq!(minor["attributes"], json!({"age_over_17": false, "full_name": "AYU CONTOH"}), "as asked for");
        let bare = test.token(&world, "no_portrait").await;
        let bare = test.bank.verify(&bare, "open_account", &world.key()).await.expect(200).json;
        assert_eq!(bare["holder_check"], "not_possible");
        let card = test.token(&world, "printed_card").await;
        for _ in 0..2 {
            let card = test.bank.verify(&card, "open_account", &world.key()).await.expect(200).json;
            assert_eq!((&card["result"], &card["medium"]), (&json!("valid"), &json!("printed_card")));
        }
        let offline = json!({"person": "siti", "share": ["full_name", "portrait"], "offline": true});
        let offline = test.present(&world, &offline).await.expect(200).text("token");
        for _ in 0..2 {
            let twice = test.bank.verify(&offline, "open_account", &world.key()).await.expect(200).json;
            assert_eq!((&twice["result"], &twice["single_use"]), (&json!("valid"), &json!(false)));
        }
        assert_eq!(real_rows(&world, bank).await, before, "nothing of it stands beside what is real");
        world.get("/v1/annulled-verifications").bearer(&world.api_key).send().await.expect(200);
    })
    .await;
}

/// The key of another name: what a forger with one key writes into the header.
#[derive(Debug)]
struct Renamed<'a>(&'a dyn Signer, KeyId);

impl Signer for Renamed<'_> {
    fn public_key(&self) -> &PublicKey {
        self.0.public_key()
    }

    fn kid(&self) -> KeyId {
        self.1
    }

    fn algorithm(&self) -> Algorithm {
        self.0.algorithm()
    }

    fn blocks(&self) -> bool {
        false
    }

    fn sign(&self, message: &[u8]) -> Result<ikd::credential::SignatureBytes, SignError> {
        self.0.sign(message)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_token_and_no_key_counts_on_the_other_side() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let test = tested(&world).await;
        let applicant = world.active(&world.people[0]).await;
        let (real, fake) = (world.present(&applicant, "full").await, test.token(&world, "siti").await);
        assert_eq!(world.verify(&fake).await, "unknown_key");
        assert_eq!(test.verdict(&world, &real).await, "unknown_key");
        let card = test.token(&world, "printed_card").await;
        assert_eq!(world.verify(&card).await, "unknown_key");
        // A teller's page is for real checks.
        let teller = world.teller("tari").await;
        let asked = json!({"token": fake, "purpose": "open_account"});
        let request = world.post("/v1/teller/verifications").cookie(&teller).header("Idempotency-Key", world.key());
        assert_eq!(request.json(&asked).send().await.expect(200).verdict(), "unknown_key");

        // Every mixture of name, key id, key and seal: none but the whole of one side counts on it.
        let keyring = &world.app.keyring;
        let (service, sandbox) = (keyring.signer(KeyPurpose::Token).unwrap(), world.app.sandbox.keys());
        let signers: [&dyn Signer; 2] = [service.as_ref(), sandbox.signer(KeyPurpose::Token)];
        let names = [world.context.config.service.issuer.clone(), sandbox.issuer_name().to_owned()];
        let vault = world.context.vault.clone();
        let sealers = [TokenSealer::new(vault.clone()), TokenSealer::of_sandbox(vault)];
        let bank = party_id(&world, BANK).await;
        let subjects = [world.resident_id(&applicant.record).await, holder_id(bank, people::find("siti").unwrap())];
        let mut counted = [0, 0];
        for mix in 0..32_usize {
            let of = |place: usize| (mix >> place) & 1;
            let signer = Renamed(signers[of(0)], signers[of(1)].kid());
            let issuer =
                Issuer { signer: &signer, sealer: &sealers[of(2)], random: &world.random, name: &names[of(3)] };
            let issued = world.context.now();
            let record = SealedRecord {
                kind: TokenKind::Presentation,
                subject: subjects[of(4)],
                generation: 1,
                issued,
                attributes: AttributeSet::FULL.bits(),
            };
            let token = issuer.issue(record).unwrap().token;
            for (side, verdict) in [world.verify(&token).await, test.verdict(&world, &token).await].iter().enumerate() {
                // The whole of one side may count there: it is what that side makes.
                let own = (0..5).all(|place| of(place) == side);
                assert!(own || verdict != "valid", "{mix:05b} counts on side {side}");
                counted[side] += usize::from(own && verdict == "valid");
            }
        }
        assert_eq!(counted, [1, 1], "what each side makes counts there");

        // Published keys of one side are none of the other's.
        let (real, fake) =
            (key_set(&world, "/.well-known/jwks.json").await, key_set(&world, "/sandbox/.well-known/jwks.json").await);
        let kids = |set: &JwkSet| set.keys.iter().map(|key: &Jwk| key.kid.clone().unwrap()).collect::<Vec<_>>();
        assert!(!fake.keys.is_empty() && kids(&fake).iter().all(|kid| !kids(&real).contains(kid)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_test_key_opens_the_sandbox_alone_and_a_real_one_everything_else() {
    both_engines(async |context| {
        let world = World::open(context).await;
        let test = tested(&world).await;
        let token = test.token(&world, "siti").await;
        let check = test.bank.verify(&token, "open_account", "one").await.expect(200).text("verification_id");
        for path in ["/v1/annulled-verifications", "/v1/disputes", &format!("/v1/verifications/{check}")] {
            let refused = world.get(path).bearer(&test.key).send().await.expect_problem(401, "api_key_invalid");
            assert!(refused.text("detail").contains("/sandbox/v1/verifications"), "{path}: {}", refused.json);
        }
        for path in ["/v1/partner", "/v1/partner/usage", "/v1/partner/webhook", "/v1/partner/test-keys"] {
            world.get(path).bearer(&test.key).send().await.expect_problem(401, "session_ended");
        }
        for _ in 0..40 {
            // Not one of these is a wrong guess: the address stays as good as it was.
            world.bank_at(&world.base, &test.key).verify(&token, "open_account", "one").await.expect(401);
        }
        world.get("/v1/disputes").bearer(&world.api_key).send().await.expect(200);

        let real = Tested::with(&world, &world.api_key);
        let refused = real.bank.verify(&token, "open_account", "one").await.expect_problem(401, "api_key_invalid");
        assert!(refused.text("detail").contains("POST /v1/verifications"), "{}", refused.json);
        real.present(&world, &json!({"person": "siti"})).await.expect_problem(401, "api_key_invalid");
        real.bank.get(&format!("/v1/verifications/{check}")).await.expect_problem(401, "api_key_invalid");

        // Guesses are slowed down, and nobody else's key with them.
        let wrong = Tested::with(&world, &format!("ikd_rt_{}_{}", "0".repeat(32), "0".repeat(64)));
        let mut codes = Vec::new();
        for _ in 0..32 {
            codes.push(wrong.bank.get(&format!("/v1/verifications/{check}")).await.code().to_owned());
        }
        assert!(codes[..30].iter().all(|code| code == "api_key_invalid") && codes[31] == "too_many", "{codes:?}");
        test.bank.get(&format!("/v1/verifications/{check}")).await.expect(200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_that_check_one_token_at_once_one_is_told_valid_whoever_they_are() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let (bank, shop) = (tested(&world).await, shop(&world).await);
        // As a real QR, it names nobody who may check it: another party's key is as good.
        let token = bank.token(&world, "siti").await;
        let mut running = JoinSet::new();
        for number in 0..16 {
            let (who, token) = (if number % 2 == 0 { &bank } else { &shop }, token.clone());
            let (who, key) = (who.bank.clone(), world.key());
            running.spawn(async move { who.verify(&token, "open_account", &key).await.expect(200).verdict() });
        }
        let verdicts = running.join_all().await;
        assert_eq!(verdicts.iter().filter(|verdict| *verdict == "valid").count(), 1, "{verdicts:?}");
        assert_eq!(verdicts.iter().filter(|verdict| *verdict == "already_used").count(), 15, "{verdicts:?}");

        // Each sees what it is entitled to, and its own records.
        let token = bank.token(&world, "siti").await;
        let seen = shop.bank.verify(&token, "open_account", &world.key()).await.expect(200);
        assert_eq!(seen.json["attributes"], json!({"age_over_17": true}));
        let path = format!("/v1/verifications/{}", seen.text("verification_id"));
        let record = shop.bank.get(&path).await.expect(200).json;
        assert!(record.get("attributes").is_none() && record["test"] == true);
        bank.bank.get(&path).await.expect_problem(404, "not_found");

        // Two parties' QRs of one person do not use up each other; of one party a newer one voids the older.
        let (ours, theirs) = (bank.token(&world, "siti").await, shop.token(&world, "siti").await);
        let newer = bank.token(&world, "siti").await;
        assert_eq!(bank.verdict(&world, &newer).await, "valid");
        assert_eq!(bank.verdict(&world, &ours).await, "already_used");
        assert_eq!(shop.verdict(&world, &theirs).await, "valid");
        // They live 90 seconds.
        let token = bank.token(&world, "siti").await;
        world.later(90);
        assert_eq!(bank.verdict(&world, &token).await, "expired");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_key_has_one_answer_here_too() {
    both_engines(async |context| {
        let world = World::open(context).await;
        let test = tested(&world).await;
        let token = test.token(&world, "siti").await;
        let mut running = JoinSet::new();
        for _ in 0..8 {
            let (bank, token) = (test.bank.clone(), token.clone());
            running.spawn(async move { bank.verify(&token, "open_account", "one").await.expect(200).json });
        }
        let answers = running.join_all().await;
        assert!(answers.iter().all(|answer| answer == &answers[0] && answer["result"] == "valid"), "{answers:?}");
        assert_eq!(answers[0]["attributes"]["full_name"], "SITI CONTOH");
        let other = test.token(&world, "budi").await;
        test.bank.verify(&other, "open_account", "one").await.expect_problem(422, "idempotency_mismatch");
        test.bank.verify(&token, "marketing", "two").await.expect_problem(403, "purpose_not_allowed");
        // Later the record, without the values; after a day nothing.
        world.later(10 * MINUTE);
        let later = test.bank.verify(&token, "open_account", "one").await.expect(200).json;
        assert!(later["result"] == "valid" && later.get("attributes").is_none(), "{later}");
        world.later(DAY);
        world.app.sandbox.sweep().await.unwrap();
        assert_eq!(test.bank.verify(&token, "open_account", "one").await.expect(200).verdict(), "expired");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_stands_for_the_qr_beside_it() {
    both_engines(async |context| {
        let world = World::open(context).await;
        let test = tested(&world).await;
        let shown = test.present(&world, &json!({"person": "siti", "code": true})).await.expect(200);
        let ask = |code: &str| json!({"code": code, "purpose": "open_account"});
        let code = shown.text("code");
        // It is no code outside.
        let real = world.bank().verify_body(&ask(&code), &world.key()).await.expect(200).verdict();
        assert_eq!(real, "unknown_code");
        let right = test.bank.verify_body(&ask(&code), "one").await.expect(200);
        assert_eq!(right.verdict(), "valid");
        let again = test.bank.verify_body(&ask(&code), "one").await.expect(200);
        assert_eq!(again.json, right.json);
        assert_eq!(test.verdict(&world, &shown.text("token")).await, "already_used", "one of the two uses up both");
        let number: u64 = code.parse().unwrap();
        let wrong = |more: u64| ask(&format!("{:010}", (number + more) % 10_000_000_000));
        for _ in 0..2 {
            let first = test.bank.verify_body(&wrong(1), "wrong").await.expect(200);
            assert_eq!((first.verdict().as_str(), &first.json["tries_left"]), ("unknown_code", &json!(99)));
        }
        for body in
            [json!({"person": "siti", "offline": true, "code": true}), json!({"person": "printed_card", "code": true})]
        {
            test.present(&world, &body).await.expect_problem(422, "invalid_field");
        }
        for (body, field) in [
            (json!({"person": "nobody"}), "person"),
            (json!({"person": "printed_card", "offline": true}), "offline"),
            (json!({"person": "siti", "share": "all"}), "share"),
            (json!({"person": "long_name", "share": "full", "offline": true}), ""),
        ] {
            let answer = test.present(&world, &body).await;
            // A long name may still fit: then it is shown without a photo.
            if !field.is_empty() {
                assert_eq!(answer.expect_problem(422, "invalid_field").json["fields"][0]["field"], field);
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_loop_in_somebodys_tests_slows_nobodys_checks() {
    both_engines(async |context| {
        let world = World::open(context).await;
        let (test, shop) = (tested(&world).await, shop(&world).await);
        let body = json!({"person": "siti", "share": "age"});
        let mut statuses = BTreeMap::<u16, usize>::new();
        for _ in 0..125 {
            *statuses.entry(test.present(&world, &body).await.status.as_u16()).or_default() += 1;
        }
        assert_eq!(statuses, BTreeMap::from([(200, 120), (429, 5)]));
        let full = test.present(&world, &body).await.expect_problem(429, "too_many");
        assert!(!full.header("retry-after").is_empty() && full.text("detail").contains("Kotak pasir"));
        // Another party's tests, and everybody's checks, go on.
        shop.token(&world, "siti").await;
        let applicant = world.active(&world.people[0]).await;
        assert_eq!(world.verify(&world.present(&applicant, "basic").await).await, "valid");
        world.later(MINUTE);
        test.token(&world, "siti").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn administrators_make_and_revoke_test_keys_and_nobody_else_does() {
    both_engines(async |context| {
        let world = World::open(context).await;
        let rina = administrator(&world, "rina").await;
        let made = make_key(&rina, "CI").await.expect(201);
        let key = made.text("api_key");
        assert!(key.starts_with("ikd_rt_") && key.len() == 7 + 32 + 1 + 64);
        let test = Tested::with(&world, &key);
        test.token(&world, "siti").await;
        make_key(&rina, "Kedua").await.expect(201);
        make_key(&rina, "Ketiga").await.expect_problem(409, "wrong_state");
        let listed = rina.get("/v1/partner/test-keys").await.expect(200).json;
        let labels: Vec<_> = listed["items"].as_array().unwrap().iter().map(|one| &one["label"]).collect();
        assert_eq!(labels, ["CI", "Kedua"]);
        assert_eq!(listed["items"][0]["last_used_at"], json!(world.context.now()));
        assert!(!listed.to_string().contains(&key[key.len() - 20..]), "no secret is shown again");
        let real = rina.get("/v1/partner/keys").await.expect(200).json;
        assert_eq!(real["items"].as_array().unwrap().len(), 1, "beside the real ones, and none of them");

        // The page's own QR, and what was answered.
        let shown = rina.send(Method::POST, "/v1/partner/test-presentations", &json!({"person": "blocked"})).await;
        assert_eq!(test.verdict(&world, &shown.expect(200).text("token")).await, "holder_not_active");
        let checks = rina.get("/v1/partner/test-checks").await.expect(200).json;
        let last = &checks["items"][0];
        assert_eq!((&last["person"], &last["reason"]), (&json!("blocked"), &json!("holder_not_active")));

        // An employee does none of it.
        let teller = Desk { world: &world, cookie: world.teller("tari").await };
        make_key(&teller, "Pegawai").await.expect_problem(403, "forbidden");
        for path in ["/v1/partner/test-keys", "/v1/partner/test-checks"] {
            teller.get(path).await.expect_problem(403, "forbidden");
        }
        teller
            .send(Method::POST, "/v1/partner/test-presentations", &json!({"person": "siti"}))
            .await
            .expect_problem(403, "forbidden");

        // Revoked: the next request is refused, on another node too. Repeated it is a success; another party's key is none.
        let path = format!("/v1/partner/test-keys/{}", made.text("key_id"));
        world.app.relying_parties.add("Toko", AttributeSet::AGE, &[purpose("open_account")]).await.unwrap();
        let tono = administrator_of(&world, "Toko", "tono").await;
        tono.send(Method::DELETE, &path, &Value::Null).await.expect_problem(404, "not_found");
        test.token(&world, "siti").await;
        for _ in 0..2 {
            rina.send(Method::DELETE, &path, &Value::Null).await.expect(204);
            test.present(&world, &json!({"person": "siti"})).await.expect_problem(401, "api_key_invalid");
        }
        let elsewhere = world.bank_at(&format!("{}/sandbox", world.another_node().await), &key);
        elsewhere.verify("X", "open_account", "one").await.expect_problem(401, "api_key_invalid");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_no_contract_yet_tests_and_a_disabled_party_does_not() {
    both_engines(async |context| {
        let world = World::open(context).await;
        let test = tested(&world).await;
        let today = Date::in_jakarta(world.context.now());
        let parties = &world.app.relying_parties;
        for (from, until) in [(10, 20), (-20, -10)] {
            let day = |days| today.plus_days(days).unwrap();
            parties.set_contract(BANK, "1/PKS/2026", (day(from), day(until))).await.unwrap();
            let token = test.token(&world, "siti").await;
            assert_eq!(test.verdict(&world, &token).await, "valid");
        }
        parties.suspend(BANK, "Uji").await.unwrap();
        test.present(&world, &json!({"person": "siti"})).await.expect_problem(401, "api_key_invalid");
        // A key ends with its last day.
        let shop = shop(&world).await;
        shop.token(&world, "siti").await;
        world.later(31 * DAY);
        let ended = shop.present(&world, &json!({"person": "siti"})).await.expect_problem(401, "api_key_invalid");
        assert!(ended.text("detail").contains("kunci uji baru"), "{}", ended.json);
    })
    .await;
}

#[tokio::test]
async fn a_spoilt_qr_is_still_the_text_of_one() {
    // What is malformed is cut off, and what has a bad signature is whole: integrators see both in their scanners.
    let folder = tempfile::tempdir().unwrap();
    let world = World::open(support::context(support::Engine::Sqlite, folder.path()).await).await;
    let test = tested(&world).await;
    assert!(text::decode(&test.token(&world, "bad_signature").await).is_ok());
    assert!(text::decode(&test.token(&world, "malformed").await).is_err());
    let png = world
        .request_at(&test.base, Method::POST, "/v1/presentations")
        .bearer(&test.key)
        .header("Accept", "image/png")
        .json(&json!({"person": "siti"}));
    let png = png.send().await.expect(200);
    assert_eq!(png.header("content-type"), "image/png");
}

/// What an administrator of a party does about the sandbox, for `acts`.
pub async fn every_act(world: &World) {
    let rina = administrator(world, "rina.uji").await;
    let made = make_key(&rina, "CI").await.expect(201);
    rina.send(Method::POST, "/v1/partner/test-presentations", &json!({"person": "siti"})).await.expect(200);
    let path = format!("/v1/partner/test-keys/{}", made.text("key_id"));
    rina.send(Method::DELETE, &path, &Value::Null).await.expect(204);
}
