//! A digital KTP makes way for a new one: two people of one office, and nobody alone.

use ikd::clock::MINUTE;
use ikd::office::{Kind, Offices};
use ikd::staff::Realm;
use serde_json::json;
use support::answer::Answer;
use support::client::Officer;

use support::each_engine;
use support::world::{Applicant, OFFICE, World};

async fn ask(world: &World, officer: &Officer, applicant: &Applicant) -> Answer {
    world.decide(officer, applicant, "release", &json!({"reason": "Ponsel hilang, wajah cocok"})).await
}

async fn asked(officer: &Officer, applicant: &Applicant) -> Answer {
    officer.get(&format!("/v1/officer/registrations/{}/release", applicant.id)).await
}

async fn grant(officer: &Officer, applicant: &Applicant) -> Answer {
    let version = asked(officer, applicant).await.json["version"].as_str().unwrap_or_default().to_owned();
    let path = format!("/v1/officer/registrations/{}/release/grant", applicant.id);
    officer.post(&path, &json!({"version": version})).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_phone_s_digital_ktp_ends_when_two_people_say_so() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let person = world.people[0].clone();
        let old = world.active(&person).await;
        let photographed = world.present(&old, "basic").await;
        let mut new = world.waiting(&person).await;
        let desk = world.desk().await;
        world.scan(desk, &new).await.expect(200);
        world.approve(desk, &new).await.expect_problem(409, "already_active");

        Offices::new(world.context.clone()).add("UJI-02", "Kantor Lain", Kind::Dinas).await.unwrap();
        let supervisor = world.supervisor("penyelia", OFFICE).await;
        let elsewhere = world.supervisor("penyelia2", "UJI-02").await;
        assert_eq!(ask(&world, &supervisor, &new).await.expect(409).code(), "scan_required", "without the person");
        ask(&world, &elsewhere, &new).await.expect_problem(404, "not_found");
        assert_eq!(grant(&supervisor, &new).await.expect(404).code(), "not_found", "nobody asked");
        ask(&world, desk, &new).await.expect(204);
        let waiting = asked(&supervisor, &new).await.expect(200);
        assert_eq!(waiting.json["reason"], "Ponsel hilang, wajah cocok");
        let on_the_phone = async || new.client.get(&new.path("")).await.json["awaits_second_person"].clone();
        assert_eq!(on_the_phone().await, json!(true));
        let listed = supervisor.get("/v1/officer/releases").await.expect(200);
        assert_eq!(listed.json["items"][0]["registration_id"], new.id.as_str());
        assert!(elsewhere.get("/v1/officer/releases").await.json["items"].as_array().unwrap().is_empty());
        let path = format!("/v1/officer/registrations/{}/release/refuse", new.id);
        let version = json!({"version": waiting.json["version"]});
        elsewhere.post(&path, &version).await.expect_problem(404, "not_found");
        let bystander = world.officer("petugas7", OFFICE).await;
        bystander.post(&path, &version).await.expect_problem(403, "forbidden");
        supervisor.post(&path, &version).await.expect(204);
        assert_eq!(on_the_phone().await, json!(false));
        assert_eq!(old.client.get("/v1/me").await.status, 200);
        ask(&world, desk, &new).await.expect(204);
        asked(&elsewhere, &new).await.expect_problem(404, "not_found");
        grant(desk, &new).await.expect_problem(403, "forbidden");
        grant(&elsewhere, &new).await.expect_problem(404, "not_found");
        assert_eq!(old.client.get("/v1/me").await.status, 200, "until then it works");

        grant(&supervisor, &new).await.expect(204);
        assert_eq!(grant(&supervisor, &new).await.expect(404).code(), "not_found", "once");
        old.client.get("/v1/me").await.expect_problem(401, "session_ended");
        assert_eq!(world.verify(&photographed).await, "holder_not_active");
        world.approve(desk, &new).await.expect(200);
        world.app.deliver_mail().await.unwrap();
        world.activate(&mut new).await;
        assert_eq!(world.verify(&world.present(&new, "basic").await).await, "valid");
        let acts = "SELECT COUNT(*) FROM audit_event WHERE subject_id = $1 AND action IN ('release_asked', \
            'release_granted') AND outcome = 'done'";
        assert_eq!(world.count(acts, new.uuid()).await, 3, "asked twice, granted once");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_grants_an_own_or_an_old_request_and_a_blocked_ktp_is_released_too() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let person = world.people[0].clone();
        let supervisor = world.supervisor("penyelia", OFFICE).await;
        let fresh = world.waiting(&world.people[1]).await;
        world.scan(&supervisor, &fresh).await.expect(200);
        assert_eq!(ask(&world, &supervisor, &fresh).await.expect(409).code(), "wrong_state", "nothing in the way");

        world.active(&person).await;
        let resident = world.resident_id(&person).await;
        world.change("UPDATE credential SET state = 'blocked' WHERE resident_id = $1", resident).await;
        let new = world.waiting(&person).await;
        world.scan(&supervisor, &new).await.expect(200);
        world.approve(&supervisor, &new).await.expect_problem(409, "already_active");
        ask(&world, &supervisor, &new).await.expect(204);
        assert_eq!(grant(&supervisor, &new).await.expect(403).code(), "forbidden", "the own request");
        let second = world.supervisor("penyelia2", OFFICE).await;
        world.later(29 * MINUTE);
        assert_eq!(asked(&second, &new).await.status, 200);
        world.later(MINUTE);
        let third = world.supervisor("penyelia3", OFFICE).await;
        assert_eq!(grant(&third, &new).await.expect(404).code(), "not_found", "too late");
        world.scan(&third, &new).await.expect(200);
        ask(&world, &third, &new).await.expect(204);
        let fourth = world.supervisor("penyelia4", OFFICE).await;
        grant(&fourth, &new).await.expect(204);
        world.approve(&third, &new).await.expect(200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_ends_with_what_it_was_for() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let person = world.people[0].clone();
        let old = world.active(&person).await;
        let (desk, supervisor) = (world.desk().await, world.supervisor("penyelia", OFFICE).await);
        let works = async || old.client.get("/v1/me").await.status == 200;

        // The officer saw through it: nothing is left that the old one should make way for.
        let rejected = world.waiting(&person).await;
        world.scan(desk, &rejected).await.expect(200);
        ask(&world, desk, &rejected).await.expect(204);
        let reason = json!({"reason": "Bukan orang yang sama"});
        world.decide(desk, &rejected, "rejection", &reason).await.expect(200);
        grant(&supervisor, &rejected).await.expect_problem(409, "wrong_state");
        assert!(works().await);

        // Who was sent back comes again with another selfie.
        let again = world.waiting(&person).await;
        world.scan(desk, &again).await.expect(200);
        ask(&world, desk, &again).await.expect(204);
        let back = json!({"to": "selfie", "reason": "Wajah tidak terlihat", "release": []});
        world.decide(desk, &again, "return", &back).await.expect(200);
        world.ready(&again).await;
        assert_eq!(world.state(&again).await, "awaiting_officer");
        grant(&supervisor, &again).await.expect_problem(404, "not_found");
        assert!(works().await);

        // Whoever registered went away.
        let cancelled = world.waiting(&person).await;
        world.scan(desk, &cancelled).await.expect(200);
        ask(&world, desk, &cancelled).await.expect(204);
        cancelled.client.delete(&cancelled.path("")).await;
        grant(&supervisor, &cancelled).await.expect_problem(409, "wrong_state");
        assert!(works().await);

        // The officer who asked is no officer any more.
        let rogue = world.officer("petugas9", OFFICE).await;
        let new = world.waiting(&person).await;
        world.scan(&rogue, &new).await.expect(200);
        ask(&world, &rogue, &new).await.expect(204);
        world.accounts().set_active(Realm::Office, "petugas9", false).await.unwrap();
        grant(&supervisor, &new).await.expect_problem(404, "not_found");
        assert!(works().await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_counts_for_what_the_asker_saw_and_nothing_that_came_since() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let person = world.people[0].clone();
        let old = world.active(&person).await;
        let (desk, supervisor) = (world.desk().await, world.supervisor("penyelia", OFFICE).await);
        let works = async || old.client.get("/v1/me").await.status == 200;
        let new = world.waiting(&person).await;
        let seen = world.scan(desk, &new).await.expect(200).text("version");
        let path = format!("/v1/officer/registrations/{}/release", new.id);
        let stale = json!({"version": format!("{seen}0"), "reason": "Ponsel hilang"});
        desk.post(&path, &stale).await.expect_problem(409, "wrong_state");
        ask(&world, desk, &new).await.expect(204);
        let version = asked(&supervisor, &new).await.json["version"].clone();
        assert!(
            version.as_str().unwrap().starts_with(&format!("{seen}.")),
            "of what was seen, and of this request: {version}"
        );
        let wrong = json!({"version": "0"});
        let refused = supervisor.post(&format!("{path}/grant"), &wrong).await;
        assert_eq!(refused.expect(409).code(), "wrong_state", "another version");
        // The selfie that the officer compared is replaced by another.
        world.selfie(&new, "image/jpeg", support::world::portrait_bytes()).await.expect(200);
        let named = json!({"version": seen});
        let refused = supervisor.post(&format!("{path}/grant"), &named).await;
        refused.expect_problem(404, "not_found");
        assert!(works().await);
        ask(&world, desk, &new).await.expect_problem(409, "scan_required");
        world.later(1);
        world.scan(desk, &new).await.expect(200);
        ask(&world, desk, &new).await.expect(204);
        // The officer's next scan is another look.
        world.later(1);
        world.scan(desk, &new).await.expect(200);
        grant(&supervisor, &new).await.expect_problem(409, "wrong_state");
        assert!(works().await);
        ask(&world, desk, &new).await.expect(204);
        grant(&supervisor, &new).await.expect(204);
        assert!(!works().await);
    })
    .await;
}
