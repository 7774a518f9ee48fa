//! Commands that set things up: what they print for people and for programs, and what they refuse.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use support::acts::BY_COMMAND;

use support::Engine;
use support::node::text;
use support::until;
use support::world::{Program, World};

/// Runs a command; its exit code.
async fn code(world: &World<Program>, words: &[&str]) -> i32 {
    world.run(words).await.status.code().unwrap()
}

/// Runs a command that must succeed; what it printed.
async fn printed(world: &World<Program>, words: &[&str]) -> String {
    let output = world.run(words).await;
    assert_eq!(output.status.code(), Some(0), "{words:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

fn path(world: &World<Program>, name: &str) -> PathBuf {
    world.folder.path().join(name)
}

fn is_private(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o077 == 0
}

/// The id of the token key that signs.
async fn listed_kid(world: &World<Program>) -> String {
    let listed = world.json(&["keys", "list"]).await;
    let keys = listed["keys"].as_array().unwrap();
    let active = keys.iter().find(|key| key["purpose"] == "token" && key["state"] == "active").unwrap();
    active["kid"].as_str().unwrap().to_owned()
}

/// What is said of offices, and what is refused.
async fn offices(world: &World<Program>) {
    world.json(&["office", "add", "JKT-D", "Dinas Jakarta Pusat"]).await;
    let words = ["--parent", "JKT-D", "--regions", "3171,31.71.01", "--address", "Jl. Tanah Abang I No. 1", "--point"];
    let more =
        ["-6.1754,106.8272", "--zone", "wita", "--capacity", "12", "--phone", "021 3456789", "--note", "Lantai 2"];
    let edited = world.json(&[&["office", "edit", "JKT-01"], &words[..], &more[..]].concat()).await;
    assert_eq!((&edited["above"], &edited["regions"]), (&json!(["JKT-D"]), &json!(["3171", "317101"])));
    let hours = world.json(&["office", "hours", "JKT-01", "mon-tue 08:00-15:30"]).await;
    assert_eq!(hours["hours"], "mon 08:00-15:30, tue 08:00-15:30");
    assert_eq!(code(world, &["office", "hours", "JKT-01", "monday 8-15"]).await, 1);
    let day = "2027-03-09";
    let closed = world.json(&["office", "holiday", "add", "JKT-D", day, "Nyepi", "--below"]).await;
    assert_eq!(closed["offices"], 2);
    assert_eq!(code(world, &["office", "holiday", "add", "JKT-D", "2026-01-01", "Lewat"]).await, 1, "it is over");
    world.json(&["office", "holiday", "remove", "JKT-D", day]).await;
    let shown = world.json(&["office", "show", "JKT-01"]).await;
    assert_eq!(shown["holidays"], json!([{"day": day, "name": "Nyepi"}]));
    assert_eq!((&shown["phone"], &shown["point"]), (&json!("+62213456789"), &json!("-6.175400,106.827200")));
    for refused in [
        &["office", "edit", "JKT-D", "--parent", "JKT-01"][..],
        &["office", "edit", "JKT-01", "--kind", "dinas"],
        &["office", "edit", "JKT-01", "--parent", "JKT-01"],
        &["office", "edit", "JKT-01", "--regions", "9999"],
        &["office", "show", "NONE"],
        &["office", "close", "JKT-D"],
        &["office", "reopen", "JKT-D"],
    ] {
        assert_eq!(code(world, refused).await, 1, "{refused:?}");
    }
    world.json(&["office", "edit", "JKT-01", "--parent", ""]).await;
    world.json(&["office", "close", "JKT-D"]).await;
    assert!(printed(world, &["office", "list"]).await.contains("(closed)"));
    assert_eq!(code(world, &["office", "edit", "JKT-01", "--parent", "JKT-D"]).await, 1, "it is closed");
    assert_eq!(code(world, &["officer", "add", "tutup", "Tutup", "--office", "JKT-D", "--generate-password"]).await, 1);
    world.json(&["office", "reopen", "JKT-D"]).await;
}

/// Public keys of a party that has no API key, and of the register's side.
async fn registered_keys(world: &World<Program>, purpose: &str) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bank.jwk");
    let file = path.to_str().unwrap();
    // RFC 8037, appendix A.2 and A.3: a public key, and its thumbprint.
    let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
    std::fs::write(&path, format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{x}"}}"#)).unwrap();
    let thumbprint = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k";
    let shop = world.json(&["relying-party", "add", "Toko Kunci", "--no-key", "--purpose", purpose]).await;
    let key = world.json(&["relying-party", "key", "register", "Toko Kunci", "--jwk", file]).await;
    assert_eq!(key["client_id"], shop["relying_party_id"]);
    let listed = printed(world, &["relying-party", "list", "--format", "json"]).await;
    assert!(listed.contains(thumbprint));
    assert_eq!(code(world, &["relying-party", "key", "register", "Toko Kunci", "--jwk", file]).await, 1, "once");
    assert_eq!(code(world, &["relying-party", "key", "register", "Bank Uji", "--jwk", "/nowhere"]).await, 2);
    let id = key["key_id"].as_str().unwrap();
    assert_eq!(world.json(&["relying-party", "key", "revoke", id]).await["revoked"], true);
    let feed = world.json(&["register", "public-key", file, "--until", "2027-06-30"]).await;
    assert_eq!((&feed["kid"], &feed["client_id"]), (&Value::from(thumbprint), &Value::from("register")));
    std::fs::write(&path, format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{x}","d":"{x}"}}"#)).unwrap();
    assert_eq!(code(world, &["register", "public-key", file, "--until", "2027-06-30"]).await, 2, "a private key");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_offices_officers_parties_and_the_audit_log() {
    let world = World::bare(Engine::Postgres).await;
    let first = world.json(&["keys", "init"]).await;
    assert_eq!((&first["root_made"], first["keys"].as_array().unwrap().len()), (&Value::Bool(true), 5));
    assert_eq!(world.json(&["keys", "init"]).await["keys"], json!([]), "a second time nothing is made");
    for entry in std::fs::read_dir(path(&world, "keys")).unwrap().map(Result::unwrap) {
        assert!(entry.path().is_dir() || is_private(&entry.path()), "{:?}", entry.path());
    }
    assert!(is_private(&path(&world, "keys/root/1")));
    let listed = world.json(&["keys", "list"]).await;
    assert!(listed["keys"].as_array().unwrap().iter().all(|key| key["state"] == "active"));
    let exported: Value = serde_json::from_str(&printed(&world, &["keys", "export"]).await).unwrap();
    for key in exported["keys"].as_array().unwrap() {
        assert_eq!((&key["kty"], &key["crv"]), (&"OKP".into(), &"Ed25519".into()));
        assert!(key.get("d").is_none(), "no private half leaves");
    }
    assert!(printed(&world, &["keys", "list"]).await.contains("token"));
    assert_eq!(world.json(&["keys", "rotate", "receipt"]).await["state"], "next");

    let office = world.json(&["office", "add", "JKT-01", "Kantor Satu", "--kind", "outreach"]).await;
    assert_eq!(office["code"], "JKT-01");
    assert_eq!(code(&world, &["office", "add", "JKT-01", "Kantor Satu"]).await, 1, "a code once");
    assert_eq!(code(&world, &["office", "add", "jkt 01", "Kantor"]).await, 1);
    assert_eq!(world.json(&["office", "list"]).await["offices"][0]["kind"], "mobile", "the word before this version");
    offices(&world).await;

    let officer =
        world.json(&["officer", "add", "siti", "Siti Uji", "--office", "JKT-01", "--generate-password"]).await;
    assert!(
        officer["password"].as_str().unwrap().len() >= 16
            && officer["totp_address"].as_str().unwrap().starts_with("otpauth://")
    );
    assert_eq!(code(&world, &["officer", "add", "siti", "Siti", "--office", "JKT-01", "--generate-password"]).await, 1);
    assert_eq!(code(&world, &["officer", "add", "budi", "Budi", "--office", "NONE", "--generate-password"]).await, 1);
    assert_eq!(code(&world, &["officer", "add", "budi", "Budi", "--office", "JKT-01"]).await, 1, "an empty password");
    let again = world.json(&["officer", "reset-totp", "siti"]).await;
    assert_ne!(again["totp_secret"], officer["totp_secret"]);
    let again = world.json(&["officer", "reset-password", "siti", "--generate-password"]).await;
    assert!(again["password"].is_string() && again["password"] != officer["password"]);
    assert_eq!(code(&world, &["officer", "reset-password", "nobody", "--generate-password"]).await, 1);
    assert_eq!(code(&world, &["officer", "send-link", "siti"]).await, 1, "no address is known");
    let address = ["officer", "send-link", "siti", "--email", "siti@dukcapil.example", "--language", "en"];
    assert_eq!(world.json(&address).await["link_hours"], 24);
    assert_eq!(code(&world, &["administrator", "send-link", "nobody"]).await, 1);
    assert_eq!(code(&world, &["relying-party", "employee", "send-link", "nobody"]).await, 1);
    assert!(printed(&world, &["officer", "list"]).await.contains("has to choose own secrets"));
    assert_eq!(world.json(&["officer", "disable", "siti"]).await["state"], "disabled");
    assert_eq!(code(&world, &["officer", "disable", "nobody"]).await, 1);
    assert_eq!(code(&world, &["officer", "disable", "siti"]).await, 1, "disabled already");
    assert_eq!(world.json(&["officer", "enable", "siti"]).await["state"], "active");
    assert_eq!(code(&world, &["officer", "enable", "siti"]).await, 1);
    assert_eq!(code(&world, &["officer", "enable", "nobody"]).await, 1);
    assert_eq!(code(&world, &["officer", "restore-rights", "siti"]).await, 1, "they do not rest");
    let today = ikd::register::Date::in_jakarta(ikd::clock::Clock::System.now());
    let day = |days| today.plus_days(days).unwrap().to_string();
    let assistant =
        ["officer", "add", "magang", "Magang", "--office", "JKT-01", "--role", "assistant", "--generate-password"];
    assert_eq!(code(&world, &assistant).await, 1, "without a last day");
    let for_a_month = day(30);
    world.json(&[&assistant[..], &["--until", &for_a_month]].concat()).await;
    assert_eq!(world.json(&["officer", "end", "magang", "--until", &day(60)]).await["last_day"], day(60));
    assert_eq!(code(&world, &["officer", "end", "magang", "--until", &day(200)]).await, 1);
    assert_eq!(code(&world, &["officer", "end", "magang"]).await, 1, "without an end");
    assert_eq!(world.json(&["officer", "acting", "siti", "--as", "head", "--until", &day(7)]).await["role"], "head");
    assert_eq!(code(&world, &["officer", "acting", "siti", "--as", "head"]).await, 2, "without a last day");
    assert_eq!(code(&world, &["officer", "acting", "siti", "--as", "officer", "--until", &day(7)]).await, 1);
    assert!(printed(&world, &["officer", "list"]).await.contains("acting head"));
    assert_eq!(world.json(&["officer", "acting", "siti"]).await["role"], Value::Null);
    sqlx::query("UPDATE staff_account SET paused_at = 1").execute(&mut world.sql().await).await.unwrap();
    assert!(printed(&world, &["officer", "list"]).await.contains(" paused "));
    assert_eq!(world.json(&["officer", "restore-rights", "siti"]).await["state"], "active");
    assert!(printed(&world, &["officer", "disable", "siti"]).await.contains("disabled"));
    let listed = printed(&world, &["officer", "list", "--format", "json"]).await;
    assert!(listed.contains("\"disabled\"") && !listed.contains("argon2") && !listed.contains("secret"));

    let purpose = "open_account=Membuka rekening|Opening an account";
    let bank = world.json(&["relying-party", "add", "Bank Uji", "--attributes", "age", "--purpose", purpose]).await;
    let key = bank["api_key"].as_str().unwrap();
    assert!(key.starts_with("ikd_rp_"));
    assert_eq!(code(&world, &["relying-party", "add", "Bank Uji", "--purpose", purpose]).await, 1);
    assert_eq!(
        code(&world, &["relying-party", "add", "Toko", "--attributes", "shoe_size", "--purpose", purpose]).await,
        2
    );
    assert_eq!(code(&world, &["relying-party", "add", "Toko", "--purpose", "nonsense"]).await, 2);
    // Both limits gone is said in a word of its own, never by saying nothing.
    let quota = |more: &'static [&'static str]| [&["relying-party", "quota", "Bank Uji"], more].concat();
    assert_eq!(code(&world, &quota(&[])).await, 2);
    assert_eq!(code(&world, &quota(&["--unlimited", "--per-day", "9"])).await, 2);
    let set = world.json(&quota(&["--per-day", "9"])).await;
    assert_eq!((&set["per_minute"], &set["per_day"]), (&Value::Null, &Value::from(9)));
    assert_eq!(world.json(&quota(&["--unlimited"])).await["per_day"], Value::Null);
    let second = world.json(&["relying-party", "key", "add", "Bank Uji"]).await;
    assert_eq!(
        world.json(&["relying-party", "key", "revoke", bank["key_id"].as_str().unwrap()]).await["revoked"],
        true
    );
    assert_eq!(code(&world, &["relying-party", "key", "revoke", bank["key_id"].as_str().unwrap()]).await, 1);
    registered_keys(&world, purpose).await;
    let employee = world.json(&["relying-party", "employee", "add", "Bank Uji", "dewi", "Dewi Uji"]).await;
    assert!(employee["password"].as_str().unwrap().len() >= 16);
    let of = |act: &'static str| ["relying-party", "employee", act, "dewi"];
    assert_eq!(world.json(&of("disable")).await["state"], "disabled");
    assert_eq!(code(&world, &of("disable")).await, 1);
    assert_eq!(world.json(&of("enable")).await["state"], "active");
    assert_eq!(code(&world, &of("enable")).await, 1);
    let renewed = world.json(&of("reset")).await;
    assert!(renewed["password"] != employee["password"] && renewed["totp_secret"] != employee["totp_secret"]);
    assert_eq!(code(&world, &["relying-party", "employee", "reset", "nobody"]).await, 1);
    let listed = printed(&world, &["relying-party", "list", "--format", "json"]).await;
    let secret = second["api_key"].as_str().unwrap().rsplit_once('_').unwrap().1;
    assert!(listed.contains("revoked_at") && !listed.contains(secret), "secrets are shown once");
    assert!(printed(&world, &["relying-party", "list"]).await.contains("revoked"));

    printed(&world, &["register", "generate", "--count", "3", "--seed", "3"]).await;
    world.json(&["register", "close"]).await;
    world.json(&["register", "open"]).await;
    let active = listed_kid(&world).await;
    world.json(&["keys", "rotate", "token"]).await;
    world.json(&["keys", "revoke", &active]).await;
    assert_eq!(world.json(&["audit", "pairs", "--days", "30"]).await, json!({"days": 30, "pairs": []}));
    assert_eq!(code(&world, &["restore"]).await, 2, "no stop log is configured");
    std::fs::create_dir(world.folder.path().join("stops")).unwrap();
    assert_eq!(world.json(&["restore", "--log", "stops"]).await["unknown"], 0);
    let made = path(&world, "keys/root/2");
    assert_eq!((made.exists(), &world.json(&["keys", "new-root"]).await["version"]), (false, &json!(2)));
    assert!(is_private(&made));
    // A node notes its start beside its first requests, not before them.
    let node = world.node(&[]).await;
    until("the start in the log", 20, async || {
        let noted = "SELECT seq FROM audit_event WHERE outcome = 'done' AND action = 'node_started'";
        sqlx::query_scalar::<_, i64>(noted).fetch_optional(&mut world.sql().await).await.unwrap()
    })
    .await;
    until("all rows under the new root secret", 60, async || {
        let listed = world.json(&["keys", "roots"]).await;
        (listed["roots"][1]["state"] == "active" && listed["reseal_done"] == true).then_some(())
    })
    .await;
    assert!(printed(&world, &["keys", "roots"]).await.contains("all rows are sealed with 2"));
    let safe = path(&world, "safe").display().to_string();
    assert_eq!(
        code(&world, &["keys", "retire-root", "1", "--void", "--look-again-after", "1", "--safe", &safe]).await,
        3,
        "no folder"
    );
    std::fs::create_dir(path(&world, "safe")).unwrap();
    for version in ["2", "9"] {
        let words = ["keys", "retire-root", version, "--void", "--safe", &safe];
        assert_eq!(code(&world, &words).await, 1, "{version}: it seals, or there is none");
    }
    assert_eq!(
        world.json(&["keys", "retire-root", "1", "--void", "--look-again-after", "1", "--safe", &safe]).await["moved"],
        true
    );
    assert_eq!(
        world.json(&["keys", "retire-root", "1", "--void", "--look-again-after", "1", "--safe", &safe]).await["moved"],
        false
    );
    drop(node);
    let seen: Vec<String> = sqlx::query_scalar("SELECT DISTINCT action FROM audit_event WHERE outcome = 'done'")
        .fetch_all(&mut world.sql().await)
        .await
        .unwrap();
    for action in BY_COMMAND {
        assert!(seen.iter().any(|name| name == action.as_str()), "never written: {}", action.as_str());
    }

    let audit = world.json(&["audit", "verify"]).await;
    assert_eq!(audit["sound"], true);
    assert!(audit["report"]["entries"].as_u64().unwrap() >= 13, "{audit}");
    assert!(printed(&world, &["audit", "verify"]).await.ends_with("sound\n"));
    assert!(printed(&world, &["migrate"]).await.contains("up to date"));
    assert_eq!(world.json(&["migrate"]).await["engine"], "postgres");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_register_is_generated_imported_closed_and_opened() {
    let world = World::with_keys(Engine::Postgres).await;
    let made = world.json(&["register", "generate", "--count", "30", "--seed", "3", "--show", "2"]).await;
    assert_eq!((&made["written"], made["residents"].as_array().unwrap().len()), (&30.into(), 2));
    let again = world.json(&["register", "generate", "--count", "30", "--seed", "3", "--show", "2"]).await;
    assert_eq!(made, again, "a seed repeats");
    assert_eq!(world.json(&["register", "status"]).await["residents"], 30);
    printed(&world, &["register", "generate", "--count", "12", "--seed", "4", "--csv", "orang.csv"]).await;
    let mut csv = std::fs::read_to_string(path(&world, "orang.csv")).unwrap();
    let header = csv.lines().next().unwrap().to_owned();
    let broken = csv.lines().nth(1).unwrap().replacen(char::is_numeric, "x", 1);
    csv.push_str(&broken);
    csv.push('\n');
    std::fs::write(path(&world, "orang.csv"), &csv).unwrap();
    let imported = world.json(&["register", "import", "orang.csv"]).await;
    assert_eq!(
        (&imported["accepted"], &imported["refused"], &imported["complete"]),
        (&12.into(), &1.into(), &true.into())
    );
    let report = std::fs::read_to_string(path(&world, "orang.refused.csv")).unwrap();
    assert!(report.lines().count() == 2 && report.contains("nik"), "{report}");
    let second = world.json(&["register", "import", "orang.csv"]).await;
    assert_eq!(
        (&second["accepted"], &second["resumed_from"]),
        (&12.into(), &13.into()),
        "nothing was left to do: {second}"
    );
    std::fs::write(path(&world, "wrong.csv"), header.replacen(',', ";", 3)).unwrap();
    assert_eq!(code(&world, &["register", "import", "wrong.csv"]).await, 2);
    assert_eq!(code(&world, &["register", "import", "nowhere.csv"]).await, 3);
    assert_eq!(world.json(&["register", "close"]).await["register"], "closed");
    assert_eq!(world.json(&["register", "status"]).await, json!({"register": "closed", "residents": 42}));
    assert_eq!(world.json(&["register", "open"]).await["register"], "open");
    assert!(printed(&world, &["register", "status"]).await.contains("open, 42 residents"));
}
