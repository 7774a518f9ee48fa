//! SQL of the register's tables.
//!
//! Batches use multi-row statements, the listed exception to "one statement, one text": their texts differ only in how
//! often the row's placeholders stand in them. They exist for a few numbers of rows, so that few statements are ever prepared.

use std::fmt::Write;
use std::sync::LazyLock;

use uuid::Uuid;

use crate::changed::Changed;
use crate::clock::Timestamp;
use crate::db::{Arguments, DbResult, Tx};
use crate::{change, execute, fetch_one, fetch_optional};

/// Rows per multi-row statement, largest first.
const SIZES: [usize; 3] = [100, 10, 1];

/// A sealed register record.
#[derive(Clone, Debug)]
pub struct RecordRow {
    /// The resident.
    pub resident_id: Uuid,
    /// Blind index of the NIK.
    pub nik_index: Vec<u8>,
    /// The sealed record.
    pub sealed: Vec<u8>,
}

/// A sealed portrait.
#[derive(Clone, Debug)]
pub struct PortraitRow {
    /// The resident.
    pub resident_id: Uuid,
    /// The sealed JPEG.
    pub sealed: Vec<u8>,
}

/// What a look-up finds.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct FoundRow {
    /// The resident.
    pub resident_id: Uuid,
    /// The sealed record.
    pub sealed: Vec<u8>,
    /// The sealed portrait, where there is one.
    pub portrait: Option<Vec<u8>>,
}

/// How far an import has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct ImportRow {
    /// Rows of the file that are done, accepted or refused.
    pub next_row: i64,
    /// Rows that are in the register.
    pub accepted: i64,
    /// Rows that were refused.
    pub refused: i64,
}

/// `insert` followed by `rows` times `(…)` with `columns` placeholders each, then `tail`.
fn multi_row(insert: &str, columns: usize, rows: usize, tail: &str) -> String {
    let mut sql = String::from(insert);
    for row in 0..rows {
        sql.push_str(if row == 0 { "(" } else { ", (" });
        for column in 1..=columns {
            // Writing to a String cannot fail.
            let _ = write!(sql, "{}${}", if column == 1 { "" } else { ", " }, row * columns + column);
        }
        sql.push(')');
    }
    sql.push_str(tail);
    sql
}

static PUT_RECORDS: LazyLock<[String; 3]> = LazyLock::new(|| {
    SIZES.map(|rows| {
        multi_row(
            "INSERT INTO register_record (resident_id, nik_index, sealed, updated_at) VALUES ",
            4,
            rows,
            " ON CONFLICT (resident_id) DO UPDATE SET sealed = excluded.sealed, updated_at = excluded.updated_at",
        )
    })
});

static PUT_PORTRAITS: LazyLock<[String; 3]> = LazyLock::new(|| {
    SIZES.map(|rows| {
        multi_row(
            "INSERT INTO register_portrait (resident_id, sealed) VALUES ",
            2,
            rows,
            " ON CONFLICT (resident_id) DO UPDATE SET sealed = excluded.sealed",
        )
    })
});

static FIND_RESIDENTS: LazyLock<[String; 3]> = LazyLock::new(|| {
    SIZES.map(|rows| {
        let list = (1..=rows).map(|at| format!("${at}")).collect::<Vec<_>>().join(", ");
        format!("SELECT nik_index, resident_id FROM register_record WHERE nik_index IN ({list})")
    })
});

/// The longest prefix of `rows` that has a statement, as that statement's position, the prefix and what remains.
fn split<T>(rows: &[T]) -> Option<(usize, &[T], &[T])> {
    let size = SIZES.iter().position(|size| *size <= rows.len())?;
    let (head, rest) = rows.split_at(SIZES[size]);
    Some((size, head, rest))
}

/// Inserts records, or replaces those of the same resident. A NIK that another resident has is `DbError::Unique`.
///
/// # Errors
/// When the database refuses.
pub async fn put_records(tx: &mut Tx, mut rows: &[RecordRow], now: Timestamp) -> DbResult<()> {
    while let Some((size, head, rest)) = split(rows) {
        let sql: &'static str = &PUT_RECORDS[size];
        let arguments = head.iter().fold(Arguments::of(tx), |arguments, row| {
            arguments.and(row.resident_id).and(&row.nik_index[..]).and(&row.sealed[..]).and(now)
        });
        tx.execute(sql, arguments).await?;
        rows = rest;
    }
    Ok(())
}

/// Inserts portraits, or replaces those of the same resident.
///
/// # Errors
/// When the database refuses.
pub async fn put_portraits(tx: &mut Tx, mut rows: &[PortraitRow]) -> DbResult<()> {
    while let Some((size, head, rest)) = split(rows) {
        let sql: &'static str = &PUT_PORTRAITS[size];
        let arguments =
            head.iter().fold(Arguments::of(tx), |arguments, row| arguments.and(row.resident_id).and(&row.sealed[..]));
        tx.execute(sql, arguments).await?;
        rows = rest;
    }
    Ok(())
}

/// Which of these NIKs (by blind index) the register has, and whose they are.
///
/// # Errors
/// When the database refuses.
pub async fn find_residents(tx: &mut Tx, mut indexes: &[Vec<u8>]) -> DbResult<Vec<(Vec<u8>, Uuid)>> {
    let mut found = Vec::new();
    while let Some((size, head, rest)) = split(indexes) {
        let sql: &'static str = &FIND_RESIDENTS[size];
        let arguments = head.iter().fold(Arguments::of(tx), |arguments, index| arguments.and(&index[..]));
        for row in tx.fetch_all(sql, arguments).await? {
            found.push(row.read()?);
        }
        indexes = rest;
    }
    Ok(found)
}

const LOOKUP: &str = "SELECT r.resident_id, r.sealed, p.sealed AS portrait FROM register_record r \
    LEFT JOIN register_portrait p ON p.resident_id = r.resident_id WHERE r.nik_index = $1";

/// The record and portrait of a NIK, by its blind index.
///
/// # Errors
/// When the database refuses.
pub async fn lookup(tx: &mut Tx, nik_index: &[u8]) -> DbResult<Option<FoundRow>> {
    fetch_optional!(tx, FoundRow, LOOKUP, nik_index)
}

// A write, because there is no other way of holding a row on both engines; it changes nothing.
const HOLD: &str = "UPDATE register_record SET updated_at = updated_at WHERE nik_index = $1";

/// Holds the record of a NIK until the end of the transaction. False when there is none.
///
/// # Errors
/// When the database refuses.
pub async fn hold(tx: &mut Tx, nik_index: &[u8]) -> DbResult<Changed> {
    change!(tx, HOLD, nik_index)
}

const COUNT: &str = "SELECT COUNT(*) FROM register_record";

/// How many residents the register has. Reads the whole index: for operators, not for requests.
///
/// # Errors
/// When the database refuses.
pub async fn count(tx: &mut Tx) -> DbResult<i64> {
    fetch_one!(tx, (i64,), COUNT).map(|(count,)| count)
}

const BEGIN_IMPORT: &str = "INSERT INTO register_import (source_digest, next_row, accepted, refused, updated_at) \
    VALUES ($1, 0, 0, 0, $2) ON CONFLICT (source_digest) DO NOTHING";
const IMPORT: &str = "SELECT next_row, accepted, refused FROM register_import WHERE source_digest = $1";

/// How far the import of a file has come; a new file begins at row 0.
///
/// # Errors
/// When the database refuses.
pub async fn begin_import(tx: &mut Tx, digest: &[u8], now: Timestamp) -> DbResult<ImportRow> {
    execute!(tx, BEGIN_IMPORT, digest, now)?;
    fetch_one!(tx, ImportRow, IMPORT, digest)
}

const ADVANCE_IMPORT: &str = "UPDATE register_import SET next_row = $1, accepted = $2, refused = $3, updated_at = $4 \
    WHERE source_digest = $5 AND next_row = $6";

/// Moves an import on from row `from`. False when it is not there any more: another process imports the same file.
///
/// # Errors
/// When the database refuses.
pub async fn advance_import(tx: &mut Tx, digest: &[u8], from: i64, to: ImportRow, now: Timestamp) -> DbResult<Changed> {
    change!(tx, ADVANCE_IMPORT, to.next_row, to.accepted, to.refused, now, digest, from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_multi_row_text_numbers_its_placeholders() {
        assert_eq!(
            multi_row("INSERT INTO t VALUES ", 2, 3, " X"),
            "INSERT INTO t VALUES ($1, $2), ($3, $4), ($5, $6) X"
        );
    }

    #[test]
    fn rows_are_split_into_the_sizes_that_have_statements() {
        let rows = [0_u8; 123];
        let mut sizes = Vec::new();
        let mut rest = &rows[..];
        while let Some((size, _, tail)) = split(rest) {
            sizes.push(SIZES[size]);
            rest = tail;
        }
        assert_eq!(sizes, [100, 10, 10, 1, 1, 1]);
    }
}
