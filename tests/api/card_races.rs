//! Acts on one printed card at the same moment: each pair leaves what one of the two orders leaves.

use ikd::register::{RegisterRecord, VitalStatus};
use serde_json::{Value, json};
use support::each_engine;
use support::world::World;

use crate::card::{Pair, asked, grant, pair, path, qr, view};

const HELD: &str = "SELECT CAST(COUNT(*) AS BIGINT) FROM credential WHERE resident_id = $1 AND state = 'active'";
const GOOD: &str = "SELECT CAST(COUNT(*) AS BIGINT) FROM status_entry WHERE resident_id = $1 AND void = 0";

async fn refuse(officer: &support::client::Officer, card: &Value) -> support::answer::Answer {
    officer.post(&path(card, "/refuse"), &json!({"version": card["version"], "reason": "Wajah tidak sama"})).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_card_is_granted_once_and_not_refused_as_well() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let Pair { asker, granter } = pair(&world).await;
        let second = world.supervisor("penyelia-lain", support::world::OFFICE).await;
        for person in &world.people[..4] {
            let card = asked(&world, &asker, person).await;
            let (one, two, no) = tokio::join!(grant(&granter, &card), grant(&second, &card), refuse(&asker, &card));
            let done = [&one, &two, &no].iter().filter(|answer| answer.status == 204).count();
            assert_eq!(done, 1, "{} {} {}", one.status, two.status, no.status);
            let resident = world.resident_id(person).await;
            let granted = i64::from(no.status != 204);
            assert_eq!(world.count(GOOD, resident).await, granted, "one place for one card");
            assert_eq!(world.count(HELD, resident).await, granted);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_death_at_the_moment_of_a_grant_leaves_no_card_that_counts() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let Pair { asker, granter } = pair(&world).await;
        let (mut granted, mut refused) = (0, 0);
        for person in &world.people[..6] {
            let card = asked(&world, &asker, person).await;
            let dead = RegisterRecord { vital_status: VitalStatus::Deceased, ..person.clone() };
            let (answer, _) = tokio::join!(grant(&granter, &card), world.put(vec![dead]));
            match answer.status.as_u16() {
                204 => granted += 1,
                409 => refused += 1,
                other => panic!("{other}"),
            }
            let resident = world.resident_id(person).await;
            assert_eq!(world.count(GOOD, resident).await, 0, "a card outlived the death");
            assert_eq!(world.count(HELD, resident).await, 0);
        }
        println!("{granted} granted before, {refused} refused after");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_activation_at_the_moment_of_a_grant_or_an_end_leaves_one_of_both() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let Pair { asker, granter } = pair(&world).await;
        for (round, person) in world.people[..4].iter().enumerate() {
            let mut applicant = world.approved(person).await;
            let resident = world.resident_id(person).await;
            let card = asked(&world, &asker, person).await;
            if round % 2 == 0 {
                // The first card against the phone.
                let (answer, activated) = tokio::join!(grant(&granter, &card), world.activate(&mut applicant));
                assert!(activated.status.is_success(), "a card on paper stops no phone: {}", activated.status);
                assert!([204, 409].contains(&answer.status.as_u16()), "{}", answer.status);
            } else {
                // A card that counts, given back, against the phone.
                grant(&granter, &card).await.expect(204);
                let card = view(&asker, &card).await;
                let body = json!({"version": card["version"], "reason": "returned"});
                let address = path(&card, "/void");
                let (ended, activated) = tokio::join!(asker.post(&address, &body), world.activate(&mut applicant));
                assert!(activated.status.is_success(), "{}", activated.status);
                assert!([204, 409].contains(&ended.status.as_u16()), "{}", ended.status);
                assert_eq!(world.verify(&qr(&world, &card).await).await, "holder_not_active");
            }
            // Whichever came first: the phone works, and no card counts that its holder did not choose to keep.
            assert_eq!(world.count(GOOD, resident).await, 0);
            assert_eq!(world.count(HELD, resident).await, 1);
        }
    })
    .await;
}
