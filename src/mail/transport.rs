//! The two ways in which a message leaves: a mail server, or a local mailbox of files.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use lettre::message::header::{ContentTransferEncoding, ContentType, Date, Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox as Sender, MultiPart, SinglePart};
use lettre::transport::smtp::PoolConfig;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Identity, Tls, TlsParameters};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use super::Email;
use super::mailbox::Mailbox;
use crate::clock::Timestamp;
use crate::config::{Mail, MailTransport, Smtp, SmtpTls};

/// Seconds that one SMTP command may take. RFC 5321 §4.5.3.2 allows minutes; a lease is shorter than that, and what
/// failed is tried again.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(20);
/// Seconds that one message may take in all. Shorter than a lease.
const MESSAGE_TIMEOUT: Duration = Duration::from_secs(60);
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// Why a message was not handed over. Carries a code, never an address or the server's own words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// It may succeed later: the server is away, slow, full or wrongly configured.
    #[error("{0}")]
    Transient(String),
    /// It will not succeed: the recipient's address is refused.
    #[error("{0}")]
    Permanent(String),
}

/// Why a transport cannot be made from the configuration.
#[derive(Debug, thiserror::Error)]
#[error("mail: {0}")]
pub struct TransportError(String);

/// A way in which messages leave. Cloning shares connections.
#[derive(Clone)]
pub struct Transport {
    from: Sender,
    way: Way,
}

#[derive(Clone)]
enum Way {
    Smtp { pool: AsyncSmtpTransport<Tokio1Executor>, connections: usize },
    Directory(Mailbox),
}

impl Transport {
    /// As configured. Nothing is connected yet: the mail server may be down when the service starts.
    ///
    /// # Errors
    /// When the sender, the certificate file or the folder cannot be used.
    pub fn open(config: &Mail) -> Result<Self, TransportError> {
        let from = Sender::from_str(&config.from)
            .map_err(|_| TransportError(format!("mail.from must read `Name <address>`, not `{}`", config.from)))?;
        let way = match config.transport {
            MailTransport::Smtp => smtp(&config.smtp)?,
            MailTransport::Directory => Way::Directory(directory(config.directory.clone())?),
        };
        Ok(Self { from, way })
    }

    /// How many messages may be on their way at once.
    pub fn concurrency(&self) -> usize {
        match &self.way {
            Way::Smtp { connections, .. } => *connections,
            Way::Directory(_) => 4,
        }
    }

    /// Hands a message over. Returns once the server (or the disk) has it.
    ///
    /// # Errors
    /// [`SendError::Transient`] when a later try makes sense, [`SendError::Permanent`] when not.
    pub async fn send(&self, email: &Email, now: Timestamp) -> Result<(), SendError> {
        let message = self.message(email, now)?;
        match &self.way {
            Way::Smtp { pool, .. } => match tokio::time::timeout(MESSAGE_TIMEOUT, pool.send(message)).await {
                Ok(Ok(_)) => Ok(()),
                Ok(Err(error)) => Err(classify(&error)),
                Err(_) => Err(SendError::Transient(String::from("timeout"))),
            },
            Way::Directory(mailbox) => {
                let (mailbox, mail_id, bytes) = (mailbox.clone(), email.mail_id, message.formatted());
                tokio::task::spawn_blocking(move || mailbox.put(mail_id, &bytes))
                    .await
                    .map_err(|_| SendError::Transient(String::from("stopped")))?
                    .map_err(|error| SendError::Transient(format!("directory: {}", error.kind())))
            }
        }
    }

    /// Closes the connections. Messages can no longer be sent.
    pub async fn close(&self) {
        if let Way::Smtp { pool, .. } = &self.way {
            pool.shutdown().await;
        }
    }

    /// The message as it goes over the wire (RFC 5322): alternative plain text and HTML, a Message-ID that is the same
    /// at every try, and `Auto-Submitted` (RFC 3834) so that no holiday notice answers.
    fn message(&self, email: &Email, now: Timestamp) -> Result<Message, SendError> {
        let to = parse_address(email.to.expose()).ok_or_else(|| SendError::Permanent(String::from("address")))?;
        if email.subject.chars().any(char::is_control) {
            return Err(SendError::Permanent(String::from("subject")));
        }
        let fault = |_| SendError::Transient(String::from("message"));
        let date = Date::parse(&http_date(now)).map_err(fault)?;
        let part = |kind: ContentType, body: &str| {
            SinglePart::builder()
                .header(kind)
                .header(ContentTransferEncoding::QuotedPrintable)
                .body(body.replace("\r\n", "\n").replace('\n', "\r\n"))
        };
        let raw = |name: &'static str, value: &str| {
            HeaderValue::new(HeaderName::new_from_ascii_str(name), String::from(value))
        };
        Message::builder()
            .header(date)
            .from(self.from.clone())
            .to(Sender::new(None, to))
            .subject(email.subject.as_str())
            .message_id(Some(format!("<{}@{}>", email.mail_id, self.from.email.domain())))
            .raw_header(raw("Auto-Submitted", "auto-generated"))
            .raw_header(raw("Content-Language", email.language.tag()))
            .multipart(
                MultiPart::alternative()
                    .singlepart(part(ContentType::TEXT_PLAIN, &email.text))
                    .singlepart(part(ContentType::TEXT_HTML, &email.html)),
            )
            .map_err(|_| SendError::Transient(String::from("message")))
    }
}

/// An e-mail address as the service accepts it (RFC 5321 §4.1.2 without quoted or literal forms): `None` when it is none,
/// or contains a line break or anything else that could begin another header or command.
pub fn parse_address(text: &str) -> Option<Address> {
    if text.len() > 254 || !text.is_ascii() || text.chars().any(|c| c.is_control() || c.is_whitespace() || c == '"') {
        return None;
    }
    let address = Address::from_str(text).ok()?;
    let domain = address.domain();
    (domain.contains('.') && !domain.starts_with('[')).then_some(address)
}

/// The certificate by which this client logs in, where one is configured.
fn identity(config: &Smtp) -> Result<Option<Identity>, TransportError> {
    let (Some(certificate), Some(key)) = (&config.certificate_file, &config.key_file) else { return Ok(None) };
    let read = |name: &str, path: &PathBuf| {
        std::fs::read(path).map_err(|error| TransportError(format!("mail.smtp.{name} {}: {error}", path.display())))
    };
    let (certificate, secret) = (read("certificate_file", certificate)?, read("key_file", key)?);
    let mut certificates = CertificateDer::pem_slice_iter(&certificate);
    let (Some(Ok(certificate)), None) = (certificates.next(), certificates.next()) else {
        return Err(TransportError(String::from(
            "mail.smtp.certificate_file: write one PEM certificate, issued by an authority that the mail server knows: a chain is not sent",
        )));
    };
    // With rustls the library takes the one certificate as it is, which is DER, and the key in PEM (lettre 0.11.23, `from_pem_rustls_tls`).
    let identity = Identity::from_pem(&certificate, &secret);
    // The library's own words may hold what stood in the file.
    Ok(Some(identity.map_err(|_| TransportError(String::from("mail.smtp.key_file: no PEM private key")))?))
}

fn smtp(config: &Smtp) -> Result<Way, TransportError> {
    let parameters = || {
        let mut builder = TlsParameters::builder(config.host.clone());
        if let Some(path) = &config.ca_file {
            let name = path.display();
            let pem =
                std::fs::read(path).map_err(|error| TransportError(format!("mail.smtp.ca_file {name}: {error}")))?;
            let certificate = Certificate::from_pem(&pem)
                .map_err(|_| TransportError(format!("mail.smtp.ca_file {name}: not a PEM certificate")))?;
            builder = builder.add_root_certificate(certificate);
        }
        if let Some(identity) = identity(config)? {
            builder = builder.identify_with(identity);
        }
        builder.build().map_err(|error| TransportError(format!("mail.smtp: {error}")))
    };
    let tls = match config.tls {
        SmtpTls::Starttls => Tls::Required(parameters()?),
        SmtpTls::Implicit => Tls::Wrapper(parameters()?),
        SmtpTls::None => Tls::None,
    };
    let connections = config.connections.clamp(1, 64);
    let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(config.host.clone())
        .port(config.port)
        .tls(tls)
        .timeout(Some(COMMAND_TIMEOUT))
        .pool_config(PoolConfig::new().max_size(connections).idle_timeout(IDLE_TIMEOUT));
    if !config.username.is_empty() {
        let password = config.password.expose().clone();
        builder = builder.credentials(Credentials::new(config.username.clone(), password));
    }
    Ok(Way::Smtp { pool: builder.build(), connections: usize::try_from(connections).unwrap_or(1) })
}

fn directory(path: PathBuf) -> Result<Mailbox, TransportError> {
    Mailbox::create(path.clone()).map_err(|error| TransportError(format!("mail.directory {}: {error}", path.display())))
}

/// RFC 9110's form of a date, which is what the header type reads; it writes RFC 5322's.
fn http_date(now: Timestamp) -> String {
    let time = jiff::Timestamp::from_second(now.seconds()).unwrap_or_default();
    time.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// Only a refused recipient is final. A server that refuses *us* (log-in, policy, sender) also answers 5xx, but after
/// the operator has fixed the cause, every waiting message goes out.
fn classify(error: &lettre::transport::smtp::Error) -> SendError {
    let Some(status) = error.status() else {
        let what = if error.is_timeout() {
            "timeout"
        } else if error.is_tls() {
            "tls"
        } else if error.is_response() {
            "unreadable answer"
        } else if error.is_client() {
            "not possible with this server"
        } else {
            "connection"
        };
        return SendError::Transient(String::from(what));
    };
    let status = u16::from(status);
    let words = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    let enhanced = enhanced_code(&words);
    let what = match enhanced {
        Some((class, subject, detail)) => format!("smtp {status} {class}.{subject}.{detail}"),
        None => format!("smtp {status}"),
    };
    if refuses_recipient(status, enhanced) { SendError::Permanent(what) } else { SendError::Transient(what) }
}

/// The enhanced status code (RFC 3463 §2) at the head of a reply.
fn enhanced_code(words: &str) -> Option<(u16, u16, u16)> {
    let mut parts = words.split_whitespace().next()?.split('.');
    let code = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    parts.next().is_none().then_some(code)
}

/// Whether a reply says that this recipient will never take mail. RFC 3463 §3.2 and §3.3: 5.1.x is the address (of
/// which .7 and .8 are the sender's), 5.2.1 a disabled mailbox; RFC 7504: 556, 5.1.10, a domain without mail.
fn refuses_recipient(status: u16, enhanced: Option<(u16, u16, u16)>) -> bool {
    match (status, enhanced) {
        (500.., Some((5, 1, detail))) => !matches!(detail, 7 | 8),
        (500.., Some((5, 2, 1))) => true,
        (_, Some(_)) => false,
        (550 | 551 | 553 | 556, None) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::error::Language;
    use crate::secret::Redacted;

    fn email(to: &str) -> Email {
        Email {
            mail_id: Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001),
            to: Redacted(to.into()),
            subject: "Kode aktivasi".into(),
            text: "Kode: 123456\nSalam – IKD".into(),
            html: "<p>Kode: 123456</p>".into(),
            language: Language::Indonesian,
        }
    }

    fn transport(dir: &std::path::Path) -> Transport {
        let config = Mail {
            directory: dir.to_path_buf(),
            from: "IKD Dukcapil <ikd@dukcapil.example>".into(),
            ..Default::default()
        };
        Transport::open(&config).unwrap()
    }

    #[test]
    fn a_message_is_complete_and_its_id_stable() {
        let dir = tempfile::tempdir().unwrap();
        let transport = transport(dir.path());
        let make = |seconds| {
            let message = transport.message(&email("siti@example.id"), Timestamp::from_seconds(seconds)).unwrap();
            String::from_utf8(message.formatted()).unwrap()
        };
        let first = make(1_700_000_000);
        for line in [
            "Message-ID: <01900000-0000-7000-8000-000000000001@dukcapil.example>\r\n",
            "Date: Tue, 14 Nov 2023 22:13:20 +0000\r\n",
            "From: \"IKD Dukcapil\" <ikd@dukcapil.example>\r\n",
            "To: siti@example.id\r\n",
            "Subject: Kode aktivasi\r\n",
            "Auto-Submitted: auto-generated\r\n",
            "Content-Type: multipart/alternative;",
            "Content-Type: text/plain; charset=utf-8\r\n",
            "Content-Type: text/html; charset=utf-8\r\n",
        ] {
            assert!(first.contains(line), "{line:?} not in\n{first}");
        }
        let id = |text: &str| text.lines().find(|line| line.starts_with("Message-ID")).unwrap().to_owned();
        assert_eq!(id(&first), id(&make(1_700_100_000)));
    }

    #[test]
    fn addresses_that_could_begin_a_header_are_refused() {
        for bad in [
            "siti@example.id\r\nBcc: all@example.id",
            "siti@example.id\n",
            "\rsiti@example.id",
            "siti@example.id, budi@example.id",
            "Siti <siti@example.id>",
            "\"a b\"@example.id",
            "siti@[127.0.0.1]",
            "siti@localhost",
            "siti",
            "",
        ] {
            assert!(parse_address(bad).is_none(), "{bad:?}");
        }
        assert!(parse_address("siti+ktp@mail.example.id").is_some());
        let dir = tempfile::tempdir().unwrap();
        let answer =
            transport(dir.path()).message(&email("siti@example.id\r\nBcc: x@example.id"), Timestamp::default());
        assert_eq!(answer.err(), Some(SendError::Permanent("address".into())));
        let hostile = Email { subject: "Kode\r\nBcc: x@example.id".into(), ..email("siti@example.id") };
        assert!(transport(dir.path()).message(&hostile, Timestamp::default()).is_err());
    }

    #[test]
    fn only_a_refused_recipient_is_final() {
        assert_eq!(enhanced_code("5.1.1 <siti@example.id>: user unknown"), Some((5, 1, 1)));
        assert_eq!(enhanced_code("no such user"), None);
        assert!(refuses_recipient(550, Some((5, 1, 1))));
        assert!(refuses_recipient(556, Some((5, 1, 10))));
        assert!(refuses_recipient(550, None));
        assert!(!refuses_recipient(550, Some((5, 7, 1))), "a relay that does not know us");
        assert!(!refuses_recipient(553, Some((5, 1, 8))), "the sender's domain");
        assert!(!refuses_recipient(535, Some((5, 7, 8))), "our log-in");
        assert!(!refuses_recipient(554, None), "no service at the greeting");
        assert!(!refuses_recipient(451, None));
    }

    #[test]
    fn a_wrong_set_up_says_what_to_change() {
        let config = Mail { from: "nobody".into(), ..Default::default() };
        assert!(Transport::open(&config).err().unwrap().to_string().contains("mail.from"));
        let config = Mail {
            transport: MailTransport::Smtp,
            smtp: Smtp { ca_file: Some("/nowhere/ca.pem".into()), ..Default::default() },
            ..Default::default()
        };
        assert!(Transport::open(&config).err().unwrap().to_string().contains("/nowhere/ca.pem"));
        let certificate_file = Some("/nowhere/client.pem".into());
        let smtp = Smtp { key_file: certificate_file.clone(), certificate_file, ..Default::default() };
        let config = Mail { transport: MailTransport::Smtp, smtp, ..Default::default() };
        assert!(Transport::open(&config).err().unwrap().to_string().contains("/nowhere/client.pem"));
    }
}
