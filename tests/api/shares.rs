//! What one client can take, and what it leaves for others: uploads, decoders, offline QRs and their checks, registrations.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use support::answer::Answer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use support::world::{Applicant, World, portrait_bytes};
use support::{Engine, each_engine};

const CHECKS: &str = "SELECT CAST(COUNT(*) AS BIGINT) FROM verification WHERE resident_id = $1";
const REPEATS: &str = "SELECT CAST(SUM(repeats) AS BIGINT) FROM verification WHERE resident_id = $1";
const KEYS: &str = "SELECT CAST(COUNT(*) AS BIGINT) FROM verification_repeat WHERE resident_id = $1";

async fn offline(applicant: &Applicant) -> Answer {
    let body = json!({"share": ["full_name"], "offline": true});
    applicant.client.post("/v1/me/presentations", &body).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_offline_qr_is_one_line_of_the_history_however_often_it_is_checked() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let holder = world.active(&world.people[0]).await;
        let resident = world.resident_id(&world.people[0]).await;
        let token = offline(&holder).await.expect(200).text("token");
        let ask = async |key: &str| world.bank().verify(&token, "open_account", key).await;

        // More at once than the database has connections (16), each with a key of its own.
        let together = futures_util::future::join_all((0..40).map(|number| {
            let (bank, token) = (world.bank(), token.clone());
            async move { bank.verify(&token, "open_account", &format!("together-{number}")).await }
        }));
        let mut ids = std::collections::BTreeSet::new();
        for answer in together.await {
            let answer = answer.expect(200);
            assert_eq!(answer.verdict(), "valid");
            assert!(answer.json["attributes"]["full_name"].is_string(), "{}", answer.json);
            ids.insert(answer.text("verification_id"));
        }
        for number in 40..100 {
            ids.insert(ask(&format!("later-{number}")).await.expect(200).text("verification_id"));
        }
        assert_eq!(ids.len(), 1, "one answer for all");
        let counts = (world.count(CHECKS, resident).await, world.count(REPEATS, resident).await);
        assert_eq!((counts, world.count(KEYS, resident).await), ((1, 99), 99));

        let refused = ask("one-too-many").await.expect(429);
        assert_eq!((refused.code(), refused.retry_after), ("too_many", Some(600)));
        assert_eq!(world.count(KEYS, resident).await, 99, "what is refused leaves nothing");
        // Who has an answer gets it again: while the QR is full, after it has expired, under its key or not.
        for key in ["together-3", "later-50"] {
            let again = ask(key).await.expect(200);
            assert_eq!(
                (again.verdict(), again.text("verification_id")),
                ("valid".into(), ids.first().unwrap().clone())
            );
        }
        world.later(120);
        assert_eq!(ask("later-60").await.expect(200).verdict(), "valid");
        assert_eq!(ask("new").await.expect(200).verdict(), "expired");
        // Another purpose is another line; another party counts by itself.
        let token = offline(&holder).await.expect(200).text("token");
        for purpose in ["open_account", "age_check"] {
            let answer = world.bank().verify(&token, purpose, &world.key()).await.expect(200);
            assert_eq!(answer.verdict(), "valid");
        }
        assert_eq!(world.count(CHECKS, resident).await, 4, "two purposes, one expired, and the first");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn few_offline_qrs_of_a_holder_live_at_once() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let holder = world.active(&world.people[0]).await;
        for _ in 0..10 {
            offline(&holder).await.expect(200);
        }
        let refused = offline(&holder).await.expect(429);
        assert_eq!((refused.code(), refused.retry_after), ("too_many", Some(90)));
        world.present(&holder, "basic").await;
        world.later(91);
        offline(&holder).await.expect(200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn qrs_are_drawn_at_a_rate() {
    let world = World::on_with(Engine::Sqlite, |config| config.limits.presentations_per_minute = 6).await;
    let (first, second) = (world.active(&world.people[0]).await, world.active(&world.people[1]).await);
    let mut refused = 0;
    for _ in 0..20 {
        let answer = first.client.post("/v1/me/presentations", &json!({"share": "age"})).await;
        refused += usize::from(answer.status == 429 && answer.code() == "too_many" && answer.retry_after.is_some());
    }
    assert!((8..=14).contains(&refused), "{refused}");
    world.present(&second, "basic").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_phone_sends_few_selfies_an_hour() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let applicant = world.register(&world.people[0]).await;
        for number in 0..15 {
            // What cannot be used was decoded too.
            let (picture, status) =
                if number % 3 == 0 { (&b"\xff\xd8\xffxx"[..], 422) } else { (portrait_bytes(), 200) };
            world.selfie(&applicant, "image/jpeg", picture).await.expect(status);
        }
        let refused = world.selfie(&applicant, "image/jpeg", portrait_bytes()).await.expect(429);
        assert_eq!((refused.code(), refused.retry_after), ("too_many", Some(3_600)));
        // A new registration of the same phone changes nothing; another phone is another one.
        applicant.client.delete(&applicant.path("")).await.expect(200);
        let body = world.registration(&world.people[0], "lagi@example.id");
        let id = applicant.client.post("/v1/registrations", &body).await.expect(201);
        let again = Applicant { id: id.text("registration_id"), ..applicant };
        world.selfie(&again, "image/jpeg", portrait_bytes()).await.expect(429);
        world.waiting(&world.people[1]).await;
        world.later(3_600);
        world.selfie(&again, "image/jpeg", portrait_bytes()).await.expect(200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_sends_selfies_at_a_rate_whatever_phones_it_has() {
    let world = World::on_with(Engine::Sqlite, |config| config.limits.selfies_per_minute = 3).await;
    for person in &world.people[..6] {
        world.waiting(person).await;
    }
    let applicant = world.register(&world.people[7]).await;
    let refused = world.selfie(&applicant, "image/jpeg", portrait_bytes()).await.expect(429);
    assert_eq!((refused.code(), refused.retry_after), ("too_many", Some(20)));
    world.later(20);
    world.selfie(&applicant, "image/jpeg", portrait_bytes()).await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_phone_registers_a_few_times_a_day() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let phone = world.phone();
        for number in 0..20 {
            let body = world.registration(&world.people[number % 2], "warga@example.id");
            phone.post("/v1/registrations", &body).await.expect(201);
        }
        let again = world.registration(&world.people[1], "warga@example.id");
        phone.post("/v1/registrations", &again).await.expect(201);
        let other = world.registration(&world.people[0], "warga@example.id");
        let refused = phone.post("/v1/registrations", &other).await.expect(429);
        assert_eq!((refused.code(), refused.retry_after), ("too_many", Some(86_400)));
        phone.post("/v1/registrations", &again).await.expect(201);
        world.later(86_400);
        phone.post("/v1/registrations", &other).await.expect(201);
    })
    .await;
}

/// Begins an upload of 5 MiB, the largest there may be, and sends one byte of it.
async fn begin_upload(world: &World, applicant: &Applicant) -> TcpStream {
    let path = applicant.path("/selfie");
    // Whatever the body would have been: it never comes.
    let proof = applicant.client.proof(&Method::PUT, &path, &[1; 5_242_880]);
    let mut socket = TcpStream::connect(world.address).await.unwrap();
    let head = format!(
        "PUT {path} HTTP/1.1\r\nHost: x\r\nDPoP: {proof}\r\nContent-Type: image/jpeg\r\nContent-Length: 5242880\r\n\r\n\u{1}"
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    socket
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_slow_uploads_hold_nobody_up_and_are_cut() {
    let world = World::on(Engine::Sqlite).await;
    let slow = world.register(&world.people[0]).await;
    let mut sockets = Vec::new();
    for _ in 0..60 {
        sockets.push(begin_upload(&world, &slow).await);
    }
    for person in &world.people[1..6] {
        let applicant = world.register(person).await;
        world.selfie(&applicant, "image/jpeg", portrait_bytes()).await.expect(200);
    }
    let mut answer = vec![0; 4_096];
    let cut = tokio::time::timeout(Duration::from_secs(25), sockets[0].read(&mut answer)).await;
    let answer = String::from_utf8_lossy(&answer[..cut.expect("it goes on for ever").unwrap()]).into_owned();
    assert!(answer.starts_with("HTTP/1.1 408") && answer.contains("request_timeout"), "{answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_form_of_a_forwarded_address_is_a_client_of_its_own() {
    let world = World::on_with(Engine::Sqlite, |config| {
        config.limits.requests_per_second = 1;
        config.http.trusted_proxies = vec![String::from("127.0.0.0/8"), String::from("10.0.0.0/8")];
    })
    .await;
    let get = async |name: &str, value: &str| {
        let request = world.get("/v1/terms").header(name, value);
        request.send().await.status.as_u16()
    };
    let exhausted = async |name: &str, value: &str| {
        for _ in 0..60 {
            if get(name, value).await == 429 {
                return true;
            }
        }
        false
    };
    assert!(exhausted("X-Forwarded-For", "198.51.100.1").await);
    for (name, value) in [
        ("X-Forwarded-For", "192.0.2.1:4711"),
        ("X-Forwarded-For", "[2001:db8:1::1]:4711"),
        ("X-Forwarded-For", "\"[2001:db8:2::1]\""),
        ("X-Forwarded-For", "192.0.2.2, 10.1.2.3"),
        ("X-Forwarded-For", "unknown"),
        ("Forwarded", "For=\"[2001:db8:3::1]:80\";proto=https"),
    ] {
        assert_eq!(get(name, value).await, 200, "{name}: {value}");
        assert!(exhausted(name, value).await, "{name}: {value}");
    }
    world.get("/v1/terms").send().await.expect(200);
}
