//! A real mail server with TLS and log-in, under a certificate authority of its own.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};

use ikd::config::{Mail, MailTransport, Smtp, SmtpTls};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};

/// The running server. It ends when this value or the test process does.
pub struct MailServer {
    folder: tempfile::TempDir,
    port: u16,
    tls: SmtpTls,
    child: Child,
    alive: Option<ChildStdin>,
}

/// A message as the server got it.
#[derive(Clone, Debug)]
pub struct Received {
    /// The message, headers and body.
    pub message: String,
    /// Recipients of the envelope.
    pub recipients: Vec<String>,
    /// The log-in that was used.
    pub login: String,
    /// The name in the client's certificate, where it showed one.
    pub client: String,
    /// Whether the connection was encrypted.
    pub tls: bool,
}

impl Received {
    /// A header's value.
    pub fn header(&self, name: &str) -> &str {
        let prefix = format!("{}: ", name.to_lowercase());
        self.message
            .lines()
            .find(|line| line.to_lowercase().starts_with(&prefix))
            .map_or("", |line| &line[prefix.len()..])
    }
}

/// The name in the client's certificate.
pub const CLIENT: &str = "ikd.dukcapil.example";
const USERNAME: &str = "ikd";
const PASSWORD: &str = "hanya-untuk-uji";

impl MailServer {
    /// Starts a server that demands `tls` (`Starttls` or `Implicit`), and a log-in with a password.
    pub fn start(tls: SmtpTls) -> Self {
        Self::start_with(tls, false)
    }

    /// Starts one that demands a client certificate in place of a password.
    pub fn asking_for_a_certificate(tls: SmtpTls) -> Self {
        Self::start_with(tls, true)
    }

    fn start_with(tls: SmtpTls, certificate: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| folder.path().join(name);
        let ca_key = KeyPair::generate().unwrap();
        let mut ca = CertificateParams::new(Vec::new()).unwrap();
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        ca.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        std::fs::write(file("ca.pem"), ca.self_signed(&ca_key).unwrap().pem()).unwrap();
        let issuer = Issuer::new(ca, ca_key);
        let key = KeyPair::generate().unwrap();
        let server = CertificateParams::new(vec!["localhost".into(), "127.0.0.1".into()]).unwrap();
        std::fs::write(file("cert.pem"), server.signed_by(&key, &issuer).unwrap().pem()).unwrap();
        std::fs::write(file("key.pem"), key.serialize_pem()).unwrap();
        let client_key = KeyPair::generate().unwrap();
        let mut client = CertificateParams::new(vec![CLIENT.into()]).unwrap();
        client.distinguished_name.push(DnType::CommonName, CLIENT);
        std::fs::write(file("client.pem"), client.signed_by(&client_key, &issuer).unwrap().pem()).unwrap();
        std::fs::write(file("client-key.pem"), client_key.serialize_pem()).unwrap();
        let inbox = file("inbox");
        std::fs::create_dir(&inbox).unwrap();

        let mut command = Command::new(super::python());
        command.arg("-c").arg(include_str!("smtp.py"));
        command.arg("--folder").arg(&inbox).arg("--cert").arg(file("cert.pem")).arg("--key").arg(file("key.pem"));
        command.args(["--username", USERNAME, "--password", PASSWORD]);
        if tls == SmtpTls::Implicit {
            command.arg("--implicit");
        }
        if certificate {
            command.arg("--client-ca").arg(file("ca.pem"));
        }
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let alive = child.stdin.take();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready: serde_json::Value =
            serde_json::from_str(&line).unwrap_or_else(|_| panic!("the mail server did not start: {line:?}"));
        let port = u16::try_from(ready["port"].as_u64().unwrap()).unwrap();
        Self { folder, port, tls, child, alive }
    }

    /// The configuration that reaches this server.
    pub fn config(&self) -> Mail {
        Mail {
            transport: MailTransport::Smtp,
            from: "IKD Dukcapil <ikd@dukcapil.example>".into(),
            smtp: Smtp {
                host: "localhost".into(),
                port: self.port,
                tls: self.tls,
                username: USERNAME.into(),
                password: String::from(PASSWORD).into(),
                ca_file: Some(self.folder.path().join("ca.pem")),
                connections: 8,
                ..Smtp::default()
            },
            ..Mail::default()
        }
    }

    /// The same with the client's certificate in place of a password.
    pub fn config_with_certificate(&self) -> Mail {
        let mut mail = self.config();
        mail.smtp.certificate_file = Some(self.folder.path().join("client.pem"));
        mail.smtp.key_file = Some(self.folder.path().join("client-key.pem"));
        (mail.smtp.username, mail.smtp.password) = (String::new(), String::new().into());
        mail
    }

    /// Tells the server how to behave from now on (see `smtp.py`); empty for well.
    pub fn control(&self, lines: &str) {
        let hidden = self.inbox().join(".control");
        std::fs::write(&hidden, lines).unwrap();
        std::fs::rename(hidden, self.inbox().join("control")).unwrap();
    }

    /// What has arrived, in order.
    pub fn received(&self) -> Vec<Received> {
        (1..)
            .map_while(|number| {
                let facts = std::fs::read(self.inbox().join(format!("{number}.json"))).ok()?;
                let facts: serde_json::Value = serde_json::from_slice(&facts).unwrap();
                let message = std::fs::read(self.inbox().join(format!("{number}.eml"))).unwrap();
                Some(Received {
                    message: String::from_utf8(message).unwrap(),
                    recipients: serde_json::from_value(facts["rcpt_tos"].clone()).unwrap(),
                    login: facts["login"].as_str().unwrap_or_default().into(),
                    client: facts["client"].as_str().unwrap_or_default().into(),
                    tls: facts["tls"].as_bool().unwrap_or_default(),
                })
            })
            .collect()
    }

    /// Where the server writes what it gets: `1.eml`, `2.eml` …
    pub fn inbox(&self) -> PathBuf {
        self.folder.path().join("inbox")
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        // Closing its standard input ends it.
        self.alive.take();
        let _ = self.child.wait();
    }
}
