//! A block counts everywhere before it is acknowledged, while relying parties go on asking.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use support::client::{Bank, Request};
use support::node::Node;
use support::postgres::new_database;
use support::world::{Holders, World, outcome};
use tokio::task::JoinSet;

/// Holders that are blocked, and how many of them at once.
/// Each has a block code of its own, which is hashed twice: when it is made and when it is used.
const HOLDERS: usize = 250;
const AT_ONCE: usize = 16;

/// Blocks all holders, each while it is being checked at all nodes; gives how many checks were answered before and after.
async fn block_all(world: Arc<World<Holders>>, nodes: Vec<(Bank, String)>, codes: Vec<String>) -> (usize, usize) {
    let (next, before, after) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
    let shared = Arc::new((world, nodes, codes, next, before, after));
    let mut running = JoinSet::new();
    for _ in 0..AT_ONCE {
        let shared = Arc::clone(&shared);
        running.spawn(async move {
            let (world, nodes, codes, next, before, after) = &*shared;
            let http = reqwest::Client::new();
            loop {
                let holder = next.fetch_add(1, Ordering::Relaxed);
                if holder >= HOLDERS {
                    return;
                }
                // Two QRs of before: one is checked while the block is under way, one after.
                let (during, kept) = (world.token(holder), world.token(holder));
                let key = |what: &str| format!("{holder}-{what}");
                let body = json!({"nik": world.record(holder).nik.as_str(), "block_code": codes[holder]});
                let (bank, _) = &nodes[holder % nodes.len()];
                let (_, base) = &nodes[(holder + 1) % nodes.len()];
                // Each blocker comes from an address of its own.
                let address = format!("10.{}.{}.1", holder / 250, holder % 250);
                let block = || {
                    let request = Request::new(&http, Method::POST, base, "/v1/blocks");
                    request.header("x-forwarded-for", address.clone()).json(&body).send()
                };
                let first = key("during");
                let check = bank.verify(&during, "open_account", &first);
                let (during, mut blocked) = tokio::join!(check, block());
                // Each costs a hash: more at once than are hashed in time are told to come again, and do.
                while blocked.code() == "overloaded" {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    blocked = block().await;
                }
                blocked.expect(200);
                let allowed = [("valid", ""), ("invalid", "holder_not_active")];
                assert!(allowed.contains(&outcome(&during)), "{:?}", outcome(&during));
                before.fetch_add(usize::from(outcome(&during).0 == "valid"), Ordering::Relaxed);
                // What begins now begins after the answer: at every node, with a QR of before and a newer one.
                for (node, (bank, _)) in nodes.iter().enumerate() {
                    for (which, token) in [("kept", kept.clone()), ("newer", world.token(holder))] {
                        let answer = bank.verify(&token, "open_account", &key(&format!("{which}-{node}"))).await;
                        let told = outcome(&answer);
                        assert_eq!(told, ("invalid", "holder_not_active"), "holder {holder}, node {node}, {which}");
                        after.fetch_add(1, Ordering::Relaxed);
                    }
                }
            }
        });
    }
    running.join_all().await;
    (shared.4.load(Ordering::Relaxed), shared.5.load(Ordering::Relaxed))
}

async fn many_blocks(url: &str, count: usize) {
    let folder = tempfile::tempdir().unwrap();
    let world = Arc::new(World::with_holders(folder.path(), url, HOLDERS).await);
    let codes = world.block_codes().await;
    let mut nodes: Vec<Node> = Vec::new();
    for _ in 0..count {
        nodes.push(world.node_behind_a_proxy(folder.path(), url).await);
    }
    let reached = nodes.iter().map(|node| (world.bank(node), node.base.clone())).collect();
    let (before, after) = block_all(Arc::clone(&world), reached, codes).await;
    eprintln!("{HOLDERS} blocks, {before} checks were accepted beside them, {after} refused after them");
    assert_eq!(after, HOLDERS * count * 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_accepted_that_began_after_a_block_was_acknowledged_on_two_nodes() {
    many_blocks(&new_database().await, 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_accepted_that_began_after_a_block_was_acknowledged_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("ikd.db").display());
    many_blocks(&url, 1).await;
}
