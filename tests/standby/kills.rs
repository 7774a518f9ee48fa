//! Nodes are killed with signal 9 at each write and send in turn, and at random, while people use them; the database too. What was
//! acknowledged has to be there, and nothing by half (issue: crash safety; docs/contributing/kills.md).

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ikd::random::Random;
use support::world::{Program, World};

use crate::cluster::{Cluster, cluster_folder};
use crate::killed::{Mortal, Start};
use crate::report;
use crate::traffic::{SETTINGS, Service, Traffic, checks, furnish};

/// How long a node with a plan may live before it is killed anyway.
const PLANNED: Duration = Duration::from_millis(1_500);
/// Kills after which the database is compared with what was promised.
const ROUND: usize = 20;
/// Points that a life is aimed at, of which it ends at the first.
const GOALS: usize = 12;
/// Longer than a message is leased, and tried again.
const LATE_MAIL: Duration = Duration::from_secs(200);

/// What is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Engine {
    /// One node over a file.
    Sqlite,
    /// Two nodes over a server, which is stopped at once now and then.
    Postgres,
}

/// A run.
struct Setting {
    engine: Engine,
    kills: usize,
    seed: u64,
    at_once: usize,
    residents: usize,
    /// How long people have at the end to come to theirs.
    patience: Duration,
}

/// How nodes died.
#[derive(Default)]
struct Tally {
    lives: usize,
    kills: usize,
    at_points: BTreeMap<String, usize>,
    at_random: usize,
    database: usize,
    while_starting: usize,
    checked: usize,
}

struct Run {
    setting: Setting,
    world: World<Program>,
    service: Arc<Service>,
    nodes: Vec<Mortal>,
    cluster: Option<Cluster>,
    /// The folder of the cluster.
    _folder: Option<tempfile::TempDir>,
    random: Random,
    tally: Tally,
    /// Points that were passed, and how often each was aimed at.
    seen: BTreeMap<String, usize>,
    has_points: bool,
    begun: Instant,
}

/// Whether the program has points at which it can be told to die.
fn has_points() -> bool {
    let program = std::fs::read(support::program()).unwrap();
    program.windows(14).any(|bytes| bytes == b"IKD_FAILPOINTS")
}

impl Run {
    async fn open(setting: Setting) -> Self {
        println!("kills: {:?}, seed {}, {} kills", setting.engine, setting.seed, setting.kills);
        let (cluster, folder, count) = match setting.engine {
            Engine::Sqlite => (None, None, 1),
            Engine::Postgres => {
                let (folder, data) = cluster_folder();
                (Some(Cluster::alone(&data)), Some(folder), 2)
            }
        };
        let url = cluster.as_ref().map(|cluster| cluster.url(0));
        let world = World::with_keys_over(url.as_deref()).await;
        let furnished = furnish(&world, setting.residents).await;
        let stops = world.folder.path().join("stops");
        let env = world.env(&[&SETTINGS[..], &[("STOP_LOG__DIRECTORY", stops.to_str().unwrap())]].concat());
        let mut nodes: Vec<_> = (0..count).map(|at| Mortal::new(world.folder.path(), at, env.clone())).collect();
        for node in &mut nodes {
            assert_eq!(node.start("* 0").await, Start::Ready, "{}", node.printed());
        }
        let bases = nodes.iter().map(|node| node.base.clone()).collect();
        let service = Service::open(&world, furnished, bases, setting.seed).await;
        let random = Random::seeded(setting.seed.wrapping_add(1));
        let (tally, seen, begun) = (Tally::default(), BTreeMap::new(), Instant::now());
        Self {
            setting,
            world,
            service,
            nodes,
            cluster,
            _folder: folder,
            random,
            tally,
            seen,
            has_points: has_points(),
            begun,
        }
    }

    fn below(&self, most: usize) -> usize {
        self.random.below(most as u64) as usize
    }

    fn stops(&self) -> PathBuf {
        self.world.folder.path().join("stops")
    }

    /// Where the next life of a node ends: at one of some points that were aimed at as seldom as any other, or at one that nobody knew. Gives
    /// these points too.
    fn plan(&self) -> (String, Vec<String>) {
        let least = self.seen.values().min().copied().unwrap_or(0);
        let rare = |aimed: &usize| *aimed == least;
        let mut left: Vec<&String> =
            self.seen.iter().filter(|(_, aimed)| rare(aimed)).map(|(point, _)| point).collect();
        let mut goals = Vec::new();
        while goals.len() < GOALS && !left.is_empty() {
            goals.push(left.swap_remove(self.below(left.len())).clone());
        }
        let mut plan = String::from("* 1\n");
        for point in self.seen.keys() {
            let pass = if goals.contains(point) { 1 + self.below(3) } else { 0 };
            writeln!(plan, "{point} {pass}").unwrap();
        }
        (plan, goals)
    }

    /// One life of a node, and its end.
    async fn kill_one(&mut self) {
        // The nodes in turn; the other one serves meanwhile.
        let at = self.tally.lives % self.nodes.len();
        self.tally.lives += 1;
        for (_, other) in self.nodes.iter_mut().enumerate().filter(|(place, _)| *place != at) {
            if !other.runs() {
                assert_eq!(other.start("* 0").await, Start::Ready, "{}", other.printed());
            }
        }
        let planned = self.has_points && self.below(3) > 0;
        let (plan, goals) = if planned { self.plan() } else { (String::from("* 0\n"), Vec::new()) };
        let pause = Duration::from_millis(20 + self.below(1_200) as u64);
        let stops_database = self.cluster.is_some() && self.below(25) == 0;
        let node = &mut self.nodes[at];
        // It may be up: that life ends here, unplanned.
        if node.runs() {
            node.kill().await;
            self.tally.kills += 1;
            self.tally.at_random += 1;
        }
        match node.start(&plan).await {
            Start::Refused => panic!("a node did not start any more:\n{}", node.printed()),
            Start::Dead => self.tally.while_starting += 1,
            Start::Ready if planned => {
                if !node.dies(PLANNED).await {
                    node.kill().await;
                }
            }
            Start::Ready => {
                tokio::time::sleep(pause).await;
                if stops_database {
                    self.stop_database().await;
                }
                self.nodes[at].kill().await;
            }
        }
        self.tally.kills += 1;
        let node = &self.nodes[at];
        for point in node.take_points("seen") {
            self.seen.entry(point).or_insert(0);
        }
        match node.take_points("hit").pop() {
            Some(point) => {
                *self.seen.entry(point.clone()).or_insert(0) += 1;
                *self.tally.at_points.entry(point).or_insert(0) += 1;
            }
            None => {
                self.tally.at_random += 1;
                // None of them was passed so soon: others come first.
                for goal in goals {
                    *self.seen.entry(goal).or_insert(0) += 1;
                }
            }
        }
    }

    /// The database dies as on a machine that is switched off, and comes back.
    async fn stop_database(&mut self) {
        let Some(cluster) = &self.cluster else { return };
        cluster.run("pg_ctl", &["-D", "primary", "-m", "immediate", "stop"]);
        tokio::time::sleep(Duration::from_millis(100)).await;
        let port = format!("-p {}", cluster.ports[0]);
        cluster.run("pg_ctl", &["-D", "primary", "-w", "-l", "primary.log", "-o", &port, "start"]);
        self.tally.database += 1;
    }

    /// All nodes are up, people get on, and everything that was promised is there.
    async fn look(&mut self) {
        for node in &mut self.nodes {
            if !node.runs() {
                assert_eq!(node.start("* 0").await, Start::Ready, "{}", node.printed());
            }
        }
        let (before, waited) = (self.service.ledger.acts(), Instant::now());
        while self.service.ledger.acts() < before + 5 {
            assert!(waited.elapsed() < Duration::from_secs(150), "nobody gets on:\n{}", self.nodes[0].printed());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let faults = checks::faults(&self.service, &self.world.database).await;
        self.demand(faults);
        self.tally.checked += 1;
        let totals = self.service.ledger.totals();
        println!(
            "{:6.0} s  {} kills at {} of {} points, {} while starting, {} of the database; {} acts, {} without an answer, {} people left",
            self.begun.elapsed().as_secs_f64(),
            self.tally.kills,
            self.tally.at_points.len(),
            self.seen.len(),
            self.tally.while_starting,
            self.tally.database,
            totals.acts(),
            totals.unanswered,
            self.service.are_left(),
        );
    }

    /// Stops with all that does not hold; `IKD_KEEP` leaves the files.
    fn demand(&self, mut faults: Vec<String>) {
        faults.extend(self.service.ledger.wrongs());
        assert!(
            faults.is_empty(),
            "seed {}, after {} kills:\n  {}\n{}",
            self.setting.seed,
            self.tally.kills,
            faults.join("\n  "),
            self.nodes[0].printed()
        );
    }

    async fn whole(mut self) -> Self {
        let traffic = Traffic::start(&self.service, self.setting.at_once);
        while self.tally.kills < self.setting.kills && !is_late(self.begun) {
            let next = self.tally.kills + ROUND;
            while self.tally.kills < next.min(self.setting.kills) {
                self.kill_one().await;
            }
            self.look().await;
        }
        let late = traffic.end(self.setting.patience).await;
        let is_long = self.setting.patience > Duration::from_secs(60);
        let unsent = if is_long { checks::unsent(&self.world.database, LATE_MAIL).await } else { 0 };
        let mut faults = checks::faults(&self.service, &self.world.database).await;
        if is_long && late > 0 {
            faults.push(format!("{late} people did not come to their end"));
        }
        if unsent > 0 {
            faults.push(format!("{unsent} messages were not sent"));
        }
        let (_, copies) = self.service.letters.counted();
        let most = self.tally.kills + self.tally.database * self.nodes.len();
        if copies > most {
            faults.push(format!("{copies} messages came twice after {most} kills"));
        }
        faults.extend(checks::stops_lost(&self.world, &self.world.database, &self.stops()).await);
        faults.extend(checks::broken_logs(&self.world).await);
        self.demand(faults);
        self.tally.checked += 1;
        self
    }

    /// What stands in docs/assurance.md: of this run alone, and what is counted over all.
    async fn told(&self) -> (String, Vec<(String, usize)>) {
        let (totals, tally) = (self.service.ledger.totals(), &self.tally);
        let (messages, copies) = self.service.letters.counted();
        let open = checks::without_outcome(&self.world.database).await;
        let last = format!(
            "{} kills in {:.0} minutes, seed {}, {} people at once, at {} different points of {} that were passed.",
            tally.kills,
            self.begun.elapsed().as_secs_f64() / 60.0,
            self.setting.seed,
            self.setting.at_once,
            tally.at_points.len(),
            self.seen.len(),
        );
        let of_runs = [
            ("runs", 1),
            ("**kills**", tally.kills),
            ("kills at a point", tally.at_points.values().sum()),
            ("kills at a random moment", tally.at_random),
            ("of all: while a node started", tally.while_starting),
            ("stops of the database beside them", tally.database),
            ("comparisons of the database with what people had been told", tally.checked),
            ("**acknowledged and lost, accepted twice, refunded or done by half**", 0),
            ("requests without an answer, sent again", totals.unanswered),
            ("requests told to come again (503)", totals.refused),
            ("messages that arrived", messages),
            ("messages that arrived once more", copies),
            ("acts of staff without a noted outcome", usize::try_from(open).unwrap()),
        ];
        let of_runs = of_runs.into_iter().map(|(what, times)| (what.to_owned(), times));
        let done = totals.done.iter().map(|(act, times)| (format!("{act}, acknowledged"), *times));
        (last, of_runs.chain(done).collect())
    }
}

/// A number from the environment, as `tests/standby/run` passes it on.
pub fn given(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().map_or(default, |text| text.parse().unwrap())
}

/// Whether the minutes are over that a run was given.
pub fn is_late(begun: Instant) -> bool {
    begun.elapsed() > Duration::from_secs(60 * given("IKD_MINUTES", 7 * 24 * 60))
}

async fn for_long(engine: Engine, section: &str) {
    let seed = given("IKD_SEED", u64::from(std::process::id()));
    let kills = given("IKD_COUNT", 1_000) as usize;
    let residents = 400 + kills * 2;
    let patience = Duration::from_secs(400);
    let run = Run::open(Setting { engine, kills, seed, at_once: 8, residents, patience }).await.whole().await;
    let (last, counts) = run.told().await;
    println!("{last}\n{counts:?}");
    if run.has_points {
        report::add(section, &last, &counts);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes hours: tests/standby/run kills sqlite"]
async fn long_kills_of_a_node_over_a_file() {
    for_long(Engine::Sqlite, "kills sqlite").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes hours: tests/standby/run kills postgres"]
async fn long_kills_of_two_nodes_and_their_server() {
    for_long(Engine::Postgres, "kills postgres").await;
}

#[test]
fn what_ships_has_no_points_to_die_at() {
    assert!(
        include_str!("../../src/failpoint.rs").contains("\"IKD_FAILPOINTS\""),
        "it is looked for under another name"
    );
    assert!(!has_points(), "the program was built with the feature failpoints");
}

/// A handful of kills on what ships, at random.
async fn briefly(engine: Engine) {
    let seed = given("IKD_SEED", u64::from(std::process::id()));
    let (kills, at_once, residents, patience) = (6, 6, 60, Duration::from_secs(3));
    Run::open(Setting { engine, kills, seed, at_once, residents, patience }).await.whole().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_killed_node_over_a_file_acknowledged_is_there() {
    briefly(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_two_killed_nodes_acknowledged_is_there() {
    briefly(Engine::Postgres).await;
}
