//! Facts and switches of the whole service that all nodes share, by name.

use std::str::FromStr;

use crate::clock::Timestamp;
use crate::db::{DbError, DbResult, Tx};
use crate::{execute, fetch_one, fetch_optional};

const GET: &str = "SELECT value FROM setting WHERE name = $1";

/// The value of a setting, where it was ever set.
///
/// # Errors
/// When the database does not answer, or the value is no `T`.
pub async fn get<T: FromStr>(tx: &mut Tx, name: &'static str) -> DbResult<Option<T>> {
    let row = fetch_optional!(tx, (String,), GET, name)?;
    row.map(|(value,)| value.parse().map_err(|_| DbError::Other(format!("the setting {name} is unreadable"))))
        .transpose()
}

const CHANGED_AT: &str = "SELECT changed_at FROM setting WHERE name = $1";

/// When a setting was set last, where it ever was.
///
/// # Errors
/// When the database does not answer.
pub async fn changed_at(tx: &mut Tx, name: &'static str) -> DbResult<Option<Timestamp>> {
    Ok(fetch_optional!(tx, (Timestamp,), CHANGED_AT, name)?.map(|(at,)| at))
}

const PUT: &str = "INSERT INTO setting (name, value, changed_at) VALUES ($1, $2, $3) \
    ON CONFLICT (name) DO UPDATE SET value = excluded.value, changed_at = excluded.changed_at";

/// Sets a setting.
///
/// # Errors
/// When the database did not do it.
pub async fn put(tx: &mut Tx, name: &str, value: &str, now: Timestamp) -> DbResult<()> {
    execute!(tx, PUT, name, value, now).map(|_| ())
}

const PUT_FIRST: &str =
    "INSERT INTO setting (name, value, changed_at) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING";

/// Sets a setting that never changes, unless it is set; gives its value.
///
/// # Errors
/// When the database did not do it.
pub async fn put_first(tx: &mut Tx, name: &str, value: &str, now: Timestamp) -> DbResult<String> {
    execute!(tx, PUT_FIRST, name, value, now)?;
    Ok(fetch_one!(tx, (String,), GET, name)?.0)
}
