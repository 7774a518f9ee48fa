//! SQL of what waits for a line in the log, and of how many lines of each file this database knows.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::model::{Entry, Kind, Size};
use crate::changed::Changed;
use crate::clock::Timestamp;
use crate::db::{DbResult, Tx};
use crate::{change, execute, fetch_all, fetch_optional};

const ADD: &str = "INSERT INTO stop_note (note_id, subject_id, kind, detail, number, at, until) \
    VALUES ($1, $2, $3, $4, $5, $6, $7)";

/// Notes something that is to be written.
///
/// # Errors
/// When the database did not do it.
pub async fn add(tx: &mut Tx, this: &Entry) -> DbResult<()> {
    let Entry { note_id, subject_id, kind, detail, number, at, until } = this;
    let detail = detail.as_deref();
    execute!(tx, ADD, *note_id, *subject_id, *kind, detail, *number, *at, *until).map(|_| ())
}

const WAITING: &str = "SELECT note_id, subject_id, kind, detail, number, at, until FROM stop_note \
    WHERE note_id > $1 ORDER BY note_id LIMIT $2";

/// What waits after a note, the oldest first.
///
/// # Errors
/// When the database does not answer.
pub async fn waiting(tx: &mut Tx, after: Uuid, limit: i64) -> DbResult<Vec<Entry>> {
    type Row = (Uuid, Uuid, Kind, Option<String>, i64, i64, Option<i64>);
    let rows = fetch_all!(tx, Row, WAITING, after, limit)?;
    let entry = |(note_id, subject_id, kind, detail, number, at, until): Row| Entry {
        note_id,
        subject_id,
        kind,
        detail,
        number,
        at,
        until,
    };
    Ok(rows.into_iter().map(entry).collect())
}

const WRITTEN: &str = "DELETE FROM stop_note WHERE note_id = $1 AND subject_id = $2";

/// A note is in a file: it waits no more. Another node may have written it too.
///
/// # Errors
/// When the database did not do it.
pub async fn written(tx: &mut Tx, this: &Entry) -> DbResult<()> {
    execute!(tx, WRITTEN, this.note_id, this.subject_id).map(|_| ())
}

const BEGIN: &str =
    "INSERT INTO stop_file (file, lines, length, written_at) VALUES ($1, $2, $3, $4) ON CONFLICT (file) DO NOTHING";
// An answer to a commit may have been lost, and the same is written again.
const GO_ON: &str = "UPDATE stop_file SET lines = $2, length = $3, written_at = $4 \
    WHERE file = $1 AND (lines = $5 OR lines = $2)";

/// This database knows of so many lines of a file, in the place of `before`. It did not happen where it knew of another number: then it is
/// another database than the one that was told of those.
///
/// # Errors
/// When the database did not do it.
pub async fn go_on(tx: &mut Tx, file: &str, size: Size, before: i64, now: Timestamp) -> DbResult<Changed> {
    let Size { lines, length } = size;
    if before == 0 {
        let begun = change!(tx, BEGIN, file, lines, length, now)?;
        if begun.happened() {
            return Ok(begun);
        }
    }
    change!(tx, GO_ON, file, lines, length, now, before)
}

// A process that lives notes something every ten minutes: what is older is a dead one's, and nobody counts on the number any more.
const LEARN: &str = "UPDATE stop_file SET lines = $2, length = $3 \
    WHERE file = $1 AND lines = $4 AND (lines = $2 OR written_at <= $5)";

/// This database knows of so much of a file that it knew `before` lines of, whose other lines it knows from elsewhere. It did not happen where
/// somebody writes there.
///
/// # Errors
/// When the database did not do it.
pub async fn learn(tx: &mut Tx, file: &str, size: Size, before: i64, long_ago: Timestamp) -> DbResult<Changed> {
    change!(tx, LEARN, file, size.lines, size.length, before, long_ago)
}

const SET_SIZE: &str = "INSERT INTO stop_file (file, lines, length, written_at) VALUES ($1, $2, $3, $4) \
    ON CONFLICT (file) DO UPDATE SET lines = excluded.lines, length = excluded.length, written_at = excluded.written_at";

/// This database knows of so much of a file, whatever it knew before: a restoring has read all of it.
///
/// # Errors
/// When the database did not do it.
pub async fn set_size(tx: &mut Tx, file: &str, size: Size, now: Timestamp) -> DbResult<()> {
    execute!(tx, SET_SIZE, file, size.lines, size.length, now).map(|_| ())
}

const LINES: &str = "SELECT lines FROM stop_file WHERE file = $1";

/// Of how many lines of a file this database knows.
///
/// # Errors
/// When the database does not answer.
pub async fn lines(tx: &mut Tx, file: &str) -> DbResult<i64> {
    Ok(fetch_optional!(tx, (i64,), LINES, file)?.map_or(0, |(lines,)| lines))
}

const FILES: &str = "SELECT file, lines, length FROM stop_file WHERE file > $1 ORDER BY file";

/// All files that this database knows, with how much of each.
///
/// # Errors
/// When the database does not answer.
pub async fn files(tx: &mut Tx) -> DbResult<BTreeMap<String, Size>> {
    let rows = fetch_all!(tx, (String, i64, i64), FILES, "")?;
    Ok(rows.into_iter().map(|(file, lines, length)| (file, Size { lines, length })).collect())
}
