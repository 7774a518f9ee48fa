//! The stop log and restoring, on all engines. The whole of it, with copies and nodes, is `tests/nodes/restore.rs`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ikd::config::Config;
use ikd::context::Context;
use ikd::error::Code;
use ikd::holder::{CredentialState, Reason, ports as holder};
use ikd::keyring::Keyring;
use ikd::life::ports::{self as life, By};
use ikd::restore::{Report, Watch, restore};
use ikd::staff::{Accounts, Post, Realm, Role};
use ikd::status_list::{Kind as ListKind, Place, StatusLists, ports as status_list};
use ikd::stop_log::files::{Writing, read};
use ikd::stop_log::{Entry, Kind, StopLog};
use ikd::transaction::Attempts;
use support::{each_engine, until};
use uuid::Uuid;

use crate::residents::{Holder, RESIDENT};

/// The same with a stop log in this folder.
fn with_log(context: &Context, folder: &Path) -> Context {
    context.altered(|sources| {
        let mut config = Config::clone(&sources.config);
        config.stop_log.directory = folder.to_owned();
        sources.config = Arc::new(config);
    })
}

async fn waiting(context: &Context) -> i64 {
    let mut tx = context.db.read().await.unwrap();
    ikd::fetch_one!(&mut tx, (i64,), "SELECT CAST(COUNT(*) AS BIGINT) FROM stop_note").unwrap().0
}

async fn stop(context: &Context, reason: Reason) {
    let now = context.now();
    let mut attempts = Attempts::new(&context.db, "test.stop");
    let (mut tx, _) = attempts.begin().await.unwrap();
    let done = life::stop(context, &mut tx, RESIDENT, reason, (now, None), By::system()).await;
    attempts.end(tx, done).await.unwrap().unwrap();
}

async fn note(context: &Context, kind: Kind) {
    let mut tx = context.db.write().await.unwrap();
    let noted = ikd::stop_log::ports::note_that(context, &mut tx, (kind, RESIDENT), None, context.now());
    noted.await.unwrap();
    tx.commit().await.unwrap();
}

fn entries(folder: &Path, context: &Context) -> Vec<Entry> {
    let files = read(&[folder.to_owned()], &context.vault, false).unwrap();
    files.into_iter().flat_map(|file| file.entries).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_is_in_a_file_before_its_caller_goes_on_and_waits_where_none_can_be_written() {
    each_engine(async |context| {
        let folder = tempfile::tempdir().unwrap();
        let stops = folder.path().join("stops");
        let context = with_log(&context, &stops);
        Holder::make(&context).await;
        let log = StopLog::open(&context);
        stop(&context, Reason::OfficerBlockProvisional).await;
        let known = entries(&stops, &context);
        let [first] = known.as_slice() else { panic!("{known:?}") };
        assert_eq!((first.kind, first.subject_id), (Kind::Stopped, RESIDENT));
        assert_eq!(first.detail.as_deref(), Some("officer_block_provisional"));
        assert_eq!(waiting(&context).await, 0);
        StopLog::check(&context).await.unwrap();

        // A folder that cannot be written into stops nobody from blocking.
        let moved = folder.path().join("moved");
        std::fs::rename(&stops, &moved).unwrap();
        std::fs::write(&stops, b"").unwrap();
        let other = with_log(&context, &stops.join("below"));
        let failing = StopLog::open(&other);
        let mut tx = other.db.write().await.unwrap();
        let noted = ikd::stop_log::ports::note_that(&other, &mut tx, (Kind::Mark, RESIDENT), None, other.now());
        noted.await.unwrap();
        tx.commit().await.unwrap();
        assert!(failing.finish().await.is_err());
        assert_eq!(waiting(&context).await, 1);
        std::fs::remove_file(&stops).unwrap();
        std::fs::rename(&moved, &stops).unwrap();
        log.finish().await.unwrap();
        assert_eq!((waiting(&context).await, entries(&stops, &context).len()), (0, 2));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_sees_that_its_database_knows_less_than_it_was_told() {
    // At the next stop, and without one: a copy knows fewer lines of the file, or does not know it.
    for (less, again) in [("UPDATE stop_file SET lines = 0", true), ("DELETE FROM stop_file", false)] {
        each_engine(async |context| {
            let folder = tempfile::tempdir().unwrap();
            let context = with_log(&context, folder.path());
            Holder::make(&context).await;
            let log = StopLog::open(&context);
            let watch = Watch::new(context.clone(), log.clone());
            stop(&context, Reason::OfficerBlockProvisional).await;
            log.round().await.unwrap();
            watch.look().await.unwrap();
            assert_eq!(watch.why(), None);
            let mut tx = context.db.write().await.unwrap();
            assert!(ikd::execute!(&mut tx, less).unwrap() > 0);
            tx.commit().await.unwrap();
            if again {
                note(&context, Kind::Mark).await;
                log.finish().await.unwrap();
                assert_eq!(
                    waiting(&context).await,
                    1,
                    "it waits on: what is written into another's file is known to nobody"
                );
            } else {
                // Once may be an answer of a standby that lags.
                log.round().await.unwrap();
                watch.look().await.unwrap();
                assert_eq!(watch.why(), None);
                log.round().await.unwrap();
            }
            watch.look().await.unwrap();
            assert!(watch.why().unwrap().contains("older copy"));
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_sees_that_its_database_was_restored() {
    each_engine(async |context| {
        let folder = tempfile::tempdir().unwrap();
        let context = with_log(&context, folder.path());
        let watch = Watch::new(context.clone(), StopLog::open(&context));
        watch.look().await.unwrap();
        assert_eq!(watch.why(), None);
        restore(&context, vec![folder.path().to_owned()], false).await.unwrap();
        watch.look().await.unwrap();
        assert!(watch.why().unwrap().contains("was restored"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_empty_folder_is_a_disk_that_is_not_there_until_somebody_says_that_it_is_new() {
    each_engine(async |context| {
        let folder = tempfile::tempdir().unwrap();
        let [first, second] = ["first", "second"].map(|name| with_log(&context, &folder.path().join(name)));
        StopLog::check(&first).await.unwrap();
        Holder::make(&first).await;
        let log = StopLog::open(&first);
        stop(&first, Reason::OfficerBlockProvisional).await;
        log.finish().await.unwrap();
        StopLog::check(&first).await.unwrap();

        for _ in ["missing", "empty"] {
            let refused = StopLog::check(&second).await.unwrap_err().to_string();
            assert!(refused.contains("mount") && refused.contains("`new`"), "{refused}");
            std::fs::create_dir_all(folder.path().join("second")).unwrap();
        }
        std::fs::write(folder.path().join("second/new"), b"").unwrap();
        StopLog::check(&second).await.unwrap();
        // What a process wrote before it died and another one wrote again is known, also where only what differs is read.
        let files = read(&[folder.path().join("first")], &context.vault, false).unwrap();
        let mut dead = Writing::begin(&folder.path().join("first"), Uuid::from_u128(7), &context.vault).unwrap();
        dead.append(&context.vault, &files[0].entries).unwrap();
        StopLog::check(&first).await.unwrap();
        // How long a file of before lengths were kept is, is learnt.
        let mut tx = context.db.write().await.unwrap();
        ikd::execute!(&mut tx, "UPDATE stop_file SET length = 0").unwrap();
        tx.commit().await.unwrap();
        StopLog::check(&first).await.unwrap();
        let mut tx = context.db.read().await.unwrap();
        let known = ikd::stop_log::ports::files(&mut tx).await.unwrap();
        drop(tx);
        assert_eq!(known[&files[0].name], files[0].size());
        dead.append(&context.vault, &[Entry { note_id: Uuid::from_u128(8), ..files[0].entries[0].clone() }]).unwrap();
        assert!(StopLog::check(&first).await.unwrap_err().to_string().contains("older copy"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_starts_while_another_writes_into_the_same_folder_is_not_refused() {
    each_engine(async |context| {
        let folder = tempfile::tempdir().unwrap();
        let context = with_log(&context, folder.path());
        let log = StopLog::open(&context);
        let write = async |times: usize| {
            for _ in 0..times {
                let mut tx = context.db.write().await.unwrap();
                let note =
                    ikd::stop_log::ports::note_that(&context, &mut tx, (Kind::Mark, RESIDENT), None, context.now());
                note.await.unwrap();
                tx.commit().await.unwrap();
                log.finish().await.unwrap();
            }
        };
        write(1).await;
        let is_over = std::sync::atomic::AtomicBool::new(false);
        let start = async {
            while !is_over.load(std::sync::atomic::Ordering::SeqCst) {
                StopLog::check(&context).await.unwrap();
            }
        };
        let writing = async {
            write(60).await;
            is_over.store(true, std::sync::atomic::Ordering::SeqCst);
        };
        tokio::join!(writing, start);
        assert_eq!(entries(folder.path(), &context).len(), 61);

        // What is really shorter is refused as before.
        let path = std::fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let short: String = text.lines().take(40).map(|line| format!("{line}\n")).collect();
        std::fs::write(&path, short).unwrap();
        assert!(StopLog::check(&context).await.unwrap_err().to_string().contains("shorter than the database knows"));
    })
    .await;
}

/// A log that tells of things which the database does not know.
fn told(context: &Context, folder: &Path, what: Vec<(Kind, Uuid, Option<&str>, i64)>) {
    let mut file = Writing::begin(folder, context.random.uuid_v7(context.now()), &context.vault).unwrap();
    let entry = |(kind, subject_id, detail, number): (Kind, Uuid, Option<&str>, i64)| Entry {
        note_id: context.random.uuid_v7(context.now()),
        subject_id,
        kind,
        detail: detail.map(str::to_owned),
        number,
        at: context.now().micros(),
        until: None,
    };
    file.append(&context.vault, &what.into_iter().map(entry).collect::<Vec<_>>()).unwrap();
}

async fn standing(context: &Context) -> Option<Reason> {
    let mut tx = context.db.read().await.unwrap();
    holder::status(&mut tx, RESIDENT).await.unwrap().map(|status| status.reason)
}

async fn again(context: &Context) {
    let mut tx = context.db.write().await.unwrap();
    assert!(holder::start_again(&mut tx, RESIDENT).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(standing(context).await, None);
}

async fn restored(context: &Context, folders: &[PathBuf]) -> Report {
    assert!(StopLog::check(context).await.unwrap_err().to_string().contains("ikd restore"));
    let report = restore(context, folders.to_vec(), false).await.unwrap();
    StopLog::check(context).await.unwrap();
    report
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_copy_cannot_know_is_refused() {
    each_engine(async |context| {
        let folder = tempfile::tempdir().unwrap();
        let folders = [folder.path().to_owned()];
        let context = with_log(&context, folder.path());
        Holder::make(&context).await;

        told(&context, folder.path(), vec![(Kind::PinChanged, RESIDENT, None, 5)]);
        let report = restored(&context, &folders).await;
        assert_eq!((report.pins_lost, standing(&context).await), (vec![RESIDENT], Some(Reason::PinExhausted)));
        let mut tx = context.db.write().await.unwrap();
        ikd::execute!(&mut tx, "DELETE FROM stop_file").unwrap();
        ikd::setting::put(&mut tx, "restore", "running", context.now()).await.unwrap();
        tx.commit().await.unwrap();
        let report = restored(&context, &folders).await;
        assert_eq!(report.pins_lost, [RESIDENT], "a run that broke off before has done it");
        again(&context).await;
        // All of it is known now: nothing is done a second time.
        let report = restore(&context, folders.to_vec(), false).await.unwrap();
        assert_eq!((report.unknown, standing(&context).await), (0, None));

        // The copy was made while it was blocked, and the block was lifted since.
        stop(&context, Reason::OfficerBlockProvisional).await;
        told(
            &context,
            folder.path(),
            vec![
                (Kind::Restarted, RESIDENT, Some("officer_block_provisional"), 9),
                (Kind::Stopped, RESIDENT, Some("officer_block_provisional"), 8),
            ],
        );
        let report = restored(&context, &folders).await;
        assert_eq!((report.started, standing(&context).await), (1, None));

        told(&context, folder.path(), vec![(Kind::Stopped, RESIDENT, Some("annulled"), 12)]);
        let report = restored(&context, &folders).await;
        assert_eq!((report.stopped, standing(&context).await), (1, Some(Reason::Annulled)));
        let mut tx = context.db.read().await.unwrap();
        let held = holder::credential(&mut tx, RESIDENT).await.unwrap().unwrap();
        drop(tx);
        assert_eq!(Reason::Annulled.state(), CredentialState::Deactivated);
        again(&context).await;

        told(&context, folder.path(), vec![(Kind::Moved, RESIDENT, None, held.generation + 3)]);
        let report = restored(&context, &folders).await;
        assert_eq!((report.moves_lost, standing(&context).await), (vec![RESIDENT], Some(Reason::Superseded)));

        told(&context, folder.path(), vec![(Kind::Stopped, RESIDENT, Some("of_the_future"), 90)]);
        let refused = restore(&context, folders.to_vec(), false).await.unwrap_err().to_string();
        assert!(refused.contains("newest version"), "{refused}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn staff_and_keys_stay_stopped_and_lists_are_closed() {
    each_engine(async |context| {
        let folder = tempfile::tempdir().unwrap();
        let folders = [folder.path().to_owned()];
        let context = with_log(&context, folder.path());
        Holder::make(&context).await;
        Keyring::init(&context).await.unwrap();
        let keyring = Keyring::open(context.clone()).await.unwrap();
        let rotated = Keyring::rotate(&context, ikd::credential::KeyPurpose::Token).await.unwrap();
        let offices = ikd::office::Offices::new(context.clone());
        offices.add("JKT-01", "Dukcapil Jakarta Pusat", ikd::office::Kind::Dinas).await.unwrap();
        let accounts = Accounts::new(context.clone());
        let mut people = Vec::new();
        for name in ["siti", "budi"] {
            let post = Post::Office("JKT-01", Role::Officer);
            people.push(accounts.add(post, name, "Petugas", None).await.unwrap().staff_id);
        }
        let lists = StatusLists::new(context.clone(), keyring);
        let [shown, card] =
            [lists.take(ListKind::Shown).await, lists.take(ListKind::Card).await].map(|place| place.unwrap().unwrap());
        let ends = context.now().plus_seconds(3_600);
        for place in [shown, card] {
            let mut tx = context.db.write().await.unwrap();
            status_list::enter(&mut tx, RESIDENT, place, ends).await.unwrap();
            tx.commit().await.unwrap();
        }
        let opened = card.list_id + 1;
        told(
            &context,
            folder.path(),
            vec![
                (Kind::StaffDisabled, people[0], None, 0),
                (Kind::StaffSecrets, people[1], None, 0),
                (Kind::SigningKeyRevoked, Uuid::nil(), Some(&ikd::keyring::model::hex(&rotated)), 0),
                (Kind::ListOpened, Uuid::nil(), None, opened),
            ],
        );
        let report = restored(&context, &folders).await;
        assert_eq!((report.staff_disabled.len(), report.signing_keys_revoked), (2, 1));
        assert_eq!(report.lists_closed, 3);
        // Broken off before its end and run again, it tells everybody who has to be told.
        let mut tx = context.db.write().await.unwrap();
        ikd::execute!(&mut tx, "DELETE FROM stop_file").unwrap();
        ikd::setting::put(&mut tx, "restore", "running", context.now()).await.unwrap();
        tx.commit().await.unwrap();
        let report = restored(&context, &folders).await;
        assert_eq!((report.staff_disabled.len(), report.signing_keys_revoked), (2, 0));
        let states: Vec<String> =
            accounts.list(Realm::Office).await.unwrap().into_iter().map(|one| one.state.as_str().to_owned()).collect();
        assert_eq!(states, ["disabled", "disabled"]);

        let context = context.altered(|sources| sources.vault = sources.vault.in_epoch(1));
        let lists = StatusLists::new(context.clone(), Keyring::open(context.clone()).await.unwrap());
        // Of the cards' list the one that the copy knows still counts, and nothing else in any of them.
        for (list_id, good) in [(shown.list_id, None), (card.list_id, Some(card)), (opened, None)] {
            let published = lists.list(list_id).await.unwrap();
            let voided = published.voided();
            assert_eq!(voided.len(), (1 << 20) - usize::from(good.is_some()), "list {list_id}");
            assert!(good.is_none_or(|place: Place| !voided.contains(&place.index)));
        }
        let next = lists.take(ListKind::Card).await.unwrap().unwrap();
        assert_eq!(next.list_id, opened + 1, "a list whose places may be given already is not used again");
        stop(&context, Reason::SelfBlock).await;
        let mut tx = context.db.read().await.unwrap();
        assert!(!status_list::counts(&mut tx, RESIDENT, card).await.unwrap());
        drop(tx);
        // A node answers for a second from what it has read.
        until("a stop voids the card in a closed list too", 10, async || {
            (lists.list(card.list_id).await.unwrap().voided().len() == 1 << 20).then_some(())
        })
        .await;
        assert_eq!(lists.list(7).await.unwrap_err().code(), Some(Code::NotFound));
    })
    .await;
}

/// What lives in a copy, one row of each kind, and how it is found after the restoring.
const UNDER_WAY: [(&str, &str); 5] = [
    (
        "INSERT INTO contact_change (change_id, resident_id, state, revision, generation, tries, created_at, expires_at, \
         effective_at, sealed) VALUES ($1, $2, 'cooling', 1, 1, 1, 1, 2, 3, $3)",
        "SELECT COUNT(*) FROM contact_change WHERE state = 'stopped'",
    ),
    (
        "INSERT INTO contact_visit (visit_id, resident_id, device_thumbprint, state, revision, tries, activated_at, created_at, \
         expires_at, last_spent, sealed) VALUES ($1, $2, $3, 'waiting_for_scan', 0, 0, 1, 1, 2, 0, $3)",
        "SELECT COUNT(*) FROM contact_visit WHERE state = 'lapsed'",
    ),
    (
        "INSERT INTO recovery (recovery_id, resident_id, device_thumbprint, state, revision, created_at, expires_at, last_spent) \
         VALUES ($1, $2, $3, 'granted', 0, 1, 2, 0)",
        "SELECT COUNT(*) FROM recovery WHERE state = 'lapsed'",
    ),
    (
        "INSERT INTO transfer (transfer_id, resident_id, device_thumbprint, state, revision, created_at, expires_at, last_spent) \
         VALUES ($1, $2, $3, 'allowed', 0, 1, 2, 0)",
        "SELECT COUNT(*) FROM transfer WHERE state = 'lapsed'",
    ),
    (
        "INSERT INTO proposal (proposal_id, asked_by, sealed, kind, about, subject_id, name, state, reason, asked_at, expires_at) \
         VALUES ($1, $2, $3, 'office', 'office:x', $1, 'x', 'waiting', 'x', 1, 2)",
        "SELECT COUNT(*) FROM proposal WHERE state = 'expired'",
    ),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_under_way_in_the_copy_is_over_for_it_may_have_been_refused_since() {
    each_engine(async |context| {
        let folder = tempfile::tempdir().unwrap();
        let context = with_log(&context, folder.path());
        let mut tx = context.db.write().await.unwrap();
        for (add, _) in UNDER_WAY {
            ikd::execute!(&mut tx, add, Uuid::from_u128(1), Uuid::from_u128(2), [9_u8; 32].as_slice()).unwrap();
        }
        tx.commit().await.unwrap();
        let report = restore(&context, vec![folder.path().to_owned()], false).await.unwrap();
        assert_eq!(report.requests_ended, 5);
        let mut tx = context.db.read().await.unwrap();
        for (_, ended) in UNDER_WAY {
            assert_eq!(ikd::fetch_one!(&mut tx, (i64,), ended).unwrap().0, 1, "{ended}");
        }
    })
    .await;
}
