//! `ikd witness`: somebody elsewhere looks at the log again and again, keeps nothing but the last checkpoint, and tells when the log
//! does not continue it.

mod fetch;
mod file;
mod state;

use std::path::PathBuf;
use std::time::Duration;

use data_encoding::BASE64;
use serde_json::{Value, json};

use self::fetch::Client;
use self::state::{State, Unproven};
use super::{Failure, Format};
use crate::clock::Clock;
use crate::credential::{Algorithm, FileSigner, PublicKey, Signer};
use crate::random::Random;
use crate::tlog::note::{Checkpoint, KeyKind, Note, Verifier, cosigned};
use crate::tlog::proof::EntryProof;
use crate::tlog::tree::{Hash, proves_consistency};

/// Commands of a witness.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Make a witness's key. Prints the public half, which the log's operator puts into `tlog.witnesses`.
    NewKey {
        /// The witness's name, for example `witness.example.org/ikd`.
        #[arg(long)]
        name: String,
        /// Where the private half is written, readable by its owner alone.
        file: PathBuf,
    },
    /// Fetch the checkpoint, demand that it continues the one that was kept, keep it, and sign it. Exit code 1, and both checkpoints beside
    /// the state file, when the log does not continue it.
    Watch(WatchArgs),
    /// Check a proof of `ikd audit prove` without network: exit code 0 when the entry is in the log that signed it.
    CheckEntry {
        /// The proof.
        file: PathBuf,
        /// The log's key, as `/v1/log/key` shows it and its operator publishes it; several while it is rotated.
        #[arg(long = "log-key", required = true, value_name = "KEY")]
        log_keys: Vec<Verifier>,
    },
    /// Check files that a node wrote (`audit.export`), without network: exit code 0 when nothing in them was altered, deleted, moved or added.
    CheckFile(file::Args),
}

/// Arguments of `ikd witness watch`.
#[derive(Debug, clap::Args)]
pub struct WatchArgs {
    /// Where the log is: `https://ikd.example.go.id/v1/log`. Plain http goes to this machine only.
    #[arg(long)]
    log: url::Url,
    /// The log's key, as `/v1/log/key` shows it and its operator publishes it; several while it is rotated.
    #[arg(long = "log-key", required = true, value_name = "KEY")]
    log_keys: Vec<Verifier>,
    /// The file that keeps the last checkpoint.
    #[arg(long)]
    state: PathBuf,
    /// There is no state file yet: believe the first checkpoint.
    #[arg(long)]
    begin: bool,
    /// The private key of `ikd witness new-key`, to sign what was checked; left out, it is only checked.
    #[arg(long, requires = "name")]
    key: Option<PathBuf>,
    /// The name for which that key was made.
    #[arg(long, requires = "key")]
    name: Option<String>,
    /// Look again after so many seconds, for ever; left out, once.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    every: Option<u64>,
    /// PEM file of certificate authorities that are trusted beside this machine's.
    #[arg(long)]
    ca_file: Option<PathBuf>,
}

/// Runs a command.
///
/// # Errors
/// [`Failure::Refused`] when the log does not continue what was kept, or a proof proves nothing; [`Failure::Environment`] when the log
/// cannot be reached or a file not used.
pub async fn run(command: &Command, clock: &Clock, format: Format) -> Result<(), Failure> {
    match command {
        Command::NewKey { name, file } => new_key(name, file, format),
        Command::Watch(args) => Box::pin(watch(args, clock, format)).await,
        Command::CheckEntry { file, log_keys } => check_entry(file, log_keys, format),
        Command::CheckFile(args) => file::run(args, format),
    }
}

fn new_key(name: &str, file: &std::path::Path, format: Format) -> Result<(), Failure> {
    let signer = FileSigner::generate(Algorithm::Ed25519, &Random::system());
    let verifier = verifier_of(name, &signer)?;
    signer.write(file)?;
    match format {
        Format::Text => say!("{verifier}"),
        Format::Json => say!("{}", json!({"name": name, "key": verifier.to_string()})),
    }
    Ok(())
}

fn verifier_of(name: &str, signer: &FileSigner) -> Result<Verifier, Failure> {
    let PublicKey::Ed25519(key) = signer.public_key() else {
        return Err(Failure::Environment(String::from("the witness's key is no Ed25519 key")));
    };
    Verifier::new(name, KeyKind::Cosignature, *key)
        .ok_or_else(|| Failure::Usage(String::from("--name: no blanks and no plus signs, as witness.example.org/ikd")))
}

fn check_entry(file: &std::path::Path, log_keys: &[Verifier], format: Format) -> Result<(), Failure> {
    let name = file.display();
    let text = std::fs::read_to_string(file).map_err(|error| Failure::Environment(format!("{name}: {error}")))?;
    let proof: EntryProof = text.parse().map_err(|_| Failure::Refused(format!("{name}: not a proof of an entry")))?;
    let checkpoint = proof.judge(log_keys).map_err(|error| Failure::Refused(format!("{name}: {error}")))?;
    let entry: ciborium::Value = ciborium::from_reader(proof.entry.as_slice())
        .map_err(|_| Failure::Refused(format!("{name}: the entry is no CBOR")))?;
    let entry = super::verify::readable(&entry);
    match format {
        Format::Text => {
            say!("entry {} of the {} in {}:", proof.index, checkpoint.size, checkpoint.origin);
            say!("  {entry}");
        }
        Format::Json => say!(
            "{}",
            json!({"index": proof.index, "size": checkpoint.size, "origin": checkpoint.origin, "entry": entry})
        ),
    }
    Ok(())
}

async fn watch(args: &WatchArgs, clock: &Clock, format: Format) -> Result<(), Failure> {
    let client = Client::new(args.log.clone(), args.ca_file.as_deref())?;
    let key = match (&args.key, &args.name) {
        (Some(file), Some(name)) => {
            let signer = FileSigner::load(file)?;
            Some((verifier_of(name, &signer)?, signer))
        }
        _ => None,
    };
    let witness = Witness { client, log_keys: &args.log_keys, state: State::new(&args.state), key, clock, format };
    if !args.begin && witness.state.read()?.is_none() {
        return Err(Failure::Usage(format!(
            "{}: no checkpoint is kept there, so nothing can be compared; say --begin the first time, and only then",
            args.state.display()
        )));
    }
    if args.begin && witness.state.read()?.is_some() {
        return Err(Failure::Usage(format!(
            "{}: a checkpoint is kept there already; leave --begin out, or whatever the log shows would be believed on the day on which the \
             file is lost",
            args.state.display()
        )));
    }
    let mut failed = 0;
    loop {
        let looked = witness.look().await;
        let Some(every) = args.every else { return looked };
        failed = match looked {
            Ok(()) => 0,
            // What is not there now may be there later; what the log itself contradicts stays so.
            Err(Failure::Environment(_)) => failed + 1,
            Err(failure) => return Err(failure),
        };
        let pause = pause(every, failed);
        if let Err(Failure::Environment(why)) = &looked {
            super::output::complain(&format!("{why}; the next try in {pause} s"));
        }
        tokio::time::sleep(Duration::from_secs(pause)).await;
    }
}

/// Seconds until the next look: longer with each that failed, and a quarter of an hour at most where the usual pause is shorter.
fn pause(every: u64, failed: u32) -> u64 {
    every.saturating_mul(1 << failed.min(16)).min(every.max(LONGEST_PAUSE))
}

/// How long a signed checkpoint may wait for its proof, and how many looks: whoever stands in front of the log is asked to step aside by then.
const UNPROVEN_SECONDS: i64 = 86_400;
const UNPROVEN_LOOKS: u32 = 3;
/// The longest pause after looks that failed.
const LONGEST_PAUSE: u64 = 900;

/// Why a checkpoint was not shown to continue another.
enum Doubt {
    /// Nobody answered: the network's word, or its silence, is not the log's.
    Unanswered(Failure),
    /// Whoever answered had no proof.
    NoProof(Failure),
    /// It does not continue it.
    Conflict(Failure),
}

struct Witness<'a> {
    client: Client,
    log_keys: &'a [Verifier],
    state: State,
    key: Option<(Verifier, FileSigner)>,
    clock: &'a Clock,
    format: Format,
}

impl Witness<'_> {
    async fn look(&self) -> Result<(), Failure> {
        let kept = self.state.read()?;
        let (status, text) = self.client.get("checkpoint").await?;
        // The log's own word: a proxy in front of it, which has lost it, speaks otherwise.
        if status == 404
            && is_problem(&text, "not_found")
            && let Some((kept, checkpoint)) = &kept
        {
            let what = format!("the log is empty, and had {} leaves", checkpoint.size);
            return Err(self.state.conflict(kept, &text, &what));
        }
        if status != 200 {
            return Err(answered(status, &text));
        }
        let note: Note = text.parse().map_err(|error| Failure::Environment(format!("the log's answer: {error}")))?;
        let checkpoint = self.judged(&note)?;
        if let Some((kept, before)) = &kept {
            let waits = self.state.unproven()?;
            let seen = (&note, &checkpoint);
            match self.demand_all((kept, before), waits.as_ref(), seen).await {
                Ok(()) => {}
                Err(Doubt::Conflict(conflict)) => return Err(conflict),
                Err(Doubt::Unanswered(why)) => return Err(self.without_proof(kept, waits, seen, (why, 0))),
                Err(Doubt::NoProof(why)) => return Err(self.without_proof(kept, waits, seen, (why, 1))),
            }
        }
        // Kept before it is signed: what was signed is never forgotten.
        self.state.write(&note)?;
        self.state.forget_unproven()?;
        self.tell(&note, &checkpoint).await
    }

    /// Demands that a checkpoint continues the kept one, and the one that the log signed since and had no proof for.
    async fn demand_all(
        &self,
        kept: (&Note, &Checkpoint),
        waits: Option<&Unproven>,
        seen: (&Note, &Checkpoint),
    ) -> Result<(), Doubt> {
        if let Some(one) = waits {
            self.demand_continued((&one.note, &one.checkpoint), seen).await?;
        }
        self.demand_continued(kept, seen).await
    }

    /// What follows from a look without a proof, which counts as so many: the first such checkpoint is kept, for the log has signed it, and
    /// a log that signs for a day what it does not prove is no log.
    fn without_proof(
        &self,
        kept: &Note,
        waits: Option<Unproven>,
        (note, checkpoint): (&Note, &Checkpoint),
        (why, counts): (Failure, u32),
    ) -> Failure {
        let now = self.clock.now().seconds();
        let first = || Unproven { note: note.clone(), checkpoint: checkpoint.clone(), since: now, looks: 0 };
        let mut waits = waits.unwrap_or_else(first);
        waits.looks = waits.looks.saturating_add(counts);
        if let Err(failure) = self.state.keep_unproven(&waits) {
            return failure;
        }
        if counts == 0 || now.saturating_sub(waits.since) < UNPROVEN_SECONDS || waits.looks < UNPROVEN_LOOKS {
            return why;
        }
        let what = format!(
            "asked {} times in {} h, the log has not proven that its {} leaves continue what was kept ({why})",
            waits.looks,
            now.saturating_sub(waits.since) / 3_600,
            waits.checkpoint.size
        );
        self.state.conflict(kept, &waits.note.to_string(), &what)
    }

    /// The checkpoint in a note of the log's.
    fn judged(&self, note: &Note) -> Result<Checkpoint, Failure> {
        // What the log did not sign contradicts nothing that it signed.
        let refused = |error: &dyn std::fmt::Display| {
            Failure::Environment(format!(
                "the checkpoint: {error}; another service answers, or the log's key was rotated: then ask its operator and give the new \
                 --log-key too"
            ))
        };
        note.demand_signed(self.log_keys).map_err(|error| refused(&error))?;
        let checkpoint: Checkpoint = note.text.parse().map_err(|error| refused(&error))?;
        if self.log_keys.iter().any(|key| key.name == checkpoint.origin) {
            Ok(checkpoint)
        } else {
            Err(refused(&format_args!("it is of {}", checkpoint.origin)))
        }
    }

    async fn demand_continued(
        &self,
        (kept, before): (&Note, &Checkpoint),
        (note, now): (&Note, &Checkpoint),
    ) -> Result<(), Doubt> {
        let conflict = |what: String| Err(Doubt::Conflict(self.state.conflict(kept, &note.to_string(), &what)));
        if now.size < before.size {
            let (were, are) = (before.size, now.size);
            return conflict(format!(
                "the log has shrunk from {were} to {are} leaves: an older copy, or its end was deleted"
            ));
        }
        if now.size == before.size {
            return match now.root == before.root {
                true => Ok(()),
                false => conflict(format!("the log shows two trees of {} leaves", now.size)),
            };
        }
        let path = format!("proofs/consistency?first={}&second={}", before.size, now.size);
        let (status, body) = self.client.get(&path).await.map_err(Doubt::Unanswered)?;
        // Whoever is overloaded, stands in front of it, or does not know this proof proves nothing, this way or that.
        let Some(proof) = hashes(&body).filter(|_| status == 200) else {
            return Err(Doubt::NoProof(answered(status, &body)));
        };
        if proves_consistency((before.size, &before.root), (now.size, &now.root), &proof) {
            return Ok(());
        }
        conflict(format!("the log of {} leaves cannot prove that it continues that of {}", now.size, before.size))
    }

    /// Prints what was seen, and signs it where there is a key.
    async fn tell(&self, note: &Note, checkpoint: &Checkpoint) -> Result<(), Failure> {
        let mut told =
            json!({"origin": checkpoint.origin, "size": checkpoint.size, "root": BASE64.encode(&checkpoint.root)});
        let mut text = format!("{}: {} leaves, continued", checkpoint.origin, checkpoint.size);
        if let Some((verifier, signer)) = &self.key {
            let time = self.clock.now().seconds().cast_unsigned();
            let signature = signer.sign(cosigned(&note.text, time).as_bytes());
            let line = verifier.line_at(time, &signature.map_err(|error| Failure::Environment(error.to_string()))?);
            told["cosignature"] = json!(line.to_string().trim_end());
            text = format!("{text}\n{}", line.to_string().trim_end());
            let own = Note { text: note.text.clone(), signatures: [&note.signatures[..1], &[line]].concat() };
            let (status, body) = self.client.post("cosignatures", own.to_string()).await?;
            let accepted = serde_json::from_str::<Value>(&body).ok().and_then(|body| body["accepted"].as_u64());
            told["accepted"] = json!(accepted == Some(1));
            match (status, accepted) {
                (200, Some(1)) => {}
                (200, _) => super::output::complain(
                    "the log does not count this witness: its operator puts the key into tlog.witnesses",
                ),
                _ => {
                    return Err(Failure::Environment(format!(
                        "the log did not take the cosignature: {status} {}",
                        body.trim()
                    )));
                }
            }
        }
        match self.format {
            Format::Text => say!("{text}"),
            Format::Json => say!("{told}"),
        }
        Ok(())
    }
}

/// That an answer says nothing; of a page of a proxy its beginning is told.
fn answered(status: u16, text: &str) -> Failure {
    let text: String = text.trim().chars().filter(|c| !c.is_control()).take(200).collect();
    Failure::Environment(format!("the log answers {status}: {text}"))
}

/// Whether a text is a problem document of the service's (RFC 9457) with this code.
fn is_problem(text: &str, code: &str) -> bool {
    serde_json::from_str::<Value>(text).is_ok_and(|body| body["code"] == code && body["type"].is_string())
}

/// The hashes of a proof.
fn hashes(body: &str) -> Option<Vec<Hash>> {
    let body: Value = serde_json::from_str(body).ok()?;
    let hash = |text: &Value| BASE64.decode(text.as_str()?.as_bytes()).ok()?.try_into().ok();
    body["proof"].as_array()?.iter().map(hash).collect()
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    #[test]
    fn pauses_grow_with_looks_that_fail_and_end_growing() {
        assert_eq!([0, 1, 2, 4, 30].map(|failed| pause(60, failed)), [60, 120, 240, 900, 900]);
        assert_eq!([0, 9].map(|failed| pause(3_600, failed)), [3_600, 3_600]);
    }

    /// Answers the requests that come, each with the next of these; gives the address.
    async fn answering(answers: Vec<String>) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            for answer in answers {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut seen = Vec::new();
                while !seen.windows(4).any(|end| end == b"\r\n\r\n") {
                    stream.read_buf(&mut seen).await.unwrap();
                }
                stream.write_all(answer.as_bytes()).await.unwrap();
                stream.shutdown().await.unwrap();
            }
        });
        format!("http://{address}/v1/log")
    }

    fn answer(status: u16, body: &str) -> String {
        format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
    }

    #[tokio::test]
    async fn a_proxy_is_no_conflict_and_what_the_log_contradicts_is() {
        let signer = FileSigner::generate(Algorithm::Ed25519, &Random::system());
        let PublicKey::Ed25519(key) = signer.public_key() else { unreachable!() };
        let log_keys = [Verifier::new("ikd.example/log", KeyKind::Note, *key).unwrap()];
        let note = |origin: &str, size: u64| {
            let text = Checkpoint { origin: origin.into(), size, root: [size as u8; 32] }.to_string();
            let line = log_keys[0].line(&signer.sign(text.as_bytes()).unwrap());
            Note { text, signatures: vec![line] }
        };
        let checkpoint = |size: u64| answer(200, &note("ikd.example/log", size).to_string());
        let proof = answer(200, &json!({"proof": [BASE64.encode(&[9; 32])]}).to_string());
        let gone = |body: Value| answer(404, &body.to_string());
        let own = json!({"type": "about:blank", "status": 404, "code": "not_found"});
        let lost = || answer(404, "<html>404 Not Found</html>");
        let forged = Note { text: note("ikd.example/log", 4).text, ..note("ikd.example/log", 3) };
        for (what, answers, conflict) in [
            ("a proxy lost the log", vec![lost()], false),
            ("another service answers", vec![gone(json!({"error": "not_found"}))], false),
            ("a proxy forbids", vec![answer(403, "Forbidden")], false),
            ("a portal answers", vec![answer(200, "<html>Log in</html>")], false),
            ("somebody else signed", vec![answer(200, &forged.to_string())], false),
            ("a proxy lost the proof", vec![checkpoint(8), lost()], false),
            ("a proxy forbids the proof", vec![checkpoint(8), answer(403, "Forbidden")], false),
            ("no proof of that yet", vec![checkpoint(8), gone(own.clone())], false),
            ("a portal instead of a proof", vec![checkpoint(8), answer(200, "<html>Log in</html>")], false),
            ("a proof that proves nothing", vec![checkpoint(8), proof], true),
            ("it has shrunk", vec![checkpoint(4)], true),
            ("it says that it is empty", vec![gone(own)], true),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let state = State::new(&folder.path().join("state"));
            let kept = note("ikd.example/log", 5);
            state.write(&kept).unwrap();
            let client = Client::new(answering(answers).await.parse().unwrap(), None).unwrap();
            let clock = Clock::System;
            let witness =
                Witness { client, log_keys: &log_keys, state, key: None, clock: &clock, format: Format::Text };
            let looked = witness.look().await;
            let found = match &looked {
                Err(Failure::Refused(why)) => why.starts_with("CONFLICT"),
                Err(Failure::Environment(_)) => false,
                _ => panic!("{what}: it was believed"),
            };
            assert_eq!(found, conflict, "{what}");
            assert_eq!(witness.state.read().unwrap().unwrap().0, kept, "{what}: what was seen stays kept");
        }
    }

    #[tokio::test]
    async fn what_the_log_signed_and_did_not_prove_is_held_against_it() {
        let signer = FileSigner::generate(Algorithm::Ed25519, &Random::system());
        let PublicKey::Ed25519(key) = signer.public_key() else { unreachable!() };
        let log_keys = [Verifier::new("ikd.example/log", KeyKind::Note, *key).unwrap()];
        let note = |size: u64, root: Hash| {
            let text = Checkpoint { origin: String::from("ikd.example/log"), size, root }.to_string();
            let line = log_keys[0].line(&signer.sign(text.as_bytes()).unwrap());
            Note { text, signatures: vec![line] }
        };
        // A tree that grows leaf by leaf (RFC 6962 §2.1).
        let joined = |left: &Hash, right: &Hash| -> Hash {
            let hash = Sha256::new().chain_update([1]).chain_update(left).chain_update(right);
            hash.finalize().into()
        };
        let (one, b, c) = ([1; 32], [2; 32], [3; 32]);
        let two = joined(&one, &b);
        let three = joined(&two, &c);
        let proof = |hashes: &[Hash]| {
            let hashes: Vec<String> = hashes.iter().map(|hash| BASE64.encode(hash)).collect();
            answer(200, &json!({ "proof": hashes }).to_string())
        };
        let shown = |size: u64, root: Hash| answer(200, &note(size, root).to_string());
        let lost = || answer(403, "Forbidden");
        let day = i64::from(UNPROVEN_LOOKS) * 43_200;
        // Looks at a log of one leaf, each half a day after the one before: what is answered, and whether it is a conflict.
        for (what, looks) in [
            (
                "proven later",
                vec![
                    (vec![shown(2, two), lost()], Some(false)),
                    (vec![shown(3, three), proof(&[c]), proof(&[b, c])], None),
                ],
            ),
            ("fewer leaves", vec![(vec![shown(3, three), lost()], Some(false)), (vec![shown(2, two)], Some(true))]),
            ("another tree", vec![(vec![shown(2, [9; 32]), lost()], Some(false)), (vec![shown(2, two)], Some(true))]),
            (
                "a fork",
                vec![(vec![shown(2, [9; 32]), lost()], Some(false)), (vec![shown(3, three), proof(&[c])], Some(true))],
            ),
            (
                "never proven",
                vec![
                    (vec![shown(2, two), lost()], Some(false)),
                    (vec![shown(3, three), lost()], Some(false)),
                    (vec![shown(3, three), lost()], Some(true)),
                ],
            ),
            (
                "nobody answers: the network's, for days",
                (0..5).map(|_| (vec![shown(2, two), String::new()], Some(false))).collect(),
            ),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("state");
            State::new(&file).write(&note(1, one)).unwrap();
            let clock = Clock::stopped(crate::clock::Timestamp::from_seconds(day));
            for (answers, expected) in looks {
                let client = Client::new(answering(answers).await.parse().unwrap(), None).unwrap();
                let state = State::new(&file);
                let witness =
                    Witness { client, log_keys: &log_keys, state, key: None, clock: &clock, format: Format::Text };
                let found = match witness.look().await {
                    Ok(()) => None,
                    Err(Failure::Refused(_)) => Some(true),
                    Err(_) => Some(false),
                };
                assert_eq!(found, expected, "{what}");
                assert_eq!(folder.path().join("state.unproven").exists(), expected.is_some(), "{what}");
                clock.advance(43_200);
            }
        }
    }
}
