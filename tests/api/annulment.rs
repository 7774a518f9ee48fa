//! Annulling a wrongful activation: a supervisor and the head of the office that approved it, and word to those who relied on it.

use ikd::attribute::AttributeSet;
use ikd::clock::DAY;
use ikd::office::{Kind, Offices};
use ikd::register::Date;
use ikd::staff::{Realm, Role};
use serde_json::{Value, json};
use support::answer::Answer;
use support::client::{Bank, Officer};
use support::each_engine;
use support::world::{Applicant, OFFICE, World, pin_key, purpose};

use crate::life::{newest_letter, standing};

const PATH: &str = "/v1/officer/annulments";
const LIST: &str = "/v1/annulled-verifications";

pub async fn ask(supervisor: &Officer, holder: &Applicant) -> Answer {
    let body = json!({"nik": holder.record.nik, "reason": "Pemilik identitas hadir; bukan ia yang mengaktifkan"});
    supervisor.post(PATH, &body).await
}

pub async fn grant(supervisor: &Officer, asked: &Value) -> Answer {
    let path = format!("{PATH}/{}/grant", asked["annulment_id"].as_str().unwrap());
    supervisor.post(&path, &json!({"version": asked["version"]})).await
}

pub async fn refuse(supervisor: &Officer, asked: &Value) -> Answer {
    let path = format!("{PATH}/{}/refuse", asked["annulment_id"].as_str().unwrap());
    let body = json!({"version": asked["version"], "reason": "Aktivasi dilakukan pemiliknya sendiri"});
    supervisor.post(&path, &body).await
}

/// Who asks, and who grants.
async fn supervisor_and_head(world: &World) -> (Officer, Officer) {
    let name = |one: &str| format!("{one}-{}", world.number());
    (world.supervisor(&name("penyelia"), OFFICE).await, world.head(&name("kepala"), OFFICE).await)
}

const PAUSED: &str = "/v1/officer/paused";

/// Gives the officer who approved at [`World::desk`] the rights back.
pub async fn restore_desk(world: &World, supervisor: &Officer) {
    let items = supervisor.get(PAUSED).await.expect(200).json["items"].clone();
    let desk = items.as_array().unwrap().iter().find(|item| item["username"] == "petugas").expect("the desk is paused");
    restore(supervisor, desk).await.expect(204);
    world.desk().await.get("/v1/officer/registrations").await.expect(200);
}

async fn restore(supervisor: &Officer, paused: &Value) -> Answer {
    supervisor.post(&format!("{PAUSED}/{}/restore", paused["officer_id"].as_str().unwrap()), &Value::Null).await
}

async fn check(world: &World, bank: &Bank, holder: &Applicant) -> String {
    let token = world.present(holder, "basic").await;
    world.later(1);
    let answer = bank.verify(&token, "open_account", &world.key()).await.expect(200);
    assert_eq!(answer.verdict(), "valid");
    answer.text("verification_id")
}

async fn told(bank: &Bank, query: &str) -> Vec<String> {
    let items = bank.get(&format!("{LIST}{query}")).await.expect(200).json["items"].clone();
    items.as_array().unwrap().iter().map(|item| item["verification_id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_supervisors_annul_and_each_party_reads_its_own_checks() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let (holder, other) = (world.active(&world.people[0]).await, world.active(&world.people[1]).await);
        let purposes = [purpose("open_account")];
        let parties = &world.app.relying_parties;
        let key = parties.add("Klinik Uji", AttributeSet::FULL, &purposes).await.unwrap().1.expose();
        let (bank, clinic) = (world.bank(), world.bank_at(&world.base, &key));
        let first = check(&world, &bank, &holder).await;
        let second = check(&world, &bank, &holder).await;
        let third = check(&world, &clinic, &holder).await;
        check(&world, &bank, &other).await;
        // A refused one is nothing to rely on.
        let spent = world.present(&holder, "basic").await;
        assert_eq!(world.verify(&spent).await, "valid");
        assert_eq!(world.verify(&spent).await, "already_used");
        let open = world.present(&holder, "basic").await;
        let (asker, granter) = supervisor_and_head(&world).await;

        let asked = ask(&asker, &holder).await.expect(201).json;
        assert_eq!(
            (&asked["state"], &asked["own"], &asked["may_grant"]),
            (&json!("asked"), &json!(true), &json!(false))
        );
        assert_eq!(standing(&holder).await.0, "active", "one alone stops nothing here");
        assert!(told(&bank, "").await.is_empty());
        let waiting = granter.get(PATH).await.expect(200).json;
        assert_eq!(waiting["items"][0]["annulment_id"], asked["annulment_id"]);
        assert!(!waiting.to_string().contains(&holder.record.nik) && waiting["items"][0]["own"] == json!(false));
        let seen = granter.get(&format!("{PATH}/{}", asked["annulment_id"].as_str().unwrap())).await.expect(200).json;
        assert_eq!((&seen["nik"], &seen["may_grant"]), (&json!(holder.record.nik), &json!(true)));
        assert_eq!((&seen["card"], &seen["registration_id"]), (&json!("active"), &json!(holder.id)));

        world.later(5);
        grant(&granter, &asked).await.expect(204);
        assert_eq!(world.verify(&open).await, "holder_not_active");
        holder.client.get("/v1/me").await.expect_problem(401, "session_ended");
        holder.client.unlock_with(&pin_key(&holder.record)).await;
        assert_eq!(standing(&holder).await, ("deactivated".into(), json!("annulled"), "none".into()));
        let (subject, _) = newest_letter(&world, &holder).await;
        assert_eq!(subject, "KTP Digital ini dibatalkan");
        let letter = world.letters().into_iter().find(|letter| letter.to == holder.email).unwrap();
        let surname = holder.record.full_name.split_whitespace().nth(1).unwrap_or("?????");
        assert!(!letter.text.contains(&holder.record.nik) && !letter.text.to_uppercase().contains(surname));

        // At once, newest told first; of the other holder's checks and the other party's nothing.
        let of_bank = told(&bank, "").await;
        assert_eq!(of_bank.len(), 3, "{of_bank:?}");
        assert!(of_bank.contains(&first) && of_bank.contains(&second));
        assert_eq!(told(&clinic, "").await, [third]);
        let item = bank.get(LIST).await.expect(200).json["items"][0].clone();
        let members: Vec<_> = item.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(members, ["told_at", "verification_id", "verified_at", "void_since"], "nothing personal");
        assert_eq!(item["void_since"], asked["activated_at"]);
        let page = bank.get(&format!("{LIST}?limit=2")).await.expect(200).json;
        let rest = told(&bank, &format!("?limit=2&cursor={}", page["next"].as_str().unwrap())).await;
        assert_eq!((page["items"].as_array().unwrap().len(), rest.len()), (2, 1));
        let at = item["told_at"].as_str().unwrap();
        assert_eq!(told(&bank, &format!("?since={at}")).await.len(), 3);
        let later = (world.context.now().plus_seconds(1)).to_rfc3339();
        assert!(told(&bank, &format!("?since={later}")).await.is_empty());
        for wrong in ["since=yesterday", "since=", "limit=0", "cursor=%21", "unknown=1"] {
            bank.get(&format!("{LIST}?{wrong}")).await.expect_problem(400, "malformed_request");
        }

        // Decided is decided; and the true holder registers as anybody does.
        grant(&granter, &asked).await.expect_problem(409, "wrong_state");
        ask(&asker, &holder).await.expect_problem(409, "wrong_state");
        restore_desk(&world, &granter).await;
        let again = world.active(&world.people[0]).await;
        check(&world, &bank, &again).await;
        assert_eq!(told(&bank, "").await.len(), 3, "what the new one shows is good");
        assert_eq!(standing(&other).await.0, "active");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_annuls_alone_late_elsewhere_or_on_an_old_screen() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let holder = world.active(&world.people[0]).await;
        let (asker, granter) = supervisor_and_head(&world).await;
        Offices::new(world.context.clone()).add("UJI-02", "Kantor Lain", Kind::Dinas).await.unwrap();
        let elsewhere = world.supervisor("jauh", "UJI-02").await;
        let path = |asked: &Value| format!("{PATH}/{}", asked["annulment_id"].as_str().unwrap());

        let desk = world.desk().await;
        ask(desk, &holder).await.expect_problem(403, "forbidden");
        desk.get(PATH).await.expect_problem(403, "forbidden");
        // Elsewhere it is as if there were no such digital KTP.
        let foreign = ask(&elsewhere, &holder).await.expect(404);
        let nobody =
            json!({"nik": world.somebody(500_000, |_| true).nik.as_str(), "reason": "Bukan pemiliknya sendiri"});
        let unknown = elsewhere.post(PATH, &nobody).await.expect(404);
        assert_eq!(foreign.json["detail"], unknown.json["detail"]);

        let asked = ask(&asker, &holder).await.expect(201).json;
        let again = ask(&asker, &holder).await.expect(201).json;
        assert_eq!((&again["annulment_id"], &again["version"]), (&asked["annulment_id"], &asked["version"]));
        // Another supervisor neither asks again nor grants: that is the head's, who in turn asks for nothing.
        let colleague = world.supervisor("penyelia-lain", OFFICE).await;
        ask(&colleague, &holder).await.expect_problem(409, "wrong_state");
        ask(&granter, &holder).await.expect_problem(403, "forbidden");
        let seen = colleague.get(&path(&asked)).await.expect(200).json;
        assert_eq!((&seen["own"], &seen["may_grant"]), (&json!(false), &json!(false)));
        grant(&colleague, &asked).await.expect_problem(403, "forbidden");
        grant(&asker, &asked).await.expect_problem(403, "forbidden");
        grant(desk, &asked).await.expect_problem(403, "forbidden");
        let far_head = world.head("kepala-jauh", "UJI-02").await;
        grant(&far_head, &asked).await.expect_problem(404, "not_found");
        refuse(&elsewhere, &asked).await.expect_problem(404, "not_found");
        elsewhere.get(&path(&asked)).await.expect_problem(404, "not_found");
        assert_eq!(elsewhere.get(PATH).await.expect(200).json["items"], json!([]));
        let mut stale = asked.clone();
        stale["version"] = json!("ff");
        grant(&granter, &stale).await.expect_problem(409, "wrong_state");

        // Refused, it leads to nothing; taken back by who asked neither.
        refuse(&granter, &asked).await.expect(204);
        grant(&granter, &asked).await.expect_problem(409, "wrong_state");
        let asked = ask(&asker, &holder).await.expect(201).json;
        refuse(&asker, &asked).await.expect(204);
        refuse(&asker, &asked).await.expect_problem(409, "wrong_state");

        // After seven days nobody grants, whether the sweep was there or not.
        let asked = ask(&asker, &holder).await.expect(201).json;
        world.later(7 * DAY);
        let (asker, granter) = supervisor_and_head(&world).await;
        assert_eq!(granter.get(&path(&asked)).await.expect(200).json["state"], "lapsed");
        assert_eq!(granter.get(PATH).await.expect(200).json["items"], json!([]));
        grant(&granter, &asked).await.expect_problem(409, "wrong_state");
        refuse(&granter, &asked).await.expect_problem(409, "wrong_state");
        let anew = ask(&asker, &holder).await.expect(201).json;
        assert_ne!(anew["annulment_id"], asked["annulment_id"]);
        world.later(7 * DAY);
        assert_eq!(world.app.annulments.sweep().await.unwrap(), 1);
        world.later(90 * DAY);
        assert!(world.app.annulments.sweep().await.unwrap() >= 4, "what led to nothing is forgotten");

        // Who asked was disabled since.
        let (asker, granter) = (asker, granter);
        drop((asker, granter));
        let (first, second) = (world.supervisor("pergi", OFFICE).await, world.head("tinggal", OFFICE).await);
        let asked = ask(&first, &holder).await.expect(201).json;
        world.accounts().set_active(Realm::Office, "pergi", false).await.unwrap();
        grant(&second, &asked).await.expect_problem(404, "not_found");

        // Who acts as the head grants nothing that they asked for as a supervisor.
        let acting = world.supervisor("plt", OFFICE).await;
        let until = Date::in_jakarta(world.context.now()).plus_days(7).unwrap();
        world.accounts().set_acting("plt", Some((Role::Head, until))).await.unwrap();
        refuse(&second, &asked).await.expect(204);
        let asked = ask(&acting, &holder).await.expect(201).json;
        grant(&acting, &asked).await.expect_problem(403, "forbidden");
        assert_eq!(standing(&holder).await.0, "active");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_who_decide_at_once_one_does_and_a_wrongful_holder_does_not_slip_away() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let (asker, granter) = supervisor_and_head(&world).await;
        let third = world.head("kepala-lain", OFFICE).await;
        for person in 0..3 {
            let holder = world.active(&world.people[person]).await;
            let mine = check(&world, &world.bank(), &holder).await;
            let asked = ask(&asker, &holder).await.expect(201).json;
            // Whoever holds it changes the PIN, and blocks: that voids no annulment.
            if person == 1 {
                let new = ikd::device::client::PinKey::from_seed(&[9; 32]);
                let (challenge, signature) =
                    holder.client.sign_challenge(&pin_key(&holder.record), ikd::device::Purpose::Change).await;
                let new_signature = holder.client.sign(&new, ikd::device::Purpose::Enrol, &challenge);
                let body = json!({"challenge": challenge, "signature": signature,
                    "pin_public_key": new.public_text(), "new_signature": new_signature});
                holder.client.post("/v1/me/pin", &body).await.expect(204);
                holder.client.unlock_with(&new).await.expect(200);
                holder.client.post("/v1/me/block", &json!({})).await.expect(200);
            }
            // Or ends it, to have everything erased.
            if person == 2 {
                let (challenge, signature) =
                    holder.client.sign_challenge(&pin_key(&holder.record), ikd::device::Purpose::Change).await;
                let body = json!({"challenge": challenge, "signature": signature});
                holder.client.post("/v1/me/closure", &body).await.expect(200);
            }
            let (one, two) = tokio::join!(grant(&granter, &asked), grant(&third, &asked));
            let mut statuses = [one.status.as_u16(), two.status.as_u16()];
            statuses.sort_unstable();
            assert_eq!(statuses, [204, 409], "{person}");
            assert_eq!(standing(&holder).await.1, "annulled", "{person}");
            assert_eq!(told(&world.bank(), "?limit=1").await, [mine], "told once, {person}");
            restore_desk(&world, &granter).await;
            world.later(30);
        }
        world.later(DAY + 1);
        assert_eq!(world.app.closures.erase_due().await.unwrap(), 0, "what proves it stays");
        assert_eq!(world.app.annulments.tell_due().await.unwrap(), 3, "all are told");
        assert_eq!(world.app.annulments.tell_due().await.unwrap(), 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_check_that_was_recorded_late_is_told_too_and_asking_has_a_limit() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let holder = world.active(&world.people[0]).await;
        let late = check(&world, &world.bank(), &holder).await;
        let (asker, granter) = supervisor_and_head(&world).await;
        // As if its record were not there yet.
        let id = late.parse().unwrap();
        world.change("UPDATE verification SET result = 'invalid' WHERE verification_id = $1", id).await;
        let asked = ask(&asker, &holder).await.expect(201).json;
        grant(&granter, &asked).await.expect(204);
        assert!(told(&world.bank(), "").await.is_empty());
        world.change("UPDATE verification SET result = 'valid' WHERE verification_id = $1", id).await;
        world.later(119);
        assert_eq!(world.app.annulments.tell_due().await.unwrap(), 1);
        assert_eq!(told(&world.bank(), "").await, [late]);
        world.later(1);
        assert_eq!(world.app.annulments.tell_due().await.unwrap(), 1, "all are told");
        assert_eq!(world.app.annulments.tell_due().await.unwrap(), 0);

        let nobody =
            json!({"nik": world.somebody(500_000, |_| true).nik.as_str(), "reason": "Bukan pemiliknya sendiri"});
        for _ in 0..19 {
            asker.post(PATH, &nobody).await.expect_problem(404, "not_found");
        }
        asker.post(PATH, &nobody).await.expect_problem(429, "too_many");
        let colleague = world.supervisor("penyelia-lain", OFFICE).await;
        colleague.post(PATH, &nobody).await.expect_problem(404, "not_found");
        for (body, status) in [
            (json!({"nik": "123", "reason": "Bukan pemiliknya sendiri"}), 422),
            (json!({"nik": holder.record.nik, "reason": "x"}), 422),
        ] {
            colleague.post(PATH, &body).await.expect_problem(status, "invalid_field");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_good_answer_beside_a_grant_is_told() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let holder = world.active(&world.people[0]).await;
        let resident = world.resident_id(&holder.record).await;
        let (asker, granter) = supervisor_and_head(&world).await;
        // Offline QRs: they are checked without a lock on the credential.
        let mut tokens = Vec::new();
        for _ in 0..10 {
            let body = json!({"share": "basic", "offline": true});
            tokens.push(holder.client.post("/v1/me/presentations", &body).await.expect(200).text("token"));
            world.later(1);
        }
        let asked = ask(&asker, &holder).await.expect(201).json;
        let bank = world.bank();
        let checks = tokens.iter().flat_map(|token| ["open_account", "age_check"].map(|purpose| (token, purpose)));
        let checks = checks.map(|(token, purpose)| {
            let (bank, key) = (bank.clone(), world.key());
            async move { bank.verify(token, purpose, &key).await.expect(200).verdict() }
        });
        let checks: Vec<_> = checks.collect();
        let (granted, verdicts) = tokio::join!(grant(&granter, &asked), futures_util::future::join_all(checks));
        granted.expect(204);
        let good = verdicts.iter().filter(|verdict| *verdict == "valid").count() as i64;
        assert!(
            verdicts.iter().all(|verdict| ["valid", "holder_not_active"].contains(&verdict.as_str())),
            "{verdicts:?}"
        );
        world.later(120);
        while world.app.annulments.tell_due().await.unwrap() > 0 {}
        let recorded = "SELECT COUNT(*) FROM verification WHERE resident_id = $1 AND result = 'valid'";
        assert_eq!(world.count(recorded, resident).await, good);
        assert_eq!(told(&bank, "?limit=100").await.len() as i64, good, "each of them, once");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_activation_is_another_matter() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let holder = world.active(&world.people[0]).await;
        let (asker, granter) = supervisor_and_head(&world).await;
        let old = ask(&asker, &holder).await.expect(201).json;
        let (challenge, signature) =
            holder.client.sign_challenge(&pin_key(&holder.record), ikd::device::Purpose::Change).await;
        let body = json!({"challenge": challenge, "signature": signature});
        holder.client.post("/v1/me/closure", &body).await.expect(200);
        world.later(60);
        let again = world.active(&world.people[0]).await;
        grant(&granter, &old).await.expect_problem(409, "wrong_state");
        assert_eq!(standing(&again).await.0, "active", "nobody looked at this one");
        // Whoever asks about the present one puts an end to what was asked about the other.
        let new = ask(&asker, &again).await.expect(201).json;
        assert_eq!(new["registration_id"], json!(again.id));
        let path = format!("{PATH}/{}", old["annulment_id"].as_str().unwrap());
        assert_eq!(granter.get(&path).await.expect(200).json["state"], "lapsed");
        grant(&asker, &new).await.expect_problem(403, "forbidden");
        grant(&granter, &new).await.expect(204);
        assert_eq!(standing(&again).await.1, "annulled");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_rights_of_whoever_approved_rest_until_a_colleague_gives_them_back() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let holder = world.active(&world.people[0]).await;
        let waiting = world.waiting(&world.people[1]).await;
        let (asker, granter) = supervisor_and_head(&world).await;
        Offices::new(world.context.clone()).add("UJI-02", "Kantor Lain", Kind::Dinas).await.unwrap();
        let elsewhere = world.supervisor("jauh", "UJI-02").await;
        let desk = world.desk().await;
        let bystander = world.officer("rekan", OFFICE).await;
        // Of something that the desk asked for before.
        world.scan(desk, &waiting).await.expect(200);
        let queue = "/v1/officer/registrations";
        desk.get(queue).await.expect(200);
        assert_eq!(granter.get(PAUSED).await.expect(200).json["items"], json!([]));
        let asked = ask(&asker, &holder).await.expect(201).json;
        desk.get(queue).await.expect(200);
        grant(&granter, &asked).await.expect(204);

        // Every act is refused, with whom to turn to; logging in and the own account are not.
        let answer = desk.get(queue).await;
        assert_eq!(answer.expect(403).code(), "forbidden");
        let refused = desk.get(queue).await;
        assert!(refused.json["detail"].as_str().unwrap().contains("penyelia lain"), "{}", refused.json);
        world.scan(desk, &waiting).await.expect(403);
        world.decide(desk, &waiting, "approval", &support::world::approval()).await.expect(403);
        let session = desk.get("/v1/officer/sessions/current").await.expect(200);
        assert!(session.json["paused_since"].is_string(), "{}", session.json);
        assert!(bystander.get("/v1/officer/sessions/current").await.expect(200).json["paused_since"].is_null());
        bystander.get(queue).await.expect(200);
        let own_scan = world.decide(&bystander, &waiting, "approval", &support::world::approval()).await;
        own_scan.expect_problem(409, "scan_required");

        // Only a supervisor of the same office gives them back, once, and nobody to themselves.
        let items = granter.get(PAUSED).await.expect(200).json["items"].clone();
        assert_eq!(items.as_array().unwrap().len(), 1, "{items}");
        assert_eq!((&items[0]["username"], &items[0]["own"]), (&json!("petugas"), &json!(false)));
        assert_eq!(elsewhere.get(PAUSED).await.expect(200).json["items"], json!([]));
        restore(&elsewhere, &items[0]).await.expect_problem(404, "not_found");
        restore(&bystander, &items[0]).await.expect_problem(403, "forbidden");
        restore(desk, &items[0]).await.expect_problem(403, "forbidden");
        let (one, two) = tokio::join!(restore(&granter, &items[0]), restore(&asker, &items[0]));
        let mut statuses = [one.status.as_u16(), two.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [204, 404]);
        desk.get(queue).await.expect(200);
        world.scan(desk, &waiting).await.expect(200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_who_approved_together_rest_together_and_do_not_restore_each_other() {
    each_engine(async |context| {
        let world = World::open(context).await;
        // A printed card is asked for by one and granted by another: both led to the identity.
        let pair = crate::card::pair(&world).await;
        let person = &world.people[2];
        let card = crate::card::asked(&world, &pair.asker, person).await;
        let version = crate::card::view(&pair.granter, &card).await["version"].clone();
        pair.granter.post(&crate::card::path(&card, "/grant"), &json!({"version": version})).await.expect(204);
        let (asker, granter) = supervisor_and_head(&world).await;
        let body =
            json!({"nik": person.nik.as_str(), "reason": "Pemilik identitas hadir; bukan ia yang meminta kartu"});
        // What a paused person asked for is granted by nobody.
        let other = crate::card::asked(&world, &pair.asker, &world.people[3]).await;
        let asked = asker.post(PATH, &body).await.expect(201).json;
        grant(&granter, &asked).await.expect(204);
        let version = crate::card::view(&granter, &other).await["version"].clone();
        let grant_other = json!({"version": version});
        granter.post(&crate::card::path(&other, "/grant"), &grant_other).await.expect_problem(404, "not_found");

        let items = granter.get(PAUSED).await.expect(200).json["items"].clone();
        assert_eq!(items.as_array().unwrap().len(), 2, "{items}");
        for item in items.as_array().unwrap() {
            restore(&pair.granter, item).await.expect_problem(403, "forbidden");
        }
        // Nor where the request was under way when the rights came to rest: the condition stands in the write.
        let id = |item: &Value| item["officer_id"].as_str().unwrap().parse().unwrap();
        let mut tx = world.context.db.write().await.unwrap();
        let office = ikd::office::ports::by_code(&mut tx, OFFICE).await.unwrap().unwrap().office_id;
        let restored = ikd::staff::ports::restore(&world.context, &mut tx, office, id(&items[0]), id(&items[1])).await;
        assert_eq!(restored.unwrap_err().code(), Some(ikd::error::Code::NotFound));
        drop(tx);
        // The operator can, where no supervisor is left.
        let name = items[0]["username"].as_str().unwrap();
        world.accounts().restore_rights(Realm::Office, name).await.unwrap();
        world.accounts().restore_rights(Realm::Office, name).await.unwrap_err();
        assert_eq!(granter.get(PAUSED).await.expect(200).json["items"].as_array().unwrap().len(), 1);
    })
    .await;
}
