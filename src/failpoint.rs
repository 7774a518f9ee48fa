//! Points at which a test kills the program: around every write and every send (feature `failpoints`, which nothing that ships has).
//!
//! They stand where all writes and sends pass, not where each is made: in [`transaction!`](crate::transaction!), in the batches of
//! the hot path, in the shared commit of the embedded engine, around mails, webhooks, the stop log, key files, and answers to requests. A
//! point is called `<name>:before` or `<name>:after`, with the name of the transaction. Without the feature [`pass`] is nothing at all
//! (docs/contributing/kills.md, ADR 37).

/// On which side of a write or a send a point is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// All is ready, nothing is done.
    Before,
    /// It is done, and nobody knows yet.
    After,
}

/// Whether this program has such points: then it serves no real people.
pub const ARE_THERE: bool = cfg!(feature = "failpoints");

#[cfg(all(feature = "failpoints", not(debug_assertions)))]
compile_error!("the feature failpoints is for tests: build it without --release");

/// Passes a point; the plan of the test may say that the program dies here.
#[cfg(not(feature = "failpoints"))]
#[inline(always)]
pub const fn pass(_name: &'static str, _side: Side) {}

#[cfg(feature = "failpoints")]
pub use armed::pass;

#[cfg(feature = "failpoints")]
mod armed {
    use std::collections::HashMap;
    use std::fs::File;
    use std::io::Write;
    use std::path::{Path, PathBuf};
    use std::sync::{Mutex, OnceLock, PoisonError};

    use rustix::process::{Signal, getpid, kill_process};

    use super::Side;

    /// Names the file with the plan: a line `<point> <pass>` for each point at whose that many-th pass the program dies; pass 0 spares it.
    /// The point `*` says it of all that are not named. Beside the file, `<plan>.seen` gets the points that were passed, `<plan>.hit` where
    /// the program died.
    const PLAN: &str = "IKD_FAILPOINTS";

    struct Plan {
        path: PathBuf,
        at: HashMap<String, u64>,
        other: u64,
        passed: Mutex<HashMap<String, u64>>,
    }

    impl Plan {
        fn read() -> Option<Self> {
            let path = PathBuf::from(std::env::var_os(PLAN)?);
            let text = std::fs::read_to_string(&path).ok()?;
            let lines = text.lines().filter_map(|line| line.split_once(' '));
            let mut at: HashMap<String, u64> =
                lines.filter_map(|(point, pass)| Some((point.to_owned(), pass.trim().parse().ok()?))).collect();
            let other = at.remove("*").unwrap_or(0);
            Some(Self { path, at, other, passed: Mutex::default() })
        }

        fn pass(&self, point: &str) {
            let mut passed = self.passed.lock().unwrap_or_else(PoisonError::into_inner);
            let times = passed.entry(point.to_owned()).or_insert(0);
            *times += 1;
            if *times == 1 {
                note(&self.path, "seen", point);
            }
            if *times == self.at.get(point).copied().unwrap_or(self.other) {
                note(&self.path, "hit", point);
                die();
            }
        }
    }

    /// What a test would miss says so by being missing there.
    fn note(plan: &Path, ending: &str, point: &str) {
        let mut path = plan.as_os_str().to_owned();
        path.push(".");
        path.push(ending);
        let file = File::options().append(true).create(true).open(path);
        let _ = file.and_then(|mut file| file.write_all(format!("{point}\n").as_bytes()));
    }

    /// `kill -9` of the own process: nothing is cleaned up, nothing is flushed.
    fn die() -> ! {
        let _ = kill_process(getpid(), Signal::KILL);
        loop {
            std::thread::park();
        }
    }

    /// Passes a point; the plan of the test may say that the program dies here.
    pub fn pass(name: &'static str, side: Side) {
        static PLAN: OnceLock<Option<Plan>> = OnceLock::new();
        if let Some(plan) = PLAN.get_or_init(Plan::read) {
            let side = match side {
                Side::Before => "before",
                Side::After => "after",
            };
            plan.pass(&format!("{name}:{side}"));
        }
    }
}
