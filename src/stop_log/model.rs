//! What stands in the log, and how a line is written and read. Pure.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::base64url;
use crate::clock::Timestamp;
use crate::text_column;
use crate::vault::{Label, Vault};

/// What a line tells. The words stand in files that outlive programs and never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, strum::EnumString, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Kind {
    /// Nothing but that the database was there: without it nobody could tell a quiet day from an old copy.
    Mark,
    /// A digital KTP was stopped; `detail` says why.
    Stopped,
    /// It was started again.
    Restarted,
    /// One was activated on a phone.
    Activated,
    /// It moved to another phone.
    Moved,
    /// Its holder chose another PIN.
    PinChanged,
    /// A card was printed.
    CardIssued,
    /// A printed card does not count any more.
    CardVoided,
    /// A status list was opened; `number` is the list's.
    ListOpened,
    /// Somebody of the staff may not log in any more.
    StaffDisabled,
    /// They may again.
    StaffEnabled,
    /// They were given another password or authenticator, or removed a passkey: what was before must not count again.
    StaffSecrets,
    /// The rights of somebody at an office rest.
    StaffPaused,
    /// They were given back.
    StaffUnpaused,
    /// A relying party may not verify any more.
    PartySuspended,
    /// It may again.
    PartyResumed,
    /// An API key was revoked.
    ApiKeyRevoked,
    /// A signing key was retired at once; `detail` is its kid.
    SigningKeyRevoked,
}
text_column!(Kind);

/// One thing that was done. Ids only: whoever reads the file learns no name and no NIK.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Its own id; of what happened to a digital KTP that of the event.
    pub note_id: Uuid,
    /// Whom or what it is about.
    pub subject_id: Uuid,
    /// What was done.
    pub kind: Kind,
    /// What else there is to say, in a word.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[serde(default)]
    pub detail: Option<String>,
    /// Of a digital KTP its generation after that, which says in which order things happened, whatever the clocks of nodes said.
    pub number: i64,
    /// When, in microseconds.
    pub at: i64,
    /// Until when a stop holds, where it ends by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[serde(default)]
    pub until: Option<i64>,
}

impl Entry {
    /// When it was done.
    pub const fn time(&self) -> Timestamp {
        Timestamp::from_micros(self.at)
    }

    /// In which order things about one subject happened.
    pub const fn order(&self) -> (i64, i64, Uuid) {
        (self.number, self.at, self.note_id)
    }
}

/// How much of a file there is, or is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// Entries.
    pub lines: i64,
    /// Bytes, up to the end of the last of them. 0 where it was not noted: databases from before this column.
    pub length: i64,
}

/// What the first line of a file says: which files of the folder were there when it was begun, and how long they were. One that is gone or
/// shorter was tampered with, or deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// The file's own name: a line of another file does not fit here.
    pub file: String,
    /// Files beside it, with their lengths in bytes.
    pub before: Vec<(String, u64)>,
}

/// The digest that the next line is chained to. Before the first it is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chain(Vec<u8>);

impl Chain {
    /// A line with this text, and what follows is chained to. Version of the root secret, then the HMAC, over the digest before and the text.
    pub fn write(&mut self, vault: &Vault, text: &str) -> String {
        let (version, mac) = vault.mac_now(Label::StopLog, &[&self.0, text.as_bytes()]);
        self.0 = [&[version][..], &mac].concat();
        format!("{} {text}\n", base64url::encode(&self.0))
    }

    /// The text of a line without its end; `None` when it was altered, or is not the next one of this file.
    pub fn read<'a>(&mut self, vault: &Vault, line: &'a str) -> Option<&'a str> {
        let (digest, text) = line.split_once(' ')?;
        let digest = base64url::decode(digest)?;
        let (&version, mac) = digest.split_first()?;
        let own = vault.mac(version, Label::StopLog, &[&self.0, text.as_bytes()])?;
        if !bool::from(subtle::ConstantTimeEq::ct_eq(&own[..], mac)) {
            return None;
        }
        self.0 = digest;
        Some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(vault: &Vault) -> Vec<String> {
        let mut chain = Chain::default();
        ["a", "b", "c", "d"].map(|text| chain.write(vault, text).trim_end().to_owned()).to_vec()
    }

    fn is_sound(vault: &Vault, lines: &[String]) -> bool {
        let mut chain = Chain::default();
        lines.iter().all(|line| chain.read(vault, line).is_some())
    }

    #[test]
    fn a_line_that_is_altered_missing_moved_or_somebody_else_s_is_seen() {
        let vault = Vault::single([1; 32]);
        let good = lines(&vault);
        assert!(is_sound(&vault, &good));
        let (mut altered, mut without, mut swapped) = (good.clone(), good.clone(), good.clone());
        altered[1] = altered[1].replace(" b", " x");
        without.remove(1);
        swapped.swap(1, 2);
        for wrong in [altered, without, swapped, good[1..].to_vec(), lines(&Vault::single([2; 32]))] {
            assert!(!is_sound(&vault, &wrong), "{wrong:?}");
        }
        // What stands outside the database is read with the keys of any epoch.
        assert!(is_sound(&vault.in_epoch(7), &good));
    }

    #[test]
    fn an_entry_is_read_as_it_was_written() {
        let (note_id, subject_id) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let full = Entry {
            note_id,
            subject_id,
            kind: Kind::Stopped,
            detail: Some(String::from("self_block")),
            number: 4,
            at: 5,
            until: Some(6),
        };
        let short = Entry { kind: Kind::Mark, detail: None, until: None, ..full.clone() };
        for entry in [full, short] {
            let text = serde_json::to_string(&entry).unwrap();
            assert_eq!(serde_json::from_str::<Entry>(&text).unwrap(), entry, "{text}");
        }
    }
}
