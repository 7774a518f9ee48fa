//! A copy of the embedded database, made while others use it.

use std::fs::File;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};

use super::{DbError, DbResult};

/// Writes what is committed now into a new file, durably and readable by its owner alone. Gives its length in bytes.
///
/// # Errors
/// When there is no database, the file exists, or it cannot be written: then there is none.
pub async fn copy(database: &Path, file: &Path) -> DbResult<u64> {
    let told = |error: std::io::Error| DbError::Other(format!("{}: {error}", file.display()));
    // Made first: no other user can open it for a moment, and what exists is never written to. SQLite takes an empty file.
    File::options().write(true).create_new(true).mode(0o600).open(file).map_err(told)?;
    let done = write(database, file).await;
    if done.is_err() {
        let _ = std::fs::remove_file(file);
    }
    done
}

async fn write(database: &Path, file: &Path) -> DbResult<u64> {
    let told = |error: std::io::Error| DbError::Other(format!("{}: {error}", file.display()));
    let options = SqliteConnectOptions::new().filename(database).create_if_missing(false).disable_statement_logging();
    let mut connection = options.connect().await?;
    let name = file.to_str().ok_or_else(|| DbError::Other(String::from("the file's name is no text")))?;
    sqlx::query("VACUUM INTO $1").bind(name).execute(&mut connection).await?;
    connection.close().await?;
    let written = File::open(file).map_err(told)?;
    written.sync_all().map_err(told)?;
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(told)?;
    Ok(written.metadata().map_err(told)?.len())
}
