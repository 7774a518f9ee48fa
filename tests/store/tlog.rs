//! The log that outsiders check: rows are taken once and in one order, whoever takes them and whenever they are committed; and whatever
//! somebody does to the database behind the service's back is seen with a checkpoint that was kept elsewhere.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use ikd::audit::{Action, Actor, Event, GENERAL, Outcome, Service};
use ikd::clock::DAY;
use ikd::context::Context;
use ikd::credential::KeyPurpose;
use ikd::error::Code;
use ikd::keyring::Keyring;
use ikd::life::{EventKind, Happening};
use ikd::tlog::note::{Checkpoint, KeyKind, Note, Verifier, cosigned};
use ikd::tlog::tree::{self, Hash, Tiles};
use ikd::tlog::verify::verify;
use ikd::tlog::{Log, LogFault, LogReport, service};
use ikd::{execute, fetch_all, fetch_one};
use sha2::Sha256;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use support::{Engine, context, each_engine};

const OFFICE: Uuid = Uuid::from_u128(0xAA);
const RESIDENT: Uuid = Uuid::from_u128(0x51);

/// As a node.
async fn log(context: &Context) -> Log {
    Keyring::init(context).await.unwrap();
    Log::new(context.clone(), Keyring::open(context.clone()).await.unwrap()).unwrap()
}

fn event(chain: Uuid, subject: u128) -> Event {
    let subject_id = Uuid::from_u128(subject);
    Event { chain, actor: Actor::Officer(Uuid::from_u128(7)), action: Action::Approval, subject_id }
}

fn happening(resident_id: Uuid) -> Happening {
    Happening { resident_id, kind: EventKind::Refreshed, reason: None, actor: Actor::System, office_id: Some(OFFICE) }
}

/// An event of a digital KTP with an id of its own.
async fn live(context: &Context, id: u128) {
    let mut tx = context.db.write().await.unwrap();
    let now = context.now();
    ikd::life::store::add_event(&mut tx, Uuid::from_u128(id), &happening(RESIDENT), now).await.unwrap();
    tx.commit().await.unwrap();
}

/// An entry of a chain.
async fn act(context: &Context, chain: Uuid, subject: u128) {
    let mut tx = context.db.write().await.unwrap();
    Service::new(context.clone()).record(&mut tx, event(chain, subject), Outcome::Done).await.unwrap();
    tx.commit().await.unwrap();
}

/// Five entries of an office with the opening of its chain, then three events.
async fn filled(context: &Context) {
    for subject in 1..=5 {
        act(context, OFFICE, subject).await;
        context.clock.advance(1);
    }
    for id in 1..=3 {
        live(context, id).await;
    }
}

async fn checkpoint(log: &Log) -> (Note, Checkpoint) {
    let note: Note = log.checkpoint().await.unwrap().parse().unwrap();
    note.demand_signed(&log.keys().await.unwrap()).unwrap();
    let checkpoint = note.text.parse().unwrap();
    (note, checkpoint)
}

/// The leaves as they are stored.
async fn leaves(context: &Context) -> Vec<Hash> {
    let mut tx = context.db.read().await.unwrap();
    let tiles = "SELECT hashes FROM log_tile WHERE level = 0 ORDER BY number";
    let tiles = fetch_all!(&mut tx, (Vec<u8>,), tiles).unwrap();
    tiles.iter().flat_map(|(tile,)| tile.as_chunks::<32>().0.to_vec()).collect()
}

/// RFC 6962 §2.1 in its own words.
fn root_of(leaves: &[Hash]) -> Hash {
    use sha2::Digest;
    match leaves {
        [] => Sha256::digest([]).into(),
        [one] => *one,
        more => {
            let half = more.len().next_power_of_two() / 2;
            let (left, right) = (root_of(&more[..half]), root_of(&more[half..]));
            Sha256::digest([&[1][..], &left, &right].concat()).into()
        }
    }
}

async fn faults(context: &Context, kept: Option<&Note>) -> Vec<LogFault> {
    verify(context, kept).await.unwrap().faults
}

macro_rules! tamper {
    ($context:expr, $($sql:expr $(, $bind:expr)*);+ $(;)?) => {{
        let mut tx = $context.db.write().await.unwrap();
        $(assert_ne!(execute!(&mut tx, $sql $(, $bind)*).unwrap(), 0, "nothing was tampered with");)+
        tx.commit().await.unwrap();
    }};
}

#[test]
fn another_implementation_makes_the_same_roots_and_proofs() {
    let mut theirs = MemoryBackedTree::<Sha256, Vec<u8>>::new();
    let mut ours = Tiles::default();
    for size in 1..=600_u64 {
        let entry = size.to_be_bytes().to_vec();
        ours.append(size - 1, tree::leaf_hash(&entry));
        theirs.push(entry);
        assert_eq!(ours.hash((0, size)).unwrap(), <Hash>::from(*theirs.root().as_bytes()), "{size}");
        if size % 37 == 0 || [255, 256, 257, 512, 513].contains(&size) {
            let proof = |spans: Option<Vec<_>>| -> Vec<u8> {
                spans.unwrap().into_iter().flat_map(|span| ours.hash(span).unwrap()).collect()
            };
            for index in [0, size / 3, size / 2, size - 1] {
                let expected = theirs.prove_inclusion(index as usize);
                assert_eq!(proof(tree::inclusion(index, size)), expected.as_bytes(), "{index} in {size}");
            }
            for first in [1, size / 3, size / 2, size - 1] {
                let expected = theirs.prove_consistency((size - first) as usize);
                assert_eq!(proof(tree::consistency(first, size)), expected.as_bytes(), "{first} to {size}");
            }
        }
    }
}

#[tokio::test]
async fn rows_are_taken_once_and_signed_and_each_is_proven() {
    each_engine(async |context| {
        let log = log(&context).await;
        log.round().await.unwrap();
        assert_eq!(log.checkpoint().await.unwrap_err().code(), Some(Code::NotFound), "nothing to sign");
        filled(&context).await;
        // What was taken and not signed, because a node died between the two, is signed by the next.
        while log.take().await.unwrap() > 0 {}
        assert_eq!(log.checkpoint().await.unwrap_err().code(), Some(Code::NotFound));
        let report = verify(&context, None).await.unwrap();
        assert_eq!(report, LogReport { leaves: 9, signed: 0, faults: vec![] });
        log.round().await.unwrap();
        let (note, first) = checkpoint(&log).await;
        assert_eq!((first.origin.as_str(), first.size), ("ikd.example/log", 9));
        assert_eq!(first.root, root_of(&leaves(&context).await));
        log.round().await.unwrap();
        assert_eq!(checkpoint(&log).await.0, note, "nothing new, nothing signed");

        // More than one transaction takes, and more than a tile holds.
        let mut tx = context.db.write().await.unwrap();
        for number in 0..1_100 {
            let id = Uuid::from_u128(1_000 + number);
            ikd::life::store::add_event(&mut tx, id, &happening(RESIDENT), context.now()).await.unwrap();
        }
        tx.commit().await.unwrap();
        act(&context, OFFICE, 6).await;
        act(&context, GENERAL, 7).await;
        log.round().await.unwrap();
        let (kept, second) = checkpoint(&log).await;
        assert_eq!((second.size, second.root), (1_111, root_of(&leaves(&context).await)));
        let report = verify(&context, Some(&note)).await.unwrap();
        assert_eq!(report, LogReport { leaves: 1_111, signed: 1_111, faults: vec![] });
        assert_eq!(faults(&context, Some(&kept)).await, []);

        let proof = log.consistency(9, 1_111).await.unwrap().hashes;
        assert!(tree::proves_consistency((9, &first.root), (1_111, &second.root), &proof));
        for index in [0, 8, 9, 1_110] {
            let proof = log.inclusion(index, 1_111).await.unwrap();
            let place = (index, 1_111);
            assert!(tree::proves_inclusion(&proof.leaf.unwrap(), place, &proof.hashes, &second.root), "{index}");
        }
        for (chain, seq) in [(OFFICE, 1), (OFFICE, 6), (GENERAL, 2)] {
            let proof = service::prove(&context, chain, seq).await.unwrap();
            let read: ikd::tlog::proof::EntryProof = proof.to_string().parse().unwrap();
            assert_eq!(read.judge(&log.keys().await.unwrap()).unwrap(), second);
            let mut other = read.clone();
            other.entry[20] ^= 1;
            assert!(other.judge(&log.keys().await.unwrap()).is_err());
        }
        for (index, size) in [(1_111, 1_111), (0, 1_112), (5, 5), (0, 0)] {
            assert_eq!(log.inclusion(index, size).await.unwrap_err().code(), Some(Code::NotFound), "{index} {size}");
        }
        assert_eq!(log.consistency(9, 1_112).await.unwrap_err().code(), Some(Code::NotFound));
        assert_eq!(log.consistency(10, 9).await.unwrap_err().code(), Some(Code::NotFound));
        assert_eq!(service::prove(&context, OFFICE, 7).await.unwrap_err().code(), Some(Code::NotFound));

        context.clock.advance(31 * DAY);
        assert_eq!((log.sweep().await.unwrap(), log.sweep().await.unwrap()), (1, 0), "the newest stays");
        assert_eq!(checkpoint(&log).await.1, second);
    })
    .await;
}

#[tokio::test]
async fn what_is_committed_late_is_not_passed_over() {
    for engine in [Engine::Postgres, Engine::Distributed] {
        let folder = tempfile::tempdir().unwrap();
        let context = context(engine, folder.path()).await;
        let log = log(&context).await;
        // Begun first, with the smallest id; ended last.
        let mut late = context.db.write().await.unwrap();
        let id = Uuid::from_u128(1);
        ikd::life::store::add_event(&mut late, id, &happening(RESIDENT), context.now()).await.unwrap();
        let audit = Service::new(context.clone());
        audit.record(&mut late, event(GENERAL, 1), Outcome::Done).await.unwrap();
        live(&context, 2).await;
        log.round().await.unwrap();
        assert_eq!(checkpoint(&log).await.1.size, 1);
        late.commit().await.unwrap();
        act(&context, GENERAL, 2).await;
        log.round().await.unwrap();
        assert_eq!(checkpoint(&log).await.1.size, 4);
        assert_eq!(faults(&context, None).await, []);
        context.db.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_take_at_once_make_one_history() {
    each_engine(async |context| {
        let first = log(&context).await;
        let second = Log::new(context.clone(), Keyring::open(context.clone()).await.unwrap()).unwrap();
        let writing = CancellationToken::new();
        let nodes: Vec<_> = [first.clone(), second.clone()]
            .into_iter()
            .map(|node| {
                let writing = writing.clone();
                tokio::spawn(async move {
                    while !writing.is_cancelled() {
                        node.round().await.unwrap();
                    }
                })
            })
            .collect();
        let writers: Vec<_> = (0..2_u128)
            .map(|writer| {
                let (context, log) = (context.clone(), first.clone());
                tokio::spawn(async move {
                    for number in 0..40 {
                        act(&context, Uuid::from_u128(0xA0 + number % 3), number).await;
                        live(&context, writer * 1_000 + number + 1).await;
                        if number == 20 {
                            // Something was signed while there is more to come.
                            let signed = async {
                                while log.checkpoint().await.is_err() {
                                    tokio::task::yield_now().await;
                                }
                            };
                            tokio::time::timeout(Duration::from_secs(30), signed).await.unwrap();
                        }
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.await.unwrap();
        }
        writing.cancel();
        for node in nodes {
            node.await.unwrap();
        }
        second.round().await.unwrap();
        // Three chains were opened.
        let (kept, last) = checkpoint(&first).await;
        assert_eq!(last.size, 2 * 40 * 2 + 3);
        assert_eq!(faults(&context, Some(&kept)).await, []);
        let mut tx = context.db.read().await.unwrap();
        let notes = fetch_all!(&mut tx, (String,), "SELECT note FROM log_checkpoint ORDER BY size").unwrap();
        drop(tx);
        let mut sizes = BTreeSet::new();
        for (note,) in notes {
            let Checkpoint { size, root, .. } = note.parse::<Note>().unwrap().text.parse().unwrap();
            let proof = first.consistency(size, last.size).await.unwrap().hashes;
            assert!(tree::proves_consistency((size, &root), (last.size, &last.root), &proof), "{size}");
            sizes.insert(size);
        }
        assert!(sizes.len() > 1, "{sizes:?}");
    })
    .await;
}

#[tokio::test]
async fn what_is_altered_deleted_or_moved_is_named() {
    each_engine(async |context| {
        let log = log(&context).await;
        filled(&context).await;
        log.round().await.unwrap();
        let (kept, _) = checkpoint(&log).await;
        let at = async |seq: i64| {
            let proof = service::prove(&context, OFFICE, seq).await.unwrap();
            proof.index.cast_signed()
        };
        let position = at(3).await;
        // Each is found, and putting it back heals the log.
        tamper!(context, "UPDATE audit_event SET subject_id = $2 WHERE chain = $1 AND seq = 3", OFFICE, RESIDENT);
        let altered = LogFault::EntryAltered { chain: OFFICE, seq: 3, position };
        assert_eq!(faults(&context, Some(&kept)).await, [altered]);
        let three = Uuid::from_u128(3);
        tamper!(context, "UPDATE audit_event SET subject_id = $2 WHERE chain = $1 AND seq = 3", OFFICE, three);
        assert_eq!(faults(&context, Some(&kept)).await, []);

        tamper!(
            context,
            "UPDATE life_event SET kind = 'stopped' WHERE resident_id = $1 AND event_id = $2",
            RESIDENT,
            three
        );
        let mut tx = context.db.read().await.unwrap();
        let of = "SELECT log_position FROM life_event WHERE resident_id = $1 AND event_id = $2";
        let (event_at,) = fetch_one!(&mut tx, (i64,), of, RESIDENT, three).unwrap();
        drop(tx);
        let altered = LogFault::EventAltered { event_id: three, position: event_at };
        assert_eq!(faults(&context, Some(&kept)).await, [altered]);
        tamper!(
            context,
            "UPDATE life_event SET kind = 'refreshed' WHERE resident_id = $1 AND event_id = $2",
            RESIDENT,
            three
        );

        // Moved: two entries, two events.
        tamper!(context, "UPDATE audit_event SET seq = 100 WHERE chain = $1 AND seq = 2", OFFICE;
            "UPDATE audit_event SET seq = 2 WHERE chain = $1 AND seq = 4", OFFICE;
            "UPDATE audit_event SET seq = 4 WHERE chain = $1 AND seq = 100", OFFICE);
        let moved = [(2, at(2).await), (4, at(4).await)];
        let moved = moved.map(|(seq, position)| LogFault::EntryAltered { chain: OFFICE, seq, position });
        assert_eq!(faults(&context, Some(&kept)).await, moved);
        tamper!(context, "UPDATE audit_event SET seq = 100 WHERE chain = $1 AND seq = 2", OFFICE;
            "UPDATE audit_event SET seq = 2 WHERE chain = $1 AND seq = 4", OFFICE;
            "UPDATE audit_event SET seq = 4 WHERE chain = $1 AND seq = 100", OFFICE);
        assert_eq!(faults(&context, Some(&kept)).await, []);
        tamper!(
            context,
            "UPDATE life_event SET log_position = log_position - 1 WHERE resident_id = $1 AND event_id = $2",
            RESIDENT,
            three
        );
        let misplaced = LogFault::EventMisplaced { event_id: three, position: event_at - 1 };
        assert_eq!(faults(&context, Some(&kept)).await, [misplaced, LogFault::Unexplained { position: event_at }]);
        // Hidden where nothing is looked for.
        tamper!(
            context,
            "UPDATE life_event SET log_position = 1000000 WHERE resident_id = $1 AND event_id = $2",
            RESIDENT,
            three
        );
        let misplaced = LogFault::EventMisplaced { event_id: three, position: 1_000_000 };
        assert_eq!(faults(&context, None).await, [LogFault::Unexplained { position: event_at }, misplaced]);

        tamper!(context, "DELETE FROM life_event WHERE resident_id = $1 AND event_id = $2", RESIDENT, three;
            "DELETE FROM audit_event WHERE chain = $1 AND seq = 3", OFFICE);
        let deleted = LogFault::EntryDeleted { chain: OFFICE, seq: 3, position };
        let mut found = vec![deleted, LogFault::Unexplained { position: event_at }];
        found.sort_by_key(|fault| matches!(fault, LogFault::EntryDeleted { .. }) != (position < event_at));
        assert_eq!(faults(&context, Some(&kept)).await, found);

        // The tree too, consistently: its root is not what was signed.
        tamper!(context, "UPDATE log_tile SET hashes = $1 WHERE level = 0", vec![5_u8; 9 * 32]);
        let found = faults(&context, Some(&kept)).await;
        assert!(
            found.contains(&LogFault::TreeAltered { size: 9 }) && found.contains(&LogFault::Forked { seen: 9 }),
            "{found:?}"
        );
        // Nothing is built on that.
        act(&context, OFFICE, 9).await;
        assert!(log.round().await.unwrap_err().to_string().contains("damaged"));
    })
    .await;
}

#[tokio::test]
async fn what_was_deleted_before_it_was_taken_stays_visible_and_holds_nothing_up() {
    each_engine(async |context| {
        let log = log(&context).await;
        filled(&context).await;
        tamper!(context, "DELETE FROM audit_event WHERE chain = $1 AND seq = 3", OFFICE);
        log.round().await.unwrap();
        assert_eq!(checkpoint(&log).await.1.size, 8);
        assert_eq!(faults(&context, None).await, [LogFault::NeverTaken { chain: OFFICE, seq: 3 }]);
        act(&context, OFFICE, 9).await;
        log.round().await.unwrap();
        assert_eq!(checkpoint(&log).await.1.size, 9);
    })
    .await;
}

/// Everything that the log consists of: copied, deleted, put back.
macro_rules! all_tables {
    ($($table:literal)+) => {
        [$([
            concat!("CREATE TABLE kept_", $table, " AS SELECT * FROM ", $table),
            concat!("DELETE FROM ", $table),
            concat!("INSERT INTO ", $table, " SELECT * FROM kept_", $table),
        ]),+]
    };
}
const TABLES: [[&str; 3]; 9] = all_tables!(
    "audit_event" "audit_head" "life_event" "log_head" "log_tile" "log_run" "log_chain" "log_checkpoint" "log_cosignature"
);

async fn on_all(context: &Context, what: usize) {
    let mut tx = context.db.write().await.unwrap();
    for table in TABLES {
        execute!(&mut tx, table[what]).unwrap();
    }
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn an_older_copy_and_an_emptied_log_are_seen_with_a_kept_checkpoint_alone() {
    each_engine(async |context| {
        let log = log(&context).await;
        filled(&context).await;
        log.round().await.unwrap();
        on_all(&context, 0).await;
        for subject in 6..=9 {
            act(&context, OFFICE, subject).await;
        }
        log.round().await.unwrap();
        let (kept, seen) = checkpoint(&log).await;
        assert_eq!(seen.size, 13);

        // Back to what was: heads, tree and checkpoint with it. Nothing inside can tell.
        on_all(&context, 1).await;
        on_all(&context, 2).await;
        assert_eq!(faults(&context, None).await, []);
        assert!(Service::new(context.clone()).verify().await.unwrap().is_sound());
        assert_eq!(faults(&context, Some(&kept)).await, [LogFault::OlderCopy { seen: 13, size: 9 }]);
        // And it goes on, past the size that was seen.
        for subject in 16..=29 {
            act(&context, OFFICE, subject).await;
        }
        log.round().await.unwrap();
        assert_eq!(faults(&context, None).await, []);
        assert_eq!(faults(&context, Some(&kept)).await, [LogFault::Forked { seen: 13 }]);

        on_all(&context, 1).await;
        tamper!(context, "INSERT INTO log_head (log_id, size, root) VALUES (1, 0, $1)", tree::empty_root().to_vec());
        assert_eq!(faults(&context, None).await, []);
        assert_eq!(faults(&context, Some(&kept)).await, [LogFault::Emptied { seen: 13 }]);
        // Without its row the log takes nothing, loudly.
        tamper!(context, "DELETE FROM log_head");
        act(&context, OFFICE, 1).await;
        assert!(log.round().await.unwrap_err().to_string().contains("damaged"));
    })
    .await;
}

#[tokio::test]
async fn checkpoints_of_others_count_for_nothing() {
    each_engine(async |context| {
        let log = log(&context).await;
        filled(&context).await;
        log.round().await.unwrap();
        let (note, _) = checkpoint(&log).await;
        let mut foreign = note.clone();
        foreign.text = foreign.text.replace("ikd.example", "else.example");
        assert_eq!(faults(&context, Some(&foreign)).await, [LogFault::CheckpointForeign]);
        tamper!(context, "UPDATE log_checkpoint SET note = $1", foreign.to_string());
        assert_eq!(faults(&context, None).await, [LogFault::CheckpointUnsigned]);
    })
    .await;
}

#[tokio::test]
async fn the_key_of_the_log_is_rotated_and_is_ed25519_whatever_the_others_are() {
    each_engine(async |context| {
        let es256 = ikd::credential::Algorithm::Es256;
        Keyring::init_with(&context, es256).await.unwrap();
        let keyring = Keyring::open(context.clone()).await.unwrap();
        let log = Log::new(context.clone(), keyring.clone()).unwrap();
        filled(&context).await;
        log.round().await.unwrap();
        let before = log.keys().await.unwrap();
        assert_eq!(before.len(), 1);
        let (old, _) = checkpoint(&log).await;
        old.demand_signed(&before).unwrap();
        Keyring::rotate_to(&context, KeyPurpose::Log, es256).await.unwrap();
        keyring.refresh().await.unwrap();
        act(&context, OFFICE, 9).await;
        log.round().await.unwrap();
        let (new, _) = checkpoint(&log).await;
        assert!(new.demand_signed(&before).is_err(), "another key signs");
        assert_eq!(log.keys().await.unwrap().len(), 2);
        assert_eq!(faults(&context, Some(&old)).await, [], "what the old one signed still counts");
    })
    .await;
}

#[tokio::test]
async fn cosignatures_of_named_witnesses_are_kept_the_latest_of_each() {
    use ed25519_dalek::{Signer, SigningKey};
    each_engine(async |context| {
        let keys = [1, 2].map(|seed| SigningKey::from_bytes(&[seed; 32]));
        let [named, other] = ["w1", "w2"].map(|name| {
            let key = keys[usize::from(name == "w2")].verifying_key();
            Verifier::new(&format!("witness.example/{name}"), KeyKind::Cosignature, key).unwrap()
        });
        let context = context.altered(|sources| {
            let mut config = (*sources.config).clone();
            config.tlog.witnesses = vec![named.to_string()];
            sources.config = Arc::new(config);
        });
        let log = log(&context).await;
        filled(&context).await;
        log.round().await.unwrap();
        let (note, _) = checkpoint(&log).await;
        let now = context.now().seconds().cast_unsigned();
        let with = |time: u64, text: &str| {
            let lines = [(&named, &keys[0]), (&other, &keys[1])]
                .map(|(witness, key)| witness.line_at(time, &key.sign(cosigned(text, time).as_bytes()).to_bytes()));
            Note { text: note.text.clone(), signatures: [&note.signatures[..], &lines].concat() }.to_string()
        };
        assert_eq!(log.cosign(&with(now, &note.text)).await.unwrap(), 1);
        let shown = checkpoint(&log).await.0;
        assert_eq!(shown.cosignatures(&[named.clone(), other.clone()]).len(), 1, "nobody named the other");
        assert_eq!(shown.cosignatures(std::slice::from_ref(&named))[0].1, now);
        // Who is no witness, and who repeats what one said, waits for no writer: on SQLite there is one, and it is taken.
        let held = context.db.write().await.unwrap();
        let unknown = Note { text: note.text.clone(), signatures: note.signatures.clone() }.to_string();
        for (text, taken) in [(unknown, 0), (with(now, &note.text), 1)] {
            let waiting = tokio::time::timeout(Duration::from_secs(5), log.cosign(&text));
            assert_eq!(waiting.await.expect("it was answered").unwrap(), taken);
        }
        held.rollback().await.unwrap();
        assert_eq!(log.cosign(&with(now + 30, &note.text)).await.unwrap(), 1);
        assert_eq!(log.cosign(&with(now + 10, &note.text)).await.unwrap(), 1, "it holds");
        assert_eq!(checkpoint(&log).await.0.cosignatures(std::slice::from_ref(&named))[0].1, now + 30, "and is older");
        assert_eq!(log.cosign(&with(now + 3_600, &note.text)).await.unwrap(), 0, "from the future");
        assert_eq!(log.cosign(&with(now, "something else\n")).await.unwrap(), 0, "of another text");
        let elsewhere = with(now, &note.text).replace("ikd.example/log\n", "else.example/log\n");
        assert_eq!(log.cosign(&elsewhere).await.unwrap_err().code(), Some(Code::NotFound));
        assert_eq!(log.cosign("x").await.unwrap_err().code(), Some(Code::MalformedRequest));
        log.round().await.unwrap();
    })
    .await;
}
