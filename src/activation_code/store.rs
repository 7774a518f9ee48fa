//! SQL of activation codes.

use uuid::Uuid;

use super::model::{CODE_TRIES, IssuedCode};
use crate::changed::Changed;
use crate::clock::Timestamp;
use crate::db::{DbResult, Tx};
use crate::{change, execute, fetch_optional};

type Row = (i64, i64, Option<Timestamp>, Option<Timestamp>, i64, i64);

const ADD: &str =
    "INSERT INTO activation_code (registration_id, generation, tries, day, day_count) VALUES ($1, 1, 0, 0, 0)";

/// Begins with the first code.
///
/// # Errors
/// When the database did not do it, or there is a code.
pub async fn add(tx: &mut Tx, id: Uuid) -> DbResult<()> {
    execute!(tx, ADD, id).map(|_| ())
}

const LOOKUP: &str = "SELECT generation, tries, sent_at, expires_at, day, day_count FROM activation_code \
    WHERE registration_id = $1";

/// The present code; `None` before the approval.
///
/// # Errors
/// When the database did not answer.
pub async fn lookup(tx: &mut Tx, id: Uuid) -> DbResult<Option<IssuedCode>> {
    let row = fetch_optional!(tx, Row, LOOKUP, id)?;
    Ok(row.map(|(generation, tries, sent_at, expires_at, day, day_count)| IssuedCode {
        generation,
        tries,
        sent_at,
        expires_at,
        day,
        day_count,
    }))
}

const COUNT_TRY: &str = "UPDATE activation_code SET tries = tries + 1 \
    WHERE registration_id = $1 AND generation = $2 AND tries < $3 AND (expires_at IS NULL OR expires_at > $4) \
    RETURNING tries";

/// Counts one try of the code of this generation; gives how many there are now, or `None` when none may be made.
///
/// # Errors
/// When the database did not do it.
pub async fn count_try(tx: &mut Tx, id: Uuid, generation: i64, now: Timestamp) -> DbResult<Option<i64>> {
    Ok(fetch_optional!(tx, (i64,), COUNT_TRY, id, generation, CODE_TRIES, now)?.map(|(tries,)| tries))
}

const REPLACE: &str = "UPDATE activation_code SET generation = generation + 1, tries = 0, sent_at = NULL, expires_at = NULL, \
    day_count = CASE WHEN day = $3 THEN day_count + 1 ELSE 1 END, day = $3 \
    WHERE registration_id = $1 AND generation = $2 AND (day <> $3 OR day_count < $4)";

/// Voids the code of `generation` and begins the next one, which counts as one new code on `day`. Nothing changes when somebody
/// else did, or beyond `most` of them.
///
/// # Errors
/// When the database did not do it.
pub async fn replace(tx: &mut Tx, id: Uuid, generation: i64, day: i64, most: i64) -> DbResult<Changed> {
    change!(tx, REPLACE, id, generation, day, most)
}

const SENT: &str =
    "UPDATE activation_code SET sent_at = $2, expires_at = $3 WHERE registration_id = $1 AND sent_at IS NULL";

/// The life of the present code begins, unless it has begun already.
///
/// # Errors
/// When the database did not do it.
pub async fn sent(tx: &mut Tx, id: Uuid, now: Timestamp, expires_at: Timestamp) -> DbResult<()> {
    // A mail of the same code that went out before has begun its life.
    change!(tx, SENT, id, now, expires_at).map(Changed::either_way)
}

// As many as there are; none is fine too.
const END_ALL: &str = "UPDATE activation_code SET expires_at = $1 WHERE sent_at IS NOT NULL AND expires_at > $1";

/// Ends every code that was sent; gives how many.
///
/// # Errors
/// When the database did not do it.
pub async fn end_all(tx: &mut Tx, now: Timestamp) -> DbResult<u64> {
    execute!(tx, END_ALL, now)
}

const DELETE: &str = "DELETE FROM activation_code WHERE registration_id = $1";

/// Deletes the code of a registration that was deleted.
///
/// # Errors
/// When the database did not do it.
pub async fn delete(tx: &mut Tx, id: Uuid) -> DbResult<()> {
    execute!(tx, DELETE, id).map(|_| ())
}
