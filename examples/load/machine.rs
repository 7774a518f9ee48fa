//! The machine: what it is, how fast its disk confirms, what processes use.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

pub struct Disk {
    pub median_micros: f64,
    pub p99_micros: f64,
}

/// 300 appends of 4 KB, each with fdatasync.
pub fn fdatasync(folder: &Path) -> Disk {
    let path = folder.join("fdatasync");
    let mut file = fs::File::create(&path).unwrap();
    let mut times: Vec<f64> = (0..300)
        .map(|_| {
            file.write_all(&[7; 4096]).unwrap();
            let begun = Instant::now();
            file.sync_data().unwrap();
            begun.elapsed().as_secs_f64() * 1e6
        })
        .collect();
    fs::remove_file(path).unwrap();
    times.sort_by(f64::total_cmp);
    Disk { median_micros: times[150], p99_micros: times[297] }
}

/// CPU, cores, memory, kernel, in one line.
pub fn describe() -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let field = |text: &str, name: &str| {
        text.lines()
            .find(|line| line.starts_with(name))
            .and_then(|line| line.split(':').nth(1))
            .unwrap_or("?")
            .trim()
            .to_owned()
    };
    let (cpu, memory) = (read("/proc/cpuinfo"), read("/proc/meminfo"));
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let kib: u64 = field(&memory, "MemTotal").split(' ').next().and_then(|kib| kib.parse().ok()).unwrap_or_default();
    format!(
        "{}, {cores} cores, {:.0} GiB memory, Linux {}",
        field(&cpu, "model name"),
        kib as f64 / 1_048_576.0,
        read("/proc/sys/kernel/osrelease").trim()
    )
}

pub fn load_average() -> String {
    fs::read_to_string("/proc/loadavg").unwrap_or_default().split(' ').take(3).collect::<Vec<_>>().join(" ")
}

/// CPU time of a process in microseconds; with its children and those that have ended when `family`.
pub fn cpu_micros(pid: u32, family: bool) -> u64 {
    // Ticks of 1/100 s on every Linux that matters here.
    let times = |text: &str, fields: &[usize]| -> u64 {
        let rest = text.rsplit_once(") ").map_or("", |(_, rest)| rest);
        let parts: Vec<&str> = rest.split(' ').collect();
        fields.iter().filter_map(|field| parts.get(*field)?.parse::<u64>().ok()).sum::<u64>() * 10_000
    };
    let own = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    if !family {
        return times(&own, &[11, 12]);
    }
    let mut sum = times(&own, &[11, 12, 13, 14]);
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let Ok(text) = fs::read_to_string(entry.path().join("stat")) else { continue };
        let parent = text.rsplit_once(") ").and_then(|(_, rest)| rest.split(' ').nth(1)?.parse::<u32>().ok());
        if parent == Some(pid) {
            sum += times(&text, &[11, 12]);
        }
    }
    sum
}

/// Resident memory now and at most, in MiB.
pub fn memory(pid: u32) -> (f64, f64) {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let mib = |name: &str| {
        let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
        line.split_whitespace().nth(1).and_then(|kib| kib.parse::<f64>().ok()).unwrap_or_default() / 1_024.0
    };
    (mib("VmRSS:"), mib("VmHWM:"))
}

/// Bytes that a process had written to disks so far, its log and the pages copied from it.
pub fn written(pid: u32) -> i64 {
    let text = fs::read_to_string(format!("/proc/{pid}/io")).unwrap_or_default();
    let value = text.lines().find_map(|line| line.strip_prefix("write_bytes: "));
    value.and_then(|value| value.parse().ok()).unwrap_or_default()
}

/// Files and sockets that a process has open, and its threads.
pub fn held(pid: u32) -> (usize, usize) {
    let count = |what: &str| fs::read_dir(format!("/proc/{pid}/{what}")).map_or(0, Iterator::count);
    (count("fd"), count("task"))
}
