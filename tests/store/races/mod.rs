//! Every pair of acts on one registration, at the same moment on connections of their own, in every state in which both may
//! succeed; afterwards what must hold whoever was faster. On PostgreSQL, where writers run beside each other, and on SQLite.
//!
//! `IKD_RACE_ROUNDS=200 tests/run --test store races` tries each pair 200 times.

mod laws;
mod stage;

use std::collections::BTreeMap;
use std::sync::Arc;

use ikd::db::DbError;
use ikd::error::Error;
use tokio::sync::Barrier;

use self::stage::{Act, Case, Stage, World};
use support::{Engine, context};

/// The states in which a pair is tried: those that suit both, or else the first that suits each.
fn stages(pair: [Act; 2]) -> Vec<Stage> {
    let [first, second] = pair.map(Act::stages);
    let both: Vec<Stage> = first.iter().copied().filter(|stage| second.contains(stage)).collect();
    if both.is_empty() { vec![first[0], second[0]] } else { both }
}

async fn race(engine: Engine, rounds: usize) {
    let folder = tempfile::tempdir().unwrap();
    let world = Arc::new(World::open(context(engine, folder.path()).await).await);
    let (mut tried, mut both_went, mut broken) = (0, 0, BTreeMap::<String, usize>::new());
    for (place, first) in Act::ALL.into_iter().enumerate() {
        for second in Act::ALL.into_iter().skip(place) {
            for stage in stages([first, second]) {
                for _ in 0..rounds {
                    let (both, laws) = once(&world, stage, [first, second]).await;
                    both_went += usize::from(both);
                    tried += 1;
                    for law in laws {
                        *broken.entry(law).or_default() += 1;
                    }
                }
            }
        }
    }
    println!("{engine:?}: {tried} races, in {both_went} of them both went through");
    world.context.db.close().await;
    let told: Vec<String> = broken.into_iter().map(|(law, times)| format!("{times} x {law}")).collect();
    assert!(told.is_empty(), "{engine:?}:\n{}", told.join("\n"));
}

/// One race; gives whether both acts went through, and what does not hold now.
async fn once(world: &Arc<World>, stage: Stage, acts: [Act; 2]) -> (bool, Vec<String>) {
    let case = Arc::new(Case::make(world, stage, acts).await);
    let barrier = Arc::new(Barrier::new(2));
    let runs = [0, 1].map(|slot| {
        let (world, case, barrier) = (Arc::clone(world), Arc::clone(&case), Arc::clone(&barrier));
        tokio::spawn(async move {
            barrier.wait().await;
            acts[slot].run(&world, &case, slot).await
        })
    });
    let (mut went, mut faults) = ([false; 2], Vec::new());
    for (slot, run) in runs.into_iter().enumerate() {
        match run.await.unwrap() {
            Ok(()) => went[slot] = true,
            Err(Error::Refused(_)) => {}
            // Nothing waits for another in a circle: every transaction takes the registration first.
            Err(Error::Db(DbError::Contention)) => faults.push(format!("{acts:?} on {stage:?}: a deadlock")),
            Err(error) => faults.push(format!("{acts:?} on {stage:?}: {error}")),
        }
    }
    faults.extend(laws::broken(world, &case, acts, went).await);
    world.clear().await;
    (went == [true; 2], faults)
}

fn rounds(usual: usize) -> usize {
    std::env::var("IKD_RACE_ROUNDS").ok().map_or(usual, |rounds| rounds.parse().expect("IKD_RACE_ROUNDS is a number"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_pair_of_acts_on_a_registration_ends_lawfully_on_postgres() {
    race(Engine::Postgres, rounds(2)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_pair_of_acts_on_a_registration_ends_lawfully_on_sqlite() {
    race(Engine::Sqlite, rounds(1)).await;
}
