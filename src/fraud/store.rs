//! SQL of reports.

use uuid::Uuid;

use super::model::{Report, State};
use crate::changed::Changed;
use crate::clock::Timestamp;
use crate::db::{DbResult, Tx};
use crate::{change, execute, fetch_all, fetch_optional};

#[derive(sqlx::FromRow)]
struct Row {
    report_id: Uuid,
    about: Option<Uuid>,
    state: State,
    reported_at: Timestamp,
    sealed: Vec<u8>,
    closed_by: Option<Uuid>,
    closed_at: Option<Timestamp>,
    words_sealed: Option<Vec<u8>>,
}

/// A report with what is sealed in it: what was said, and what came of it.
pub type SealedReport = (Report, Vec<u8>, Option<Vec<u8>>);

fn report(row: Row) -> SealedReport {
    let Row { report_id, about, state, reported_at, sealed, closed_by, closed_at, words_sealed } = row;
    (Report { report_id, about, state, reported_at, closed_by, closed_at }, sealed, words_sealed)
}

const ADD: &str = "INSERT INTO fraud_report (report_id, office_id, about, state, reported_at, sealed) \
    VALUES ($1, $2, $3, 'open', $4, $5)";

/// Adds one that is open.
pub async fn add(
    tx: &mut Tx,
    (id, office): (Uuid, Uuid),
    about: Option<Uuid>,
    now: Timestamp,
    sealed: &[u8],
) -> DbResult<()> {
    execute!(tx, ADD, id, office, about, now, sealed).map(|_| ())
}

macro_rules! select_report {
    ($rest:literal) => {
        concat!(
            "SELECT report_id, about, state, reported_at, sealed, closed_by, closed_at, words_sealed FROM fraud_report ",
            $rest
        )
    };
}

const OF_OFFICE: &str = select_report!(
    "WHERE office_id = $1 AND state = $2 AND report_id < $3 AND (about IS NULL OR about <> $4) \
     ORDER BY report_id DESC LIMIT $5"
);

/// An office's reports of a state, newest first, without those about the person who reads.
pub async fn of_office(
    tx: &mut Tx,
    (office, reader): (Uuid, Uuid),
    state: State,
    after: Uuid,
    limit: i64,
) -> DbResult<Vec<SealedReport>> {
    Ok(fetch_all!(tx, Row, OF_OFFICE, office, state, after, reader, limit)?.into_iter().map(report).collect())
}

const LOOKUP: &str = "SELECT about FROM fraud_report WHERE report_id = $1 AND office_id = $2";

/// Whom an office's report is about; none where there is no such report.
pub async fn about(tx: &mut Tx, id: Uuid, office: Uuid) -> DbResult<Option<Option<Uuid>>> {
    Ok(fetch_optional!(tx, (Option<Uuid>,), LOOKUP, id, office)?.map(|(about,)| about))
}

const CLOSE: &str = "UPDATE fraud_report SET state = 'closed', closed_by = $3, closed_at = $4, words_sealed = $5 \
    WHERE report_id = $1 AND office_id = $2 AND state = 'open' AND (about IS NULL OR about <> $3)";

/// Closes an open report, by somebody else than it is about.
pub async fn close(
    tx: &mut Tx,
    (id, office): (Uuid, Uuid),
    (by, now): (Uuid, Timestamp),
    words: &[u8],
) -> DbResult<Changed> {
    change!(tx, CLOSE, id, office, by, now, words)
}

// As many as there are whose time ended since the last round.
const FORGET_OLD: &str = "DELETE FROM fraud_report WHERE reported_at <= $1 AND state = 'open'";
const FORGET_CLOSED: &str = "DELETE FROM fraud_report WHERE closed_at <= $1";

/// Deletes reports that came at `old` or earlier, and those closed at `closed` or earlier; gives how many.
pub async fn sweep(tx: &mut Tx, old: Timestamp, closed: Timestamp) -> DbResult<u64> {
    Ok(execute!(tx, FORGET_OLD, old)? + execute!(tx, FORGET_CLOSED, closed)?)
}
