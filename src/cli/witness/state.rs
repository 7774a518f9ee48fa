//! What a witness keeps: the last checkpoint that continued the one before, and the first that was signed since and is not proven. And
//! what it leaves when the log does not continue them.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::cli::Failure;
use crate::tlog::note::{Checkpoint, Note};

/// The file of a witness.
pub struct State(PathBuf);

/// A checkpoint that the log signed and has not proven to continue the kept one.
pub struct Unproven {
    /// The checkpoint as it was signed.
    pub note: Note,
    /// What it states.
    pub checkpoint: Checkpoint,
    /// When it was seen first, in seconds since 1970.
    pub since: i64,
    /// Looks without a proof since then.
    pub looks: u32,
}

impl State {
    pub fn new(file: &Path) -> Self {
        Self(file.to_owned())
    }

    fn broken(&self, error: &dyn std::fmt::Display) -> Failure {
        Failure::Environment(format!("{}: {error}", self.0.display()))
    }

    /// The checkpoint that was kept; `None` when there is no file.
    pub fn read(&self) -> Result<Option<(Note, Checkpoint)>, Failure> {
        let text = match fs::read_to_string(&self.0) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            read => read.map_err(|error| self.broken(&error))?,
        };
        let note: Note = text.parse().map_err(|error| self.broken(&error))?;
        let checkpoint = note.text.parse().map_err(|error| self.broken(&error))?;
        Ok(Some((note, checkpoint)))
    }

    /// Keeps a checkpoint in the place of the one before: after a crash there is the one or the other, whole.
    pub fn write(&self, note: &Note) -> Result<(), Failure> {
        replace(&self.0, &note.to_string()).map_err(|error| self.broken(&error))
    }

    fn beside(&self, end: &str) -> PathBuf {
        let mut name = self.0.clone().into_os_string();
        name.push(end);
        PathBuf::from(name)
    }

    /// The first checkpoint since the kept one that waits for its proof.
    pub fn unproven(&self) -> Result<Option<Unproven>, Failure> {
        let file = self.beside(".unproven");
        let broken = |error: &dyn std::fmt::Display| Failure::Environment(format!("{}: {error}", file.display()));
        let text = match fs::read_to_string(&file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            read => read.map_err(|error| broken(&error))?,
        };
        let read = || {
            let (first, note) = text.split_once('\n')?;
            let (since, looks) = first.split_once(' ')?;
            let note: Note = note.parse().ok()?;
            let checkpoint = note.text.parse().ok()?;
            Some(Unproven { note, checkpoint, since: since.parse().ok()?, looks: looks.parse().ok()? })
        };
        read().map(Some).ok_or_else(|| broken(&"damaged"))
    }

    /// Keeps what waits for its proof.
    pub fn keep_unproven(&self, one: &Unproven) -> Result<(), Failure> {
        let text = format!("{} {}\n{}", one.since, one.looks, one.note);
        replace(&self.beside(".unproven"), &text).map_err(|error| self.broken(&error))
    }

    /// It was proven.
    pub fn forget_unproven(&self) -> Result<(), Failure> {
        match fs::remove_file(self.beside(".unproven")) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(self.broken(&error)),
            _ => Ok(()),
        }
    }

    /// Keeps both sides of a conflict beside the state, which stays as it is, and says what happened.
    pub fn conflict(&self, kept: &Note, seen: &str, what: &str) -> Failure {
        let (before, after) = (self.beside(".conflict-kept"), self.beside(".conflict-seen"));
        let saved = replace(&before, &kept.to_string()).and_then(|()| replace(&after, seen));
        let where_to = match saved {
            Ok(()) => format!("both checkpoints are kept in {} and {}", before.display(), after.display()),
            Err(error) => format!("the checkpoints could not be kept ({error}); what was seen:\n{seen}"),
        };
        Failure::Refused(format!(
            "CONFLICT: {what}. The log does not continue what this witness saw. Nothing was signed; {where_to}. Send both to the log's \
             operator and to the other witnesses."
        ))
    }
}

fn replace(file: &Path, text: &str) -> io::Result<()> {
    let mut name = file.to_owned().into_os_string();
    name.push(".new");
    let new = PathBuf::from(name);
    let mut written = File::create(&new)?;
    written.write_all(text.as_bytes())?;
    written.sync_all()?;
    fs::rename(&new, file)?;
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_checkpoint_is_kept_and_a_conflict_leaves_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("state");
        let state = State::new(&file);
        assert!(state.read().unwrap().is_none());
        let note = |size: u64| -> Note {
            let root = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
            format!("log\n{size}\n{root}\n\n\u{2014} log AAAAAAA=\n").parse().unwrap()
        };
        state.write(&note(1)).unwrap();
        state.write(&note(2)).unwrap();
        assert_eq!(state.read().unwrap().unwrap().1.size, 2);
        let told = state.conflict(&note(2), "seen", "it shrank").to_string();
        assert!(told.contains("it shrank") && told.contains(".conflict-kept"), "{told}");
        assert_eq!(fs::read_to_string(folder.path().join("state.conflict-seen")).unwrap(), "seen");
        assert_eq!(state.read().unwrap().unwrap().1.size, 2);
        let files = fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(files, 3, "nothing else is left");
        fs::write(&file, "damaged").unwrap();
        assert_eq!(state.read().err().map(|failure| failure.exit_code()), Some(3), "a damaged file is no empty one");
    }
}
