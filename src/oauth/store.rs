//! SQL of used assertions.

use crate::changed::Changed;
use crate::clock::Timestamp;
use crate::db::{DbResult, Tx};
use crate::{change, execute};

const SPEND: &str = "INSERT INTO client_assertion (digest, expires_at) VALUES ($1, $2) ON CONFLICT (digest) DO NOTHING";

/// Uses an assertion up; `false` when it was before.
pub async fn spend(tx: &mut Tx, digest: &[u8], expires_at: Timestamp) -> DbResult<Changed> {
    change!(tx, SPEND, digest, expires_at)
}

const SWEEP: &str = "DELETE FROM client_assertion WHERE expires_at <= $1";

/// Forgets assertions that count no more; gives how many.
pub async fn sweep(tx: &mut Tx, now: Timestamp) -> DbResult<u64> {
    execute!(tx, SWEEP, now)
}
