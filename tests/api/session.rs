//! Officers' log-ins: a code works once, five failures lock, sessions idle and end.

use ikd::clock::{HOUR, MINUTE};
use ikd::office::{Kind, Offices};
use ikd::staff::{Realm, Role};
use serde_json::{Value, json};
use support::answer::Answer;
use support::client::Officer;
use tokio::task::JoinSet;

use support::each_engine;
use support::world::{OFFICE, PASSWORD, World};

async fn log_in(world: &World, body: &Value) -> Answer {
    let request = world.post("/v1/officer/sessions").json(body);
    request.send().await
}

async fn resume(desk: &Officer, password: &str) -> Answer {
    desk.post("/v1/officer/sessions/current/resume", &json!({"password": password})).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_32_parallel_log_ins_with_one_code_exactly_one_succeeds() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let officer = world.add_officer("petugas", OFFICE).await;
        let body = world.log_in_body(&officer);
        let mut running = JoinSet::new();
        for _ in 0..32 {
            let request = world.post("/v1/officer/sessions").json(&body);
            running.spawn(async move { request.send().await });
        }
        let answers = running.join_all().await;
        let succeeded: Vec<_> = answers.iter().filter(|answer| answer.status == 201).collect();
        assert_eq!(succeeded.len(), 1);
        let known = ["login_failed", "too_many", "overloaded", "unavailable"];
        let others: Vec<_> =
            answers.iter().map(Answer::code).filter(|code| !code.is_empty() && !known.contains(code)).collect();
        assert!(others.is_empty(), "{others:?}");
        let cookie = succeeded[0].headers["set-cookie"].to_str().unwrap();
        for part in ["__Host-", "Secure", "HttpOnly", "SameSite=Strict", "Path=/"] {
            assert!(cookie.contains(part), "{part}");
        }
        assert!(!cookie.contains("Domain"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failures_of_a_user_from_an_address_make_each_next_try_wait_longer() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let (officer, other) = (world.add_officer("petugas", OFFICE).await, world.add_officer("lain", OFFICE).await);
        let with = |key: &str, value: &str| {
            let mut body = world.log_in_body(&officer);
            body[key] = json!(value);
            body
        };
        // Whatever is wrong, the answer is the same.
        let mut refusals = Vec::new();
        for body in [
            with("password", "bukan kata sandi"),
            with("totp", "000000"),
            with("totp", ""),
            with("password", ""),
            with("totp", "abcdef"),
        ] {
            let answer = log_in(&world, &body).await.expect(401);
            refusals.push(answer.json);
        }
        let unknown = log_in(&world, &with("username", "siapa")).await.expect(401);
        refusals.push(unknown.json);
        for refusal in &mut refusals {
            refusal.as_object_mut().unwrap().remove("request_id");
        }
        refusals.dedup();
        assert_eq!(refusals.len(), 1, "{refusals:?}");
        assert_eq!(refusals[0]["code"], "login_failed");
        // Whoever has a phone whose clock is off sees it by that.
        assert_eq!(refusals[0]["service_time"], json!(world.context.now()));

        let refused = |answer: Answer| (answer.code().to_owned(), answer.retry_after);
        let wait = |seconds: u64| (String::from("too_many"), Some(seconds));
        assert_eq!(refused(log_in(&world, &world.log_in_body(&officer)).await.expect(429)), wait(30));
        assert_eq!(log_in(&world, &world.log_in_body(&other)).await.status, 201, "nobody else waits");
        for seconds in [60, 120, 240, 480, 900, 900] {
            let (_, now) = refused(log_in(&world, &world.log_in_body(&officer)).await.expect(429));
            world.later(i64::try_from(now.unwrap()).unwrap());
            log_in(&world, &with("password", "bukan kata sandi")).await.expect(401);
            let next = refused(log_in(&world, &world.log_in_body(&officer)).await.expect(429));
            assert_eq!(next, wait(seconds), "twice as long, and never longer than a quarter of an hour");
        }
        world.later(15 * MINUTE - 1);
        log_in(&world, &world.log_in_body(&officer)).await.expect_problem(429, "too_many");
        world.later(1);
        let session = log_in(&world, &world.log_in_body(&officer)).await.expect(201).json;
        assert_eq!((&session["previous_log_in"], &session["failed_log_ins"]), (&Value::Null, &json!(11)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_lets_in_while_it_is_shown_and_no_second_longer() {
    each_engine(async |context| {
        let world = World::open(context).await;
        // Seconds by which a phone's clock is behind, at the beginning of a step and at its end.
        for (name, begins, behind, status) in [
            ("tepat", 0, 0, 201),
            ("akhir", 29, 29, 201),
            ("lewat", 0, 1, 401),
            ("lewat-akhir", 29, 30, 401),
            ("awal", 29, -1, 401),
        ] {
            let officer = world.add_officer(name, OFFICE).await;
            world.later((begins - world.context.now().seconds()).rem_euclid(30));
            let mut body = world.log_in_body(&officer);
            body["totp"] = json!(officer.code(world.context.now().plus_seconds(-behind)));
            let answer = log_in(&world, &body).await.expect(status);
            assert_eq!(answer.json["service_time"].is_string(), status == 401, "{name}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_idles_after_thirty_minutes_and_ends_after_twelve_hours() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let officer = world.add_officer("petugas", OFFICE).await;
        let desk = world.log_in(&officer).await;
        let current = async || desk.get("/v1/officer/sessions/current").await;
        // In use every 29 minutes it goes on.
        for _ in 0..3 {
            world.later(29 * MINUTE);
            current().await.expect(200);
        }
        world.later(30 * MINUTE);
        current().await.expect_problem(401, "password_required");
        let act = desk.post("/v1/officer/counter-tokens", &json!({})).await;
        act.expect_problem(401, "password_required");
        resume(&desk, "salah sekali lagi").await.expect_problem(401, "login_failed");
        current().await.expect_problem(401, "password_required");
        assert_eq!(resume(&desk, &officer.password).await.expect(200).json["username"], "petugas");
        current().await.expect(200);
        world.later(12 * HOUR);
        current().await.expect_problem(401, "session_ended");
        resume(&desk, &officer.password).await.expect_problem(401, "session_ended");

        // Logging out, and being disabled, end a session at once.
        let desk = world.log_in(&officer).await;
        desk.delete("/v1/officer/sessions/current").await.expect(204);
        desk.get("/v1/officer/sessions/current").await.expect_problem(401, "session_ended");
        world.later(60);
        let desk = world.log_in(&officer).await;
        world.accounts().set_active(Realm::Office, "petugas", false).await.unwrap();
        desk.get("/v1/officer/sessions/current").await.expect_problem(401, "session_ended");
        world.later(60);
        log_in(&world, &world.log_in_body(&officer)).await.expect_problem(401, "login_failed");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_serves_nobody_sees_nobody_and_a_foreign_page_can_do_nothing() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let applicant = world.waiting(&world.people[0]).await;
        world.scan(world.desk().await, &applicant).await.expect(200);
        // An administrator manages; the counter is not theirs.
        Offices::new(world.context.clone()).add("PUSAT", "Pusat", Kind::Dinas).await.unwrap();
        let role = Role::Administrator;
        let admin = world.log_in(&world.add_person("admin", OFFICE, role).await).await;
        let base = format!("/v1/officer/registrations/{}", applicant.id);
        for path in ["", "/selfie", "/portrait"] {
            admin.get(&format!("{base}{path}")).await.expect_problem(403, "forbidden");
        }
        admin.get("/v1/officer/registrations").await.expect_problem(403, "forbidden");
        world.approve(&admin, &applicant).await.expect_problem(403, "forbidden");

        // What a browser sends along when another site's page makes it ask.
        let cookie = world.desk().await.cookie();
        for (name, value) in [("Sec-Fetch-Site", "cross-site"), ("Origin", "https://jahat.example")] {
            let request = world.post(&format!("{base}/approval")).cookie(&cookie);
            let request = request.header(name, value).json(&support::world::approval());
            let answer = request.send().await;
            assert_eq!(answer.expect(403).code(), "forbidden", "{name}");
        }
        assert_eq!(world.state(&applicant).await, "awaiting_officer");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_continued_session_has_another_cookie_and_the_old_one_is_worth_nothing() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let officer = world.add_officer("petugas", OFFICE).await;
        let desk = world.log_in(&officer).await;
        let before = desk.cookie();
        world.later(31 * MINUTE);
        resume(&desk, &officer.password).await.expect(200);
        assert_ne!(desk.cookie(), before);
        desk.get("/v1/officer/sessions/current").await.expect(200);
        let old = world.get("/v1/officer/sessions/current").header("Cookie", before);
        let old = old.send().await;
        old.expect_problem(401, "session_ended");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_changes_the_own_password_and_ends_own_sessions() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let mut officer = world.add_officer("petugas", OFFICE).await;
        let desk = world.log_in(&officer).await;
        world.later(30);
        let other = world.log_in(&officer).await;
        let listed = desk.get("/v1/officer/sessions").await.expect(200).json;
        let items = listed["items"].as_array().unwrap();
        let current: Vec<_> = items.iter().map(|item| item["current"].as_bool().unwrap()).collect();
        assert_eq!((items.len(), current.iter().filter(|current| **current).count()), (2, 1));
        let text = listed.to_string();
        for cookie in [desk.cookie(), other.cookie()] {
            assert!(!text.contains(cookie.split_once('=').unwrap().1), "a list opens nothing");
        }
        // A colleague cannot end it, its owner can, with the password: a stolen cookie throws out nobody.
        let theirs = items.iter().find(|item| item["current"] == false).unwrap()["session_id"].as_str().unwrap();
        let colleague = world.officer("rekan", OFFICE).await;
        let end = async |who: &Officer, password: &str| {
            let body = json!({ "password": password });
            who.post(&format!("/v1/officer/sessions/{theirs}/ending"), &body).await
        };
        let everywhere =
            async |password: &str| desk.post("/v1/officer/sessions/ending", &json!({ "password": password })).await;
        end(&colleague, PASSWORD).await.expect_problem(404, "not_found");
        end(&desk, "bukan kata sandinya").await.expect_problem(401, "login_failed");
        everywhere("bukan kata sandinya").await.expect_problem(401, "login_failed");
        other.get("/v1/officer/sessions/current").await.expect(200);
        end(&desk, PASSWORD).await.expect(204);
        end(&desk, PASSWORD).await.expect_problem(404, "not_found");
        let ended = other.get("/v1/officer/sessions/current").await;
        ended.expect_problem(401, "session_ended");

        world.later(30);
        let third = world.log_in(&officer).await;
        world.later(30);
        let totp = |world: &World| officer.code(world.context.now());
        let change = async |old: &str, totp: &str, new: &str| {
            let body = json!({"password": old, "totp": totp, "new_password": new});
            desk.post("/v1/officer/password", &body).await
        };
        let new = "tujuh ember hujan kemarin";
        for weak in ["password1234", "short", "petugas petugas", officer.password.as_str()] {
            let answer = change(&officer.password, &totp(&world), weak).await.expect(422);
            assert_eq!(answer.code(), "invalid_field", "{weak}");
        }
        change("bukan yang lama", &totp(&world), new).await.expect_problem(401, "login_failed");
        change(&officer.password, "000000", new).await.expect_problem(401, "login_failed");
        let before = desk.cookie();
        change(&officer.password, &totp(&world), new).await.expect(200);
        assert_ne!(desk.cookie(), before, "the cookie is another one");
        desk.get("/v1/officer/sessions/current").await.expect(200);
        assert_eq!(third.get("/v1/officer/sessions/current").await.code(), "session_ended");
        world.later(30);
        log_in(&world, &world.log_in_body(&officer)).await.expect_problem(401, "login_failed");
        officer.password = new.into();
        let answer = log_in(&world, &world.log_in_body(&officer)).await.expect(201).json;
        assert_eq!(answer["failed_log_ins"], 1);
        assert!(answer["previous_log_in"].as_str().is_some());
        // Everywhere but here.
        everywhere(PASSWORD).await.expect_problem(401, "login_failed");
        everywhere(new).await.expect(204);
        assert_eq!(desk.get("/v1/officer/sessions").await.json["items"].as_array().unwrap().len(), 1);
        // Whoever logs in anew from a browser leaves no session there that goes on.
        world.later(30);
        let again = world.post("/v1/officer/sessions").header("Cookie", desk.cookie());
        again.json(&world.log_in_body(&officer)).send().await.expect(201);
        desk.get("/v1/officer/sessions/current").await.expect_problem(401, "session_ended");
    })
    .await;
}

/// Whoever has a cookie alone gets no further tries at the password by ending sessions, and does not keep its owner from ending theirs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guesses_at_ending_sessions_count_for_the_cookie_and_keep_its_owner_from_nothing() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let officer = world.add_officer("petugas", OFFICE).await;
        let desk = world.log_in(&officer).await;
        world.later(30);
        let other = world.log_in(&officer).await;
        let mut refused = 0;
        while let Some(wrong) = (refused < 10).then(|| json!({"password": format!("tebakan nomor {refused}")})) {
            let answer = desk.post("/v1/officer/sessions/ending", &wrong).await;
            if answer.status == 429 {
                break;
            }
            answer.expect_problem(401, "login_failed");
            refused += 1;
        }
        assert!((3..10).contains(&refused), "{refused} guesses were judged");
        let right = json!({ "password": PASSWORD });
        desk.post("/v1/officer/sessions/ending", &right).await.expect_problem(429, "too_many");
        desk.post("/v1/officer/sessions/current/resume", &right).await.expect_problem(429, "too_many");
        other.get("/v1/officer/sessions/current").await.expect(200);
        // Waiting helps, and the right password forgets the wrong ones.
        world.later(15 * 60);
        desk.post("/v1/officer/sessions/ending", &json!({"password": "salah lagi"}))
            .await
            .expect_problem(401, "login_failed");
        // Whose account it is ends whoever guesses, from another session, at once.
        other.post("/v1/officer/sessions/ending", &right).await.expect(204);
        desk.get("/v1/officer/sessions/current").await.expect_problem(401, "session_ended");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_at_the_same_address_keep_nobody_out_of_a_known_browser() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let officer = world.add_officer("petugas", OFFICE).await;
        let first = log_in(&world, &world.log_in_body(&officer)).await.expect(201);
        let cookies: Vec<&str> =
            first.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap()).collect();
        let browser = cookies.iter().find(|cookie| cookie.contains("browser")).unwrap();
        for part in ["__Host-", "Secure", "HttpOnly", "SameSite=Strict", "Path=/", "Max-Age="] {
            assert!(browser.contains(part), "{part}");
        }
        let browser = browser.split(';').next().unwrap();
        // A stranger guesses from the same address until neither this name nor any other is judged there.
        let wrong = |name: &str| json!({"username": name, "password": "bukan kata sandi", "totp": "000000"});
        for _ in 0..6 {
            log_in(&world, &wrong("petugas")).await;
        }
        for number in 0..70 {
            log_in(&world, &wrong(&format!("nama{number}"))).await;
        }
        world.later(30);
        for _ in 0..2 {
            log_in(&world, &wrong("petugas")).await;
        }
        for number in 70..90 {
            log_in(&world, &wrong(&format!("nama{number}"))).await;
        }
        let log_in_with = async |cookie: &str, body: &Value| {
            let request = world.post("/v1/officer/sessions").header("Cookie", cookie);
            request.json(body).send().await
        };
        log_in(&world, &wrong("petugas")).await.expect_problem(429, "too_many");
        let last = if browser.ends_with('A') { 'E' } else { 'A' };
        let forged = format!("{}{last}", &browser[..browser.len() - 1]);
        assert_eq!(log_in_with(&forged, &world.log_in_body(&officer)).await.status, 429);
        log_in_with(browser, &world.log_in_body(&officer)).await.expect(201);
        // The known browser has few tries too.
        for _ in 0..5 {
            assert_eq!(log_in_with(browser, &wrong("petugas")).await.status, 401);
        }
        world.later(29);
        assert_eq!(log_in_with(browser, &world.log_in_body(&officer)).await.status, 429);
        world.later(1);
        log_in_with(browser, &world.log_in_body(&officer)).await.expect(201);
    })
    .await;
}
