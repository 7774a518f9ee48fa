//! Leases: a name that one node holds for a while, so that what it stands for is done once.

use uuid::Uuid;

use crate::change;
use crate::changed::Changed;
use crate::clock::Timestamp;
use crate::db::{DbResult, Tx};

const TAKE: &str = "INSERT INTO lease (name, holder, expires_at) VALUES ($1, $2, $3) \
    ON CONFLICT (name) DO UPDATE SET holder = $2, expires_at = $3 WHERE lease.expires_at <= $4 OR lease.holder = $2";

/// Takes, or keeps, a named lease until `expires_at`; `false` while another node holds it.
///
/// # Errors
/// When the database does not answer.
pub async fn take_lease(
    tx: &mut Tx,
    name: &str,
    holder: Uuid,
    expires_at: Timestamp,
    now: Timestamp,
) -> DbResult<Changed> {
    change!(tx, TAKE, name, holder, expires_at, now)
}
