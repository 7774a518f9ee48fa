//! Every endpoint about one thing of an office, asked by people of offices beside it, below it and elsewhere: they are told what they would be
//! told of something that does not exist, and nothing happens.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Method;
use serde_json::{Value, json};
use support::Engine;
use support::client::Officer;
use support::world::World;
use uuid::Uuid;

use super::{Stage, whole};
use crate::duty::id_of;
use crate::scope;

/// What is of no office: the own sessions and passkeys.
const OWN: &[&str] = &["/v1/officer/sessions/", "/v1/officer/passkeys/"];

/// What nobody grants: of each kind one of the post, about people `from` there on, by the beginning of its path.
async fn others_of_the_post(
    world: &World,
    (post, supervisor): (&Officer, &Officer),
    from: usize,
) -> BTreeMap<String, String> {
    let (officer, person) = (id_of(post).await, |number: usize| &world.people[from + number]);
    let granter = world.supervisor("penyetuju-pos", "POS-1").await;
    let resting = id_of(&world.officer("pos-istirahat", "POS-1").await).await;
    let pause = "UPDATE staff_account SET paused_at = 1 WHERE staff_id = $1";
    world.change(pause, Uuid::parse_str(&resting).unwrap()).await;
    crate::duty::photograph(world, supervisor, &officer).await.expect(204);
    post.post("/v1/officer/active-questions", &json!({"nik": person(0).nik})).await.expect(200);

    let called = world.active(person(0)).await.record;
    let call = json!({"nik": called.nik, "full_name": called.full_name, "birth_date": called.birth_date,
        "reason": "Ponsel dicuri di pasar"});
    post.post("/v1/officer/blocks", &call).await.expect(202);
    let blocks = supervisor.get("/v1/officer/blocks").await.expect(200).json;

    let offices = world.get("/v1/offices?words=POS-1").send().await.expect(200).json;
    let report =
        json!({"office_id": offices["items"][0]["office_id"], "what": "Diminta uang Rp50.000", "place": "Pasar"});
    world.post("/v1/fraud-reports").json(&report).send().await.expect(201);
    let reports = supervisor.get("/v1/officer/fraud-reports").await.expect(200).json;

    for number in 1..5 {
        let mut card = crate::card::said(person(number));
        card["helper"] = json!({"nik": person(0).nik, "full_name": "Aminah", "relation": "kader"});
        let asked = crate::card::asked_as(world, post, &card).await;
        crate::card::grant(&granter, &asked).await.expect(204);
    }
    let helpers = supervisor.get("/v1/officer/helpers").await.expect(200).json;
    let id = |of: &Value, key: &str| of["items"][0][key].as_str().unwrap().to_owned();
    [
        ("staff-photos", officer.clone()),
        ("searches", officer.clone()),
        ("paused", resting),
        ("blocks", id(&blocks, "block_id")),
        ("fraud-reports", id(&reports, "report_id")),
        ("helpers", id(&helpers, "help_id")),
    ]
    .into_iter()
    .map(|(kind, id)| (format!("/v1/officer/{kind}/"), id))
    .collect()
}

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
    let holder = world.active(&world.people[22]).await;
    // As if it had been on this phone for a day: before that nobody changes the address.
    let bound = "UPDATE device_binding SET bound_at = 1 WHERE device_thumbprint = \
        (SELECT device_thumbprint FROM registration WHERE registration_id = $1)";
    world.change(bound, holder.uuid()).await;
    let post = world.officer("pos", "POS-1").await;
    let (supervisor, head) = (world.supervisor("penyelia-pos", "POS-1").await, world.head("kepala-pos", "POS-1").await);
    let mut real: BTreeMap<String, String> = BTreeMap::new();
    for one in scope::all_asked(world, &post, &supervisor, 10).await {
        real.insert(format!("/v1/officer/{}/", one.what), one.id);
    }
    real.extend(others_of_the_post(world, (&post, &supervisor), 17).await);
    let visit = crate::contact_visit::confirmed(world, &holder, "baru@example.id").await;
    crate::contact_visit::scanned(&holder, &post, &visit).await;
    real.insert("/v1/officer/contact-visits/".into(), visit);
    // Which approvals by two are called back the lot decides.
    let approved = real["/v1/officer/registrations/"].clone();
    let drawn = "INSERT INTO approval_call_back (registration_id, office_id, asked_by, granted_by, drawn_at) \
        SELECT registration_id, office_id, asked_by, registration_id, asked_at FROM second_person_request \
        WHERE registration_id = $1";
    world.change(drawn, Uuid::parse_str(&approved).unwrap()).await;
    real.insert("/v1/officer/call-backs/".into(), approved);
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
    let known: BTreeSet<&str> = real.keys().map(String::as_str).chain(OWN.iter().copied()).collect();
    assert_eq!(kinds, known, "each kind of thing has one here");

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
