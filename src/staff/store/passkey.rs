//! SQL of passkeys, and of what browsers were asked to sign.
//!
//! Each transaction that changes anything here changes the person's account first, and so waits for others that do.

use uuid::Uuid;

use crate::changed::Changed;
use crate::clock::Timestamp;
use crate::db::{DbResult, Tx};
use crate::staff::model::AccountState;
use crate::staff::passkey::model::{MOST, Purpose};
use crate::{change, execute, fetch_all, fetch_optional};

/// A passkey.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Row {
    /// Its id here.
    pub passkey_id: Uuid,
    /// Whose it is.
    pub staff_id: Uuid,
    /// A keyed digest of the id that the authenticator gave it.
    pub credential_index: Vec<u8>,
    /// Its name and its public key.
    pub sealed: Vec<u8>,
    /// What its authenticator counted when it was used last.
    pub sign_count: i64,
    /// When it was added.
    pub added_at: Timestamp,
    /// When it was used last.
    pub used_at: Option<Timestamp>,
}

const GAIN: &str =
    "UPDATE staff_account SET passkeys = passkeys + 1 WHERE staff_id = $1 AND passkeys < $2 AND state = $3";

/// Counts one more passkey of a person; `false` when there are as many as may be, and for who was disabled.
pub async fn gain(tx: &mut Tx, person: Uuid) -> DbResult<Changed> {
    change!(tx, GAIN, person, MOST, AccountState::Active)
}

const LOSE: &str = "UPDATE staff_account SET passkeys = passkeys - 1 WHERE staff_id = $1 AND passkeys > $2";

/// Counts one less; `false` when no more than `least` are there.
pub async fn lose(tx: &mut Tx, person: Uuid, least: i64) -> DbResult<Changed> {
    change!(tx, LOSE, person, least)
}

const HOLD: &str = "UPDATE staff_account SET passkeys = passkeys WHERE staff_id = $1 AND password_hash = $2 AND state = $3 \
    AND (ends_at IS NULL OR ends_at > $4) \
    AND (initial_password_until IS NULL OR initial_password_until > $4) AND (initial_totp_until IS NULL OR initial_totp_until > $4)";

/// Holds a person's account until the commit; `false` when the person was disabled or got another password than what was compared
/// against, or their time, or that of initial secrets, is over.
pub async fn hold(tx: &mut Tx, person: Uuid, password_hash: &str, now: Timestamp) -> DbResult<Changed> {
    change!(tx, HOLD, person, password_hash, AccountState::Active, now)
}

const ADD: &str = "INSERT INTO staff_passkey (passkey_id, staff_id, credential_index, sealed, sign_count, added_at) \
    VALUES ($1, $2, $3, $4, $5, $6)";

/// Adds a passkey. One that somebody has is refused as `DbError::Unique`.
pub async fn add(tx: &mut Tx, new: &Row) -> DbResult<()> {
    execute!(tx, ADD, new.passkey_id, new.staff_id, &new.credential_index, &new.sealed, new.sign_count, new.added_at)
        .map(|_| ())
}

const OF: &str = "SELECT passkey_id, staff_id, credential_index, sealed, sign_count, added_at, used_at FROM staff_passkey \
    WHERE staff_id = $1 ORDER BY added_at, passkey_id LIMIT $2";

/// The passkeys of a person, the oldest first.
pub async fn of(tx: &mut Tx, person: Uuid) -> DbResult<Vec<Row>> {
    fetch_all!(tx, Row, OF, person, MOST)
}

// Who counts at all counts up: the greatest number decides, whatever was read before.
const USE: &str = "UPDATE staff_passkey SET sign_count = $3, used_at = $4 WHERE credential_index = $1 AND staff_id = $2 \
    AND (sign_count < $3 OR (sign_count = 0 AND $3 = 0))";

/// Notes that a passkey was used; `false` when it was removed, or its authenticator counted no further than it had.
pub async fn note_use(
    tx: &mut Tx,
    (index, person): (&[u8], Uuid),
    sign_count: i64,
    now: Timestamp,
) -> DbResult<Changed> {
    change!(tx, USE, index, person, sign_count, now)
}

const HAS: &str = "SELECT passkey_id FROM staff_passkey WHERE credential_index = $1 AND staff_id = $2";

/// Whether a person has the passkey with this index.
pub async fn has(tx: &mut Tx, index: &[u8], person: Uuid) -> DbResult<bool> {
    Ok(fetch_optional!(tx, (Uuid,), HAS, index, person)?.is_some())
}

const REMOVE: &str = "DELETE FROM staff_passkey WHERE passkey_id = $1 AND staff_id = $2";

/// Removes a passkey; `false` for one that the person does not have.
pub async fn remove(tx: &mut Tx, id: Uuid, person: Uuid) -> DbResult<Changed> {
    change!(tx, REMOVE, id, person)
}

const NONE: &str = "UPDATE staff_account SET passkeys = 0 WHERE staff_id = $1";
const REMOVE_ALL: &str = "DELETE FROM staff_passkey WHERE staff_id = $1";
const FORGET: &str = "DELETE FROM staff_passkey_challenge WHERE staff_id = $1";

/// Takes all passkeys from a person, and what was asked of them: with new secrets.
pub async fn remove_all(tx: &mut Tx, person: Uuid) -> DbResult<()> {
    change!(tx, NONE, person)?.either_way();
    execute!(tx, REMOVE_ALL, person)?;
    forget_asked(tx, person).await
}

/// Forgets what a person's browsers were asked: with another password.
pub async fn forget_asked(tx: &mut Tx, person: Uuid) -> DbResult<()> {
    execute!(tx, FORGET, person).map(|_| ())
}

const FORGET_BEFORE: &str = "DELETE FROM staff_passkey_challenge WHERE staff_id = $1 AND purpose = $2";

/// Forgets what a person's browsers were asked for one purpose.
pub async fn forget_asked_for(tx: &mut Tx, person: Uuid, purpose: Purpose) -> DbResult<()> {
    execute!(tx, FORGET_BEFORE, person, purpose).map(|_| ())
}

const ASK: &str = "INSERT INTO staff_passkey_challenge (challenge_id, staff_id, purpose, sealed, expires_at) \
    VALUES ($1, $2, $3, $4, $5)";

/// Keeps what a browser is asked.
pub async fn ask(
    tx: &mut Tx,
    id: Uuid,
    (person, purpose): (Uuid, Purpose),
    sealed: &[u8],
    expires_at: Timestamp,
) -> DbResult<()> {
    execute!(tx, ASK, id, person, purpose, sealed, expires_at).map(|_| ())
}

const ASKED: &str = "SELECT sealed FROM staff_passkey_challenge \
    WHERE challenge_id = $1 AND staff_id = $2 AND purpose = $3 AND expires_at > $4";

/// What a browser of this person was asked for this purpose.
pub async fn asked(
    tx: &mut Tx,
    id: Uuid,
    (person, purpose): (Uuid, Purpose),
    now: Timestamp,
) -> DbResult<Option<Vec<u8>>> {
    Ok(fetch_optional!(tx, (Vec<u8>,), ASKED, id, person, purpose, now)?.map(|(sealed,)| sealed))
}

const ANSWER: &str = "DELETE FROM staff_passkey_challenge \
    WHERE challenge_id = $1 AND staff_id = $2 AND purpose = $3 AND expires_at > $4";

/// Uses up what a browser was asked; `false` when that was done, or is too old.
pub async fn answer(tx: &mut Tx, id: Uuid, (person, purpose): (Uuid, Purpose), now: Timestamp) -> DbResult<Changed> {
    change!(tx, ANSWER, id, person, purpose, now)
}

const FORGET_ALL_ASKED: &str = "DELETE FROM staff_passkey_challenge WHERE expires_at > $1";

/// Forgets every question that an authenticator was asked and has not answered.
pub async fn forget_all_asked(tx: &mut Tx) -> DbResult<u64> {
    execute!(tx, FORGET_ALL_ASKED, Timestamp::from_micros(0))
}

const SWEEP: &str = "DELETE FROM staff_passkey_challenge WHERE expires_at <= $1";

/// Forgets what nobody answered in time; gives how many.
pub async fn sweep(tx: &mut Tx, now: Timestamp) -> DbResult<u64> {
    execute!(tx, SWEEP, now)
}
