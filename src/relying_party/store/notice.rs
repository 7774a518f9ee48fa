//! SQL of what parties are told by mail.

use uuid::Uuid;

use crate::changed::Changed;
use crate::clock::Timestamp;
use crate::db::{DbResult, Tx};
use crate::relying_party::model::PartyState;
use crate::relying_party::notice::About;
use crate::{change, execute, fetch_all, fetch_optional};

/// What ends soon, and its party is not told yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Ending {
    /// The party.
    pub relying_party_id: Uuid,
    /// What ends: the party itself stands for its contract.
    pub subject_id: Uuid,
    /// When.
    pub ends_at: Timestamp,
}

// A notice of fewer days says more than one of more: where it was given, the other is not.
const CONTRACTS: &str = "SELECT p.relying_party_id, p.relying_party_id AS subject_id, p.contract_ends_at AS ends_at \
    FROM relying_party p WHERE p.contract_ends_at > $1 AND p.contract_ends_at <= $2 AND p.state = $3 \
    AND p.contact_sealed IS NOT NULL AND NOT EXISTS (SELECT 1 FROM relying_party_notice n \
        WHERE n.subject_id = p.relying_party_id AND n.ends_at = p.contract_ends_at AND n.days <= $4) \
    ORDER BY p.contract_ends_at LIMIT $5";

/// Contracts that end until `until`, with no notice of so many days or fewer.
pub async fn contracts(
    tx: &mut Tx,
    (now, until): (Timestamp, Timestamp),
    days: i64,
    limit: i64,
) -> DbResult<Vec<Ending>> {
    fetch_all!(tx, Ending, CONTRACTS, now, until, PartyState::Active, days, limit)
}

const KEYS: &str = "SELECT k.relying_party_id, k.key_id AS subject_id, k.expires_at AS ends_at \
    FROM relying_party_key k JOIN relying_party p ON p.relying_party_id = k.relying_party_id \
    WHERE k.expires_at > $1 AND k.expires_at <= $2 AND k.revoked_at IS NULL AND p.state = $3 \
    AND p.contact_sealed IS NOT NULL AND NOT EXISTS (SELECT 1 FROM relying_party_notice n \
        WHERE n.subject_id = k.key_id AND n.ends_at = k.expires_at AND n.days <= $4) \
    ORDER BY k.expires_at LIMIT $5";

/// Keys that end until `until`, with no notice of so many days or fewer.
pub async fn keys(tx: &mut Tx, (now, until): (Timestamp, Timestamp), days: i64, limit: i64) -> DbResult<Vec<Ending>> {
    fetch_all!(tx, Ending, KEYS, now, until, PartyState::Active, days, limit)
}

/// A notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct NoticeRow {
    /// Its id.
    pub notice_id: Uuid,
    /// To whom.
    pub relying_party_id: Uuid,
    /// Of what.
    pub about: About,
    /// Of which.
    pub subject_id: Uuid,
    /// When that ends, or ended.
    pub ends_at: Timestamp,
    /// So many days before; 0 when it has ended.
    pub days: i64,
}

const ADD: &str = "INSERT INTO relying_party_notice (notice_id, relying_party_id, about, subject_id, ends_at, days, told_at) \
    VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (subject_id, ends_at, days) DO NOTHING";

/// Notes a notice; `false` when it was given before.
pub async fn add(tx: &mut Tx, row: NoticeRow, now: Timestamp) -> DbResult<Changed> {
    change!(tx, ADD, row.notice_id, row.relying_party_id, row.about, row.subject_id, row.ends_at, row.days, now)
}

const LOOKUP: &str = "SELECT notice_id, relying_party_id, about, subject_id, ends_at, days FROM relying_party_notice \
    WHERE notice_id = $1";

/// A notice by its id.
pub async fn lookup(tx: &mut Tx, id: Uuid) -> DbResult<Option<NoticeRow>> {
    fetch_optional!(tx, NoticeRow, LOOKUP, id)
}

const SWEEP: &str = "DELETE FROM relying_party_notice WHERE notice_id IN \
    (SELECT notice_id FROM relying_party_notice WHERE told_at <= $1 ORDER BY told_at LIMIT $2)";

/// Forgets notices given at `before` or earlier; gives how many.
pub async fn sweep(tx: &mut Tx, before: Timestamp, limit: i64) -> DbResult<u64> {
    execute!(tx, SWEEP, before, limit)
}
