//! The registration's tables on all engines: every guarded step, and what loses.

use ikd::clock::{DAY, Timestamp};
use ikd::context::Context;
use ikd::db::{DbError, Tx};
use ikd::error::{Language, Refusal};
use ikd::registration::State;
use ikd::registration::model::{Answer, CheckState, NewData, Progress, RegisterCheck, Registration};
use ikd::registration::store::{check, queue, register_copy, registration, selfie, visit};
use uuid::Uuid;

use support::each_engine;

const ID: Uuid = Uuid::from_u128(0x10);
const OTHER: Uuid = Uuid::from_u128(0x11);
const OFFICE: Uuid = Uuid::from_u128(0x20);
const OFFICER: Uuid = Uuid::from_u128(0x21);
const RESIDENT: Uuid = Uuid::from_u128(0x30);

type Step = Result<Registration, Refusal>;

async fn add(tx: &mut Tx, id: Uuid, device: u8, now: Timestamp) -> Result<(), DbError> {
    let new = registration::New {
        registration_id: id,
        device_thumbprint: &[device; 32],
        nik_index: &[5; 16],
        email_index: &[6; 16],
        sealed: &[1, 2, 3],
        language: Language::English,
        terms_version: "2026-11",
        now,
        expires_at: now.plus_seconds(30 * DAY),
    };
    registration::add(tx, &new).await?;
    check::add(tx, id, false, now).await
}

async fn row(tx: &mut Tx, id: Uuid) -> Registration {
    registration::lookup(tx, id).await.unwrap().unwrap()
}

/// Writes a step; `false` when it may not be taken, or was taken by somebody else.
async fn save(tx: &mut Tx, next: Step) -> bool {
    match next {
        Ok(next) => registration::save(tx, &next).await.unwrap().happened(),
        Err(_) => false,
    }
}

async fn take_selfie(tx: &mut Tx, id: Uuid, device: u8, now: Timestamp) -> bool {
    let Some(held) = registration::hold_own(tx, id, &[device; 32]).await.unwrap() else { return false };
    visit::end_presence(tx, id).await.unwrap();
    save(tx, held.take_selfie(now)).await
}

async fn scan(tx: &mut Tx, issued: i64, office: Uuid, now: Timestamp) -> bool {
    let held = registration::hold(tx, ID).await.unwrap().unwrap();
    let Ok(assigned) = held.assign(office, now) else { return false };
    visit::scan(tx, ID, issued, OFFICER, now).await.unwrap().happened() && save(tx, Ok(assigned)).await
}

/// The register answers; gives whether somebody waited for it.
async fn answer(tx: &mut Tx, id: Uuid, answer: Answer, now: Timestamp) -> bool {
    let held = registration::hold(tx, id).await.unwrap().unwrap();
    check::finish(tx, id, answer, now).await.unwrap().happened() && save(tx, Ok(held.answered(answer))).await
}

/// One registration that awaits an officer.
async fn ready(context: &Context) -> Tx {
    let mut tx = context.db.write().await.unwrap();
    add(&mut tx, ID, 1, context.now()).await.unwrap();
    assert!(take_selfie(&mut tx, ID, 1, context.now()).await);
    tx
}

/// The same with the register's answer.
async fn checked(context: &Context) -> Tx {
    let mut tx = ready(context).await;
    assert!(answer(&mut tx, ID, Answer::Match(RESIDENT), context.now()).await);
    tx
}

async fn end(tx: &mut Tx, id: Uuid, how: fn(Registration, Timestamp) -> Step, now: Timestamp) -> bool {
    let held = registration::hold(tx, id).await.unwrap().unwrap();
    save(tx, how(held, now)).await
}

async fn approve(tx: &mut Tx, id: Uuid, now: Timestamp) -> Result<bool, DbError> {
    let seen = row(tx, id).await;
    Ok(match seen.approve(now) {
        Ok(approved) => registration::save(tx, &approved).await?.happened(),
        Err(_) => false,
    })
}

fn amended(seen: &Registration, email_index: u8, now: Timestamp) -> Step {
    seen.clone().amend(NewData { sealed: vec![4], email_index: vec![email_index; 16] }, true, now)
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
        assert!(end(&mut tx, ID, Registration::cancel, now).await);
        assert!(!end(&mut tx, ID, Registration::expire, now.plus_seconds(400 * DAY)).await, "it has ended");
        assert_eq!(row(&mut tx, ID).await.progress.ended_at(), Some(now));
        add(&mut tx, OTHER, 1, now.plus_seconds(1)).await.unwrap();
        let newest = registration::newest_of_device(&mut tx, &[1; 32]).await.unwrap().unwrap();
        assert_eq!(newest.registration_id, OTHER);
        assert!(registration::newest_of_device(&mut tx, &[2; 32]).await.unwrap().is_none());
        assert!(registration::lookup(&mut tx, Uuid::nil()).await.unwrap().is_none());
    })
    .await;
}

#[tokio::test]
async fn what_a_resident_changes_demands_the_revision_that_was_read_and_raises_it() {
    each_engine(async |context| {
        let now = context.now().plus_seconds(5);
        let mut tx = checked(&context).await;
        assert!(registration::hold_own(&mut tx, ID, &[2; 32]).await.unwrap().is_none(), "somebody else's");
        let seen = registration::hold_own(&mut tx, ID, &[1; 32]).await.unwrap().unwrap();
        assert_eq!(seen.revision, row(&mut tx, ID).await.revision, "keeping it changes nothing");
        assert!(save(&mut tx, amended(&seen, 7, now)).await);
        let changed = row(&mut tx, ID).await;
        assert_eq!((&changed.sealed, &changed.email_index, changed.updated_at), (&vec![4], &vec![7; 16], now));
        assert_eq!((changed.state(), changed.revision), (State::AwaitingOfficer, seen.revision + 1));
        assert!(!save(&mut tx, amended(&seen, 7, now)).await, "what was read is not what is there");
        assert!(!save(&mut tx, amended(&seen, 7, now).map(Registration::check_anew)).await);
        assert!(!save(&mut tx, seen.clone().cancel(now)).await);
        assert!(!save(&mut tx, seen.approve(now)).await, "not seen");
        assert!(approve(&mut tx, ID, now).await.unwrap());
        assert!(!approve(&mut tx, ID, now).await.unwrap(), "twice");
        let sent = row(&mut tx, ID).await;
        assert!(save(&mut tx, amended(&sent, 8, now)).await);
        assert_eq!(row(&mut tx, ID).await.progress, Progress::CodeSent { resident: RESIDENT });
    })
    .await;
}

#[tokio::test]
async fn a_selfie_is_taken_before_approval_only_and_ends_the_presence() {
    each_engine(async |context| {
        let now = context.now();
        let mut tx = checked(&context).await;
        assert!(scan(&mut tx, 100, OFFICE, now).await);
        let scanned = row(&mut tx, ID).await;
        assert_eq!(scanned.visit.scanned_by, Some(OFFICER));
        assert!(!take_selfie(&mut tx, ID, 2, now).await, "another device");
        assert!(scanned.clone().take_selfie(scanned.expires_at).is_err(), "over");
        assert!(take_selfie(&mut tx, ID, 1, now).await);
        let taken = row(&mut tx, ID).await;
        assert_eq!((taken.visit.scanned_by, taken.revision), (None, scanned.revision + 1));
        assert!(!save(&mut tx, scanned.approve(now)).await, "not seen");
        assert!(approve(&mut tx, ID, now).await.unwrap());
        assert!(!take_selfie(&mut tx, ID, 1, now).await, "approved");
        assert!(end(&mut tx, ID, Registration::cancel, now).await);
        assert!(!take_selfie(&mut tx, ID, 1, now).await, "ended");
    })
    .await;
}

#[tokio::test]
async fn a_correction_is_checked_anew() {
    each_engine(async |context| {
        let now = context.now();
        let mut tx = ready(&context).await;
        assert_eq!(check::lease(&mut tx, ID, now, now.plus_seconds(60)).await.unwrap(), Some(1));
        assert!(answer(&mut tx, ID, Answer::Differs(RESIDENT), now).await);
        assert!(scan(&mut tx, 100, OFFICE, now).await);
        let seen = row(&mut tx, ID).await;
        assert!(save(&mut tx, seen.return_to(State::NeedsCorrection, now)).await);
        visit::decide(&mut tx, ID, OFFICER, now, &[9]).await.unwrap().demand().unwrap();
        visit::end_presence(&mut tx, ID).await.unwrap();
        let seen = row(&mut tx, ID).await;
        assert_eq!(seen.visit.scanned_by, None, "the resident went away with it");
        assert_eq!(seen.visit.decision, Some(vec![9]));
        let resubmitted = amended(&seen, 7, now).unwrap().check_anew();
        assert!(save(&mut tx, Ok(resubmitted.clone())).await);
        check::restart(&mut tx, ID, now).await.unwrap().demand().unwrap();
        visit::withdraw_decision(&mut tx, ID).await.unwrap();
        let row = row(&mut tx, ID).await;
        assert_eq!(row.state(), State::AwaitingOfficer);
        assert_eq!((row.check.state(), row.check.result()), (CheckState::Pending, None));
        assert_eq!(row.check, RegisterCheck::Pending { resident: Some(RESIDENT) }, "the NIK is the same person's");
        assert_eq!((row.visit.decision.as_ref(), &row.visit), (None, &resubmitted.visit));
        assert_eq!(check::due(&mut tx, now, 10).await.unwrap(), [ID]);
    })
    .await;
}

#[tokio::test]
async fn a_scan_is_spent_once_and_a_newer_one_voids_the_older() {
    each_engine(async |context| {
        let now = context.now();
        let mut tx = checked(&context).await;
        assert!(scan(&mut tx, 100, OFFICE, now).await);
        assert!(!scan(&mut tx, 100, OFFICE, now).await);
        assert!(!scan(&mut tx, 99, OFFICE, now).await);
        assert!(scan(&mut tx, 101, OFFICE, now).await);
        let scanned = row(&mut tx, ID).await;
        assert_eq!(
            (scanned.office_id, scanned.visit.scanned_by, scanned.visit.scanned_at),
            (Some(OFFICE), Some(OFFICER), Some(now))
        );
        assert!(approve(&mut tx, ID, now).await.unwrap());
        let elsewhere = Uuid::from_u128(0x77);
        assert!(!scan(&mut tx, 102, elsewhere, now).await, "approved: its office keeps it");
        assert!(scan(&mut tx, 102, OFFICE, now).await);
        assert!(end(&mut tx, ID, Registration::cancel, now).await);
        assert!(!scan(&mut tx, 103, OFFICE, now).await, "ended");
    })
    .await;
}

#[tokio::test]
async fn a_match_is_confirmed_by_its_officer_with_its_number_in_time() {
    each_engine(async |context| {
        let now = context.now();
        let mut tx = ready(&context).await;
        add(&mut tx, OTHER, 2, now).await.unwrap();
        let early = row(&mut tx, OTHER).await;
        assert!(early.require_awaiting_officer(now).is_err(), "nothing waits for an officer");
        visit::offer(&mut tx, ID, 47, OFFICER, now).await.unwrap();
        assert_eq!(row(&mut tx, ID).await.visit.offer.map(|offer| offer.number), Some(47));
        let waiting = queue::waiting(&mut tx, OFFICER, now, 30).await.unwrap();
        assert_eq!(waiting.iter().map(|row| row.registration_id).collect::<Vec<_>>(), [ID]);
        assert!(queue::waiting(&mut tx, OFFICER, now.plus_seconds(1), 30).await.unwrap().is_empty());
        let stranger = Uuid::from_u128(0x99);
        assert!(!visit::confirm(&mut tx, ID, 48, OFFICER, now, now).await.unwrap().happened(), "another number");
        assert!(!visit::confirm(&mut tx, ID, 47, stranger, now, now).await.unwrap().happened(), "another officer");
        let late = now.plus_seconds(1);
        assert!(!visit::confirm(&mut tx, ID, 47, OFFICER, late, late).await.unwrap().happened(), "too late");
        assert!(visit::confirm(&mut tx, ID, 47, OFFICER, late, now).await.unwrap().happened());
        assert!(!visit::confirm(&mut tx, ID, 47, OFFICER, late, now).await.unwrap().happened(), "twice");
        assert_eq!(row(&mut tx, ID).await.visit.scanned_at, Some(late));
        assert!(queue::waiting(&mut tx, OFFICER, now, 30).await.unwrap().is_empty(), "served");
    })
    .await;
}

#[tokio::test]
async fn three_tries_void_a_match_until_the_resident_scans_again() {
    each_engine(async |context| {
        let now = context.now();
        let mut tx = ready(&context).await;
        assert_eq!(visit::count_try(&mut tx, ID, OFFICER, now).await.unwrap(), None, "nobody waits");
        visit::offer(&mut tx, ID, 47, OFFICER, now).await.unwrap();
        let stranger = Uuid::from_u128(0x99);
        assert_eq!(visit::count_try(&mut tx, ID, stranger, now).await.unwrap(), None, "another officer");
        assert_eq!(visit::count_try(&mut tx, ID, OFFICER, now.plus_seconds(1)).await.unwrap(), None, "too late");
        for tries in 1..=3 {
            assert_eq!(queue::waiting(&mut tx, OFFICER, now, 30).await.unwrap().len(), 1);
            assert_eq!(visit::count_try(&mut tx, ID, OFFICER, now).await.unwrap(), Some((47, tries)));
        }
        assert_eq!(visit::count_try(&mut tx, ID, OFFICER, now).await.unwrap(), None, "void");
        assert!(!visit::offer_again(&mut tx, ID, 47, OFFICER, now).await.unwrap().happened());
        assert!(queue::waiting(&mut tx, OFFICER, now, 30).await.unwrap().is_empty());
        visit::offer(&mut tx, ID, 11, OFFICER, now).await.unwrap();
        assert_eq!(visit::count_try(&mut tx, ID, OFFICER, now).await.unwrap(), Some((11, 1)));
    })
    .await;
}

#[tokio::test]
async fn one_live_approval_per_resident() {
    each_engine(async |context| {
        let now = context.now();
        let mut tx = checked(&context).await;
        add(&mut tx, OTHER, 2, now).await.unwrap();
        assert!(take_selfie(&mut tx, OTHER, 2, now).await);
        assert!(approve(&mut tx, ID, now).await.unwrap());
        tx.commit().await.unwrap();
        let mut tx = context.db.write().await.unwrap();
        // Without the register's answer: it waits as approved_pending_register.
        assert!(matches!(approve(&mut tx, OTHER, now).await, Err(DbError::Unique)));
        tx.rollback().await.unwrap();
        let mut tx = context.db.write().await.unwrap();
        assert!(!end(&mut tx, ID, Registration::expire, now).await, "it is not due");
        assert!(end(&mut tx, ID, Registration::expire, now.plus_seconds(400 * DAY)).await);
        assert!(answer(&mut tx, OTHER, Answer::Match(RESIDENT), now).await);
        assert!(approve(&mut tx, OTHER, now).await.unwrap(), "the first has ended");
    })
    .await;
}

#[tokio::test]
async fn a_decision_loses_against_a_check_that_finished_meanwhile() {
    each_engine(async |context| {
        let now = context.now();
        let mut tx = ready(&context).await;
        let seen = row(&mut tx, ID).await;
        assert_eq!(check::lease(&mut tx, ID, now, now.plus_seconds(60)).await.unwrap(), Some(1));
        assert!(answer(&mut tx, ID, Answer::UnknownNik, now).await);
        assert!(!answer(&mut tx, ID, Answer::Match(RESIDENT), now).await, "twice");
        assert_eq!(seen.clone().approve(now).unwrap().state(), State::ApprovedPendingRegister);
        assert!(!save(&mut tx, seen.approve(now)).await);
        let seen = row(&mut tx, ID).await;
        assert!(save(&mut tx, seen.reject(now)).await);
    })
    .await;
}

#[tokio::test]
async fn an_approval_that_waited_goes_on_or_back() {
    each_engine(async |context| {
        let now = context.now();
        let later = now.plus_seconds(7 * DAY);
        let mut tx = ready(&context).await;
        let complete = async |tx: &mut _, in_the_way| {
            let seen = row(tx, ID).await;
            save(tx, seen.answered(Answer::Match(RESIDENT)).complete(in_the_way, now)).await
        };
        assert!(!complete(&mut tx, false).await, "nothing waits");
        assert!(scan(&mut tx, 100, OFFICE, now).await);
        assert!(approve(&mut tx, ID, now).await.unwrap());
        assert!(complete(&mut tx, true).await);
        assert_eq!(row(&mut tx, ID).await.state(), State::AwaitingOfficer);
        assert_eq!(row(&mut tx, ID).await.visit.scanned_by, Some(OFFICER), "the resident may still be there");
        assert!(approve(&mut tx, ID, now).await.unwrap());
        let over = row(&mut tx, ID).await;
        let end = over.expires_at;
        assert!(over.answered(Answer::Match(RESIDENT)).complete(false, end).is_err(), "its time is over");
        // The row is whole only with the answer, which is written before.
        check::finish(&mut tx, ID, Answer::Match(RESIDENT), now).await.unwrap().demand().unwrap();
        assert!(complete(&mut tx, false).await);
        let row = row(&mut tx, ID).await;
        assert_eq!((row.progress, row.expires_at), (Progress::CodeSent { resident: RESIDENT }, later));
    })
    .await;
}

#[tokio::test]
async fn checks_are_leased_postponed_and_counted_per_nik() {
    each_engine(async |context| {
        let now = context.now();
        let mut tx = ready(&context).await;
        assert_eq!(check::due(&mut tx, now, 10).await.unwrap(), [ID]);
        assert_eq!(check::lease(&mut tx, ID, now, now.plus_seconds(60)).await.unwrap(), Some(1));
        assert_eq!(check::lease(&mut tx, ID, now, now.plus_seconds(60)).await.unwrap(), None, "leased");
        assert!(check::due(&mut tx, now, 10).await.unwrap().is_empty());
        assert_eq!(check::due(&mut tx, now.plus_seconds(60), 10).await.unwrap(), [ID], "a dead node's lease ends");
        check::postpone(&mut tx, ID, now.plus_seconds(10)).await.unwrap();
        assert!(check::due(&mut tx, now.plus_seconds(9), 10).await.unwrap().is_empty());
        assert_eq!(check::due(&mut tx, now.plus_seconds(10), 10).await.unwrap(), [ID]);
        check::stop(&mut tx, ID).await.unwrap();
        assert!(check::due(&mut tx, now.plus_seconds(10), 10).await.unwrap().is_empty(), "it ended");
        assert_eq!(check::lease(&mut tx, ID, now, now.plus_seconds(60)).await.unwrap(), None);
        check::restart(&mut tx, ID, now).await.unwrap().demand().unwrap();
        assert_eq!(check::lease(&mut tx, ID, now, now.plus_seconds(60)).await.unwrap(), Some(2));
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
            assert!(take_selfie(&mut tx, id, number, now).await);
            let seen = row(&mut tx, id).await;
            assert!(save(&mut tx, seen.assign(OFFICE, now)).await);
        }
        let (mut seen, mut after) = (Vec::new(), (Timestamp::default(), Uuid::nil()));
        loop {
            let page = queue::queue(&mut tx, OFFICE, State::AwaitingOfficer, after, 2).await.unwrap();
            let Some(last) = page.last() else { break };
            after = (last.updated_at, last.registration_id);
            seen.extend(page.iter().map(|row| row.registration_id.as_u128() - 0x100));
        }
        assert_eq!(seen, [0, 1, 2, 3, 4]);
        let nowhere =
            queue::queue(&mut tx, Uuid::nil(), State::AwaitingOfficer, (Timestamp::default(), Uuid::nil()), 9);
        assert!(nowhere.await.unwrap().is_empty());
        let rejected =
            queue::queue(&mut tx, OFFICE, State::Rejected, (Timestamp::default(), Uuid::nil()), 9).await.unwrap();
        assert!(rejected.is_empty());
    })
    .await;
}

#[tokio::test]
async fn pictures_are_kept_replaced_and_deleted_in_time() {
    each_engine(async |context| {
        let now = context.now();
        let mut tx = ready(&context).await;
        assert_eq!(selfie::lookup(&mut tx, ID).await.unwrap(), None);
        selfie::put(&mut tx, ID, &[1], now).await.unwrap();
        selfie::put(&mut tx, ID, &[2], now).await.unwrap();
        assert_eq!(selfie::lookup(&mut tx, ID).await.unwrap(), Some(vec![2]));
        assert_eq!(selfie::taken_at(&mut tx, ID).await.unwrap(), Some(now));
        register_copy::put(&mut tx, ID, &[3], None).await.unwrap();
        register_copy::put(&mut tx, ID, &[4], Some(&[5])).await.unwrap();
        assert_eq!(register_copy::lookup(&mut tx, ID).await.unwrap(), Some((vec![4], Some(vec![5]))));
        assert_eq!(selfie::delete_old(&mut tx, now.plus_seconds(999 * DAY), 9).await.unwrap(), 0);
        let until = now.plus_seconds(7 * DAY);
        selfie::keep_until(&mut tx, ID, until).await.unwrap();
        selfie::keep_until(&mut tx, ID, until.plus_seconds(DAY)).await.unwrap();
        assert_eq!(selfie::delete_old(&mut tx, until.plus_seconds(-1), 9).await.unwrap(), 0);
        assert_eq!(selfie::delete_old(&mut tx, until, 9).await.unwrap(), 1, "the first date counts");
        assert_eq!(selfie::lookup(&mut tx, ID).await.unwrap(), None);
        assert_eq!(register_copy::lookup(&mut tx, ID).await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn what_is_over_is_found_and_the_holder_written() {
    each_engine(async |context| {
        let now = context.now();
        let mut tx = ready(&context).await;
        let end = now.plus_seconds(30 * DAY);
        assert!(registration::due_to_expire(&mut tx, end.plus_seconds(-1), 9).await.unwrap().is_empty());
        assert_eq!(registration::due_to_expire(&mut tx, end, 9).await.unwrap(), [ID]);
        ikd::holder::store::put_record(&mut tx, RESIDENT, &[1], Some(&[2]), now).await.unwrap();
        ikd::holder::store::put_record(&mut tx, RESIDENT, &[3], None, now).await.unwrap();
        tx.commit().await.unwrap();
        let mut tx = context.db.read().await.unwrap();
        assert_eq!(ikd::holder::store::record(&mut tx, RESIDENT).await.unwrap(), Some(vec![3]));
        assert_eq!(ikd::holder::store::portrait(&mut tx, RESIDENT).await.unwrap(), None, "the register sent none");
    })
    .await;
}
