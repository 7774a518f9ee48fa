//! A second person for offices that have none: what an office asked for is granted by a supervisor or head of an office above it, and seen by
//! nobody of an office beside it, below it or elsewhere, nor by an officer above it.

use ikd::office::model::Edit;
use ikd::office::{Kind, Offices};
use ikd::register::Nationality;
use serde_json::{Value, json};
use support::client::Officer;
use support::each_engine;
use support::world::{OFFICE, World, approval};

const DESK: &str = "/v1/officer";

/// What the post asked for: where it is read, where it is granted, and where it is listed.
pub struct Asked {
    pub what: &'static str,
    pub id: String,
    read: String,
    grant: String,
    list: &'static str,
    /// Only a head grants it, and only supervisors read it.
    is_heads: bool,
}

fn asked(what: &'static str, list: &'static str, id: &Value) -> Asked {
    let id = id.as_str().unwrap().to_owned();
    let read = format!("{DESK}/{what}/{id}");
    Asked { what, grant: format!("{read}/grant"), read, id, list, is_heads: false }
}

pub async fn set_up(world: &World) {
    let offices = Offices::new(world.context.clone());
    for (code, parent) in [("POS-1", OFFICE), ("POS-2", OFFICE), ("POS-11", "POS-1")] {
        offices.add(code, "Pos Desa", Kind::Village).await.unwrap();
        offices.edit(code, Edit { parent: Some(parent.into()), ..Edit::default() }).await.unwrap();
    }
    offices.add("UJI-02", "Dinas Lain", Kind::Dinas).await.unwrap();
}

/// One of each kind, asked for at the post by the only people it has, about people `from` there on.
pub async fn all_asked(world: &World, post: &Officer, supervisor: &Officer, from: usize) -> Vec<Asked> {
    let person = |number: usize| &world.people[from + number];
    let mut all = Vec::new();
    world.active(person(0)).await;
    let walk_in = crate::walk_in::asked(world, post, person(0), "copy").await;
    all.push(asked("walk-ins", "walk-ins", &walk_in["walk_in_id"]));
    let card = crate::card::asked(world, post, person(1)).await;
    all.push(asked("cards", "cards/waiting", &card["card_id"]));

    let holder = world.active(person(2)).await;
    holder.client.unlock().await.expect(200);
    let (id, seen) = crate::life::scanned(&holder, post).await;
    let body = json!({"version": seen["version"], "reason": "Wajah dan KTP-el cocok"});
    post.post(&format!("{DESK}/recoveries/{id}/ask"), &body).await.expect(204);
    all.push(asked("recoveries", "recoveries", &json!(id)));

    world.active(person(3)).await;
    world.later(1);
    world.put(vec![crate::departure::emigrated(person(3), Nationality::Foreign)]).await;
    let departure = crate::departure::ask(post, person(3)).await.expect(201).json;
    all.push(asked("departures", "departures", &departure["departure_id"]));

    let mut body = world.registration(person(4), "");
    body["no_email"] = true.into();
    let applicant = world.register_body(person(4), &body).await;
    world.ready(&applicant).await;
    world.scan(post, &applicant).await.expect(200);
    world.decide(post, &applicant, "approval/second", &approval()).await.expect(204);
    let registration = asked("registrations", "releases", &json!(applicant.id));
    let read = format!("{}/release", registration.read);
    let grant = format!("{}/approval/second/grant", registration.read);
    all.push(Asked { read, grant, ..registration });

    let (_, applicant) = crate::correction::misspelt(world, from + 5).await;
    world.scan(post, &applicant).await.expect(200);
    let body = json!({"kind": "duplicate_nik", "fields": [], "reason": "Orang lain memakai NIK yang sama"});
    let case = world.decide(post, &applicant, "correction", &body).await.expect(201).json;
    crate::correction::step(post, &case, "request").await.expect(200);
    let case = asked("corrections", "corrections", &case["case"]["correction_id"]);
    all.push(Asked { grant: format!("{}/request/grant", case.read), ..case });

    let applicant = world.waiting(person(6)).await;
    world.scan(post, &applicant).await.expect(200);
    world.decide(post, &applicant, "approval", &approval()).await.expect(200);
    world.app.deliver_mail().await.unwrap();
    let mut holder = applicant;
    world.activate(&mut holder).await.expect(200);
    let annulment = crate::annulment::ask(supervisor, &holder).await.expect(201).json;
    all.push(Asked { is_heads: true, ..asked("annulments", "annulments", &annulment["annulment_id"]) });
    all
}

fn version(read: &Value) -> Value {
    let version = if read["case"].is_object() { &read["case"]["version"] } else { &read["version"] };
    json!({"version": version})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_office_above_is_second_person_and_nobody_beside_below_or_elsewhere() {
    each_engine(async |context| {
        let world = World::open(context).await;
        set_up(&world).await;
        let post = world.officer("pos", "POS-1").await;
        let own = world.supervisor("penyelia-pos", "POS-1").await;
        let all = all_asked(&world, &post, &own, 0).await;
        let mut strangers = Vec::new();
        for (name, office) in [("samping", "POS-2"), ("bawah", "POS-11"), ("lain", "UJI-02")] {
            strangers.push((name, world.supervisor(name, office).await));
            let head = format!("kepala-{name}");
            strangers.push((name, world.head(&head, office).await));
        }
        let officer = world.officer("petugas-dinas", OFFICE).await;
        for one in &all {
            let any = json!({"version": "0"});
            for (name, stranger) in &strangers {
                let at = format!("{} {name}", one.what);
                stranger.get(&one.read).await.expect_problem(404, "not_found");
                let answer = stranger.post(&one.grant, &any).await;
                assert!([403, 404].contains(&answer.status.as_u16()), "{at}: {}", answer.status);
                let list = stranger.get(&format!("{DESK}/{}", one.list)).await.expect(200);
                assert!(!list.body().contains(&one.id), "{at}");
            }
            if !one.is_heads {
                officer.get(&one.read).await.expect_problem(404, "not_found");
                let list = officer.get(&format!("{DESK}/{}", one.list)).await.expect(200);
                assert!(!list.body().contains(&one.id), "{}: an officer above", one.what);
            }
            officer.post(&one.grant, &any).await.expect_problem(403, "forbidden");
        }
        // A registration shows itself and its selfie to whoever is to grant, and to nobody else above.
        let registration = all.iter().find(|one| one.what == "registrations").unwrap();
        let base = format!("{DESK}/registrations/{}", registration.id);
        officer.get(&base).await.expect_problem(404, "not_found");
        let supervisor = world.supervisor("penyelia-dinas", OFFICE).await;
        let head = world.head("kepala-dinas", OFFICE).await;
        for rest in ["", "/selfie"] {
            supervisor.get(&format!("{base}{rest}")).await.expect(200);
        }
        for one in &all {
            let granter = if one.is_heads { &head } else { &supervisor };
            let list = granter.get(&format!("{DESK}/{}", one.list)).await.expect(200);
            assert!(list.body().contains(&one.id), "{}", one.what);
            let read = granter.get(&one.read).await.expect(200).json;
            let answer = granter.post(&one.grant, &version(&read)).await;
            assert!(answer.status.is_success(), "{}: {} {}", one.what, answer.status, answer.body());
        }
        // What was granted is the post's again.
        supervisor.get(&format!("{base}/release")).await.expect_problem(404, "not_found");
        supervisor.get(&base).await.expect_problem(404, "not_found");
        let served = "SELECT COUNT(*) FROM life_event WHERE office_id = $1";
        let mut tx = world.context.db.read().await.unwrap();
        let pos = ikd::office::ports::by_code(&mut tx, "POS-1").await.unwrap().unwrap().office_id;
        drop(tx);
        assert!(world.count(served, pos).await >= 3, "what happened stands with the office that served");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_office_that_moved_is_answered_for_by_the_one_above_it_now() {
    each_engine(async |context| {
        let world = World::open(context).await;
        set_up(&world).await;
        let post = world.officer("pos", "POS-1").await;
        world.active(&world.people[0]).await;
        let walk_in = crate::walk_in::asked(&world, &post, &world.people[0], "copy").await;
        let (before, after) =
            (world.supervisor("penyelia", OFFICE).await, world.supervisor("penyelia-lain", "UJI-02").await);
        let read = before.get(&crate::walk_in::path(&walk_in, "")).await.expect(200).json;
        let edit = Edit { parent: Some("UJI-02".into()), ..Edit::default() };
        Offices::new(world.context.clone()).edit("POS-1", edit).await.unwrap();
        let grant = crate::walk_in::path(&walk_in, "/grant");
        before.post(&grant, &version(&read)).await.expect_problem(404, "not_found");
        after.post(&grant, &version(&read)).await.expect(204);
    })
    .await;
}
