//! Rows that came in, as a file: they are read twice.

use std::fs::OpenOptions;
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use uuid::Uuid;

use crate::random::Random;

/// A file under `TMPDIR` that only this user reads, and that goes with this value.
#[derive(Debug)]
pub struct Spool(PathBuf);

impl Spool {
    /// Reads all that comes.
    ///
    /// # Errors
    /// When it cannot be read or written.
    pub fn of(rows: &mut impl Read) -> std::io::Result<Self> {
        let path = std::env::temp_dir().join(format!("ikd-changes-{}.csv", Uuid::from_bytes(Random::system().bytes())));
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        let spool = Self(path);
        std::io::copy(rows, &mut file)?;
        Ok(spool)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        // Left behind at worst, readable for this user alone.
        let _ = std::fs::remove_file(&self.0);
    }
}
