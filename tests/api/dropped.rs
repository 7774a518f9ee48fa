//! Answers that are lost on the way: the request is sent over a bare socket, the socket is closed early, and the request
//! is repeated.

use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use support::each_engine;
use support::world::World;

fn request(world: &World, key: &str, body: &str) -> Vec<u8> {
    format!(
        "POST /v1/verifications HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nIdempotency-Key: {key}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        world.address,
        world.api_key,
        body.len()
    )
    .into_bytes()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_dropped_at_any_byte_is_given_again() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let applicant = world.active(&world.people[0]).await;
        // How many bytes of the answer arrive before the line breaks.
        for (number, arrive) in [0_usize, 1, 12, 60, 200, 500, 900, 1_500].into_iter().enumerate() {
            let token = world.present(&applicant, "basic").await;
            let (key, body) =
                (format!("lost-{number}"), json!({"token": token, "purpose": "open_account"}).to_string());
            let mut socket = TcpStream::connect(world.address).await.unwrap();
            socket.write_all(&request(&world, &key, &body)).await.unwrap();
            let mut seen = vec![0; arrive];
            tokio::time::timeout(Duration::from_secs(20), socket.read_exact(&mut seen)).await.unwrap().unwrap();
            socket.set_zero_linger().unwrap();
            drop(socket);
            if number % 2 == 1 {
                // Repeated only when the QR has long expired: what was answered stays answered.
                world.later(100);
            }
            let ask = async || world.bank().verify(&token, "open_account", &key).await.expect(200).json;
            let again = ask().await;
            // With no byte read the first request may have been cut off before it was heard; then this is the first.
            assert_eq!(again["result"], "valid", "after {arrive} bytes");
            if arrive >= 12 {
                assert!(seen.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&seen));
            }
            assert_eq!(ask().await, again);
            assert_ne!(world.verify(&token).await, "valid", "one effect only");
            if number % 2 == 1 {
                applicant.client.unlock().await.expect(200);
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_cut_off_on_its_way_has_no_effect() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let applicant = world.active(&world.people[0]).await;
        let token = world.present(&applicant, "basic").await;
        let body = json!({"token": token, "purpose": "open_account"}).to_string();
        let whole = request(&world, "cut", &body);
        for leave in [1, 10, body.len(), body.len() + 30, whole.len() - 1] {
            let mut socket = TcpStream::connect(world.address).await.unwrap();
            socket.write_all(&whole[..whole.len() - leave]).await.unwrap();
            socket.shutdown().await.unwrap();
            let mut rest = Vec::new();
            let _ = tokio::time::timeout(Duration::from_secs(20), socket.read_to_end(&mut rest)).await.unwrap();
            assert!(!rest.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&rest));
        }
        assert_eq!(world.verify(&token).await, "valid");
    })
    .await;
}
