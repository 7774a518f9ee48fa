//! SQL of duties, and of the photos that say who is meant.

use uuid::Uuid;

use super::model::Duty;
use crate::changed::Changed;
use crate::clock::Timestamp;
use crate::db::{DbResult, Tx};
use crate::{change, execute, fetch_all, fetch_optional};

#[derive(sqlx::FromRow)]
struct Row {
    duty_id: Uuid,
    staff_id: Uuid,
    office_id: Uuid,
    outreach_id: Option<Uuid>,
    began_at: Timestamp,
    ends_at: Timestamp,
    ended_at: Option<Timestamp>,
    sealed: Vec<u8>,
}

/// A duty with what is sealed in it.
pub type SealedDuty = (Duty, Vec<u8>);

fn duty(row: Row) -> SealedDuty {
    let Row { duty_id, staff_id, office_id, outreach_id, began_at, ends_at, ended_at, sealed } = row;
    (Duty { duty_id, staff_id, office_id, outreach_id, began_at, ends_at, ended_at }, sealed)
}

macro_rules! select_duty {
    ($rest:literal) => {
        concat!(
            "SELECT duty_id, staff_id, office_id, outreach_id, began_at, ends_at, ended_at, sealed FROM duty ",
            $rest
        )
    };
}

const END: &str = "UPDATE duty SET ended_at = $2 WHERE staff_id = $1 AND ended_at IS NULL";

/// Ends what somebody is on duty for; a miss where they are not.
pub async fn end(tx: &mut Tx, person: Uuid, now: Timestamp) -> DbResult<Changed> {
    change!(tx, END, person, now)
}

const ADD: &str = "INSERT INTO duty (duty_id, staff_id, office_id, outreach_id, code_index, sealed, began_at, ends_at) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

/// Adds one. A second one that lasts of the same person, and a code that is there, are refused as `DbError::Unique`.
pub async fn add(tx: &mut Tx, this: &Duty, code_index: &[u8], sealed: &[u8]) -> DbResult<()> {
    execute!(
        tx,
        ADD,
        this.duty_id,
        this.staff_id,
        this.office_id,
        this.outreach_id,
        code_index,
        sealed,
        this.began_at,
        this.ends_at
    )
    .map(|_| ())
}

const OF_PERSON: &str = select_duty!("WHERE staff_id = $1 AND ended_at IS NULL");

/// The one that somebody did not end.
pub async fn of_person(tx: &mut Tx, person: Uuid) -> DbResult<Option<SealedDuty>> {
    Ok(fetch_optional!(tx, Row, OF_PERSON, person)?.map(duty))
}

const BY_CODE: &str = select_duty!("WHERE code_index = $1");

/// The one of a day's code, live or not.
pub async fn by_code(tx: &mut Tx, code_index: &[u8]) -> DbResult<Option<SealedDuty>> {
    Ok(fetch_optional!(tx, Row, BY_CODE, code_index)?.map(duty))
}

const BY_ID: &str = select_duty!("WHERE duty_id = $1");

/// The one of an id.
pub async fn by_id(tx: &mut Tx, id: Uuid) -> DbResult<Option<SealedDuty>> {
    Ok(fetch_optional!(tx, Row, BY_ID, id)?.map(duty))
}

const SWEEP: &str = "DELETE FROM duty WHERE ends_at <= $1";

/// Deletes those that ended then or earlier; gives how many.
pub async fn sweep(tx: &mut Tx, before: Timestamp) -> DbResult<u64> {
    execute!(tx, SWEEP, before)
}

const SWEEP_PHOTOS: &str = "DELETE FROM staff_photo WHERE taken_at <= $1";

/// Deletes photos that were taken then or earlier; gives how many.
pub async fn sweep_photos(tx: &mut Tx, before: Timestamp) -> DbResult<u64> {
    execute!(tx, SWEEP_PHOTOS, before)
}

const SET_PHOTO: &str = "INSERT INTO staff_photo (staff_id, office_id, sealed, taken_by, taken_at) VALUES ($1, $2, $3, $4, $5) \
    ON CONFLICT (staff_id) DO UPDATE SET office_id = $2, sealed = $3, taken_by = $4, taken_at = $5";

/// Keeps somebody's photo, in place of an earlier one.
pub async fn set_photo(
    tx: &mut Tx,
    (person, office): (Uuid, Uuid),
    sealed: &[u8],
    (by, now): (Uuid, Timestamp),
) -> DbResult<()> {
    execute!(tx, SET_PHOTO, person, office, sealed, by, now).map(|_| ())
}

const PHOTO: &str = "SELECT sealed FROM staff_photo WHERE staff_id = $1 AND office_id = $2";

/// Somebody's photo, sealed, that was taken at this office.
pub async fn photo(tx: &mut Tx, person: Uuid, office: Uuid) -> DbResult<Option<Vec<u8>>> {
    Ok(fetch_optional!(tx, (Vec<u8>,), PHOTO, person, office)?.map(|(sealed,)| sealed))
}

const PHOTOS: &str = "SELECT staff_id, taken_by, taken_at FROM staff_photo WHERE office_id = $1";

/// Of whom there are photos at an office, by whom and since when.
pub async fn photos(tx: &mut Tx, office: Uuid) -> DbResult<Vec<(Uuid, Uuid, Timestamp)>> {
    fetch_all!(tx, (Uuid, Uuid, Timestamp), PHOTOS, office)
}
