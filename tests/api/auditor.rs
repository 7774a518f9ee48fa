//! What auditors do across offices: they search with a reason, open the data of a subject, which its head is told of, and check the chains.
//! Nobody else does, and the log of their looking is the office's.

use ikd::staff::Role;
use serde_json::{Value, json};
use support::each_engine;
use support::world::{OFFICE, World};
use uuid::Uuid;

use crate::staffing::{Official, invited_head, official};

const SEARCHES: &str = "/v1/admin/audit/searches";
const OPENINGS: &str = "/v1/admin/audit/openings";
const CHECKS: &str = "/v1/admin/audit/checks";

fn opening(subject: &str) -> Value {
    json!({"office": OFFICE, "subject_id": subject, "reason": "Keluhan warga tentang datanya"})
}

/// Checks a chain from its beginning; gives how many steps that took, and whether all were sound.
async fn check(auditor: &Official<'_>, chain: &Value) -> bool {
    let (mut after, mut sound) = (json!(0), true);
    while !after.is_null() {
        let part = auditor.post(CHECKS, &json!({"chain": chain, "after": after})).await.expect(200).json;
        sound &= part["sound"] == true;
        after = part["next"].clone();
    }
    sound
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_auditor_searches_any_office_and_opens_data_before_the_eyes_of_its_head() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let head = invited_head(&world).await;
        let desk = world.officer("loket", OFFICE).await;
        let person = &world.people[4];
        let applicant = world.waiting(person).await;
        world.scan(&desk, &applicant).await.expect(200);
        let auditor = official(&world, "auditor", Role::Auditor).await;
        let wanted = json!({"reason": "Pemeriksaan triwulan", "office": OFFICE, "action": "scan"});
        let found = auditor.post(SEARCHES, &wanted).await.expect(200).json;
        let line = &found["items"][0];
        assert_eq!((&line["actor"], &line["subject_id"]), (&json!("loket"), &json!(applicant.id)));
        assert!(!found.to_string().contains(&person.full_name), "the log names no resident");
        for (body, field) in [
            (json!({"reason": "aaaaaaa", "office": OFFICE}), "reason"),
            (json!({"reason": "Pemeriksaan", "office": "TIDAK-ADA"}), "office"),
            (json!({"reason": "Pemeriksaan", "action": "tidak_ada"}), "action"),
            (json!({"reason": "Pemeriksaan", "first_day": "x"}), "first_day"),
        ] {
            let refused = auditor.post(SEARCHES, &body).await;
            assert_eq!(refused.json["fields"][0]["field"], field);
            refused.expect_problem(422, "invalid_field");
        }

        // No way to search without a trace: a cursor that was made up goes on with nothing.
        let mut silent = wanted.clone();
        silent["cursor"] = "f_________8".into();
        auditor.post(SEARCHES, &silent).await.expect_problem(400, "malformed_request");

        // The head hears of the own log-in from a new browser first.
        world.app.deliver_mail().await.unwrap();
        // The data, once; the head reads who and why, and gets a message that names nobody.
        let data = auditor.post(OPENINGS, &opening(&applicant.id)).await.expect(200).json;
        assert_eq!((&data["nik"], &data["full_name"]), (&json!(person.nik.as_str()), &json!(person.full_name)));
        auditor.post(OPENINGS, &opening(&Uuid::from_u128(9).to_string())).await.expect_problem(404, "not_found");
        let before = world.letters_to("kepala-baru@dukcapil.example");
        world.app.deliver_mail().await.unwrap();
        let letters: Vec<_> =
            world.letters().into_iter().filter(|letter| letter.to == "kepala-baru@dukcapil.example").collect();
        assert_eq!(letters.len(), before + 1);
        let told = letters.iter().find(|letter| letter.text.contains("auditor")).expect("a message");
        for word in [person.full_name.as_str(), person.nik.as_str(), &applicant.id, "Keluhan", "auditor."] {
            assert!(!told.text.contains(word) || word == "auditor.", "{word}");
        }
        let log =
            head.post("/v1/officer/audit/searches", &json!({"reason": "Surel tentang auditor"})).await.expect(200);
        let reasons: Vec<_> = log.json["items"].as_array().unwrap().iter().map(|one| &one["reason"]).collect();
        for reason in ["Keluhan warga tentang datanya", "Pemeriksaan triwulan"] {
            assert!(reasons.contains(&&json!(reason)), "{reason}");
        }
        let opened = json!({"reason": "Surel tentang auditor", "action": "subject_opened"});
        let log = head.post("/v1/officer/audit/searches", &opened).await.expect(200);
        let items = log.json["items"].as_array().unwrap();
        let done: Vec<_> = items.iter().filter(|one| one["outcome"] == "done").map(|one| &one["subject_id"]).collect();
        assert_eq!((items.len(), done), (2, vec![&json!(applicant.id)]), "the refused one stands there too");

        // Ten a day, whoever is opened.
        for _ in 0..9 {
            auditor.post(OPENINGS, &opening(&applicant.id)).await.expect(200);
        }
        auditor.post(OPENINGS, &opening(&applicant.id)).await.expect_problem(429, "too_many");
        let administrator = official(&world, "pusat", Role::Administrator).await;
        administrator.post(SEARCHES, &wanted).await.expect_problem(403, "forbidden");
        administrator.post(OPENINGS, &opening(&applicant.id)).await.expect_problem(403, "forbidden");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_auditor_finds_what_was_altered_in_any_chain() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let desk = world.officer("loket", OFFICE).await;
        let applicant = world.waiting(&world.people[4]).await;
        world.scan(&desk, &applicant).await.expect(200);
        let auditor = official(&world, "auditor", Role::Auditor).await;
        let listed = auditor.get("/v1/admin/audit/chains").await.expect(200).json;
        let chains = listed["items"].as_array().unwrap();
        assert_eq!((chains.len(), &chains[0]["office"], &chains[1]["office"]), (2, &Value::Null, &json!(OFFICE)));
        for chain in chains {
            assert!(check(&auditor, &chain["chain"]).await, "{chain}");
        }
        // An entry is altered: its chain is not sound, and the other one is.
        let office: Uuid = chains[1]["chain"].as_str().unwrap().parse().unwrap();
        world.change("UPDATE audit_event SET outcome = 'failed' WHERE chain = $1 AND seq = 2", office).await;
        assert!(!check(&auditor, &chains[1]["chain"]).await);
        assert!(check(&auditor, &chains[0]["chain"]).await);
        auditor.post(CHECKS, &json!({"chain": Uuid::from_u128(5)})).await.expect_problem(404, "not_found");
    })
    .await;
}

/// Each act once, for the test that all are written.
pub async fn every_act(world: &World, registration: &str) {
    let auditor = official(world, "auditor-tindakan", Role::Auditor).await;
    auditor.post(SEARCHES, &json!({"reason": "Pemeriksaan triwulan"})).await.expect(200);
    auditor.post(OPENINGS, &opening(registration)).await.expect(200);
    auditor.post(CHECKS, &json!({"chain": Uuid::nil()})).await.expect(200);
}
