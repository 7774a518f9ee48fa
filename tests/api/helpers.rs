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
        Offices::new(world.context.clone()).add("UJI-02", "Kantor Lain", Kind::Dinas).await.unwrap();
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_read_is_what_is_granted_and_the_register_has_to_have_answered() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let (desk, supervisor) = (world.desk().await, world.supervisor("penyelia", OFFICE).await);
        let mut body = world.registration(&world.people[0], "");
        body["no_email"] = true.into();
        let resident = world.register_body(&world.people[0], &body).await;
        world.ready(&resident).await;
        world.scan(desk, &resident).await.expect(200);
        world.decide(desk, &resident, "approval/second", &approval()).await.expect(204);
        let base = format!("/v1/officer/registrations/{}", resident.id);
        let read = supervisor.get(&format!("{base}/release")).await.expect(200).json;
        // Another request takes its place under the open screen.
        world.later(1);
        let mut helped = waiver();
        helped["helper"] = helper(&world.people[9]);
        world.decide(desk, &resident, "approval/waiver", &helped).await.expect(204);
        let path = format!("{base}/approval/second/grant");
        supervisor.post(&path, &json!({"version": read["version"]})).await.expect_problem(409, "wrong_state");
        let seen = supervisor.get(&format!("{base}/release")).await.expect(200).json;
        assert_eq!((&seen["kind"], &seen["helper"]["people"]), (&json!("waiver"), &json!(0)));
        supervisor.post(&path, &json!({"version": seen["version"]})).await.expect(200);
        // Neither face nor address: a third person always calls. The reason, a matter of health, stays with the request.
        let third = world.supervisor("pemanggil", OFFICE).await;
        let calls = third.get("/v1/officer/call-backs").await.expect(200).json;
        assert_eq!(calls["items"][0]["registration_id"], json!(resident.id));
        let view = desk.get(&base).await.expect(200).json;
        assert!(view["last_words"].as_str().unwrap().contains("dua orang") && !view.to_string().contains("RSUD"));
        assert!(!view.to_string().contains(REASON));
        let pairs = async {
            let mut tx = world.context.db.read().await.unwrap();
            ikd::audit::ports::pairs(&mut tx, world.context.now().plus_seconds(-DAY)).await.unwrap()
        };
        assert_eq!(pairs.await.len(), 1, "auditors see this pair, too");

        // While the register is silent nobody has data to judge in the face's place.
        let switch = async |to| world.population_register().set_switch(to).await.unwrap();
        switch(ikd::register::service::Switch::Closed).await;
        let resident = world.waiting(&world.people[1]).await;
        world.scan(desk, &resident).await.expect(200);
        world.decide(desk, &resident, "approval/waiver", &waiver()).await.expect_problem(409, "wrong_state");
        switch(ikd::register::service::Switch::Open).await;
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
        Offices::new(world.context.clone()).add("UJI-02", "Kantor Lain", Kind::Dinas).await.unwrap();
        let supervisor = world.supervisor("penyelia", OFFICE).await;
        let elsewhere = world.supervisor("jauh", "UJI-02").await;
        let desk = world.officer("loket-7", OFFICE).await;

        // With a phone, without one, and for a service: three people, of whom one twice. What was only asked for counts for nobody.
        let granter = world.supervisor("penyetuju", OFFICE).await;
        let card = |person: &RegisterRecord| {
            let mut body = crate::card::said(person);
            body["helper"] = helper(carer);
            body
        };
        let walk_in = |person: &RegisterRecord| {
            let mut body = said(person, "copy");
            body["helper"] = helper(carer);
            body
        };
        let mut body = approval();
        body["helper"] = helper(carer);
        let mut applicant = world.waiting(&world.people[0]).await;
        world.scan(&desk, &applicant).await.expect(200);
        let mut own = body.clone();
        own["helper"] = helper(&world.people[0]);
        world.decide(&desk, &applicant, "approval", &own).await.expect_problem(422, "invalid_field");
        world.decide(&desk, &applicant, "approval", &body).await.expect(200);
        world.app.deliver_mail().await.unwrap();
        world.activate(&mut applicant).await.expect(200);
        let asked = crate::walk_in::asked_as(&world, &desk, &walk_in(&world.people[0])).await;
        assert_eq!((&asked["helper"]["people"], &asked["helper"]["relation"]), (&json!(0), &json!("kader posyandu")));
        crate::walk_in::grant(&granter, &asked).await.expect(204);
        for person in [&world.people[1], &world.people[2]] {
            let asked = crate::card::asked_as(&world, &desk, &card(person)).await;
            crate::card::grant(&granter, &asked).await.expect(204);
        }
        crate::card::asked_as(&world, &desk, &card(&world.people[5])).await;
        assert_eq!(frequent(&supervisor).await.len(), 0, "a family");
        for wrong in [json!(""), helper(&world.people[2])["nik"].clone()] {
            let mut body = walk_in(&world.people[2]);
            let field = if wrong == "" { "relation" } else { "nik" };
            body["helper"][field] = wrong;
            desk.post("/v1/officer/walk-ins", &body).await.expect_problem(422, "invalid_field");
        }

        // The fourth, asked for by the supervisor: that one is for somebody else, and for no one who granted.
        world.active(&world.people[3]).await;
        let asked = crate::walk_in::asked_as(&world, &supervisor, &walk_in(&world.people[3])).await;
        assert_eq!(asked["helper"]["people"], 3, "others");
        crate::walk_in::grant(&granter, &asked).await.expect(204);
        assert_eq!(frequent(&granter).await[0]["officers"], json!(["loket-7"]), "the one that was approved alone");
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
        look(&granter, &left[0]).await.expect_problem(403, "forbidden");
        look(&other, &left[0]).await.expect(204);
        assert_eq!(frequent(&other).await.len(), 0);

        // Helping again brings them back; at another office too, where all people count.
        world.later(DAY);
        let desk = world.officer("loket-8", "UJI-02").await;
        let other = world.supervisor("jauh-4", "UJI-02").await;
        let asked = crate::card::asked_as(&world, &desk, &card(&world.people[4])).await;
        crate::card::grant(&other, &asked).await.expect(204);
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
        let granter = world.supervisor("penyetuju", OFFICE).await;
        for person in &world.people[..4] {
            let mut card = crate::card::said(person);
            card["helper"] = helper(carer);
            let asked = crate::card::asked_as(&world, &desk, &card).await;
            crate::card::grant(&granter, &asked).await.expect(204);
        }
        let (first, second) = (world.supervisor("satu", OFFICE).await, world.supervisor("dua", OFFICE).await);
        let one = frequent(&first).await.remove(0);
        let (by_first, by_second) = tokio::join!(look(&first, &one), look(&second, &one));
        let done = [&by_first, &by_second].iter().filter(|answer| answer.status == 204).count();
        assert_eq!(done, 1, "{} {}", by_first.status, by_second.status);
    })
    .await;
}
