//! A QR works once, for ninety seconds, while its holder is active; and asking again gives the same answer.

use std::collections::HashMap;

use ikd::attribute::AttributeSet;
use ikd::credential::{FileSigner, Issuer, SealedRecord, TokenKind, TokenSealer, text};
use ikd::relying_party::operator::Amendment;
use serde_json::json;
use support::answer::Answer;
use tokio::task::JoinSet;
use uuid::Uuid;

use support::world::{Applicant, BANK, World};
use support::{each_engine, until};

const CHECKS: &str = "SELECT CAST(COUNT(*) AS BIGINT) FROM verification WHERE resident_id = $1";
const VALID: &str = "SELECT CAST(COUNT(*) AS BIGINT) FROM verification WHERE resident_id = $1 AND result = 'valid'";
const REFUSED: &str =
    "SELECT CAST(SUM(repeats + 1) AS BIGINT) FROM verification WHERE resident_id = $1 AND result = 'invalid'";
const BLOCK: &str = "UPDATE credential SET state = 'blocked', generation = generation + 1 WHERE resident_id = $1";

/// Asks about many tokens at once, each with its key; the answers in the order of the questions.
async fn all_at_once(world: &World, questions: Vec<(String, String)>) -> Vec<Answer> {
    let mut running = JoinSet::new();
    for (place, (token, key)) in questions.into_iter().enumerate() {
        let bank = world.bank();
        running.spawn(async move { (place, bank.verify(&token, "open_account", &key).await) });
    }
    let mut answers = running.join_all().await;
    answers.sort_by_key(|(place, _)| *place);
    answers.into_iter().map(|(_, answer)| answer.expect(200)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_64_parallel_clients_with_one_token_exactly_one_is_told_valid() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let applicant = world.active(&world.people[0]).await;
        let token = world.present(&applicant, "basic").await;
        let questions = (0..64).map(|_| (token.clone(), world.key())).collect();
        let verdicts: Vec<_> = all_at_once(&world, questions).await.iter().map(Answer::verdict).collect();
        assert_eq!(verdicts.iter().filter(|verdict| *verdict == "valid").count(), 1);
        assert_eq!(verdicts.iter().filter(|verdict| *verdict == "already_used").count(), 63);
        let resident = world.resident_id(&applicant.record).await;
        assert_eq!(world.count(VALID, resident).await, 1);
        assert_eq!(world.count(REFUSED, resident).await, 63, "each refusal is counted in the history");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_eight_tokens_asked_in_parallel_none_works_twice_and_the_newest_works() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let applicant = world.active(&world.people[0]).await;
        let mut tokens = Vec::new();
        for _ in 0..8 {
            tokens.push(world.present(&applicant, "basic").await);
        }
        let questions = (0..64).map(|number| (tokens[number % 8].clone(), world.key())).collect();
        let answers = all_at_once(&world, questions).await;
        let mut valid: HashMap<usize, usize> = HashMap::new();
        for (number, answer) in answers.iter().enumerate() {
            match answer.verdict().as_str() {
                "valid" => *valid.entry(number % 8).or_default() += 1,
                other => assert_eq!(other, "already_used"),
            }
        }
        assert!(valid.values().all(|count| *count == 1), "{valid:?}");
        assert_eq!(valid.get(&7), Some(&1), "nothing voids the newest: {valid:?}");
        for token in &tokens {
            assert_eq!(world.verify(token).await, "already_used");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_key_has_one_effect_and_one_answer() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let applicant = world.active(&world.people[0]).await;
        let token = world.present(&applicant, "basic").await;
        let mut running = JoinSet::new();
        for _ in 0..32 {
            let (bank, token) = (world.bank(), token.clone());
            running.spawn(async move {
                loop {
                    let answer = bank.verify(&token, "open_account", "one").await;
                    // A copy in flight may be said so; then the answer is fetched again.
                    if answer.code() != "request_in_flight" {
                        return answer.expect(200).json;
                    }
                }
            });
        }
        let answers = running.join_all().await;
        assert_eq!(answers[0]["result"], "valid");
        assert!(answers.iter().all(|answer| *answer == answers[0]), "all 32 got the same answer");
        let resident = world.resident_id(&applicant.record).await;
        assert_eq!(world.count(CHECKS, resident).await, 1);

        // The same key with another body.
        let newer = world.present(&applicant, "basic").await;
        for body in [
            json!({"token": token, "purpose": "age_check"}),
            json!({"token": token, "purpose": "open_account", "attributes": ["full_name"]}),
            json!({"token": newer, "purpose": "open_account"}),
        ] {
            let answer = world.bank().verify_body(&body, "one").await;
            assert_eq!(answer.expect(422).code(), "idempotency_mismatch", "{body}");
        }
        assert_eq!(world.count(CHECKS, resident).await, 1);
        assert_eq!(world.verify(&newer).await, "valid", "a mismatch spends nothing");

        // A refusal is an answer too.
        for (token, reason) in [(token.as_str(), "already_used"), ("NONSENSE", "malformed")] {
            let ask = async || world.bank().verify(token, "open_account", reason).await.expect(200).json;
            let (first, again) = (ask().await, ask().await);
            assert_eq!((&first["reason"], &first), (&json!(reason), &again));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attributes_are_told_again_for_ten_minutes_and_the_receipt_for_ever() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let applicant = world.active(&world.people[0]).await;
        let token = world.present(&applicant, "basic").await;
        let ask = async || world.bank().verify(&token, "open_account", "k").await.expect(200).json;
        let first = ask().await;
        world.later(599);
        assert_eq!(ask().await, first, "expired long ago, yet the same answer");
        world.later(1);
        let later = ask().await;
        assert_eq!((&later["result"], &later["receipt"]), (&first["result"], &first["receipt"]));
        assert!(later.get("attributes").is_none() && later.get("portrait").is_none());
        world.later(86_400);
        assert_eq!(ask().await["receipt"], first["receipt"]);
        assert_eq!(world.verify(&token).await, "expired");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_party_is_not_entitled_to_any_more_is_not_told_again() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let applicant = world.active(&world.people[0]).await;
        let token = world.present(&applicant, "basic").await;
        let ask = async || world.bank().verify(&token, "open_account", "k").await.expect(200).json;
        let first = ask().await;
        assert!(first["attributes"]["full_name"].is_string());
        let fewer = Amendment::SetAttributes(AttributeSet::AGE);
        world.app.relying_parties.amend(BANK, fewer).await.unwrap();
        // A recognised key, with what its party may, is remembered for less than a second.
        let again = until("less is told", 10, async || Some(ask().await).filter(|again| *again != first)).await;
        assert_eq!((&again["result"], &again["receipt"]), (&first["result"], &first["receipt"]));
        assert!(again.get("attributes").is_none() && again.get("portrait").is_none(), "{again}");
        world.app.relying_parties.amend(BANK, Amendment::SetAttributes(AttributeSet::FULL)).await.unwrap();
        until("all is told again", 10, async || (ask().await == first).then_some(())).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn using_a_newer_qr_voids_older_ones() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let applicant = world.active(&world.people[0]).await;
        let older = world.present(&applicant, "basic").await;
        world.later(5);
        let newer = world.present(&applicant, "basic").await;
        assert_eq!(world.verify(&newer).await, "valid");
        assert_eq!(world.verify(&older).await, "already_used");
        // Within one stopped microsecond too.
        let (older, newer) = (world.present(&applicant, "age").await, world.present(&applicant, "age").await);
        assert_eq!(world.verify(&older).await, "valid");
        assert_eq!(world.verify(&newer).await, "valid");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_qr_lives_ninety_seconds_by_the_servers_clock() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let applicant = world.active(&world.people[0]).await;
        for (number, (seconds, expected)) in [
            (-3_600, "not_yet_valid"),
            (-61, "not_yet_valid"),
            (-11, "not_yet_valid"),
            (-10, "valid"),
            (-1, "valid"),
            (0, "valid"),
            (1, "valid"),
            (60, "valid"),
            (89, "valid"),
            (90, "expired"),
            (91, "expired"),
            (3_600, "expired"),
        ]
        .into_iter()
        .enumerate()
        {
            if number == 6 {
                // Ten offline QRs of one holder live at once.
                world.later(95);
            }
            for offline in [false, true] {
                let body = json!({"share": ["full_name"], "offline": offline});
                let answer = applicant.client.post("/v1/me/presentations", &body).await;
                let token = answer.expect(200).text("token");
                world.later(seconds);
                let told = world.verify(&token).await;
                world.later(-seconds);
                assert_eq!(told, expected, "{seconds} s, offline: {offline}");
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_blocked_holder_shows_nothing() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let applicant = world.active(&world.people[0]).await;
        let token = world.present(&applicant, "basic").await;
        let offline = json!({"share": ["full_name"], "offline": true});
        let offline = applicant.client.post("/v1/me/presentations", &offline).await.text("token");
        let used = world.present(&applicant, "basic").await;
        let answered = world.bank().verify(&used, "open_account", "before").await.json;
        world.change(BLOCK, world.resident_id(&applicant.record).await).await;
        let questions = (0..16).map(|_| (token.clone(), world.key())).collect();
        for answer in all_at_once(&world, questions).await {
            assert_eq!(answer.verdict(), "holder_not_active");
            assert_eq!(answer.json["attributes"], json!({}));
        }
        assert_eq!(world.verify(&offline).await, "holder_not_active");
        let again = world.bank().verify(&used, "open_account", "before").await.json;
        assert_eq!(again, answered, "what was answered before stays answered");
        applicant.client.get("/v1/me").await.expect_problem(401, "session_ended");
        applicant.client.unlock().await.expect_problem(423, "blocked");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_failing_check_names_the_reason() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let applicant = world.active(&world.people[0]).await;
        let good = world.present(&applicant, "basic").await;
        let waiting = world.waiting(&world.people[1]).await;
        let activation = world.activation_token(&waiting).await;
        let counter = world.desk().await.post("/v1/officer/counter-tokens", &json!({})).await;
        let counter = counter.text("token");

        let cose = text::decode(&good).unwrap();
        let mut forged = cose.clone();
        *forged.last_mut().unwrap() ^= 1;
        let mut trailing = cose.clone();
        trailing.push(0);
        let text = |cose: &[u8]| text::encode(cose);
        let stranger = FileSigner::from_seed(&[77; 32]);
        let sealer = TokenSealer::new(world.context.vault.clone());
        let name = &world.context.config.service.issuer;
        let record = SealedRecord {
            kind: TokenKind::Presentation,
            subject: Uuid::from_u128(5),
            generation: 1,
            issued: world.context.now(),
            attributes: 1,
        };
        let strange = Issuer { signer: &stranger, sealer: &sealer, random: &world.random, name }.issue(record).unwrap();
        let nobody = world.app.keyring.issue(record).await.unwrap();
        for (token, expected) in [
            (String::new(), "malformed"),
            (String::from("hello"), "malformed"),
            (good.to_lowercase(), "malformed"),
            (format!("{good} "), "malformed"),
            (text(&trailing), "malformed"),
            ("A".repeat(5_000), "malformed"),
            (strange.token, "unknown_key"),
            (text(&forged), "bad_signature"),
            (activation, "wrong_type"),
            (counter, "wrong_type"),
            (nobody.token, "holder_not_active"),
        ] {
            assert_eq!(world.verify(&token).await, expected, "{}", &token[..token.len().min(40)]);
        }
        assert_eq!(world.verify(&good).await, "valid", "none of these spent it");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_database_the_outcome_is_undetermined_and_nothing_else_is_said() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let applicant: Applicant = world.active(&world.people[0]).await;
        let token = world.present(&applicant, "basic").await;
        world.context.db.close().await;
        let answer = world.bank().verify(&token, "open_account", "k").await.expect(503);
        assert_eq!(answer.code(), "undetermined");
        assert!(answer.retry_after.is_some() && answer.json["detail"].as_str().unwrap().contains("Idempotency-Key"));
        let status = applicant.client.get(&applicant.path("")).await.expect(503);
        assert_eq!(status.code(), "unavailable");
        assert!(status.retry_after.is_some());
        let ready = world.get("/health/ready").send().await;
        assert_eq!(ready.expect(503).json["database"], "unavailable");
        let live = world.get("/health/live").send().await;
        live.expect(200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_turned_away_by_a_full_lane_loses_nothing() {
    each_engine(async |context| {
        let world = World::open_with(context, |config| config.limits.verifications = 1).await;
        let applicant = world.active(&world.people[0]).await;
        let mut running = JoinSet::new();
        for number in 0..48 {
            let (bank, token) = (world.bank(), world.present(&applicant, "age").await);
            running.spawn(async move {
                let key = format!("full-{number}");
                let mut turned_away = 0;
                loop {
                    let answer = bank.verify(&token, "age_check", &key).await;
                    if answer.status == 200 {
                        return (answer.verdict(), turned_away);
                    }
                    answer.expect_problem(503, "overloaded");
                    turned_away += 1;
                    tokio::time::sleep(std::time::Duration::from_millis(10)).await;
                }
            });
        }
        let answers = running.join_all().await;
        assert!(answers.iter().any(|(_, turned_away)| *turned_away > 0), "the lane was never full");
        assert!(
            answers.iter().all(|(verdict, _)| ["valid", "already_used"].contains(&verdict.as_str())),
            "{answers:?}"
        );
        assert!(answers.iter().any(|(verdict, _)| verdict == "valid"));
    })
    .await;
}
