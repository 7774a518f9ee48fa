//! How far the rows are sealed anew.

use serde::Serialize;
use uuid::Uuid;

use crate::clock::Timestamp;

/// Seconds for which something that is sealed and given out may count: links in mails that block a digital KTP live longest, printed cards aside.
/// After that an old root secret opens nothing that anybody has.
pub const LONGEST_SECONDS: i64 = crate::life::model::LINK_SECONDS;

/// How far one column is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// `table.column`.
    pub part: String,
    /// The key of the last row that this pass looked at.
    pub reached: Uuid,
    /// Rows of an older version that this pass met.
    pub met: i64,
    /// Rows that were sealed anew.
    pub resealed: i64,
    /// Rows that do not open.
    pub unopened: i64,
    /// When the first pass began.
    pub begun_at: Timestamp,
    /// When a pass met no row of an older version.
    pub finished_at: Option<Timestamp>,
}

/// How far all columns are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Status {
    /// The version that rows are sealed with.
    pub version: i64,
    /// Columns in all.
    pub columns: usize,
    /// Columns in which a pass met nothing older.
    pub finished: usize,
    /// Rows that were sealed anew.
    pub resealed: i64,
    /// Rows that do not open under any root secret.
    pub unopened: i64,
    /// The column that is worked on.
    pub at: Option<String>,
}

impl Status {
    /// Of the progress with a version.
    pub fn of(version: i64, columns: usize, parts: &[Progress]) -> Self {
        let finished = parts.iter().filter(|part| part.finished_at.is_some()).count();
        let open = || parts.iter().find(|part| part.finished_at.is_none());
        Self {
            version,
            columns,
            finished,
            resealed: parts.iter().map(|part| part.resealed).sum(),
            unopened: parts.iter().map(|part| part.unopened).sum(),
            at: open().map(|part| part.part.clone()),
        }
    }

    /// Whether nothing is left to do.
    pub const fn is_done(&self) -> bool {
        self.finished >= self.columns
    }
}

/// Where a pass is after a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The key of the last row.
    pub reached: Uuid,
    /// Rows of an older version that were met, sealed anew, or did not open.
    pub counts: (i64, i64, i64),
}

/// Keeps of a batch whole groups of rows with the same key, for the next one begins after a key. `None` when more rows have to be read first.
pub fn whole_groups<T>(mut rows: Vec<T>, limit: usize, key: impl Fn(&T) -> Uuid) -> Option<Vec<T>> {
    let last = rows.last().map(&key);
    if rows.len() < limit {
        return Some(rows);
    }
    rows.retain(|row| Some(key(row)) != last);
    (!rows.is_empty()).then_some(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_ends_between_two_keys() {
        let rows = |keys: &[u128]| keys.iter().map(|key| Uuid::from_u128(*key)).collect::<Vec<_>>();
        let kept = |keys: &[u128], limit| whole_groups(rows(keys), limit, |key| *key);
        assert_eq!(kept(&[1, 2, 2], 4), Some(rows(&[1, 2, 2])), "there are no more");
        assert_eq!(kept(&[1, 2, 2], 3), Some(rows(&[1])), "of 2 there may be more");
        assert_eq!(kept(&[2, 2, 2], 3), None, "all of them may be one group");
        assert_eq!(kept(&[], 3), Some(Vec::new()));
    }
}
