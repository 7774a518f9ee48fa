//! Who held a digital KTP on paper alone and let it go is forgotten as after a closure; who comes back in time, or at that moment, is not.

use ikd::clock::DAY;
use ikd::register::RegisterRecord;
use serde_json::Value;
use support::each_engine;
use support::world::World;
use uuid::Uuid;

use crate::card::{Pair, asked, grant, pair, path, view};

const YEAR: i64 = 365 * DAY;
const KEPT: i64 = 90 * DAY;

async fn issued(world: &World, person: &RegisterRecord) -> Value {
    let Pair { asker, granter } = fresh_pair(world).await;
    let card = asked(world, &asker, person).await;
    grant(&granter, &card).await.expect(204);
    view(&asker, &card).await
}

/// Two people of the office who logged in just now.
async fn fresh_pair(world: &World) -> Pair {
    let number = world.number();
    let asker = world.officer(&format!("petugas{number}"), support::world::OFFICE).await;
    let granter = world.supervisor(&format!("penyelia{number}"), support::world::OFFICE).await;
    Pair { asker, granter }
}

async fn sweep(world: &World) {
    while ikd::card::sweep::sweep(&world.context).await.unwrap() > 0 {}
    while world.app.closures.erase_due().await.unwrap() > 0 {}
}

/// Rows that hold something personal of a resident.
async fn kept(world: &World, resident: Uuid) -> i64 {
    let mut rows = 0;
    for sql in [
        "SELECT CAST(COUNT(*) AS BIGINT) FROM holder_record WHERE resident_id = $1",
        "SELECT CAST(COUNT(*) AS BIGINT) FROM holder_portrait WHERE resident_id = $1",
        "SELECT CAST(COUNT(*) AS BIGINT) FROM holder_nik WHERE resident_id = $1",
        "SELECT CAST(COUNT(*) AS BIGINT) FROM block_code WHERE resident_id = $1",
        "SELECT CAST(COUNT(*) AS BIGINT) FROM printed_card WHERE resident_id = $1",
    ] {
        rows += world.count(sql, resident).await;
    }
    rows
}

async fn is_active(world: &World, resident: Uuid) -> bool {
    let sql = "SELECT CAST(COUNT(*) AS BIGINT) FROM credential WHERE resident_id = $1 AND state = 'active'";
    world.count(sql, resident).await == 1
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ninety_days_after_the_last_card_nothing_is_kept_of_who_has_no_phone() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let [expires, lost, renews, phone] = [0, 1, 2, 3].map(|person| world.people[person].clone());
        for person in [&expires, &renews] {
            issued(&world, person).await;
        }
        // Lost, and no other one asked for.
        let card = issued(&world, &lost).await;
        let Pair { asker, .. } = fresh_pair(&world).await;
        let body = serde_json::json!({"version": card["version"], "reason": "lost"});
        asker.post(&path(&card, "/void"), &body).await.expect(204);
        // A card, and then a phone.
        issued(&world, &phone).await;
        world.active(&phone).await;
        let mut residents = Vec::new();
        for person in [&expires, &lost, &renews, &phone] {
            residents.push(world.resident_id(person).await);
        }
        let [expires, lost, renews_id, phone] = residents[..] else { panic!() };

        world.later(KEPT - 1);
        sweep(&world).await;
        assert!(is_active(&world, lost).await && kept(&world, lost).await >= 4, "in time for another card");
        world.later(1);
        sweep(&world).await;
        assert!(!is_active(&world, lost).await && kept(&world, lost).await >= 4, "ended, and erased a day later");
        world.later(DAY);
        sweep(&world).await;
        assert_eq!(kept(&world, lost).await, 0);
        assert!(is_active(&world, expires).await && is_active(&world, renews_id).await);

        world.later(YEAR - KEPT - DAY);
        issued(&world, &renews).await;
        world.later(KEPT - 1);
        sweep(&world).await;
        assert!(is_active(&world, expires).await, "a day too early");
        world.later(1);
        sweep(&world).await;
        world.later(DAY);
        sweep(&world).await;
        assert_eq!(kept(&world, expires).await, 0);
        assert!(!is_active(&world, expires).await);
        assert!(is_active(&world, renews_id).await && kept(&world, renews_id).await >= 4, "has another card");
        assert!(is_active(&world, phone).await && kept(&world, phone).await >= 3, "has a phone");
        let old = "SELECT CAST(COUNT(*) AS BIGINT) FROM printed_card WHERE resident_id = $1";
        assert_eq!(world.count(old, phone).await, 0, "the card's row is forgotten all the same");
        let events = "SELECT CAST(COUNT(*) AS BIGINT) FROM life_event WHERE resident_id = $1";
        assert!(world.count(events, expires).await >= 2, "what happened stays written, without its content");

        // They come back as anybody does.
        let back = world.people[0].clone();
        issued(&world, &back).await;
        assert!(is_active(&world, world.resident_id(&back).await).await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_card_or_a_phone_at_that_moment_comes_before_or_after() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let _ = pair(&world).await;
        for person in &world.people[..6] {
            issued(&world, person).await;
        }
        world.later(YEAR + KEPT);
        let (mut before, mut after) = (0, 0);
        for (round, person) in world.people[..6].iter().enumerate() {
            let resident = world.resident_id(person).await;
            if round % 2 == 0 {
                let Pair { asker, granter } = fresh_pair(&world).await;
                // Asked for: the sweep leaves alone who waits. Taken back, so that both may come first.
                let card = asked(&world, &asker, person).await;
                let (answer, swept) = tokio::join!(grant(&granter, &card), ikd::card::sweep::sweep(&world.context));
                swept.unwrap();
                assert_eq!(answer.status, 204, "{}", answer.body());
                assert!(is_active(&world, resident).await, "a card that was granted counts");
            } else {
                let mut applicant = waiting(&world, person).await;
                let (activated, swept) =
                    tokio::join!(world.activate(&mut applicant), ikd::card::sweep::sweep(&world.context));
                swept.unwrap();
                assert!(activated.status.is_success(), "{}", activated.body());
                let ended =
                    "SELECT CAST(COUNT(*) AS BIGINT) FROM life_event WHERE resident_id = $1 AND kind = 'stopped'";
                match world.count(ended, resident).await {
                    0 => before += 1,
                    _ => after += 1,
                }
                assert!(is_active(&world, resident).await, "a phone that was activated counts");
            }
            world.later(DAY);
            while world.app.closures.erase_due().await.unwrap() > 0 {}
            assert!(
                is_active(&world, resident).await && kept(&world, resident).await >= 3,
                "nothing is erased of who is back"
            );
        }
        println!("the phone was faster {before} times, the sweep {after} times");
    })
    .await;
}

/// Approved by an officer who logged in just now, with the code in the mail.
async fn waiting(world: &World, person: &RegisterRecord) -> support::world::Applicant {
    let officer = world.officer(&format!("loket{}", world.number()), support::world::OFFICE).await;
    let applicant = world.waiting(person).await;
    world.scan(&officer, &applicant).await.expect(200);
    world.approve(&officer, &applicant).await.expect(200);
    world.app.deliver_mail().await.unwrap();
    applicant
}
