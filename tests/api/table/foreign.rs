//! Every endpoint about one thing of an office, asked by people of offices beside it, below it and elsewhere: they are told what they would be
//! told of something that does not exist, and nothing happens.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Method;
use serde_json::json;
use support::Engine;
use support::client::Officer;
use uuid::Uuid;

use super::{Stage, whole};
use crate::duty::id_of;
use crate::scope;

/// What is of no office: the own sessions and passkeys.
const OWN: &[&str] = &["/v1/officer/sessions/", "/v1/officer/passkeys/"];

/// What a picture is needed for, and what takes days to come about; `tests/api` has each of them asked by another office by hand.
const BY_HAND: &[&str] = &[
    "/v1/officer/blocks/",
    "/v1/officer/call-backs/",
    "/v1/officer/contact-visits/",
    "/v1/officer/fraud-reports/",
    "/v1/officer/helpers/",
    "/v1/officer/paused/",
    "/v1/officer/searches/",
    "/v1/officer/staff-photos/",
];

async fn told(stage: &Stage, who: &Officer, method: &str, path: &str, body: &serde_json::Value) -> (u16, String) {
    let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
    let mut request = stage.world.request(method, path).cookie(&who.cookie());
    if !body.is_null() {
        request = request.json(body);
    }
    let answer = request.send().await;
    let code = if answer.status.is_success() { String::new() } else { answer.code().to_owned() };
    (answer.status.as_u16(), code)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_offices_are_told_of_a_thing_what_they_are_told_of_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let stage = Stage::set_up(support::context(Engine::Sqlite, folder.path()).await).await;
    let world = &stage.world;
    scope::set_up(world).await;
    let post = world.officer("pos", "POS-1").await;
    let (supervisor, head) = (world.supervisor("penyelia-pos", "POS-1").await, world.head("kepala-pos", "POS-1").await);
    let mut real: BTreeMap<String, String> = BTreeMap::new();
    for one in scope::all_asked(world, &post, &supervisor, 10).await {
        real.insert(format!("/v1/officer/{}/", one.what), one.id);
    }
    let plan = crate::outreach::plan(world, &id_of(&post).await, &[]);
    let session = supervisor.post("/v1/officer/outreach", &plan).await.expect(201).text("outreach_id");
    real.insert("/v1/officer/outreach/".into(), session);
    real.insert("/v1/officer/staff/".into(), id_of(&post).await);
    let joins = json!({"username": "rina", "full_name": "Rina", "email": "rina@dukcapil.example", "role": "officer"});
    supervisor.post("/v1/officer/staff", &joins).await.expect(201);
    let requests = head.get("/v1/officer/staff/requests").await.expect(200).json;
    let request = requests["items"][0]["request_id"].as_str().unwrap().to_owned();
    real.insert("/v1/officer/staff/requests/".into(), request);

    let mut strangers = Vec::new();
    for (name, office) in [("samping", "POS-2"), ("bawah", "POS-11"), ("lain", "UJI-02")] {
        strangers.push((format!("officer {name}"), world.officer(&format!("petugas-{name}"), office).await));
        strangers.push((format!("supervisor {name}"), world.supervisor(name, office).await));
        strangers.push((format!("head {name}"), world.head(&format!("kepala-{name}"), office).await));
    }
    let about = |path: &str| path.starts_with("/v1/officer/") && path.contains("{id}");
    let asked: Vec<_> = whole(&stage).into_iter().filter(|endpoint| about(endpoint.path)).collect();
    let kind = |path: &'static str| path.split("{id}").next().unwrap();
    let kinds: BTreeSet<&str> = asked.iter().map(|endpoint| kind(endpoint.path)).collect();
    let known: BTreeSet<&str> = real.keys().map(String::as_str).chain(BY_HAND.iter().chain(OWN).copied()).collect();
    assert_eq!(kinds, known, "each kind of thing has one here, or a reason why not");

    let (mut wrong, mut seen) = (Vec::new(), BTreeSet::new());
    for endpoint in &asked {
        let Some(id) = real.get(kind(endpoint.path)) else { continue };
        let nothing = endpoint.path.replace("{id}", &Uuid::from_u128(7).to_string());
        let path = endpoint.path.replace("{id}", id);
        for (who, stranger) in &strangers {
            let expected = told(&stage, stranger, endpoint.method, &nothing, &endpoint.body).await;
            let answer = told(&stage, stranger, endpoint.method, &path, &endpoint.body).await;
            if answer != expected || answer.0 < 400 {
                wrong.push(format!("{} {}: {who} {answer:?}, {expected:?} of nothing", endpoint.method, endpoint.path));
            }
        }
        // It is real: its own people are told something else.
        for own in [&post, &supervisor, &head] {
            if endpoint.method == "get" && told(&stage, own, "get", &path, &endpoint.body).await.0 == 200 {
                seen.insert(kind(endpoint.path));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    let readable: BTreeSet<&str> = asked
        .iter()
        .filter(|one| one.method == "get" && real.contains_key(kind(one.path)))
        .map(|one| kind(one.path))
        .collect();
    assert_eq!(seen, readable, "what nobody of the own office can read proves nothing");
}
