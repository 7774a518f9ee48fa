//! `ikd register apply`: the records that changed, from a file or from whoever writes into the standard input.

use std::path::{Path, PathBuf};

use super::{ImportArgs, import_file};
use crate::cli::{Failure, Format};
use crate::register::LocalRegister;
use crate::register::import::Spool;

/// What stands for the standard input.
const INPUT: &str = "-";

#[derive(Debug, clap::Args)]
pub(super) struct ApplyArgs {
    /// The CSV file; `-` for the standard input.
    file: PathBuf,
    /// Folder with portraits named `NIK`.jpg, .jpeg or .png.
    #[arg(long, value_name = "DIR")]
    portraits: Option<PathBuf>,
    /// Where refused rows are listed [default: FILE with the ending .refused.csv; needed with `-`].
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Apply even if too many NIKs end in 0 to be chance, as they do when a spreadsheet has lost their last digit.
    #[arg(long)]
    trust_trailing_zeros: bool,
}

/// Applies the changes from the first row on, whatever was applied before: what is so already changes nothing.
///
/// # Errors
/// As [`super::run`].
pub(super) async fn run(args: ApplyArgs, format: Format, register: LocalRegister) -> Result<(), Failure> {
    let ApplyArgs { file, portraits, report, trust_trailing_zeros } = args;
    let rows = |file| ImportArgs { file, portraits, report, restart: true, trust_trailing_zeros };
    if file != Path::new(INPUT) {
        return import_file(rows(file), format, register).await;
    }
    let args = rows(PathBuf::new());
    if args.report.is_none() {
        return Err(Failure::Usage(String::from("--report: say where refused rows of the standard input are listed")));
    }
    let spooled = tokio::task::spawn_blocking(|| Spool::of(&mut std::io::stdin().lock())).await;
    let spooled = spooled.map_err(|_| Failure::Environment(String::from("a worker stopped")))?;
    let spooled = spooled.map_err(|error| Failure::Environment(format!("the standard input: {error}")))?;
    import_file(ImportArgs { file: spooled.path().to_owned(), ..args }, format, register).await
}
