//! One client that takes all the connections it can get, and others who must not notice. `IKD_TEST_SOCKETS` says how many
//! (2,000 unless it is set); what the others waited is printed and not judged, because machines differ.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::io::AsyncReadExt;
use tokio::net::{TcpSocket, TcpStream};

use support::node::{Node, text};
use support::world::World;
use support::{Engine, until};

/// Every address of 127.0.0.0/8 is this machine's: clients with addresses of their own.
fn source(last: u8) -> IpAddr {
    IpAddr::from([127, 0, 0, last])
}

async fn connect(from: u8, to: SocketAddr) -> Option<TcpStream> {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::new(source(from), 0)).unwrap();
    socket.connect(to).await.ok()
}

/// A client that opens a connection for each request, from an address of its own.
fn client(from: u8) -> reqwest::Client {
    reqwest::Client::builder()
        .local_address(source(from))
        .pool_max_idle_per_host(0)
        .timeout(Duration::from_secs(20))
        .build()
        .unwrap()
}

fn quantiles(mut waited: Vec<Duration>) -> (Duration, Duration, Duration) {
    waited.sort();
    let at = |part: f64| waited[((waited.len() - 1) as f64 * part) as usize];
    (at(0.5), at(0.99), at(1.0))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silent_sockets_cost_whoever_opened_them_and_nobody_else() {
    let sockets: usize = std::env::var("IKD_TEST_SOCKETS").ok().and_then(|text| text.parse().ok()).unwrap_or(2_000);
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).unwrap();
    let world = World::with_keys(Engine::Postgres).await;
    // As many services are started: 1,024 files at most. The node raises the lower limit itself.
    let node = Node::start_with_files(world.folder.path(), &world.env(&[]), 300, 1_024).await;
    assert!(node.printed().contains("too low for http.connections"), "{}", node.printed());
    let address: SocketAddr = node.base.strip_prefix("http://").unwrap().parse().unwrap();

    // Somebody who was here before, whose connection is kept while there is no reason to close it.
    let regular = reqwest::Client::builder().local_address(source(2)).build().unwrap();
    let terms = format!("{}/v1/terms", node.base);
    assert_eq!(regular.get(&terms).send().await.unwrap().status(), 200);

    let (open, stop) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let floods: Vec<_> = (0..4)
        .map(|_| {
            let (open, stop) = (Arc::clone(&open), Arc::clone(&stop));
            tokio::spawn(async move {
                let mut held = std::collections::VecDeque::new();
                while !stop.load(Ordering::Relaxed) {
                    if let Some(silent) = connect(66, address).await {
                        held.push_back(silent);
                        open.fetch_add(1, Ordering::Relaxed);
                    }
                    // The oldest is given up, so that new ones go on coming.
                    if held.len() > sockets / 4 {
                        held.pop_front();
                        tokio::time::sleep(Duration::from_millis(1)).await;
                    }
                }
            })
        })
        .collect();
    until("the sockets are open", 60, async || (open.load(Ordering::Relaxed) >= sockets).then_some(())).await;

    let mut waited = Vec::new();
    for number in 0..100_u8 {
        let begun = Instant::now();
        let answer = client(100 + number % 50).get(&terms).send().await;
        waited.push(begun.elapsed());
        assert_eq!(answer.expect("another client was not served").status(), 200);
    }
    assert_eq!(regular.get(&terms).send().await.unwrap().status(), 200);
    let health = format!("{}/health/ready", node.base);
    assert_eq!(client(3).get(&health).send().await.unwrap().status(), 200, "the database has files of its own");
    let (half, most, longest) = quantiles(waited);
    println!("{sockets} silent sockets: another client waited {half:?} (p50), {most:?} (p99), {longest:?} at most");
    stop.store(true, Ordering::Relaxed);
    for flood in floods {
        flood.await.unwrap();
    }
    assert!(!node.printed().contains("no file is left"), "{}", node.printed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_longest_silent_socket_is_closed_first() {
    let world = World::with_keys(Engine::Postgres).await;
    let node = world.node(&[("HTTP__CONNECTIONS", "64"), ("HTTP__HEADER_TIMEOUT_SECONDS", "600")]).await;
    let address: SocketAddr = node.base.strip_prefix("http://").unwrap().parse().unwrap();
    let mut silent = Vec::new();
    for _ in 0..64 {
        silent.push(connect(66, address).await.unwrap());
    }
    let answer = client(3).get(format!("{}/v1/terms", node.base)).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let mut first = silent.remove(0);
    let closed = tokio::time::timeout(Duration::from_secs(10), first.read(&mut [0])).await;
    assert!(matches!(closed.unwrap(), Ok(0) | Err(_)));
    let mut last = silent.pop().unwrap();
    let kept = tokio::time::timeout(Duration::from_millis(300), last.read(&mut [0])).await;
    assert!(kept.is_err(), "the newest one is kept");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn too_few_files_are_said_at_the_start() {
    let world = World::with_keys(Engine::Postgres).await;
    let env = world.env(&[]);
    let program = support::program();
    let mut command = tokio::process::Command::new("/bin/sh");
    command.current_dir(world.folder.path()).env_clear().envs(env);
    let output =
        command.arg("-c").arg(format!("ulimit -n 200 && exec '{}' serve", program.display())).output().await.unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", text(&output.stderr));
    let said = text(&output.stderr);
    assert!(said.contains("only 200 files may be open") && said.contains("LimitNOFILE"), "{said}");
}
