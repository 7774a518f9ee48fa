//! What relying parties look after themselves: keys that end, people, figures; and contracts, which end by themselves too.

use std::collections::BTreeMap;

use ikd::attribute::AttributeSet;
use ikd::clock::{DAY, HOUR};
use ikd::error::Language;
use ikd::register::Date;
use ikd::relying_party::operator::Amendment;
use ikd::relying_party::{Notices, Quota};
use ikd::staff::{Permission, Post, Role};
use reqwest::Method;
use serde_json::{Value, json};
use support::answer::Answer;
use support::each_engine;
use support::world::{BANK, LogIn, World, purpose};

/// An administrator's browser, or an employee's.
pub struct Desk<'a> {
    pub world: &'a World,
    pub cookie: String,
}

impl Desk<'_> {
    pub async fn get(&self, path: &str) -> Answer {
        self.world.get(path).cookie(&self.cookie).send().await
    }

    pub async fn send(&self, method: Method, path: &str, body: &Value) -> Answer {
        let request = self.world.request(method, path).cookie(&self.cookie);
        let request = if body.is_null() { request } else { request.json(body) };
        request.send().await
    }

    async fn make_key(&self, label: &str, last_day: Date) -> Answer {
        self.send(Method::POST, "/v1/partner/keys", &json!({"label": label, "last_day": last_day})).await
    }
}

async fn log_in<'a>(world: &'a World, log_in: &LogIn) -> Desk<'a> {
    let body = world.log_in_body(log_in);
    let cookie = world.post("/v1/teller/sessions").json(&body).send().await.expect(201).cookie.unwrap();
    Desk { world, cookie }
}

async fn add_administrator(world: &World, party: &str, username: &str) -> LogIn {
    let new = world.accounts().add(Post::PartyAdministrator(party), username, "Rina Uji", None).await.unwrap();
    let (password, totp_secret) = (new.password.expose().clone(), new.totp.secret.expose().clone());
    LogIn { username: username.to_owned(), password, totp_secret }
}

/// An administrator of a party, logged in.
pub async fn administrator_of<'a>(world: &'a World, party: &str, username: &str) -> Desk<'a> {
    log_in(world, &add_administrator(world, party, username).await).await
}

/// An administrator of the bank, logged in.
pub async fn administrator<'a>(world: &'a World, username: &str) -> Desk<'a> {
    administrator_of(world, BANK, username).await
}

fn today(world: &World) -> Date {
    Date::in_jakarta(world.context.now())
}

fn in_days(world: &World, days: i32) -> Date {
    today(world).plus_days(days).unwrap()
}

/// What a key of the bank opens now.
async fn opens(world: &World, key: &str) -> Answer {
    world.bank_at(&world.base, key).get("/v1/annulled-verifications").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_overlap_are_revoked_and_end_by_themselves() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let rina = administrator(&world, "rina").await;
        let first = world.api_key.clone();
        for (label, days, field) in [("", 9, "label"), ("Kasir", -1, "last_day"), ("Kasir", 366, "last_day")] {
            let refused = rina.make_key(label, in_days(&world, days)).await.expect_problem(422, "invalid_field");
            assert_eq!(refused.json["fields"][0]["field"], field);
        }
        let made = rina.make_key("Kasir Jakarta", in_days(&world, 2)).await.expect(201);
        let second = made.text("api_key");
        for key in [&first, &second] {
            opens(&world, key).await.expect(200);
        }
        let third = rina.make_key("Cadangan", in_days(&world, 2)).await.expect_problem(409, "wrong_state");
        assert!(third.json["detail"].as_str().unwrap().contains("cabut"), "what to do");

        // The bank's first key, which the operator made, has neither label nor end.
        let listed = rina.get("/v1/partner/keys").await.expect(200).json;
        let old = &listed["items"][0];
        assert_eq!((&old["label"], &old["last_day"], &old["state"]), (&Value::Null, &Value::Null, &json!("live")));
        assert!(!listed.to_string().contains(&second[second.len() - 20..]), "no secret is shown again");
        assert_eq!(listed["items"][1]["last_used_at"], Value::Null);
        world.app.relying_parties.authentication().note_uses().await.unwrap();
        let used = rina.get("/v1/partner/keys").await.expect(200).json["items"][1]["last_used_at"].clone();
        assert_eq!(used, json!(world.context.now()));
        // Within the hour it is not written again, after it once.
        world.later(60);
        opens(&world, &second).await.expect(200);
        world.app.relying_parties.authentication().note_uses().await.unwrap();
        assert_eq!(rina.get("/v1/partner/keys").await.json["items"][1]["last_used_at"], used);

        // Revoked: at once here, and a second time all the same. Another party's key is none.
        let path = format!("/v1/partner/keys/{}", old["key_id"].as_str().unwrap());
        for _ in 0..2 {
            rina.send(Method::DELETE, &path, &Value::Null).await.expect(204);
            opens(&world, &first).await.expect_problem(401, "api_key_invalid");
        }
        let shop = world.app.relying_parties.add("Toko", AttributeSet::FULL, &[purpose("age_check")]).await.unwrap().1;
        let foreign = format!("/v1/partner/keys/{}", shop.key_id);
        rina.send(Method::DELETE, &foreign, &Value::Null).await.expect_problem(404, "not_found");
        opens(&world, &shop.expose()).await.expect(200);

        // The second ends with its day, however fresh it is remembered; then there is room for another.
        let end = in_days(&world, 3).midnight().seconds() - world.context.now().seconds();
        world.later(end - 1);
        opens(&world, &second).await.expect(200);
        world.later(1);
        let ended = opens(&world, &second).await.expect_problem(401, "api_key_invalid");
        assert!(ended.json["detail"].as_str().unwrap().contains("kunci baru"), "what to do: {}", ended.json);
        let rina = administrator(&world, "rina-2").await;
        let states = rina.get("/v1/partner/keys").await.expect(200).json;
        let states: Vec<_> = states["items"].as_array().unwrap().iter().map(|key| key["state"].clone()).collect();
        assert_eq!(states, ["revoked", "expired"]);

        // Two administrators at one moment, and room for one.
        rina.make_key("Satu", in_days(&world, 365)).await.expect(201);
        let day = in_days(&world, 9);
        let (one, two) = tokio::join!(rina.make_key("Dua", day), rina.make_key("Tiga", day));
        let made = [&one, &two].into_iter().filter(|answer| answer.status == 201).count();
        assert_eq!(made, 1, "{} {}", one.status, two.status);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_operator_gives_keys_an_end_and_those_of_before_go_on() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let parties = &world.app.relying_parties;
        let key = ikd::relying_party::ApiKey::parse(&world.api_key).unwrap().key_id;
        world.later(800 * DAY);
        opens(&world, &world.api_key).await.expect(200);
        assert!(parties.set_key_end(key, in_days(&world, -1)).await.is_err(), "a day that is over");
        parties.set_key_end(key, today(&world)).await.unwrap();
        opens(&world, &world.api_key).await.expect(200);
        world.later(DAY);
        opens(&world, &world.api_key).await.expect_problem(401, "api_key_invalid");
        // It was the operator's to end it, and is the operator's to let it go on.
        parties.set_key_end(key, in_days(&world, 1)).await.unwrap();
        opens(&world, &world.api_key).await.expect(200);
        let labelled = parties.add_key_until(BANK, Some("Cadangan"), Some(in_days(&world, 5))).await.unwrap();
        opens(&world, &labelled.expose()).await.expect(200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_operator_stops_a_party_and_changes_what_it_is_entitled_to() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let parties = &world.app.relying_parties;
        let key = ikd::relying_party::ApiKey::parse(&world.api_key).unwrap().key_id;
        let rina = administrator(&world, "rina").await;
        let asked = async || {
            // What a node remembers of a key for a moment is not what is asked here.
            parties.authentication().forget(key);
            world.bank().verify("NONSENSE", "fetch_parcel", &world.key()).await
        };
        asked().await.expect_problem(403, "purpose_not_allowed");
        let purpose = purpose("fetch_parcel");
        let now = parties.amend(BANK, Amendment::AddPurpose(&purpose)).await.unwrap();
        assert!(now.purposes.iter().any(|one| one.code == "fetch_parcel"));
        asked().await.expect(200);
        assert!(parties.amend(BANK, Amendment::AddPurpose(&purpose)).await.is_err(), "it is there already");
        let few = AttributeSet::preset("age").unwrap();
        parties.amend(BANK, Amendment::SetAttributes(few)).await.unwrap();
        assert_eq!(rina.get("/v1/partner").await.expect(200).json["attributes"], json!(few.names()));
        parties.amend(BANK, Amendment::EndPurpose("fetch_parcel")).await.unwrap();
        asked().await.expect_problem(403, "purpose_not_allowed");

        // Stopped: its keys and its people are refused, once; and it comes back as it was.
        assert!(parties.suspend(BANK, " ").await.is_err(), "without a reason");
        parties.suspend(BANK, "Kunci bocor").await.unwrap();
        for again in [parties.suspend(BANK, "Kunci bocor").await, parties.suspend("Bank Lain", "Salah").await] {
            assert!(again.is_err());
        }
        asked().await.expect_problem(401, "api_key_invalid");
        rina.get("/v1/partner").await.expect_problem(401, "session_ended");
        parties.resume(BANK).await.unwrap();
        assert!(parties.resume(BANK).await.is_err(), "it verifies already");
        asked().await.expect_problem(403, "purpose_not_allowed");
        rina.get("/v1/partner").await.expect(200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_quota_ends_with_its_minute_or_day_and_repetitions_do_not_count() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let parties = &world.app.relying_parties;
        let holder = world.active(&world.people[0]).await;
        let token = world.present(&holder, "age").await;
        let key = ikd::relying_party::ApiKey::parse(&world.api_key).unwrap().key_id;
        let to = "kuota@bank.example.id";
        parties.set_contact(BANK, to, Language::Indonesian).await.unwrap();
        let quota = |per_minute, per_day| Quota { per_minute, per_day };
        assert!(parties.set_quota(BANK, quota(Some(0), None)).await.is_err());
        // From the beginning of a minute on, and not at the end of a day.
        let now = world.context.now().seconds();
        world.later(if (now + 7 * HOUR) % DAY > DAY - 600 { 1_200 - now % 60 } else { 60 - now % 60 });
        parties.set_quota(BANK, quota(Some(3), Some(5))).await.unwrap();
        let ask = async |text: &str, name: &str| {
            // What a node remembers of a key for a moment is not what is asked here.
            parties.authentication().forget(key);
            world.bank().verify(text, "open_account", name).await
        };
        for _ in 0..3 {
            assert_eq!(ask(&token, "scan-1").await.expect(200).verdict(), "valid");
        }
        ask("NONSENSE", "scan-2").await.expect(200);
        ask("NONSENSE", "scan-3").await.expect(200);
        let full = ask("NONSENSE", "scan-4").await.expect_problem(429, "quota_reached");
        assert_eq!(full.retry_after, Some(60), "to the end of the minute");
        let detail = full.json["detail"].as_str().unwrap();
        assert!(detail.contains("menit") && detail.contains("Ditjen Dukcapil"), "{detail}");
        // What was answered is answered again, also where nothing is left; another question under its key is not.
        assert_eq!(ask(&token, "scan-1").await.expect(200).verdict(), "valid");
        ask("NONSENSE", "scan-3").await.expect(200);
        ask("OTHER", "scan-3").await.expect_problem(422, "idempotency_mismatch");
        // Another party is another party.
        let shop = parties.add("Toko", AttributeSet::FULL, &[purpose("open_account")]).await.unwrap().1;
        let shop = world.bank_at(&world.base, &shop.expose());
        for n in 0..6 {
            shop.verify("NONSENSE", "open_account", &format!("k{n}")).await.expect(200);
        }

        let told = async || {
            world.app.deliver_mail().await.unwrap();
            world.letters_to(to)
        };
        assert_eq!(told().await, 0, "three of five");
        world.later(60);
        ask("NONSENSE", "scan-4").await.expect(200);
        assert_eq!(told().await, 1, "four of five");
        ask("NONSENSE", "scan-5").await.expect(200);
        let full = ask("NONSENSE", "scan-6").await.expect_problem(429, "quota_reached");
        assert!(full.retry_after.unwrap() > 60 && full.json["detail"].as_str().unwrap().contains("hari"));
        assert_eq!(told().await, 1, "once a day");
        let rina = administrator(&world, "rina").await;
        let shown = rina.get("/v1/partner").await.expect(200).json;
        assert_eq!((&shown["quota"]["per_day"], &shown["used_today"]), (&json!(5), &json!(5)));
        // More was agreed: it counts at once. And the next day begins anew.
        parties.set_quota(BANK, quota(None, Some(6))).await.unwrap();
        ask("NONSENSE", "scan-6").await.expect(200);
        ask("NONSENSE", "scan-7").await.expect_problem(429, "quota_reached");
        world.later(DAY);
        ask("NONSENSE", "scan-7").await.expect(200);
        parties.set_quota(BANK, Quota::default()).await.unwrap();
        for n in 0..7 {
            ask("NONSENSE", &format!("free-{n}")).await.expect(200);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_configured_quota_counts_where_the_contract_says_nothing() {
    each_engine(async |context| {
        let world = World::open_with(context, |config| config.quota.checks_per_day = 2).await;
        let parties = &world.app.relying_parties;
        let key = ikd::relying_party::ApiKey::parse(&world.api_key).unwrap().key_id;
        let ask = async |name: &str| {
            // What a node remembers of a key for a moment is not what is asked here.
            parties.authentication().forget(key);
            world.bank().verify("NONSENSE", "open_account", name).await
        };
        ask("scan-1").await.expect(200);
        ask("scan-2").await.expect(200);
        ask("scan-3").await.expect_problem(429, "quota_reached");
        ask("scan-1").await.expect(200);
        let rina = administrator(&world, "rina").await;
        let shown = rina.get("/v1/partner").await.expect(200).json;
        assert_eq!((&shown["quota"], &shown["used_today"]), (&json!({"per_minute": null, "per_day": 2}), &json!(2)));
        let auditor = crate::staffing::official(&world, "pemeriksa", Role::Auditor).await;
        let id = auditor.get("/v1/admin/parties").await.expect(200).json["items"][0]["party_id"].clone();
        let party = auditor.get(&format!("/v1/admin/parties/{}", id.as_str().unwrap())).await.expect(200).json;
        let day = |quota: &Value| quota["per_day"].clone();
        assert_eq!((day(&party["quota"]), day(&party["default_quota"])), (Value::Null, json!(2)));
        // What two agreed on counts in its place.
        parties.set_quota(BANK, Quota { per_minute: None, per_day: Some(3) }).await.unwrap();
        ask("scan-3").await.expect(200);
        ask("scan-4").await.expect_problem(429, "quota_reached");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_contract_begins_and_ends_by_itself_and_only_checks_depend_on_it() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let holder = world.active(&world.people[0]).await;
        let parties = &world.app.relying_parties;
        let check = async || {
            holder.client.unlock().await.expect(200);
            let token = world.present(&holder, "age").await;
            world.bank().verify(&token, "open_account", &world.key()).await
        };
        assert_eq!(check().await.expect(200).verdict(), "valid", "a party of before has no contract");
        let days = (in_days(&world, 1), in_days(&world, 2));
        assert!(parties.set_contract(BANK, "100/PKS/2026", (days.1, days.0)).await.is_err(), "the wrong way round");
        parties.set_contract(BANK, "100/PKS/2026", days).await.unwrap();
        world.later(1);
        let midnight = days.0.midnight().seconds() - world.context.now().seconds();
        // What this node remembers of the key is from before the contract: it is forgotten within a second of real time.
        let early = support::until("the node has heard of the contract", 5, async || {
            let answer = check().await;
            (answer.status == 403).then_some(answer)
        });
        let early = early.await.expect_problem(403, "contract_not_in_force");
        assert!(early.json["detail"].as_str().unwrap().contains("belum"), "{}", early.json);
        world.later(midnight);
        assert_eq!(check().await.expect(200).verdict(), "valid");

        // The last second, and the next: however fresh the key is remembered.
        let rina = administrator(&world, "rina").await;
        let shown = rina.get("/v1/partner").await.expect(200).json;
        let told = json!({"number": "100/PKS/2026", "first_day": days.0, "last_day": days.1, "standing": "in_force"});
        assert_eq!(shown["contract"], told);
        assert_eq!(shown["purposes"][0], json!({"code": "age_check", "text": "Tujuan age_check"}));
        let end = in_days(&world, 2).midnight().seconds() - world.context.now().seconds();
        world.later(end - 1);
        assert_eq!(check().await.expect(200).verdict(), "valid");
        world.later(1);
        let late = check().await.expect_problem(403, "contract_not_in_force");
        assert!(late.json["detail"].as_str().unwrap().contains("perpanjang"), "{}", late.json);

        // Employees are refused too, with nothing left in their list. What the party is told goes on, and so do its sessions.
        let dewi = log_in(&world, &world.add_employee("dewi").await).await;
        let question = json!({"token": world.present(&holder, "age").await, "purpose": "open_account"});
        let request = world.post("/v1/teller/verifications").cookie(&dewi.cookie).header("Idempotency-Key", "k1");
        request.json(&question).send().await.expect_problem(403, "contract_not_in_force");
        assert_eq!(dewi.get("/v1/teller/verifications").await.expect(200).json["items"], json!([]));
        opens(&world, &world.api_key).await.expect(200);
        let rina = administrator(&world, "rina-2").await;
        assert_eq!(rina.get("/v1/partner").await.expect(200).json["contract"]["standing"], "ended");
        // Nothing was spent: renewed, the same QR is good.
        parties.set_contract(BANK, "100/PKS/2027", (today(&world), in_days(&world, 300))).await.unwrap();
        let again = support::until("the node has heard of the renewal", 5, async || {
            let request = world.post("/v1/teller/verifications").cookie(&dewi.cookie).header("Idempotency-Key", "k1");
            let answer = request.json(&question).send().await;
            (answer.status == 200).then_some(answer)
        });
        assert_eq!(again.await.verdict(), "valid");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_party_is_told_once_in_each_of_the_last_sixty_thirty_and_seven_days() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let parties = &world.app.relying_parties;
        let notices = Notices::new(world.context.clone());
        let to = "pks@bank.example.id";
        let told = async || {
            while notices.tell_due().await.unwrap() > 0 {}
            world.app.deliver_mail().await.unwrap();
            world.letters_to(to)
        };
        let start = today(&world);
        parties.set_contract(BANK, "100/PKS/2026", (start, start.plus_days(99).unwrap())).await.unwrap();
        let key = parties.add_key_until(BANK, Some("Kasir"), Some(start.plus_days(119).unwrap())).await.unwrap();
        world.later(45 * DAY);
        assert_eq!(told().await, 0, "nobody said where");
        assert!(parties.set_contact(BANK, "bukan surel", Language::Indonesian).await.is_err());
        parties.set_contact(BANK, to, Language::Indonesian).await.unwrap();
        // 55 days before the contract ends; 75 before the key does.
        assert_eq!((told().await, told().await), (1, 1));
        let letters = world.letters();
        let letter = letters.iter().find(|letter| letter.to == to).unwrap();
        let last = ikd::error::Language::Indonesian.date(start.plus_days(99).unwrap().midnight());
        for part in ["100/PKS/2026", BANK, &last, "Perpanjang"] {
            assert!(letter.text.contains(part), "{part}: {}", letter.text);
        }
        world.later(26 * DAY);
        // 29 before the contract ends, 49 before the key does.
        assert_eq!((told().await, told().await), (3, 3));
        // 6 days before: the notice of 7, none of 30 or 60 beside it; 26 before the key does.
        world.later(23 * DAY);
        assert_eq!((told().await, told().await), (5, 5));
        // A key that was revoked, and a contract that was renewed, are not spoken of again until their own time.
        parties.revoke_key(key.key_id).await.unwrap();
        parties.set_contract(BANK, "100/PKS/2027", (start, start.plus_days(400).unwrap())).await.unwrap();
        world.later(20 * DAY);
        assert_eq!(told().await, 5);
        // Entered late: one letter, not three.
        parties.set_contract(BANK, "100/PKS/2028", (start, in_days(&world, 3))).await.unwrap();
        assert_eq!((told().await, told().await), (6, 6));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_administrator_keeps_employees_out_and_lets_them_in_again() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let rina = administrator(&world, "rina").await;
        let dewi = log_in(&world, &world.add_employee("dewi").await).await;
        world.add_employee("agus").await;
        add_administrator(&world, BANK, "sari").await;
        world.app.relying_parties.add("Toko", AttributeSet::FULL, &[purpose("age_check")]).await.unwrap();
        let foreign = world.accounts().add(Post::RelyingParty("Toko"), "eko", "Eko", None).await.unwrap().staff_id;

        // By their names, in pages; nobody of another party.
        let mut names = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = rina.get(&format!("/v1/partner/employees?limit=1{cursor}")).await.expect(200).json;
            names.extend(page["items"].as_array().unwrap().clone());
            let Some(next) = page["next"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        let seen: Vec<_> =
            names.iter().map(|one| (one["username"].as_str().unwrap(), one["administrator"] == true)).collect();
        assert_eq!(seen, [("agus", false), ("dewi", false), ("rina", true), ("sari", true)]);
        rina.get("/v1/partner/employees?cursor=AAAA%21").await.expect_problem(400, "malformed_request");

        let turn = async |id: &str, act: &str| {
            rina.send(Method::POST, &format!("/v1/partner/employees/{id}/{act}"), &Value::Null).await
        };
        let id = names[1]["employee_id"].as_str().unwrap();
        dewi.get("/v1/teller/verifications").await.expect(200);
        for _ in 0..2 {
            turn(id, "disable").await.expect(204);
        }
        dewi.get("/v1/teller/verifications").await.expect_problem(401, "session_ended");
        for _ in 0..2 {
            turn(id, "enable").await.expect(204);
        }
        // Neither a colleague administrator, nor herself, nor somebody elsewhere.
        for other in
            [names[3]["employee_id"].as_str().unwrap(), names[2]["employee_id"].as_str().unwrap(), &foreign.to_string()]
        {
            for act in ["disable", "enable"] {
                turn(other, act).await.expect_problem(404, "not_found");
            }
        }
        // An administrator who was disabled a moment ago takes nobody along.
        let mut tx = world.context.db.write().await.unwrap();
        let of = (names[2]["employee_id"].as_str().unwrap().parse().unwrap(), id.parse().unwrap());
        ikd::execute!(&mut tx, "UPDATE staff_account SET state = 'disabled' WHERE username = 'rina'").unwrap();
        let party = ikd::relying_party::ports::id_of(&mut tx, BANK).await.unwrap().unwrap();
        let disabled = ikd::staff::model::AccountState::Disabled;
        assert!(
            ikd::staff::ports::switch_employee(&world.context, &mut tx, (party, of.1), of.0, disabled).await.is_err()
        );
        tx.commit().await.unwrap();
        rina.get("/v1/partner").await.expect_problem(401, "session_ended");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn figures_count_each_question_by_day_and_name_nobody() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let holder = world.active(&world.people[0]).await;
        let rina = add_administrator(&world, BANK, "rina").await;
        let token = world.present(&holder, "age").await;
        let first = world.key();
        for key in [&first, &first, &world.key()] {
            world.bank().verify(&token, "open_account", key).await.expect(200);
        }
        world.bank().verify("NONSENSE", "open_account", &world.key()).await.expect(200);
        world.bank().verify(&token, "unregistered", &world.key()).await.expect_problem(403, "purpose_not_allowed");
        world.app.relying_parties.usage().write().await.unwrap();
        let day = today(&world);
        world.later(DAY + HOUR);
        world.bank().verify("NONSENSE", "open_account", &world.key()).await.expect(200);
        for _ in 0..2 {
            world.app.relying_parties.usage().write().await.unwrap();
        }
        let rina = log_in(&world, &rina).await;
        let mut days = BTreeMap::new();
        let mut total = 0;
        // The days may lie in two months.
        let mut months: Vec<String> = [day, today(&world)].iter().map(|day| day.to_string()[..7].to_owned()).collect();
        months.dedup();
        for month in &months {
            let found = rina.get(&format!("/v1/partner/usage?month={month}")).await.expect(200).json;
            assert_eq!(found["month"], **month);
            total +=
                found["total"].as_array().unwrap().iter().map(|one| one["questions"].as_i64().unwrap()).sum::<i64>();
            for one in found["days"].as_array().unwrap() {
                let item = |item: &Value| {
                    (item["kind"].as_str().unwrap().to_owned(), item["outcome"].clone(), item["questions"].clone())
                };
                days.insert(
                    one["day"].as_str().unwrap().to_owned(),
                    one["items"].as_array().unwrap().iter().map(item).collect::<Vec<_>>(),
                );
            }
            assert!(!found.to_string().contains(world.people[0].nik.as_str()));
        }
        let of = |kind: &str, outcome: &str, n: i64| (kind.to_owned(), json!(outcome), json!(n));
        // The same key twice is the same answer twice, and two questions.
        assert_eq!(
            days[&day.to_string()],
            [
                of("valid", "valid", 2),
                of("invalid", "already_used", 1),
                of("invalid", "malformed", 1),
                of("error", "purpose_not_allowed", 1)
            ]
        );
        assert_eq!(days[&today(&world).to_string()], [of("invalid", "malformed", 1)]);
        assert_eq!(total, 6);
        assert_eq!(rina.get("/v1/partner/usage?month=2020-01").await.expect(200).json["days"], json!([]));
        for bad in ["2020", "2020-13", "x"] {
            rina.get(&format!("/v1/partner/usage?month={bad}")).await.expect_problem(400, "malformed_request");
        }
        // Two years later they are forgotten.
        assert_eq!(world.app.relying_parties.usage().sweep().await.unwrap(), 0);
        world.later(770 * DAY);
        assert_eq!(world.app.relying_parties.usage().sweep().await.unwrap(), 5);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_endpoint_of_a_party_s_people_answers_each_role_as_the_table_says() {
    let world = World::on(support::Engine::Sqlite).await;
    let rina = administrator(&world, "rina").await;
    let dewi = log_in(&world, &world.add_employee("dewi").await).await;
    let told = rina.get("/v1/teller/sessions/current").await.expect(200).json;
    assert_eq!(told["permissions"], json!(["administer_party"]));
    assert_eq!(dewi.get("/v1/teller/sessions/current").await.expect(200).json["permissions"], json!(["verify"]));
    let api: Value =
        serde_json::from_slice(&std::fs::read(support::root().join("docs/openapi.json")).unwrap()).unwrap();
    let mut asked = 0;
    for (path, methods) in api["paths"].as_object().unwrap() {
        let permission = match path.as_str() {
            path if path.starts_with("/v1/partner") => Permission::AdministerParty,
            "/v1/teller/verifications" => Permission::Verify,
            _ => continue,
        };
        for method in methods.as_object().unwrap().keys() {
            for (role, desk) in [(Role::PartyAdministrator, &rina), (Role::Employee, &dewi)] {
                let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
                let path = path.replace("{id}", "00000000-0000-7000-8000-000000000000");
                let body = if method == Method::GET || method == Method::DELETE { Value::Null } else { json!({}) };
                let answer = desk.send(method.clone(), &path, &body).await;
                let forbidden = answer.status == 403 && answer.code() == "forbidden";
                assert_eq!(forbidden, !role.may(permission), "{method} {path}: {role:?} got {}", answer.status);
                asked += 1;
            }
        }
    }
    assert!(asked >= 20, "{asked}");
}
