//! Overload, measured open-loop: each shared thing at 1, 2, 5 and 10 times its capacity, from many addresses and from one; a stop under
//! load; a soak. What it demands stands in docs/contributing/overload.md, what was seen in docs/assurance.md.

mod drive;
mod judge;
mod soak;
mod stop;
mod things;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use self::drive::{Load, Origin, Seen, drive};
use self::judge::{Row, Section};
use self::things::{Cast, Thing};
use crate::place::{Place, Server};

/// Drive each shared thing beyond what it can take.
#[derive(clap::Args)]
pub struct Overload {
    /// The release binary.
    #[arg(long, default_value = "target/release/ikd")]
    program: PathBuf,
    /// Engines.
    #[arg(long, value_delimiter = ',', default_value = "sqlite,postgres")]
    engines: Vec<String>,
    /// Seconds of each measurement.
    #[arg(long, default_value_t = 6.0)]
    seconds: f64,
    /// Only things whose name contains this; `stop` for the stop alone.
    #[arg(long, default_value = "")]
    only: String,
    /// How many times the capacity is asked for.
    #[arg(long, value_delimiter = ',', default_value = "1,2,5,10")]
    times: Vec<f64>,
    /// Residents with a digital KTP.
    #[arg(long, default_value_t = 40_000)]
    residents: u64,
    /// Addresses that are many.
    #[arg(long, default_value_t = 1_000)]
    addresses: u16,
    /// Most sockets of the driver that wait for answers.
    #[arg(long, default_value_t = 3_000)]
    sockets: usize,
    /// Hours of a soak in place of the measurements.
    #[arg(long)]
    soak: Option<f64>,
    /// Settings of the PostgreSQL server.
    #[arg(long, value_delimiter = ',', default_value = "shared_buffers=1GB,max_wal_size=4GB")]
    postgres: Vec<String>,
    /// Folder of the databases and of the service's log, removed at the end where all holds.
    #[arg(long, default_value = "target/overload")]
    folder: PathBuf,
    /// Write what was seen into docs/assurance.md, if all of it holds.
    #[arg(long)]
    write: bool,
}

/// Seconds of a step of the search for the capacity, and how much faster the next one is.
const STEP: (f64, f64) = (2.0, 1.5);
/// Steps at most.
const STEPS: usize = 16;
/// Strangers ask at this part of the capacity, and no faster than so often a second.
const MODEST: (f64, f64) = (0.1, 50.0);
/// Addresses of strangers.
const STRANGERS: u16 = 50;

/// Measures; whether all of it holds.
pub async fn measure(asked: &Overload) -> bool {
    let _ = std::fs::remove_dir_all(&asked.folder);
    std::fs::create_dir_all(&asked.folder).unwrap();
    let folder = asked.folder.canonicalize().unwrap();
    let mut holds = true;
    for engine in &asked.engines {
        let engine = if engine == "sqlite" { "sqlite" } else { "postgres" };
        let place = Arc::new(Place::make(engine, &folder, &asked.postgres, asked.residents, 0).await);
        let run = Run { asked, shipped: shipped(&place), place };
        let section = match asked.soak {
            Some(hours) => soak::soak(&run, hours).await,
            None => run.all().await,
        };
        println!("{}", section.markdown());
        holds &= section.holds();
        if asked.write && section.holds() {
            section.write();
        }
    }
    if holds {
        let _ = std::fs::remove_dir_all(&folder);
    }
    holds
}

/// The configuration with the limits for each address that are shipped. How fast one holder may draw QRs is no shared thing, and
/// captchas stay cheap for the driver.
fn shipped(place: &Place) -> PathBuf {
    let text = std::fs::read_to_string(&place.config).unwrap();
    let limits = "requests_per_second = 0\nselfies_per_minute = 0\n";
    assert!(text.contains(limits), "the configuration has other limits");
    let file = place.folder.join("shipped.toml");
    std::fs::write(&file, text.replace(limits, "")).unwrap();
    file
}

struct Run<'a> {
    asked: &'a Overload,
    place: Arc<Place>,
    shipped: PathBuf,
}

impl Run<'_> {
    fn server(&self, config: &Path) -> Server {
        // A line for each client that is refused: not between the figures.
        let log = std::fs::File::options().create(true).append(true).open(self.place.folder.join("log")).unwrap();
        let arguments = ["--config", config.to_str().unwrap(), "serve"];
        Server::start_logging(&self.asked.program, &arguments, self.place.port, log.into())
    }

    async fn all(&self) -> Section {
        let mut section = Section::new(self.place.engine, self.asked.seconds, self.asked.sockets);
        for thing in Thing::ALL.into_iter().filter(|thing| thing.name().contains(&self.asked.only)) {
            // What each needs is made under no limit, the measurements under those that are shipped.
            let server = self.server(&self.place.config);
            let mut cast = Cast::gather(&self.place, &[thing]).await;
            drop(server);
            let server = self.server(&self.shipped);
            self.thing(thing, &mut cast, &mut section).await;
            section.memory(server.child.id());
        }
        if "stop".contains(&self.asked.only) {
            let capacity = self.capacity_of_verifications(&section).await;
            for times in [1.0, 2.0] {
                section.stopped(stop::stop(self, capacity * times, times).await);
            }
        }
        section
    }

    /// What was measured of verifications, or is now.
    async fn capacity_of_verifications(&self, section: &Section) -> f64 {
        if let Some(peak) = section.peak(Thing::Verifications) {
            return peak;
        }
        let mut cast = Cast::gather(&self.place, &[]).await;
        let _server = self.server(&self.shipped);
        self.peak(Thing::Verifications, &mut cast).await
    }

    fn load(&self, thing: Thing, from: Origin, rate: f64, seconds: f64) -> Load {
        let (port, sockets) = (self.place.port, self.asked.sockets);
        let good = thing.good();
        Load { port, from, rate, seconds, sockets, keep: thing != Thing::Sockets, retry: true, good }
    }

    async fn many(&self, thing: Thing, cast: &mut Cast, rate: f64, seconds: f64) -> Seen {
        let count = ((rate * seconds) as usize + 1).min(thing.most());
        let requests = cast.requests(thing, count).await;
        let seen = drive(self.load(thing, Origin::Many(self.asked.addresses), rate, seconds), requests).await;
        self.settle().await;
        seen
    }

    /// The most answers a second that did what was asked, found by asking for ever more.
    async fn peak(&self, thing: Thing, cast: &mut Cast) -> f64 {
        let (mut rate, mut peak) = (thing.first(), 0.0_f64);
        for _ in 0..STEPS {
            let seen = self.many(thing, cast, rate, STEP.0).await;
            let goodput = judge::goodput(&seen);
            eprintln!("{}: {rate:.0} a second asked, {goodput:.0} answered", thing.name());
            peak = peak.max(goodput);
            if goodput < rate * 0.8 {
                break;
            }
            rate *= STEP.1;
        }
        peak
    }

    async fn thing(&self, thing: Thing, cast: &mut Cast, section: &mut Section) {
        let peak = self.peak(thing, cast).await.max(1.0);
        section.peaks.push((thing, peak));
        for &times in &self.asked.times {
            let seen = self.many(thing, cast, peak * times, self.asked.seconds).await;
            section.row(Row::of_many(thing, times, peak, &seen));
        }
        for &times in &self.asked.times {
            let (rate, seconds) = (peak * times, self.asked.seconds);
            let modest = (peak * MODEST.0).clamp(1.0, MODEST.1);
            let flood = cast.requests(thing, ((rate * seconds) as usize + 1).min(thing.most())).await;
            let few = cast.requests(thing, (modest * seconds) as usize + 1).await;
            let strangers = self.load(thing, Origin::Strangers(STRANGERS), modest, seconds);
            let (flood, strangers) =
                tokio::join!(drive(self.load(thing, Origin::One, rate, seconds), flood), drive(strangers, few));
            self.settle().await;
            section.row(Row::of_one(thing, times, peak, &flood, &strangers));
        }
    }

    /// Waits until the service has nothing left to do of what was measured before.
    async fn settle(&self) {
        let url = format!("http://127.0.0.1:{}/health/ready", self.place.port);
        loop {
            let asked = std::time::Instant::now();
            let ready = reqwest::get(&url).await.is_ok_and(|answer| answer.status().is_success());
            if ready && asked.elapsed() < Duration::from_millis(50) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}
