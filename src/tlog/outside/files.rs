//! The files: one a day, appended to and never changed, by one process.

use std::fs::{File, Permissions, TryLockError};
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::line::Line;
use super::reading::{Reading, Wrong};
use crate::failpoint::{self, Side};

/// How names of files begin and end; between stands the day.
const NAME: (&str, &str) = ("audit-", ".jsonl");
/// The file by whose lock another process knows that it is not alone.
const LOCK: &str = ".lock";
/// The mode of files.
const MODE: u32 = 0o640;

/// Why a file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The system says no.
    #[error("{0}: {1}")]
    Io(String, io::Error),
    /// A line is not what was written.
    #[error("{file}, line {line}: {wrong}")]
    Wrong {
        /// Which file.
        file: String,
        /// Which line of it.
        line: u64,
        /// What is wrong with it.
        wrong: Wrong,
    },
    /// What is to be written does not fit behind what is there.
    #[error("what is to be written does not continue what is there: {0}")]
    Next(Wrong),
    /// Another process writes here.
    #[error("another process writes into {0}: give each node a folder of its own")]
    Taken(String),
}

fn io_of(path: &Path) -> impl Fn(io::Error) -> FileError + '_ {
    move |error| FileError::Io(path.display().to_string(), error)
}

/// The file of a day, `YYYY-MM-DD`.
pub fn name_of(day: &str) -> String {
    format!("{}{day}{}", NAME.0, NAME.1)
}

/// Whether a text is written as days are.
fn is_day(text: &str) -> bool {
    text.len() == 10
        && text
            .bytes()
            .enumerate()
            .all(|(at, byte)| if matches!(at, 4 | 7) { byte == b'-' } else { byte.is_ascii_digit() })
}

/// The files of a folder, the oldest first.
///
/// # Errors
/// When it cannot be read.
pub fn files_of(folder: &Path) -> Result<Vec<PathBuf>, FileError> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(io_of(folder))? {
        let path = entry.map_err(io_of(folder))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let day = name.strip_prefix(NAME.0).and_then(|rest| rest.strip_suffix(NAME.1));
        // What somebody put beside them is none, or it would be the newest for ever.
        if day.is_some_and(is_day) {
            found.push(path);
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// Reads a file line by line; gives what stands behind its last whole line.
///
/// # Errors
/// The first line that is not what was written.
pub fn read(path: &Path, reading: &mut Reading) -> Result<Vec<u8>, FileError> {
    let mut text = BufReader::new(File::open(path).map_err(io_of(path))?);
    let (mut line, mut number) = (Vec::new(), 0);
    loop {
        line.clear();
        // What died while it was written may end in anything, so the end of a line is looked for, not text.
        if text.read_until(b'\n', &mut line).map_err(io_of(path))? == 0 || line.pop_if(|end| *end == b'\n').is_none() {
            return Ok(line);
        }
        number += 1;
        let wrong = |wrong| FileError::Wrong { file: path.display().to_string(), line: number, wrong };
        reading.text(&line).map_err(wrong)?;
    }
}

/// The files of a folder, as this process goes on with them.
pub struct Writing {
    folder: PathBuf,
    /// The name of the newest file; empty while there is none.
    name: String,
    file: Option<File>,
    /// What stands behind the last whole line of it.
    torn: Vec<u8>,
    /// Whether the newest file says where it begins.
    begun: bool,
    reading: Reading,
    /// Held as long as this process writes.
    _lock: File,
}

impl Writing {
    /// Goes on where the files of a folder end; the folder is made if need be. Of the files the newest is read, which says where it begins.
    ///
    /// # Errors
    /// When they cannot be used, or another process has them.
    pub fn resume(folder: &Path) -> Result<Self, FileError> {
        std::fs::DirBuilder::new().recursive(true).mode(0o750).create(folder).map_err(io_of(folder))?;
        let path = folder.join(LOCK);
        let lock = File::options().create(true).append(true).mode(MODE).open(&path).map_err(io_of(&path))?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => FileError::Taken(folder.display().to_string()),
            TryLockError::Error(error) => FileError::Io(path.display().to_string(), error),
        })?;
        let (mut name, mut torn, mut begun, mut reading) = (String::new(), Vec::new(), false, Reading::default());
        for path in files_of(folder)?.iter().rev() {
            let rest = read(path, &mut reading)?;
            if name.is_empty() {
                // Of a file that had just been made not even the beginning may be there: then the one before says where this continues.
                name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
                (torn, begun) = (rest, reading.is_begun());
            }
            if reading.is_begun() {
                break;
            }
        }
        Ok(Self { folder: folder.to_owned(), name, file: None, torn, begun, reading, _lock: lock })
    }

    /// What is there.
    pub const fn reading(&self) -> &Reading {
        &self.reading
    }

    /// Writes lines durably, into the file of this day, or of a later one where there is one already. After an error its end may be anything:
    /// it has to be resumed.
    ///
    /// # Errors
    /// When they may not be there, or do not continue what is.
    pub fn append(&mut self, day: &str, origin: &str, lines: &[Line]) -> Result<(), FileError> {
        let name = name_of(day).max(self.name.clone());
        if name != self.name {
            (self.name, self.file, self.begun) = (name, None, false);
            self.torn.clear();
        }
        let path = self.folder.join(&self.name);
        let beginning = (!self.begun).then(|| self.reading.begin(origin));
        let mut reading = self.reading.clone();
        let mut text = String::new();
        for line in beginning.iter().chain(lines) {
            reading.take(line).map_err(FileError::Next)?;
            text.push_str(&line.written().unwrap_or_default());
        }
        if self.file.is_none() {
            let file = File::options().create(true).append(true).mode(MODE).open(&path).map_err(io_of(&path))?;
            // Whatever the process masks: who ships it is in the group.
            // A file to which can only be appended (`chattr +a`) has it already, and takes no other.
            if file.metadata().map_err(io_of(&path))?.permissions().mode() & 0o777 != MODE {
                file.set_permissions(Permissions::from_mode(MODE)).map_err(io_of(&path))?;
            }
            // The name has to be durable too.
            File::open(&self.folder).and_then(|folder| folder.sync_all()).map_err(io_of(&self.folder))?;
            self.file = Some(file);
        }
        let Some(file) = &mut self.file else { return Ok(()) };
        // What died in the middle of a line wrote the beginning of the very same line: it is written to its end, so that whoever ships the
        // file sees it once, and nothing is ever cut off.
        let ended = match text.as_bytes().strip_prefix(self.torn.as_slice()) {
            Some(rest) => rest.to_vec(),
            None => [&b"\n"[..], text.as_bytes()].concat(),
        };
        failpoint::pass("tlog.outside", Side::Before);
        file.write_all(&ended).and_then(|()| file.sync_data()).map_err(io_of(&path))?;
        failpoint::pass("tlog.outside", Side::After);
        self.torn.clear();
        (self.begun, self.reading) = (true, reading);
        Ok(())
    }
}
