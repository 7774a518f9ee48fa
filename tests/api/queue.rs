//! Who was received waits with a number that the office calls: on the phone, in the hall and on the officers' screens.

use std::collections::BTreeSet;

use ikd::clock::DAY;
use ikd::office::{Kind, Offices};
use ikd::staff::Role;
use serde_json::{Value, json};
use support::client::Officer;
use support::each_engine;
use support::world::{Applicant, OFFICE, World};

use crate::duty::person;

async fn calls(world: &World, office: &str) -> Value {
    // What a node remembers is two seconds old at most.
    world.later(2);
    world.get(&format!("/v1/offices/{office}/calls")).send().await.expect(200).json
}

async fn receive(world: &World, by: &Officer, applicant: &Applicant) -> Value {
    let token = json!({"token": world.activation_token(applicant).await});
    by.post("/v1/officer/arrivals", &token).await.expect(201).json
}

async fn turn(applicant: &Applicant) -> Value {
    applicant.client.get(&applicant.path("")).await.expect(200).json["turn"].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_received_gets_a_number_and_is_called_by_it() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let assistant = world.log_in(&person(&world, "magang", Role::Assistant).await).await;
        let officer = world.officer("loket-1", OFFICE).await;
        Offices::new(world.context.clone()).add("UJI-02", "Kantor Lain", Kind::Dinas).await.unwrap();
        let elsewhere = world.officer("jauh", "UJI-02").await;
        let (one, two) = (world.waiting(&world.people[0]).await, world.waiting(&world.people[1]).await);
        assert_eq!(turn(&one).await, Value::Null);
        let token = json!({"token": world.activation_token(&one).await});
        let path = "/v1/officer/arrivals";
        assert_eq!(assistant.post(path, &token).await.expect(201).json["number"], 1);
        assert_eq!(assistant.post(path, &token).await.expect(201).json["number"], 1, "scanned twice");
        assert_eq!(receive(&world, &assistant, &two).await["number"], 2);
        assert_eq!(turn(&two).await, json!({"number": 2, "called_at": null}));
        let waiting = officer.get(path).await.expect(200).json;
        let numbers: Vec<_> = waiting["items"].as_array().unwrap().iter().map(|item| item["number"].clone()).collect();
        assert_eq!(numbers, [1, 2]);
        let hall = calls(&world, OFFICE).await;
        assert_eq!(hall, json!({"office": "Kantor Uji", "waiting": 2, "items": []}));

        // Called: on the phone, in the hall, and no longer among those who wait. Looking again calls nobody anew.
        let take = format!("/v1/officer/registrations/{}/take", two.id);
        officer.post(&take, &json!({})).await.expect(200);
        let called_at = turn(&two).await["called_at"].clone();
        world.later(5);
        officer.post(&take, &json!({})).await.expect(200);
        let hall = calls(&world, OFFICE).await;
        assert_eq!((&hall["waiting"], &hall["items"]), (&json!(1), &json!([{"number": 2, "called_at": called_at}])));
        // Who missed the call is received again: the same number waits again.
        assert_eq!(receive(&world, &assistant, &two).await["number"], 2);
        assert_eq!(turn(&two).await, json!({"number": 2, "called_at": null}));
        let hall = calls(&world, OFFICE).await;
        assert_eq!((&hall["waiting"], &hall["items"]), (&json!(2), &json!([])));
        let today = async || officer.get("/v1/officer/figures").await.expect(200).json["wait"].clone();
        assert_eq!(today().await, Value::Null, "nobody was called whose call still counts");
        world.later(7 * 60 + 30);
        officer.post(&take, &json!({})).await.expect(200);
        assert_eq!(today().await, json!({"people": 1, "median_minutes": 7}));
        // An office has numbers of its own; who goes there leaves the queue of the first.
        assert_eq!(receive(&world, &elsewhere, &one).await["number"], 1);
        assert_eq!(
            (&calls(&world, OFFICE).await["waiting"], &calls(&world, "UJI-02").await["waiting"]),
            (&json!(0), &json!(1))
        );
        world.get("/v1/offices/XXX/calls").send().await.expect_problem(404, "not_found");

        // What was approved waits for nobody; a call is told for a quarter of an hour; numbers begin anew each day.
        world.approve(&officer, &two).await.expect(200);
        assert_eq!(turn(&two).await, Value::Null);
        world.later(15 * 60);
        assert_eq!(calls(&world, OFFICE).await["items"], json!([]));
        world.later(DAY);
        let assistant = world.log_in(&person(&world, "magang-2", Role::Assistant).await).await;
        assert_eq!(turn(&one).await, Value::Null);
        assert_eq!(receive(&world, &assistant, &one).await["number"], 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_who_are_received_at_one_moment_have_two_numbers() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let (one, two) = (world.officer("loket-1", OFFICE).await, world.officer("loket-2", OFFICE).await);
        let mut numbers = BTreeSet::new();
        for pair in world.people[..6].chunks(2) {
            let (first, second) = (world.waiting(&pair[0]).await, world.waiting(&pair[1]).await);
            let (first, second) = tokio::join!(receive(&world, &one, &first), receive(&world, &two, &second));
            numbers.extend([first["number"].as_i64().unwrap(), second["number"].as_i64().unwrap()]);
        }
        assert_eq!(numbers, (1..=6).collect());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn received_again_while_an_officer_calls_the_number_stays_and_is_called_in_the_end() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let (door, desk) = (world.officer("pintu", OFFICE).await, world.officer("loket-1", OFFICE).await);
        for person in &world.people[..5] {
            let one = world.waiting(person).await;
            let number = receive(&world, &door, &one).await["number"].clone();
            let take = format!("/v1/officer/registrations/{}/take", one.id);
            world.later(1);
            let token = json!({"token": world.activation_token(&one).await});
            let nothing = json!({});
            let (again, taken) = tokio::join!(door.post("/v1/officer/arrivals", &token), desk.post(&take, &nothing));
            taken.expect(200);
            // A call makes older QRs void: who was called first is told to show a newer one.
            match again.status.as_u16() {
                201 => assert_eq!(again.json["number"], number),
                _ => drop(again.expect_problem(409, "qr_used")),
            }
            // Whichever was last: waiting again, or called.
            assert_eq!(turn(&one).await["number"], number);
            desk.post(&take, &json!({})).await.expect(200);
            assert_ne!(turn(&one).await["called_at"], Value::Null);
        }
        let hall = calls(&world, OFFICE).await;
        assert_eq!((&hall["waiting"], hall["items"].as_array().unwrap().len()), (&json!(0), 5));
    })
    .await;
}
