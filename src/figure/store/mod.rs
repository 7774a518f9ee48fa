//! SQL of figures.

pub mod published;

use std::collections::BTreeMap;

use uuid::Uuid;

use super::model::{Basis, Kind, People, Rate, WaitKind};
use crate::changed::Changed;
use crate::clock::Timestamp;
use crate::db::{DbResult, Tx};
use crate::register::Region;
use crate::{change, execute, fetch_all, fetch_optional};

/// Whether figures are counted, or made anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum MarkState {
    /// What happens is added.
    Counting,
    /// Everything is counted anew; nothing is added until that is prepared.
    Rebuilding,
}
crate::text_column!(MarkState);

const HOLD_MARK: &str = "UPDATE figure_mark SET as_of = as_of WHERE mark = 'figures' AND state = 'counting'";

/// Keeps the mark, if figures are counted: nobody else counts or makes anew before this transaction is over.
pub async fn hold_mark(tx: &mut Tx) -> DbResult<Changed> {
    change!(tx, HOLD_MARK)
}

const COUNTED: &str = "UPDATE figure_mark SET as_of = $1 WHERE mark = 'figures' AND state = 'counting' AND as_of < $1";

/// Notes up to when everything is counted. A miss where that was noted later.
pub async fn counted(tx: &mut Tx, now: Timestamp) -> DbResult<Changed> {
    change!(tx, COUNTED, now)
}

const SET_MARK: &str = "UPDATE figure_mark SET state = $1, as_of = 0 WHERE mark = 'figures'";

/// Begins or ends making everything anew.
pub async fn set_mark(tx: &mut Tx, state: MarkState) -> DbResult<Changed> {
    change!(tx, SET_MARK, state)
}

const MARK: &str = "SELECT state, as_of FROM figure_mark WHERE mark = 'figures'";

/// Whether figures are counted, and up to when they are.
pub async fn mark(tx: &mut Tx) -> DbResult<Option<(MarkState, Timestamp)>> {
    fetch_optional!(tx, (MarkState, Timestamp), MARK)
}

/// What is counted together: office, day, kind, reason, region.
pub type Cell = (Uuid, i64, Kind, String, i64);

const ADD: &str = "INSERT INTO figure_day (office_id, day, kind, reason, home_region, n) VALUES ($1, $2, $3, $4, $5, $6) \
    ON CONFLICT (office_id, day, kind, reason, home_region) DO UPDATE SET n = figure_day.n + excluded.n";

/// Adds to a count.
pub async fn add(tx: &mut Tx, (office, day, kind, reason, region): &Cell, n: i64) -> DbResult<()> {
    execute!(tx, ADD, *office, *day, *kind, reason, *region, n).map(|_| ())
}

const ADD_WAIT: &str = "INSERT INTO figure_wait (office_id, kind, day, minutes, n) VALUES ($1, $2, $3, $4, $5) \
    ON CONFLICT (office_id, kind, day, minutes) DO UPDATE SET n = figure_wait.n + excluded.n";

/// Adds to how often a wait took so long.
pub async fn add_wait(tx: &mut Tx, office: Uuid, (kind, day, minutes): (WaitKind, i64, i64), n: i64) -> DbResult<()> {
    execute!(tx, ADD_WAIT, office, kind, day, minutes, n).map(|_| ())
}

const CLEAR: &str = "DELETE FROM figure_day WHERE (office_id, day) IN \
    (SELECT office_id, day FROM figure_day WHERE office_id >= $2 ORDER BY office_id, day LIMIT $1)";
const CLEAR_WAITS: &str = "DELETE FROM figure_wait WHERE (office_id, kind, day) IN \
    (SELECT office_id, kind, day FROM figure_wait WHERE office_id >= $2 ORDER BY office_id, kind, day LIMIT $1)";

/// Deletes counts of some days; gives how many.
pub async fn clear(tx: &mut Tx, limit: i64) -> DbResult<u64> {
    // From the first id on: so the rows are found by the key.
    let first = Uuid::nil();
    Ok(execute!(tx, CLEAR, limit, first)? + execute!(tx, CLEAR_WAITS, limit, first)?)
}

const OF_OFFICE: &str = "SELECT day, kind, CAST(SUM(n) AS BIGINT) FROM figure_day \
    WHERE office_id = $1 AND day >= $2 AND day < $3 GROUP BY day, kind ORDER BY day";

/// What an office did from a day on until before another, by day and kind.
pub async fn of_office(tx: &mut Tx, office: Uuid, (from, until): (i64, i64)) -> DbResult<Vec<(i64, Kind, i64)>> {
    fetch_all!(tx, (i64, Kind, i64), OF_OFFICE, office, from, until)
}

const REASONS: &str = "SELECT kind, reason, CAST(SUM(n) AS BIGINT) FROM figure_day \
    WHERE office_id = $1 AND day >= $2 AND day < $3 AND kind IN ('returned', 'rejected', 'ended') \
    GROUP BY kind, reason ORDER BY kind, reason";

/// Why an office gave back, refused and ended.
pub async fn reasons(tx: &mut Tx, office: Uuid, (from, until): (i64, i64)) -> DbResult<Vec<(Kind, String, i64)>> {
    fetch_all!(tx, (Kind, String, i64), REASONS, office, from, until)
}

const OUTSIDERS: &str = "SELECT CAST(COALESCE(SUM(n), 0) AS BIGINT) FROM figure_day \
    WHERE office_id = $1 AND day >= $2 AND day < $3 AND kind IN ('activated_first', 'activated_again') \
    AND (home_region < $4 OR home_region >= $5)";

/// Whom an office activated who live outside a range of regions.
pub async fn outsiders(tx: &mut Tx, office: Uuid, (from, until): (i64, i64), (low, high): (i64, i64)) -> DbResult<i64> {
    let found = fetch_optional!(tx, (i64,), OUTSIDERS, office, from, until, low, high)?;
    Ok(found.map_or(0, |(n,)| n))
}

const COHORT: &str = "SELECT kind, CAST(SUM(n) AS BIGINT) FROM figure_day \
    WHERE kind IN ('cohort_registered', 'cohort_selfie', 'cohort_scanned', 'cohort_approved', 'cohort_code_sent', \
    'cohort_activated') AND home_region >= $3 AND home_region < $4 AND day >= $1 AND day < $2 GROUP BY kind";

/// Of the people of a range of regions who registered in these days, how far they came, wherever they went.
pub async fn cohort(tx: &mut Tx, (from, until): (i64, i64), (low, high): (i64, i64)) -> DbResult<Vec<(Kind, i64)>> {
    fetch_all!(tx, (Kind, i64), COHORT, from, until, low, high)
}

/// Of a region and a kind: how many before a day, how many from it on until before another, and how many of these the office did.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Moved {
    /// The village, or what is known of it.
    pub home_region: i64,
    /// What.
    pub kind: Kind,
    /// Before.
    pub before: i64,
    /// Within.
    pub within: i64,
    /// Of those within, the office's own.
    pub own: i64,
}

const STOCK: &str = "SELECT home_region, kind, \
    CAST(SUM(CASE WHEN day < $1 THEN n ELSE 0 END) AS BIGINT) AS before, \
    CAST(SUM(CASE WHEN day >= $1 THEN n ELSE 0 END) AS BIGINT) AS within, \
    CAST(SUM(CASE WHEN day >= $1 AND office_id = $5 THEN n ELSE 0 END) AS BIGINT) AS own \
    FROM figure_day WHERE kind IN ('activated_first', 'activated_again', 'ended', 'moved_in', 'moved_out') \
    AND home_region >= $3 AND home_region < $4 AND day < $2 GROUP BY home_region, kind ORDER BY home_region, kind";

/// How many digital KTPs came and went in a range of regions, up to before a day: all of history, of one office's regions.
pub async fn stock(
    tx: &mut Tx,
    (from, until): (i64, i64),
    (low, high): (i64, i64),
    office: Uuid,
) -> DbResult<Vec<Moved>> {
    fetch_all!(tx, Moved, STOCK, from, until, low, high, office)
}

const WAITS: &str = "SELECT minutes, CAST(SUM(n) AS BIGINT) FROM figure_wait \
    WHERE office_id = $1 AND kind = $2 AND day >= $3 AND day < $4 GROUP BY minutes ORDER BY minutes";

/// How long people waited at an office, sorted: at most one row for each minute of a registration's life.
pub async fn waits(tx: &mut Tx, office: Uuid, kind: WaitKind, (from, until): (i64, i64)) -> DbResult<Vec<(i64, i64)>> {
    fetch_all!(tx, (i64, i64), WAITS, office, kind, from, until)
}

const PUT_PEOPLE: &str = "INSERT INTO figure_region (region, as_of_day, population, eligible, recorded) \
    VALUES ($1, $2, $3, $4, $5) ON CONFLICT (region, as_of_day) DO UPDATE SET population = excluded.population, \
    eligible = excluded.eligible, recorded = excluded.recorded";

/// Keeps what the national aggregate says of a region on a day; said once more, the last word counts.
pub async fn put_people(tx: &mut Tx, (region, day): (i64, i64), people: People) -> DbResult<()> {
    execute!(tx, PUT_PEOPLE, region, day, people.population, people.eligible, people.recorded).map(|_| ())
}

/// A region, the day of its figures, and these.
pub type PeopleRow = (i64, i64, Option<i64>, Option<i64>, Option<i64>);

const PEOPLE: &str = "SELECT region, as_of_day, population, eligible, recorded FROM figure_region f \
    WHERE region >= $1 AND region < $2 AND as_of_day = (SELECT MAX(as_of_day) FROM figure_region \
    WHERE region = f.region AND as_of_day < $3) ORDER BY region";

/// The newest figures of the regions in a range that are of before a day.
pub async fn people(tx: &mut Tx, (low, high): (i64, i64), before: i64) -> DbResult<Vec<PeopleRow>> {
    fetch_all!(tx, PeopleRow, PEOPLE, low, high, before)
}

const PEOPLE_OF: &str = "SELECT population, eligible, recorded FROM figure_region \
    WHERE region = $1 AND as_of_day < $2 ORDER BY as_of_day DESC LIMIT 1";

/// The newest figures of exactly this region that are of before a day.
pub async fn people_of(tx: &mut Tx, region: i64, before: i64) -> DbResult<Option<People>> {
    let found = fetch_optional!(tx, (Option<i64>, Option<i64>, Option<i64>), PEOPLE_OF, region, before)?;
    Ok(found.map(|(population, eligible, recorded)| People { population, eligible, recorded }))
}

const PUT_RATE: &str = "INSERT INTO figure_rate (region, year, basis, permille) VALUES ($1, $2, $3, $4) \
    ON CONFLICT (region, year) DO UPDATE SET basis = excluded.basis, permille = excluded.permille";

/// Sets the target of a region from a year on.
pub async fn put_rate(tx: &mut Tx, region: i64, year: i64, rate: Rate) -> DbResult<()> {
    execute!(tx, PUT_RATE, region, year, rate.basis, rate.permille).map(|_| ())
}

const RATE: &str =
    "SELECT basis, permille FROM figure_rate WHERE region = $1 AND year <= $2 ORDER BY year DESC LIMIT 1";

/// The target that was set for exactly this region, as of a year.
pub async fn rate(tx: &mut Tx, region: i64, year: i64) -> DbResult<Option<Rate>> {
    let found = fetch_optional!(tx, (Basis, i64), RATE, region, year)?;
    Ok(found.map(|(basis, permille)| Rate { basis, permille }))
}

const RATES: &str = "SELECT region, basis, permille FROM figure_rate WHERE region >= $1 AND region < $2 AND year <= $3 ORDER BY region, year";

/// The targets that were set for the regions in a range, as of a year.
pub async fn rates(tx: &mut Tx, (low, high): (i64, i64), year: i64) -> DbResult<BTreeMap<Region, Rate>> {
    let rows = fetch_all!(tx, (i64, Basis, i64), RATES, low, high, year)?;
    // Of a region the newest comes last.
    let of = |(region, basis, permille)| (Region::from_code(region), Rate { basis, permille });
    Ok(rows.into_iter().map(of).collect())
}

const PUT_SCOPE: &str = "INSERT INTO figure_scope (office_id, region) VALUES ($1, $2) \
    ON CONFLICT (office_id) DO UPDATE SET region = excluded.region";

/// Says for which region an office answers.
pub async fn put_scope(tx: &mut Tx, office: Uuid, region: i64) -> DbResult<()> {
    execute!(tx, PUT_SCOPE, office, region).map(|_| ())
}

const SCOPE: &str = "SELECT region FROM figure_scope WHERE office_id = $1";

/// For which region an office answers.
pub async fn scope(tx: &mut Tx, office: Uuid) -> DbResult<Option<i64>> {
    Ok(fetch_optional!(tx, (i64,), SCOPE, office)?.map(|(region,)| region))
}
