//! SQL of activation: the `code_*` and `challenge_spent` columns of the registration, its last states.

use uuid::Uuid;

use super::model::{CODE_TRIES, CodeStatus};
use crate::changed::Changed;
use crate::clock::Timestamp;
use crate::db::{DbError, DbResult, Tx};
use crate::device::Thumbprint;
use crate::registration::model::State;
use crate::{change, fetch_optional};

#[derive(sqlx::FromRow)]
struct CodeRow {
    state: String,
    code_generation: i64,
    code_tries: i64,
    code_sent_at: Option<Timestamp>,
    code_expires_at: Option<Timestamp>,
    code_day: i64,
    code_day_count: i64,
    expires_at: Timestamp,
}

impl TryFrom<CodeRow> for CodeStatus {
    type Error = DbError;

    fn try_from(row: CodeRow) -> DbResult<Self> {
        let state = State::from_word(&row.state)
            .ok_or_else(|| DbError::Other(String::from("registration.state holds an unknown word")))?;
        Ok(Self {
            state,
            generation: row.code_generation,
            tries: row.code_tries,
            sent_at: row.code_sent_at,
            expires_at: row.code_expires_at,
            day: row.code_day,
            day_count: row.code_day_count,
            registration_expires_at: row.expires_at,
        })
    }
}

const LOOKUP: &str = "
    SELECT state, code_generation, code_tries, code_sent_at, code_expires_at, code_day, code_day_count, expires_at
    FROM registration WHERE registration_id = $1";

const HOLD_FOR_DEVICE: &str = "
    UPDATE registration SET revision = revision WHERE registration_id = $1 AND device_thumbprint = $2
    RETURNING state, code_generation, code_tries, code_sent_at, code_expires_at, code_day, code_day_count, expires_at";

const LOOKUP_FOR_DEVICE: &str = "
    SELECT state, code_generation, code_tries, code_sent_at, code_expires_at, code_day, code_day_count, expires_at
    FROM registration WHERE registration_id = $1 AND device_thumbprint = $2";

const COUNT_TRY: &str = "
    UPDATE registration SET code_tries = code_tries + 1
    WHERE registration_id = $1 AND state = 'code_sent' AND code_generation = $2 AND code_tries < $3
        AND (code_expires_at IS NULL OR code_expires_at > $4) AND expires_at > $4
    RETURNING code_tries";

const CONFIRM: &str = "
    UPDATE registration SET state = 'needs_pin', updated_at = $3, expires_at = $4, revision = revision + 1
    WHERE registration_id = $1 AND state = 'code_sent' AND code_generation = $2 AND expires_at > $3";

const NEW_CODE: &str = "
    UPDATE registration SET code_generation = code_generation + 1, code_tries = 0, code_sent_at = NULL,
        code_expires_at = NULL, code_day = $3, code_day_count = $4, revision = revision + 1
    WHERE registration_id = $1 AND code_generation = $2 AND state = 'code_sent'";

const SENT: &str = "
    UPDATE registration SET code_sent_at = $2, code_expires_at = $3
    WHERE registration_id = $1 AND state = 'code_sent' AND code_sent_at IS NULL";

const ACTIVATE: &str = "
    UPDATE registration SET state = 'active', challenge_spent = $2, updated_at = $3, ended_at = $3, revision = revision + 1
    WHERE registration_id = $1 AND state = 'needs_pin' AND challenge_spent < $2 AND expires_at > $3";

const KEEP_SELFIE_UNTIL: &str = "UPDATE registration_selfie SET delete_after = $2 WHERE registration_id = $1";

/// What activation sees of a registration.
///
/// # Errors
/// When the database did not answer.
pub async fn lookup(tx: &mut Tx, id: Uuid) -> DbResult<Option<CodeStatus>> {
    fetch_optional!(tx, CodeRow, LOOKUP, id)?.map(CodeStatus::try_from).transpose()
}

/// The same for the device that the registration belongs to; `None` to every other.
///
/// # Errors
/// When the database did not answer.
pub async fn lookup_for_device(tx: &mut Tx, id: Uuid, device: &Thumbprint) -> DbResult<Option<CodeStatus>> {
    fetch_optional!(tx, CodeRow, LOOKUP_FOR_DEVICE, id, device.as_slice())?.map(CodeStatus::try_from).transpose()
}

/// What [`lookup_for_device`] gives, kept: nobody else writes the registration before this transaction is over.
///
/// # Errors
/// When the database did not answer.
pub async fn hold_for_device(tx: &mut Tx, id: Uuid, device: &Thumbprint) -> DbResult<Option<CodeStatus>> {
    fetch_optional!(tx, CodeRow, HOLD_FOR_DEVICE, id, device.as_slice())?.map(CodeStatus::try_from).transpose()
}

/// Counts one try of the code of this generation; gives how many there are now, or `None` when none may be made.
///
/// # Errors
/// When the database did not do it.
pub async fn count_try(tx: &mut Tx, id: Uuid, generation: i64, now: Timestamp) -> DbResult<Option<i64>> {
    Ok(fetch_optional!(tx, (i64,), COUNT_TRY, id, generation, CODE_TRIES, now)?.map(|(tries,)| tries))
}

/// `code_sent` → `needs_pin`. `false` when the code was voided or the state has changed.
///
/// # Errors
/// When the database did not do it.
pub async fn confirm(tx: &mut Tx, id: Uuid, generation: i64, now: Timestamp, ends: Timestamp) -> DbResult<Changed> {
    change!(tx, CONFIRM, id, generation, now, ends)
}

/// Voids the code of `generation` and begins the next one. `false` when somebody else did, or the state has changed.
///
/// # Errors
/// When the database did not do it.
pub async fn new_code(tx: &mut Tx, id: Uuid, generation: i64, day: i64, day_count: i64) -> DbResult<Changed> {
    change!(tx, NEW_CODE, id, generation, day, day_count)
}

/// The life of the present code begins, unless it has begun already.
///
/// # Errors
/// When the database did not do it.
pub async fn sent(tx: &mut Tx, id: Uuid, now: Timestamp, expires_at: Timestamp) -> DbResult<()> {
    // A mail of the same code that went out before has begun its life.
    change!(tx, SENT, id, now, expires_at).map(Changed::either_way)
}

/// `needs_pin` → `active`, spending the challenge. `false` when state, time or challenge do not allow it.
///
/// # Errors
/// When the database did not do it.
pub async fn activate(tx: &mut Tx, id: Uuid, challenge_issued: Timestamp, now: Timestamp) -> DbResult<Changed> {
    change!(tx, ACTIVATE, id, challenge_issued, now)
}

/// Sets when the selfie is to be deleted.
///
/// # Errors
/// When the database did not do it.
pub async fn keep_selfie_until(tx: &mut Tx, id: Uuid, until: Timestamp) -> DbResult<()> {
    // There may be none.
    change!(tx, KEEP_SELFIE_UNTIL, id, until).map(Changed::either_way)
}
