//! Import of a register file: streamed, in batches, and continued where it was stopped.
//!
//! A batch's records, portraits and the file's position are one transaction, so no row is ever half imported and none is
//! skipped. The file is known by its SHA-256. Columns and values are in `docs/register-import.md`.

pub mod columns;
mod lines;
mod look;
mod quotes;
mod report;
mod spool;

use std::fs::File;
use std::io::BufReader;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use futures_util::{StreamExt, stream};
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use self::columns::{Columns, RowError};
use self::lines::Lines;
use self::look::{Look, look};
pub use self::report::Refused;
use self::report::Report;
pub use self::spool::Spool;
use super::batch::{AHEAD, BatchError, NewRecord, ROWS, Step};
use super::store::{self, ImportRow};
use super::{Date, Heard, LocalRegister, RegisterRecord, portrait};
use crate::db::DbError;
use crate::decoder::{DecodeError, Reading};
use crate::transaction;

/// How to import.
#[derive(Clone, Debug, Default)]
pub struct ImportOptions {
    /// A folder with `<nik>.jpg`, `.jpeg` or `.png`.
    pub portraits: Option<PathBuf>,
    /// Where refused rows are listed.
    pub report: Option<PathBuf>,
    /// Read the file from its first row even when it was read before.
    pub restart: bool,
    /// Believe a file in which too many NIKs end in 0 to be chance.
    pub trust_zeros: bool,
}

/// How far an import is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Bytes of the file that are durable or refused.
    pub bytes: u64,
    /// Bytes of the file.
    pub total_bytes: u64,
    /// Rows in the register, with those of earlier runs.
    pub accepted: u64,
    /// Rows refused, with those of earlier runs.
    pub refused: u64,
}

/// What an import did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Imported {
    /// Rows that an earlier run had done already.
    pub resumed_from: u64,
    /// Rows in the register, with those of earlier runs.
    pub accepted: u64,
    /// Rows refused, with those of earlier runs.
    pub refused: u64,
    /// Whether the end of the file was reached; false after a stop.
    pub complete: bool,
    /// What this run meant for digital KTPs.
    pub heard: Heard,
}

/// An import did not go on. What was committed before stays, and the same command continues there.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A file or folder cannot be used.
    #[error("{0}")]
    File(String),
    /// The header does not fit.
    #[error("{0}")]
    Columns(String),
    /// A quotation mark is not closed. Nothing was written.
    #[error("{0}")]
    Quotes(String),
    /// A batch could not be written.
    #[error(transparent)]
    Batch(#[from] BatchError),
}

impl From<DbError> for ImportError {
    fn from(error: DbError) -> Self {
        Self::Batch(error.into())
    }
}

/// A row that was read well, and the lines on which it begins and ends.
type Line = ((u64, u64), RegisterRecord);

/// Rows as they come from the file.
struct Chunk {
    rows: Vec<Line>,
    refused: Vec<Refused>,
    next_row: i64,
    bytes: u64,
}

/// Reads the rows of a file from one on.
struct Rows {
    reader: csv::Reader<BufReader<File>>,
    lines: Lines,
    columns: Columns,
    path: PathBuf,
    next_row: i64,
    today: Date,
}

impl Rows {
    fn open(path: &Path, look: &Look, from: i64, today: Date) -> Result<Self, ImportError> {
        let fail = |error: &dyn std::fmt::Display| ImportError::File(format!("{}: {error}", path.display()));
        let file = || File::open(path).map_err(|error| fail(&error));
        let lines = Lines::new(file()?);
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(look.delimiter)
            .has_headers(false)
            .flexible(true)
            .from_reader(BufReader::new(file()?));
        let mut header = csv::StringRecord::new();
        for _ in 0..=usize::from(look.told) {
            reader.read_record(&mut header).map_err(|error| fail(&error))?;
        }
        let columns = Columns::from_header(&header)
            .map_err(|problem| ImportError::Columns(format!("{}: {problem}", path.display())))?;
        let mut rows = Self { reader, lines, columns, path: path.to_owned(), next_row: 0, today };
        let mut skipped = csv::ByteRecord::new();
        while rows.next_row < from && rows.read(&mut skipped)? {}
        Ok(rows)
    }

    fn read(&mut self, into: &mut csv::ByteRecord) -> Result<bool, ImportError> {
        let more = self
            .reader
            .read_byte_record(into)
            .map_err(|error| ImportError::File(format!("{}: {error}", self.path.display())))?;
        self.next_row += i64::from(more);
        Ok(more)
    }

    fn fault(&self, error: &std::io::Error) -> ImportError {
        ImportError::File(format!("{}: {error}", self.path.display()))
    }

    /// The line of the record that begins at a byte.
    fn line(&mut self, byte: u64) -> Result<u64, ImportError> {
        self.lines.of_record(byte).map_err(|error| self.fault(&error))
    }

    /// The first and last line of the record that begins at a byte and was the last to be read.
    fn span(&mut self, byte: u64) -> Result<(u64, u64), ImportError> {
        let first = self.line(byte)?;
        let end = self.reader.position().byte().saturating_sub(1);
        let last = self.lines.of_byte(end).map_err(|error| self.fault(&error))?;
        Ok((first, last.max(first)))
    }

    /// The next rows, at most [`ROWS`]; `None` at the end of the file.
    fn chunk(&mut self) -> Result<Option<Chunk>, ImportError> {
        let mut chunk = Chunk { rows: Vec::new(), refused: Vec::new(), next_row: 0, bytes: 0 };
        let mut bytes = csv::ByteRecord::new();
        while chunk.rows.len() + chunk.refused.len() < ROWS && self.read(&mut bytes)? {
            let (line, last_line) = self.span(bytes.position().map_or(0, csv::Position::byte))?;
            let row = csv::StringRecord::from_byte_record(bytes.clone())
                .map_err(|_| RowError::new("row", "Simpan berkas sebagai UTF-8.", "Save the file as UTF-8."));
            match row.and_then(|row| self.columns.read(&row, self.today)) {
                Ok(record) => chunk.rows.push(((line, last_line), record)),
                Err(error) => chunk.refused.push(Refused { line, last_line, error }),
            }
        }
        chunk.next_row = self.next_row;
        chunk.bytes = self.reader.position().byte();
        Ok((!chunk.rows.is_empty() || !chunk.refused.is_empty()).then_some(chunk))
    }
}

const UNUSABLE: RowError = RowError::new(
    "portrait",
    "Foto tidak terbaca: JPEG atau PNG, paling besar 4096 piksel per sisi dan 16 MiB.",
    "The portrait cannot be read: JPEG or PNG, at most 4096 pixels a side and 16 MiB.",
);

/// The file with the portrait of a NIK in `dir`; `None` where there is none.
fn portrait_in(dir: &Path, nik: &str) -> Result<Option<Vec<u8>>, RowError> {
    // Cameras and older systems write the ending in capitals.
    for extension in ["jpg", "jpeg", "png", "JPG", "JPEG", "PNG"] {
        let path = dir.join(format!("{nik}.{extension}"));
        match std::fs::metadata(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            // Opening a pipe waits for somebody who writes into it.
            Ok(file) if file.is_file() && file.len() <= portrait::LIMITS.bytes as u64 => {
                return std::fs::read(&path).map(Some).map_err(|_| UNUSABLE);
            }
            _ => return Err(UNUSABLE),
        }
    }
    Ok(None)
}

/// The portrait of a NIK in `dir` as it is kept; the error of the row where it cannot be used.
async fn shrunk(dir: &Path, nik: &str, reading: &mut Reading) -> Result<Result<Option<Vec<u8>>, RowError>, BatchError> {
    let bytes = match portrait_in(dir, nik) {
        Ok(Some(bytes)) => bytes,
        other => return Ok(other),
    };
    match reading.next(&bytes, &portrait::LIMITS, portrait::SHAPE).await {
        Ok(pixels) => Ok(portrait::fit(pixels).map(Some).map_err(|_| UNUSABLE)),
        Err(DecodeError::Picture(_) | DecodeError::Harmful(_)) => Ok(Err(UNUSABLE)),
        // Says nothing about the row.
        Err(error @ DecodeError::Unavailable) => {
            Err(BatchError::Fault(format!("portraits: {error}; `ikd decoder check` shows why")))
        }
    }
}

/// Adds the portraits. A row whose portrait is there but cannot be used is refused as a whole.
async fn with_portraits(
    chunk: Chunk,
    dir: Option<&Path>,
    mut reading: Reading,
) -> Result<(Vec<NewRecord>, Chunk), BatchError> {
    let Chunk { rows, mut refused, next_row, bytes } = chunk;
    let mut records = Vec::with_capacity(rows.len());
    for ((line, last_line), record) in rows {
        let portrait = match dir {
            Some(dir) => shrunk(dir, record.nik.as_str(), &mut reading).await?,
            None => Ok(None),
        };
        match portrait {
            Ok(portrait) => records.push(NewRecord { record, portrait }),
            Err(error) => refused.push(Refused { line, last_line, error }),
        }
    }
    refused.sort_by_key(|row| row.line);
    Ok((records, Chunk { rows: Vec::new(), refused, next_row, bytes }))
}

/// Imports a CSV file. `progress` is told after each transaction and may stop; the same call later goes on from there.
/// A NIK that the register has is updated and keeps its resident; of several rows with one NIK the last counts.
///
/// # Errors
/// When a file or the database cannot be used. Wrong rows are no error: they are counted and reported.
pub async fn import<P>(
    register: &LocalRegister,
    file: &Path,
    options: &ImportOptions,
    mut progress: P,
) -> Result<Imported, ImportError>
where
    P: FnMut(Progress) -> ControlFlow<()>,
{
    if let Some(dir) = &options.portraits
        && !dir.is_dir()
    {
        return Err(ImportError::File(format!("{}: not a folder", dir.display())));
    }
    let path = file.to_owned();
    let trust_zeros = options.trust_zeros;
    let seen = tokio::task::spawn_blocking(move || look(&path, trust_zeros)).await.map_err(BatchError::from)??;
    let (digest, total_bytes) = (seen.digest, seen.length);
    let today = Date::in_jakarta(register.context.now());

    let mut state = begin(register, &digest, options.restart).await?;
    let resumed_from = state.next_row;
    let (path, from) = (file.to_owned(), state.next_row);
    let mut rows = tokio::task::spawn_blocking(move || Rows::open(&path, &seen, from, today))
        .await
        .map_err(BatchError::from)??;
    let mut report = match &options.report {
        Some(path) => {
            let resumed = if resumed_from > 0 {
                let next = rows.reader.position().byte();
                Some(rows.line(next)?)
            } else {
                None
            };
            Some(Report::open(path, resumed).map_err(ImportError::File)?)
        }
        None => None,
    };

    let (sender, receiver) = mpsc::channel(AHEAD);
    let reading = tokio::task::spawn_blocking(move || read_all(rows, &sender));
    let chunks = stream::unfold(receiver, |mut receiver| async { receiver.recv().await.map(|next| (next, receiver)) });
    let mut batches = Box::pin(
        chunks
            .map(|chunk: Result<Chunk, ImportError>| async {
                let (chunk, dir, reading) = (chunk?, options.portraits.clone(), register.context.decoders.reading());
                // Files are read and pictures encoded on the thread of this batch; it waits for its decoder there.
                let here = Handle::current();
                let build = move || here.block_on(with_portraits(chunk, dir.as_deref(), reading));
                Ok::<_, ImportError>(register.prepare(build).await?)
            })
            .buffered(AHEAD),
    );

    let (mut complete, mut heard) = (true, Heard::default());
    while let Some(batch) = batches.next().await {
        let mut batch = batch?;
        let chunk = &batch.extra;
        let refused = i64::try_from(chunk.refused.len()).unwrap_or(i64::MAX);
        let to = ImportRow {
            next_row: chunk.next_row,
            accepted: state.accepted + (chunk.next_row - state.next_row - refused),
            refused: state.refused + refused,
        };
        let bytes = chunk.bytes;
        // The report comes first: after a crash between the two, its lines are dropped and written again.
        if let Some(report) = &mut report {
            report.add(&chunk.refused).map_err(ImportError::File)?;
        }
        heard += register.write(&mut batch, Some(Step { digest: &digest, from: state.next_row, to })).await?;
        state = to;
        let (accepted, refused) = (state.accepted.unsigned_abs(), state.refused.unsigned_abs());
        if progress(Progress { bytes, total_bytes, accepted, refused }).is_break() {
            complete = bytes >= total_bytes;
            break;
        }
    }
    drop(batches);
    reading.await.map_err(BatchError::from)?;
    Ok(Imported {
        resumed_from: resumed_from.unsigned_abs(),
        accepted: state.accepted.unsigned_abs(),
        refused: state.refused.unsigned_abs(),
        complete,
        heard,
    })
}

async fn begin(register: &LocalRegister, digest: &[u8], restart: bool) -> Result<ImportRow, ImportError> {
    let now = register.context.now();
    let begun: crate::error::Result<ImportRow> = transaction!(register.context.db, "register.begin_import", |tx| {
        let state = store::begin_import(tx, digest, now).await?;
        if !restart {
            return Ok(state);
        }
        let zero = ImportRow { next_row: 0, accepted: 0, refused: 0 };
        store::advance_import(tx, digest, state.next_row, zero, now).await?.demand()?;
        Ok(zero)
    });
    Ok(begun.map_err(BatchError::from)?)
}

/// Sends the file's rows until its end, an error, or until nobody listens any more.
fn read_all(mut rows: Rows, sender: &mpsc::Sender<Result<Chunk, ImportError>>) {
    loop {
        let next = match rows.chunk() {
            Ok(Some(chunk)) => Ok(chunk),
            Ok(None) => return,
            Err(error) => Err(error),
        };
        let failed = next.is_err();
        if sender.blocking_send(next).is_err() || failed {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipe_is_no_portrait() {
        let folder = tempfile::tempdir().unwrap();
        let made = std::process::Command::new("mkfifo").arg(folder.path().join("1.jpg")).status().unwrap();
        assert!(made.success());
        assert_eq!(portrait_in(folder.path(), "1").unwrap_err().field, "portrait");
        assert_eq!(portrait_in(folder.path(), "2"), Ok(None));
    }
}
