//! Nothing that is about a person, and nothing that opens a door, is ever logged or measured.

use std::time::Duration;

use ikd::demo::client::Answer;
use ikd::device::client::PinKey;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::binary::{Site, activate, approve, http, present};
use crate::world::verdict;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_canary_of_the_whole_flow_is_in_logs_or_metrics() {
    let mut site = Site::new(None);
    site.set("LOG__LEVEL", "debug");
    site.set("LOG__FORMAT", "json");
    let crew = site.crew(2);
    let mut node = site.serve(None).await;
    let mut canaries: Vec<(&str, String)> = Vec::new();
    let mut note = |what: &'static str, value: &str| {
        assert!(value.len() >= 6, "{what} is too short to be searched for");
        canaries.push((what, value.to_owned()));
    };

    let officer = crew.log_in(&node.base).await;
    for key in ["password", "totp_secret"] {
        note("officer's secret", crew.officer[key].as_str().unwrap());
    }
    note("officer's cookie", officer.cookie().split_once('=').unwrap().1);
    let email = "canary.surel.warga@contoh-canary.id";
    let resident = &crew.residents[0];
    let mut person = crew.register(&node.base, 0, email).await;
    for (what, key) in [("NIK", "nik"), ("name", "full_name"), ("birth date", "birth_date")] {
        note(what, resident[key].as_str().unwrap());
    }
    note("e-mail", email);
    note("phone", "6281234567890");
    note("activation token", &approve(&officer, &person).await);
    let path = format!("/v1/officer/registrations/{}", person.id);
    let view = officer.get(&path).await.unwrap().expect(200).unwrap().json;
    note("address", view["register"]["address"].as_str().unwrap());
    officer.get(&format!("{path}/selfie")).await.unwrap().expect(200).unwrap();
    let code = site.mailed_code(&person.id).await;
    note("code", &code);
    // Wrong ways too: what is refused is logged more readily.
    let captcha = person.client.captcha().await.unwrap();
    note("captcha", &captcha);
    let wrong = format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000);
    let body = json!({"code": wrong, "captcha": captcha});
    let refused = person.client.post(&format!("/v1/registrations/{}/activation-code", person.id), &body).await.unwrap();
    refused.expect(422).unwrap();
    let key = PinKey::from_seed(&[5; 32]);
    note("PIN public key", &key.public_text());
    activate(&mut person, &code, key).await;
    person.client.unlock_with(&PinKey::from_seed(&[6; 32])).await.unwrap().expect(403).unwrap();
    person.client.unlock().await.unwrap().expect(200).unwrap();
    note("access token", &person.client.access_token().unwrap());
    note("device proof", &person.client.proof(&Method::GET, "/v1/me"));
    person.client.get("/v1/me").await.unwrap().expect(200).unwrap();
    let token = present(&person).await;
    note("presentation", &token);
    let api_key = crew.bank["api_key"].as_str().unwrap();
    note("API key", api_key.rsplit_once('_').unwrap().1);
    let bank = crew.bank(&node.base);
    let answer = bank.verify(&token, "open_account", "canary-idempotency").await.unwrap().expect(200).unwrap();
    assert_eq!(verdict(&answer), "valid");
    note("salt", answer.json["receipt"]["salt"].as_str().unwrap());
    assert_eq!(verdict(&bank.verify(&token, "open_account", "again").await.unwrap()), "already_used");
    person.client.get("/v1/me/verifications").await.unwrap().expect(200).unwrap();
    // What people type into the wrong field, and what a scanner would try.
    let nik = resident["nik"].as_str().unwrap();
    for path in [format!("/v1/registrations/{nik}"), format!("/cek?nik={nik}"), format!("/{email}")] {
        let answer = http().get(format!("{}{path}", node.base)).send().await.unwrap();
        assert!(answer.status().is_client_error());
    }
    let log_in = json!({"username": nik, "password": "canary-kata-sandi", "totp": "918273"});
    note("typed password", "canary-kata-sandi");
    let asked = http().post(format!("{}/v1/officer/sessions", node.base)).json(&log_in).send().await.unwrap();
    Answer::read(asked).await.unwrap().expect(401).unwrap();
    bank.verify("CANARY-TOKEN-NONSENSE", "open_account", "x").await.unwrap().expect(200).unwrap();
    note("typed token", "CANARY-TOKEN-NONSENSE");

    let metrics = http().get(&node.metrics).send().await.unwrap().text().await.unwrap();
    assert!(metrics.contains("ikd_http_requests_total") && metrics.contains("ikd_verifications_total"));
    node.terminate();
    assert_eq!(node.wait().await, Some(0));
    let log = node.log();
    let lines: Vec<Value> =
        log.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"))).collect();
    let requests = lines.iter().filter(|line| line["message"] == "request").count();
    assert!(requests > 30, "debug logs tell of requests: {requests}");
    for (what, value) in &canaries {
        for (place, text) in [("log", &log), ("metrics", &metrics)] {
            let lower = text.to_lowercase();
            let found = lower.find(&value.to_lowercase());
            let around = found.map(|at| lower[at.saturating_sub(200)..].chars().take(300).collect::<String>());
            assert!(found.is_none(), "{what} in the {place}: {around:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_lets_a_slow_request_finish() {
    let site = Site::new(None);
    site.json(&["keys", "init"]);
    let mut node = site.serve(None).await;
    let address = node.base.trim_start_matches("http://").to_owned();
    let body = json!({"username": "siapa", "password": "bukan kata sandi", "totp": "000000"}).to_string();
    let mut socket = TcpStream::connect(&address).await.unwrap();
    let head = format!(
        "POST /v1/officer/sessions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{}",
        body.len(),
        &body[..10]
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    node.terminate();
    // From now on nobody new is served, and the open request goes on.
    crate::binary::wait_for("the listener's end", async || TcpStream::connect(&address).await.err().map(|_| ())).await;
    socket.write_all(&body.as_bytes()[10..]).await.unwrap();
    let mut answer = Vec::new();
    tokio::time::timeout(Duration::from_secs(20), socket.read_to_end(&mut answer)).await.unwrap().unwrap();
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.starts_with("HTTP/1.1 401") && answer.contains("login_failed"), "{answer}");
    assert_eq!(node.wait().await, Some(0));
    assert!(node.log().contains("\"stopped\""), "{}", node.log());
}
