//! A closure is undone for a day, with the PIN on the same phone, and by nothing else.

use ikd::clock::DAY;
use ikd::device::Purpose;
use ikd::device::client::PinKey;
use ikd::register::VitalStatus;
use serde_json::{Value, json};
use support::answer::Answer;
use support::each_engine;
use support::world::{Applicant, OFFICE, World, pin_key};

const UNDO: &str = "/v1/me/closure/undo";

/// A closure in the app, whatever comes of it.
pub async fn closing(holder: &Applicant, withdraw: bool) -> Answer {
    let (challenge, signature) = holder.client.sign_challenge(&pin_key(&holder.record), Purpose::Change).await;
    let body = json!({"challenge": challenge, "signature": signature, "withdraw_consent": withdraw});
    holder.client.post("/v1/me/closure", &body).await
}

async fn close(holder: &Applicant, withdraw: bool) -> Answer {
    closing(holder, withdraw).await.expect(200)
}

async fn undo_with(holder: &Applicant, key: &PinKey) -> Answer {
    let (challenge, signature) = holder.client.sign_challenge(key, Purpose::Unlock).await;
    holder.client.post(UNDO, &json!({"challenge": challenge, "signature": signature})).await
}

async fn undo(holder: &Applicant) -> Answer {
    undo_with(holder, &pin_key(&holder.record)).await
}

async fn events(world: &World, holder: &Applicant) -> i64 {
    let resident = world.resident_id(&holder.record).await;
    world.count("SELECT COUNT(*) FROM life_event WHERE resident_id = $1", resident).await
}

/// Approved, by an officer who logged in just now.
async fn approved(world: &World, person: usize) -> Applicant {
    let officer = world.officer(&format!("loket{}", world.number()), OFFICE).await;
    let applicant = world.waiting(&world.people[person]).await;
    world.scan(&officer, &applicant).await.expect(200);
    world.approve(&officer, &applicant).await.expect(200);
    world.app.deliver_mail().await.unwrap();
    applicant
}

async fn active(world: &World, person: usize) -> Applicant {
    let mut applicant = approved(world, person).await;
    world.activate(&mut applicant).await;
    applicant
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closure_is_undone_for_a_day_and_everything_is_as_before() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let holder = active(&world, 0).await;
        let status = || async { holder.client.get("/v1/me/status").await.expect(200).json };
        undo(&holder).await.expect_problem(409, "wrong_state");
        let card = holder.client.get("/v1/me").await.expect(200).json;
        holder.client.post("/v1/me/block-code", &json!({})).await.expect(201);
        let shown = world.present(&holder, "basic").await;
        let closed = close(&holder, false).await;
        assert_eq!(closed.json["undo_until"], closed.json["erased_by"]);
        assert_eq!(world.verify(&shown).await, "holder_not_active");
        assert_eq!(status().await["undo_until"], closed.json["undo_until"]);

        // Nothing but the undo gets in, and the PIN counts as everywhere.
        holder.client.unlock_with(&pin_key(&holder.record)).await.expect_problem(404, "not_found");
        let wrong = undo_with(&holder, &PinKey::from_seed(&[1; 32])).await.expect(403);
        assert_eq!((wrong.code(), &wrong.json["tries_left"]), ("pin_wrong", &json!(2)));
        world.later(DAY - 60);
        assert_eq!(world.app.closures.erase_due().await.unwrap(), 0);
        let told = world.letters_to(&holder.email);
        let before = events(&world, &holder).await;
        let undone = undo(&holder).await.expect(200);
        assert_eq!(
            (undone.text("state").as_str(), undone.json["session"]["expires_in"].as_i64()),
            ("active", Some(900))
        );
        assert_eq!(events(&world, &holder).await, before + 1);
        world.app.deliver_mail().await.unwrap();
        assert!(world.letters_to(&holder.email) > told);
        undo(&holder).await.expect_problem(409, "wrong_state");

        // The same phone, PIN, data and block code; what was shown before stays void, also that it was closed in between.
        let mut holder = holder;
        holder.client.unlock_with(&pin_key(&holder.record)).await.expect(200);
        let again = holder.client.get("/v1/me").await.expect(200).json;
        for member in ["attributes", "activated_at", "record_as_of", "has_portrait"] {
            assert_eq!(again[member], card[member], "{member}");
        }
        assert_eq!(holder.client.get("/v1/me/status").await.expect(200).json["block_code_set"], json!(true));
        assert_ne!(world.verify(&shown).await, "valid");
        assert_eq!(world.verify(&world.present(&holder, "basic").await).await, "valid");
        world.later(2 * DAY);
        assert_eq!(world.app.closures.erase_due().await.unwrap(), 0, "nothing is erased of who stays");
        holder.client.unlock_with(&pin_key(&holder.record)).await.expect(200);

        // A day later it is too late, erased or not.
        close(&holder, false).await;
        world.later(DAY);
        undo(&holder).await.expect_problem(409, "wrong_state");
        assert_eq!(status_of(&holder).await["undo_until"], Value::Null);
        assert_eq!(world.app.closures.erase_due().await.unwrap(), 1);
        undo(&holder).await.expect_problem(404, "not_found");
        holder = active(&world, 0).await;
        assert_eq!(world.verify(&world.present(&holder, "basic").await).await, "valid");
    })
    .await;
}

async fn status_of(holder: &Applicant) -> Value {
    holder.client.get("/v1/me/status").await.expect(200).json
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_closure_with_the_pin_is_not_undone() {
    each_engine(async |context| {
        let world = World::open(context).await;
        // A consent that was withdrawn.
        let holder = active(&world, 0).await;
        let closed = close(&holder, true).await;
        assert_eq!((&closed.json["undo_until"], &status_of(&holder).await["undo_until"]), (&Value::Null, &Value::Null));
        undo(&holder).await.expect_problem(409, "wrong_state");

        // A block.
        let holder = active(&world, 1).await;
        holder.client.post("/v1/me/block", &json!({})).await.expect(200);
        undo(&holder).await.expect_problem(409, "wrong_state");

        // Nine wrong PINs, as for unlocking; then not with the right one either.
        let holder = active(&world, 2).await;
        close(&holder, false).await;
        for tries in 1..=9 {
            let wrong = undo_with(&holder, &PinKey::from_seed(&[1; 32])).await.expect(403);
            assert_eq!(wrong.code(), "pin_wrong", "{tries}");
            world.later(3601);
        }
        undo(&holder).await.expect_problem(423, "pin_blocked");

        // Somebody who died meanwhile, whatever order the register and the phone come in.
        let holder = active(&world, 3).await;
        close(&holder, false).await;
        let dead = ikd::register::RegisterRecord { vital_status: VitalStatus::Deceased, ..world.people[3].clone() };
        world.put(vec![dead.clone()]).await;
        undo(&holder).await.expect_problem(409, "wrong_state");
        // Taken back in time, it works; a name that changed meanwhile is to be confirmed first.
        let renamed = format!("{} PUTRI", dead.full_name);
        let alive = ikd::register::RegisterRecord { vital_status: VitalStatus::Alive, full_name: renamed, ..dead };
        world.put(vec![alive]).await;
        let undone = undo(&holder).await.expect(200);
        assert_eq!((undone.text("state").as_str(), &undone.json["session"]), ("blocked", &Value::Null));
        assert_eq!(status_of(&holder).await["reason"], "register_changed");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_registration_is_faster_or_slower_than_the_undo() {
    each_engine(async |context| {
        let world = World::open(context).await;
        // Active anew on another phone: there is nothing to undo.
        let first = active(&world, 0).await;
        close(&first, false).await;
        let second = active(&world, 0).await;
        let refused = undo(&first).await;
        assert!([404, 409].contains(&refused.status.as_u16()), "{}", refused.body());
        assert_eq!(world.verify(&world.present(&second, "basic").await).await, "valid");
        // Undone before the new one is active: it stands in the way of that.
        close(&second, false).await;
        let mut third = approved(&world, 0).await;
        let code = world.code(&third);
        world.enter(&third, &code).await.expect(200);
        undo(&second).await.expect(200);
        let id = third.id.clone();
        third.client.enrol(&id, pin_key(&third.record)).await.expect_problem(409, "already_active");
        second.client.unlock_with(&pin_key(&second.record)).await.expect(200);
    })
    .await;
}
