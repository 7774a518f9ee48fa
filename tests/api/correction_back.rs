//! Who opened a correction case takes it back, and is reminded once before it lapses.

use ikd::clock::DAY;
use ikd::correction::model::{LIFE_DAYS, REMIND_SECONDS};
use ikd::register::RegisterRecord;
use serde_json::{Value, json};
use support::each_engine;
use support::world::{Applicant, World};

async fn opened(world: &World, person: usize) -> Applicant {
    let applicant = world.waiting(&world.people[person]).await;
    let body = json!({"kind": "name_change", "fields": ["full_name"]});
    applicant.client.post(&applicant.path("/correction"), &body).await.expect(201);
    applicant
}

/// The register spells the name otherwise, and an officer who has the resident before them opens a case.
async fn opened_by_office(world: &World, person: usize) -> Applicant {
    let right = RegisterRecord { full_name: "SITI NURAINI BAGUS".to_owned(), ..world.people[person].clone() };
    let applicant = world.waiting(&right).await;
    world.app.registrations.checks.check_due().await.unwrap();
    let desk = world.desk().await;
    world.scan(desk, &applicant).await.expect(200);
    let body =
        json!({"kind": "register_misspelling", "fields": ["full_name"], "reason": "Bawa akta kelahiran ke loket"});
    world.decide(desk, &applicant, "correction", &body).await.expect(201);
    applicant
}

async fn own(holder: &Applicant, kind: &str, fields: Value) -> String {
    let body = json!({"kind": kind, "fields": fields});
    holder.client.post("/v1/me/corrections", &body).await.expect(201).text("correction_id")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_opened_a_case_takes_it_back_and_nobody_else() {
    each_engine(async |context| {
        let world = World::open(context).await;
        // Whoever registers.
        let applicant = opened(&world, 0).await;
        let path = applicant.path("/correction");
        let other = world.waiting(&world.people[1]).await;
        other.client.delete(&path).await.expect_problem(404, "not_found");
        other.client.delete(&other.path("/correction")).await.expect_problem(404, "not_found");
        let status = applicant.client.get(&applicant.path("")).await.expect(200).json;
        assert_eq!(status["correction"]["may_withdraw"], true);
        let back = applicant.client.delete(&path).await.expect(200).json;
        assert_eq!(
            (&back["correction"]["state"], &back["correction"]["may_withdraw"]),
            (&json!("withdrawn"), &json!(false))
        );
        assert_eq!(back["state"], "awaiting_officer", "the registration goes on");
        applicant.client.delete(&path).await.expect(200);
        let body = json!({"kind": "name_change", "fields": ["full_name"]});
        // The one that lives is found, whatever ended in the same millisecond: the clock of this test stands still.
        for _ in 0..2 {
            let again = applicant.client.post(&path, &body).await.expect(201).json;
            assert_eq!(again["correction"]["state"], "opened");
            for _ in 0..3 {
                let same = applicant.client.post(&path, &body).await.expect(201).json;
                assert_eq!(same["correction"], again["correction"]);
            }
        }

        // A holder, who is told; an office that has it cannot go on with it.
        let holder = world.active(&world.people[2]).await;
        let stranger = world.active(&world.people[3]).await;
        let id = own(&holder, "element_change", json!(["religion"])).await;
        let path = format!("/v1/me/corrections/{id}");
        stranger.client.delete(&path).await.expect_problem(404, "not_found");
        holder.client.delete(&format!("/v1/corrections/{id}")).await.expect_problem(404, "not_found");
        let case = holder.client.get("/v1/me/corrections").await.expect(200).json["items"][0].clone();
        let taking = json!({"nik": holder.record.nik, "reference": case["reference"]});
        let taken = world.desk().await.post("/v1/officer/corrections", &taking).await.expect(200).json;
        world.app.deliver_mail().await.unwrap();
        let told = world.letters_to(&holder.email);
        assert_eq!(holder.client.delete(&path).await.expect(200).json["state"], "withdrawn");
        assert_eq!(holder.client.delete(&path).await.expect(200).json["state"], "withdrawn");
        world.app.deliver_mail().await.unwrap();
        assert_eq!(world.letters_to(&holder.email), told + 1, "once");
        let on = format!("/v1/officer/corrections/{id}/passing");
        let refused = world.desk().await.post(&on, &json!({"version": taken["case"]["version"]})).await;
        assert!(refused.status.is_client_error(), "{}", refused.body());

        // What an office opened it ends itself.
        let visitor = opened_by_office(&world, 4).await;
        let status = visitor.client.get(&visitor.path("")).await.expect(200).json;
        assert_eq!(status["correction"]["may_withdraw"], false);
        visitor.client.delete(&visitor.path("/correction")).await.expect_problem(409, "wrong_state");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_to_come_is_reminded_once_fourteen_days_before_the_end() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let holder = world.active(&world.people[0]).await;
        own(&holder, "element_change", json!(["religion"])).await;
        let withdrawn = own(&holder, "portrait_old", json!(["portrait"])).await;
        holder.client.delete(&format!("/v1/me/corrections/{withdrawn}")).await.expect(200);
        // Whoever registers, once an officer has seen them; who opened it alone may have written anybody's address.
        let seen = opened_by_office(&world, 1).await;
        let alone = opened(&world, 2).await;
        let reminders = async || {
            world.app.deliver_mail().await.unwrap();
            let due = ["Kasus data Anda segera berakhir", "Kasus data Anda menunggu Anda"];
            let letters = world.letters();
            let to = |email: &str, subject: &str| {
                letters.iter().filter(|letter| letter.to == email && letter.subject == subject).count()
            };
            (to(&holder.email, due[1]), to(&seen.email, due[0]), to(&alone.email, due[0]))
        };
        let sweep = async || {
            let (one, two) = tokio::join!(world.app.corrections.sweep(), world.app.corrections.sweep());
            (one.unwrap(), two.unwrap())
        };
        sweep().await;
        assert_eq!(reminders().await, (0, 0, 0));
        world.later(LIFE_DAYS * DAY - REMIND_SECONDS - 1);
        sweep().await;
        assert_eq!(reminders().await, (0, 0, 0), "a second too early");
        world.later(1);
        sweep().await;
        assert_eq!(reminders().await, (1, 1, 0));
        for _ in 0..3 {
            world.later(DAY);
            sweep().await;
        }
        assert_eq!(reminders().await, (1, 1, 0), "once");
        // No personal data but the first name, no NIK, no kind of data.
        for letter in world.letters().iter().filter(|letter| letter.subject.starts_with("Kasus data Anda")) {
            let all = format!("{} {}", letter.subject, letter.text);
            for person in &world.people[..3] {
                let rest = person.full_name.split_whitespace().skip(1).collect::<Vec<_>>();
                assert!(!all.contains(person.nik.as_str()));
                assert!(rest.is_empty() || !all.to_uppercase().contains(&rest.join(" ")));
            }
        }
    })
    .await;
}
