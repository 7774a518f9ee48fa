//! What has to hold, and how it is told.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use ikd::clock::Clock;
use ikd::register::Date;

use super::drive::{Seen, Sent};
use super::soak::Held;
use super::stop::Stopped;
use super::things::Thing;
use crate::machine;

/// What of the peak is still answered beyond it; the longest that an accepted one waits; what part of strangers is served in that time.
const GOODPUT: f64 = 0.9;
const LONGEST: f64 = 1.0;
const SERVED: f64 = 0.99;
/// By how much the last third of a soak may hold more memory than the middle one: a part, and MiB.
const GROWTH: (f64, f64) = (0.1, 16.0);
/// What a client is told that is to come again later.
const STATUS_OVERLOADED: [u16; 2] = [429, 503];

/// Answers a second that did what was asked.
pub fn goodput(seen: &Seen) -> f64 {
    seen.sent.iter().filter(|sent| sent.good).count() as f64 / seen.seconds
}

/// Latency of those that did what was asked, in seconds from when they were due.
pub fn percentile(seen: &Seen, of: f64) -> f64 {
    part(seen.sent.iter().filter(|sent| sent.good).map(Sent::latency).collect(), of)
}

fn part(mut values: Vec<f64>, of: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(((values.len().max(1) - 1) as f64 * of).round() as usize).copied().unwrap_or_default()
}

/// One measurement.
pub struct Row {
    thing: Thing,
    times: f64,
    from: &'static str,
    offered: f64,
    goodput: f64,
    of_peak: f64,
    p50: f64,
    p99: f64,
    /// By status: how many, and how many say when to come again.
    refused: BTreeMap<u16, (usize, usize)>,
    unanswered: usize,
    unsent: usize,
    /// How late the driver was with writing, 99 %.
    lag: f64,
    /// How many strangers asked, the part that was served in time, and 99 % of their waits.
    strangers: Option<(usize, f64, f64)>,
}

impl Row {
    pub fn of_many(thing: Thing, times: f64, peak: f64, seen: &Seen) -> Self {
        let mut refused: BTreeMap<u16, (usize, usize)> = BTreeMap::new();
        for sent in seen.sent.iter().filter(|sent| !sent.good && sent.answered.is_some()) {
            let (all, telling) = refused.entry(sent.status).or_default();
            *all += 1;
            *telling += usize::from(sent.retry_after);
        }
        let goodput = goodput(seen);
        Self {
            thing,
            times,
            from: "many",
            offered: (seen.sent.len() + seen.unsent) as f64 / seen.seconds,
            goodput,
            of_peak: goodput / peak,
            p50: percentile(seen, 0.5),
            p99: percentile(seen, 0.99),
            refused,
            unanswered: seen.sent.iter().filter(|sent| sent.answered.is_none()).count(),
            unsent: seen.unsent,
            lag: part(seen.sent.iter().filter_map(|sent| Some(sent.written? - sent.due)).collect(), 0.99),
            strangers: None,
        }
    }

    pub fn of_one(thing: Thing, times: f64, peak: f64, flood: &Seen, strangers: &Seen) -> Self {
        let served = strangers.sent.iter().filter(|sent| sent.good && sent.latency() <= LONGEST).count();
        let asked = strangers.sent.len() + strangers.unsent;
        let waits = part(strangers.sent.iter().map(Sent::latency).collect(), 0.99);
        let strangers = Some((asked, served as f64 / asked.max(1) as f64, waits));
        Self { from: "one", strangers, ..Self::of_many(thing, times, peak, flood) }
    }

    /// What does not hold.
    fn problems(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut demand = |holds: bool, what: String| {
            if !holds {
                found.push(format!("{} at {} times from {}: {what}", self.thing.name(), self.times, self.from));
            }
        };
        let silent: usize = STATUS_OVERLOADED
            .iter()
            .filter_map(|status| self.refused.get(status))
            .map(|(all, telling)| all - telling)
            .sum();
        demand(silent == 0, format!("{silent} refusals do not say when to come again"));
        let other: usize = self
            .refused
            .iter()
            .filter(|(status, _)| !STATUS_OVERLOADED.contains(status))
            .map(|(_, (all, _))| all)
            .sum();
        let broken = self.refused.keys().any(|status| *status == 500);
        demand(!broken, String::from("answers are 500"));
        match self.strangers {
            Some((asked, served, waits)) => demand(
                served >= SERVED,
                format!(
                    "of {asked} strangers {:.1} % were served in time, 99 % of them after {waits:.2} s",
                    served * 1e2
                ),
            ),
            None => {
                demand(self.of_peak >= GOODPUT, format!("goodput is {:.0} % of the peak", self.of_peak * 1e2));
                demand(self.p99 <= LONGEST, format!("99 % of those accepted waited {:.2} s", self.p99));
                demand(self.unanswered == 0, format!("{} got no answer", self.unanswered));
                demand(other == 0, format!("{other} other answers: {:?}", self.refused));
            }
        }
        found
    }

    fn line(&self) -> String {
        let refused = self.refused.iter().map(|(status, (count, _))| format!("{status}: {count}"));
        let mut refused: Vec<String> = refused.collect();
        for (what, count) in [("no answer", self.unanswered), ("not sent", self.unsent)] {
            if count > 0 {
                refused.push(format!("{what}: {count}"));
            }
        }
        let strangers = self.strangers.map_or_else(
            || String::from(" | "),
            |(_, served, waits)| format!("{:.1} % | {:.0}", served * 1e2, waits * 1e3),
        );
        format!(
            "| {} | {} | {} | {:.0} | {:.0} | {:.0} % | {:.0} | {:.0} | {} | {strangers} | {:.0} |",
            self.thing.name(),
            self.from,
            self.times,
            self.offered,
            self.goodput,
            self.of_peak * 1e2,
            self.p50 * 1e3,
            self.p99 * 1e3,
            refused.join(", "),
            self.lag * 1e3,
        )
    }
}

/// What one engine showed.
pub struct Section {
    engine: &'static str,
    seconds: f64,
    sockets: usize,
    pub peaks: Vec<(Thing, f64)>,
    rows: Vec<Row>,
    stops: Vec<Stopped>,
    memory: f64,
    soak: Option<String>,
    problems: Vec<String>,
}

impl Section {
    pub fn new(engine: &'static str, seconds: f64, sockets: usize) -> Self {
        let (peaks, rows, stops, problems) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { engine, seconds, sockets, peaks, rows, stops, memory: 0.0, soak: None, problems }
    }

    pub fn peak(&self, of: Thing) -> Option<f64> {
        self.peaks.iter().find(|(thing, _)| *thing == of).map(|(_, peak)| *peak)
    }

    pub fn row(&mut self, row: Row) {
        eprintln!("{}", row.line());
        self.problems.extend(row.problems());
        self.rows.push(row);
    }

    /// Notes the most memory that a server's process had.
    pub fn memory(&mut self, pid: u32) {
        self.memory = self.memory.max(machine::memory(pid).1);
    }

    pub fn stopped(&mut self, stopped: Stopped) {
        let Stopped { times, lost, acknowledged, kept, .. } = stopped;
        if lost > 0 {
            self.problems.push(format!("stop at {times} times: {lost} requests sent before the signal got no answer"));
        }
        if kept < acknowledged {
            self.problems.push(format!("stop at {times} times: {acknowledged} checks acknowledged, {kept} kept"));
        }
        self.stops.push(stopped);
    }

    pub fn soaked(&mut self, hours: f64, capacity: f64, checks: usize, p99: f64, held: &[Held]) {
        let third = held.len() / 3;
        let most = |part: &[Held]| {
            let max = |of: fn(&Held) -> f64| part.iter().map(of).fold(0.0, f64::max);
            (max(|held| held.memory), max(|held| held.files as f64), max(|held| held.threads as f64))
        };
        let (middle, last) = (most(&held[third..2 * third]), most(&held[held.len() - third..]));
        if third == 0 || last.0 > middle.0 * (1.0 + GROWTH.0) + GROWTH.1 {
            self.problems.push(format!("soak: {:.0} MiB in the middle third, {:.0} MiB in the last", middle.0, last.0));
        }
        if last.1 > middle.1 * 1.1 + 16.0 || last.2 > middle.2 * 1.1 + 4.0 {
            self.problems.push(String::from("soak: open files or threads grew"));
        }
        self.soak = Some(format!(
            "Soak of {hours} hours at half of the capacity ({capacity:.0} checks a second), in each half minute five seconds at twice \
             the capacity: {checks} checks, median of the rounds' p99 {:.0} ms at half load. Most in the middle and in the last third: \
             memory {:.0} and {:.0} MiB, open files {} and {}, threads {} and {}.",
            p99 * 1e3,
            middle.0,
            last.0,
            middle.1,
            last.1,
            middle.2,
            last.2
        ));
    }

    pub fn holds(&self) -> bool {
        for problem in &self.problems {
            eprintln!("DOES NOT HOLD: {}: {problem}", self.engine);
        }
        self.problems.is_empty()
    }

    pub fn markdown(&self) -> String {
        let today = Date::in_jakarta(Clock::System.now());
        let mut out = format!("{today}, `benches/overload.sh`. {}. ", machine::describe());
        if let Some(soak) = &self.soak {
            let _ = write!(out, "{soak}");
            return out;
        }
        let _ = writeln!(
            out,
            "{} s each, fixed rates, latencies from when a request was due. The driver shares the cores and has {} sockets; what is due \
             beyond them is not sent and counted. Most memory of the service: {:.0} MiB.\n",
            self.seconds, self.sockets, self.memory
        );
        out.push_str(
            "| shared thing | from | times | asked/s | goodput/s | of peak | p50 ms | p99 ms | not accepted | strangers in 1 s | their p99 ms | driver late p99 ms |\n\
             | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | --- | ---: | ---: | ---: |\n",
        );
        for row in &self.rows {
            let _ = writeln!(out, "{}", row.line());
        }
        if !self.stops.is_empty() {
            out.push_str(
                "\n| SIGTERM under checks, times | sent before | of them answered after it | **lost** | sent after: answered, not | no connection | acknowledged | in the database | ended after |\n\
                 | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n",
            );
        }
        for stop in &self.stops {
            let _ = writeln!(
                out,
                "| {} | {} | {} | {} | {}, {} | {} | {} | {} | {:.1} s |",
                stop.times,
                stop.before,
                stop.finished,
                stop.lost,
                stop.after.0,
                stop.after.1,
                stop.refused,
                stop.acknowledged,
                stop.kept,
                stop.seconds
            );
        }
        out
    }

    /// Replaces the section of docs/assurance.md.
    pub fn write(&self) {
        let what = if self.soak.is_some() { "soak" } else { "overload" };
        let mark = format!("<!-- {what} {} -->\n", self.engine);
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/assurance.md");
        let text = std::fs::read_to_string(path).unwrap();
        let (head, rest) = text.split_once(&mark).unwrap_or_else(|| panic!("{path} has no section {mark}"));
        let (_, tail) = rest.split_once("<!-- end -->").unwrap();
        std::fs::write(path, format!("{head}{mark}\n{}\n\n<!-- end -->{tail}", self.markdown().trim())).unwrap();
    }
}
