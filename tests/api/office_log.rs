//! What an office knows of itself: what waits for a person, who passes a resident on to whom, what the audit log says of it.

use ikd::clock::{DAY, MINUTE};
use ikd::office::{Kind, Offices};
use ikd::staff::Role;
use serde_json::{Value, json};
use support::client::Officer;
use support::each_engine;
use support::world::{OFFICE, PASSWORD, World, approval};

const INBOX: &str = "/v1/officer/inbox";
const LOG: &str = "/v1/officer/audit";

async fn inbox(officer: &Officer) -> Value {
    officer.get(INBOX).await.expect(200).json
}

fn matters(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|one| one["matter"].as_str().unwrap()).collect()
}

async fn id_of(officer: &Officer) -> String {
    officer.get("/v1/officer/sessions/current").await.expect(200).text("officer_id")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_list_has_whatever_waits_for_a_person_and_never_their_own() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let (asker, granter) = (world.supervisor("peminta", OFFICE).await, world.supervisor("penyetuju", OFFICE).await);
        world.active(&world.people[0]).await;
        // From the oldest on: an approval by two, a card, a service without the phone, a departure is another's.
        let mut body = world.registration(&world.people[3], "");
        body["no_email"] = true.into();
        let applicant = world.register_body(&world.people[3], &body).await;
        world.ready(&applicant).await;
        world.scan(&asker, &applicant).await.expect(200);
        world.decide(&asker, &applicant, "approval/second", &approval()).await.expect(204);
        world.later(60);
        crate::card::asked(&world, &asker, &world.people[5]).await;
        world.later(60);
        let copy = crate::walk_in::asked(&world, &granter, &world.people[0], "copy").await;

        let mine = inbox(&granter).await;
        assert_eq!((matters(&mine["items"]), matters(&mine["own"])), (vec!["approval", "card"], vec!["walk_in"]));
        let one = &mine["items"][0];
        assert_eq!((&one["by"], &one["id"]), (&json!("peminta"), &json!(applicant.id)));
        assert!(!mine.to_string().contains(&world.people[5].full_name), "it names nobody");
        let other = inbox(&asker).await;
        assert_eq!((matters(&other["items"]), matters(&other["own"])), (vec!["walk_in"], vec!["approval", "card"]));

        // In pages; the own come with the first.
        let first = granter.get(&format!("{INBOX}?limit=1")).await.expect(200).json;
        let next = first["next"].as_str().unwrap();
        let second = granter.get(&format!("{INBOX}?limit=1&cursor={next}")).await.expect(200).json;
        assert_eq!((matters(&first["items"]), matters(&second["items"])), (vec!["approval"], vec!["card"]));
        assert_eq!((&second["next"], &second["own"]), (&json!(null), &json!([])));

        crate::walk_in::grant(&asker, &copy).await.expect(204);
        assert_eq!(matters(&inbox(&asker).await["items"]), Vec::<&str>::new());
        Offices::new(world.context.clone()).add("UJI-02", "Kantor Lain", Kind::Dinas).await.unwrap();
        let elsewhere = world.supervisor("jauh", "UJI-02").await;
        assert_eq!(inbox(&elsewhere).await, json!({"items": [], "next": null, "own": []}));
        // A call-back is for neither of the two.
        let row = "INSERT INTO approval_call_back (registration_id, office_id, asked_by, granted_by, drawn_at) \
            SELECT registration_id, office_id, asked_by, registration_id, asked_at FROM second_person_request \
            WHERE registration_id = $1";
        world.change(row, applicant.uuid()).await;
        assert_eq!(matters(&inbox(&granter).await["items"]), ["approval", "call_back", "card"]);
        assert!(!matters(&inbox(&asker).await["items"]).contains(&"call_back"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_supervisor_passes_a_resident_on_to_who_is_on_duty() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let (first, second) = (world.officer("loket-1", OFFICE).await, world.officer("loket-2", OFFICE).await);
        let supervisor = world.supervisor("penyelia", OFFICE).await;
        let head = world.log_in(&world.add_person("kepala", OFFICE, Role::Head).await).await;
        world.add_officer("cuti", OFFICE).await;
        let applicant = world.waiting(&world.people[0]).await;
        let base = format!("/v1/officer/registrations/{}", applicant.id);
        let path = format!("{base}/reassign");
        let colleagues = supervisor.get("/v1/officer/colleagues").await.expect(200).json;
        let of = |name: &str| {
            let all = colleagues["items"].as_array().unwrap();
            all.iter().find(|one| one["username"] == name).unwrap().clone()
        };
        let (one, two, leave) = (of("loket-1"), of("loket-2"), of("cuti"));
        assert_eq!((&one["on_duty"], &leave["on_duty"]), (&json!(true), &json!(false)));
        assert_eq!((&two["serves"], &of("kepala")["serves"]), (&json!(true), &json!(false)));
        let body = |from: &Value, to: &Value| json!({"from": from["officer_id"], "to": to["officer_id"]});
        supervisor.post(&path, &body(&one, &two)).await.expect_problem(404, "not_found");
        world.scan(&first, &applicant).await.expect(200);
        for (who, status, code) in [(&first, 403, "forbidden"), (&head, 403, "forbidden")] {
            who.post(&path, &body(&one, &two)).await.expect_problem(status, code);
        }
        for nobody in [&leave, &of("kepala")] {
            supervisor.post(&path, &body(&one, nobody)).await.expect_problem(422, "invalid_field");
        }
        supervisor.post(&path, &body(&two, &one)).await.expect_problem(409, "wrong_state");
        second.get(&base).await.expect_problem(403, "reason_required");
        supervisor.post(&path, &body(&one, &two)).await.expect(204);
        supervisor.post(&path, &body(&one, &two)).await.expect_problem(409, "wrong_state");
        assert_eq!(second.get(&base).await.expect(200).json["may_decide"], true);
        first.get(&base).await.expect_problem(403, "reason_required");

        // Two who pass the same resident on at the same moment: one goes through.
        let third = world.officer("loket-3", OFFICE).await;
        let three = json!({"officer_id": id_of(&third).await});
        let (a, b) = (body(&two, &one), body(&two, &three));
        let (a, b) = tokio::join!(supervisor.post(&path, &a), supervisor.post(&path, &b));
        let mut went = [a.status, b.status];
        went.sort_unstable();
        assert_eq!(went, [204, 409]);
        // Presence lasts no longer than it did.
        world.later(30 * MINUTE + 1);
        let supervisor = world.supervisor("penyelia-2", OFFICE).await;
        let fresh = world.officer("loket-4", OFFICE).await;
        let four = json!({"officer_id": id_of(&fresh).await});
        supervisor.post(&path, &body(&one, &four)).await.expect_problem(409, "scan_required");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_reply_of_a_counter_tells_the_number_before_the_resident_does() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let desk = world.desk().await;
        let assistant = world.supervisor("penyelia", OFFICE).await;
        let applicant = world.waiting(&world.people[0]).await;
        world.scan(desk, &applicant).await.expect(200);
        let token = desk.post("/v1/officer/counter-tokens", &json!({})).await.expect(200).text("token");
        let offered =
            applicant.client.post(&applicant.path("/counter-scan"), &json!({"token": token})).await.expect(202);
        assert!(offered.json["match_number"].as_i64().is_some(), "it stands on the resident's screen");
        let base = format!("/v1/officer/registrations/{}", applicant.id);
        let query = json!({"query": world.people[0].nik.as_str()});
        let told = [
            desk.get("/v1/officer/matches").await,
            desk.get("/v1/officer/arrivals").await,
            desk.get("/v1/officer/registrations").await,
            desk.get("/v1/officer/figures").await,
            desk.get("/v1/officer/inbox").await,
            desk.get(&base).await,
            desk.post("/v1/officer/people", &query).await,
            desk.post(&format!("{base}/match"), &json!({"match_number": 1})).await,
            assistant.get(&format!("{LOG}/own")).await,
        ];
        // The number of the queue is another one, and who was scanned at once has none.
        assert_eq!(told[1].json["items"][0]["number"], Value::Null);
        for answer in told {
            let numbers = members(&answer.json).into_iter().filter(|name| name.contains("number") && name != "number");
            assert_eq!(numbers.count(), 0, "{:?}", answer.json);
        }
    })
    .await;
}

/// The names of all members, however deep.
fn members(value: &Value) -> Vec<String> {
    match value {
        Value::Object(map) => map.iter().flat_map(|(name, one)| [vec![name.clone()], members(one)].concat()).collect(),
        Value::Array(all) => all.iter().flat_map(members).collect(),
        _ => Vec::new(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acts_of_one_session_have_one_mark_and_no_address() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let desk = world.officer("loket", OFFICE).await;
        let head = world.log_in(&world.add_person("kepala", OFFICE, Role::Head).await).await;
        let applicant = world.waiting(&world.people[0]).await;
        world.scan(&desk, &applicant).await.expect(200);
        let body = json!({"reason": "Keluhan warga tentang data"});
        head.post(&format!("{LOG}/searches"), &body).await.expect(200);
        let found = head.post(&format!("{LOG}/searches"), &body).await.expect(200).json;
        let items = found["items"].as_array().unwrap();
        let of = |actor: &str, action: &str| {
            items.iter().find(|one| one["actor"] == actor && one["action"] == action).unwrap().clone()
        };
        let (came, scanned) = (of("loket", "log_in"), of("loket", "scan"));
        let (head_came, searched) = (of("kepala", "log_in"), of("kepala", "audit_searched"));
        assert!(scanned["session"].is_string() && scanned["network"].is_string() && scanned["node"].is_string());
        assert_eq!(came["session"], scanned["session"]);
        assert_eq!(head_came["session"], searched["session"]);
        assert_ne!(came["session"], searched["session"]);
        assert_eq!(scanned["network"], searched["network"], "both came from this machine");
        assert_eq!(scanned["node"], searched["node"]);
        // Another log-in is another session.
        let again = world.officer("loket-2", OFFICE).await;
        world.scan(&again, &world.waiting(&world.people[1]).await).await.expect(200);
        let later = head.post(&format!("{LOG}/searches"), &body).await.expect(200).json;
        let newest = later["items"].as_array().unwrap().iter().find(|one| one["action"] == "scan").unwrap();
        assert_ne!(newest["session"], scanned["session"]);
        assert!(!later.to_string().contains("127.0.0.1"));
        // One that rested and goes on, under another cookie, is the same.
        world.later(30 * MINUTE + 1);
        for one in [&desk, &head] {
            let body = json!({"password": PASSWORD});
            one.post("/v1/officer/sessions/current/resume", &body).await.expect(200);
        }
        world.scan(&desk, &world.waiting(&world.people[2]).await).await.expect(200);
        let last = head.post(&format!("{LOG}/searches"), &body).await.expect(200).json;
        let newest = last["items"].as_array().unwrap().iter().find(|one| one["action"] == "scan").unwrap();
        assert_eq!(newest["session"], scanned["session"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_acts_reads_the_own_acts_and_the_head_all_of_the_office_with_a_reason() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let desk = world.officer("loket", OFFICE).await;
        let supervisor = world.supervisor("penyelia", OFFICE).await;
        let head = world.log_in(&world.add_person("kepala", OFFICE, Role::Head).await).await;
        let applicant = world.waiting(&world.people[0]).await;
        world.scan(&desk, &applicant).await.expect(200);
        let why = json!({"reason": "Warga menelepon"});
        supervisor.post(&format!("/v1/officer/registrations/{}/views", applicant.id), &why).await.expect(200);
        desk.get("/v1/officer/views").await.expect_problem(403, "forbidden");

        desk.get(&format!("{LOG}/own")).await.expect_problem(403, "forbidden");
        let own = supervisor.get(&format!("{LOG}/own")).await.expect(200).json;
        let named: Vec<_> =
            own["items"].as_array().unwrap().iter().map(|one| one["action"].as_str().unwrap()).collect();
        assert_eq!(named, ["view_with_reason", "log_in"], "the newest first");
        assert_eq!(
            (&own["items"][0]["subject_id"], &own["items"][0]["actor"]),
            (&json!(applicant.id), &json!("penyelia"))
        );

        let path = format!("{LOG}/searches");
        let search = async |more: Value| {
            let mut body = json!({"reason": "Keluhan warga tentang data"});
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let found = head.post(&path, &body).await.expect(200).json;
            found["items"].as_array().unwrap().clone()
        };
        supervisor.post(&path, &json!({"reason": "Ingin tahu saja"})).await.expect_problem(403, "forbidden");
        head.post(&path, &json!({"reason": "?"})).await.expect_problem(422, "invalid_field");
        head.post(&path, &json!({"reason": "Keluhan warga", "action": "guess"}))
            .await
            .expect_problem(422, "invalid_field");
        let me = id_of(&desk).await;
        let of_desk = search(json!({"actor_id": me})).await;
        let actions: Vec<_> = of_desk.iter().map(|one| one["action"].as_str().unwrap()).collect();
        assert_eq!(actions, ["own_audit_read", "views_read", "scan", "log_in"]);
        let refused = search(json!({"actor_id": me, "refused": true})).await;
        assert!(refused.len() == 2 && refused[0]["outcome"] == "refused:forbidden", "{refused:?}");
        let about = search(json!({"subject_id": applicant.id})).await;
        let actions: Vec<_> = about.iter().map(|one| one["action"].as_str().unwrap()).collect();
        assert_eq!(actions, ["view_with_reason", "scan"]);
        assert_eq!(search(json!({"action": "scan"})).await.len(), 1);
        assert_eq!(search(json!({"action": "scan", "actor_id": me, "subject_id": applicant.id})).await.len(), 1);
        let today = ikd::register::Date::in_jakarta(world.context.now());
        let day = |days| today.plus_days(days).unwrap().to_string();
        assert_eq!(search(json!({"action": "scan", "first_day": day(0), "last_day": day(0)})).await.len(), 1);
        assert_eq!(search(json!({"action": "scan", "first_day": day(1)})).await.len(), 0);
        assert_eq!(search(json!({"action": "scan", "last_day": day(-1)})).await.len(), 0);
        // The search is an act of its own, and says why.
        let searches = search(json!({"action": "audit_searched"})).await;
        assert!(searches.iter().any(|one| one["reason"] == "Keluhan warga tentang data"), "{searches:?}");
        assert!(!json!(search(json!({})).await).to_string().contains(world.people[0].nik.as_str()));

        // In pages, which belong to the same search.
        let body = json!({"reason": "Keluhan warga tentang data", "limit": 2});
        let first = head.post(&path, &body).await.expect(200).json;
        let mut next = body;
        next["cursor"] = first["next"].clone();
        let second = head.post(&path, &next).await.expect(200).json;
        // Nobody searches without saying why by a cursor that was made up, or that belongs to another search.
        let mut other = next.clone();
        other["action"] = "scan".into();
        head.post(&path, &other).await.expect_problem(400, "malformed_request");
        other["cursor"] = "f_________8".into();
        head.post(&path, &other).await.expect_problem(400, "malformed_request");
        let seq = |page: &Value, at: usize| page["items"][at]["seq"].as_i64().unwrap();
        assert!(seq(&first, 0) > seq(&first, 1) && seq(&first, 1) > seq(&second, 0));

        // The chain's end is sound, until somebody who can write to the database alters it.
        let check = async || head.post(&format!("{LOG}/checks"), &json!({})).await.expect(200).json;
        let report = check().await;
        assert_eq!((&report["sound"], &report["first"], &report["faults"]), (&json!(true), &json!(1), &json!(0)));
        let alter = "UPDATE audit_event SET outcome = 'failed' WHERE subject_id = $1 AND action = 'scan'";
        world.change(alter, applicant.uuid()).await;
        assert_eq!(check().await["sound"], false);
        world.later(DAY);
        Offices::new(world.context.clone()).add("UJI-02", "Kantor Lain", Kind::Dinas).await.unwrap();
        let elsewhere = world.log_in(&world.add_person("kepala-2", "UJI-02", Role::Head).await).await;
        let found = elsewhere.post(&path, &json!({"reason": "Keluhan warga", "actor_id": me})).await.expect(200).json;
        assert_eq!(found["items"], json!([]), "another office's chain");
    })
    .await;
}
