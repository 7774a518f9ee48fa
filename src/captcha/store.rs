//! SQL of spent captchas.

use crate::changed::Changed;
use crate::clock::Timestamp;
use crate::db::{DbResult, Tx};
use crate::{change, execute};

const SPEND: &str =
    "INSERT INTO captcha_spent (challenge_hash, expires_at) VALUES ($1, $2) ON CONFLICT (challenge_hash) DO NOTHING";

/// Spends a solution; `false` when it was spent before.
pub async fn spend(tx: &mut Tx, hash: &[u8], expires_at: Timestamp) -> DbResult<Changed> {
    change!(tx, SPEND, hash, expires_at)
}

const SWEEP: &str = "DELETE FROM captcha_spent WHERE expires_at <= $1";

/// Forgets solutions that would have expired anyway.
pub async fn sweep(tx: &mut Tx, now: Timestamp) -> DbResult<u64> {
    execute!(tx, SWEEP, now)
}
