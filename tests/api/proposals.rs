//! What one administrator of the nation asks and another grants: a bank comes, changes, is stopped by one and comes back by two.

use ikd::attribute::AttributeSet;
use ikd::clock::DAY;
use ikd::register::Date;
use ikd::relying_party::ports as parties;
use ikd::staff::{Realm, Role};
use serde_json::{Value, json};
use support::each_engine;
use support::world::{LogIn, OFFICE, World, purpose};
use uuid::Uuid;

use crate::staffing::{Official, official};

const PASSWORD: &str = "lentera-kuning-di-dermaga";
const PARTIES: &str = "/v1/admin/parties";
const OFFICES: &str = "/v1/admin/offices";

fn bank(name: &str) -> Value {
    json!({"name": name, "attributes": ["full_name", "portrait"], "reason": "PKS ditandatangani",
        "purposes": [{"code": "open_account", "text_id": "Membuka rekening", "text_en": "Opening an account"}]})
}

pub async fn asked(who: &Official<'_>, path: &str, body: &Value) -> String {
    who.post(path, body).await.expect(201).text("proposal_id")
}

pub fn act(id: &str, what: &str) -> String {
    format!("/v1/admin/proposals/{id}/{what}")
}

async fn waiting(who: &Official<'_>) -> Value {
    who.get("/v1/admin/proposals").await.expect(200).json["items"].clone()
}

/// A bank that two have let in; its id.
pub async fn added(one: &Official<'_>, two: &Official<'_>, name: &str) -> String {
    let id = asked(one, PARTIES, &bank(name)).await;
    two.post(&act(&id, "grant"), &Value::Null).await.expect(204);
    let list = one.get(PARTIES).await.expect(200).json;
    let found = list["items"].as_array().unwrap().iter().find(|item| item["name"] == name).cloned();
    found.expect("the bank")["party_id"].as_str().unwrap().to_owned()
}

/// Its first administrator behind the link of a mail: a cookie.
async fn invited(world: &World, one: &Official<'_>, two: &Official<'_>, party: &str) -> String {
    let body = json!({"username": "rina.bank", "full_name": "Rina Kartika", "email": "rina@bank.example",
        "reason": "Disebut dalam PKS"});
    let id = asked(one, &format!("{PARTIES}/{party}/administrators"), &body).await;
    world.app.deliver_mail().await.unwrap();
    assert_eq!(world.letters_to("rina@bank.example"), 0, "nobody granted it yet");
    two.post(&act(&id, "grant"), &Value::Null).await.expect(204);
    world.app.deliver_mail().await.unwrap();
    let letter = world.letters().into_iter().find(|letter| letter.to == "rina@bank.example").expect("a message");
    let (_, link) = letter.text.split_once("/undangan#").expect("a link");
    let link = link.split_whitespace().next().unwrap();
    let shown = world.post("/v1/invitations/open").json(&json!({"link": link})).send().await.expect(200);
    assert_eq!((&shown.json["party"], &shown.json["role"]), (&json!("Bank Dua"), &json!("party_administrator")));
    let log_in = LogIn {
        username: shown.text("username"),
        password: PASSWORD.to_owned(),
        totp_secret: shown.text("totp_secret"),
    };
    let body = json!({"link": link, "password": PASSWORD, "totp": log_in.code(world.context.now())});
    let done = world.post("/v1/invitations/accept").json(&body).send().await.expect(200);
    assert_eq!(done.text("page"), "/verifikasi");
    world.later(30);
    world.post("/v1/teller/sessions").json(&world.log_in_body(&log_in)).send().await.expect(201).cookie.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bank_comes_by_two_is_stopped_by_one_and_comes_back_by_two() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let (one, two) = (
            official(&world, "pusat-satu", Role::Administrator).await,
            official(&world, "pusat-dua", Role::Administrator).await,
        );
        let auditor = official(&world, "periksa", Role::Auditor).await;

        // One asks, another grants; nothing is there before. An auditor reads and does nothing.
        let id = asked(&one, PARTIES, &bank("Bank Dua")).await;
        one.post(&act(&id, "grant"), &Value::Null).await.expect_problem(403, "forbidden");
        one.post(&act(&id, "refusal"), &json!({"reason": "Sendiri"})).await.expect_problem(403, "forbidden");
        two.post(&act(&id, "withdrawal"), &Value::Null).await.expect_problem(404, "not_found");
        auditor.post(&act(&id, "grant"), &Value::Null).await.expect_problem(403, "forbidden");
        auditor.post(PARTIES, &bank("Bank Tiga")).await.expect_problem(403, "forbidden");
        assert!(!auditor.get(PARTIES).await.expect(200).json.to_string().contains("Bank Dua"));
        let counts =
            async |who: &Official<'_>| who.get("/v1/admin/proposals/count").await.expect(200).json["waiting"].clone();
        assert_eq!((counts(&one).await, counts(&two).await, counts(&auditor).await), (json!(0), json!(1), json!(1)));
        two.post(&act(&id, "grant"), &Value::Null).await.expect(204);
        two.post(&act(&id, "grant"), &Value::Null).await.expect_problem(404, "not_found");
        let list = auditor.get(PARTIES).await.expect(200).json;
        let party = list["items"].as_array().unwrap().iter().find(|item| item["name"] == "Bank Dua").cloned().unwrap();
        let party = party["party_id"].as_str().unwrap().to_owned();
        let path = |rest: &str| format!("{PARTIES}/{party}{rest}");

        // Its administrator comes by a link and makes the key, which works.
        let cookie = invited(&world, &one, &two, &party).await;
        let until = Date::in_jakarta(world.context.now()).plus_days(100).unwrap();
        let body = json!({"label": "Kasir", "last_day": until});
        let made = world.post("/v1/partner/keys").cookie(&cookie).json(&body).send().await.expect(201);
        let (key, key_id) = (made.text("api_key"), made.text("key_id"));
        let ask = async || {
            // What a node remembers of a key for a moment is not what is asked here.
            world.app.relying_parties.authentication().forget(key_id.parse().unwrap());
            world.get("/v1/annulled-verifications").bearer(&key).send().await
        };
        ask().await.expect(200);
        let seen = auditor.get(&path("")).await.expect(200).json;
        assert_eq!((&seen["keys"][0]["label"], &seen["keys"][0]["live"]), (&json!("Kasir"), &json!(true)));
        assert_eq!(seen["administrators"][0]["username"], "rina.bank");
        assert!(!seen.to_string().contains(&key), "no secret");
        assert_eq!(auditor.get(&path("/usage?month=2026-11")).await.expect(200).json["items"], json!([]));
        auditor.get(&path("/usage?month=2026-13")).await.expect_problem(400, "malformed_request");

        // One stops it; its key and its people are refused. It comes back by two.
        let reason = json!({"reason": "Kunci bocor"});
        auditor.post(&path("/suspension"), &reason).await.expect_problem(403, "forbidden");
        one.post(&path("/resumption"), &reason).await.expect_problem(409, "wrong_state");
        one.post(&path("/suspension"), &reason).await.expect(204);
        one.post(&path("/suspension"), &reason).await.expect_problem(409, "wrong_state");
        ask().await.expect_problem(401, "api_key_invalid");
        world.get("/v1/partner").cookie(&cookie).send().await.expect_problem(401, "session_ended");
        assert_eq!(two.get(&path("")).await.expect(200).json["suspended_reason"], "Kunci bocor");
        let id = asked(&one, &path("/resumption"), &json!({"reason": "Kunci diganti"})).await;
        ask().await.expect_problem(401, "api_key_invalid");
        two.post(&act(&id, "grant"), &Value::Null).await.expect(204);
        ask().await.expect(200);
        world.get("/v1/partner").cookie(&cookie).send().await.expect(200);
        let provincial = official(&world, "provinsi", Role::Province).await;
        for hidden in [PARTIES, "/v1/admin/proposals", &path("")] {
            provincial.get(hidden).await.expect_problem(403, "forbidden");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_no_longer_fits_waits_on_and_addresses_are_for_those_who_grant() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let (one, two) = (
            official(&world, "pusat-satu", Role::Administrator).await,
            official(&world, "pusat-dua", Role::Administrator).await,
        );
        let auditor = official(&world, "periksa", Role::Auditor).await;
        for (wrong, field) in [
            (json!({"attributes": []}), "attributes"),
            (json!({"purposes": []}), "purposes"),
            (json!({"purposes": [{"code": "Buka Rekening", "text_id": "a", "text_en": "b"}]}), "purposes"),
            (json!({"name": " "}), "name"),
            (json!({"reason": ""}), "reason"),
            (json!({"contract": {"number": "1", "from": "2027-02-01", "until": "2027-01-01"}}), "until"),
        ] {
            let mut body = bank("Bank Satu");
            body.as_object_mut().unwrap().extend(wrong.as_object().unwrap().clone());
            let answer = one.post(PARTIES, &body).await.expect_problem(422, "invalid_field");
            assert_eq!(answer.json["fields"][0]["field"], field);
        }

        // A name that came to exist meanwhile: the grant says so, and the request waits on.
        let id = asked(&one, PARTIES, &bank("Bank Satu")).await;
        one.post(PARTIES, &bank("BANK  satu")).await.expect_problem(409, "wrong_state");
        let purposes = [support::world::purpose("age_check")];
        world.app.relying_parties.add("bank satu", ikd::attribute::AttributeSet::AGE, &purposes).await.unwrap();
        two.post(&act(&id, "grant"), &Value::Null).await.expect_problem(409, "wrong_state");
        assert_eq!(waiting(&two).await[0]["proposal_id"], json!(id));
        two.post(&act(&id, "refusal"), &json!({"reason": "Sudah ada"})).await.expect(204);
        assert_eq!(waiting(&two).await, json!([]));
        let over = one.get("/v1/admin/proposals?all=true").await.expect(200).json["items"][0].clone();
        let told = (&over["state"], &over["refusal"], &over["decided_by"], &over["matter"]["name"]);
        assert_eq!(told, (&json!("refused"), &json!("Sudah ada"), &json!("pusat-dua"), &json!("Bank Satu")));

        // Entitlements that were changed meanwhile.
        let party = added(&one, &two, "Bank Dua").await;
        let path = |rest: &str| format!("{PARTIES}/{party}{rest}");
        let more = json!({"attributes": ["full_name", "nik"], "purposes": bank("")["purposes"], "reason": "PKS baru"});
        let same = json!({"attributes": ["portrait", "full_name"], "purposes": bank("")["purposes"], "reason": "Sama"});
        one.post(&path("/entitlement"), &same).await.expect_problem(422, "invalid_field");
        let id = asked(&one, &path("/entitlement"), &more).await;
        let uuid: Uuid = party.parse().unwrap();
        let swap = async |to: ikd::attribute::Attribute| {
            let mut tx = world.context.db.write().await.unwrap();
            let before = parties::entitlement(&mut tx, uuid).await.unwrap();
            let mut after = before.clone();
            after.attributes = vec![to];
            parties::entitle(&mut tx, uuid, &before, &after).await.unwrap();
            tx.commit().await.unwrap();
            before
        };
        let before = swap(ikd::attribute::Attribute::Sex).await;
        two.post(&act(&id, "grant"), &Value::Null).await.expect_problem(409, "wrong_state");
        let mut tx = world.context.db.write().await.unwrap();
        let now = parties::entitlement(&mut tx, uuid).await.unwrap();
        parties::entitle(&mut tx, uuid, &now, &before).await.unwrap();
        tx.commit().await.unwrap();
        two.post(&act(&id, "grant"), &Value::Null).await.expect(204);
        let seen = one.get(&path("")).await.expect(200).json;
        assert_eq!(seen["entitlement"]["attributes"], json!(["nik", "full_name"]), "in the order of the protocol");

        // A contract, and an address: shown to who grants it alone, and forgotten afterwards.
        let contract = json!({"number": "100/PKS/2026", "from": "2026-12-01", "until": "2027-11-30", "reason": "Baru"});
        let id = asked(&one, &path("/contract"), &contract).await;
        two.post(&act(&id, "grant"), &Value::Null).await.expect(204);
        let contact = json!({"email": "pks@bank.example", "reason": "Pindah kantor"});
        let id = asked(&one, &path("/contact"), &contact).await;
        let matter = async |who: &Official<'_>| waiting(who).await[0]["matter"].clone();
        assert_eq!(matter(&two).await["email"], "pks@bank.example");
        assert!(!matter(&auditor).await.to_string().contains('@'));
        two.post(&act(&id, "grant"), &Value::Null).await.expect(204);
        let all = two.get("/v1/admin/proposals?all=true").await.expect(200).json;
        assert!(!all.to_string().contains('@') && all["items"][0]["matter"].is_null());
        let seen = auditor.get(&path("")).await.expect(200).json;
        assert_eq!((&seen["has_contact"], &seen["contract"]["until"]), (&json!(true), &json!("2027-11-30")));
        assert!(!seen.to_string().contains('@'));

        // Who asked and was stopped since; and what nobody decides in a week.
        let id = asked(&one, PARTIES, &bank("Bank Tiga")).await;
        world.accounts().set_active(Realm::National, "pusat-satu", false).await.unwrap();
        two.post(&act(&id, "grant"), &Value::Null).await.expect_problem(409, "wrong_state");
        world.accounts().set_active(Realm::National, "pusat-satu", true).await.unwrap();
        world.later(7 * DAY);
        let (one, two) = (
            official(&world, "pusat-tiga", Role::Administrator).await,
            official(&world, "pusat-empat", Role::Administrator).await,
        );
        two.post(&act(&id, "grant"), &Value::Null).await.expect_problem(404, "not_found");
        assert_eq!(waiting(&two).await, json!([]));
        let again = asked(&one, PARTIES, &bank("Bank Tiga")).await;
        assert!(world.app.sweeper().sweep(Uuid::nil()).await.unwrap());
        let states = two.get("/v1/admin/proposals?all=true&limit=2").await.expect(200).json;
        let state = |at: usize| states["items"][at]["state"].clone();
        assert_eq!((state(0), state(1)), (json!("waiting"), json!("expired")));
        one.post(&act(&again, "withdrawal"), &Value::Null).await.expect(204);
        two.post(&act(&again, "grant"), &Value::Null).await.expect_problem(404, "not_found");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_acts_on_one_request_at_one_moment_are_one() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let (one, two, three) = (
            official(&world, "pusat-satu", Role::Administrator).await,
            official(&world, "pusat-dua", Role::Administrator).await,
            official(&world, "pusat-tiga", Role::Administrator).await,
        );
        let (nothing, reason) = (Value::Null, json!({"reason": "Belum lengkap"}));
        for (round, acts) in
            ["grant grant", "grant refusal", "grant withdrawal", "refusal withdrawal"].iter().enumerate()
        {
            let name = format!("Bank {round}");
            let body = bank(&name);
            // The same asked twice at one moment waits once.
            let (first, second) = tokio::join!(one.post(PARTIES, &body), two.post(PARTIES, &body));
            let mut statuses = [first.status.as_u16(), second.status.as_u16()];
            statuses.sort_unstable();
            assert_eq!(statuses, [201, 409], "{acts}");
            let (asker, other) = if first.status == 201 { (&one, &two) } else { (&two, &one) };
            let id = waiting(&three).await[0]["proposal_id"].as_str().unwrap().to_owned();
            let (left, right) = acts.split_once(' ').unwrap();
            let body = |act: &str| if act == "refusal" { &reason } else { &nothing };
            let right_hand = if right == "withdrawal" { asker } else { &three };
            let (left_path, right_path) = (act(&id, left), act(&id, right));
            let (a, b) = tokio::join!(other.post(&left_path, body(left)), right_hand.post(&right_path, body(right)));
            let mut statuses = [a.status.as_u16(), b.status.as_u16()];
            statuses.sort_unstable();
            assert_eq!(statuses, [204, 404], "{acts}: one of two");
            let granted = (left == "grant" && a.status == 204) || (right == "grant" && b.status == 204);
            let list = one.get(&format!("{PARTIES}?limit=100")).await.expect(200).json.to_string();
            assert_eq!(list.contains(&name), granted, "{acts}");
        }

        // Stopped at the moment at which it comes back: either order is an order.
        let party = added(&one, &two, "Bank Akhir").await;
        let path = |rest: &str| format!("{PARTIES}/{party}{rest}");
        one.post(&path("/suspension"), &reason).await.expect(204);
        let id = asked(&one, &path("/resumption"), &reason).await;
        let (grant, suspension) = (act(&id, "grant"), path("/suspension"));
        let (back, stopped) = tokio::join!(two.post(&grant, &nothing), three.post(&suspension, &reason));
        back.expect(204);
        let suspended = one.get(&path("")).await.expect(200).json["suspended_at"].is_string();
        assert_eq!(stopped.status == 204, suspended);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_office_comes_moves_and_closes_by_two_and_provinces_read() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let (one, two) = (
            official(&world, "pusat-satu", Role::Administrator).await,
            official(&world, "pusat-dua", Role::Administrator).await,
        );
        let province = official(&world, "provinsi", Role::Province).await;
        let path = |id: &str, rest: &str| format!("{OFFICES}/{id}{rest}");
        let roots = province.get(OFFICES).await.expect(200).json;
        let dinas = roots["items"][0]["office_id"].as_str().unwrap().to_owned();
        assert_eq!(roots["items"][0]["code"], OFFICE);
        let grant = async |id: &str| two.post(&act(id, "grant"), &Value::Null).await;

        let office = |more: Value| {
            let mut office = json!({"name": "UPT Tebet", "kind": "upt", "parent": OFFICE, "regions": ["31.74"]});
            office.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            json!({"code": "TEBET", "office": office, "reason": "SK 12/2026"})
        };
        for (wrong, field) in [
            (json!({"regions": ["9999"]}), "regions"),
            (json!({"name": " "}), "name"),
            (json!({"point": "52.5,13.4"}), "point"),
        ] {
            let answer = one.post(OFFICES, &office(wrong)).await.expect_problem(422, "invalid_field");
            assert_eq!(answer.json["fields"][0]["field"], field);
        }
        province.post(OFFICES, &office(json!({}))).await.expect_problem(403, "forbidden");

        // A parent that is none is found when it is granted, and the request waits on.
        let id = asked(&one, OFFICES, &office(json!({"parent": "NIHIL"}))).await;
        let unfit = grant(&id).await.expect_problem(409, "wrong_state");
        assert!(unfit.text("detail").contains("kode ini"), "in the words of what does not fit");
        one.post(&act(&id, "withdrawal"), &Value::Null).await.expect(204);
        let id = asked(&one, OFFICES, &office(json!({}))).await;
        grant(&id).await.expect(204);
        one.post(OFFICES, &office(json!({}))).await.expect_problem(422, "invalid_field");
        let below = province.get(&format!("{OFFICES}?above={dinas}")).await.expect(200).json;
        let tebet = below["items"][0]["office_id"].as_str().unwrap().to_owned();
        let seen = province.get(&path(&tebet, "")).await.expect(200).json;
        assert_eq!((&seen["above"][0]["code"], &seen["regions"][0]["code"]), (&json!(OFFICE), &json!("3174")));
        let public = world.get("/v1/offices?words=Tebet").send().await.expect(200).json;
        assert_eq!(public["items"][0]["code"], "TEBET", "anybody finds it");

        // Its people are counted and not named.
        world.officer("loket-tebet", "TEBET").await;
        let seen = province.get(&path(&tebet, "")).await.expect(200).json;
        assert_eq!(seen["people"], json!([{"role": "officer", "people": 1}]));
        assert!(!seen.to_string().contains("loket-tebet"));

        // Changed: nothing new is refused, what was changed since is not overwritten, and only that.
        let same = json!({"office": {"regions": ["3174"], "kind": "upt"}, "reason": "Sama"});
        one.post(&path(&tebet, "/change"), &same).await.expect_problem(422, "invalid_field");
        let change = json!({"office": {"name": "UPT Tebet Raya", "address": "Jalan Tebet 1"}, "reason": "Pindah"});
        let id = asked(&one, &path(&tebet, "/change"), &change).await;
        let offices = ikd::office::Offices::new(world.context.clone());
        let named = |name: &str| ikd::office::model::Edit { name: Some(name.to_owned()), ..Default::default() };
        offices.edit("TEBET", named("UPT Lain")).await.unwrap();
        grant(&id).await.expect_problem(409, "wrong_state");
        offices.edit("TEBET", named("UPT Tebet")).await.unwrap();
        let noted = ikd::office::model::Edit { note: Some(String::from("Lantai 2")), ..Default::default() };
        offices.edit("TEBET", noted).await.unwrap();
        grant(&id).await.expect(204);
        let seen = province.get(&path(&tebet, "")).await.expect(200).json;
        let told = (&seen["name"], &seen["address"], &seen["note"], &seen["kind"]);
        assert_eq!(told, (&json!("UPT Tebet Raya"), &json!("Jalan Tebet 1"), &json!("Lantai 2"), &json!("upt")));

        // Closed and opened again; what has open offices below it stays open.
        let reason = json!({"reason": "Digabung"});
        let id = asked(&one, &path(&dinas, "/closing"), &reason).await;
        grant(&id).await.expect_problem(409, "wrong_state");
        let id = asked(&one, &path(&tebet, "/closing"), &reason).await;
        grant(&id).await.expect(204);
        assert!(province.get(&path(&tebet, "")).await.expect(200).json["closed_at"].is_string());
        let id = asked(&one, &path(&tebet, "/reopening"), &reason).await;
        grant(&id).await.expect(204);
        assert!(province.get(&path(&tebet, "")).await.expect(200).json["closed_at"].is_null());
        province.get(&path(&Uuid::from_u128(9).to_string(), "")).await.expect_problem(404, "not_found");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_party_is_found_by_parts_of_its_name_page_by_page() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let parties = &world.app.relying_parties;
        for name in ["Koperasi Maju", "Bank 100% Syariah", "Bank Satu", "Toko_Dua"] {
            parties.add(name, AttributeSet::FULL, &[purpose("open_account")]).await.unwrap();
        }
        let auditor = official(&world, "pemeriksa", Role::Auditor).await;
        let page = async |query: &str| {
            let reply = auditor.get(&format!("{PARTIES}?{query}")).await.expect(200).json;
            let names = reply["items"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned());
            (names.collect::<Vec<_>>(), reply["next"].as_str().map(str::to_owned))
        };
        assert_eq!(page("words=syariah").await.0, ["Bank 100% Syariah"]);
        assert_eq!(page("words=BANK%20sya").await.0, ["Bank 100% Syariah"], "parts in their order, capitals or not");
        assert_eq!(page("words=0%25").await.0, ["Bank 100% Syariah"], "a sign is a sign");
        assert_eq!(page("words=o_d").await.0, ["Toko_Dua"]);
        for nothing in ["words=syariah%20bank", "words=zzz", "words=%25a"] {
            assert!(page(nothing).await.0.is_empty(), "{nothing}");
        }
        // The cursor goes on with what is looked for.
        let (first, next) = page("words=o&limit=1").await;
        let (second, next) = page(&format!("words=o&limit=1&cursor={}", next.unwrap())).await;
        assert_eq!((first, second), (vec![String::from("Koperasi Maju")], vec![String::from("Toko_Dua")]));
        assert_eq!(next, None);
        assert_eq!(page("words=").await.0.len(), page("").await.0.len());
    })
    .await;
}

/// Each act of the administration at least once, done.
pub async fn every_act(world: &World) {
    let (one, two) = (
        official(world, "admin-satu", Role::Administrator).await,
        official(world, "admin-dua", Role::Administrator).await,
    );
    let (nothing, reason) = (Value::Null, json!({"reason": "Uji"}));
    let party = added(&one, &two, "Bank Tindakan").await;
    let path = |rest: &str| format!("{PARTIES}/{party}{rest}");
    one.get(&path("")).await.expect(200);
    one.get("/v1/admin/proposals").await.expect(200);
    let more = json!({"attributes": ["nik"], "purposes": bank("")["purposes"], "reason": "Uji"});
    one.post(&path("/suspension"), &reason).await.expect(204);
    for (rest, body) in [("/entitlement", &more), ("/resumption", &reason)] {
        let id = asked(&one, &path(rest), body).await;
        two.post(&act(&id, "grant"), &nothing).await.expect(204);
    }
    let office = json!({"code": "TINDAKAN", "office": {"name": "Pos Tindakan", "kind": "mobile"}, "reason": "Uji"});
    let id = asked(&one, OFFICES, &office).await;
    two.post(&act(&id, "grant"), &nothing).await.expect(204);
    let offices = one.get(&format!("{OFFICES}?limit=100")).await.expect(200).json;
    let added = offices["items"].as_array().unwrap().iter().find(|item| item["code"] == "TINDAKAN").cloned().unwrap();
    let path = |rest: &str| format!("{OFFICES}/{}{rest}", added["office_id"].as_str().unwrap());
    one.get(&path("")).await.expect(200);
    for rest in ["/closing", "/reopening"] {
        let id = asked(&one, &path(rest), &reason).await;
        two.post(&act(&id, "grant"), &nothing).await.expect(204);
    }
    let id = asked(&one, PARTIES, &bank("Bank Ditolak")).await;
    two.post(&act(&id, "refusal"), &reason).await.expect(204);
}
