//! Bodies that do not come, bodies that nobody wants, and floods. Silent sockets and dripping headers: `tests/nodes`.

use std::time::{Duration, Instant};

use reqwest::Method;
use support::client::Request;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use support::Engine;
use support::world::World;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_that_stop_half_way_are_answered_and_hold_nobody_up() {
    let world = World::on_with(Engine::Sqlite, |config| config.http.request_timeout_seconds = 2).await;
    let mut sockets = Vec::new();
    for _ in 0..300 {
        let mut socket = TcpStream::connect(world.address).await.unwrap();
        let head = "POST /v1/officer/sessions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{";
        socket.write_all(head.as_bytes()).await.unwrap();
        sockets.push(socket);
    }
    for _ in 0..10 {
        let asked = Instant::now();
        // A connection of its own each time, as a new client has.
        let client = reqwest::Client::new();
        Request::new(&client, Method::GET, &world.base, "/v1/terms").send().await.expect(200);
        assert!(asked.elapsed() < Duration::from_secs(1), "{:?}", asked.elapsed());
    }
    for (number, socket) in sockets.iter_mut().enumerate() {
        let mut answer = String::new();
        let end = tokio::time::timeout(Duration::from_secs(15), socket.read_to_string(&mut answer)).await;
        assert!(end.is_ok(), "socket {number} was not cut");
        assert!(answer.starts_with("HTTP/1.1 408") && answer.contains("request_timeout"), "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_check_that_takes_too_long_is_undetermined_and_learnt_by_repeating() {
    let world = World::on_with(Engine::Sqlite, |config| config.http.request_timeout_seconds = 2).await;
    let holder = world.active(&world.people[0]).await;
    let (token, key) = (world.present(&holder, "basic").await, world.key());
    let log_in = world.teller("dewi.teller").await;
    // The only writer is taken: the check waits for it longer than a request may take.
    let writer = world.context.db.write().await.unwrap();
    let asked = world.bank().verify(&token, "open_account", &key).await.expect(503);
    assert_eq!((asked.code(), asked.retry_after), ("undetermined", Some(2)));
    let question = world.post("/v1/teller/verifications").header("Cookie", log_in);
    let question = question.header("Idempotency-Key", world.key());
    let question = question.json(&serde_json::json!({"token": token, "purpose": "open_account"}));
    let asked = question.send().await.expect(503);
    assert_eq!((asked.code(), asked.retry_after), ("undetermined", Some(2)));
    drop(writer);
    let again = world.bank().verify(&token, "open_account", &key).await.expect(200);
    assert_eq!(again.verdict(), "valid");
    // A body that stops half way ends the same, and holds the connection no longer.
    let mut socket = TcpStream::connect(world.address).await.unwrap();
    let head = format!(
        "POST /v1/verifications HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nIdempotency-Key: k\r\n\
         Content-Type: application/json\r\nContent-Length: 50\r\n\r\n{{",
        world.api_key
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let end = tokio::time::timeout(Duration::from_secs(6), socket.read_to_string(&mut answer)).await;
    assert!(end.is_ok(), "the socket was not cut");
    assert!(answer.starts_with("HTTP/1.1 503") && answer.contains("\"undetermined\""), "{answer}");
    assert!(answer.contains("retry-after: 2"), "{answer}");
}

/// Sends a request with a body of `length` bytes from beginning to end before reading, as simple clients do.
async fn stubborn(world: &World, head: &str, length: usize) -> String {
    let mut socket = TcpStream::connect(world.address).await.unwrap();
    let head = format!(
        "{head} HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    for _ in 0..length / 65_536 {
        socket.write_all(&[0; 65_536]).await.unwrap();
    }
    socket.write_all(&vec![0; length % 65_536]).await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_sends_a_body_that_is_refused_unread_still_learns_why() {
    let world = World::on(Engine::Sqlite).await;
    for (head, length, code) in [
        ("PUT /v1/registrations/00000000-0000-0000-0000-000000000001/selfie", 4_000_000, "dpop_invalid"),
        ("POST /v1/officer/sessions", 3_000_000, "unsupported_media_type"),
        ("POST /nowhere", 3_000_000, "not_found"),
        ("PUT /v1/terms", 3_000_000, "method_not_allowed"),
    ] {
        let answer = stubborn(&world, head, length).await;
        assert!(
            answer.starts_with("HTTP/1.1 4") && answer.contains(&format!("\"code\":\"{code}\"")),
            "{head}: {answer}"
        );
    }
    let applicant = world.register(&world.people[0]).await;
    for _ in 0..5 {
        let answer = world.selfie(&applicant, "image/jpeg", &vec![0; 7_000_000]).await;
        answer.expect_problem(413, "too_large");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_from_one_address_is_told_to_wait_and_a_bank_is_not() {
    let world = World::on_with(Engine::Sqlite, |config| config.limits.requests_per_second = 5).await;
    let mut refused = 0;
    for _ in 0..60 {
        let answer = world.get("/v1/terms").send().await;
        if answer.status == 429 {
            refused += 1;
            assert!(answer.headers.contains_key("retry-after"));
            assert_eq!(answer.code(), "too_many");
        }
    }
    assert!(refused > 20, "{refused}");
    for _ in 0..10 {
        let answer = world.bank().verify("NONSENSE", "open_account", &world.key()).await;
        assert_eq!(answer.expect(200).verdict(), "malformed");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_guesses_api_keys_waits_and_right_keys_from_the_same_address_do_not() {
    let world = World::on(Engine::Sqlite).await;
    let with = |key: String| world.bank_at(&world.base, &key);
    let ask = async |key: String| {
        let answer = with(key).verify("NONSENSE", "open_account", &world.key()).await;
        (answer.status.as_u16(), answer.code().to_owned(), answer.retry_after.is_some())
    };
    let wrong = |number: u32| format!("{}{number:04x}", &world.api_key[..world.api_key.len() - 4]);
    assert_eq!(ask(world.api_key.clone()).await.0, 200);
    for number in 0..30 {
        let key = if number % 2 == 0 { wrong(number) } else { String::from("ikd_rp_rubbish") };
        assert_eq!(ask(key).await, (401, String::from("api_key_invalid"), false), "{number}");
    }
    for key in [wrong(40), String::from("ikd_rp_rubbish")] {
        assert_eq!(ask(key).await, (429, String::from("too_many"), true));
    }
    // The bank whose key this node knows, and one that comes for the first time.
    assert_eq!(ask(world.api_key.clone()).await.0, 200);
    let purposes = [support::world::purpose("open_account")];
    let parties = &world.app.relying_parties;
    let new = parties.add("Bank Baru", ikd::attribute::AttributeSet::FULL, &purposes).await.unwrap().1;
    assert_eq!(ask(new.expose()).await.0, 200);
    world.later(10);
    assert_eq!(ask(wrong(41)).await.0, 401);
    assert_eq!(ask(wrong(42)).await.0, 429);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readiness_asks_the_database_once_a_second() {
    let world = World::on(Engine::Sqlite).await;
    let ready = async || world.get("/health/ready").send().await.status;
    assert_eq!(ready().await, 200);
    world.context.db.close().await;
    assert_eq!(ready().await, 200, "the answer of a moment ago");
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    assert_eq!(ready().await, 503);
}
