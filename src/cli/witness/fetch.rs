//! A client of one log: a connection a request, over TLS, in bounded time and with bounded answers. Redirects are not followed.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use url::{Host, Url};

use crate::cli::Failure;

/// How long an answer may take, the connection with it.
const PATIENCE: Duration = Duration::from_secs(15);
/// Bytes of an answer at most.
const MOST_BYTES: usize = 64 * 1024;

/// Asks one log.
pub struct Client {
    base: Url,
    /// None for this machine.
    tls: Option<TlsConnector>,
}

impl Client {
    /// `own` is a file of authorities that are trusted beside this machine's.
    pub fn new(base: Url, own: Option<&Path>) -> Result<Self, Failure> {
        let tls = match (base.scheme(), base.host()) {
            ("https", Some(_)) => Some(connector(own)?),
            ("http", Some(host)) if is_here(&host) => None,
            _ => {
                let what = "--log: write https:// and a name; http:// is for this machine (127.0.0.1) alone";
                return Err(Failure::Usage(String::from(what)));
            }
        };
        Ok(Self { base, tls })
    }

    /// Status and body of what stands under the log's address.
    pub async fn get(&self, path: &str) -> Result<(u16, String), Failure> {
        self.ask(path, None).await
    }

    /// Sends a text there.
    pub async fn post(&self, path: &str, text: String) -> Result<(u16, String), Failure> {
        self.ask(path, Some(text)).await
    }

    async fn ask(&self, path: &str, body: Option<String>) -> Result<(u16, String), Failure> {
        let silent = |why: String| Failure::Environment(format!("no answer from {}: {why}", self.base));
        match tokio::time::timeout(PATIENCE, Box::pin(self.ask_at_leisure(path, body))).await {
            Ok(answer) => answer.map_err(silent),
            Err(_) => Err(silent(format!("nothing within {} s", PATIENCE.as_secs()))),
        }
    }

    async fn ask_at_leisure(&self, path: &str, body: Option<String>) -> Result<(u16, String), String> {
        let told = |error: &dyn std::fmt::Display| error.to_string();
        let host = self.base.host_str().unwrap_or_default().to_owned();
        let port = self.base.port_or_known_default().unwrap_or(443);
        let authority = self.base.port().map_or_else(|| host.clone(), |port| format!("{host}:{port}"));
        let target = format!("{}/{path}", self.base.path().trim_end_matches('/'));
        let built = http::Request::builder()
            .method(if body.is_some() { "POST" } else { "GET" })
            .uri(target)
            .header("host", authority)
            .header("content-type", "text/plain; charset=utf-8")
            .header("cache-control", "no-cache")
            .header("user-agent", "ikd-witness/1")
            .header("connection", "close")
            .body(Full::new(Bytes::from(body.unwrap_or_default())))
            .map_err(|error| told(&error))?;
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let stream = TcpStream::connect((bare, port)).await.map_err(|error| told(&error))?;
        match &self.tls {
            None => exchange(stream, built).await,
            Some(tls) => {
                let name = ServerName::try_from(bare.to_owned()).map_err(|error| told(&error))?;
                exchange(tls.connect(name, stream).await.map_err(|error| told(&error))?, built).await
            }
        }
    }
}

fn is_here(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    request: http::Request<Full<Bytes>>,
) -> Result<(u16, String), String> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(|error| error.to_string())?;
    let answered = async {
        let answer = sender.send_request(request).await.map_err(|error| error.to_string())?;
        let status = answer.status().as_u16();
        let body = Limited::new(answer.into_body(), MOST_BYTES).collect().await.map_err(|error| error.to_string())?;
        Ok((status, String::from_utf8_lossy(&body.to_bytes()).into_owned()))
    };
    tokio::pin!(answered);
    tokio::select! {
        done = &mut answered => done,
        // The connection has ended: what it held is there, or is not.
        _ = connection => answered.await,
    }
}

fn connector(own: Option<&Path>) -> Result<TlsConnector, Failure> {
    let broken = |error: &dyn std::fmt::Display| Failure::Environment(format!("--ca-file: {error}"));
    let mut roots = rustls::RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(file) = own {
        for certificate in CertificateDer::pem_file_iter(file).map_err(|error| broken(&error))? {
            roots.add(certificate.map_err(|error| broken(&error))?).map_err(|error| broken(&error))?;
        }
    }
    let config = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| broken(&error))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_goes_to_this_machine_alone() {
        for (url, fits) in [
            ("http://127.0.0.1:8080/v1/log", true),
            ("http://[::1]:8080/v1/log", true),
            ("http://ikd.example/v1/log", false),
            ("https://ikd.example/v1/log", true),
            ("ftp://ikd.example/v1/log", false),
        ] {
            assert_eq!(Client::new(url.parse().unwrap(), None).is_ok(), fits, "{url}");
        }
    }
}
