//! What a second person of an office is asked to agree to.

use uuid::Uuid;

use crate::clock::Timestamp;
use crate::db::{DbResult, Tx};
use crate::office::Scope;
use crate::registration::model::RequestKind;
use crate::{execute, fetch_all, fetch_optional, within_scope};

/// A request for a registration.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct RequestRow {
    /// The registration.
    pub registration_id: Uuid,
    /// To what.
    pub kind: RequestKind,
    /// The office.
    pub office_id: Uuid,
    /// The officer who asked.
    pub asked_by: Uuid,
    /// When.
    pub asked_at: Timestamp,
    /// Why, sealed.
    pub reason_sealed: Vec<u8>,
    /// Who helps, sealed.
    pub helper_sealed: Option<Vec<u8>>,
    /// The revision of the registration that was on the screen of the officer who asked.
    pub revision: i64,
}

const ASK: &str = "INSERT INTO second_person_request (registration_id, office_id, asked_by, asked_at, reason_sealed, \
    revision, kind, helper_sealed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (registration_id) DO UPDATE SET office_id = $2, \
    asked_by = $3, asked_at = $4, reason_sealed = $5, revision = $6, kind = $7, helper_sealed = $8";

/// Asks; a newer request takes the place of an older one.
pub async fn ask(tx: &mut Tx, row: &RequestRow) -> DbResult<()> {
    execute!(
        tx,
        ASK,
        row.registration_id,
        row.office_id,
        row.asked_by,
        row.asked_at,
        &row.reason_sealed,
        row.revision,
        row.kind,
        &row.helper_sealed
    )
    .map(|_| ())
}

const ASKED: &str = "SELECT registration_id, kind, office_id, asked_by, asked_at, reason_sealed, helper_sealed, revision FROM second_person_request \
    WHERE registration_id = $1 AND office_id = $2 AND asked_at > $3";

/// The request of an office for a registration, if it is newer than `since`.
pub async fn asked(tx: &mut Tx, id: Uuid, office: Uuid, since: Timestamp) -> DbResult<Option<RequestRow>> {
    fetch_optional!(tx, RequestRow, ASKED, id, office, since)
}

const OFFICE_OF: &str = concat!(
    "SELECT office_id FROM second_person_request WHERE registration_id = $1 AND asked_at > $4 AND ",
    within_scope!("office_id", "$2", "$3")
);

/// The office of a scope that asked for something for a registration after `since`.
pub async fn office_of(tx: &mut Tx, id: Uuid, scope: Scope, since: Timestamp) -> DbResult<Option<Uuid>> {
    let found = fetch_optional!(tx, (Uuid,), OFFICE_OF, id, scope.office_id, scope.levels, since)?;
    Ok(found.map(|(office,)| office))
}

const WAITING: &str = concat!(
    "SELECT r.registration_id, r.kind, r.office_id, r.asked_by, r.asked_at, r.reason_sealed, r.helper_sealed, r.revision \
     FROM second_person_request r JOIN registration g ON g.registration_id = r.registration_id AND g.revision = r.revision \
     WHERE ",
    within_scope!("r.office_id", "$1", "$2"),
    " AND r.asked_at > $3 AND g.state = 'awaiting_officer' ORDER BY r.asked_at LIMIT $4"
);

/// The requests of the offices of a scope that are newer than `since` and still are of what their registrations are, longest waiting first.
pub async fn waiting(tx: &mut Tx, scope: Scope, since: Timestamp, limit: i64) -> DbResult<Vec<RequestRow>> {
    fetch_all!(tx, RequestRow, WAITING, scope.office_id, scope.levels, since, limit)
}

const TAKE: &str = "DELETE FROM second_person_request WHERE registration_id = $1 AND office_id = $2 \
    AND asked_at > $3 AND asked_by <> $4 AND revision = $5 AND kind = $6 AND asked_at = $7 RETURNING asked_by";

/// Uses up the very request that was read, of somebody else than `granted_by`, and gives who: only that kind, in that office, for that
/// revision. One that took its place since is another.
pub async fn take(tx: &mut Tx, asked: &RequestRow, since: Timestamp, granted_by: Uuid) -> DbResult<Option<Uuid>> {
    let RequestRow { registration_id, kind, office_id, revision, asked_at, .. } = asked;
    let taken = fetch_optional!(
        tx,
        (Uuid,),
        TAKE,
        *registration_id,
        *office_id,
        since,
        granted_by,
        *revision,
        *kind,
        *asked_at
    )?;
    Ok(taken.map(|row| row.0))
}

const DROP: &str = "DELETE FROM second_person_request WHERE registration_id = $1";

/// Forgets what was asked for a registration.
pub async fn drop(tx: &mut Tx, id: Uuid) -> DbResult<()> {
    execute!(tx, DROP, id).map(|_| ())
}

const SWEEP: &str = "DELETE FROM second_person_request WHERE asked_at <= $1";

/// Forgets requests of `before` and earlier.
pub async fn sweep(tx: &mut Tx, before: Timestamp) -> DbResult<u64> {
    execute!(tx, SWEEP, before)
}
