//! The registration table on both engines: every guarded step, and what loses.

use ikd::clock::{DAY, Timestamp};
use ikd::context::Context;
use ikd::db::{DbError, Tx};
use ikd::registration::store::{self, Amended, Decided, New, Row};
use uuid::Uuid;

use support::each_engine;

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
async fn ready(context: &Context) -> Tx {
    let mut tx = context.db.write().await.unwrap();
    add(&mut tx, ID, 1, context.now()).await.unwrap();
    assert!(store::take_selfie(&mut tx, ID, &[1; 32], context.now()).await.unwrap().happened());
    tx
}

async fn end(tx: &mut Tx, id: Uuid, to: &str, now: Timestamp) -> bool {
    let held = store::hold(tx, id).await.unwrap().unwrap();
    store::end(tx, &held, to, now).await.unwrap().happened()
}

fn amended<'a>(row: &'a Row, email_index: &'a [u8], to: &'a str, now: Timestamp) -> Amended<'a> {
    Amended { row, sealed: &[4], email_index, to, now }
}

async fn decide(tx: &mut Tx, id: Uuid, to: &str, now: Timestamp) -> Result<bool, DbError> {
    let seen = row(tx, id).await;
    Ok(store::decide(tx, &decided(&seen, to, now)).await?.happened())
}

fn decided<'a>(row: &'a Row, to: &'a str, now: Timestamp) -> Decided<'a> {
    Decided {
        registration_id: row.registration_id,
        from: "awaiting_officer",
        to,
        officer: OFFICER,
        reason: None,
        sealed: &[9],
        now,
        expires_at: now.plus_seconds(7 * DAY),
        ended_at: None,
        code_generation: 1,
        revision: row.revision,
    }
}

#[tokio::test]
async fn a_device_has_one_live_registration() {
    each_engine(async |context| {
        let now = context.now();
        let mut tx = context.db.write().await.unwrap();
        add(&mut tx, ID, 1, now).await.unwrap();
        tx.commit().await.unwrap();
        let mut tx = context.db.write().await.unwrap();
        assert!(matches!(add(&mut tx, OTHER, 1, now).await, Err(DbError::Unique)));
        tx.rollback().await.unwrap();
        let mut tx = context.db.write().await.unwrap();
        assert!(end(&mut tx, ID, "cancelled", now).await);
        assert!(!end(&mut tx, ID, "expired", now).await, "it has ended");
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
async fn what_a_resident_changes_demands_the_revision_that_was_read_and_raises_it() {
    each_engine(async |context| {
        let now = context.now().plus_seconds(5);
        let mut tx = ready(&context).await;
        assert!(store::hold_own(&mut tx, ID, &[2; 32]).await.unwrap().is_none(), "somebody else's");
        let seen = store::hold_own(&mut tx, ID, &[1; 32]).await.unwrap().unwrap();
        assert_eq!(seen.revision, row(&mut tx, ID).await.revision, "keeping it changes nothing");
        let change = amended(&seen, &[7; 16], "awaiting_officer", now);
        assert!(store::amend(&mut tx, &change).await.unwrap().happened());
        let changed = row(&mut tx, ID).await;
        assert_eq!((&changed.sealed, &changed.email_index, changed.updated_at), (&vec![4], &vec![7; 16], now));
        assert_eq!((changed.code_generation, changed.revision), (0, seen.revision + 1));
        assert!(!store::amend(&mut tx, &change).await.unwrap().happened(), "what was read is not what is there");
        assert!(!store::resubmit(&mut tx, &change).await.unwrap().happened());
        assert!(!store::end(&mut tx, &seen, "cancelled", now).await.unwrap().happened());
        assert!(!store::decide(&mut tx, &decided(&seen, "code_sent", now)).await.unwrap().happened(), "not seen");
        assert!(decide(&mut tx, ID, "code_sent", now).await.unwrap());
        assert!(!decide(&mut tx, ID, "code_sent", now).await.unwrap(), "twice");
        let sent = row(&mut tx, ID).await;
        assert!(store::amend(&mut tx, &amended(&sent, &[7; 16], "code_sent", now)).await.unwrap().happened());
        assert_eq!(row(&mut tx, ID).await.code_generation, 1, "another phone number leaves the code");
        let change = async |tx: &mut _, day| {
            let seen = row(tx, ID).await;
            store::change_address(tx, &amended(&seen, &[8; 16], "code_sent", now), day, 2).await.unwrap().happened()
        };
        assert!(change(&mut tx, 7).await);
        let voided = row(&mut tx, ID).await;
        assert_eq!((voided.code_generation, voided.email_index), (2, vec![8; 16]), "another address voids the code");
        assert!(change(&mut tx, 7).await);
        assert!(!change(&mut tx, 7).await, "two a day");
        assert!(change(&mut tx, 8).await, "another day");
    })
    .await;
}

#[tokio::test]
async fn a_selfie_is_taken_before_approval_only_and_ends_the_presence() {
    each_engine(async |context| {
        let now = context.now();
        let mut tx = ready(&context).await;
        store::scan(&mut tx, ID, 100, OFFICE, OFFICER, now).await.unwrap().demand().unwrap();
        let scanned = row(&mut tx, ID).await;
        assert!(!store::take_selfie(&mut tx, ID, &[2; 32], now).await.unwrap().happened(), "another device");
        assert!(!store::take_selfie(&mut tx, ID, &[1; 32], scanned.expires_at).await.unwrap().happened(), "over");
        assert!(store::take_selfie(&mut tx, ID, &[1; 32], now).await.unwrap().happened());
        let taken = row(&mut tx, ID).await;
        assert_eq!((taken.scanned_by, taken.revision), (None, scanned.revision + 1));
        assert!(!store::decide(&mut tx, &decided(&scanned, "code_sent", now)).await.unwrap().happened(), "not seen");
        assert!(decide(&mut tx, ID, "code_sent", now).await.unwrap());
        assert!(!store::take_selfie(&mut tx, ID, &[1; 32], now).await.unwrap().happened(), "approved");
        assert!(end(&mut tx, ID, "cancelled", now).await);
        assert!(!store::take_selfie(&mut tx, ID, &[1; 32], now).await.unwrap().happened(), "ended");
    })
    .await;
}

#[tokio::test]
async fn a_correction_is_checked_anew() {
    each_engine(async |context| {
        let now = context.now();
        let mut tx = ready(&context).await;
        assert!(store::lease_check(&mut tx, ID, now, now.plus_seconds(60)).await.unwrap().happened());
        assert!(store::finish_check(&mut tx, ID, "differs", Some(RESIDENT), now).await.unwrap().happened());
        store::scan(&mut tx, ID, 100, OFFICE, OFFICER, now).await.unwrap().demand().unwrap();
        let seen = row(&mut tx, ID).await;
        let returned = Decided { code_generation: 0, ..decided(&seen, "needs_correction", now) };
        assert!(store::decide(&mut tx, &returned).await.unwrap().happened());
        let seen = row(&mut tx, ID).await;
        assert_eq!(seen.scanned_by, None, "the resident went away with it");
        let change = amended(&seen, &[7; 16], "awaiting_officer", now);
        assert!(store::resubmit(&mut tx, &change).await.unwrap().happened());
        let row = row(&mut tx, ID).await;
        assert_eq!((row.check_state.as_str(), row.check_result, row.decision_sealed), ("pending", None, None));
        assert_eq!(store::due_checks(&mut tx, now, 10).await.unwrap(), [ID]);
    })
    .await;
}

#[tokio::test]
async fn a_scan_is_spent_once_and_a_newer_one_voids_the_older() {
    each_engine(async |context| {
        let now = context.now();
        let mut tx = ready(&context).await;
        assert!(store::scan(&mut tx, ID, 100, OFFICE, OFFICER, now).await.unwrap().happened());
        assert!(!store::scan(&mut tx, ID, 100, OFFICE, OFFICER, now).await.unwrap().happened());
        assert!(!store::scan(&mut tx, ID, 99, OFFICE, OFFICER, now).await.unwrap().happened());
        assert!(store::scan(&mut tx, ID, 101, OFFICE, OFFICER, now).await.unwrap().happened());
        let scanned = row(&mut tx, ID).await;
        assert_eq!(
            (scanned.office_id, scanned.scanned_by, scanned.scanned_at),
            (Some(OFFICE), Some(OFFICER), Some(now))
        );
        assert!(decide(&mut tx, ID, "code_sent", now).await.unwrap());
        let elsewhere = Uuid::from_u128(0x77);
        assert!(
            !store::scan(&mut tx, ID, 102, elsewhere, OFFICER, now).await.unwrap().happened(),
            "approved: its office keeps it"
        );
        assert!(store::scan(&mut tx, ID, 102, OFFICE, OFFICER, now).await.unwrap().happened());
        assert!(end(&mut tx, ID, "cancelled", now).await);
        assert!(!store::scan(&mut tx, ID, 103, OFFICE, OFFICER, now).await.unwrap().happened(), "ended");
    })
    .await;
}

#[tokio::test]
async fn a_match_is_confirmed_by_its_officer_with_its_number_in_time() {
    each_engine(async |context| {
        let now = context.now();
        let mut tx = ready(&context).await;
        add(&mut tx, OTHER, 2, now).await.unwrap();
        let early = store::offer_match(&mut tx, OTHER, 47, OFFICER, now).await.unwrap();
        assert!(!early.happened(), "nothing waits for an officer");
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
    each_engine(async |context| {
        let now = context.now();
        let mut tx = ready(&context).await;
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
    each_engine(async |context| {
        let now = context.now();
        let mut tx = ready(&context).await;
        add(&mut tx, OTHER, 2, now).await.unwrap();
        store::take_selfie(&mut tx, OTHER, &[2; 32], now).await.unwrap().demand().unwrap();
        assert!(decide(&mut tx, ID, "code_sent", now).await.unwrap());
        tx.commit().await.unwrap();
        let mut tx = context.db.write().await.unwrap();
        let second = decide(&mut tx, OTHER, "approved_pending_register", now).await;
        assert!(matches!(second, Err(DbError::Unique)));
        tx.rollback().await.unwrap();
        let mut tx = context.db.write().await.unwrap();
        assert!(!end(&mut tx, ID, "expired", now).await, "it is not due");
        assert!(end(&mut tx, ID, "expired", now.plus_seconds(400 * DAY)).await);
        assert!(decide(&mut tx, OTHER, "code_sent", now).await.unwrap(), "the first has ended");
    })
    .await;
}

#[tokio::test]
async fn a_decision_loses_against_a_check_that_finished_meanwhile() {
    each_engine(async |context| {
        let now = context.now();
        let mut tx = ready(&context).await;
        let seen = row(&mut tx, ID).await;
        assert!(store::lease_check(&mut tx, ID, now, now.plus_seconds(60)).await.unwrap().happened());
        assert!(store::finish_check(&mut tx, ID, "unknown_nik", None, now).await.unwrap().happened());
        assert!(!store::finish_check(&mut tx, ID, "match", Some(RESIDENT), now).await.unwrap().happened(), "twice");
        let unseen = decided(&seen, "approved_pending_register", now);
        assert!(!store::decide(&mut tx, &unseen).await.unwrap().happened());
        assert!(decide(&mut tx, ID, "rejected", now).await.unwrap());
    })
    .await;
}

#[tokio::test]
async fn an_approval_that_waited_goes_on_or_back() {
    each_engine(async |context| {
        let now = context.now();
        let later = now.plus_seconds(7 * DAY);
        let mut tx = ready(&context).await;
        let complete = async |tx: &mut _, to, generation| {
            let seen = row(tx, ID).await;
            store::complete_pending(tx, &seen, to, now, later, generation).await.unwrap().happened()
        };
        assert!(!complete(&mut tx, "code_sent", 1).await, "nothing waits");
        store::scan(&mut tx, ID, 100, OFFICE, OFFICER, now).await.unwrap().demand().unwrap();
        let wait = async |tx: &mut _| {
            let seen = row(tx, ID).await;
            let waiting = Decided { code_generation: 0, ..decided(&seen, "approved_pending_register", now) };
            store::decide(tx, &waiting).await.unwrap().happened()
        };
        assert!(wait(&mut tx).await);
        assert!(complete(&mut tx, "awaiting_officer", 0).await);
        assert_eq!(row(&mut tx, ID).await.scanned_by, Some(OFFICER), "the resident may still be there");
        assert!(wait(&mut tx).await);
        let over = row(&mut tx, ID).await;
        let late = store::complete_pending(&mut tx, &over, "code_sent", over.expires_at, later, 1).await.unwrap();
        assert!(!late.happened(), "its time is over");
        assert!(complete(&mut tx, "code_sent", 1).await);
        let row = row(&mut tx, ID).await;
        assert_eq!((row.state.as_str(), row.code_generation, row.expires_at), ("code_sent", 1, later));
    })
    .await;
}

#[tokio::test]
async fn checks_are_leased_postponed_and_counted_per_nik() {
    each_engine(async |context| {
        let now = context.now();
        let mut tx = ready(&context).await;
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
    })
    .await;
}

#[tokio::test]
async fn an_offices_queue_is_paged_oldest_first() {
    each_engine(async |context| {
        let mut tx = context.db.write().await.unwrap();
        for number in 0..5_u8 {
            let (id, now) =
                (Uuid::from_u128(0x100 + u128::from(number)), context.now().plus_seconds(i64::from(number / 2)));
            add(&mut tx, id, number, now).await.unwrap();
            store::take_selfie(&mut tx, id, &[number; 32], now).await.unwrap().demand().unwrap();
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
    each_engine(async |context| {
        let now = context.now();
        let mut tx = ready(&context).await;
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
    each_engine(async |context| {
        let now = context.now();
        let mut tx = ready(&context).await;
        let end = now.plus_seconds(30 * DAY);
        assert!(store::due_to_expire(&mut tx, end.plus_seconds(-1), 9).await.unwrap().is_empty());
        assert_eq!(store::due_to_expire(&mut tx, end, 9).await.unwrap(), [ID]);
        ikd::holder::store::put_record(&mut tx, RESIDENT, &[1], Some(&[2]), now).await.unwrap();
        ikd::holder::store::put_record(&mut tx, RESIDENT, &[3], None, now).await.unwrap();
        tx.commit().await.unwrap();
        let mut tx = context.db.read().await.unwrap();
        assert_eq!(ikd::holder::store::record(&mut tx, RESIDENT).await.unwrap(), Some(vec![3]));
        assert_eq!(ikd::holder::store::portrait(&mut tx, RESIDENT).await.unwrap(), None, "the register sent none");
    })
    .await;
}
