//! Outreach: asked for and confirmed by two, opened on its day, counted without a step of the officer's, reported and locked.

use ikd::clock::{DAY, HOUR};
use ikd::figure::recap::model as recap;
use ikd::office::{Kind, Offices};
use ikd::staff::Role;
use serde_json::{Value, json};
use support::answer::Answer;
use support::client::Officer;
use support::each_engine;
use support::world::{OFFICE, World};
use uuid::Uuid;

use crate::duty::{begin, id_of, person, photograph};

const PATH: &str = "/v1/officer/outreach";

fn at(world: &World, hours: i64) -> String {
    world.context.now().plus_seconds(hours * HOUR).to_rfc3339()
}

/// A plan for the next hours.
pub fn plan(world: &World, lead: &str, people: &[&str]) -> Value {
    json!({"kind": "open", "place": "Balai Warga RW 05", "village_code": "3171011001", "starts_at": at(world, 1),
        "ends_at": at(world, 4), "capacity": 60, "lead": lead, "people": people,
        "coordinator": {"name": "Bu Rina", "phone": "0812 3456 7890"}})
}

pub async fn view(officer: &Officer, id: &str) -> Value {
    officer.get(&format!("{PATH}/{id}")).await.expect(200).json
}

/// A step of the session as it is now.
pub async fn step(officer: &Officer, id: &str, step: &str, more: Value) -> Answer {
    let mut body = more;
    body["version"] = view(officer, id).await["version"].clone();
    officer.post(&format!("{PATH}/{id}/{step}"), &body).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_officer_asks_for_another_confirms_and_a_plan_says_what_is_wrong() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let (officer, supervisor) = (world.officer("budi", OFFICE).await, world.supervisor("sari", OFFICE).await);
        let other = world.officer("rekan", OFFICE).await;
        let assistant = world.log_in(&person(&world, "magang", Role::Assistant).await).await;
        Offices::new(world.context.clone()).add("UJI-02", "Kantor Lain", Kind::Dinas).await.unwrap();
        let elsewhere = world.supervisor("jauh", "UJI-02").await;
        let (lead, intern) = (id_of(&officer).await, id_of(&assistant).await);

        let people = officer.get(&format!("{PATH}/people")).await.expect(200).json;
        assert!(people["items"].as_array().unwrap().iter().any(|one| one["username"] == "magang"));
        let villages = officer.get(&format!("{PATH}/villages?search=gambir%20jakarta")).await.expect(200).json;
        assert_eq!(villages["items"][0]["code"], "3171011001");

        let good = plan(&world, &lead, &[&intern]);
        let stranger = id_of(&elsewhere).await;
        for (field, wrong) in [
            ("village_code", json!("9999999999")),
            ("village_code", json!("317101100")),
            ("people", json!([stranger])),
            ("lead", json!(intern)),
            ("capacity", json!(0)),
            ("ends_at", good["starts_at"].clone()),
            ("place", json!("")),
            ("coordinator", json!({"name": "Rina", "phone": "x"})),
            ("kind", json!("home_visit")),
        ] {
            let mut body = good.clone();
            body[field] = wrong;
            officer.post(PATH, &body).await.expect_problem(422, "invalid_field");
        }
        assistant.post(PATH, &good).await.expect_problem(403, "forbidden");
        let asked = officer.post(PATH, &good).await.expect(201).json;
        let id = asked["outreach_id"].as_str().unwrap();
        assert_eq!(
            (&asked["state"], &asked["village"]),
            (&json!("asked"), &json!("Gambir, Gambir, Kota Administrasi Jakarta Pusat"))
        );
        assert_eq!(asked["roster"].as_array().unwrap().len(), 2);
        step(&officer, id, "open", json!({})).await.expect_problem(409, "wrong_state");
        step(&officer, id, "confirm", json!({})).await.expect_problem(403, "forbidden");
        elsewhere.get(&format!("{PATH}/{id}")).await.expect_problem(404, "not_found");
        assert!(view(&supervisor, id).await["may_confirm"] == true && view(&other, id).await["may_edit"] == false);
        let edit = json!({"version": asked["version"], "plan": good});
        let answer = world.request(reqwest::Method::PUT, &format!("{PATH}/{id}")).cookie(&other.cookie());
        answer.json(&edit).send().await.expect_problem(403, "forbidden");
        step(&supervisor, id, "confirm", json!({})).await.expect(204);
        assert_eq!(view(&officer, id).await["confirmed_by"], "sari");
        // What the officer changes waits again; on an old screen nothing is changed.
        let put = async |who: &Officer, body: &Value| {
            world.request(reqwest::Method::PUT, &format!("{PATH}/{id}")).cookie(&who.cookie()).json(body).send().await
        };
        put(&officer, &edit).await.expect_problem(409, "wrong_state");
        let fresh = json!({"version": view(&officer, id).await["version"], "plan": good});
        assert_eq!(put(&officer, &fresh).await.expect(200).json["state"], "asked");
        let fresh = json!({"version": view(&officer, id).await["version"], "plan": good});
        assert_eq!(put(&supervisor, &fresh).await.expect(200).json["state"], "planned");
        step(&officer, id, "cancel", json!({})).await.expect_problem(403, "forbidden");
        step(&supervisor, id, "cancel", json!({})).await.expect(204);
        step(&supervisor, id, "open", json!({})).await.expect_problem(409, "wrong_state");

        // Whoever planned alone did not ask; whoever asked does not confirm, whatever they became since.
        let alone = supervisor.post(PATH, &plan(&world, &lead, &[])).await.expect(201).json;
        assert_eq!(alone["state"], "planned");
        let own = officer.post(PATH, &good).await.expect(201).json;
        let own = own["outreach_id"].as_str().unwrap();
        let until = ikd::register::Date::in_jakarta(world.context.now()).plus_days(3).unwrap();
        world.accounts().set_acting("budi", Some((Role::Head, until))).await.unwrap();
        step(&officer, own, "confirm", json!({})).await.expect_problem(403, "forbidden");
        let listed = assistant.get(PATH).await.expect(200).json;
        assert_eq!(listed["items"].as_array().unwrap().len(), 3);

        // The public reads of what takes place and is for everybody; not of what is asked for, cancelled, or at a school.
        let mut school = plan(&world, &lead, &[]);
        school["kind"] = "school".into();
        assert_eq!(supervisor.post(PATH, &school).await.expect(201).json["state"], "planned");
        let told = async || {
            let offices = world.get("/v1/offices").send().await.expect(200).json;
            let items = offices["items"].as_array().unwrap();
            items.iter().map(|one| (one["code"].clone(), one["outreach"].clone())).collect::<Vec<_>>()
        };
        let (starts, ends) = (&alone["starts_at"], &alone["ends_at"]);
        let next = json!([{"starts_at": starts, "ends_at": ends, "place": "Balai Warga RW 05", "capacity": 60,
            "village": "Gambir, Gambir, Kota Administrasi Jakarta Pusat"}]);
        assert_eq!(told().await, [(json!(OFFICE), next), (json!("UJI-02"), json!([]))]);
        world.later(4 * HOUR);
        assert_eq!(told().await[0].1, json!([]), "it is over");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn steps_at_one_moment_leave_one_of_them_and_nobody_in_two_places() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let (officer, supervisor) = (world.officer("budi", OFFICE).await, world.supervisor("sari", OFFICE).await);
        let lead = id_of(&officer).await;
        let planned = async || supervisor.post(PATH, &plan(&world, &lead, &[])).await.expect(201).text("outreach_id");
        for _ in 0..4 {
            let (one, two) = (planned().await, planned().await);
            let done = async |id: &str, name: &str| u16::from(step(&officer, id, name, json!({})).await.status == 204);
            let (first, second) = tokio::join!(done(&one, "open"), done(&two, "open"));
            assert_eq!(first + second, 1, "somebody is in two open sessions");
            let (open, other) = if first == 1 { (one, two) } else { (two, one) };
            step(&supervisor, &open, "close", json!({})).await.expect(204);
            let cancelled = async |id: &str| u16::from(step(&supervisor, id, "cancel", json!({})).await.status == 204);
            let (opened, cancelled) = tokio::join!(done(&other, "open"), cancelled(&other));
            assert_eq!(opened + cancelled, 1, "opened and cancelled");
            if opened == 1 {
                step(&supervisor, &other, "close", json!({})).await.expect(204);
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scan_carries_the_session_of_who_works_in_it_and_the_sheet_is_locked() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let (officer, supervisor) = (world.officer("budi", OFFICE).await, world.supervisor("sari", OFFICE).await);
        let assistant = world.log_in(&person(&world, "magang", Role::Assistant).await).await;
        let (lead, intern) = (id_of(&officer).await, id_of(&assistant).await);
        let planned = supervisor.post(PATH, &plan(&world, &lead, &[&intern])).await.expect(201).json;
        let id = planned["outreach_id"].as_str().unwrap().to_owned();
        let session: Uuid = id.parse().unwrap();
        let counted = "SELECT CAST(COUNT(*) AS BIGINT) FROM counter_visit WHERE outreach_id = $1";

        // Before it is open, the office's.
        world.scan(&officer, &world.waiting(&world.people[0]).await).await.expect(200);
        assert_eq!(world.count(counted, session).await, 0);
        step(&assistant, &id, "open", json!({})).await.expect_problem(403, "forbidden");
        step(&officer, &id, "open", json!({})).await.expect(204);
        // Somebody of it is in no other open session.
        let second = supervisor.post(PATH, &plan(&world, &lead, &[])).await.expect(201).json;
        let second = second["outreach_id"].as_str().unwrap();
        step(&officer, second, "open", json!({})).await.expect_problem(409, "wrong_state");
        step(&supervisor, second, "cancel", json!({})).await.expect(204);

        // An intern receives, the officer approves, returns and scans.
        let told = assistant.get("/v1/officer/duty").await.expect(200).json;
        assert_eq!((&told["works_in_session"], &told["session"]["place"]), (&json!(true), &json!("Balai Warga RW 05")));
        let active = world.waiting(&world.people[1]).await;
        let token = json!({"token": world.activation_token(&active).await});
        assistant.post("/v1/officer/arrivals", &token).await.expect(201);
        officer.post(&format!("/v1/officer/registrations/{}/take", active.id), &json!({})).await.expect(200);
        world.approve(&officer, &active).await.expect(200);
        let returned = world.waiting(&world.people[2]).await;
        world.scan(&officer, &returned).await.expect(200);
        let body = json!({"to": "selfie", "reason": "Foto kabur sekali"});
        world.decide(&officer, &returned, "return", &body).await.expect(200);
        // By the number that is read out, too.
        let third = world.waiting(&world.people[3]).await;
        let qr = officer.post("/v1/officer/counter-tokens", &json!({})).await.expect(200).text("token");
        let number = third.client.post(&third.path("/counter-scan"), &json!({"token": qr})).await.expect(202);
        let body = json!({"match_number": number.json["match_number"]});
        officer.post(&format!("/v1/officer/registrations/{}/match", third.id), &body).await.expect(200);
        assert_eq!(world.count(counted, session).await, 3);

        // Who says to be on duty at the office is there, and a supervisor who is not on the roster as well.
        photograph(&world, &supervisor, &lead).await.expect(204);
        begin(&officer, None).await;
        world.scan(&officer, &world.waiting(&world.people[4]).await).await.expect(200);
        world.scan(&supervisor, &world.waiting(&world.people[5]).await).await.expect(200);
        assert_eq!(world.count(counted, session).await, 3);

        // On duty in the session: its place is told, until it is closed.
        let shown = begin(&officer, Some(&id)).await;
        let look = async || {
            let body = json!({"code": shown["duty"]["code"]});
            world.post("/v1/officer-proofs").json(&body).send().await.expect(200).json
        };
        let told = look().await;
        assert_eq!(
            (&told["officer"]["place"], &told["officer"]["kind"]),
            (&json!("Balai Warga RW 05"), &json!("open"))
        );
        // A later scan at the office leaves the session in which somebody came.
        step(&officer, &id, "close", json!({})).await.expect(204);
        assert_eq!(look().await["official"], false);
        world.scan(&supervisor, &third).await.expect(200);
        assert_eq!(world.count(counted, session).await, 3);

        let sheet = view(&officer, &id).await;
        let people = |view: &Value, state: &str| {
            let found = view["figures"].as_array().unwrap().iter().find(|one| one["state"] == state);
            found.map_or(0, |one| one["people"].as_i64().unwrap())
        };
        assert_eq!(
            (sheet["scanned"].as_i64(), people(&sheet, "code_sent"), people(&sheet, "needs_selfie")),
            (Some(3), 1, 1)
        );
        step(&officer, &id, "report", json!({"offline_minutes": 2_000})).await.expect_problem(422, "invalid_field");
        step(&assistant, &id, "report", json!({"offline_minutes": 5})).await.expect_problem(403, "forbidden");
        let minutes = json!({"offline_minutes": 25});
        let (one, two) =
            tokio::join!(step(&officer, &id, "report", minutes.clone()), step(&supervisor, &id, "report", minutes));
        let mut answers = [one.status.as_u16(), two.status.as_u16()];
        answers.sort_unstable();
        assert_eq!(answers, [204, 409], "reported once");
        // Locked: what happens to its people afterwards does not change the sheet.
        returned.client.delete(&returned.path("")).await.expect(200);
        let locked = view(&officer, &id).await;
        assert_eq!((people(&locked, "needs_selfie"), &locked["offline_minutes"]), (1, &json!(25)));
        for name in ["open", "close", "cancel", "confirm"] {
            step(&supervisor, &id, name, json!({})).await.expect_problem(409, "wrong_state");
        }
        // The month's recap has this session as its sheet says, and not the one that was cancelled.
        let mut tx = world.context.db.read().await.unwrap();
        let office = ikd::office::ports::by_code(&mut tx, OFFICE).await.unwrap().unwrap().office_id;
        let times = (world.context.now().plus_seconds(-DAY), world.context.now().plus_seconds(DAY));
        let held = ikd::outreach::ports::held(&mut tx, office, times).await.unwrap();
        drop(tx);
        let rows: Vec<_> = held.iter().map(|(one, people)| recap::Session::new(one, people)).collect();
        assert_eq!((rows.len(), held[0].0.outreach_id), (1, session));
        let row = &rows[0];
        assert_eq!((row.scanned, row.pending, row.returned, row.waiting), (3, 1, 1, 1));
        assert_eq!((row.capacity, row.offline_minutes, row.kind.as_str()), (60, Some(25), "open"));

        // Three months later who coordinated is forgotten; the place of a hall stays.
        world.later(91 * DAY);
        assert!(world.app.sweeper().sweep(Uuid::from_u128(1)).await.unwrap());
        let kept = "SELECT CAST(COUNT(*) AS BIGINT) FROM outreach WHERE outreach_id = $1 AND forget_after IS NULL";
        assert_eq!(world.count(kept, session).await, 1);
        let supervisor = world.supervisor("lama", OFFICE).await;
        let old = view(&supervisor, &id).await;
        assert_eq!(
            (&old["coordinator"], &old["place"], people(&old, "needs_selfie")),
            (&json!(null), &json!("Balai Warga RW 05"), 1)
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_home_is_visited_by_two_and_named_to_them_alone() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let (officer, supervisor) = (world.officer("budi", OFFICE).await, world.supervisor("sari", OFFICE).await);
        let (mate, other) = (world.officer("rekan", OFFICE).await, world.officer("lain", OFFICE).await);
        let (lead, second) = (id_of(&officer).await, id_of(&mate).await);
        let mut body = plan(&world, &lead, &[]);
        body["kind"] = json!("home_visit");
        body["place"] = json!("Jl. Melati 3");
        body["reason"] = json!("Tidak dapat bangun");
        supervisor.post(PATH, &body).await.expect_problem(422, "invalid_field");
        body["people"] = json!([second]);
        let id = supervisor.post(PATH, &body).await.expect(201).text("outreach_id");
        assert_eq!(view(&mate, &id).await["place"], "Jl. Melati 3");
        let seen = view(&other, &id).await;
        assert_eq!((&seen["place"], &seen["reason"], &seen["coordinator"]), (&json!(null), &json!(null), &json!(null)));
        let listed = supervisor.get(PATH).await.expect(200).json;
        assert_eq!(listed["items"][0]["place"], json!(null));

        // At the door: the village, not the address.
        step(&officer, &id, "open", json!({})).await.expect(204);
        photograph(&world, &supervisor, &lead).await.expect(204);
        let code = begin(&officer, Some(&id)).await["duty"]["code"].clone();
        let told = world.post("/v1/officer-proofs").json(&json!({"code": code})).send().await.expect(200).json;
        assert_eq!((&told["officer"]["place"], &told["officer"]["kind"]), (&json!(null), &json!("home_visit")));
        assert!(!told.to_string().contains("Melati"));
        // Who is not on the roster is not on duty there.
        photograph(&world, &supervisor, &id_of(&other).await).await.expect(204);
        let until = other.get("/v1/officer/duty").await.expect(200).text("latest_end");
        let elsewhere = json!({"until": until, "outreach_id": id});
        other.post("/v1/officer/duty", &elsewhere).await.expect_problem(409, "wrong_state");
        // A session that was forgotten open takes no scans of the next days.
        world.later(7 * HOUR);
        let late = "SELECT CAST(COUNT(*) AS BIGINT) FROM outreach_roster WHERE outreach_id = $1 AND is_open = 1";
        assert_eq!(world.count(late, id.parse().unwrap()).await, 2);
        let told = world.post("/v1/officer-proofs").json(&json!({"code": code})).send().await.expect(200).json;
        assert_eq!(told["official"], false);
    })
    .await;
}
