//! SQL of sessions.

use uuid::Uuid;

use super::account::Before;
use crate::changed::Changed;
use crate::clock::Timestamp;
use crate::db::{DbResult, Tx};
use crate::staff::model::{AccountState, Initial, Life, Person, Realm, Role};
use crate::{change, execute, fetch_all, fetch_optional};

/// A session with its person.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct SessionRow {
    /// Whose it is.
    #[sqlx(flatten)]
    pub person: Person,
    /// Whether the person may log in.
    pub state: AccountState,
    /// When the last request came.
    pub seen_at: Timestamp,
    /// When it began.
    pub created_at: Timestamp,
    /// When it ends in any case.
    pub expires_at: Timestamp,
    /// When the person logged in before.
    pub previous_at: Option<Timestamp>,
    /// Log-ins that failed between then and this one.
    pub previous_failures: i64,
    /// Since when the person's rights rest.
    pub paused_at: Option<Timestamp>,
    /// When the person's time at the place ends.
    pub ends_at: Option<Timestamp>,
    /// As whom the person acts besides.
    pub acting_role: Option<Role>,
    /// Until when.
    pub acting_until: Option<Timestamp>,
    /// 1 where a passkey opened it, or the first one was added in it.
    pub by_passkey: i64,
    /// Until when the password counts, where an operator made it.
    pub initial_password_until: Option<Timestamp>,
    /// Until when the authenticator secret counts, where an operator saw it.
    pub initial_totp_until: Option<Timestamp>,
}

impl SessionRow {
    /// Which of the secrets an operator knows too.
    pub const fn initial(&self) -> Initial {
        Initial { password: self.initial_password_until, totp: self.initial_totp_until }
    }

    /// How far it has come.
    pub const fn life(&self) -> Life {
        Life { seen_at: self.seen_at, expires_at: self.expires_at, state: self.state, ends_at: self.ends_at }
    }
}

const FIND: &str = "SELECT a.staff_id, a.realm, a.office_id, a.relying_party_id, a.username, a.full_name, a.role, a.region, a.state, \
    s.seen_at, s.created_at, s.expires_at, s.previous_at, s.previous_failures, a.paused_at, a.ends_at, a.acting_role, a.acting_until, \
    s.by_passkey, a.initial_password_until, a.initial_totp_until \
    FROM staff_session s JOIN staff_account a ON a.staff_id = s.staff_id WHERE s.token_hash = $1 AND a.realm = $2";

/// The session of a cookie's hash. One of another realm is none here.
pub async fn find(tx: &mut Tx, realm: Realm, hash: &[u8]) -> DbResult<Option<SessionRow>> {
    fetch_optional!(tx, SessionRow, FIND, hash, realm)
}

const ADD: &str = "INSERT INTO staff_session (token_hash, staff_id, created_at, seen_at, expires_at, previous_at, \
    previous_failures, by_passkey) VALUES ($1, $2, $3, $3, $4, $5, $6, $7)";

/// Adds a session, with what was before it, and whether a passkey opened it.
pub async fn add(
    tx: &mut Tx,
    (hash, by_passkey): (&[u8], bool),
    person: Uuid,
    (now, expires): (Timestamp, Timestamp),
    before: Before,
) -> DbResult<()> {
    execute!(tx, ADD, hash, person, now, expires, before.0, before.1, i64::from(by_passkey)).map(|_| ())
}

const HAS_PASSKEY: &str = "UPDATE staff_session SET by_passkey = 1 WHERE token_hash = $1 AND staff_id = $2";

/// Notes that a passkey was added in a session; `false` where it is over.
pub async fn has_passkey(tx: &mut Tx, hash: &[u8], person: Uuid) -> DbResult<Changed> {
    change!(tx, HAS_PASSKEY, hash, person)
}

const TOUCH: &str = "UPDATE staff_session SET seen_at = $2 WHERE token_hash = $1 AND seen_at < $2";

/// Notes that the session is in use; `false` where a later request did so before, or the session is over.
pub async fn touch(tx: &mut Tx, hash: &[u8], now: Timestamp) -> DbResult<Changed> {
    change!(tx, TOUCH, hash, now)
}

const ROTATE: &str = "UPDATE staff_session SET token_hash = $2, seen_at = $5 \
    WHERE token_hash = $1 AND staff_id = $3 AND expires_at > $5 \
    AND EXISTS (SELECT 1 FROM staff_account a WHERE a.staff_id = $3 AND a.password_hash = $4 AND a.state = $6)";

/// Gives a session another cookie; `false` when it is over, or its person was disabled or has another password.
pub async fn rotate(
    tx: &mut Tx,
    (hash, next): (&[u8], &[u8]),
    (person, password_hash): (Uuid, &str),
    now: Timestamp,
) -> DbResult<Changed> {
    change!(tx, ROTATE, hash, next, person, password_hash, now, AccountState::Active)
}

/// A session as its owner sees it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct OwnSession {
    /// Digest of the cookie.
    pub token_hash: Vec<u8>,
    /// When it began.
    pub created_at: Timestamp,
    /// When the last request came.
    pub seen_at: Timestamp,
    /// When it ends in any case.
    pub expires_at: Timestamp,
}

const OF: &str = "SELECT token_hash, created_at, seen_at, expires_at FROM staff_session \
    WHERE staff_id = $1 AND expires_at > $2 ORDER BY seen_at DESC, token_hash LIMIT 100";

/// The living sessions of a person, the last used first.
pub async fn of(tx: &mut Tx, person: Uuid, now: Timestamp) -> DbResult<Vec<OwnSession>> {
    fetch_all!(tx, OwnSession, OF, person, now)
}

const AT_WORK: &str = "SELECT DISTINCT s.staff_id FROM staff_account a JOIN staff_session s ON s.staff_id = a.staff_id \
    WHERE a.office_id = $1 AND s.seen_at > $2 AND s.expires_at > $3";

/// People of an office of whom a session was in use since a time.
pub async fn at_work(tx: &mut Tx, office: Uuid, since: Timestamp, now: Timestamp) -> DbResult<Vec<Uuid>> {
    Ok(fetch_all!(tx, (Uuid,), AT_WORK, office, since, now)?.into_iter().map(|(person,)| person).collect())
}

const END: &str = "DELETE FROM staff_session WHERE token_hash = $1";

/// Ends a session; `false` when it was over.
pub async fn end(tx: &mut Tx, hash: &[u8]) -> DbResult<Changed> {
    change!(tx, END, hash)
}

const END_OTHERS: &str = "DELETE FROM staff_session WHERE staff_id = $1 AND token_hash <> $2";

/// Ends all sessions of a person but one.
pub async fn end_others(tx: &mut Tx, person: Uuid, but: &[u8]) -> DbResult<()> {
    execute!(tx, END_OTHERS, person, but).map(|_| ())
}

const END_ALL: &str = "DELETE FROM staff_session WHERE staff_id = $1";

/// Ends all sessions of a person.
pub async fn end_all(tx: &mut Tx, person: Uuid) -> DbResult<()> {
    execute!(tx, END_ALL, person).map(|_| ())
}

const END_EVERYBODYS: &str = "DELETE FROM staff_session WHERE created_at <= $1 OR created_at > $1";

/// Ends the sessions of everybody; gives how many.
pub async fn end_everybodys(tx: &mut Tx) -> DbResult<u64> {
    execute!(tx, END_EVERYBODYS, Timestamp::from_micros(0))
}

const SWEEP: &str = "DELETE FROM staff_session WHERE expires_at <= $1";

/// Forgets sessions that are over at `now`.
pub async fn sweep(tx: &mut Tx, now: Timestamp) -> DbResult<u64> {
    execute!(tx, SWEEP, now)
}
