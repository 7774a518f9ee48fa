//! SQL of reports and their counts.

use uuid::Uuid;

use crate::branch::model::{Happened, Report, ReportState};
use crate::changed::Changed;
use crate::clock::Timestamp;
use crate::db::{DbResult, Tx};
use crate::{change, execute, fetch_all, fetch_optional};

/// A report with what is sealed in it.
pub type SealedReport = (Report, Option<Vec<u8>>);

/// A report that comes.
#[derive(Debug)]
pub struct NewReport<'a> {
    /// The id.
    pub report_id: Uuid,
    /// Of which branch.
    pub branch_id: Uuid,
    /// Whose that is.
    pub relying_party_id: Uuid,
    /// What happened.
    pub what: Happened,
    /// When it did: `YYYY-MM-DD`.
    pub day: &'a str,
    /// What whoever reports wrote, sealed.
    pub sealed: Option<&'a [u8]>,
}

const ADD: &str = "INSERT INTO branch_report (report_id, branch_id, relying_party_id, what, day, state, reported_at, sealed) \
    VALUES ($1, $2, $3, $4, $5, 'open', $6, $7)";
const COUNT: &str = "INSERT INTO branch_tally (relying_party_id, month, branch_id, what, reports) VALUES ($1, $2, $3, $4, 1) \
    ON CONFLICT (relying_party_id, month, branch_id, what) DO UPDATE SET reports = branch_tally.reports + 1";

/// Adds one that is open, and counts it in its month (`YYYY-MM`).
pub async fn add(tx: &mut Tx, new: &NewReport<'_>, month: &str, now: Timestamp) -> DbResult<()> {
    let NewReport { report_id, branch_id, relying_party_id, what, day, sealed } = *new;
    execute!(tx, ADD, report_id, branch_id, relying_party_id, what, day, now, sealed)?;
    execute!(tx, COUNT, relying_party_id, month, branch_id, what).map(|_| ())
}

#[derive(sqlx::FromRow)]
struct Row {
    report_id: Uuid,
    branch_id: Uuid,
    name: String,
    what: Happened,
    day: String,
    state: ReportState,
    reported_at: Timestamp,
    sealed: Option<Vec<u8>>,
    closed_at: Option<Timestamp>,
}

const OF_PARTY: &str = "SELECT r.report_id, r.branch_id, b.name, r.what, r.day, r.state, r.reported_at, r.sealed, r.closed_at \
    FROM branch_report r JOIN branch b ON b.branch_id = r.branch_id \
    WHERE r.relying_party_id = $1 AND r.state = $2 AND r.report_id < $3 ORDER BY r.report_id DESC LIMIT $4";

/// A party's reports of a state, newest first, before an id: a page of `limit`.
pub async fn of_party(
    tx: &mut Tx,
    party: Uuid,
    state: ReportState,
    before: Uuid,
    limit: i64,
) -> DbResult<Vec<SealedReport>> {
    let report = |row: Row| {
        let Row { report_id, branch_id, name: branch, what, day, state, reported_at, sealed, closed_at } = row;
        (Report { report_id, branch_id, branch, what, day, state, reported_at, closed_at }, sealed)
    };
    Ok(fetch_all!(tx, Row, OF_PARTY, party, state, before, limit)?.into_iter().map(report).collect())
}

const CLOSE: &str = "UPDATE branch_report SET state = 'closed', closed_by = $3, closed_at = $4 \
    WHERE report_id = $1 AND relying_party_id = $2 AND state = 'open'";

/// Closes a party's open report.
pub async fn close(tx: &mut Tx, (id, party): (Uuid, Uuid), (by, now): (Uuid, Timestamp)) -> DbResult<Changed> {
    change!(tx, CLOSE, id, party, by, now)
}

const STATE: &str = "SELECT state FROM branch_report WHERE report_id = $1 AND relying_party_id = $2";

/// Where a party's report stands; none where there is no such report.
pub async fn state(tx: &mut Tx, (id, party): (Uuid, Uuid)) -> DbResult<Option<ReportState>> {
    Ok(fetch_optional!(tx, (ReportState,), STATE, id, party)?.map(|(state,)| state))
}

/// What was reported of a branch in a month.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct BranchCount {
    /// The branch.
    pub branch_id: Uuid,
    /// Its name.
    pub name: String,
    /// How often a photocopy was asked for.
    pub photocopy: i64,
    /// How often the digital KTP was refused.
    pub refused: i64,
}

const OF_BRANCHES: &str = "SELECT t.branch_id, b.name, \
    CAST(SUM(CASE WHEN t.what = 'photocopy' THEN t.reports ELSE 0 END) AS BIGINT) AS photocopy, \
    CAST(SUM(CASE WHEN t.what = 'refused' THEN t.reports ELSE 0 END) AS BIGINT) AS refused \
    FROM branch_tally t JOIN branch b ON b.branch_id = t.branch_id \
    WHERE t.relying_party_id = $1 AND t.month = $2 GROUP BY t.branch_id, b.name \
    ORDER BY SUM(t.reports) DESC, b.name, t.branch_id LIMIT $3";

/// A party's branches of which something was reported in a month, the most reported first: `limit` at most.
pub async fn of_branches(tx: &mut Tx, party: Uuid, month: &str, limit: i64) -> DbResult<Vec<BranchCount>> {
    fetch_all!(tx, BranchCount, OF_BRANCHES, party, month, limit)
}

/// What was reported of a party in a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct PartyCount {
    /// The party.
    pub relying_party_id: Uuid,
    /// How often a photocopy was asked for.
    pub photocopy: i64,
    /// How often the digital KTP was refused.
    pub refused: i64,
}

const OF_PARTIES: &str = "SELECT relying_party_id, \
    CAST(SUM(CASE WHEN what = 'photocopy' THEN reports ELSE 0 END) AS BIGINT) AS photocopy, \
    CAST(SUM(CASE WHEN what = 'refused' THEN reports ELSE 0 END) AS BIGINT) AS refused \
    FROM branch_tally WHERE month = $1 GROUP BY relying_party_id \
    ORDER BY SUM(reports) DESC, relying_party_id LIMIT $2";

/// Parties of which something was reported in a month, the most reported first: `limit` at most.
pub async fn of_parties(tx: &mut Tx, month: &str, limit: i64) -> DbResult<Vec<PartyCount>> {
    fetch_all!(tx, PartyCount, OF_PARTIES, month, limit)
}

// As many as there are whose time ended since the last round.
const FORGET_OLD: &str = "DELETE FROM branch_report WHERE reported_at <= $1 AND state = 'open'";
const FORGET_CLOSED: &str = "DELETE FROM branch_report WHERE closed_at <= $1";
const FORGET_COUNTS: &str = "DELETE FROM branch_tally WHERE month < $1";

/// Deletes reports that came at `old` or earlier, those closed at `closed` or earlier, and counts of before a month; gives how many.
pub async fn sweep(tx: &mut Tx, old: Timestamp, closed: Timestamp, month: &str) -> DbResult<u64> {
    let reports = execute!(tx, FORGET_OLD, old)? + execute!(tx, FORGET_CLOSED, closed)?;
    Ok(reports + execute!(tx, FORGET_COUNTS, month)?)
}
