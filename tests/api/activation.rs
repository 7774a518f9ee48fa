//! The activation code: five tries whatever arrives at once, bound to the device, mailed sparingly.

use ikd::clock::{DAY, HOUR};
use reqwest::Method;
use serde_json::json;
use support::answer::Answer;
use tokio::task::JoinSet;

use support::each_engine;
use support::world::{Applicant, World, pin_key};

const TRIES: &str = "SELECT tries FROM activation_code WHERE registration_id = $1";
const GENERATION: &str = "SELECT generation FROM activation_code WHERE registration_id = $1";

/// `count` different codes, none of them `right`.
fn wrong_codes(right: &str, count: usize) -> Vec<String> {
    let right: u32 = right.parse().unwrap();
    (1..=count as u32).map(|offset| format!("{:06}", (right + offset) % 1_000_000)).collect()
}

async fn resend(applicant: &Applicant) -> Answer {
    applicant.client.post(&applicant.path("/activation-code/resend"), &json!({})).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_200_parallel_guesses_exactly_five_are_evaluated() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let applicant = world.approved(&world.people[0]).await;
        let right = world.code(&applicant);
        let (path, mut requests) = (applicant.path("/activation-code"), Vec::new());
        for code in wrong_codes(&right, 200) {
            let captcha = applicant.client.captcha().await;
            let request = world.post(&path);
            let body = json!({"code": code, "captcha": captcha});
            let proof = applicant.client.proof(&Method::POST, &path, body.to_string().as_bytes());
            requests.push(request.header("DPoP", proof).json(&body));
        }
        let mut running = JoinSet::new();
        for request in requests {
            running.spawn(async move { request.send().await });
        }
        let answers = running.join_all().await;
        let count = |code: &str| answers.iter().filter(|answer| answer.code() == code).count();
        assert_eq!(count("code_wrong"), 5);
        let mut left: Vec<_> =
            answers.iter().filter_map(|answer| answer.json["tries_left"].as_i64()).filter(|left| *left > 0).collect();
        left.sort_unstable();
        assert_eq!(left, [1, 2, 3, 4]);
        let others: Vec<_> = answers
            .iter()
            .map(Answer::code)
            .filter(|code| !["code_wrong", "code_expired", "unavailable"].contains(code))
            .collect();
        assert!(others.is_empty(), "{others:?}");
        assert_eq!(world.count(TRIES, applicant.uuid()).await, 5);

        let sixth = world.enter(&applicant, &right).await.expect(410);
        assert_eq!((sixth.code(), &sixth.json["tries_left"]), ("code_expired", &json!(0)));
        assert_eq!(world.state(&applicant).await, "code_sent");

        // A new code without a second visit; the old one is void. Letters of one millisecond are in no order.
        world.later(1);
        resend(&applicant).await.expect(202);
        world.app.deliver_mail().await.unwrap();
        let fresh = world.code(&applicant);
        assert_ne!(fresh, right);
        world.enter(&applicant, &right).await.expect_problem(422, "code_wrong");
        world.enter(&applicant, &fresh).await.expect(200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_needs_its_device_its_captcha_and_its_time() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let applicant = world.approved(&world.people[0]).await;
        let (code, path) = (world.code(&applicant), applicant.path("/activation-code"));
        let stranger = world.phone();
        let body = json!({"code": code, "captcha": stranger.captcha().await});
        stranger.post(&path, &body).await.expect_problem(404, "not_found");
        let without = applicant.client.post(&path, &json!({"code": code})).await;
        without.expect_problem(422, "captcha_required");
        let spoilt = applicant.client.post(&path, &json!({"code": code, "captcha": "e30="})).await;
        spoilt.expect_problem(422, "captcha_invalid");
        let captcha = applicant.client.captcha().await;
        let wrong = json!({"code": wrong_codes(&code, 1)[0], "captcha": captcha});
        applicant.client.post(&path, &wrong).await.expect_problem(422, "code_wrong");
        let spent = json!({"code": code, "captcha": captcha});
        applicant.client.post(&path, &spent).await.expect_problem(422, "captcha_invalid");
        let malformed = applicant.client.post(&path, &json!({"code": "12345", "captcha": "x"})).await;
        malformed.expect_problem(422, "invalid_field");
        assert_eq!(world.count(TRIES, applicant.uuid()).await, 1, "only what was compared is a try");

        // 24 hours from the hand-over to the mail server.
        world.later(DAY);
        world.enter(&applicant, &code).await.expect_problem(410, "code_expired");
        resend(&applicant).await.expect(202);
        world.app.deliver_mail().await.unwrap();
        let spaced = format!("{} {}", &world.code(&applicant)[..3], &world.code(&applicant)[3..]);
        world.enter(&applicant, &spaced).await.expect(200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_resend_repeats_the_living_code_and_an_address_gets_three_mails_then_one_an_hour() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let applicant = world.approved(&world.people[0]).await;
        let code = world.code(&applicant);
        for _ in 0..2 {
            resend(&applicant).await.expect(202);
            world.app.deliver_mail().await.unwrap();
            assert_eq!(world.code(&applicant), code);
        }
        assert_eq!(world.count(GENERATION, applicant.uuid()).await, 1);
        let refused = resend(&applicant).await.expect(429);
        assert_eq!(refused.code(), "too_many");
        assert!(refused.retry_after.is_some_and(|seconds| seconds <= 3_600));
        assert_eq!(world.letters_to(&applicant.email), 3);
        world.later(HOUR);
        resend(&applicant).await.expect(202);
        world.app.deliver_mail().await.unwrap();
        assert_eq!(world.letters_to(&applicant.email), 4);
        resend(&applicant).await.expect_problem(429, "too_many");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_flooded_over_approvals_resends_and_address_changes_in_parallel() {
    each_engine(async |context| {
        const VICTIM: &str = "Korban@example.id";
        let world = World::open(context).await;
        let desk = world.desk().await;
        // Two approvals that name the victim, and two registrations that turn to the victim's address.
        let mut applicants = Vec::new();
        for (number, person) in world.people[..4].iter().enumerate() {
            let email = if number < 2 { VICTIM.to_lowercase() } else { format!("awal{number}@example.id") };
            let applicant = world.register_body(person, &world.registration(person, &email)).await;
            world.ready(&applicant).await;
            world.scan(desk, &applicant).await.expect(200);
            applicants.push(applicant);
        }
        for applicant in &applicants[1..] {
            world.approve(desk, applicant).await.expect(200);
        }
        world.app.deliver_mail().await.unwrap();
        let change = json!({"email": VICTIM});
        let patch = async |applicant: &Applicant| {
            applicant.client.send(Method::PATCH, &applicant.path(""), |request| request.json(&change)).await
        };
        let (all, changes, approval) = tokio::join!(
            async { tokio::join!(resend(&applicants[1]), resend(&applicants[1]), resend(&applicants[1])) },
            async { tokio::join!(patch(&applicants[2]), patch(&applicants[3])) },
            world.approve(desk, &applicants[0]),
        );
        approval.expect(200);
        for answer in [all.0, all.1, all.2, changes.0, changes.1] {
            assert!([200, 202, 429, 503].contains(&answer.status.as_u16()), "{} {}", answer.status, answer.code());
        }
        for _ in 0..3 {
            let _ = tokio::join!(
                resend(&applicants[0]),
                resend(&applicants[1]),
                resend(&applicants[2]),
                resend(&applicants[3])
            );
            world.app.deliver_mail().await.unwrap();
        }
        assert!((1..=3).contains(&world.letters_to(VICTIM)), "{}", world.letters_to(VICTIM));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_address_voids_the_code_that_went_to_the_old_one() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let applicant = world.approved(&world.people[0]).await;
        let old = world.code(&applicant);
        let change = json!({"email": "baru@example.id"});
        world.later(1);
        let patched = applicant.client.send(Method::PATCH, &applicant.path(""), |request| request.json(&change)).await;
        assert_eq!(patched.expect(200).json["email_hint"], "b***u@example.id");
        world.enter(&applicant, &old).await.expect_problem(422, "code_wrong");
        world.app.deliver_mail().await.unwrap();
        assert_eq!(world.letters_to("baru@example.id"), 1);
        let fresh = world.code(&applicant);
        assert_ne!(old, fresh);
        world.enter(&applicant, &fresh).await.expect(200);
        // From needs_pin on, the address stays.
        let late = applicant.client.send(Method::PATCH, &applicant.path(""), |request| request.json(&change)).await;
        late.expect_problem(409, "wrong_state");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_pin_key_is_enrolled_once_by_the_right_device_with_a_fresh_challenge() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let mut applicant = world.approved(&world.people[0]).await;
        let (id, path) = (applicant.id.clone(), applicant.path("/pin"));
        let key = pin_key(&applicant.record);
        let early = applicant.client.enrol(&id, pin_key(&applicant.record)).await;
        early.expect_problem(409, "wrong_state");
        world.enter(&applicant, &world.code(&applicant)).await.expect(200);

        let (challenge, signature) = applicant.client.sign_challenge(&key, ikd::device::Purpose::Enrol).await;
        let body = |challenge: &str, signature: &str| json!({"pin_public_key": key.public_text(), "challenge": challenge, "signature": signature});
        let post = async |body| applicant.client.post(&path, &body).await;
        let (_, unlock) = applicant.client.sign_challenge(&key, ikd::device::Purpose::Unlock).await;
        post(body(&challenge, &unlock)).await.expect_problem(422, "signature_invalid");
        post(body("AAAA", &signature)).await.expect_problem(422, "challenge_invalid");
        let weak = json!({"pin_public_key": "A".repeat(43), "challenge": challenge, "signature": signature});
        post(weak).await.expect_problem(422, "invalid_field");
        let stranger = world.phone();
        stranger.post(&path, &body(&challenge, &signature)).await.expect_problem(404, "not_found");
        // Sixty seconds, and the microseconds by which challenges of one moment differ.
        world.later(61);
        post(body(&challenge, &signature)).await.expect_problem(422, "challenge_invalid");
        assert_eq!(world.state(&applicant).await, "needs_pin", "nothing of this changed anything");

        let (challenge, signature) = applicant.client.sign_challenge(&key, ikd::device::Purpose::Enrol).await;
        post(body(&challenge, &signature)).await.expect(201);
        assert_eq!(post(body(&challenge, &signature)).await.expect(200).json["state"], "active");
        let other = ikd::device::client::PinKey::from_seed(&[3; 32]);
        let refused = applicant.client.enrol(&id, other).await;
        assert_eq!(refused.expect(409).code(), "wrong_state", "a PIN is not replaced by enrolling again");
    })
    .await;
}
