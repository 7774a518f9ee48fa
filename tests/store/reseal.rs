//! Root secrets that follow each other, and rows that are sealed anew.

use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::path::Path;
use std::task::Poll;

use ikd::config::Config;
use ikd::context::Context;
use ikd::credential::KeyPurpose;
use ikd::keyring::roots::{self, model::RootState};
use ikd::keyring::{KeyState, Keyring};
use ikd::reseal::retire::{Choice, Needs, Retired, retire};
use ikd::reseal::{Reseal, columns, service};
use ikd::vault::{Label, Retained, Vault, VaultError, write_private};
use ikd::{execute, fetch_all, fetch_one};
use support::each_engine;
use uuid::Uuid;

const OFFICER: Uuid = Uuid::from_u128(7);
/// More than two batches.
const ROWS: u128 = 120;

/// As another process with the root secrets of this folder, which is its own.
fn process(context: &Context, folder: &Path) -> Result<Context, VaultError> {
    let mut config: Config = (*context.config).clone();
    config.keys.directory = folder.to_path_buf();
    let vault = Vault::load(&folder.join("root"))?;
    Ok(context.altered(|sources| {
        sources.config = config.into();
        sources.vault = vault;
    }))
}

/// A key directory with these root secrets.
fn keys_with(secrets: &[u8]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for version in secrets {
        write_private(&folder.path().join("root").join(version.to_string()), &[6 + version; 32]).unwrap();
    }
    folder
}

async fn states(context: &Context) -> Vec<(i64, RootState)> {
    let rows = roots::all(&mut context.db.read().await.unwrap()).await.unwrap();
    rows.into_iter().map(|row| (row.version, row.state)).collect()
}

fn copy_all(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            std::fs::create_dir_all(&target).unwrap();
            copy_all(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[tokio::test]
async fn a_new_root_seals_once_every_live_node_holds_it() {
    each_engine(async |context| {
        let (here, there) = (keys_with(&[1]), keys_with(&[]));
        let one = process(&context, here.path()).unwrap();
        Keyring::init(&one).await.unwrap();
        copy_all(here.path(), there.path());
        let (first, two) = (Keyring::open(one.clone()).await.unwrap(), process(&context, there.path()).unwrap());
        let second = Keyring::open(two.clone()).await.unwrap();
        assert_eq!(states(&context).await, [(1, RootState::Active)]);

        assert_eq!(roots::make(&one).await.unwrap(), 2);
        assert_eq!(states(&context).await, [(1, RootState::Active), (2, RootState::Next)]);
        // This node has started again, the other goes on without.
        let one = process(&context, here.path()).unwrap();
        assert_eq!(one.vault.versions().collect::<Vec<_>>(), [1, 2]);
        let again = Keyring::open(one.clone()).await.unwrap();
        drop(first);
        for _ in 0..4 {
            context.clock.advance(20);
            second.refresh().await.unwrap();
            again.refresh().await.unwrap();
        }
        assert_eq!(states(&context).await, [(1, RootState::Active), (2, RootState::Next)], "one node lacks it");
        assert_eq!((one.vault.current(), two.vault.current()), (1, 1));
        let held = roots::overview(&mut context.db.read().await.unwrap(), context.now()).await.unwrap();
        assert_eq!(held.iter().map(|held| (held.holding, held.lacking)).collect::<Vec<_>>(), [(2, 0), (1, 1)]);

        // A copy that went wrong is another secret: no node starts with it.
        write_private(&there.path().join("root/2"), &[99; 32]).unwrap();
        let wrong = process(&context, there.path()).unwrap();
        assert!(Keyring::open(wrong).await.err().unwrap().to_string().contains("another secret"));
        std::fs::remove_file(there.path().join("root/2")).unwrap();
        copy_all(here.path(), there.path());
        let two = process(&context, there.path()).unwrap();
        let third = Keyring::open(two.clone()).await.unwrap();
        drop(second);
        // The process that ended is still remembered; then it is not.
        context.clock.advance(31);
        for keyring in [&again, &third, &again] {
            keyring.refresh().await.unwrap();
        }
        assert_eq!(states(&context).await, [(1, RootState::Old), (2, RootState::Active)]);
        assert_eq!((one.vault.current(), two.vault.current()), (2, 2));

        // Whoever lacks it does not begin.
        std::fs::remove_file(there.path().join("root/2")).unwrap();
        let without = process(&context, there.path()).unwrap();
        assert!(Keyring::open(without).await.err().unwrap().to_string().contains("lacks root secret 2"));
        // Signing keys are as they were.
        let keys = Keyring::list(&one).await.unwrap();
        assert!(keys.iter().any(|key| key.purpose == KeyPurpose::Token && key.state == KeyState::Active));
    })
    .await;
}

const ADD_RECORD: &str = "INSERT INTO holder_record (resident_id, sealed, updated_at) VALUES ($1, $2, 0)";
const ADD_VIEW: &str = "INSERT INTO reasoned_view (officer_id, registration_id, opened_at, office_id, reason_sealed) \
    VALUES ($1, $2, $3, $1, $4)";
const ADD_PHOTO: &str =
    "INSERT INTO staff_photo (staff_id, office_id, sealed, taken_by, taken_at) VALUES ($1, $1, $2, $3, 0)";
const ADD_RECAP: &str = "INSERT INTO recap (office_id, month, state, revision, asked_by, asked_at, refusal_sealed, content) \
    VALUES ($1, $2, 'refused', 1, $1, 0, $3, '')";
const SET_RECORD: &str = "UPDATE holder_record SET sealed = $2 WHERE resident_id = $1";
const RECORDS: &str = "SELECT resident_id, sealed FROM holder_record ORDER BY resident_id";
const VIEWS: &str = "SELECT registration_id, reason_sealed FROM reasoned_view ORDER BY opened_at";
const RECAPS: &str = "SELECT office_id, refusal_sealed FROM recap";

type Sealed = (Uuid, Vec<u8>);

async fn sealed(context: &Context, sql: &'static str) -> Vec<Sealed> {
    let mut tx = context.db.read().await.unwrap();
    fetch_all!(&mut tx, Sealed, sql).unwrap()
}

/// Root secrets 1 and 2, rows of 1, and 2 that seals.
async fn with_rows(context: &Context, folder: &Path) -> Context {
    let context = process(context, folder).unwrap();
    assert!(context.vault.seal_with(1));
    let (vault, random) = (&context.vault, &context.random);
    let mut tx = context.db.write().await.unwrap();
    for number in 1..=ROWS {
        let id = Uuid::from_u128(number);
        let record = vault.seal_row(random, "holder_record", id, &number.to_string()).unwrap();
        execute!(&mut tx, ADD_RECORD, id, record).unwrap();
        // All of one officer: a key that has more rows than a batch.
        let reason = vault.seal_bytes(random, "reasoned_view", id, number.to_string().as_bytes()).unwrap();
        execute!(&mut tx, ADD_VIEW, OFFICER, id, number as i64, reason).unwrap();
    }
    let photo = vault.seal_bytes(random, "staff_photo", OFFICER, b"jpeg").unwrap();
    execute!(&mut tx, ADD_PHOTO, OFFICER, photo, Uuid::from_u128(8)).unwrap();
    let bound = Uuid::from_u128(OFFICER.as_u128() ^ 24_300);
    let refusal = vault.seal_bytes(random, "recap.refusal", bound, b"why").unwrap();
    execute!(&mut tx, ADD_RECAP, OFFICER, 24_300_i64, refusal).unwrap();
    tx.commit().await.unwrap();
    Keyring::init(&context).await.unwrap();
    assert_eq!(states(&context).await, [(1, RootState::Old), (2, RootState::Active)]);
    assert_eq!(context.vault.current(), 2);
    context
}

async fn resealed(context: &Context) -> (i64, i64, bool) {
    let status = service::status(&mut context.db.read().await.unwrap()).await.unwrap().unwrap();
    (status.resealed, status.unopened, status.is_done())
}

/// Everything opens, says what it said, and is sealed by one version.
async fn all_are_sealed_by(context: &Context, version: u8) {
    let vault = &context.vault;
    let records = sealed(context, RECORDS).await;
    assert_eq!(records.len() as u128, ROWS);
    for (id, record) in records {
        assert_eq!(record[0], version);
        let said: String = vault.open_row("holder_record", id, &record).unwrap();
        assert_eq!(said, id.as_u128().to_string());
    }
    for (id, reason) in sealed(context, VIEWS).await {
        assert_eq!(reason[0], version);
        assert_eq!(vault.open_bytes("reasoned_view", id, &reason).unwrap(), id.as_u128().to_string().as_bytes());
    }
    let (office, refusal) = sealed(context, RECAPS).await.remove(0);
    let bound = Uuid::from_u128(office.as_u128() ^ 24_300);
    assert_eq!((refusal[0], vault.open_bytes("recap.refusal", bound, &refusal).unwrap()), (version, b"why".to_vec()));
}

#[tokio::test]
async fn rows_are_sealed_anew_from_where_a_process_died() {
    each_engine(async |context| {
        let folder = keys_with(&[1, 2]);
        let context = with_rows(&context, folder.path()).await;
        let job = Reseal::new(context.clone());
        job.round().await.unwrap();
        assert!(service::status(&mut context.db.read().await.unwrap()).await.unwrap().unwrap().resealed == 0);
        context.clock.advance(10);
        // It has begun, and holds the lease.
        assert!(job.step().await.unwrap());
        // One that dies at any await of a batch: nothing of it is done, or all of it.
        for polls in 0..200 {
            let mut step = Box::pin(job.step());
            for _ in 0..polls {
                if poll_fn(|waker| Poll::Ready(step.as_mut().poll(waker))).await.is_ready() {
                    break;
                }
                tokio::task::yield_now().await;
            }
        }
        let (before, ..) = resealed(&context).await;
        let other = Reseal::new(context.clone());
        assert!(!other.step().await.unwrap(), "its lease is held by the one that died");
        context.clock.advance(61);
        other.round().await.unwrap();
        let all = 2 * ROWS as i64 + 2;
        assert_eq!(resealed(&context).await, (all, 0, true), "{before} were done before");
        all_are_sealed_by(&context, 2).await;
        let records = sealed(&context, RECORDS).await;
        other.round().await.unwrap();
        assert_eq!(sealed(&context, RECORDS).await, records, "once is enough");
        let mut tx = context.db.read().await.unwrap();
        let events =
            fetch_all!(&mut tx, (String,), "SELECT action FROM audit_event WHERE action LIKE 'reseal_%' ORDER BY seq");
        let events: Vec<String> = events.unwrap().into_iter().map(|(action,)| action).collect();
        assert_eq!(events, ["reseal_begun", "reseal_done"]);
    })
    .await;
}

#[tokio::test]
async fn what_is_written_meanwhile_is_never_lost() {
    each_engine(async |context| {
        let folder = keys_with(&[1, 2]);
        let context = with_rows(&context, folder.path()).await;
        context.clock.advance(10);
        let writing = async {
            for number in 1..=ROWS {
                let id = Uuid::from_u128(number);
                // One that follows late goes on under the old one.
                let old = process(&context, folder.path()).unwrap().vault.clone();
                assert!(number % 2 == 0 || old.seal_with(1));
                let record = old.seal_row(&context.random, "holder_record", id, &"new").unwrap();
                let mut tx = context.db.write().await.unwrap();
                execute!(&mut tx, SET_RECORD, id, record).unwrap();
                tx.commit().await.unwrap();
            }
        };
        let job = Reseal::new(context.clone());
        let (done, ()) = tokio::join!(job.round(), writing);
        done.unwrap();
        job.round().await.unwrap();
        for (id, record) in sealed(&context, RECORDS).await {
            let said: String = context.vault.open_row("holder_record", id, &record).unwrap();
            assert_eq!(said, "new", "a write was undone");
        }
        let safe = tempfile::tempdir().unwrap();
        let choice = Choice { void: true, keep_cards: false };
        // What was written behind the job is told, and gone over again.
        if let Retired::Needed(needs) = retire(&context, 1, choice, safe.path(), async {}).await.unwrap() {
            assert_eq!(needs.rows.keys().collect::<Vec<_>>(), ["holder_record.sealed"]);
            job.round().await.unwrap();
            assert!(matches!(
                retire(&context, 1, choice, safe.path(), async {}).await.unwrap(),
                Retired::Done { moved: true, .. }
            ));
        }
        assert!(sealed(&context, RECORDS).await.iter().all(|(_, record)| record[0] == 2));
    })
    .await;
}

const ADD_CARD: &str = "INSERT INTO printed_card (card_id, resident_id, office_id, state, revision, asked_by, prepared_at, lapses_at, \
    asked_at, terms_version, generation, sealed, granted_by, ended_at, place, expires_at, keeps) \
    VALUES ($1, $1, $1, 'granted', 1, $1, 0, 0, 0, '1', 0, $2, $3, $4, 1, $5, 0)";

#[tokio::test]
async fn an_old_root_is_retired_once_nothing_needs_it() {
    each_engine(async |context| {
        let (folder, safe) = (keys_with(&[1, 2]), tempfile::tempdir().unwrap());
        let context = with_rows(&context, folder.path()).await;
        let root = folder.path().join("root");
        let (now, id) = (context.now(), Uuid::from_u128(9));
        let said = context.vault.seal_bytes(&context.random, "printed_card", id, b"").unwrap();
        let mut tx = context.db.write().await.unwrap();
        execute!(&mut tx, ADD_CARD, id, said, Uuid::from_u128(10), now, now.plus_seconds(86_400 * 365)).unwrap();
        tx.commit().await.unwrap();

        assert!(retire(&context, 2, Choice::default(), safe.path(), async {}).await.is_err(), "it seals");
        assert!(retire(&context, 3, Choice::default(), safe.path(), async {}).await.is_err(), "there is none");
        let Retired::Needed(needs) = retire(&context, 1, Choice::default(), safe.path(), async {}).await.unwrap()
        else {
            panic!()
        };
        let rows = [
            ("holder_record.sealed", ROWS as i64),
            ("reasoned_view.reason_sealed", ROWS as i64),
            ("recap.refusal_sealed", 1),
            ("staff_photo.sealed", 1),
        ];
        let expected: BTreeMap<String, i64> = rows.map(|(column, rows)| (column.to_owned(), rows)).into();
        let until = Some(now.plus_seconds(30 * 86_400));
        assert_eq!(needs, Needs { rows: expected, until, cards: 1, nodes: 0 });
        context.clock.advance(10);
        Reseal::new(context.clone()).round().await.unwrap();
        let Retired::Needed(needs) = retire(&context, 1, Choice::default(), safe.path(), async {}).await.unwrap()
        else {
            panic!()
        };
        assert_eq!(needs, Needs { until, cards: 1, ..Needs::default() });
        context.clock.advance(31 * 86_400);
        let keep = Choice { keep_cards: true, void: false };
        let Retired::Needed(needs) = retire(&context, 1, Choice::default(), safe.path(), async {}).await.unwrap()
        else {
            panic!()
        };
        assert_eq!(needs, Needs { cards: 1, ..Needs::default() });
        assert!(root.join("1").exists());

        assert!(retire(&context, 1, keep, &root, async {}).await.is_err(), "the safe is another folder");
        let done = retire(&context, 1, keep, safe.path(), async {}).await.unwrap();
        assert_eq!(done, Retired::Done { moved: true, keeps_cards: true });
        assert_eq!(
            retire(&context, 1, keep, safe.path(), async {}).await.unwrap(),
            Retired::Done { moved: false, keeps_cards: true }
        );
        assert!(!root.join("1").exists() && safe.path().join("1").exists() && root.join("1.retained").exists());
        assert_eq!(states(&context).await, [(1, RootState::Retired), (2, RootState::Active)]);
        assert!(!ikd::keyring::init_root(folder.path(), &context.random).unwrap(), "no new root 1");

        // The next start goes on without it, and finds what it found.
        let next = process(&context, folder.path()).unwrap();
        Keyring::open(next.clone()).await.unwrap();
        assert_eq!(next.vault.versions().collect::<Vec<_>>(), [2]);
        assert_eq!(next.vault.blind_index(Label::NikIndex, "x"), context.vault.blind_index(Label::NikIndex, "x"));
        all_are_sealed_by(&next, 2).await;
        // And who has the old one opens nothing.
        let stolen = Vault::single([7; 32]);
        for column in columns::all() {
            let rows = sealed_in(&next, column.walk).await;
            for (bound, value) in rows {
                let context: [&[u8]; 2] = [column.bound_to.as_bytes(), bound.as_bytes()];
                assert!(stolen.open(Label::Column, &context, &value).is_err(), "{}", column.place());
            }
        }
        assert_eq!(roots::make(&next).await.unwrap(), 3, "not one that was retired");
    })
    .await;
}

/// All values of a column.
async fn sealed_in(context: &Context, walk: &'static str) -> Vec<Sealed> {
    let mut tx = context.db.read().await.unwrap();
    type Read = (Uuid, Uuid, i64, Option<Vec<u8>>);
    let rows = fetch_all!(&mut tx, Read, walk, Uuid::nil(), 10_000_i64, vec![0_u8]).unwrap();
    rows.into_iter().filter_map(|(_, bound, _, value)| Some((bound, value?))).collect()
}

#[tokio::test]
async fn what_does_not_open_is_counted_and_holds_nobody_up() {
    each_engine(async |context| {
        let (folder, safe) = (keys_with(&[1, 2]), tempfile::tempdir().unwrap());
        let context = with_rows(&context, folder.path()).await;
        let mut tx = context.db.write().await.unwrap();
        let damaged = [&[1][..], &[0; 40]].concat();
        execute!(&mut tx, SET_RECORD, Uuid::from_u128(3), damaged.clone()).unwrap();
        tx.commit().await.unwrap();
        context.clock.advance(10);
        Reseal::new(context.clone()).round().await.unwrap();
        assert_eq!(resealed(&context).await, (2 * ROWS as i64 + 1, 1, true));
        assert_eq!(sealed(&context, RECORDS).await[2].1, damaged, "it is left as it is");
        let choice = Choice { void: true, keep_cards: false };
        let Retired::Needed(needs) = retire(&context, 1, choice, safe.path(), async {}).await.unwrap() else {
            panic!()
        };
        assert_eq!(needs.rows, BTreeMap::from([(String::from("holder_record.sealed"), 1)]));
    })
    .await;
}

const VOID: Choice = Choice { void: true, keep_cards: false };

#[tokio::test]
async fn a_value_that_comes_back_between_the_two_looks_is_seen() {
    each_engine(async |context| {
        let (folder, safe) = (keys_with(&[1, 2]), tempfile::tempdir().unwrap());
        let context = with_rows(&context, folder.path()).await;
        let id = Uuid::from_u128(3);
        let before = sealed(&context, RECORDS).await[2].1.clone();
        context.clock.advance(10);
        let job = Reseal::new(context.clone());
        job.round().await.unwrap();
        let writer = context.clone();
        let puts_back = async move {
            let mut tx = writer.db.write().await.unwrap();
            execute!(&mut tx, SET_RECORD, id, before).unwrap();
            tx.commit().await.unwrap();
        };
        let Retired::Needed(needs) = retire(&context, 1, VOID, safe.path(), puts_back).await.unwrap() else { panic!() };
        assert_eq!(needs.rows, BTreeMap::from([(String::from("holder_record.sealed"), 1)]));
        assert!(folder.path().join("root/1").exists());
        assert_eq!(states(&context).await, [(1, RootState::Old), (2, RootState::Active)]);
        job.round().await.unwrap();
        assert!(matches!(retire(&context, 1, VOID, safe.path(), async {}).await.unwrap(), Retired::Done { .. }));
    })
    .await;
}

#[tokio::test]
async fn a_node_that_was_silent_while_others_went_over_seals_nothing_and_is_waited_for() {
    each_engine(async |context| {
        let (here, there, safe) = (keys_with(&[1]), keys_with(&[]), tempfile::tempdir().unwrap());
        let one = process(&context, here.path()).unwrap();
        Keyring::init(&one).await.unwrap();
        copy_all(here.path(), there.path());
        let late = process(&context, there.path()).unwrap();
        let sleeps = Keyring::open(late.clone()).await.unwrap();
        assert_eq!(roots::make(&one).await.unwrap(), 2);
        context.clock.advance(31);
        let one = process(&context, here.path()).unwrap();
        let awake = Keyring::open(one.clone()).await.unwrap();
        awake.refresh().await.unwrap();
        assert_eq!(states(&context).await, [(1, RootState::Old), (2, RootState::Active)]);
        let nodes = async || match retire(&one, 1, VOID, safe.path(), async {}).await.unwrap() {
            Retired::Needed(needs) => needs.nodes,
            Retired::Done { .. } => 0,
        };
        assert_eq!(nodes().await, 1, "the silent one may seal with it");
        assert!(!sleeps.lacks_root());
        assert!(sleeps.refresh().await.unwrap_err().to_string().contains("lacks root secret 2"));
        assert!(sleeps.lacks_root());
        assert!(late.vault.seal_bytes(&late.random, "t", Uuid::nil(), b"x").is_err());
        assert_eq!(nodes().await, 1, "it lives");
        assert!(here.path().join("root/1").exists());
        // It was started again with the file, and what it was is forgotten.
        drop(sleeps);
        context.clock.advance(86_401);
        awake.refresh().await.unwrap();
        assert_eq!(nodes().await, 0);
        assert!(safe.path().join("1").exists());
    })
    .await;
}

#[tokio::test]
async fn a_version_that_was_overtaken_is_retired_and_missed_by_nobody() {
    each_engine(async |context| {
        let (folder, safe) = (keys_with(&[1]), tempfile::tempdir().unwrap());
        let one = process(&context, folder.path()).unwrap();
        Keyring::init(&one).await.unwrap();
        assert_eq!((roots::make(&one).await.unwrap(), roots::make(&one).await.unwrap()), (2, 3));
        let second = std::fs::read(folder.path().join("root/2")).unwrap();
        std::fs::remove_file(folder.path().join("root/2")).unwrap();
        let one = process(&context, folder.path()).unwrap();
        Keyring::open(one.clone()).await.unwrap().refresh().await.unwrap();
        let expected = [(1, RootState::Old), (2, RootState::Old), (3, RootState::Active)];
        assert_eq!(states(&context).await, expected);
        Keyring::open(process(&context, folder.path()).unwrap()).await.unwrap();
        write_private(&folder.path().join("root/2"), &second).unwrap();
        let one = process(&context, folder.path()).unwrap();
        Keyring::open(one.clone()).await.unwrap().refresh().await.unwrap();
        // A day later nothing that said otherwise is remembered; links of the one that sealed would still count.
        context.clock.advance(86_401);
        let done = retire(&one, 2, Choice::default(), safe.path(), async {}).await.unwrap();
        assert_eq!(done, Retired::Done { moved: true, keeps_cards: false });
        std::fs::remove_file(folder.path().join("root/2.retained")).unwrap();
        Keyring::open(process(&context, folder.path()).unwrap()).await.unwrap();
    })
    .await;
}

const UNOPENED: &str = "SELECT CAST(COALESCE(SUM(unopened), 0) AS BIGINT) FROM reseal_progress";

#[tokio::test]
async fn a_node_that_opens_less_than_others_does_not_begin_nor_count_rows_as_damaged() {
    each_engine(async |context| {
        let (folder, few) = (keys_with(&[1, 2, 3]), keys_with(&[1, 3]));
        let context = process(&context, folder.path()).unwrap();
        Keyring::init(&context).await.unwrap();
        assert!(context.vault.seal_with(2));
        let id = Uuid::from_u128(1);
        let record = context.vault.seal_row(&context.random, "holder_record", id, &"1").unwrap();
        let mut tx = context.db.write().await.unwrap();
        execute!(&mut tx, ADD_RECORD, id, record).unwrap();
        tx.commit().await.unwrap();
        assert!(context.vault.seal_with(3));
        let lacking = process(&context, few.path()).unwrap();
        let refused = Keyring::check_root(&lacking).await.unwrap_err().to_string();
        assert!(refused.contains("lacks root secret 2"), "{refused}");
        context.clock.advance(10);
        // One that began before leaves those rows to others.
        Reseal::new(lacking).round().await.unwrap();
        let mut tx = context.db.read().await.unwrap();
        assert_eq!(fetch_one!(&mut tx, (i64,), UNOPENED).unwrap().0, 0);
        drop(tx);
        assert_eq!(sealed(&context, RECORDS).await[0].1[0], 2);
        context.clock.advance(61);
        Reseal::new(context.clone()).round().await.unwrap();
        assert_eq!(resealed(&context).await, (1, 0, true));
    })
    .await;
}

#[tokio::test]
async fn what_is_kept_of_a_retired_root_is_demanded_and_the_same_everywhere() {
    each_engine(async |context| {
        let (folder, safe) = (keys_with(&[1, 2]), tempfile::tempdir().unwrap());
        let kept = folder.path().join("root/1.retained");
        let first = process(&context, folder.path()).unwrap();
        Keyring::init(&first).await.unwrap();
        // As a database that was restored: the file of before is of another epoch, and lies there already.
        write_private(&kept, first.vault.retain(1, false).unwrap().to_text().as_bytes()).unwrap();
        let context = first.altered(|sources| sources.vault = sources.vault.in_epoch(7));
        Keyring::check_root(&context).await.unwrap();
        let done = retire(&context, 1, VOID, safe.path(), async {}).await.unwrap();
        assert_eq!(done, Retired::Done { moved: true, keeps_cards: false });
        let text = std::fs::read(&kept).unwrap();
        assert_eq!(Retained::parse(1, &text).unwrap().digest(), context.vault.retain(1, false).unwrap().digest());
        let opens = async || match process(&context, folder.path()) {
            Ok(process) => Keyring::check_root(&process).await.map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        opens().await.unwrap();

        let put = |text: &[u8]| {
            std::fs::remove_file(&kept).unwrap();
            write_private(&kept, text).unwrap();
        };
        let mut altered = text.clone();
        altered[90] ^= 1;
        put(&altered);
        assert!(opens().await.unwrap_err().contains("not written by"));
        // Of the same secret, and whole; but other nodes have another.
        put(first.vault.retain(1, false).unwrap().to_text().as_bytes());
        assert!(opens().await.unwrap_err().contains("another one than that of other nodes"));
        put(&text);
        opens().await.unwrap();
        std::fs::remove_file(&kept).unwrap();
        // Where it was the lowest one, look-ups would go by another's keys.
        assert!(opens().await.is_err());
    })
    .await;
}
