//! Listeners beyond this machine speak TLS.

use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use support::Engine;
use support::world::World;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn beyond_this_machine_metrics_are_read_over_tls() {
    let world = World::with_people(Engine::Sqlite, 1).await;
    let made = rcgen::generate_simple_self_signed([String::from("127.0.0.1")]).unwrap();
    let (certificate, key) = (world.folder.path().join("cert.pem"), world.folder.path().join("key.pem"));
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let (certificate, key) = (certificate.display().to_string(), key.display().to_string());
    for (host, speaks_tls) in [("0.0.0.0", true), ("127.0.0.1", false)] {
        let port = support::node::free_port();
        let metrics = format!("{host}:{port}");
        let _node = world
            .node(&[
                ("HTTP__METRICS_LISTEN", &metrics),
                ("HTTP__TLS_CERTIFICATE", &certificate),
                ("HTTP__TLS_KEY", &key),
                ("HTTP__EXPOSE_DEVELOPMENT", "true"),
            ])
            .await;
        let ask = b"GET /metrics HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n";
        let mut plain = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        plain.write_all(ask).await.unwrap();
        let mut answer = Vec::new();
        // What is no handshake may end with a reset.
        let _ = plain.read_to_end(&mut answer).await;
        assert_eq!(answer.starts_with(b"HTTP/1.1 200"), !speaks_tls, "{host}: {}", String::from_utf8_lossy(&answer));
        if speaks_tls {
            let mut roots = RootCertStore::empty();
            roots.add(made.cert.der().clone()).unwrap();
            let provider = Arc::new(rustls::crypto::ring::default_provider());
            let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
            let config = config.with_root_certificates(roots).with_no_client_auth();
            let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            let name = ServerName::try_from("127.0.0.1").unwrap();
            let mut stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap();
            stream.write_all(ask).await.unwrap();
            let mut answer = Vec::new();
            let _ = stream.read_to_end(&mut answer).await;
            let answer = String::from_utf8_lossy(&answer);
            assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("ikd_"), "{answer}");
        }
    }
}
