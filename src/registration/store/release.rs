//! Requests that a digital KTP make way for a registration.

use uuid::Uuid;

use crate::clock::Timestamp;
use crate::db::{DbResult, Tx};
use crate::{execute, fetch_all, fetch_optional};

/// A request to end a digital KTP in favour of this registration.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct ReleaseRow {
    /// The registration.
    pub registration_id: Uuid,
    /// The office.
    pub office_id: Uuid,
    /// The officer who asked.
    pub asked_by: Uuid,
    /// When.
    pub asked_at: Timestamp,
    /// Why, sealed.
    pub reason_sealed: Vec<u8>,
    /// The revision of the registration that was on the screen of the officer who asked.
    pub revision: i64,
}

const ASK: &str = "INSERT INTO release_request (registration_id, office_id, asked_by, asked_at, reason_sealed, \
    revision) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (registration_id) DO UPDATE SET office_id = $2, asked_by = $3, \
    asked_at = $4, reason_sealed = $5, revision = $6";

/// Asks for a release; a newer request takes the place of an older one.
pub async fn ask(tx: &mut Tx, row: &ReleaseRow) -> DbResult<()> {
    let ReleaseRow { registration_id, office_id, asked_by, asked_at, reason_sealed, revision } = row;
    execute!(tx, ASK, *registration_id, *office_id, *asked_by, *asked_at, reason_sealed, *revision).map(|_| ())
}

const ASKED: &str = "SELECT registration_id, office_id, asked_by, asked_at, reason_sealed, revision FROM release_request \
    WHERE registration_id = $1 AND office_id = $2 AND asked_at > $3";

/// The request of an office for a registration, if it is newer than `since`.
pub async fn asked(tx: &mut Tx, id: Uuid, office: Uuid, since: Timestamp) -> DbResult<Option<ReleaseRow>> {
    fetch_optional!(tx, ReleaseRow, ASKED, id, office, since)
}

const WAITING: &str = "SELECT r.registration_id, r.office_id, r.asked_by, r.asked_at, r.reason_sealed, r.revision \
    FROM release_request r JOIN registration g ON g.registration_id = r.registration_id AND g.revision = r.revision \
    WHERE r.office_id = $1 AND r.asked_at > $2 AND g.state = 'awaiting_officer' ORDER BY r.asked_at LIMIT $3";

/// The requests of an office that are newer than `since` and still are of what their registrations are, longest waiting first.
pub async fn waiting(tx: &mut Tx, office: Uuid, since: Timestamp, limit: i64) -> DbResult<Vec<ReleaseRow>> {
    fetch_all!(tx, ReleaseRow, WAITING, office, since, limit)
}

const TAKE: &str = "DELETE FROM release_request WHERE registration_id = $1 AND office_id = $2 \
    AND asked_at > $3 AND asked_by <> $4 AND revision = $5 RETURNING asked_by";

/// Uses up a request that somebody else than `granted_by` made for this revision, and gives who.
pub async fn take(
    tx: &mut Tx,
    id: Uuid,
    office: Uuid,
    since: Timestamp,
    granted_by: Uuid,
    revision: i64,
) -> DbResult<Option<Uuid>> {
    Ok(fetch_optional!(tx, (Uuid,), TAKE, id, office, since, granted_by, revision)?.map(|row| row.0))
}

const DROP: &str = "DELETE FROM release_request WHERE registration_id = $1";

/// Forgets what was asked for a registration.
pub async fn drop(tx: &mut Tx, id: Uuid) -> DbResult<()> {
    execute!(tx, DROP, id).map(|_| ())
}

const SWEEP: &str = "DELETE FROM release_request WHERE asked_at <= $1";

/// Forgets requests of `before` and earlier.
pub async fn sweep(tx: &mut Tx, before: Timestamp) -> DbResult<u64> {
    execute!(tx, SWEEP, before)
}
