//! Sending one message: over TLS to an address of the public internet, in bounded time and with a bounded answer.
//!
//! The name is resolved once and the connection goes to an address that was judged: a name that leads elsewhere a moment later (DNS
//! rebinding) leads nowhere. Redirects are not followed, proxies of the environment are not asked, no connection is kept.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use url::Url;

use super::address::is_public;
use super::model::Fault;
use crate::config::hosts::has;
use crate::config::{Mode, Webhook};
use crate::error::{Error, Result};
use crate::secret::Redacted;

/// How long name, connection, handshake and answer may take together.
pub const PATIENCE: Duration = Duration::from_secs(10);
/// Bytes of an answer that are read at most.
const MOST_BYTES: usize = 4 * 1024;

/// Sends messages. Cloning shares it.
#[derive(Clone)]
pub struct Client {
    /// Made at the first message: reading what this machine trusts takes a moment.
    tls: Arc<OnceLock<TlsConnector>>,
    /// Trusted beside that.
    own: Vec<CertificateDer<'static>>,
    /// Also to addresses that are not public: for tests.
    private: bool,
    /// To these hosts; none: to any.
    hosts: Option<Arc<[String]>>,
}

/// What is sent: the address, headers, the body.
pub struct Request<'a> {
    /// The address.
    pub url: &'a Redacted<String>,
    /// Id, seconds and signature.
    pub headers: [(&'static str, String); 3],
    /// JSON.
    pub body: String,
}

impl Client {
    /// A client that trusts what this machine trusts, and the authorities of a file.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn new(settings: &Webhook, mode: Mode) -> Result<Self> {
        let mut own = Vec::new();
        if let Some(file) = &settings.ca_file {
            let unread = |error: &dyn std::fmt::Display| Error::internal(format!("webhook.ca_file: {error}"));
            for certificate in CertificateDer::pem_file_iter(file).map_err(|error| unread(&error))? {
                own.push(certificate.map_err(|error| unread(&error))?);
            }
        }
        let named = mode == Mode::Production || !settings.hosts.is_empty();
        let hosts = named.then(|| settings.hosts.clone().into());
        Ok(Self { tls: Arc::default(), own, private: settings.allow_private, hosts })
    }

    /// Whether something may be sent to the host of this address.
    pub fn may_reach(&self, url: &str) -> bool {
        let Some(hosts) = &self.hosts else { return true };
        Url::parse(url).is_ok_and(|url| url.host_str().is_some_and(|host| has(hosts, host)))
    }

    fn tls(&self) -> Result<TlsConnector, Fault> {
        if let Some(ready) = self.tls.get() {
            return Ok(ready.clone());
        }
        let mut roots = rustls::RootCertStore::empty();
        let trusted = rustls_native_certs::load_native_certs().certs;
        roots.add_parsable_certificates(trusted.into_iter().chain(self.own.iter().cloned()));
        let config = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|_| Fault::Tls)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(self.tls.get_or_init(|| TlsConnector::from(Arc::new(config))).clone())
    }

    /// Sends; gives the body of an answer of 2xx.
    ///
    /// # Errors
    /// Why it did not arrive.
    pub async fn send(&self, request: Request<'_>) -> Result<Bytes, Fault> {
        // Boxed: a handshake is a large future, and sending is rare.
        match tokio::time::timeout(PATIENCE, Box::pin(self.send_at_leisure(request))).await {
            Ok(sent) => sent,
            Err(_) => Err(Fault::Unreachable),
        }
    }

    async fn send_at_leisure(&self, request: Request<'_>) -> Result<Bytes, Fault> {
        if !self.may_reach(request.url.expose()) {
            return Err(Fault::NotAllowed);
        }
        let url = Url::parse(request.url.expose()).map_err(|_| Fault::Unreachable)?;
        let host = url.host_str().ok_or(Fault::Unreachable)?.to_owned();
        let port = url.port_or_known_default().unwrap_or(443);
        let stream = self.connect(&host, port).await?;
        let name = ServerName::try_from(host.clone()).map_err(|_| Fault::Tls)?;
        let stream = self.tls()?.connect(name, stream).await.map_err(|_| Fault::Tls)?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(|_| Fault::Unreachable)?;
        let sent = async {
            let authority = if port == 443 { host } else { format!("{host}:{port}") };
            let path = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
            let mut built = http::Request::post(path)
                .header("host", authority)
                .header("content-type", "application/json")
                .header("user-agent", "ikd-webhook/1")
                .header("connection", "close");
            for (name, value) in request.headers {
                built = built.header(name, value);
            }
            let built = built.body(Full::new(Bytes::from(request.body))).map_err(|_| Fault::Unreachable)?;
            let answer = sender.send_request(built).await.map_err(|_| Fault::Unreachable)?;
            match answer.status() {
                http::StatusCode::GONE => return Err(Fault::Gone),
                status if !status.is_success() => return Err(Fault::Refused),
                _ => {}
            }
            let read = Limited::new(answer.into_body(), MOST_BYTES).collect().await;
            // What is too long is of no interest: the message has arrived.
            Ok(read.map(http_body_util::Collected::to_bytes).unwrap_or_default())
        };
        tokio::pin!(sent);
        tokio::select! {
            done = &mut sent => done,
            // The connection has ended: what it held is there, or is not.
            _ = connection => sent.await,
        }
    }

    async fn connect(&self, host: &str, port: u16) -> Result<TcpStream, Fault> {
        let found = tokio::net::lookup_host((host, port)).await.map_err(|_| Fault::Unreachable)?;
        let fit: Vec<_> = found.filter(|address| self.private || is_public(address.ip())).collect();
        if fit.is_empty() {
            return Err(Fault::NoPublicAddress);
        }
        for address in fit {
            if let Ok(stream) = TcpStream::connect(address).await {
                return Ok(stream);
            }
        }
        Err(Fault::Unreachable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_production_nothing_is_reached_that_was_not_named() {
        let named = |hosts: &[&str]| Webhook {
            hosts: hosts.iter().map(|host| (*host).to_owned()).collect(),
            ..Webhook::default()
        };
        let may =
            |hosts: &[&str], mode| Client::new(&named(hosts), mode).unwrap().may_reach("https://Hook.bank.example/x");
        assert!(may(&[], Mode::Development) && !may(&[], Mode::Production));
        for mode in [Mode::Development, Mode::Production] {
            assert!(may(&["hook.bank.example"], mode) && may(&["*"], mode));
            assert!(!may(&["bank.example"], mode));
        }
    }
}
