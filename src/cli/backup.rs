//! `ikd backup`.

use std::path::PathBuf;

use serde_json::json;

use super::{Failure, Format};
use crate::config::Config;
use crate::db::{Address, copy};

/// What it is given.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The file to write; it must not exist.
    file: PathBuf,
}

/// Copies the embedded database while the service goes on.
///
/// # Errors
/// [`Failure::Refused`] for a server, which has tools of its own; [`Failure::Environment`] when the copy cannot be written.
pub async fn run(args: &Args, config: &Config, format: Format) -> Result<(), Failure> {
    let address = Address::parse(config.database.url.expose());
    let address = address.map_err(|error| Failure::Environment(error.to_string()))?;
    let Address::File(database) = address else {
        return Err(Failure::Refused(String::from(
            "the database is a PostgreSQL server: copy it with pg_dump or pg_basebackup, as docs/backup.md shows",
        )));
    };
    let bytes = copy(&database, &args.file).await?;
    let shown = args.file.display().to_string();
    match format {
        Format::Json => say!("{}", json!({"file": shown, "bytes": bytes})),
        Format::Text => {
            say!("{shown}: {bytes} bytes");
            say!("keys/ and the stop log are not in it: keep them apart from it (docs/backup.md)");
        }
    }
    Ok(())
}
