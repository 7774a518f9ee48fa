//! Requests made beforehand: every token works once and lives 90 seconds, so they are made just before each run.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ikd::attribute::AttributeSet;
use ikd::clock::Timestamp;
use ikd::credential::{Issuer, KeyPurpose, SealedRecord, TokenKind, TokenSealer};

use crate::place::Place;

const PLAIN: &str = r#"["full_name","birth_date","sex","age_over_17"]"#;
const PICTURED: &str = r#"["full_name","birth_date","sex","age_over_17","portrait"]"#;

/// What is asked for.
#[derive(Clone, Copy)]
pub struct Asked {
    pub count: usize,
    /// Threads of the load generator: one file each, so that the tokens of a resident are used in their order.
    pub threads: usize,
    pub portrait: bool,
    /// Only the first residents, e.g. those who have a portrait.
    pub residents: usize,
}

/// One whole HTTP request.
pub fn request(place: &Place, port: u16, path: &str, token: &str, key: &str, attributes: &str) -> String {
    let body = format!(r#"{{"token":"{token}","purpose":"open_account","attributes":{attributes}}}"#);
    format!(
        "POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
         Idempotency-Key: {key}\r\nContent-Length: {}\r\n\r\n{body}",
        place.api_key,
        body.len()
    )
}

/// Writes `count` verifications, each with a token of its own, and gives the file's name without the thread's number.
pub fn verifications(place: &Arc<Place>, asked: Asked) -> PathBuf {
    let file = place.folder.join("requests");
    let base = place.context.now();
    let workers: Vec<_> = (0..asked.threads)
        .map(|thread| {
            let (place, file) = (Arc::clone(place), file.clone());
            std::thread::spawn(move || write(&place, asked, thread, base, &path_of(&file, thread)))
        })
        .collect();
    for worker in workers {
        worker.join().unwrap();
    }
    file
}

pub fn path_of(file: &Path, thread: usize) -> PathBuf {
    file.with_extension(thread.to_string())
}

fn write(place: &Place, asked: Asked, thread: usize, base: Timestamp, path: &Path) {
    let context = &place.context;
    let signer = place.keyring.signer(KeyPurpose::Token).unwrap();
    let sealer = TokenSealer::new(context.vault.clone());
    let issuer = Issuer {
        signer: signer.as_ref(),
        sealer: &sealer,
        random: &context.random,
        name: &context.config.service.issuer,
    };
    let mine: Vec<_> = place.residents[..asked.residents].iter().skip(thread).step_by(asked.threads).collect();
    let mut out = std::io::BufWriter::new(fs::File::create(path).unwrap());
    // Jumping about: neighbours in time are no neighbours on disk.
    let step = 7_919;
    for number in 0..asked.count / asked.threads {
        let round = number / mine.len();
        let resident = *mine[(number % mine.len()) * step % mine.len()];
        let issued = Timestamp::from_micros(base.micros() + round as i64 * 1_000);
        let record = SealedRecord {
            kind: TokenKind::Presentation,
            subject: resident,
            generation: 1,
            issued,
            attributes: AttributeSet::FULL.bits(),
        };
        let token = issuer.issue(record).unwrap().token;
        let key = context.random.uuid_v7(base).to_string();
        let attributes = if asked.portrait { PICTURED } else { PLAIN };
        let text = request(place, place.port, "/v1/verifications", &token, &key, attributes);
        out.write_all(text.as_bytes()).unwrap();
        out.write_all(&[0]).unwrap();
    }
    out.flush().unwrap();
}

/// One request for all threads, repeated for ever.
pub fn repeated(place: &Place, text: &[String]) -> PathBuf {
    let file = place.folder.join("repeated");
    for thread in 0..2 {
        fs::write(path_of(&file, thread), text.join("\0")).unwrap();
    }
    file
}

/// A fresh token of a resident.
pub fn one(place: &Place, resident: usize) -> String {
    let context = &place.context;
    let record = SealedRecord {
        kind: TokenKind::Presentation,
        subject: place.residents[resident],
        generation: 1,
        issued: context.now(),
        attributes: AttributeSet::FULL.bits(),
    };
    let signer = place.keyring.signer(KeyPurpose::Token).unwrap();
    place.keyring.issuer(signer.as_ref()).issue(record).unwrap().token
}

pub const ATTRIBUTES: &str = PLAIN;
