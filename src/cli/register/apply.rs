//! `ikd register apply`: the records that changed, from a file or from whoever writes into the standard input.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use uuid::Uuid;

use super::{ImportArgs, import_file};
use crate::cli::{Failure, Format};
use crate::random::Random;
use crate::register::LocalRegister;

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
    let spooled = tokio::task::spawn_blocking(Spool::of_input).await;
    let spooled = spooled.map_err(|_| Failure::Environment(String::from("a worker stopped")))?;
    let spooled = spooled.map_err(|error| Failure::Environment(format!("the standard input: {error}")))?;
    import_file(ImportArgs { file: spooled.0.clone(), ..args }, format, register).await
}

/// What came in, as a file that only this user reads and that goes with this value: rows are read twice.
struct Spool(PathBuf);

impl Spool {
    fn of_input() -> std::io::Result<Self> {
        let path = std::env::temp_dir().join(format!("ikd-changes-{}.csv", Uuid::from_bytes(Random::system().bytes())));
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        let spool = Self(path);
        std::io::copy(&mut std::io::stdin().lock(), &mut file)?;
        Ok(spool)
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        // Left behind at worst, readable for this user alone.
        let _ = std::fs::remove_file(&self.0);
    }
}
