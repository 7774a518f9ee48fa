//! What the register answered to the check, kept so that the counter works while the register is down.

use uuid::Uuid;

use crate::db::{DbResult, Tx};
use crate::{execute, fetch_optional};

const PUT: &str = "INSERT INTO registration_register_copy (registration_id, record, portrait) VALUES ($1, $2, $3) \
    ON CONFLICT (registration_id) DO UPDATE SET record = $2, portrait = $3";

/// Keeps what the register said.
pub async fn put(tx: &mut Tx, id: Uuid, record: &[u8], portrait: Option<&[u8]>) -> DbResult<()> {
    execute!(tx, PUT, id, record, portrait).map(|_| ())
}

const LOOKUP: &str = "SELECT record, portrait FROM registration_register_copy WHERE registration_id = $1";

/// What the register said: sealed record and sealed portrait.
pub async fn lookup(tx: &mut Tx, id: Uuid) -> DbResult<Option<(Vec<u8>, Option<Vec<u8>>)>> {
    fetch_optional!(tx, (Vec<u8>, Option<Vec<u8>>), LOOKUP, id)
}

const DELETE_WITHOUT_SELFIE: &str = "DELETE FROM registration_register_copy WHERE registration_id = $1 \
    AND NOT EXISTS (SELECT 1 FROM registration_selfie s WHERE s.registration_id = $1)";

/// Deletes what the register said where no selfie sets a time for it: nobody will compare it any more.
pub async fn delete_without_selfie(tx: &mut Tx, id: Uuid) -> DbResult<()> {
    execute!(tx, DELETE_WITHOUT_SELFIE, id).map(|_| ())
}

const DELETE: &str = "DELETE FROM registration_register_copy WHERE registration_id = $1";

/// Deletes what the register said.
pub async fn delete(tx: &mut Tx, id: Uuid) -> DbResult<()> {
    execute!(tx, DELETE, id).map(|_| ())
}
