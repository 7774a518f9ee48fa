//! SQL of what officers opened without the resident present.

use uuid::Uuid;

use crate::clock::Timestamp;
use crate::db::{DbResult, Tx};
use crate::{execute, fetch_all, fetch_optional};

/// Personal data that an officer opened without the resident present.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct ReasonedView {
    /// Who.
    pub officer_id: Uuid,
    /// What.
    pub registration_id: Uuid,
    /// When.
    pub opened_at: Timestamp,
    /// Of which office.
    pub office_id: Uuid,
    /// Why, sealed.
    pub reason_sealed: Vec<u8>,
}

const ADD_VIEW: &str = "INSERT INTO reasoned_view (officer_id, registration_id, opened_at, office_id, reason_sealed) \
    VALUES ($1, $2, $3, $4, $5) ON CONFLICT (officer_id, registration_id, opened_at) DO NOTHING";

/// Writes down that an officer opened a registration, and why.
pub async fn add_view(tx: &mut Tx, row: &ReasonedView) -> DbResult<()> {
    let ReasonedView { officer_id, registration_id, opened_at, office_id, reason_sealed } = row;
    execute!(tx, ADD_VIEW, *officer_id, *registration_id, *opened_at, *office_id, reason_sealed).map(|_| ())
}

const VIEWED_SINCE: &str = "SELECT officer_id FROM reasoned_view \
    WHERE officer_id = $1 AND registration_id = $2 AND opened_at > $3 LIMIT 1";

/// Whether an officer opened a registration, with a reason, after `since`.
pub async fn viewed_since(tx: &mut Tx, officer: Uuid, registration: Uuid, since: Timestamp) -> DbResult<bool> {
    Ok(fetch_optional!(tx, (Uuid,), VIEWED_SINCE, officer, registration, since)?.is_some())
}

const VIEWS: &str = "SELECT v.officer_id, v.registration_id, v.opened_at, v.office_id, v.reason_sealed \
    FROM reasoned_view v WHERE v.office_id = $1 ORDER BY v.opened_at DESC, v.registration_id LIMIT $2";

/// What was opened so in an office, newest first.
pub async fn views(tx: &mut Tx, office: Uuid, limit: i64) -> DbResult<Vec<ReasonedView>> {
    fetch_all!(tx, ReasonedView, VIEWS, office, limit)
}

const SWEEP_VIEWS: &str = "DELETE FROM reasoned_view WHERE opened_at <= $1";

/// Forgets what was opened at `before` or earlier.
pub async fn sweep_views(tx: &mut Tx, before: Timestamp) -> DbResult<u64> {
    execute!(tx, SWEEP_VIEWS, before)
}
