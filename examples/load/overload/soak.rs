//! Hours at half of the capacity with a burst of twice the capacity in each round: nothing may grow.

use std::time::Instant;

use super::Run;
use super::judge::{Section, goodput, percentile};
use super::things::{Cast, Thing};
use crate::machine;

/// Seconds of a round at half of the capacity, and of the burst at twice the capacity.
const ROUND: (f64, f64) = (25.0, 5.0);

/// What a process holds.
#[derive(Clone, Copy)]
pub struct Held {
    pub memory: f64,
    pub files: usize,
    pub threads: usize,
}

pub async fn soak(run: &Run<'_>, hours: f64) -> Section {
    let mut section = Section::new(run.place.engine, ROUND.0, run.asked.sockets);
    let mut cast = Cast::gather(&run.place, &[]).await;
    let server = run.server(&run.shipped);
    let capacity = run.peak(Thing::Verifications, &mut cast).await;
    let (begun, mut held, mut latencies, mut checks) = (Instant::now(), Vec::new(), Vec::new(), 0);
    while begun.elapsed().as_secs_f64() < hours * 3_600.0 {
        for (times, seconds) in [(0.5, ROUND.0), (2.0, ROUND.1)] {
            let seen = run.many(Thing::Verifications, &mut cast, capacity * times, seconds).await;
            checks += (goodput(&seen) * seen.seconds) as usize;
            if times < 1.0 {
                latencies.push(percentile(&seen, 0.99));
            }
        }
        let (files, threads) = machine::held(server.child.id());
        let now = Held { memory: machine::memory(server.child.id()).0, files, threads };
        eprintln!("soak: {checks} checks, {:.1} MiB, {files} files, {threads} threads", now.memory);
        held.push(now);
    }
    latencies.sort_by(f64::total_cmp);
    let middle = latencies.get(latencies.len() / 2).copied().unwrap_or_default();
    section.soaked(hours, capacity, checks, middle, &held);
    section
}
