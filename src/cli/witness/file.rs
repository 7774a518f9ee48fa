//! `ikd witness check-file`: whether files of the audit log are as they were written, and what the service signed.

use std::path::{Path, PathBuf};

use super::super::audit::read_note;
use super::super::{Failure, Format};
use crate::tlog::note::{Checkpoint, Verifier};
use crate::tlog::outside::files::{FileError, files_of, read};
use crate::tlog::outside::{Reading, Summary};

/// Arguments of `ikd witness check-file`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Files of one node, the oldest first; or one folder of them. Each can be checked alone too.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// The log's key, as `/v1/log/key` shows it and its operator publishes it; several where it was rotated.
    #[arg(long = "log-key", required = true, value_name = "KEY")]
    log_keys: Vec<Verifier>,
    /// A checkpoint that was kept elsewhere, such as the state file of `ikd witness watch`: the files have to be of its history.
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    /// The files may end in lines that no checkpoint covers yet, as those do into which a service is writing: they are counted, and
    /// nothing is proven of them.
    #[arg(long)]
    open_end: bool,
}

/// Reads the files and prints what is in them.
///
/// # Errors
/// [`Failure::Refused`] with the first line that is not what was written; [`Failure::Environment`] when a file cannot be read.
pub(super) fn run(args: &Args, format: Format) -> Result<(), Failure> {
    let kept = args.checkpoint.as_deref().map(|file| checkpoint(file, &args.log_keys)).transpose()?;
    let mut reading = Reading::trusting(&args.log_keys, kept);
    let files = match &args.files[..] {
        [folder] if folder.is_dir() => files_of(folder)?,
        files => files.to_vec(),
    };
    if files.is_empty() {
        return Err(Failure::Environment(String::from("there is no file of the audit log in that folder")));
    }
    for file in &files {
        // What stands behind the last whole line was being written when this was copied, or when the machine died.
        let rest = read(file, &mut reading)?;
        reading
            .broken_off(&rest)
            .map_err(|wrong| Failure::Refused(format!("{}, at its end: {wrong}", file.display())))?;
    }
    if let Some(kept) = reading.not_reached() {
        let (size, Summary { first, leaves, .. }) = (kept.size, reading.summary());
        return Err(Failure::Refused(format!(
            "the checkpoint is over {size} leaves, and these files hold those from {first} to {leaves}: give the file that it falls into"
        )));
    }
    let summary = reading.summary();
    // What nobody signed anybody can write.
    let signed = reading.is_begun()
        && summary.signed > 0
        && summary.signed >= summary.first
        && (args.open_end || unsigned(summary) == 0);
    match format {
        Format::Text => super::super::output::write(format_args!("{}", described(summary)))?,
        Format::Json => {
            say!("{}", serde_json::json!({ "sound": signed && summary.missing.is_empty(), "files": summary }));
        }
    }
    if !signed {
        return Err(Failure::Refused(String::from(
            "not all of it is signed: give files to the end of a day, or say --open-end where a service is still writing; where nothing is \
             signed, nothing is proven",
        )));
    }
    match summary.missing.len() {
        0 => Ok(()),
        count => Err(Failure::Refused(format!(
            "{count} entries were altered or deleted in the database before they were written here: see its log, and `ikd audit verify` there"
        ))),
    }
}

/// Leaves behind the last checkpoint.
fn unsigned(summary: &Summary) -> u64 {
    let Summary { first, leaves, signed, .. } = summary;
    leaves - (*signed).max(*first).min(*leaves)
}

fn described(summary: &Summary) -> String {
    let Summary { first, leaves, entries, other, missing, signed, torn } = summary;
    let unsigned = unsigned(summary);
    let mut text = format!("leaves {first} to {leaves}: {entries} entries of the audit log, {other} of other things\n");
    text.push_str(&format!("{signed} leaves are signed, {unsigned} of these are not yet\n"));
    if *torn > 0 {
        text.push_str(&format!("{torn} lines were broken off and stand there once more\n"));
    }
    for index in missing {
        text.push_str(&format!("leaf {index}: its entry was altered or deleted in the database\n"));
    }
    text
}

fn checkpoint(file: &Path, keys: &[Verifier]) -> Result<Checkpoint, Failure> {
    let (name, note) = (file.display(), read_note(file)?);
    note.demand_signed(keys).map_err(|error| Failure::Refused(format!("{name}: {error}")))?;
    note.text.parse().map_err(|error| Failure::Environment(format!("{name}: {error}")))
}

impl From<FileError> for Failure {
    fn from(error: FileError) -> Self {
        match error {
            FileError::Wrong { .. } | FileError::Next(_) => Self::Refused(error.to_string()),
            FileError::Io(..) | FileError::Taken(_) => Self::Environment(error.to_string()),
        }
    }
}
