//! Personal data and secrets never reach logs, metrics and traces.

use ikd::device::client::PinKey;
use ikd::login::totp;
use reqwest::Method;
use serde_json::{Value, json};

use support::world::{Host, LogIn, World};
use support::{Engine, http, until};

use crate::collector::Collector;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_canary_reaches_logs_metrics_or_traces() {
    let world = World::with_people(Engine::Postgres, 2).await;
    // The metrics listener does not say its port: one that was free a moment ago.
    let metrics = format!("127.0.0.1:{}", support::node::free_port());
    let collector = Collector::start().await;
    let node = world
        .node(&[
            ("LOG__LEVEL", "debug"),
            ("HTTP__METRICS_LISTEN", &metrics),
            ("TRACES__ENDPOINT", &collector.endpoint()),
            ("TRACES__SAMPLE", "1"),
        ])
        .await;
    let person = &world.people[0];
    let email = "kenari.uji.7391@surel-kenari-5512.id";

    let mut resident = world.waiting(&[&node.base], 0, email).await;
    let log_in = world.officer();
    let officer = world.log_in_at(&node.base, log_in).await;
    let activation = world.activation_token(&resident).await;
    // What goes wrong is logged more than what goes well.
    for (name, password) in
        [("kenari.petugas.88", "sandi kenari 4417 salah"), (log_in.username.as_str(), "sandi kenari 4417 salah")]
    {
        let body = json!({"username": name, "password": password, "totp": "000000"});
        world.request_at(&node.base, Method::POST, "/v1/officer/sessions").json(&body).send().await.expect(401);
    }
    let wrong = json!({"token": activation.replace('0', "1")});
    assert_eq!(officer.post("/v1/officer/scans", &wrong).await.status.as_u16() / 100, 4);
    world.visit(&officer, &resident).await;
    let code = world.code_sent(&resident).await;
    world.enter(&resident, "abc").await;
    let pin = PinKey::from_seed(&world.random.bytes());
    let pin_key = pin.public_text();
    let access = world.activate_with(&mut resident, pin).await.text("access_token");
    let bank = world.bank(&node.base);
    let token = world.present(&resident, "full").await;
    let answer = bank.verify(&token, "open_account", "kunci-sekali-pakai-8412").await.expect(200);
    assert_eq!(answer.json["attributes"]["nik"], person.nik.as_str(), "the flow carried the canaries");
    assert_eq!(world.verdict_of(&bank, &token).await, "already_used");
    let body = json!({"token": token, "purpose": "unknown"});
    assert_eq!(bank.verify_body(&body, "kunci-lain").await.status, 403);
    let offline = resident.client.post("/v1/me/presentations", &json!({"share": "basic", "offline": true})).await;
    let offline = offline.expect(200).text("token");
    assert_eq!(world.verdict_of(&bank, &offline).await, "valid");
    let typed = resident.client.post("/v1/me/presentations", &json!({"share": "basic", "code": true})).await;
    let typed = typed.expect(200).text("code");
    let other = format!("{}{}", &typed[1..], &typed[..1]);
    for (code, key, status) in [(&typed, "kode-a", 200), (&other, "kode-b", 200), (&format!("{typed}x"), "kode-c", 422)]
    {
        let body = json!({"code": code, "purpose": "open_account"});
        let answer = bank.verify_body(&body, key).await;
        assert_eq!(answer.status, status, "{}", answer.json);
    }
    resident.client.get("/v1/me/verifications").await.expect(200);
    let check = json!({"verification_id": answer.json["verification_id"]});
    let dispute = resident.client.post("/v1/me/disputes", &check).await.expect(201).text("dispute_id");
    let path = format!("/v1/disputes/{dispute}/answer");
    let body = json!({"finding": "unknown", "words": "Jawaban kenari 6620"});
    world.request_at(&node.base, Method::POST, &path).bearer(&world.api_key).json(&body).send().await.expect(200);
    let body = json!({"nik": person.nik, "reason": "Pembatalan kenari 9043"});
    officer.post("/v1/officer/annulments", &body).await.expect(403);
    let open = |method, path: &str| world.request_at(&node.base, method, path);
    open(Method::GET, "/cek/kenari-cek-7391").send().await.expect(200);
    let body = json!({"code": "kenari-kode-2086"});
    open(Method::POST, "/v1/officer-proofs").json(&body).send().await.expect(200);
    let offices = open(Method::GET, "/v1/offices").send().await.expect(200).json;
    let body = json!({"office_id": offices["items"][0]["office_id"], "what": "Laporan kenari 5528", "place": "Pasar kenari 81",
        "contact": "kenari-pelapor-33", "code": "kenari-kode-2086"});
    open(Method::POST, "/v1/fraud-reports").json(&body).send().await.expect(201);
    let party = world.json(&["relying-party", "administrator", "add", "Bank Uji", "rina.log", "Rina Wati"]).await;
    let admin = LogIn {
        username: String::from("rina.log"),
        password: party["password"].as_str().unwrap().to_owned(),
        totp_secret: party["totp_secret"].as_str().unwrap().to_owned(),
    };
    totp::in_good_time(&world.clock()).await;
    let body = world.log_in_body(&admin);
    let cookie = open(Method::POST, "/v1/teller/sessions").json(&body).send().await.expect(201).cookie.unwrap();
    let asked = open(Method::GET, "/v1/teller/secrets").cookie(&cookie).send().await.expect(200);
    let own = LogIn { totp_secret: asked.text("totp_secret"), ..admin.clone() };
    totp::in_good_time(&world.clock()).await;
    let chosen = json!({"new_password": "sandi kenari sendiri 6604", "totp": own.code(world.now())});
    let chosen = open(Method::POST, "/v1/teller/secrets").cookie(&cookie).json(&chosen).send().await.expect(200);
    let cookie = chosen.cookie.unwrap();
    let about = json!({"name": "KCP Seririt", "address": "Jl. Gajah Mada 12", "regency": "5108", "shown": true});
    let partner = |method, path: &str| open(method, path).cookie(&cookie);
    let branch = partner(Method::POST, "/v1/partner/branches").json(&about).send().await.expect(201).text("branch_id");
    let path = format!("/v1/branches/{branch}/reports");
    let day = ikd::register::Date::in_jakarta(world.now());
    for (words, status) in
        [("Penolakan kenari 3177".to_owned(), 201), (format!("kenari 3177 {}", "x".repeat(500)), 422)]
    {
        let body = json!({"what": "refused", "day": day, "words": words});
        open(Method::POST, &path).json(&body).send().await.expect(status);
    }
    let read = partner(Method::GET, "/v1/partner/branch-reports").send().await.expect(200);
    assert_eq!(read.json["items"][0]["words"], "Penolakan kenari 3177", "the flow carried the canary");
    let rejected = json!({"nik": person.nik, "full_name": person.full_name, "email": email, "phone": 5});
    assert_eq!(resident.client.post("/v1/registrations", &rejected).await.status.as_u16() / 100, 4);

    let traces = until("the last request is traced", 30, async || {
        let text = collector.text();
        text.contains("/v1/registrations").then_some(text)
    })
    .await;
    let metrics = http().get(format!("http://{metrics}/metrics")).send().await.unwrap().text().await.unwrap();
    assert!(metrics.contains("ikd_http_requests_total"), "{metrics}");
    let printed = node.printed();
    let lines = printed.lines().count();
    assert!(lines > 20 && printed.contains(r#""message":"request""#), "the log is too quiet to prove anything");
    for line in printed.lines() {
        assert!(serde_json::from_str::<Value>(line).is_ok(), "not JSON: {line}");
    }
    let (first, last) = (world.api_key.rsplit_once('_').unwrap().1, log_in.password.as_str());
    let cookie = officer.cookie();
    let cookie = cookie.split_once('=').unwrap().1;
    let canaries = [
        ("NIK", person.nik.clone()),
        ("name", person.full_name.clone()),
        ("birth date", person.birth_date.clone()),
        ("e-mail", email.to_owned()),
        ("domain of the e-mail", String::from("surel-kenari-5512")),
        ("a name that nobody has", String::from("kenari.petugas.88")),
        ("a wrong password", String::from("sandi kenari 4417")),
        ("phone", String::from("81234567890")),
        ("phone as typed", String::from("0812 3456 7890")),
        ("activation code", code),
        ("PIN public key", pin_key),
        ("API key secret", first.to_owned()),
        ("password", last.to_owned()),
        ("authenticator secret", log_in.totp_secret.clone()),
        ("a chosen password", String::from("kenari sendiri 6604")),
        ("an authenticator secret that was taken over", own.totp_secret),
        ("session cookie", cookie.to_owned()),
        ("access token", access),
        ("activation token", activation),
        ("presentation token", token),
        ("offline token", offline),
        ("code in place of a QR", typed),
        ("a wrong one", other),
        ("mail password", world.mail.config().smtp.password.expose().clone()),
        ("words of an answer to a dispute", String::from("kenari 6620")),
        ("words of an annulment", String::from("kenari 9043")),
        ("code of an officer in a page's address", String::from("kenari-cek-7391")),
        ("code of an officer", String::from("kenari-kode-2086")),
        ("words of a report", String::from("kenari 5528")),
        ("place of a report", String::from("kenari 81")),
        ("contact of a report", String::from("kenari-pelapor-33")),
        ("words of a report of a branch", String::from("kenari 3177")),
        ("idempotency key", String::from("kunci-sekali-pakai-8412")),
    ];
    for (what, canary) in &canaries {
        assert!(canary.len() >= 6, "{what}: {canary:?} is too short to look for");
        for (place, text) in [("log", &printed), ("metrics", &metrics), ("traces", &traces)] {
            let found = text.lines().find(|line| line.to_lowercase().contains(&canary.to_lowercase()));
            assert!(found.is_none(), "{what} is in the {place}: {found:?}");
        }
    }
}
