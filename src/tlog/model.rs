//! What the leaves stand for, as bytes, and what is found when they are compared with the rows. Pure.

use ciborium::Value;
use serde::Serialize;
use uuid::Uuid;

use super::tree::Hash;
use crate::audit::ports::EntryRow;
use crate::life::ports::LoggedRow;
use crate::verification::ports as checks;

/// Rows that are taken in one transaction at most.
pub const BATCH: i64 = 1_000;

/// The bytes of an audit entry: a CBOR array (deterministic, RFC 8949 §4.2) of its columns. Its digest is keyed, so nobody guesses
/// a row by the leaf.
pub fn entry_of_audit(row: &EntryRow) -> Vec<u8> {
    encoded(vec![
        Value::Text(String::from("ikd-audit/v1")),
        bytes(row.chain),
        row.seq.into(),
        row.at.micros().into(),
        bytes(row.correlation_id),
        text(&row.actor_kind),
        bytes(row.actor_id),
        text(&row.action),
        bytes(row.subject_id),
        text(&row.phase),
        text(&row.outcome),
        Value::Bytes(row.digest.clone()),
    ])
}

/// The bytes of an event of a digital KTP, with a salt that only the service can make: whoever knows the ids still learns nothing from
/// the leaf.
pub fn entry_of_life(row: &LoggedRow, salt: &[u8; 32]) -> Vec<u8> {
    encoded(vec![
        Value::Text(String::from("ikd-life/v1")),
        bytes(row.event_id),
        bytes(row.resident_id),
        text(&row.kind),
        row.reason.as_deref().map_or(Value::Null, text),
        row.at.micros().into(),
        text(&row.actor_kind),
        bytes(row.actor_id),
        row.office_id.map_or(Value::Null, bytes),
        Value::Bytes(salt.to_vec()),
    ])
}

/// The bytes of a batch of checks: the root that is signed, which whoever has a receipt computes alone, and a byte for each statement under
/// it, 1 for those whose check was recorded. What is stated has salted digests, so nobody guesses a root.
pub fn entry_of_checks(root: &[u8], checks: &[u8]) -> Vec<u8> {
    encoded(vec![
        Value::Text(String::from("ikd-receipts/v1")),
        Value::Bytes(root.to_vec()),
        Value::Bytes(checks::marks(checks)),
    ])
}

fn bytes(id: Uuid) -> Value {
    Value::Bytes(id.as_bytes().to_vec())
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn encoded(columns: Vec<Value>) -> Vec<u8> {
    let mut written = Vec::new();
    // Writing into memory does not fail, and these values have no other depth than one.
    let _ = ciborium::into_writer(&Value::Array(columns), &mut written);
    written
}

/// Entries of a chain that stand one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// At which leaf they begin.
    pub first: i64,
    /// The chain.
    pub chain: Uuid,
    /// The number of the first in its chain.
    pub first_seq: i64,
    /// How many.
    pub entries: i64,
}

/// Puts entries that continue each other together.
pub fn add_to_runs(runs: &mut Vec<Run>, position: i64, (chain, seq): (Uuid, i64)) {
    match runs.last_mut() {
        Some(run)
            if run.chain == chain && run.first_seq + run.entries == seq && run.first + run.entries == position =>
        {
            run.entries += 1;
        }
        _ => runs.push(Run { first: position, chain, first_seq: seq, entries: 1 }),
    }
}

/// What the tree says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Leaves.
    pub size: i64,
    /// The root over them.
    pub root: Hash,
}

/// What does not agree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "fault", rename_all = "snake_case")]
pub enum LogFault {
    /// An audit entry is not the one that was taken to the log.
    EntryAltered {
        /// The chain.
        chain: Uuid,
        /// Its number.
        seq: i64,
        /// Its leaf.
        position: i64,
    },
    /// An audit entry that was taken to the log is not there.
    EntryDeleted {
        /// The chain.
        chain: Uuid,
        /// Its number.
        seq: i64,
        /// Its leaf.
        position: i64,
    },
    /// An event is not the one that was taken to the log.
    EventAltered {
        /// The event.
        event_id: Uuid,
        /// Its leaf.
        position: i64,
    },
    /// An event says to stand where something else stands, or where nothing does.
    EventMisplaced {
        /// The event.
        event_id: Uuid,
        /// Where it says to stand.
        position: i64,
    },
    /// A batch of checks is not the one that was taken to the log.
    BatchAltered {
        /// The batch.
        batch_id: Uuid,
        /// Its leaf.
        position: i64,
    },
    /// No receipt key of this service signed a batch of checks.
    BatchUnsigned {
        /// The batch.
        batch_id: Uuid,
        /// Its leaf.
        position: i64,
    },
    /// A batch of checks says to stand where something else stands, or where nothing does.
    BatchMisplaced {
        /// The batch.
        batch_id: Uuid,
        /// Where it says to stand.
        position: i64,
    },
    /// A check is not the one that its batch was signed over, is another holder's, or there are two of it.
    CheckAltered {
        /// The check.
        verification_id: Uuid,
        /// The leaf of its batch.
        position: i64,
    },
    /// A check is of no batch that names it: it was added, or copied under an id of its own.
    CheckStrange {
        /// The check.
        verification_id: Uuid,
    },
    /// A check is not there any more.
    CheckDeleted {
        /// The check.
        verification_id: Uuid,
        /// The leaf of its batch.
        position: i64,
    },
    /// No row belongs to a leaf: an event or a batch of checks was deleted.
    Unexplained {
        /// The leaf.
        position: i64,
    },
    /// Entries of a chain before its last that was taken are in no leaf.
    NeverTaken {
        /// The chain.
        chain: Uuid,
        /// The first such number.
        seq: i64,
    },
    /// The rows and tiles of the tree do not make the root that was signed.
    TreeAltered {
        /// Of how many leaves.
        size: i64,
    },
    /// The newest checkpoint of the database was signed by no key of this service.
    CheckpointUnsigned,
    /// The checkpoint that was brought is of another log, or signed by no key of this service.
    CheckpointForeign,
    /// There is no tree, but a checkpoint says that there was one: everything was deleted.
    Emptied {
        /// Leaves that were seen.
        seen: u64,
    },
    /// There are fewer leaves than a checkpoint says: an older copy was restored, or the end was deleted.
    OlderCopy {
        /// Leaves that were seen.
        seen: u64,
        /// Leaves that there are.
        size: i64,
    },
    /// The first leaves are not those that were seen: rows were changed and the tree was made anew over them.
    Forked {
        /// Leaves that were seen.
        seen: u64,
    },
}

/// The result of comparing rows, tree and checkpoints.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LogReport {
    /// Leaves.
    pub leaves: i64,
    /// Of which so many are signed.
    pub signed: i64,
    /// What is wrong; empty for a sound log. In the order of leaves.
    pub faults: Vec<LogFault>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;

    #[test]
    fn an_entry_has_one_spelling_and_each_column_counts() {
        let id = Uuid::from_u128;
        let row = EntryRow {
            chain: id(1),
            seq: 2,
            at: Timestamp::from_seconds(3),
            correlation_id: id(4),
            actor_kind: String::from("officer"),
            actor_id: id(5),
            action: String::from("scan"),
            subject_id: id(6),
            phase: String::from("intent"),
            outcome: String::new(),
            digest: vec![7; 2],
        };
        // RFC 8949 by hand: an array of twelve, a text of twelve, sixteen bytes, 2, 3,000,000, …
        let bytes = entry_of_audit(&row);
        assert_eq!(bytes[..14], *b"\x8c\x6cikd-audit/v1");
        assert_eq!(bytes[14], 0x50);
        assert_eq!(bytes[31..37], [0x02, 0x1a, 0x00, 0x2d, 0xc6, 0xc0]);
        assert_eq!(bytes[bytes.len() - 4..], [0x60, 0x42, 7, 7]);
        let life = LoggedRow {
            event_id: id(1),
            resident_id: id(2),
            kind: String::from("stopped"),
            reason: None,
            at: Timestamp::from_seconds(3),
            actor_kind: String::from("system"),
            actor_id: id(0),
            office_id: None,
            log_position: Some(9),
        };
        let plain = entry_of_life(&life, &[1; 32]);
        assert_eq!(
            entry_of_life(&LoggedRow { log_position: None, ..life.clone() }, &[1; 32]),
            plain,
            "the place is no content"
        );
        assert_ne!(entry_of_life(&life, &[2; 32]), plain);
        assert_ne!(entry_of_life(&LoggedRow { reason: Some(String::new()), ..life.clone() }, &[1; 32]), plain);
        assert_ne!(entry_of_life(&LoggedRow { office_id: Some(id(0)), ..life }, &[1; 32]), plain);
    }

    #[test]
    fn a_batch_is_its_root_and_what_was_recorded() {
        let bytes = entry_of_checks(&[9; 32], &[[0; 16], [4; 16]].concat());
        // An array of three, a text of fifteen, 32 bytes, 2 bytes.
        assert_eq!(bytes[..17], *b"\x83\x6fikd-receipts/v1");
        assert_eq!((&bytes[17..19], bytes.len()), (&b"\x58\x20"[..], 17 + 34 + 3));
        assert_eq!(bytes[51..], [0x42, 0, 1]);
    }

    #[test]
    fn entries_that_continue_each_other_are_one_run() {
        let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let mut runs = Vec::new();
        for (position, of) in
            [(0, (one, 1)), (1, (one, 2)), (2, (other, 1)), (3, (one, 3)), (4, (one, 5)), (6, (one, 6))]
        {
            add_to_runs(&mut runs, position, of);
        }
        let lengths: Vec<_> = runs.iter().map(|run| (run.first, run.first_seq, run.entries)).collect();
        assert_eq!(lengths, [(0, 1, 2), (2, 1, 1), (3, 3, 1), (4, 5, 1), (6, 6, 1)]);
    }
}
