//! What refusals may leave behind: keys of repeated ones, an hour's allowance, and for how long.

use std::sync::Arc;

use ikd::attribute::AttributeSet;
use ikd::clock::{DAY, HOUR};
use ikd::context::Context;
use ikd::credential::{SealedRecord, TokenKind};
use ikd::db::DbError;
use ikd::error::Code;
use ikd::verification::model::{Question, Verdict};
use ikd::verification::quota::{self, RepeatRow};
use ikd::verification::{Answer, Service};
use ikd::{execute, fetch_one};
use uuid::Uuid;

use crate::verification::{World, question, world};
use support::each_engine;

async fn ask(world: &World, token: &str, key: &str) -> Result<Answer, Option<Code>> {
    world.service.verify(&world.party, &question(token, key)).await.map_err(|error| error.code())
}

async fn count(context: &Context, sql: &'static str) -> i64 {
    fetch_one!(&mut context.db.read().await.unwrap(), (i64,), sql).unwrap().0
}

#[tokio::test]
async fn repetitions_keep_their_keys() {
    each_engine(async |context| {
        let (party, now) = (Uuid::from_u128(1), context.now());
        let mut tx = context.db.write().await.unwrap();
        let row = RepeatRow {
            relying_party_id: party,
            idempotency_key: vec![1; 16],
            resident_id: Uuid::from_u128(3),
            verification_id: Uuid::from_u128(4),
            body_hash: vec![2; 32],
            asked_at: now,
        };
        quota::keep(&mut tx, &row).await.unwrap();
        assert_eq!(quota::kept(&mut tx, party, &[1; 16], row.resident_id).await.unwrap(), Some(row.clone()));
        assert_eq!(quota::kept(&mut tx, party, &[1; 16], party).await.unwrap(), None);
        assert_eq!(quota::forget_repeats(&mut tx, now.plus_seconds(-1), 9).await.unwrap(), 0);
        assert_eq!(quota::forget_repeats(&mut tx, now, 9).await.unwrap(), 1);
        assert_eq!(quota::forget_refusals(&mut tx, now, 9).await.unwrap(), 0);
        quota::keep(&mut tx, &row).await.unwrap();
        assert!(matches!(quota::keep(&mut tx, &row).await, Err(DbError::Unique)));
    })
    .await;
}

#[tokio::test]
async fn a_repeated_refusal_gets_its_answer_again_whatever_happened_since() {
    each_engine(async |context| {
        let world = world(context.clone()).await;
        let token = world.presentation();
        assert_eq!(ask(&world, &token, "one").await.unwrap().verdict, Verdict::Valid);
        let first = ask(&world, &token, "two").await.unwrap();
        let collapsed = ask(&world, &token, "three").await.unwrap();
        assert_eq!((first.verdict.reason(), collapsed.verdict.reason()), ("already_used", "already_used"));
        assert_eq!(collapsed.verification_id, first.verification_id);
        // Another question about the holder under the same key.
        let fewer = Question { attributes: Some(AttributeSet::EMPTY), ..question(&token, "three") };
        let refused = world.service.verify(&world.party, &fewer).await.map_err(|error| error.code());
        assert_eq!(refused.unwrap_err(), Some(Code::IdempotencyMismatch));
        // The holder is blocked, the token expires: the same question has the same answer.
        let mut tx = context.db.write().await.unwrap();
        execute!(&mut tx, "UPDATE credential SET state = 'blocked', generation = 2").unwrap();
        tx.commit().await.unwrap();
        context.clock.advance(100);
        let again = ask(&world, &token, "three").await.unwrap();
        assert_eq!((again.verification_id, again.verdict.reason()), (first.verification_id, "already_used"));
        assert_eq!(again.receipt, first.receipt);
        assert_eq!(ask(&world, &token, "four").await.unwrap().verdict.reason(), "expired", "a new question is new");
        context.clock.advance(2 * DAY);
        world.service.sweep().await.unwrap();
        assert_eq!(count(&context, "SELECT COUNT(*) FROM verification_repeat").await, 0);
    })
    .await;
}

#[tokio::test]
async fn what_is_not_yet_valid_stays_so_for_its_question() {
    each_engine(async |context| {
        let world = world(context.clone()).await;
        let record = world.record(TokenKind::Presentation);
        let early = world.token_of(SealedRecord { issued: context.now().plus_seconds(30), ..record });
        for key in ["one", "two"] {
            assert_eq!(ask(&world, &early, key).await.unwrap().verdict.reason(), "not_yet_valid");
        }
        context.clock.advance(31);
        for key in ["one", "two"] {
            assert_eq!(ask(&world, &early, key).await.unwrap().verdict.reason(), "not_yet_valid", "{key}");
        }
        assert_eq!(ask(&world, &early, "three").await.unwrap().verdict, Verdict::Valid);
    })
    .await;
}

#[tokio::test]
async fn a_party_fills_its_log_no_faster_than_its_hour_allows() {
    each_engine(async |context| {
        let mut config = (*context.config).clone();
        config.limits.refusals_per_hour = 3;
        let context = context.altered(|sources| sources.config = Arc::new(config));
        let world = world(context.clone()).await;
        let token = world.presentation();
        for key in ["a", "b", "c"] {
            assert_eq!(ask(&world, "NONSENSE", key).await.unwrap().verdict.reason(), "malformed");
        }
        assert_eq!(ask(&world, "NONSENSE", "d").await.unwrap_err(), Some(Code::TooMany));
        assert_eq!(ask(&world, "NONSENSE", "a").await.unwrap().verdict.reason(), "malformed", "answered before");
        assert_eq!(ask(&world, &token, "e").await.unwrap().verdict, Verdict::Valid, "good QRs go on");
        assert_eq!(ask(&world, &token, "f").await.unwrap().verdict.reason(), "already_used", "and their history");
        assert_eq!(ask(&world, &token, "g").await.unwrap_err(), Some(Code::TooMany));
        assert_eq!(count(&context, "SELECT COUNT(*) FROM verification_refusal").await, 3);
        assert_eq!(count(&context, "SELECT COALESCE(MAX(repeats), 0) FROM verification").await, 0, "nothing half done");
        let other: Service = world.service.clone();
        let key = world.parties.add("Bank Lain", world.party.entitled, &world.party.purposes).await.unwrap().1;
        let neighbour = world.parties.authentication().authenticate(&key.expose()).await.unwrap();
        assert!(other.verify(&neighbour, &question("NONSENSE", "d")).await.is_ok(), "a party's own hour");
        context.clock.advance(HOUR);
        assert_eq!(ask(&world, "NONSENSE", "d").await.unwrap().verdict.reason(), "malformed");
        context.clock.advance(30 * DAY - HOUR - 1);
        world.service.sweep().await.unwrap();
        assert_eq!(count(&context, "SELECT COUNT(*) FROM verification_refusal").await, 5);
        context.clock.advance(HOUR + 1);
        world.service.sweep().await.unwrap();
        assert_eq!(count(&context, "SELECT COUNT(*) FROM verification_refusal").await, 0);
    })
    .await;
}
