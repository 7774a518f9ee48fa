//! How far registrations came, step by step: what figures count. Whoever writes holds the registration. It names nobody, and stays when the
//! registration is deleted (ADR 23).

use uuid::Uuid;

use crate::clock::Timestamp;
use crate::context::Context;
use crate::db::{DbResult, Tx};
use crate::register::Region;
use crate::registration::model::{Step, WhyNot};
use crate::{execute, fetch_all};

/// A step that a registration takes.
#[derive(Clone, Copy, Debug)]
pub struct Taken {
    /// Which registration.
    pub registration_id: Uuid,
    /// Which step.
    pub step: Step,
    /// Why it went no further.
    pub why: Option<WhyNot>,
    /// At which office.
    pub office_id: Option<Uuid>,
    /// Since when a second person was asked.
    pub asked_at: Option<Timestamp>,
}

impl Taken {
    /// A step at an office, or at none.
    pub const fn new(registration_id: Uuid, step: Step, office_id: Option<Uuid>) -> Self {
        Self { registration_id, step, why: None, office_id, asked_at: None }
    }
}

// The region of the first step is that of all: nothing until the register has answered.
const ADD: &str = "INSERT INTO registration_step (step_id, registration_id, step, reason, at, office_id, home_region, \
    registered_at, waited, is_first, is_counted) VALUES ($1, $2, $3, $4, $5, $6, \
    (SELECT home_region FROM registration_step WHERE registration_id = $2 AND step = 'registered'), \
    COALESCE((SELECT at FROM registration_step WHERE registration_id = $2 AND step = 'registered'), $5), \
    COALESCE($7, (SELECT ($5 - MAX(at)) / 1000000 FROM registration_step WHERE registration_id = $2 AND step = $8)), \
    (SELECT CASE WHEN COUNT(*) = 0 THEN 1 ELSE 0 END FROM registration_step WHERE registration_id = $2 AND step = $3), 0)";

/// Writes a step down.
pub async fn add(context: &Context, tx: &mut Tx, this: Taken, now: Timestamp) -> DbResult<()> {
    let Taken { registration_id, step, why, office_id, asked_at } = this;
    let id = context.random.uuid_v7(now);
    let why = why.map_or("", WhyNot::as_str);
    let waited = asked_at.map(|asked| now.seconds_since(asked));
    let since = step.waits_since().map_or("", Step::as_str);
    execute!(tx, ADD, id, registration_id, step, why, now, office_id, waited, since).map(|_| ())
}

// Of as many as there are; none is fine too.
const SETTLE_STEPS: &str =
    "UPDATE registration_step SET home_region = $2 WHERE registration_id = $1 AND home_region IS NULL";

/// Where the person lives is known now, or will not be: all steps until here count for that region. There may be none left that waits.
pub async fn settle(tx: &mut Tx, registration: Uuid, region: Region) -> DbResult<()> {
    execute!(tx, SETTLE_STEPS, registration, region.code()).map(|_| ())
}

// Of as many as there are; a registration of before figures has none.
const PART_STEPS: &str = "UPDATE registration_step SET registration_id = step_id WHERE registration_id = $1";

/// The registration is deleted: its steps stay, each for itself, and nothing says any more that they were one person's. There may
/// be none.
pub async fn part(tx: &mut Tx, registration: Uuid) -> DbResult<()> {
    execute!(tx, PART_STEPS, registration).map(|_| ())
}

/// A step as figures count it.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Counted {
    /// Which.
    pub step: Step,
    /// Why it went no further; else empty.
    pub reason: String,
    /// When.
    pub at: Timestamp,
    /// At which office.
    pub office_id: Option<Uuid>,
    /// The regency where the person lives.
    pub home_region: i64,
    /// When it was registered.
    pub registered_at: Timestamp,
    /// Seconds that it waited.
    pub waited: Option<i64>,
    /// 1 for the first of its kind in the registration.
    pub is_first: i64,
}

const TAKE: &str = "UPDATE registration_step SET is_counted = 1 WHERE is_counted = 0 AND step_id IN \
    (SELECT step_id FROM registration_step WHERE is_counted = 0 AND home_region IS NOT NULL ORDER BY step_id LIMIT $1) \
    RETURNING step, reason, at, office_id, home_region, registered_at, waited, is_first";

/// Takes steps that were not counted yet. Each is given once, in a transaction that commits.
pub async fn take(tx: &mut Tx, limit: i64) -> DbResult<Vec<Counted>> {
    fetch_all!(tx, Counted, TAKE, limit)
}

const COUNT_ANEW: &str = "UPDATE registration_step SET is_counted = 0 WHERE step_id IN \
    (SELECT step_id FROM registration_step WHERE step_id > $1 ORDER BY step_id LIMIT $2) RETURNING step_id";

/// Gives back steps after one, so that they are counted anew; the last of them, none after all were.
pub async fn count_anew(tx: &mut Tx, after: Uuid, limit: i64) -> DbResult<Option<Uuid>> {
    Ok(fetch_all!(tx, (Uuid,), COUNT_ANEW, after, limit)?.into_iter().map(|(id,)| id).max())
}
