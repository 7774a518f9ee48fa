//! What checking the log finds. Pure.

use serde::Serialize;
use uuid::Uuid;

/// A chain, and how far it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChainState {
    /// The chain.
    pub chain: Uuid,
    /// How many entries it has.
    pub entries: i64,
}

/// What checking a part of a chain found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartReport {
    /// The number of the last entry that was read.
    pub until: i64,
    /// The number of the chain's last entry.
    pub last: i64,
    /// What was found.
    pub report: Report,
}

/// What checking the end of a chain found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndReport {
    /// The number before the first entry that was read.
    pub after: i64,
    /// What was found in what follows.
    pub report: Report,
}

/// A fault of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "fault", rename_all = "snake_case")]
pub enum Fault {
    /// The entry does not fit its digest: it was altered, moved or renumbered.
    Altered {
        /// The chain.
        chain: Uuid,
        /// The entry's number.
        seq: i64,
    },
    /// Entries are missing between two others, or at the beginning.
    Missing {
        /// The chain.
        chain: Uuid,
        /// First missing number.
        from: i64,
        /// Last missing number.
        to: i64,
    },
    /// Entries are missing at the end: the head counts further than they go.
    Truncated {
        /// The chain.
        chain: Uuid,
        /// The last entry that is there; 0 for none.
        last: i64,
        /// What the head says.
        head: i64,
    },
    /// The head does not fit the entries, or was altered.
    HeadAltered {
        /// The chain.
        chain: Uuid,
    },
    /// There are entries but no head.
    HeadMissing {
        /// The chain.
        chain: Uuid,
    },
    /// There are entries behind the head.
    BehindHead {
        /// The chain.
        chain: Uuid,
        /// The last entry.
        last: i64,
        /// What the head says.
        head: i64,
    },
    /// There are entries before the first: numbers begin with 1.
    BeforeFirst {
        /// The chain.
        chain: Uuid,
        /// The lowest number.
        seq: i64,
    },
    /// The general chain says that this chain was opened, but nothing of it is there.
    ChainMissing {
        /// The chain.
        chain: Uuid,
    },
    /// The chain was opened a second time: everything before was deleted.
    ChainReopened {
        /// The chain.
        chain: Uuid,
    },
    /// The chain was never opened according to the general chain.
    ChainUnknown {
        /// The chain.
        chain: Uuid,
    },
}

/// The result of checking the whole log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Chains read.
    pub chains: u64,
    /// Entries read.
    pub entries: u64,
    /// Intents without an outcome: actions under way at this moment, or crashes.
    pub unfinished: u64,
    /// What is wrong; empty for a sound log.
    pub faults: Vec<Fault>,
}

impl Report {
    /// Whether nothing is wrong.
    pub fn is_sound(&self) -> bool {
        self.faults.is_empty()
    }
}
