//! The flows as people walk them: activation in both scan directions, showing, verifying, history.

use ikd::credential::jwk::JwkSet;
use ikd::credential::qr;
use ikd::credential::verify::authenticate_receipt;
use reqwest::Method;
use serde_json::{Value, json};
use support::answer::Answer;

use support::each_engine;
use support::world::{Applicant, BANK, World};

fn content_type(answer: &Answer) -> &str {
    answer.headers["content-type"].to_str().unwrap()
}

/// Asks for a token in all three forms; each is a token of the same kind.
async fn in_all_forms(applicant: &Applicant, path: &str, body: &Value) -> String {
    let ask = async |accept: &'static str| {
        let shape = |request: reqwest::RequestBuilder| request.header("Accept", accept).json(body);
        applicant.client.send(Method::POST, path, shape).await
    };
    let svg = ask("image/svg+xml").await.expect(200);
    assert_eq!(content_type(&svg), "image/svg+xml");
    let text = String::from_utf8(svg.bytes).unwrap();
    assert!(text.contains("<svg") && text.contains("</svg>") && !text.contains("<script"), "{text}");
    let json = ask("application/json").await.expect(200);
    let expected = json.text("token");
    assert!(!json.text("issued_at").is_empty() && !json.text("expires_at").is_empty());
    ask("text/html").await.expect_problem(406, "not_acceptable");
    let png = ask("image/png").await.expect(200);
    assert_eq!(content_type(&png), "image/png");
    let token = qr::read_png(&png.bytes).unwrap();
    if body["offline"] == true {
        // Its place in a status list is a number of one to five bytes, and what it says is compressed.
        assert!(token.len().abs_diff(expected.len()) <= 6, "{} {}", token.len(), expected.len());
    } else {
        assert_eq!(token.len(), expected.len(), "the picture holds a token of the same form");
    }
    token
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_resident_registers_is_approved_activates_and_is_verified() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let person = &world.people[0];
        let mut applicant = world.register(person).await;
        assert_eq!(world.state(&applicant).await, "needs_selfie");
        world.ready(&applicant).await;
        let status = applicant.client.get(&applicant.path("")).await.expect(200).json;
        assert_eq!((&status["state"], &status["next"]), (&json!("awaiting_officer"), &json!("visit_counter")));
        assert_eq!(status["email_hint"].as_str().unwrap().chars().filter(|c| *c == '*').count(), 3);

        let token = in_all_forms(&applicant, &applicant.path("/activation-token"), &json!({})).await;
        let desk = world.desk().await;
        let seen = desk.post("/v1/officer/scans", &json!({"token": token})).await.expect(200).json;
        assert_eq!(seen["registration_id"], applicant.id.as_str());
        assert_eq!((&seen["check_result"], &seen["differences"]), (&json!("match"), &json!([])));
        assert_eq!(seen["register"]["full_name"], person.full_name.as_str());
        assert_eq!((&seen["has_selfie"], &seen["has_portrait"]), (&json!(true), &json!(true)));
        for picture in ["selfie", "portrait"] {
            let path = format!("/v1/officer/registrations/{}/{picture}", applicant.id);
            let answer = desk.get(&path).await.expect(200);
            assert_eq!(content_type(&answer), "image/jpeg");
            image::load_from_memory(&answer.bytes).unwrap();
        }
        let queue = desk.get("/v1/officer/registrations").await.expect(200).json;
        assert_eq!(queue["items"][0]["registration_id"], applicant.id.as_str());
        let approved = world.approve(desk, &applicant).await.expect(200);
        assert_eq!(approved.json["state"], "code_sent");
        assert!(!approved.json.to_string().contains("code\":"), "the officer sees no code");

        let status = applicant.client.get(&applicant.path("")).await.json;
        assert_eq!((&status["mail"], &status["code_expires_at"]), (&json!("queued"), &Value::Null));
        world.app.deliver_mail().await.unwrap();
        let status = applicant.client.get(&applicant.path("")).await.json;
        assert_eq!(status["mail"], "sent");
        assert!(status["code_expires_at"].is_string());
        let letter = &world.letters()[0];
        let code = world.code(&applicant);
        assert_eq!(letter.to, applicant.email);
        assert!(!letter.subject.contains(&code) && letter.text.contains(&format!("{} {}", &code[..3], &code[3..])));

        let entered = world.enter(&applicant, &code).await.expect(200);
        assert_eq!((&entered.json["state"], &entered.json["next"]), (&json!("needs_pin"), &json!("set_pin")));
        world.enter(&applicant, &code).await.expect(200);
        // One real derivation: 600,000 rounds as on a phone.
        let id = applicant.id.clone();
        let active = applicant.client.set_pin(&id, "274951").await.expect(201);
        assert_eq!(active.json["state"], "active");
        let unlocked = applicant.client.unlock().await.expect(200).json;
        assert_eq!((&unlocked["token_type"], &unlocked["expires_in"]), (&json!("DPoP"), &json!(900)));

        let me = applicant.client.get("/v1/me").await.expect(200).json;
        assert_eq!(me["state"], "active");
        assert_eq!(me["attributes"]["nik"], person.nik.as_str());
        assert_eq!(me["attributes"]["full_name"], person.full_name.as_str());
        let portrait = applicant.client.get("/v1/me/portrait").await.expect(200);
        assert_eq!(content_type(&portrait), "image/jpeg");

        show_and_verify(&world, &applicant).await;

        applicant.client.delete("/v1/sessions/current").await.expect(204);
        applicant.client.get("/v1/me").await.expect_problem(401, "session_ended");
        applicant.client.unlock().await.expect(200);
        applicant.client.get("/v1/me").await.expect(200);
    })
    .await;
}

async fn show_and_verify(world: &World, applicant: &Applicant) {
    let bank = world.bank();
    let token = in_all_forms(applicant, "/v1/me/presentations", &json!({"share": "basic"})).await;
    let answer = bank.verify(&token, "open_account", "k1").await.expect(200).json;
    assert_eq!((&answer["result"], &answer["reason"]), (&json!("valid"), &Value::Null));
    assert_eq!((&answer["single_use"], &answer["holder_check"]), (&json!(true), &json!("compare_portrait")));
    let names: Vec<_> = answer["attributes"].as_object().unwrap().keys().map(String::as_str).collect();
    let mut expected = ["full_name", "birth_date", "sex", "regency", "province"];
    expected.sort_unstable();
    let mut given = names.clone();
    given.sort_unstable();
    assert_eq!(given, expected, "exactly what the resident chose");
    assert_eq!(answer["portrait"]["media_type"], "image/jpeg");

    let again = bank.verify(&token, "open_account", "k1").await.expect(200).json;
    assert_eq!(again, answer, "a repeated request gets the same answer");
    let record = format!("/v1/verifications/{}", answer["verification_id"].as_str().unwrap());
    let record = bank.get(&record).await.expect(200).json;
    assert_eq!((&record["receipt"], &record["disclosed"]), (&answer["receipt"], &answer["disclosed"]));
    assert!(record.get("attributes").is_none() && record.get("portrait").is_none(), "no attributes again");

    let second = bank.verify(&token, "open_account", "k2").await.expect(200);
    assert_eq!(second.verdict(), "already_used");
    assert_eq!(second.json["attributes"], json!({}));

    let keys = world.get("/.well-known/jwks.json").send().await.expect(200);
    let keys: JwkSet = serde_json::from_value(keys.json).unwrap();
    let part = |name: &str| ikd::base64url::decode(answer["receipt"][name].as_str().unwrap()).unwrap();
    let issuer = &world.context.config.service.issuer;
    authenticate_receipt(&part("statement"), &part("proof"), issuer, &keys).unwrap();

    // RequestLine for less than was chosen; and a portrait that nobody asked for is not there.
    let token = world.present(applicant, "full").await;
    let body = json!({"token": token, "purpose": "age_check", "attributes": ["age_over_17"]});
    let less = bank.verify_body(&body, "k3").await.expect(200).json;
    assert_eq!(less["attributes"], json!({"age_over_17": true}));
    assert_eq!(less["holder_check"], "not_possible");

    let body = json!({"share": ["full_name", "age_over_17"], "offline": true});
    let offline = in_all_forms(applicant, "/v1/me/presentations", &body).await;
    assert!(offline.len() <= 1_200);
    for key in ["k4", "k5"] {
        let answer = bank.verify(&offline, "open_account", key).await.expect(200).json;
        assert_eq!((&answer["result"], &answer["single_use"]), (&json!("valid"), &json!(false)), "{key}");
    }

    let history = applicant.client.get("/v1/me/verifications").await.expect(200).json;
    let items = history["items"].as_array().unwrap();
    let told: Vec<_> = items.iter().map(|item| item["reason"].as_str().or(item["result"].as_str()).unwrap()).collect();
    assert_eq!(told.iter().filter(|word| **word == "valid").count(), 3, "{told:?}");
    let repeated = items.iter().filter(|item| item["repeats"] == 1).count();
    assert_eq!(repeated, 1, "the offline QR that was checked twice is one line");
    assert_eq!(told.iter().filter(|word| **word == "already_used").count(), 1, "{told:?}");
    assert!(
        items.iter().all(
            |item| item["relying_party"] == BANK && item["purpose"]["text"].as_str().unwrap().starts_with("Tujuan")
        )
    );
    let first = items.iter().find(|item| item["verification_id"] == answer["verification_id"]).unwrap();
    assert_eq!(first["receipt"], answer["receipt"], "both sides hold the same receipt");
    assert_eq!(first["disclosed"], answer["disclosed"]);
    let mut pages = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = applicant.client.get(&format!("/v1/me/verifications?limit=2{cursor}")).await.expect(200).json;
        pages.extend(page["items"].as_array().unwrap().clone());
        let Some(next) = page["next"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(&pages, items, "pages together are the whole");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_resident_scans_the_officers_qr_and_the_officer_confirms_the_number() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let desk = world.desk().await;
        let other = world.officer("petugas.lain", support::world::OFFICE).await;
        let (first, second) = (world.waiting(&world.people[0]).await, world.waiting(&world.people[1]).await);
        let token = desk.post("/v1/officer/counter-tokens", &json!({})).await.expect(200);
        let body = json!({"token": token.text("token")});
        let scan = async |applicant: &Applicant| {
            let answer = applicant.client.post(&applicant.path("/counter-scan"), &body).await;
            answer.expect(202).json["match_number"].as_i64().unwrap()
        };
        // One QR on the officer's screen serves any number of phones, each with a number of its own, which is on that phone alone.
        let one = scan(&first).await;
        world.later(1);
        let two = scan(&second).await;
        assert!((10..100).contains(&one) && (10..100).contains(&two));
        // Scans in a loop move nobody up (5 s).
        world.later(4);
        assert_eq!(scan(&first).await, one, "a repeated scan shows the same number");
        let waiting = desk.get("/v1/officer/matches").await.expect(200).json;
        let items = waiting["items"].as_array().unwrap();
        assert_eq!(
            items.iter().map(|item| &item["registration_id"]).collect::<Vec<_>>(),
            [&first.id, &second.id],
            "whoever scanned last stands first"
        );
        assert!(items.iter().all(|item| item.get("match_number").is_none()), "the resident says it, nobody else");
        assert_eq!(other.get("/v1/officer/matches").await.json["items"], json!([]));

        // Before the number is confirmed, nothing of the registration is seen, let alone approved.
        let path = format!("/v1/officer/registrations/{}", first.id);
        desk.get(&path).await.expect_problem(404, "not_found");
        let confirm = format!("{path}/match");
        let wrong = desk.post(&confirm, &json!({"match_number": if one == 10 { 11 } else { 10 }})).await;
        assert_eq!(wrong.expect(422).json["tries_left"], 2);
        let foreign = other.post(&confirm, &json!({"match_number": one})).await;
        foreign.expect_problem(404, "not_found");
        world.approve(desk, &first).await.expect_problem(404, "not_found");
        let seen = desk.post(&confirm, &json!({"match_number": one})).await.expect(200).json;
        assert_eq!((&seen["check_result"], &seen["may_decide"]), (&json!("match"), &json!(true)));
        assert_eq!(world.approve(desk, &first).await.expect(200).json["state"], "code_sent");

        // A number waits five minutes.
        world.later(301);
        let late =
            desk.post(&format!("/v1/officer/registrations/{}/match", second.id), &json!({"match_number": two})).await;
        late.expect_problem(404, "not_found");
        let expired = second.client.post(&second.path("/counter-scan"), &body).await;
        expired.expect_problem(410, "qr_expired");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_read_their_language() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let terms = async |language: &str| {
            let request = world.get("/v1/terms").header("Accept-Language", language);
            request.send().await.json
        };
        let (id, en) = (terms("id-ID,en;q=0.5").await, terms("en-GB").await);
        assert_eq!((&id["language"], &en["language"]), (&json!("id"), &json!("en")));
        assert!(id["text"] != en["text"] && id["version"] == en["version"]);

        // The mail is written in the language of the registration, whatever the officer's browser speaks.
        let mut letters = Vec::new();
        for (person, locale) in [(0, "id"), (1, "en")] {
            let person = &world.people[person];
            let mut body = world.registration(person, &format!("{locale}@example.id"));
            body["locale"] = json!(locale);
            let applicant = world.register_body(person, &body).await;
            world.ready(&applicant).await;
            world.scan(world.desk().await, &applicant).await.expect(200);
            world.approve(world.desk().await, &applicant).await.expect(200);
            world.app.deliver_mail().await.unwrap();
            let letter = world.letters().into_iter().find(|letter| letter.to == applicant.email).unwrap();
            letters.push(letter.subject);
        }
        assert_eq!(letters, ["Kode aktivasi IKD Anda", "Your IKD activation code"]);

        // The sentence for the teller, and the purpose in the holder's history.
        let applicant = world.active(&world.people[2]).await;
        let token = world.present(&applicant, "age").await;
        let ask = async |language: &str| {
            let request = world.post("/v1/verifications").bearer(&world.api_key);
            let request = request.header("Idempotency-Key", "same").header("Accept-Language", language);
            request.json(&json!({"token": token, "purpose": "age_check"})).send().await.json
        };
        let (id, en) = (ask("id").await, ask("en").await);
        assert!(id["message"].as_str().unwrap().contains("sah") && en["message"].as_str().unwrap().contains("valid"));
        assert_eq!(id["verification_id"], en["verification_id"]);
        let english = |request: reqwest::RequestBuilder| request.header("Accept-Language", "en");
        let history = applicant.client.send(Method::GET, "/v1/me/verifications", english).await.json;
        assert_eq!(history["items"][0]["purpose"]["text"], "Purpose age_check");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relying_party_gets_what_it_is_entitled_to_and_sees_its_own_records_only() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let parties = &world.app.relying_parties;
        let entitled = ikd::attribute::AttributeSet::AGE;
        let key = parties.add("Toko Uji", entitled, &[support::world::purpose("age_check")]).await.unwrap().1;
        let shop = world.bank_at(&world.base, &key.expose());
        let applicant = world.active(&world.people[0]).await;
        let token = world.present(&applicant, "full").await;
        let answer = shop.verify(&token, "age_check", "k").await.expect(200).json;
        assert_eq!(answer["attributes"], json!({"age_over_17": true}), "chosen, but not entitled");
        let refused = shop.verify(&token, "open_account", "k").await;
        refused.expect_problem(403, "purpose_not_allowed");
        let record = format!("/v1/verifications/{}", answer["verification_id"].as_str().unwrap());
        shop.get(&record).await.expect(200);
        world.bank().get(&record).await.expect_problem(404, "not_found");
        // The keys of two parties do not meet: the same key is another question.
        assert_eq!(world.bank().verify(&token, "age_check", "k").await.verdict(), "already_used");

        // A second key works beside the first; a revoked one does not, from its revocation on.
        let second = parties.add_key("Toko Uji").await.unwrap();
        parties.revoke_key(key.key_id).await.unwrap();
        shop.get(&record).await.expect_problem(401, "api_key_invalid");
        let renewed = world.bank_at(&world.base, &second.expose());
        renewed.get(&record).await.expect(200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_teller_logs_in_and_checks_for_the_relying_party() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let body = world.log_in_body(&world.add_employee("dewi").await);
        let log_in = async || world.post("/v1/teller/sessions").json(&body).send().await;
        let session = log_in().await.expect(201);
        assert_eq!(session.json["relying_party"], BANK);
        assert_eq!(log_in().await.expect(401).code(), "login_failed", "a code works once");
        let cookie = session.cookie.unwrap();
        assert!(cookie.starts_with("__Host-"));
        let applicant = world.active(&world.people[0]).await;
        let token = world.present(&applicant, "basic").await;
        let ask = async |key: &str| {
            let request = world.post("/v1/teller/verifications").cookie(&cookie).header("Idempotency-Key", key);
            request.json(&json!({"token": token, "purpose": "open_account"})).send().await
        };
        assert_eq!(ask("t1").await.expect(200).verdict(), "valid");
        assert_eq!(ask("t1").await.expect(200).verdict(), "valid");
        assert_eq!(ask("t2").await.expect(200).verdict(), "already_used");
        let list = world.get("/v1/teller/verifications").cookie(&cookie).send().await;
        assert_eq!(list.expect(200).json["items"].as_array().unwrap().len(), 2);
        // An officer's cookie is no teller's.
        let foreign = world.get("/v1/teller/verifications").cookie(&world.desk().await.cookie());
        foreign.send().await.expect_problem(401, "session_ended");
        world.request(Method::DELETE, "/v1/teller/sessions/current").cookie(&cookie).send().await.expect(204);
        ask("t3").await.expect_problem(401, "session_ended");
    })
    .await;
}
