//! Selfies.

use uuid::Uuid;

use crate::changed::Changed;
use crate::clock::Timestamp;
use crate::db::{DbResult, Tx};
use crate::{change, execute, fetch_all, fetch_optional};

const PUT: &str = "INSERT INTO registration_selfie (registration_id, sealed, taken_at) VALUES ($1, $2, $3) \
    ON CONFLICT (registration_id) DO UPDATE SET sealed = $2, taken_at = $3";

/// Keeps a selfie; a retake replaces it.
pub async fn put(tx: &mut Tx, id: Uuid, sealed: &[u8], now: Timestamp) -> DbResult<()> {
    execute!(tx, PUT, id, sealed, now).map(|_| ())
}

const TAKEN_AT: &str = "SELECT taken_at FROM registration_selfie WHERE registration_id = $1";

/// When the selfie was taken.
pub async fn taken_at(tx: &mut Tx, id: Uuid) -> DbResult<Option<Timestamp>> {
    Ok(fetch_optional!(tx, (Timestamp,), TAKEN_AT, id)?.map(|row| row.0))
}

const LOOKUP: &str = "SELECT sealed FROM registration_selfie WHERE registration_id = $1";

/// The sealed selfie.
pub async fn lookup(tx: &mut Tx, id: Uuid) -> DbResult<Option<Vec<u8>>> {
    Ok(fetch_optional!(tx, (Vec<u8>,), LOOKUP, id)?.map(|row| row.0))
}

const KEEP_UNTIL: &str =
    "UPDATE registration_selfie SET delete_after = $2 WHERE registration_id = $1 AND delete_after IS NULL";

/// Says when the selfie is to be deleted.
pub async fn keep_until(tx: &mut Tx, id: Uuid, until: Timestamp) -> DbResult<()> {
    // There may be no selfie, or its day is set already: the first one counts.
    change!(tx, KEEP_UNTIL, id, until).map(Changed::either_way)
}

const OLD: &str = "SELECT registration_id FROM registration_selfie \
    WHERE delete_after IS NOT NULL AND delete_after <= $1 ORDER BY delete_after LIMIT $2";
const DELETE_OLD: &str = "DELETE FROM registration_selfie WHERE registration_id = $1 AND delete_after <= $2";

/// Deletes selfies, and the register's copies beside them, whose time is over; gives how many.
pub async fn delete_old(tx: &mut Tx, now: Timestamp, limit: i64) -> DbResult<usize> {
    let mut deleted = 0;
    for (id,) in fetch_all!(tx, (Uuid,), OLD, now, limit)? {
        if change!(tx, DELETE_OLD, id, now)?.happened() {
            super::register_copy::delete(tx, id).await?;
            deleted += 1;
        }
    }
    Ok(deleted)
}

const DELETE: &str = "DELETE FROM registration_selfie WHERE registration_id = $1";

/// Deletes the selfie of a registration that was deleted.
pub async fn delete(tx: &mut Tx, id: Uuid) -> DbResult<()> {
    execute!(tx, DELETE, id).map(|_| ())
}
