//! The database fails over again and again under nodes that are never restarted, while people use them: what was acknowledged is there
//! each time, nobody is answered wrongly, and the nodes follow within seconds (docs/assurance.md).

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ikd::random::Random;
use support::world::{Program, World};

use crate::cluster::cluster_folder;
use crate::killed::{Mortal, Start};
use crate::kills::{given, is_late};
use crate::pair::{Fault, Pair};
use crate::report;
use crate::traffic::{SETTINGS, Service, Traffic, checks, furnish};

/// How soon nodes have to follow a standby that took over.
const SOON: Duration = Duration::from_secs(10);

struct Run {
    pair: Pair,
    world: World<Program>,
    service: Arc<Service>,
    nodes: Vec<Mortal>,
    random: Random,
    seed: u64,
    begun: Instant,
    /// For each fault, how long after the promotion a check was acknowledged again.
    followed: BTreeMap<Fault, Vec<Duration>>,
    /// The longest time without any acknowledged act, failovers with all that people decide included.
    quiet: Duration,
    _folder: tempfile::TempDir,
}

impl Run {
    async fn open(seed: u64, residents: usize) -> Self {
        println!("failovers: seed {seed}");
        let (folder, data) = cluster_folder();
        std::fs::set_permissions(&data, std::os::unix::fs::PermissionsExt::from_mode(0o777)).unwrap();
        let pair = Pair::start(&data).await;
        let world = World::with_keys_over(Some(&pair.url_of_both())).await;
        let furnished = furnish(&world, residents).await;
        let stops = world.folder.path().join("stops");
        let env = world.env(&[&SETTINGS[..], &[("STOP_LOG__DIRECTORY", stops.to_str().unwrap())]].concat());
        let mut nodes: Vec<_> = (0..2).map(|at| Mortal::new(world.folder.path(), at, env.clone())).collect();
        for node in &mut nodes {
            assert_eq!(node.start("* 0").await, Start::Ready, "{}", node.printed());
        }
        let bases = nodes.iter().map(|node| node.base.clone()).collect();
        let service = Service::open(&world, furnished, bases, seed).await;
        let random = Random::seeded(seed.wrapping_add(1));
        let (followed, quiet, begun) = (BTreeMap::new(), Duration::ZERO, Instant::now());
        Self { pair, world, service, nodes, random, seed, begun, followed, quiet, _folder: folder }
    }

    fn checks(&self) -> usize {
        self.service.ledger.totals().done.get("verifications").copied().unwrap_or(0)
    }

    /// Waits until so many more checks are acknowledged; how long that took.
    async fn goes_on(&self, more: usize, patience: Duration) -> Duration {
        let (before, begun) = (self.checks(), Instant::now());
        while self.checks() < before + more {
            assert!(begun.elapsed() < patience, "seed {}: nobody gets on:\n{}", self.seed, self.nodes[0].printed());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        begun.elapsed()
    }

    async fn fail_over(&mut self, fault: Fault) {
        self.service.ledger.take_longest();
        self.pair.strike(fault).await;
        // Whoever decides that the standby takes over needs a moment.
        tokio::time::sleep(Duration::from_millis(self.random.below(2_000))).await;
        self.pair.promote(fault);
        let promoted = Instant::now();
        self.goes_on(1, Duration::from_secs(60)).await;
        let after = promoted.elapsed();
        assert!(after < SOON, "seed {}, {fault:?}: followed after {after:?}", self.seed);
        for node in &mut self.nodes {
            while reqwest::get(format!("{}/health/ready", node.base)).await.unwrap().status() != 200 {
                let late = promoted.elapsed() > Duration::from_secs(60);
                assert!(!late, "seed {}, {fault:?}: a node is not ready:\n{}", self.seed, node.printed());
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            let ready = promoted.elapsed();
            assert!(ready < SOON, "seed {}, {fault:?}: ready after {ready:?}:\n{}", self.seed, node.printed());
            assert!(node.runs(), "a node ended:\n{}", node.printed());
        }
        self.followed.entry(fault).or_default().push(after);
        self.quiet = self.quiet.max(self.service.ledger.take_longest());
        let faults = checks::faults(&self.service, &self.pair.url()).await;
        self.demand(faults, fault);
        self.pair.mend().await;
        let totals = self.service.ledger.totals();
        println!(
            "{:6.0} s  {fault:?}: followed after {after:.1?}; {} acts, {} without an answer, {} told to come again, {} people left",
            self.begun.elapsed().as_secs_f64(),
            totals.acts(),
            totals.unanswered,
            totals.refused,
            self.service.are_left(),
        );
    }

    fn demand(&self, mut faults: Vec<String>, fault: Fault) {
        faults.extend(self.service.ledger.wrongs());
        let told = faults.join("\n  ");
        assert!(faults.is_empty(), "seed {}, {fault:?}:\n  {told}\n{}", self.seed, self.nodes[0].printed());
    }

    async fn whole(mut self, faults: &[Fault], patience: Duration) -> Self {
        let (traffic, begun) = (Traffic::start(&self.service, 12), self.begun);
        for fault in faults.iter().take_while(|_| !is_late(begun)) {
            self.goes_on(3, Duration::from_secs(150)).await;
            self.fail_over(*fault).await;
        }
        self.goes_on(3, Duration::from_secs(60)).await;
        let late = traffic.end(patience).await;
        let mut found = checks::faults(&self.service, &self.pair.url()).await;
        if patience > Duration::from_secs(60) && late > 0 {
            found.push(format!("{late} people did not come to their end"));
        }
        let (_, copies) = self.service.letters.counted();
        let most = faults.len() * self.nodes.len();
        if copies > most {
            found.push(format!("{copies} messages came twice after {most} failovers of a node's database"));
        }
        let stops = self.world.folder.path().join("stops");
        found.extend(checks::stops_lost(&self.world, &self.pair.url(), &stops).await);
        found.extend(checks::broken_logs(&self.world).await);
        self.demand(found, *faults.last().unwrap());
        // Started anew, a node compares the stop log with what is there, and would refuse an older copy.
        self.nodes[0].kill().await;
        assert_eq!(self.nodes[0].start("* 0").await, Start::Ready, "{}", self.nodes[0].printed());
        self
    }

    fn told(&self) -> String {
        let totals = self.service.ledger.totals();
        let (messages, copies) = self.service.letters.counted();
        let all: usize = self.followed.values().map(Vec::len).sum();
        let mut text = format!(
            "{all} failovers in {:.0} minutes, seed {}, 12 people at once at two nodes that were never restarted: {} acts acknowledged, {} requests \
             without an answer, {} told to come again (503 with `Retry-After`), {messages} messages, {copies} of them once more. The longest time in \
             which nothing was acknowledged, with the up to two seconds until somebody promotes the standby, was {:.1} s. Acknowledged and lost: 0. \
             Wrong answers: 0.\n\n| how the primary left | times | until a check was acknowledged after the promotion, median | longest |\n\
             | --- | ---: | ---: | ---: |\n",
            self.begun.elapsed().as_secs_f64() / 60.0,
            self.seed,
            totals.acts(),
            totals.unanswered,
            totals.refused,
            self.quiet.as_secs_f64(),
        );
        for (fault, times) in &self.followed {
            let mut times = times.clone();
            times.sort();
            let (median, longest) = (times[times.len() / 2].as_secs_f64(), times[times.len() - 1].as_secs_f64());
            writeln!(text, "| {} | {} | {median:.1} s | {longest:.1} s |", words(*fault), times.len()).unwrap();
        }
        text += "\n| act | acknowledged |\n| --- | ---: |\n";
        for (act, times) in &totals.done {
            writeln!(text, "| {act} | {times} |").unwrap();
        }
        text
    }
}

const fn words(fault: Fault) -> &'static str {
    match fault {
        Fault::Killed => "killed",
        Fault::Demoted => "told to write no more, and stayed up",
        Fault::Standby => "came back as a standby",
        Fault::CutOff => "cut off: the network carries nothing",
        Fault::Refused => "cut off: the network refuses",
        Fault::Hanging => "hangs, with all its connections",
        Fault::DiskFull => "its disk is full",
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes hours: tests/standby/run failovers"]
async fn long_failovers_under_people() {
    let seed = given("IKD_SEED", u64::from(std::process::id()));
    let count = given("IKD_COUNT", 100) as usize;
    let run = Run::open(seed, 400 + count * 40).await;
    assert!(run.pair.has_disks(), "mounting small disks needs root");
    // Each in turn, in an order of its own every time; or some of them, to look at those.
    let only = std::env::var("IKD_ONLY").ok();
    let wanted = Fault::ALL
        .into_iter()
        .filter(|fault| only.as_ref().is_none_or(|only| only.split(',').any(|one| one == format!("{fault:?}"))));
    let wanted: Vec<Fault> = wanted.collect();
    let mut faults = Vec::new();
    while faults.len() < count {
        let mut round = wanted.clone();
        while !round.is_empty() && faults.len() < count {
            let at = run.random.below(round.len() as u64) as usize;
            faults.push(round.swap_remove(at));
        }
    }
    let told = run.whole(&faults, Duration::from_secs(400)).await.told();
    println!("{told}");
    report::write("failovers", &told);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_whose_database_is_cut_off_lose_nothing() {
    let seed = given("IKD_SEED", u64::from(std::process::id()));
    Run::open(seed, 60).await.whole(&[Fault::CutOff], Duration::from_secs(3)).await;
}
