//! SQL of what others read.

use uuid::Uuid;

use crate::changed::Changed;
use crate::clock::Timestamp;
use crate::db::{DbResult, Tx};
use crate::figure::model::Kind;
use crate::figure::recap::Month;
use crate::{change, execute, fetch_all, fetch_optional};

/// A month that is public, or being made so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Edition {
    /// Months since 1970-01.
    pub month: i64,
    /// The first region that is not made yet.
    pub next_region: i64,
    /// When all of it was there.
    pub published_at: Option<Timestamp>,
}

impl Edition {
    /// The month.
    pub const fn month(self) -> Month {
        Month(self.month)
    }
}

macro_rules! edition {
    ($tail:literal) => {
        concat!("SELECT month, next_region, published_at FROM figure_edition WHERE month >= 0 ORDER BY month ", $tail)
    };
}

const FIRST_EDITION: &str = edition!("LIMIT 1");
const LAST_EDITION: &str = edition!("DESC LIMIT 1");

/// The newest month of which something is public.
pub async fn last_edition(tx: &mut Tx) -> DbResult<Option<Edition>> {
    fetch_optional!(tx, Edition, LAST_EDITION)
}

/// The first and the last month that are public: they follow each other without a gap.
pub async fn span(tx: &mut Tx) -> DbResult<Option<(Month, Month)>> {
    let first = fetch_optional!(tx, Edition, FIRST_EDITION)?;
    let last = fetch_optional!(tx, Edition, LAST_EDITION)?;
    let Some((first, last)) = first.zip(last) else { return Ok(None) };
    let last = if last.published_at.is_some() { last.month() } else { last.month().before() };
    Ok(Some((first.month(), last)).filter(|(first, last)| first <= last))
}

const BEGIN: &str = "INSERT INTO figure_edition (month, next_region, published_at) VALUES ($1, 0, NULL) \
    ON CONFLICT (month) DO NOTHING";

/// Begins to make a month public; `false` when that was begun.
pub async fn begin(tx: &mut Tx, month: i64) -> DbResult<Changed> {
    change!(tx, BEGIN, month)
}

const ADVANCE: &str = "UPDATE figure_edition SET next_region = $3 \
    WHERE month = $1 AND next_region = $2 AND published_at IS NULL";

/// Notes how far it is; `false` when another was there before.
pub async fn advance(tx: &mut Tx, edition: Edition, next_region: i64) -> DbResult<Changed> {
    change!(tx, ADVANCE, edition.month, edition.next_region, next_region)
}

const COMPLETE: &str = "UPDATE figure_edition SET published_at = $3 \
    WHERE month = $1 AND next_region = $2 AND published_at IS NULL";

/// Notes that all of it is public; `false` when it was.
pub async fn complete(tx: &mut Tx, edition: Edition, now: Timestamp) -> DbResult<Changed> {
    change!(tx, COMPLETE, edition.month, edition.next_region, now)
}

const FIRST_REGION: &str =
    "SELECT home_region FROM figure_day WHERE home_region >= $1 ORDER BY home_region, office_id, kind, day LIMIT 1";

/// The first region, from one on, of which there are figures.
pub async fn first_region(tx: &mut Tx, from: i64) -> DbResult<Option<i64>> {
    Ok(fetch_optional!(tx, (i64,), FIRST_REGION, from)?.map(|(region,)| region))
}

/// A region, an office, a kind, and how many.
pub type Count = (i64, Uuid, Kind, i64);

const COUNTED: &str = "SELECT home_region, office_id, kind, CAST(SUM(n) AS BIGINT) FROM figure_day \
    WHERE home_region >= $1 AND home_region < $2 AND day < $3 \
    AND kind IN ('activated_first', 'activated_again', 'ended', 'moved_in', 'moved_out') \
    GROUP BY home_region, office_id, kind";

/// All that happened in a range of regions before a day: all of history, of one regency.
pub async fn counted(tx: &mut Tx, (low, high): (i64, i64), before: i64) -> DbResult<Vec<Count>> {
    fetch_all!(tx, Count, COUNTED, low, high, before)
}

const TOLD: &str =
    "SELECT home_region, office_id, kind, n FROM figure_told WHERE home_region >= $1 AND home_region < $2";

/// What of it was told.
pub async fn told(tx: &mut Tx, (low, high): (i64, i64)) -> DbResult<Vec<Count>> {
    fetch_all!(tx, Count, TOLD, low, high)
}

const TELL: &str = "INSERT INTO figure_told (home_region, office_id, kind, n) VALUES ($1, $2, $3, $4) \
    ON CONFLICT (home_region, office_id, kind) DO UPDATE SET n = excluded.n";

/// Notes how many of a kind were told of what an office did.
pub async fn tell(tx: &mut Tx, (region, office, kind): (i64, Uuid, Kind), n: i64) -> DbResult<()> {
    execute!(tx, TELL, region, office, kind, n).map(|_| ())
}

const PUBLISH: &str = "INSERT INTO figure_published (month, home_region, kind, n) VALUES ($1, $2, $3, $4)";

/// Makes a number public. It is written once.
pub async fn publish(tx: &mut Tx, (month, region, kind): (i64, i64, Kind), n: i64) -> DbResult<()> {
    execute!(tx, PUBLISH, month, region, kind, n).map(|_| ())
}

/// A region, a kind, how many until before the first month, and until the end of the last.
pub type Sum = (i64, Kind, i64, i64);

const SUMS: &str = "SELECT home_region / $5 * $5 AS place, kind, \
    CAST(SUM(CASE WHEN month = $1 THEN n ELSE 0 END) AS BIGINT), \
    CAST(SUM(CASE WHEN month = $2 THEN n ELSE 0 END) AS BIGINT) \
    FROM figure_published WHERE month IN ($1, $2) AND home_region >= $3 AND home_region < $4 \
    GROUP BY home_region / $5 * $5, kind ORDER BY place, kind";

/// What is public of the regions in a range, put together by so many codes, at the ends of two months.
pub async fn sums(
    tx: &mut Tx,
    (before, last): (Month, Month),
    (low, high): (i64, i64),
    room: i64,
) -> DbResult<Vec<Sum>> {
    fetch_all!(tx, Sum, SUMS, before.0, last.0, low, high, room)
}
