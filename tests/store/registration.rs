//! The registration table on both engines: every guarded step, and what loses.

use ikd::clock::{DAY, Timestamp};
use ikd::core::Core;
use ikd::db::{DbError, Tx};
use ikd::registration::store::{self, Decided, New, Row};
use uuid::Uuid;

use crate::support::each_engine;

const ID: Uuid = Uuid::from_u128(0x10);
const OTHER: Uuid = Uuid::from_u128(0x11);
const OFFICE: Uuid = Uuid::from_u128(0x20);
const OFFICER: Uuid = Uuid::from_u128(0x21);
const RESIDENT: Uuid = Uuid::from_u128(0x30);

async fn add(tx: &mut Tx, id: Uuid, device: u8, now: Timestamp) -> Result<(), DbError> {
    let new = New {
        registration_id: id,
        device_thumbprint: &[device; 32],
        nik_index: &[5; 16],
        email_index: &[6; 16],
        sealed: &[1, 2, 3],
        language: "id",
        terms_version: "2026-11",
        check_state: "pending",
        now,
        expires_at: now.plus_seconds(30 * DAY),
    };
    store::add(tx, &new).await
}

async fn row(tx: &mut Tx, id: Uuid) -> Row {
    store::lookup(tx, id).await.unwrap().unwrap()
}

/// One registration that awaits an officer.
async fn ready(core: &Core) -> Tx {
    let mut tx = core.db.write().await.unwrap();
    add(&mut tx, ID, 1, core.now()).await.unwrap();
    assert!(store::step(&mut tx, ID, "needs_selfie", "awaiting_officer", core.now()).await.unwrap().happened());
    tx
}

fn decided<'a>(id: Uuid, to: &'a str, now: Timestamp) -> Decided<'a> {
    Decided {
        registration_id: id,
        from: "awaiting_officer",
        to,
        officer: OFFICER,
        reason: None,
        sealed: &[9],
        now,
        expires_at: now.plus_seconds(7 * DAY),
        ended_at: None,
        code_generation: 1,
        check_state: "pending",
    }
}

#[tokio::test]
async fn a_device_has_one_live_registration() {
    each_engine(async |core| {
        let now = core.now();
        let mut tx = core.db.write().await.unwrap();
        add(&mut tx, ID, 1, now).await.unwrap();
        tx.commit().await.unwrap();
        let mut tx = core.db.write().await.unwrap();
        assert!(matches!(add(&mut tx, OTHER, 1, now).await, Err(DbError::Unique)));
        tx.rollback().await.unwrap();
        let mut tx = core.db.write().await.unwrap();
        assert!(store::end(&mut tx, ID, "cancelled", now).await.unwrap().happened());
        assert!(!store::end(&mut tx, ID, "expired", now).await.unwrap().happened(), "it has ended");
        assert_eq!(row(&mut tx, ID).await.ended_at, Some(now));
        add(&mut tx, OTHER, 1, now.plus_seconds(1)).await.unwrap();
        let newest = store::newest_of_device(&mut tx, &[1; 32]).await.unwrap().unwrap();
        assert_eq!(newest.registration_id, OTHER);
        assert!(store::newest_of_device(&mut tx, &[2; 32]).await.unwrap().is_none());
        assert!(store::lookup(&mut tx, Uuid::nil()).await.unwrap().is_none());
    })
    .await;
}

#[tokio::test]
async fn steps_are_guarded_by_the_state_they_leave() {
    each_engine(async |core| {
        let now = core.now().plus_seconds(5);
        let mut tx = ready(&core).await;
        assert!(!store::step(&mut tx, ID, "needs_selfie", "awaiting_officer", now).await.unwrap().happened());
        assert!(
            !store::resubmit(&mut tx, ID, &[4], &[7; 16], "awaiting_officer", now, "pending", "needs_correction")
                .await
                .unwrap()
                .happened()
        );
        assert!(store::change_contact(&mut tx, ID, &[4], &[7; 16], now, "awaiting_officer").await.unwrap().happened());
        assert!(!store::change_contact(&mut tx, ID, &[5], &[7; 16], now, "code_sent").await.unwrap().happened());
        let changed = row(&mut tx, ID).await;
        assert_eq!((changed.sealed, changed.email_index, changed.updated_at), (vec![4], vec![7; 16], now));
        assert_eq!(changed.code_generation, 0, "no code was sent yet");
        assert!(store::decide(&mut tx, &decided(ID, "code_sent", now)).await.unwrap().happened());
        assert!(!store::decide(&mut tx, &decided(ID, "code_sent", now)).await.unwrap().happened(), "twice");
        assert!(store::resubmit_contact_only(&mut tx, ID, &[6], now).await.unwrap().happened());
        assert_eq!(row(&mut tx, ID).await.code_generation, 1, "another phone number leaves the code");
        let change = async |tx: &mut _, day| store::change_address(tx, ID, &[7], &[8; 16], now, day, 2).await.unwrap();
        assert!(change(&mut tx, 7).await.happened());
        let row = row(&mut tx, ID).await;
        assert_eq!((row.code_generation, row.email_index), (2, vec![8; 16]), "another address voids the code");
        assert!(change(&mut tx, 7).await.happened());
        assert!(!change(&mut tx, 7).await.happened(), "two a day");
        assert!(change(&mut tx, 8).await.happened(), "another day");
    })
    .await;
}

#[tokio::test]
async fn a_correction_is_checked_anew() {
    each_engine(async |core| {
        let now = core.now();
        let mut tx = ready(&core).await;
        assert!(store::lease_check(&mut tx, ID, now, now.plus_seconds(60)).await.unwrap().happened());
        assert!(store::finish_check(&mut tx, ID, "differs", Some(RESIDENT), now).await.unwrap().happened());
        let returned = Decided { check_state: "done", code_generation: 0, ..decided(ID, "needs_correction", now) };
        assert!(store::decide(&mut tx, &returned).await.unwrap().happened());
        let done = store::resubmit(&mut tx, ID, &[4], &[7; 16], "awaiting_officer", now, "pending", "needs_correction");
        assert!(done.await.unwrap().happened());
        let row = row(&mut tx, ID).await;
        assert_eq!((row.check_state.as_str(), row.check_result, row.decision_sealed), ("pending", None, None));
        assert_eq!(store::due_checks(&mut tx, now, 10).await.unwrap(), [ID]);
    })
    .await;
}

#[tokio::test]
async fn a_scan_is_spent_once_and_a_newer_one_voids_the_older() {
    each_engine(async |core| {
        let now = core.now();
        let mut tx = ready(&core).await;
        assert!(store::scan(&mut tx, ID, 100, OFFICE, OFFICER, now).await.unwrap().happened());
        assert!(!store::scan(&mut tx, ID, 100, OFFICE, OFFICER, now).await.unwrap().happened());
        assert!(!store::scan(&mut tx, ID, 99, OFFICE, OFFICER, now).await.unwrap().happened());
        assert!(store::scan(&mut tx, ID, 101, OFFICE, OFFICER, now).await.unwrap().happened());
        let scanned = row(&mut tx, ID).await;
        assert_eq!(
            (scanned.office_id, scanned.scanned_by, scanned.scanned_at),
            (Some(OFFICE), Some(OFFICER), Some(now))
        );
        assert!(store::decide(&mut tx, &decided(ID, "code_sent", now)).await.unwrap().happened());
        let elsewhere = Uuid::from_u128(0x77);
        assert!(
            !store::scan(&mut tx, ID, 102, elsewhere, OFFICER, now).await.unwrap().happened(),
            "approved: its office keeps it"
        );
        assert!(store::scan(&mut tx, ID, 102, OFFICE, OFFICER, now).await.unwrap().happened());
        store::end(&mut tx, ID, "cancelled", now).await.unwrap().demand().unwrap();
        assert!(!store::scan(&mut tx, ID, 103, OFFICE, OFFICER, now).await.unwrap().happened(), "ended");
    })
    .await;
}

#[tokio::test]
async fn a_match_is_confirmed_by_its_officer_with_its_number_in_time() {
    each_engine(async |core| {
        let now = core.now();
        let mut tx = ready(&core).await;
        assert!(store::offer_match(&mut tx, ID, 47, OFFICER, now).await.unwrap().happened());
        let waiting = store::waiting_matches(&mut tx, OFFICER, now, 30).await.unwrap();
        assert_eq!(waiting.iter().map(|row| row.match_number).collect::<Vec<_>>(), [Some(47)]);
        assert!(store::waiting_matches(&mut tx, OFFICER, now.plus_seconds(1), 30).await.unwrap().is_empty());
        let stranger = Uuid::from_u128(0x99);
        assert!(
            !store::confirm_match(&mut tx, ID, 48, OFFICER, OFFICE, now, now).await.unwrap().happened(),
            "another number"
        );
        assert!(
            !store::confirm_match(&mut tx, ID, 47, stranger, OFFICE, now, now).await.unwrap().happened(),
            "another officer"
        );
        let late = now.plus_seconds(1);
        assert!(
            !store::confirm_match(&mut tx, ID, 47, OFFICER, OFFICE, late, late).await.unwrap().happened(),
            "too late"
        );
        assert!(store::confirm_match(&mut tx, ID, 47, OFFICER, OFFICE, late, now).await.unwrap().happened());
        assert!(!store::confirm_match(&mut tx, ID, 47, OFFICER, OFFICE, late, now).await.unwrap().happened(), "twice");
        assert_eq!(row(&mut tx, ID).await.scanned_at, Some(late));
    })
    .await;
}

#[tokio::test]
async fn three_tries_void_a_match_until_the_resident_scans_again() {
    each_engine(async |core| {
        let now = core.now();
        let mut tx = ready(&core).await;
        assert_eq!(store::try_match(&mut tx, ID, OFFICER, now).await.unwrap(), None, "nobody waits");
        store::offer_match(&mut tx, ID, 47, OFFICER, now).await.unwrap().demand().unwrap();
        let stranger = Uuid::from_u128(0x99);
        assert_eq!(store::try_match(&mut tx, ID, stranger, now).await.unwrap(), None, "another officer");
        assert_eq!(store::try_match(&mut tx, ID, OFFICER, now.plus_seconds(1)).await.unwrap(), None, "too late");
        for tries in 1..=3 {
            assert_eq!(store::waiting_matches(&mut tx, OFFICER, now, 30).await.unwrap().len(), 1);
            assert_eq!(store::try_match(&mut tx, ID, OFFICER, now).await.unwrap(), Some((47, tries)));
        }
        assert_eq!(store::try_match(&mut tx, ID, OFFICER, now).await.unwrap(), None, "void");
        assert!(store::waiting_matches(&mut tx, OFFICER, now, 30).await.unwrap().is_empty());
        store::offer_match(&mut tx, ID, 11, OFFICER, now).await.unwrap().demand().unwrap();
        assert_eq!(store::try_match(&mut tx, ID, OFFICER, now).await.unwrap(), Some((11, 1)));
    })
    .await;
}

#[tokio::test]
async fn one_live_approval_per_resident() {
    each_engine(async |core| {
        let now = core.now();
        let mut tx = ready(&core).await;
        add(&mut tx, OTHER, 2, now).await.unwrap();
        store::step(&mut tx, OTHER, "needs_selfie", "awaiting_officer", now).await.unwrap().demand().unwrap();
        assert!(store::decide(&mut tx, &decided(ID, "code_sent", now)).await.unwrap().happened());
        tx.commit().await.unwrap();
        let mut tx = core.db.write().await.unwrap();
        let second = store::decide(&mut tx, &decided(OTHER, "approved_pending_register", now)).await;
        assert!(matches!(second, Err(DbError::Unique)));
        tx.rollback().await.unwrap();
        let mut tx = core.db.write().await.unwrap();
        assert!(!store::end(&mut tx, ID, "expired", now).await.unwrap().happened(), "it is not due");
        assert!(store::end(&mut tx, ID, "expired", now.plus_seconds(400 * DAY)).await.unwrap().happened());
        assert!(
            store::decide(&mut tx, &decided(OTHER, "code_sent", now)).await.unwrap().happened(),
            "the first has ended"
        );
    })
    .await;
}

#[tokio::test]
async fn a_decision_loses_against_a_check_that_finished_meanwhile() {
    each_engine(async |core| {
        let now = core.now();
        let mut tx = ready(&core).await;
        assert!(store::lease_check(&mut tx, ID, now, now.plus_seconds(60)).await.unwrap().happened());
        assert!(store::finish_check(&mut tx, ID, "unknown_nik", None, now).await.unwrap().happened());
        assert!(!store::finish_check(&mut tx, ID, "match", Some(RESIDENT), now).await.unwrap().happened(), "twice");
        assert!(!store::decide(&mut tx, &decided(ID, "approved_pending_register", now)).await.unwrap().happened());
        let informed = Decided { check_state: "done", ..decided(ID, "rejected", now) };
        assert!(store::decide(&mut tx, &informed).await.unwrap().happened());
    })
    .await;
}

#[tokio::test]
async fn an_approval_that_waited_goes_on_or_back() {
    each_engine(async |core| {
        let now = core.now();
        let later = now.plus_seconds(7 * DAY);
        let mut tx = ready(&core).await;
        assert!(!store::complete_pending(&mut tx, ID, "code_sent", now, later, 1, false).await.unwrap().happened());
        let waiting = Decided { code_generation: 0, ..decided(ID, "approved_pending_register", now) };
        assert!(store::decide(&mut tx, &waiting).await.unwrap().happened());
        assert!(
            store::complete_pending(&mut tx, ID, "awaiting_officer", now, later, 0, true).await.unwrap().happened()
        );
        assert_eq!(row(&mut tx, ID).await.proofed, 1);
        assert!(store::decide(&mut tx, &waiting).await.unwrap().happened());
        assert_eq!(row(&mut tx, ID).await.proofed, 0, "a new decision uses it up");
        assert!(store::complete_pending(&mut tx, ID, "code_sent", now, later, 1, false).await.unwrap().happened());
        let row = row(&mut tx, ID).await;
        assert_eq!((row.state.as_str(), row.code_generation, row.expires_at), ("code_sent", 1, later));
    })
    .await;
}

#[tokio::test]
async fn checks_are_leased_postponed_and_counted_per_nik() {
    each_engine(async |core| {
        let now = core.now();
        let mut tx = ready(&core).await;
        assert_eq!(store::due_checks(&mut tx, now, 10).await.unwrap(), [ID]);
        assert!(store::lease_check(&mut tx, ID, now, now.plus_seconds(60)).await.unwrap().happened());
        assert!(!store::lease_check(&mut tx, ID, now, now.plus_seconds(60)).await.unwrap().happened(), "leased");
        assert!(store::due_checks(&mut tx, now, 10).await.unwrap().is_empty());
        assert_eq!(
            store::due_checks(&mut tx, now.plus_seconds(60), 10).await.unwrap(),
            [ID],
            "a dead node's lease ends"
        );
        store::postpone_check(&mut tx, ID, now.plus_seconds(10)).await.unwrap();
        assert!(store::due_checks(&mut tx, now.plus_seconds(9), 10).await.unwrap().is_empty());
        assert_eq!(store::due_checks(&mut tx, now.plus_seconds(10), 10).await.unwrap(), [ID]);
        assert_eq!(row(&mut tx, ID).await.check_attempts, 1);
        for expected in 1..=3 {
            let window = now.plus_seconds(-100);
            assert_eq!(store::count_check(&mut tx, &[5; 16], now, window).await.unwrap(), expected);
        }
        let after = now.plus_seconds(100);
        assert_eq!(store::count_check(&mut tx, &[5; 16], after, now).await.unwrap(), 1, "a new window");
        assert_eq!(store::count_check(&mut tx, &[4; 16], now, now).await.unwrap(), 1, "another NIK");
        assert_eq!(store::sweep_windows(&mut tx, now).await.unwrap(), 1);
        assert_eq!(store::sweep_windows(&mut tx, after).await.unwrap(), 1);
    })
    .await;
}

#[tokio::test]
async fn an_offices_queue_is_paged_oldest_first() {
    each_engine(async |core| {
        let mut tx = core.db.write().await.unwrap();
        for number in 0..5_u8 {
            let (id, now) =
                (Uuid::from_u128(0x100 + u128::from(number)), core.now().plus_seconds(i64::from(number / 2)));
            add(&mut tx, id, number, now).await.unwrap();
            store::step(&mut tx, id, "needs_selfie", "awaiting_officer", now).await.unwrap().demand().unwrap();
            store::scan(&mut tx, id, 1, OFFICE, OFFICER, now).await.unwrap().demand().unwrap();
        }
        let (mut seen, mut after) = (Vec::new(), (Timestamp::default(), Uuid::nil()));
        loop {
            let page = store::queue(&mut tx, OFFICE, "awaiting_officer", after, 2).await.unwrap();
            let Some(last) = page.last() else { break };
            after = (last.updated_at, last.registration_id);
            seen.extend(page.iter().map(|row| row.registration_id.as_u128() - 0x100));
        }
        assert_eq!(seen, [0, 1, 2, 3, 4]);
        let nowhere = store::queue(&mut tx, Uuid::nil(), "awaiting_officer", (Timestamp::default(), Uuid::nil()), 9);
        assert!(nowhere.await.unwrap().is_empty());
        let rejected = store::queue(&mut tx, OFFICE, "rejected", (Timestamp::default(), Uuid::nil()), 9).await.unwrap();
        assert!(rejected.is_empty());
    })
    .await;
}

#[tokio::test]
async fn pictures_are_kept_replaced_and_deleted_in_time() {
    each_engine(async |core| {
        let now = core.now();
        let mut tx = ready(&core).await;
        assert_eq!(store::lookup_selfie(&mut tx, ID).await.unwrap(), None);
        store::put_selfie(&mut tx, ID, &[1], now).await.unwrap();
        store::put_selfie(&mut tx, ID, &[2], now).await.unwrap();
        assert_eq!(store::lookup_selfie(&mut tx, ID).await.unwrap(), Some(vec![2]));
        assert_eq!(store::selfie_taken_at(&mut tx, ID).await.unwrap(), Some(now));
        store::put_copy(&mut tx, ID, &[3], None).await.unwrap();
        store::put_copy(&mut tx, ID, &[4], Some(&[5])).await.unwrap();
        assert_eq!(store::lookup_copy(&mut tx, ID).await.unwrap(), Some((vec![4], Some(vec![5]))));
        assert_eq!(store::delete_old_pictures(&mut tx, now.plus_seconds(999 * DAY), 9).await.unwrap(), 0);
        let until = now.plus_seconds(7 * DAY);
        store::keep_selfie_until(&mut tx, ID, until).await.unwrap();
        store::keep_selfie_until(&mut tx, ID, until.plus_seconds(DAY)).await.unwrap();
        assert_eq!(store::delete_old_pictures(&mut tx, until.plus_seconds(-1), 9).await.unwrap(), 0);
        assert_eq!(store::delete_old_pictures(&mut tx, until, 9).await.unwrap(), 1, "the first date counts");
        assert_eq!(store::lookup_selfie(&mut tx, ID).await.unwrap(), None);
        assert_eq!(store::lookup_copy(&mut tx, ID).await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn what_is_over_is_found_and_the_holder_written() {
    each_engine(async |core| {
        let now = core.now();
        let mut tx = ready(&core).await;
        let end = now.plus_seconds(30 * DAY);
        assert!(store::due_to_expire(&mut tx, end.plus_seconds(-1), 9).await.unwrap().is_empty());
        assert_eq!(store::due_to_expire(&mut tx, end, 9).await.unwrap(), [ID]);
        store::put_holder(&mut tx, RESIDENT, &[1], Some(&[2]), now).await.unwrap();
        store::put_holder(&mut tx, RESIDENT, &[3], None, now).await.unwrap();
        tx.commit().await.unwrap();
        let mut tx = core.db.read().await.unwrap();
        assert_eq!(ikd::wallet::store::record(&mut tx, RESIDENT).await.unwrap(), Some(vec![3]));
        assert_eq!(ikd::wallet::store::portrait(&mut tx, RESIDENT).await.unwrap(), None, "the register sent none");
    })
    .await;
}
