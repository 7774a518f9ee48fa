//! Bodies that do not come, bodies that nobody wants, and floods. Silent sockets and dripping headers: `tests/nodes`.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Engine, core};
use crate::world::World;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_that_stop_half_way_are_answered_and_hold_nobody_up() {
    let folder = tempfile::tempdir().unwrap();
    let core = core(Engine::Sqlite, folder.path()).await;
    let world = World::open_with(core, |config| config.http.request_timeout_seconds = 2).await;
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
        assert_eq!(client.get(format!("{}/v1/terms", world.base)).send().await.unwrap().status(), 200);
        assert!(asked.elapsed() < Duration::from_secs(1), "{:?}", asked.elapsed());
    }
    for (number, socket) in sockets.iter_mut().enumerate() {
        let mut answer = String::new();
        let end = tokio::time::timeout(Duration::from_secs(15), socket.read_to_string(&mut answer)).await;
        assert!(end.is_ok(), "socket {number} was not cut");
        assert!(answer.starts_with("HTTP/1.1 408") && answer.contains("request_timeout"), "{answer}");
    }
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
    let folder = tempfile::tempdir().unwrap();
    let world = World::open(core(Engine::Sqlite, folder.path()).await).await;
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
        assert_eq!(answer.expect(413).unwrap().code(), "too_large");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_from_one_address_is_told_to_wait_and_a_bank_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let core = core(Engine::Sqlite, folder.path()).await;
    let world = World::open_with(core, |config| config.limits.requests_per_second = 5).await;
    let mut refused = 0;
    for _ in 0..60 {
        let answer = world.http.get(format!("{}/v1/terms", world.base)).send().await.unwrap();
        if answer.status() == 429 {
            refused += 1;
            assert!(answer.headers().contains_key("retry-after"));
            assert_eq!(answer.json::<serde_json::Value>().await.unwrap()["code"], "too_many");
        }
    }
    assert!(refused > 20, "{refused}");
    for _ in 0..10 {
        let answer = world.bank().verify("NONSENSE", "open_account", &world.key()).await.unwrap();
        assert_eq!(crate::world::verdict(&answer.expect(200).unwrap()), "malformed");
    }
}
