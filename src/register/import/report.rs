//! The report of refused rows: line, field and reason, never a value.

use std::fs::File;
use std::path::{Path, PathBuf};

use super::columns::RowError;

const HEADER: [&str; 5] = ["line", "field", "reason_id", "reason_en", "last_line"];

/// A refused row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The line of the file on which the row begins; the header is line 1.
    pub line: u64,
    /// The line on which it ends: another one where a value has line breaks in it.
    pub last_line: u64,
    /// What is wrong.
    pub error: RowError,
}

/// The report as a CSV file.
pub(super) struct Report {
    path: PathBuf,
    writer: csv::Writer<File>,
}

impl Report {
    /// Opens the report. Where an import goes on at line `resumed`, what an interrupted run had written for that line and
    /// later ones is dropped, because those rows are judged again. `None` begins a new one: what stands there is of another
    /// import.
    pub(super) fn open(path: &Path, resumed: Option<u64>) -> Result<Self, String> {
        let fail = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let mut kept = Vec::new();
        if let Some(line) = resumed
            && path.is_file()
        {
            // A crash may have left half a line.
            let reader = csv::ReaderBuilder::new().flexible(true).from_path(path);
            let mut reader = reader.map_err(|error| fail(&error))?;
            for row in reader.records() {
                let row = row.map_err(|error| fail(&error))?;
                if row.get(0).and_then(|text| text.parse::<u64>().ok()).is_some_and(|at| at < line) {
                    kept.push(row);
                }
            }
        }
        let mut writer = csv::Writer::from_path(path).map_err(|error| fail(&error))?;
        writer.write_record(HEADER).map_err(|error| fail(&error))?;
        for row in kept {
            // A report of an older version has no last column.
            let cells = (0..HEADER.len()).map(|at| row.get(at).unwrap_or_default());
            writer.write_record(cells).map_err(|error| fail(&error))?;
        }
        Ok(Self { path: path.to_owned(), writer })
    }

    /// Adds rows and makes them durable.
    pub(super) fn add(&mut self, refused: &[Refused]) -> Result<(), String> {
        if refused.is_empty() {
            return Ok(());
        }
        let path = self.path.display().to_string();
        let fail = move |error: &dyn std::fmt::Display| format!("{path}: {error}");
        for row in refused {
            let Refused { line, last_line, error } = row;
            let (line, last_line) = (line.to_string(), last_line.to_string());
            self.writer
                .write_record([line.as_str(), error.field, error.reason.id, error.reason.en, last_line.as_str()])
                .map_err(|error| fail(&error))?;
        }
        self.writer.flush().map_err(|error| fail(&error))?;
        self.writer.get_ref().sync_data().map_err(|error| fail(&error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_import_that_goes_on_keeps_what_stands_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("refused.csv");
        let older = "line,field,reason_id,reason_en\n5,nik,x,x\n900,nik,x,x\n";
        let lines = || {
            let text = std::fs::read_to_string(&path).unwrap();
            text.lines().skip(1).map(|line| line.split(',').next().unwrap().to_owned()).collect::<Vec<_>>()
        };
        let refused = Refused { line: 7, last_line: 9, error: RowError::new("sex", "a", "b") };

        std::fs::write(&path, older).unwrap();
        Report::open(&path, None).unwrap().add(&[refused]).unwrap();
        assert_eq!(lines(), ["7"], "another import's lines are gone");
        assert!(std::fs::read_to_string(&path).unwrap().ends_with("7,sex,a,b,9\n"));

        std::fs::write(&path, older).unwrap();
        Report::open(&path, Some(7)).unwrap().add(&[refused]).unwrap();
        assert_eq!(lines(), ["5", "7"], "and of a report of an older version those before are kept");
    }
}
