//! What was measured, as lines while it goes and as Markdown at the end.

use std::fmt::Write;
use std::path::Path;

use crate::machine::{self, Disk};
use crate::people::Done;
use crate::wrk::Measured;

pub struct Row {
    pub engine: &'static str,
    pub name: String,
    pub connections: usize,
    pub measured: Measured,
    /// How many of the answers were `valid`, where that was counted.
    pub valid: Option<i64>,
    /// Bytes of the database, and of write-ahead log, for each check.
    pub grown: (f64, f64),
}

pub struct Report {
    machine: String,
    disk: [Disk; 2],
    folder: std::path::PathBuf,
    load: String,
    rows: Vec<Row>,
    slow: Vec<String>,
    notes: Vec<String>,
}

const SIGNATURE: &str = "no-op and one signature check";

impl Report {
    pub fn new(folder: &Path) -> Self {
        Self {
            machine: machine::describe(),
            disk: [machine::fdatasync(folder), Disk { median_micros: 0.0, p99_micros: 0.0 }],
            folder: folder.to_owned(),
            load: machine::load_average(),
            rows: Vec::new(),
            slow: Vec::new(),
            notes: Vec::new(),
        }
    }

    pub fn end(&mut self) {
        self.disk[1] = machine::fdatasync(&self.folder);
    }

    pub fn note(&mut self, note: String) {
        eprintln!("{note}");
        self.notes.push(note);
    }

    pub fn find(&self, engine: &str, name: &str, connections: usize) -> Option<&Measured> {
        let row =
            self.rows.iter().find(|row| row.engine == engine && row.name == name && row.connections == connections);
        row.map(|row| &row.measured)
    }

    pub fn row(&mut self, engine: &'static str, name: &str, connections: usize, measured: Measured) {
        self.push((engine, name, connections, measured).into());
    }

    pub fn valid(
        &mut self,
        engine: &'static str,
        name: &str,
        connections: usize,
        measured: (Measured, i64),
        grown: (f64, f64),
    ) {
        let (measured, valid) = measured;
        self.push(Row { valid: Some(valid), grown, ..(engine, name, connections, measured).into() });
    }

    pub fn done(&mut self, engine: &'static str, name: &str, done: &Done) {
        let line = format!(
            "| {engine} | {name} | {:.0} | {:.1} | {:.1} | {:.0} | {:.0} |",
            done.count as f64 / done.seconds,
            done.percentile(0.5),
            done.percentile(0.99),
            done.server_micros,
            done.database_micros
        );
        eprintln!("{line}");
        self.slow.push(line);
    }

    fn push(&mut self, row: Row) {
        let line = self.line(&row);
        eprintln!("{line}");
        self.rows.push(row);
    }

    fn line(&self, row: &Row) -> String {
        let m = &row.measured;
        let ratio = self.find("", SIGNATURE, row.connections).map_or_else(
            || if row.name == SIGNATURE { String::from("1.00") } else { String::new() },
            |floor| format!("{:.2}", m.per_second() / floor.per_second()),
        );
        let mut remarks = Vec::new();
        if let Some(valid) = row.valid {
            remarks.push(format!("{valid} of {} valid", m.requests));
        }
        if row.grown.0 > 0.0 {
            remarks.push(format!("{:.0} B each", row.grown.0));
        }
        if row.grown.1 > 0.0 {
            let what = if row.engine == "sqlite" { "written" } else { "WAL" };
            remarks.push(format!("{:.0} B {what} each", row.grown.1));
        }
        for (what, count) in [("refused", m.status), ("broken", m.broken), ("ran out of tokens", m.short)] {
            if count > 0 {
                remarks.push(format!("{count} {what}"));
            }
        }
        format!(
            "| {} | {} | {} | {:.0} | {ratio} | {:.2} | {:.2} | {:.2} | {:.0} | {:.0} | {} |",
            row.engine,
            row.name,
            row.connections,
            m.per_second(),
            m.p50 / 1e3,
            m.p99 / 1e3,
            m.p999 / 1e3,
            m.server_micros,
            m.database_micros,
            remarks.join(", ")
        )
    }

    pub fn markdown(&self) -> String {
        let mut out = String::new();
        let [first, last] = &self.disk;
        let _ = writeln!(out, "Machine: {}. The load generator (wrk) shares its cores.", self.machine);
        let _ = writeln!(
            out,
            "fdatasync of 4 KB: median {:.0} µs, p99 {:.0} µs before; {:.0} and {:.0} µs after. Load average before: {}.\n",
            first.median_micros, first.p99_micros, last.median_micros, last.p99_micros, self.load
        );
        out.push_str(
            "| database | request | connections | requests/s | ratio | p50 ms | p99 ms | p99.9 ms | CPU-µs | database CPU-µs | |\n\
             | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |\n",
        );
        // Ratios are known only when all rows are there.
        for row in &self.rows {
            let _ = writeln!(out, "{}", self.line(row));
        }
        if !self.slow.is_empty() {
            out.push_str(
                "\n| database | work | a second | p50 ms | p99 ms | CPU-µs | database CPU-µs |\n| --- | --- | ---: | ---: | ---: | ---: | ---: |\n",
            );
            for line in &self.slow {
                let _ = writeln!(out, "{line}");
            }
        }
        out.push('\n');
        for note in &self.notes {
            let _ = writeln!(out, "- {note}");
        }
        out
    }
}
