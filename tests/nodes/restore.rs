//! A copy of the database is put in place of what was lost: nothing that was stopped or spent since comes back (docs/backup.md).

use std::path::{Path, PathBuf};
use std::process::Stdio;

use ikd::device::Purpose;
use ikd::register::{RegisterRecord, Sex, VitalStatus};
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use support::client::Officer;
use support::node::{Node, ikd, text};
use support::postgres::binaries;
use support::record::{csv_of, siti_rahma};
use support::world::{Applicant, Person, Program, World, pin_key};
use support::{Engine, until};
use tokio::process::Command;

/// The service as it was before, and where its copies are.
struct Place {
    world: World<Program>,
    /// Where it listens: phones go on asking there.
    listen: String,
    stops: PathBuf,
    copy: PathBuf,
    /// What it uses from the restoring on.
    database: String,
}

impl Place {
    async fn new(engine: Engine) -> Self {
        let world = World::with_people(engine, 5).await;
        let listen = format!("127.0.0.1:{}", support::node::free_port());
        let (stops, copy) = (world.folder.path().join("stops"), world.folder.path().join("copy"));
        Self { listen, stops, copy, database: restored(&world.database), world }
    }

    fn env(&self, database: &str) -> Vec<(String, String)> {
        let stops = self.stops.display().to_string();
        self.world.env(&[("STOP_LOG__DIRECTORY", &stops), ("HTTP__LISTEN", &self.listen), ("DATABASE__URL", database)])
    }

    async fn run_on(&self, database: &str, arguments: &[&str]) -> (i32, String) {
        let output = ikd(self.world.folder.path(), &self.env(database)).args(arguments).output().await.unwrap();
        (output.status.code().unwrap(), text(&output.stdout) + &text(&output.stderr))
    }

    /// A command on the restored database.
    async fn run(&self, arguments: &[&str]) -> (i32, String) {
        self.run_on(&self.database, arguments).await
    }

    async fn node_on(&self, database: &str) -> Node {
        Node::start(self.world.folder.path(), &self.env(database)).await
    }

    async fn back_up(&self) {
        if self.world.database.starts_with("sqlite:") {
            let (code, told) = self.run_on(&self.world.database, &["backup", "copy"]).await;
            assert_eq!(code, 0, "{told}");
            let (code, told) = self.run_on(&self.world.database, &["backup", "copy"]).await;
            assert_eq!(code, 3, "what exists is written over: {told}");
        } else {
            let (code, told) = self.run_on(&self.world.database, &["backup", "copy"]).await;
            assert!(code == 1 && told.contains("pg_dump"), "{told}");
            postgres("pg_dump", &["-Fc", "-f", &self.copy.display().to_string(), &self.world.database]).await;
        }
    }

    async fn put_back(&self) {
        if let Some(path) = self.database.strip_prefix("sqlite:") {
            for ending in ["", "-wal", "-shm"] {
                let _ = std::fs::remove_file(format!("{path}{ending}"));
            }
            std::fs::copy(&self.copy, path).unwrap();
        } else {
            let name = name_of(&self.database);
            let mut lost = PgConnection::connect(&self.world.database).await.unwrap();
            lost.execute(AssertSqlSafe(format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))).await.unwrap();
            lost.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.unwrap();
            postgres("pg_restore", &["-d", &self.database, &self.copy.display().to_string()]).await;
        }
    }
}

fn name_of(url: &str) -> String {
    let (_, path) = url.rsplit_once("localhost/").unwrap();
    path.split('?').next().unwrap().to_owned()
}

/// The same file; of a server another database beside the one that is lost.
fn restored(lost: &str) -> String {
    if lost.starts_with("sqlite:") {
        return lost.to_owned();
    }
    let name = name_of(lost);
    lost.replacen(&format!("localhost/{name}"), &format!("localhost/{name}_restored"), 1)
}

async fn postgres(program: &str, arguments: &[&str]) {
    let output = Command::new(binaries().join(program)).args(arguments).output().await.unwrap();
    assert!(output.status.success(), "{program}: {}", text(&output.stderr));
}

/// What the register says of a person who has died.
fn dead(person: &Person) -> RegisterRecord {
    let is_woman = person.nik[6..8].parse::<u8>().unwrap() > 40;
    RegisterRecord {
        nik: person.nik.parse().unwrap(),
        full_name: person.full_name.clone(),
        birth_date: person.birth_date.parse().unwrap(),
        sex: if is_woman { Sex::Female } else { Sex::Male },
        vital_status: VitalStatus::Deceased,
        ..siti_rahma()
    }
}

async fn unblock(holder: &Applicant) {
    let (challenge, signature) = holder.client.sign_challenge(&pin_key(&holder.record), Purpose::Unlock).await;
    let body = json!({"challenge": challenge, "signature": signature});
    holder.client.post("/v1/me/unblock", &body).await.expect(200);
}

async fn standing(holder: &Applicant) -> (String, String) {
    let status = holder.client.get("/v1/me/status").await.expect(200);
    (status.text("state"), status.json["reason"].as_str().unwrap_or_default().to_owned())
}

/// What was there when the copy was made.
struct Before {
    blocked: Applicant,
    dead: Applicant,
    lifted: Applicant,
    shown: Applicant,
    waiting: Applicant,
    block_code: String,
    token: String,
    code: String,
    officer: Officer,
}

async fn before(place: &Place, node: &Node) -> Before {
    let world = &place.world;
    let bases = [node.base.as_str()];
    let [mut blocked, mut dead, mut lifted, mut shown, waiting] = [
        world.waiting(&bases, 0, "warga0@contoh.id").await,
        world.waiting(&bases, 1, "warga1@contoh.id").await,
        world.waiting(&bases, 2, "warga2@contoh.id").await,
        world.waiting(&bases, 3, "warga3@contoh.id").await,
        world.waiting(&bases, 4, "warga4@contoh.id").await,
    ];
    let officer = world.log_in_at(bases[0], world.officer()).await;
    world.json(&["officer", "add", "kedua", "Petugas Kedua", "--office", "UJI-01", "--generate-password"]).await;
    for one in [&blocked, &dead, &lifted, &shown, &waiting] {
        world.visit(&officer, one).await;
    }
    for one in [&mut blocked, &mut dead, &mut lifted, &mut shown] {
        world.letter_about(one).await;
        world.activate(one).await;
    }
    world.letter_about(&waiting).await;
    let code = world.code(&waiting);
    let block_code = blocked.client.post("/v1/me/block-code", &json!({})).await.expect(201).text("block_code");
    let token = world.present(&shown, "full").await;
    Before { blocked, dead, lifted, shown, waiting, block_code, token, code, officer }
}

/// What happens after the copy was made, all of it acknowledged.
async fn after(place: &Place, node: &Node, this: &Before) {
    let (world, Before { blocked, lifted, .. }) = (&place.world, this);
    let body = json!({"nik": blocked.record.nik, "block_code": this.block_code});
    world.request_at(&node.base, Method::POST, "/v1/blocks").json(&body).send().await.expect(200);
    let file = world.folder.path().join("deaths.csv");
    std::fs::write(file, csv_of([&dead(&this.dead.record)])).unwrap();
    let (code, told) =
        place.run_on(&world.database, &["register", "import", "deaths.csv", "--trust-trailing-zeros"]).await;
    assert_eq!(code, 0, "{told}");
    let person = &lifted.record;
    let body = json!({"nik": person.nik, "full_name": person.full_name, "birth_date": person.birth_date,
        "reason": "Ponsel dicuri di pasar"});
    this.officer.post("/v1/officer/blocks", &body).await.expect(202);
    unblock(lifted).await;
    assert_eq!(world.verdict_of(&world.bank(&node.base), &this.token).await, "valid");
    let (code, told) = place.run_on(&world.database, &["officer", "disable", "kedua"]).await;
    assert_eq!(code, 0, "{told}");
    this.officer.get("/v1/officer/sessions").await.expect(200);
    for (holder, state) in [(blocked, "blocked"), (&this.dead, "blocked"), (lifted, "active")] {
        assert_eq!(standing(holder).await.0, state);
    }
}

/// What does not hold together is refused: a line that was altered, cut out or moved, a file that is missing.
async fn tampered(place: &Place) {
    let files = || std::fs::read_dir(&place.stops).unwrap().map(|entry| entry.unwrap().path());
    let of_lines = |path: &Path| std::fs::read_to_string(path).unwrap().lines().count();
    let path = files().max_by_key(|path| of_lines(path)).unwrap();
    let good = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = good.lines().collect();
    assert!(lines.len() > 4, "{good}");
    let mut moved = lines.clone();
    moved.swap(2, 3);
    let cut = [&lines[..2], &lines[3..]].concat();
    let altered = good.replacen("stopped", "restarted", 1);
    assert_ne!(altered, good);
    for wrong in [altered, moved.join("\n") + "\n", cut.join("\n") + "\n"] {
        std::fs::write(&path, wrong).unwrap();
        let (code, told) = place.run(&["restore"]).await;
        assert!(code == 3 && told.contains("was altered or moved"), "{code} {told}");
    }
    std::fs::remove_file(&path).unwrap();
    let (code, told) = place.run(&["restore"]).await;
    assert!(code == 3 && told.contains("another copy"), "{code} {told}");
    std::fs::write(&path, good).unwrap();
}

/// Kills the command in the middle, where the server lets a test hold it there.
async fn killed(place: &Place) {
    let mut restoring = ikd(place.world.folder.path(), &place.env(&place.database));
    if place.database.starts_with("sqlite:") {
        let mut child = restoring.arg("restore").stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(2_600)).await;
        let _ = child.kill().await;
        return;
    }
    let mut holding = PgConnection::connect(&place.database).await.unwrap();
    let mut held = holding.begin().await.unwrap();
    held.execute("LOCK TABLE credential IN EXCLUSIVE MODE").await.unwrap();
    let mut child = restoring.arg("restore").stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let mut looking = PgConnection::connect(&place.database).await.unwrap();
    let looking = std::sync::Arc::new(tokio::sync::Mutex::new(&mut looking));
    until("restoring waits for the rows of residents", 20, async || {
        let waits = "SELECT COUNT(*) FROM pg_locks WHERE NOT granted AND relation = 'credential'::regclass";
        let waiting: i64 = sqlx::query_scalar(waits).fetch_one(&mut **looking.lock().await).await.unwrap();
        (waiting > 0).then_some(())
    })
    .await;
    child.kill().await.unwrap();
    held.rollback().await.unwrap();
    let (code, told) = place.run(&["serve"]).await;
    assert!(code == 3 && told.contains("run `ikd restore` again"), "{code} {told}");
}

async fn nothing_revives(engine: Engine) {
    let place = Place::new(engine).await;
    let world = &place.world;
    let mut node = place.node_on(&world.database).await;
    let this = before(&place, &node).await;
    place.back_up().await;
    after(&place, &node, &this).await;
    node.terminate();
    node.ended(30).await;
    place.put_back().await;

    let (code, told) = place.run(&["serve"]).await;
    assert!(code == 3 && told.contains("older copy") && told.contains("ikd restore"), "{code} {told}");
    tampered(&place).await;
    killed(&place).await;
    let (code, told) = place.run(&["--format", "json", "restore"]).await;
    assert_eq!(code, 0, "{told}");
    let report: Value = serde_json::from_str(told.lines().next().unwrap()).unwrap();
    for (member, count) in [("activations_lost", 0), ("moves_lost", 0), ("pins_lost", 0), ("torn_files", 0)] {
        assert_eq!(report[member].as_array().unwrap().len(), count, "{member}: {report}");
    }

    let mut node = place.node_on(&place.database).await;
    let Before { blocked, dead, lifted, shown, waiting, token, code, officer, .. } = this;
    assert_eq!(standing(&blocked).await, (String::from("blocked"), String::from("self_block")));
    assert_eq!(standing(&dead).await, (String::from("blocked"), String::from("register_deceased")));
    assert_eq!(standing(&lifted).await.0, "active");
    let bank = world.bank(&node.base);
    assert_eq!(world.verdict_of(&bank, &token).await, "malformed", "a QR that was spent since the copy was made");
    for holder in [&lifted, &shown] {
        holder.client.get("/v1/me").await.expect(401);
        holder.client.unlock().await.expect(200);
        let fresh = world.present(holder, "full").await;
        assert_eq!(world.verdict_of(&bank, &fresh).await, "valid");
        assert_eq!(world.verdict_of(&bank, &fresh).await, "already_used");
    }
    officer.get("/v1/officer/sessions").await.expect(401);
    let (_, told) = place.run(&["--format", "json", "officer", "list"]).await;
    let officers: Value = serde_json::from_str(&told).unwrap();
    let state = |name: &str| {
        let listed = officers["officers"].as_array().unwrap().iter().find(|one| one["username"] == name).unwrap();
        listed["state"].clone()
    };
    assert_eq!((state("petugas"), state("kedua")), (json!("active"), json!("disabled")));
    let refused = world.enter(&waiting, &code).await;
    assert!(refused.status.is_client_error(), "the code of before: {}", refused.status);
    let audited = place.run(&["audit", "verify"]).await;
    assert_eq!(audited.0, 0, "{}", audited.1);
    let (code, told) = place.run(&["restore"]).await;
    assert!(code == 3 && told.contains("stop the service"), "{code} {told}");

    // The same copy once more, after another loss: what happened in between comes after what happened before, and stays so.
    lifted.client.post("/v1/me/block", &json!({})).await.expect(200);
    node.terminate();
    node.ended(30).await;
    place.put_back().await;
    let (code, told) = place.run(&["restore"]).await;
    assert_eq!(code, 0, "{told}");
    let mut node = place.node_on(&place.database).await;
    for holder in [&lifted, &blocked] {
        assert_eq!(standing(holder).await, (String::from("blocked"), String::from("self_block")));
    }

    // A node that nobody stopped, while a copy is put in place of its database. (A file that is replaced is another one: the node keeps its own.)
    if !place.database.starts_with("sqlite:") {
        place.put_back().await;
        assert_eq!(node.ended(30).await, Some(3), "{}", node.printed());
        assert!(
            node.printed().contains("put in its place") || node.printed().contains("older copy"),
            "{}",
            node.printed()
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_stopped_or_spent_stays_so_on_a_restored_file() {
    nothing_revives(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_stopped_or_spent_stays_so_on_a_restored_server() {
    nothing_revives(Engine::Postgres).await;
}
