//! SQL of the credential and what belongs to it.

use uuid::Uuid;

use super::model::{
    Active, Credential, CredentialState, FIRST_WAIT_AT, MAX_TRIES, OpenSession, Pin, SECOND_WAIT_AT, Standing,
};
use crate::changed::Changed;
use crate::clock::Timestamp;
use crate::db::{DbResult, Tx};
use crate::device::Thumbprint;
use crate::{change, execute, fetch_one, fetch_optional};

/// The slim row of a credential, column by column.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct CredentialRow {
    pub(super) resident_id: Uuid,
    pub(super) state: CredentialState,
    pub(super) generation: i64,
    pub(super) pin_tries: i64,
    pub(super) pin_wait_until: Timestamp,
    pub(super) session: i64,
    pub(super) session_ends_at: Timestamp,
    pub(super) activated_at: Timestamp,
}

impl From<CredentialRow> for Credential {
    fn from(row: CredentialRow) -> Self {
        let standing = match row.state {
            CredentialState::Active => Standing::Active(Active {
                pin: Pin { tries: row.pin_tries, wait_until: row.pin_wait_until },
                // A locked session ends at 0.
                session: (row.session_ends_at > Timestamp::default())
                    .then_some(OpenSession { number: row.session, ends_at: row.session_ends_at }),
            }),
            CredentialState::Blocked => Standing::Blocked,
            CredentialState::Deactivated => Standing::Deactivated,
        };
        let CredentialRow { resident_id, generation, activated_at, .. } = row;
        Self { resident_id, generation, activated_at, standing }
    }
}

/// What belongs to a credential and rarely changes.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct HolderRow {
    /// The holder.
    pub resident_id: Uuid,
    /// The registration that made it.
    pub registration_id: Uuid,
    /// The device it is on.
    pub device_thumbprint: Vec<u8>,
    /// PIN public key and contact, sealed.
    pub sealed: Vec<u8>,
}

const ENROL: &str = "
    INSERT INTO credential (resident_id, state, generation, last_spent, pin_tries, pin_wait_until, challenge_spent,
        session, session_ends_at, activated_at)
    VALUES ($1, 'active', 1, 0, 0, 0, 0, 0, 0, $2)
    ON CONFLICT (resident_id) DO UPDATE SET state = 'active', generation = credential.generation + 1, pin_tries = 0,
        pin_wait_until = 0, session = credential.session + 1, session_ends_at = 0, activated_at = excluded.activated_at
    WHERE credential.state = 'deactivated'";

// Of one that is on no phone: whoever holds the row has seen that.
const TAKE_OVER: &str = "
    UPDATE credential SET generation = generation + 1, pin_tries = 0, pin_wait_until = 0, session = session + 1,
        session_ends_at = 0, activated_at = $3
    WHERE resident_id = $1 AND generation = $2 AND state = 'active'";

// A NIK never changes, and neither does whose it is.
const KEEP_NIK: &str =
    "INSERT INTO holder_nik (nik_index, resident_id) VALUES ($1, $2) ON CONFLICT (nik_index) DO NOTHING";

const OF_NIK: &str = "SELECT resident_id FROM holder_nik WHERE nik_index = $1";

const PIN_WAS_RIGHT: &str = "
    UPDATE credential SET pin_tries = 0, pin_wait_until = 0
    WHERE resident_id = $1 AND generation = $2 AND state <> 'deactivated'";

const RECORD_AS_OF: &str = "SELECT updated_at FROM holder_record WHERE resident_id = $1";
const ERASE_HOLDER: &str = "DELETE FROM credential_holder WHERE resident_id = $1";
const ERASE_RECORD: &str = "DELETE FROM holder_record WHERE resident_id = $1";
const ERASE_NIK: &str = "DELETE FROM holder_nik WHERE nik_index = $1 AND resident_id = $2";

const FORGET_TRIES: &str = "UPDATE credential SET pin_tries = 0, pin_wait_until = 0 WHERE resident_id = $1";

const BOUND_AT: &str = "SELECT bound_at FROM device_binding WHERE device_thumbprint = $1 AND resident_id = $2";

const SET_SECRET: &str =
    "UPDATE credential_holder SET sealed = $2, updated_at = $3 WHERE resident_id = $1 AND device_thumbprint = $4";

const SET_HOLDER: &str = "
    INSERT INTO credential_holder (resident_id, registration_id, device_thumbprint, sealed, updated_at)
    VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (resident_id) DO UPDATE SET registration_id = excluded.registration_id,
        device_thumbprint = excluded.device_thumbprint, sealed = excluded.sealed, updated_at = excluded.updated_at";

const BIND: &str = "
    INSERT INTO device_binding (device_thumbprint, resident_id, bound_at) VALUES ($1, $2, $3)
    ON CONFLICT (device_thumbprint) DO UPDATE SET bound_at = excluded.bound_at
    WHERE device_binding.resident_id = excluded.resident_id";

const DEVICE: &str = "SELECT device_thumbprint FROM credential_holder WHERE resident_id = $1";

const UNBIND: &str = "DELETE FROM device_binding WHERE device_thumbprint = $1 AND resident_id = $2";

const RESIDENT_OF: &str = "SELECT resident_id FROM device_binding WHERE device_thumbprint = $1";

/// [`credential`]; its columns are read by their places too.
pub(super) const CREDENTIAL: &str = "
    SELECT resident_id, state, generation, pin_tries, pin_wait_until, session, session_ends_at, activated_at
    FROM credential WHERE resident_id = $1";

const HOLDER: &str = "
    SELECT resident_id, registration_id, device_thumbprint, sealed FROM credential_holder WHERE resident_id = $1";

// Counts the try, sets the wait and spends the challenge in one statement, so that concurrent requests see all or
// nothing. At the last try the open session ends too.
macro_rules! count_try {
    ($state:literal) => {
        concat!(
            "UPDATE credential SET pin_tries = pin_tries + 1, challenge_spent = $3,
                pin_wait_until = CASE WHEN pin_tries + 1 = $7 THEN $5 WHEN pin_tries + 1 = $8 THEN $6
                    ELSE pin_wait_until END,
                session_ends_at = CASE WHEN pin_tries + 1 >= $9 THEN $4 ELSE session_ends_at END
            WHERE resident_id = $1 AND generation = $2 AND ",
            $state,
            " AND pin_tries < $9 AND pin_wait_until <= $4 AND challenge_spent < $3
            RETURNING pin_tries"
        )
    };
}

// Whoever stops it or starts it again raises the generation, so that of this one it is still known whether it may be tried.
const COUNT_TRY: &str = count_try!("state <> 'deactivated'");
const COUNT_TRY_OF_CLOSED: &str = count_try!("state = 'deactivated'");

const OPEN_SESSION: &str = "
    UPDATE credential SET pin_tries = 0, pin_wait_until = 0, session = session + 1, session_ends_at = $3
    WHERE resident_id = $1 AND generation = $2 AND state = 'active'
    RETURNING session";

const LOCK: &str = "
    UPDATE credential SET session_ends_at = 0
    WHERE resident_id = $1 AND generation = $2 AND session = $3 AND session_ends_at > 0";

const SPEND: &str = "
    UPDATE credential SET last_spent = $1
    WHERE resident_id = $2 AND generation = $3 AND state = 'active' AND last_spent < $1";

const IS_ACTIVE: &str = "
    SELECT last_spent FROM credential WHERE resident_id = $1 AND generation = $2 AND state = 'active'";

const PUT_RECORD: &str = "
    INSERT INTO holder_record (resident_id, sealed, updated_at) VALUES ($1, $2, $3)
    ON CONFLICT (resident_id) DO UPDATE SET sealed = $2, updated_at = $3";
const PUT_PORTRAIT: &str = "
    INSERT INTO holder_portrait (resident_id, sealed) VALUES ($1, $2)
    ON CONFLICT (resident_id) DO UPDATE SET sealed = $2";
const DELETE_PORTRAIT: &str = "DELETE FROM holder_portrait WHERE resident_id = $1";

const DELETE_UNUSED_RECORD: &str = "
    DELETE FROM holder_record WHERE resident_id = $1
    AND NOT EXISTS (SELECT 1 FROM credential c WHERE c.resident_id = $1)";
const DELETE_UNUSED_PORTRAIT: &str = "
    DELETE FROM holder_portrait WHERE resident_id = $1
    AND NOT EXISTS (SELECT 1 FROM credential c WHERE c.resident_id = $1)";

const RECORD: &str = "SELECT sealed FROM holder_record WHERE resident_id = $1";
const PORTRAIT: &str = "SELECT sealed FROM holder_portrait WHERE resident_id = $1";
const HAS_PORTRAIT: &str = "SELECT COUNT(*) FROM holder_portrait WHERE resident_id = $1";

/// Makes the credential, or replaces one that has ended, with a new generation. `false` when there is one that has not.
///
/// # Errors
/// When the database did not do it.
pub async fn enrol(tx: &mut Tx, resident: Uuid, now: Timestamp) -> DbResult<Changed> {
    change!(tx, ENROL, resident, now)
}

/// Puts an active credential that was on paper alone on a phone, with a new generation. The caller holds it. A miss when it is not
/// active in this generation.
///
/// # Errors
/// When the database did not do it.
pub async fn take_over(tx: &mut Tx, resident: Uuid, generation: i64, now: Timestamp) -> DbResult<Changed> {
    change!(tx, TAKE_OVER, resident, generation, now)
}

/// Takes a credential off the phone that it was on, if any.
///
/// # Errors
/// When the database did not do it.
pub async fn leave_phone(tx: &mut Tx, resident: Uuid) -> DbResult<()> {
    if let Some((device,)) = fetch_optional!(tx, (Vec<u8>,), DEVICE, resident)? {
        execute!(tx, ERASE_HOLDER, resident)?;
        execute!(tx, UNBIND, device.as_slice(), resident)?;
    }
    Ok(())
}

/// Keeps whose digital KTP a NIK's is.
///
/// # Errors
/// When the database did not do it.
pub async fn keep_nik(tx: &mut Tx, nik_index: &[u8], resident: Uuid) -> DbResult<()> {
    execute!(tx, KEEP_NIK, nik_index, resident).map(|_| ())
}

/// Who holds or held the digital KTP of a NIK.
///
/// # Errors
/// When the database does not answer.
pub async fn of_nik(tx: &mut Tx, nik_index: &[u8]) -> DbResult<Option<Uuid>> {
    Ok(fetch_optional!(tx, (Uuid,), OF_NIK, nik_index)?.map(|(resident,)| resident))
}

/// Forgets the tries at a PIN that was right. `false` when it is of another generation by now, or has ended.
///
/// # Errors
/// When the database did not do it.
pub async fn pin_was_right(tx: &mut Tx, resident: Uuid, generation: i64) -> DbResult<Changed> {
    change!(tx, PIN_WAS_RIGHT, resident, generation)
}

/// When what a holder's record says was read from the register.
///
/// # Errors
/// When the database does not answer.
pub async fn record_as_of(tx: &mut Tx, resident: Uuid) -> DbResult<Option<Timestamp>> {
    Ok(fetch_optional!(tx, (Timestamp,), RECORD_AS_OF, resident)?.map(|(at,)| at))
}

/// Deletes what is kept of a holder beside the credential itself. `nik_index` where the record could still be read.
///
/// # Errors
/// When the database did not do it.
pub async fn erase(tx: &mut Tx, resident: Uuid, nik_index: Option<&[u8]>) -> DbResult<()> {
    leave_phone(tx, resident).await?;
    execute!(tx, ERASE_RECORD, resident)?;
    execute!(tx, DELETE_PORTRAIT, resident)?;
    if let Some(index) = nik_index {
        execute!(tx, ERASE_NIK, index, resident)?;
    }
    Ok(())
}

/// Forgets the tries at a PIN that was replaced.
///
/// # Errors
/// When the database did not do it.
pub async fn forget_tries(tx: &mut Tx, resident: Uuid) -> DbResult<()> {
    // There may be none.
    change!(tx, FORGET_TRIES, resident).map(Changed::either_way)
}

/// Since when a resident's digital KTP is on a device.
///
/// # Errors
/// When the database did not answer.
pub async fn bound_at(tx: &mut Tx, device: &Thumbprint, resident: Uuid) -> DbResult<Option<Timestamp>> {
    Ok(fetch_optional!(tx, (Timestamp,), BOUND_AT, device.as_slice(), resident)?.map(|(at,)| at))
}

/// Replaces what rests sealed beside a credential, while it is on this device.
///
/// # Errors
/// When the database did not do it.
pub async fn set_secret(tx: &mut Tx, row: &HolderRow, now: Timestamp) -> DbResult<Changed> {
    let HolderRow { resident_id, device_thumbprint, sealed, .. } = row;
    change!(tx, SET_SECRET, *resident_id, sealed.as_slice(), now, device_thumbprint.as_slice())
}

/// Writes the row beside the credential, and gives the device that the holder had until now. [`enrol`] comes first: it holds the
/// credential's row, so that nobody else replaces this one meanwhile.
///
/// # Errors
/// When the database did not do it.
pub async fn set_holder(tx: &mut Tx, row: &HolderRow, now: Timestamp) -> DbResult<Option<Vec<u8>>> {
    let former = fetch_optional!(tx, (Vec<u8>,), DEVICE, row.resident_id)?;
    execute!(
        tx,
        SET_HOLDER,
        row.resident_id,
        row.registration_id,
        row.device_thumbprint.as_slice(),
        row.sealed.as_slice(),
        now
    )?;
    Ok(former.map(|(device,)| device))
}

/// Binds a device to a resident, in place of the one that [`set_holder`] gave. `false` when the device is somebody else's.
///
/// # Errors
/// When the database did not do it.
pub async fn bind(
    tx: &mut Tx,
    device: &Thumbprint,
    former: Option<&[u8]>,
    resident: Uuid,
    now: Timestamp,
) -> DbResult<Changed> {
    // Bound before the former one is freed: two residents who swap their devices would otherwise wait for each other.
    let bound = change!(tx, BIND, device.as_slice(), resident, now)?;
    if bound.happened()
        && let Some(former) = former.filter(|former| *former != device.as_slice())
    {
        execute!(tx, UNBIND, former, resident)?;
    }
    Ok(bound)
}

/// Whose device this is.
///
/// # Errors
/// When the database did not answer.
pub async fn resident_of(tx: &mut Tx, device: &Thumbprint) -> DbResult<Option<Uuid>> {
    Ok(fetch_optional!(tx, (Uuid,), RESIDENT_OF, device.as_slice())?.map(|(id,)| id))
}

/// The credential of a resident.
///
/// # Errors
/// When the database did not answer.
pub async fn credential(tx: &mut Tx, resident: Uuid) -> DbResult<Option<Credential>> {
    Ok(fetch_optional!(tx, CredentialRow, CREDENTIAL, resident)?.map(Credential::from))
}

/// The row beside it.
///
/// # Errors
/// When the database did not answer.
pub async fn holder(tx: &mut Tx, resident: Uuid) -> DbResult<Option<HolderRow>> {
    fetch_optional!(tx, HolderRow, HOLDER, resident)
}

/// A PIN try that is about to be judged.
#[derive(Clone, Copy, Debug)]
pub struct Try {
    /// Whose PIN.
    pub resident: Uuid,
    /// The generation whose key it is judged against.
    pub generation: i64,
    /// When its challenge was issued.
    pub challenge_issued: Timestamp,
    /// Now.
    pub now: Timestamp,
    /// No try before this, if it turns out to be the last of the first round.
    pub first_wait_until: Timestamp,
    /// The same for the second round.
    pub second_wait_until: Timestamp,
}

/// Counts a try and spends its challenge; gives how many tries there are now, or `None` when none may be made.
///
/// # Errors
/// When the database did not do it.
pub async fn count_try(tx: &mut Tx, this: &Try) -> DbResult<Option<i64>> {
    count(tx, COUNT_TRY, this).await
}

/// As [`count_try()`], of a digital KTP that has ended; why, and whether its PIN may still be tried, the caller has judged.
///
/// # Errors
/// When the database did not do it.
pub async fn count_try_of_closed(tx: &mut Tx, this: &Try) -> DbResult<Option<i64>> {
    count(tx, COUNT_TRY_OF_CLOSED, this).await
}

async fn count(tx: &mut Tx, statement: &'static str, this: &Try) -> DbResult<Option<i64>> {
    let row = fetch_optional!(
        tx,
        (i64,),
        statement,
        this.resident,
        this.generation,
        this.challenge_issued,
        this.now,
        this.first_wait_until,
        this.second_wait_until,
        FIRST_WAIT_AT,
        SECOND_WAIT_AT,
        MAX_TRIES
    )?;
    Ok(row.map(|(tries,)| tries))
}

/// The tries at a PIN, whatever the state of its digital KTP.
///
/// # Errors
/// When the database did not answer.
pub async fn pin(tx: &mut Tx, resident: Uuid) -> DbResult<Option<Pin>> {
    let row = fetch_optional!(tx, CredentialRow, CREDENTIAL, resident)?;
    Ok(row.map(|row| Pin { tries: row.pin_tries, wait_until: row.pin_wait_until }))
}

/// The PIN was right: forgets the tries and begins a session, which ends any other. Gives its number, or `None` when the
/// credential has changed meanwhile.
///
/// # Errors
/// When the database did not do it.
pub async fn open_session(tx: &mut Tx, resident: Uuid, generation: i64, ends: Timestamp) -> DbResult<Option<i64>> {
    Ok(fetch_optional!(tx, (i64,), OPEN_SESSION, resident, generation, ends)?.map(|(session,)| session))
}

/// Ends a session. `false` when it had ended.
///
/// # Errors
/// When the database did not do it.
pub async fn lock(tx: &mut Tx, resident: Uuid, generation: i64, session: i64) -> DbResult<Changed> {
    change!(tx, LOCK, resident, generation, session)
}

/// Spends a token: `true` when the credential is active in this generation and no token as new was spent before.
///
/// # Errors
/// When the database did not do it.
pub async fn spend(tx: &mut Tx, resident: Uuid, generation: i64, issued: Timestamp) -> DbResult<Changed> {
    change!(tx, SPEND, issued, resident, generation)
}

/// Whether the credential is active in this generation.
///
/// # Errors
/// When the database did not answer.
pub async fn is_active(tx: &mut Tx, resident: Uuid, generation: i64) -> DbResult<bool> {
    Ok(fetch_optional!(tx, (i64,), IS_ACTIVE, resident, generation)?.is_some())
}

/// Keeps the attributes and the picture that a digital KTP shows; without a picture one that was there goes.
///
/// # Errors
/// When the database did not do it.
pub async fn put_record(
    tx: &mut Tx,
    resident: Uuid,
    record: &[u8],
    portrait: Option<&[u8]>,
    now: Timestamp,
) -> DbResult<()> {
    execute!(tx, PUT_RECORD, resident, record, now)?;
    match portrait {
        Some(portrait) => execute!(tx, PUT_PORTRAIT, resident, portrait)?,
        None => execute!(tx, DELETE_PORTRAIT, resident)?,
    };
    Ok(())
}

/// Replaces the attributes that a digital KTP shows, and its picture where there is a new one.
///
/// # Errors
/// When the database did not do it.
pub async fn replace_record(
    tx: &mut Tx,
    resident: Uuid,
    record: &[u8],
    portrait: Option<&[u8]>,
    now: Timestamp,
) -> DbResult<()> {
    execute!(tx, PUT_RECORD, resident, record, now)?;
    if let Some(portrait) = portrait {
        execute!(tx, PUT_PORTRAIT, resident, portrait)?;
    }
    Ok(())
}

/// Deletes record and portrait of somebody who has no credential.
///
/// # Errors
/// When the database did not do it.
pub async fn delete_unused_record(tx: &mut Tx, resident: Uuid) -> DbResult<()> {
    execute!(tx, DELETE_UNUSED_RECORD, resident)?;
    execute!(tx, DELETE_UNUSED_PORTRAIT, resident).map(|_| ())
}

/// The sealed register record of a holder.
///
/// # Errors
/// When the database did not answer.
pub async fn record(tx: &mut Tx, resident: Uuid) -> DbResult<Option<Vec<u8>>> {
    Ok(fetch_optional!(tx, (Vec<u8>,), RECORD, resident)?.map(|(sealed,)| sealed))
}

/// The sealed portrait of a holder.
///
/// # Errors
/// When the database did not answer.
pub async fn portrait(tx: &mut Tx, resident: Uuid) -> DbResult<Option<Vec<u8>>> {
    Ok(fetch_optional!(tx, (Vec<u8>,), PORTRAIT, resident)?.map(|(sealed,)| sealed))
}

/// Whether there is a portrait, without reading it.
///
/// # Errors
/// When the database did not answer.
pub async fn has_portrait(tx: &mut Tx, resident: Uuid) -> DbResult<bool> {
    Ok(fetch_one!(tx, (i64,), HAS_PORTRAIT, resident)?.0 > 0)
}
