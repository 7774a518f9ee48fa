//! The command line: exit codes, what is printed, and that other programs can read it.

use std::io::{BufRead, BufReader};
use std::process::{Command, Output, Stdio};

use ikd::demo::client::Bank;
use ikd::device::client::PinKey;
use ikd::mail::Mailbox;
use serde_json::Value;

use crate::binary::{
    Site, activate, approve, http, is_private, log_in, present, register, signal, wait_for, wait_for_exit,
};
use crate::world::{code_in, verdict};

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn wrong_usage_is_2_and_what_is_missing_in_the_surroundings_is_3() {
    let site = Site::new(None);
    for words in [
        &[][..],
        &["fly"],
        &["serve", "--nonsense"],
        &["keys", "rotate", "shoes"],
        &["register", "generate"],
        &["officer", "add", "petugas"],
        &["relying-party", "key", "revoke", "no-uuid"],
        &["demo", "--exit", "--no-walk"],
        &["--format", "xml", "keys", "list"],
    ] {
        let output = site.run(words);
        assert_eq!(code(&output), 2, "{words:?}: {}", errors(&output));
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{words:?}");
    }
    for words in [&["--help"][..], &["--version"], &["demo", "--help"], &["help", "keys"]] {
        assert_eq!(code(&site.run(words)), 0, "{words:?}");
    }
    // No keys yet: nothing is invented, and it is said what to do.
    for words in [&["serve"][..], &["keys", "list"], &["office", "list"]] {
        let output = site.run(words);
        assert_eq!(code(&output), 3, "{words:?}");
        assert!(errors(&output).contains("keys init"), "{words:?}: {}", errors(&output));
        assert!(!site.path("keys").exists(), "{words:?}");
    }
    for (name, value) in [
        ("IKD__DATABASE__URL", "mysql://x"),
        ("IKD__DATABASE__URL", "postgres://ikd@127.0.0.1:1/ikd"),
        ("IKD__HTTP__LISTENN", "x"),
        ("IKD__MAIL__SMTP__PORT", "many"),
    ] {
        let output =
            site.run_with(&["keys", "init"], &[(name, value), ("IKD__DATABASE__ACQUIRE_TIMEOUT_SECONDS", "1")]);
        assert_eq!(code(&output), 3, "{name}={value}: {}", errors(&output));
    }
    assert_eq!(code(&site.run(&["--config", "nowhere.toml", "keys", "list"])), 3);
}

#[test]
fn production_refuses_weak_settings_all_at_once_and_the_check_masks_secrets() {
    let site = Site::new(None);
    site.json(&["keys", "init"]);
    let weak = [
        ("IKD__SERVICE__MODE", "production"),
        ("IKD__DATABASE__URL", "postgres://ikd:rahasia-basis-data@db.internal/ikd"),
        ("IKD__MAIL__SMTP__PASSWORD", "rahasia-surel"),
    ];
    let refused = site.run_with(&["serve"], &weak);
    assert_eq!(code(&refused), 1);
    for reason in [
        "tls_certificate",
        "public_url",
        "mail.transport",
        "issuer",
        "verify-full",
        "publish_ahead_seconds",
        "max_number",
    ] {
        assert!(errors(&refused).contains(reason), "{reason} is not named: {}", errors(&refused));
    }
    let checked = site.run_with(&["config", "check"], &weak);
    assert_eq!(code(&checked), 1);
    let shown = String::from_utf8(checked.stdout.clone()).unwrap();
    assert!(shown.contains("db.internal") && shown.contains("********"), "{shown}");
    let everything = format!("{shown}{}{}", errors(&checked), errors(&refused));
    assert!(!everything.contains("rahasia"), "{everything}");

    let json = site.json(&["config", "check"]);
    assert_eq!(json["service"]["mode"], "development");
    assert_eq!(json["captcha"]["max_number"], 50);
    let toml = site.text(&["config", "check"]);
    std::fs::write(site.path("again.toml"), &toml).unwrap();
    assert_eq!(site.text(&["--config", "again.toml", "config", "check"]), toml, "what is printed can be read again");
}

#[test]
fn keys_offices_officers_parties_and_the_audit_log() {
    let site = Site::new(None);
    let first = site.json(&["keys", "init"]);
    assert_eq!((&first["root_made"], first["keys"].as_array().unwrap().len()), (&Value::Bool(true), 2));
    assert_eq!(site.json(&["keys", "init"])["keys"], serde_json::json!([]), "a second time nothing is made");
    for entry in std::fs::read_dir(site.path("keys")).unwrap().map(Result::unwrap) {
        assert!(entry.path().is_dir() || is_private(&entry.path()), "{:?}", entry.path());
    }
    assert!(is_private(&site.path("keys/root/1")));
    let listed = site.json(&["keys", "list"]);
    assert!(listed["keys"].as_array().unwrap().iter().all(|key| key["state"] == "active"));
    let exported: Value = serde_json::from_str(&site.text(&["keys", "export"])).unwrap();
    for key in exported["keys"].as_array().unwrap() {
        assert_eq!((&key["kty"], &key["crv"]), (&"OKP".into(), &"Ed25519".into()));
        assert!(key.get("d").is_none(), "no private half leaves");
    }
    assert!(site.text(&["keys", "list"]).contains("token"));
    assert_eq!(site.json(&["keys", "rotate", "receipt"])["state"], "next");

    let office = site.json(&["office", "add", "JKT-01", "Kantor Satu", "--kind", "outreach"]);
    assert_eq!(office["code"], "JKT-01");
    assert_eq!(code(&site.run(&["office", "add", "JKT-01", "Kantor Satu"])), 1, "a code once");
    assert_eq!(code(&site.run(&["office", "add", "jkt 01", "Kantor"])), 1);
    assert_eq!(site.json(&["office", "list"])["offices"][0]["kind"], "outreach");

    let officer = site.json(&["officer", "add", "siti", "Siti Uji", "--office", "JKT-01", "--generate-password"]);
    assert!(
        officer["password"].as_str().unwrap().len() >= 16
            && officer["totp_address"].as_str().unwrap().starts_with("otpauth://")
    );
    assert_eq!(code(&site.run(&["officer", "add", "siti", "Siti", "--office", "JKT-01", "--generate-password"])), 1);
    assert_eq!(code(&site.run(&["officer", "add", "budi", "Budi", "--office", "NONE", "--generate-password"])), 1);
    assert_eq!(code(&site.run(&["officer", "add", "budi", "Budi", "--office", "JKT-01"])), 1, "an empty password");
    let again = site.json(&["officer", "reset-totp", "siti"]);
    assert_ne!(again["totp_secret"], officer["totp_secret"]);
    assert_eq!(site.json(&["officer", "disable", "siti"])["state"], "disabled");
    assert_eq!(code(&site.run(&["officer", "disable", "nobody"])), 1);
    let listed = site.text(&["officer", "list", "--format", "json"]);
    assert!(listed.contains("\"disabled\"") && !listed.contains("argon2") && !listed.contains("secret"));

    let purpose = "open_account=Membuka rekening|Opening an account";
    let bank = site.json(&["relying-party", "add", "Bank Uji", "--attributes", "age", "--purpose", purpose]);
    let key = bank["api_key"].as_str().unwrap();
    assert!(key.starts_with("ikd_rp_"));
    assert_eq!(code(&site.run(&["relying-party", "add", "Bank Uji", "--purpose", purpose])), 1);
    assert_eq!(
        code(&site.run(&["relying-party", "add", "Toko", "--attributes", "shoe_size", "--purpose", purpose])),
        2
    );
    assert_eq!(code(&site.run(&["relying-party", "add", "Toko", "--purpose", "nonsense"])), 2);
    let second = site.json(&["relying-party", "key", "add", "Bank Uji"]);
    assert_eq!(site.json(&["relying-party", "key", "revoke", bank["key_id"].as_str().unwrap()])["revoked"], true);
    assert_eq!(code(&site.run(&["relying-party", "key", "revoke", bank["key_id"].as_str().unwrap()])), 1);
    let employee = site.json(&["relying-party", "employee", "add", "Bank Uji", "dewi", "Dewi Uji"]);
    assert!(employee["password"].as_str().unwrap().len() >= 16);
    let listed = site.text(&["relying-party", "list", "--format", "json"]);
    let secret = second["api_key"].as_str().unwrap().rsplit_once('_').unwrap().1;
    assert!(listed.contains("revoked_at") && !listed.contains(secret), "secrets are shown once");
    assert!(site.text(&["relying-party", "list"]).contains("revoked"));

    let audit = site.json(&["audit", "verify"]);
    assert_eq!(audit["sound"], true);
    assert!(audit["report"]["entries"].as_u64().unwrap() >= 8, "{audit}");
    assert!(site.text(&["audit", "verify"]).ends_with("sound\n"));
    assert!(site.text(&["migrate"]).contains("up to date"));
    assert_eq!(site.json(&["migrate"])["engine"], "sqlite");
}

#[test]
fn the_register_is_generated_imported_closed_and_opened() {
    let site = Site::new(None);
    site.json(&["keys", "init"]);
    let made = site.json(&["register", "generate", "--count", "30", "--seed", "3", "--show", "2"]);
    assert_eq!((&made["written"], made["residents"].as_array().unwrap().len()), (&30.into(), 2));
    let again = site.json(&["register", "generate", "--count", "30", "--seed", "3", "--show", "2"]);
    assert_eq!(made, again, "a seed repeats");
    assert_eq!(site.json(&["register", "status"])["residents"], 30);
    site.text(&["register", "generate", "--count", "12", "--seed", "4", "--csv", "orang.csv"]);
    let mut csv = std::fs::read_to_string(site.path("orang.csv")).unwrap();
    let header = csv.lines().next().unwrap().to_owned();
    let broken = csv.lines().nth(1).unwrap().replacen(char::is_numeric, "x", 1);
    csv.push_str(&broken);
    csv.push('\n');
    std::fs::write(site.path("orang.csv"), &csv).unwrap();
    let imported = site.json(&["register", "import", "orang.csv"]);
    assert_eq!(
        (&imported["accepted"], &imported["refused"], &imported["complete"]),
        (&12.into(), &1.into(), &true.into())
    );
    let report = std::fs::read_to_string(site.path("orang.refused.csv")).unwrap();
    assert!(report.lines().count() == 2 && report.contains("nik"), "{report}");
    let second = site.json(&["register", "import", "orang.csv"]);
    assert_eq!(
        (&second["accepted"], &second["resumed_from"]),
        (&12.into(), &13.into()),
        "nothing was left to do: {second}"
    );
    std::fs::write(site.path("wrong.csv"), header.replacen(',', ";", 3)).unwrap();
    assert_eq!(code(&site.run(&["register", "import", "wrong.csv"])), 2);
    assert_eq!(code(&site.run(&["register", "import", "nowhere.csv"])), 3);
    assert_eq!(site.json(&["register", "close"])["register"], "closed");
    assert_eq!(site.json(&["register", "status"]), serde_json::json!({"register": "closed", "residents": 42}));
    assert_eq!(site.json(&["register", "open"])["register"], "open");
    assert!(site.text(&["register", "status"]).contains("open, 42 residents"));
}

fn demo(words: &[&str], folder: &std::path::Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ikd"));
    command.arg("demo").args(words).arg("--data").arg(folder).stdin(Stdio::null());
    command
}

#[test]
fn the_demo_walks_and_exits() {
    let folder = tempfile::tempdir().unwrap();
    let output = demo(&["--exit", "--format", "json"], folder.path()).output().unwrap();
    assert_eq!(code(&output), 0, "{}", errors(&output));
    let text = String::from_utf8(output.stdout).unwrap();
    for line in text.lines() {
        serde_json::from_str::<Value>(line).unwrap_or_else(|_| panic!("no JSON: {line}"));
    }
    // A second demo in the same folder finds keys, people and officers, and walks again.
    let output = demo(&["--exit"], folder.path()).output().unwrap();
    // The walk's resident is active already: that is said, and nothing is broken.
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(code(&output) <= 1, "{text}{}", errors(&output));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_program_can_drive_the_demo() {
    let folder = tempfile::tempdir().unwrap();
    let words = ["--no-walk", "--format", "json", "--port", "0"];
    let mut child = demo(&words, folder.path()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = lines.next().unwrap().unwrap();
    let ready: Value = serde_json::from_str(&line).unwrap();
    let base = ready["base_url"].as_str().unwrap();
    let officer = log_in(base, &ready["officer"]).await;
    let mut person = register(base, &ready["residents"][0], "warga@contoh.id").await;
    approve(&officer, &person).await;
    let mailbox = Mailbox::create(ready["mailbox_dir"].as_str().unwrap().into()).unwrap();
    let mailed = wait_for("the mail", async || {
        code_in(mailbox.list(100).unwrap().iter().map(|letter| letter.text.as_str()), &person.id)
    })
    .await;
    activate(&mut person, &mailed, PinKey::from_seed(&[1; 32])).await;
    let purpose = ready["relying_party"]["purposes"][0].as_str().unwrap();
    let bank = Bank::new(http(), base, ready["relying_party"]["api_key"].as_str().unwrap());
    let answer = bank.verify(&present(&person).await, purpose, "k").await.unwrap().expect(200).unwrap();
    assert_eq!(verdict(&answer), "valid");
    assert_eq!(answer.json["holder_check"], "compare_portrait");

    // A receipt and a token are judged without network, with nothing but the published keys.
    let keys = http().get(format!("{base}/.well-known/jwks.json")).send().await.unwrap().bytes().await.unwrap();
    let file = folder.path().join("jwks.json");
    std::fs::write(&file, &keys).unwrap();
    let verify = |token: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ikd"));
        command.args(["verify", token, "--format", "json", "--jwks"]).arg(&file).output().unwrap()
    };
    let receipt = verify(answer.json["receipt"]["cwt"].as_str().unwrap());
    assert_eq!(code(&receipt), 0, "{}", errors(&receipt));
    let shown: Value = serde_json::from_slice(&receipt.stdout).unwrap();
    assert_eq!((&shown["result"], &shown["receipt"]["result"]), (&"valid".into(), &"valid".into()));
    let token = present(&person).await;
    assert_eq!(code(&verify(&token)), 0);
    let forged = verify(&token[..token.len() - 3]);
    assert_eq!(code(&forged), 1);
    assert_eq!(serde_json::from_slice::<Value>(&forged.stdout).unwrap()["result"], "invalid");

    signal(child.id(), "TERM");
    assert_eq!(wait_for_exit(&mut child).await, Some(0));
    assert!(lines.next().is_none(), "one line and no more");
}
