//! `ikd demo`, for people and for programs.

use std::process::Stdio;
use std::time::Duration;

use ikd::demo::client::{Bank, Resident};
use ikd::mail::Mailbox;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};

use crate::people::{self, LogIn, http, random};
use crate::support::Signal;
use crate::world::{ikd, signal, text, until};

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

    let mut resident = Resident::new(http(), base, &random());
    let id = people::register(&resident, person, "program@contoh.id").await;
    let officer = LogIn::read(&ready["officer"]).log_in(base).await;
    people::visit(&resident, &officer, &id).await;
    let mailbox = Mailbox::create(ready["mailbox_dir"].as_str().unwrap().into()).unwrap();
    let code = until("the mail in the folder", 10, async || {
        mailbox.list(10).unwrap().iter().find_map(|letter| people::code_in(&letter.text, &id))
    })
    .await;
    people::activate(&mut resident, &id, &code).await;
    let bank = Bank::new(http(), base, ready["relying_party"]["api_key"].as_str().unwrap());
    assert_eq!(ready["relying_party"]["purposes"][0], "open_account");
    let token = people::present(&resident).await;
    assert_eq!(people::verdict(&bank, &token).await, "valid");
    assert_eq!(people::verdict(&bank, &token).await, "already_used");

    signal(&child, Signal::TERM);
    let mut rest = String::new();
    tokio::time::timeout(Duration::from_secs(20), output.read_to_string(&mut rest)).await.unwrap().unwrap();
    assert_eq!(rest, "", "one line and no more");
    assert_eq!(child.wait().await.unwrap().code(), Some(0));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "the temporary folder is gone");
}
