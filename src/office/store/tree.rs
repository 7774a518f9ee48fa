//! What stands above and below an office. Whoever changes it holds the list ([`super::list::hold`]).

use uuid::Uuid;

use crate::changed::Changed;
use crate::db::{DbResult, Tx};
use crate::office::model::{MOST_ABOVE, Office, Scope};
use crate::office::store::office::{self, Entry};
use crate::{change, execute, fetch_all, fetch_optional};

const ADD: &str = "INSERT INTO office_above (office_id, above_id, distance) VALUES ($1, $1, 0)";

/// A new office, with nothing above it.
pub async fn add(tx: &mut Tx, id: Uuid) -> DbResult<()> {
    execute!(tx, ADD, id).map(|_| ())
}

const MOVE: &str = "UPDATE office SET parent_id = $2, revision = revision + 1 \
    WHERE office_id = $1 AND ended_at IS NULL AND kind <> 'dinas' \
    AND EXISTS (SELECT 1 FROM office above WHERE above.office_id = $2 AND above.ended_at IS NULL) \
    AND NOT EXISTS (SELECT 1 FROM office_above a WHERE a.office_id = $2 AND a.above_id = $1) \
    AND (SELECT MAX(a.distance) FROM office_above a WHERE a.office_id = $2) \
    + (SELECT MAX(b.distance) FROM office_above b WHERE b.above_id = $1) < $3";

const LIFT: &str =
    "UPDATE office SET parent_id = NULL, revision = revision + 1 WHERE office_id = $1 AND ended_at IS NULL";

// What stands above the office is no longer above it nor above what is below it.
const LEAVE: &str = "DELETE FROM office_above \
    WHERE office_id IN (SELECT b.office_id FROM office_above b WHERE b.above_id = $1) \
    AND above_id IN (SELECT a.above_id FROM office_above a WHERE a.office_id = $1 AND a.distance > 0)";

const ENTER: &str = "INSERT INTO office_above (office_id, above_id, distance) \
    SELECT b.office_id, a.above_id, b.distance + 1 + a.distance FROM office_above b, office_above a \
    WHERE b.above_id = $1 AND a.office_id = $2";

/// Puts an office, with all below it, below another one or below none. A miss where that makes a circle or too many levels, for a dinas, and
/// where either is closed for good.
pub async fn put(tx: &mut Tx, id: Uuid, above: Option<Uuid>) -> DbResult<Changed> {
    let moved = match above {
        Some(above) => change!(tx, MOVE, id, above, MOST_ABOVE)?,
        None => change!(tx, LIFT, id)?,
    };
    if moved.happened() {
        execute!(tx, LEAVE, id)?;
        if let Some(above) = above {
            execute!(tx, ENTER, id, above)?;
        }
    }
    Ok(moved)
}

const IS_WITHIN: &str = "SELECT distance FROM office_above WHERE office_id = $1 AND above_id = $2 AND distance <= $3";

/// Whether an office is one of a scope.
pub async fn is_within(tx: &mut Tx, scope: Scope, office: Uuid) -> DbResult<bool> {
    Ok(fetch_optional!(tx, (i64,), IS_WITHIN, office, scope.office_id, scope.levels)?.is_some())
}

const DESCENDANTS: &str = "SELECT a.office_id FROM office_above a JOIN office o ON o.office_id = a.office_id \
    WHERE a.above_id = $1 AND o.code > $2 ORDER BY o.code LIMIT $3";

/// The offices below one and itself, by code, after a code.
pub async fn descendants(tx: &mut Tx, above: Uuid, after: &str, limit: i64) -> DbResult<Vec<Office>> {
    let mut found = Vec::new();
    for (id,) in fetch_all!(tx, (Uuid,), DESCENDANTS, above, after, limit)? {
        found.extend(office::by_id(tx, id).await?.map(|entry| entry.office));
    }
    Ok(found)
}

const ABOVE: &str = "SELECT above_id FROM office_above WHERE office_id = $1 AND distance > 0 ORDER BY distance";

/// What stands above an office, the nearest first.
pub async fn above(tx: &mut Tx, id: Uuid) -> DbResult<Vec<Entry>> {
    let mut found = Vec::new();
    for (id,) in fetch_all!(tx, (Uuid,), ABOVE, id)? {
        found.extend(office::by_id(tx, id).await?);
    }
    Ok(found)
}
