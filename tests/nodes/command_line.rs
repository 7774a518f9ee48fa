//! Commands and their exit codes: 0 done, 1 refused, 2 wrong usage, 3 the environment is not usable.

use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use ikd::clock::Clock;
use serde_json::Value;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, Executor};

use support::node::{Node, ikd, text};
use support::world::World;
use support::{Engine, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_serve_says_why() {
    let world = World::bare(Engine::Postgres).await;
    let output = world.run(&["serve"]).await;
    let told = text(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "missing keys: {told}");
    assert!(told.contains("ikd keys init"), "{told}");

    world.json(&["keys", "init"]).await;
    let weak = [
        ("SERVICE__MODE", "production"),
        ("MAIL__TRANSPORT", "directory"),
        ("DATABASE__URL", "postgres://localhost:1/ikd?user=ikd&password=rahasia-uji&hostaddr=10.255.255.1"),
        ("LOG__LEVEL", "info,ikd=trace"),
        ("LIMITS__REQUESTS_PER_SECOND", "0"),
        ("HTTP__METRICS_LISTEN", "[::]:9464"),
    ];
    for words in [&["serve"][..], &["config", "check"]] {
        let output = world.run_with(&weak, words).await;
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{words:?}: {told}");
        let named = [
            "tls_certificate",
            "public_url",
            "mail.transport",
            "publish_ahead",
            "issuer",
            "max_number",
            "verify-full",
            "log.level",
            "requests_per_second",
            "metrics_listen",
        ];
        for name in named {
            assert!(told.contains(name), "{words:?} does not name {name}: {told}");
        }
        let all = format!("{told}{}", text(&output.stdout));
        assert!(!all.contains("rahasia-uji"), "{words:?} shows a secret");
    }
    // No command speaks to that server without TLS.
    let output = world.run_with(&weak, &["office", "list"]).await;
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    let output = world.run(&["office", "list"]).await;
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()), "nothing to tell");
    let gone = [("DATABASE__URL", "postgres://ikd@localhost/ikd?host=/nowhere")];
    assert_eq!(world.run_with(&gone, &["office", "list"]).await.status.code(), Some(3));

    let root = world.folder.path().join("keys/root/1");
    let pem = std::fs::read_dir(world.folder.path().join("keys")).unwrap().flatten().map(|entry| entry.path());
    let pem = pem.into_iter().find(|path| path.extension().is_some_and(|end| end == "pem")).unwrap();
    for file in [root, pem] {
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
        let output = world.run(&["serve"]).await;
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{}: {told}", file.display());
        assert!(told.contains("chmod 600") && told.contains(&file.display().to_string()), "{told}");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    for folder in ["keys", "keys/root"] {
        let folder = world.folder.path().join(folder);
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o777)).unwrap();
        let output = world.run(&["serve"]).await;
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{}: {told}", folder.display());
        assert!(told.contains("chmod go-w") && told.contains(&format!("{}: ", folder.display())), "{told}");
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o700)).unwrap();
    }
    // Whoever can take the stop log away has an older copy served.
    let stops = world.folder.path().join("stops");
    std::fs::create_dir(&stops).unwrap();
    std::fs::set_permissions(&stops, std::fs::Permissions::from_mode(0o777)).unwrap();
    let kept = stops.display().to_string();
    let output = world.run_with(&[("STOP_LOG__DIRECTORY", &kept)], &["serve"]).await;
    let told = text(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{told}");
    assert!(told.contains("chmod go-w") && told.contains(&format!("{kept}: ")), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_behind_the_audit_log_serves_nobody_until_somebody_says_that_it_is_right() {
    let world = World::with_keys(Engine::Sqlite).await;
    let file = world.database.strip_prefix("sqlite:").unwrap();
    let newest_is_ahead = async |seconds: i64| {
        let mut database = SqliteConnectOptions::new().filename(file).connect().await.unwrap();
        let written = sqlx::query("UPDATE audit_event SET at = $1 WHERE seq = (SELECT MAX(seq) FROM audit_event)")
            .bind(Clock::System.now().plus_seconds(seconds).micros())
            .execute(&mut database)
            .await
            .unwrap();
        assert_ne!(written.rows_affected(), 0);
        database.close().await.unwrap();
    };
    newest_is_ahead(3_600).await;
    let refused = world.run(&["serve"]).await;
    let told = text(&refused.stderr);
    assert_eq!(refused.status.code(), Some(3), "{told}");
    assert!(told.contains("timedatectl") && told.contains("--clock-is-right"), "{told}");
    let env = world.env(&[]);
    let mut node = Node::start_saying(world.folder.path(), &env, &["--clock-is-right"]).await;
    node.becomes(200).await;
    node.terminate();
    assert_eq!(node.ended(30).await, Some(0), "{}", node.printed());
    // Clocks differ by some seconds.
    newest_is_ahead(30).await;
    let node = Node::start(world.folder.path(), &env).await;
    node.becomes(200).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_path_is_a_path_and_what_keeps_nothing_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let run = async |url: &str, keys: &str, words: &[&str]| {
        let env = [("IKD__DATABASE__URL", url), ("IKD__KEYS__DIRECTORY", keys)];
        let env = env.map(|(name, value)| (name.to_owned(), value.to_owned()));
        ikd(folder.path(), &env).args(words).output().await.unwrap()
    };
    for name in ["d%20y", "a b", "a#b", "100%"] {
        let (url, keys) = (format!("sqlite:{name}/ikd.db"), format!("{name}/keys"));
        for words in [&["keys", "init"][..], &["office", "add", "JKT-01", "Kantor"]] {
            let output = run(&url, &keys, words).await;
            assert_eq!(output.status.code(), Some(0), "{name}: {}", text(&output.stderr));
        }
        assert!(folder.path().join(name).join("ikd.db").exists() && folder.path().join(&keys).is_dir(), "{name}");
        let listed = text(&run(&url, &keys, &["office", "list"]).await.stdout);
        assert!(listed.contains("JKT-01"), "{name}: {listed}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 4);
    for url in ["sqlite:", "sqlite::memory:", "sqlite://", "sqlite:x.db?mode=memory", "sqlite:file:x?mode=memory"] {
        for words in [&["office", "add", "JKT-02", "Kantor"][..], &["migrate"], &["serve"], &["config", "check"]] {
            let output = run(url, "a b/keys", words).await;
            let told = format!("{}{}", text(&output.stdout), text(&output.stderr));
            assert!(!output.status.success() && told.contains("database.url"), "{url} {words:?}: {told}");
        }
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 4, "nothing was made");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_words_are_wrong_usage() {
    let folder = tempfile::tempdir().unwrap();
    let wrong: [&[&str]; 8] = [
        &[],
        &["nonsense"],
        &["keys", "rotate", "card"],
        &["register", "generate"],
        &["register", "generate", "--count", "many"],
        &["demo", "--exit", "--no-walk"],
        &["verify", "X"],
        &["relying-party", "add", "Bank"],
    ];
    for words in wrong {
        let output = ikd(folder.path(), &[]).args(words).output().await.unwrap();
        assert_eq!(output.status.code(), Some(2), "{words:?}: {}", text(&output.stderr));
        assert!(!output.stderr.is_empty(), "{words:?}");
    }
    for words in [&["--help"][..], &["--version"], &["register", "import", "--help"]] {
        let output = ikd(folder.path(), &[]).args(words).output().await.unwrap();
        assert_eq!(output.status.code(), Some(0), "{words:?}");
        assert!(!output.stdout.is_empty());
    }
    let unknown = [(String::from("IKD__HTTP__LISSTEN"), String::from("x"))];
    let output = ikd(folder.path(), &unknown).args(["config", "check"]).output().await.unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(text(&output.stderr).contains("lissten"), "{}", text(&output.stderr));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing was left behind");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_shown_configuration_has_no_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let secret = "sangat-rahasia";
    let env = [
        ("IKD__DATABASE__URL", format!("postgres://ikd:{secret}@localhost/ikd?password={secret}")),
        ("IKD__MAIL__SMTP__PASSWORD", secret.to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value));
    for format in ["text", "json"] {
        let output = ikd(folder.path(), &env).args(["config", "check", "--format", format]).output().await.unwrap();
        let shown = text(&output.stdout);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        assert!(shown.contains("********") && !shown.contains(secret), "{shown}");
        if format == "json" {
            let shown: Value = serde_json::from_str(&shown).unwrap();
            assert_eq!(shown["mail"]["smtp"]["password"], "********");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_are_judged_offline_and_the_audit_log_is_read() {
    let world = World::with_people(Engine::Postgres, 1).await;
    let node = world.node(&[]).await;
    let resident = world.active(&[&node.base], 0).await;
    let token = world.present(&resident, "full").await;

    let keys = world.run(&["keys", "export"]).await;
    assert_eq!(keys.status.code(), Some(0));
    let file = world.folder.path().join("jwks.json");
    std::fs::write(&file, &keys.stdout).unwrap();
    let file = file.display().to_string();
    let offline = async |token: &str, words: &[&str]| {
        let words = [&["verify", token, "--jwks", &file, "--format", "json"], words].concat();
        // Without the environment of the service: nothing but the file is needed.
        let output = ikd(world.folder.path(), &[]).args(words).output().await.unwrap();
        (output.status.code(), serde_json::from_slice::<Value>(&output.stdout).unwrap())
    };
    let (code, shown) = offline(&token, &[]).await;
    assert_eq!((code, &shown["result"]), (Some(0), &Value::from("valid")), "{shown}");
    let (code, shown) = offline(&token, &["--issuer", "other.example"]).await;
    assert_eq!(code, Some(1), "{shown}");
    let mut altered = token.clone().into_bytes();
    let middle = altered.len() / 2;
    altered[middle] = if altered[middle] == b'A' { b'B' } else { b'A' };
    let (code, shown) = offline(&text(&altered), &[]).await;
    assert_eq!((code, &shown["result"]), (Some(1), &Value::from("invalid")), "{shown}");

    let output = world.run(&["audit", "verify"]).await;
    assert_eq!(output.status.code(), Some(0), "{}{}", text(&output.stdout), text(&output.stderr));
    let mut sql = world.sql().await;
    let alter = "UPDATE audit_event SET at = at + 1 WHERE seq = 1";
    assert!(sql.execute(alter).await.unwrap().rows_affected() > 0);
    let output = world.run(&["audit", "verify", "--format", "json"]).await;
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stdout));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["sound"], false, "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_brings_nobody_is_not_taken_for_done() {
    let world = World::with_keys(Engine::Postgres).await;
    let path = world.folder.path().join("people.csv");
    world.json(&["register", "generate", "--count", "1", "--csv", "people.csv"]).await;
    let whole = std::fs::read_to_string(&path).unwrap();
    let header = whole.lines().next().unwrap();
    for (content, code) in [(String::new(), 2), (format!("{header}\r\n"), 1), (format!("{header}\n\n\n"), 1)] {
        std::fs::write(&path, content).unwrap();
        let output = world.run(&["register", "import", "people.csv"]).await;
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{told}");
        assert!(told.contains("people.csv") && told.len() > 40, "{told}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_import_continues() {
    const ROWS: i64 = 30_000;
    let world = World::with_keys(Engine::Postgres).await;
    let made =
        world.json(&["register", "generate", "--count", &ROWS.to_string(), "--seed", "5", "--csv", "people.csv"]).await;
    assert_eq!(made["written"], ROWS);
    let mut importing = ikd(world.folder.path(), &world.env(&[]))
        .args(["register", "import", "people.csv"])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let residents = async || {
        let count = "SELECT COALESCE(MAX(accepted), 0) FROM register_import";
        sqlx::query_scalar::<_, i64>(count).fetch_one(&mut world.sql().await).await.unwrap()
    };
    until("part of the file is imported", 30, async || (residents().await >= 2_000).then_some(())).await;
    importing.kill().await.unwrap();
    let before = residents().await;
    assert!(before < ROWS, "the import was over before it was killed");

    let done = world.json(&["register", "import", "people.csv"]).await;
    assert!(done["resumed_from"].as_i64().unwrap() >= before, "{done}");
    assert_eq!((&done["accepted"], &done["refused"], &done["complete"]), (&ROWS.into(), &0.into(), &true.into()));
    let status = world.json(&["register", "status"]).await;
    assert_eq!((&status["residents"], &status["register"]), (&ROWS.into(), &"open".into()));
}
