//! Judging lines as they come: whether each leaf is what its line says, and whether they make the roots that were signed. Pure.

use data_encoding::BASE64;
use serde::Serialize;

use super::super::note::{Checkpoint, Note, Verifier};
use super::super::tree::{Frontier, Hash};
use super::line::{Begin, Leaf, Line, Of, Signed, hash_of};

/// How each line begins, that of a beginning, and that of a checkpoint.
const LINE: &[u8] = br#"{"line":""#;
const BEGIN: &[u8] = br#"{"line":"begin""#;
const CHECKPOINT: &[u8] = br#"{"line":"checkpoint""#;
/// The longest line, in bytes.
const LONGEST: usize = 64 * 1024;

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    /// Something stands before the first beginning of a file.
    #[error("the beginning is missing: take the file from its first line on")]
    NotBegun,
    /// Another place than the next.
    #[error("leaf {found} stands where leaf {wanted} belongs: lines are missing, twice there, or moved")]
    Misplaced {
        /// What belongs here.
        wanted: u64,
        /// What stands here.
        found: u64,
    },
    /// An entry does not make its leaf.
    #[error("entry {0} was altered")]
    Altered(u64),
    /// The beginning of a file is not where the one before it ended.
    #[error("this file does not continue what was read before it: a file is missing, or it is of another history")]
    NotContinued,
    /// The leaves do not make the root of a checkpoint.
    #[error("the first {0} leaves do not make the root that the service signed")]
    RootDiffers(u64),
    /// Nobody who is trusted signed it.
    #[error("the checkpoint of {0} leaves was signed by no key that was given")]
    Unsigned(u64),
    /// It is no checkpoint of this log.
    #[error("no checkpoint of {0}")]
    Foreign(String),
    /// It is no line of the log, nor what a machine that died leaves of one.
    #[error(
        "a line was added or changed, here or just before: it is none that the service writes, nor the beginning of the next one"
    )]
    Added,
}

/// What was read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// The first leaf.
    pub first: u64,
    /// The leaf behind the last.
    pub leaves: u64,
    /// Entries of the audit log.
    pub entries: u64,
    /// Leaves of other things.
    pub other: u64,
    /// Entries that the database did not have any more when they were to be written, or had altered: by place.
    pub missing: Vec<u64>,
    /// How many leaves the newest checkpoint is over; what comes behind is not signed yet.
    pub signed: u64,
    /// Lines that were broken off when a machine died; what they said stands behind them once more.
    pub torn: u64,
}

/// Lines that come one after the other.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// Whose signatures count; without any, none is judged.
    keys: Vec<Verifier>,
    origin: Option<String>,
    frontier: Frontier,
    /// The leaves of a checkpoint from elsewhere, and whether it was met.
    kept: Option<(Checkpoint, bool)>,
    summary: Summary,
    /// What was broken off, until the line comes that says it whole.
    torn: Vec<u8>,
}

impl Reading {
    /// That of somebody who trusts these keys of the log, and has perhaps kept a checkpoint.
    pub fn trusting(keys: &[Verifier], kept: Option<Checkpoint>) -> Self {
        Self { keys: keys.to_vec(), kept: kept.map(|kept| (kept, false)), ..Self::default() }
    }

    /// Leaves so far, those before the first file among them.
    pub const fn size(&self) -> u64 {
        self.frontier.size()
    }

    /// The root over them.
    pub fn root(&self) -> Hash {
        self.frontier.root()
    }

    /// How many leaves the newest checkpoint is over.
    pub const fn signed(&self) -> u64 {
        self.summary.signed
    }

    /// Whether a file has begun.
    pub const fn is_begun(&self) -> bool {
        self.origin.is_some()
    }

    /// What was read.
    pub const fn summary(&self) -> &Summary {
        &self.summary
    }

    /// The checkpoint from elsewhere, where these lines do not reach it.
    pub fn not_reached(&self) -> Option<&Checkpoint> {
        self.kept.as_ref().filter(|(_, met)| !met).map(|(kept, _)| kept)
    }

    /// The line with which a file begins that continues here.
    pub fn begin(&self, origin: &str) -> Line {
        let edge = self.frontier.edge().iter().map(|hash| BASE64.encode(hash)).collect();
        Line::Begin(Begin { origin: origin.to_owned(), size: self.size(), edge })
    }

    /// A whole line of a file, without its end.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn text(&mut self, text: &[u8]) -> Result<(), Wrong> {
        if text.len() > LONGEST {
            return Err(Wrong::Added);
        }
        let Ok(line) = serde_json::from_slice(text) else {
            self.summary.torn += 1;
            return self.broken_off(text);
        };
        self.settle(&line, text)?;
        self.take(&line)
    }

    /// What a machine that died left of a line, or what was there of it when a file was copied. It is believed only as far as the next line
    /// says it whole: otherwise anybody could put there what they like.
    ///
    /// # Errors
    /// Where it cannot be the beginning of a line.
    pub fn broken_off(&mut self, text: &[u8]) -> Result<(), Wrong> {
        // The end of what was never written to the disk reads as zeros.
        let end = text.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        let said = text.get(..end).unwrap_or_default();
        let is_beginning = said.starts_with(LINE) || LINE.starts_with(said);
        let is_open = serde_json::from_slice::<serde::de::IgnoredAny>(said).is_err_and(|error| error.is_eof());
        // Who died twice began the same line twice, but for a checkpoint, of which there may be a newer one by then.
        let is_checkpoint = self.torn.starts_with(CHECKPOINT);
        let is_same = said.starts_with(&self.torn) || self.torn.starts_with(said) || is_checkpoint;
        if !is_beginning || !is_open || !is_same {
            return Err(Wrong::Added);
        }
        if is_checkpoint || said.len() > self.torn.len() {
            said.clone_into(&mut self.torn);
        }
        Ok(())
    }

    /// Compares what was broken off with the line that comes then. Of a checkpoint that is not the newest any more the rest is not known; and a
    /// file may begin between the two.
    fn settle(&mut self, line: &Line, text: &[u8]) -> Result<(), Wrong> {
        let may_be = |kind: &[u8]| self.torn.starts_with(kind) || kind.starts_with(&self.torn);
        let is_said = if matches!(line, Line::Begin(_)) {
            may_be(BEGIN)
        } else if text.starts_with(&self.torn) || may_be(CHECKPOINT) {
            true
        } else {
            return Err(Wrong::Added);
        };
        if is_said {
            self.torn.clear();
        }
        Ok(())
    }

    /// The next line.
    ///
    /// # Errors
    /// What is wrong with it. Nothing of it was taken then.
    pub fn take(&mut self, line: &Line) -> Result<(), Wrong> {
        match line {
            Line::Begin(begin) => self.begun(begin),
            Line::Entry(entry) => {
                let leaf = entry.made().ok_or(Wrong::Altered(entry.index))?;
                self.leaf(entry.index, leaf)?;
                self.summary.entries += 1;
                Ok(())
            }
            Line::Leaf(Leaf { index, of, leaf }) => {
                self.leaf(*index, hash_of(leaf).ok_or(Wrong::Altered(*index))?)?;
                match of {
                    Of::Other => self.summary.other += 1,
                    Of::Missing => self.summary.missing.push(*index),
                }
                Ok(())
            }
            Line::Checkpoint(Signed { note }) => self.checkpoint(note),
        }
    }

    fn begun(&mut self, begin: &Begin) -> Result<(), Wrong> {
        let edge = begin.edge.iter().map(|hash| hash_of(hash)).collect::<Option<Vec<_>>>();
        let frontier = edge.and_then(|edge| Frontier::of(begin.size, edge)).ok_or(Wrong::NotContinued)?;
        match &self.origin {
            Some(origin) if *origin != begin.origin || frontier != self.frontier => return Err(Wrong::NotContinued),
            Some(_) => {}
            None => {
                self.origin = Some(begin.origin.clone());
                (self.summary.first, self.summary.leaves) = (begin.size, begin.size);
                self.frontier = frontier;
            }
        }
        self.compare()
    }

    fn leaf(&mut self, index: u64, leaf: Hash) -> Result<(), Wrong> {
        if !self.is_begun() {
            return Err(Wrong::NotBegun);
        }
        if index != self.size() {
            return Err(Wrong::Misplaced { wanted: self.size(), found: index });
        }
        self.frontier.push(leaf);
        self.summary.leaves = self.size();
        self.compare()
    }

    /// Compares with the checkpoint from elsewhere, where it is over just these leaves.
    fn compare(&mut self) -> Result<(), Wrong> {
        let (size, root) = (self.size(), self.root_of_kept());
        let Some((kept, met)) = &mut self.kept else { return Ok(()) };
        let Some(root) = root else { return Ok(()) };
        *met = true;
        if kept.root == root { Ok(()) } else { Err(Wrong::RootDiffers(size)) }
    }

    /// The root, where the checkpoint from elsewhere is over just these leaves: making it for each leaf would be for nothing.
    fn root_of_kept(&self) -> Option<Hash> {
        self.kept.as_ref().filter(|(kept, _)| kept.size == self.size()).map(|_| self.root())
    }

    fn checkpoint(&mut self, note: &str) -> Result<(), Wrong> {
        let origin = self.origin.clone().ok_or(Wrong::NotBegun)?;
        let note: Note = note.parse().map_err(|_| Wrong::Foreign(origin.clone()))?;
        let checkpoint: Checkpoint = note.text.parse().map_err(|_| Wrong::Foreign(origin.clone()))?;
        if checkpoint.origin != origin {
            return Err(Wrong::Foreign(origin));
        }
        if checkpoint.size != self.size() || checkpoint.root != self.root() {
            return Err(Wrong::RootDiffers(checkpoint.size));
        }
        let named = self.keys.iter().any(|key| key.name == origin);
        if !self.keys.is_empty() && (!named || note.demand_signed(&self.keys).is_err()) {
            return Err(Wrong::Unsigned(checkpoint.size));
        }
        self.summary.signed = checkpoint.size;
        Ok(())
    }
}
