//! Clients who are slow, or say nothing at all.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Engine, core};
use crate::world::World;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silent_and_slow_sockets_leave_others_unaffected_and_are_cut() {
    let folder = tempfile::tempdir().unwrap();
    let core = core(Engine::Sqlite, folder.path()).await;
    let world = World::open_with(core, |config| {
        config.http.header_timeout_seconds = 2;
        config.http.request_timeout_seconds = 3;
    })
    .await;
    let begun = Instant::now();
    let mut sockets = Vec::new();
    for number in 0..300 {
        let mut socket = TcpStream::connect(world.address).await.unwrap();
        match number % 3 {
            // Says nothing; begins a header and stops; announces a body and stops.
            0 => {}
            1 => socket.write_all(b"GET /v1/terms HTTP/1.1\r\nHost: x\r\nX-Slow: ").await.unwrap(),
            _ => {
                let head = b"POST /v1/officer/sessions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{";
                socket.write_all(head).await.unwrap();
            }
        }
        sockets.push(socket);
    }
    for _ in 0..20 {
        let asked = Instant::now();
        // A connection of its own each time, as a new client has.
        let client = reqwest::Client::new();
        assert_eq!(client.get(format!("{}/v1/terms", world.base)).send().await.unwrap().status(), 200);
        assert!(asked.elapsed() < Duration::from_secs(1), "{:?}", asked.elapsed());
    }
    for (number, socket) in sockets.iter_mut().enumerate() {
        let mut rest = Vec::new();
        let end = tokio::time::timeout(Duration::from_secs(15), socket.read_to_end(&mut rest)).await;
        assert!(end.is_ok(), "socket {number} was not cut");
        let text = String::from_utf8_lossy(&rest);
        assert!(!text.starts_with("HTTP/1.1 2"), "{text}");
        if number % 3 == 2 && !text.is_empty() {
            assert!(text.starts_with("HTTP/1.1 408") && text.contains("request_timeout"), "{text}");
        }
    }
    let all = begun.elapsed();
    assert!(all >= Duration::from_secs(2) && all < Duration::from_secs(20), "{all:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_header_that_drips_is_cut_after_the_configured_time_however_busy_it_looks() {
    let folder = tempfile::tempdir().unwrap();
    let core = core(Engine::Sqlite, folder.path()).await;
    let world = World::open_with(core, |config| config.http.header_timeout_seconds = 1).await;
    let mut socket = TcpStream::connect(world.address).await.unwrap();
    let begun = Instant::now();
    let mut cut = None;
    socket.write_all(b"GET /v1/terms HTTP/1.1\r\nX: ").await.unwrap();
    while begun.elapsed() < Duration::from_secs(10) {
        let mut byte = [0];
        match tokio::time::timeout(Duration::from_millis(50), socket.read(&mut byte)).await {
            Ok(Ok(0) | Err(_)) => {
                cut = Some(begun.elapsed());
                break;
            }
            Ok(Ok(_)) => {}
            Err(_) => {
                let _ = socket.write_all(b"a").await;
            }
        }
    }
    let cut = cut.unwrap();
    assert!(cut >= Duration::from_millis(900) && cut < Duration::from_secs(5), "{cut:?}");
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
