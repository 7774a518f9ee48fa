//! Nodes of the service as processes on PostgreSQL servers that take over from each other, on disks that fill up,
//! and killed while people use them: docs/scaling.md and docs/assurance.md, tried.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods, reason = "tests")]

mod cluster;
mod failover;
mod failovers;
mod full;
mod killed;
mod kills;
mod pair;
mod proxy;
mod races;
mod report;
mod traffic;

use std::time::Duration;

use ikd::db::{Db, PoolSizes};
use ikd::fetch_one;
use support::world::{World, outcome};

use cluster::{Cluster, cluster_folder};

/// How many holders there are, and so tokens that can be spent at once.
const TOKENS: usize = 40;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_and_a_standby_that_takes_over() {
    let (folder, data) = cluster_folder();
    let cluster = Cluster::start(&data);
    let world = World::with_holders(folder.path(), &cluster.url(0), TOKENS).await;
    let sync = "SELECT COUNT(*) FROM pg_stat_replication WHERE sync_state = 'sync'";
    let mut tx = world.context.db.read().await.unwrap();
    assert_eq!(fetch_one!(&mut tx, (i64,), sync).unwrap().0, 1);
    drop(tx);
    let mut one = world.node(folder.path(), &cluster.url(0)).await;
    let two = world.node(folder.path(), &cluster.url(0)).await;

    // Each token at both nodes at once: one of them wins.
    let tokens = world.tokens();
    let asked: Vec<_> = tokens
        .iter()
        .enumerate()
        .flat_map(|(at, token)| {
            [world.ask(&one, token, format!("first-{at}-one")), world.ask(&two, token, format!("first-{at}-two"))]
        })
        .collect();
    let mut valid = 0;
    for answer in asked {
        let answer = answer.await.unwrap().unwrap();
        match outcome(&answer) {
            ("valid", "") => valid += 1,
            refused => assert_eq!(refused, ("invalid", "already_used")),
        }
    }
    assert_eq!(valid, TOKENS);

    // A node is stopped while it is asked: whoever got no answer repeats at the other one, and each gets "valid" once.
    let tokens = world.tokens();
    let asked: Vec<_> =
        tokens.iter().enumerate().map(|(at, token)| world.ask(&one, token, format!("second-{at}"))).collect();
    tokio::time::sleep(Duration::from_millis(5)).await;
    one.terminate();
    for (at, first) in asked.into_iter().enumerate() {
        let first = first.await.unwrap().filter(|answer| answer.status.is_success());
        let again = world.ask(&two, &tokens[at], format!("second-{at}")).await.unwrap().unwrap();
        assert_eq!(outcome(&again), ("valid", ""));
        if let Some(first) = first {
            assert_eq!(first.json["verification_id"], again.json["verification_id"]);
        }
    }
    assert_eq!(one.ended(60).await, Some(0), "a stopped node ends with 0");

    // The primary dies at once; everything that was answered is on the standby.
    cluster.run("pg_ctl", &["-D", "primary", "-m", "immediate", "stop"]);
    cluster.run("pg_ctl", &["-D", "standby", "-w", "promote"]);
    let after =
        Db::open(&cluster.url(1), PoolSizes { connections: 1, acquire_timeout_seconds: 30, ..PoolSizes::default() })
            .await
            .unwrap();
    let mut tx = after.read().await.unwrap();
    let sql = "SELECT COUNT(*) FROM verification WHERE result = 'valid'";
    assert_eq!(fetch_one!(&mut tx, (i64,), sql).unwrap().0, 2 * TOKENS as i64);
}
