//! Officers' log-ins: a code works once, five failures lock, sessions idle and end.

use ikd::clock::{HOUR, MINUTE};
use ikd::counter::service::{add_office, disable_officer};
use ikd::demo::client::Answer;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::support::each_engine;
use crate::world::{OFFICE, World};

async fn log_in(world: &World, body: &Value) -> Answer {
    let request = world.http.post(format!("{}/v1/officer/sessions", world.base)).json(body);
    Answer::read(request.send().await.unwrap()).await.unwrap()
}

async fn resume(world: &World, cookie: &str, password: &str) -> Answer {
    let request = world.http.post(format!("{}/v1/officer/sessions/current/resume", world.base));
    let request = request.header("Cookie", cookie).json(&json!({"password": password}));
    Answer::read(request.send().await.unwrap()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_32_parallel_log_ins_with_one_code_exactly_one_succeeds() {
    each_engine(async |core| {
        let world = World::open(core).await;
        let officer = world.add_officer("petugas", OFFICE).await;
        let body = world.log_in_body(&officer);
        let mut running = JoinSet::new();
        for _ in 0..32 {
            let request = world.http.post(format!("{}/v1/officer/sessions", world.base)).json(&body);
            running.spawn(async move { Answer::read(request.send().await.unwrap()).await.unwrap() });
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
async fn five_failures_lock_this_user_from_this_address_for_fifteen_minutes() {
    each_engine(async |core| {
        let world = World::open(core).await;
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
            let answer = log_in(&world, &body).await.expect(401).unwrap();
            refusals.push((answer.code().to_owned(), answer.json["detail"].clone()));
        }
        let unknown = log_in(&world, &with("username", "siapa")).await.expect(401).unwrap();
        refusals.push((unknown.code().to_owned(), unknown.json["detail"].clone()));
        refusals.dedup();
        assert_eq!(refusals.len(), 1, "{refusals:?}");
        assert_eq!(refusals[0].0, "login_failed");

        let locked = log_in(&world, &world.log_in_body(&officer)).await.expect(429).unwrap();
        assert_eq!((locked.code(), locked.retry_after), ("too_many", Some(900)));
        assert_eq!(log_in(&world, &world.log_in_body(&other)).await.status, 201, "nobody else is locked");
        world.later(15 * MINUTE - 1);
        assert_eq!(log_in(&world, &world.log_in_body(&officer)).await.expect(429).unwrap().code(), "too_many");
        world.later(1);
        log_in(&world, &world.log_in_body(&officer)).await.expect(201).unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_idles_after_thirty_minutes_and_ends_after_twelve_hours() {
    each_engine(async |core| {
        let world = World::open(core).await;
        let officer = world.add_officer("petugas", OFFICE).await;
        let desk = world.log_in(&officer).await;
        let current = async || desk.get("/v1/officer/sessions/current").await.unwrap();
        // In use every 29 minutes it goes on.
        for _ in 0..3 {
            world.later(29 * MINUTE);
            current().await.expect(200).unwrap();
        }
        world.later(30 * MINUTE);
        assert_eq!(current().await.expect(401).unwrap().code(), "password_required");
        let act = desk.post("/v1/officer/counter-tokens", &json!({})).await.unwrap();
        assert_eq!(act.expect(401).unwrap().code(), "password_required");
        assert_eq!(
            resume(&world, desk.cookie(), "salah sekali lagi").await.expect(401).unwrap().code(),
            "login_failed"
        );
        assert_eq!(current().await.expect(401).unwrap().code(), "password_required");
        assert_eq!(
            resume(&world, desk.cookie(), &officer.password).await.expect(200).unwrap().json["username"],
            "petugas"
        );
        current().await.expect(200).unwrap();
        world.later(12 * HOUR);
        assert_eq!(current().await.expect(401).unwrap().code(), "session_ended");
        assert_eq!(resume(&world, desk.cookie(), &officer.password).await.expect(401).unwrap().code(), "session_ended");

        // Logging out, and being disabled, end a session at once.
        let desk = world.log_in(&officer).await;
        let out =
            world.http.delete(format!("{}/v1/officer/sessions/current", world.base)).header("Cookie", desk.cookie());
        assert_eq!(out.send().await.unwrap().status(), 204);
        assert_eq!(
            desk.get("/v1/officer/sessions/current").await.unwrap().expect(401).unwrap().code(),
            "session_ended"
        );
        world.later(60);
        let desk = world.log_in(&officer).await;
        disable_officer(&world.core, "petugas").await.unwrap();
        assert_eq!(
            desk.get("/v1/officer/sessions/current").await.unwrap().expect(401).unwrap().code(),
            "session_ended"
        );
        world.later(60);
        assert_eq!(log_in(&world, &world.log_in_body(&officer)).await.expect(401).unwrap().code(), "login_failed");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_serves_nobody_sees_nobody_and_a_foreign_page_can_do_nothing() {
    each_engine(async |core| {
        let world = World::open(core).await;
        let applicant = world.waiting(&world.people[0]).await;
        world.scan(world.desk().await, &applicant).await.expect(200).unwrap();
        // An administrator manages; the counter is not theirs.
        add_office(&world.core, "PUSAT", "Pusat", "office").await.unwrap();
        let password = "kuda baterai staples".to_owned();
        let role = ikd::counter::Role::Administrator;
        let new =
            ikd::counter::service::add_officer(&world.core, OFFICE, "admin", "Admin", role, &password.clone().into())
                .await
                .unwrap();
        let secret = ikd::login::totp::from_base32(new.totp_secret.expose()).unwrap();
        let admin = world.log_in(&crate::world::LogIn { username: "admin".into(), password, secret }).await;
        let base = format!("/v1/officer/registrations/{}", applicant.id);
        for path in ["", "/selfie", "/portrait"] {
            assert_eq!(admin.get(&format!("{base}{path}")).await.unwrap().expect(403).unwrap().code(), "forbidden");
        }
        assert_eq!(admin.get("/v1/officer/registrations").await.unwrap().expect(403).unwrap().code(), "forbidden");
        assert_eq!(world.approve(&admin, &applicant).await.expect(403).unwrap().code(), "forbidden");

        // What a browser sends along when another site's page makes it ask.
        let cookie = world.desk().await.cookie();
        for (name, value) in [("Sec-Fetch-Site", "cross-site"), ("Origin", "https://jahat.example")] {
            let request = world.http.post(format!("{}{base}/approval", world.base)).header("Cookie", cookie);
            let request = request.header(name, value).json(&crate::world::approval());
            let answer = Answer::read(request.send().await.unwrap()).await.unwrap();
            assert_eq!(answer.expect(403).unwrap().code(), "forbidden", "{name}");
        }
        assert_eq!(world.state(&applicant).await, "awaiting_officer");
    })
    .await;
}
