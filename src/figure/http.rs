//! Figures over HTTP: the shapes that an office and the national administration share.

use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::others::{Published, Told, Wanted};
use super::sheet;
use crate::error::Result;
use crate::register::Region;

/// A region.
#[derive(Debug, Serialize, ToSchema)]
pub struct FigureRegion {
    /// Its official code, with points.
    #[schema(example = "13.71.11")]
    pub code: String,
    /// Its name; null where more of it is not known.
    #[schema(example = "Koto Tangah")]
    pub name: Option<&'static str>,
}

impl From<Region> for FigureRegion {
    fn from(region: Region) -> Self {
        Self { code: region.dotted(), name: region.name() }
    }
}

/// A percentage of hundredths.
pub fn percents(hundredths: Option<i64>) -> Option<f64> {
    hundredths.and_then(|hundredths| i32::try_from(hundredths).ok()).map(|n| f64::from(n) / 100.0)
}

/// Which region, and which months.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PublishedQuery {
    /// Code of a province or regency. Left out: all that the reader may read.
    #[serde(default)]
    #[param(example = "13.71")]
    region: Option<String>,
    /// The first month, `YYYY-MM`. Left out: the last one alone.
    #[serde(default)]
    #[param(example = "2026-01")]
    from: Option<String>,
    /// The last month, `YYYY-MM`: twelve at most in all. Left out: the newest that is public.
    #[serde(default)]
    #[param(example = "2026-11")]
    to: Option<String>,
}

impl PublishedQuery {
    /// As the domain takes it.
    pub fn wanted(&self) -> Wanted<'_> {
        Wanted { region: self.region.as_deref(), from: self.from.as_deref(), to: self.to.as_deref() }
    }
}

/// What others read of a region, in months that are public. A number that is null is less than five or none, or follows in a later
/// month; nothing that is told can be computed down to less.
#[derive(Debug, Serialize, ToSchema)]
pub struct PublishedReply {
    /// Of which region; null for the country.
    region: Option<FigureRegion>,
    /// The first month.
    #[schema(example = "2026-11")]
    from: String,
    /// The last month.
    #[schema(example = "2026-11")]
    to: String,
    /// The first month that is public.
    #[schema(example = "2026-01")]
    oldest: String,
    /// The last month that is public.
    #[schema(example = "2026-11")]
    newest: String,
    /// All of the region.
    total: PublishedRow,
    /// What lies in it, by code: provinces, regencies or districts.
    rows: Vec<PublishedRow>,
}

/// What is told of a region.
#[derive(Debug, Serialize, ToSchema)]
struct PublishedRow {
    /// Where; null for what lies in none of the others, and for all of the country.
    region: Option<FigureRegion>,
    /// People who live there; null where unknown.
    population: Option<i64>,
    /// Who is to have a KTP-el; null where unknown.
    eligible: Option<i64>,
    /// Whose data were recorded; null where unknown.
    recorded: Option<i64>,
    /// Of the eligible, whose data were not; null where unknown.
    unserved: Option<i64>,
    /// How many digital KTPs there are to be; null where unknown.
    target: Option<i64>,
    /// How many there were before.
    before: Option<i64>,
    /// Activated for the first time.
    activated_first: Option<i64>,
    /// Activated again.
    activated_again: Option<i64>,
    /// Ended.
    ended: Option<i64>,
    /// Moved here.
    moved_in: Option<i64>,
    /// Moved away.
    moved_out: Option<i64>,
    /// How many there are at the end.
    active_now: Option<i64>,
    /// Those that there are, of those whose data were recorded, in per cent; null where either is not told.
    coverage: Option<f64>,
    /// Those that there are, of the target, in per cent; null where either is not told.
    attainment: Option<f64>,
}

impl PublishedRow {
    fn of(row: &Told, region: Option<Region>) -> Self {
        Self {
            region: region.map(FigureRegion::from),
            population: row.people.population,
            eligible: row.people.eligible,
            recorded: row.people.recorded,
            unserved: row.people.unrecorded(),
            target: row.target,
            before: row.before,
            activated_first: row.first,
            activated_again: row.again,
            ended: row.ended,
            moved_in: row.moved_in,
            moved_out: row.moved_out,
            active_now: row.active,
            coverage: percents(row.coverage()),
            attainment: percents(row.attainment()),
        }
    }
}

impl From<Published> for PublishedReply {
    fn from(read: Published) -> Self {
        let scope = Some(read.scope).filter(|scope| *scope != Region::NONE);
        let row = |row: &Told| PublishedRow::of(row, Some(row.region).filter(|region| *region != read.scope));
        Self {
            region: scope.map(FigureRegion::from),
            from: read.months.0.text(),
            to: read.months.1.text(),
            oldest: read.public.0.text(),
            newest: read.public.1.text(),
            total: PublishedRow::of(&read.total, scope),
            rows: read.rows.iter().map(row).collect(),
        }
    }
}

/// The same as a file.
///
/// # Errors
/// When it cannot be written: a fault of ours.
pub fn file(read: &Published) -> Result<Response> {
    let code = if read.scope == Region::NONE { "nasional".to_owned() } else { read.scope.dotted() };
    let (from, to) = (read.months.0.text(), read.months.1.text());
    let name = format!("attachment; filename=\"angka-ktp-digital-{code}-{from}-{to}.csv\"");
    let kind = "text/csv; charset=utf-8".to_owned();
    Ok(([(CONTENT_TYPE, kind), (CONTENT_DISPOSITION, name)], sheet::write(read)?).into_response())
}
