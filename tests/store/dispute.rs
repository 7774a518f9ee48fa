//! The guarded writes of disputes.

use ikd::context::Context;
use ikd::db::DbError;
use ikd::dispute::model::{Dispute, Ending, Finding, PartyAnswer, State, due};
use ikd::dispute::store;
use uuid::Uuid;

use crate::residents::RESIDENT;
use support::each_engine;

const PARTY: Uuid = Uuid::from_u128(0xba);

fn opened(context: &Context, check: u128, state: State) -> Dispute {
    let now = context.now();
    Dispute {
        dispute_id: context.random.uuid_v7(now),
        resident_id: RESIDENT,
        relying_party_id: PARTY,
        verification_id: Uuid::from_u128(check),
        verified_at: now,
        purpose: String::from("open_account"),
        state,
        opened_at: now,
        due_at: due(now),
        asked_at: (state == State::AskedParty).then_some(now),
        answer: None,
        ending: None,
    }
}

#[tokio::test]
async fn an_answer_counts_once_in_its_time_and_only_of_who_was_asked() {
    each_engine(async |context| {
        let now = context.now();
        let (asked, unasked) = (opened(&context, 1, State::AskedParty), opened(&context, 2, State::Opened));
        let answer = |at| PartyAnswer { finding: Finding::Misused, words_sealed: b"x".to_vec(), at };
        let mut tx = context.db.write().await.unwrap();
        for dispute in [&asked, &unasked] {
            store::add(&mut tx, dispute).await.unwrap();
        }
        assert!(
            !store::answer(&mut tx, unasked.dispute_id, &answer(now)).await.unwrap().happened(),
            "nobody was asked"
        );
        assert!(!store::answer(&mut tx, asked.dispute_id, &answer(asked.due_at)).await.unwrap().happened(), "too late");
        assert!(store::answer(&mut tx, asked.dispute_id, &answer(now)).await.unwrap().happened());
        assert!(!store::answer(&mut tx, asked.dispute_id, &answer(now)).await.unwrap().happened(), "once");
        assert!(!store::close(&mut tx, &asked, Ending::Withdrawn, now).await.unwrap().happened(), "answered since");
        let answered = store::lookup(&mut tx, asked.dispute_id).await.unwrap().unwrap();
        assert_eq!((answered.state, answered.answer.clone()), (State::Answered, Some(answer(now))));
        assert!(store::close(&mut tx, &answered, Ending::Read, now).await.unwrap().happened());
        assert!(!store::close(&mut tx, &answered, Ending::Read, now).await.unwrap().happened());
        assert!(store::ask(&mut tx, unasked.dispute_id, now).await.unwrap().happened());
        assert!(!store::ask(&mut tx, unasked.dispute_id, now).await.unwrap().happened());
        tx.commit().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn lists_and_what_time_does_find_what_they_should() {
    each_engine(async |context| {
        let now = context.now();
        let (asked, unasked) = (opened(&context, 1, State::AskedParty), opened(&context, 2, State::Opened));
        let mut tx = context.db.write().await.unwrap();
        for dispute in [&asked, &unasked] {
            store::add(&mut tx, dispute).await.unwrap();
        }
        assert_eq!(store::of_check(&mut tx, asked.verification_id, RESIDENT).await.unwrap().as_ref(), Some(&asked));
        assert_eq!(store::of_check(&mut tx, asked.verification_id, PARTY).await.unwrap(), None, "another's check");
        assert_eq!(store::of_holder(&mut tx, RESIDENT, Uuid::max(), 10).await.unwrap().len(), 2);
        assert_eq!(store::of_party(&mut tx, PARTY, Uuid::max(), 10).await.unwrap(), std::slice::from_ref(&asked));
        assert_eq!(store::unasked(&mut tx, 10).await.unwrap(), std::slice::from_ref(&unasked));
        assert!(store::overdue(&mut tx, asked.due_at.plus_seconds(-1), 10).await.unwrap().is_empty());
        assert_eq!(store::overdue(&mut tx, asked.due_at, 10).await.unwrap().len(), 2);
        let answer = PartyAnswer { finding: Finding::Unknown, words_sealed: b"x".to_vec(), at: now };
        assert!(store::answer(&mut tx, asked.dispute_id, &answer).await.unwrap().happened());
        assert!(store::read(&mut tx, now.plus_seconds(-1), 10).await.unwrap().is_empty());
        assert_eq!(store::read(&mut tx, now, 10).await.unwrap().len(), 1);
        tx.commit().await.unwrap();

        let mut tx = context.db.write().await.unwrap();
        let again = Dispute { dispute_id: Uuid::from_u128(9), ..asked };
        assert!(matches!(store::add(&mut tx, &again).await, Err(DbError::Unique)), "one for each check");
        drop(tx);
        let mut tx = context.db.write().await.unwrap();
        store::erase(&mut tx, RESIDENT).await.unwrap();
        assert!(store::of_holder(&mut tx, RESIDENT, Uuid::max(), 10).await.unwrap().is_empty());
        tx.commit().await.unwrap();
    })
    .await;
}
