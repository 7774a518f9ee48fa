//! The audit log outside the database: wherever a process dies, nothing is missing in its files and nothing stands twice; and whatever
//! somebody changes, in the files or in the database, is seen.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ikd::audit::{Action, Actor, Event, GENERAL, Outcome, Service};
use ikd::clock::DAY;
use ikd::config::Config;
use ikd::context::Context;
use ikd::keyring::Keyring;
use ikd::life::{EventKind, Happening};
use ikd::tlog::note::{Checkpoint, Note, Verifier};
use ikd::tlog::outside::files::{FileError, files_of, read};
use ikd::tlog::outside::line::Line;
use ikd::tlog::outside::{Reading, Summary, Wrong};
use ikd::tlog::{Log, Outside};
use ikd::{execute, fetch_one};
use uuid::Uuid;

use support::each_engine;

const OFFICE: Uuid = Uuid::from_u128(0xAA);

async fn log(context: &Context) -> Log {
    Keyring::init(context).await.unwrap();
    Log::new(context.clone(), Keyring::open(context.clone()).await.unwrap()).unwrap()
}

/// A node that writes here.
fn outside(context: &Context, folder: &Path) -> Outside {
    Outside::new(&context.altered(|sources| {
        let mut config = Config::clone(&sources.config);
        config.audit.export = folder.to_owned();
        sources.config = Arc::new(config);
    }))
}

async fn act(context: &Context, chain: Uuid, subject: u128) {
    let mut tx = context.db.write().await.unwrap();
    let subject_id = Uuid::from_u128(subject);
    let event = Event { chain, actor: Actor::Officer(Uuid::from_u128(7)), action: Action::Approval, subject_id };
    Service::new(context.clone()).record(&mut tx, event, Outcome::Done).await.unwrap();
    tx.commit().await.unwrap();
}

async fn live(context: &Context, id: u128) {
    let mut tx = context.db.write().await.unwrap();
    let happening = Happening {
        resident_id: Uuid::from_u128(0x51),
        kind: EventKind::Refreshed,
        reason: None,
        actor: Actor::System,
        office_id: Some(OFFICE),
    };
    ikd::life::store::add_event(&mut tx, Uuid::from_u128(id), &happening, context.now()).await.unwrap();
    tx.commit().await.unwrap();
}

fn text_of(folder: &Path) -> Vec<u8> {
    files_of(folder).unwrap().iter().flat_map(|file| std::fs::read(file).unwrap()).collect()
}

/// Reads files as somebody who has them, the log's key, and perhaps a checkpoint.
fn judged(files: &[PathBuf], keys: &[Verifier], kept: Option<Checkpoint>) -> Result<Summary, Wrong> {
    let mut reading = Reading::trusting(keys, kept);
    for file in files {
        match read(file, &mut reading) {
            Ok(rest) => reading.broken_off(&rest)?,
            Err(FileError::Wrong { wrong, .. }) => return Err(wrong),
            Err(other) => panic!("{other}"),
        }
    }
    Ok(reading.summary().clone())
}

fn checkpoint_of(text: &str) -> Checkpoint {
    text.parse::<Note>().unwrap().text.parse().unwrap()
}

#[tokio::test]
async fn each_entry_stands_in_the_files_once_and_they_prove_themselves() {
    each_engine(async |context| {
        let (log, folder) = (log(&context).await, tempfile::tempdir().unwrap());
        let file = outside(&context, folder.path());
        file.round().await.unwrap();
        assert_eq!(text_of(folder.path()), b"", "nothing was signed yet");
        for subject in 1..=300 {
            act(&context, if subject % 3 == 0 { OFFICE } else { GENERAL }, subject).await;
        }
        live(&context, 1).await;
        file.round().await.unwrap();
        assert_eq!(text_of(folder.path()), b"", "what is not signed is not written");
        log.round().await.unwrap();
        file.round().await.unwrap();
        let whole = text_of(folder.path());
        file.round().await.unwrap();
        assert_eq!(text_of(folder.path()), whole, "nothing twice");

        // The next day is another file, and is checked without the first too.
        context.clock.advance(DAY);
        act(&context, OFFICE, 301).await;
        log.round().await.unwrap();
        file.round().await.unwrap();
        let (files, keys) = (files_of(folder.path()).unwrap(), log.keys().await.unwrap());
        assert_eq!(files.len(), 2);
        let mut tx = context.db.read().await.unwrap();
        let (rows,) = fetch_one!(&mut tx, (i64,), "SELECT COUNT(*) FROM audit_event").unwrap();
        let kept = checkpoint_of(&log.checkpoint().await.unwrap());
        let summary = judged(&files, &keys, Some(kept.clone())).unwrap();
        assert_eq!((summary.entries, summary.other), (rows.cast_unsigned(), 1));
        assert_eq!((summary.first, summary.leaves, summary.signed), (0, kept.size, kept.size));
        assert!(summary.missing.is_empty() && summary.torn == 0);
        let second = judged(&files[1..], &keys, Some(kept)).unwrap();
        assert_eq!((second.entries, second.leaves, second.signed), (1, summary.leaves, summary.leaves));

        // A line is what the row says.
        let text = std::fs::read_to_string(&files[1]).unwrap();
        let line: serde_json::Value = serde_json::from_str(text.lines().nth(1).unwrap()).unwrap();
        let said = ["line", "action", "phase", "outcome", "actor_kind"].map(|member| line[member].as_str().unwrap());
        assert_eq!(said, ["entry", "approval", "outcome", "done", "officer"]);
        assert_eq!(
            (&line["chain"], &line["subject_id"]),
            (&OFFICE.to_string().into(), &Uuid::from_u128(301).to_string().into())
        );
    })
    .await;
}

#[tokio::test]
async fn wherever_a_process_dies_its_files_become_the_same() {
    each_engine(async |context| {
        let (log, folder) = (log(&context).await, tempfile::tempdir().unwrap());
        for subject in 1..=3 {
            act(&context, OFFICE, subject).await;
        }
        log.round().await.unwrap();
        outside(&context, folder.path()).round().await.unwrap();
        let first = text_of(folder.path());
        act(&context, OFFICE, 4).await;
        log.round().await.unwrap();
        outside(&context, folder.path()).round().await.unwrap();
        let whole = text_of(folder.path());
        assert!(whole.starts_with(&first) && whole.len() > first.len());
        let name = files_of(folder.path()).unwrap().remove(0);
        let name = name.file_name().unwrap();
        // It was killed, or the power failed, after so many bytes: in the middle of each line and around its ends, also before the file had
        // its first line. On a server, where the files are the same, only in the last lines.
        let lines = whole.split_inclusive(|byte| *byte == b'\n').scan(0, |end, line| {
            *end += line.len();
            Some((*end - line.len() / 2, *end))
        });
        let on_server = context.db.engine() != "sqlite";
        let skipped = if on_server { 5 } else { 0 };
        let ends: BTreeSet<usize> = lines
            .skip(skipped)
            .flat_map(|(middle, end)| [middle, end - 1, end, end + 1])
            .filter(|end| *end <= whole.len())
            .collect();
        let checkpoint = first[..first.len() - 1].iter().rposition(|byte| *byte == b'\n').unwrap() + 1;
        assert!(first[checkpoint..].starts_with(br#"{"line":"checkpoint""#) && ends.len() >= 11);
        for end in ends {
            let dead = tempfile::tempdir().unwrap();
            std::fs::write(dead.path().join(name), &whole[..end]).unwrap();
            outside(&context, dead.path()).round().await.unwrap();
            let mended = text_of(dead.path());
            assert!(mended.starts_with(&whole[..end]), "{end}: what was there was changed");
            // Of a checkpoint that is not the newest any more the rest is not known: that line is ended, and the newer one says it too.
            // Up to there all lines are the same.
            let same = br#"{"line":""#.len();
            let old = (checkpoint + same + 1..first.len() - 1).contains(&end);
            assert!(mended == whole || end < first.len() - 1, "{end}");
            let files = files_of(dead.path()).unwrap();
            let summary = judged(&files, &log.keys().await.unwrap(), None).unwrap();
            assert_eq!((summary.leaves, summary.signed, summary.torn), (5, 5, u64::from(old)), "{end}");
            assert!(summary.missing.is_empty() && summary.entries == 5);
        }
        // A sector that was never written: it is ended, not cut off, and what it should have said comes behind it.
        let dead = tempfile::tempdir().unwrap();
        let end = first.len() + 20;
        std::fs::write(dead.path().join(name), [&whole[..end - 10], &[0; 10]].concat()).unwrap();
        outside(&context, dead.path()).round().await.unwrap();
        let summary = judged(&files_of(dead.path()).unwrap(), &log.keys().await.unwrap(), None).unwrap();
        assert_eq!((summary.leaves, summary.torn), (5, 1));
    })
    .await;
}

#[tokio::test]
async fn what_somebody_changes_in_a_file_is_seen() {
    each_engine(async |context| {
        let (log, folder) = (log(&context).await, tempfile::tempdir().unwrap());
        for subject in 1..=5 {
            act(&context, OFFICE, subject).await;
        }
        log.round().await.unwrap();
        outside(&context, folder.path()).round().await.unwrap();
        let file = files_of(folder.path()).unwrap().remove(0);
        let (text, keys) = (std::fs::read_to_string(&file).unwrap(), log.keys().await.unwrap());
        let lines: Vec<&str> = text.lines().collect();
        let look = |lines: &[String], keys: &[Verifier]| {
            let other = tempfile::tempdir().unwrap();
            let path = other.path().join("audit-2026-01-01.jsonl");
            std::fs::write(&path, lines.iter().map(|line| format!("{line}\n")).collect::<String>()).unwrap();
            judged(&[path], keys, None)
        };
        let own: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        assert_eq!(look(&own, &keys).unwrap().entries, 6);
        let last = lines.len() - 1;
        let changed = |at: usize, from: &str, to: &str| {
            let mut lines = own.clone();
            assert!(lines[at].contains(from), "{}", lines[at]);
            lines[at] = lines[at].replace(from, to);
            lines
        };
        for member in ["done", "approval", "officer"] {
            assert_eq!(look(&changed(5, member, "x"), &keys), Err(Wrong::Altered(4)), "{member}");
        }
        let mut gone = own.clone();
        gone.remove(3);
        assert_eq!(look(&gone, &keys), Err(Wrong::Misplaced { wanted: 2, found: 3 }));
        let mut twice = own.clone();
        twice.insert(3, own[3].clone());
        assert!(matches!(look(&twice, &keys), Err(Wrong::Misplaced { .. })));
        // What is no line is believed only as the beginning of the next one: neither an entry that says more, or says it otherwise, nor one
        // that is cut, nor words; wherever it stands.
        let entry = own[5].replace("approval", "revocation");
        let more = format!("{}{}", &entry[..entry.len() - 1], r#","note":""}"#);
        let cut = entry[..entry.len() - 1].to_owned();
        let long = format!("{}{}", entry, " ".repeat(70_000));
        for added in [more, cut, long, String::from("words"), String::from("{}"), String::from(r#"{"line":"x"}"#)] {
            for at in 0..own.len() {
                let mut put = own.clone();
                put.insert(at, added.clone());
                assert_eq!(look(&put, &keys), Err(Wrong::Added), "{added} at {at}");
            }
        }
        let mut torn = own.clone();
        torn.insert(5, own[5][..own[5].len() - 1].to_owned());
        torn.insert(5, own[5][..own[5].len() / 2].to_owned());
        assert_eq!(look(&torn, &keys).map(|summary| summary.torn), Ok(2), "who died twice");
        torn.swap(5, 4);
        assert_eq!(look(&torn, &keys), Err(Wrong::Added));
        // An entry under another's place with a leaf that fits it: the root does not.
        let Line::Entry(mut entry) = serde_json::from_str(lines[4]).unwrap() else { panic!("{}", lines[4]) };
        entry.subject_id = Uuid::from_u128(99);
        let forged = ikd::audit::ports::EntryRow {
            chain: entry.chain,
            seq: entry.seq,
            at: entry.at,
            correlation_id: entry.correlation_id,
            actor_kind: entry.actor_kind.clone(),
            actor_id: entry.actor_id,
            action: entry.action.clone(),
            subject_id: entry.subject_id,
            phase: entry.phase.clone(),
            outcome: entry.outcome.clone(),
            digest: vec![7; 32],
        };
        let entry = ikd::tlog::outside::line::Entry::of(entry.index, &forged);
        let mut put = own.clone();
        put[4] = serde_json::to_string(&Line::Entry(entry)).unwrap();
        assert_eq!(look(&put, &keys), Err(Wrong::RootDiffers(6)));
        assert_eq!(look(&changed(0, "\"size\":0", "\"size\":1"), &keys), Err(Wrong::NotContinued));
        assert_eq!(look(&own[1..], &keys), Err(Wrong::NotBegun));
        assert!(lines[last].contains("checkpoint"));
        let stranger = ikd::credential::FileSigner::generate(ikd::credential::Algorithm::Ed25519, &context.random);
        let ikd::credential::PublicKey::Ed25519(key) = ikd::credential::Signer::public_key(&stranger) else { panic!() };
        let stranger = Verifier::new(&keys[0].name, ikd::tlog::note::KeyKind::Note, *key).unwrap();
        assert_eq!(look(&own, &[stranger]), Err(Wrong::Unsigned(6)));
    })
    .await;
}

#[tokio::test]
async fn what_somebody_changes_in_the_database_stops_or_marks_the_files() {
    each_engine(async |context| {
        let (log, folder) = (log(&context).await, tempfile::tempdir().unwrap());
        for subject in 1..=3 {
            act(&context, OFFICE, subject).await;
        }
        log.round().await.unwrap();
        let file = outside(&context, folder.path());
        file.round().await.unwrap();
        // Two processes in one folder would write everything twice.
        let why = outside(&context, folder.path()).round().await.unwrap_err().to_string();
        assert!(why.contains("another process writes"), "{why}");

        // Altered and deleted between being taken and being written.
        for subject in 4..=6 {
            act(&context, OFFICE, subject).await;
        }
        log.round().await.unwrap();
        let mut tx = context.db.write().await.unwrap();
        let altered = "UPDATE audit_event SET outcome = 'x' WHERE chain = $1 AND seq = $2";
        assert_eq!(execute!(&mut tx, altered, OFFICE, 5_i64).unwrap(), 1);
        assert_eq!(
            execute!(&mut tx, "DELETE FROM audit_event WHERE chain = $1 AND seq = $2", OFFICE, 6_i64).unwrap(),
            1
        );
        tx.commit().await.unwrap();
        file.round().await.unwrap();
        let keys = log.keys().await.unwrap();
        let summary = judged(&files_of(folder.path()).unwrap(), &keys, None).unwrap();
        assert_eq!((summary.leaves, summary.missing.len()), (7, 2), "{summary:?}");

        // Another history of the same length: the files do not go on.
        let before = text_of(folder.path());
        let mut tx = context.db.write().await.unwrap();
        assert_ne!(execute!(&mut tx, "DELETE FROM log_tile").unwrap(), 0);
        tx.commit().await.unwrap();
        let why = file.round().await.unwrap_err().to_string();
        assert!(why.contains("not those in the files"), "{why}");
        // Everything was deleted.
        let mut tx = context.db.write().await.unwrap();
        assert_ne!(execute!(&mut tx, "DELETE FROM log_checkpoint").unwrap(), 0);
        tx.commit().await.unwrap();
        let why = file.round().await.unwrap_err().to_string();
        assert!(why.contains("emptied or is an older copy"), "{why}");
        assert_eq!(text_of(folder.path()), before, "what was written stays");
    })
    .await;
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_tried_again_and_loses_nothing() {
    each_engine(async |context| {
        let (log, folder) = (log(&context).await, tempfile::tempdir().unwrap());
        act(&context, OFFICE, 1).await;
        log.round().await.unwrap();
        // A file where the folder belongs: for root, too, there is no way around.
        let place = folder.path().join("outside");
        std::fs::write(&place, b"").unwrap();
        let file = outside(&context, &place);
        assert!(file.round().await.is_err());
        act(&context, OFFICE, 2).await;
        log.round().await.unwrap();
        std::fs::remove_file(&place).unwrap();
        file.round().await.unwrap();
        let summary = judged(&files_of(&place).unwrap(), &log.keys().await.unwrap(), None).unwrap();
        assert_eq!((summary.leaves, summary.signed), (3, 3));
    })
    .await;
}
