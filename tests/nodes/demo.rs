//! `ikd demo`, for people and for programs.

use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use std::time::Duration;

use ikd::clock::Clock;
use ikd::demo::lan::{Certificate, tunnel};
use ikd::mail::Mailbox;
use ikd::random::Random;
use rustls_pki_types::ServerName;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};

use support::node::{ikd, signal, text};
use support::world::{Host, LogIn, Person, World};
use support::{Signal, http};

/// A demonstration that another process runs.
struct Demo {
    base: String,
    mailbox: Mailbox,
}

impl Host for Demo {
    const CAPTCHA: bool = true;

    fn public_url(&self) -> &str {
        &self.base
    }

    fn clock(&self) -> Clock {
        Clock::System
    }

    fn letter_texts(&self) -> Vec<String> {
        self.mailbox.list(10).unwrap().into_iter().map(|letter| letter.text).collect()
    }
}

/// A folder's name is no URL.
const FOLDER: &str = "d%20y #?mode=memory&x";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_walk_is_told_and_ends_well() {
    let folder = tempfile::tempdir().unwrap();
    let run = async |words: &[&str]| {
        let mut command = ikd(folder.path(), &[]);
        tokio::time::timeout(Duration::from_secs(60), command.args(words).output()).await.unwrap().unwrap()
    };
    let output = run(&["demo", "--exit", "--data", FOLDER]).await;
    let (told, errors) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{told}{errors}");
    assert!(told.contains("already_used") && told.contains("expired"), "{told}");
    for name in ["ikd.db", "keys", "mail"] {
        assert!(folder.path().join(FOLDER).join(name).exists(), "{name} is not in the folder");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nor is anything beside it");

    // Again with the same folder, for a program: nothing but JSON on standard output.
    let output = run(&["demo", "--exit", "--format", "json", "--data", FOLDER]).await;
    let told = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{told}{}", text(&output.stderr));
    assert!(told.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_program_drives_the_demo() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = ikd(folder.path(), &[])
        .args(["demo", "--no-walk", "--format", "json", "--port", "0"])
        .env("TMPDIR", folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    tokio::time::timeout(Duration::from_secs(30), output.read_line(&mut line)).await.unwrap().unwrap();
    let ready: Value = serde_json::from_str(&line).unwrap();
    let base = ready["base_url"].as_str().unwrap();
    let person = &ready["residents"][0];
    assert!(person["nik"].is_string() && person["full_name"].is_string() && person["birth_date"].is_string());

    let mailbox = Mailbox::create(ready["mailbox_dir"].as_str().unwrap().into()).unwrap();
    let world = World::around(Demo { base: base.to_owned(), mailbox }, Random::system());
    let phone = world.phone_at(&[base]);
    let mut resident = world.waiting_from(phone, &Person::read(person), "program@contoh.id").await;
    let officer = world.log_in_at(base, &LogIn::read(&ready["officer"])).await;
    world.visit(&officer, &resident).await;
    world.activate(&mut resident).await;
    let bank = world.bank_at(base, ready["relying_party"]["api_key"].as_str().unwrap());
    assert_eq!(ready["relying_party"]["purposes"][0], "open_account");
    let token = world.present(&resident, "full").await;
    assert_eq!(world.verdict_of(&bank, &token).await, "valid");
    assert_eq!(world.verdict_of(&bank, &token).await, "already_used");

    signal(&child, Signal::TERM);
    let mut rest = String::new();
    tokio::time::timeout(Duration::from_secs(20), output.read_to_string(&mut rest)).await.unwrap().unwrap();
    assert_eq!(rest, "", "one line and no more");
    assert_eq!(child.wait().await.unwrap().code(), Some(0));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "the temporary folder is gone");
}

/// The whole walk over https, with the certificate that the demo printed and no other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn phones_get_https_with_the_certificate_that_was_printed() {
    let folder = tempfile::tempdir().unwrap();
    let mut walk = ikd(folder.path(), &[]);
    walk.args(["demo", "--exit", "--lan", "--address", "127.0.0.1", "--data", "a"]);
    let told = tokio::time::timeout(Duration::from_secs(60), walk.output()).await.unwrap().unwrap();
    assert_eq!(told.status.code(), Some(0), "{}{}", text(&told.stdout), text(&told.stderr));

    let mut child = ikd(folder.path(), &[])
        .args([
            "demo",
            "--no-walk",
            "--lan",
            "--address",
            "127.0.0.1",
            "--format",
            "json",
            "--port",
            "0",
            "--data",
            "a",
        ])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    tokio::time::timeout(Duration::from_secs(30), output.read_line(&mut line)).await.unwrap().unwrap();
    let ready: Value = serde_json::from_str(&line).unwrap();
    let base = ready["base_url"].as_str().unwrap();
    let address: std::net::SocketAddr = base.strip_prefix("https://").unwrap().parse().unwrap();
    let certificate = Certificate::from_pem(ready["certificate"]["pem"].as_str().unwrap()).unwrap();

    // What another program makes of it: names, purpose, fingerprint.
    let openssl = |words: &[&str]| {
        let file = folder.path().join("a/tls.pem");
        let done = std::process::Command::new("openssl").args(["x509", "-noout", "-in"]).arg(file).args(words).output();
        text(&done.unwrap().stdout)
    };
    let shown = openssl(&["-fingerprint", "-sha256"]);
    assert_eq!(shown.trim().rsplit('=').next(), ready["certificate"]["sha256"].as_str(), "{shown}");
    let names = openssl(&["-ext", "subjectAltName,extendedKeyUsage,basicConstraints"]);
    for part in ["IP Address:127.0.0.1", "DNS:localhost", "TLS Web Server Authentication", "CA:FALSE"] {
        assert!(names.contains(part), "{part}: {names}");
    }
    assert_eq!(std::fs::metadata(folder.path().join("a/tls-key.pem")).unwrap().permissions().mode() & 0o77, 0);

    let name = ServerName::from(address.ip());
    let through = tunnel(address, name.clone(), certificate.roots().unwrap()).await.unwrap();
    let page = http().get(format!("{through}/petugas")).header("host", base.strip_prefix("https://").unwrap());
    let page = page.send().await.unwrap();
    assert_eq!(page.status(), 200);
    assert!(page.headers().get("strict-transport-security").is_none(), "localhost would be bound to https for years");
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let moved = http.get(format!("{through}/petugas")).header("host", format!("localhost:{}", address.port()));
    let moved = moved.send().await.unwrap();
    assert_eq!(
        (moved.status().as_u16(), moved.headers()["location"].to_str().unwrap()),
        (307, &*format!("{base}/petugas"))
    );

    // Another certificate for the same address is not taken, and who speaks no TLS gets nothing.
    let mut other = ikd::config::Http::default();
    let made =
        Certificate::make(&[address.ip().to_string()], Clock::System.now(), &folder.path().join("a/mail"), &mut other);
    let astray = tunnel(address, name, made.unwrap().roots().unwrap()).await.unwrap();
    assert!(http.get(format!("{astray}/")).send().await.is_err());
    assert!(http.get(format!("http://{address}/")).send().await.is_err());

    signal(&child, Signal::TERM);
    assert_eq!(child.wait().await.unwrap().code(), Some(0));
}
