//! The demo for phones in the same network: under which addresses it is found, with which certificate, and how to get past
//! the browser's warning. Camera, device keys and the service worker need a secure origin, and a bare address can have no
//! certificate that browsers trust by themselves, so one is made on the spot and vouched for by its fingerprint.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use sha2::{Digest, Sha256};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;

use crate::clock::{DAY, Timestamp};
use crate::config::Http;
use crate::error::{Error, Result};
use crate::register::Date;

/// Days for which the certificate holds: a demo is over by then.
const DAYS: i64 = 30;
/// Interfaces of containers, virtual machines and tunnels begin like this: no phone reaches them.
const VIRTUAL: &[&str] = &[
    "docker",
    "br-",
    "veth",
    "virbr",
    "vmnet",
    "vboxnet",
    "lxc",
    "lxd",
    "cni",
    "podman",
    "tun",
    "tap",
    "wg",
    "tailscale",
    "zt",
    "utun",
    "ham",
];

/// One address of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// The interface's name, e.g. `wlan0`.
    pub name: String,
    /// Its address.
    pub address: IpAddr,
}

/// Under which addresses the demo is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lan {
    /// Where to bind.
    pub listen: Vec<IpAddr>,
    /// The address that phones open and that devices' proofs name.
    pub primary: IpAddr,
    /// All names that lead here and therefore stand in the certificate: addresses, `localhost`, the host's name.
    pub names: Vec<String>,
}

impl Lan {
    /// Looks at this machine's interfaces. `chosen` takes one address instead, and listens there only.
    ///
    /// # Errors
    /// When the interfaces cannot be read, or none has an address that another machine could reach.
    pub fn find(chosen: Option<IpAddr>) -> Result<Self> {
        let interfaces = if_addrs::get_if_addrs().map_err(Error::internal)?;
        let interfaces: Vec<_> =
            interfaces.into_iter().map(|one| Interface { address: one.ip(), name: one.name }).collect();
        let host = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok());
        Self::among(&interfaces, host.as_deref(), chosen).ok_or_else(|| {
            Error::internal(
                "this machine has no address in a network: join the Wi-Fi that the phone is in, or name one with --address",
            )
        })
    }

    fn among(interfaces: &[Interface], host: Option<&str>, chosen: Option<IpAddr>) -> Option<Self> {
        let mut reachable: Vec<_> = interfaces.iter().filter(|one| is_reachable(one.address)).collect();
        // Stable: of two alike the one that the system lists first.
        reachable.sort_by_key(|one| rank(one));
        let primary = chosen.or_else(|| reachable.first().map(|one| one.address))?;
        let (listen, others) = match chosen {
            Some(address) => (vec![address], Vec::new()),
            // IPv6's "any" takes IPv4 too; without IPv6 there is IPv4's.
            None => (
                vec![Ipv6Addr::UNSPECIFIED.into(), Ipv4Addr::UNSPECIFIED.into()],
                reachable.iter().map(|one| one.address.to_string()).collect(),
            ),
        };
        let own = [primary.to_string(), String::from("localhost"), String::from("127.0.0.1"), String::from("::1")];
        let mut names = Vec::new();
        for name in own.into_iter().chain(others).chain(host.filter(|name| is_host_name(name)).map(str::to_owned)) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        Some(Self { listen, primary, names })
    }

    /// The URL that phones open.
    pub fn url(&self, port: u16) -> String {
        format!("https://{}", SocketAddr::new(self.primary, port))
    }

    /// The names as they stand in a URL: IPv6 in brackets.
    pub fn url_names(&self) -> Vec<String> {
        let bracketed = |name: &String| match name.parse::<Ipv6Addr>() {
            Ok(address) => format!("[{address}]"),
            Err(_) => name.clone(),
        };
        self.names.iter().map(bracketed).collect()
    }
}

fn is_reachable(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !address.is_loopback() && !address.is_unspecified(),
        // A link-local address needs the name of an interface behind it, which no browser takes.
        IpAddr::V6(address) => !address.is_loopback() && !address.is_unspecified() && !address.is_unicast_link_local(),
    }
}

/// The lower, the likelier a phone gets there.
fn rank(one: &Interface) -> (bool, u8) {
    let kind = match one.address {
        IpAddr::V4(address) if address.is_link_local() => 3,
        IpAddr::V4(address) if address.is_private() => 0,
        IpAddr::V4(_) => 1,
        IpAddr::V6(_) => 2,
    };
    (VIRTUAL.iter().any(|start| one.name.starts_with(start)), kind)
}

fn is_host_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 253
        && name.parse::<IpAddr>().is_err()
        && name.split('.').all(|label| {
            !label.is_empty()
                && label.len() <= 63
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        })
}

/// A certificate that was made on the spot and lies in the demo's folder.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// The certificate as PEM.
    pub pem: String,
    der: CertificateDer<'static>,
}

impl Certificate {
    /// Makes key and certificate and writes both into `folder`; `http` is told where they are.
    ///
    /// # Errors
    /// When they cannot be made or written.
    pub fn make(names: &[String], now: Timestamp, folder: &Path, http: &mut Http) -> Result<Self> {
        let mut params = rcgen::CertificateParams::new(names.to_vec()).map_err(Error::internal)?;
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(rcgen::DnType::CommonName, "ikd demo");
        params.key_usages = vec![rcgen::KeyUsagePurpose::DigitalSignature];
        // iOS refuses a certificate without this purpose, or one that holds for more than 825 days.
        params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
        params.is_ca = rcgen::IsCa::ExplicitNoCa;
        let day = |at: Timestamp| {
            let day = Date::in_jakarta(at);
            rcgen::date_time_ymd(day.year().into(), day.month(), day.day())
        };
        // A phone's clock may be behind by some hours.
        params.not_before = day(now.plus_seconds(-DAY));
        params.not_after = day(now.plus_seconds(DAYS * DAY));
        let key = rcgen::KeyPair::generate().map_err(Error::internal)?;
        let certificate = params.self_signed(&key).map_err(Error::internal)?;
        let (certificate_file, key_file) = (folder.join("tls.pem"), folder.join("tls-key.pem"));
        for file in [&certificate_file, &key_file] {
            match std::fs::remove_file(file) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(Error::internal(error)),
                _ => {}
            }
        }
        crate::vault::write_private(&certificate_file, certificate.pem().as_bytes())?;
        crate::vault::write_private(&key_file, key.serialize_pem().as_bytes())?;
        http.tls_certificate = Some(certificate_file);
        http.tls_key = Some(key_file);
        Ok(Self { pem: certificate.pem(), der: certificate.der().clone() })
    }

    /// Reads a certificate from PEM.
    ///
    /// # Errors
    /// When it is none.
    pub fn from_pem(pem: &str) -> Result<Self> {
        let der = CertificateDer::from_pem_slice(pem.as_bytes()).map_err(Error::internal)?;
        Ok(Self { pem: pem.to_owned(), der })
    }

    /// This certificate alone, as what a client trusts.
    ///
    /// # Errors
    /// When it cannot be one that is trusted.
    pub fn roots(&self) -> Result<rustls::RootCertStore> {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(self.der.clone()).map_err(Error::internal)?;
        Ok(roots)
    }

    /// SHA-256 of the certificate, as browsers show it.
    pub fn fingerprint(&self) -> String {
        Sha256::digest(&self.der).iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":")
    }
}

/// A way through TLS for a client that speaks none: listens on loopback and carries every connection on to the service, to
/// which it talks only when that shows a certificate which `roots` vouch for. Gives the plain URL.
///
/// # Errors
/// When no port is to be had.
pub async fn tunnel(to: SocketAddr, name: ServerName<'static>, roots: rustls::RootCertStore) -> Result<String> {
    let config = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(Error::internal)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = TlsConnector::from(Arc::new(config));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(Error::internal)?;
    let address = listener.local_addr().map_err(Error::internal)?;
    tokio::spawn(async move {
        while let Ok((mut near, _)) = listener.accept().await {
            let (connector, name) = (connector.clone(), name.clone());
            tokio::spawn(async move {
                let Ok(far) = TcpStream::connect(to).await else { return };
                let Ok(mut far) = connector.connect(name, far).await else { return };
                let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
            });
        }
    });
    Ok(format!("http://{address}"))
}

/// What a person has to know who opens the demo on a phone: QR, the way past the warning, why it is there.
pub fn guide(url: &str, others: &[String], certificate: &Certificate, on_terminal: bool) -> String {
    let (fingerprint, host) = (certificate.fingerprint(), url.trim_start_matches("https://"));
    let also = others.join(", ");
    format!(
        "\nBuka di HP yang memakai Wi-Fi yang sama / open on a phone in the same Wi-Fi:\n\n{}\n  {url}/\n  (juga / also: {also})\n
Peramban akan memperingatkan. Sertifikat ini baru saja dibuat oleh komputer ini; tidak ada pihak tepercaya yang menjaminnya,
karena alamat jaringan lokal tidak bisa mendapat sertifikat resmi. Untuk demo ini wajar; di layanan sungguhan JANGAN diteruskan.
  Chrome (Android)  Lanjutan > Lanjutkan ke {host} (tidak aman)
  Safari (iPhone)   Tampilkan Detail > kunjungi situs web ini > Kunjungi Situs Web
Lalu cocokkan sidik jari SHA-256 di bawah (Chrome: tanda di kiri alamat > Sertifikat tidak valid / Detail).
Selama peringatan ada, aplikasi tidak bisa dipasang dan tidak jalan tanpa jaringan; kamera dan kunci perangkat jalan.
Jika halaman tidak terbuka: Wi-Fi tamu sering memisahkan perangkat, dan firewall komputer harus membuka port-nya.
\nThe browser will warn. This computer has just made the certificate; nobody whom the phone trusts vouches for it, because an
address in a local network cannot get a public one. That is right for a demo; NEVER go on like this on a real service.
  Chrome (Android)  Advanced > Proceed to {host} (unsafe)
  Safari (iPhone)   Show Details > visit this website > Visit Website
Then compare the SHA-256 fingerprint below (Chrome: the sign left of the address > Certificate details).
While the warning stands the app can neither be installed nor run without network; camera and device keys work.
If the page does not open: guest Wi-Fi often keeps devices apart, and this computer's firewall must let the port in.
\n  SHA-256  {fingerprint}
\nSemua orang di jaringan ini bisa membuka demo ini dan memutar jamnya: pakai data karangan saja. Surat hanya di komputer ini.
Everybody in this network can open this demo and turn its clock: use made-up data only. Its mail shows on this computer only.\n",
        terminal_qr(url, on_terminal)
    )
}

/// A QR of half blocks. On a terminal black on white whatever its colours are; else as for a dark one.
fn terminal_qr(text: &str, on_terminal: bool) -> String {
    let Ok(code) = QrCode::new(text) else { return String::new() };
    let mut picture = code.render::<Dense1x2>();
    if !on_terminal {
        return picture.dark_color(Dense1x2::Light).light_color(Dense1x2::Dark).build();
    }
    let drawn = picture.build();
    drawn.lines().map(|line| format!("\u{1b}[30;107m{line}\u{1b}[0m\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interfaces(list: &[(&str, &str)]) -> Vec<Interface> {
        let one =
            |(name, address): &(&str, &str)| Interface { name: (*name).into(), address: address.parse().unwrap() };
        list.iter().map(one).collect()
    }

    fn primary(list: &[(&str, &str)]) -> Option<String> {
        Lan::among(&interfaces(list), None, None).map(|lan| lan.primary.to_string())
    }

    #[test]
    fn the_address_that_a_phone_reaches_comes_first() {
        let docker = ("docker0", "172.17.0.1");
        assert_eq!(primary(&[("lo", "127.0.0.1"), docker, ("wlan0", "192.168.1.5")]).unwrap(), "192.168.1.5");
        assert_eq!(primary(&[("eth0", "2001:db8::5"), ("eth0", "10.0.0.5")]).unwrap(), "10.0.0.5");
        assert_eq!(primary(&[("eth0", "203.0.113.5"), ("wlp2s0", "192.168.43.1")]).unwrap(), "192.168.43.1");
        assert_eq!(primary(&[("eth0", "169.254.7.7"), ("eth0", "fd00::5")]).unwrap(), "fd00::5");
        assert_eq!(primary(&[docker]).unwrap(), "172.17.0.1", "better than none");
        assert_eq!(primary(&[("lo", "127.0.0.1"), ("lo", "::1"), ("eth0", "fe80::1")]), None);
    }

    #[test]
    fn all_names_of_the_machine_lead_there() {
        let list =
            interfaces(&[("lo", "::1"), ("wlan0", "192.168.1.5"), ("wlan0", "fd00::5"), ("docker0", "172.17.0.1")]);
        let lan = Lan::among(&list, Some("laptop-siti"), None).unwrap();
        let names = ["192.168.1.5", "localhost", "127.0.0.1", "::1", "fd00::5", "172.17.0.1", "laptop-siti"];
        assert_eq!(lan.names, names);
        assert_eq!(lan.url(8443), "https://192.168.1.5:8443");
        assert!(lan.url_names().contains(&String::from("[fd00::5]")));
        let here: IpAddr = "127.0.0.1".parse().unwrap();
        let lan = Lan::among(&list, Some("no host name"), Some(here)).unwrap();
        assert_eq!((&lan.listen, lan.names.len()), (&vec![here], 3), "only there");
        assert_eq!(Lan { primary: "fd00::5".parse().unwrap(), ..lan }.url(1), "https://[fd00::5]:1");
    }

    #[test]
    fn a_pipe_gets_no_colours() {
        let (url, names) = ("https://192.168.1.5:8443", [String::from("localhost")]);
        let folder = tempfile::tempdir().unwrap();
        let made =
            Certificate::make(&names, Timestamp::from_seconds(1_800_000_000), folder.path(), &mut Http::default());
        let text = guide(url, &names, &made.unwrap(), false);
        assert!(!text.contains('\u{1b}') && text.contains("192.168.1.5:8443 (tidak aman)"), "{text}");
        assert!(terminal_qr(url, true).contains('\u{1b}'));
    }
}
