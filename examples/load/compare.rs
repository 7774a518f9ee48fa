//! Two builds measured in turns (A B A B), each by its own measuring program, because tables may differ between them. What one build
//! differs by between its own turns is noise; only a ratio beyond it says something.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::machine;

/// Measures an earlier build and this one in turns.
#[derive(clap::Args)]
pub struct Compare {
    /// Folder with the earlier build's `ikd` and `load`.
    #[arg(long)]
    before: PathBuf,
    /// The binary of this build.
    #[arg(long, default_value = "target/release/ikd")]
    program: PathBuf,
    /// How often each is measured.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..))]
    turns: u32,
    /// Folder of the databases, removed at the end.
    #[arg(long, default_value = "target/load")]
    folder: PathBuf,
    /// Arguments of `load run`, for both.
    #[arg(last = true)]
    run: Vec<String>,
}

/// Database, request, connections.
type Key = (String, String, String);

/// One row of a report.
#[derive(Clone, Copy)]
struct Figures {
    per_second: f64,
    p99_ms: f64,
    /// Of the service and of the database, for each request.
    cpu_micros: f64,
}

/// Processor time of the machine since its start, in ticks.
#[derive(Clone, Copy)]
struct Ticks {
    busy: u64,
    stolen: u64,
    all: u64,
}

impl Ticks {
    fn now() -> Self {
        let text = fs::read_to_string("/proc/stat").unwrap();
        // user nice system idle iowait irq softirq steal (proc_stat(5)).
        let fields: Vec<u64> =
            text.lines().next().unwrap().split_whitespace().skip(1).take(8).map(|one| one.parse().unwrap()).collect();
        let all = fields.iter().sum::<u64>();
        Self { busy: all - fields[3] - fields[4] - fields[7], stolen: fields[7], all }
    }
}

/// Measures, and prints the ratios.
pub fn compare(asked: &Compare) {
    let mine = std::env::current_exe().unwrap();
    let sides =
        [("before", asked.before.join("load"), asked.before.join("ikd")), ("after", mine, asked.program.clone())];
    let mut found: [Vec<BTreeMap<Key, Figures>>; 2] = [Vec::new(), Vec::new()];
    let mut turns = String::from(
        "| turn | build | others' share of the processors | taken by other machines | fdatasync median µs |\n\
         | ---: | --- | ---: | ---: | ---: |\n",
    );
    for turn in 1..=asked.turns {
        for (side, (name, load, program)) in sides.iter().enumerate() {
            fs::create_dir_all(&asked.folder).unwrap();
            let disk = machine::fdatasync(&asked.folder);
            let (begun, own) = (Ticks::now(), own_ticks());
            found[side].push(measure(load, program, asked));
            let (ended, own) = (Ticks::now(), own_ticks() - own);
            let all = (ended.all - begun.all).max(1) as f64;
            let others = (ended.busy - begun.busy).saturating_sub(own) as f64 / all;
            let line = format!(
                "| {turn} | {name} | {:.0} % | {:.0} % | {:.0} |",
                others * 100.0,
                (ended.stolen - begun.stolen) as f64 / all * 100.0,
                disk.median_micros
            );
            eprintln!("{line}");
            let _ = writeln!(turns, "{line}");
        }
    }
    let _ = fs::remove_dir_all(&asked.folder);
    println!("{}\n{turns}", table(&found));
}

/// What this process and all that it waited for have used, in ticks of 1/100 s.
fn own_ticks() -> u64 {
    machine::cpu_micros(std::process::id(), true) / 10_000
}

fn measure(load: &Path, program: &Path, asked: &Compare) -> BTreeMap<Key, Figures> {
    let folder = asked.folder.join("turn");
    let out = asked.folder.join("turn.md");
    let _ = fs::remove_file(&out);
    let mut command = Command::new(load);
    command.arg("run").arg("--program").arg(program).arg("--folder").arg(&folder).arg("--out").arg(&out);
    // The tables are wanted once, at the end.
    let done = command.args(&asked.run).stdout(std::process::Stdio::null()).status().unwrap();
    assert!(done.success(), "{} ended with {done}", load.display());
    rows(&fs::read_to_string(&out).unwrap())
}

/// The rows of a report: with connections those of requests, without those of work.
fn rows(report: &str) -> BTreeMap<Key, Figures> {
    let row = |line: &str| {
        let cells: Vec<&str> = line.strip_prefix('|')?.split('|').map(str::trim).collect();
        let number = |at: usize| cells.get(at).and_then(|cell| cell.parse::<f64>().ok());
        let (connections, [rate, p99, server, database]) = match cells.len() {
            12.. => (cells[2], [3, 6, 8, 9]),
            8 => ("", [2, 4, 5, 6]),
            _ => return None,
        };
        let key = (cells[0].to_owned(), cells[1].to_owned(), connections.to_owned());
        let cpu_micros = number(server)? + number(database)?;
        Some((key, Figures { per_second: number(rate)?, p99_ms: number(p99)?, cpu_micros }))
    };
    report.lines().filter_map(row).collect()
}

fn table(found: &[Vec<BTreeMap<Key, Figures>>; 2]) -> String {
    let mut out = String::from(
        "| database | request | connections | before, a second | after, a second | ratio | noise | p99 ms | CPU-µs |\n\
         | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n",
    );
    let keys: Vec<&Key> = found[1].first().map(|rows| rows.keys().collect()).unwrap_or_default();
    for key in keys {
        let side = |side: usize| found[side].iter().filter_map(|rows| rows.get(key).copied()).collect::<Vec<Figures>>();
        let (before, after) = (side(0), side(1));
        if before.is_empty() {
            continue;
        }
        let mean = |of: &[Figures], get: fn(&Figures) -> f64| of.iter().map(get).sum::<f64>() / of.len() as f64;
        let rates =
            |of: &[Figures]| of.iter().map(|one| format!("{:.0}", one.per_second)).collect::<Vec<_>>().join(", ");
        let spread = |of: &[Figures]| {
            let each = || of.iter().map(|one| one.per_second);
            each().fold(0.0, f64::max) / each().fold(f64::INFINITY, f64::min)
        };
        let (database, request, connections) = key;
        let _ = writeln!(
            out,
            "| {database} | {request} | {connections} | {} | {} | {:.2} | {:.2} | {:.1} → {:.1} | {:.0} → {:.0} |",
            rates(&before),
            rates(&after),
            mean(&after, |one| one.per_second) / mean(&before, |one| one.per_second),
            spread(&before).max(spread(&after)),
            mean(&before, |one| one.p99_ms),
            mean(&after, |one| one.p99_ms),
            mean(&before, |one| one.cpu_micros),
            mean(&after, |one| one.cpu_micros),
        );
    }
    out
}
