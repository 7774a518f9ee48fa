//! A line of a file: what it says, and the leaf that it stands for. Pure.

use data_encoding::BASE64;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::super::model::entry_of_audit;
use super::super::tree::{Hash, leaf_hash};
use crate::audit::ports::EntryRow;
use crate::clock::Timestamp;

/// A line. Hashes are base64.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "line", rename_all = "snake_case", deny_unknown_fields)]
pub enum Line {
    /// A file begins.
    Begin(Begin),
    /// A leaf that is an entry of the audit log, with all of it.
    Entry(Entry),
    /// Another leaf.
    Leaf(Leaf),
    /// The service signed the tree of all leaves so far.
    Checkpoint(Signed),
}

/// How a file begins: with the edge of the tree, so that it can be checked without the files before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Begin {
    /// The log's name in its checkpoints.
    pub origin: String,
    /// Leaves before this file.
    pub size: u64,
    /// The roots of the full subtrees over them, the largest first.
    pub edge: Vec<String>,
}

/// An entry of the audit log: ids, words of the program and times, nothing that somebody wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Its place in the log.
    pub index: u64,
    /// When.
    pub at: Timestamp,
    /// What kind of actor.
    pub actor_kind: String,
    /// Who; nil where nobody is known.
    pub actor_id: Uuid,
    /// What was done.
    pub action: String,
    /// About whom or what; nil for nothing.
    pub subject_id: Uuid,
    /// `intent` or `outcome`.
    pub phase: String,
    /// How it ended; empty for an intent.
    pub outcome: String,
    /// What ties intent and outcome together.
    pub correlation_id: Uuid,
    /// The chain: the office's id, or nil for the general one.
    pub chain: Uuid,
    /// Its number in the chain.
    pub seq: i64,
    /// What chains it to the one before.
    pub digest: String,
    /// SHA-256 of a zero byte and the entry's bytes.
    pub leaf: String,
}

/// A leaf without what it is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Leaf {
    /// Its place in the log.
    pub index: u64,
    /// What it is of.
    pub of: Of,
    /// The leaf.
    pub leaf: String,
}

/// What a leaf is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Of {
    /// An event of a digital KTP, or a batch of checks: they are no entries of the audit log.
    Other,
    /// An entry of the audit log that is not there any more, or not the one that was taken: somebody wrote past the service.
    Missing,
}

/// A signed tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signed {
    /// The signed note (c2sp.org/tlog-checkpoint).
    pub note: String,
}

/// A hash from base64.
pub fn hash_of(text: &str) -> Option<Hash> {
    BASE64.decode(text.as_bytes()).ok()?.try_into().ok()
}

impl Entry {
    /// The line of a row at its place.
    pub fn of(index: u64, row: &EntryRow) -> Self {
        Self {
            index,
            at: row.at,
            actor_kind: row.actor_kind.clone(),
            actor_id: row.actor_id,
            action: row.action.clone(),
            subject_id: row.subject_id,
            phase: row.phase.clone(),
            outcome: row.outcome.clone(),
            correlation_id: row.correlation_id,
            chain: row.chain,
            seq: row.seq,
            digest: BASE64.encode(&row.digest),
            leaf: BASE64.encode(&leaf_hash(&entry_of_audit(row))),
        }
    }

    /// The leaf that its members make; `None` where they are not as they were written.
    pub fn made(&self) -> Option<Hash> {
        let row = EntryRow {
            chain: self.chain,
            seq: self.seq,
            at: self.at,
            correlation_id: self.correlation_id,
            actor_kind: self.actor_kind.clone(),
            actor_id: self.actor_id,
            action: self.action.clone(),
            subject_id: self.subject_id,
            phase: self.phase.clone(),
            outcome: self.outcome.clone(),
            digest: BASE64.decode(self.digest.as_bytes()).ok()?,
        };
        let leaf = leaf_hash(&entry_of_audit(&row));
        (hash_of(&self.leaf) == Some(leaf)).then_some(leaf)
    }
}

impl Line {
    /// As it stands in a file, with its end.
    pub fn written(&self) -> Option<String> {
        serde_json::to_string(self).ok().map(|text| text + "\n")
    }
}
