//! Checks that are committed together: each has its own answer, and none is answered before it is durable.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use ikd::context::Context;
use ikd::credential::{SealedRecord, TokenKind};
use ikd::db::Shards;
use ikd::error::{Code, Error, Result};
use ikd::verification::model::Verdict;
use ikd::verification::{Answer, Service};
use ikd::{execute, fetch_one};
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::verification::{World, add_holder, question, world};
use support::{Engine, context, each_engine};

pub(crate) type RequestLine = JoinHandle<Result<Answer>>;

impl World {
    pub(crate) async fn tokens(&self, holders: usize) -> Vec<(Uuid, String)> {
        let mut tokens = Vec::new();
        for _ in 0..holders {
            let subject = add_holder(&self.context).await;
            tokens.push((subject, self.token_of(SealedRecord { subject, ..self.record(TokenKind::Presentation) })));
        }
        tokens
    }

    pub(crate) fn spawn(&self, service: &Service, token: &str, key: &str) -> RequestLine {
        let (service, party, question) = (service.clone(), self.party.clone(), question(token, key));
        tokio::spawn(async move { service.verify(&party, &question).await })
    }

    /// How many checks are recorded, and how many tokens are spent.
    pub(crate) async fn counts(&self) -> (i64, i64) {
        let mut tx = self.context.db.read().await.unwrap();
        let recorded = fetch_one!(&mut tx, (i64,), "SELECT COUNT(*) FROM verification").unwrap().0;
        let spent = fetch_one!(&mut tx, (i64,), "SELECT COUNT(*) FROM credential WHERE last_spent > 0").unwrap().0;
        (recorded, spent)
    }

    async fn run(&self, statements: &[&'static str]) {
        let mut tx = self.context.db.write().await.unwrap();
        for statement in statements {
            execute!(&mut tx, *statement).unwrap();
        }
        tx.commit().await.unwrap();
    }
}

pub(crate) async fn answers(asked: Vec<RequestLine>) -> Vec<Result<Answer>> {
    let mut answers = Vec::new();
    for answer in asked {
        answers.push(answer.await.unwrap());
    }
    answers
}

pub(crate) fn codes(answers: &[Result<Answer>]) -> HashMap<&'static str, usize> {
    let mut codes = HashMap::new();
    for answer in answers {
        let name = match answer {
            Ok(answer) => answer.verdict.result(),
            Err(error) => error.code().unwrap().as_str(),
        };
        *codes.entry(name).or_default() += 1;
    }
    codes
}

#[tokio::test]
async fn many_holders_at_once_each_get_their_own_answer() {
    each_engine(async |context| {
        let world = world(context).await;
        // More than fit in a batch, and every size of remainder.
        for holders in [1, 2, 3, 7, 100] {
            let tokens = world.tokens(holders).await;
            let before = world.counts().await;
            let asked = tokens
                .iter()
                .enumerate()
                .map(|(at, (_, token))| world.spawn(&world.service, token, &format!("{holders}-{at}")));
            for ((holder, _), answer) in tokens.iter().zip(answers(asked.collect()).await) {
                let answer = answer.unwrap();
                assert_eq!(answer.verdict, Verdict::Valid);
                let history = world.service.history(*holder, None, 10).await.unwrap();
                assert_eq!(history.items.len(), 1);
                assert_eq!(history.items[0].verification_id, answer.verification_id);
                assert_eq!(history.items[0].receipt, answer.receipt);
            }
            let (recorded, spent) = world.counts().await;
            assert_eq!((recorded - before.0, spent - before.1), (holders as i64, holders as i64));
        }
    })
    .await;
}

#[tokio::test]
async fn copies_of_many_tokens_have_one_winner_each_also_on_two_nodes() {
    each_engine(async |context| {
        let world = world(context).await;
        let other = Service::new(world.context.clone(), world.keyring.clone());
        let tokens = world.tokens(50).await;
        let mut asked = Vec::new();
        for copy in 0..4 {
            let service = if copy % 2 == 0 { &world.service } else { &other };
            // The nodes meet the tokens in opposite orders.
            let mut order: Vec<_> = tokens.iter().enumerate().collect();
            if copy % 2 == 1 {
                order.reverse();
            }
            asked
                .extend(order.into_iter().map(|(at, (_, token))| world.spawn(service, token, &format!("{at}-{copy}"))));
        }
        let answers = answers(asked).await;
        assert_eq!(codes(&answers), HashMap::from([("valid", 50), ("invalid", 150)]));
        assert!(answers.iter().flatten().all(|answer| matches!(answer.verdict.reason(), "" | "already_used")));
        for (holder, _) in tokens {
            let history = world.service.history(holder, None, 10).await.unwrap();
            let valid = history.items.iter().filter(|item| item.verdict == Verdict::Valid).count();
            let refused: i64 =
                history.items.iter().filter(|item| item.verdict != Verdict::Valid).map(|item| 1 + item.repeats).sum();
            assert_eq!((valid, refused), (1, 3));
        }
    })
    .await;
}

#[tokio::test]
async fn copies_of_one_request_on_two_nodes_get_one_answer() {
    each_engine(async |context| {
        let world = world(context).await;
        let other = Service::new(world.context.clone(), world.keyring.clone());
        let tokens = world.tokens(20).await;
        let asked = (0..80).map(|copy| {
            let service = if copy % 2 == 0 { &world.service } else { &other };
            world.spawn(service, &tokens[copy % 20].1, &format!("key-{}", copy % 20))
        });
        let mut ids = HashMap::new();
        for (copy, answer) in answers(asked.collect()).await.into_iter().enumerate() {
            let answer = answer.unwrap();
            assert_eq!(answer.verdict, Verdict::Valid);
            assert_eq!(*ids.entry(copy % 20).or_insert(answer.verification_id), answer.verification_id);
        }
        assert_eq!(world.counts().await, (20, 20));
    })
    .await;
}

#[tokio::test]
async fn a_token_in_two_batches_under_way_has_one_winner_and_holds_up_no_other() {
    each_engine(async |context| {
        let world = world(context).await;
        let other = Service::new(world.context.clone(), world.keyring.clone());
        let nodes = [&world.service, &other];
        let shards = world.context.db.shards();
        let mut tokens = world.tokens(1).await;
        // Where there are shards, each has as many batches under way as these two nodes hold here: the others are of other ones.
        while tokens.len() < 3 {
            let next = world.tokens(1).await.remove(0);
            if shards == Shards::ONE || shards.of(next.0) != shards.of(tokens[0].0) {
                tokens.push(next);
            }
        }
        let (holder, token) = &tokens[0];
        // Who holds the credential's row (on SQLite: the file) keeps the batches under way that would spend its token.
        let mut holding = world.context.db.write().await.unwrap();
        let touch = "UPDATE credential SET last_spent = last_spent WHERE resident_id = $1";
        execute!(&mut holding, touch, *holder).unwrap();
        let (mut same, mut late) = (Vec::new(), Vec::new());
        for node in nodes {
            same.push(world.spawn(node, token, "same"));
            // The first of each node is in a batch under way before anything else comes.
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
        for copy in 0..6 {
            late.push(world.spawn(nodes[copy % 2], token, &format!("late-{copy}")));
            same.push(world.spawn(nodes[copy % 2], token, "same"));
        }
        let one_by_one = world.context.db.engine() == "sqlite";
        let mut others: Vec<_> =
            nodes.iter().zip(&tokens[1..]).map(|(node, (_, t))| world.spawn(node, t, "o")).collect();
        if !one_by_one {
            for other in others.drain(..) {
                // Without a second batch it would wait for as long as the row is held: for ever.
                let answer = tokio::time::timeout(Duration::from_secs(60), other).await;
                let answer = answer.expect("a second batch goes abreast").unwrap().unwrap();
                assert_eq!(answer.verdict, Verdict::Valid);
            }
            assert!(same.iter().chain(&late).all(|asked| !asked.is_finished()));
        }
        holding.rollback().await.unwrap();
        let same = answers(same).await;
        assert_eq!(codes(&same), HashMap::from([("valid", 8)]));
        let ids: HashSet<_> = same.iter().flatten().map(|answer| answer.verification_id).collect();
        assert_eq!(ids.len(), 1, "a repetition has the first answer");
        let late = answers(late).await;
        assert!(late.iter().flatten().all(|answer| answer.verdict.reason() == "already_used"));
        assert_eq!(codes(&late), HashMap::from([("invalid", 6)]));
        answers(others).await;
        let history = world.service.history(*holder, None, 20).await.unwrap();
        assert_eq!(history.items.iter().filter(|item| item.verdict == Verdict::Valid).count(), 1);
        assert_eq!(world.counts().await.1, 3);
    })
    .await;
}

#[tokio::test]
async fn repetitions_on_the_server_are_answered_where_their_batch_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let world = world(context(Engine::Postgres, folder.path()).await).await;
    let tokens = world.tokens(20).await;
    let ask = |at: usize| world.spawn(&world.service, &tokens[at].1, &format!("key-{at}"));
    let first = answers((0..10).map(ask).collect()).await;
    // Whoever looked for an earlier answer beside the batches would find no connection.
    let mut rest = Vec::new();
    for _ in 0..8 {
        rest.push(world.context.db.read().await.unwrap());
    }
    let asked = (0..10).chain(0..20).map(ask).collect();
    let again =
        tokio::time::timeout(Duration::from_secs(10), answers(asked)).await.expect("without another connection");
    drop(rest);
    assert_eq!(codes(&again), HashMap::from([("valid", 30)]));
    let shown = |answer: &Answer| {
        let content = answer.content.as_ref().expect("within ten minutes");
        (answer.verification_id, answer.receipt.clone(), serde_json::to_value(&content.attributes).unwrap())
    };
    for (at, first) in first.iter().enumerate() {
        let first = shown(first.as_ref().unwrap());
        assert_eq!(shown(again[at].as_ref().unwrap()), first);
        assert_eq!(shown(again[10 + at].as_ref().unwrap()), first);
    }
    assert_eq!(world.counts().await, (20, 20));
    // The key of one token with another one is a mismatch, and with another key a used token is refused: as ever.
    let mixed = world.spawn(&world.service, &tokens[0].1, "key-1").await.unwrap().unwrap();
    assert_eq!(mixed.verdict.reason(), "already_used", "a key is a holder's");
    world.context.db.close().await;
}

#[tokio::test]
async fn a_key_that_was_used_before_harms_nobody_else_in_the_batch() {
    each_engine(async |context| {
        let world = world(context).await;
        let tokens = world.tokens(20).await;
        let (holder, first) = &tokens[7];
        assert!(world.spawn(&world.service, first, "key-7").await.unwrap().is_ok());
        // A newer token of the same holder under the same key: another body.
        world.context.clock.advance(1);
        let newer = world.token_of(SealedRecord { subject: *holder, ..world.record(TokenKind::Presentation) });
        let asked = tokens.iter().enumerate().map(|(at, (_, token))| {
            world.spawn(&world.service, if at == 7 { &newer } else { token }, &format!("key-{at}"))
        });
        let answers = answers(asked.collect()).await;
        assert_eq!(codes(&answers), HashMap::from([("valid", 19), ("idempotency_mismatch", 1)]));
        assert_eq!(answers[7].as_ref().unwrap_err().code(), Some(Code::IdempotencyMismatch));
        let fresh = world.spawn(&world.service, &newer, "fresh").await.unwrap().unwrap();
        assert_eq!(fresh.verdict, Verdict::Valid, "the mismatch did not spend it");
    })
    .await;
}

/// Makes every commit that spends fail: embedded in the last statement, on the server at COMMIT itself.
async fn break_commits(world: &World) {
    if world.context.db.engine() == "sqlite" {
        world
            .run(&[
                "CREATE TRIGGER broken AFTER UPDATE ON credential BEGIN SELECT RAISE(ABORT, 'broken by a test'); END",
            ])
            .await;
    } else {
        world
            .run(&[
                "CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS \
                 $$ BEGIN RAISE EXCEPTION 'broken by a test'; END $$",
                "CREATE CONSTRAINT TRIGGER broken AFTER UPDATE ON credential DEFERRABLE INITIALLY DEFERRED \
                 FOR EACH ROW EXECUTE FUNCTION broken()",
            ])
            .await;
    }
}

async fn mend_commits(world: &World) {
    let statement =
        if world.context.db.engine() == "sqlite" { "DROP TRIGGER broken" } else { "DROP TRIGGER broken ON credential" };
    world.run(&[statement]).await;
}

#[tokio::test]
async fn a_commit_that_fails_is_undetermined_to_all_and_leaves_nothing() {
    each_engine(async |context| {
        let world = world(context).await;
        let tokens = world.tokens(30).await;
        let ask = || {
            let asked =
                tokens.iter().enumerate().map(|(at, (_, token))| world.spawn(&world.service, token, &format!("{at}")));
            answers(asked.collect())
        };
        break_commits(&world).await;
        let failed = ask().await;
        assert_eq!(codes(&failed), HashMap::from([("undetermined", 30)]));
        for error in failed.iter().filter_map(|answer| answer.as_ref().err()) {
            assert!(matches!(error, Error::Refused(refusal) if refusal.retry_after.is_some()));
        }
        assert_eq!(world.counts().await, (0, 0));
        mend_commits(&world).await;
        assert_eq!(codes(&ask().await), HashMap::from([("valid", 30)]), "repeated with the same keys");
        assert_eq!(world.counts().await, (30, 30));
    })
    .await;
}

#[tokio::test]
async fn beyond_the_limit_is_overloaded_and_can_be_repeated() {
    each_engine(async |mut context| {
        let mut config = (*context.config).clone();
        config.limits.verifications = 4;
        context = context.altered(|sources| sources.config = Arc::new(config));
        let world = world(context).await;
        let tokens = world.tokens(40).await;
        let asked =
            tokens.iter().enumerate().map(|(at, (_, token))| world.spawn(&world.service, token, &format!("{at}")));
        let first = answers(asked.collect()).await;
        let counted = codes(&first);
        let (valid, overloaded) = (counted["valid"], counted["overloaded"]);
        assert_eq!(valid + overloaded, 40);
        // One client alone has half of the places.
        assert!(valid >= 2 && overloaded > 0, "{counted:?}");
        for error in first.iter().filter_map(|answer| answer.as_ref().err()) {
            assert!(matches!(error, Error::Refused(refusal) if refusal.retry_after.is_some()));
        }
        assert_eq!(world.counts().await, (valid as i64, valid as i64));
        for (at, (_, token)) in tokens.iter().enumerate() {
            let answer = world.spawn(&world.service, token, &format!("{at}")).await.unwrap().unwrap();
            assert_eq!(answer.verdict, Verdict::Valid);
        }
    })
    .await;
}

#[tokio::test]
async fn a_stop_commits_what_is_queued_and_takes_nothing_more() {
    each_engine(async |context| {
        let world = world(context).await;
        let tokens = world.tokens(60).await;
        let asked: Vec<_> = tokens
            .iter()
            .enumerate()
            .map(|(at, (_, token))| world.spawn(&world.service, token, &format!("{at}")))
            .collect();
        tokio::time::sleep(Duration::from_millis(3)).await;
        world.service.drain().await;
        let counted = codes(&answers(asked).await);
        let valid = counted.get("valid").copied().unwrap_or(0);
        assert_eq!(valid + counted.get("overloaded").copied().unwrap_or(0), 60, "{counted:?}");
        assert_eq!(world.counts().await, (valid as i64, valid as i64), "nothing was answered that is not durable");
        let late = world.spawn(&world.service, &world.tokens(1).await[0].1, "late").await.unwrap();
        assert_eq!(late.unwrap_err().code(), Some(Code::Overloaded));
        // Another node goes on.
        let other = Service::new(world.context.clone(), world.keyring.clone());
        for (at, (_, token)) in tokens.iter().enumerate() {
            let answer = world.spawn(&other, token, &format!("{at}")).await.unwrap().unwrap();
            assert_eq!(answer.verdict, Verdict::Valid);
        }
        assert_eq!(world.counts().await, (60, 60));
    })
    .await;
}

#[tokio::test]
async fn a_caller_that_hung_up_can_ask_again() {
    each_engine(async |context: Context| {
        let world = world(context).await;
        let tokens = world.tokens(30).await;
        let asked: Vec<_> = tokens
            .iter()
            .enumerate()
            .map(|(at, (_, token))| world.spawn(&world.service, token, &format!("{at}")))
            .collect();
        tokio::task::yield_now().await;
        for (at, task) in asked.iter().enumerate() {
            if at % 2 == 0 {
                task.abort();
            }
        }
        for task in asked {
            let _ = task.await;
        }
        for (at, (_, token)) in tokens.iter().enumerate() {
            let answer = world.spawn(&world.service, token, &format!("{at}")).await.unwrap().unwrap();
            assert_eq!(answer.verdict, Verdict::Valid, "recorded or not, the answer is the same");
        }
        assert_eq!(world.counts().await, (30, 30));
    })
    .await;
}
