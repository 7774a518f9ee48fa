//! The disk of the database fills up, and there is room again.

use std::io::Write;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::Command;

use support::answer::Answer;
use support::node::Node;
use support::postgres::{is_root, postgres_user};
use support::world::{Holders, World, outcome};

use crate::TOKENS;
use crate::cluster::{Cluster, cluster_folder};

/// A small disk of its own in memory; given back with the value.
pub struct Disk(pub PathBuf);

impl Disk {
    /// `None` where this process may not mount one.
    pub fn mount(folder: &Path, size: &str) -> Option<Self> {
        std::fs::create_dir(folder).unwrap();
        let options = format!("size={size},mode=0777");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(folder).status();
        mounted.is_ok_and(|status| status.success()).then(|| Self(folder.to_owned()))
    }

    fn ballast(&self) -> PathBuf {
        self.0.join("ballast")
    }

    /// Leaves no room.
    pub fn fill(&self) {
        let mut file = std::fs::File::create(self.ballast()).unwrap();
        for size in [1 << 16, 4_096] {
            while file.write_all(&vec![1; size]).is_ok() {}
        }
    }

    /// Gives the room back, where it was taken.
    pub fn empty_if_filled(&self) {
        let _ = std::fs::remove_file(self.ballast());
    }

    /// Gives the room back.
    fn empty(&self) {
        std::fs::remove_file(self.ballast()).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

async fn check(world: &World<Holders>, node: &Node, at: usize) -> Answer {
    let (token, key) = (world.token(at % world.holders.len()), world.key());
    world.ask(node, &token, key).await.unwrap().unwrap()
}

/// Writes until there is no room, and after that until there is.
async fn fill_and_empty(world: &World<Holders>, node: &Node, disk: &Disk) {
    for at in 0..5 {
        assert_eq!(outcome(&check(world, node, at).await), ("valid", ""));
    }
    disk.fill();
    let mut at = 0;
    let refused = loop {
        let answer = check(world, node, at).await;
        if outcome(&answer) != ("valid", "") {
            break answer;
        }
        at += 1;
        assert!(at < 20_000, "the disk does not fill up");
    };
    assert_eq!(refused.status, 503, "{}", refused.json);
    assert!(refused.retry_after.is_some());
    node.becomes(503).await;
    // It stays so, however small the next write is.
    for at in 0..20 {
        let answer = check(world, node, at).await;
        assert!(answer.status == 503 || answer.status == 200, "{}", answer.json);
        assert_eq!(node.ready().await, (503, String::from("unavailable")));
    }
    disk.empty();
    node.becomes(200).await;
    for at in 0..40 {
        let answer = check(world, node, at).await;
        assert_eq!(outcome(&answer), ("valid", ""), "{}", answer.json);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_embedded_database_without_room_says_so_and_recovers() {
    let folder = tempfile::Builder::new().prefix("ikd-test-full-").tempdir().unwrap();
    let Some(disk) = Disk::mount(&folder.path().join("disk"), "12m") else {
        println!("not tried: mounting a disk needs root");
        return;
    };
    let url = format!("sqlite:{}", disk.0.join("ikd.db").display());
    let world = World::with_holders(folder.path(), &url, TOKENS).await;
    let node = world.node(folder.path(), &url).await;
    fill_and_empty(&world, &node, &disk).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_without_room_says_so_and_recovers() {
    let (folder, data) = cluster_folder();
    let Some(disk) = Disk::mount(&folder.path().join("disk"), "40m") else {
        println!("not tried: mounting a disk needs root");
        return;
    };
    let tables = disk.0.join("tables");
    std::fs::create_dir(&tables).unwrap();
    if is_root() {
        let (uid, gid) = postgres_user();
        chown(&tables, Some(uid), Some(gid)).unwrap();
    }
    let cluster = Cluster::alone(&data);
    let setup = [
        format!("CREATE TABLESPACE small LOCATION '{}'", tables.display()),
        String::from("CREATE DATABASE full_disk TABLESPACE small"),
    ];
    {
        use sqlx::Connection;
        let mut admin = sqlx::PgConnection::connect(&cluster.url(0)).await.unwrap();
        for sql in setup {
            sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&mut admin).await.unwrap();
        }
        admin.close().await.unwrap();
    }
    let url = cluster.url(0).replace("/postgres", "/full_disk");
    let world = World::with_holders(folder.path(), &url, TOKENS).await;
    let node = world.node(folder.path(), &url).await;
    fill_and_empty(&world, &node, &disk).await;
}
