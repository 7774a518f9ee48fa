//! A holder whose old address is somebody else's: another one at a counter, by two people, at once.

use ikd::clock::{DAY, HOUR, MINUTE};
use ikd::device::Purpose;
use ikd::device::client::PinKey;
use serde_json::{Value, json};
use support::answer::Answer;
use support::client::Officer;
use support::each_engine;
use support::world::{Applicant, Host, OFFICE, World, pin_key};

use crate::life::{newest_letter, scanned as scanned_recovery, standing};

const NEW: &str = "rina.baru@gmail.example";
const CHANGED: &str = "Alamat surel KTP Digital Anda diganti di loket";
const CODE: &str = "Kode untuk alamat surel ini";

/// Somebody whose digital KTP is on its phone for a day.
pub async fn settled(world: &World, number: usize) -> Applicant {
    let holder = world.active(&world.people[number]).await;
    world.later(DAY);
    holder
}

pub async fn begin(holder: &Applicant, email: &str) -> Answer {
    holder.client.post("/v1/contact-visits", &json!({"email": email})).await
}

/// The newest code that went to an address.
async fn code_at(world: &World, email: &str) -> String {
    world.send_mail().await;
    let letters = world.letters();
    let letter = letters.iter().find(|letter| letter.to == email && letter.subject == CODE).unwrap();
    let line = letter.text.lines().map(str::trim).find(|line| {
        line.len() == 7 && line.chars().enumerate().all(|(at, c)| if at == 3 { c == ' ' } else { c.is_ascii_digit() })
    });
    line.unwrap().to_owned()
}

/// Begun, and the code of the new address entered; gives its id.
pub async fn confirmed(world: &World, holder: &Applicant, email: &str) -> String {
    let id = begin(holder, email).await.expect(201).text("visit_id");
    let code = code_at(world, email).await;
    let entered =
        holder.client.post(&format!("/v1/contact-visits/{id}/code"), &json!({"code": code})).await.expect(200);
    assert_eq!(entered.json["state"], "waiting_for_scan");
    id
}

async fn token(holder: &Applicant, id: &str) -> String {
    holder.client.post(&format!("/v1/contact-visits/{id}/token"), &json!({})).await.expect(200).text("token")
}

pub fn path(id: &str, rest: &str) -> String {
    format!("/v1/officer/contact-visits/{id}{rest}")
}

pub fn words(seen: &Value) -> Value {
    json!({"version": seen["version"], "reason": "Wajah dan KTP-el cocok"})
}

/// At the counter of an officer: what they see.
pub async fn scanned(holder: &Applicant, desk: &Officer, id: &str) -> Value {
    let body = json!({"token": token(holder, id).await});
    desk.post("/v1/officer/contact-visits/scan", &body).await.expect(200).json
}

/// Asked for by an officer; what a supervisor sees.
pub async fn asked(world: &World, holder: &Applicant, supervisor: &Officer) -> (String, Value) {
    let desk = world.officer(&format!("loket{}", world.number()), OFFICE).await;
    let id = confirmed(world, holder, NEW).await;
    let seen = scanned(holder, &desk, &id).await;
    desk.post(&path(&id, "/ask"), &words(&seen)).await.expect(204);
    let seen = supervisor.get(&path(&id, "")).await.expect(200).json;
    (id, seen)
}

pub fn grant(seen: &Value) -> Value {
    json!({"version": seen["version"]})
}

async fn state(holder: &Applicant, id: &str) -> String {
    holder.client.get(&format!("/v1/contact-visits/{id}")).await.expect(200).text("state")
}

async fn email(holder: &Applicant) -> String {
    holder.client.unlock_with(&pin_key(&holder.record)).await.expect(200);
    holder.client.get("/v1/me/contact").await.expect(200).text("email")
}

/// How many letters with this subject an address got.
async fn told(world: &World, email: &str, subject: &str) -> usize {
    world.send_mail().await;
    world.letters().iter().filter(|letter| letter.to == email && letter.subject == subject).count()
}

async fn block(world: &World, holder: &Applicant, link: &str) -> Answer {
    world.post("/v1/blocks").json(&json!({"nik": holder.record.nik, "link": link})).send().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_people_put_it_in_force_at_once_and_nobody_sees_more_of_it_than_two_letters() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let holder = settled(&world, 0).await;
        let (desk, supervisor) = (world.officer("loket", OFFICE).await, world.supervisor("penyelia", OFFICE).await);
        let begun = begin(&holder, &format!("  {NEW}. ")).await.expect(201);
        assert_eq!((&begun.json["email"], &begun.json["tries_left"]), (&json!("r***@g***"), &json!(5)));
        let id = begun.text("visit_id");
        // Nothing of it is at a counter before the code was entered.
        let to_code = format!("/v1/contact-visits/{id}/code");
        holder
            .client
            .post(&format!("/v1/contact-visits/{id}/token"), &json!({}))
            .await
            .expect_problem(409, "wrong_state");
        let code = code_at(&world, NEW).await;
        let wrong = format!("{}{}", if code.starts_with('0') { "1" } else { "0" }, &code[1..]);
        let tried = holder.client.post(&to_code, &json!({"code": wrong})).await.expect(422);
        assert_eq!((tried.code(), &tried.json["tries_left"]), ("code_wrong", &json!(4)));
        for _ in 0..2 {
            let entered = holder.client.post(&to_code, &json!({"code": code})).await.expect(200);
            assert_eq!(entered.json["state"], "waiting_for_scan");
        }
        // Each scanner tells its QR from the others.
        let body = json!({"token": token(&holder, &id).await});
        desk.post("/v1/officer/scans", &body).await.expect_problem(409, "other_qr");
        desk.post("/v1/officer/recoveries/scan", &body).await.expect_problem(409, "other_qr");
        let seen = desk.post("/v1/officer/contact-visits/scan", &body).await.expect(200);
        assert_eq!((&seen.json["new_email"], &seen.json["present_email"]), (&json!("r***@g***"), &json!("w***@e***")));
        assert_eq!(seen.json["full_name"], holder.record.full_name.as_str());
        supervisor.get(&path(&id, "")).await.expect_problem(409, "scan_required");
        desk.post(&path(&id, "/ask"), &json!({"version": "9.9", "reason": "Wajah cocok"}))
            .await
            .expect_problem(409, "wrong_state");
        desk.post(&path(&id, "/ask"), &words(&seen.json)).await.expect(204);
        let waiting = supervisor.get("/v1/officer/contact-visits").await.expect(200);
        assert_eq!(
            (&waiting.json["items"][0]["visit_id"], &waiting.json["items"][0]["own"]),
            (&json!(id), &json!(false))
        );
        let shown = supervisor.get(&path(&id, "")).await.expect(200);
        supervisor.get(&path(&id, "/portrait")).await.expect(200);
        for answer in [&seen, &waiting, &shown] {
            assert!(!answer.body().contains(NEW) && !answer.body().contains(&holder.email), "{}", answer.body());
        }
        supervisor.post(&path(&id, "/grant"), &grant(&seen.json)).await.expect_problem(409, "wrong_state");
        supervisor.post(&path(&id, "/grant"), &grant(&shown.json)).await.expect(204);
        assert_eq!(state(&holder, &id).await, "done");
        assert_eq!(email(&holder).await, "r***@g***");
        assert_eq!((told(&world, &holder.email, CHANGED).await, told(&world, NEW, CHANGED).await), (1, 1));
        // The 72 hours hold, and the old address can block but bring nothing back.
        let waits = holder.client.post("/v1/recoveries", &json!({})).await.expect(409);
        assert_eq!((waits.code(), &waits.json["retry_after_seconds"]), ("wrong_state", &json!(72 * HOUR)));
        let (_, link) = newest_letter(&world, &holder).await;
        block(&world, &holder, &link).await.expect(200);
        assert_eq!(standing(&holder).await.1, "self_block");
        world.later(72 * HOUR);
        holder.client.post("/v1/recoveries", &json!({})).await.expect(201);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_reads_the_old_address_blocks_and_does_not_stop_it() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let holder = settled(&world, 0).await;
        let (_, link) = newest_letter(&world, &holder).await;
        let supervisor = world.supervisor("penyelia", OFFICE).await;
        let (id, seen) = asked(&world, &holder, &supervisor).await;
        block(&world, &holder, &link).await.expect(200);
        // The second person decides knowing of the block, not before.
        supervisor.post(&path(&id, "/grant"), &grant(&seen)).await.expect_problem(409, "wrong_state");
        let seen = supervisor.get(&path(&id, "")).await.expect(200).json;
        assert_eq!((&seen["card"]["state"], &seen["card"]["reason"]), (&json!("blocked"), &json!("self_block")));
        supervisor.post(&path(&id, "/grant"), &grant(&seen)).await.expect(204);
        assert_eq!(standing(&holder).await.0, "blocked", "another address lifts no block");
        // Begun while it is blocked, too: nobody with links keeps the holder from it.
        begin(&holder, "lain@example.id").await.expect(201);
        assert_eq!(told(&world, NEW, CHANGED).await, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_in_the_app_is_overtaken_by_the_one_at_the_counter() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let holder = settled(&world, 0).await;
        holder.client.unlock_with(&pin_key(&holder.record)).await.expect(200);
        // Somebody with the PIN wants another address, and its day runs.
        let (challenge, signature) = holder.client.sign_challenge(&pin_key(&holder.record), Purpose::Change).await;
        let body = json!({"email": "pencuri@example.id", "challenge": challenge, "signature": signature});
        holder.client.post("/v1/me/contact", &body).await.expect(202);
        let code = code_at(&world, "pencuri@example.id").await;
        holder.client.post("/v1/me/contact/code", &json!({"code": code})).await.expect(200);
        let supervisor = world.supervisor("penyelia", OFFICE).await;
        let (id, seen) = asked(&world, &holder, &supervisor).await;
        supervisor.post(&path(&id, "/grant"), &grant(&seen)).await.expect(204);
        world.later(DAY);
        assert_eq!(world.app.contacts.apply_what_is_due().await.unwrap(), 0);
        assert_eq!(email(&holder).await, "r***@g***");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn neither_one_person_nor_another_office_nor_a_late_hour_puts_it_in_force() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let offices = ikd::office::Offices::new(world.context.clone());
        offices.add("UJI-02", "Kantor Lain", ikd::office::Kind::Dinas).await.unwrap();
        let holder = settled(&world, 0).await;
        let elsewhere = world.supervisor("penyelia9", "UJI-02").await;
        let (first, second) =
            (world.supervisor("penyelia1", OFFICE).await, world.supervisor("penyelia2", OFFICE).await);
        let id = confirmed(&world, &holder, NEW).await;
        let seen = scanned(&holder, &first, &id).await;
        second.post(&path(&id, "/ask"), &words(&seen)).await.expect_problem(409, "scan_required");
        first.post(&path(&id, "/ask"), &words(&seen)).await.expect(204);
        let own = first.get(&path(&id, "")).await.expect(200).json;
        assert_eq!((&own["own"], &own["may_decide"]), (&json!(true), &json!(false)));
        first.post(&path(&id, "/grant"), &grant(&own)).await.expect_problem(403, "forbidden");
        elsewhere.get(&path(&id, "")).await.expect_problem(404, "not_found");
        elsewhere.post(&path(&id, "/grant"), &grant(&own)).await.expect_problem(404, "not_found");
        assert_eq!(elsewhere.get("/v1/officer/contact-visits").await.expect(200).json["items"], json!([]));
        let officer = world.officer("petugas9", OFFICE).await;
        officer.post(&path(&id, "/grant"), &grant(&own)).await.expect_problem(403, "forbidden");
        // A QR that is scanned anew elsewhere takes the request with it.
        world.later(1);
        let other = scanned(&holder, &elsewhere, &id).await;
        second.post(&path(&id, "/grant"), &grant(&own)).await.expect_problem(404, "not_found");
        elsewhere.post(&path(&id, "/refuse"), &words(&other)).await.expect(204);
        let refused = holder.client.get(&format!("/v1/contact-visits/{id}")).await.expect(200);
        assert_eq!(
            (refused.text("state").as_str(), &refused.json["reason"]),
            ("refused", &json!("Wajah dan KTP-el cocok"))
        );
        assert_eq!(refused.json["email"], Value::Null);

        let (id, seen) = asked(&world, &holder, &second).await;
        world.later(30 * MINUTE);
        assert_eq!(state(&holder, &id).await, "lapsed");
        let late = world.supervisor("penyelia3", OFFICE).await;
        late.post(&path(&id, "/grant"), &grant(&seen)).await.expect_problem(409, "wrong_state");
        assert_eq!(email(&holder).await, "w***@e***");
        assert_eq!(world.app.contact_visits.sweep().await.unwrap(), 1);
        world.later(31 * DAY);
        while world.app.contact_visits.sweep().await.unwrap() > 0 {}
        holder.client.get(&format!("/v1/contact-visits/{id}")).await.expect_problem(404, "not_found");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_happens_at_the_same_moment_one_comes_first() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let holder = settled(&world, 0).await;
        for round in 0..3 {
            world.later(DAY);
            let (one, two) = (
                world.supervisor(&format!("satu{round}"), OFFICE).await,
                world.supervisor(&format!("dua{round}"), OFFICE).await,
            );
            let address = format!("rina{round}@gmail.example");
            let desk = world.officer(&format!("loketr{round}"), OFFICE).await;
            let id = confirmed(&world, &holder, &address).await;
            let seen = scanned(&holder, &desk, &id).await;
            desk.post(&path(&id, "/ask"), &words(&seen)).await.expect(204);
            let seen = one.get(&path(&id, "")).await.expect(200).json;
            let (granting, body) = (path(&id, "/grant"), grant(&seen));
            match round {
                // Two people of two nodes: once.
                0 => {
                    let (a, b) = tokio::join!(one.post(&granting, &body), two.post(&granting, &body));
                    let mut statuses = [a.status.as_u16(), b.status.as_u16()];
                    statuses.sort_unstable();
                    assert!(statuses[0] == 204 && statuses[1] > 400, "{statuses:?}");
                    assert_eq!(told(&world, &address, CHANGED).await, 1);
                }
                // Withdrawn on the phone: one of both.
                1 => {
                    let withdrawal = format!("/v1/contact-visits/{id}");
                    let (granted, withdrawn) =
                        tokio::join!(one.post(&granting, &body), holder.client.delete(&withdrawal));
                    assert_ne!(granted.status == 204, withdrawn.status == 204);
                    assert_eq!(told(&world, &address, CHANGED).await, usize::from(granted.status == 204));
                }
                // Blocked: whoever comes first, it is blocked, and the second person is asked again or it counts.
                _ => {
                    holder.client.unlock_with(&pin_key(&holder.record)).await.expect(200);
                    let seen = one.get(&path(&id, "")).await.expect(200).json;
                    let body = grant(&seen);
                    let nothing = json!({});
                    let (granted, blocked) =
                        tokio::join!(one.post(&granting, &body), holder.client.post("/v1/me/block", &nothing));
                    blocked.expect(200);
                    assert!([204, 409].contains(&granted.status.as_u16()), "{}", granted.body());
                    assert_eq!(standing(&holder).await.1, "self_block");
                    assert_eq!(told(&world, &address, CHANGED).await, usize::from(granted.status == 204));
                }
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_pin_another_phone_and_the_end_are_seen_before_it_is_granted() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let holder = settled(&world, 0).await;
        let supervisor = world.supervisor("penyelia", OFFICE).await;
        let (id, seen) = asked(&world, &holder, &supervisor).await;
        let old = pin_key(&holder.record);
        holder.client.unlock_with(&old).await.expect(200);
        let new = PinKey::from_seed(&[77; 32]);
        let (challenge, signature) = holder.client.sign_challenge(&old, Purpose::Change).await;
        let new_signature = holder.client.sign(&new, Purpose::Enrol, &challenge);
        let body = json!({"challenge": challenge, "signature": signature, "pin_public_key": new.public_text(),
            "new_signature": new_signature});
        holder.client.post("/v1/me/pin", &body).await.expect(204);
        supervisor.post(&path(&id, "/grant"), &grant(&seen)).await.expect_problem(409, "wrong_state");

        // Moved to another phone: it was this phone that named the address.
        holder.client.unlock_with(&new).await.expect(200);
        let phone = world.phone();
        let transfer = phone.post("/v1/transfers", &json!({})).await.expect(201).text("transfer_id");
        let shown = phone.post(&format!("/v1/transfers/{transfer}/token"), &json!({})).await.expect(200).text("token");
        holder.client.post("/v1/me/transfers", &json!({"token": shown})).await.expect(200);
        let (challenge, signature) = holder.client.sign_challenge(&new, Purpose::Change).await;
        let proof = json!({"challenge": challenge, "signature": signature});
        holder.client.post(&format!("/v1/me/transfers/{transfer}/allow"), &proof).await.expect(204);
        let (challenge, signature) = phone.sign_challenge(&new, Purpose::Enrol).await;
        let body = json!({"pin_public_key": new.public_text(), "challenge": challenge, "signature": signature});
        phone.post(&format!("/v1/transfers/{transfer}/pin"), &body).await.expect(200);
        let seen = supervisor.get(&path(&id, "")).await.expect(200).json;
        supervisor.post(&path(&id, "/grant"), &grant(&seen)).await.expect_problem(409, "wrong_state");

        // A new phone waits a day; then it begins anew, and the one before is over.
        let moved = Applicant { client: phone, ..holder };
        let early = begin(&moved, NEW).await.expect(409);
        assert_eq!((early.code(), &early.json["retry_after_seconds"]), ("wrong_state", &json!(DAY)));
        world.later(DAY);
        let supervisor = world.supervisor("penyelia2", OFFICE).await;
        let (id, seen) = asked(&world, &moved, &supervisor).await;
        moved.client.unlock_with(&new).await.expect(200);
        let (challenge, signature) = moved.client.sign_challenge(&new, Purpose::Change).await;
        moved.client.post("/v1/me/closure", &json!({"challenge": challenge, "signature": signature})).await.expect(200);
        supervisor.post(&path(&id, "/grant"), &grant(&seen)).await.expect_problem(409, "wrong_state");
        begin(&moved, NEW).await.expect_problem(409, "wrong_state");
        assert_eq!(told(&world, NEW, CHANGED).await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recovery_that_was_granted_before_waits_too() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let holder = settled(&world, 0).await;
        let (desk, supervisor) = (world.officer("loket", OFFICE).await, world.supervisor("penyelia", OFFICE).await);
        let (recovery, seen) = scanned_recovery(&holder, &desk).await;
        let at = |rest: &str| format!("/v1/officer/recoveries/{recovery}{rest}");
        desk.post(&at("/ask"), &words(&seen)).await.expect(204);
        let seen = supervisor.get(&at("")).await.expect(200).json;
        supervisor.post(&at("/grant"), &grant(&seen)).await.expect(204);
        let (id, seen) = asked(&world, &holder, &supervisor).await;
        supervisor.post(&path(&id, "/grant"), &grant(&seen)).await.expect(204);
        let new = PinKey::from_seed(&[88; 32]);
        let (challenge, signature) = holder.client.sign_challenge(&new, Purpose::Enrol).await;
        let body = json!({"pin_public_key": new.public_text(), "challenge": challenge, "signature": signature});
        let chosen = holder.client.post(&format!("/v1/recoveries/{recovery}/pin"), &body).await.expect(409);
        assert_eq!((chosen.code(), &chosen.json["retry_after_seconds"]), ("wrong_state", &json!(72 * HOUR)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_is_confirmed_by_its_code_and_a_day_has_five() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let holder = world.active(&world.people[0]).await;
        let early = begin(&holder, NEW).await.expect(409);
        assert_eq!((early.code(), &early.json["retry_after_seconds"]), ("wrong_state", &json!(DAY)));
        world.later(DAY);
        for wrong in ["", "rina", "rina@localhost", &holder.email, &holder.email.replace('@', "+x@")] {
            begin(&holder, wrong).await.expect_problem(422, "invalid_field");
        }
        world.phone().post("/v1/contact-visits", &json!({"email": NEW})).await.expect_problem(404, "not_found");
        let id = begin(&holder, NEW).await.expect(201).text("visit_id");
        assert_eq!(begin(&holder, NEW).await.expect(201).text("visit_id"), id, "asked again it is the same");
        let code = code_at(&world, NEW).await;
        let to_code = format!("/v1/contact-visits/{id}/code");
        let wrong = format!("{}{}", if code.starts_with('0') { "1" } else { "0" }, &code[1..]);
        for left in (0..5).rev() {
            let tried = holder.client.post(&to_code, &json!({"code": wrong})).await.expect(422);
            assert_eq!(tried.json["tries_left"], left);
        }
        holder.client.post(&to_code, &json!({"code": code})).await.expect_problem(410, "code_expired");
        world.phone().post(&to_code, &json!({"code": code})).await.expect_problem(404, "not_found");
        // Tried out: the same address begins anew, with another code.
        let again = begin(&holder, NEW).await.expect(201).text("visit_id");
        assert_ne!(again, id);
        assert_eq!(state(&holder, &id).await, "withdrawn");
        for address in ["b@example.id", "c@example.id", "d@example.id"] {
            begin(&holder, address).await.expect(201);
        }
        begin(&holder, "f@example.id").await.expect_problem(429, "too_many");
        let live = begin(&holder, "d@example.id").await.expect(201).text("visit_id");
        for _ in 0..2 {
            holder.client.delete(&format!("/v1/contact-visits/{live}")).await.expect(204);
        }
    })
    .await;
}
