//! A root secret leaked: another one takes its place while people use the service, and the old one is retired (docs/runbooks.md).

use std::path::PathBuf;

use ikd::db::{Db, PoolSizes};
use ikd::fetch_all;
use ikd::reseal::columns;
use ikd::vault::{Label, Vault};
use reqwest::Method;
use serde_json::{Value, json};
use support::node::{Node, text};
use support::world::{Applicant, LogIn, Program, World};
use support::{Engine, copy_folder, until};
use uuid::Uuid;

/// A node with a key directory and an address of its own.
struct Place {
    keys: PathBuf,
    safe: PathBuf,
    listen: String,
}

impl Place {
    /// The first one's keys are those that commands use.
    fn new(world: &World<Program>, number: usize) -> Self {
        let folder = world.folder.path();
        let keys = folder.join(if number == 0 { String::from("keys") } else { format!("keys{number}") });
        copy_folder(&folder.join("keys"), &keys);
        let safe = folder.join(format!("safe{number}"));
        std::fs::create_dir(&safe).unwrap();
        let listen = format!("127.0.0.1:{}", support::node::free_port());
        Self { keys, safe, listen }
    }

    async fn start(&self, world: &World<Program>) -> Node {
        let keys = self.keys.display().to_string();
        world.node(&[("KEYS__DIRECTORY", &keys), ("HTTP__LISTEN", &self.listen)]).await
    }

    async fn retire(&self, world: &World<Program>, more: &[&str]) -> (i32, String) {
        let (keys, safe) = (self.keys.display().to_string(), self.safe.display().to_string());
        let words = [&["keys", "retire-root", "1", "--safe", &safe, "--look-again-after", "1"], more].concat();
        let output = world.run_with(&[("KEYS__DIRECTORY", &keys)], &words).await;
        (output.status.code().unwrap(), text(&output.stdout) + &text(&output.stderr))
    }
}

async fn restart(world: &World<Program>, place: &Place, node: &mut Node) {
    node.terminate();
    node.ended(30).await;
    *node = place.start(world).await;
}

async fn is_valid(world: &World<Program>, node: &Node, holder: &Applicant) {
    holder.client.unlock().await.expect(200);
    let token = world.present(holder, "full").await;
    assert_eq!(world.verdict_of(&world.bank(&node.base), &token).await, "valid");
}

fn states(roots: &Value) -> Vec<&str> {
    roots["roots"].as_array().unwrap().iter().map(|root| root["state"].as_str().unwrap()).collect()
}

/// How many values are in the database, and of how many a secret opens one.
async fn opened_by(url: &str, secret: [u8; 32]) -> (usize, usize) {
    let db = Db::open(url, PoolSizes::default()).await.unwrap();
    let thief = Vault::single(secret);
    let (mut all, mut opened) = (0, 0);
    for column in columns::all() {
        type Read = (Uuid, Uuid, i64, Option<Vec<u8>>);
        let mut tx = db.read().await.unwrap();
        let rows = fetch_all!(&mut tx, Read, column.walk, Uuid::nil(), 10_000_i64, vec![0_u8]).unwrap();
        for (_, of, number, value) in rows {
            let (bound, value) = ((column.row)(of, number), value.unwrap());
            let context: [&[u8]; 2] = [column.bound_to.as_bytes(), bound.as_bytes()];
            all += 1;
            opened += usize::from(thief.open(Label::Column, &context, &value).is_ok());
        }
    }
    db.close().await;
    (all, opened)
}

async fn a_leaked_root_is_replaced(engine: Engine, count: usize) {
    let world = World::with_people(engine, 3).await;
    let places: Vec<Place> = (0..count).map(|number| Place::new(&world, number)).collect();
    let mut nodes = Vec::new();
    for place in &places {
        nodes.push(place.start(&world).await);
    }
    let addresses: Vec<String> = nodes.iter().map(|node| node.base.clone()).collect();
    let bases: Vec<&str> = addresses.iter().map(String::as_str).collect();
    let leaked: [u8; 32] = std::fs::read(places[0].keys.join("root/1")).unwrap().try_into().unwrap();
    let mut holder = world.waiting(&bases, 0, "warga0@contoh.id").await;
    let mut waiting = world.waiting(&bases, 1, "warga1@contoh.id").await;
    let officer = world.log_in_at(bases[0], world.officer()).await;
    // Logs in once the old root is gone: a code of the authenticator counts once.
    let second = ["officer", "add", "kedua", "Petugas Kedua", "--office", "UJI-01", "--generate-password"];
    let second = LogIn::read(&world.json(&second).await);
    world.visit(&officer, &holder).await;
    world.visit(&officer, &waiting).await;
    world.letter_about(&holder).await;
    world.activate(&mut holder).await;
    world.letter_about(&waiting).await;
    let block_code = holder.client.post("/v1/me/block-code", &json!({})).await.expect(201).text("block_code");
    let (values, opened) = opened_by(&world.database, leaked).await;
    assert!(values > 40 && opened == values, "{opened} of {values}");

    // Nothing seals with the new one before each node holds it.
    assert_eq!(world.json(&["keys", "new-root"]).await["version"], 2);
    for number in 0..count {
        restart(&world, &places[number], &mut nodes[number]).await;
        is_valid(&world, &nodes[number], &holder).await;
        if number + 1 < count {
            assert_eq!(states(&world.json(&["keys", "roots"]).await), ["active", "next"]);
            let (code, told) = places[0].retire(&world, &["--void"]).await;
            assert!(code == 1 && told.contains("seals, or will"), "{code} {told}");
            copy_folder(&places[0].keys, &places[number + 1].keys);
        }
    }
    let all_are_sealed_anew = async || {
        let roots = world.json(&["keys", "roots"]).await;
        (states(&roots) == ["old", "active"] && roots["reseal_done"] == true).then(|| roots.clone())
    };
    let roots = until("all rows are sealed with the new root secret", 60, all_are_sealed_anew).await;
    assert!(roots["reseal"]["unopened"] == 0 && roots["reseal"]["resealed"].as_u64().unwrap() > 40, "{roots}");
    is_valid(&world, &nodes[0], &holder).await;

    // What is in people's hands lives longer than rows: people say that it ends.
    let (code, told) = places[0].retire(&world, &[]).await;
    assert!(code == 1 && told.contains("links in mails may count until") && !told.contains("rows"), "{code} {told}");
    for place in &places {
        let (code, told) = place.retire(&world, &["--void"]).await;
        assert!(code == 0 && told.contains("retired root secret 1"), "{code} {told}");
        assert!(!place.keys.join("root/1").exists() && place.keys.join("root/1.retained").exists());
        assert_eq!(std::fs::read(place.safe.join("1")).unwrap(), leaked);
    }
    for (place, node) in places.iter().zip(&mut nodes) {
        restart(&world, place, node).await;
    }
    assert_eq!(states(&world.json(&["keys", "roots"]).await), ["retired", "active"]);
    assert_eq!(world.json(&["keys", "init"]).await["root_made"], false);

    // Log-ins, QRs, history, a code that was on its way, the register's answer for another person, a block.
    let officer = world.log_in_at(bases[count - 1], &second).await;
    for node in &nodes {
        is_valid(&world, node, &holder).await;
    }
    let history = holder.client.get("/v1/me/verifications").await.expect(200);
    assert!(history.json["items"].as_array().unwrap().len() > count, "{}", history.json);
    world.activate(&mut waiting).await;
    is_valid(&world, &nodes[0], &waiting).await;
    let third = world.waiting(&bases, 2, "warga2@contoh.id").await;
    world.visit(&officer, &third).await;
    let body = json!({"nik": holder.record.nik, "block_code": block_code});
    world.request_at(bases[0], Method::POST, "/v1/blocks").json(&body).send().await.expect(200);
    assert_eq!(holder.client.get("/v1/me/status").await.expect(200).text("state"), "blocked");
    let audit = world.json(&["audit", "verify"]).await;
    assert_eq!(audit["sound"], true, "{audit}");

    // And whoever took the old one opens nothing of it all.
    let (now, opened) = opened_by(&world.database, leaked).await;
    assert!(now > values && opened == 0, "{opened} of {now}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leaked_root_is_replaced_on_sqlite() {
    a_leaked_root_is_replaced(Engine::Sqlite, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leaked_root_is_replaced_at_two_nodes_on_postgres() {
    a_leaked_root_is_replaced(Engine::Postgres, 2).await;
}
