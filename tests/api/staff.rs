//! Officers: who sees whose data, and how a number is confirmed that only the resident knows.

use ikd::clock::{HOUR, MINUTE};
use serde_json::{Value, json};
use support::answer::Answer;
use support::client::Officer;
use uuid::Uuid;

use support::each_engine;
use support::world::{Applicant, OFFICE, World};

const ENTRIES: &str = "SELECT CAST(COUNT(*) AS BIGINT) FROM audit_event WHERE subject_id = $1";
const REFUSED_VIEWS: &str = "SELECT CAST(COUNT(*) AS BIGINT) FROM audit_event \
    WHERE subject_id = $1 AND action = 'registration_viewed' AND outcome LIKE 'refused:reason_required%'";
const REASONED: &str = "SELECT CAST(COUNT(*) AS BIGINT) FROM audit_event \
    WHERE actor_id = $1 AND action = 'view_with_reason' AND outcome = 'done'";
const OVER: &str = "SELECT CAST(COUNT(*) AS BIGINT) FROM audit_event \
    WHERE actor_id = $1 AND action = 'view_with_reason' AND outcome LIKE 'refused:too_many%'";
const MATCHED: &str = "SELECT CAST(COUNT(*) AS BIGINT) FROM audit_event \
    WHERE subject_id = $1 AND action = 'match_confirmed' AND outcome LIKE 'refused:%'";

fn path(applicant: &Applicant, rest: &str) -> String {
    format!("/v1/officer/registrations/{}{rest}", applicant.id)
}

async fn open(officer: &Officer, applicant: &Applicant, reason: &str) -> Answer {
    officer.post(&path(applicant, "/views"), &json!({"reason": reason})).await
}

async fn own_id(officer: &Officer) -> Uuid {
    let me = officer.get("/v1/officer/sessions/current").await.expect(200);
    me.text("officer_id").parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn data_are_seen_with_the_resident_present_or_with_a_reason_and_so_many_an_hour() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let (desk, curious) = (world.desk().await, world.officer("penasaran", OFFICE).await);
        let supervisor = world.supervisor("penyelia", OFFICE).await;
        let mut all = Vec::new();
        for number in 0..12 {
            let applicant = world.waiting(&world.people[number]).await;
            world.scan(desk, &applicant).await.expect(200);
            all.push(applicant);
        }
        // The queue tells who waits apart and names nobody.
        let queue = curious.get("/v1/officer/registrations").await.expect(200);
        assert_eq!(queue.json["items"].as_array().unwrap().len(), 12);
        let text = String::from_utf8_lossy(&queue.bytes).into_owned();
        for applicant in &all {
            let name = &applicant.record.full_name;
            assert!(!text.contains(name.as_str()) && !text.contains(applicant.record.nik.as_str()), "{name}");
        }
        assert!(queue.json["items"][0]["initials"].as_str().unwrap().ends_with('.'));
        assert!(queue.json["items"][0].get("check_result").is_none());

        // Browsing on gives nothing, and is noted.
        for applicant in &all {
            for rest in ["", "/selfie", "/portrait"] {
                let refused = curious.get(&path(applicant, rest)).await.expect(403);
                assert_eq!(refused.code(), "reason_required", "{rest}");
            }
        }
        assert_eq!(world.count(REFUSED_VIEWS, all[0].uuid()).await, 1);
        // Who scanned it goes on working, and each look is noted.
        let before = world.count(ENTRIES, all[0].uuid()).await;
        for rest in ["", "/selfie", "/portrait"] {
            desk.get(&path(&all[0], rest)).await.expect(200);
        }
        assert_eq!(world.count(ENTRIES, all[0].uuid()).await, before + 3);
        world.later(31 * MINUTE);
        resume(&world, desk).await;
        let late = desk.get(&path(&all[0], "")).await.expect(403);
        assert_eq!(late.code(), "reason_required", "presence ends after half an hour");

        // With a reason, ten an hour; the eleventh is for the supervisor.
        resume(&world, &curious).await;
        resume(&world, &supervisor).await;
        open(&curious, &all[0], "  x ").await.expect_problem(422, "invalid_field");
        for applicant in &all[..10] {
            world.later(1);
            let seen = open(&curious, applicant, "Warga bertanya lewat telepon").await.expect(200).json;
            assert_eq!(seen["submitted"]["nik"], applicant.record.nik.as_str());
            assert_eq!(seen["may_decide"], false);
        }
        curious.get(&path(&all[9], "/selfie")).await.expect(200);
        let over = open(&curious, &all[10], "Satu lagi saja").await.expect(429);
        assert!(
            over.json["detail"].as_str().unwrap().contains("penyelia") && over.json["retry_after_seconds"].is_number()
        );
        curious.get(&path(&all[10], "")).await.expect_problem(403, "reason_required");
        let who = own_id(&curious).await;
        assert_eq!([world.count(REASONED, who).await, world.count(OVER, who).await], [10, 1]);
        // A view stays open for ten minutes; the next hour has its own allowance.
        world.later(10 * MINUTE + 1);
        curious.get(&path(&all[9], "")).await.expect_problem(403, "reason_required");

        // The supervisor of the office reads why; nobody else.
        curious.get("/v1/officer/views").await.expect_problem(403, "forbidden");
        let listed = supervisor.get("/v1/officer/views").await.expect(200).json;
        let items = listed["items"].as_array().unwrap();
        assert_eq!(items.len(), 10);
        assert_eq!((&items[0]["username"], &items[0]["registration_id"]), (&json!("penasaran"), &json!(all[9].id)));
        assert_eq!(items[0]["reason"], "Warga bertanya lewat telepon");
        world.later(HOUR);
        resume(&world, &curious).await;
        open(&curious, &all[11], "Warga menelepon lagi").await.expect(200);
        assert!(ikd::audit::Service::new(world.context.clone()).verify().await.unwrap().is_sound());
    })
    .await;
}

async fn resume(_: &World, officer: &Officer) {
    let body = json!({"password": support::world::PASSWORD});
    officer.post("/v1/officer/sessions/current/resume", &body).await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_supervisor_who_is_asked_sees_what_is_to_be_granted() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let desk = world.desk().await;
        let supervisor = world.supervisor("penyelia", OFFICE).await;
        world.active(&world.people[0]).await;
        let again = world.waiting(&world.people[0]).await;
        world.scan(desk, &again).await.expect(200);
        supervisor.get(&path(&again, "")).await.expect_problem(403, "reason_required");
        let version = desk.get(&path(&again, "")).await.expect(200).text("version");
        let reason = json!({"version": version, "reason": "Ponsel hilang; wajah dan KTP-el cocok"});
        desk.post(&path(&again, "/release"), &reason).await.expect(204);
        let seen = supervisor.get(&path(&again, "")).await.expect(200).json;
        assert_eq!((&seen["already_active"], &seen["may_decide"]), (&json!(true), &json!(false)));
        supervisor.get(&path(&again, "/portrait")).await.expect(200);
        let asked = supervisor.get(&path(&again, "/release")).await.expect(200).json;
        supervisor
            .post(&path(&again, "/release/grant"), &json!({"version": version}))
            .await
            .expect_problem(409, "wrong_state");
        supervisor.post(&path(&again, "/release/grant"), &json!({"version": asked["version"]})).await.expect(204);
        let after = supervisor.get(&path(&again, "")).await.expect(403);
        assert_eq!(after.code(), "reason_required", "what was granted is no longer asked");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_wrong_numbers_void_a_match_and_the_next_scan_makes_another() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let desk = world.desk().await;
        let applicant = world.waiting(&world.people[0]).await;
        let token = desk.post("/v1/officer/counter-tokens", &json!({})).await.expect(200);
        let body = json!({"token": token.text("token")});
        let scan = async || {
            let answer = applicant.client.post(&applicant.path("/counter-scan"), &body).await;
            answer.expect(202).json["match_number"].as_i64().unwrap()
        };
        let confirm =
            async |number: i64| desk.post(&path(&applicant, "/match"), &json!({"match_number": number})).await;
        let number = scan().await;
        let wrong = if number == 99 { 10 } else { number + 1 };
        for left in [2, 1] {
            let refused = confirm(wrong).await.expect(422);
            assert_eq!((refused.code(), &refused.json["tries_left"]), ("invalid_field", &json!(left)));
        }
        confirm(wrong).await.expect_problem(409, "wrong_state");
        // Now even the right one is nobody's, and the line is gone.
        confirm(number).await.expect_problem(404, "not_found");
        assert_eq!(desk.get("/v1/officer/matches").await.json["items"], json!([]));
        assert!(world.count(MATCHED, applicant.uuid()).await >= 3, "each is noted");
        let number = scan().await;
        let waiting = desk.get("/v1/officer/matches").await.json;
        assert_eq!(waiting["items"][0]["registration_id"], json!(applicant.id));
        assert_eq!(confirm(number).await.expect(200).json["may_decide"], true);
        // The answer was lost and is asked for again.
        assert_eq!(confirm(number).await.expect(200).json["may_decide"], true);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_tries_numbers_without_end_is_stopped() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let desk = world.desk().await;
        let nobody = format!("/v1/officer/registrations/{}/match", Uuid::from_u128(7));
        let mut told = Vec::new();
        for _ in 0..125 {
            let answer = desk.post(&nobody, &json!({"match_number": 42})).await;
            told.push((answer.status.as_u16(), answer.code().to_owned()));
        }
        assert!(told[..120].iter().all(|one| one.0 == 404), "{told:?}");
        assert!(told[120..].iter().all(|one| *one == (429, String::from("too_many"))), "{told:?}");
        let entries = world.count(MATCHED, Uuid::from_u128(7)).await;
        assert!((6..20).contains(&entries), "noted, in bounded numbers: {entries}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_with_a_photographed_counter_qr_keep_nobody_waiting() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let desk = world.desk().await;
        let mut strangers = Vec::new();
        for _ in 0..10 {
            strangers.push(world.waiting(&world.people[1]).await);
        }
        let resident = world.waiting(&world.people[0]).await;
        let token = desk.post("/v1/officer/counter-tokens", &json!({})).await.expect(200);
        let body: Value = json!({"token": token.text("token")});
        let scan = async |applicant: &Applicant| applicant.client.post(&applicant.path("/counter-scan"), &body).await;
        let number = scan(&resident).await.expect(202).json["match_number"].clone();
        // One network's share of an officer's list is a third of it, whatever node answers.
        for stranger in &strangers[..9] {
            world.later(1);
            scan(stranger).await.expect(202);
        }
        scan(&strangers[9]).await.expect_problem(429, "too_many");
        // Who has a number already gets it again, and stands first again.
        assert_eq!(scan(&resident).await.expect(202).json["match_number"], number);
        let items = desk.get("/v1/officer/matches").await.json["items"].clone();
        assert_eq!(items[0]["registration_id"], json!(resident.id), "whoever scanned last stands first");
        let body = json!({"match_number": number});
        desk.post(&path(&resident, "/match"), &body).await.expect(200);
    })
    .await;
}
