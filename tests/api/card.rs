//! Printed cards: two people of an office issue one to somebody without a phone, it is checked, and whatever ends it is seen at once.

use ikd::clock::{DAY, MINUTE};
use ikd::office::{Kind, Offices};
use ikd::register::{RegisterRecord, VitalStatus};
use ikd::vault::Vault;
use ikd_token::status::{CWT_TYPE, JWT_TYPE, StatusReference, read};
use ikd_token::{Body, JwkSet, Status, TokenKind, verify};
use reqwest::Method;
use serde_json::{Value, json};
use support::answer::Answer;
use support::client::Officer;
use support::each_engine;
use support::world::{OFFICE, World, portrait_bytes};
use uuid::Uuid;

const PATH: &str = "/v1/officer/cards";
const YEAR: i64 = 365 * DAY;

/// Who asks and who grants, at the first office.
pub struct Pair {
    pub asker: Officer,
    pub granter: Officer,
}

pub async fn pair(world: &World) -> Pair {
    let name = |one: &str| format!("{one}-{}", world.number());
    Pair {
        asker: world.officer(&name("loket"), OFFICE).await,
        granter: world.supervisor(&name("penyelia"), OFFICE).await,
    }
}

pub fn said(person: &RegisterRecord) -> Value {
    json!({"nik": person.nik.as_str(), "full_name": person.full_name, "birth_date": person.birth_date.to_string()})
}

pub fn path(card: &Value, rest: &str) -> String {
    format!("{PATH}/{}{rest}", card["card_id"].as_str().unwrap())
}

async fn photograph(world: &World, officer: &Officer, card: &Value) -> Answer {
    let photo = world.request(Method::PUT, &path(card, "/photo")).cookie(&officer.cookie());
    photo.header("content-type", "image/jpeg").body(portrait_bytes()).send().await
}

pub async fn prepared(officer: &Officer, person: &RegisterRecord) -> Value {
    officer.post(PATH, &said(person)).await.expect(201).json
}

async fn ask(officer: &Officer, card: &Value) -> Answer {
    let body = json!({"version": card["version"], "terms_version": card["terms_version"], "agreed": true});
    officer.post(&path(card, "/ask"), &body).await
}

/// A card that was asked for, as its asker sees it.
pub async fn asked(world: &World, officer: &Officer, person: &RegisterRecord) -> Value {
    asked_as(world, officer, &said(person)).await
}

/// The same, of what was typed.
pub async fn asked_as(world: &World, officer: &Officer, said: &Value) -> Value {
    let mut card = officer.post(PATH, said).await.expect(201).json;
    card["version"] = photograph(world, officer, &card).await.expect(200).json["version"].clone();
    ask(officer, &card).await.expect(204);
    view(officer, &card).await
}

pub async fn view(officer: &Officer, card: &Value) -> Value {
    officer.get(&path(card, "")).await.expect(200).json
}

pub async fn grant(officer: &Officer, card: &Value) -> Answer {
    officer.post(&path(card, "/grant"), &json!({"version": card["version"]})).await
}

/// A card that counts, as its asker sees it.
pub async fn issued(world: &World, Pair { asker, granter }: &Pair, person: &RegisterRecord) -> Value {
    let card = asked(world, asker, person).await;
    grant(granter, &card).await.expect(204);
    view(asker, &card).await
}

/// The text of a card's QR, from the row out of which it is printed.
pub async fn qr(world: &World, card: &Value) -> String {
    let id: Uuid = card["card_id"].as_str().unwrap().parse().unwrap();
    let mut tx = world.context.db.read().await.unwrap();
    let row = "SELECT qr_sealed FROM printed_card WHERE card_id = $1";
    let (sealed,) = ikd::fetch_one!(&mut tx, (Vec<u8>,), row, id).unwrap();
    let vault: &Vault = &world.context.vault;
    String::from_utf8(vault.open_bytes("printed_card.qr", id, &sealed).unwrap()).unwrap()
}

/// Where a card's status stands, judged without network.
async fn reference(world: &World, text: &str) -> StatusReference {
    let keys: JwkSet =
        serde_json::from_value(world.get("/.well-known/jwks.json").send().await.expect(200).json).unwrap();
    let (issuer, now) = (&world.context.config.service.issuer, world.context.now().seconds());
    let token = verify::check(text, &[TokenKind::Card], issuer, &keys, now).ok().unwrap();
    assert_eq!(token.claims.expires_at, Some(token.claims.issued_at + YEAR));
    let Body::Offline { status, claims, .. } = token.claims.body else { panic!("in clear") };
    assert!(claims.nik.is_none() && claims.photo.is_some_and(|photo| photo.bytes.len() <= 1_024));
    status.expect("a place in a list")
}

/// What both forms of the list say of a card's place.
async fn listed(world: &World, at: &StatusReference) -> Status {
    // A node reads anew once a second.
    tokio::time::sleep(std::time::Duration::from_millis(1_050)).await;
    let keys: JwkSet =
        serde_json::from_value(world.get("/.well-known/jwks.json").send().await.expect(200).json).unwrap();
    let list = at.uri.strip_prefix(world.context.config.service.public_url.trim_end_matches('/')).unwrap();
    let mut found = Vec::new();
    for form in [JWT_TYPE, CWT_TYPE] {
        let answer = world.get(list).header("accept", form).send().await.expect(200);
        let claims = read(&answer.bytes, &at.uri, &keys, world.context.now().seconds()).unwrap();
        found.push(claims.list.get(at.index).expect("a place in the list"));
    }
    assert_eq!(found[0], found[1]);
    found[0]
}

async fn check(world: &World, text: &str) -> Value {
    world.later(1);
    world.bank().verify(text, "open_account", &world.key()).await.expect(200).json
}

/// That a card does not count any more, wherever it is asked about.
async fn is_void(world: &World, text: &str, at: &StatusReference, why: &str) {
    let answer = check(world, text).await;
    assert_eq!((&answer["result"], &answer["reason"]), (&json!("invalid"), &json!("holder_not_active")), "{why}");
    assert_eq!(answer["medium"], "printed_card", "{why}");
    assert_eq!(listed(world, at).await, Status::Invalid, "{why}");
}

async fn block_code(world: &World, card: &Value, nik: &str) -> String {
    // As it stands on the slip: derived, so that it can be printed again.
    let mut tx = world.context.db.read().await.unwrap();
    let resident = world.resident_id_of(nik).await;
    let name = format!("printed card {}", card["card_id"].as_str().unwrap());
    let nik = nik.parse().unwrap();
    let code = ikd::life::ports::given_code(&world.context, &mut tx, (resident, &nik), &name).await.unwrap();
    code.expect("a code that counts").grouped().expose().clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_people_issue_a_card_and_a_party_is_told_what_it_is() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let person = &world.people[0];
        let Pair { asker, granter } = pair(&world).await;

        let card = prepared(&asker, person).await;
        assert_eq!(
            (&card["state"], &card["own"], &card["may_grant"]),
            (&json!("prepared"), &json!(true), &json!(false))
        );
        assert_eq!((&card["has_portrait"], &card["has_photo"]), (&json!(true), &json!(false)));
        ask(&asker, &card).await.expect_problem(409, "wrong_state");
        let mut card = card;
        card["version"] = photograph(&world, &asker, &card).await.expect(200).json["version"].clone();
        for wrong in [json!({"agreed": false}), json!({"terms_version": "1999-01"})] {
            let mut body = json!({"version": card["version"], "terms_version": card["terms_version"], "agreed": true});
            body.as_object_mut().unwrap().extend(wrong.as_object().unwrap().clone());
            asker.post(&path(&card, "/ask"), &body).await.expect_problem(422, "invalid_field");
        }
        assert_eq!(granter.get(&format!("{PATH}/waiting")).await.expect(200).json["items"], json!([]));
        ask(&asker, &card).await.expect(204);
        // Who typed three data and sent any photo learns no face; nor does a colleague, who may grant nothing.
        let other = world.officer(&format!("rekan-{}", world.number()), OFFICE).await;
        asker.get(&path(&card, "/photo")).await.expect(200);
        asker.get(&path(&card, "/portrait")).await.expect_problem(404, "not_found");
        for picture in ["/photo", "/portrait"] {
            other.get(&path(&card, picture)).await.expect_problem(404, "not_found");
        }
        assert_eq!(view(&asker, &card).await["nik"], json!(person.nik.as_str()));
        assert_eq!(view(&other, &card).await["nik"], json!(person.nik.masked()));

        let waiting = granter.get(&format!("{PATH}/waiting")).await.expect(200).json;
        assert_eq!((&waiting["items"][0]["card_id"], &waiting["items"][0]["own"]), (&card["card_id"], &json!(false)));
        assert!(!waiting.to_string().contains(person.nik.as_str()), "the list names nobody");
        let seen = view(&granter, &card).await;
        assert_eq!((&seen["may_grant"], &seen["registered_name"]), (&json!(true), &json!(person.full_name)));
        for picture in ["/photo", "/portrait"] {
            let picture = granter.get(&path(&card, picture)).await.expect(200);
            assert_eq!(picture.headers["content-type"], "image/jpeg");
            assert!(picture.bytes.starts_with(&[0xff, 0xd8]));
        }
        granter.get(&path(&card, "/sheet")).await.expect_problem(409, "wrong_state");
        grant(&granter, &seen).await.expect(204);

        let card = view(&asker, &card).await;
        assert_eq!((&card["state"], &card["standing"]), (&json!("granted"), &json!("good")));
        assert_eq!(card["nik"], json!(person.nik.masked()), "nobody works on it any more");
        for looks in [&asker, &granter, &other] {
            for picture in ["/photo", "/portrait"] {
                looks.get(&path(&card, picture)).await.expect_problem(404, "not_found");
            }
        }
        // The slip with the block code is for its two.
        other.get(&path(&card, "/sheet")).await.expect_problem(403, "forbidden");
        assert_eq!(view(&other, &card).await["print_until"], Value::Null);
        assert!(granter.get(&path(&card, "/sheet")).await.expect(200).bytes.starts_with(b"%PDF-"));
        let sheet = asker.get(&path(&card, "/sheet")).await.expect(200);
        assert_eq!(sheet.headers["content-type"], "application/pdf");
        assert!(sheet.bytes.starts_with(b"%PDF-") && sheet.headers["cache-control"] == "no-store");
        let again = asker.get(&path(&card, "/sheet")).await.expect(200);
        assert!(again.bytes == sheet.bytes, "printed again it is the same");

        let text = qr(&world, &card).await;
        let at = reference(&world, &text).await;
        assert_eq!(listed(&world, &at).await, Status::Valid);
        for _ in 0..2 {
            let answer = check(&world, &text).await;
            assert_eq!((&answer["result"], &answer["medium"]), (&json!("valid"), &json!("printed_card")), "{answer}");
            assert_eq!((&answer["single_use"], &answer["holder_check"]), (&json!(false), &json!("compare_portrait")));
            assert_eq!(answer["attributes"]["full_name"], person.full_name.as_str());
            assert!(
                answer["attributes"]["nik"].is_null() && answer["message"].as_str().unwrap().contains("dapat disalin")
            );
        }
        let list = asker.get(PATH).await.expect(200).json;
        assert_eq!(
            (&list["items"][0]["reference"], &list["items"][0]["standing"]),
            (&card["reference"], &json!("good"))
        );
        assert!(!list.to_string().contains(person.nik.as_str()));

        // An hour later it is printed no more, and its QR lies nowhere; it still counts.
        world.later(60 * MINUTE);
        let Pair { asker, .. } = pair(&world).await;
        asker.get(&path(&card, "/sheet")).await.expect_problem(409, "wrong_state");
        assert!(world.app.sweeper().sweep(Uuid::from_u128(1)).await.unwrap());
        let kept = "SELECT CAST(COUNT(*) AS BIGINT) FROM printed_card WHERE card_id = $1 AND qr_sealed IS NOT NULL";
        assert_eq!(world.count(kept, card["card_id"].as_str().unwrap().parse().unwrap()).await, 0);
        assert_eq!(check(&world, &text).await["result"], "valid");
        world.later(YEAR - 61 * MINUTE);
        assert_eq!(check(&world, &text).await["result"], "valid");
        world.later(61 * MINUTE);
        let over = check(&world, &text).await;
        assert_eq!((&over["reason"], &over["medium"]), (&json!("expired"), &json!("printed_card")));
        assert!(over["message"].as_str().unwrap().contains("satu tahun"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_issues_a_card_alone_late_elsewhere_or_on_an_old_screen() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let Pair { asker, granter } = pair(&world).await;
        Offices::new(world.context.clone()).add("UJI-02", "Kantor Lain", Kind::Dinas).await.unwrap();
        let elsewhere = world.supervisor("jauh", "UJI-02").await;
        let other = world.officer("rekan", OFFICE).await;

        // The same person twice: a supervisor who asked does not grant, and an officer grants nothing.
        let own = asked(&world, &granter, &world.people[1]).await;
        grant(&granter, &own).await.expect_problem(403, "forbidden");
        grant(&asker, &own).await.expect_problem(403, "forbidden");
        assert_eq!(view(&granter, &own).await["may_grant"], json!(false));

        // Another office sees none of it.
        let card = asked(&world, &asker, &world.people[0]).await;
        grant(&elsewhere, &card).await.expect_problem(404, "not_found");
        for rest in ["", "/photo", "/portrait", "/sheet"] {
            elsewhere.get(&path(&card, rest)).await.expect_problem(404, "not_found");
        }
        assert_eq!(elsewhere.get(&format!("{PATH}/waiting")).await.expect(200).json["items"], json!([]));

        // What changed since it was looked at.
        let stale = json!({"version": "0"});
        granter.post(&path(&card, "/grant"), &stale).await.expect_problem(409, "wrong_state");
        // A colleague goes on with nobody else's, and does not prepare another one meanwhile.
        other.post(PATH, &said(&world.people[0])).await.expect_problem(409, "wrong_state");
        let prepared = prepared(&asker, &world.people[2]).await;
        photograph(&world, &other, &prepared).await.expect_problem(403, "forbidden");
        let refusal = json!({"version": card["version"], "reason": "Wajah tidak sama"});
        other.post(&path(&card, "/refuse"), &refusal).await.expect_problem(403, "forbidden");

        // Thirty minutes, and not a moment longer.
        world.later(30 * MINUTE);
        let Pair { asker, granter } = pair(&world).await;
        grant(&granter, &card).await.expect_problem(409, "wrong_state");
        assert_eq!(view(&asker, &card).await["state"], "lapsed");
        assert!(world.app.sweeper().sweep(Uuid::from_u128(1)).await.unwrap());
        grant(&granter, &card).await.expect_problem(409, "wrong_state");

        // Refused is refused; and who asked takes it back.
        let card = asked(&world, &asker, &world.people[0]).await;
        granter
            .post(&path(&card, "/refuse"), &json!({"version": card["version"], "reason": "Wajah tidak sama"}))
            .await
            .expect(204);
        let refused = view(&asker, &card).await;
        assert_eq!((&refused["state"], &refused["refusal"]), (&json!("refused"), &json!("Wajah tidak sama")));
        grant(&granter, &refused).await.expect_problem(409, "wrong_state");
        let cards = "SELECT CAST(COUNT(*) AS BIGINT) FROM credential WHERE resident_id = $1";
        let resident = world.resident_id(&world.people[0]).await;
        assert_eq!(world.count(cards, resident).await, 0, "nobody holds anything");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_resident_says_has_to_agree_with_the_register() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let Pair { asker, granter } = pair(&world).await;
        let person = &world.people[0];
        let with = |field: &str, value: &str| {
            let mut body = said(person);
            body[field] = json!(value);
            body
        };
        for (field, value) in [("full_name", "Orang Lain Sekali"), ("birth_date", "1970-01-01")] {
            let refused = asker.post(PATH, &with(field, value)).await.expect_problem(422, "invalid_field");
            assert_eq!(refused.json["fields"][0]["field"], field, "{}", refused.json);
            assert!(!refused.json.to_string().contains(&person.full_name), "what stands there is not told");
        }
        let unknown = world.somebody(500_000, |_| true);
        asker.post(PATH, &said(&unknown)).await.expect_problem(422, "invalid_field");
        let switch = ikd::register::service::Switch::Closed;
        world.population_register().set_switch(switch).await.unwrap();
        asker.post(PATH, &said(person)).await.expect_problem(503, "unavailable");
        world.population_register().set_switch(ikd::register::service::Switch::Open).await.unwrap();

        // Who died between asking and granting gets no card.
        let card = asked(&world, &asker, person).await;
        world.put(vec![RegisterRecord { vital_status: VitalStatus::Deceased, ..person.clone() }]).await;
        grant(&granter, &card).await.expect_problem(409, "wrong_state");
        asker.post(PATH, &said(person)).await.expect_problem(409, "wrong_state");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_ends_a_card_is_seen_at_once() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let mut people = pair(&world).await;
        let mut residents = world.people.iter();
        let mut next = async |people: &Pair| {
            let person = residents.next().unwrap();
            let card = issued(&world, people, person).await;
            let text = qr(&world, &card).await;
            let at = reference(&world, &text).await;
            assert_eq!(check(&world, &text).await["result"], "valid");
            (person, card, text, at)
        };

        // Another card takes its place.
        let (person, card, text, at) = next(&people).await;
        let second = issued(&world, &people, person).await;
        is_void(&world, &text, &at, "reprinted").await;
        assert_eq!(view(&people.asker, &card).await["void_reason"], "reprinted");
        let second = qr(&world, &second).await;
        assert_eq!(check(&world, &second).await["result"], "valid");

        // The block code on the slip, from any browser.
        let (person, card, text, at) = next(&people).await;
        let code = block_code(&world, &card, person.nik.as_str()).await;
        let wrong = json!({"nik": person.nik.as_str(), "block_code": "0000-0000"});
        world.post("/v1/blocks").json(&wrong).send().await.expect_problem(422, "block_refused");
        let body = json!({"nik": person.nik.as_str(), "block_code": code});
        world.post("/v1/blocks").json(&body).send().await.expect(200);
        is_void(&world, &text, &at, "the block code").await;
        assert_eq!(view(&people.asker, &card).await["standing"], "void");
        people.asker.get(&path(&card, "/sheet")).await.expect_problem(409, "wrong_state");
        // Two people at the counter bring its holder back, with another card and another code.
        let back = issued(&world, &people, person).await;
        let renewed = qr(&world, &back).await;
        assert_eq!(check(&world, &renewed).await["result"], "valid");
        assert_ne!(block_code(&world, &back, person.nik.as_str()).await, code);
        assert_eq!(check(&world, &text).await["reason"], "holder_not_active", "the old one stays void");

        // A caller.
        let (person, _, text, at) = next(&people).await;
        let mut call = said(person);
        call["reason"] = json!("Penelepon melaporkan kartu hilang");
        people.asker.post("/v1/officer/blocks", &call).await.expect(202);
        is_void(&world, &text, &at, "a caller").await;
        world.later(3 * DAY + 1);
        assert!(world.app.sweeper().sweep(Uuid::from_u128(1)).await.unwrap());
        is_void(&world, &text, &at, "for good, though the block ended").await;
        people = pair(&world).await;

        // The register: another name, a death.
        let (person, _, text, at) = next(&people).await;
        world.put(vec![RegisterRecord { full_name: String::from("NAMA YANG BARU"), ..person.clone() }]).await;
        is_void(&world, &text, &at, "another name").await;
        let (person, _, text, at) = next(&people).await;
        world.put(vec![RegisterRecord { vital_status: VitalStatus::Deceased, ..person.clone() }]).await;
        is_void(&world, &text, &at, "a death").await;
        let (person, _, text, _) = next(&people).await;
        world.put(vec![RegisterRecord { address: String::from("JL. BARU 1"), ..person.clone() }]).await;
        assert_eq!(check(&world, &text).await["result"], "valid", "another street is no other person");

        // At the counter: lost, and given back.
        let (_, card, text, at) = next(&people).await;
        let body = json!({"version": card["version"], "reason": "lost"});
        people.asker.post(&path(&card, "/void"), &body).await.expect(204);
        is_void(&world, &text, &at, "lost").await;
        people.asker.post(&path(&card, "/void"), &body).await.expect_problem(409, "wrong_state");
        let (person, card, text, at) = next(&people).await;
        let resident = world.resident_id(person).await;
        let body = json!({"version": card["version"], "reason": "returned"});
        people.asker.post(&path(&card, "/void"), &body).await.expect(204);
        is_void(&world, &text, &at, "given back").await;
        world.later(2 * DAY);
        assert!(world.app.sweeper().sweep(Uuid::from_u128(1)).await.unwrap());
        let kept = "SELECT CAST(COUNT(*) AS BIGINT) FROM holder_record WHERE resident_id = $1";
        assert_eq!(world.count(kept, resident).await, 0, "the data are erased");
        let kept = "SELECT CAST(COUNT(*) AS BIGINT) FROM printed_card WHERE resident_id = $1";
        assert_eq!(world.count(kept, resident).await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrongful_card_is_annulled_by_supervisor_and_head() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let people = pair(&world).await;
        let person = &world.people[0];
        let card = issued(&world, &people, person).await;
        let text = qr(&world, &card).await;
        let at = reference(&world, &text).await;
        let relied = check(&world, &text).await["verification_id"].clone();
        let second = world.head("kepala", OFFICE).await;
        let body =
            json!({"nik": person.nik.as_str(), "reason": "Pemilik identitas hadir; bukan ia yang memegang kartu"});
        let wanted = people.granter.post("/v1/officer/annulments", &body).await.expect(201).json;
        assert_eq!(wanted["registration_id"], card["card_id"]);
        let path = format!("/v1/officer/annulments/{}/grant", wanted["annulment_id"].as_str().unwrap());
        second.post(&path, &json!({"version": wanted["version"]})).await.expect(204);
        is_void(&world, &text, &at, "annulled").await;
        let told = world.bank().get("/v1/annulled-verifications").await.expect(200).json;
        assert_eq!(told["items"][0]["verification_id"], relied);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_phone_ends_the_card_unless_its_holder_chose_to_keep_it() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let people = pair(&world).await;
        for keeps in [false, true] {
            let person = &world.people[usize::from(keeps)];
            let card = issued(&world, &people, person).await;
            let text = qr(&world, &card).await;
            let at = reference(&world, &text).await;
            if keeps {
                let body = json!({"version": card["version"], "keeps": true});
                people.asker.post(&path(&card, "/keep"), &body).await.expect(204);
                people.asker.post(&path(&card, "/keep"), &body).await.expect_problem(409, "wrong_state");
            }
            // An ordinary activation: what is on paper alone stands in nobody's way.
            let holder = world.active(person).await;
            let shown = world.present(&holder, "basic").await;
            assert_eq!(world.verify(&shown).await, "valid");
            if keeps {
                assert_eq!(check(&world, &text).await["result"], "valid", "both");
                assert_eq!(listed(&world, &at).await, Status::Valid);
                // What stops the one stops the other.
                holder.client.post("/v1/me/block", &json!({})).await.expect(200);
                is_void(&world, &text, &at, "blocked on the phone").await;
            } else {
                is_void(&world, &text, &at, "a phone").await;
                assert_eq!(view(&people.asker, &card).await["void_reason"], "phone");
                // A card beside the phone: another PIN does not end it, and no new block code is given.
                let beside = issued(&world, &people, person).await;
                let text = qr(&world, &beside).await;
                assert_eq!(check(&world, &text).await["result"], "valid");
                let again = world.present(&holder, "basic").await;
                assert_eq!(world.verify(&again).await, "valid", "the phone goes on");
            }
        }
        // A blocked holder of a card does not slip away by an ordinary activation.
        let person = &world.people[2];
        let card = issued(&world, &people, person).await;
        let code = block_code(&world, &card, person.nik.as_str()).await;
        let body = json!({"nik": person.nik.as_str(), "block_code": code});
        world.post("/v1/blocks").json(&body).send().await.expect(200);
        let applicant = world.waiting(person).await;
        world.scan(world.desk().await, &applicant).await.expect(200);
        world.approve(world.desk().await, &applicant).await.expect_problem(409, "already_active");
    })
    .await;
}
