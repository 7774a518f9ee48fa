//! Officer proof: whoever is of an office and on duty here today is told from everybody else, and what does not count is red without saying
//! why. And what people report of those who are not.

use std::collections::BTreeSet;
use std::time::Instant;

use ikd::clock::{DAY, HOUR, MINUTE};
use ikd::office::{Kind, Offices};
use ikd::register::Date;
use ikd::staff::{Post, Realm, Role};
use reqwest::Method;
use serde_json::{Value, json};
use support::answer::Answer;
use support::client::Officer;
use support::each_engine;
use support::world::{LogIn, OFFICE, World, portrait_bytes};
use uuid::Uuid;

const DUTY: &str = "/v1/officer/duty";
const LOOK: &str = "/v1/officer-proofs";
const REPORTS: &str = "/v1/fraud-reports";

/// Somebody taken on at the office in a role.
pub async fn person(world: &World, name: &str, role: Role) -> LogIn {
    let until = role.longest_days().map(|_| Date::in_jakarta(world.context.now()).plus_days(100).unwrap());
    let new =
        world.accounts().add_until(Post::Office(OFFICE, role), (name, "BUDI SANTOSO"), None, until).await.unwrap();
    let (password, totp_secret) = (new.password.expose().clone(), new.totp.secret.expose().clone());
    LogIn { username: name.to_owned(), password, totp_secret }
}

pub async fn id_of(officer: &Officer) -> String {
    officer.get("/v1/officer/sessions/current").await.expect(200).text("officer_id")
}

pub async fn photograph(world: &World, by: &Officer, whom: &str) -> Answer {
    let photo = world.request(Method::PUT, &format!("/v1/officer/staff-photos/{whom}")).cookie(&by.cookie());
    photo.header("content-type", "image/jpeg").body(portrait_bytes()).send().await
}

/// Somebody begins duty, at the office or in a session; gives what their screen shows.
pub async fn begin(officer: &Officer, at: Option<&str>) -> Value {
    let until = officer.get(DUTY).await.expect(200).text("latest_end");
    let mut body = json!({"until": until});
    if let Some(at) = at {
        body["outreach_id"] = at.into();
    }
    officer.post(DUTY, &body).await.expect(201).json
}

async fn look(world: &World, code: &str) -> Value {
    world.post(LOOK).json(&json!({"code": code})).send().await.expect(200).json
}

/// What stands behind `/cek/` in the QR on the officer's screen.
async fn qr(officer: &Officer) -> String {
    let shown = officer.post(&format!("{DUTY}/token"), &json!({})).await.expect(200).json;
    assert_eq!(shown["expires_in"], 300);
    shown["address"].as_str().unwrap().split("/cek/").nth(1).unwrap().to_owned()
}

fn code(view: &Value) -> String {
    view["duty"]["code"].as_str().unwrap().to_owned()
}

/// The red answer: the same whatever is wrong.
fn red() -> Value {
    json!({"official": false, "officer": null})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_officer_on_duty_is_recognised_and_whatever_does_not_count_is_red_without_saying_why() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let supervisor = world.supervisor("penyelia", OFFICE).await;
        let log_in = person(&world, "budi", Role::Officer).await;
        let officer = world.log_in(&log_in).await;
        let id = id_of(&officer).await;

        // Without a photo nobody is on duty, and nobody takes their own.
        let until = officer.get(DUTY).await.expect(200).text("latest_end");
        officer.post(DUTY, &json!({"until": until})).await.expect_problem(409, "wrong_state");
        photograph(&world, &officer, &id).await.expect_problem(403, "forbidden");
        photograph(&world, &supervisor, &id_of(&supervisor).await).await.expect_problem(403, "forbidden");
        photograph(&world, &supervisor, &Uuid::nil().to_string()).await.expect_problem(404, "not_found");
        photograph(&world, &supervisor, &id).await.expect(204);
        let people = supervisor.get("/v1/officer/staff-photos").await.expect(200).json;
        let taken = people["items"].as_array().unwrap().iter().find(|one| one["staff_id"] == *id).unwrap();
        assert_eq!(taken["taken_by"], "penyelia");
        let small = supervisor.get(&format!("/v1/officer/staff-photos/{id}")).await.expect(200);
        assert!(small.bytes.starts_with(&[0xff, 0xd8]) && small.bytes.len() < 60_000);

        for wrong in ["2020-01-01T00:00:00Z", "2199-01-01T00:00:00Z"] {
            let answer = officer.post(DUTY, &json!({"until": wrong})).await;
            answer.expect_problem(422, "invalid_field");
        }
        let first = code(&begin(&officer, None).await);
        let shown = look(&world, &first.to_lowercase()).await;
        let told = &shown["officer"];
        assert_eq!((&shown["official"], &told["name"]), (&json!(true), &json!("Budi S.")));
        assert_eq!((&told["role"], &told["place"]), (&json!("officer"), &json!(null)));
        // JPEG in base64: three bytes are four signs.
        let photo = told["photo"].as_str().unwrap();
        assert!(photo.starts_with("/9j/") && photo.len() == small.bytes.len().div_ceil(3) * 4, "{}", photo.len());
        assert!(!shown.to_string().contains("SANTOSO") && !shown.to_string().contains("budi\""), "{shown}");

        // A QR counts for five minutes, and no second more.
        let copied = qr(&officer).await;
        world.later(299);
        assert_eq!(look(&world, &copied).await["official"], true);
        world.later(1);
        let mut answers = vec![look(&world, &copied).await];
        let mut altered = qr(&officer).await;
        altered.replace_range(30..31, if &altered[30..31] == "A" { "B" } else { "A" });
        answers.push(look(&world, &altered).await);
        answers.push(look(&world, "").await);
        answers.push(look(&world, "000-000").await);
        answers.push(look(&world, &"9".repeat(300)).await);

        // On duty anew, somewhere else say: the code of before is worth nothing.
        let second = code(&begin(&officer, None).await);
        assert_ne!(first, second);
        answers.push(look(&world, &first).await);
        assert_eq!(look(&world, &second).await["official"], true);
        officer.delete(DUTY).await.expect(204);
        officer.delete(DUTY).await.expect(204);
        answers.push(look(&world, &second).await);
        officer.post(&format!("{DUTY}/token"), &json!({})).await.expect_problem(409, "wrong_state");

        // Disabled, and paused.
        let third = code(&begin(&officer, None).await);
        world.accounts().set_active(Realm::Office, "budi", false).await.unwrap();
        answers.push(look(&world, &third).await);
        world.accounts().set_active(Realm::Office, "budi", true).await.unwrap();
        assert_eq!(look(&world, &third).await["official"], true);
        let paused = "UPDATE staff_account SET paused_at = 1 WHERE staff_id = $1";
        world.change(paused, id.parse().unwrap()).await;
        answers.push(look(&world, &third).await);
        world.change("UPDATE staff_account SET paused_at = NULL WHERE staff_id = $1", id.parse().unwrap()).await;

        // Yesterday's.
        world.later(DAY);
        answers.push(look(&world, &third).await);
        assert_eq!(answers, vec![red(); answers.len()]);

        // A month later nothing of it is kept.
        world.later(32 * DAY);
        assert!(world.app.sweeper().sweep(Uuid::from_u128(1)).await.unwrap());
        let kept = "SELECT CAST(COUNT(*) AS BIGINT) FROM duty WHERE staff_id = $1";
        assert_eq!(world.count(kept, id.parse().unwrap()).await, 0);
        // And a year later no photo: it is taken anew.
        let photos = "SELECT CAST(COUNT(*) AS BIGINT) FROM staff_photo WHERE staff_id = $1";
        assert_eq!(world.count(photos, id.parse().unwrap()).await, 1);
        world.later(333 * DAY);
        assert!(world.app.sweeper().sweep(Uuid::from_u128(1)).await.unwrap());
        assert_eq!(world.count(photos, id.parse().unwrap()).await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_place_is_red_and_guessing_costs_work() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let supervisor = world.supervisor("penyelia", OFFICE).await;
        let officer = world.officer("budi", OFFICE).await;
        photograph(&world, &supervisor, &id_of(&officer).await).await.expect(204);
        let until = officer.get(DUTY).await.expect(200).text("latest_end");
        let at = |latitude: f64, longitude: f64| json!({"latitude": latitude, "longitude": longitude});
        let nowhere = json!({"until": until, "position": at(91.0, 0.0)});
        officer.post(DUTY, &nowhere).await.expect_problem(422, "invalid_field");
        let body = json!({"until": until, "position": at(-6.175_39, 106.827_15)});
        let code = code(&officer.post(DUTY, &body).await.expect(201).json);
        let from = async |position: Value| {
            let body = json!({"code": code, "position": position});
            world.post(LOOK).json(&body).send().await.expect(200).json
        };
        // 2.2 km away, and 300 m.
        assert_eq!(from(at(-6.195, 106.823)).await, red());
        assert_eq!(from(at(-6.178, 106.827)).await["officer"]["near"], true);
        assert_eq!(look(&world, &code).await["officer"]["near"], json!(null));

        // Thirty in an hour are free; then each costs work, the right code too.
        let begun = Instant::now();
        for number in 3..30 {
            assert_eq!(look(&world, &format!("ZZZ-Z{number:02}")).await, red());
        }
        assert!(begun.elapsed().as_millis() >= 27 * 400, "each takes its time");
        let asked = |captcha: Option<String>| {
            let mut body = json!({"code": code});
            if let Some(captcha) = captcha {
                body["captcha"] = captcha.into();
            }
            world.post(LOOK).json(&body)
        };
        asked(None).send().await.expect_problem(422, "captcha_required");
        let challenge = world.post(&format!("{LOOK}/captcha")).send().await.expect(200).json;
        let solution = ikd::captcha::solve(&serde_json::from_value(challenge).unwrap()).unwrap();
        assert_eq!(asked(Some(solution.clone())).send().await.expect(200).json["official"], true);
        asked(Some(solution)).send().await.expect_problem(422, "captcha_invalid");
        world.later(HOUR);
        assert_eq!(look(&world, &code).await["official"], true);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn duties_begun_at_one_moment_leave_one_code() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let supervisor = world.supervisor("penyelia", OFFICE).await;
        let officer = world.officer("budi", OFFICE).await;
        let id = id_of(&officer).await;
        photograph(&world, &supervisor, &id).await.expect(204);
        let (one, two, three) = tokio::join!(begin(&officer, None), begin(&officer, None), begin(&officer, None));
        let live = "SELECT CAST(COUNT(*) AS BIGINT) FROM duty WHERE staff_id = $1 AND ended_at IS NULL";
        assert_eq!(world.count(live, id.parse().unwrap()).await, 1);
        // Who was faster may have been told the code of who was slower: it is the one that counts.
        let mut good = BTreeSet::new();
        for view in [one, two, three] {
            if look(&world, &code(&view)).await["official"] == true {
                good.insert(code(&view));
            }
        }
        assert_eq!(good.len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_report_is_read_by_who_leads_and_never_by_whom_it_is_about() {
    each_engine(async |context| {
        let world = World::open(context).await;
        Offices::new(world.context.clone()).add("UJI-02", "Kantor Lain", Kind::Dinas).await.unwrap();
        let (first, second) = (world.supervisor("penyelia", OFFICE).await, world.supervisor("atasan", OFFICE).await);
        let (officer, elsewhere) = (world.officer("budi", OFFICE).await, world.supervisor("jauh", "UJI-02").await);
        photograph(&world, &second, &id_of(&first).await).await.expect(204);
        let code = code(&begin(&first, None).await);
        first.delete(DUTY).await.expect(204);
        let offices = world.get("/v1/offices").send().await.expect(200).json;
        let mut all = offices["items"].as_array().unwrap().iter();
        let here = all.find(|one| one["name"] != "Kantor Lain").unwrap()["office_id"].clone();
        let said = |code: &str| {
            json!({"office_id": here, "what": "Diminta uang Rp50.000 dan PIN", "place": "Pasar Senen",
                "contact": "0812 3456 7890", "code": code})
        };
        let report = async |body: &Value| world.post(REPORTS).json(body).send().await;
        for (field, wrong) in [("what", "x"), ("place", " "), ("office_id", &*Uuid::nil().to_string())] {
            let mut body = said(&code);
            body[field] = wrong.into();
            report(&body).await.expect_problem(422, "invalid_field");
        }
        let about = report(&said(&code)).await.expect(201).text("reference");
        let unknown = report(&said("ZZZ-ZZZ")).await.expect(201).text("reference");

        // The reporter's words are sealed; whom it is about neither reads nor closes it.
        let list = async |reader: &Officer, state: &str| {
            let path = format!("/v1/officer/fraud-reports?state={state}");
            reader.get(&path).await.expect(200).json["items"].as_array().unwrap().clone()
        };
        world.later(MINUTE);
        let read = list(&second, "open").await;
        assert_eq!(read.iter().map(|one| one["reference"].as_str().unwrap()).collect::<Vec<_>>(), [&unknown, &about]);
        assert_eq!((&read[1]["about"], &read[0]["about"]), (&json!("penyelia"), &json!(null)));
        assert_eq!(read[1]["contact"], "0812 3456 7890");
        let own = list(&first, "open").await;
        assert_eq!(own.iter().map(|one| &one["reference"]).collect::<Vec<_>>(), [&json!(unknown)]);
        officer.get("/v1/officer/fraud-reports").await.expect_problem(403, "forbidden");
        assert!(list(&elsewhere, "open").await.is_empty());
        let path = |one: &Value| format!("/v1/officer/fraud-reports/{}/close", one["report_id"].as_str().unwrap());
        let words = json!({"reason": "Bukan petugas kami; diteruskan ke polisi"});
        first.post(&path(&read[1]), &words).await.expect_problem(403, "forbidden");
        elsewhere.post(&path(&read[1]), &words).await.expect_problem(404, "not_found");
        let close = path(&read[0]);
        let (one, two) = tokio::join!(second.post(&close, &words), first.post(&close, &words));
        let mut answers = [one.status.as_u16(), two.status.as_u16()];
        answers.sort_unstable();
        assert_eq!(answers, [204, 409], "the first counts");
        second.post(&path(&read[1]), &words).await.expect(204);
        let closed = list(&second, "closed").await;
        assert_eq!((closed.len(), &closed[0]["words"]), (2, &words["reason"]));

        // The fourth try of an hour costs work, and twenty a day are all.
        report(&said(&code)).await.expect_problem(422, "captcha_required");
        for _ in 0..17 {
            world.later(HOUR + 1);
            report(&said(&code)).await.expect(201);
        }
        world.later(HOUR + 1);
        report(&said(&code)).await.expect_problem(429, "too_many");
        world.later(181 * DAY);
        assert!(world.app.sweeper().sweep(Uuid::from_u128(1)).await.unwrap());
        let kept = "SELECT CAST(COUNT(*) AS BIGINT) FROM fraud_report WHERE report_id <> $1 AND state = 'closed'";
        assert_eq!(world.count(kept, Uuid::nil()).await, 0);
    })
    .await;
}
