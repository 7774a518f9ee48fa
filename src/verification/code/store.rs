//! SQL of codes and of their use.

use uuid::Uuid;

use crate::changed::Changed;
use crate::clock::Timestamp;
use crate::db::{DbResult, Tx};
use crate::{change, execute, fetch_optional};

const VOID: &str = "DELETE FROM presentation_code WHERE resident_id = $1";

/// Voids the codes of a resident.
pub async fn void(tx: &mut Tx, resident: Uuid) -> DbResult<u64> {
    execute!(tx, VOID, resident)
}

const ADD: &str = "INSERT INTO presentation_code (code_index, resident_id, sealed, expires_at) VALUES ($1, $2, $3, $4) \
    ON CONFLICT (code_index) DO NOTHING";

/// Keeps a code; `false` when the same digits stand for somebody else's presentation.
pub async fn add(tx: &mut Tx, index: &[u8], resident: Uuid, sealed: &[u8], expires_at: Timestamp) -> DbResult<Changed> {
    change!(tx, ADD, index, resident, sealed, expires_at)
}

/// What a code stands for.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct CodeRow {
    /// Who showed it.
    pub resident_id: Uuid,
    /// The sealed token.
    pub sealed: Vec<u8>,
}

const FIND: &str = "SELECT resident_id, sealed FROM presentation_code WHERE code_index = $1";

/// What the code with this index stands for. A row that was not swept yet is found too: its token says that it has expired.
pub async fn find(tx: &mut Tx, index: &[u8]) -> DbResult<Option<CodeRow>> {
    fetch_optional!(tx, CodeRow, FIND, index)
}

const USE_UP: &str = "INSERT INTO code_use (relying_party_id, idempotency_key, resident_id, used_at) \
    VALUES ($1, $2, $3, $4) ON CONFLICT (relying_party_id, idempotency_key) DO NOTHING";

/// Notes whose code a party used under a key. The first one stays.
pub async fn use_up(tx: &mut Tx, party: Uuid, key: &[u8], resident: Uuid, now: Timestamp) -> DbResult<Changed> {
    change!(tx, USE_UP, party, key, resident, now)
}

const USED_FOR: &str = "SELECT resident_id FROM code_use WHERE relying_party_id = $1 AND idempotency_key = $2";

/// Whose code a party used under a key.
pub async fn used_for(tx: &mut Tx, party: Uuid, key: &[u8]) -> DbResult<Option<Uuid>> {
    Ok(fetch_optional!(tx, (Uuid,), USED_FOR, party, key)?.map(|(resident,)| resident))
}

const SWEEP_USED: &str = "DELETE FROM code_use WHERE used_at <= $1";

/// Forgets the keys of codes that were used at or before a time.
pub async fn sweep_used(tx: &mut Tx, before: Timestamp) -> DbResult<u64> {
    execute!(tx, SWEEP_USED, before)
}

const SWEEP: &str = "DELETE FROM presentation_code WHERE expires_at <= $1";

/// Forgets codes whose presentations have expired.
pub async fn sweep(tx: &mut Tx, now: Timestamp) -> DbResult<u64> {
    execute!(tx, SWEEP, now)
}
