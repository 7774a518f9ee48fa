//! The PIN: three tries, a minute, three tries, an hour, three tries, blocked; counted before anything is compared.

use ikd::device::Purpose;
use ikd::device::client::PinKey;
use reqwest::Method;
use serde_json::json;
use support::answer::Answer;
use tokio::task::JoinSet;

use support::each_engine;
use support::world::{Applicant, World, pin_key};

const TRIES: &str = "SELECT pin_tries FROM credential WHERE resident_id = $1";

async fn in_parallel(world: &World, applicant: &Applicant, key: &PinKey, count: usize) -> Vec<Answer> {
    let mut requests = Vec::new();
    applicant.client.forget_token();
    for _ in 0..count {
        let (challenge, signature) = applicant.client.sign_challenge(key, Purpose::Unlock).await;
        let request = world.post("/v1/sessions");
        let body = json!({"challenge": challenge, "signature": signature});
        let proof = applicant.client.proof(&Method::POST, "/v1/sessions", body.to_string().as_bytes());
        requests.push(request.header("DPoP", proof).json(&body));
    }
    let mut running = JoinSet::new();
    for request in requests {
        running.spawn(async move { request.send().await });
    }
    running.join_all().await
}

fn count(answers: &[Answer], code: &str) -> usize {
    answers.iter().filter(|answer| answer.code() == code).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_64_parallel_wrong_pins_exactly_three_are_evaluated_and_nine_in_all() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let applicant = world.active(&world.people[0]).await;
        let resident = world.resident_id(&applicant.record).await;
        let (wrong, right) = (PinKey::from_seed(&[1; 32]), pin_key(&applicant.record));
        for (round, wait) in [(1, 60), (2, 3_600)] {
            // Of tries in parallel only the newest challenge's counts; so rounds go on until the tries are used up.
            let mut evaluated = 0;
            for _ in 0..8 {
                let answers = in_parallel(&world, &applicant, &wrong, 64).await;
                evaluated += count(&answers, "pin_wrong");
                let known = ["pin_wrong", "pin_wait", "challenge_invalid", "unavailable"];
                assert!(
                    answers.iter().all(|answer| known.contains(&answer.code())),
                    "{:?}",
                    answers.iter().map(Answer::code).collect::<Vec<_>>()
                );
                if evaluated == 3 {
                    break;
                }
            }
            assert_eq!(evaluated, 3, "round {round}");
            assert_eq!(world.count(TRIES, resident).await, 3 * round);
            let waiting = applicant.client.unlock_with(&right).await.expect(429);
            assert_eq!(
                (waiting.code(), waiting.retry_after),
                ("pin_wait", Some(wait)),
                "the right PIN has to wait too"
            );
            world.later(i64::try_from(wait).unwrap() - 1);
            applicant.client.unlock_with(&right).await.expect_problem(429, "pin_wait");
            world.later(1);
        }
        for left in [2, 1, 0] {
            let answer = applicant.client.unlock_with(&wrong).await.expect(403);
            assert_eq!(answer.json["tries_left"], left);
        }
        assert_eq!(world.count(TRIES, resident).await, 9);
        world.later(86_400);
        applicant.client.unlock_with(&right).await.expect_problem(423, "pin_blocked");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn success_resets_the_count_and_a_challenge_works_once_on_its_device() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let applicant = world.active(&world.people[0]).await;
        let resident = world.resident_id(&applicant.record).await;
        let (wrong, right) = (PinKey::from_seed(&[1; 32]), pin_key(&applicant.record));
        for left in [2, 1] {
            let answer = applicant.client.unlock_with(&wrong).await.expect(403);
            assert_eq!((answer.code(), &answer.json["tries_left"]), ("pin_wrong", &json!(left)));
        }
        applicant.client.unlock_with(&right).await.expect(200);
        assert_eq!(world.count(TRIES, resident).await, 0);

        applicant.client.forget_token();
        let (challenge, signature) = applicant.client.sign_challenge(&right, Purpose::Unlock).await;
        let body = json!({"challenge": challenge, "signature": signature});
        applicant.client.post("/v1/sessions", &body).await.expect(200);
        let replayed = applicant.client.post("/v1/sessions", &body).await;
        replayed.expect_problem(422, "challenge_invalid");
        let (challenge, signature) = applicant.client.sign_challenge(&right, Purpose::Unlock).await;
        let body = json!({"challenge": challenge, "signature": signature});
        let stranger = world.phone();
        stranger.post("/v1/sessions", &body).await.expect_problem(404, "not_found");
        // Sixty seconds, and the microseconds by which challenges of one moment differ.
        world.later(61);
        applicant.client.post("/v1/sessions", &body).await.expect_problem(422, "challenge_invalid");
        assert_eq!(world.count(TRIES, resident).await, 0, "none of these was a try");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_access_token_ends_after_fifteen_minutes_with_a_lock_and_with_the_next_unlock() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let applicant = world.active(&world.people[0]).await;
        let me = async |token: &str| {
            let proof_key = &applicant.client;
            assert_eq!(proof_key.access_token().as_deref(), Some(token));
            proof_key.get("/v1/me").await
        };
        let first = applicant.client.access_token().unwrap();
        world.later(899);
        me(&first).await.expect(200);
        world.later(1);
        me(&first).await.expect_problem(401, "session_ended");

        applicant.client.unlock().await.expect(200);
        // Somebody else's device cannot use it, nor can it be used without a proof.
        let token = applicant.client.access_token().unwrap();
        let stranger = world.phone();
        let borrowed = |request: reqwest::RequestBuilder| request.header("Authorization", format!("DPoP {token}"));
        let refused = stranger.send(Method::GET, "/v1/me", borrowed).await.expect(401);
        assert_eq!(refused.code(), "dpop_invalid");
        let bare = world.get("/v1/me").header("Authorization", format!("DPoP {token}"));
        let bare = bare.send().await;
        bare.expect_problem(401, "dpop_invalid");
        let token_kept = token.clone();
        applicant.client.unlock().await.expect(200);
        assert_ne!(applicant.client.access_token().unwrap(), token_kept);
        applicant.client.get("/v1/me").await.expect(200);
    })
    .await;
}
