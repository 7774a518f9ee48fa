//! That an entry is in the log, as one text for whoever has no network (c2sp.org/tlog-proof). Pure.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

use data_encoding::BASE64;

use super::note::{Checkpoint, Note, NoteError, Verifier};
use super::tree::{self, Hash};

const FIRST_LINE: &str = "c2sp.org/tlog-proof@v1";
/// Hashes of a proof at most: one a level.
const MOST_HASHES: usize = 64;

/// An entry, its place, and the checkpoint that it is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryProof {
    /// The bytes of the entry, as extra data.
    pub entry: Vec<u8>,
    /// Its leaf.
    pub index: u64,
    /// From the leaf up.
    pub hashes: Vec<Hash>,
    /// The checkpoint.
    pub note: Note,
}

impl Display for EntryProof {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "{FIRST_LINE}\nextra {}\nindex {}", BASE64.encode(&self.entry), self.index)?;
        self.hashes.iter().try_for_each(|hash| writeln!(f, "{}", BASE64.encode(hash)))?;
        write!(f, "\n{}", self.note)
    }
}

impl FromStr for EntryProof {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Self, NoteError> {
        let (head, note) = text.split_once("\n\n").ok_or(NoteError::Note)?;
        let mut lines = head.split('\n');
        let (first, extra, index) = (lines.next(), lines.next(), lines.next());
        if first != Some(FIRST_LINE) {
            return Err(NoteError::Note);
        }
        let read = |text: &str| BASE64.decode(text.as_bytes()).map_err(|_| NoteError::Note);
        let entry = read(extra.and_then(|line| line.strip_prefix("extra ")).ok_or(NoteError::Note)?)?;
        let index = index.and_then(|line| line.strip_prefix("index ")).ok_or(NoteError::Note)?;
        let hashes = lines.map(|line| read(line)?.try_into().map_err(|_| NoteError::Note));
        let hashes = hashes.collect::<Result<Vec<Hash>, NoteError>>()?;
        if hashes.len() > MOST_HASHES {
            return Err(NoteError::Note);
        }
        Ok(Self { entry, index: index.parse().map_err(|_| NoteError::Note)?, hashes, note: note.parse()? })
    }
}

impl EntryProof {
    /// The checkpoint, when one of the log's keys signed it and the entry is in its tree.
    ///
    /// # Errors
    /// Which of these is not so.
    pub fn judge(&self, log: &[Verifier]) -> Result<Checkpoint, NoteError> {
        self.note.demand_signed(log)?;
        let checkpoint: Checkpoint = self.note.text.parse()?;
        let of_the_log = log.iter().any(|key| key.name == checkpoint.origin);
        let (leaf, place) = (tree::leaf_hash(&self.entry), (self.index, checkpoint.size));
        if of_the_log && tree::proves_inclusion(&leaf, place, &self.hashes, &checkpoint.root) {
            Ok(checkpoint)
        } else {
            Err(NoteError::NotIncluded)
        }
    }
}
