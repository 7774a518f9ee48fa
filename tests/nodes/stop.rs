//! Stopping, and clients that dawdle.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use support::world::World;
use support::{Engine, http};

/// Clients at the moment of a stop.
const CROWD: usize = 200;

/// How long a client here holds on by itself.
const PATIENCE: Duration = Duration::from_secs(20);

async fn connect(base: &str) -> TcpStream {
    TcpStream::connect(base.strip_prefix("http://").unwrap()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_lets_a_slow_request_finish() {
    let world = World::with_keys(Engine::Postgres).await;
    let mut node = world.node(&[("HTTP__HEADER_TIMEOUT_SECONDS", "3")]).await;
    let body = r#"{"username": "nobody", "password": "not-a-password-at-all", "totp": "123456"}"#;
    let mut slow = connect(&node.base).await;
    let head = format!(
        "POST /v1/officer/sessions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    slow.write_all(head.as_bytes()).await.unwrap();
    slow.write_all(&body.as_bytes()[..20]).await.unwrap();
    // Somebody who says nothing must not hold the stop up for longer than the header timeout.
    let silent = connect(&node.base).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    node.terminate();
    tokio::time::sleep(Duration::from_millis(700)).await;
    let address = node.base.strip_prefix("http://").unwrap();
    assert!(TcpStream::connect(address).await.is_err(), "a stopping node takes no new connections");
    slow.write_all(&body.as_bytes()[20..]).await.unwrap();
    let mut answer = String::new();
    slow.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 401") && answer.contains("login_failed"), "{answer}");
    assert_eq!(node.ended(15).await, Some(0));
    assert!(node.printed().contains(r#""message":"stopped""#));
    drop(silent);
}

/// A node is told to stop while a crowd asks: what was sent before is answered, and what was answered is in the database.
async fn stop_in_a_crowd(engine: Engine) {
    let folder = tempfile::tempdir().unwrap();
    let url = engine.new_database(folder.path()).await;
    let world = World::with_holders(folder.path(), &url, CROWD).await;
    let mut node = world.node(folder.path(), &url).await;
    // Half of them were answered before and kept their connection, as a bank does; the others connect when they ask.
    let mut kept = Vec::new();
    for _ in 0..CROWD / 2 {
        let mut socket = connect(&node.base).await;
        socket.write_all(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        let mut answer = [0; 2_048];
        let read = socket.read(&mut answer).await.unwrap();
        assert!(answer[..read].starts_with(b"HTTP/1.1 200"));
        kept.push(socket);
    }
    let questions: Vec<String> =
        (0..CROWD).map(|holder| world.question(&world.token(holder), &format!("stop-{holder}"))).collect();
    let mut asked = Vec::new();
    for question in questions {
        let mut socket = match kept.pop() {
            Some(socket) => socket,
            None => connect(&node.base).await,
        };
        socket.write_all(question.as_bytes()).await.unwrap();
        asked.push(socket);
    }
    node.terminate();
    for (number, mut socket) in asked.into_iter().enumerate() {
        let mut answer = String::new();
        let read = tokio::time::timeout(PATIENCE, socket.read_to_string(&mut answer)).await.unwrap();
        assert!(read.is_ok(), "{number} was cut off: {read:?}");
        assert!(answer.starts_with("HTTP/1.1 200") && answer.contains(r#""result":"valid""#), "{number}: {answer}");
    }
    assert_eq!(node.ended(15).await, Some(0));
    let mut tx = world.context.db.read().await.unwrap();
    let rows = "SELECT COUNT(*) FROM verification WHERE result = 'valid'";
    assert_eq!(ikd::fetch_one!(&mut tx, (i64,), rows).unwrap().0, CROWD as i64);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_in_a_crowd_loses_no_request_on_sqlite() {
    stop_in_a_crowd(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_in_a_crowd_loses_no_request_on_postgres() {
    stop_in_a_crowd(Engine::Postgres).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silent_and_slow_clients_hold_nobody_up() {
    let world = World::with_keys(Engine::Postgres).await;
    let node = world.node(&[("HTTP__HEADER_TIMEOUT_SECONDS", "2")]).await;
    let begun = Instant::now();
    let sockets: Vec<_> = (0..300)
        .map(|number| {
            let base = node.base.clone();
            tokio::spawn(async move {
                let mut socket = connect(&base).await;
                let connected = Instant::now();
                if number % 2 == 1 {
                    // A header that never ends, letter by letter.
                    let _ = socket.write_all(b"GET /health/live HTTP/1.1\r\nHost: x\r\nX-Slow: ").await;
                    while connected.elapsed() < PATIENCE {
                        if socket.write_all(b"a").await.is_err() {
                            break;
                        }
                        let mut part = [0; 512];
                        let read = tokio::time::timeout(Duration::from_millis(200), socket.read(&mut part)).await;
                        if matches!(read, Ok(Ok(0) | Err(_))) {
                            break;
                        }
                    }
                } else {
                    let mut part = Vec::new();
                    let _ = tokio::time::timeout(PATIENCE, socket.read_to_end(&mut part)).await;
                }
                connected.elapsed()
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let client = http();
    let mut waited = Vec::new();
    while begun.elapsed() < Duration::from_secs(2) {
        let asked = Instant::now();
        let answer = client.get(format!("{}/health/ready", node.base)).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        waited.push(asked.elapsed());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    waited.sort();
    assert!(waited[waited.len() / 2] < Duration::from_secs(1), "{waited:?}");
    let mut held = Vec::new();
    for socket in sockets {
        held.push(socket.await.unwrap());
    }
    held.sort();
    // Generous at the end, for a machine that does other things: the client's own patience is longer still.
    let (first, middle, last) = (held[0], held[held.len() / 2], held[held.len() - 1]);
    assert!(first > Duration::from_millis(1_500), "cut after {first:?}");
    assert!(middle < Duration::from_secs(5) && last < Duration::from_secs(12), "cut after {middle:?}, {last:?}");
}
