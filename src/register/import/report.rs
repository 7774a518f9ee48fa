//! The report of refused rows: line, field and reason, never a value.

use std::fs::File;
use std::path::{Path, PathBuf};

use super::columns::RowError;

const HEADER: [&str; 4] = ["line", "field", "reason_id", "reason_en"];

/// A refused row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The line of the file on which the row begins; the header is line 1.
    pub line: u64,
    /// What is wrong.
    pub error: RowError,
}

/// The report as a CSV file.
pub(super) struct Report {
    path: PathBuf,
    writer: csv::Writer<File>,
}

impl Report {
    /// Opens the report. Where an import goes on at `line`, what an interrupted run had written for that line and later
    /// ones is dropped, because those rows are judged again.
    pub(super) fn open(path: &Path, line: u64) -> Result<Self, String> {
        let fail = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let mut kept = Vec::new();
        if line > 2 && path.exists() {
            let mut reader = csv::Reader::from_path(path).map_err(|error| fail(&error))?;
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
            writer.write_record(&row).map_err(|error| fail(&error))?;
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
            let Refused { line, error } = row;
            self.writer
                .write_record([line.to_string().as_str(), error.field, error.reason.id, error.reason.en])
                .map_err(|error| fail(&error))?;
        }
        self.writer.flush().map_err(|error| fail(&error))?;
        self.writer.get_ref().sync_data().map_err(|error| fail(&error))
    }
}
