//! SQL of what was decided about periods.

use uuid::Uuid;

use super::model::Period;
use crate::changed::Changed;
use crate::clock::Timestamp;
use crate::db::{DbResult, Tx};
use crate::{change, fetch_all, fetch_optional};

/// What was decided about a period.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Setting {
    /// Which.
    pub name: Period,
    /// Days.
    pub days: i64,
    /// Days that counted before, and in the first day after.
    pub former_days: i64,
    /// How often it was decided.
    pub version: i64,
    /// When it was decided last.
    pub changed_at: Timestamp,
    /// Who asked.
    pub asked_by: Uuid,
    /// Who granted it.
    pub granted_by: Uuid,
}

macro_rules! settings {
    ($tail:literal) => {
        concat!(
            "SELECT name, days, former_days, version, changed_at, asked_by, granted_by FROM retention_setting ",
            $tail
        )
    };
}

const LOOKUP: &str = settings!("WHERE name = $1");

/// What was decided about a period, where that ever was.
pub async fn lookup(tx: &mut Tx, name: Period) -> DbResult<Option<Setting>> {
    fetch_optional!(tx, Setting, LOOKUP, name)
}

const ALL: &str = settings!("WHERE name > '' ORDER BY name");

/// All decisions: as many as there are periods at most.
pub async fn all(tx: &mut Tx) -> DbResult<Vec<Setting>> {
    fetch_all!(tx, Setting, ALL)
}

const ADD: &str = "INSERT INTO retention_setting (name, days, former_days, version, changed_at, asked_by, granted_by) \
    VALUES ($1, $2, $3, 1, $4, $5, $6) ON CONFLICT (name) DO NOTHING";
const REPLACE: &str = "UPDATE retention_setting SET days = $2, former_days = $3, version = version + 1, changed_at = $4, \
    asked_by = $5, granted_by = $6 WHERE name = $1 AND version = $7";

/// Decides a period in the place of what stood at `version`, 0 for the first time; `false` when it is another by now.
pub async fn put(
    tx: &mut Tx,
    name: Period,
    (days, former_days): (i64, i64),
    version: i64,
    (asked_by, granted_by, now): (Uuid, Uuid, Timestamp),
) -> DbResult<Changed> {
    if version == 0 {
        return change!(tx, ADD, name, days, former_days, now, asked_by, granted_by);
    }
    change!(tx, REPLACE, name, days, former_days, now, asked_by, granted_by, version)
}
