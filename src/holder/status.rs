//! Why a digital KTP is not active, and the two ways of changing that: it is stopped, and it is started again. Both hold the
//! credential's row first, so that whoever stops and whoever starts at the same time see one after the other.

use uuid::Uuid;

use super::model::{Credential, CredentialState, Reason, Standing, Status};
use super::store::CredentialRow;
use crate::changed::Changed;
use crate::clock::Timestamp;
use crate::db::{DbResult, Tx};
use crate::error::{Code, Result};
use crate::status_list::ports as status_list;
use crate::{change, execute, fetch_all, fetch_optional};

// A write, because there is no other way of holding a row on both engines; it changes nothing.
const HOLD: &str = "
    UPDATE credential SET pin_tries = pin_tries WHERE resident_id = $1
    RETURNING resident_id, state, generation, pin_tries, pin_wait_until, session, session_ends_at, activated_at";

const SET_STATE: &str = "
    UPDATE credential SET state = $2, generation = generation + 1, session = session + 1, session_ends_at = 0
    WHERE resident_id = $1 AND generation = $3";

const RAISE: &str = "
    UPDATE credential SET generation = $2, session = session + 1, session_ends_at = 0
    WHERE resident_id = $1 AND generation < $2";

const STATUS: &str = "SELECT reason, since, until, event_id FROM credential_status WHERE resident_id = $1";

const PUT: &str = "
    INSERT INTO credential_status (resident_id, reason, since, until, event_id) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (resident_id) DO UPDATE SET reason = excluded.reason, since = excluded.since, until = excluded.until,
        event_id = excluded.event_id";

const DELETE: &str = "DELETE FROM credential_status WHERE resident_id = $1";

const OVER: &str =
    "SELECT resident_id FROM credential_status WHERE until IS NOT NULL AND until <= $1 ORDER BY until LIMIT $2";

const TO_ERASE: &str = "SELECT resident_id FROM credential_status
    WHERE reason IN ('closed', 'consent_withdrawn') AND since <= $1 ORDER BY since LIMIT $2";

const REOPENED: &str =
    "DELETE FROM credential_status WHERE resident_id = $1 AND reason = 'closed' AND since > $2 AND event_id = $3";

const ERASED: &str = "DELETE FROM credential_status
    WHERE resident_id = $1 AND reason IN ('closed', 'consent_withdrawn') AND since <= $2";

/// What stopping found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// It is stopped now, for this reason.
    Now(Status),
    /// It was stopped already, for a reason that goes before the new one or is the same: nothing changed.
    Before(Status),
    /// There is nothing to stop: no digital KTP, or one that has ended for good.
    Nothing,
}

/// Stops a digital KTP: every token and session of it is void with the commit. `event_id` is the event that tells of it.
///
/// # Errors
/// When the database did not do it.
pub async fn stop(
    tx: &mut Tx,
    resident: Uuid,
    reason: Reason,
    (now, until): (Timestamp, Option<Timestamp>),
    event_id: Uuid,
) -> Result<Stopped> {
    let Some(credential) = hold(tx, resident).await? else { return Ok(Stopped::Nothing) };
    let status = status(tx, resident).await?;
    match status {
        Some(status) if !reason.goes_before(status.reason) => {
            // Said once more: what was begun meanwhile to lift the block (a recovery under way) is void.
            if (reason, status.reason) == (Reason::SelfBlock, Reason::SelfBlock) {
                set_state(tx, &credential, CredentialState::Blocked).await?;
            }
            return Ok(Stopped::Before(status));
        }
        // Ended by an older program, which wrote no reason.
        None if credential.standing == Standing::Deactivated => return Ok(Stopped::Nothing),
        _ => {}
    }
    let status = Status { reason, since: now, until, event_id };
    set_state(tx, &credential, reason.state()).await?;
    execute!(tx, PUT, resident, reason, now, until, event_id)?;
    Ok(Stopped::Now(status))
}

/// Starts a digital KTP again that is blocked for a reason for which `may` holds. Wrong tries at its PIN stay counted. Gives the
/// reason that has ended.
///
/// # Errors
/// `wrong_state` when it is not blocked, or for another reason.
pub async fn restart(tx: &mut Tx, resident: Uuid, may: impl Fn(&Status) -> bool) -> Result<Status> {
    let credential = hold(tx, resident).await?.ok_or(Code::WrongState)?;
    let status = status(tx, resident).await?.filter(|status| status.reason.state() == CredentialState::Blocked);
    let status = status.filter(may).ok_or(Code::WrongState)?;
    set_state(tx, &credential, CredentialState::Active).await?;
    execute!(tx, DELETE, resident)?;
    Ok(status)
}

/// Makes a digital KTP active again that its holder closed after `after`, in this generation: as it was, but for what was shown before.
/// Whoever erases, enrols or stops it for another reason holds the same row, and finds it active, or is found to have been faster.
///
/// # Errors
/// `wrong_state` when it is not closed, was closed earlier, or is of another generation by now.
pub async fn reopen(
    tx: &mut Tx,
    (resident, generation): (Uuid, i64),
    closing: Uuid,
    after: Timestamp,
) -> Result<Status> {
    let held = hold(tx, resident).await?.filter(|held| held.generation == generation).ok_or(Code::WrongState)?;
    let status = status(tx, resident).await?.ok_or(Code::WrongState)?;
    change!(tx, REOPENED, resident, after, closing)?.demand()?;
    set_state(tx, &held, CredentialState::Active).await?;
    Ok(status)
}

/// Gives a blocked digital KTP another reason that is easier to undo, where the present one is among `present`. It stays blocked.
/// `None` when it is not stopped for one of these.
///
/// # Errors
/// When the database did not do it.
pub async fn ease(
    tx: &mut Tx,
    resident: Uuid,
    (present, reason): (&[Reason], Reason),
    now: Timestamp,
    event_id: Uuid,
) -> Result<Option<Status>> {
    if hold(tx, resident).await?.is_none() {
        return Ok(None);
    }
    let found = status(tx, resident).await?;
    if !found.is_some_and(|found| present.contains(&found.reason)) {
        return Ok(None);
    }
    let none: Option<Timestamp> = None;
    execute!(tx, PUT, resident, reason, now, none, event_id)?;
    Ok(Some(Status { reason, since: now, until: None, event_id }))
}

/// Goes on with the generations after the last that is known from elsewhere: none is given twice, and what was asked of an earlier one
/// counts no more.
///
/// # Errors
/// When the database did not do it.
pub async fn raise(tx: &mut Tx, resident: Uuid, generation: i64) -> Result<()> {
    change!(tx, RAISE, resident, generation)?.either_way();
    Ok(())
}

/// Stops a digital KTP as it was stopped after the copy of the database was made that is restored: whatever the copy says is older. `false`
/// when there is none.
///
/// # Errors
/// When the database did not do it.
pub async fn stop_again(tx: &mut Tx, resident: Uuid, status: &Status) -> Result<bool> {
    let Some(held) = hold(tx, resident).await? else { return Ok(false) };
    set_state(tx, &held, status.reason.state()).await?;
    execute!(tx, PUT, resident, status.reason, status.since, status.until, status.event_id)?;
    Ok(true)
}

/// Starts a digital KTP as it was started after that. `false` when there is none, or none that is stopped for a reason that is written.
///
/// # Errors
/// When the database did not do it.
pub async fn start_again(tx: &mut Tx, resident: Uuid) -> Result<bool> {
    let Some(held) = hold(tx, resident).await? else { return Ok(false) };
    if status(tx, resident).await?.is_none() {
        return Ok(false);
    }
    set_state(tx, &held, CredentialState::Active).await?;
    execute!(tx, DELETE, resident)?;
    Ok(true)
}

/// Voids every token and session of an active digital KTP, because what they rest on has changed (a PIN, a device).
///
/// # Errors
/// `wrong_state` when it is not active in this generation.
pub async fn renew(tx: &mut Tx, resident: Uuid, generation: i64) -> Result<()> {
    let held = hold(tx, resident).await?.filter(|held| held.generation == generation).ok_or(Code::WrongState)?;
    match held.standing {
        Standing::Active(_) => set_state(tx, &held, CredentialState::Active).await,
        Standing::Blocked | Standing::Deactivated => Err(Code::WrongState.into()),
    }
}

/// The credential, held until the end of the transaction.
///
/// # Errors
/// When the database does not answer.
pub async fn hold(tx: &mut Tx, resident: Uuid) -> DbResult<Option<Credential>> {
    Ok(fetch_optional!(tx, CredentialRow, HOLD, resident)?.map(Credential::from))
}

/// Why a resident's digital KTP is not active; `None` while it is.
///
/// # Errors
/// When the database does not answer.
pub async fn status(tx: &mut Tx, resident: Uuid) -> DbResult<Option<Status>> {
    type Row = (Reason, Timestamp, Option<Timestamp>, Uuid);
    let row = fetch_optional!(tx, Row, STATUS, resident)?;
    Ok(row.map(|(reason, since, until, event_id)| Status { reason, since, until, event_id }))
}

/// Residents who closed their digital KTP at `before` or earlier, and whose data are still kept.
///
/// # Errors
/// When the database does not answer.
pub async fn to_erase(tx: &mut Tx, before: Timestamp, limit: i64) -> DbResult<Vec<Uuid>> {
    Ok(fetch_all!(tx, (Uuid,), TO_ERASE, before, limit)?.into_iter().map(|(resident,)| resident).collect())
}

/// Notes that what was kept about a resident is erased. A miss when it is not to be: closed later, active anew, or erased already.
///
/// # Errors
/// When the database did not do it.
pub(super) async fn erased(tx: &mut Tx, resident: Uuid, before: Timestamp) -> DbResult<Changed> {
    change!(tx, ERASED, resident, before)
}

/// Forgets why a credential was not active, because it is anew.
///
/// # Errors
/// When the database did not do it.
pub(super) async fn forget(tx: &mut Tx, resident: Uuid) -> DbResult<()> {
    execute!(tx, DELETE, resident).map(|_| ())
}

/// Residents whose block has ended by itself, those first that waited longest.
///
/// # Errors
/// When the database does not answer.
pub async fn over(tx: &mut Tx, now: Timestamp, limit: i64) -> DbResult<Vec<Uuid>> {
    Ok(fetch_all!(tx, (Uuid,), OVER, now, limit)?.into_iter().map(|(resident,)| resident).collect())
}

async fn set_state(tx: &mut Tx, held: &Credential, state: CredentialState) -> Result<()> {
    change!(tx, SET_STATE, held.resident_id, state, held.generation)?.demand()?;
    // What was stopped is void, on paper too. Another PIN, another phone and the end of a block concern phones alone.
    match state {
        CredentialState::Active => status_list::void_shown(tx, held.resident_id).await?,
        CredentialState::Blocked | CredentialState::Deactivated => status_list::void(tx, held.resident_id).await?,
    }
    Ok(())
}
