//! SQL of the sandbox: of up to where invented people's QRs are used, and of codes; of keys; of checks.

pub mod check;
pub mod key;

use uuid::Uuid;

use crate::changed::Changed;
use crate::clock::Timestamp;
use crate::db::{DbResult, Tx};
use crate::{change, execute, fetch_optional};

const SHOW: &str = "INSERT INTO sandbox_holder (holder_id, person, last_spent, shown_at) VALUES ($1, $2, 0, $3) \
    ON CONFLICT (holder_id) DO UPDATE SET shown_at = $3";

/// Notes that a QR of an invented person was made for a party.
pub async fn show(tx: &mut Tx, holder: Uuid, person: &str, now: Timestamp) -> DbResult<()> {
    execute!(tx, SHOW, holder, person, now).map(|_| ())
}

const PERSON: &str = "SELECT person FROM sandbox_holder WHERE holder_id = $1";

/// Whose QRs these are.
pub async fn person(tx: &mut Tx, holder: Uuid) -> DbResult<Option<String>> {
    Ok(fetch_optional!(tx, (String,), PERSON, holder)?.map(|(person,)| person))
}

const SPEND: &str = "UPDATE sandbox_holder SET last_spent = $2 WHERE holder_id = $1 AND last_spent < $2";

/// Uses a QR up, and all that were made before it; `false` when it is used already.
pub async fn spend(tx: &mut Tx, holder: Uuid, issued: Timestamp) -> DbResult<Changed> {
    change!(tx, SPEND, holder, issued)
}

const VOID_CODES: &str = "DELETE FROM sandbox_code WHERE holder_id = $1";

/// Voids the codes of an invented person.
pub async fn void_codes(tx: &mut Tx, holder: Uuid) -> DbResult<u64> {
    execute!(tx, VOID_CODES, holder)
}

const ADD_CODE: &str = "INSERT INTO sandbox_code (code_index, holder_id, sealed, expires_at) VALUES ($1, $2, $3, $4) \
    ON CONFLICT (code_index) DO NOTHING";

/// Keeps a code; `false` when the same digits stand for another QR.
pub async fn add_code(
    tx: &mut Tx,
    index: &[u8],
    holder: Uuid,
    sealed: &[u8],
    expires_at: Timestamp,
) -> DbResult<Changed> {
    change!(tx, ADD_CODE, index, holder, sealed, expires_at)
}

const CODE: &str = "SELECT holder_id, sealed FROM sandbox_code WHERE code_index = $1";

/// What the code with this index stands for: the sealed token.
pub async fn code(tx: &mut Tx, index: &[u8]) -> DbResult<Option<(Uuid, Vec<u8>)>> {
    fetch_optional!(tx, (Uuid, Vec<u8>), CODE, index)
}

const FORGET_HOLDERS: &str = "DELETE FROM sandbox_holder WHERE shown_at <= $1";
const FORGET_CODES: &str = "DELETE FROM sandbox_code WHERE expires_at <= $1";

/// Forgets invented people of whom nothing was shown since a time, and codes that are over; gives how many rows.
pub async fn forget(tx: &mut Tx, shown_before: Timestamp, now: Timestamp) -> DbResult<u64> {
    Ok(execute!(tx, FORGET_HOLDERS, shown_before)? + execute!(tx, FORGET_CODES, now)?)
}
