//! The local mailbox: one file a message, for development and `ikd demo`.
//!
//! It reads only what [`super::transport`] wrote, so it needs a small part of MIME: two quoted-printable parts and
//! encoded words in the subject.

use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use data_encoding::BASE64;
use uuid::Uuid;

/// A folder of messages. Cloning shares it.
#[derive(Clone, Debug)]
pub struct Mailbox(Arc<PathBuf>);

/// A message as the mailbox page shows it. It is of a made-up person in a demonstration, and still not for logs.
#[derive(Clone, PartialEq, Eq)]
pub struct Letter {
    /// The outbox row it came from; the file is named after it.
    pub mail_id: Uuid,
    /// Date header.
    pub date: String,
    /// Recipient.
    pub to: String,
    /// Subject.
    pub subject: String,
    /// Plain text part.
    pub text: String,
}

impl Mailbox {
    /// The mailbox in `folder`, which is made (for the owner only) when it does not exist.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn create(folder: PathBuf) -> std::io::Result<Self> {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        Ok(Self(Arc::new(folder)))
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.0
    }

    /// Writes a message as `<mail_id>.eml`, readable by the owner only. A reader never sees half a file, and the same
    /// message again replaces the first.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn put(&self, mail_id: Uuid, message: &[u8]) -> std::io::Result<()> {
        let hidden = self.0.join(format!(".{mail_id}.new"));
        let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&hidden)?;
        file.write_all(message)?;
        file.sync_all()?;
        std::fs::rename(&hidden, self.0.join(format!("{mail_id}.eml")))
    }

    /// The newest messages, newest first.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn list(&self, limit: usize) -> std::io::Result<Vec<Letter>> {
        let mut ids = Vec::new();
        for entry in std::fs::read_dir(self.folder())? {
            let name = entry?.file_name();
            let id =
                name.to_str().and_then(|name| name.strip_suffix(".eml")).and_then(|name| name.parse::<Uuid>().ok());
            ids.extend(id);
        }
        // UUIDv7 begins with the time.
        ids.sort_unstable_by(|a, b| b.cmp(a));
        ids.truncate(limit);
        let mut letters = Vec::with_capacity(ids.len());
        for id in ids {
            letters.extend(self.read(id)?);
        }
        Ok(letters)
    }

    /// One message; `None` when there is none of that id.
    ///
    /// # Errors
    /// When its file cannot be read.
    pub fn read(&self, mail_id: Uuid) -> std::io::Result<Option<Letter>> {
        match std::fs::read_to_string(self.0.join(format!("{mail_id}.eml"))) {
            Ok(message) => Ok(Some(parse(mail_id, &message))),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn parse(mail_id: Uuid, message: &str) -> Letter {
    let (head, body) = message.split_once("\r\n\r\n").unwrap_or((message, ""));
    let head = head.replace("\r\n ", " ").replace("\r\n\t", " ");
    let header = |name: &str| {
        head.lines()
            .find_map(|line| line.split_once(": ").filter(|(key, _)| key.eq_ignore_ascii_case(name)))
            .map(|(_, value)| decode_words(value))
            .unwrap_or_default()
    };
    let kind = header("Content-Type");
    let boundary = kind.split_once("boundary=").map_or("", |(_, rest)| rest.trim_matches('"'));
    let text = body
        .split_once("Content-Type: text/plain")
        .and_then(|(_, rest)| rest.split_once("\r\n\r\n"))
        .map(|(_, rest)| rest.split_once(&format!("\r\n--{boundary}")).map_or(rest, |(part, _)| part))
        .map(decode_quoted_printable)
        .unwrap_or_default();
    Letter { mail_id, date: header("Date"), to: header("To"), subject: header("Subject"), text }
}

/// Quoted-printable (RFC 2045 §6.7) to text.
fn decode_quoted_printable(text: &str) -> String {
    let unfolded = text.replace("=\r\n", "");
    let bytes = unfolded.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut position = 0;
    while let Some(&byte) = bytes.get(position) {
        let coded = (byte == b'=').then(|| unfolded.get(position + 1..position + 3)).flatten();
        match coded.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(decoded) => {
                out.push(decoded);
                position += 3;
            }
            None => {
                out.push(byte);
                position += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).replace("\r\n", "\n")
}

/// Encoded words in base64 (RFC 2047 §2, §4.1) to text; anything else stays as it is.
fn decode_words(value: &str) -> String {
    let mut out = String::new();
    let mut after_word = false;
    for word in value.split(' ') {
        let decoded = word
            .strip_prefix("=?utf-8?b?")
            .and_then(|rest| rest.strip_suffix("?="))
            .and_then(|text| BASE64.decode(text.as_bytes()).ok())
            .and_then(|bytes| String::from_utf8(bytes).ok());
        // Space between two encoded words belongs to the folding (§6.2).
        if !(out.is_empty() || (after_word && decoded.is_some())) {
            out.push(' ');
        }
        after_word = decoded.is_some();
        out.push_str(decoded.as_deref().unwrap_or(word));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::error::Language;
    use crate::mail::{Email, Transport};
    use crate::secret::Redacted;

    #[tokio::test]
    async fn what_the_transport_writes_can_be_read() {
        let dir = tempfile::tempdir().unwrap();
        let config = crate::config::Mail { directory: dir.path().join("box"), ..Default::default() };
        let transport = Transport::open(&config).unwrap();
        let text = format!("Kode = 123456 – jangan dibagikan.\n{}\n--\nSelesai", "Panjang sekali. ".repeat(20));
        let mut email = Email {
            mail_id: Uuid::from_u128(1),
            to: Redacted("siti@example.id".into()),
            subject: "Pendaftaran IKD – pemberitahuan untuk pemilik KTP Digital yang sudah aktif di perangkat lain"
                .into(),
            text: text.clone(),
            html: "<p>Kode = 123456</p>".into(),
            language: Language::Indonesian,
        };
        transport.send(&email, Timestamp::from_seconds(1_700_000_000)).await.unwrap();
        transport.send(&email, Timestamp::from_seconds(1_700_000_060)).await.unwrap();
        let mailbox = Mailbox::create(dir.path().join("box")).unwrap();
        let letters = mailbox.list(10).unwrap();
        assert_eq!(letters.len(), 1, "a repeated message replaces the first");
        let letter = &letters[0];
        assert_eq!(letter.subject, email.subject);
        assert_eq!(letter.to, "siti@example.id");
        assert_eq!(letter.date, "Tue, 14 Nov 2023 22:14:20 +0000");
        assert_eq!(letter.text, text);

        email.mail_id = Uuid::from_u128(2);
        transport.send(&email, Timestamp::default()).await.unwrap();
        let ids: Vec<_> = mailbox.list(10).unwrap().iter().map(|letter| letter.mail_id.as_u128()).collect();
        assert_eq!(ids, [2, 1]);
        assert!(mailbox.read(Uuid::from_u128(3)).unwrap().is_none());
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(mailbox.folder()), 0o700);
        assert_eq!(mode(&mailbox.folder().join(format!("{}.eml", Uuid::from_u128(1)))), 0o600);
    }
}
