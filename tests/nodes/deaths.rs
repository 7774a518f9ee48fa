//! An import that reports many deaths while relying parties go on asking, at two nodes.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

use ikd::fetch_one;
use ikd::register::import::{ImportOptions, import};
use ikd::register::{LocalRegister, VitalStatus};
use support::Engine;
use support::node::Node;
use support::postgres::new_database;
use support::record::csv_of;
use support::world::{Holders, World};

/// As many as one large import reports: twice those that an audit of one regency found.
const DEATHS: usize = 10_000;
/// Who ask at the same time.
const ASKERS: usize = 6;

/// What the askers share.
struct Shared {
    world: World<Holders>,
    nodes: [Node; 2],
    /// Holders whose deaths were acknowledged: those before this one.
    acknowledged: AtomicUsize,
    over: AtomicBool,
}

/// Asks about holders around the place where the import is; gives how many were good, refused, unanswered, and good too late.
async fn ask(shared: Arc<Shared>, number: usize) -> [usize; 4] {
    let (mut counts, mut turn) = ([0; 4], number);
    let banks = [0, 1].map(|node| shared.world.bank(&shared.nodes[node]));
    while !shared.over.load(Ordering::SeqCst) {
        turn += ASKERS;
        // Half of the questions are about those who are dead for certain, half about those who come next.
        let border = shared.acknowledged.load(Ordering::SeqCst);
        let spread = (turn * 7_919) % 1_000;
        let holder = if turn % 2 == 0 { border.saturating_sub(1 + spread) } else { (border + spread).min(DEATHS - 1) };
        // Before the question begins.
        let is_dead = holder < border;
        // Each holder is asked about at both.
        let bank = &banks[(turn / 2) % 2];
        let token = shared.world.token(holder);
        match bank.try_verify(&token, "open_account", &shared.world.key()).await {
            Some(answer) if answer.status == 200 && answer.json["result"] == "valid" => {
                counts[0] += 1;
                counts[3] += usize::from(is_dead);
            }
            Some(answer) if answer.status == 200 => counts[1] += 1,
            _ => counts[2] += 1,
        }
    }
    counts
}

async fn deaths(engine: Engine) {
    let folder = tempfile::tempdir().unwrap();
    let url = match engine {
        Engine::Sqlite => format!("sqlite:{}", folder.path().join("ikd.db").display()),
        _ => new_database().await,
    };
    let world = World::with_holders(folder.path(), &url, DEATHS).await;
    let mut records = world.in_register().await;
    records.iter_mut().for_each(|record| record.vital_status = VitalStatus::Deceased);
    let file = folder.path().join("deaths.csv");
    std::fs::write(&file, csv_of(&records)).unwrap();
    let nodes = [world.node(folder.path(), &url).await, world.node(folder.path(), &url).await];
    let context = world.context.clone();
    let register = LocalRegister::new(context.clone()).telling(ikd::app::listeners(&context));
    let (acknowledged, over) = (AtomicUsize::new(0), AtomicBool::new(false));
    let shared = Arc::new(Shared { world, nodes, acknowledged, over });
    let askers: Vec<_> = (0..ASKERS).map(|number| tokio::spawn(ask(Arc::clone(&shared), number))).collect();
    let begun = Instant::now();
    let options = ImportOptions { trust_zeros: true, ..ImportOptions::default() };
    let done = import(&register, &file, &options, |progress| {
        shared.acknowledged.store(usize::try_from(progress.accepted).unwrap(), Ordering::SeqCst);
        ControlFlow::Continue(())
    })
    .await
    .unwrap();
    let took = begun.elapsed();
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    shared.over.store(true, Ordering::SeqCst);
    let mut all = [0; 4];
    for asker in askers {
        let counts = asker.await.unwrap();
        all.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
    }
    let [valid, refused, unanswered, too_late] = all;
    println!(
        "{engine:?}: {DEATHS} deaths in {took:.1?}; {valid} checks were good, {refused} not, {unanswered} unanswered"
    );
    assert_eq!((done.accepted, done.heard.stopped), (DEATHS as u64, DEATHS as u64));
    assert_eq!(too_late, 0, "a check was good that began after the death was acknowledged");
    assert!(valid > 0 && refused > 0, "{valid} good, {refused} not: the checks met the import");
    let mut tx = shared.world.context.db.read().await.unwrap();
    let active = "SELECT COUNT(*) FROM credential WHERE state = 'active'";
    assert_eq!(fetch_one!(&mut tx, (i64,), active).unwrap().0, 0);
    let told = "SELECT COUNT(*) FROM life_notice WHERE reason = 'register_deceased'";
    assert_eq!(fetch_one!(&mut tx, (i64,), told).unwrap().0, DEATHS as i64, "each is told once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_of_the_dead_is_good_once_the_import_says_so_on_postgres() {
    deaths(Engine::Postgres).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_of_the_dead_is_good_once_the_import_says_so_on_sqlite() {
    deaths(Engine::Sqlite).await;
}
