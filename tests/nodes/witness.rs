//! A witness elsewhere: what somebody does to the database behind the service's back is seen, though the service itself goes on.

use std::path::{Path, PathBuf};

use serde_json::Value;
use sqlx::{AssertSqlSafe, Executor, PgConnection};

use support::node::{Node, ikd, text};
use support::world::{Program, World};
use support::{Engine, until};

/// What the log consists of.
const TABLES: [&str; 9] = [
    "audit_event",
    "audit_head",
    "life_event",
    "log_head",
    "log_tile",
    "log_run",
    "log_chain",
    "log_checkpoint",
    "log_cosignature",
];
/// Forgets the tree: the service makes one anew over whatever rows there are.
const ANEW: &str = "DELETE FROM log_tile; DELETE FROM log_run; DELETE FROM log_chain; DELETE FROM log_checkpoint; \
    DELETE FROM log_cosignature; UPDATE life_event SET log_position = NULL; \
    UPDATE log_head SET size = 0, root = '\\xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'";

/// All of it in one transaction, while no node takes anything.
async fn tamper(sql: &mut PgConnection, with: &str) {
    let whole = format!("BEGIN; LOCK TABLE log_head; {with}; COMMIT");
    sql.execute(AssertSqlSafe(whole)).await.unwrap();
}

async fn copy(sql: &mut PgConnection) {
    let copied: String = TABLES.map(|table| format!("CREATE TABLE kept_{table} AS SELECT * FROM {table};")).concat();
    tamper(sql, &copied).await;
}

async fn put_back(sql: &mut PgConnection) {
    let back = TABLES.map(|table| format!("DELETE FROM {table}; INSERT INTO {table} SELECT * FROM kept_{table};"));
    tamper(sql, &back.concat()).await;
}

/// Somebody with nothing but the program, an address and a key.
struct Elsewhere {
    folder: PathBuf,
    log: String,
    log_key: String,
}

impl Elsewhere {
    /// Exit code and what was printed on both streams.
    async fn run(&self, words: &[&str]) -> (i32, String) {
        let output = ikd(&self.folder, &[]).arg("witness").args(words).output().await.unwrap();
        (output.status.code().unwrap(), text(&output.stdout) + &text(&output.stderr))
    }

    async fn watch(&self, more: &[&str]) -> (i32, String) {
        let words = ["watch", "--log", &self.log, "--log-key", &self.log_key, "--state", "state"];
        self.run(&[&words[..], &["--key", "w.pem", "--name", "witness.example/w"], more].concat()).await
    }

    fn read(&self, name: &str) -> Option<String> {
        std::fs::read_to_string(self.folder.join(name)).ok()
    }
}

/// Leaves of the newest checkpoint; 0 for none.
async fn size(node: &Node) -> u64 {
    let answer = reqwest::get(format!("{}/v1/log/checkpoint", node.base)).await.unwrap();
    if answer.status() == 404 {
        return 0;
    }
    answer.text().await.unwrap().lines().nth(1).unwrap().parse().unwrap()
}

/// Waits until the newest checkpoint is over everything that happened.
async fn settled(world: &World<Program>, node: &Node) -> u64 {
    let mut sql = world.sql().await;
    let rows = "SELECT (SELECT COUNT(*) FROM audit_event) + (SELECT COUNT(*) FROM life_event)";
    let rows: i64 = sqlx::query_scalar(rows).fetch_one(&mut sql).await.unwrap();
    until("everything is signed", 30, async || (size(node).await == rows.cast_unsigned()).then_some(())).await;
    rows.cast_unsigned()
}

fn made(folder: &Path, name: &str) -> PathBuf {
    let made = folder.join(name);
    std::fs::create_dir(&made).unwrap();
    made
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_ways_to_rewrite_the_past_are_seen_by_a_witness() {
    let world = World::with_keys(Engine::Postgres).await;
    let folder = made(world.folder.path(), "elsewhere");
    let mut elsewhere = Elsewhere { folder, log: String::new(), log_key: String::new() };
    let (code, key) = elsewhere.run(&["new-key", "--name", "witness.example/w", "w.pem"]).await;
    assert_eq!(code, 0, "{key}");
    let node = world.node(&[("TLOG__INTERVAL_SECONDS", "1"), ("TLOG__WITNESSES", key.trim())]).await;
    elsewhere.log = format!("{}/v1/log", node.base);
    let keys = reqwest::get(format!("{}/key", elsewhere.log)).await.unwrap().text().await.unwrap();
    elsewhere.log_key = keys.trim().to_owned();
    let mut sql = world.sql().await;

    let first = settled(&world, &node).await;
    assert_eq!(elsewhere.watch(&[]).await.0, 2, "nothing is kept, and nobody said that this is the beginning");
    let (code, told) = elsewhere.watch(&["--begin", "--format", "json"]).await;
    let seen: Value = serde_json::from_str(&told).unwrap();
    assert_eq!((code, &seen["size"], &seen["accepted"]), (0, &first.into(), &true.into()), "{told}");
    assert_eq!(elsewhere.watch(&["--begin"]).await.0, 2, "it has begun");
    let shown = reqwest::get(format!("{}/checkpoint", elsewhere.log)).await.unwrap().text().await.unwrap();
    assert!(shown.contains(seen["cosignature"].as_str().unwrap()), "{shown}");
    copy(&mut sql).await;
    world.json(&["office", "add", "JKT-01", "Kantor Satu"]).await;
    assert!(settled(&world, &node).await > first);
    let (code, told) = elsewhere.watch(&[]).await;
    assert_eq!(code, 0, "{told}");

    // An entry is proven to somebody who asks nobody.
    let proof = world.run(&["audit", "prove", "--chain", "00000000-0000-0000-0000-000000000000", "--seq", "2"]).await;
    let proof = text(&proof.stdout);
    std::fs::write(elsewhere.folder.join("proof"), &proof).unwrap();
    let check = ["check-entry", "proof", "--log-key", &elsewhere.log_key];
    let (code, told) = elsewhere.run(&check).await;
    assert!(code == 0 && told.contains("ikd-audit/v1"), "{told}");
    std::fs::write(elsewhere.folder.join("proof"), proof.replace("index 1\n", "index 2\n")).unwrap();
    assert_eq!(elsewhere.run(&check).await.0, 1);
    let state = elsewhere.folder.join("state").display().to_string();
    let verify = ["audit", "verify", "--checkpoint", &state];
    let output = world.run(&verify).await;
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));

    // An older copy is restored.
    put_back(&mut sql).await;
    let kept = elsewhere.read("state").unwrap();
    let (code, told) = elsewhere.watch(&[]).await;
    assert!(code == 1 && told.contains("CONFLICT") && told.contains("shrunk"), "{told}");
    assert_eq!(elsewhere.read("state").as_ref(), Some(&kept), "what was seen stays kept");
    assert_eq!(elsewhere.read("state.conflict-kept").as_ref(), Some(&kept));
    let shown = elsewhere.read("state.conflict-seen").unwrap();
    assert_eq!(shown.lines().nth(1), Some(first.to_string().as_str()), "{shown}");
    let output = world.run(&verify).await;
    let told = text(&output.stdout);
    assert!(output.status.code() == Some(1) && told.contains("an older copy"), "{told}");
    // The service goes on from there, past what was seen.
    for number in 2..5 {
        world.json(&["office", "add", &format!("JKT-0{number}"), "Kantor Lain"]).await;
    }
    settled(&world, &node).await;
    let (code, told) = elsewhere.watch(&[]).await;
    assert!(code == 1 && told.contains("cannot prove"), "{told}");
    // `--every` ends with the first conflict too.
    assert_eq!(elsewhere.watch(&["--every", "1"]).await.0, 1);
    put_back(&mut sql).await;
    std::fs::remove_file(elsewhere.folder.join("state")).unwrap();
    assert_eq!(elsewhere.watch(&["--begin"]).await.0, 0);

    // Rows are rewritten, and the tree with them: the service signs what it finds.
    for (what, seen) in [
        ("UPDATE audit_event SET at = at + 1 WHERE seq = 2", "two trees"),
        ("DELETE FROM audit_event WHERE seq = 2", "shrunk"),
        (
            "UPDATE audit_event SET seq = 100 WHERE seq = 2; UPDATE audit_event SET seq = 2 WHERE seq = 3; \
             UPDATE audit_event SET seq = 3 WHERE seq = 100",
            "two trees",
        ),
    ] {
        tamper(&mut sql, &format!("{what}; {ANEW}")).await;
        settled(&world, &node).await;
        let (code, told) = elsewhere.watch(&[]).await;
        assert!(code == 1 && told.contains("CONFLICT") && told.contains(seen), "{what}: {told}");
        let output = world.run(&verify).await;
        assert_eq!(output.status.code(), Some(1), "{what}");
        put_back(&mut sql).await;
        assert_eq!(elsewhere.watch(&[]).await.0, 0, "{what}: put back");
        let output = world.run(&verify).await;
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
    }

    // Everything is deleted.
    let emptied: String = TABLES.map(|table| format!("DELETE FROM {table};")).concat();
    tamper(&mut sql, &emptied).await;
    let (code, told) = elsewhere.watch(&[]).await;
    assert!(code == 1 && told.contains("the log is empty"), "{told}");
    let output = world.run(&verify).await;
    let told = text(&output.stdout);
    assert!(output.status.code() == Some(1) && told.contains("emptied"), "{told}");

    // Another service, and none.
    let stranger = format!("elsewhere.example/log{}", &elsewhere.log_key[elsewhere.log_key.find('+').unwrap()..]);
    elsewhere.log_key = stranger;
    assert_eq!(elsewhere.watch(&[]).await.0, 2, "a key is of one name");
    elsewhere.log_key = keys.trim().to_owned();
    elsewhere.log = String::from("http://127.0.0.1:1/v1/log");
    assert_eq!(elsewhere.watch(&[]).await.0, 3);
}
