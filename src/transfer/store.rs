//! SQL of moves to another phone.

use uuid::Uuid;

use super::model::{Progress, Source, State, Transfer};
use crate::changed::Changed;
use crate::clock::Timestamp;
use crate::db::{DbError, DbResult, Tx};
use crate::{change, execute, fetch_all, fetch_optional};

#[derive(sqlx::FromRow)]
struct Row {
    transfer_id: Uuid,
    device_thumbprint: Vec<u8>,
    state: State,
    revision: i64,
    expires_at: Timestamp,
    last_spent: Timestamp,
    resident_id: Option<Uuid>,
    former_device: Option<Vec<u8>>,
    generation: Option<i64>,
    match_number: Option<i64>,
    ended_at: Option<Timestamp>,
}

impl TryFrom<Row> for Transfer {
    type Error = DbError;

    fn try_from(row: Row) -> DbResult<Self> {
        let damaged = || DbError::Other(String::from("a transfer's row lacks what its state needs"));
        let source = match (row.resident_id, row.former_device, row.generation, row.match_number) {
            (Some(resident_id), Some(device), Some(generation), Some(match_number)) => {
                Some(Source { resident_id, device, generation, match_number })
            }
            _ => None,
        };
        let progress = match row.state {
            State::WaitingForScan => Progress::WaitingForScan,
            State::WaitingForPin => Progress::WaitingForPin(source.ok_or_else(damaged)?),
            State::Allowed => Progress::Allowed(source.ok_or_else(damaged)?),
            State::Done => Progress::Done(source.ok_or_else(damaged)?, row.ended_at.ok_or_else(damaged)?),
            State::Lapsed => Progress::Lapsed(source, row.ended_at.ok_or_else(damaged)?),
        };
        let Row { transfer_id, device_thumbprint, revision, expires_at, last_spent, .. } = row;
        Ok(Self { transfer_id, device_thumbprint, revision, expires_at, last_spent, progress })
    }
}

macro_rules! select_transfer {
    ($rest:literal) => {
        concat!(
            "SELECT transfer_id, device_thumbprint, state, revision, expires_at, last_spent, resident_id, former_device, \
             generation, match_number, ended_at FROM transfer ",
            $rest
        )
    };
}

const ADD: &str = "INSERT INTO transfer (transfer_id, device_thumbprint, state, revision, created_at, expires_at, \
    last_spent) VALUES ($1, $2, 'waiting_for_scan', 0, $3, $4, 0)";

/// Adds a move. A second one that lives for the same new phone is refused as `DbError::Unique`.
pub(super) async fn add(tx: &mut Tx, this: &Transfer, now: Timestamp) -> DbResult<()> {
    execute!(tx, ADD, this.transfer_id, this.device_thumbprint.as_slice(), now, this.expires_at).map(|_| ())
}

const LOOKUP: &str = select_transfer!("WHERE transfer_id = $1");

/// A move by its id.
pub(super) async fn lookup(tx: &mut Tx, id: Uuid) -> DbResult<Option<Transfer>> {
    fetch_optional!(tx, Row, LOOKUP, id)?.map(Transfer::try_from).transpose()
}

const HOLD: &str = "UPDATE transfer SET revision = revision WHERE transfer_id = $1";

/// Reads a move and keeps it: nobody else takes it a step further before this transaction is over.
pub(super) async fn hold(tx: &mut Tx, id: Uuid) -> DbResult<Option<Transfer>> {
    // Two statements: on PostgreSQL the second one sees what was committed while the first one waited.
    if change!(tx, HOLD, id)?.happened() { lookup(tx, id).await } else { Ok(None) }
}

const OF_DEVICE: &str = select_transfer!("WHERE device_thumbprint = $1 AND ended_at IS NULL");

/// The one that has not ended to a new phone.
pub(super) async fn of_device(tx: &mut Tx, device: &[u8]) -> DbResult<Option<Transfer>> {
    fetch_optional!(tx, Row, OF_DEVICE, device)?.map(Transfer::try_from).transpose()
}

const SAVE: &str = "UPDATE transfer SET state = $3, last_spent = $4, resident_id = $5, former_device = $6, \
    generation = $7, match_number = $8, ended_at = $9, revision = revision + 1 \
    WHERE transfer_id = $1 AND revision = $2 AND ended_at IS NULL";

/// Writes a step, if it still is of the revision that was read.
pub(super) async fn save(tx: &mut Tx, next: &Transfer, now: Timestamp) -> DbResult<Changed> {
    let source = next.source();
    let ended_at = match next.progress {
        Progress::Done(_, at) | Progress::Lapsed(_, at) => Some(at),
        Progress::WaitingForScan | Progress::WaitingForPin(_) | Progress::Allowed(_) => None,
    };
    change!(
        tx,
        SAVE,
        next.transfer_id,
        next.revision,
        next.state(now),
        next.last_spent,
        source.map(|source| source.resident_id),
        source.map(|source| source.device.as_slice()),
        source.map(|source| source.generation),
        source.map(|source| source.match_number),
        ended_at
    )
}

const LAST_DONE: &str = "SELECT ended_at FROM transfer WHERE resident_id = $1 AND state = 'done' AND ended_at > $2 \
    ORDER BY ended_at DESC LIMIT 1";

/// When a resident's digital KTP last moved, if after `since`.
pub(super) async fn last_done(tx: &mut Tx, resident: Uuid, since: Timestamp) -> DbResult<Option<Timestamp>> {
    Ok(fetch_optional!(tx, (Timestamp,), LAST_DONE, resident, since)?.map(|(at,)| at))
}

// As many as live: a restored copy may hold some that were over since.
const END_ALL: &str =
    "UPDATE transfer SET state = 'lapsed', ended_at = $1, revision = revision + 1 WHERE ended_at IS NULL";

/// Ends all that live; gives how many.
pub(super) async fn end_all(tx: &mut Tx, now: Timestamp) -> DbResult<u64> {
    execute!(tx, END_ALL, now)
}

const OVER: &str =
    "SELECT transfer_id FROM transfer WHERE ended_at IS NULL AND expires_at <= $1 ORDER BY expires_at LIMIT $2";

/// Those whose time is over.
pub(super) async fn over(tx: &mut Tx, now: Timestamp, limit: i64) -> DbResult<Vec<Uuid>> {
    Ok(fetch_all!(tx, (Uuid,), OVER, now, limit)?.into_iter().map(|(id,)| id).collect())
}

const SWEEP: &str = "DELETE FROM transfer WHERE transfer_id IN \
    (SELECT transfer_id FROM transfer WHERE ended_at IS NOT NULL AND ended_at <= $1 ORDER BY ended_at LIMIT $2)";

/// Forgets those that ended at `before` or earlier; gives how many.
pub(super) async fn sweep(tx: &mut Tx, before: Timestamp, limit: i64) -> DbResult<u64> {
    execute!(tx, SWEEP, before, limit)
}
