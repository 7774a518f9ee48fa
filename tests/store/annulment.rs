//! The guarded writes of annulments: whatever the program judged before, the row decides.

use ikd::annulment::model::{Annulment, State, WAIT_SECONDS};
use ikd::annulment::store::{self, AnnulledCheck};
use ikd::clock::Timestamp;
use ikd::context::Context;
use ikd::db::{DbError, Tx};
use ikd::office::Scope;
use uuid::Uuid;

use crate::residents::RESIDENT;
use support::each_engine;

const ASKER: Uuid = Uuid::from_u128(0xa);
const OTHER: Uuid = Uuid::from_u128(0xb);

fn asked(context: &Context, resident: Uuid) -> Annulment {
    let now = context.now();
    Annulment {
        annulment_id: context.random.uuid_v7(now),
        resident_id: resident,
        registration_id: Uuid::from_u128(1),
        activated_at: now.plus_seconds(-60),
        office_id: Uuid::from_u128(2),
        written: State::Asked,
        revision: 0,
        asked_by: ASKER,
        asked_at: now,
        expires_at: now.plus_seconds(WAIT_SECONDS),
        ended_at: None,
    }
}

async fn state(tx: &mut Tx, this: &Annulment) -> (State, i64) {
    let found = store::lookup(tx, this.annulment_id).await.unwrap().unwrap();
    (found.written, found.revision)
}

#[tokio::test]
async fn a_grant_is_refused_by_the_row_itself() {
    each_engine(async |context| {
        let (now, this) = (context.now(), asked(&context, RESIDENT));
        let mut tx = context.db.write().await.unwrap();
        store::add(&mut tx, &this, b"x").await.unwrap();
        assert!(!store::grant(&mut tx, &this, ASKER, now).await.unwrap().happened(), "who asked");
        assert!(!store::grant(&mut tx, &this, OTHER, this.expires_at).await.unwrap().happened(), "after its time");
        let stale = Annulment { revision: 7, ..this.clone() };
        assert!(!store::grant(&mut tx, &stale, OTHER, now).await.unwrap().happened(), "another revision");
        assert_eq!(state(&mut tx, &this).await, (State::Asked, 0));
        assert!(store::grant(&mut tx, &this, OTHER, now).await.unwrap().happened());
        assert_eq!(state(&mut tx, &this).await, (State::Granted, 1));
        let granted = store::lookup(&mut tx, this.annulment_id).await.unwrap().unwrap();
        assert!(!store::grant(&mut tx, &granted, OTHER, now).await.unwrap().happened(), "once");
        for ending in [State::Refused, State::Lapsed] {
            assert!(!store::end(&mut tx, &granted, ending, now, None).await.unwrap().happened(), "{ending:?}");
        }
        assert_eq!(store::untold(&mut tx, 10).await.unwrap(), std::slice::from_ref(&granted));
        assert!(store::told(&mut tx, this.annulment_id, now).await.unwrap().happened());
        assert!(!store::told(&mut tx, this.annulment_id, now).await.unwrap().happened());
        assert!(store::untold(&mut tx, 10).await.unwrap().is_empty());
        assert_eq!(store::sweep(&mut tx, now, 10).await.unwrap(), 0, "what was granted stays");
        tx.commit().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn one_waits_for_a_resident_and_what_is_over_is_found() {
    each_engine(async |context| {
        let (now, first, second) = (context.now(), asked(&context, RESIDENT), asked(&context, RESIDENT));
        let mut tx = context.db.write().await.unwrap();
        store::add(&mut tx, &first, b"x").await.unwrap();
        tx.commit().await.unwrap();
        let mut tx = context.db.write().await.unwrap();
        assert!(matches!(store::add(&mut tx, &second, b"x").await, Err(DbError::Unique)));
        drop(tx);
        let mut tx = context.db.write().await.unwrap();
        assert_eq!(store::waiting_for(&mut tx, RESIDENT).await.unwrap().as_ref(), Some(&first));
        let office = first.office_id;
        assert_eq!(
            store::waiting(&mut tx, Scope::tree(office), now.plus_seconds(-1), 10).await.unwrap(),
            std::slice::from_ref(&first)
        );
        assert!(
            store::waiting(&mut tx, Scope::tree(Uuid::from_u128(3)), now.plus_seconds(-1), 10)
                .await
                .unwrap()
                .is_empty()
        );
        assert!(store::over(&mut tx, first.expires_at.plus_seconds(-1), 10).await.unwrap().is_empty());
        assert_eq!(store::over(&mut tx, first.expires_at, 10).await.unwrap(), [first.annulment_id]);
        assert!(store::end(&mut tx, &first, State::Lapsed, now, Some(b"y")).await.unwrap().happened());
        assert_eq!(store::words(&mut tx, first.annulment_id).await.unwrap().as_deref(), Some(&b"y"[..]));
        store::add(&mut tx, &second, b"x").await.unwrap();
        assert_eq!(store::sweep(&mut tx, now, 10).await.unwrap(), 1);
        assert_eq!(store::lookup(&mut tx, first.annulment_id).await.unwrap(), None);
        tx.commit().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_party_is_told_of_a_check_once_and_reads_its_own() {
    each_engine(async |context| {
        let now = context.now();
        let check = |party: u128, id: u128, at: Timestamp| AnnulledCheck {
            relying_party_id: Uuid::from_u128(party),
            verification_id: Uuid::from_u128(id),
            told_id: context.random.uuid_v7(at),
            told_at: at,
            verified_at: now,
            void_since: now,
        };
        let (first, second) = (check(1, 1, now), check(1, 2, now.plus_seconds(5)));
        let mut tx = context.db.write().await.unwrap();
        for row in [&first, &second, &check(2, 3, now)] {
            assert!(store::tell(&mut tx, row).await.unwrap().happened());
        }
        assert!(!store::tell(&mut tx, &check(1, 1, now)).await.unwrap().happened(), "told before");
        let party = Uuid::from_u128(1);
        let read =
            async |tx: &mut Tx, before, since, limit| store::of_party(tx, party, (before, since), limit).await.unwrap();
        let never = Timestamp::default();
        assert_eq!(read(&mut tx, Uuid::max(), never, 10).await, [second.clone(), first.clone()]);
        assert_eq!(read(&mut tx, Uuid::max(), never, 1).await, std::slice::from_ref(&second));
        assert_eq!(read(&mut tx, second.told_id, never, 10).await, [first]);
        assert_eq!(read(&mut tx, Uuid::max(), second.told_at, 10).await, [second]);
        tx.commit().await.unwrap();
    })
    .await;
}
