//! What attacks look like in a node's log: one line when it begins, one with the number when it ends, and nothing of anybody in them.

use std::collections::BTreeMap;

use ikd::device::client::PinKey;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use support::node::text;
use support::world::World;
use support::{Engine, http};

/// The events among what a node printed, by kind: how many of the kind began, and the numbers of those that ended.
fn told(lines: &[Value]) -> BTreeMap<String, (usize, Vec<u64>)> {
    let mut told: BTreeMap<String, (usize, Vec<u64>)> = BTreeMap::new();
    for line in lines {
        let of_kind = told.entry(line["security.kind"].as_str().unwrap().to_owned()).or_default();
        match line["security.state"].as_str().unwrap() {
            "begun" => of_kind.0 += 1,
            "ended" => of_kind.1.push(line["security.count"].as_u64().unwrap()),
            other => panic!("{other}: {line}"),
        }
    }
    told
}

/// What a raw client gets.
async fn raw(base: &str, text: &str) -> String {
    let mut stream = TcpStream::connect(base.trim_start_matches("http://")).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attacks_are_told_when_they_begin_and_with_their_number_when_they_end_and_name_nobody() {
    let world = World::with_people(Engine::Sqlite, 1).await;
    // A node that logs warnings alone tells of security events all the same.
    let metrics = format!("127.0.0.1:{}", support::node::free_port());
    let mut node = world.node(&[("LOG__LEVEL", "warn,ikd::cli=info"), ("HTTP__METRICS_LISTEN", &metrics)]).await;
    let person = &world.people[0];
    let email = "kenari.keamanan.3391@surel-kenari-77.id";
    let mut holder = world.waiting(&[&node.base], 0, email).await;
    let officer = world.log_in_at(&node.base, world.officer()).await;
    world.visit(&officer, &holder).await;
    world.enter(&holder, "abc").await;
    let seed = world.random.bytes();
    let pin = PinKey::from_seed(&seed);
    world.activate_with(&mut holder, PinKey::from_seed(&seed)).await;
    let phone = &holder.client;

    // Wrong PINs, a replayed proof, a thing of nobody's.
    for _ in 0..2 {
        phone.unlock_with(&PinKey::from_seed(&world.random.bytes())).await.expect_problem(403, "pin_wrong");
    }
    phone.unlock_with(&pin).await.expect(200);
    let body = br#"{"share":"basic"}"#;
    let proof = phone.proof(&Method::POST, "/v1/me/presentations", body);
    let access = phone.access_token().unwrap();
    let mut answers = Vec::new();
    for _ in 0..3 {
        let request = world.request_at(&node.base, Method::POST, "/v1/me/presentations").header("DPoP", &proof);
        let request = request.header("Authorization", format!("DPoP {access}"));
        answers.push(request.header("Content-Type", "application/json").body(body.to_vec()).send().await);
    }
    answers.remove(0).expect(200);
    for again in answers {
        again.expect_problem(401, "use_dpop_nonce");
    }
    let strange = json!({"verification_id": "01900000-0000-7000-8000-000000000000"});
    phone.post("/v1/me/disputes", &strange).await.expect_problem(404, "not_found");

    // Wrong keys, a right one, a QR that nobody issued.
    let secret = world.api_key.rsplit_once('_').unwrap().1;
    let wrong_key = world.api_key.replace(secret, &"x".repeat(secret.len()));
    for number in 0..4 {
        let body = json!({"token": "x", "purpose": "open_account"});
        let answer = world.bank_at(&node.base, &wrong_key).verify_body(&body, &format!("kunci-{number}")).await;
        answer.expect_problem(401, "api_key_invalid");
    }
    let bank = world.bank(&node.base);
    let token = world.present(&holder, "basic").await;
    assert_eq!(world.verdict_of(&bank, &token).await, "valid");
    bank.verify("6BFOXN%TS3DH0YOJ58S", "open_account", "kunci-palsu").await.expect(200);
    bank.verify(&token, "unknown", "kunci-tujuan").await.expect_problem(403, "purpose_not_allowed");

    // What is no request of anybody's.
    for number in 0..3 {
        assert!(
            raw(&node.base, &format!("GET /{number} HTTP/1.1\r\nConnection: close\r\n\r\n"))
                .await
                .starts_with("HTTP/1.1 400")
        );
    }
    assert!(raw(&node.base, "kenari ini bukan HTTP 6620\r\n\r\n").await.starts_with("HTTP/1.1 400"));
    let foreign =
        world.request_at(&node.base, Method::POST, "/v1/officer/sessions").header("Origin", "https://x.example");
    foreign.header("Sec-Fetch-Site", "cross-site").json(&json!({})).send().await.expect(403);
    let counted = http().get(format!("http://{metrics}/metrics")).send().await.unwrap().text().await.unwrap();
    assert!(counted.contains(r#"ikd_security_events_total{kind="api_key_wrong"} 4"#), "{counted}");

    node.terminate();
    assert_eq!(node.ended(30).await, Some(0));
    let printed = node.printed();
    let lines: Vec<Value> = printed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let lines: Vec<Value> = lines.into_iter().filter(|line| line["target"] == "ikd::security").collect();
    let told = told(&lines);
    let of = |kind: &str| told.get(kind).cloned().unwrap_or_default();
    assert_eq!(of("pin_wrong"), (1, vec![2]), "{told:?}");
    assert_eq!(of("unlocked").0, 1, "{told:?}");
    assert_eq!(of("proof_replayed"), (1, vec![2]));
    assert_eq!(of("api_key_wrong"), (1, vec![4]));
    assert_eq!(of("bad_host"), (1, vec![3]));
    for once in ["not_theirs", "forged_qr", "purpose_refused", "bad_framing", "foreign_page", "api_key_used"] {
        assert_eq!(of(once).0, 1, "{once}: {told:?}");
    }

    // Each says which request, and stands for its client by digests that are the same in all lines.
    let begun = |kind: &str| lines.iter().find(|line| line["security.kind"] == kind).unwrap();
    assert!(begun("pin_wrong")["request.id"].is_string() && begun("pin_wrong")["http.route"] == "/v1/sessions");
    assert_eq!(begun("pin_wrong")["security.who"], begun("proof_replayed")["security.who"], "one phone");
    assert_eq!((&begun("pin_wrong")["level"], &begun("proof_replayed")["level"]), (&json!("INFO"), &json!("WARN")));
    assert_eq!(begun("api_key_wrong").get("security.who"), None, "nobody knows whose it is");
    let here = world.run(&["audit", "digest", "--address", "127.0.0.1"]).await;
    let here = text(&here.stdout);
    assert_eq!(
        here.trim(),
        begun("bad_host")["client.network"].as_str().unwrap(),
        "the operator finds a known address"
    );

    let pin_key = pin.public_text();
    let canaries = [
        person.nik.as_str(),
        &person.full_name,
        email,
        "surel-kenari-77",
        secret,
        &"x".repeat(secret.len()),
        &token,
        &proof,
        &access,
        &pin_key,
        "6BFOXN%TS3DH0YOJ58S",
        "kunci-palsu",
        "127.0.0.1",
        "kenari ini",
        "x.example",
        "01900000-0000-7000-8000",
    ];
    let events: Vec<String> = lines.iter().map(|line| line.to_string().to_lowercase()).collect();
    for canary in canaries {
        let found = events.iter().find(|line| line.contains(&canary.to_lowercase()));
        assert!(found.is_none(), "{canary}: {found:?}");
    }
}
