//! What figures count of lives: each change of how many digital KTPs there are, with the region and the office, and without the person
//! (ADR 23).

use uuid::Uuid;

use super::model::TallyKind;
use super::ports::By;
use crate::clock::Timestamp;
use crate::context::Context;
use crate::db::{DbResult, Tx};
use crate::error::Result;
use crate::holder::Reason;
use crate::holder::ports as holder;
use crate::register::Region;
use crate::{execute, fetch_all, fetch_optional};

/// A change that is to be written down.
#[derive(Clone, Copy, Debug)]
pub(super) struct Change {
    kind: TallyKind,
    reason: Option<Reason>,
    office_id: Option<Uuid>,
}

impl Change {
    pub(super) const fn new(kind: TallyKind, reason: Option<Reason>, by: By) -> Self {
        Self { kind, reason, office_id: by.office_id }
    }
}

/// Writes down a change of a digital KTP on a phone, with the region where its holder lives. Who has it on paper alone is not counted.
pub(super) async fn note(context: &Context, tx: &mut Tx, resident: Uuid, change: Change, now: Timestamp) -> Result<()> {
    if !holder::is_on_phone(tx, resident).await? {
        return Ok(());
    }
    let record = holder::kept_record(context, tx, resident).await?;
    let region = record.as_ref().map_or(Region::NONE, Region::of);
    add(context, tx, change, region, now).await
}

const ADD: &str = "INSERT INTO life_tally (tally_id, kind, reason, at, office_id, home_region, is_counted) \
    VALUES ($1, $2, $3, $4, $5, $6, 0)";

pub(super) async fn add(context: &Context, tx: &mut Tx, change: Change, region: Region, now: Timestamp) -> Result<()> {
    let Change { kind, reason, office_id } = change;
    let (id, reason) = (context.random.uuid_v7(now), reason.map_or("", Reason::as_str));
    execute!(tx, ADD, id, kind, reason, now, office_id, region.code())?;
    Ok(())
}

/// A change as figures count it.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Tallied {
    /// What changed.
    pub kind: TallyKind,
    /// Of an end: why; else empty.
    pub reason: String,
    /// When.
    pub at: Timestamp,
    /// Where it was done.
    pub office_id: Option<Uuid>,
    /// Where the holder lived.
    pub home_region: i64,
}

const TAKE: &str = "UPDATE life_tally SET is_counted = 1 WHERE is_counted = 0 AND tally_id IN \
    (SELECT tally_id FROM life_tally WHERE is_counted = 0 ORDER BY tally_id LIMIT $1) \
    RETURNING kind, reason, at, office_id, home_region";

/// Takes changes that were not counted yet. Each is given once, in a transaction that commits.
///
/// # Errors
/// When the database did not do it.
pub async fn take(tx: &mut Tx, limit: i64) -> DbResult<Vec<Tallied>> {
    fetch_all!(tx, Tallied, TAKE, limit)
}

const FIRST: &str = "SELECT at FROM life_tally ORDER BY tally_id LIMIT 1";

/// When the first change was.
///
/// # Errors
/// When the database does not answer.
pub async fn first_tally(tx: &mut Tx) -> DbResult<Option<Timestamp>> {
    Ok(fetch_optional!(tx, (Timestamp,), FIRST)?.map(|(at,)| at))
}

const COUNT_ANEW: &str = "UPDATE life_tally SET is_counted = 0 WHERE tally_id IN \
    (SELECT tally_id FROM life_tally WHERE tally_id > $1 ORDER BY tally_id LIMIT $2) RETURNING tally_id";

/// Gives back changes after one, so that they are counted anew; the last of them, none after all were.
///
/// # Errors
/// When the database did not do it.
pub async fn count_anew(tx: &mut Tx, after: Uuid, limit: i64) -> DbResult<Option<Uuid>> {
    Ok(fetch_all!(tx, (Uuid,), COUNT_ANEW, after, limit)?.into_iter().map(|(id,)| id).max())
}
