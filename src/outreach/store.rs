//! SQL of outreach.

use uuid::Uuid;

use super::model::{Kind, Outreach, Part, State};
use crate::changed::Changed;
use crate::clock::{DAY, Timestamp};
use crate::db::{DbResult, Tx};
use crate::{change, execute, fetch_all, fetch_optional};

#[derive(sqlx::FromRow)]
struct Row {
    outreach_id: Uuid,
    office_id: Uuid,
    kind: Kind,
    state: State,
    revision: i64,
    village_code: String,
    starts_at: Timestamp,
    ends_at: Timestamp,
    capacity: i64,
    planned_by: Uuid,
    confirmed_by: Option<Uuid>,
    opened_at: Option<Timestamp>,
    closed_at: Option<Timestamp>,
    reported_at: Option<Timestamp>,
    offline_minutes: Option<i64>,
}

impl From<Row> for Outreach {
    fn from(row: Row) -> Self {
        let Row { outreach_id, office_id, kind, state, revision, village_code, starts_at, ends_at, .. } = row;
        let Row { capacity, planned_by, confirmed_by, opened_at, closed_at, reported_at, offline_minutes, .. } = row;
        Self {
            outreach_id,
            office_id,
            kind,
            state,
            revision,
            village_code,
            starts_at,
            ends_at,
            capacity,
            planned_by,
            confirmed_by,
            opened_at,
            closed_at,
            reported_at,
            offline_minutes,
        }
    }
}

macro_rules! select_outreach {
    ($rest:literal) => {
        concat!(
            "SELECT o.outreach_id, o.office_id, o.kind, o.state, o.revision, o.village_code, o.starts_at, o.ends_at, \
             o.capacity, o.planned_by, o.confirmed_by, o.opened_at, o.closed_at, o.reported_at, o.offline_minutes \
             FROM outreach o ",
            $rest
        )
    };
}

const ADD: &str = "INSERT INTO outreach (outreach_id, office_id, kind, state, revision, village_code, starts_at, ends_at, \
    capacity, sealed, forget_after, planned_by, planned_at, confirmed_by) \
    VALUES ($1, $2, $3, $4, 0, $5, $6, $7, $8, $9, $10, $11, $12, $13)";

/// Adds one that is asked for or planned.
pub async fn add(
    tx: &mut Tx,
    this: &Outreach,
    (sealed, forget_after): (&[u8], Timestamp),
    now: Timestamp,
) -> DbResult<()> {
    execute!(
        tx,
        ADD,
        this.outreach_id,
        this.office_id,
        this.kind,
        this.state,
        &this.village_code,
        this.starts_at,
        this.ends_at,
        this.capacity,
        sealed,
        forget_after,
        this.planned_by,
        now,
        this.confirmed_by
    )
    .map(|_| ())
}

const EDIT: &str = "UPDATE outreach SET kind = $3, village_code = $4, starts_at = $5, ends_at = $6, capacity = $7, \
    sealed = $8, forget_after = $9, state = $10, planned_by = $11, confirmed_by = $12, revision = revision + 1 \
    WHERE outreach_id = $1 AND revision = $2 AND state IN ('asked', 'planned')";

/// Writes another plan in place of the one that was read.
pub async fn edit(tx: &mut Tx, this: &Outreach, sealed: &[u8], forget_after: Timestamp) -> DbResult<Changed> {
    change!(
        tx,
        EDIT,
        this.outreach_id,
        this.revision,
        this.kind,
        &this.village_code,
        this.starts_at,
        this.ends_at,
        this.capacity,
        sealed,
        forget_after,
        this.state,
        this.planned_by,
        this.confirmed_by
    )
}

const LOOKUP: &str = select_outreach!("WHERE o.outreach_id = $1");

/// One by its id.
pub async fn lookup(tx: &mut Tx, id: Uuid) -> DbResult<Option<Outreach>> {
    Ok(fetch_optional!(tx, Row, LOOKUP, id)?.map(Outreach::from))
}

const HOLD: &str = "UPDATE outreach SET revision = revision WHERE outreach_id = $1";

/// Reads one and keeps it: nobody else takes a step before this transaction is over.
pub async fn hold(tx: &mut Tx, id: Uuid) -> DbResult<Option<Outreach>> {
    // Two statements: on PostgreSQL the second one sees what was committed while the first one waited.
    if change!(tx, HOLD, id)?.happened() { lookup(tx, id).await } else { Ok(None) }
}

const OF_OFFICE: &str = select_outreach!(
    "WHERE o.office_id = $1 AND (o.starts_at < $2 OR (o.starts_at = $2 AND o.outreach_id < $3)) \
     ORDER BY o.starts_at DESC, o.outreach_id DESC LIMIT $4"
);

/// An office's sessions, those that begin last first.
pub async fn of_office(tx: &mut Tx, office: Uuid, after: (Timestamp, Uuid), limit: i64) -> DbResult<Vec<Outreach>> {
    Ok(fetch_all!(tx, Row, OF_OFFICE, office, after.0, after.1, limit)?.into_iter().map(Outreach::from).collect())
}

// The first condition on the beginning bounds what is read by the index: none lasts longer than a day.
const UPCOMING: &str = select_outreach!(
    "WHERE o.office_id = $1 AND o.starts_at > $2 AND o.starts_at < $3 AND o.ends_at > $4 AND o.kind = 'open' \
     AND o.state IN ('planned', 'open') ORDER BY o.starts_at, o.outreach_id LIMIT $5"
);

/// An office's sessions for everybody that are not over at `now` and begin before `until`, the next first.
pub async fn upcoming(
    tx: &mut Tx,
    office: Uuid,
    (now, until): (Timestamp, Timestamp),
    limit: i64,
) -> DbResult<Vec<Outreach>> {
    let rows = fetch_all!(tx, Row, UPCOMING, office, now.plus_seconds(-DAY), until, now, limit)?;
    Ok(rows.into_iter().map(Outreach::from).collect())
}

const HELD: &str = select_outreach!(
    "WHERE o.office_id = $1 AND o.starts_at >= $2 AND o.starts_at < $3 AND o.state IN ('open', 'closed', 'reported') \
     ORDER BY o.starts_at, o.outreach_id"
);

/// An office's sessions that took place and began in these times, the first first.
pub async fn held(tx: &mut Tx, office: Uuid, (from, until): (Timestamp, Timestamp)) -> DbResult<Vec<Outreach>> {
    Ok(fetch_all!(tx, Row, HELD, office, from, until)?.into_iter().map(Outreach::from).collect())
}

const SEALED: &str = "SELECT sealed FROM outreach WHERE outreach_id = $1";

/// What is sealed.
pub async fn sealed(tx: &mut Tx, id: Uuid) -> DbResult<Option<Vec<u8>>> {
    Ok(fetch_optional!(tx, (Vec<u8>,), SEALED, id)?.map(|(sealed,)| sealed))
}

const CONFIRM: &str = "UPDATE outreach SET state = 'planned', confirmed_by = $3, revision = revision + 1 \
    WHERE outreach_id = $1 AND revision = $2 AND state = 'asked' AND planned_by <> $3";

/// Lets it take place. Nobody confirms what they asked for, whatever the program judged.
pub async fn confirm(tx: &mut Tx, this: &Outreach, by: Uuid) -> DbResult<Changed> {
    change!(tx, CONFIRM, this.outreach_id, this.revision, by)
}

const CANCEL: &str = "UPDATE outreach SET state = 'cancelled', revision = revision + 1 \
    WHERE outreach_id = $1 AND revision = $2 AND state IN ('asked', 'planned')";

/// It does not take place.
pub async fn cancel(tx: &mut Tx, this: &Outreach) -> DbResult<Changed> {
    change!(tx, CANCEL, this.outreach_id, this.revision)
}

const OPEN: &str = "UPDATE outreach SET state = 'open', opened_at = $3, revision = revision + 1 \
    WHERE outreach_id = $1 AND revision = $2 AND state = 'planned' AND ends_at > $3";

/// Opens it.
pub async fn open(tx: &mut Tx, this: &Outreach, now: Timestamp) -> DbResult<Changed> {
    change!(tx, OPEN, this.outreach_id, this.revision, now)
}

const CLOSE: &str = "UPDATE outreach SET state = 'closed', closed_at = $3, revision = revision + 1 \
    WHERE outreach_id = $1 AND revision = $2 AND state = 'open'";

/// Closes it.
pub async fn close(tx: &mut Tx, this: &Outreach, now: Timestamp) -> DbResult<Changed> {
    change!(tx, CLOSE, this.outreach_id, this.revision, now)
}

const REPORT: &str = "UPDATE outreach SET state = 'reported', reported_at = $3, reported_by = $4, offline_minutes = $5, \
    revision = revision + 1 WHERE outreach_id = $1 AND revision = $2 AND state = 'closed'";

/// Reports it, for good.
pub async fn report(tx: &mut Tx, this: &Outreach, by: (Uuid, Timestamp), minutes: i64) -> DbResult<Changed> {
    change!(tx, REPORT, this.outreach_id, this.revision, by.1, by.0, minutes)
}

const CLEAR_ROSTER: &str = "DELETE FROM outreach_roster WHERE outreach_id = $1";
const ADD_TO_ROSTER: &str = "INSERT INTO outreach_roster (outreach_id, staff_id, part, is_open) VALUES ($1, $2, $3, 0)";

/// Puts these people on the roster, in place of those who were.
pub async fn set_roster(tx: &mut Tx, id: Uuid, people: &[(Uuid, Part)]) -> DbResult<()> {
    execute!(tx, CLEAR_ROSTER, id)?;
    for (person, part) in people {
        execute!(tx, ADD_TO_ROSTER, id, *person, *part)?;
    }
    Ok(())
}

const ROSTER: &str = "SELECT staff_id, part FROM outreach_roster WHERE outreach_id = $1 ORDER BY staff_id";

/// Who is on the roster.
pub async fn roster(tx: &mut Tx, id: Uuid) -> DbResult<Vec<(Uuid, Part)>> {
    fetch_all!(tx, (Uuid, Part), ROSTER, id)
}

// As many as are on it; the session was changed before, and answered for.
const OPEN_ROSTER: &str = "UPDATE outreach_roster SET is_open = $2 WHERE outreach_id = $1";

/// Notes that the people of the roster are there, or no longer. Somebody who is in another open session is refused as `DbError::Unique`.
pub async fn set_open(tx: &mut Tx, id: Uuid, is_open: bool) -> DbResult<()> {
    execute!(tx, OPEN_ROSTER, id, i64::from(is_open)).map(|_| ())
}

const WORKING_IN: &str = select_outreach!(
    "JOIN outreach_roster r ON r.outreach_id = o.outreach_id \
     WHERE r.staff_id = $1 AND r.is_open = 1 AND o.state = 'open' AND o.ends_at > $2"
);

/// The open session on whose roster somebody is, unless it was to end at `since` or earlier.
pub async fn working_in(tx: &mut Tx, person: Uuid, since: Timestamp) -> DbResult<Option<Outreach>> {
    Ok(fetch_optional!(tx, Row, WORKING_IN, person, since)?.map(Outreach::from))
}

const ADD_FIGURE: &str = "INSERT INTO outreach_figure (outreach_id, state, people) VALUES ($1, $2, $3)";

/// Keeps what the sheet says.
pub async fn add_figure(tx: &mut Tx, id: Uuid, state: crate::registration::State, people: i64) -> DbResult<()> {
    execute!(tx, ADD_FIGURE, id, state, people).map(|_| ())
}

const FIGURES: &str = "SELECT state, people FROM outreach_figure WHERE outreach_id = $1";

/// What a sheet that was reported says.
pub async fn figures(tx: &mut Tx, id: Uuid) -> DbResult<Vec<(crate::registration::State, i64)>> {
    fetch_all!(tx, (crate::registration::State, i64), FIGURES, id)
}

const TO_FORGET: &str = "SELECT outreach_id FROM outreach WHERE forget_after <= $1 ORDER BY forget_after LIMIT $2";

/// Those of which something is to be forgotten.
pub async fn to_forget(tx: &mut Tx, now: Timestamp, limit: i64) -> DbResult<Vec<Uuid>> {
    Ok(fetch_all!(tx, (Uuid,), TO_FORGET, now, limit)?.into_iter().map(|(id,)| id).collect())
}

const FORGET: &str = "UPDATE outreach SET sealed = $2, forget_after = NULL WHERE outreach_id = $1";

/// Keeps only what is sealed here.
pub async fn forget(tx: &mut Tx, id: Uuid, sealed: &[u8]) -> DbResult<Changed> {
    change!(tx, FORGET, id, sealed)
}
