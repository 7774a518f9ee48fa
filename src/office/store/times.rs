//! Hours, holidays and regions of offices.

use uuid::Uuid;

use crate::changed::Changed;
use crate::db::{DbResult, Tx};
use crate::office::model::{Region, Span, Week};
use crate::register::Date;
use crate::{change, execute, fetch_all};

/// A day on which an office is closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holiday {
    /// The day.
    pub day: Date,
    /// Why.
    pub name: String,
}

const HOURS: &str = "SELECT weekday, opens, closes FROM office_hours WHERE office_id = $1 ORDER BY weekday, opens";

/// When an office is open. What the table should not hold is left out.
pub async fn week(tx: &mut Tx, office: Uuid) -> DbResult<Week> {
    let rows = fetch_all!(tx, (i64, i64, i64), HOURS, office)?;
    let spans = rows.into_iter().map(|(weekday, opens, closes)| Span { weekday, opens, closes }).collect();
    Ok(Week::new(spans).unwrap_or_default())
}

const CLEAR_HOURS: &str = "DELETE FROM office_hours WHERE office_id = $1";
const ADD_HOURS: &str = "INSERT INTO office_hours (office_id, weekday, opens, closes) VALUES ($1, $2, $3, $4)";

/// Says anew when an office is open.
pub async fn set_week(tx: &mut Tx, office: Uuid, week: &Week) -> DbResult<()> {
    execute!(tx, CLEAR_HOURS, office)?;
    for span in week.spans() {
        execute!(tx, ADD_HOURS, office, span.weekday, span.opens, span.closes)?;
    }
    Ok(())
}

const REGIONS: &str = "SELECT region_code FROM office_region WHERE office_id = $1 ORDER BY region_code";

/// Whose people an office serves.
pub async fn regions(tx: &mut Tx, office: Uuid) -> DbResult<Vec<Region>> {
    Ok(fetch_all!(tx, (String,), REGIONS, office)?.into_iter().map(|(code,)| Region::stored(code)).collect())
}

const CLEAR_REGIONS: &str = "DELETE FROM office_region WHERE office_id = $1";
const ADD_REGION: &str = "INSERT INTO office_region (office_id, region_code) VALUES ($1, $2)";

/// Says anew whose people an office serves.
pub async fn set_regions(tx: &mut Tx, office: Uuid, regions: &[Region]) -> DbResult<()> {
    execute!(tx, CLEAR_REGIONS, office)?;
    for region in regions {
        execute!(tx, ADD_REGION, office, region.code())?;
    }
    Ok(())
}

const HOLIDAYS: &str = "SELECT day, name FROM office_holiday WHERE office_id = $1 AND day >= $2 ORDER BY day LIMIT $3";

/// Days from `from` on, on which an office is closed.
pub async fn holidays(tx: &mut Tx, office: Uuid, from: Date, limit: i64) -> DbResult<Vec<Holiday>> {
    let rows = fetch_all!(tx, (String, String), HOLIDAYS, office, from.to_string(), limit)?;
    Ok(rows.into_iter().filter_map(|(day, name)| Some(Holiday { day: Date::parse(&day).ok()?, name })).collect())
}

const ADD_HOLIDAY: &str = "INSERT INTO office_holiday (office_id, day, name) \
    SELECT a.office_id, $2, $3 FROM office_above a JOIN office o ON o.office_id = a.office_id \
    WHERE a.above_id = $1 AND a.distance <= $4 AND o.ended_at IS NULL \
    ON CONFLICT (office_id, day) DO UPDATE SET name = excluded.name";

/// An office, and those up to `levels` below it, are closed on a day; gives how many.
pub async fn add_holiday(tx: &mut Tx, office: Uuid, holiday: &Holiday, levels: i64) -> DbResult<u64> {
    execute!(tx, ADD_HOLIDAY, office, holiday.day.to_string(), &holiday.name, levels)
}

const REMOVE_HOLIDAY: &str = "DELETE FROM office_holiday WHERE office_id = $1 AND day = $2";

/// An office is open on a day after all.
pub async fn remove_holiday(tx: &mut Tx, office: Uuid, day: Date) -> DbResult<Changed> {
    change!(tx, REMOVE_HOLIDAY, office, day.to_string())
}

const SWEEP: &str = "DELETE FROM office_holiday WHERE day < $1";

/// Forgets days that are over.
pub async fn sweep(tx: &mut Tx, before: Date) -> DbResult<u64> {
    execute!(tx, SWEEP, before.to_string())
}

const ALL_HOURS: &str = "SELECT h.office_id, h.weekday, h.opens, h.closes FROM office o \
    JOIN office_hours h ON h.office_id = o.office_id WHERE o.code > $1 AND o.code <= $2 AND o.ended_at IS NULL";

/// The hours of all offices between two codes.
pub async fn hours_between(tx: &mut Tx, after: &str, last: &str) -> DbResult<Vec<(Uuid, Span)>> {
    let rows = fetch_all!(tx, (Uuid, i64, i64, i64), ALL_HOURS, after, last)?;
    let span = |(id, weekday, opens, closes)| (id, Span { weekday, opens, closes });
    Ok(rows.into_iter().map(span).collect())
}

const ALL_REGIONS: &str = "SELECT r.office_id, r.region_code FROM office o \
    JOIN office_region r ON r.office_id = o.office_id WHERE o.code > $1 AND o.code <= $2 AND o.ended_at IS NULL";

/// The regions of all offices between two codes.
pub async fn regions_between(tx: &mut Tx, after: &str, last: &str) -> DbResult<Vec<(Uuid, Region)>> {
    let rows = fetch_all!(tx, (Uuid, String), ALL_REGIONS, after, last)?;
    Ok(rows.into_iter().map(|(id, code)| (id, Region::stored(code))).collect())
}

const ALL_HOLIDAYS: &str = "SELECT h.office_id, h.day, h.name FROM office o \
    JOIN office_holiday h ON h.office_id = o.office_id AND h.day >= $3 AND h.day <= $4 \
    WHERE o.code > $1 AND o.code <= $2 AND o.ended_at IS NULL ORDER BY h.day";

/// The holidays of all offices between two codes, on days from one to another.
pub async fn holidays_between(
    tx: &mut Tx,
    (after, last): (&str, &str),
    (from, to): (Date, Date),
) -> DbResult<Vec<(Uuid, Holiday)>> {
    let rows = fetch_all!(tx, (Uuid, String, String), ALL_HOLIDAYS, after, last, from.to_string(), to.to_string())?;
    let holiday = |(id, day, name): (Uuid, String, String)| Some((id, Holiday { day: Date::parse(&day).ok()?, name }));
    Ok(rows.into_iter().filter_map(holiday).collect())
}
