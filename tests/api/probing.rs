//! Whoever asks about many people learns nothing of any: status, body, headers and time are alike for who is known and who is not.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::answer::Answer;
use support::client::Officer;
use support::world::{OFFICE, World};

/// What an answer shows beside its time. Ids of requests and times of day differ by nature.
fn shape(answer: &Answer) -> (u16, String, BTreeSet<String>) {
    let mut json = answer.json.clone();
    if let Some(members) = json.as_object_mut() {
        members.remove("request_id");
    }
    let differs = ["date", "x-request-id", "dpop-nonce"];
    let headers = answer.headers.iter().filter(|(name, _)| !differs.contains(&name.as_str()));
    let headers = headers.map(|(name, value)| format!("{name}: {}", value.to_str().unwrap_or_default())).collect();
    (answer.status.as_u16(), json.to_string(), headers)
}

/// How often, of all pairs, one of the first took longer than one of the second: one half where they come of one distribution
/// (the statistic of Mann and Whitney over the number of pairs).
fn longer(first: &[Duration], second: &[Duration]) -> f64 {
    let pairs = first.iter().flat_map(|one| second.iter().map(move |other| one.cmp(other)));
    let longer: f64 = pairs
        .map(|order| match order {
            std::cmp::Ordering::Greater => 1.0,
            std::cmp::Ordering::Equal => 0.5,
            std::cmp::Ordering::Less => 0.0,
        })
        .sum();
    longer / (first.len() * second.len()) as f64
}

/// Asks about one and the other in turns, so that what else the machine does meets both alike, and compares what came.
async fn compare(name: &str, times: usize, ask: impl AsyncFn(bool, usize) -> Answer) {
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    let mut shapes = [BTreeSet::new(), BTreeSet::new()];
    for number in 0..times {
        for is_known in [number % 2 == 0, number % 2 == 1] {
            let begun = Instant::now();
            let answer = ask(is_known, number).await;
            let took = begun.elapsed();
            // The first ones warm up what the program has in memory.
            if number >= 2 {
                if is_known { known.push(took) } else { unknown.push(took) }
            }
            shapes[usize::from(is_known)].insert(shape(&answer));
        }
    }
    assert_eq!(shapes[0], shapes[1], "{name}");
    // Four and a half standard deviations of the statistic: of what is alike, one time in 100,000 lies outside.
    let many = known.len() as f64;
    let bound = 4.5 * ((2.0 * many + 1.0) / (12.0 * many * many)).sqrt();
    let longer = longer(&known, &unknown);
    assert!((longer - 0.5).abs() < bound, "{name}: somebody known takes longer in {longer:.2} of all pairs");
}

#[test]
fn what_differs_is_found() {
    let times = |from: u64| (0..50).map(|more| Duration::from_micros(from + 7 * more)).collect::<Vec<_>>();
    assert!((longer(&times(1_000), &times(1_000)) - 0.5).abs() < 1e-9);
    assert!(longer(&times(1_200), &times(1_000)) > 0.77);
    assert!(longer(&times(1_000), &times(1_200)) < 0.23);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_registers_learns_of_no_nik_whether_somebody_has_it() {
    let world = World::on(support::Engine::Sqlite).await;
    world.active(&world.people[0]).await;
    let holder = world.people[0].clone();
    let unknown = world.somebody(500_000, |_| true);
    let people = [unknown, holder];
    // Each from a phone of its own, as whoever asks about many would.
    let mut phones = Vec::new();
    for _ in 0..100 {
        phones.push(world.phone());
    }
    compare("a registration", 50, async |is_known, number| {
        let phone = &phones[2 * number + usize::from(is_known)];
        let mut body = world.registration(&people[usize::from(is_known)], &format!("warga{number}@example.id"));
        body["full_name"] = json!("NAMA SIAPA SAJA");
        body["birth_date"] = json!("1990-08-17");
        let mut answer = phone.post("/v1/registrations", &body).await.expect(201);
        for own in ["registration_id", "expires_at", "email_hint"] {
            answer.json.as_object_mut().unwrap().remove(own);
        }
        answer
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_the_counter_a_nik_alone_tells_nothing() {
    let world = World::on(support::Engine::Sqlite).await;
    let holder = world.active(&world.people[0]).await;
    let unknown = world.somebody(500_000, |_| true).nik.as_str().to_owned();
    let nik = |is_known: bool| if is_known { holder.record.nik.clone() } else { unknown.clone() };
    let opened = json!({"kind": "element_change", "fields": ["religion"]});
    holder.client.post("/v1/me/corrections", &opened).await.expect(201);

    // Cases: with the wrong number, whether or not there is one.
    let desks = [world.officer("loket-a", OFFICE).await, world.officer("loket-b", OFFICE).await];
    compare("a case", 20, async |is_known, number| {
        let body = json!({"nik": nik(is_known), "reference": "ABCD-2345"});
        desks[number / 10].post("/v1/officer/corrections", &body).await
    })
    .await;

    // Annulments at an office that activated neither: twenty a day for each supervisor.
    let offices = ikd::office::Offices::new(world.context.clone());
    offices.add("UJI-02", "Kantor Lain", ikd::office::Kind::Dinas).await.unwrap();
    let mut elsewhere: Vec<Officer> = Vec::new();
    for number in 0..3 {
        elsewhere.push(world.supervisor(&format!("jauh-{number}"), "UJI-02").await);
    }
    compare("an annulment", 17, async |is_known, number| {
        let body: Value = json!({"nik": nik(is_known), "reason": "Ingin tahu apakah ia aktif"});
        elsewhere[number / 6].post("/v1/officer/annulments", &body).await
    })
    .await;
    // What a holder without the phone may ask for: the NIK alone, with a name and a birth date that are made up, tells nothing.
    compare("a walk-in", 17, async |is_known, number| {
        let body: Value =
            json!({"kind": "copy", "nik": nik(is_known), "full_name": "SIAPA SAJA", "birth_date": "1990-08-17"});
        elsewhere[number / 6].post("/v1/officer/walk-ins", &body).await
    })
    .await;
    // Whether somebody left the country: no more than whether there is such a person.
    compare("a departure", 17, async |is_known, number| {
        let body: Value = json!({"nik": nik(is_known), "reason": "Ingin tahu apakah ia pergi"});
        elsewhere[number / 6].post("/v1/officer/departures", &body).await
    })
    .await;
}
