//! Measures the whole service from outside, in one run; see docs/performance.md, which it writes.
//!
//! `benches/load.sh` builds everything and runs it. `load serve FILE` is the server of the no-op rows.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a measuring tool"
)]

mod allocations;
mod baseline;
mod compare;
mod machine;
mod mail;
mod overload;
mod people;
mod place;
mod report;
#[path = "../../tests/support/smtp.rs"]
#[allow(dead_code, reason = "shared with the tests, which use more of it")]
mod smtp;
mod tokens;
mod wrk;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Parser, Subcommand};

use crate::place::{Place, Server, free_port, write_config};
use crate::report::{Report, Row};
use crate::tokens::Asked;
use crate::wrk::{Drive, Measured};

#[global_allocator]
static ALLOCATOR: allocations::Counting = allocations::Counting;

/// Measures `ikd` on this machine.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the no-op endpoints with this configuration.
    Serve {
        config: PathBuf,
        /// Count allocations, and tell them at /allocations.
        #[arg(long)]
        count: bool,
    },
    /// Measure.
    Run(Run),
    Compare(compare::Compare),
    Overload(overload::Overload),
}

#[derive(clap::Args)]
struct Run {
    /// The release binary.
    #[arg(long, default_value = "target/release/ikd")]
    program: PathBuf,
    /// Residents with a digital KTP.
    #[arg(long, default_value_t = 100_000)]
    residents: u64,
    /// How many of them have a portrait of 20 KB.
    #[arg(long, default_value_t = 10_000)]
    portraits: u64,
    /// Seconds of each measurement.
    #[arg(long, default_value_t = 6)]
    seconds: u64,
    /// Connections.
    #[arg(long, value_delimiter = ',', default_value = "1,8,32,128")]
    connections: Vec<usize>,
    /// Engines.
    #[arg(long, value_delimiter = ',', default_value = "sqlite,postgres")]
    engines: Vec<String>,
    /// Only rows whose name contains this.
    #[arg(long, default_value = "")]
    only: String,
    /// Activations and unlocks; 0 for none.
    #[arg(long, default_value_t = 200)]
    activations: usize,
    /// Records for `register generate` and `register import`; 0 for neither.
    #[arg(long, default_value_t = 200_000)]
    register: u64,
    /// Minutes of a soak at half load, of which nothing may grow; 0 for none.
    #[arg(long, default_value_t = 0)]
    soak: u64,
    /// Settings of the PostgreSQL server, e.g. `shared_buffers=4GB`; its defaults are for small machines.
    #[arg(long, value_delimiter = ',', default_value = "shared_buffers=1GB,max_wal_size=4GB")]
    postgres: Vec<String>,
    /// Folder of the databases, removed at the end.
    #[arg(long, default_value = "target/load")]
    folder: PathBuf,
    /// Where the tables go: a file with marks for them, or a new one.
    #[arg(long)]
    out: Option<PathBuf>,
}

#[tokio::main]
async fn main() {
    match Arguments::parse().command {
        Command::Serve { config, count } => baseline::serve(&config, count).await,
        Command::Run(run) => measure(&run).await,
        Command::Compare(asked) => compare::compare(&asked),
        Command::Overload(asked) => {
            if !overload::measure(&asked).await {
                std::process::exit(1);
            }
        }
    }
}

async fn measure(run: &Run) {
    let _ = std::fs::remove_dir_all(&run.folder);
    std::fs::create_dir_all(&run.folder).unwrap();
    let folder = run.folder.canonicalize().unwrap();
    let mut report = Report::new(&folder);
    baselines(run, &folder, &mut report).await;
    for engine in &run.engines {
        let engine = if engine == "sqlite" { "sqlite" } else { "postgres" };
        measure_engine(run, engine, &folder, &mut report).await;
    }
    report.end();
    print!("{}", report.markdown());
    if let Some(out) = &run.out {
        // Only what stands between the marks is ours.
        let old = std::fs::read_to_string(out).unwrap_or_default();
        let (begin, end) = ("<!-- measured -->\n", "<!-- end of measured -->");
        let text = match (old.split_once(begin), old.split_once(end)) {
            (Some((before, _)), Some((_, after))) => format!("{before}{begin}\n{}\n{end}{after}", report.markdown()),
            _ => report.markdown(),
        };
        std::fs::write(out, text).unwrap();
    }
    let _ = std::fs::remove_dir_all(&folder);
}

async fn baselines(run: &Run, folder: &Path, report: &mut Report) {
    let folder = folder.join("baseline");
    std::fs::create_dir_all(&folder).unwrap();
    let place = Arc::new(Place::make("sqlite", &folder, &[], 10, 0).await);
    let port = free_port();
    let own = folder.join("server");
    std::fs::create_dir_all(&own).unwrap();
    let config = write_config(&own, &format!("sqlite:{}", own.join("ikd.db").display()), port);
    let program = std::env::current_exe().unwrap();
    let server = Server::start(&program, &["serve", config.to_str().unwrap()], port);
    for path in ["noop", "signature"] {
        let name = if path == "noop" { "no-op" } else { "no-op and one signature check" };
        let text =
            tokens::request(&place, port, &format!("/{path}"), &tokens::one(&place, 0), "key", tokens::ATTRIBUTES);
        let file = tokens::repeated(&place, &[text]);
        for &connections in &run.connections {
            let drive = Drive {
                port,
                connections,
                seconds: run.seconds,
                file: &file,
                again: true,
                pause: 0,
                pids: (server.child.id(), None),
            };
            report.row("", name, connections, drive.run());
        }
    }
}

async fn measure_engine(run: &Run, engine: &'static str, folder: &Path, report: &mut Report) {
    let portraits = run.portraits.min(run.residents);
    let place = Arc::new(Place::make(engine, folder, &run.postgres, run.residents, portraits).await);
    report.note(format!(
        "{engine}: {} residents filled at {:.0} a second (sealed, without portraits but the first {})",
        run.residents, place.filled_per_second, run.portraits
    ));
    let config = place.config.to_str().unwrap().to_owned();
    let each = place.bytes().await as f64 / run.residents as f64;
    report.note(format!("{engine}: {each:.0} bytes of database for each resident, those portraits among them"));
    if run.activations > 0 {
        count_allocations(&place, report).await;
        match mail::rate(&place, 2_000).await {
            Some(rate) => report.note(format!(
                "{engine}: mail through a server with STARTTLS and log-in, 2000 messages: {rate:.0} a second"
            )),
            None => {
                report.note(format!("{engine}: mail not measured, `tests/run` makes the Python environment for it"))
            }
        }
    }
    let server = Server::start(&run.program, &["--config", &config, "serve"], place.port);
    report.note(format!("{engine}: start to first answer {:.0} ms", server.ready_after.as_secs_f64() * 1e3));
    let wanted = |name: &str| name.contains(&run.only);
    let drive = |file: &Path, connections, again, pause, seconds| {
        let pids = place.pids(&server);
        Drive { port: place.port, connections, seconds, file, again, pause, pids }.run()
    };

    let plain = Asked { count: 0, threads: 0, portrait: false, residents: place.residents.len() };
    let pictured = Asked { portrait: true, residents: run.portraits.min(run.residents) as usize, ..plain };
    for (name, asked) in [("verify, no portrait", plain), ("verify, 20 KB portrait", pictured)] {
        if !wanted(name) || asked.residents == 0 {
            continue;
        }
        verify(&place, asked, run.connections[run.connections.len() / 2], 2, 0, 12_000, &drive).await;
        let mut fastest: f64 = 4_000.0;
        for &connections in &run.connections {
            let guess = if connections == 1 { 5_000.0 } else { (fastest * 1.5).max(12_000.0) };
            let (bytes, wal, rows) = (place.bytes().await, place.wal_position(&server).await, place.count(ROWS).await);
            let measured = verify(&place, asked, connections, run.seconds, 0, guess as usize, &drive).await;
            fastest = fastest.max(measured.0.per_second());
            let checks = (place.count(ROWS).await - rows).max(1) as f64;
            let wal = (place.wal_position(&server).await - wal) as f64 / checks;
            let grown = (place.bytes().await - bytes) as f64 / checks;
            report.valid(engine, name, connections, measured, (grown, wal));
        }
        if !asked.portrait {
            // Half of the load: each connection pauses as long as a request took.
            let full = report.find(engine, name, 32).map(Measured::per_second);
            if let Some(full) = full {
                let pause = half_load(full);
                let measured = verify(&place, asked, 32, run.seconds, pause, 12_000, &drive).await;
                report.valid(engine, "verify at half load", 32, measured, (0.0, 0.0));
            }
        }
    }
    if wanted("verify a replay") {
        let token = tokens::one(&place, 3);
        let requests: Vec<String> =
            vec![tokens::request(&place, place.port, "/v1/verifications", &token, "replay", tokens::ATTRIBUTES)];
        let file = tokens::repeated(&place, &requests);
        for &connections in &run.connections {
            report.row(engine, "verify a replay", connections, drive(&file, connections, true, 0, run.seconds));
        }
    }
    if wanted("issue a presentation") {
        for &connections in &run.connections {
            let count = MOST_PRESENTATIONS * run.seconds as usize;
            let file = people::presentations(&place, count, wrk::threads(connections)).await;
            report.row(engine, "issue a presentation", connections, drive(&file, connections, false, 0, run.seconds));
        }
    }
    if run.activations > 0 {
        report.done(engine, "unlock with the PIN", &people::unlocks(&place, &server, run.activations * 10).await);
        report.done(engine, "a complete activation", &people::activations(&place, &server, run.activations).await);
    }
    if run.soak > 0 {
        let full = report.find(engine, "verify, no portrait", 32).map_or(4_000.0, Measured::per_second);
        let pause = half_load(full);
        soak(run, &place, &server, plain, pause, report, &drive).await;
    }
    let (now, most) = machine::memory(server.child.id());
    report.note(format!("{engine}: resident memory of the server {now:.0} MiB, at most {most:.0} MiB"));
    drop(server);
    // Last: people of another seed may have the NIKs of those who were activated above.
    if run.register > 0 {
        register(run, &place, report).await;
    }
}

pub use mail::python;

/// Allocations of each request, by a server of this program's that counts them.
async fn count_allocations(place: &Arc<Place>, report: &mut Report) {
    let program = std::env::current_exe().unwrap();
    let server = Server::start(&program, &["serve", "--count", place.config.to_str().unwrap()], place.port);
    let presentations = people::presentations(place, allocations::REQUESTS, 1).await;
    let presentations = std::fs::read_to_string(tokens::path_of(&presentations, 0)).unwrap();
    let (engine, place) = (place.engine, Arc::clone(place));
    let counted = tokio::task::spawn_blocking(move || {
        let asked =
            Asked { count: allocations::REQUESTS, threads: 1, portrait: false, residents: place.residents.len() };
        let fresh = std::fs::read_to_string(tokens::path_of(&tokens::verifications(&place, asked), 0)).unwrap();
        let spent = tokens::one(&place, 5);
        let same = |path: &str, key: &str| {
            let text = tokens::request(&place, place.port, path, &spent, key, tokens::ATTRIBUTES);
            allocations::each(place.port, std::iter::repeat_n(text, allocations::REQUESTS))
        };
        let different =
            |file: &str| allocations::each(place.port, file.split_terminator('\0').cycle().map(str::to_owned));
        [
            ("no-op", same("/noop", "key")),
            ("no-op and one signature check", same("/signature", "key")),
            ("verify, no portrait", different(&fresh)),
            ("verify a replay", same("/v1/verifications", "allocations")),
            ("issue a presentation", different(&presentations)),
        ]
    });
    let counted = counted.await.unwrap().map(|(name, each)| format!("{name} {each:.0}"));
    drop(server);
    report.note(format!("{engine}: allocations of the server for each request: {}", counted.join(", ")));
}

/// Presentations a second that there are proofs for.
const MOST_PRESENTATIONS: usize = 15_000;

/// Milliseconds that each of 32 connections pauses so that half of `full` requests a second are made: as long as one took.
fn half_load(full: f64) -> u64 {
    (32.0 / (full / 2.0) * 1e3).round().max(1.0) as u64
}

/// Checks in rounds of half a minute at about half load: a token lives for 90 s, so each round has its own.
async fn soak(
    run: &Run,
    place: &Arc<Place>,
    server: &Server,
    asked: Asked,
    pause: u64,
    report: &mut Report,
    drive: &impl Fn(&Path, usize, bool, u64, u64) -> Measured,
) {
    let begun = std::time::Instant::now();
    let (mut checks, mut good, mut p99) = (0, 0, Vec::new());
    let mut seen = Vec::new();
    while begun.elapsed().as_secs() < run.soak * 60 {
        let (measured, valid) = verify(place, asked, 32, 30, pause, 6_000, drive).await;
        checks += measured.requests;
        good += valid;
        p99.push(measured.p99 / 1e3);
        let (memory, (files, threads)) = (machine::memory(server.child.id()).0, machine::held(server.child.id()));
        let log = std::fs::metadata(place.folder.join("ikd.db-wal")).map_or(0.0, |log| log.len() as f64 / 1_048_576.0);
        eprintln!("soak: {checks} checks, {memory:.1} MiB, {files} files, {threads} threads, log {log:.0} MiB");
        seen.push((memory, files, threads, log));
    }
    p99.sort_by(f64::total_cmp);
    let (Some(first), Some(last)) = (seen.get(1), seen.last()) else { return };
    report.note(format!(
        "{}: soak of {} minutes at half load: {checks} checks, {good} recorded as valid, median p99 of its rounds {:.1} ms; after \
         the second round and at the end: memory {:.1} and {:.1} MiB, open files {} and {}, threads {} and {}, log {:.0} and {:.0} MiB",
        place.engine,
        run.soak,
        p99.get(p99.len() / 2).copied().unwrap_or_default(),
        first.0,
        last.0,
        first.1,
        last.1,
        first.2,
        last.2,
        first.3,
        last.3,
    ));
}

/// The two ways to fill the register, with the release binary.
async fn register(run: &Run, place: &Place, report: &mut Report) {
    let csv = place.folder.join("register.csv");
    let (csv, count) = (csv.to_str().unwrap(), run.register.to_string());
    let ikd = |arguments: &[&str]| {
        let mut command = std::process::Command::new(&run.program);
        command.args(["--config", place.config.to_str().unwrap(), "register"]).args(arguments);
        let begun = std::time::Instant::now();
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        run.register as f64 / begun.elapsed().as_secs_f64()
    };
    let bytes = place.bytes().await;
    let rate = ikd(&["generate", "--count", &count, "--seed", "21"]);
    let each = (place.bytes().await - bytes) as f64 / run.register as f64;
    report.note(format!(
        "{}: register generate, {count} records: {rate:.0} a second, {each:.0} bytes each",
        place.engine
    ));
    ikd(&["generate", "--count", &count, "--seed", "22", "--csv", csv]);
    let rate = ikd(&["import", csv]);
    report.note(format!("{}: register import, {count} records: {rate:.0} a second", place.engine));
}

const ROWS: &str = "SELECT COUNT(*) FROM verification";

/// One run with fresh tokens; gives what was measured and how many were valid.
async fn verify(
    place: &Arc<Place>,
    asked: Asked,
    connections: usize,
    seconds: u64,
    pause: u64,
    rate: usize,
    drive: &impl Fn(&Path, usize, bool, u64, u64) -> Measured,
) -> (Measured, i64) {
    let valid = "SELECT COUNT(*) FROM verification WHERE result = 'valid'";
    let asked = Asked { count: rate * seconds as usize, threads: wrk::threads(connections), ..asked };
    let (making, with) = (Arc::clone(place), asked);
    let file = tokio::task::spawn_blocking(move || tokens::verifications(&making, with)).await.unwrap();
    let before = place.count(valid).await;
    let measured = drive(&file, connections, false, pause, seconds);
    (measured, place.count(valid).await - before)
}

impl From<(&'static str, &str, usize, Measured)> for Row {
    fn from((engine, name, connections, measured): (&'static str, &str, usize, Measured)) -> Self {
        Self { engine, name: name.to_owned(), connections, measured, valid: None, grown: (0.0, 0.0) }
    }
}
