//! Who cannot be compared, cannot read or does not come alone: a face that is not compared takes two people, whoever helps is noted, and a
//! supervisor looks at whoever helps more people than a family.

use ikd::clock::{DAY, MINUTE};
use ikd::office::{Kind, Offices};
use ikd::register::RegisterRecord;
use serde_json::{Value, json};
use support::answer::Answer;
use support::client::Officer;
use support::each_engine;
use support::world::{Applicant, OFFICE, World, approval, pin_key};

use crate::walk_in::said;

const REASON: &str = "Wajah diperban sesudah operasi; surat dokter dilihat";

fn waiver() -> Value {
    json!({"checks": {"document": true, "data": true}, "reason": REASON})
}

async fn grant(officer: &Officer, applicant: &Applicant) -> Answer {
    let base = format!("/v1/officer/registrations/{}", applicant.id);
    let asked = officer.get(&format!("{base}/release")).await;
    let version = asked.json["version"].as_str().unwrap_or("0").to_owned();
    officer.post(&format!("{base}/approval/second/grant"), &json!({"version": version})).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_face_that_cannot_be_compared_takes_two_people() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let (desk, supervisor) = (world.desk().await, world.supervisor("penyelia", OFFICE).await);
        for (person, has_email) in [(&world.people[0], true), (&world.people[1], false)] {
            let mut body = world.registration(person, if has_email { "siti@example.id" } else { "" });
            body["no_email"] = (!has_email).into();
            let mut resident = world.register_body(person, &body).await;
            world.ready(&resident).await;
            world.scan(desk, &resident).await.expect(200);
            // One alone approves nobody whose face was not compared.
            let mut without = approval();
            without["checks"]["face"] = json!(false);
            let act = if has_email { "approval" } else { "approval/second" };
            world.decide(desk, &resident, act, &without).await.expect_problem(422, "invalid_field");
            for wrong in [
                json!({"checks": {"document": true, "data": false}, "reason": REASON}),
                json!({"checks": {"document": false, "data": true}, "reason": REASON}),
                json!({"checks": {"document": true, "data": true}, "reason": "?"}),
            ] {
                world.decide(desk, &resident, "approval/waiver", &wrong).await.expect_problem(422, "invalid_field");
            }
            world.decide(desk, &resident, "approval/waiver", &waiver()).await.expect(204);
            let view = desk.get(&format!("/v1/officer/registrations/{}", resident.id)).await.expect(200).json;
            assert_eq!((&view["state"], &view["second_person"]), (&json!("awaiting_officer"), &json!("waiver")));
            let seen = supervisor.get(&format!("/v1/officer/registrations/{}/release", resident.id)).await.expect(200);
            assert_eq!((&seen.json["kind"], &seen.json["reason"]), (&json!("waiver"), &json!(REASON)));
            grant(desk, &resident).await.expect_problem(403, "forbidden");
            let granted = grant(&supervisor, &resident).await.expect(200);
            assert_eq!(granted.json["state"], if has_email { "code_sent" } else { "needs_pin" });
            grant(&supervisor, &resident).await.expect_problem(409, "wrong_state");
            world.app.deliver_mail().await.unwrap();
            if has_email {
                resident.email = String::from("siti@example.id");
                world.activate(&mut resident).await.expect(200);
            } else {
                let id = resident.id.clone();
                resident.client.enrol(&id, pin_key(person)).await.expect(201);
            }
            resident.client.unlock().await.expect(200);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_waiver_is_nobodys_own_of_no_other_office_and_of_no_changed_registration() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let first = world.supervisor("penyelia", OFFICE).await;
        let second = world.supervisor("penyelia2", OFFICE).await;
        Offices::new(world.context.clone()).add("UJI-02", "Kantor Lain", Kind::Office).await.unwrap();
        let elsewhere = world.supervisor("penyelia3", "UJI-02").await;
        let resident = world.waiting(&world.people[0]).await;
        world.scan(&first, &resident).await.expect(200);
        world.decide(&first, &resident, "approval/waiver", &waiver()).await.expect(204);
        grant(&first, &resident).await.expect_problem(403, "forbidden");
        grant(&elsewhere, &resident).await.expect_problem(404, "not_found");
        // A release is granted by nothing that was asked for otherwise.
        let release = format!("/v1/officer/registrations/{}/release/grant", resident.id);
        second.post(&release, &json!({"version": "1"})).await.expect_problem(404, "not_found");
        world.selfie(&resident, "image/jpeg", support::world::portrait_bytes()).await.expect(200);
        grant(&second, &resident).await.expect_problem(404, "not_found");
        world.later(1);
        world.scan(&first, &resident).await.expect(200);
        world.decide(&first, &resident, "approval/waiver", &waiver()).await.expect(204);
        world.later(30 * MINUTE);
        let fresh = world.supervisor("penyelia4", OFFICE).await;
        grant(&fresh, &resident).await.expect_problem(404, "not_found");
        assert_eq!(world.state(&resident).await, "awaiting_officer");
    })
    .await;
}

/// Somebody who helps.
fn helper(person: &RegisterRecord) -> Value {
    json!({"nik": person.nik.as_str(), "full_name": "Bu Aminah", "relation": "kader posyandu"})
}

async fn frequent(officer: &Officer) -> Vec<Value> {
    officer.get("/v1/officer/helpers").await.expect(200).json["items"].as_array().unwrap().clone()
}

async fn look(officer: &Officer, one: &Value) -> Answer {
    let path = format!("/v1/officer/helpers/{}/look", one["help_id"].as_str().unwrap());
    officer.post(&path, &json!({"reason": "Kader yang dikenal kantor ini"})).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_helps_more_than_a_family_is_looked_at() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let carer = &world.people[9];
        Offices::new(world.context.clone()).add("UJI-02", "Kantor Lain", Kind::Office).await.unwrap();
        let supervisor = world.supervisor("penyelia", OFFICE).await;
        let elsewhere = world.supervisor("jauh", "UJI-02").await;
        let desk = world.officer("loket-7", OFFICE).await;

        // With a phone, without one, and for a service: three people, of whom one twice.
        let mut body = approval();
        body["helper"] = helper(carer);
        let applicant = world.waiting(&world.people[0]).await;
        world.scan(&desk, &applicant).await.expect(200);
        world.decide(&desk, &applicant, "approval", &body).await.expect(200);
        for _ in 0..2 {
            let mut card = said(&world.people[1], "copy");
            card.as_object_mut().unwrap().remove("kind");
            card["helper"] = helper(carer);
            desk.post("/v1/officer/cards", &card).await.expect(201);
        }
        world.active(&world.people[2]).await;
        let mut walks = said(&world.people[2], "copy");
        walks["helper"] = helper(carer);
        let seen = desk.post("/v1/officer/walk-ins", &walks).await.expect(201).json;
        assert_eq!((&seen["helper"]["people"], &seen["helper"]["relation"]), (&json!(3), &json!("kader posyandu")));
        assert_eq!(frequent(&supervisor).await.len(), 0, "a family");
        let mut unnamed = walks.clone();
        unnamed["helper"]["relation"] = json!("");
        desk.post("/v1/officer/walk-ins", &unnamed).await.expect_problem(422, "invalid_field");

        // The fourth, noted by the supervisor: that one help is for somebody else.
        world.active(&world.people[3]).await;
        let mut walks = said(&world.people[3], "closure");
        walks["helper"] = helper(carer);
        supervisor.post("/v1/officer/walk-ins", &walks).await.expect(201);
        let found = frequent(&supervisor).await;
        let [one] = &found[..] else { panic!("{found:?}") };
        assert_eq!((&one["people"], &one["officers"]), (&json!(4), &json!(["loket-7"])));
        assert!(one["full_name"].as_str().unwrap().eq_ignore_ascii_case("bu aminah"));
        let told = one.to_string();
        assert!(!told.contains(carer.nik.as_str()) && !told.contains(world.people[0].nik.as_str()), "{told}");
        assert_eq!(frequent(&elsewhere).await.len(), 0, "nothing of theirs was in that office");
        look(&elsewhere, one).await.expect_problem(404, "not_found");
        desk.get("/v1/officer/helpers").await.expect_problem(403, "forbidden");
        look(&desk, one).await.expect_problem(403, "forbidden");

        let other = world.supervisor("penyelia-lain", OFFICE).await;
        let newest = frequent(&other).await;
        assert_eq!(newest[0]["officers"], json!(["penyelia", "loket-7"]), "the newest first");
        look(&supervisor, &newest[0]).await.expect_problem(403, "forbidden");
        look(&supervisor, one).await.expect(204);
        look(&supervisor, one).await.expect_problem(404, "not_found");
        assert_eq!(frequent(&supervisor).await.len(), 0);
        // What the supervisor noted is still there for another one, who reads what the first one wrote.
        let left = frequent(&other).await;
        assert_eq!((&left[0]["officers"], &left[0]["former"]["by"]), (&json!(["penyelia"]), &json!("penyelia")));
        assert_eq!(left[0]["former"]["reason"], "Kader yang dikenal kantor ini");
        look(&other, &left[0]).await.expect(204);
        assert_eq!(frequent(&other).await.len(), 0);

        // Helping again brings them back; at another office too, where all people count.
        world.later(DAY);
        let desk = world.officer("loket-8", "UJI-02").await;
        let mut card = said(&world.people[4], "copy");
        card.as_object_mut().unwrap().remove("kind");
        card["helper"] = helper(carer);
        desk.post("/v1/officer/cards", &card).await.expect(201);
        let elsewhere = world.supervisor("jauh-2", "UJI-02").await;
        let found = frequent(&elsewhere).await;
        assert_eq!((&found[0]["people"], &found[0]["former"]), (&json!(5), &json!(null)));
        // A year later nobody is counted any more.
        world.later(365 * DAY);
        assert!(world.app.sweeper().sweep(uuid::Uuid::from_u128(1)).await.unwrap());
        let elsewhere = world.supervisor("jauh-3", "UJI-02").await;
        assert_eq!(frequent(&elsewhere).await.len(), 0);
        let mut tx = world.context.db.read().await.unwrap();
        let (rows,) = ikd::fetch_one!(&mut tx, (i64,), "SELECT CAST(COUNT(*) AS BIGINT) FROM help").unwrap();
        assert_eq!(rows, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_looks_at_one_helper_at_one_moment_are_one() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let carer = &world.people[9];
        let desk = world.officer("loket-7", OFFICE).await;
        for person in &world.people[..4] {
            let mut card = said(person, "copy");
            card.as_object_mut().unwrap().remove("kind");
            card["helper"] = helper(carer);
            desk.post("/v1/officer/cards", &card).await.expect(201);
        }
        let (first, second) = (world.supervisor("satu", OFFICE).await, world.supervisor("dua", OFFICE).await);
        let one = frequent(&first).await.remove(0);
        let (by_first, by_second) = tokio::join!(look(&first, &one), look(&second, &one));
        let done = [&by_first, &by_second].iter().filter(|answer| answer.status == 204).count();
        assert_eq!(done, 1, "{} {}", by_first.status, by_second.status);
    })
    .await;
}
