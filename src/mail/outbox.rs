//! The outbox: messages that are to be sent, as rows that commit together with what caused them.
//!
//! Any node may take a due row: taking is one guarded update that writes a lease, so two nodes never hold the same row.
//! A dead node's lease runs out and the row is taken again, with the same Message-ID.

use uuid::Uuid;

use crate::changed::Changed;
use crate::clock::{DAY, HOUR, MICROS, Timestamp};
use crate::db::{DbResult, Tx};
use crate::random::Random;
use crate::{change, execute, fetch_all, fetch_one, fetch_optional, text_column};

/// Seconds for which a node holds a message that it is sending. Longer than any attempt may take.
pub const LEASE_SECONDS: i64 = 120;
/// Seconds after which a message that could not be sent is parked.
pub const GIVE_UP_SECONDS: i64 = DAY;
/// Attempts after which a message is parked in any case: one that crashes its worker must not come back for ever.
pub const MAX_ATTEMPTS: i64 = 100;
/// Seconds until an address may get one message more.
pub const ALLOWANCE_INTERVAL_SECONDS: i64 = HOUR;
/// Seconds for which finished rows are kept, so that their state can be asked for.
pub const KEEP_SECONDS: i64 = 90 * DAY;

const FIRST_DELAY_SECONDS: i64 = 10;
const LONGEST_DELAY_SECONDS: i64 = HOUR;

/// A kind of message. Each domain makes its own, as constants, and says in its module who writes them; a kind that no module
/// names is never sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MailKind {
    name: &'static str,
    burst: i64,
}

impl MailKind {
    /// A kind with the word that the table has for it, which never changes, and how many of its messages one address may get at
    /// once. Each kind has an allowance of its own, so strangers who cause warnings do not use up a holder's codes.
    pub const fn new(name: &'static str, burst: i64) -> Self {
        Self { name, burst }
    }

    /// Its word in the table.
    pub const fn as_str(self) -> &'static str {
        self.name
    }

    /// How many messages of this kind one address may get at once.
    pub const fn burst(self) -> i64 {
        self.burst
    }
}

/// How far a message has come, in the words of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MailState {
    /// Waiting for the mail server.
    Queued,
    /// Waiting for its turn, because the address has had several messages: it goes out by itself at `mail_at`.
    Held,
    /// Handed over to the mail server.
    Sent,
    /// Given up: refused by the mail server, or not sent within a day.
    Failed,
    /// None is on its way: it can be asked for from `mail_at` on.
    NotSent,
}

/// How far a message has come, in the words of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
enum Progress {
    Queued,
    Sent,
    Parked,
    Dropped,
}
text_column!(Progress);

/// A message that this caller has leased: nobody else may send it until the lease runs out.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Leased {
    /// The row.
    pub mail_id: Uuid,
    /// Stable name of the kind, as stored: a newer node may have written one that this program does not know.
    pub kind: String,
    /// What the message is about.
    pub reference: Uuid,
    /// Attempts so far, this one included.
    pub attempts: i64,
    /// When it was enqueued.
    pub created_at: Timestamp,
    /// The lease: later changes demand it.
    pub lease: Uuid,
}

/// What the health report says about the outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stats {
    /// Seconds for which the oldest waiting message waits; `None` when nothing waits.
    pub oldest_queued_seconds: Option<i64>,
    /// Messages given up within the time that rows are kept.
    pub parked: i64,
}

const ENQUEUE: &str = "
    INSERT INTO mail_outbox (mail_id, kind, reference, state, attempts, created_at, due_at, lease_until)
    VALUES ($1, $2, $3, 'queued', 0, $4, $5, 0)";

const DUE: &str = "
    SELECT CAST(1 AS BIGINT) FROM mail_outbox
    WHERE state = 'queued' AND due_at <= $1 AND lease_until <= $1 LIMIT 1";

// The outer conditions repeat the inner ones, so of two nodes that choose the same row, the second finds it leased.
const LEASE: &str = "
    UPDATE mail_outbox SET lease_holder = $1, lease_until = $2, attempts = attempts + 1
    WHERE mail_id IN (
        SELECT mail_id FROM mail_outbox
        WHERE state = 'queued' AND due_at <= $3 AND lease_until <= $3
        ORDER BY due_at, mail_id LIMIT $4)
    AND state = 'queued' AND due_at <= $3 AND lease_until <= $3
    RETURNING mail_id, kind, reference, attempts, created_at, lease_holder AS lease";

const SENT: &str = "
    UPDATE mail_outbox SET state = 'sent', sent_at = $3, lease_until = 0, lease_holder = NULL, last_error = NULL
    WHERE mail_id = $1 AND state = 'queued' AND lease_holder = $2";

const DROPPED: &str = "
    UPDATE mail_outbox SET state = 'dropped', lease_until = 0, lease_holder = NULL, last_error = NULL
    WHERE mail_id = $1 AND state = 'queued' AND lease_holder = $2";

const SUPERSEDE: &str = "
    UPDATE mail_outbox SET state = 'dropped', lease_until = 0, lease_holder = NULL, last_error = NULL
    WHERE reference = $1 AND kind = $2 AND state = 'queued'";

const PARKED: &str = "
    UPDATE mail_outbox SET state = 'parked', lease_until = 0, lease_holder = NULL, last_error = $3
    WHERE mail_id = $1 AND state = 'queued' AND lease_holder = $2";

const RETRY: &str = "
    UPDATE mail_outbox SET due_at = $3, lease_until = 0, lease_holder = NULL, last_error = $4
    WHERE mail_id = $1 AND state = 'queued' AND lease_holder = $2";

// A waiting message comes first: nodes' clocks differ, so the newest row may have an older time than one that was sent.
const STATE: &str = "
    SELECT state, attempts, due_at FROM mail_outbox WHERE reference = $1 AND kind = $2 AND state <> 'dropped'
    ORDER BY CASE state WHEN 'queued' THEN 0 ELSE 1 END, created_at DESC, mail_id DESC LIMIT 1";

// A leaky bucket in one row and one statement: at `full_at` the whole burst is available again.
const RESERVE: &str = "
    INSERT INTO mail_allowance (kind, email_index, full_at) VALUES ($1, $2, $3)
    ON CONFLICT (kind, email_index) DO UPDATE
    SET full_at = CASE WHEN mail_allowance.full_at > $4 THEN mail_allowance.full_at + $5 ELSE $3 END
    WHERE mail_allowance.full_at <= $6
    RETURNING full_at";

const FULL_AT: &str = "SELECT full_at FROM mail_allowance WHERE kind = $1 AND email_index = $2";

const OLDEST: &str = "SELECT MIN(created_at) FROM mail_outbox WHERE state = 'queued'";

// Those that wait for their address's turn are not late.
const WAITS: &str = "
    SELECT CASE WHEN attempts > 0 THEN created_at ELSE due_at END AS since FROM mail_outbox
    WHERE state = 'queued' AND (attempts > 0 OR due_at <= $1) ORDER BY since LIMIT $2";

const COUNT_PARKED: &str = "SELECT COUNT(*) FROM mail_outbox WHERE state = 'parked'";

const SWEEP_OUTBOX: &str = "
    DELETE FROM mail_outbox WHERE mail_id IN (
        SELECT mail_id FROM mail_outbox WHERE mail_id < $1 AND state <> 'queued' ORDER BY mail_id LIMIT $2)";

const SWEEP_ALLOWANCE: &str = "
    DELETE FROM mail_allowance WHERE (kind, email_index) IN (
        SELECT kind, email_index FROM mail_allowance WHERE full_at <= $1 ORDER BY full_at LIMIT $2)
    AND full_at <= $1";

/// Puts a message into the outbox, inside the caller's transaction. Wake the worker after the commit (or let it find
/// the row within a second).
///
/// # Errors
/// When the database did not take it.
pub async fn enqueue(tx: &mut Tx, random: &Random, now: Timestamp, kind: MailKind, reference: Uuid) -> DbResult<Uuid> {
    enqueue_at(tx, random, (now, now), kind, reference).await
}

/// [`enqueue`] with the time at which it is due.
///
/// # Errors
/// When the database did not take it.
pub async fn enqueue_at(
    tx: &mut Tx,
    random: &Random,
    (now, due): (Timestamp, Timestamp),
    kind: MailKind,
    reference: Uuid,
) -> DbResult<Uuid> {
    let mail_id = random.uuid_v7(now);
    execute!(tx, ENQUEUE, mail_id, kind.as_str(), reference, now, due)?;
    Ok(mail_id)
}

/// Drops waiting messages of this kind and reference, because a newer one replaces them. One that is being sent now
/// still goes out, but has no effect.
///
/// # Errors
/// When the database did not do it.
pub async fn supersede(tx: &mut Tx, kind: MailKind, reference: Uuid) -> DbResult<u64> {
    execute!(tx, SUPERSEDE, reference, kind.as_str())
}

/// Whether a message of this kind to this address (by its blind index) may go now: [`MailKind::burst`] at once, then one an
/// hour. A change uses one of them up when the transaction commits. Parallel callers never get more than the allowance.
///
/// # Errors
/// When the database did not answer.
pub async fn allow(tx: &mut Tx, kind: MailKind, email_index: &[u8], now: Timestamp) -> DbResult<Changed> {
    Ok(Changed::one_of(u64::from(reserve(tx, kind, email_index, now, 0).await?.is_some())))
}

/// Uses up the next turn of an address, if it comes within `ahead_seconds`, and gives its time: now or later. `None` leaves
/// everything as it is.
///
/// # Errors
/// When the database did not answer.
pub async fn reserve(
    tx: &mut Tx,
    kind: MailKind,
    email_index: &[u8],
    now: Timestamp,
    ahead_seconds: i64,
) -> DbResult<Option<Timestamp>> {
    let interval = ALLOWANCE_INTERVAL_SECONDS * MICROS;
    let limit = now.plus_seconds((kind.burst() - 1) * ALLOWANCE_INTERVAL_SECONDS + ahead_seconds);
    let (now_us, one_used) = (now.micros(), now.micros() + interval);
    let full =
        fetch_optional!(tx, (Timestamp,), RESERVE, kind.as_str(), email_index, one_used, now_us, interval, limit)?;
    Ok(full.map(|(full,)| full.plus_seconds(-kind.burst() * ALLOWANCE_INTERVAL_SECONDS).max(now)))
}

/// When [`allow`] says yes next: now or later.
///
/// # Errors
/// When the database did not answer.
pub async fn next_turn(tx: &mut Tx, kind: MailKind, email_index: &[u8], now: Timestamp) -> DbResult<Timestamp> {
    let full = fetch_optional!(tx, (Timestamp,), FULL_AT, kind.as_str(), email_index)?;
    Ok(full.map_or(now, |(full,)| full.plus_seconds(-(kind.burst() - 1) * ALLOWANCE_INTERVAL_SECONDS).max(now)))
}

/// How far the newest message of this kind about this reference has come, and when it is due; `None` when there is none.
///
/// # Errors
/// When the database did not answer.
pub async fn state(
    tx: &mut Tx,
    kind: MailKind,
    reference: Uuid,
    now: Timestamp,
) -> DbResult<Option<(MailState, Timestamp)>> {
    let row = fetch_optional!(tx, (Progress, i64, Timestamp), STATE, reference, kind.as_str())?;
    Ok(row.map(|(progress, attempts, due)| {
        let state = match progress {
            Progress::Queued if attempts == 0 && due > now => MailState::Held,
            Progress::Queued => MailState::Queued,
            Progress::Sent => MailState::Sent,
            Progress::Parked | Progress::Dropped => MailState::Failed,
        };
        (state, due)
    }))
}

/// Whether anything is due, without taking it; cheap enough to ask every second.
///
/// # Errors
/// When the database did not answer.
pub async fn any_due(tx: &mut Tx, now: Timestamp) -> DbResult<bool> {
    Ok(fetch_optional!(tx, (i64,), DUE, now)?.is_some())
}

/// Seconds for which the `nth` oldest of the messages waits that the mail server should have; `None` where there are fewer.
///
/// # Errors
/// When the database did not answer.
pub async fn waits(tx: &mut Tx, now: Timestamp, nth: i64) -> DbResult<Option<i64>> {
    let rows = fetch_all!(tx, (Timestamp,), WAITS, now, nth)?;
    let nth = usize::try_from(nth).unwrap_or(usize::MAX);
    Ok(rows.get(nth.saturating_sub(1)).map(|(since,)| now.seconds_since(*since)))
}

/// Takes up to `limit` due messages for [`LEASE_SECONDS`]. They are the caller's once the transaction has committed.
///
/// # Errors
/// When the database did not answer; [`crate::db::DbError::Contention`] when another node was taking at the same time.
pub async fn lease(tx: &mut Tx, random: &Random, now: Timestamp, limit: i64) -> DbResult<Vec<Leased>> {
    let lease = random.uuid_v7(now);
    let until = now.plus_seconds(LEASE_SECONDS);
    fetch_all!(tx, Leased, LEASE, lease, until, now, limit)
}

/// Notes that the mail server has taken the message. `false` when the lease was lost meanwhile: then somebody else
/// answers for the row.
///
/// # Errors
/// When the database did not do it.
pub async fn mark_sent(tx: &mut Tx, leased: &Leased, now: Timestamp) -> DbResult<Changed> {
    change!(tx, SENT, leased.mail_id, leased.lease, now)
}

/// Notes that there is nothing to say any more, e.g. because the registration was cancelled.
///
/// # Errors
/// When the database did not do it.
pub async fn mark_dropped(tx: &mut Tx, leased: &Leased) -> DbResult<Changed> {
    change!(tx, DROPPED, leased.mail_id, leased.lease)
}

/// Gives the message up; its state stays visible. `reason` carries no personal data.
///
/// # Errors
/// When the database did not do it.
pub async fn park(tx: &mut Tx, leased: &Leased, reason: &str) -> DbResult<Changed> {
    change!(tx, PARKED, leased.mail_id, leased.lease, reason)
}

/// What a failed attempt led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterFailure {
    /// It will be tried again at this time.
    RetryAt(Timestamp),
    /// It is parked: a day has passed.
    Parked,
    /// The lease was lost; somebody else answers for the row.
    Lost,
}

/// After an attempt that may succeed later: sets the next one, or parks the message when a day has passed. `reason`
/// carries no personal data.
///
/// # Errors
/// When the database did not do it.
pub async fn mark_failed(
    tx: &mut Tx,
    random: &Random,
    leased: &Leased,
    now: Timestamp,
    reason: &str,
) -> DbResult<AfterFailure> {
    let last = leased.created_at.plus_seconds(GIVE_UP_SECONDS);
    if now >= last || leased.attempts >= MAX_ATTEMPTS {
        return Ok(if park(tx, leased, reason).await?.happened() { AfterFailure::Parked } else { AfterFailure::Lost });
    }
    // The last attempt is at the end of the day, so that the message really gets a whole day.
    let due = now.plus_seconds(delay_seconds(random, leased.attempts)).min(last);
    let changed = change!(tx, RETRY, leased.mail_id, leased.lease, due, reason)?;
    Ok(if changed.happened() { AfterFailure::RetryAt(due) } else { AfterFailure::Lost })
}

/// Seconds until the next attempt: doubling from 10 s to 1 h, with a random upper half, so that not all messages hit a
/// recovered mail server at once.
fn delay_seconds(random: &Random, attempts: i64) -> i64 {
    let doublings = u32::try_from(attempts.clamp(1, 16) - 1).unwrap_or(0);
    let full = (FIRST_DELAY_SECONDS << doublings).min(LONGEST_DELAY_SECONDS);
    let half = full / 2;
    half + i64::try_from(random.below(half.unsigned_abs() + 1)).unwrap_or(0)
}

/// Age of the oldest waiting message, and how many were given up.
///
/// # Errors
/// When the database did not answer.
pub async fn stats(tx: &mut Tx, now: Timestamp) -> DbResult<Stats> {
    let (oldest,) = fetch_one!(tx, (Option<Timestamp>,), OLDEST)?;
    let (parked,) = fetch_one!(tx, (i64,), COUNT_PARKED)?;
    Ok(Stats { oldest_queued_seconds: oldest.map(|at| now.seconds_since(at).max(0)), parked })
}

/// Deletes up to `limit` finished rows older than [`KEEP_SECONDS`] and as many allowances that are whole again.
/// Gives how many rows went.
///
/// # Errors
/// When the database did not do it.
pub async fn sweep(tx: &mut Tx, now: Timestamp, limit: i64) -> DbResult<u64> {
    // Ids begin with the time (UUIDv7), so the oldest rows are a range of the primary key.
    let millis = u64::try_from(now.plus_seconds(-KEEP_SECONDS).micros() / 1_000).unwrap_or(0);
    let before = uuid::Builder::from_unix_timestamp_millis(millis, &[0; 10]).into_uuid();
    let mails = execute!(tx, SWEEP_OUTBOX, before, limit)?;
    let allowances = execute!(tx, SWEEP_ALLOWANCE, now, limit)?;
    Ok(mails + allowances)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_with_jitter_up_to_an_hour() {
        let random = Random::seeded(3);
        for (attempts, low, high) in [(1, 5, 10), (2, 10, 20), (5, 80, 160), (9, 1_280, 2_560), (20, 1_800, 3_600)] {
            let delays: Vec<_> = (0..200).map(|_| delay_seconds(&random, attempts)).collect();
            assert!(delays.iter().all(|delay| (low..=high).contains(delay)), "{attempts}: {delays:?}");
            assert!(delays.iter().any(|delay| *delay != delays[0]), "no jitter at attempt {attempts}");
        }
    }
}
