//! What people were answered: each line is a promise that the database has to keep.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use uuid::Uuid;

/// How far somebody was told to have come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// The form was taken.
    Registered,
    /// The selfie was taken.
    Pictured,
    /// An officer has approved.
    Approved,
    /// The code was right.
    CodeRight,
    /// The digital KTP is on the phone.
    Active,
    /// It is stopped: blocked or ended.
    Stopped,
}

/// The account of all people.
pub struct Ledger {
    kept: Mutex<Kept>,
}

struct Kept {
    stages: HashMap<Uuid, Stage>,
    verified: HashSet<Uuid>,
    done: BTreeMap<&'static str, usize>,
    wrong: Vec<String>,
    unanswered: usize,
    refused: usize,
    last: Instant,
    longest: Duration,
}

impl Default for Ledger {
    fn default() -> Self {
        Self {
            kept: Mutex::new(Kept {
                stages: HashMap::new(),
                verified: HashSet::new(),
                done: BTreeMap::new(),
                wrong: Vec::new(),
                unanswered: 0,
                refused: 0,
                last: Instant::now(),
                longest: Duration::ZERO,
            }),
        }
    }
}

/// Numbers of an account.
#[derive(Clone, Debug)]
pub struct Totals {
    /// Acts that were acknowledged, by kind.
    pub done: BTreeMap<&'static str, usize>,
    /// Requests without an answer.
    pub unanswered: usize,
    /// Requests that were told to come again.
    pub refused: usize,
}

impl Totals {
    /// All acts.
    pub fn acts(&self) -> usize {
        self.done.values().sum()
    }
}

impl Ledger {
    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap()
    }

    /// Somebody was told to have come so far.
    pub fn reached(&self, registration: Uuid, stage: Stage, act: &'static str) {
        let mut kept = self.kept();
        let known = kept.stages.entry(registration).or_insert(stage);
        *known = (*known).max(stage);
        kept.did(act);
    }

    /// A check was answered with "valid".
    pub fn verified(&self, id: Uuid) {
        let mut kept = self.kept();
        kept.verified.insert(id);
        kept.did("verifications");
    }

    /// Something else was acknowledged.
    pub fn did(&self, act: &'static str) {
        self.kept().did(act);
    }

    /// An answer that should not be, in words without personal data.
    pub fn wrong(&self, what: String) {
        println!("WRONG: {what}");
        self.kept().wrong.push(what);
    }

    pub(super) fn unanswered(&self) {
        self.kept().unanswered += 1;
    }

    pub(super) fn refused(&self) {
        self.kept().refused += 1;
    }

    /// How many acts were acknowledged so far.
    pub fn acts(&self) -> usize {
        self.kept().done.values().sum()
    }

    /// Numbers so far.
    pub fn totals(&self) -> Totals {
        let kept = self.kept();
        Totals { done: kept.done.clone(), unanswered: kept.unanswered, refused: kept.refused }
    }

    /// The longest quiet time since this was asked last.
    pub fn take_longest(&self) -> Duration {
        let mut kept = self.kept();
        let now = kept.last.elapsed();
        std::mem::take(&mut kept.longest).max(now)
    }

    /// Whatever was wrong so far.
    pub fn wrongs(&self) -> Vec<String> {
        self.kept().wrong.clone()
    }

    /// What was promised so far.
    pub fn promises(&self) -> (HashMap<Uuid, Stage>, HashSet<Uuid>) {
        let kept = self.kept();
        (kept.stages.clone(), kept.verified.clone())
    }
}

impl Kept {
    fn did(&mut self, act: &'static str) {
        *self.done.entry(act).or_default() += 1;
        let quiet = self.last.elapsed();
        self.longest = self.longest.max(quiet);
        self.last = Instant::now();
    }
}
