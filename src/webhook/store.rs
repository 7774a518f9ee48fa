//! SQL of webhooks and of what waits for them.

use uuid::Uuid;

use super::model::{Fault, State};
use crate::changed::Changed;
use crate::clock::Timestamp;
use crate::db::{DbResult, Tx};
use crate::{change, execute, fetch_all, fetch_optional};

/// A webhook's row.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Row {
    /// Whose it is.
    pub relying_party_id: Uuid,
    /// How it stands.
    pub state: State,
    /// Raised whenever the address is set.
    pub revision: i64,
    /// Where it is and what it is signed with, sealed.
    pub sealed: Vec<u8>,
    /// When the address was set.
    pub set_at: Timestamp,
    /// When something arrived last.
    pub delivered_at: Option<Timestamp>,
    /// Since when nothing arrives.
    pub failing_since: Option<Timestamp>,
    /// Tries that failed since then.
    pub failures: i64,
    /// Why the last one did.
    pub fault: Option<Fault>,
}

macro_rules! select_webhook {
    ($tail:literal) => {
        concat!(
            "SELECT relying_party_id, state, revision, sealed, set_at, delivered_at, failing_since, failures, fault \
             FROM webhook ",
            $tail
        )
    };
}

const SET: &str = "INSERT INTO webhook (relying_party_id, state, revision, sealed, set_at, failures, due_at, lease_until) \
    VALUES ($1, $2, 1, $3, $4, 0, $4, 0) ON CONFLICT (relying_party_id) DO UPDATE SET state = $2, sealed = $3, set_at = $4, \
    revision = webhook.revision + 1, delivered_at = NULL, failing_since = NULL, failures = 0, fault = NULL, due_at = $4, \
    lease_until = 0, lease_holder = NULL";

/// Sets where a party's webhook is: it has to answer a challenge before anything is sent. Who is sending to the old one notes nothing.
pub async fn set(tx: &mut Tx, party: Uuid, sealed: &[u8], now: Timestamp) -> DbResult<()> {
    execute!(tx, SET, party, State::Unverified, sealed, now).map(|_| ())
}

const LOOKUP: &str = select_webhook!("WHERE relying_party_id = $1");

/// A party's webhook.
pub async fn lookup(tx: &mut Tx, party: Uuid) -> DbResult<Option<Row>> {
    fetch_optional!(tx, Row, LOOKUP, party)
}

const REMOVE: &str = "DELETE FROM webhook WHERE relying_party_id = $1";

/// Removes a party's webhook; `false` where there is none.
pub async fn remove(tx: &mut Tx, party: Uuid) -> DbResult<Changed> {
    change!(tx, REMOVE, party)
}

const VERIFIED: &str = "UPDATE webhook SET state = $3 WHERE relying_party_id = $1 AND revision = $2 AND state = $4";

/// Notes that a webhook answered its challenge; `false` where another address was set meanwhile, or it had before.
pub async fn verified(tx: &mut Tx, party: Uuid, revision: i64) -> DbResult<Changed> {
    change!(tx, VERIFIED, party, revision, State::Active, State::Unverified)
}

const ENQUEUE: &str = "INSERT INTO webhook_message (relying_party_id, message_id, body, created_at) \
    SELECT relying_party_id, $2, $3, $4 FROM webhook WHERE relying_party_id = $1 AND state = $5";

/// Puts a message before a party's webhook; `false` where it has none that anything is sent to.
pub async fn enqueue(tx: &mut Tx, party: Uuid, message: Uuid, body: &str, now: Timestamp) -> DbResult<Changed> {
    change!(tx, ENQUEUE, party, message, body, now, State::Active)
}

const FORGET: &str = "DELETE FROM webhook_message WHERE relying_party_id = $1";

/// Forgets what waits for a party's webhook.
pub async fn forget(tx: &mut Tx, party: Uuid) -> DbResult<u64> {
    execute!(tx, FORGET, party)
}

const WAITING: &str = "SELECT message_id FROM webhook_message WHERE relying_party_id = $1 LIMIT $2";

/// How many messages wait for a party's webhook, at most `most`.
pub async fn waiting(tx: &mut Tx, party: Uuid, most: i64) -> DbResult<i64> {
    let found = fetch_all!(tx, (Uuid,), WAITING, party, most)?;
    Ok(i64::try_from(found.len()).unwrap_or(most))
}

// A party has one webhook, so one of its messages is under way at a time, however many wait: nobody's silence fills the queue.
const DUE: &str = "SELECT relying_party_id FROM webhook w WHERE state = $1 AND due_at <= $2 AND lease_until <= $2 \
    AND EXISTS (SELECT 1 FROM webhook_message m WHERE m.relying_party_id = w.relying_party_id) ORDER BY due_at LIMIT $3";

/// Parties whose webhooks are due.
pub async fn due(tx: &mut Tx, now: Timestamp, limit: i64) -> DbResult<Vec<Uuid>> {
    let rows = fetch_all!(tx, (Uuid,), DUE, State::Active, now, limit)?;
    Ok(rows.into_iter().map(|(party,)| party).collect())
}

const LEASE: &str = "UPDATE webhook SET lease_holder = $2, lease_until = $3 \
    WHERE relying_party_id = $1 AND state = $4 AND due_at <= $5 AND lease_until <= $5";

/// Takes a webhook until `until`; `false` where another node has it, or it is not due.
pub async fn lease(tx: &mut Tx, party: Uuid, holder: Uuid, until: Timestamp, now: Timestamp) -> DbResult<Changed> {
    change!(tx, LEASE, party, holder, until, State::Active, now)
}

/// A message that waits.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Waiting {
    /// Its id, in the order in which they came.
    pub message_id: Uuid,
    /// JSON.
    pub body: String,
}

const NEXT: &str =
    "SELECT message_id, body FROM webhook_message WHERE relying_party_id = $1 ORDER BY message_id LIMIT $2";

/// The messages that wait for a party's webhook, the oldest first.
pub async fn next(tx: &mut Tx, party: Uuid, limit: i64) -> DbResult<Vec<Waiting>> {
    fetch_all!(tx, Waiting, NEXT, party, limit)
}

const DELIVERED: &str = "UPDATE webhook SET delivered_at = $3, failing_since = NULL, failures = 0, fault = NULL \
    WHERE relying_party_id = $1 AND lease_holder = $2";
const DONE: &str = "DELETE FROM webhook_message WHERE relying_party_id = $1 AND message_id = $2";

/// Notes that a message arrived; `false` when the lease was lost meanwhile.
pub async fn delivered(tx: &mut Tx, party: Uuid, holder: Uuid, message: Uuid, now: Timestamp) -> DbResult<Changed> {
    let noted = change!(tx, DELIVERED, party, holder, now)?;
    if noted.happened() {
        execute!(tx, DONE, party, message)?;
    }
    Ok(noted)
}

const FAILED: &str = "UPDATE webhook SET failures = failures + 1, fault = $3, failing_since = COALESCE(failing_since, $4), \
    due_at = $5, lease_until = 0, lease_holder = NULL WHERE relying_party_id = $1 AND lease_holder = $2";

/// Notes that a message did not arrive, and when the next try is; `false` when the lease was lost meanwhile.
pub async fn failed(
    tx: &mut Tx,
    (party, holder): (Uuid, Uuid),
    fault: Fault,
    now: Timestamp,
    due: Timestamp,
) -> DbResult<Changed> {
    change!(tx, FAILED, party, holder, fault, now, due)
}

const STOP: &str = "UPDATE webhook SET state = $3, failures = failures + 1, fault = $4, \
    failing_since = COALESCE(failing_since, $5), lease_until = 0, lease_holder = NULL \
    WHERE relying_party_id = $1 AND lease_holder = $2";

/// Stops a webhook; `false` when the lease was lost meanwhile.
pub async fn stop(tx: &mut Tx, (party, holder): (Uuid, Uuid), fault: Fault, now: Timestamp) -> DbResult<Changed> {
    change!(tx, STOP, party, holder, State::Stopped, fault, now)
}

const RELEASE: &str =
    "UPDATE webhook SET lease_until = 0, lease_holder = NULL WHERE relying_party_id = $1 AND lease_holder = $2";

/// Gives a webhook back.
pub async fn release(tx: &mut Tx, party: Uuid, holder: Uuid) -> DbResult<Changed> {
    change!(tx, RELEASE, party, holder)
}
