//! Which line of a file a record begins on, as an editor counts.
//!
//! The CSV reader's own count is off where lines end with CR LF or CR, and after blank lines: it ends a record at the first
//! end-of-line character and takes what is left of it for the next record's beginning.

use std::fs::File;
use std::io::{BufRead, BufReader, Result};

/// Counts the lines of a file up to a position, going forward.
pub(super) struct Lines {
    reader: BufReader<File>,
    at: u64,
    ended: u64,
    after_cr: bool,
}

impl Lines {
    /// Begins at the top of `file`.
    pub(super) fn new(file: File) -> Self {
        Self { reader: BufReader::new(file), at: 0, ended: 0, after_cr: false }
    }

    /// The line, counted from 1, of the record that begins at byte `from` or behind the line ends that stand there. Positions
    /// only grow from call to call.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(super) fn of_record(&mut self, from: u64) -> Result<u64> {
        self.go(from, true)
    }

    /// The line on which byte `at` stands; a line's end belongs to the line.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(super) fn of_byte(&mut self, at: u64) -> Result<u64> {
        self.go(at, false)
    }

    fn go(&mut self, from: u64, past_ends: bool) -> Result<u64> {
        loop {
            let buffer = self.reader.fill_buf()?;
            let mut used = 0;
            for &byte in buffer {
                if self.at >= from && !(past_ends && matches!(byte, b'\r' | b'\n')) {
                    self.reader.consume(used);
                    // The second half of a CR LF is on the line that the first half has ended.
                    let second = !past_ends && byte == b'\n' && self.after_cr;
                    return Ok(self.ended + 1 - u64::from(second));
                }
                // CR LF is one end.
                self.ended += u64::from(byte == b'\r' || (byte == b'\n' && !self.after_cr));
                self.after_cr = byte == b'\r';
                self.at += 1;
                used += 1;
            }
            if used == 0 {
                return Ok(self.ended + 1);
            }
            self.reader.consume(used);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(text: &str) -> Lines {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, text).unwrap();
        Lines::new(File::open(path).unwrap())
    }

    fn lines(text: &str, positions: &[u64]) -> Vec<u64> {
        let mut lines = open(text);
        positions.iter().map(|at| lines.of_record(*at).unwrap()).collect()
    }

    #[test]
    fn each_kind_of_line_end_is_one() {
        assert_eq!(lines("a\nb\nc", &[0, 2, 4]), [1, 2, 3]);
        assert_eq!(lines("a\rb\rc", &[0, 2, 4]), [1, 2, 3]);
        // The second half of a CR LF, where the CSV reader lets the next record begin.
        assert_eq!(lines("a\r\nb\r\nc", &[0, 2, 5]), [1, 2, 3]);
        assert_eq!(lines("a\n\n\r\n\rb", &[0, 2]), [1, 5], "blank lines are passed");
        assert_eq!(lines("a\n", &[2]), [2], "behind the end");
        let long = format!("{}\nb", "a".repeat(100_000));
        assert_eq!(lines(&long, &[0, 100_001]), [1, 2], "longer than a buffer");
    }

    #[test]
    fn an_end_belongs_to_its_line() {
        let mut lines = open("a\nb\r\nc");
        for (at, line) in [(0, 1), (1, 1), (2, 2), (3, 2), (4, 2), (5, 3), (6, 3)] {
            assert_eq!(lines.of_byte(at).unwrap(), line, "{at}");
        }
    }
}
