//! A holder is reached elsewhere: with the PIN, a code at the new address, a day to stop it, and both addresses told.

use ikd::app::App;
use ikd::clock::{DAY, HOUR};
use ikd::device::Purpose;
use ikd::device::client::PinKey;
use serde_json::{Value, json};
use support::answer::Answer;
use support::each_engine;
use support::world::{Applicant, Host, OFFICE, World, pin_key};

const NEW: &str = "rina.baru@gmail.example";
const ASKED: &str = "Alamat surel KTP Digital Anda akan diganti";
const CHANGED: &str = "Alamat surel KTP Digital Anda sudah diganti";
const KEPT: &str = "Alamat surel KTP Digital Anda tetap";
const CODE: &str = "Kode untuk alamat surel ini";

/// Somebody whose digital KTP is on its phone for a day, unlocked.
pub async fn settled(world: &World) -> Applicant {
    let holder = world.active(&world.people[0]).await;
    world.later(DAY);
    unlock(&holder).await;
    holder
}

pub async fn unlock(holder: &Applicant) {
    holder.client.unlock_with(&pin_key(&holder.record)).await.expect(200);
}

async fn ask_with(holder: &Applicant, email: &str, key: &PinKey, purpose: Purpose) -> Answer {
    let (challenge, signature) = holder.client.sign_challenge(key, purpose).await;
    let body = json!({"email": email, "challenge": challenge, "signature": signature});
    holder.client.post("/v1/me/contact", &body).await
}

pub async fn ask(holder: &Applicant, email: &str) -> Answer {
    ask_with(holder, email, &pin_key(&holder.record), Purpose::Change).await
}

async fn enter(holder: &Applicant, code: &str) -> Answer {
    holder.client.post("/v1/me/contact/code", &json!({"code": code})).await
}

async fn contact(holder: &Applicant) -> Value {
    holder.client.get("/v1/me/contact").await.expect(200).json
}

/// The address and what is under way.
async fn shown(holder: &Applicant) -> Value {
    let contact = contact(holder).await;
    json!({"email": contact["email"], "pending": contact["pending"]})
}

/// Subjects of what an address got, newest first.
async fn told(world: &World, email: &str) -> Vec<String> {
    world.send_mail().await;
    world.letters().into_iter().filter(|letter| letter.to == email).map(|letter| letter.subject).collect()
}

async fn code_at(world: &World, email: &str) -> String {
    world.send_mail().await;
    let letters = world.letters();
    let letter = letters.iter().find(|letter| letter.to == email && letter.subject == CODE).unwrap();
    let line = letter.text.lines().map(str::trim).find(|line| {
        line.len() == 7 && line.chars().enumerate().all(|(at, c)| if at == 3 { c == ' ' } else { c.is_ascii_digit() })
    });
    line.unwrap().to_owned()
}

fn other_than(code: &str) -> String {
    let wrong = if code.starts_with('0') { "1" } else { "0" };
    format!("{wrong}{}", &code[1..])
}

/// A change that cools.
pub async fn cooling(world: &World, holder: &Applicant) {
    ask(holder, NEW).await.expect(202);
    let code = code_at(world, NEW).await;
    let entered = enter(holder, &code).await.expect(200);
    assert_eq!(entered.json["pending"]["state"], "cooling");
}

pub async fn apply(world: &World) -> u64 {
    world.app.contacts.apply_what_is_due().await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_new_address_counts_a_day_after_its_code_and_both_are_told_for_a_week() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let holder = settled(&world).await;
        assert_eq!(shown(&holder).await, json!({"email": "w***@e***", "pending": null}));
        let asked = ask(&holder, &format!("  {NEW}. ")).await.expect(202);
        let pending = &asked.json["pending"];
        assert_eq!((&pending["email"], &pending["state"]), (&json!("r***@g***"), &json!("code_sent")));
        assert_eq!(told(&world, &holder.email).await[0], ASKED, "the present address is told at once");
        assert_eq!(told(&world, NEW).await, [CODE], "the new one hears of nothing else");
        let code = code_at(&world, NEW).await;
        let wrong = enter(&holder, &other_than(&code)).await.expect(422);
        assert_eq!((wrong.code(), &wrong.json["tries_left"]), ("code_wrong", &json!(4)));
        for _ in 0..2 {
            let entered = enter(&holder, &code).await.expect(200);
            assert_eq!(entered.json["pending"]["effective_at"], world.context.now().plus_seconds(DAY).to_rfc3339());
        }
        ask(&holder, "lain@example.id").await.expect_problem(409, "wrong_state");
        world.later(DAY - 1);
        assert_eq!(apply(&world).await, 0);
        world.later(1);
        // Two nodes at the same time: once.
        let other = App::open(world.context.clone()).await.unwrap();
        let (one, two) = tokio::join!(world.app.contacts.apply_what_is_due(), other.contacts.apply_what_is_due());
        assert_eq!(one.unwrap() + two.unwrap(), 1);
        let before = told(&world, &holder.email).await;
        assert_eq!((before[0].as_str(), before.iter().filter(|subject| *subject == CHANGED).count()), (CHANGED, 1));
        assert_eq!(told(&world, NEW).await, [CHANGED, CODE]);
        unlock(&holder).await;
        assert_eq!(shown(&holder).await, json!({"email": "r***@g***", "pending": null}));

        // Whatever happens in the next week is told to both. Letters of one moment have no order.
        world.later(1);
        holder.client.post("/v1/me/block-code", &json!({})).await.expect(201);
        let given = "Kode blokir KTP Digital Anda diganti";
        assert_eq!((&*told(&world, &holder.email).await[0], &*told(&world, NEW).await[0]), (given, given));
        world.later(7 * DAY);
        unlock(&holder).await;
        let before = told(&world, &holder.email).await.len();
        holder.client.post("/v1/me/block-code", &json!({})).await.expect(201);
        assert_eq!(told(&world, &holder.email).await.len(), before);
        assert_eq!(told(&world, NEW).await[..2], [given, given]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_reads_the_old_address_stops_it() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let holder = settled(&world).await;
        cooling(&world, &holder).await;
        let letters = world.letters();
        let letter = letters.iter().find(|letter| letter.to == holder.email && letter.subject == ASKED).unwrap();
        let text = letter.text.replace("=\r\n", "").replace("=\n", "");
        let link = text.split("/blokir#").nth(1).and_then(|rest| rest.split_whitespace().next()).unwrap();
        let body = json!({"nik": holder.record.nik, "link": link});
        world.post("/v1/blocks").json(&body).send().await.expect(200);
        world.later(DAY);
        assert_eq!(apply(&world).await, 1);
        let subjects = told(&world, &holder.email).await;
        assert!(
            subjects.contains(&KEPT.to_owned()) && !subjects.iter().any(|subject| subject == CHANGED),
            "{subjects:?}"
        );
        assert_eq!(told(&world, NEW).await, [CODE]);
        // The way back is open: what was stopped holds nobody up.
        holder.client.post("/v1/recoveries", &json!({})).await.expect(201);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_app_stops_it_too_and_so_does_another_pin() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let holder = settled(&world).await;
        cooling(&world, &holder).await;
        for _ in 0..2 {
            holder.client.delete("/v1/me/contact").await.expect(204);
        }
        assert_eq!(contact(&holder).await["pending"], Value::Null);
        assert!(told(&world, &holder.email).await.contains(&KEPT.to_owned()));
        enter(&holder, "123456").await.expect_problem(409, "wrong_state");
        world.later(DAY);
        assert_eq!(apply(&world).await, 0);

        unlock(&holder).await;
        cooling(&world, &holder).await;
        let (challenge, signature) = holder.client.sign_challenge(&pin_key(&holder.record), Purpose::Change).await;
        let new = PinKey::from_seed(&[77; 32]);
        let new_signature = holder.client.sign(&new, Purpose::Enrol, &challenge);
        let body = json!({"challenge": challenge, "signature": signature, "pin_public_key": new.public_text(),
            "new_signature": new_signature});
        holder.client.post("/v1/me/pin", &body).await.expect(204);
        holder.client.unlock_with(&new).await.expect(200);
        assert_eq!(shown(&holder).await, json!({"email": "w***@e***", "pending": null}));
        world.later(DAY);
        assert_eq!(apply(&world).await, 1);
        assert!(!told(&world, &holder.email).await.iter().any(|subject| subject == CHANGED));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_address_changes_and_72_hours_after_nothing_else_moves() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let holder = settled(&world).await;
        let scan = async || {
            let new = world.phone();
            let id = new.post("/v1/transfers", &json!({})).await.expect(201).text("transfer_id");
            let shown = new.post(&format!("/v1/transfers/{id}/token"), &json!({})).await.expect(200).text("token");
            (holder.client.post("/v1/me/transfers", &json!({"token": shown})).await, id)
        };
        let recover = async || holder.client.post("/v1/recoveries", &json!({})).await;
        let waits = |answer: &Answer, seconds: i64| {
            let wait = &answer.json["retry_after_seconds"];
            assert_eq!(
                (answer.status.as_u16(), answer.code(), wait),
                (409, "wrong_state", &json!(seconds)),
                "{}",
                answer.body()
            );
        };
        // Begun before, and refused at its next step.
        let (scanned, id) = scan().await;
        scanned.expect(200);
        ask(&holder, NEW).await.expect(202);
        scan().await.0.expect(200);
        cooling(&world, &holder).await;
        waits(&scan().await.0, 96 * HOUR);
        waits(&recover().await, 96 * HOUR);
        let (challenge, signature) = holder.client.sign_challenge(&pin_key(&holder.record), Purpose::Change).await;
        let proof = json!({"challenge": challenge, "signature": signature});
        waits(&holder.client.post(&format!("/v1/me/transfers/{id}/allow"), &proof).await, 96 * HOUR);
        world.later(DAY);
        waits(&recover().await, 72 * HOUR);
        assert_eq!(apply(&world).await, 1);
        world.later(71 * HOUR);
        unlock(&holder).await;
        waits(&scan().await.0, HOUR);
        waits(&recover().await, HOUR);
        world.later(HOUR);
        unlock(&holder).await;
        scan().await.0.expect(200);
        recover().await.expect(201);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recovery_that_was_begun_before_is_not_asked_for_while_the_address_changes() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let holder = settled(&world).await;
        let id = holder.client.post("/v1/recoveries", &json!({})).await.expect(201).text("recovery_id");
        cooling(&world, &holder).await;
        let token =
            holder.client.post(&format!("/v1/recoveries/{id}/token"), &json!({})).await.expect(200).text("token");
        let desk = world.officer("loket", OFFICE).await;
        let seen = desk.post("/v1/officer/recoveries/scan", &json!({"token": token})).await.expect(200);
        let body = json!({"version": seen.json["version"], "reason": "Wajah dan KTP-el cocok"});
        let path = format!("/v1/officer/recoveries/{id}/ask");
        desk.post(&path, &body).await.expect_problem(409, "wrong_state");
        holder.client.delete("/v1/me/contact").await.expect(204);
        desk.post(&path, &body).await.expect(204);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unlocked_phone_and_a_new_one_change_no_address() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let holder = world.active(&world.people[0]).await;
        // What it takes is told before it is asked for.
        let told_before = contact(&holder).await;
        let rules = json!({"cooling_hours": 24, "settling_hours": 72, "new_phone_hours": 24, "former_days": 7});
        let opens = world.context.now().plus_seconds(DAY).to_rfc3339();
        assert_eq!((&told_before["rules"], &told_before["opens_at"]), (&rules, &json!(opens)));
        // Whoever has just taken over keeps the holder from hearing of it for a day at least.
        let early = ask(&holder, NEW).await.expect(409);
        assert_eq!((early.code(), &early.json["retry_after_seconds"]), ("wrong_state", &json!(DAY)));
        world.later(DAY);
        unlock(&holder).await;
        assert_eq!(contact(&holder).await["opens_at"], Value::Null);
        let wrong = ask_with(&holder, NEW, &PinKey::from_seed(&[1; 32]), Purpose::Change).await.expect(403);
        assert_eq!((wrong.code(), &wrong.json["tries_left"]), ("pin_wrong", &json!(2)));
        let key = pin_key(&holder.record);
        ask_with(&holder, NEW, &key, Purpose::Unlock).await.expect_problem(403, "pin_wrong");
        for wrong in ["", "rina", "rina@localhost", &holder.email, &holder.email.replace('@', "+x@")] {
            ask(&holder, wrong).await.expect_problem(422, "invalid_field");
        }
        assert_eq!(contact(&holder).await["pending"], Value::Null);
        assert!(told(&world, NEW).await.is_empty());
        // From a phone that it moved to, the day begins anew.
        let new = world.phone();
        let id = new.post("/v1/transfers", &json!({})).await.expect(201).text("transfer_id");
        let shown = new.post(&format!("/v1/transfers/{id}/token"), &json!({})).await.expect(200).text("token");
        holder.client.post("/v1/me/transfers", &json!({"token": shown})).await.expect(200);
        let (challenge, signature) = holder.client.sign_challenge(&key, Purpose::Change).await;
        let proof = json!({"challenge": challenge, "signature": signature});
        holder.client.post(&format!("/v1/me/transfers/{id}/allow"), &proof).await.expect(204);
        let (challenge, signature) = new.sign_challenge(&key, Purpose::Enrol).await;
        let body = json!({"pin_public_key": key.public_text(), "challenge": challenge, "signature": signature});
        new.post(&format!("/v1/transfers/{id}/pin"), &body).await.expect(200);
        let moved = Applicant { client: new, ..holder };
        unlock(&moved).await;
        ask(&moved, NEW).await.expect_problem(409, "wrong_state");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_is_tried_five_times_and_a_day_has_five_changes() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let holder = settled(&world).await;
        enter(&holder, "123456").await.expect_problem(409, "wrong_state");
        ask(&holder, NEW).await.expect(202);
        let code = code_at(&world, NEW).await;
        enter(&holder, "12345").await.expect_problem(422, "invalid_field");
        // Asked again, it is the same code, and its tries stay counted.
        enter(&holder, &other_than(&code)).await.expect_problem(422, "code_wrong");
        ask(&holder, NEW).await.expect(202);
        assert_eq!(code_at(&world, NEW).await, code);
        assert_eq!(told(&world, &holder.email).await.iter().filter(|subject| *subject == ASKED).count(), 1);
        // At the same time: each counts.
        let wrong = other_than(&code);
        let (a, b) = tokio::join!(enter(&holder, &wrong), enter(&holder, &wrong));
        assert_eq!((a.code(), b.code()), ("code_wrong", "code_wrong"));
        for left in [1, 0] {
            assert_eq!(enter(&holder, &wrong).await.expect(422).json["tries_left"], left);
        }
        enter(&holder, &code).await.expect_problem(410, "code_expired");
        for address in ["b@example.id", "c@example.id", "d@example.id", "e@example.id"] {
            ask(&holder, address).await.expect(202);
        }
        enter(&holder, &code).await.expect_problem(422, "code_wrong");
        ask(&holder, "f@example.id").await.expect_problem(429, "too_many");
        let late = code_at(&world, "e@example.id").await;
        world.later(DAY);
        unlock(&holder).await;
        enter(&holder, &late).await.expect_problem(410, "code_expired");
        assert_eq!(contact(&holder).await["pending"], Value::Null);
        assert_eq!(world.app.contacts.sweep().await.unwrap(), 1);
        ask(&holder, NEW).await.expect(202);
        world.later(32 * DAY);
        while world.app.contacts.sweep().await.unwrap() > 0 {}
    })
    .await;
}
