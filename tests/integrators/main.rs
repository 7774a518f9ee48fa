//! The worked examples for integrators, run as they are printed, against a real node over HTTP.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods, reason = "tests")]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ikd::activation::code::ActivationCode;
use ikd::app::App;
use ikd::attribute::AttributeSet;
use ikd::clock::Clock;
use ikd::context::Context;
use ikd::credential::qr;
use ikd::keyring::Keyring;
use ikd::random::Random;
use ikd::register::{Date, MaritalStatus, Nationality, RegisterRecord, Religion, Sex, VitalStatus};
use ikd::verification::model::Purpose;
use ikd::verification::party::Parties;
use serde_json::{Value, json};
use uuid::Uuid;

use support::{Engine, root};

const RESIDENT: Uuid = Uuid::from_u128(0x51);

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

/// A node with real time and randomness, as an integrator meets it.
async fn node(folder: &Path) -> (Context, String) {
    let mut context = support::context(Engine::Sqlite, folder).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let mut config = (*context.config).clone();
    config.service.public_url.clone_from(&url);
    config.captcha.max_number = 2_000;
    context = context.altered(|sources| {
        (sources.config, sources.clock, sources.random) = (Arc::new(config), Clock::System, Random::system());
    });
    Keyring::init(&context).await.unwrap();
    let router = App::open(context.clone()).await.unwrap().router();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (context, url)
}

/// What the officer's approval leaves behind; the counter has tests of its own.
async fn approve(context: &Context, id: Uuid) {
    let record = RegisterRecord {
        nik: "3171015708900001".parse().unwrap(),
        full_name: String::from("SITI RAHMA"),
        birth_place: String::from("JAKARTA"),
        birth_date: Date::parse("1990-08-17").unwrap(),
        sex: Sex::Female,
        blood_type: None,
        address: String::from("JL. MELATI NO. 5"),
        rt: String::from("001"),
        rw: String::from("002"),
        village: String::from("GAMBIR"),
        district: String::from("GAMBIR"),
        regency: String::from("JAKARTA PUSAT"),
        province: String::from("DKI JAKARTA"),
        religion: Religion::Islam,
        marital_status: MaritalStatus::Married,
        occupation: String::from("GURU"),
        nationality: Nationality::Indonesian,
        valid_until: None,
        issued_place: String::from("JAKARTA PUSAT"),
        issued_on: None,
        vital_status: VitalStatus::Alive,
    };
    let mut tx = context.db.write().await.unwrap();
    let update = "UPDATE registration SET state = 'code_sent', code_generation = 1, resident_id = $2 \
                  WHERE registration_id = $1 AND state = 'awaiting_officer'";
    assert_eq!(ikd::execute!(&mut tx, update, id, RESIDENT).unwrap(), 1);
    let sealed = context.vault.seal_row(&context.random, "holder_record", RESIDENT, &record).unwrap();
    let insert = "INSERT INTO holder_record (resident_id, sealed, updated_at) VALUES ($1, $2, $3)";
    ikd::execute!(&mut tx, insert, RESIDENT, sealed.as_slice(), context.now()).unwrap();
    tx.commit().await.unwrap();
}

fn selfie(folder: &Path) -> String {
    let path = folder.join("selfie.jpg");
    image::RgbImage::from_fn(480, 640, |x, y| image::Rgb([(x / 2) as u8, (y / 3) as u8, 120])).save(&path).unwrap();
    path.display().to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_app_developers_example_goes_all_the_way() {
    let folder = tempfile::tempdir().unwrap();
    let (context, url) = node(folder.path()).await;
    let phone = Phone { state: folder.path().join("siti.json"), url: url.clone() };

    let person = ["--nik", "3171015708900001", "--name", "Siti Rahma", "--birth-date", "1990-08-17"];
    let contact = ["--email", "siti@example.id", "--phone", "0812 3456 7890"];
    let (answer, done) = phone.run(&[&["register"], &person[..], &contact[..]].concat()).await;
    assert!(done, "{answer}");
    assert_eq!(answer["next"], "take_selfie");
    let id: Uuid = answer["registration_id"].as_str().unwrap().parse().unwrap();
    let (answer, done) = phone.run(&["selfie", &selfie(folder.path())]).await;
    assert!(done, "{answer}");
    assert_eq!(phone.run(&["status"]).await.0["state"], "awaiting_officer");
    let (answer, done) = phone.run(&["activation-qr"]).await;
    assert!(done && answer["token"].is_string(), "{answer}");

    approve(&context, id).await;
    let code = ActivationCode::derive(&context.vault, id, 1).unwrap().digits();
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
    the_banks_example_verifies(&context, folder.path(), &url, answer["token"].as_str().unwrap()).await;
    let (history, _) = phone.run(&["history", "--pin", "902157"]).await;
    let results: Vec<_> = history["items"].as_array().unwrap().iter().map(|item| item["result"].clone()).collect();
    assert_eq!(results, ["invalid", "valid"]);

    let stranger = Phone { state: folder.path().join("other.json"), url };
    std::fs::write(&stranger.state, json!({"registration_id": id, "pin_salt": "00".repeat(16)}).to_string()).unwrap();
    assert_eq!(stranger.run(&["status"]).await.0["code"], "not_found");
    assert_eq!(stranger.run(&["show", "--pin", "902157"]).await.0["code"], "not_found");
}

/// `bank.py` as its page prints it: key set, verification, receipt; then what must be refused.
async fn the_banks_example_verifies(context: &Context, folder: &Path, url: &str, token: &str) {
    let purpose = Purpose {
        code: String::from("open_account"),
        text_id: String::from("Membuka rekening"),
        text_en: String::from("Opening an account"),
    };
    let parties = Parties::new(context.clone());
    let (_, key) = parties.add("Bank Contoh", AttributeSet::FULL, &[purpose]).await.unwrap();
    let run = async |arguments: &[&str]| {
        let output = tokio::process::Command::new(support::python())
            .arg(root().join("docs/integrators/bank.py"))
            .args(["--url", url])
            .args(arguments)
            .env("IKD_API_KEY", key.expose())
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
    let check = std::fs::read_to_string(folder.join("check.json")).unwrap();
    std::fs::write(folder.join("altered.json"), check.replace("SITI RAHMA", "SITI RAHMB")).unwrap();
    let (stated, done) = run(&["receipt", "altered.json", "--jwks", "jwks.json"]).await;
    assert!(!done && stated["error"].as_str().unwrap().contains("not the ones"), "{stated}");
    let (answer, done) = run(&["verify", token, "--purpose", "open_account"]).await;
    assert!(!done && answer["reason"] == "already_used", "{answer}");
    let (answer, done) = run(&["verify", token, "--purpose", "marketing"]).await;
    assert!(!done && answer["code"] == "purpose_not_allowed", "{answer}");
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
