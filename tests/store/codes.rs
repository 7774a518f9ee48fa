//! Codes that stand for presentations: what the statements promise, who may guess how often, and on how many nodes.

use ikd::context::Context;
use ikd::credential::TokenKind;
use ikd::error::{Code, Error};
use ikd::secret::Redacted;
use ikd::vault::Vault;
use ikd::verification::Service;
use ikd::verification::code::model::{MOST_OF_EMPLOYEE, MOST_OF_PARTY, WINDOW_SECONDS};
use ikd::verification::code::service::Redeemed;
use ikd::verification::code::{Codes, Guesser, PresentationCode, store};
use ikd::verification::model::{IdempotencyKey, Presented, Question};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::verification::{question, world};
use support::each_engine;

const PARTY: Guesser = Guesser { relying_party_id: Uuid::from_u128(1), employee_id: None };
const OTHER: Guesser = Guesser { relying_party_id: Uuid::from_u128(2), employee_id: None };

const KEY: IdempotencyKey = IdempotencyKey([7; 16]);

fn employee(id: u128) -> Guesser {
    Guesser { employee_id: Some(Uuid::from_u128(id)), ..PARTY }
}

fn code(number: u64) -> PresentationCode {
    PresentationCode::from_number(number)
}

async fn token_of(codes: &Codes, context: &Context, typed: &PresentationCode) -> Option<String> {
    match codes.redeem(typed, OTHER, &KEY, context.now()).await.unwrap() {
        Redeemed::Token(token) => Some(token.into_inner()),
        Redeemed::Nothing => None,
    }
}

/// The seconds to wait, of a refusal.
fn wait<T: std::fmt::Debug>(result: Result<T, Error>) -> u64 {
    match result.unwrap_err() {
        Error::Refused(refusal) if refusal.code == Code::TooMany => refusal.retry_after.unwrap(),
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn statements_keep_void_and_forget() {
    each_engine(async |context| {
        let now = context.now();
        let (siti, budi) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let mut tx = context.db.write().await.unwrap();
        assert!(store::add(&mut tx, b"a", siti, b"sealed", now.plus_seconds(90)).await.unwrap().happened());
        assert!(!store::add(&mut tx, b"a", budi, b"other", now.plus_seconds(90)).await.unwrap().happened(), "taken");
        assert!(store::add(&mut tx, b"b", budi, b"other", now.plus_seconds(91)).await.unwrap().happened());
        let row = store::find(&mut tx, b"a").await.unwrap().unwrap();
        assert_eq!((row.resident_id, row.sealed.as_slice()), (siti, &b"sealed"[..]));
        assert!(store::find(&mut tx, b"c").await.unwrap().is_none());
        assert_eq!(store::sweep(&mut tx, now.plus_seconds(90)).await.unwrap(), 1);
        assert_eq!(store::void(&mut tx, siti).await.unwrap(), 0);
        assert_eq!(store::void(&mut tx, budi).await.unwrap(), 1);
        assert!(store::find(&mut tx, b"b").await.unwrap().is_none());

        let (party, other) = (Uuid::from_u128(8), Uuid::from_u128(9));
        assert!(store::use_up(&mut tx, party, &KEY.0, siti, now).await.unwrap().happened());
        assert!(!store::use_up(&mut tx, party, &KEY.0, budi, now).await.unwrap().happened(), "the first use stays");
        assert_eq!(store::used_for(&mut tx, party, &KEY.0).await.unwrap(), Some(siti));
        assert_eq!(store::used_for(&mut tx, other, &KEY.0).await.unwrap(), None);
        assert_eq!(store::sweep_used(&mut tx, now.plus_seconds(-1)).await.unwrap(), 0);
        assert_eq!(store::sweep_used(&mut tx, now).await.unwrap(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_code_leads_to_its_token_on_every_node_and_the_database_tells_neither() {
    each_engine(async |context| {
        let (here, there) = (Codes::new(context.clone()), Codes::new(context.clone()));
        let (siti, until) = (Uuid::from_u128(7), context.now().plus_seconds(90));
        let first = here.give(siti, "TOKEN ONE", until).await.unwrap();
        assert_eq!(token_of(&there, &context, &first).await.as_deref(), Some("TOKEN ONE"));
        assert_eq!(
            token_of(&there, &context, &first).await.as_deref(),
            Some("TOKEN ONE"),
            "spending is the token's affair"
        );
        let second = here.give(siti, "TOKEN TWO", until).await.unwrap();
        assert_ne!(first, second);
        assert_eq!(token_of(&there, &context, &first).await, None, "a newer one voids it");
        assert_eq!(token_of(&there, &context, &second).await.as_deref(), Some("TOKEN TWO"));
        let others = here.give(Uuid::from_u128(8), "TOKEN THREE", until).await.unwrap();
        assert_eq!(token_of(&there, &context, &second).await.as_deref(), Some("TOKEN TWO"), "another's does not");

        let mut tx = context.db.read().await.unwrap();
        let rows = ikd::fetch_all!(&mut tx, (Vec<u8>, Vec<u8>), "SELECT code_index, sealed FROM presentation_code");
        for (index, sealed) in rows.unwrap() {
            let holds = |bytes: &[u8], text: &str| bytes.windows(text.len()).any(|part| part == text.as_bytes());
            for text in [second.expose(), others.expose(), "TOKEN"] {
                assert!(!holds(&index, text) && !holds(&sealed, text));
            }
        }
        drop(tx);
        // With another root secret the index is another.
        let stranger = Codes::new(context.altered(|sources| sources.vault = Vault::single([8; 32])));
        assert_eq!(token_of(&stranger, &context, &second).await, None);

        context.clock.advance(90);
        assert!(here.sweep().await.unwrap() >= 2);
        assert_eq!(token_of(&there, &context, &others).await, None);
    })
    .await;
}

#[tokio::test]
async fn wrong_codes_are_limited_by_party_and_by_employee_and_right_ones_are_not_counted() {
    each_engine(async |context| {
        let codes = Codes::new(context.clone());
        let good = codes.give(Uuid::from_u128(7), "TOKEN", context.now().plus_seconds(90)).await.unwrap();
        let now = context.now();
        for guess in 0..MOST_OF_EMPLOYEE {
            assert_eq!(codes.left(employee(5), now).await.unwrap(), MOST_OF_EMPLOYEE - guess);
            assert!(matches!(codes.redeem(&good, employee(5), &KEY, now).await.unwrap(), Redeemed::Token(_)));
            assert!(matches!(codes.redeem(&code(3), employee(5), &KEY, now).await.unwrap(), Redeemed::Nothing));
        }
        assert_eq!(wait(codes.redeem(&code(3), employee(5), &KEY, now).await), WINDOW_SECONDS as u64);
        assert_eq!(wait(codes.redeem(&good, employee(5), &KEY, now.plus_seconds(1)).await), WINDOW_SECONDS as u64 - 1);
        assert_eq!(codes.left(PARTY, now).await.unwrap(), MOST_OF_PARTY - MOST_OF_EMPLOYEE);
        // A colleague, and the party's own programs.
        assert!(matches!(codes.redeem(&good, employee(6), &KEY, now).await.unwrap(), Redeemed::Token(_)));
        for _ in 0..MOST_OF_PARTY - MOST_OF_EMPLOYEE {
            assert!(matches!(codes.redeem(&code(3), PARTY, &KEY, now).await.unwrap(), Redeemed::Nothing));
        }
        for guesser in [PARTY, employee(6)] {
            assert_eq!(wait(codes.redeem(&good, guesser, &KEY, now).await), WINDOW_SECONDS as u64);
            assert_eq!(codes.left(guesser, now).await.unwrap(), 0);
        }
        assert!(matches!(codes.redeem(&good, OTHER, &KEY, now).await.unwrap(), Redeemed::Token(_)), "another party");
        let later = now.plus_seconds(WINDOW_SECONDS);
        assert_eq!(codes.left(employee(5), later).await.unwrap(), MOST_OF_EMPLOYEE);
        assert!(matches!(codes.redeem(&good, employee(5), &KEY, later).await.unwrap(), Redeemed::Token(_)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parallel_guesses_on_two_nodes_do_not_pass_the_limit() {
    each_engine(async |context| {
        let nodes = [Codes::new(context.clone()), Codes::new(context.clone())];
        let mut running = JoinSet::new();
        for guess in 0..40_u64 {
            let (codes, now) = (nodes[guess as usize % 2].clone(), context.now());
            running.spawn(async move {
                loop {
                    match codes.redeem(&code(guess), employee(5), &KEY, now).await {
                        Ok(Redeemed::Nothing) => return true,
                        Err(Error::Refused(refusal)) if refusal.code == Code::TooMany => return false,
                        // What lost a race is asked again, as the verifier does.
                        Err(Error::Db(_)) => {}
                        other => panic!("{other:?}"),
                    }
                }
            });
        }
        let compared = running.join_all().await.into_iter().filter(|compared| *compared).count();
        assert_eq!(compared as i64, MOST_OF_EMPLOYEE);
    })
    .await;
}

#[tokio::test]
async fn what_recognises_a_question_with_a_code_cannot_be_tried_out() {
    each_engine(async |context| {
        let world = world(context.clone()).await;
        let codes = Codes::new(context.clone());
        let token = world.token_of(world.record(TokenKind::Presentation));
        let given = codes.give(Uuid::from_u128(7), &token, context.now().plus_seconds(90)).await.unwrap();
        let mut question = crate::verification::question("", "k");
        question.shown = Presented::Code(given.clone());
        world.service.verify(&world.party, &question).await.unwrap();
        let mut tx = context.db.read().await.unwrap();
        let stored = ikd::fetch_one!(&mut tx, (Vec<u8>,), "SELECT body_hash FROM verification").unwrap().0;
        let scanned = Question { shown: Presented::Token(Redacted(given.expose().to_owned())), ..question.clone() };
        assert_ne!(stored, question.body_hash(), "not the plain hash");
        assert_ne!(stored, scanned.body_hash());
    })
    .await;
}

#[tokio::test]
async fn checking_a_qr_asks_nothing_of_codes() {
    each_engine(async |context| {
        let world = world(context.clone()).await;
        let mut tx = context.db.write().await.unwrap();
        for table in ["DROP TABLE presentation_code", "DROP TABLE code_use"] {
            ikd::execute!(&mut tx, table).unwrap();
        }
        tx.commit().await.unwrap();
        let token = world.token_of(world.record(TokenKind::Presentation));
        for (token, key, expected) in
            [(token.as_str(), "a", ""), (&token, "b", "already_used"), ("NONSENSE", "c", "malformed")]
        {
            let answer = world.service.verify(&world.party, &crate::verification::question(token, key)).await.unwrap();
            assert_eq!((answer.verdict.reason(), answer.tries_left), (expected, None));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_and_its_qr_together_are_used_once_whatever_the_keys() {
    each_engine(async |context| {
        let world = world(context.clone()).await;
        let codes = Codes::new(context.clone());
        let nodes = [world.service.clone(), Service::new(context.clone(), world.keyring.clone())];
        for round in 0..5 {
            context.clock.advance(1);
            let record = world.record(TokenKind::Presentation);
            let token = world.token_of(record);
            let given = codes.give(record.subject, &token, context.now().plus_seconds(90)).await.unwrap();
            let mut running = JoinSet::new();
            for number in 0..24_usize {
                let (node, party) = (nodes[number % 2].clone(), world.party.clone());
                // Twelve with the code and twelve with the QR, each under three keys, none of them both's.
                let scanned = number % 4 < 2;
                let mut question = question(&token, &format!("{round}-{scanned}-{}", number % 3));
                if !scanned {
                    question.shown = Presented::Code(given.clone());
                }
                running.spawn(async move { node.verify(&party, &question).await.unwrap() });
            }
            let answers = running.join_all().await;
            let (valid, refused): (Vec<_>, Vec<_>) =
                answers.into_iter().partition(|answer| answer.verdict.result() == "valid");
            assert!(!valid.is_empty() && valid.iter().all(|one| one.verification_id == valid[0].verification_id));
            assert!(refused.iter().all(|one| one.verdict.reason() == "already_used"));
        }
    })
    .await;
}

#[tokio::test]
async fn a_key_that_changes_between_qr_and_code_keeps_its_first_answer() {
    each_engine(async |context| {
        let world = world(context.clone()).await;
        let codes = Codes::new(context.clone());
        let ask = async |question: &Question| world.service.verify(&world.party, question).await;
        let typed = |code: &PresentationCode, key: &str| {
            let shown = Presented::Code(code.clone());
            Question { shown, ..question("", key) }
        };
        let record = world.record(TokenKind::Presentation);
        let token = world.token_of(record);
        let given = codes.give(record.subject, &token, context.now().plus_seconds(90)).await.unwrap();
        let first = ask(&typed(&given, "a")).await.unwrap();
        assert_eq!(first.verdict.result(), "valid");
        assert_eq!(ask(&question(&token, "a")).await.unwrap_err().code(), Some(Code::IdempotencyMismatch));
        assert_eq!(ask(&typed(&code(1), "a")).await.unwrap_err().code(), Some(Code::IdempotencyMismatch));

        context.clock.advance(1);
        let newer = world.presentation();
        let scanned = ask(&question(&newer, "b")).await.unwrap();
        assert_eq!(scanned.verdict.result(), "valid");
        // The code under the QR that was used, and then one that nobody has.
        let record = world.record(TokenKind::Presentation);
        let given = codes.give(record.subject, &newer, context.now().plus_seconds(90)).await.unwrap();
        assert_eq!(ask(&typed(&given, "b")).await.unwrap_err().code(), Some(Code::IdempotencyMismatch));
        assert_eq!(ask(&typed(&code(2), "b")).await.unwrap_err().code(), Some(Code::IdempotencyMismatch));
        assert_eq!(ask(&typed(&code(2), "c")).await.unwrap().verdict.reason(), "unknown_code");

        // When all has expired and been swept, repetitions still get what they got.
        context.clock.advance(1_000);
        codes.sweep().await.unwrap();
        assert_eq!(ask(&question(&newer, "b")).await.unwrap().verification_id, scanned.verification_id);
        assert_eq!(ask(&typed(&code(2), "c")).await.unwrap().verdict.reason(), "unknown_code");
        assert_eq!(codes.left(OTHER, context.now()).await.unwrap(), MOST_OF_PARTY);
    })
    .await;
}
