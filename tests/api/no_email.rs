//! Somebody who has no e-mail address: a scan and a second person of the office take the place of the activation code.

use ikd::clock::{DAY, MINUTE};
use ikd::device::Purpose;
use ikd::office::{Kind, Offices};
use ikd::register::RegisterRecord;
use ikd::staff::Realm;
use reqwest::Method;
use serde_json::{Value, json};
use support::answer::Answer;
use support::client::Officer;
use support::each_engine;
use support::world::{Applicant, OFFICE, World, approval, pin_key};

/// A registration of somebody without an address.
fn body(world: &World, person: &RegisterRecord) -> Value {
    let mut body = world.registration(person, "");
    body["no_email"] = true.into();
    body
}

async fn waiting(world: &World, person: &RegisterRecord) -> Applicant {
    let applicant = world.register_body(person, &body(world, person)).await;
    world.ready(&applicant).await;
    applicant
}

async fn ask(world: &World, officer: &Officer, applicant: &Applicant) -> Answer {
    world.decide(officer, applicant, "approval/second", &approval()).await
}

async fn version(officer: &Officer, applicant: &Applicant) -> String {
    let asked = officer.get(&format!("/v1/officer/registrations/{}/release", applicant.id)).await;
    asked.json["version"].as_str().unwrap_or("0").to_owned()
}

async fn grant_of(officer: &Officer, applicant: &Applicant, version: &str) -> Answer {
    let path = format!("/v1/officer/registrations/{}/approval/second/grant", applicant.id);
    officer.post(&path, &json!({"version": version})).await
}

async fn grant(officer: &Officer, applicant: &Applicant) -> Answer {
    grant_of(officer, applicant, &version(officer, applicant).await).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_people_take_the_place_of_the_code_and_the_pin_is_chosen_at_once() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let person = world.people[0].clone();
        let mut resident = waiting(&world, &person).await;
        let told = resident.client.get(&resident.path("")).await.expect(200);
        assert!(told.json.get("email_hint").is_none());
        let (desk, supervisor) = (world.desk().await, world.supervisor("penyelia", OFFICE).await);
        world.scan(desk, &resident).await.expect(200);
        let seen = desk.get(&format!("/v1/officer/registrations/{}", resident.id)).await.expect(200);
        assert_eq!(seen.json["submitted"]["email"], json!(null));
        let refused = world.approve(desk, &resident).await;
        assert_eq!(refused.expect(409).code(), "wrong_state", "nobody approves alone");

        let unchecked = json!({"version": "", "checks": {"face": true, "document": true, "data": false}, "note": ""});
        world.decide(desk, &resident, "approval/second", &unchecked).await.expect_problem(422, "invalid_field");
        ask(&world, desk, &resident).await.expect(204);
        let told = resident.client.get(&resident.path("")).await.expect(200);
        assert_eq!((&told.json["state"], &told.json["awaits_second_person"]), (&json!("awaiting_officer"), &json!(true)));
        let listed = supervisor.get("/v1/officer/releases").await.expect(200);
        assert_eq!(listed.json["items"][0]["kind"], "approval");
        // The second person sees what the first one saw.
        for picture in ["", "/selfie", "/portrait"] {
            supervisor.get(&format!("/v1/officer/registrations/{}{picture}", resident.id)).await.expect(200);
        }
        assert_eq!(grant(&supervisor, &resident).await.expect(200).json["state"], "needs_pin");
        assert_eq!(grant(&supervisor, &resident).await.expect(409).code(), "wrong_state", "once");

        let id = resident.id.clone();
        assert_eq!(resident.client.enrol(&id, pin_key(&person)).await.expect(201).json["state"], "active");
        resident.client.unlock().await.expect(200);
        assert_eq!(world.verify(&world.present(&resident, "basic").await).await, "valid");
        world.app.deliver_mail().await.unwrap();
        assert!(world.letters().is_empty(), "there is nowhere to write to");

        // What is done with an address elsewhere works without one.
        assert_eq!(resident.client.get("/v1/me/contact").await.expect(200).json["email"], json!(null));
        resident.client.get("/v1/me/verifications").await.expect(200);
        let subject = resident.uuid();
        let acts = "SELECT COUNT(*) FROM audit_event WHERE subject_id = $1 AND action IN ('approval_asked', 'approval') \
            AND outcome = 'done'";
        assert_eq!(world.count(acts, subject).await, 2, "who asked and who granted");
        // Auditors see who does so with whom, and how often; approvals by one person are none of it.
        world.active(&world.people[1]).await;
        let pairs = async |since: i64| {
            let mut tx = world.context.db.read().await.unwrap();
            ikd::audit::ports::pairs(&mut tx, world.context.now().plus_seconds(since)).await.unwrap()
        };
        let [pair] = pairs(-DAY).await[..] else { panic!("one pair") };
        let mut tx = world.context.db.read().await.unwrap();
        let names = ikd::staff::ports::usernames(&mut tx, pair.chain).await.unwrap();
        drop(tx);
        assert_eq!((names[&pair.asked_by].as_str(), names[&pair.granted_by].as_str()), ("petugas", "penyelia"));
        assert_eq!((pair.times, pairs(1).await.len()), (1, 0));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_grants_an_own_an_old_a_foreign_or_a_changed_request() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let resident = waiting(&world, &world.people[0].clone()).await;
        let first = world.supervisor("penyelia", OFFICE).await;
        let second = world.supervisor("penyelia2", OFFICE).await;
        Offices::new(world.context.clone()).add("UJI-02", "Kantor Lain", Kind::Dinas).await.unwrap();
        let elsewhere = world.supervisor("penyelia3", "UJI-02").await;
        let officer = world.officer("petugas7", OFFICE).await;

        assert_eq!(grant(&second, &resident).await.expect(404).code(), "not_found", "not scanned here");
        world.scan(&first, &resident).await.expect(200);
        assert_eq!(grant(&second, &resident).await.expect(404).code(), "not_found", "nobody asked");
        assert_eq!(ask(&world, &second, &resident).await.expect(409).code(), "scan_required", "without the resident");
        ask(&world, &first, &resident).await.expect(204);
        let asked = version(&second, &resident).await;
        grant_of(&first, &resident, &asked).await.expect_problem(403, "forbidden");
        grant_of(&officer, &resident, &asked).await.expect_problem(403, "forbidden");
        grant_of(&elsewhere, &resident, &asked).await.expect_problem(404, "not_found");
        grant_of(&second, &resident, "0").await.expect_problem(409, "wrong_state");
        // What was asked for is the approval: nothing makes way by it.
        let release = format!("/v1/officer/registrations/{}/release/grant", resident.id);
        second.post(&release, &json!({"version": asked})).await.expect_problem(404, "not_found");

        world.selfie(&resident, "image/jpeg", support::world::portrait_bytes()).await.expect(200);
        grant_of(&second, &resident, &asked).await.expect_problem(404, "not_found");
        world.later(1);
        world.scan(&first, &resident).await.expect(200);
        ask(&world, &first, &resident).await.expect(204);
        let asked = version(&second, &resident).await;
        world.later(30 * MINUTE);
        let fresh = world.supervisor("penyelia4", OFFICE).await;
        grant_of(&fresh, &resident, &asked).await.expect_problem(404, "not_found");

        // Disabled since: what they asked for counts no more.
        world.scan(&fresh, &resident).await.expect(200);
        ask(&world, &fresh, &resident).await.expect(204);
        world.accounts().set_active(Realm::Office, "penyelia4", false).await.unwrap();
        let fifth = world.supervisor("penyelia5", OFFICE).await;
        grant(&fifth, &resident).await.expect_problem(404, "not_found");
        assert_eq!(world.state(&resident).await, "awaiting_officer");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_is_said_to_be_missing_and_given_up_before_the_approval_alone() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let person = world.people[0].clone();
        let phone = world.phone();
        let mut forgotten = world.registration(&person, "");
        phone.post("/v1/registrations", &forgotten).await.expect_problem(422, "invalid_field");
        forgotten.as_object_mut().unwrap().remove("email");
        phone.post("/v1/registrations", &forgotten).await.expect_problem(422, "invalid_field");
        let mut both = world.registration(&person, "siti@example.id");
        both["no_email"] = true.into();
        phone.post("/v1/registrations", &both).await.expect_problem(422, "invalid_field");

        // Given up at the counter, and found again.
        let resident = world.waiting(&person).await;
        let amend = async |change: Value| {
            resident.client.send(Method::PATCH, &resident.path(""), |request| request.json(&change)).await
        };
        assert!(amend(json!({"no_email": true})).await.expect(200).json.get("email_hint").is_none());
        let desk = world.desk().await;
        world.scan(desk, &resident).await.expect(200);
        ask(&world, desk, &resident).await.expect(204);
        let supervisor = world.supervisor("penyelia", OFFICE).await;
        let asked = version(&supervisor, &resident).await;
        amend(json!({"email": "siti@example.id"})).await.expect(200);
        grant_of(&supervisor, &resident, &asked).await.expect_problem(404, "not_found");
        world.later(1);
        world.scan(desk, &resident).await.expect(200);
        ask(&world, desk, &resident).await.expect_problem(409, "wrong_state");
        world.approve(desk, &resident).await.expect(200);
        amend(json!({"no_email": true})).await.expect_problem(409, "wrong_state");
        world.app.deliver_mail().await.unwrap();
        world.code(&resident);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_digital_ktp_makes_way_first_and_the_first_address_comes_later() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let person = world.people[0].clone();
        let old = world.active(&person).await;
        let mut new = waiting(&world, &person).await;
        let (desk, supervisor) = (world.desk().await, world.supervisor("penyelia", OFFICE).await);
        world.scan(desk, &new).await.expect(200);
        ask(&world, desk, &new).await.expect_problem(409, "already_active");
        world.decide(desk, &new, "release", &json!({"reason": "Ponsel hilang, wajah cocok"})).await.expect(204);
        let asked = version(&supervisor, &new).await;
        grant_of(&supervisor, &new, &asked).await.expect_problem(404, "not_found");
        let release = format!("/v1/officer/registrations/{}/release/grant", new.id);
        supervisor.post(&release, &json!({"version": asked})).await.expect(204);
        old.client.get("/v1/me").await.expect_problem(401, "session_ended");
        ask(&world, desk, &new).await.expect(204);
        grant(&supervisor, &new).await.expect(200);
        let id = new.id.clone();
        new.client.enrol(&id, pin_key(&person)).await.expect(201);

        // From the day after the first address can be given, as another one would be.
        world.later(DAY);
        new.client.unlock().await.expect(200);
        let (challenge, signature) = new.client.sign_challenge(&pin_key(&person), Purpose::Change).await;
        let ask = json!({"email": "siti.baru@example.id", "challenge": challenge, "signature": signature});
        let contact = new.client.post("/v1/me/contact", &ask).await.expect(202);
        assert_eq!(contact.json["email"], json!(null));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_correction_case_stands_in_the_way_of_this_approval_too() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let person = world.people[0].clone();
        let mut body = body(&world, &person);
        body["full_name"] = format!("{} BINTI", person.full_name).into();
        let resident = world.register_body(&person, &body).await;
        world.ready(&resident).await;
        let (desk, supervisor) = (world.desk().await, world.supervisor("penyelia", OFFICE).await);
        world.scan(desk, &resident).await.expect(200);
        ask(&world, desk, &resident).await.expect(204);
        let asked = version(&supervisor, &resident).await;
        // Opened between the two.
        let case = json!({"kind": "register_misspelling", "fields": ["full_name"]});
        resident.client.post(&resident.path("/correction"), &case).await.expect(201);
        let refused = grant_of(&supervisor, &resident, &asked).await;
        assert!(["wrong_state", "not_found"].contains(&refused.code()), "{}", refused.json);
        world.later(1);
        world.scan(desk, &resident).await.expect(200);
        ask(&world, desk, &resident).await.expect_problem(409, "wrong_state");
        assert_eq!(world.state(&resident).await, "awaiting_officer");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_third_person_calls_those_back_whom_the_lot_drew() {
    const PATH: &str = "/v1/officer/call-backs";
    each_engine(async |context| {
        let world = World::open_with(context, |config| config.limits.call_back_percent = 100).await;
        let resident = waiting(&world, &world.people[0].clone()).await;
        let asker = world.supervisor("peminta", OFFICE).await;
        let granter = world.supervisor("penyetuju", OFFICE).await;
        let third = world.supervisor("ketiga", OFFICE).await;
        Offices::new(world.context.clone()).add("UJI-02", "Kantor Lain", Kind::Dinas).await.unwrap();
        let elsewhere = world.supervisor("jauh", "UJI-02").await;
        world.scan(&asker, &resident).await.expect(200);
        ask(&world, &asker, &resident).await.expect(204);
        assert_eq!(third.get(PATH).await.expect(200).json["items"], json!([]));
        grant(&granter, &resident).await.expect(200);

        // Neither of the two learns that theirs was drawn, nor does another office.
        for officer in [&asker, &granter, &elsewhere] {
            assert_eq!(officer.get(PATH).await.expect(200).json["items"], json!([]));
        }
        let item = third.get(PATH).await.expect(200).json["items"][0].clone();
        assert_eq!((&item["registration_id"], &item["finding"]), (&json!(resident.id), &json!(null)));
        let say = async |officer: &Officer, finding: &str| {
            officer.post(&format!("{PATH}/{}", resident.id), &json!({"finding": finding})).await
        };
        for officer in [&asker, &granter, &elsewhere] {
            say(officer, "confirmed").await.expect_problem(404, "not_found");
        }
        world.officer("loket", OFFICE).await.get(PATH).await.expect_problem(403, "forbidden");
        say(&third, "maybe").await.expect(422);

        // Not reached is not the end; a word is.
        say(&third, "unreached").await.expect(204);
        let fourth = world.supervisor("keempat", OFFICE).await;
        let (one, two) = tokio::join!(say(&third, "denied"), say(&fourth, "confirmed"));
        let mut statuses = [one.status.as_u16(), two.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [204, 404], "the first word counts");
        let item = third.get(PATH).await.expect(200).json["items"][0].clone();
        let (word, who) = if one.status == 204 { ("denied", "ketiga") } else { ("confirmed", "keempat") };
        assert_eq!((&item["finding"], &item["called_by"]), (&json!(word), &json!(who)));
        world.later(91 * DAY);
        world.app.registrations.sweep().await.unwrap();
        let kept = "SELECT COUNT(*) FROM approval_call_back WHERE registration_id = $1";
        assert_eq!(world.count(kept, resident.uuid()).await, 0);
    })
    .await;
}
