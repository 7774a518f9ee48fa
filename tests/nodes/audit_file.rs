//! A node that writes the audit log into files: killed again and again, it has every entry once, and whoever has the files and the log's key
//! knows that nothing is missing.

use std::path::Path;

use serde_json::Value;

use support::node::text;
use support::world::{Program, World};
use support::{Engine, until};

async fn checked(world: &World<Program>, key: &str, files: &Path) -> (i32, String) {
    let files = files.to_str().unwrap();
    let output = world.run(&["--format", "json", "witness", "check-file", "--log-key", key, files]).await;
    (output.status.code().unwrap(), text(&output.stdout) + &text(&output.stderr))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_is_killed_again_and_again_writes_each_entry_once() {
    let world = World::with_keys(Engine::Postgres).await;
    let files = world.folder.path().join("outside");
    let settings = [("TLOG__INTERVAL_SECONDS", "1"), ("AUDIT__EXPORT", files.to_str().unwrap())];
    let mut key = String::new();
    for round in 0..4 {
        let mut node = world.node(&settings).await;
        key = reqwest::get(format!("{}/v1/log/key", node.base)).await.unwrap().text().await.unwrap();
        world.json(&["office", "add", &format!("JKT-0{round}"), "Kantor"]).await;
        if round == 3 {
            // Everything that happened comes to the files by itself.
            until("the files hold what the database does", 30, async || {
                let mut sql = world.sql().await;
                let all = "SELECT COUNT(*) FROM audit_event";
                let all: i64 = sqlx::query_scalar(all).fetch_one(&mut sql).await.unwrap();
                let (code, told) = checked(&world, key.trim(), &files).await;
                let told: Value = serde_json::from_str(&told).ok()?;
                (code == 0 && told["files"]["entries"] == all).then_some(())
            })
            .await;
        }
        node.kill().await;
    }
    let mut names = std::fs::read_dir(&files).unwrap().flatten().map(|entry| entry.file_name().into_string().unwrap());
    let name = names.find(|name| name.starts_with("audit-")).unwrap();
    let whole = std::fs::read_to_string(files.join(&name)).unwrap();
    let other = world.folder.path().join("other.jsonl");
    std::fs::write(&other, whole.replacen("office_added", "office_edited", 1)).unwrap();
    let (code, told) = checked(&world, key.trim(), &other).await;
    assert!(code == 1 && told.contains("was altered"), "{code} {told}");
    // What nobody signed anybody can write.
    let of_nobody: Vec<&str> = whole.lines().filter(|line| !line.contains(r#""line":"checkpoint""#)).collect();
    assert!(of_nobody.len() < whole.lines().count(), "checkpoints are lines");
    std::fs::write(&other, of_nobody.join("\n") + "\n").unwrap();
    let (code, told) = checked(&world, key.trim(), &other).await;
    assert!(code == 1 && told.contains("signed"), "{code} {told}");
    let (code, told) = checked(&world, key.trim(), world.folder.path()).await;
    assert_eq!(code, 3, "a folder without files is not sound: {told}");
}
