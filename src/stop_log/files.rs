//! The files of the log: each is written by one process, to its end, and never changed.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::model::{Chain, Entry, Head, Size};
use crate::failpoint::{self, Side};
use crate::vault::Vault;

/// How the names of files end.
const ENDING: &str = ".stops";

/// Why the log cannot be read or does not hold together.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// A file or folder cannot be used.
    #[error("{0}: {1}")]
    File(String, io::Error),
    /// A line is not what was written there.
    #[error(
        "{file}, line {line}: this line was altered or moved, or one before it is missing; take the file from another copy of the stop log"
    )]
    Broken {
        /// Which file.
        file: String,
        /// Which line of it.
        line: usize,
    },
    /// A file is missing that another one names, or it has become shorter.
    #[error(
        "{file} is missing or was cut, says {by}: bring it back from another copy of the stop log; where it was deleted on purpose, because no \
         copy of the database is as old as that, add --accept-missing"
    )]
    Missing {
        /// Which file.
        file: String,
        /// Who knows of it.
        by: String,
    },
}

fn of(path: &Path, error: io::Error) -> LogError {
    LogError::File(path.display().to_string(), error)
}

/// A file that this process writes.
pub struct Writing {
    /// Its name.
    pub name: String,
    /// How much of it is durable.
    pub size: Size,
    file: File,
    chain: Chain,
}

impl Writing {
    /// Begins a file in a folder, which is made if need be. Readable by its owner alone.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn begin(folder: &Path, id: uuid::Uuid, vault: &Vault) -> io::Result<Self> {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let before = lengths(folder)?.into_iter().collect();
        let name = format!("{id}{ENDING}");
        let file = File::options().append(true).create_new(true).mode(0o600).open(folder.join(&name))?;
        let mut writing = Self { name: name.clone(), size: Size::default(), file, chain: Chain::default() };
        let head = serde_json::to_string(&Head { file: name, before })?;
        let line = writing.chain.write(vault, &head);
        failpoint::pass("stop_log.begin", Side::Before);
        writing.file.write_all(line.as_bytes())?;
        writing.file.sync_all()?;
        writing.size.length = count(line.len());
        // The name has to be durable too.
        File::open(folder)?.sync_all()?;
        failpoint::pass("stop_log.begin", Side::After);
        Ok(writing)
    }

    /// Writes entries durably. After an error the file is not written any more: its end may be anything.
    ///
    /// # Errors
    /// When they may not be there.
    pub fn append(&mut self, vault: &Vault, entries: &[Entry]) -> io::Result<()> {
        let mut text = String::new();
        for entry in entries {
            text.push_str(&self.chain.write(vault, &serde_json::to_string(entry)?));
        }
        failpoint::pass("stop_log.append", Side::Before);
        self.file.write_all(text.as_bytes())?;
        self.file.sync_data()?;
        failpoint::pass("stop_log.append", Side::After);
        self.size.lines += count(entries.len());
        self.size.length += count(text.len());
        Ok(())
    }
}

fn count(size: usize) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

fn lengths(folder: &Path) -> io::Result<BTreeMap<String, u64>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if let Some(name) = entry.file_name().to_str().filter(|name| name.ends_with(ENDING)) {
            found.insert(name.to_owned(), entry.metadata()?.len());
        }
    }
    Ok(found)
}

/// A file as it is read.
#[derive(Clone, Debug)]
pub struct Read {
    /// Its name.
    pub name: String,
    /// All entries, in order.
    pub entries: Vec<Entry>,
    /// Whether it ends in the middle of a line, as it does when a machine dies while writing. That line was never relied on: whoever did
    /// what it tells of was not answered, or its note still waits in the database.
    pub torn: bool,
    head: Option<Head>,
    length: u64,
    whole: usize,
}

impl Read {
    /// How much of it holds.
    pub fn size(&self) -> Size {
        Size { lines: count(self.entries.len()), length: count(self.whole) }
    }
}

/// Whether a folder holds no file of a log.
///
/// # Errors
/// When it cannot be read.
pub fn is_empty(folder: &Path) -> Result<bool, LogError> {
    Ok(lengths(folder).map_err(|error| of(folder, error))?.is_empty())
}

/// Reads those files of a folder that are not exactly as long as is known: reading all of a log takes minutes once it is years old.
///
/// # Errors
/// The first fault.
pub fn read_what_differs(folder: &Path, vault: &Vault, known: &BTreeMap<String, Size>) -> Result<Vec<Read>, LogError> {
    let here = lengths(folder).map_err(|error| of(folder, error))?;
    let known_of = |name: &str| known.get(name).and_then(|size| u64::try_from(size.length).ok());
    let differing = here.iter().filter(|(name, length)| known_of(name) != Some(**length));
    differing.map(|(name, _)| read_one(folder, name, vault)).collect()
}

/// Reads all files of these folders and checks that nothing in them was altered, moved or cut out; unless `accept_missing`, also that none
/// is missing that another one of the same folder names.
///
/// # Errors
/// The first fault.
pub fn read(folders: &[PathBuf], vault: &Vault, accept_missing: bool) -> Result<Vec<Read>, LogError> {
    let mut all = BTreeMap::new();
    for folder in folders {
        let here = lengths(folder).map_err(|error| of(folder, error))?;
        for name in here.keys() {
            let one = read_one(folder, name, vault)?;
            // The same file in two folders: the longer one has all of it.
            let known = all.get(name).map_or(0, |known: &Read| known.length);
            if one.length >= known {
                all.insert(name.clone(), one);
            }
        }
    }
    if !accept_missing {
        for one in all.values() {
            for (name, length) in one.head.iter().flat_map(|head| &head.before) {
                if all.get(name).is_none_or(|other| other.length < *length) {
                    return Err(LogError::Missing { file: name.clone(), by: one.name.clone() });
                }
            }
        }
    }
    Ok(all.into_values().collect())
}

fn read_one(folder: &Path, name: &str, vault: &Vault) -> Result<Read, LogError> {
    let path = folder.join(name);
    let bytes = std::fs::read(&path).map_err(|error| of(&path, error))?;
    let length = bytes.len() as u64;
    let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    let broken = |line| LogError::Broken { file: path.display().to_string(), line };
    let text = std::str::from_utf8(&bytes[..whole]).map_err(|_| broken(1))?;
    let (mut chain, mut head, mut entries) = (Chain::default(), None, Vec::new());
    for (place, line) in text.lines().enumerate() {
        let broken = || broken(place + 1);
        let text = chain.read(vault, line).ok_or_else(broken)?;
        if place == 0 {
            let first: Head = serde_json::from_str(text).map_err(|_| broken())?;
            if first.file != name {
                return Err(broken());
            }
            head = Some(first);
        } else {
            entries.push(serde_json::from_str(text).map_err(|_| broken())?);
        }
    }
    Ok(Read { name: name.to_owned(), entries, torn: whole < bytes.len(), head, length, whole })
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::super::model::Kind;
    use super::*;

    fn entry(number: i64) -> Entry {
        let (note_id, subject_id) = (Uuid::from_u128(number.unsigned_abs().into()), Uuid::from_u128(9));
        Entry { note_id, subject_id, kind: Kind::Mark, detail: None, number, at: number, until: None }
    }

    #[test]
    fn what_is_written_is_read_and_what_is_not_as_it_was_written_is_refused() {
        let (folder, vault) = (tempfile::tempdir().unwrap(), Vault::single([1; 32]));
        let folders = [folder.path().to_owned()];
        let mut first = Writing::begin(folder.path(), Uuid::from_u128(1), &vault).unwrap();
        first.append(&vault, &[entry(1), entry(2)]).unwrap();
        first.append(&vault, &[entry(3)]).unwrap();
        let mut second = Writing::begin(folder.path(), Uuid::from_u128(2), &vault).unwrap();
        second.append(&vault, &[entry(4)]).unwrap();
        let found = read(&folders, &vault, false).unwrap();
        let numbers: Vec<Vec<i64>> =
            found.iter().map(|one| one.entries.iter().map(|entry| entry.number).collect()).collect();
        assert_eq!(numbers, [vec![1, 2, 3], vec![4]]);

        let path = folder.path().join(&first.name);
        let good = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = good.lines().collect();
        let text = |lines: &[&str]| lines.iter().map(|line| format!("{line}\n")).collect::<String>();
        let altered = good.replace("\"number\":2", "\"number\":7");
        assert_ne!(altered, good);
        for (wrong, line) in [
            (altered, 3),
            (text(&[lines[0], lines[2], lines[3]]), 2),
            (text(&[lines[0], lines[2], lines[1], lines[3]]), 2),
            (text(&lines[1..]), 1),
        ] {
            std::fs::write(&path, wrong).unwrap();
            let told = read(&folders, &vault, false).unwrap_err().to_string();
            assert!(told.contains(&format!("line {line}")) && told.contains("another copy"), "{told}");
        }
        // Its end cut away: the file that was begun later knows how long it was.
        std::fs::write(&path, text(&lines[..3])).unwrap();
        let told = read(&folders, &vault, false).unwrap_err();
        assert!(matches!(told, LogError::Missing { .. }), "{told}");
        assert!(told.to_string().contains("--accept-missing"));
        assert_eq!(read(&folders, &vault, true).unwrap()[0].entries.len(), 2);
        std::fs::remove_file(&path).unwrap();
        assert!(matches!(read(&folders, &vault, false), Err(LogError::Missing { .. })));
    }

    #[test]
    fn a_line_that_was_not_finished_is_left_out() {
        let (folder, vault) = (tempfile::tempdir().unwrap(), Vault::single([1; 32]));
        let mut writing = Writing::begin(folder.path(), Uuid::from_u128(1), &vault).unwrap();
        writing.append(&vault, &[entry(1), entry(2)]).unwrap();
        let path = folder.path().join(&writing.name);
        let good = std::fs::read(&path).unwrap();
        std::fs::write(&path, &good[..good.len() - 1]).unwrap();
        let found = read(&[folder.path().to_owned()], &vault, false).unwrap();
        assert!(found[0].torn);
        assert_eq!(found[0].entries, [entry(1)]);
    }
}
