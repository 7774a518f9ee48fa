//! The outbox and the allowance per address.

use std::collections::HashSet;

use ikd::activation_code::ports::ACTIVATION_CODE;
use ikd::clock::{DAY, HOUR, Timestamp};
use ikd::context::Context;
use ikd::holder::mail::FOREIGN_REGISTRATION;
use ikd::mail::outbox::{self, AfterFailure, Leased, Stats};
use ikd::mail::{MailKind, MailState};
use uuid::Uuid;

use support::each_engine;

const KIND: MailKind = ACTIVATION_CODE;

async fn enqueue(context: &Context, reference: Uuid) -> Uuid {
    let mut tx = context.db.write().await.unwrap();
    let id = outbox::enqueue(&mut tx, &context.random, context.now(), KIND, reference).await.unwrap();
    tx.commit().await.unwrap();
    id
}

async fn lease(context: &Context, limit: i64) -> Vec<Leased> {
    let mut tx = context.db.write().await.unwrap();
    let leased = outbox::lease(&mut tx, &context.random, context.now(), limit).await.unwrap();
    tx.commit().await.unwrap();
    leased
}

async fn state(context: &Context, reference: Uuid) -> Option<MailState> {
    outbox::state(&mut context.db.read().await.unwrap(), KIND, reference, context.now())
        .await
        .unwrap()
        .map(|(state, _)| state)
}

async fn fail(context: &Context, leased: &Leased) -> AfterFailure {
    let mut tx = context.db.write().await.unwrap();
    let after = outbox::mark_failed(&mut tx, &context.random, leased, context.now(), "smtp 451").await.unwrap();
    tx.commit().await.unwrap();
    after
}

#[tokio::test]
async fn a_message_lives_and_dies_with_the_transaction_that_enqueued_it() {
    each_engine(async |context| {
        let reference = Uuid::from_u128(1);
        let mut tx = context.db.write().await.unwrap();
        outbox::enqueue(&mut tx, &context.random, context.now(), KIND, reference).await.unwrap();
        tx.rollback().await.unwrap();
        assert_eq!(state(&context, reference).await, None);
        assert!(!outbox::any_due(&mut context.db.read().await.unwrap(), context.now()).await.unwrap());

        let id = enqueue(&context, reference).await;
        assert_eq!(state(&context, reference).await, Some(MailState::Queued));
        let other_kind =
            outbox::state(&mut context.db.read().await.unwrap(), FOREIGN_REGISTRATION, reference, context.now()).await;
        assert_eq!(other_kind.unwrap(), None, "a message to somebody else is not this registration's");

        assert!(outbox::any_due(&mut context.db.read().await.unwrap(), context.now()).await.unwrap());
        let leased = lease(&context, 10).await;
        assert_eq!(leased.len(), 1);
        assert_eq!((leased[0].mail_id, leased[0].reference, leased[0].attempts), (id, reference, 1));
        assert_eq!(leased[0].kind, KIND.as_str());
        let mut tx = context.db.write().await.unwrap();
        assert!(outbox::mark_sent(&mut tx, &leased[0], context.now()).await.unwrap().happened());
        assert!(!outbox::mark_sent(&mut tx, &leased[0], context.now()).await.unwrap().happened(), "only once");
        tx.commit().await.unwrap();
        assert_eq!(state(&context, reference).await, Some(MailState::Sent));
        assert!(lease(&context, 10).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_lease_excludes_others_until_it_runs_out() {
    each_engine(async |context| {
        enqueue(&context, Uuid::from_u128(1)).await;
        let first = lease(&context, 10).await.remove(0);
        context.clock.advance(outbox::LEASE_SECONDS - 1);
        assert!(lease(&context, 10).await.is_empty());
        context.clock.advance(1);
        let second = lease(&context, 10).await.remove(0);
        assert_eq!((second.mail_id, second.attempts), (first.mail_id, 2));
        // The first holder comes back from the dead: whatever it notes does not count.
        assert_eq!(fail(&context, &first).await, AfterFailure::Lost);
        let mut tx = context.db.write().await.unwrap();
        assert!(!outbox::mark_sent(&mut tx, &first, context.now()).await.unwrap().happened());
        assert!(!outbox::mark_dropped(&mut tx, &first).await.unwrap().happened());
        assert!(!outbox::park(&mut tx, &first, "x").await.unwrap().happened());
        assert!(outbox::mark_sent(&mut tx, &second, context.now()).await.unwrap().happened());
        tx.commit().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn parallel_takers_never_hold_the_same_message() {
    each_engine(async |context| {
        for number in 0..60 {
            enqueue(&context, Uuid::from_u128(number)).await;
        }
        let takers = (0..8).map(|_| {
            let context = context.clone();
            tokio::spawn(async move {
                let (mut taken, mut idle) = (Vec::new(), 0);
                while idle < 3 {
                    let mut tx = context.db.write().await.unwrap();
                    // A deadlock among takers is an answer too: nothing was taken.
                    let batch = outbox::lease(&mut tx, &context.random, context.now(), 4).await.unwrap_or_default();
                    if tx.commit().await.is_err() {
                        continue;
                    }
                    idle = if batch.is_empty() { idle + 1 } else { 0 };
                    taken.extend(batch.into_iter().map(|leased| leased.mail_id));
                }
                taken
            })
        });
        let all: Vec<Uuid> =
            futures_util::future::join_all(takers).await.into_iter().flat_map(Result::unwrap).collect();
        assert_eq!(all.len(), 60);
        assert_eq!(all.iter().collect::<HashSet<_>>().len(), 60);
    })
    .await;
}

#[tokio::test]
async fn failures_back_off_and_a_day_later_the_message_is_parked_visibly() {
    each_engine(async |context| {
        let reference = Uuid::from_u128(1);
        enqueue(&context, reference).await;
        let created = context.now();
        let (mut attempts, mut due_before) = (0, created);
        loop {
            let leased = lease(&context, 1).await.remove(0);
            attempts += 1;
            assert_eq!(leased.attempts, attempts);
            match fail(&context, &leased).await {
                AfterFailure::RetryAt(due) => {
                    assert!(due > due_before && due.seconds_since(context.now()) <= HOUR);
                    assert_eq!(state(&context, reference).await, Some(MailState::Queued));
                    context.clock.advance(due.seconds_since(context.now()) - 1);
                    assert!(lease(&context, 1).await.is_empty(), "not before its time");
                    context.clock.advance(2);
                    due_before = due;
                }
                AfterFailure::Parked => break,
                AfterFailure::Lost => panic!("nobody else works here"),
            }
        }
        let lasted = context.now().seconds_since(created);
        assert!((DAY..DAY + 60).contains(&lasted), "{lasted}");
        assert!((25..60).contains(&attempts), "{attempts}");
        assert_eq!(state(&context, reference).await, Some(MailState::Failed));
        context.clock.advance(DAY);
        assert!(lease(&context, 1).await.is_empty());
        // Asking for the message again makes a new one, whose state counts.
        enqueue(&context, reference).await;
        assert_eq!(state(&context, reference).await, Some(MailState::Queued));
    })
    .await;
}

#[tokio::test]
async fn a_dropped_message_leaves_the_state_of_the_one_before() {
    each_engine(async |context| {
        let reference = Uuid::from_u128(1);
        enqueue(&context, reference).await;
        let leased = lease(&context, 1).await.remove(0);
        let mut tx = context.db.write().await.unwrap();
        assert!(outbox::mark_dropped(&mut tx, &leased).await.unwrap().happened());
        tx.commit().await.unwrap();
        assert_eq!(state(&context, reference).await, None);
        assert!(lease(&context, 1).await.is_empty());
    })
    .await;
}

async fn allow(context: &Context, address: &[u8]) -> bool {
    let mut tx = context.db.write().await.unwrap();
    let allowed = outbox::allow(&mut tx, KIND, address, context.now()).await.unwrap();
    tx.commit().await.unwrap();
    allowed.happened()
}

#[tokio::test]
async fn an_address_gets_three_at_once_then_one_an_hour() {
    each_engine(async |context| {
        for expected in [true, true, true, false] {
            assert_eq!(allow(&context, b"victim").await, expected);
        }
        assert!(allow(&context, b"other").await, "each address for itself");
        context.clock.advance(HOUR - 1);
        assert!(!allow(&context, b"victim").await);
        context.clock.advance(1);
        assert!(allow(&context, b"victim").await);
        assert!(!allow(&context, b"victim").await);
        // Refusals cost nothing: after three hours the burst is whole again.
        context.clock.advance(3 * HOUR);
        for expected in [true, true, true, false] {
            assert_eq!(allow(&context, b"victim").await, expected);
        }
        // What was rolled back was not used.
        context.clock.advance(HOUR);
        let mut tx = context.db.write().await.unwrap();
        assert!(outbox::allow(&mut tx, KIND, b"victim", context.now()).await.unwrap().happened());
        tx.rollback().await.unwrap();
        assert!(allow(&context, b"victim").await);
    })
    .await;
}

#[tokio::test]
async fn warnings_use_up_nothing_of_the_codes_and_what_comes_meanwhile_is_told_once_later() {
    each_engine(async |context| {
        let reserve = async |kind, ahead| {
            let mut tx = context.db.write().await.unwrap();
            let due = outbox::reserve(&mut tx, kind, b"holder", context.now(), ahead).await.unwrap();
            tx.commit().await.unwrap();
            due.map(|due| due.seconds_since(context.now()))
        };
        let warning = FOREIGN_REGISTRATION;
        for expected in [Some(0), Some(HOUR), None, None] {
            assert_eq!(reserve(warning, HOUR).await, expected);
        }
        for expected in [Some(0), Some(0), Some(0), None] {
            assert_eq!(reserve(KIND, 0).await, expected, "three codes as ever");
        }
        context.clock.advance(600);
        let turn =
            outbox::next_turn(&mut context.db.read().await.unwrap(), KIND, b"holder", context.now()).await.unwrap();
        assert_eq!(turn.seconds_since(context.now()), HOUR - 600);
        assert_eq!(reserve(KIND, 2 * HOUR).await, Some(HOUR - 600), "the next turn");
        assert_eq!(reserve(KIND, 2 * HOUR).await, Some(2 * HOUR - 600), "and the one after it");
        assert_eq!(reserve(KIND, 2 * HOUR).await, None);
    })
    .await;
}

#[tokio::test]
async fn a_message_that_waits_for_its_turn_is_held_and_goes_out_then() {
    each_engine(async |context| {
        let (reference, due) = (Uuid::from_u128(4), context.now().plus_seconds(HOUR));
        let mut tx = context.db.write().await.unwrap();
        outbox::enqueue_at(&mut tx, &context.random, (context.now(), due), KIND, reference).await.unwrap();
        tx.commit().await.unwrap();
        assert!(lease(&context, 1).await.is_empty());
        assert_eq!(state(&context, reference).await, Some(MailState::Held));
        context.clock.advance(HOUR);
        assert_eq!(state(&context, reference).await, Some(MailState::Queued));
        assert_eq!(lease(&context, 1).await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn parallel_callers_share_one_allowance() {
    each_engine(async |context| {
        let callers = (0..40).map(|_| {
            let context = context.clone();
            tokio::spawn(async move { allow(&context, b"victim").await })
        });
        let answers = futures_util::future::join_all(callers).await;
        assert_eq!(answers.into_iter().filter(|answer| *answer.as_ref().unwrap()).count(), 3);
    })
    .await;
}

#[tokio::test]
async fn health_sees_waiting_and_parked_messages_and_old_rows_go() {
    each_engine(async |context| {
        let stats = async || outbox::stats(&mut context.db.read().await.unwrap(), context.now()).await.unwrap();
        assert_eq!(stats().await, Stats { oldest_queued_seconds: None, parked: 0 });
        enqueue(&context, Uuid::from_u128(1)).await;
        context.clock.advance(90);
        enqueue(&context, Uuid::from_u128(2)).await;
        assert_eq!(stats().await, Stats { oldest_queued_seconds: Some(90), parked: 0 });
        let leased = lease(&context, 1).await.remove(0);
        let mut tx = context.db.write().await.unwrap();
        assert!(outbox::park(&mut tx, &leased, "smtp 550 5.1.1").await.unwrap().happened());
        tx.commit().await.unwrap();
        assert_eq!(stats().await, Stats { oldest_queued_seconds: Some(0), parked: 1 });
        allow(&context, b"somebody").await;

        let sweep = async |at: Timestamp| {
            let mut tx = context.db.write().await.unwrap();
            let rows = outbox::sweep(&mut tx, at, 100).await.unwrap();
            tx.commit().await.unwrap();
            rows
        };
        assert_eq!(sweep(context.now()).await, 0);
        context.clock.advance(outbox::KEEP_SECONDS + 1);
        assert_eq!(sweep(context.now()).await, 2, "the parked message and the allowance");
        assert_eq!(state(&context, Uuid::from_u128(2)).await, Some(MailState::Queued), "what waits is never swept");
    })
    .await;
}
