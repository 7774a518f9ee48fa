//! The worked examples for integrators, run as they are printed, against a real node over HTTP.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods, reason = "tests")]

use std::path::{Path, PathBuf};

use ikd::attribute::AttributeSet;
use ikd::clock::Clock;
use ikd::config::Config;
use ikd::credential::qr;
use ikd::keyring::Keyring;
use ikd::relying_party::Purpose;
use serde_json::{Value, json};

use support::record::siti_rahma;
use support::world::{Host, World, approval, code_in};
use support::{Engine, root};

/// The example app on one phone: its state file.
struct Phone {
    state: PathBuf,
    url: String,
}

impl Phone {
    /// Runs one command; gives what it printed and whether the service agreed.
    async fn run(&self, arguments: &[&str]) -> (Value, bool) {
        let output = tokio::process::Command::new(support::python())
            .arg(root().join("docs/integrators/app.py"))
            .arg("--state")
            .arg(&self.state)
            .args(["--url", &self.url])
            .args(arguments)
            .output()
            .await
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        (serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}{errors}")), output.status.success())
    }
}

/// A node with real time, randomness and limits, as an integrator meets it; Siti Rahma is in its register.
async fn node(folder: &Path) -> World {
    let context = support::context(Engine::Sqlite, folder).await;
    let context =
        context.altered(|sources| (sources.clock, sources.random) = (Clock::System, ikd::random::Random::system()));
    let world = World::open_with(context, |config| {
        (config.limits, config.captcha) = (Config::default().limits, Config::default().captcha);
        config.captcha.max_number = 2_000;
    })
    .await;
    world.put(vec![siti_rahma()]).await;
    world
}

fn selfie(folder: &Path) -> String {
    let path = folder.join("selfie.jpg");
    image::RgbImage::from_fn(480, 640, |x, y| image::Rgb([(x / 2) as u8, (y / 3) as u8, 120])).save(&path).unwrap();
    path.display().to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_app_developers_example_goes_all_the_way() {
    let folder = tempfile::tempdir().unwrap();
    let world = node(folder.path()).await;
    let url = world.base.clone();
    let phone = Phone { state: folder.path().join("siti.json"), url: url.clone() };

    let person = ["--nik", "3171015708900001", "--name", "Siti Rahma", "--birth-date", "1990-08-17"];
    let contact = ["--email", "siti@example.id", "--phone", "0812 3456 7890"];
    let (answer, done) = phone.run(&[&["register"], &person[..], &contact[..]].concat()).await;
    assert!(done, "{answer}");
    assert_eq!(answer["next"], "take_selfie");
    let id = answer["registration_id"].as_str().unwrap().to_owned();
    let (answer, done) = phone.run(&["selfie", &selfie(folder.path())]).await;
    assert!(done, "{answer}");
    assert_eq!(phone.run(&["status"]).await.0["state"], "awaiting_officer");
    let (answer, done) = phone.run(&["activation-qr"]).await;
    assert!(done && answer["token"].is_string(), "{answer}");

    world.ask_register().await;
    let desk = world.desk().await;
    desk.post("/v1/officer/scans", &json!({"token": answer["token"]})).await.expect(200);
    assert_eq!(world.decide_on(desk, &id, "approval", &approval()).await.expect(200).json["state"], "code_sent");
    world.send_mail().await;
    let code = world.letter_texts().iter().find_map(|text| code_in(text, &id)).unwrap();
    let (answer, done) = phone.run(&["activate", "--code", &code, "--pin", "123456"]).await;
    assert!(!done && answer["code"] == "weak_pin", "{answer}");
    let wrong = format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000);
    let (answer, done) = phone.run(&["activate", "--code", &wrong, "--pin", "902157"]).await;
    assert!(!done && answer["code"] == "code_wrong" && answer["tries_left"] == 4, "{answer}");
    let (answer, done) = phone.run(&["activate", "--code", &code, "--pin", "902157"]).await;
    assert!(done && answer["state"] == "active", "{answer}");
    let (answer, done) = phone.run(&["activate", "--code", &code, "--pin", "902157"]).await;
    assert!(done && answer["state"] == "active", "repeated: {answer}");

    let (answer, done) = phone.run(&["show", "--pin", "902158"]).await;
    assert!(!done && answer["code"] == "pin_wrong" && answer["tries_left"] == 2, "{answer}");
    let png = folder.path().join("qr.png");
    let (answer, done) = phone.run(&["show", "--pin", "902157", "--png", png.to_str().unwrap()]).await;
    assert!(done, "{answer}");
    assert_eq!(answer["card"]["attributes"]["full_name"], "SITI RAHMA");
    assert!(answer["token"].as_str().unwrap().len() > 100);
    assert!(qr::read_png(&std::fs::read(&png).unwrap()).is_ok());
    let (history, done) = phone.run(&["history", "--pin", "902157"]).await;
    assert!(done && history == json!({"items": [], "next": null}), "{history}");
    the_banks_example_verifies(&world, folder.path(), &url, answer["token"].as_str().unwrap()).await;
    let (history, _) = phone.run(&["history", "--pin", "902157"]).await;
    let results: Vec<_> = history["items"].as_array().unwrap().iter().map(|item| item["result"].clone()).collect();
    assert_eq!(results, ["invalid", "valid"]);

    let stranger = Phone { state: folder.path().join("other.json"), url };
    std::fs::write(&stranger.state, json!({"registration_id": id, "pin_salt": "00".repeat(16)}).to_string()).unwrap();
    assert_eq!(stranger.run(&["status"]).await.0["code"], "not_found");
    assert_eq!(stranger.run(&["show", "--pin", "902157"]).await.0["code"], "not_found");
}

/// Logs in as the page says: a key of its own, whose public half is registered; the assertion is made by another implementation than the one
/// that judges it.
async fn bank_token(world: &World, folder: &Path, url: &str, api_key: &str) -> String {
    let run = async |arguments: &[&str]| {
        let mut command = tokio::process::Command::new(support::python());
        command.arg(root().join("docs/integrators/bank.py")).args(["--url", url]).args(arguments);
        let output = command.current_dir(folder).output().await.unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        let json: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}{errors}"));
        (json, output.status.success())
    };
    let (jwk, _) = run(&["new-key", "--save", "bank.pem"]).await;
    let registered = world.app.relying_parties.register_key("Bank Contoh", &jwk, Some("Inti"), None).await.unwrap();
    let (client_id, kid) = (registered.0.to_string(), registered.1.to_string());
    let login = ["login", "--key", "bank.pem", "--client-id", &client_id, "--kid"];
    let (granted, done) = run(&[&login[..], &[&kid]].concat()).await;
    assert!(done && granted["expires_in"] == 900, "{granted}");
    let (refused, done) = run(&[&login[..], &[&client_id]].concat()).await;
    assert!(!done && refused["error"] == "invalid_client", "{refused}");
    let token = granted["access_token"].as_str().unwrap().to_owned();
    assert_ne!(token, api_key);
    token
}

/// `bank.py` as its page prints it: key set, verification, receipt; then what must be refused.
async fn the_banks_example_verifies(world: &World, folder: &Path, url: &str, token: &str) {
    let purpose = Purpose {
        code: String::from("open_account"),
        text_id: String::from("Membuka rekening"),
        text_en: String::from("Opening an account"),
    };
    let (_, key) = world.app.relying_parties.add("Bank Contoh", AttributeSet::FULL, &[purpose]).await.unwrap();
    let key = bank_token(world, folder, url, &key.expose()).await;
    let run = async |arguments: &[&str]| {
        let output = tokio::process::Command::new(support::python())
            .arg(root().join("docs/integrators/bank.py"))
            .args(["--url", url])
            .args(arguments)
            .env("IKD_API_KEY", &key)
            .current_dir(folder)
            .output()
            .await
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        let json: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}{errors}"));
        (json, output.status.success())
    };
    assert!(run(&["jwks", "--save", "jwks.json"]).await.1);
    let asked = ["--purpose", "open_account", "--attributes", "full_name,age_over_17", "--save", "check.json"];
    let (answer, done) = run(&[&["verify", token], &asked[..]].concat()).await;
    assert!(done, "{answer}");
    assert_eq!(answer["attributes"], json!({"full_name": "SITI RAHMA"}), "age_over_17 is not in `basic`");
    assert_eq!(answer["holder_check"], "not_possible");
    let (stated, done) = run(&["receipt", "check.json", "--jwks", "jwks.json"]).await;
    assert!(done && stated["result"] == "valid" && stated["relying_party"] == "Bank Contoh", "{stated}");
    let (place, done) = run(&["place", "check.json"]).await;
    assert!(!done && place["code"] == "not_found", "not taken yet: {place}");
    ikd::tlog::Log::new(world.context.clone(), Keyring::open(world.context.clone()).await.unwrap())
        .unwrap()
        .round()
        .await
        .unwrap();
    let (place, done) = run(&["place", "check.json"]).await;
    assert!(done && place["index"].is_u64() && place["proof"].is_array(), "{place}");
    let check = std::fs::read_to_string(folder.join("check.json")).unwrap();
    std::fs::write(folder.join("altered.json"), check.replace("SITI RAHMA", "SITI RAHMB")).unwrap();
    let (stated, done) = run(&["receipt", "altered.json", "--jwks", "jwks.json"]).await;
    assert!(!done && stated["error"].as_str().unwrap().contains("not the ones"), "{stated}");
    let (answer, done) = run(&["verify", token, "--purpose", "open_account"]).await;
    assert!(!done && answer["reason"] == "already_used", "{answer}");
    let (answer, done) = run(&["verify", token, "--purpose", "marketing"]).await;
    assert!(!done && answer["code"] == "purpose_not_allowed", "{answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_banks_example_goes_through_everybody_in_the_sandbox() {
    let folder = tempfile::tempdir().unwrap();
    let world = node(folder.path()).await;
    let cookie = world.party_administrator("rina").await;
    let body = json!({"label": "CI", "last_day": ikd::register::Date::in_jakarta(world.context.now())});
    let made = world.post("/v1/partner/test-keys").cookie(&cookie).json(&body).send().await.expect(201);
    let url = format!("{}/sandbox", world.base);
    let run = async |arguments: &[&str]| {
        let output = tokio::process::Command::new(support::python())
            .arg(root().join("docs/integrators/bank.py"))
            .args(["--url", &url])
            .args(arguments)
            .env("IKD_API_KEY", made.text("api_key"))
            .current_dir(folder.path())
            .output()
            .await
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        let json: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}{errors}"));
        (json, output.status.success())
    };
    let (done, fits) = run(&["people", "--purpose", "open_account"]).await;
    assert!(fits && done == json!({"asked": 20, "surprises": []}), "{done}");
    // Step by step, as the page prints it.
    let (shown, _) = run(&["present", "siti", "--share", "full"]).await;
    assert!(run(&["jwks", "--save", "jwks.json"]).await.1);
    let token = shown["token"].as_str().unwrap();
    let (answer, fits) = run(&["verify", token, "--purpose", "open_account", "--save", "check.json"]).await;
    assert!(fits && answer["attributes"]["full_name"] == "SITI CONTOH", "{answer}");
    let (stated, fits) = run(&["receipt", "check.json", "--jwks", "jwks.json"]).await;
    assert!(fits && stated["test"] == true && stated["result"] == "valid", "{stated}");
}

#[tokio::test]
async fn the_banks_example_checks_receipts_of_either_algorithm() {
    let vectors: Value = serde_json::from_str(include_str!("../../docs/vectors/token.json")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(file("jwks.json"), vectors["jwks"].to_string()).unwrap();
    let mut checked = 0;
    let old = vectors["tokens"].as_array().unwrap().iter();
    let old = old.filter(|case| case["typ"] == "application/ikd-receipt+cwt").map(|case| (Value::Null, &case["text"]));
    let proven = vectors["receipts"].as_array().unwrap().iter();
    // One that was committed alone, and the last of five.
    let proven =
        proven.filter(|case| ["0 of 1", "4 of 5"].iter().any(|name| case["name"].as_str().unwrap().starts_with(name)));
    for (statement, signed) in old.chain(proven.map(|case| (case["statement"].clone(), &case["proof"]))) {
        let good = signed.as_str().unwrap();
        // The signature is at the end.
        let (rest, signature) = good.split_at(good.len() - 40);
        let (one, other) = signature.split_at(1);
        let forged = format!("{rest}{}{other}", if one == "A" { "B" } else { "A" });
        for (signed, genuine) in [(good, true), (forged.as_str(), false)] {
            let answer = match &statement {
                Value::Null => json!({"receipt": {"cwt": signed, "salt": ""}}),
                statement => json!({"receipt": {"statement": statement, "proof": signed, "salt": ""}}),
            };
            std::fs::write(file("check.json"), answer.to_string()).unwrap();
            let mut command = tokio::process::Command::new(support::python());
            command.current_dir(root()).arg("docs/integrators/bank.py").args(["receipt", &file("check.json")]);
            let done = command.args(["--jwks", &file("jwks.json")]).output().await.unwrap();
            assert_eq!(done.status.success(), genuine, "{}", String::from_utf8_lossy(&done.stdout));
            checked += 1;
        }
    }
    assert_eq!(checked, 2 * (2 + 4));
    // What has another form is refused in words: an attached payload (null is f6), two proofs, no path, another tag.
    let case = vectors["receipts"]
        .as_array()
        .unwrap()
        .iter()
        .find(|case| case["name"].as_str().unwrap().starts_with("0 of 1"));
    let case = case.unwrap();
    let good = ikd::base64url::decode(case["proof"].as_str().unwrap()).unwrap();
    let payload = good.len() - 67;
    let attached = [&good[..payload], &[0x41, 0x00], &good[payload + 1..]].concat();
    // In front of the payload stand [2, 0, [hash]], 40 bytes with its own head, and an array of one.
    let inclusion = payload - 40;
    let one = &good[inclusion..payload];
    let twice = [&good[..inclusion - 1], &[0x82], one, one, &good[payload..]].concat();
    let pathless = [&good[..inclusion], &[0x44, 0x83, 0x02, 0x00, 0x80], &good[payload..]].concat();
    let negative = [&good[..inclusion + 4], &[0x20], &good[inclusion + 5..]].concat();
    for (proof, wrong) in
        [(attached, "attached"), (twice, ""), (pathless, "no leaf"), (negative, "no leaf"), (vec![0xd1], "")]
    {
        let proof = ikd::base64url::encode(&proof);
        let answer = json!({"receipt": {"statement": case["statement"], "proof": proof, "salt": ""}});
        std::fs::write(file("check.json"), answer.to_string()).unwrap();
        let mut command = tokio::process::Command::new(support::python());
        command.current_dir(root()).arg("docs/integrators/bank.py").args(["receipt", &file("check.json")]);
        let done = command.args(["--jwks", &file("jwks.json")]).output().await.unwrap();
        let said: Value = serde_json::from_slice(&done.stdout).unwrap_or_default();
        assert!(
            !done.status.success() && said["error"].as_str().is_some_and(|text| text.contains(wrong)),
            "{wrong}: {said}"
        );
    }
}

#[tokio::test]
async fn the_app_developers_example_and_the_published_vectors_agree() {
    for (script, arguments) in [
        ("docs/integrators/app.py", &["--check-vectors", "docs/vectors"][..]),
        ("docs/vectors/make.py", &["--check"][..]),
    ] {
        let mut command = tokio::process::Command::new(support::python());
        let status = command.current_dir(root()).arg(script).args(arguments).status().await.unwrap();
        assert!(status.success(), "{script}");
    }
}
