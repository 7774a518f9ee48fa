//! A code of ten digits in place of a QR that no camera reads: it is the same presentation, and guessing is limited.

use ikd::verification::code::model::{MOST_OF_EMPLOYEE, MOST_OF_PARTY};
use serde_json::{Value, json};
use support::answer::Answer;

use support::each_engine;
use support::world::{Applicant, World, purpose};

const GUESSES: &str =
    "SELECT COALESCE(CAST(SUM(uses) AS BIGINT), 0) FROM use_window WHERE kind = 'code_guess' AND $1 IS NOT NULL";

/// Token and code of a new presentation.
async fn present(world: &World, applicant: &Applicant, share: &str) -> (String, String) {
    let body = json!({"share": share, "code": true});
    let answer = applicant.client.post("/v1/me/presentations", &body).await.expect(200);
    let code = answer.text("code");
    assert!(code.len() == 10 && code.bytes().all(|byte| byte.is_ascii_digit()), "ten digits");
    assert_eq!(answer.json["expires_at"].as_str().unwrap(), world.context.now().plus_seconds(90).to_rfc3339());
    (answer.text("token"), code)
}

fn typed(code: &str) -> Value {
    json!({"code": code, "purpose": "open_account"})
}

async fn ask(world: &World, code: &str) -> Answer {
    world.bank().verify_body(&typed(code), &world.key()).await
}

/// Digits that are nobody's.
fn wrong(code: &str) -> String {
    let other = if code.starts_with('9') { "0" } else { "9" };
    format!("{other}{}", &code[1..])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_is_checked_as_the_qr_that_it_stands_for() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let applicant = world.active(&world.people[0]).await;
        let (token, code) = present(&world, &applicant, "basic").await;
        let answer = ask(&world, &code).await.expect(200);
        assert_eq!((&answer.json["result"], &answer.json["single_use"]), (&json!("valid"), &json!(true)));
        assert_eq!(answer.json["attributes"]["full_name"], json!(applicant.record.full_name));
        assert_eq!(answer.json["holder_check"], "compare_portrait");
        assert!(answer.json.get("tries_left").is_none());
        assert_eq!(world.verify(&token).await, "already_used", "the code used the QR up");
        assert_eq!(ask(&world, &code).await.verdict(), "already_used", "and itself");
        let (token, code) = present(&world, &applicant, "age").await;
        assert_eq!(world.verify(&token).await, "valid");
        assert_eq!(ask(&world, &code).await.verdict(), "already_used", "the QR used the code up");
        let history = applicant.client.get("/v1/me/verifications").await.expect(200);
        let items = history.json["items"].as_array().unwrap();
        let valid = items.iter().filter(|item| item["result"] == "valid").count();
        assert_eq!((valid, items.len()), (2, 4), "the history says no less of codes than of QRs");

        // Grouped as people write it, and with the attributes that are asked for.
        let (_, code) = present(&world, &applicant, "full").await;
        let grouped = format!("{} {}-{}", &code[..3], &code[3..6], &code[6..]);
        let body = json!({"code": grouped, "purpose": "open_account", "attributes": ["nik"]});
        let answer = world.bank().verify_body(&body, &world.key()).await.expect(200);
        assert_eq!(answer.json["attributes"], json!({"nik": applicant.record.nik.as_str()}));
        assert_eq!(world.count(GUESSES, uuid::Uuid::nil()).await, 0, "no right one was counted");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_key_has_one_answer_even_after_the_code_is_forgotten() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let applicant = world.active(&world.people[0]).await;
        let (token, code) = present(&world, &applicant, "basic").await;
        let again = async |key: &str, body: &Value| world.bank().verify_body(body, key).await;
        let first = again("one", &typed(&code)).await.expect(200).json;
        let miss = again("miss", &typed(&wrong(&code))).await.expect(200).json;
        assert_eq!((&first["result"], &miss["reason"]), (&json!("valid"), &json!("unknown_code")));
        world.later(120);
        world.app.verification.sweep().await.unwrap();
        let grouped = format!("{} {}", &code[..5], &code[5..]);
        for body in [typed(&code), typed(&grouped)] {
            assert_eq!(again("one", &body).await.expect(200).json, first);
        }
        assert_eq!(again("miss", &typed(&wrong(&code))).await.expect(200).json, miss, "and not counted again");
        for body in [typed(&wrong(&code)), json!({"token": token, "purpose": "open_account"})] {
            again("one", &body).await.expect_problem(422, "idempotency_mismatch");
        }
        assert_eq!(world.count(GUESSES, uuid::Uuid::nil()).await, 1);
        let id = miss["verification_id"].as_str().unwrap();
        let record = world.bank().get(&format!("/v1/verifications/{id}")).await.expect(200);
        assert_eq!((&record.json["reason"], &record.json["receipt"]), (&miss["reason"], &miss["receipt"]));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_dies_with_its_presentation_and_with_the_next_code() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let applicant = world.active(&world.people[0]).await;
        let (_, older) = present(&world, &applicant, "basic").await;
        let (_, newer) = present(&world, &applicant, "basic").await;
        assert_eq!(ask(&world, &older).await.verdict(), "unknown_code", "a newer code voids it");
        world.later(89);
        assert_eq!(ask(&world, &newer).await.verdict(), "valid");
        let (_, late) = present(&world, &applicant, "basic").await;
        world.later(90);
        assert_eq!(ask(&world, &late).await.verdict(), "expired");
        world.app.verification.sweep().await.unwrap();
        assert_eq!(ask(&world, &late).await.verdict(), "unknown_code");
        // Whoever is blocked shows nothing by code either.
        let (_, code) = present(&world, &applicant, "basic").await;
        let block = "UPDATE credential SET state = 'blocked', generation = generation + 1 WHERE resident_id = $1";
        world.change(block, world.resident_id(&applicant.record).await).await;
        assert_eq!(ask(&world, &code).await.verdict(), "holder_not_active");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_codes_are_counted_for_the_party_alone_and_qrs_stay_free() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let applicant = world.active(&world.people[0]).await;
        let (token, code) = present(&world, &applicant, "basic").await;
        for guess in 1..=MOST_OF_PARTY {
            let answer = ask(&world, &wrong(&code)).await.expect(200);
            assert_eq!(answer.json["reason"], "unknown_code");
            assert_eq!(answer.json["tries_left"], json!(MOST_OF_PARTY - guess));
        }
        for body in [typed(&wrong(&code)), typed(&code)] {
            let answer = world.bank().verify_body(&body, &world.key()).await.expect(429);
            assert_eq!((answer.code(), answer.retry_after), ("too_many", Some(600)));
            assert!(!answer.json.to_string().contains(&code));
        }
        assert_eq!(world.verify(&token).await, "valid", "the QR is not limited");
        let parties = &world.app.relying_parties;
        let everything = ikd::attribute::AttributeSet::FULL;
        let (_, key) = parties.add("Klinik Uji", everything, &[purpose("open_account")]).await.unwrap();
        let clinic = world.bank_at(&world.base, &key.expose());
        let answer = clinic.verify_body(&typed(&code), "clinic").await;
        assert_eq!(answer.verdict(), "already_used", "another party goes on");
        world.later(600);
        let (_, code) = present_again(&world, &applicant).await;
        assert_eq!(ask(&world, &code).await.verdict(), "valid", "after the wait");
    })
    .await;
}

async fn present_again(world: &World, applicant: &Applicant) -> (String, String) {
    // Ten minutes later the session may have ended.
    applicant.client.unlock().await.expect(200);
    present(world, applicant, "basic").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_employee_has_an_allowance_of_the_own() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let applicant = world.active(&world.people[0]).await;
        let (_, code) = present(&world, &applicant, "basic").await;
        let mut cookies = Vec::new();
        for name in ["dewi", "budi"] {
            cookies.push(world.teller(name).await);
        }
        let ask = async |cookie: &str, code: &str| {
            let request = world.post("/v1/teller/verifications").header("Cookie", cookie);
            request.header("Idempotency-Key", world.key()).json(&typed(code)).send().await
        };
        for guess in 1..=MOST_OF_EMPLOYEE {
            let answer = ask(&cookies[0], &wrong(&code)).await.expect(200);
            assert_eq!(answer.json["tries_left"], json!(MOST_OF_EMPLOYEE - guess));
        }
        assert_eq!(ask(&cookies[0], &code).await.expect(429).retry_after, Some(600));
        assert_eq!(ask(&cookies[1], &code).await.verdict(), "valid", "a colleague goes on");
        let list = world.get("/v1/teller/verifications").cookie(&cookies[0]).send().await.json;
        assert_eq!(list["items"].as_array().unwrap().len() as i64, MOST_OF_EMPLOYEE, "the refused one is no check");
        assert_eq!(list["items"][0]["reason"], "unknown_code");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_ten_digits_in_place_of_a_token_are_a_question() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let applicant = world.active(&world.people[0]).await;
        for code in ["", "123456789", "12345678901", "12345abcde", "123.456.7890", "١٢٣٤٥٦٧٨٩٠"] {
            let answer = ask(&world, code).await.expect(422);
            assert_eq!((answer.code(), &answer.json["fields"][0]["field"]), ("invalid_field", &json!("code")));
        }
        for (body, field) in [
            (json!({"token": "X", "code": "1234567890", "purpose": "open_account"}), "code"),
            (json!({"purpose": "open_account"}), "token"),
            (json!({"token": null, "code": null, "purpose": "open_account"}), "token"),
        ] {
            let answer = world.bank().verify_body(&body, &world.key()).await.expect(422);
            assert_eq!(answer.json["fields"][0]["field"], field, "{body}");
        }
        assert_eq!(world.count(GUESSES, uuid::Uuid::nil()).await, 0);

        let body = json!({"share": "age", "code": true, "offline": true});
        let answer = applicant.client.post("/v1/me/presentations", &body).await.expect(422);
        assert_eq!(answer.json["fields"][0]["field"], "code");
        let body = json!({"share": "age", "code": true});
        let picture = |request: reqwest::RequestBuilder| request.header("Accept", "image/png").json(&body);
        let answer = applicant.client.send(reqwest::Method::POST, "/v1/me/presentations", picture).await;
        answer.expect_problem(406, "not_acceptable");
        let plain = applicant.client.post("/v1/me/presentations", &json!({"share": "age"})).await;
        assert!(plain.expect(200).json.get("code").is_none());
        const CODES: &str = "SELECT CAST(COUNT(*) AS BIGINT) FROM presentation_code WHERE resident_id <> $1";
        assert_eq!(world.count(CODES, uuid::Uuid::nil()).await, 0, "none was made unasked");
    })
    .await;
}
