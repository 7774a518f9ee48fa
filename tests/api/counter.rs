//! The counter: who may decide what, when; return, rejection; what a registration's end leaves behind.

use ikd::clock::{DAY, MINUTE};
use ikd::office::{Kind, Offices};
use reqwest::Method;
use serde_json::{Value, json};
use support::answer::Answer;
use support::client::Officer;
use uuid::Uuid;

use support::each_engine;
use support::world::{Applicant, OFFICE, World, portrait_bytes};

const SELFIES: &str = "SELECT CAST(COUNT(*) AS BIGINT) FROM registration_selfie WHERE registration_id = $1";
const COPIES: &str = "SELECT CAST(COUNT(*) AS BIGINT) FROM registration_register_copy WHERE registration_id = $1";

async fn patch(applicant: &Applicant, body: &Value) -> Answer {
    applicant.client.send(Method::PATCH, &applicant.path(""), |request| request.json(body)).await
}

async fn cancel(applicant: &Applicant) -> Answer {
    applicant.client.delete(&applicant.path("")).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_who_scanned_within_half_an_hour_decides() {
    each_engine(async |context| {
        let world = World::open(context).await;
        Offices::new(world.context.clone()).add("UJI-02", "Kantor Lain", Kind::Dinas).await.unwrap();
        let (desk, colleague) = (world.desk().await, world.officer("rekan", OFFICE).await);
        let elsewhere = world.officer("jauh", "UJI-02").await;
        let applicant = world.waiting(&world.people[0]).await;
        // Unscanned, it belongs to no office.
        world.approve(desk, &applicant).await.expect_problem(404, "not_found");
        let token = world.activation_token(&applicant).await;
        let scan = async |officer: &Officer| officer.post("/v1/officer/scans", &json!({"token": token})).await;
        scan(desk).await.expect(200);
        scan(desk).await.expect(200);
        scan(&colleague).await.expect_problem(409, "qr_used");

        // A colleague of the office sees it only with a reason and may not decide; another office does not see it.
        let path = format!("/v1/officer/registrations/{}", applicant.id);
        colleague.get(&path).await.expect_problem(403, "reason_required");
        let why = json!({"reason": "Warga bertanya lewat telepon"});
        let seen = colleague.post(&format!("{path}/views"), &why).await.expect(200).json;
        assert_eq!(seen["may_decide"], false);
        let reason = json!({"reason": "Foto kabur sekali", "to": "selfie"});
        for (what, body) in [
            ("approval", support::world::approval()),
            ("return", reason),
            ("rejection", json!({"reason": "Bukan orangnya"})),
        ] {
            assert_eq!(
                world.decide(&colleague, &applicant, what, &body).await.expect(409).code(),
                "scan_required",
                "{what}"
            );
            assert_eq!(
                world.decide(&elsewhere, &applicant, what, &body).await.expect(404).code(),
                "not_found",
                "{what}"
            );
        }
        for rest in ["", "/selfie", "/portrait"] {
            elsewhere.get(&format!("{path}{rest}")).await.expect_problem(404, "not_found");
        }
        assert_eq!(elsewhere.get("/v1/officer/registrations").await.json["items"], json!([]));
        world.later(30 * MINUTE + 1);
        desk.post("/v1/officer/sessions/current/resume", &json!({"password": "kuda baterai staples"}))
            .await
            .expect(200);
        world.approve(desk, &applicant).await.expect_problem(409, "scan_required");
        assert_eq!(scan(desk).await.status, 410, "the QR has expired too");
        world.scan(desk, &applicant).await.expect(200);
        for missing in ["face", "document", "data"] {
            let mut body = support::world::approval();
            body["checks"][missing] = json!(false);
            let answer = world.decide(desk, &applicant, "approval", &body).await.expect(422);
            assert_eq!(answer.json["fields"][0]["field"], format!("checks.{missing}"));
        }
        assert_eq!(world.state(&applicant).await, "awaiting_officer");
        world.approve(desk, &applicant).await.expect(200);
        world.approve(desk, &applicant).await.expect_problem(409, "wrong_state");
        let report = ikd::audit::Service::new(world.context.clone()).verify().await.unwrap();
        assert!(report.is_sound() && report.entries > 10);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unknown_ineligible_and_active_people_are_not_approved() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let today = ikd::register::Date::parse("2026-11-21").unwrap();
        let minor = world.somebody(1_000, |record| !record.eligible_on(today));
        world.put(vec![minor.clone()]).await;
        let unknown = world.somebody(500_000, |record| record.eligible_on(today));
        let desk = world.desk().await;
        for (person, result) in [(&minor, "not_eligible"), (&unknown, "unknown_nik")] {
            let applicant = world.waiting(person).await;
            let seen = world.scan(desk, &applicant).await.expect(200).json;
            assert_eq!(seen["check_result"], result);
            let refused = world.approve(desk, &applicant).await.expect(409);
            assert_eq!(refused.code(), "wrong_state");
            assert_ne!(
                refused.json["detail"],
                json!("Lihat status pendaftaran untuk langkah berikutnya."),
                "{result} is explained"
            );
            assert_eq!(world.state(&applicant).await, "awaiting_officer");
        }
        let active = world.active(&world.people[0]).await;
        let again = world.waiting(&world.people[0]).await;
        let seen = world.scan(desk, &again).await.expect(200).json;
        assert_eq!(seen["already_active"], true);
        world.approve(desk, &again).await.expect_problem(409, "already_active");
        assert_eq!(world.state(&again).await, "awaiting_officer");
        assert_eq!(world.verify(&world.present(&active, "age").await).await, "valid", "the active one is untouched");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_registrations_of_one_resident_approved_in_parallel_one_wins() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let desk = world.desk().await;
        let (one, two) = (world.waiting(&world.people[0]).await, world.waiting(&world.people[0]).await);
        world.scan(desk, &one).await.expect(200);
        world.scan(desk, &two).await.expect(200);
        let (first, second) = tokio::join!(world.approve(desk, &one), world.approve(desk, &two));
        let mut told =
            [(first.status.as_u16(), first.code().to_owned()), (second.status.as_u16(), second.code().to_owned())];
        told.sort();
        assert_eq!(told, [(200, String::new()), (409, String::from("already_active"))]);
        let states = [world.state(&one).await, world.state(&two).await];
        assert!(states.contains(&"code_sent".into()) && states.contains(&"awaiting_officer".into()), "{states:?}");
        world.app.deliver_mail().await.unwrap();
        assert_eq!(world.letters().len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_return_to_the_data_shows_the_resident_only_what_the_officer_released() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let desk = world.desk().await;
        let person = world.people[0].clone();
        let mut body = world.registration(&person, "warga@example.id");
        body["full_name"] = json!("NAMA KELIRU SEKALI");
        let applicant = world.register_body(&person, &body).await;
        world.ready(&applicant).await;
        let seen = world.scan(desk, &applicant).await.expect(200).json;
        assert_eq!(seen["check_result"], "differs");
        assert_eq!(seen["differences"][0]["field"], "full_name");
        assert_eq!(seen["differences"][0]["registered"], person.full_name.as_str());
        assert!(seen["differences"][0]["explanation"].as_str().unwrap().len() > 20);
        let status = applicant.client.get(&applicant.path("")).await;
        assert!(!String::from_utf8_lossy(&status.bytes).contains(person.full_name.as_str()));

        world
            .decide(desk, &applicant, "return", &json!({"to": "data", "reason": "x"}))
            .await
            .expect_problem(422, "invalid_field");
        let body = json!({"to": "data", "reason": "Nama berbeda dengan KTP-el", "release": ["full_name"]});
        assert_eq!(world.decide(desk, &applicant, "return", &body).await.expect(200).json["state"], "needs_correction");
        let status = applicant.client.get(&applicant.path("")).await.expect(200);
        assert_eq!((&status.json["state"], &status.json["next"]), (&json!("needs_correction"), &json!("correct_data")));
        assert_eq!(status.json["corrections"], json!(["full_name"]));
        assert_eq!(status.json["reason"], "Nama berbeda dengan KTP-el");
        assert!(
            !String::from_utf8_lossy(&status.bytes).contains(person.full_name.as_str()),
            "what differs, not what is registered"
        );
        let token = applicant.client.post(&applicant.path("/activation-token"), &json!({})).await;
        token.expect_problem(409, "wrong_state");

        let corrected = patch(&applicant, &json!({"full_name": person.full_name})).await.expect(200);
        assert_eq!(corrected.json["state"], "awaiting_officer");
        world.app.registrations.checks.check_due().await.unwrap();
        world.later(1);
        let seen = world.scan(desk, &applicant).await.expect(200).json;
        assert_eq!((&seen["check_result"], &seen["differences"]), (&json!("match"), &json!([])));
        world.approve(desk, &applicant).await.expect(200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_return_to_the_selfie_and_a_return_without_release() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let desk = world.desk().await;
        let applicant = world.waiting(&world.people[0]).await;
        world.scan(desk, &applicant).await.expect(200);
        let mixed = json!({"to": "selfie", "reason": "Foto kabur", "release": ["full_name"]});
        world.decide(desk, &applicant, "return", &mixed).await.expect_problem(422, "invalid_field");
        let body = json!({"to": "selfie", "reason": "Foto kabur"});
        world.decide(desk, &applicant, "return", &body).await.expect(200);
        let status = applicant.client.get(&applicant.path("")).await.json;
        assert_eq!((&status["state"], &status["reason"]), (&json!("needs_selfie"), &json!("Foto kabur")));
        world.approve(desk, &applicant).await.expect_problem(409, "wrong_state");
        let retaken = world.selfie(&applicant, "image/jpeg", portrait_bytes()).await.expect(200);
        assert_eq!(retaken.json["state"], "awaiting_officer");
        assert!(retaken.json.get("reason").is_none());

        let body = json!({"to": "data", "reason": "Periksa data Anda", "release": []});
        let unseen = world.decide(desk, &applicant, "return", &body).await.expect(409);
        assert_eq!(unseen.code(), "scan_required", "the resident who was present had another selfie");
        world.later(1);
        world.scan(desk, &applicant).await.expect(200);
        world.decide(desk, &applicant, "return", &body).await.expect(200);
        let status = applicant.client.get(&applicant.path("")).await.json;
        assert!(status.get("corrections").is_none_or(|list| *list == json!([])));
        // Other data than that can be corrected stays, and an empty correction is none.
        patch(&applicant, &json!({})).await.expect_problem(422, "invalid_field");
        patch(&applicant, &json!({"birth_date": "1990-02-31"})).await.expect_problem(422, "invalid_field");
        patch(&applicant, &json!({"nik": "3171015708900001"})).await.expect_problem(422, "invalid_field");
        assert_eq!(world.state(&applicant).await, "needs_correction");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rejected_cancelled_and_expired_registrations_end_and_their_pictures_are_deleted() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let desk = world.desk().await;
        let rejected = world.waiting(&world.people[0]).await;
        world.scan(desk, &rejected).await.expect(200);
        world.decide(desk, &rejected, "rejection", &json!({"reason": "Bukan orang yang sama"})).await.expect(200);
        let status = rejected.client.get(&rejected.path("")).await.json;
        assert_eq!((&status["state"], &status["reason"]), (&json!("rejected"), &json!("Bukan orang yang sama")));
        assert_eq!(status["next"], "register_again");
        cancel(&rejected).await.expect_problem(409, "wrong_state");

        let cancelled = world.waiting(&world.people[1]).await;
        assert_eq!(cancel(&cancelled).await.expect(200).json["state"], "cancelled");
        cancel(&cancelled).await.expect(200);
        let late = world.selfie(&cancelled, "image/jpeg", portrait_bytes()).await;
        late.expect_problem(409, "wrong_state");

        let active = world.active(&world.people[2]).await;
        let expiring = world.waiting(&world.people[3]).await;
        let unfinished = world.approved(&world.people[4]).await;
        let selfies = async |applicant: &Applicant| world.count(SELFIES, applicant.uuid()).await;
        let sweep = async || world.app.sweeper().sweep(Uuid::nil()).await.unwrap();
        world.later(7 * DAY - 1);
        assert!(sweep().await);
        for applicant in [&rejected, &cancelled, &active, &expiring, &unfinished] {
            assert_eq!(selfies(applicant).await, 1);
        }
        world.later(2);
        sweep().await;
        assert_eq!([selfies(&rejected).await, selfies(&cancelled).await], [0, 0], "7 days after any other end");
        assert_eq!(world.count(COPIES, rejected.uuid()).await, 0);
        assert_eq!(world.state(&unfinished).await, "expired", "7 days after the approval");
        assert_eq!([selfies(&active).await, selfies(&expiring).await, selfies(&unfinished).await], [1, 1, 1]);
        world.later(23 * DAY);
        sweep().await;
        assert_eq!(world.state(&expiring).await, "expired", "30 days after the registration");
        assert_eq!(selfies(&active).await, 0, "30 days after activation");
        assert_eq!([selfies(&unfinished).await, selfies(&expiring).await], [0, 1]);
        world.later(7 * DAY);
        sweep().await;
        assert_eq!(selfies(&expiring).await, 0);
        active.client.unlock().await.expect(200);
        let again =
            expiring.client.post("/v1/registrations", &world.registration(&expiring.record, "lagi@example.id")).await;
        again.expect(201);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn before_the_sweeper_comes_an_overdue_registration_is_expired_already() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let desk = world.desk().await;
        let applicant = world.waiting(&world.people[0]).await;
        world.scan(desk, &applicant).await.expect(200);
        world.later(30 * DAY);
        assert_eq!(world.state(&applicant).await, "expired");
        let token = applicant.client.post(&applicant.path("/activation-token"), &json!({})).await;
        token.expect_problem(409, "wrong_state");
        let late = world.selfie(&applicant, "image/jpeg", portrait_bytes()).await;
        late.expect_problem(409, "wrong_state");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scan_that_cannot_be_written_down_does_not_count() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let applicant = world.waiting(&world.people[0]).await;
        let desk = world.desk().await;
        let scanned = "SELECT COUNT(*) FROM counter_visit WHERE registration_id = $1 AND scanned_at IS NOT NULL";
        let rename = async |from: &'static str| {
            let mut tx = world.context.db.write().await.unwrap();
            ikd::execute!(&mut tx, from).unwrap();
            tx.commit().await.unwrap();
        };
        rename("ALTER TABLE audit_event RENAME TO audit_gone").await;
        let answer = world.scan(desk, &applicant).await;
        assert_eq!(answer.code(), "internal", "{}", answer.json);
        assert_eq!(world.count(scanned, applicant.uuid()).await, 0);
        rename("ALTER TABLE audit_gone RENAME TO audit_event").await;
        world.scan(desk, &applicant).await.expect(200);
        assert_eq!(world.count(scanned, applicant.uuid()).await, 1);
    })
    .await;
}
