//! Foreigners with a permit to stay: their digital KTP counts until its last day in Jakarta, they are told before, and a longer permit in the
//! register brings it back by itself.

use ikd::clock::{DAY, HOUR, MINUTE, Timestamp};
use ikd::refresh::tell_of_permits;
use ikd::register::{Date, Heard, Nationality, RegisterRecord};
use serde_json::{Value, json};
use support::each_engine;
use support::world::{Applicant, World, pin_key};

const NOBODY: Heard = Heard { refreshed: 0, paused: 0, stopped: 0, corrected: 0 };

/// A foreigner who may stay so many days more, this one included; and the first moment after that.
async fn foreigner(world: &World, number: usize, days: i32) -> (RegisterRecord, Timestamp) {
    let today = Date::in_jakarta(world.context.now());
    let last = today.plus_days(days).unwrap();
    let record =
        RegisterRecord { nationality: Nationality::Foreign, valid_until: Some(last), ..world.people[number].clone() };
    world.put(vec![record.clone()]).await;
    // WIB is seven hours before UTC, all year.
    let days = i64::from(last.plus_days(1).unwrap().days_since(Date::parse("1970-01-01").unwrap()));
    (record, Timestamp::from_seconds(days * DAY - 7 * HOUR))
}

async fn unlock(holder: &Applicant) {
    holder.client.unlock_with(&pin_key(&holder.record)).await.expect(200);
}

fn until(world: &World, moment: Timestamp) -> i64 {
    moment.seconds() - world.context.now().seconds()
}

/// Subjects about a permit that an address got, in order.
async fn told(world: &World, holder: &Applicant) -> Vec<String> {
    world.app.deliver_mail().await.unwrap();
    let letters = world.letters().into_iter().filter(|letter| letter.to == holder.email);
    let mut subjects: Vec<_> = letters.map(|letter| letter.subject).collect();
    subjects.retain(|subject| subject.starts_with("Izin tinggal"));
    subjects.reverse();
    subjects
}

async fn tell(world: &World) -> u64 {
    tell_of_permits(&world.context).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_of_it_counts_from_the_first_moment_after_the_last_day_in_jakarta() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let (record, midnight) = foreigner(&world, 0, 3).await;
        let holder = world.active(&record).await;
        world.later(until(&world, midnight) - 30);
        unlock(&holder).await;
        assert_eq!(holder.client.get("/v1/me").await.expect(200).json["permit_ended_at"], Value::Null);
        let (early, late) = (world.present(&holder, "basic").await, world.present(&holder, "basic").await);
        let offline = json!({"share": "basic", "offline": true});
        let offline = holder.client.post("/v1/me/presentations", &offline).await.expect(200);
        assert_eq!(offline.json["expires_at"], midnight.to_rfc3339(), "who checks without network knows the end too");
        world.later(29);
        assert_eq!(world.verify(&early).await, "valid", "the last second of the last day");
        let bank = world.bank();
        let checked = bank.verify(&late, "open_account", "kunci-1").await.expect(200);
        assert_eq!(checked.verdict(), "valid");
        let fresh = world.present(&holder, "basic").await;
        world.later(1);
        assert_eq!(world.verify(&fresh).await, "holder_not_active", "no sweep has to come first");
        // An answer that was given stays what it was.
        assert_eq!(bank.verify(&late, "open_account", "kunci-1").await.expect(200).verdict(), "valid");
        assert_eq!(world.verify(&world.present(&holder, "basic").await).await, "holder_not_active");
        let card = holder.client.get("/v1/me").await.expect(200);
        assert_eq!(card.json["permit_ended_at"], midnight.to_rfc3339());
        let offline = json!({"share": "basic", "offline": true});
        holder.client.post("/v1/me/presentations", &offline).await.expect_problem(409, "wrong_state");

        // Prolonged in the register it counts again, by itself.
        let longer = RegisterRecord { valid_until: record.valid_until.unwrap().plus_days(365), ..record };
        assert_eq!(world.put(vec![longer]).await, Heard { refreshed: 1, ..NOBODY });
        assert_eq!(world.verify(&world.present(&holder, "basic").await).await, "valid");
        assert_eq!(holder.client.get("/v1/me").await.expect(200).json["permit_ended_at"], Value::Null);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_printed_card_ends_with_it_too() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let (record, midnight) = foreigner(&world, 0, 40).await;
        let pair = crate::card::pair(&world).await;
        let card = crate::card::asked(&world, &pair.asker, &record).await;
        crate::card::grant(&pair.granter, &card).await.expect(204);
        let qr = crate::card::qr(&world, &card).await;
        assert_eq!(world.verify(&qr).await, "valid");
        world.later(until(&world, midnight) - 1);
        assert_eq!(world.verify(&qr).await, "valid");
        world.later(1);
        assert_eq!(world.verify(&qr).await, "expired", "the card itself says until when");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn its_holder_is_told_sixty_thirty_and_seven_days_before_once_each() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let (record, midnight) = foreigner(&world, 0, 90).await;
        let holder = world.active(&record).await;
        let native = world.active(&world.people[1]).await;
        let subject = |days: i64| format!("Izin tinggal Anda berakhir dalam {days} hari");
        let mut expected = Vec::new();
        for days in [60, 30, 7] {
            world.later(until(&world, midnight) - days * DAY - 1);
            assert_eq!(tell(&world).await, 0, "{days}");
            world.later(1);
            let other = world.context.clone();
            let (one, two) = tokio::join!(tell(&world), tell_of_permits(&other));
            assert_eq!(one + two.unwrap(), 1, "of two nodes one: {days}");
            assert_eq!(tell(&world).await, 0);
            expected.push(subject(days));
            assert_eq!(told(&world, &holder).await, expected);
        }
        let letters = world.letters();
        let letter = letters.iter().find(|letter| letter.to == holder.email && letter.subject == subject(7)).unwrap();
        let last = record.valid_until.unwrap().to_string();
        for datum in [record.nik.as_str(), last.as_str(), record.address.as_str()] {
            assert!(!letter.text.contains(datum), "{}", letter.text);
        }
        // The same day said again tells nobody; a later one is told anew, in its time.
        world.put(vec![record.clone()]).await;
        assert_eq!(tell(&world).await, 0);
        let longer = RegisterRecord { valid_until: record.valid_until.unwrap().plus_days(30), ..record };
        world.put(vec![longer]).await;
        assert_eq!(tell(&world).await, 1, "37 days: within sixty, of another day than before");
        expected.push(subject(60));
        world.later(7 * DAY);
        assert_eq!(tell(&world).await, 1);
        expected.push(subject(30));
        assert_eq!(told(&world, &holder).await, expected);
        world.later(60 * DAY + MINUTE);
        assert_eq!(tell(&world).await, 0, "over");
        assert!(told(&world, &native).await.is_empty());
    })
    .await;
}
