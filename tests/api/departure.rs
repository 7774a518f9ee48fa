//! Who is no citizen any more and moved abroad: stopped at once by the register, ended by two people, taken back by the register until then.
//! Citizens abroad keep theirs.

use ikd::clock::DAY;
use ikd::register::{Heard, Nationality, RegisterRecord, VitalStatus};
use serde_json::{Value, json};
use support::answer::Answer;
use support::client::Officer;
use support::each_engine;
use support::world::{OFFICE, World};

use crate::life::{newest_letter, standing};

const PATH: &str = "/v1/officer/departures";
const NOBODY: Heard = Heard { refreshed: 0, paused: 0, stopped: 0, corrected: 0 };

pub fn emigrated(record: &RegisterRecord, nationality: Nationality) -> RegisterRecord {
    RegisterRecord { vital_status: VitalStatus::Emigrated, nationality, ..record.clone() }
}

pub async fn ask(officer: &Officer, person: &RegisterRecord) -> Answer {
    officer.post(PATH, &json!({"nik": person.nik.as_str(), "reason": "Surat pelepasan sudah dilihat"})).await
}

pub fn path(asked: &Value, rest: &str) -> String {
    format!("{PATH}/{}{rest}", asked["departure_id"].as_str().unwrap())
}

pub fn version(seen: &Value) -> Value {
    json!({"version": seen["version"]})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_citizen_who_moved_abroad_goes_on_with_the_foreign_address() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let person = &world.people[0];
        let holder = world.active(person).await;
        let abroad = RegisterRecord {
            address: String::from("12 HIGH STREET, MELBOURNE"),
            ..emigrated(person, Nationality::Indonesian)
        };
        assert_eq!(world.put(vec![abroad.clone()]).await, Heard { refreshed: 1, ..NOBODY });
        assert_eq!(standing(&holder).await.0, "active");
        let card = holder.client.get("/v1/me").await.expect(200);
        assert_eq!(card.json["attributes"]["address"], abroad.address.as_str());
        assert_eq!(world.verify(&world.present(&holder, "basic").await).await, "valid");
        let desk = world.officer("loket", OFFICE).await;
        ask(&desk, person).await.expect_problem(404, "not_found");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_lost_the_citizenship_and_left_is_stopped_at_once_and_ended_by_two_people() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let person = &world.people[0];
        let holder = world.active(person).await;
        let qr = world.present(&holder, "basic").await;
        let (desk, supervisor) = (world.officer("loket", OFFICE).await, world.supervisor("penyelia", OFFICE).await);
        ask(&desk, person).await.expect_problem(404, "not_found");
        world.later(1);
        let left = emigrated(person, Nationality::Foreign);
        assert_eq!(world.put(vec![left.clone()]).await, Heard { stopped: 1, ..NOBODY });
        assert_eq!(world.verify(&qr).await, "holder_not_active");
        assert_eq!(standing(&holder).await, ("blocked".into(), json!("register_left"), "register".into()));

        let asked = ask(&desk, person).await.expect(201);
        assert_eq!(ask(&desk, person).await.expect(201).json["departure_id"], asked.json["departure_id"]);
        ask(&supervisor, person).await.expect_problem(409, "wrong_state");
        assert!(!asked.body().contains(person.nik.as_str()), "{}", asked.body());
        assert_eq!((&asked.json["own"], &asked.json["may_grant"]), (&json!(true), &json!(false)));
        let waiting = supervisor.get(PATH).await.expect(200);
        assert_eq!(waiting.json["items"][0]["departure_id"], asked.json["departure_id"]);
        assert!(!waiting.body().contains(&person.full_name));
        let seen = supervisor.get(&path(&asked.json, "")).await.expect(200).json;
        assert_eq!((&seen["stopped_for"], &seen["may_grant"]), (&json!("register_left"), &json!(true)));
        // Neither an officer, nor another office, nor of another version.
        desk.post(&path(&asked.json, "/grant"), &version(&seen)).await.expect_problem(403, "forbidden");
        let offices = ikd::office::Offices::new(world.context.clone());
        offices.add("UJI-02", "Kantor Lain", ikd::office::Kind::Dinas).await.unwrap();
        let elsewhere = world.supervisor("penyelia9", "UJI-02").await;
        elsewhere.get(&path(&asked.json, "")).await.expect_problem(404, "not_found");
        elsewhere.post(&path(&asked.json, "/grant"), &version(&seen)).await.expect_problem(404, "not_found");
        ask(&elsewhere, person).await.expect_problem(409, "wrong_state");
        supervisor
            .post(&path(&asked.json, "/grant"), &json!({"version": "9"}))
            .await
            .expect_problem(409, "wrong_state");
        let other = world.supervisor("penyelia2", OFFICE).await;
        let (granting, body) = (path(&asked.json, "/grant"), version(&seen));
        let (one, two) = tokio::join!(supervisor.post(&granting, &body), other.post(&granting, &body));
        let mut statuses = [one.status.as_u16(), two.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [204, 409], "of two at the same moment one");
        assert_eq!(standing(&holder).await, ("deactivated".into(), json!("emigrated"), "none".into()));
        assert_eq!(newest_letter(&world, &holder).await.0, "KTP Digital dihentikan");
        // What two people confirmed, the register alone does not bring back.
        assert_eq!(world.put(vec![person.clone()]).await, NOBODY);
        assert_eq!(standing(&holder).await.1, "emigrated");
        ask(&desk, person).await.expect_problem(404, "not_found");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_supervisor_does_not_grant_the_own_request_and_a_week_is_long_enough() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let person = &world.people[0];
        world.active(person).await;
        world.put(vec![emigrated(person, Nationality::Foreign)]).await;
        let supervisor = world.supervisor("penyelia", OFFICE).await;
        let asked = ask(&supervisor, person).await.expect(201).json;
        supervisor.post(&path(&asked, "/grant"), &version(&asked)).await.expect_problem(403, "forbidden");
        world.later(7 * DAY);
        let other = world.supervisor("penyelia2", OFFICE).await;
        other.post(&path(&asked, "/grant"), &version(&asked)).await.expect_problem(409, "wrong_state");
        assert_eq!(world.app.counter.departures.sweep().await.unwrap(), 1);
        // Refused, it can be asked for again.
        let again = ask(&other, person).await.expect(201).json;
        let refusing = json!({"version": again["version"], "reason": "Orangnya masih WNI"});
        other.post(&path(&again, "/refuse"), &refusing).await.expect(204);
        ask(&other, person).await.expect(201);
        world.later(98 * DAY);
        while world.app.counter.departures.sweep().await.unwrap() > 0 {}
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn until_two_people_have_confirmed_it_the_register_takes_it_back() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let person = &world.people[0];
        let holder = world.active(person).await;
        let left = emigrated(person, Nationality::Foreign);
        world.put(vec![left.clone()]).await;
        let (desk, supervisor) = (world.officer("loket", OFFICE).await, world.supervisor("penyelia", OFFICE).await);
        let asked = ask(&desk, person).await.expect(201).json;
        assert_eq!(world.put(vec![person.clone()]).await, Heard { corrected: 1, ..NOBODY });
        supervisor.post(&path(&asked, "/grant"), &version(&asked)).await.expect_problem(409, "wrong_state");
        assert_eq!(standing(&holder).await.1, "register_corrected");
        // Said anew it is of another matter: what was asked before does not count for it.
        world.later(1);
        world.put(vec![left.clone()]).await;
        supervisor.post(&path(&asked, "/grant"), &version(&asked)).await.expect_problem(409, "wrong_state");
        assert_eq!(standing(&holder).await.1, "register_left");
        // Granted and taken back at the same moment: one of both came first.
        for round in 0..3 {
            let person = &world.people[round + 1];
            let holder = world.active(person).await;
            world.put(vec![emigrated(person, Nationality::Foreign)]).await;
            let asked = ask(&desk, person).await.expect(201).json;
            let (granting, body) = (path(&asked, "/grant"), version(&asked));
            let (granted, heard) = tokio::join!(supervisor.post(&granting, &body), world.put(vec![person.clone()]));
            let reason = standing(&holder).await.1;
            let expected = if granted.status == 204 { json!("emigrated") } else { json!("register_corrected") };
            assert_eq!(reason, expected, "round {round}: {heard:?}");
        }
    })
    .await;
}
