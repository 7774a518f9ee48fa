//! "I do not know this check": the holder reports it, the relying party answers in its time.

use ikd::attribute::AttributeSet;
use ikd::clock::{DAY, HOUR};
use reqwest::Method;
use serde_json::{Value, json};
use support::answer::Answer;
use support::each_engine;
use support::world::{Applicant, World, pin_key, purpose};

use crate::life::newest_letter;

const MINE: &str = "/v1/me/disputes";
const THEIRS: &str = "/v1/disputes";

pub async fn check(world: &World, holder: &Applicant) -> String {
    let token = world.present(holder, "basic").await;
    world.later(1);
    world.bank().verify(&token, "open_account", &world.key()).await.expect(200).text("verification_id")
}

pub async fn dispute(holder: &Applicant, check: &str) -> Answer {
    holder.client.post(MINE, &json!({"verification_id": check})).await
}

pub async fn answer(world: &World, key: &str, id: &str, finding: &str, words: &str) -> Answer {
    let body = json!({"finding": finding, "words": words});
    world.request(Method::POST, &format!("{THEIRS}/{id}/answer")).bearer(key).json(&body).send().await
}

async fn theirs(world: &World, key: &str) -> Vec<Value> {
    let list = world.get(THEIRS).bearer(key).send().await.expect(200).json;
    list["items"].as_array().unwrap().clone()
}

async fn mine(holder: &Applicant) -> Vec<Value> {
    holder.client.get(MINE).await.expect(200).json["items"].as_array().unwrap().clone()
}

async fn unlocked_again(holder: &Applicant) {
    holder.client.unlock_with(&pin_key(&holder.record)).await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_holder_asks_and_the_party_that_checked_answers_once() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let (holder, other) = (world.active(&world.people[0]).await, world.active(&world.people[1]).await);
        let (known, unknown) = (check(&world, &holder).await, check(&world, &holder).await);
        let parties = &world.app.relying_parties;
        let clinic = parties.add("Klinik Uji", AttributeSet::FULL, &[purpose("open_account")]).await.unwrap();
        let (bank, clinic) = (world.api_key.clone(), clinic.1.expose());

        dispute(&other, &unknown).await.expect_problem(404, "not_found");
        let opened = dispute(&holder, &unknown).await.expect(201).json;
        assert_eq!((&opened["state"], &opened["relying_party"]), (&json!("asked_party"), &json!("Bank Uji")));
        assert_eq!((&opened["purpose"]["text"], &opened["answer"]), (&json!("Tujuan open_account"), &Value::Null));
        // Ten working days from a Saturday on, to the end of the day in Jakarta.
        assert_eq!(opened["due_at"], "2026-12-04T17:00:00Z");
        assert_eq!(dispute(&holder, &unknown).await.expect(201).json, opened, "said again it is the same");
        assert_eq!(newest_letter(&world, &holder).await.0, "Anda melaporkan sebuah pemeriksaan");
        assert_eq!(mine(&holder).await, std::slice::from_ref(&opened));
        assert!(mine(&other).await.is_empty());

        let asked = theirs(&world, &bank).await;
        assert!(theirs(&world, &clinic).await.is_empty());
        let members: Vec<_> = asked[0].as_object().unwrap().keys().map(String::as_str).collect();
        let expected = [
            "answer",
            "asked_at",
            "dispute_id",
            "due_at",
            "ending",
            "purpose",
            "state",
            "verification_id",
            "verified_at",
        ];
        assert_eq!(members, expected, "nothing of the holder");
        assert_eq!((&asked[0]["verification_id"], &asked[0]["purpose"]), (&json!(unknown), &json!("open_account")));

        let id = opened["dispute_id"].as_str().unwrap();
        let words = "Pembukaan rekening di cabang Denpasar";
        answer(&world, &clinic, id, "misused", words).await.expect_problem(404, "not_found");
        answer(&world, &bank, id, "maybe", words).await.expect_problem(422, "invalid_field");
        answer(&world, &bank, id, "misused", "...").await.expect_problem(422, "invalid_field");
        world.later(HOUR);
        let answered = answer(&world, &bank, id, "holder_was_there", words).await.expect(200).json;
        assert_eq!((&answered["state"], &answered["answer"]["words"]), (&json!("answered"), &json!(words)));
        world.later(1);
        let again = answer(&world, &bank, id, "holder_was_there", words).await.expect(200).json;
        assert_eq!(again, answered, "the same again");
        answer(&world, &bank, id, "our_mistake", words).await.expect_problem(409, "wrong_state");
        answer(&world, &bank, id, "holder_was_there", "Kami tidak tahu").await.expect_problem(409, "wrong_state");
        assert_eq!(newest_letter(&world, &holder).await.0, "Laporan pemeriksaan Anda dijawab");
        let letter = world.letters().into_iter().find(|letter| letter.to == holder.email).unwrap();
        assert!(
            !letter.text.contains("Bank Uji") && !letter.text.contains("Denpasar"),
            "whose mailbox it is, who knows"
        );

        unlocked_again(&holder).await;
        let read = mine(&holder).await;
        assert_eq!(
            (&read[0]["answer"]["finding"], &read[0]["answer"]["words"]),
            (&json!("holder_was_there"), &json!(words))
        );
        unlocked_again(&other).await;
        other.client.delete(&format!("{MINE}/{id}")).await.expect_problem(404, "not_found");
        holder.client.delete(&format!("{MINE}/{id}")).await.expect(204);
        holder.client.delete(&format!("{MINE}/{id}")).await.expect(204);
        assert_eq!(
            (&mine(&holder).await[0]["state"], &mine(&holder).await[0]["ending"]),
            (&json!("closed"), &json!("read"))
        );

        // Taken back before there was an answer: nothing is left to answer.
        let second = dispute(&holder, &known).await.expect(201).text("dispute_id");
        holder.client.delete(&format!("{MINE}/{second}")).await.expect(204);
        answer(&world, &bank, &second, "misused", words).await.expect_problem(409, "wrong_state");
        let page = holder.client.get(&format!("{MINE}?limit=1")).await.expect(200).json;
        assert_eq!((&page["items"][0]["ending"], page["items"].as_array().unwrap().len()), (&json!("withdrawn"), 1));
        let next = page["next"].as_str().unwrap();
        let rest = holder.client.get(&format!("{MINE}?limit=1&cursor={next}")).await.expect(200).json;
        assert_eq!((&rest["items"][0]["dispute_id"], &rest["next"]), (&json!(id), &Value::Null));

        // What was taken back too soon is said again: the party is asked anew, with all of its time.
        let (again, twice) = tokio::join!(dispute(&holder, &known), dispute(&holder, &known));
        for again in [again.expect(201).json, twice.expect(201).json] {
            assert_eq!((&again["dispute_id"], &again["state"]), (&json!(second), &json!("asked_party")));
        }
        assert_eq!(mine(&holder).await.len(), 2, "one for each check");
        answer(&world, &bank, &second, "misused", words).await.expect(200);
        let answered = dispute(&holder, &known).await.expect(201).json;
        assert_eq!(answered["state"], "answered", "an answer is not asked for twice");

        // With the digital KTP its disputes are erased.
        let (challenge, signature) =
            holder.client.sign_challenge(&pin_key(&holder.record), ikd::device::Purpose::Change).await;
        let body = json!({"challenge": challenge, "signature": signature});
        holder.client.post("/v1/me/closure", &body).await.expect(200);
        world.later(DAY);
        assert_eq!(world.app.closures.erase_due().await.unwrap(), 1);
        assert!(theirs(&world, &bank).await.is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_does_not_answer_in_time_does_not_answer_and_the_holder_is_told() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let holder = world.active(&world.people[0]).await;
        let (late, read) = (check(&world, &holder).await, check(&world, &holder).await);
        let bank = world.api_key.clone();
        let late = dispute(&holder, &late).await.expect(201).text("dispute_id");
        world.later(1);
        let read = dispute(&holder, &read).await.expect(201).text("dispute_id");
        answer(&world, &bank, &read, "our_mistake", "Kesalahan pegawai kami").await.expect(200);

        // 2026-12-04T17:00:00Z, from 2026-11-21T08:00:00Z and what the checks took.
        let left = 13 * DAY + 9 * HOUR - (world.context.now().seconds() - support::START.seconds());
        world.later(left - 1);
        assert_eq!(world.app.disputes.sweep().await.unwrap(), 0);
        world.later(1);
        answer(&world, &bank, &late, "misused", "Kami terlambat").await.expect_problem(409, "wrong_state");
        assert_eq!(world.app.disputes.sweep().await.unwrap(), 1);
        assert_eq!(world.app.disputes.sweep().await.unwrap(), 0);
        answer(&world, &bank, &late, "misused", "Kami terlambat").await.expect_problem(409, "wrong_state");
        assert_eq!(newest_letter(&world, &holder).await.0, "Laporan pemeriksaan Anda tidak dijawab");
        unlocked_again(&holder).await;
        let endings: Vec<_> = mine(&holder).await.iter().map(|one| one["ending"].clone()).collect();
        assert_eq!(endings, [Value::Null, json!("unanswered")]);
        // What was answered is closed quietly when nobody puts it aside.
        world.later(30 * DAY);
        let before = world.letters_to(&holder.email);
        assert_eq!(world.app.disputes.sweep().await.unwrap(), 1);
        world.app.deliver_mail().await.unwrap();
        assert_eq!(world.letters_to(&holder.email), before);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_party_that_is_disabled_is_asked_when_it_is_back_and_a_day_has_five() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let holder = world.active(&world.people[0]).await;
        let mut checks = Vec::new();
        for _ in 0..6 {
            checks.push(check(&world, &holder).await);
        }
        let bank = world.api_key.clone();
        let id = {
            let mut tx = world.context.db.read().await.unwrap();
            ikd::relying_party::ports::id_of(&mut tx, support::world::BANK).await.unwrap().unwrap()
        };
        world.change("UPDATE relying_party SET state = 'disabled' WHERE relying_party_id = $1", id).await;
        let opened = dispute(&holder, &checks[0]).await.expect(201).json;
        assert_eq!(opened["state"], "opened");
        assert_eq!(world.app.disputes.sweep().await.unwrap(), 0);
        world.change("UPDATE relying_party SET state = 'active' WHERE relying_party_id = $1", id).await;
        assert!(theirs(&world, &bank).await.is_empty(), "not before it is asked");
        let id = opened["dispute_id"].as_str().unwrap();
        answer(&world, &bank, id, "unknown", "Belum ditanya").await.expect_problem(404, "not_found");
        assert_eq!(world.app.disputes.sweep().await.unwrap(), 1);
        assert_eq!(theirs(&world, &bank).await.len(), 1);

        // At once from two taps it is one.
        let (one, two) = tokio::join!(dispute(&holder, &checks[1]), dispute(&holder, &checks[1]));
        assert_eq!(one.expect(201).json["dispute_id"], two.expect(201).json["dispute_id"]);
        for check in &checks[2..5] {
            dispute(&holder, check).await.expect(201);
        }
        dispute(&holder, &checks[5]).await.expect_problem(429, "too_many");
        dispute(&holder, &checks[0]).await.expect(201);
        world.later(DAY);
        unlocked_again(&holder).await;
        dispute(&holder, &checks[5]).await.expect(201);

        // A withdrawal and an answer at once: one of them is what happened.
        let id = theirs(&world, &bank).await[0]["dispute_id"].as_str().unwrap().to_owned();
        let path = format!("{MINE}/{id}");
        let put_aside = holder.client.delete(&path);
        let (answered, aside) = tokio::join!(answer(&world, &bank, &id, "misused", "Ada penyalahgunaan"), put_aside);
        aside.expect(204);
        let ended = mine(&holder).await[0].clone();
        let expected = if answered.status == 200 { "read" } else { "withdrawn" };
        assert!(ended["ending"] == json!(expected), "{} {ended}", answered.status);
    })
    .await;
}
