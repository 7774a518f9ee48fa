//! The primary goes out of service in each way that a primary can, under load, and its standby takes over.

use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use ikd::db::{Db, PoolSizes};
use ikd::fetch_one;
use tokio::net::{TcpListener, TcpStream};
use uuid::Uuid;

use support::node::Node;
use support::world::{Holders, World, outcome};

use crate::TOKENS;
use crate::cluster::{Cluster, cluster_folder};

/// How the primary leaves.
#[derive(Clone, Copy, Debug)]
enum Fault {
    /// It is told to write no more and stays up, with all its connections.
    ReadOnly,
    /// It becomes a standby of the other.
    Standby,
    /// It dies.
    Killed,
    /// Nothing is heard of it any more, and its connections stay open.
    Silent,
}

/// How the node knows both servers.
#[derive(Clone, Copy, Debug)]
enum Known {
    /// Its URL lists them.
    Listed,
    /// By an address that moves.
    Moving,
    /// As [`Known::Listed`], and batches by a list of the shard's own.
    OfShard,
}

/// Checks without end, as banks do: what got no answer is asked again. Keeps which were answered with "valid".
struct Load {
    stop: Arc<AtomicBool>,
    valid: Arc<Mutex<Vec<(Uuid, Instant)>>>,
    clients: tokio::task::JoinSet<()>,
}

impl Load {
    fn start(world: &Arc<World<Holders>>, node: &Arc<Node>) -> Self {
        let (stop, valid) = (Arc::<AtomicBool>::default(), Arc::<Mutex<Vec<_>>>::default());
        let mut clients = tokio::task::JoinSet::new();
        for holder in 0..8 {
            let (world, node, stop, valid) =
                (Arc::clone(world), Arc::clone(node), Arc::clone(&stop), Arc::clone(&valid));
            clients.spawn(async move {
                while !stop.load(Ordering::SeqCst) {
                    let (token, key) = (world.token(holder), world.key());
                    // Cut off by the client itself, as one whose user does not wait.
                    let asked = world.ask(&node, &token, key);
                    let answer = tokio::time::timeout(Duration::from_secs(5), asked).await;
                    let Ok(Ok(Some(answer))) = answer else { continue };
                    if outcome(&answer) == ("valid", "") {
                        let id = answer.json["verification_id"].as_str().unwrap().parse().unwrap();
                        valid.lock().unwrap().push((id, Instant::now()));
                    } else {
                        assert_eq!(answer.status, 503, "{}", answer.json);
                        assert!(answer.retry_after.is_some());
                        tokio::time::sleep(Duration::from_millis(20)).await;
                    }
                }
            });
        }
        Self { stop, valid, clients }
    }

    /// Waits for something valid that was answered after `since`.
    async fn goes_on(&self, since: Instant, patience: Duration) {
        let begun = Instant::now();
        while !self.valid.lock().unwrap().iter().any(|(_, when)| *when > since) {
            assert!(begun.elapsed() < patience, "nothing was written for {patience:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn end(mut self) -> Vec<Uuid> {
        self.stop.store(true, Ordering::SeqCst);
        while let Some(done) = self.clients.join_next().await {
            done.unwrap();
        }
        self.valid.lock().unwrap().iter().map(|(id, _)| *id).collect()
    }
}

/// A name that leads to one server and later to another, as a moving address or a DNS entry does. What is connected stays
/// where it is.
async fn moving_address(to: u16) -> (u16, Arc<AtomicU16>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (port, target) = (listener.local_addr().unwrap().port(), Arc::new(AtomicU16::new(to)));
    let leads_to = Arc::clone(&target);
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let port = leads_to.load(Ordering::SeqCst);
            tokio::spawn(async move {
                let Ok(mut server) = TcpStream::connect(("127.0.0.1", port)).await else { return };
                let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
            });
        }
    });
    (port, target)
}

async fn administer(cluster: &Cluster, which: usize, sql: &'static str) {
    use sqlx::Connection;
    let mut admin = sqlx::PgConnection::connect(&cluster.url(which)).await.unwrap();
    sqlx::query(sql).execute(&mut admin).await.unwrap();
    admin.close().await.unwrap();
}

async fn take_over(fault: Fault, known: Known) {
    let (folder, data) = cluster_folder();
    let cluster = Cluster::start(&data);
    let world = Arc::new(World::with_holders(folder.path(), &cluster.url(0), TOKENS).await);
    let (port, leads_to) = moving_address(cluster.ports[0]).await;
    let url = match known {
        Known::Moving => format!("postgres://ikd@127.0.0.1:{port}/postgres"),
        Known::Listed | Known::OfShard => cluster.url_of_both(),
    };
    let mut changes = vec![("DATABASE__URL", url.as_str())];
    // The standby stands first: it is not to be read from.
    let [primary, standby] = cluster.ports;
    let of_shard = format!("['postgres://ikd@127.0.0.1:{standby},127.0.0.1:{primary}/postgres']");
    if matches!(known, Known::OfShard) {
        changes.push(("DATABASE__SHARD_URLS", &of_shard));
    }
    let node = Arc::new(world.node_with(folder.path(), &changes).await);
    let load = Load::start(&world, &node);
    load.goes_on(Instant::now(), Duration::from_secs(20)).await;
    match fault {
        Fault::ReadOnly => {
            administer(&cluster, 0, "ALTER SYSTEM SET default_transaction_read_only = on").await;
            administer(&cluster, 0, "SELECT pg_reload_conf()").await;
            // Before anything takes over: it says that it cannot write.
            node.becomes(503).await;
            assert_eq!(node.ready().await.1, "unavailable");
            cluster.run("pg_ctl", &["-D", "standby", "-w", "promote"]);
        }
        Fault::Standby => {
            cluster.run("pg_ctl", &["-D", "primary", "-m", "fast", "-w", "stop"]);
            cluster.run("pg_ctl", &["-D", "standby", "-w", "promote"]);
            std::fs::write(data.join("primary/standby.signal"), "").unwrap();
            let port = format!("-p {}", cluster.ports[0]);
            cluster.run("pg_ctl", &["-D", "primary", "-w", "-l", "primary.log", "-o", &port, "start"]);
        }
        Fault::Killed => {
            cluster.run("pg_ctl", &["-D", "primary", "-m", "immediate", "stop"]);
            cluster.run("pg_ctl", &["-D", "standby", "-w", "promote"]);
        }
        Fault::Silent => {
            cluster.signal("primary", support::Signal::STOP);
            cluster.run("pg_ctl", &["-D", "standby", "-w", "promote"]);
        }
    }
    leads_to.store(cluster.ports[1], Ordering::SeqCst);
    let taken_over = Instant::now();
    // Within ten seconds, which the long run demands on a quiet machine (`failovers.rs`). Here others may have the processors, and all of it takes
    // three times as long.
    load.goes_on(taken_over, Duration::from_secs(40)).await;
    node.becomes(200).await;
    let valid = load.end().await;
    let after =
        Db::open(&cluster.url(1), PoolSizes { connections: 1, acquire_timeout_seconds: 30, ..PoolSizes::default() })
            .await
            .unwrap();
    let mut tx = after.read().await.unwrap();
    for id in valid {
        let sql = "SELECT COUNT(*) FROM verification WHERE verification_id = $1 AND result = 'valid'";
        assert_eq!(fetch_one!(&mut tx, (i64,), sql, id).unwrap().0, 1, "{fault:?}: an answer was lost");
    }
    // Nothing of the old server holds up the end.
    node.terminate();
    Arc::into_inner(node).expect("the load has ended").ended(60).await;
    drop(tx);
    assert_eq!(world.holders.len(), TOKENS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_primary_that_is_read_only_and_left_running_is_left() {
    take_over(Fault::ReadOnly, Known::Listed).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_primary_behind_a_moving_address_that_is_read_only_and_left_running_is_left() {
    take_over(Fault::ReadOnly, Known::Moving).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_primary_that_became_a_standby_is_left() {
    take_over(Fault::Standby, Known::Listed).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_primary_that_dies_is_left() {
    take_over(Fault::Killed, Known::Listed).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_primary_that_falls_silent_is_left() {
    take_over(Fault::Silent, Known::Listed).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_primary_behind_a_moving_address_that_falls_silent_is_left() {
    take_over(Fault::Silent, Known::Moving).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shard_s_primary_that_is_read_only_and_left_running_is_left() {
    take_over(Fault::ReadOnly, Known::OfShard).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shard_s_primary_that_dies_is_left() {
    take_over(Fault::Killed, Known::OfShard).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shard_s_primary_that_falls_silent_is_left() {
    take_over(Fault::Silent, Known::OfShard).await;
}
