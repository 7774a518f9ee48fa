//! `ikd health`: asks the service on this machine whether it serves, for containers and monitors.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};

use super::Failure;
use crate::config::Config;
use crate::demo::lan::tunnel;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(4);

/// Runs the command: exit code 0 when `/health/ready` says so.
///
/// # Errors
/// [`Failure::Refused`] when it says otherwise or does not answer, [`Failure::Environment`] when nobody can be asked.
pub async fn run(config: &Config) -> Result<(), Failure> {
    let broken = |error: &dyn std::fmt::Display| Failure::Environment(error.to_string());
    let listen = &config.http.listen;
    let mut found = tokio::net::lookup_host(listen).await.map_err(|error| broken(&format!("{listen}: {error}")))?;
    let address = reachable(found.next().ok_or_else(|| broken(&format!("{listen}: the name has no address")))?);
    let base = match &config.http.tls_certificate {
        None => format!("http://{address}"),
        Some(file) => {
            // The service shows this very file: nothing else is trusted, so it works without the system's list.
            let mut roots = rustls::RootCertStore::empty();
            for certificate in CertificateDer::pem_file_iter(file).map_err(|error| broken(&error))? {
                roots.add(certificate.map_err(|error| broken(&error))?).map_err(|error| broken(&error))?;
            }
            let uri: http::Uri = config.service.public_url.parse().map_err(|error| broken(&error))?;
            let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
            tunnel(address, ServerName::try_from(host).map_err(|error| broken(&error))?, roots).await?
        }
    };
    let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().map_err(|error| broken(&error))?;
    let answer = client.get(format!("{base}/health/ready")).send().await;
    match answer {
        Ok(answer) if answer.status().is_success() => {
            println!("ready");
            Ok(())
        }
        Ok(answer) => {
            let status = answer.status();
            let said = answer.text().await.unwrap_or_default();
            Err(Failure::Refused(format!("not ready: {status} {said}")))
        }
        Err(_) => Err(Failure::Refused(format!("no answer from {address}"))),
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
