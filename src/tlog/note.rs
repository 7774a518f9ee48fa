//! Signed notes, checkpoints and cosignatures as texts (c2sp.org/signed-note, tlog-checkpoint, tlog-cosignature). Pure.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

use data_encoding::{BASE64, HEXLOWER};
use ed25519_dalek::{Signature as Ed25519Signature, VerifyingKey};
use sha2::{Digest, Sha256};

use super::tree::Hash;

/// Signature lines of a note at most.
pub const MOST_SIGNATURES: usize = 16;
/// Bytes of a note that are read at most.
pub const MOST_BYTES: usize = 16 * 1024;

/// What a key signs, by the byte in front of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// The text of a note (0x01): logs.
    Note,
    /// A checkpoint with the time of looking at it (0x04): witnesses.
    Cosignature,
}

impl KeyKind {
    const fn byte(self) -> u8 {
        match self {
            Self::Note => 1,
            Self::Cosignature => 4,
        }
    }
}

/// Why a text is none of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// It is no key of a verifier.
    #[error("not a verifier key: `name+id+key`, as `ikd witness new-key` and `/v1/log/key` show it")]
    Key,
    /// It is no signed note.
    #[error("not a signed note")]
    Note,
    /// It is no checkpoint.
    #[error("not a checkpoint")]
    Checkpoint,
    /// No key that is trusted signed it, or one of them did not sign this.
    #[error("no trusted key signed this")]
    Unsigned,
    /// The proof does not lead to the signed root.
    #[error("the proof does not lead from the entry to the signed root")]
    NotIncluded,
}

/// A public key with the name under which it signs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verifier {
    /// The name, without blanks and plus signs.
    pub name: String,
    /// What it signs.
    pub kind: KeyKind,
    key: VerifyingKey,
}

impl Verifier {
    /// A key under a name; `None` for a name that a line could not carry.
    pub fn new(name: &str, kind: KeyKind, key: VerifyingKey) -> Option<Self> {
        is_name(name).then(|| Self { name: name.to_owned(), kind, key })
    }

    /// The first four bytes of a hash of name and key: what signature lines call it.
    pub fn id(&self) -> [u8; 4] {
        let digest = Sha256::new().chain_update(&self.name).chain_update([b'\n', self.kind.byte()]);
        let [a, b, c, d, ..] = <[u8; 32]>::from(digest.chain_update(self.key.as_bytes()).finalize());
        [a, b, c, d]
    }

    fn made(&self, line: &Signature) -> bool {
        line.name == self.name && line.id == self.id()
    }

    /// The line that carries what the key signed.
    pub fn line(&self, signature: &[u8; 64]) -> Signature {
        Signature { name: self.name.clone(), id: self.id(), bytes: signature.to_vec() }
    }

    /// [`Verifier::line`] of a witness that looked at `time`.
    pub fn line_at(&self, time: u64, signature: &[u8; 64]) -> Signature {
        let bytes = [&time.to_be_bytes()[..], signature].concat();
        Signature { name: self.name.clone(), id: self.id(), bytes }
    }

    /// Whether a line is this key's signature of the text; for a witness, when it looked.
    ///
    /// # Errors
    /// When it says to be and is not.
    fn judge(&self, text: &str, line: &Signature) -> Result<u64, NoteError> {
        let (time, message, bytes) = match self.kind {
            KeyKind::Note => (0, text.to_owned(), &line.bytes[..]),
            KeyKind::Cosignature => {
                let (time, bytes) = line.bytes.split_first_chunk::<8>().ok_or(NoteError::Unsigned)?;
                let time = u64::from_be_bytes(*time);
                (time, cosigned(text, time), bytes)
            }
        };
        let signature = Ed25519Signature::from_slice(bytes).map_err(|_| NoteError::Unsigned)?;
        self.key.verify_strict(message.as_bytes(), &signature).map(|()| time).map_err(|_| NoteError::Unsigned)
    }
}

/// What a witness signs, having looked at `time` (seconds).
pub fn cosigned(text: &str, time: u64) -> String {
    format!("cosignature/v1\ntime {time}\n{text}")
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c.is_control() || c == '+')
}

impl Display for Verifier {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let key = [&[self.kind.byte()][..], self.key.as_bytes()].concat();
        write!(f, "{}+{}+{}", self.name, HEXLOWER.encode(&self.id()), BASE64.encode(&key))
    }
}

impl FromStr for Verifier {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Self, NoteError> {
        let mut parts = text.trim().splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(NoteError::Key);
        };
        let key = BASE64.decode(key.as_bytes()).map_err(|_| NoteError::Key)?;
        let kind = match key.first() {
            Some(1) => KeyKind::Note,
            Some(4) => KeyKind::Cosignature,
            _ => return Err(NoteError::Key),
        };
        let key = key[1..].try_into().ok().and_then(|key| VerifyingKey::from_bytes(key).ok()).ok_or(NoteError::Key)?;
        let read = Self::new(name, kind, key).ok_or(NoteError::Key)?;
        if HEXLOWER.encode(&read.id()) == id { Ok(read) } else { Err(NoteError::Key) }
    }
}

/// A signature line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// Under which name.
    pub name: String,
    id: [u8; 4],
    bytes: Vec<u8>,
}

impl Display for Signature {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "\u{2014} {} {}", self.name, BASE64.encode(&[&self.id[..], &self.bytes].concat()))
    }
}

/// A text with signatures beneath it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// What is signed, with its last line end.
    pub text: String,
    /// The lines beneath.
    pub signatures: Vec<Signature>,
}

impl Display for Note {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|line| line.fmt(f))
    }
}

impl FromStr for Note {
    type Err = NoteError;

    fn from_str(note: &str) -> Result<Self, NoteError> {
        if note.len() > MOST_BYTES || note.contains(|c: char| c < ' ' && c != '\n') {
            return Err(NoteError::Note);
        }
        let at = note.rfind("\n\n").ok_or(NoteError::Note)?;
        let (text, lines) = (&note[..=at], &note[at + 2..]);
        let lines = lines.strip_suffix('\n').ok_or(NoteError::Note)?;
        let signatures = lines.split('\n').map(signature).collect::<Option<Vec<_>>>().ok_or(NoteError::Note)?;
        if signatures.len() > MOST_SIGNATURES {
            return Err(NoteError::Note);
        }
        Ok(Self { text: text.to_owned(), signatures })
    }
}

fn signature(line: &str) -> Option<Signature> {
    let (name, bytes) = line.strip_prefix("\u{2014} ")?.split_once(' ')?;
    let bytes = BASE64.decode(bytes.as_bytes()).ok()?;
    let (id, bytes) = bytes.split_first_chunk::<4>()?;
    (is_name(name) && !bytes.is_empty()).then(|| Signature { name: name.to_owned(), id: *id, bytes: bytes.to_vec() })
}

impl Note {
    /// Demands that one of these keys signed the text, and that none of them signed another.
    ///
    /// # Errors
    /// When that is not so. Lines of other keys say nothing.
    pub fn demand_signed(&self, keys: &[Verifier]) -> Result<(), NoteError> {
        let mut signed = false;
        for line in &self.signatures {
            for key in keys.iter().filter(|key| key.made(line)) {
                key.judge(&self.text, line)?;
                signed = true;
            }
        }
        if signed { Ok(()) } else { Err(NoteError::Unsigned) }
    }

    /// The lines of these witnesses that hold, with the time of each. Others say nothing.
    pub fn cosignatures(&self, witnesses: &[Verifier]) -> Vec<(Signature, u64)> {
        let judged = self.signatures.iter().filter_map(|line| {
            let witness = witnesses.iter().find(|witness| witness.made(line))?;
            Some((line.clone(), witness.judge(&self.text, line).ok()?))
        });
        judged.collect()
    }
}

/// What a log says of its tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log.
    pub origin: String,
    /// How many leaves.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
}

impl Display for Checkpoint {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}\n{}", self.origin, self.size, BASE64.encode(&self.root))
    }
}

impl FromStr for Checkpoint {
    type Err = NoteError;

    /// Lines behind the third are extensions, which say nothing here.
    fn from_str(text: &str) -> Result<Self, NoteError> {
        let mut lines = text.split('\n');
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next()) else {
            return Err(NoteError::Checkpoint);
        };
        let number: u64 = size.parse().map_err(|_| NoteError::Checkpoint)?;
        let root = BASE64.decode(root.as_bytes()).ok().and_then(|root| root.try_into().ok());
        // One spelling of a number.
        if origin.is_empty() || number.to_string() != size {
            return Err(NoteError::Checkpoint);
        }
        Ok(Self { origin: origin.to_owned(), size: number, root: root.ok_or(NoteError::Checkpoint)? })
    }
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::{Signer, SigningKey};

    use super::*;

    /// The key and the note of golang.org/x/mod/sumdb/note's documentation.
    const KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const NOTE: &str = "If you think cryptography is the answer to your problem,\n\
        then you don't know what your problem is.\n\n\
        \u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
    /// The checkpoint of c2sp.org/tlog-cosignature.
    const CHECKPOINT: &str = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n\
        \u{2014} example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n\
        \u{2014} witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n";

    #[test]
    fn the_note_of_the_go_library_is_read_judged_and_written() {
        let (key, note): (Verifier, Note) = (KEY.parse().unwrap(), NOTE.parse().unwrap());
        assert_eq!((key.to_string(), note.to_string()), (KEY.to_owned(), NOTE.to_owned()));
        note.demand_signed(std::slice::from_ref(&key)).unwrap();
        let altered: Note = NOTE.replace("answer", "Answer").parse().unwrap();
        assert_eq!(altered.demand_signed(std::slice::from_ref(&key)), Err(NoteError::Unsigned));
        assert_eq!(note.demand_signed(&[]), Err(NoteError::Unsigned));
        // The private half of the same documentation signs to the same line.
        let seed = BASE64.decode(b"AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz").unwrap();
        let signing = SigningKey::from_bytes(seed[1..].try_into().unwrap());
        let line = key.line(&signing.sign(note.text.as_bytes()).to_bytes());
        assert_eq!(Note { text: note.text, signatures: vec![line] }.to_string(), NOTE);
    }

    #[test]
    fn a_checkpoint_is_read_as_its_specification_writes_it() {
        let note: Note = CHECKPOINT.parse().unwrap();
        assert_eq!(note.to_string(), CHECKPOINT);
        let checkpoint: Checkpoint = note.text.parse().unwrap();
        assert_eq!((checkpoint.origin.as_str(), checkpoint.size), ("example.com/behind-the-sofa", 20_852_163));
        assert_eq!(checkpoint.to_string(), note.text);
        // 2023-03-20T12:25:47Z, as the text of the specification says.
        assert_eq!(note.signatures[1].bytes[..8], 1_679_315_147_u64.to_be_bytes());
        for wrong in
            ["", "a\n", "a\n1\n", "a\n01\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n", "a\n1\nAAAA\n", "\n1\nx\n"]
        {
            assert_eq!(wrong.parse::<Checkpoint>(), Err(NoteError::Checkpoint), "{wrong}");
        }
        let no_notes = [
            "",
            "a\n",
            "a\n\n",
            "a\n\n\u{2014} b\n",
            "a\n\n\u{2014} b AAAA\n",
            "a\n\n- b AAAAAAA=\n",
            "a\r\n\n\u{2014} b AAAAAAA=\n",
        ];
        for wrong in no_notes {
            assert_eq!(wrong.parse::<Note>(), Err(NoteError::Note), "{wrong}");
        }
        let many = format!("a\n\n{}", "\u{2014} b AAAAAAA=\n".repeat(MOST_SIGNATURES + 1));
        assert_eq!(many.parse::<Note>(), Err(NoteError::Note));
    }

    #[test]
    fn a_cosignature_holds_for_one_text_time_and_key() {
        let signing = SigningKey::from_bytes(&[7; 32]);
        let witness = Verifier::new("witness.example/w1", KeyKind::Cosignature, signing.verifying_key()).unwrap();
        assert_eq!(witness.to_string().parse::<Verifier>().unwrap(), witness);
        let mut note: Note = CHECKPOINT.parse().unwrap();
        let line =
            |time: u64, at: u64| witness.line_at(at, &signing.sign(cosigned(&note.text, time).as_bytes()).to_bytes());
        let (good, moved) = (line(1_700_000_000, 1_700_000_000), line(1_700_000_000, 1_700_000_001));
        note.signatures.extend([moved, good.clone()]);
        assert_eq!(note.cosignatures(std::slice::from_ref(&witness)), [(good, 1_700_000_000)]);
        assert_eq!(note.cosignatures(&[]), []);
        note.text = note.text.replace("20852163", "20852164");
        assert_eq!(note.cosignatures(&[witness]), []);
        assert!(Verifier::new("a b", KeyKind::Note, signing.verifying_key()).is_none());
    }
}
