//! Registering: nothing is learnt about a NIK, nobody is locked out, the holder of an active one is told.

use std::collections::BTreeMap;

use ikd::clock::DAY;
use ikd::register::{Date, MaritalStatus, RegisterRecord};
use reqwest::Method;
use serde_json::{Value, json};
use support::answer::Answer;

use support::world::{OFFICE, World};
use support::{Engine, each_engine};

const CHECK_LIMITED: &str =
    "SELECT CAST(COUNT(*) AS BIGINT) FROM register_check WHERE registration_id = $1 AND state = 'limited'";

/// Everything of an answer but ids, times and what the resident typed.
fn shape(answer: &Answer) -> (u16, BTreeMap<String, String>, Value) {
    let mut headers: BTreeMap<_, _> =
        answer.headers.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
    for (name, value) in &mut headers {
        if ["x-request-id", "dpop-nonce", "date"].contains(&name.as_str()) {
            *value = format!("{} characters", value.len());
        }
    }
    let mut json = answer.json.clone();
    for key in ["registration_id", "expires_at", "email_hint", "request_id"] {
        if let Some(value) = json.get_mut(key) {
            *value = json!(value.as_str().unwrap().len());
        }
    }
    (answer.status.as_u16(), headers, json)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn known_unknown_mismatching_and_active_niks_get_equal_answers_at_every_step() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let today = ikd::register::Date::parse("2026-11-21").unwrap();
        world.active(&world.people[1]).await;
        let mut mismatching = world.people[2].clone();
        mismatching.full_name = String::from("NAMA LAIN");
        let unknown = world.somebody(500_000, |record| record.eligible_on(today));
        // Who is too young is told so, by the own birth date: see below.
        let is_adult = |record: &RegisterRecord| record.birth_date.age_on(today) >= 17;
        let ended = world.somebody(1_000, |record| !record.eligible_on(today) && is_adult(record));
        world.put(vec![ended.clone()]).await;
        let classes = [world.people[0].clone(), unknown, mismatching, world.people[1].clone(), ended];
        let mut first: Option<Vec<_>> = None;
        for (number, person) in classes.iter().enumerate() {
            let phone = world.phone();
            phone.captcha().await;
            let body = world.registration(person, &format!("kelas{number}@example.id"));
            let answer = phone.post("/v1/registrations", &body).await.expect(201);
            let id = answer.text("registration_id");
            let mut shapes = vec![shape(&answer)];
            let path = format!("/v1/registrations/{id}");
            let picture = |request: reqwest::RequestBuilder| {
                request.header("Content-Type", "image/jpeg").body(support::world::portrait_bytes())
            };
            shapes.push(shape(&phone.send(Method::PUT, &format!("{path}/selfie"), picture).await));
            world.app.registrations.checks.check_due().await.unwrap();
            shapes.push(shape(&phone.get(&path).await));
            let token = phone.post(&format!("{path}/activation-token"), &json!({})).await.expect(200);
            assert_eq!(token.headers["content-type"], "application/json");
            shapes.push((token.status.as_u16(), BTreeMap::new(), json!(token.json.as_object().unwrap().len())));
            // Registering again from the same phone finds the same registration, for each class.
            let again = phone.post("/v1/registrations", &body).await.expect(201);
            assert_eq!(again.text("registration_id"), id);
            shapes.push(shape(&again));
            shapes.push(shape(&phone.delete(&path).await));
            match &first {
                None => first = Some(shapes),
                Some(first) => assert_eq!(*first, shapes, "class {number}"),
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_too_young_learns_from_when_whatever_the_register_knows() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let today = ikd::register::Date::parse("2026-11-21").unwrap();
        let minor = world.somebody(1_000, |record| record.birth_date.age_on(today) < 17);
        let asked = async |number: usize| {
            let phone = world.phone();
            phone.captcha().await;
            let body = world.registration(&minor, &format!("kelas{number}@example.id"));
            let answer = phone.post("/v1/registrations", &body).await.expect(201);
            assert!(answer.json["eligible_from"].is_string(), "{}", answer.json);
            let from = answer.json["eligible_from"].clone();
            world.app.registrations.checks.check_due().await.unwrap();
            let later = phone.get(&format!("/v1/registrations/{}", answer.text("registration_id"))).await;
            (from, shape(&answer), shape(&later))
        };
        let unknown = asked(0).await;
        world.put(vec![minor.clone()]).await;
        assert_eq!(asked(1).await, unknown);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_soon_old_enough_is_told_on_the_day_and_the_register_is_asked_again_at_the_counter() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let today = Date::in_jakarta(world.context.now());
        let mut minor = world.somebody(2_000, |record| record.birth_date.age_on(today) < 17);
        // Seventeen in a hundred days: recorded already, as from 16 years and 8 months on.
        minor.birth_date = today.plus_days(100).unwrap().plus_months(-17 * 12).unwrap();
        minor.marital_status = MaritalStatus::Unmarried;
        world.put(vec![minor.clone()]).await;
        let soon = world.waiting(&minor).await;
        let status = soon.client.get(&soon.path("")).await.expect(200);
        let ends = status.text("expires_at");
        assert!(ends.starts_with(&today.plus_days(129).unwrap().to_string()), "30 days after, in UTC: {ends}");
        let desk = world.desk().await;
        world.scan(desk, &soon).await.expect(200);
        world.approve(desk, &soon).await.expect_problem(409, "wrong_state");
        // Whoever has longer to wait is not kept for it.
        let mut child = world.somebody(3_000, |record| record.birth_date.age_on(today) < 17);
        child.birth_date = today.plus_days(130).unwrap().plus_months(-17 * 12).unwrap();
        let later = world.register(&child).await;
        let ends = later.client.get(&later.path("")).await.text("expires_at");
        assert!(ends.starts_with(&today.plus_days(30).unwrap().to_string()), "{ends}");

        world.later(99 * DAY);
        world.app.deliver_mail().await.unwrap();
        assert_eq!(world.letters_to(&soon.email), 0, "not a day too early");
        world.later(DAY);
        world.app.deliver_mail().await.unwrap();
        assert_eq!((world.letters_to(&soon.email), world.letters_to(&later.email)), (1, 0));
        let officer = world.officer("petugas8", OFFICE).await;
        let seen = world.scan(&officer, &soon).await.expect(200).json;
        assert_eq!((&seen["check_state"], &seen["check_result"]), (&json!("done"), &json!("match")));
        world.approve(&officer, &soon).await.expect(200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_than_five_checks_of_one_nik_wait_for_the_counter_and_lock_nobody_out() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let person = &world.people[0];
        let mut applicants = Vec::new();
        for _ in 0..7 {
            applicants.push(world.waiting(person).await);
        }
        for (number, applicant) in applicants.iter().enumerate() {
            let limited = world.count(CHECK_LIMITED, applicant.uuid()).await == 1;
            assert_eq!(limited, number >= 5, "registration {number}");
        }
        // The rightful person may be the seventh: at the counter the check runs.
        let desk = world.desk().await;
        let seen = world.scan(desk, &applicants[6]).await.expect(200).json;
        assert_eq!((&seen["check_state"], &seen["check_result"]), (&json!("done"), &json!("match")));
        world.approve(desk, &applicants[6]).await.expect(200);
        world.later(6 * 3_600 + 1);
        let later = world.waiting(person).await;
        assert_eq!(world.count(CHECK_LIMITED, later.uuid()).await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_holder_of_an_active_ktp_is_told_of_a_foreign_registration() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let holder = world.active(&world.people[0]).await;
        let before = world.letters_to(&holder.email);
        let intruder = world.waiting(&world.people[0]).await;
        world.app.deliver_mail().await.unwrap();
        assert_eq!(world.letters_to(&holder.email), before + 1);
        assert_eq!(world.letters_to(&intruder.email), 0);
        let letter = world.letters().into_iter().next().unwrap();
        assert!(!letter.text.contains(person_nik(&world)), "no NIK in a mail");
        assert!(!letter.text.contains(&intruder.email) && !letter.subject.contains(holder.record.full_name.as_str()));
        // However often: the holder's mailbox is nobody's target.
        for _ in 0..6 {
            world.waiting(&world.people[0]).await;
            world.app.deliver_mail().await.unwrap();
        }
        assert_eq!(world.letters_to(&holder.email), before + 1, "one tells of all");
        world.later(3_600);
        world.app.deliver_mail().await.unwrap();
        assert_eq!(world.letters_to(&holder.email), before + 2, "and of what came after it, once");
    })
    .await;
}

fn person_nik(world: &World) -> &str {
    world.people[0].nik.as_str()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn consent_typing_errors_and_a_second_registration_of_one_phone() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let phone = world.phone();
        let good = world.registration(&world.people[0], "warga@example.id");
        let fields = async |change: &dyn Fn(&mut Value)| {
            let mut body = good.clone();
            change(&mut body);
            let answer = phone.post("/v1/registrations", &body).await.expect(422);
            assert_eq!(answer.code(), "invalid_field");
            let fields = answer.json["fields"].as_array().unwrap().clone();
            assert!(fields.iter().all(|field| field["message"].as_str().unwrap().len() > 10));
            fields.iter().map(|field| field["field"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(fields(&|body| body["terms"]["accepted"] = json!(false)).await, ["terms.accepted"]);
        assert_eq!(fields(&|body| body["terms"]["version"] = json!("1999-01")).await, ["terms.version"]);
        for nik in
            ["", "317101570890000", "3171015708900000", "0071015708900001", "3171013213900001", "317101570890000a"]
        {
            assert_eq!(fields(&|body| body["nik"] = json!(nik)).await, ["nik"], "{nik}");
        }
        assert_eq!(fields(&|body| body["birth_date"] = json!("2990-01-01")).await, ["birth_date"]);
        for email in ["", "a@b", "a@b.id\r\nBcc: c@d.id", "Nama <a@b.id>", "a b@c.id"] {
            assert_eq!(fields(&|body| body["email"] = json!(email)).await, ["email"], "{email}");
        }
        for name in ["", "<script>alert(1)</script>", "A\nB", "1234"] {
            assert_eq!(fields(&|body| body["full_name"] = json!(name)).await, ["full_name"], "{name}");
        }
        assert_eq!(fields(&|body| body["phone"] = json!("abc")).await, ["phone"]);
        let all = fields(&|body| {
            for field in ["nik", "full_name", "birth_date", "email", "phone"] {
                body[field] = json!("");
            }
        });
        assert_eq!(all.await, ["nik", "full_name", "birth_date", "email", "phone"], "all at once");

        let first = phone.post("/v1/registrations", &good).await.expect(201);
        // Corrected on the form: the first one gives way, as long as nobody has approved it.
        let mut corrected = good.clone();
        corrected["phone"] = json!("0813 0000 0000");
        let second = phone.post("/v1/registrations", &corrected).await.expect(201);
        assert_ne!(first.json["registration_id"], second.json["registration_id"]);
        let old = phone.get(&format!("/v1/registrations/{}", first.text("registration_id"))).await;
        assert_eq!(old.json["state"], "cancelled");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_busy_address_works_instead_of_being_refused() {
    each_engine(async |context| {
        let world = World::open_with(context, |config| config.captcha.free_per_minute = 3).await;
        let mut asked = 0;
        for person in &world.people[..6] {
            let (phone, mut body) = (world.phone(), world.registration(person, "warga@example.id"));
            let answer = phone.post("/v1/registrations", &body).await;
            if answer.status == 201 {
                continue;
            }
            answer.expect_problem(422, "captcha_required");
            asked += 1;
            let solution = phone.captcha().await;
            body["captcha"] = json!(solution);
            phone.post("/v1/registrations", &body).await.expect(201);
            let other = world.phone();
            let refused = other.post("/v1/registrations", &body).await;
            assert_eq!(refused.expect(422).code(), "captcha_invalid", "a solution counts once");
        }
        assert!(asked >= 3, "{asked}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_registration_belongs_to_its_device() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let applicant = world.waiting(&world.people[0]).await;
        let stranger = world.phone();
        let before = applicant.client.get(&applicant.path("")).await.json;
        for (method, rest, body) in [
            (Method::GET, "", None),
            (Method::PATCH, "", Some(json!({"email": "pencuri@example.id"}))),
            (Method::DELETE, "", None),
            (Method::POST, "/activation-token", None),
            (Method::POST, "/counter-scan", Some(json!({"token": "X"}))),
            (Method::POST, "/activation-code/resend", None),
        ] {
            let shape = |request: reqwest::RequestBuilder| match &body {
                Some(body) => request.json(body),
                None => request,
            };
            let answer = stranger.send(method.clone(), &applicant.path(rest), shape).await;
            assert_eq!(answer.expect(404).code(), "not_found", "{method} {rest}");
        }
        let selfie = |request: reqwest::RequestBuilder| request.header("Content-Type", "image/jpeg").body("x");
        let answer = stranger.send(Method::PUT, &applicant.path("/selfie"), selfie).await;
        answer.expect_problem(404, "not_found");
        assert_eq!(applicant.client.get(&applicant.path("")).await.json, before);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_use_up_nothing_of_a_holder_s_codes_and_a_code_that_waits_says_until_when() {
    each_engine(async |context| {
        const ADDRESS: &str = "keluarga@example.id";
        let world = World::open(context).await;
        let body = |place: usize| world.registration(&world.people[place], ADDRESS);
        let ready = async |place: usize| {
            let applicant = world.register_body(&world.people[place], &body(place)).await;
            world.ready(&applicant).await;
            world.scan(world.desk().await, &applicant).await.expect(200);
            world.approve(world.desk().await, &applicant).await.expect(200);
            world.app.deliver_mail().await.unwrap();
            applicant
        };
        let mut holder = ready(0).await;
        world.activate(&mut holder).await;
        // Strangers register with the holder's NIK: one warning, whose allowance is its own.
        for _ in 0..4 {
            world.waiting(&world.people[0]).await;
            world.app.deliver_mail().await.unwrap();
        }
        // The code, the notice of the activation, the warning.
        assert_eq!(world.letters_to(ADDRESS), 3);
        for place in 1..=2 {
            let status = ready(place).await;
            let status = status.client.get(&status.path("")).await.expect(200).json;
            assert_eq!((&status["mail"], &status["mail_at"]), (&json!("sent"), &json!(null)));
        }
        // The fourth code within the hour waits, and nothing says that it was sent.
        let fourth = ready(3).await;
        let status = async || fourth.client.get(&fourth.path("")).await.expect(200).json;
        let held = status().await;
        assert_eq!(held["mail"], "held");
        let due = world.context.now().plus_seconds(3_600).to_rfc3339();
        assert_eq!(held["mail_at"], due.as_str());
        let again = fourth.client.post(&fourth.path("/activation-code/resend"), &json!({})).await;
        let again = again.expect(202).json;
        assert_eq!((&again["mail"], &again["mail_at"]), (&json!("held"), &held["mail_at"]));
        world.later(3_600);
        world.app.deliver_mail().await.unwrap();
        assert_eq!(status().await["mail"], "sent");
        assert_eq!(world.enter(&fourth, &world.code(&fourth)).await.expect(200).json["state"], "needs_pin");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_price_of_a_captcha_rises_and_what_was_bought_cheaply_does_not_count_later() {
    let world = World::on_with(Engine::Sqlite, |config| config.captcha.free_per_minute = 4).await;
    let phone = world.phone();
    let price = async || {
        let answer = phone.post("/v1/captcha", &json!({})).await.expect(200);
        answer.json["maxnumber"].as_u64().unwrap()
    };
    let cheap = phone.captcha().await;
    let mut prices = Vec::new();
    for _ in 0..79 {
        prices.push(price().await);
    }
    let at = |number: usize| prices[number - 2] / 50;
    // For this address alone: of what one client asks for, two free shares count for all.
    assert_eq!([at(2), at(4), at(5), at(9), at(17), at(33), at(65), at(80)], [1, 1, 2, 4, 8, 16, 32, 32]);
    let mut body = world.registration(&world.people[1], "mahal@example.id");
    body["captcha"] = json!(cheap);
    let refused = phone.post("/v1/registrations", &body).await.expect(422);
    assert_eq!(refused.code(), "captcha_invalid", "bought before the price rose");
    body["captcha"] = json!(phone.captcha().await);
    phone.post("/v1/registrations", &body).await.expect(201);
    world.later(30 * 60);
    assert_eq!(price().await, 50, "what is over is forgotten");
}
