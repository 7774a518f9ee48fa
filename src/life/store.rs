//! SQL of events, notices and block codes.

use uuid::Uuid;

use super::model::{CallEffect, CallOutcome, EventKind, Happening};
use crate::changed::Changed;
use crate::clock::Timestamp;
use crate::db::{DbResult, Tx};
use crate::holder::Reason;
use crate::{change, execute, fetch_all, fetch_optional};

const ADD_EVENT: &str = "
    INSERT INTO life_event (event_id, resident_id, kind, reason, at, actor_kind, actor_id, office_id)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

/// Writes down what happened.
pub async fn add_event(tx: &mut Tx, event_id: Uuid, this: &Happening, at: Timestamp) -> DbResult<()> {
    let Happening { resident_id, kind, reason, actor, office_id } = *this;
    let (actor_kind, actor_id) = (actor.kind(), actor.id());
    execute!(tx, ADD_EVENT, event_id, resident_id, kind, reason, at, actor_kind, actor_id, office_id).map(|_| ())
}

/// An event as it is read back.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct EventRow {
    /// Its id.
    pub event_id: Uuid,
    /// What happened.
    pub kind: EventKind,
    /// Why.
    pub reason: Option<Reason>,
    /// When.
    pub at: Timestamp,
    /// What kind of actor did it.
    pub actor_kind: String,
    /// At which office.
    pub office_id: Option<Uuid>,
}

const EVENTS: &str = "SELECT event_id, kind, reason, at, actor_kind, office_id FROM life_event \
    WHERE resident_id = $1 AND event_id < $2 ORDER BY event_id DESC LIMIT $3";

/// Events of a resident before `before`, newest first.
pub async fn events(tx: &mut Tx, resident: Uuid, before: Uuid, limit: i64) -> DbResult<Vec<EventRow>> {
    fetch_all!(tx, EventRow, EVENTS, resident, before, limit)
}

const ACTOR_OF: &str = "SELECT actor_kind FROM life_event WHERE resident_id = $1 AND event_id = $2";

/// What kind of actor did what an event tells.
pub async fn actor_of(tx: &mut Tx, resident: Uuid, event_id: Uuid) -> DbResult<Option<String>> {
    Ok(fetch_optional!(tx, (String,), ACTOR_OF, resident, event_id)?.map(|(kind,)| kind))
}

const WAS_ACTIVATED: &str =
    "SELECT event_id FROM life_event WHERE resident_id = $1 AND kind = 'activated' ORDER BY event_id LIMIT 1";

/// Whether a resident had a digital KTP on a phone before.
pub async fn was_activated(tx: &mut Tx, resident: Uuid) -> DbResult<bool> {
    Ok(fetch_optional!(tx, (Uuid,), WAS_ACTIVATED, resident)?.is_some())
}

/// An event with all that is told of it to the log that outsiders check.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct LoggedRow {
    /// Its id.
    pub event_id: Uuid,
    /// Whose identity.
    pub resident_id: Uuid,
    /// What happened.
    pub kind: String,
    /// Why.
    pub reason: Option<String>,
    /// When.
    pub at: Timestamp,
    /// What kind of actor did it.
    pub actor_kind: String,
    /// Who.
    pub actor_id: Uuid,
    /// At which office.
    pub office_id: Option<Uuid>,
    /// Where it stands in the log; none before it was taken there.
    pub log_position: Option<i64>,
}

macro_rules! logged {
    ($where:literal) => {
        concat!(
            "SELECT event_id, resident_id, kind, reason, at, actor_kind, actor_id, office_id, log_position FROM life_event ",
            $where
        )
    };
}

const UNLOGGED: &str = logged!("WHERE log_position IS NULL ORDER BY event_id LIMIT $1");

/// Events that are not in the log yet. One whose transaction ends late is found when it has ended, whatever its id.
pub async fn unlogged(tx: &mut Tx, limit: i64) -> DbResult<Vec<LoggedRow>> {
    fetch_all!(tx, LoggedRow, UNLOGGED, limit)
}

const TAKE_TO_LOG: &str =
    "UPDATE life_event SET log_position = $3 WHERE resident_id = $1 AND event_id = $2 AND log_position IS NULL";

/// Says where in the log an event stands; once.
pub async fn take_to_log(tx: &mut Tx, (resident, event_id): (Uuid, Uuid), position: i64) -> DbResult<Changed> {
    change!(tx, TAKE_TO_LOG, resident, event_id, position)
}

const LOGGED: &str = logged!("WHERE log_position >= $1 AND log_position < $2 ORDER BY log_position, event_id LIMIT $3");

/// Events that say to stand at these positions of the log, in their order.
pub async fn logged(tx: &mut Tx, (from, until): (i64, i64), limit: i64) -> DbResult<Vec<LoggedRow>> {
    fetch_all!(tx, LoggedRow, LOGGED, from, until, limit)
}

/// A message about an event.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct NoticeRow {
    /// Its id, to which the outbox refers.
    pub notice_id: Uuid,
    /// Whose identity it is about.
    pub resident_id: Uuid,
    /// The event.
    pub event_id: Uuid,
    /// What happened.
    pub kind: EventKind,
    /// Why.
    pub reason: Option<Reason>,
    /// When.
    pub at: Timestamp,
    /// At which office.
    pub office_id: Option<Uuid>,
    /// To whom, sealed.
    pub sealed: Vec<u8>,
    /// When its link was used.
    pub used_at: Option<Timestamp>,
}

const ADD_NOTICE: &str = "
    INSERT INTO life_notice (notice_id, resident_id, event_id, kind, reason, at, office_id, sealed)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

/// Keeps a message that is to be sent.
pub async fn add_notice(tx: &mut Tx, row: &NoticeRow) -> DbResult<()> {
    let NoticeRow { notice_id, resident_id, event_id, kind, reason, at, office_id, sealed, .. } = row;
    let sealed = sealed.as_slice();
    execute!(tx, ADD_NOTICE, *notice_id, *resident_id, *event_id, *kind, *reason, *at, *office_id, sealed).map(|_| ())
}

const NOTICE: &str = "
    SELECT notice_id, resident_id, event_id, kind, reason, at, office_id, sealed, used_at FROM life_notice
    WHERE notice_id = $1";

/// A message, while it is kept.
pub async fn notice(tx: &mut Tx, id: Uuid) -> DbResult<Option<NoticeRow>> {
    fetch_optional!(tx, NoticeRow, NOTICE, id)
}

const USE_LINK: &str = "UPDATE life_notice SET used_at = $2 WHERE notice_id = $1 AND used_at IS NULL";

/// Uses up the link of a message.
pub async fn use_link(tx: &mut Tx, id: Uuid, now: Timestamp) -> DbResult<Changed> {
    change!(tx, USE_LINK, id, now)
}

const SWEEP_NOTICES: &str = "
    DELETE FROM life_notice WHERE notice_id IN (SELECT notice_id FROM life_notice WHERE at <= $1 ORDER BY at LIMIT $2)";

/// Forgets messages of `before` and earlier; gives how many.
pub async fn sweep_notices(tx: &mut Tx, before: Timestamp, limit: i64) -> DbResult<u64> {
    execute!(tx, SWEEP_NOTICES, before, limit)
}

const ERASE_NOTICES: &str = "DELETE FROM life_notice WHERE resident_id = $1";

/// Forgets all messages to a resident.
pub async fn erase_notices(tx: &mut Tx, resident: Uuid) -> DbResult<()> {
    execute!(tx, ERASE_NOTICES, resident).map(|_| ())
}

const VOID_CODES: &str = "DELETE FROM block_code WHERE resident_id = $1";

/// Voids a resident's block code.
pub async fn void_codes(tx: &mut Tx, resident: Uuid) -> DbResult<()> {
    execute!(tx, VOID_CODES, resident).map(|_| ())
}

const ADD_CODE: &str = "
    INSERT INTO block_code (code_index, resident_id, created_at, code_hash, request_index) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (code_index) DO UPDATE SET resident_id = $2, created_at = $3, code_hash = $4, request_index = $5";

/// Keeps the block code of a NIK, in the place of one before.
pub async fn add_code(
    tx: &mut Tx,
    (nik_index, resident): (&[u8], Uuid),
    (hash, request): (&str, Option<&[u8]>),
    now: Timestamp,
) -> DbResult<()> {
    execute!(tx, ADD_CODE, nik_index, resident, now, hash, request).map(|_| ())
}

const HASH_OF: &str = "SELECT resident_id, code_hash FROM block_code WHERE code_index = $1 AND code_hash IS NOT NULL";

/// Whose a NIK is that has a block code, and the hash of that.
pub async fn hash_of(tx: &mut Tx, nik_index: &[u8]) -> DbResult<Option<(Uuid, String)>> {
    fetch_optional!(tx, (Uuid, String), HASH_OF, nik_index)
}

const REQUEST_OF: &str = "SELECT request_index FROM block_code WHERE code_index = $1 AND request_index IS NOT NULL AND code_hash IS NOT NULL";

/// By which named request a NIK's block code was given.
pub async fn request_of(tx: &mut Tx, nik_index: &[u8]) -> DbResult<Option<Vec<u8>>> {
    Ok(fetch_optional!(tx, (Vec<u8>,), REQUEST_OF, nik_index)?.map(|(request,)| request))
}

const OF_CODE: &str = "SELECT resident_id FROM block_code WHERE code_index = $1 AND code_hash IS NULL";

/// Whose block code this is, in a row of before codes were hashed.
pub async fn of_code(tx: &mut Tx, index: &[u8]) -> DbResult<Option<Uuid>> {
    Ok(fetch_optional!(tx, (Uuid,), OF_CODE, index)?.map(|(resident,)| resident))
}

const HAS_CODE: &str = "SELECT created_at FROM block_code WHERE resident_id = $1";

/// Whether a resident has a block code.
pub async fn has_code(tx: &mut Tx, resident: Uuid) -> DbResult<bool> {
    Ok(fetch_optional!(tx, (Timestamp,), HAS_CODE, resident)?.is_some())
}

const ADD_CALL: &str = "INSERT INTO call_block (event_id, resident_id, office_id, officer_id, at, effect, \
    reason_sealed) VALUES ($1, $2, $3, $4, $5, $6, $7)";

/// Notes what came of somebody's word to an officer of an office.
pub async fn add_call(
    tx: &mut Tx,
    (event_id, resident): (Uuid, Uuid),
    (office, officer): (Uuid, Uuid),
    (effect, sealed): (CallEffect, &[u8]),
    now: Timestamp,
) -> DbResult<()> {
    execute!(tx, ADD_CALL, event_id, resident, office, officer, now, effect, sealed).map(|_| ())
}

const CALLED_SINCE: &str =
    "SELECT at FROM call_block WHERE resident_id = $1 AND at > $2 AND effect = 'blocked' ORDER BY at DESC LIMIT 1";

/// When somebody was last blocked at a caller's word, if after `since`.
pub async fn called_since(tx: &mut Tx, resident: Uuid, since: Timestamp) -> DbResult<Option<Timestamp>> {
    Ok(fetch_optional!(tx, (Timestamp,), CALLED_SINCE, resident, since)?.map(|(at,)| at))
}

// Of as many as are open; none is fine too.
const END_CALLS: &str = "UPDATE call_block SET outcome = $2, outcome_at = $3 WHERE event_id IN \
    (SELECT event_id FROM call_block WHERE resident_id = $1 AND outcome IS NULL) AND outcome IS NULL";

/// A digital KTP was stopped: says what became of the words to officers about it.
pub async fn end_calls(tx: &mut Tx, resident: Uuid, outcome: CallOutcome, now: Timestamp) -> DbResult<()> {
    execute!(tx, END_CALLS, resident, outcome, now).map(|_| ())
}

const END_BLOCKS: &str = "UPDATE call_block SET outcome = $2, outcome_at = $3 WHERE event_id IN \
    (SELECT event_id FROM call_block WHERE resident_id = $1 AND outcome IS NULL AND effect <> 'asked') AND outcome IS NULL";

/// A block was lifted: says what became of the word for it. A link that was sent still counts.
pub async fn end_blocks(tx: &mut Tx, resident: Uuid, outcome: CallOutcome, now: Timestamp) -> DbResult<()> {
    execute!(tx, END_BLOCKS, resident, outcome, now).map(|_| ())
}

/// What came of a word to an officer, and who looked at it.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct CallRow {
    /// The event.
    pub event_id: Uuid,
    /// Who entered it.
    pub officer_id: Uuid,
    /// When.
    pub at: Timestamp,
    /// What it did.
    pub effect: CallEffect,
    /// Why, sealed.
    pub reason_sealed: Vec<u8>,
    /// What became of that.
    pub outcome: Option<CallOutcome>,
    /// When.
    pub outcome_at: Option<Timestamp>,
    /// Which supervisor looked at it.
    pub looked_by: Option<Uuid>,
    /// When.
    pub looked_at: Option<Timestamp>,
    /// The supervisor's words, sealed.
    pub looked_sealed: Option<Vec<u8>>,
}

const CALLS: &str = "SELECT event_id, officer_id, at, effect, reason_sealed, outcome, outcome_at, looked_by, looked_at, \
    looked_sealed FROM call_block WHERE office_id = $1 AND event_id < $2 AND at > $3 AND officer_id <> $4 \
    ORDER BY event_id DESC LIMIT $5";

/// Those of an office after `since` and before an event, newest first; without what one person entered.
pub async fn calls(
    tx: &mut Tx,
    (office, without): (Uuid, Uuid),
    (before, since): (Uuid, Timestamp),
    limit: i64,
) -> DbResult<Vec<CallRow>> {
    fetch_all!(tx, CallRow, CALLS, office, before, since, without, limit)
}

/// An officer, what it did, what became of it, how often.
pub type CallCount = (Uuid, CallEffect, Option<CallOutcome>, i64);

const COUNT_CALLS: &str = "SELECT officer_id, effect, outcome, CAST(COUNT(*) AS BIGINT) FROM call_block \
    WHERE office_id = $1 AND at > $2 AND officer_id <> $3 GROUP BY officer_id, effect, outcome";

/// How many there are in an office after `since`, without those of one person.
pub async fn count_calls(tx: &mut Tx, (office, without): (Uuid, Uuid), since: Timestamp) -> DbResult<Vec<CallCount>> {
    fetch_all!(tx, CallCount, COUNT_CALLS, office, since, without)
}

const CALL: &str = "SELECT event_id, officer_id, at, effect, reason_sealed, outcome, outcome_at, looked_by, looked_at, \
    looked_sealed FROM call_block WHERE event_id = $1 AND office_id = $2";

/// One of an office.
pub async fn call(tx: &mut Tx, event_id: Uuid, office: Uuid) -> DbResult<Option<CallRow>> {
    fetch_optional!(tx, CallRow, CALL, event_id, office)
}

const LOOK: &str = "UPDATE call_block SET looked_by = $3, looked_at = $4, looked_sealed = $5 \
    WHERE event_id = $1 AND office_id = $2 AND looked_by IS NULL AND officer_id <> $3";

/// Notes that a supervisor of the office looked at one; the first counts, and nobody looks at the own.
pub async fn look(
    tx: &mut Tx,
    (event_id, office): (Uuid, Uuid),
    (by, now): (Uuid, Timestamp),
    sealed: &[u8],
) -> DbResult<Changed> {
    change!(tx, LOOK, event_id, office, by, now, sealed)
}

const SWEEP_CALLS: &str = "DELETE FROM call_block WHERE at <= $1";

/// Forgets those of `before` and earlier; gives how many.
pub async fn sweep_calls(tx: &mut Tx, before: Timestamp) -> DbResult<u64> {
    execute!(tx, SWEEP_CALLS, before)
}
