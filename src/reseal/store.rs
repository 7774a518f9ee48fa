//! SQL of the progress, and the going through of sealed columns, whose statements their owners give.

use uuid::Uuid;

use super::model::{Progress, Step};
use crate::changed::Changed;
use crate::clock::Timestamp;
use crate::db::{DbResult, Tx};
use crate::vault::Column;
use crate::{change, execute, fetch_all, fetch_one};

const OF_VERSION: &str = "SELECT part, reached, met, resealed, unopened, begun_at, finished_at FROM reseal_progress \
    WHERE version = $1 ORDER BY part";

/// How far all columns are with a version.
pub async fn of_version(tx: &mut Tx, version: i64) -> DbResult<Vec<Progress>> {
    type Row = (String, Uuid, i64, i64, i64, Timestamp, Option<Timestamp>);
    let part = |(part, reached, met, resealed, unopened, begun_at, finished_at): Row| Progress {
        part,
        reached,
        met,
        resealed,
        unopened,
        begun_at,
        finished_at,
    };
    Ok(fetch_all!(tx, Row, OF_VERSION, version)?.into_iter().map(part).collect())
}

const BEGIN: &str = "INSERT INTO reseal_progress (version, part, reached, met, resealed, unopened, begun_at) \
    VALUES ($1, $2, $3, 0, 0, 0, $4) ON CONFLICT (version, part) DO NOTHING";

/// A column begins; nothing has changed when it has begun.
pub async fn begin(tx: &mut Tx, version: i64, part: &str, now: Timestamp) -> DbResult<Changed> {
    change!(tx, BEGIN, version, part, Uuid::nil(), now)
}

const ADVANCE: &str = "UPDATE reseal_progress SET reached = $4, met = met + $5, resealed = resealed + $6, unopened = unopened + $7 \
    WHERE version = $1 AND part = $2 AND reached = $3 AND finished_at IS NULL";

/// A batch is done. Nothing has changed when another node did it.
pub async fn advance(tx: &mut Tx, version: i64, before: &Progress, step: &Step) -> DbResult<Changed> {
    let (met, resealed, unopened) = step.counts;
    change!(tx, ADVANCE, version, &*before.part, before.reached, step.reached, met, resealed, unopened)
}

const END_PASS: &str = "UPDATE reseal_progress SET reached = $4, met = 0, finished_at = CASE WHEN met = 0 THEN CAST($5 AS BIGINT) ELSE NULL END, \
    unopened = CASE WHEN met = 0 THEN unopened ELSE 0 END \
    WHERE version = $1 AND part = $2 AND reached = $3 AND finished_at IS NULL";

/// A pass has come to the end of its table: it is the last one when it met no row of an older version. Nothing has changed when another node
/// said so.
pub async fn end_pass(tx: &mut Tx, version: i64, before: &Progress, now: Timestamp) -> DbResult<Changed> {
    change!(tx, END_PASS, version, &*before.part, before.reached, Uuid::nil(), now)
}

const LEFT: &str = "SELECT COUNT(*) FROM reseal_progress WHERE version = $1 AND finished_at IS NULL";

/// How many columns are not finished.
pub async fn left(tx: &mut Tx, version: i64) -> DbResult<i64> {
    Ok(fetch_one!(tx, (i64,), LEFT, version)?.0)
}

const AGAIN: &str = "UPDATE reseal_progress SET reached = $3, met = 0, unopened = 0, finished_at = NULL \
    WHERE version = $1 AND part = $2 AND finished_at IS NOT NULL";

/// A finished column is gone through again.
pub async fn again(tx: &mut Tx, version: i64, part: &str) -> DbResult<Changed> {
    change!(tx, AGAIN, version, part, Uuid::nil())
}

const FORGET_OTHERS: &str = "DELETE FROM reseal_progress WHERE version < $1";

/// Forgets how far it was with versions that do not seal any more.
pub async fn forget_before(tx: &mut Tx, version: i64) -> DbResult<()> {
    execute!(tx, FORGET_OTHERS, version).map(|_| ())
}

/// A row of a sealed column.
#[derive(Clone, Debug)]
pub struct Row {
    /// The first column of its primary key.
    pub key: Uuid,
    /// To which row its value is bound.
    pub bound: Uuid,
    /// The value; none where the version seals it that was asked for.
    pub sealed: Option<Vec<u8>>,
}

/// Rows after a key, in the order of keys, with those values that another version than `current` seals.
pub async fn walk(tx: &mut Tx, column: &Column, after: Uuid, limit: i64, current: u8) -> DbResult<Vec<Row>> {
    type Read = (Uuid, Uuid, i64, Option<Vec<u8>>);
    let rows = fetch_all!(tx, Read, column.walk, after, limit, vec![current])?;
    let row = |(key, of, number, sealed): Read| Row { key, bound: (column.row)(of, number), sealed };
    Ok(rows.into_iter().map(row).collect())
}

/// Puts a value in the place of the one that was read. Nothing has changed when the row did meanwhile.
pub async fn swap(tx: &mut Tx, column: &Column, key: Uuid, old: &[u8], new: &[u8]) -> DbResult<Changed> {
    change!(tx, column.swap, key, old, new)
}
