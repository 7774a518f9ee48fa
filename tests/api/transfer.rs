//! A digital KTP moves to a new phone from the old one: the PIN on the old one, the same number on both, and nobody else.

use ikd::clock::{DAY, MINUTE};
use ikd::device::Purpose;
use ikd::device::client::PinKey;
use serde_json::{Value, json};
use support::answer::Answer;
use support::client::Resident;
use support::each_engine;
use support::world::{Applicant, Host, World, pin_key};

pub async fn begin(world: &World) -> (Resident, String) {
    let new = world.phone();
    let id = begin_on(&new).await;
    (new, id)
}

async fn begin_on(new: &Resident) -> String {
    let begun = new.post("/v1/transfers", &json!({})).await.expect(201);
    assert_eq!((begun.text("state").as_str(), &begun.json["match"]), ("waiting_for_scan", &Value::Null));
    begun.text("transfer_id")
}

pub async fn token(new: &Resident, id: &str) -> String {
    new.post(&format!("/v1/transfers/{id}/token"), &json!({})).await.expect(200).text("token")
}

pub async fn scan(old: &Resident, token: &str) -> Answer {
    old.post("/v1/me/transfers", &json!({"token": token})).await
}

async fn allow_for(old: &Resident, id: &str, key: &PinKey, purpose: Purpose) -> Answer {
    let (challenge, signature) = old.sign_challenge(key, purpose).await;
    old.post(&format!("/v1/me/transfers/{id}/allow"), &json!({"challenge": challenge, "signature": signature})).await
}

async fn allow(old: &Applicant, id: &str) -> Answer {
    allow_for(&old.client, id, &pin_key(&old.record), Purpose::Change).await
}

pub async fn choose(new: &Resident, id: &str, key: &PinKey) -> Answer {
    let (challenge, signature) = new.sign_challenge(key, Purpose::Enrol).await;
    let body = json!({"pin_public_key": key.public_text(), "challenge": challenge, "signature": signature});
    new.post(&format!("/v1/transfers/{id}/pin"), &body).await
}

async fn state(phone: &Resident, id: &str) -> String {
    phone.get(&format!("/v1/transfers/{id}")).await.expect(200).text("state")
}

async fn standing(phone: &Resident) -> String {
    phone.get("/v1/me/status").await.expect(200).text("state")
}

/// A new phone for which the old one has proven the PIN.
pub async fn allowed(world: &World, old: &Applicant) -> (Resident, String) {
    let (new, id) = begin(world).await;
    scan(&old.client, &token(&new, &id).await).await.expect(200);
    allow(old, &id).await.expect(204);
    (new, id)
}

fn new_key() -> PinKey {
    PinKey::from_seed(&[55; 32])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_moves_with_the_pin_of_the_old_phone_and_is_on_one_phone_only() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let old = world.active(&world.people[0]).await;
        let qr = world.present(&old, "basic").await;
        let (new, id) = begin(&world).await;
        assert_eq!(begin_on(&new).await, id, "while one lives, it is the same");
        old.client.get(&format!("/v1/transfers/{id}")).await.expect_problem(404, "not_found");
        let shown = token(&new, &id).await;
        let scanned = scan(&old.client, &shown).await.expect(200);
        let number = scanned.text("match");
        assert!(number.len() == 2 && number.bytes().all(|digit| digit.is_ascii_digit()), "{number}");
        assert_eq!(scan(&old.client, &shown).await.expect(200).json, scanned.json, "scanned twice it is the same");
        let seen = new.get(&format!("/v1/transfers/{id}")).await.expect(200);
        assert_eq!((seen.text("state").as_str(), seen.text("match")), ("waiting_for_pin", number));
        choose(&new, &id, &new_key()).await.expect_problem(409, "wrong_state");

        // Letters of one moment have no order.
        world.later(1);
        allow(&old, &id).await.expect(204);
        old.client.get("/v1/me").await.expect_problem(401, "session_ended");
        assert_eq!((state(&new, &id).await, state(&old.client, &id).await), ("allowed".into(), "allowed".into()));
        assert_eq!(standing(&old.client).await, "active", "until the new phone has a PIN");
        for _ in 0..2 {
            let done = choose(&new, &id, &new_key()).await.expect(200);
            assert_eq!((done.text("state").as_str(), &done.json["match"]), ("done", &Value::Null));
        }
        choose(&new, &id, &PinKey::from_seed(&[56; 32])).await.expect_problem(409, "wrong_state");

        assert_eq!(world.verify(&qr).await, "holder_not_active", "what the old phone showed is void");
        assert_eq!(state(&old.client, &id).await, "done");
        old.client.get("/v1/me/status").await.expect_problem(404, "not_found");
        old.client.unlock_with(&pin_key(&old.record)).await.expect_problem(404, "not_found");
        world.phone().get(&format!("/v1/transfers/{id}")).await.expect_problem(404, "not_found");
        new.unlock_with(&pin_key(&old.record)).await.expect_problem(403, "pin_wrong");
        new.unlock_with(&new_key()).await.expect(200);
        let moved = Applicant { client: new, ..old };
        assert_eq!(world.verify(&world.present(&moved, "basic").await).await, "valid");
        world.send_mail().await;
        let told = world.letters().into_iter().find(|letter| letter.to == moved.email).unwrap();
        assert_eq!(told.subject, "KTP Digital Anda pindah ke ponsel lain");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_borrowed_unlocked_phone_moves_nothing_without_its_pin() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let old = world.active(&world.people[0]).await;
        let other = world.active(&world.people[1]).await;
        let (new, id) = begin(&world).await;
        scan(&old.client, &token(&new, &id).await).await.expect(200);
        let wrong = PinKey::from_seed(&[1; 32]);
        let refused = allow_for(&old.client, &id, &wrong, Purpose::Change).await.expect(403);
        assert_eq!((refused.code(), &refused.json["tries_left"]), ("pin_wrong", &json!(2)));
        // The signature that unlocks is worth nothing here, and counts.
        let refused = allow_for(&old.client, &id, &pin_key(&old.record), Purpose::Unlock).await.expect(403);
        assert_eq!((refused.code(), &refused.json["tries_left"]), ("pin_wrong", &json!(1)));
        allow_for(&old.client, &id, &wrong, Purpose::Change).await.expect_problem(403, "pin_wrong");
        allow(&old, &id).await.expect_problem(429, "pin_wait");
        old.client.unlock().await.expect_problem(429, "pin_wait");
        allow(&other, &id).await.expect_problem(404, "not_found");
        choose(&new, &id, &new_key()).await.expect_problem(409, "wrong_state");
        choose(&world.phone(), &id, &new_key()).await.expect_problem(404, "not_found");
        world.phone().post(&format!("/v1/transfers/{id}/token"), &json!({})).await.expect_problem(404, "not_found");
        assert_eq!((state(&new, &id).await, standing(&old.client).await), ("waiting_for_pin".into(), "active".into()));

        // A right PIN is no try that counts against the holder.
        world.later(MINUTE);
        old.client.unlock().await.expect(200);
        allow(&old, &id).await.expect(204);
        let refused = old.client.unlock_with(&wrong).await.expect(403);
        assert_eq!(refused.json["tries_left"], 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_moves_once_a_day() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let old = world.active(&world.people[0]).await;
        let (new, id) = allowed(&world, &old).await;
        choose(&new, &id, &pin_key(&old.record)).await.expect(200);
        new.unlock_with(&pin_key(&old.record)).await.expect(200);
        // Back to the old phone, too.
        let back = begin_on(&old.client).await;
        let refused = scan(&new, &token(&old.client, &back).await).await.expect(429);
        assert_eq!((refused.code(), &refused.json["retry_after_seconds"]), ("too_many", &json!(DAY)));
        world.later(DAY);
        new.unlock_with(&pin_key(&old.record)).await.expect(200);
        let back = begin_on(&old.client).await;
        scan(&new, &token(&old.client, &back).await).await.expect(200);
        allow_for(&new, &back, &pin_key(&old.record), Purpose::Change).await.expect(204);
        choose(&old.client, &back, &new_key()).await.expect(200);
        assert_eq!(standing(&old.client).await, "active");
        new.get("/v1/me/status").await.expect_problem(404, "not_found");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_qr_counts_for_ninety_seconds_and_once_and_a_move_for_ten_minutes() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let old = world.active(&world.people[0]).await;
        let other = world.active(&world.people[1]).await;
        let (new, id) = begin(&world).await;
        let late = token(&new, &id).await;
        world.later(90);
        scan(&old.client, &late).await.expect_problem(410, "qr_expired");
        let shown = token(&new, &id).await;
        scan(&other.client, &shown).await.expect(200);
        scan(&old.client, &shown).await.expect_problem(409, "qr_used");
        // The holder renews the QR: whoever had scanned it before is out.
        world.later(1);
        scan(&old.client, &token(&new, &id).await).await.expect(200);
        allow(&other, &id).await.expect_problem(404, "not_found");
        allow(&old, &id).await.expect(204);
        new.post(&format!("/v1/transfers/{id}/token"), &json!({})).await.expect_problem(409, "wrong_state");
        world.later(10 * MINUTE);
        assert_eq!(state(&new, &id).await, "lapsed");
        choose(&new, &id, &new_key()).await.expect_problem(409, "wrong_state");
        assert_eq!(standing(&old.client).await, "active");

        let next = begin_on(&new).await;
        assert_ne!(next, id);
        world.later(10 * MINUTE);
        assert_eq!(world.app.transfers.sweep().await.unwrap(), 1);
        world.later(31 * DAY);
        while world.app.transfers.sweep().await.unwrap() > 0 {}
        new.get(&format!("/v1/transfers/{id}")).await.expect_problem(404, "not_found");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_scanner_says_what_a_foreign_qr_is_for() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let old = world.active(&world.people[0]).await;
        let (new, id) = begin(&world).await;
        let shown = json!({"token": token(&new, &id).await});
        for path in ["/v1/officer/scans", "/v1/officer/recoveries/scan"] {
            let refused = world.desk().await.post(path, &shown).await.expect(422);
            assert_eq!((refused.code(), &refused.json["fields"][0]["field"]), ("invalid_field", &json!("token")));
            assert!(refused.body().contains("ponsel lamanya"), "{}", refused.body());
        }
        let waiting = world.waiting(&world.people[1]).await;
        let of_counter = world.activation_token(&waiting).await;
        scan(&old.client, &of_counter).await.expect_problem(409, "other_qr");
        scan(&old.client, "NONSENSE").await.expect_problem(422, "invalid_field");
        let presentation = world.present(&old, "basic").await;
        scan(&old.client, &presentation).await.expect_problem(422, "invalid_field");
        // Neither was spent by that.
        scan(&old.client, shown["token"].as_str().unwrap()).await.expect(200);
        world.scan(world.desk().await, &waiting).await.expect(200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_phone_holds_one_digital_ktp_and_what_it_had_begun_makes_way() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let old = world.active(&world.people[0]).await;
        let other = world.active(&world.people[1]).await;
        other.client.post("/v1/transfers", &json!({})).await.expect_problem(409, "already_active");

        // It got somebody's digital KTP after it had begun, and before it was scanned.
        let mut third = world.approved(&world.people[2]).await;
        let id = begin_on(&third.client).await;
        let shown = token(&third.client, &id).await;
        world.activate(&mut third).await;
        scan(&old.client, &shown).await.expect_problem(409, "already_active");

        // The same, after the PIN was proven.
        let mut fourth = world.approved(&world.people[3]).await;
        let id = begin_on(&fourth.client).await;
        scan(&old.client, &token(&fourth.client, &id).await).await.expect(200);
        allow(&old, &id).await.expect(204);
        world.activate(&mut fourth).await;
        choose(&fourth.client, &id, &new_key()).await.expect_problem(409, "already_active");
        assert_eq!(world.verify(&world.present(&fourth, "basic").await).await, "valid");
        old.client.unlock().await.expect(200);

        // A registration that the new phone had begun ends with the move.
        let begun = world.waiting(&world.people[4]).await;
        let id = begin_on(&begun.client).await;
        scan(&old.client, &token(&begun.client, &id).await).await.expect(200);
        allow(&old, &id).await.expect(204);
        choose(&begun.client, &id, &new_key()).await.expect(200);
        assert_eq!(world.state(&begun).await, "cancelled");
        assert_eq!(standing(&begun.client).await, "active");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_blocked_or_changed_meanwhile_does_not_move() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let blocked = world.active(&world.people[0]).await;
        let (new, id) = allowed(&world, &blocked).await;
        blocked.client.unlock().await.expect(200);
        blocked.client.post("/v1/me/block", &json!({})).await.expect(200);
        choose(&new, &id, &new_key()).await.expect_problem(409, "wrong_state");
        assert_eq!((state(&new, &id).await, standing(&blocked.client).await), ("lapsed".into(), "blocked".into()));
        new.get("/v1/me/status").await.expect_problem(404, "not_found");
        assert_ne!(begin_on(&new).await, id, "what leads nowhere does not stand in the way");

        let changed = world.active(&world.people[1]).await;
        let (new, id) = allowed(&world, &changed).await;
        changed.client.unlock().await.expect(200);
        change_pin(&changed).await.expect(204);
        choose(&new, &id, &new_key()).await.expect_problem(409, "wrong_state");
        changed.client.unlock_with(&changed_key()).await.expect(200);
    })
    .await;
}

fn changed_key() -> PinKey {
    PinKey::from_seed(&[77; 32])
}

async fn change_pin(holder: &Applicant) -> Answer {
    let (challenge, signature) = holder.client.sign_challenge(&pin_key(&holder.record), Purpose::Change).await;
    let new_signature = holder.client.sign(&changed_key(), Purpose::Enrol, &challenge);
    let body = json!({"challenge": challenge, "signature": signature, "pin_public_key": changed_key().public_text(),
        "new_signature": new_signature});
    holder.client.post("/v1/me/pin", &body).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_new_phones_one_gets_it() {
    each_engine(async |context| {
        let world = World::open(context).await;
        for person in 0..4 {
            let old = world.active(&world.people[person]).await;
            let (one, first) = allowed(&world, &old).await;
            old.client.unlock().await.expect(200);
            let (two, second) = allowed(&world, &old).await;
            let key = new_key();
            let (left, right) = tokio::join!(choose(&one, &first, &key), choose(&two, &second, &key));
            let mut statuses = [left.status, right.status];
            statuses.sort_unstable();
            assert_eq!(statuses, [200, 409], "{} {}", left.body(), right.body());
            let (winner, loser) = if left.status == 200 { (&one, &two) } else { (&two, &one) };
            assert_eq!(standing(winner).await, "active");
            loser.get("/v1/me/status").await.expect_problem(404, "not_found");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_block_in_the_same_moment_wins_in_either_order() {
    each_engine(async |context| {
        let world = World::open(context).await;
        // A sixth block of an hour from one address would need a captcha.
        for person in 0..5 {
            let old = world.active(&world.people[person]).await;
            let code = old.client.post("/v1/me/block-code", &json!({})).await.expect(201).text("block_code");
            let (new, id) = allowed(&world, &old).await;
            let body = json!({"nik": old.record.nik, "block_code": code});
            let key = new_key();
            let request = world.post("/v1/blocks").json(&body);
            let (moved, blocked) = tokio::join!(choose(&new, &id, &key), request.send());
            blocked.expect(200);
            let phone = if moved.status == 200 { &new } else { &old.client };
            assert_eq!(standing(phone).await, "blocked", "{}", moved.body());
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_pins_set_in_the_same_moment_one_counts() {
    each_engine(async |context| {
        let world = World::open(context).await;
        for person in 0..4 {
            let old = world.active(&world.people[person]).await;
            let (new, id) = allowed(&world, &old).await;
            old.client.unlock().await.expect(200);
            let key = new_key();
            let (moved, changed) = tokio::join!(choose(&new, &id, &key), change_pin(&old));
            let won = (moved.status == 200, changed.status == 204);
            assert!(won.0 != won.1, "{} {}", moved.body(), changed.body());
            if won.0 {
                new.unlock_with(&new_key()).await.expect(200);
                old.client.unlock_with(&changed_key()).await.expect_problem(404, "not_found");
            } else {
                old.client.unlock_with(&changed_key()).await.expect(200);
                new.unlock_with(&new_key()).await.expect_problem(404, "not_found");
            }
        }
    })
    .await;
}
