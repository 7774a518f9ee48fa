//! `ikd health`: asks the service on this machine whether it serves, for containers and monitors.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::{DigitallySignedStruct, SignatureScheme};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::{Failure, Format};
use crate::config::Config;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(4);
/// More than an answer has, in bytes.
const LONGEST: u64 = 65_536;

/// Runs the command: exit code 0 when `/health/ready` says so.
///
/// # Errors
/// [`Failure::Refused`] when it says otherwise or does not answer, [`Failure::Environment`] when nobody can be asked.
pub async fn run(config: &Config, format: Format) -> Result<(), Failure> {
    let broken = |error: &dyn std::fmt::Display| Failure::Environment(error.to_string());
    let listen = &config.http.listen;
    let mut found = tokio::net::lookup_host(listen).await.map_err(|error| broken(&format!("{listen}: {error}")))?;
    let address = reachable(found.next().ok_or_else(|| broken(&format!("{listen}: the name has no address")))?);
    let tls = config.http.tls_certificate.as_deref().map(client_of).transpose()?;
    let asked = tokio::time::timeout(PATIENCE, ask(address, tls)).await;
    let (status, said) = match asked {
        Ok(answer) => answer.map_err(Failure::Refused)?,
        Err(_) => return Err(Failure::Refused(format!("no answer from {address} within {} s", PATIENCE.as_secs()))),
    };
    if format == Format::Json {
        say!("{said}");
    }
    if status != 200 {
        return Err(Failure::Refused(format!("not ready: {status} {said}")));
    }
    if format == Format::Text {
        say!("ready");
    }
    Ok(())
}

/// Status and body of the answer; else what went wrong.
async fn ask(address: SocketAddr, tls: Option<TlsConnector>) -> Result<(u16, String), String> {
    let silent = |error: std::io::Error| format!("no answer from {address}: {error}");
    let stream = TcpStream::connect(address).await.map_err(silent)?;
    match tls {
        None => exchange(stream, address).await.map_err(silent),
        Some(connector) => {
            let stream = connector.connect(ServerName::from(address.ip()), stream).await;
            let stream = stream.map_err(|error| format!("{address} answers, but not in TLS as it should: {error}"))?;
            exchange(stream, address).await.map_err(silent)
        }
    }
}

async fn exchange(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    address: SocketAddr,
) -> std::io::Result<(u16, String)> {
    let request = format!("GET /health/ready HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    stream.flush().await?;
    let mut answer = Vec::new();
    match stream.take(LONGEST).read_to_end(&mut answer).await {
        // Some servers close a TLS connection without `close_notify`.
        Err(error) if answer.is_empty() => return Err(error),
        _ => {}
    }
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)).and_then(|code| code.parse().ok());
    let status = status.ok_or_else(|| std::io::Error::other("this is no HTTP"))?;
    Ok((status, body.trim().to_owned()))
}

/// A client that takes the first certificate of a file and no other.
fn client_of(file: &Path) -> Result<TlsConnector, Failure> {
    let broken = |error: &dyn std::fmt::Display| {
        Failure::Environment(format!("http.tls_certificate {}: {error}", file.display()))
    };
    let mut all = CertificateDer::pem_file_iter(file).map_err(|error| broken(&error))?;
    let own = all.next().ok_or_else(|| broken(&"no certificate in it"))?.map_err(|error| broken(&error))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| broken(&error))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Own { certificate: own, provider }))
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// Takes the service's own certificate, byte by byte: who issued it, for which names and until when is for those to judge who
/// know the service by name. That the other end holds the key to it is checked as always.
#[derive(Debug)]
struct Own {
    certificate: CertificateDer<'static>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Own {
    fn verify_server_cert(
        &self,
        shown: &CertificateDer<'_>,
        _chain: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if *shown == self.certificate {
            return Ok(ServerCertVerified::assertion());
        }
        Err(rustls::Error::General(String::from(
            "it shows another certificate than http.tls_certificate holds: the file is newer than the service, or another \
             program listens there",
        )))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// Where a listener on all addresses is found.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A certificate with its key, for a name that is not this machine's; an authority's own too.
    fn certificate(authority: bool) -> (rcgen::Certificate, rcgen::KeyPair) {
        let mut params = rcgen::CertificateParams::new(vec![String::from("ikd.contoh.go.id")]).unwrap();
        if authority {
            // As `openssl req -x509` makes it.
            params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        }
        let key = rcgen::KeyPair::generate().unwrap();
        (params.self_signed(&key).unwrap(), key)
    }

    /// A service that answers every connection so.
    async fn serve(certificate: &rcgen::Certificate, key: &rcgen::KeyPair, answer: &'static str) -> SocketAddr {
        let key = rustls_pki_types::PrivatePkcs8KeyDer::from(key.serialize_der()).into();
        let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let Ok(mut stream) = acceptor.accept(stream).await else { continue };
                let mut request = [0; 1_024];
                let _ = stream.read(&mut request).await;
                let _ = stream.write_all(answer.as_bytes()).await;
                let _ = stream.shutdown().await;
            }
        });
        address
    }

    #[tokio::test]
    async fn the_service_s_own_certificate_is_enough_and_no_other_is() {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::default();
        let file = folder.path().join("tls.pem");
        config.http.tls_certificate = Some(file.clone());
        for authority in [false, true] {
            let (own, key) = certificate(authority);
            std::fs::write(&file, own.pem()).unwrap();
            config.http.listen = serve(&own, &key, "HTTP/1.1 200 OK\r\n\r\n{}").await.to_string();
            run(&config, Format::Text).await.unwrap();
            config.http.listen = serve(&own, &key, "HTTP/1.1 503 No\r\n\r\n{\"keys\":\"missing\"}").await.to_string();
            let failure = run(&config, Format::Text).await.unwrap_err();
            assert!(failure.exit_code() == 1 && failure.to_string().contains("503 {\"keys\""), "{failure}");
            let (other, key) = certificate(authority);
            config.http.listen = serve(&other, &key, "HTTP/1.1 200 OK\r\n\r\n").await.to_string();
            let failure = run(&config, Format::Text).await.unwrap_err();
            assert!(failure.to_string().contains("another certificate"), "{failure}");
        }
    }
}
