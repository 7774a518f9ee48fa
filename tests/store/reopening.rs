//! A closure is undone, and at the same moment its data are erased, it is annulled, the person is active anew, or it is undone once more:
//! one of the two wins, and what the loser leaves is what the other order leaves.

use std::sync::Arc;

use ikd::audit::Actor;
use ikd::clock::{DAY, Timestamp};
use ikd::context::Context;
use ikd::error::Error;
use ikd::holder::ports::{self as holder, NewHolder, Stopped};
use ikd::holder::{CredentialState, Reason};
use ikd::life::ports::{self as life, By};
use tokio::sync::Barrier;
use uuid::Uuid;

use crate::residents::{Holder, RESIDENT, later, record};
use support::{Engine, context, each_engine};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    Reopen,
    Erase,
    Annul,
    Enrol,
}

async fn closed(context: &Context) -> (Holder, i64, Timestamp) {
    closed_by(context, By::holder(RESIDENT)).await
}

async fn closed_by(context: &Context, by: By) -> (Holder, i64, Timestamp) {
    for sql in [
        "DELETE FROM holder_record WHERE resident_id = $1",
        "DELETE FROM holder_portrait WHERE resident_id = $1",
        "DELETE FROM credential_status WHERE resident_id = $1",
        "DELETE FROM credential WHERE resident_id = $1",
        "DELETE FROM credential_holder WHERE resident_id = $1",
        "DELETE FROM device_binding WHERE resident_id = $1",
        "DELETE FROM holder_nik WHERE resident_id = $1",
    ] {
        let mut tx = context.db.write().await.unwrap();
        ikd::execute!(&mut tx, sql, RESIDENT).unwrap();
        tx.commit().await.unwrap();
    }
    let holder = Holder::make(context).await;
    let now = context.now();
    let mut tx = context.db.write().await.unwrap();
    let stopped = life::stop(context, &mut tx, RESIDENT, Reason::Closed, (now, None), by).await.unwrap();
    assert!(matches!(stopped, Stopped::Now(_)));
    let generation = holder::credential(&mut tx, RESIDENT).await.unwrap().unwrap().generation;
    tx.commit().await.unwrap();
    (holder, generation, now)
}

/// The event that closed it; of what is not closed there is none.
async fn closing(tx: &mut ikd::db::Tx) -> Uuid {
    holder::status(tx, RESIDENT).await.unwrap().map_or(Uuid::nil(), |status| status.event_id)
}

/// Whether it went through.
async fn run(context: &Context, act: Act, generation: i64, since: Timestamp) -> bool {
    let now = context.now();
    let mut tx = context.db.write().await.unwrap();
    let done: Result<bool, Error> = async {
        match act {
            // The two clocks differ: to the one it is not yet a day, to the other it is.
            Act::Reopen => {
                let after = since.plus_seconds(-1);
                let closing = closing(&mut tx).await;
                life::reopen(context, &mut tx, (RESIDENT, generation), closing, (after, now)).await.map(|()| true)
            }
            Act::Erase => holder::erase(context, &mut tx, RESIDENT, since).await.map(|erased| erased.is_some()),
            Act::Annul => {
                let by = By { actor: Actor::System, office_id: None };
                let stopped = life::stop(context, &mut tx, RESIDENT, Reason::Annulled, (now, None), by).await?;
                Ok(matches!(stopped, Stopped::Now(_)))
            }
            Act::Enrol => {
                let device = ikd::device::client::DeviceKey::generate(&context.random);
                let pin = ikd::device::client::PinKey::from_seed(&[2; 32]);
                let new = NewHolder {
                    resident_id: RESIDENT,
                    registration_id: Uuid::from_u128(2),
                    device: device.thumbprint(),
                    pin_public_key: pin.public().unwrap(),
                    email: None,
                    language: ikd::error::Language::Indonesian,
                    nik: record().nik,
                };
                holder::enrol(context, &mut tx, &new, now).await.map(|()| true)
            }
        }
    }
    .await;
    match done {
        Ok(done) => {
            tx.commit().await.unwrap();
            done
        }
        Err(Error::Refused(_)) => false,
        Err(error) => panic!("{act:?}: {error}"),
    }
}

async fn race(context: &Context, other: Act) -> [bool; 2] {
    let (_, generation, since) = closed(context).await;
    let barrier = Arc::new(Barrier::new(2));
    let runs = [Act::Reopen, other].map(|act| {
        let (context, barrier) = (context.clone(), Arc::clone(&barrier));
        tokio::spawn(async move {
            barrier.wait().await;
            run(&context, act, generation, since).await
        })
    });
    let [reopened, happened] = runs;
    let went = [reopened.await.unwrap(), happened.await.unwrap()];
    let mut tx = context.db.read().await.unwrap();
    let credential = holder::credential(&mut tx, RESIDENT).await.unwrap().unwrap();
    let status = holder::status(&mut tx, RESIDENT).await.unwrap();
    let record = holder::kept_record(context, &mut tx, RESIDENT).await.unwrap().is_some();
    let on_phone = holder::is_on_phone(&mut tx, RESIDENT).await.unwrap();
    let state = credential.standing.state();
    match other {
        // One of the two; what was reopened is whole, and what was erased is gone.
        Act::Erase => {
            assert_ne!(went[0], went[1], "{went:?}");
            assert_eq!(state == CredentialState::Active, went[0]);
            assert_eq!((record, on_phone), (went[0], went[0]), "half erased");
        }
        // Whoever annuls has the last word, in either order.
        Act::Annul => {
            assert!(went[1]);
            assert_eq!(state, CredentialState::Deactivated);
            assert_eq!(status.map(|status| status.reason), Some(Reason::Annulled));
        }
        Act::Enrol | Act::Reopen => {
            assert_ne!(went[0], went[1], "{other:?} {went:?}");
            assert_eq!((state, status), (CredentialState::Active, None));
            assert!(record && on_phone);
        }
    }
    went
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_undo_and_what_ends_it_for_good_have_one_winner() {
    for (engine, rounds) in [(Engine::Postgres, 25), (Engine::Sqlite, 8)] {
        let folder = tempfile::tempdir().unwrap();
        let context = context(engine, folder.path()).await;
        for other in [Act::Erase, Act::Annul, Act::Enrol, Act::Reopen] {
            let mut first = 0;
            for _ in 0..rounds {
                later(&context, DAY);
                first += usize::from(race(&context, other).await[0]);
            }
            println!("{engine:?}: of {rounds} undos at the moment of {other:?} {first} went through");
        }
        context.db.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_closed_now_or_is_of_another_generation_is_not_reopened() {
    each_engine(async |context| {
        let (_, generation, since) = closed(&context).await;
        let reopen = async |generation: i64, after: Timestamp| {
            let mut tx = context.db.write().await.unwrap();
            let closing = closing(&mut tx).await;
            let times = (after, context.now());
            // Another closing than the one that was judged, by a counter say.
            let other = Uuid::from_u128(99);
            assert!(life::reopen(&context, &mut tx, (RESIDENT, generation), other, times).await.is_err());
            let done = life::reopen(&context, &mut tx, (RESIDENT, generation), closing, times).await;
            if done.is_ok() {
                tx.commit().await.unwrap();
            }
            done.is_ok()
        };
        assert!(!reopen(generation - 1, since.plus_seconds(-1)).await, "of an earlier generation");
        assert!(!reopen(generation, since).await, "closed as long ago as what is erased");
        assert!(reopen(generation, since.plus_seconds(-1)).await);
        assert!(!reopen(generation + 1, since.plus_seconds(-1)).await, "active");
        for reason in Reason::ALL.iter().filter(|reason| **reason != Reason::Closed) {
            let mut tx = context.db.write().await.unwrap();
            let by = By { actor: Actor::System, office_id: None };
            life::stop(&context, &mut tx, RESIDENT, *reason, (context.now(), None), by).await.unwrap();
            let now = holder::credential(&mut tx, RESIDENT).await.unwrap().unwrap().generation;
            tx.commit().await.unwrap();
            assert!(!reopen(now, since.plus_seconds(-1)).await, "{reason:?}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_who_closed_it_with_the_pin_is_told_that_it_can_be_undone_and_for_a_day() {
    each_engine(async |context| {
        for (actor, until) in [(Actor::Resident(RESIDENT), Some(DAY)), (Actor::Officer(Uuid::from_u128(9)), None)] {
            later(&context, DAY);
            let (_, _, since) = closed_by(&context, By { actor, office_id: None }).await;
            let mut tx = context.db.read().await.unwrap();
            let status = holder::status(&mut tx, RESIDENT).await.unwrap().unwrap();
            for (seconds, said) in [(0, until), (DAY - 1, until), (DAY, None)] {
                let now = since.plus_seconds(seconds);
                let told = life::undo_until(&mut tx, RESIDENT, &status, now).await.unwrap();
                assert_eq!(told, said.map(|seconds| since.plus_seconds(seconds)), "{actor:?} after {seconds}");
            }
        }
    })
    .await;
}
