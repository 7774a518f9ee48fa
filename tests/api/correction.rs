//! Correction cases: who opens them, who passes them on, that the register closes them, and that nothing of it tells what the register
//! says.

use ikd::clock::DAY;
use ikd::correction::model::Kind;
use ikd::office::{Kind as OfficeKind, Offices};
use ikd::register::{NewRecord, RegisterRecord, VitalStatus};
use reqwest::Method;
use serde_json::{Value, json};
use support::answer::Answer;
use support::client::Officer;
use support::each_engine;
use support::world::{Applicant, OFFICE, World, pin_key};

use crate::life::{newest_letter, recover, standing};

const PATH: &str = "/v1/officer/corrections";
const WORDS: &str = "Bawa dokumen yang diminta ke loket";

fn renamed(record: &RegisterRecord, name: &str) -> RegisterRecord {
    RegisterRecord { full_name: name.to_owned(), ..record.clone() }
}

pub async fn open(applicant: &Applicant, kind: &str, fields: &Value) -> Answer {
    applicant.client.post(&applicant.path("/correction"), &json!({"kind": kind, "fields": fields})).await
}

pub async fn case_of(applicant: &Applicant) -> Value {
    applicant.client.get(&applicant.path("")).await.expect(200).json["correction"].clone()
}

async fn check(world: &World) {
    world.app.registrations.checks.check_due().await.unwrap();
}

/// Somebody whose name the register spells otherwise, with the registration in the register check's hands.
pub async fn misspelt(world: &World, number: usize) -> (RegisterRecord, Applicant) {
    let right = renamed(&world.people[number], "SITI NURAINI BAGUS");
    let applicant = world.waiting(&right).await;
    check(world).await;
    (right, applicant)
}

pub async fn take(officer: &Officer, nik: &str, case: &Value) -> Answer {
    officer.post(PATH, &json!({"nik": nik, "reference": case["reference"]})).await
}

pub async fn step(officer: &Officer, view: &Value, act: &str) -> Answer {
    let case = &view["case"];
    let path = format!("{PATH}/{}/{act}", case["correction_id"].as_str().unwrap());
    let words = matches!(act, "return" | "refusal");
    let mut body = json!({"version": case["version"]});
    if words {
        body["reason"] = WORDS.into();
    }
    officer.post(&path, &body).await
}

/// The officer who has the resident before them opens a case.
async fn opened_by(world: &World, officer: &Officer, applicant: &Applicant, kind: &str, fields: Value) -> Answer {
    let body = json!({"kind": kind, "fields": fields, "reason": WORDS});
    world.decide(officer, applicant, "correction", &body).await
}

pub async fn sweep(world: &World) {
    world.app.corrections.sweep().await.unwrap();
    world.app.registrations.sweep().await.unwrap();
}

async fn subjects_to(world: &World, email: &str) -> Vec<String> {
    world.app.deliver_mail().await.unwrap();
    let letters = world.letters();
    letters.into_iter().filter(|letter| letter.to == email).map(|letter| letter.subject).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_case_of_a_registration_closes_with_the_import_and_the_registration_goes_on() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let (right, applicant) = misspelt(&world, 0).await;
        let wrong = world.people[0].full_name.clone();
        let before = applicant.client.get(&applicant.path("")).await.json["expires_at"].clone();
        let opened = open(&applicant, "register_misspelling", &json!(["full_name"])).await.expect(201).json;
        let case = &opened["correction"];
        assert_eq!((&case["state"], &case["fields"]), (&json!("opened"), &json!(["full_name"])));
        assert_eq!(case["guide"]["actor"], "office");
        assert!(case["guide"]["documents"].as_array().unwrap().len() >= 3 && case["office"].is_null());
        assert!(opened["expires_at"].as_str().unwrap() > before.as_str().unwrap(), "kept for 90 days");
        let again = open(&applicant, "name_change", &json!(["full_name"])).await.expect(201).json;
        assert_eq!(again["correction"]["correction_id"], case["correction_id"], "while one lives, it is the same");

        // The office that has the resident before it takes it by NIK and reference.
        let desk = world.desk().await;
        take(desk, world.people[1].nik.as_str(), case).await.expect_problem(404, "not_found");
        take(desk, right.nik.as_str(), &json!({"reference": "0000-0000"})).await.expect_problem(404, "not_found");
        let taken = take(desk, right.nik.as_str(), case).await.expect(200).json;
        assert_eq!(
            (&taken["case"]["state"], &taken["registered_name"]),
            (&json!("waiting_resident"), &json!(wrong)),
            "officers see both"
        );
        assert_eq!(
            take(desk, right.nik.as_str(), case).await.expect(200).json["case"]["version"],
            taken["case"]["version"]
        );
        let list = desk.get(PATH).await.expect(200).json;
        assert_eq!(list["items"][0]["reference"], case["reference"]);
        assert!(!list.to_string().contains(right.nik.as_str()) && !list.to_string().contains("NURAINI"));
        let passed = step(desk, &taken, "passing").await.expect(200).json;
        assert_eq!(passed["case"]["state"], "in_register");
        step(desk, &taken, "passing").await.expect_problem(409, "wrong_state");

        world.put(vec![right.clone()]).await;
        assert_eq!(case_of(&applicant).await["state"], "resolved", "with the commit of the import");
        assert_eq!(subjects_to(&world, &applicant.email).await[0], "Siap dilanjutkan");
        assert_eq!(desk.get(PATH).await.expect(200).json["items"], json!([]));
        check(&world).await;
        assert_eq!(world.scan(desk, &applicant).await.expect(200).json["check_result"], "match", "it was asked anew");
        world.approve(desk, &applicant).await.expect(200);

        // What the register had said stands in no answer to the resident and in no message.
        let told = case_of(&applicant).await.to_string();
        let letters = world.letters();
        let texts: Vec<_> = letters.iter().filter(|letter| letter.to == applicant.email).collect();
        let secrets = [wrong.as_str(), right.nik.as_str(), "NURAINI", "BAGUS"];
        for secret in secrets {
            assert!(!told.contains(secret) && !again.to_string().contains(secret), "{secret}");
            assert!(texts.iter().all(|letter| !letter.text.to_uppercase().contains(secret)), "{secret}");
        }
    })
    .await;
}

/// An answer without ids, times and what the resident typed.
fn shape(answer: &Answer) -> (u16, Value) {
    let mut json = answer.json.clone();
    for key in ["registration_id", "email_hint", "expires_at"] {
        json[key] = Value::Null;
    }
    for key in ["correction_id", "reference", "opened_at", "due_at", "expires_at"] {
        json["correction"][key] = Value::Null;
    }
    (answer.status.as_u16(), json)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_case_tells_nobody_what_the_register_says() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let today = ikd::register::Date::parse("2026-11-21").unwrap();
        let unknown = world.somebody(500_000, |record| record.eligible_on(today));
        let dead = RegisterRecord { vital_status: VitalStatus::Deceased, ..world.people[4].clone() };
        world.put(vec![dead.clone()]).await;
        let right = world.people[3].clone();
        let guesses = [renamed(&world.people[2], "SALAH TEBAK"), unknown, dead, right.clone()];
        let (mut first, mut applicants) = (None, Vec::new());
        for person in &guesses {
            let applicant = world.waiting(person).await;
            check(&world).await;
            let opened = open(&applicant, "register_misspelling", &json!(["full_name"])).await;
            let seen = applicant.client.get(&applicant.path("")).await;
            let shapes = (shape(&opened), shape(&seen));
            assert_eq!(first.get_or_insert_with(|| shapes.clone()), &shapes);
            applicants.push(applicant);
        }
        // The register says again what it said: neither the right guess nor a wrong one learns by that.
        world.put(vec![world.people[2].clone(), right]).await;
        check(&world).await;
        for applicant in &applicants {
            assert_eq!(case_of(applicant).await["state"], "opened");
            assert!(!subjects_to(&world, &applicant.email).await.contains(&String::from("Siap dilanjutkan")));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_nik_has_three_cases_in_thirty_days_whoever_is_faster() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let mut applicants = Vec::new();
        for _ in 0..6 {
            applicants.push(world.waiting(&renamed(&world.people[0], "SALAH TEBAK")).await);
        }
        let fields = json!(["full_name"]);
        let opened = applicants.iter().map(|applicant| open(applicant, "register_misspelling", &fields));
        let answers = futures_util::future::join_all(opened).await;
        let codes: Vec<_> = answers.iter().map(|answer| answer.status.as_u16()).collect();
        assert_eq!(codes.iter().filter(|code| **code == 201).count(), 3, "{codes:?}");
        assert_eq!(codes.iter().filter(|code| **code == 429).count(), 3, "{codes:?}");
        // A stranger's tries use up nothing of whoever stands at a counter.
        let refused = applicants.iter().zip(&codes).find(|(_, code)| **code == 429).unwrap().0;
        let desk = world.desk().await;
        world.scan(desk, refused).await.expect(200);
        opened_by(&world, desk, refused, "register_misspelling", fields).await.expect(201);
    })
    .await;
}

/// What the register says in the end for a case of each kind, and who registers with what.
struct Sort {
    kind: Kind,
    before: Option<RegisterRecord>,
    submitted: RegisterRecord,
    after: RegisterRecord,
    portrait: Option<Vec<u8>>,
    fields: Value,
}

fn sorts(world: &World) -> Vec<Sort> {
    let today = ikd::register::Date::parse("2026-11-21").unwrap();
    let unknown = world.somebody(500_000, |record| record.eligible_on(today));
    let people = &world.people;
    let plain = |kind, number: usize, submitted: RegisterRecord, after: RegisterRecord, fields| Sort {
        kind,
        before: Some(people[number].clone()),
        submitted,
        after,
        portrait: None,
        fields,
    };
    let named = |number: usize| renamed(&people[number], "NAMA YANG BENAR");
    let mut picture = image::RgbImage::new(300, 400);
    picture.enumerate_pixels_mut().for_each(|(x, y, pixel)| pixel.0 = [(x % 250) as u8, (y % 250) as u8, 90]);
    let mut jpeg = Vec::new();
    image::codecs::jpeg::JpegEncoder::new_with_quality(&mut jpeg, 70).encode_image(&picture).unwrap();
    let moved = RegisterRecord { address: "JALAN BARU 7".into(), ..people[3].clone() };
    let dead = RegisterRecord { vital_status: VitalStatus::Deceased, ..people[6].clone() };
    vec![
        plain(Kind::RegisterMisspelling, 1, named(1), named(1), json!(["full_name"])),
        plain(Kind::NameChange, 2, named(2), named(2), json!(["full_name"])),
        plain(Kind::ElementChange, 3, people[3].clone(), moved, json!(["address"])),
        Sort { before: None, ..plain(Kind::NikNotOnline, 0, unknown.clone(), unknown, json!([])) },
        plain(Kind::DuplicateNik, 5, named(5), named(5), json!([])),
        Sort { before: Some(dead), ..plain(Kind::WrongDeath, 6, people[6].clone(), people[6].clone(), json!([])) },
        Sort {
            portrait: Some(jpeg),
            ..plain(Kind::PortraitOld, 7, people[7].clone(), people[7].clone(), json!(["portrait"]))
        },
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_officer_opens_every_kind_and_the_register_closes_each() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let (desk, supervisor) = (world.desk().await, world.supervisor("penyelia", OFFICE).await);
        for sort in sorts(&world) {
            let kind: &'static str = sort.kind.into();
            if let Some(before) = sort.before {
                world.put(vec![before]).await;
            }
            let applicant = world.waiting(&sort.submitted).await;
            world.scan(desk, &applicant).await.expect(200);
            if !matches!(sort.kind, Kind::ElementChange | Kind::PortraitOld) {
                // What differs cannot be approved away while the case is open.
                let view = opened_by(&world, desk, &applicant, kind, sort.fields.clone()).await.expect(201).json;
                assert_eq!(view["case"]["state"], "waiting_resident", "{kind}");
                world.approve(desk, &applicant).await.expect_problem(409, "wrong_state");
            } else {
                opened_by(&world, desk, &applicant, kind, sort.fields.clone()).await.expect(201);
            }
            let case = case_of(&applicant).await;
            assert_eq!((&case["guide"]["kind"], &case["words"]), (&json!(kind), &json!(WORDS)), "{kind}");
            let view = desk.get(&format!("{PATH}/{}", case["correction_id"].as_str().unwrap())).await.expect(200).json;
            if sort.kind.takes_two() {
                step(desk, &view, "passing").await.expect_problem(409, "wrong_state");
                let asked = step(desk, &view, "request").await.expect(200).json;
                step(&supervisor, &asked, "request/grant").await.expect(200);
            } else {
                step(desk, &view, "passing").await.expect(200);
            }
            assert_eq!(case_of(&applicant).await["state"], "in_register", "{kind}");
            let new = NewRecord { record: sort.after, portrait: sort.portrait };
            world.population_register().put(vec![new]).await.unwrap();
            assert_eq!(case_of(&applicant).await["state"], "resolved", "{kind}");
            assert_eq!(subjects_to(&world, &applicant.email).await[0], "Siap dilanjutkan", "{kind}");
            check(&world).await;
            let seen = world.scan(desk, &applicant).await.expect(200).json;
            assert_eq!(seen["check_result"], "match", "{kind}");
            applicant.client.delete(&applicant.path("")).await.expect(200);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_mistyped_types_again() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let (_, applicant) = misspelt(&world, 0).await;
        open(&applicant, "typing_error", &json!(["full_name"])).await.expect_problem(422, "invalid_field");
        let desk = world.desk().await;
        world.scan(desk, &applicant).await.expect(200);
        opened_by(&world, desk, &applicant, "typing_error", json!(["address"]))
            .await
            .expect_problem(422, "invalid_field");
        opened_by(&world, desk, &applicant, "typing_error", json!(["full_name"])).await.expect(201);
        let seen = applicant.client.get(&applicant.path("")).await.json;
        assert_eq!((&seen["state"], &seen["corrections"]), (&json!("needs_correction"), &json!(["full_name"])));
        let body = json!({"full_name": world.people[0].full_name});
        applicant.client.send(Method::PATCH, &applicant.path(""), |request| request.json(&body)).await.expect(200);
        check(&world).await;
        assert_eq!(case_of(&applicant).await["state"], "resolved");
        assert_eq!(subjects_to(&world, &applicant.email).await[0], "Siap dilanjutkan");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_passes_on_alone_elsewhere_late_or_on_an_old_screen() {
    each_engine(async |context| {
        let world = World::open(context).await;
        Offices::new(world.context.clone()).add("UJI-02", "Kantor Lain", OfficeKind::Dinas).await.unwrap();
        let (asker, granter) =
            (world.supervisor("penyelia-a", OFFICE).await, world.supervisor("penyelia-b", OFFICE).await);
        let (third, elsewhere) =
            (world.supervisor("penyelia-c", OFFICE).await, world.supervisor("jauh", "UJI-02").await);
        let (right, applicant) = misspelt(&world, 0).await;
        world.scan(&asker, &applicant).await.expect(200);
        let view = opened_by(&world, &asker, &applicant, "duplicate_nik", json!([])).await.expect(201).json;
        assert_eq!(
            (&view["may_pass_on"], &view["may_ask"], &view["may_grant"]),
            (&json!(false), &json!(true), &json!(false))
        );
        step(&granter, &view, "request/grant").await.expect_problem(409, "wrong_state");
        let asked = step(&asker, &view, "request").await.expect(200).json;
        step(&asker, &asked, "request/grant").await.expect_problem(403, "forbidden");
        step(world.desk().await, &asked, "request/grant").await.expect_problem(403, "forbidden");
        step(&granter, &view, "request/grant").await.expect_problem(409, "wrong_state");
        for act in ["passing", "request", "request/grant", "return", "refusal"] {
            step(&elsewhere, &asked, act).await.expect_problem(404, "not_found");
        }
        // No request is carried off to another office.
        take(&elsewhere, right.nik.as_str(), &asked["case"]).await.expect_problem(409, "wrong_state");

        world.later(7 * DAY + 1);
        let log_in =
            async |name: &str| world.log_in(&world.add_person(name, OFFICE, ikd::staff::Role::Supervisor).await).await;
        let (late, later) = (log_in("penyelia-d").await, log_in("penyelia-e").await);
        step(&late, &asked, "request/grant").await.expect_problem(409, "wrong_state");
        let anew = step(&later, &asked, "request").await.expect(200).json;
        step(&late, &asked, "request/grant").await.expect_problem(409, "wrong_state");
        // In the same second: one of two.
        let other = log_in("penyelia-f").await;
        let (one, two) = tokio::join!(step(&late, &anew, "request/grant"), step(&other, &anew, "request/grant"));
        let mut codes = [one.status.as_u16(), two.status.as_u16()];
        codes.sort_unstable();
        assert_eq!(codes, [200, 409]);
        assert_eq!(case_of(&applicant).await["state"], "in_register");
        drop((granter, third));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_case_goes_to_and_fro_is_refused_and_another_can_be_opened() {
    each_engine(async |context| {
        let world = World::open(context).await;
        Offices::new(world.context.clone()).add("UJI-02", "Kantor Lain", OfficeKind::Dinas).await.unwrap();
        let (desk, elsewhere) = (world.desk().await, world.officer("jauh", "UJI-02").await);
        let (right, applicant) = misspelt(&world, 0).await;
        let fields = json!(["full_name"]);
        let opened = open(&applicant, "name_change", &fields).await.expect(201).json["correction"].clone();
        let taken = take(desk, right.nik.as_str(), &opened).await.expect(200).json;
        // The resident goes to another office: there it goes on.
        let there = take(&elsewhere, right.nik.as_str(), &opened).await.expect(200).json;
        step(desk, &taken, "passing").await.expect_problem(404, "not_found");
        let passed = step(&elsewhere, &there, "passing").await.expect(200).json;
        take(desk, right.nik.as_str(), &opened).await.expect_problem(409, "wrong_state");
        let back = step(&elsewhere, &passed, "return").await.expect(200).json;
        let seen = case_of(&applicant).await;
        assert_eq!(
            (&seen["state"], &seen["words"], &seen["office"]),
            (&json!("waiting_resident"), &json!(WORDS), &json!("Kantor Lain"))
        );
        assert_eq!(subjects_to(&world, &applicant.email).await[0], "Kasus data Anda menunggu Anda");
        step(&elsewhere, &passed, "refusal").await.expect_problem(409, "wrong_state");
        let path = format!("{PATH}/{}/refusal", opened["correction_id"].as_str().unwrap());
        let mute = json!({"version": back["case"]["version"], "reason": "aaa"});
        elsewhere.post(&path, &mute).await.expect_problem(422, "invalid_field");
        step(&elsewhere, &back, "refusal").await.expect(204);
        assert_eq!(case_of(&applicant).await["state"], "refused");
        assert_eq!(subjects_to(&world, &applicant.email).await[0], "Kasus data Anda ditolak");
        let another = open(&applicant, "register_misspelling", &fields).await.expect(201).json;
        assert_ne!(another["correction"]["correction_id"], opened["correction_id"]);
        // The register says what the refused one wanted: only the living one hears it.
        world.put(vec![right]).await;
        assert_eq!(case_of(&applicant).await["state"], "resolved");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_resident_may_go_on_with_the_registers_spelling_in_so_many_words() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let (right, mut applicant) = misspelt(&world, 0).await;
        let desk = world.desk().await;
        let path = applicant.path("/correction/spelling");
        let opened =
            open(&applicant, "register_misspelling", &json!(["full_name"])).await.expect(201).json["correction"]
                .clone();
        assert_eq!(opened["may_agree_to_spelling"], false, "no office has seen them");
        let agree = async |applicant: &Applicant, case: &Value, agreed: bool| {
            applicant.client.post(&path, &json!({"version": case["version"], "agreed": agreed})).await
        };
        agree(&applicant, &opened, true).await.expect_problem(409, "wrong_state");
        world.scan(desk, &applicant).await.expect(200);
        let taken = take(desk, right.nik.as_str(), &opened).await.expect(200).json["case"].clone();
        world.approve(desk, &applicant).await.expect_problem(409, "wrong_state");
        assert_eq!(case_of(&applicant).await["may_agree_to_spelling"], true);
        agree(&applicant, &taken, false).await.expect_problem(422, "invalid_field");
        agree(&applicant, &opened, true).await.expect_problem(409, "wrong_state");
        let agreed = agree(&applicant, &taken, true).await.expect(200).json;
        assert_eq!(agreed["correction"]["spelling_agreed"], true);
        agree(&applicant, &taken, true).await.expect(200);
        let resident = world.resident_id(&world.people[0]).await;
        let events =
            "SELECT CAST(COUNT(*) AS BIGINT) FROM life_event WHERE resident_id = $1 AND kind = 'spelling_agreed'";
        assert_eq!(world.count(events, resident).await, 1);
        world.approve(desk, &applicant).await.expect(200);
        world.app.deliver_mail().await.unwrap();
        world.activate(&mut applicant).await.expect(200);
        let card = applicant.client.get("/v1/me").await.expect(200).json;
        assert_eq!(card["attributes"]["full_name"], json!(world.people[0].full_name), "as the register spells it");
        // The register is still wrong: the case is the holder's now, and closes when it is put right.
        let mine = async || applicant.client.get("/v1/me/corrections").await.expect(200).json["items"][0].clone();
        assert_eq!(mine().await["correction_id"], opened["correction_id"]);
        world.put(vec![right]).await;
        let phone = standing(&applicant).await;
        assert_eq!(phone.1, "register_changed", "another name waits for the holder's word");
        let sql = "SELECT CAST(COUNT(*) AS BIGINT) FROM correction WHERE resident_id = $1 AND state = 'resolved'";
        assert_eq!(world.count(sql, resident).await, 1);
        assert!(subjects_to(&world, &applicant.email).await.contains(&String::from("Siap dilanjutkan")));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_a_name_is_agreed_to() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let person = &world.people[0];
        let born = person.birth_date.plus_days(1).unwrap();
        let applicant = world.waiting(&RegisterRecord { birth_date: born, ..person.clone() }).await;
        let desk = world.desk().await;
        world.scan(desk, &applicant).await.expect(200);
        let view =
            opened_by(&world, desk, &applicant, "register_misspelling", json!(["birth_date"])).await.expect(201).json;
        let body = json!({"version": view["case"]["version"], "agreed": true});
        let refused = applicant.client.post(&applicant.path("/correction/spelling"), &body).await;
        refused.expect_problem(409, "wrong_state");
        world.approve(desk, &applicant).await.expect_problem(409, "wrong_state");
        // The office's judgement stands above its own case: refused, it is in nobody's way.
        step(desk, &view, "refusal").await.expect(204);
        world.approve(desk, &applicant).await.expect(200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_holder_says_what_is_wrong_on_the_card_and_it_closes_by_itself() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let person = world.people[0].clone();
        let holder = world.active(&person).await;
        let mine = "/v1/me/corrections";
        let open = async |body: Value| holder.client.post(mine, &body).await;
        open(json!({"kind": "wrong_death"})).await.expect_problem(422, "invalid_field");
        open(json!({"kind": "element_change"})).await.expect_problem(422, "invalid_field");
        open(json!({"kind": "register_misspelling", "fields": ["full_name"]}))
            .await
            .expect_problem(422, "invalid_field");
        let same = json!({"kind": "register_misspelling", "fields": ["full_name"], "full_name": person.full_name});
        open(same).await.expect_problem(409, "wrong_state");
        let element = json!({"kind": "element_change", "fields": ["address", "occupation"]});
        let first = open(element.clone()).await.expect(201).json;
        assert_eq!(newest_letter(&world, &holder).await.0, "Kasus data Anda dibuka");
        assert_eq!(open(element).await.expect(201).json["correction_id"], first["correction_id"]);
        let name = json!({"kind": "name_change", "fields": ["full_name"], "full_name": "Nama Baru Sekali"});
        let second = open(name).await.expect(201).json;
        let states = async || {
            let items = holder.client.get(mine).await.expect(200).json["items"].clone();
            items.as_array().unwrap().iter().map(|item| item["state"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(states().await, ["opened", "opened"]);
        let desk = world.desk().await;
        let taken = take(desk, person.nik.as_str(), &second).await.expect(200).json;
        step(desk, &taken, "passing").await.expect(200);

        let moved = RegisterRecord { address: "JALAN BARU 7".into(), ..person.clone() };
        world.put(vec![moved.clone()]).await;
        assert_eq!(states().await, ["in_register", "opened"], "one of the two elements");
        world.put(vec![RegisterRecord { occupation: "PETANI".into(), ..moved.clone() }]).await;
        assert_eq!(states().await, ["in_register", "resolved"]);
        assert!(subjects_to(&world, &holder.email).await.contains(&String::from("Siap dilanjutkan")));
        // Four in thirty days are one too many, whatever they are about.
        open(json!({"kind": "portrait_old", "fields": ["portrait"]})).await.expect(201);
        let more = json!({"kind": "element_change", "fields": ["religion"]});
        open(more).await.expect_problem(429, "too_many");
        let events =
            "SELECT CAST(COUNT(*) AS BIGINT) FROM life_event WHERE resident_id = $1 AND kind = 'correction_resolved'";
        assert_eq!(world.count(events, world.resident_id(&person).await).await, 1);
        holder.client.get("/v1/corrections").await.expect(200);
    })
    .await;
}

async fn proof(holder: &Applicant) -> Value {
    let purpose = ikd::device::Purpose::Unlock;
    let (challenge, signature) = holder.client.sign_challenge(&pin_key(&holder.record), purpose).await;
    json!({"challenge": challenge, "signature": signature})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn not_my_data_and_i_am_alive_are_said_on_the_phone() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let (person, other) = (world.people[0].clone(), world.people[1].clone());
        let (holder, dead) = (world.active(&person).await, world.active(&other).await);
        let path = "/v1/corrections";
        holder.client.post(path, &json!({})).await.expect_problem(409, "wrong_state");
        let none = proof(&holder).await;
        holder.client.post(path, &none).await.expect_problem(409, "wrong_state");
        world.phone().post(path, &json!({})).await.expect_problem(404, "not_found");

        world.put(vec![renamed(&person, "ORANG LAIN")]).await;
        holder.client.post(path, &json!({})).await.expect_problem(409, "wrong_state");
        holder.client.post(path, &json!({"challenge": "x"})).await.expect_problem(422, "challenge_invalid");
        let opened = holder.client.post(path, &proof(&holder).await).await.expect(201).json;
        assert_eq!((&opened["guide"]["kind"], &opened["fields"]), (&json!("duplicate_nik"), &json!(["full_name"])));
        assert!(!opened.to_string().contains("ORANG LAIN") && !opened.to_string().contains(&person.full_name));
        let again = holder.client.post(path, &proof(&holder).await).await.expect(201).json;
        assert_eq!(again["correction_id"], opened["correction_id"]);
        world.put(vec![person.clone()]).await;
        let listed = holder.client.get(path).await.expect(200).json["items"][0].clone();
        assert_eq!(listed["state"], "resolved", "the register says again what it had said");

        world.put(vec![RegisterRecord { vital_status: VitalStatus::Deceased, ..other.clone() }]).await;
        let opened = dead.client.post(path, &json!({})).await.expect(201).json;
        assert_eq!(opened["guide"]["kind"], "wrong_death");
        let (desk, supervisor) = (world.desk().await, world.supervisor("penyelia", OFFICE).await);
        let taken = take(desk, other.nik.as_str(), &opened).await.expect(200).json;
        assert_eq!((&taken["registered_name"], &taken["has_portrait"]), (&json!(other.full_name), &json!(true)));
        let picture = format!("{PATH}/{}/portrait", opened["correction_id"].as_str().unwrap());
        assert_eq!(desk.get(&picture).await.expect(200).header("content-type"), "image/jpeg");
        step(desk, &taken, "passing").await.expect_problem(409, "wrong_state");
        let asked = step(desk, &taken, "request").await.expect(200).json;
        step(&supervisor, &asked, "request/grant").await.expect(200);
        world.put(vec![other.clone()]).await;
        assert_eq!(dead.client.get(path).await.expect(200).json["items"][0]["state"], "resolved");
        assert!(subjects_to(&world, &dead.email).await.contains(&String::from("Siap dilanjutkan")));
        recover(&world, &dead).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_case_lapses_after_ninety_days_and_its_registration_is_kept_as_long() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let (_, applicant) = misspelt(&world, 0).await;
        let holder = world.active(&world.people[1]).await;
        open(&applicant, "name_change", &json!(["full_name"])).await.expect(201);
        let element = json!({"kind": "element_change", "fields": ["religion"]});
        holder.client.post("/v1/me/corrections", &element).await.expect(201);
        world.later(89 * DAY);
        sweep(&world).await;
        assert_eq!(world.state(&applicant).await, "awaiting_officer");
        assert_eq!(case_of(&applicant).await["state"], "opened");
        world.later(DAY);
        assert_eq!(case_of(&applicant).await["state"], "lapsed", "by the clock alone");
        sweep(&world).await;
        let sql = "SELECT CAST(COUNT(*) AS BIGINT) FROM correction WHERE resident_id = $1 AND state = 'lapsed'";
        assert_eq!(world.count(sql, world.resident_id(&world.people[1]).await).await, 1);
        assert!(subjects_to(&world, &holder.email).await.contains(&String::from("Kasus data Anda berakhir")));
        // And then it is forgotten.
        world.later(91 * DAY);
        sweep(&world).await;
        let any = "SELECT CAST(COUNT(*) AS BIGINT) FROM correction WHERE resident_id = $1";
        assert_eq!(world.count(any, world.resident_id(&world.people[1]).await).await, 0);
    })
    .await;
}
