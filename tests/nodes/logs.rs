//! Personal data and secrets never reach logs and metrics.

use ikd::device::client::PinKey;
use serde_json::{Value, json};

use crate::people::{activate_with, cast, http, letter, phone, present, random, register, verdict, visit};
use crate::world::World;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_canary_reaches_logs_or_metrics() {
    let world = World::new().await;
    let cast = cast(&world, 2).await;
    // The metrics listener does not say its port: one that was free a moment ago.
    let metrics = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let node = world.node(&[("LOG__LEVEL", "debug"), ("HTTP__METRICS_LISTEN", &metrics)]).await;
    let person = &cast.residents[0];
    let email = "kenari.uji.7391@surel-kenari-5512.id";

    let mut resident = phone(&[&node.base]);
    let id = register(&resident, person, email).await;
    let officer = cast.officer.log_in(&node.base).await;
    let path = format!("/v1/registrations/{id}/activation-token");
    let activation = resident.post(&path, &json!({})).await.unwrap().text("token").unwrap();
    // What goes wrong is logged more than what goes well.
    for (name, password) in
        [("kenari.petugas.88", "sandi kenari 4417 salah"), (cast.officer.username.as_str(), "sandi kenari 4417 salah")]
    {
        let body = json!({"username": name, "password": password, "totp": "000000"});
        let refused = http().post(format!("{}/v1/officer/sessions", node.base)).json(&body).send().await.unwrap();
        assert_eq!(refused.status(), 401);
    }
    let wrong = json!({"token": activation.replace('0', "1")});
    assert_eq!(officer.post("/v1/officer/scans", &wrong).await.unwrap().status.as_u16() / 100, 4);
    visit(&resident, &officer, &id).await;
    let (_, code) = letter(&world, &id).await;
    let wrong = json!({"code": "abc", "captcha": resident.captcha().await.unwrap()});
    resident.post(&format!("/v1/registrations/{id}/activation-code"), &wrong).await.unwrap();
    let pin = PinKey::from_seed(&random().bytes());
    let pin_key = pin.public_text();
    let access = activate_with(&mut resident, &id, &code, pin).await.text("access_token").unwrap();
    let bank = cast.bank(&node.base);
    let token = present(&resident).await;
    let answer = bank.verify(&token, "open_account", "kunci-sekali-pakai-8412").await.unwrap().expect(200).unwrap();
    assert_eq!(answer.json["attributes"]["nik"], person["nik"], "the flow carried the canaries");
    assert_eq!(verdict(&bank, &token).await, "already_used");
    let body = json!({"token": token, "purpose": "unknown"});
    assert_eq!(bank.verify_body(&body, "kunci-lain").await.unwrap().status, 403);
    let offline = resident.post("/v1/me/presentations", &json!({"share": "basic", "offline": true})).await.unwrap();
    let offline = offline.expect(200).unwrap().text("token").unwrap();
    assert_eq!(verdict(&bank, &offline).await, "valid");
    let typed = resident.post("/v1/me/presentations", &json!({"share": "basic", "code": true})).await.unwrap();
    let typed = typed.expect(200).unwrap().text("code").unwrap();
    let other = format!("{}{}", &typed[1..], &typed[..1]);
    for (code, key, status) in [(&typed, "kode-a", 200), (&other, "kode-b", 200), (&format!("{typed}x"), "kode-c", 422)]
    {
        let body = json!({"code": code, "purpose": "open_account"});
        let answer = bank.verify_body(&body, key).await.unwrap();
        assert_eq!(answer.status, status, "{}", answer.json);
    }
    resident.get("/v1/me/verifications").await.unwrap().expect(200).unwrap();
    let rejected = json!({"nik": person["nik"], "full_name": person["full_name"], "email": email, "phone": 5});
    assert_eq!(resident.post("/v1/registrations", &rejected).await.unwrap().status.as_u16() / 100, 4);

    let metrics = http().get(format!("http://{metrics}/metrics")).send().await.unwrap().text().await.unwrap();
    assert!(metrics.contains("ikd_http_requests_total"), "{metrics}");
    let printed = node.printed();
    let lines = printed.lines().count();
    assert!(lines > 20 && printed.contains(r#""message":"request""#), "the log is too quiet to prove anything");
    for line in printed.lines() {
        assert!(serde_json::from_str::<Value>(line).is_ok(), "not JSON: {line}");
    }
    let member = |name: &str| person[name].as_str().unwrap().to_owned();
    let (first, last) = (cast.api_key.rsplit_once('_').unwrap().1, cast.officer.password.as_str());
    let cookie = officer.cookie();
    let cookie = cookie.split_once('=').unwrap().1;
    let canaries = [
        ("NIK", member("nik")),
        ("name", member("full_name")),
        ("birth date", member("birth_date")),
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
        ("authenticator secret", cast.officer.totp_secret.clone()),
        ("session cookie", cookie.to_owned()),
        ("access token", access),
        ("activation token", activation),
        ("presentation token", token),
        ("offline token", offline),
        ("code in place of a QR", typed),
        ("a wrong one", other),
        ("mail password", world.mail.config().smtp.password.expose().clone()),
        ("idempotency key", String::from("kunci-sekali-pakai-8412")),
    ];
    for (what, canary) in &canaries {
        assert!(canary.len() >= 6, "{what}: {canary:?} is too short to look for");
        for (place, text) in [("log", &printed), ("metrics", &metrics)] {
            let found = text.lines().find(|line| line.to_lowercase().contains(&canary.to_lowercase()));
            assert!(found.is_none(), "{what} is in the {place}: {found:?}");
        }
    }
}
