//! `ikd setup`: what it makes, what it leaves alone, and that the service starts with it.

use std::collections::BTreeMap;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use ikd::clock::Clock;
use serde_json::{Value, json};

use support::http;
use support::node::{Node, ikd, text};
use support::world::LogIn;

const FIRST: [&str; 9] = [
    "setup",
    "--office",
    "JKT-01",
    "--office-name",
    "Dukcapil Uji",
    "--admin",
    "siti.rahma",
    "--admin-name",
    "Siti Rahma",
];

async fn run(folder: &Path, words: &[&str]) -> (Option<i32>, String, String) {
    let output = ikd(folder, &[]).args(words).output().await.unwrap();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

async fn report(folder: &Path, words: &[&str]) -> Value {
    let (code, printed, errors) = run(folder, &[words, &["--format", "json"]].concat()).await;
    assert_eq!(code, Some(0), "{printed}{errors}");
    serde_json::from_str(&printed).unwrap()
}

/// Every file below a folder with its bytes, without the database's.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            found.extend(files(&entry));
        } else if !entry.to_string_lossy().contains(".db") {
            found.insert(entry.clone(), std::fs::read(&entry).unwrap());
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_installation_is_made_once_and_serves() {
    let folder = tempfile::tempdir().unwrap();
    let made = report(folder.path(), &[&FIRST[..], &["--issuer", "ikd.contoh.go.id"]].concat()).await;
    assert_eq!(made["config"], json!({"file": "ikd.toml", "made": true}));
    assert_eq!(made["database"]["engine"], "sqlite");
    assert_eq!((&made["keys"]["root_made"], made["keys"]["made"].as_array().unwrap().len()), (&true.into(), 5));
    assert_eq!(made["office"], json!({"code": "JKT-01", "made": true}));
    assert_eq!((&made["admin"]["username"], &made["admin"]["role"]), (&"siti.rahma".into(), &"supervisor".into()));
    assert!(made["next"].as_array().unwrap().iter().any(|step| step.as_str().unwrap().contains("register import")));
    for (file, _) in files(folder.path()) {
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{} is open to others: {mode:o}", file.display());
    }

    let before = files(folder.path());
    let other = ["setup", "--office", "BDG-02", "--office-name", "Lain", "--admin", "budi", "--admin-name", "Budi"];
    for words in [&["setup"][..], &FIRST, &other] {
        let again = report(folder.path(), words).await;
        for part in ["config", "office", "admin"] {
            assert_eq!(again[part]["made"], false, "{words:?}: {again}");
        }
        assert_eq!((&again["keys"]["root_made"], &again["keys"]["made"]), (&false.into(), &json!([])));
        assert_eq!((&again["office"]["code"], &again["admin"]["username"]), (&"JKT-01".into(), &"siti.rahma".into()));
        assert!(again["admin"].get("password").is_none() && again["admin"].get("totp_secret").is_none());
    }
    assert_eq!(files(folder.path()), before, "a second run changes nothing");
    let (code, told, _) = run(folder.path(), &["setup"]).await;
    assert!(code == Some(0) && told.contains("exists  office JKT-01") && told.contains("Next:"), "{told}");
    let (code, _, errors) = run(folder.path(), &["setup", "--issuer", "other"]).await;
    assert!(code == Some(2) && errors.contains("ikd.toml") && errors.contains("--issuer"), "{errors}");

    let env =
        [("HTTP__LISTEN", "127.0.0.1:0"), ("HTTP__METRICS_LISTEN", ""), ("SERVICE__PUBLIC_URL", "http://127.0.0.1")];
    let env = env.map(|(name, value)| (format!("IKD__{name}"), value.to_owned()));
    let down = ikd(folder.path(), &env).arg("health").output().await.unwrap();
    assert_ne!(down.status.code(), Some(0), "nothing runs there");
    let mut node = Node::start(folder.path(), &env).await;
    let address = node.base.strip_prefix("http://").unwrap().to_owned();
    let env = [&env[..], &[(String::from("IKD__HTTP__LISTEN"), address)]].concat();
    let health = ikd(folder.path(), &env).arg("health").output().await.unwrap();
    assert_eq!((health.status.code(), text(&health.stdout).trim()), (Some(0), "ready"), "{}", text(&health.stderr));
    let officer = LogIn::read(&made["admin"]).officer(http(), &node.base, &Clock::System).await;
    officer.get("/v1/officer/sessions").await.expect_problem(403, "secrets_required");
    officer.settle(&Clock::System).await;
    officer.get("/v1/officer/sessions").await.expect(200);
    let session = officer.get("/v1/officer/sessions/current").await.expect(200);
    assert_eq!(session.json["role"], "supervisor", "{}", session.json);
    node.kill().await;
    let health = ikd(folder.path(), &env).arg("health").output().await.unwrap();
    assert!(health.status.code() == Some(1) && text(&health.stderr).contains("no answer"), "{}", text(&health.stderr));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_missing_is_named_and_a_second_try_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let (code, _, errors) = run(folder.path(), &["setup"]).await;
    assert!(code == Some(2) && errors.contains("--office"), "{errors}");
    let (code, _, errors) = run(folder.path(), &FIRST[..5]).await;
    assert!(code == Some(2) && errors.contains("--admin"), "{errors}");
    // A password of one's own comes from standard input, and is not printed.
    let mut child = ikd(folder.path(), &[])
        .args([&FIRST[..], &["--password-stdin"]].concat())
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut input, b"kuda benar baterai staples\n").await.unwrap();
    drop(input);
    let output = child.wait_with_output().await.unwrap();
    let told = text(&output.stdout);
    assert!(output.status.success() && told.contains("made    administrator siti.rahma"), "{told}");
    assert!(told.contains("exists  office JKT-01") && !told.contains("kuda") && told.contains("otpauth://"), "{told}");

    let empty = tempfile::tempdir().unwrap();
    let (code, _, errors) = run(empty.path(), &["setup", "--database", "mysql://localhost/ikd"]).await;
    assert_eq!(code, Some(3), "{errors}");
    assert!(!empty.path().join("keys").exists(), "a wrong URL leaves no keys behind");
}

/// What root starts belongs to the service's user: a key or a journal of root's would stop the service later.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_root_makes_belongs_to_the_service() {
    let folder = tempfile::tempdir().unwrap();
    if std::fs::metadata(folder.path()).unwrap().uid() != 0 {
        println!("not root: nothing to try");
        return;
    }
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    let nobody = std::fs::read_to_string("/etc/passwd").unwrap();
    let ids: Vec<u32> = nobody
        .lines()
        .find(|line| line.starts_with("nobody:"))
        .unwrap()
        .split(':')
        .skip(2)
        .take(2)
        .map(|id| id.parse().unwrap())
        .collect();
    std::os::unix::fs::chown(&data, Some(ids[0]), Some(ids[1])).unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let (at, config) = (data.display(), folder.path().join("ikd.toml"));
    let settings = format!(
        "[service]\nrun_as = \"nobody\"\n[database]\nurl = \"sqlite:{at}/ikd.db\"\n[keys]\ndirectory = \"{at}/keys\"\n"
    );
    std::fs::write(&config, settings).unwrap();
    report(folder.path(), &FIRST).await;
    let office = ["office", "add", "BDG-02", "Bandung"];
    assert_eq!(run(folder.path(), &office).await.0, Some(0));
    let mut owned = 0;
    let mut folders = vec![data];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap().map(|entry| entry.unwrap().path()) {
            let metadata = std::fs::metadata(&entry).unwrap();
            assert_eq!((metadata.uid(), metadata.gid()), (ids[0], ids[1]), "{}", entry.display());
            owned += 1;
            if metadata.is_dir() {
                folders.push(entry);
            }
        }
    }
    assert!(owned >= 5, "database, keys, root secret: {owned}");

    let hidden = folder.path().join("penduduk.csv");
    std::fs::write(&hidden, "nik\n").unwrap();
    std::fs::set_permissions(&hidden, std::fs::Permissions::from_mode(0o600)).unwrap();
    let (code, _, errors) = run(folder.path(), &["register", "import", "penduduk.csv"]).await;
    assert!(code == Some(3) && errors.contains("as user nobody"), "{errors}");
    std::fs::write(&config, "[service]\nrun_as = \"no-such-user\"\n").unwrap();
    let (code, _, errors) = run(folder.path(), &["office", "list"]).await;
    assert!(code == Some(3) && errors.contains("no-such-user"), "{errors}");
}

/// `Type=notify`: the service manager is told when the socket listens, and again when the service stops.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn systemd_is_told_when_the_service_is_ready() {
    let folder = tempfile::tempdir().unwrap();
    report(folder.path(), &FIRST).await;
    let socket = folder.path().join("notify");
    let told = tokio::net::UnixDatagram::bind(&socket).unwrap();
    let env = [
        (String::from("IKD__HTTP__LISTEN"), String::from("127.0.0.1:0")),
        (String::from("IKD__HTTP__METRICS_LISTEN"), String::new()),
        (String::from("NOTIFY_SOCKET"), socket.display().to_string()),
    ];
    let next = async || {
        let mut bytes = [0; 256];
        let wait = tokio::time::timeout(std::time::Duration::from_secs(30), told.recv(&mut bytes));
        let read = wait.await.unwrap().unwrap();
        text(&bytes[..read])
    };
    let mut node = Node::start(folder.path(), &env).await;
    assert!(next().await.contains("READY=1"));
    node.terminate();
    assert!(next().await.contains("STOPPING=1"));
    assert_eq!(node.ended(30).await, Some(0));
}
