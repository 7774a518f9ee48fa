//! SQL of what was shown before the register said something else.

use uuid::Uuid;

use super::model::Former;
use crate::changed::Changed;
use crate::clock::Timestamp;
use crate::context::Context;
use crate::db::{DbResult, Tx};
use crate::error::Result;
use crate::vault::{Vault, VaultError};
use crate::{change, execute, fetch_optional};

pub(super) const TABLE: &str = "record_change";

/// What was shown before, of one holder.
#[derive(sqlx::FromRow)]
pub(super) struct Row {
    pub(super) resident_id: Uuid,
    pub(super) revision: i64,
    pub(super) sealed: Vec<u8>,
    pub(super) since: Timestamp,
    pub(super) confirmed_at: Option<Timestamp>,
}

const FIND: &str = "
    SELECT resident_id, revision, sealed, since, confirmed_at FROM record_change WHERE resident_id = $1";

/// What a holder's digital KTP showed before, while it is kept.
pub(super) async fn find(tx: &mut Tx, resident: Uuid) -> DbResult<Option<Row>> {
    fetch_optional!(tx, Row, FIND, resident)
}

/// What is sealed in a row.
pub(super) fn open(vault: &Vault, row: &Row) -> Result<Former, VaultError> {
    vault.open_row(TABLE, row.resident_id, &row.sealed)
}

const PUT: &str = "
    INSERT INTO record_change (resident_id, revision, sealed, since, changed_at, confirmed_at)
    VALUES ($1, $2, $3, $4, $5, NULL)
    ON CONFLICT (resident_id) DO UPDATE SET revision = excluded.revision, sealed = excluded.sealed,
        since = excluded.since, changed_at = excluded.changed_at, confirmed_at = NULL";

/// Keeps it.
pub(super) async fn put(
    context: &Context,
    tx: &mut Tx,
    (resident, revision): (Uuid, i64),
    former: &Former,
    (since, now): (Timestamp, Timestamp),
) -> Result<()> {
    let sealed = context.vault.seal_row(&context.random, TABLE, resident, former)?;
    execute!(tx, PUT, resident, revision, sealed.as_slice(), since, now)?;
    Ok(())
}

const CONFIRM: &str = "
    UPDATE record_change SET confirmed_at = $3 WHERE resident_id = $1 AND revision = $2 AND confirmed_at IS NULL";

/// The holder confirms what is shown now, if it is what they saw.
pub(super) async fn confirm(tx: &mut Tx, resident: Uuid, revision: i64, now: Timestamp) -> DbResult<Changed> {
    change!(tx, CONFIRM, resident, revision, now)
}

const ERASE: &str = "DELETE FROM record_change WHERE resident_id = $1";

/// Deletes it.
pub(super) async fn erase(tx: &mut Tx, resident: Uuid) -> DbResult<()> {
    execute!(tx, ERASE, resident).map(|_| ())
}

const SWEEP: &str = "DELETE FROM record_change WHERE changed_at <= $1";

/// Forgets what changed at `before` or earlier; gives how many.
pub(super) async fn sweep(tx: &mut Tx, before: Timestamp) -> DbResult<u64> {
    execute!(tx, SWEEP, before)
}
