//! SQL of status lists.

use uuid::Uuid;

use super::model::{FIRST_OF_CARDS, LEASED, SIZE};
use crate::changed::Changed;
use crate::clock::Timestamp;
use crate::db::{DbResult, Tx};
use crate::{change, execute, fetch_all, fetch_optional};

const OPEN: &str = "INSERT INTO status_list (list_id, given, key, opened_at) VALUES ($1, 0, $2, $3) \
    ON CONFLICT (list_id) DO NOTHING";

const LEASE: &str = "UPDATE status_list SET given = given + $2 WHERE list_id = $1 AND given + $2 <= $3 \
    RETURNING given, key";

// Of one kind: their numbers lie in a range.
const LISTS: &str = "SELECT list_id FROM status_list WHERE opened_at > $1 AND list_id >= $2 AND list_id < $3 \
    ORDER BY opened_at DESC, list_id DESC LIMIT $4";

const IS_SERVED: &str = "SELECT list_id FROM status_list WHERE list_id = $1 AND opened_at > $2";

const ENTER: &str =
    "INSERT INTO status_entry (resident_id, list_id, place, expires_at, void) VALUES ($1, $2, $3, $4, 0)";

// As many as there are: who has shown nothing offline has none.
const VOID: &str = "UPDATE status_entry SET void = 1 WHERE resident_id = $1 AND list_id < $2 AND void = 0";

// As many as there are: who has no card has none.
const VOID_CARDS: &str = "UPDATE status_entry SET void = 1 WHERE resident_id = $1 AND list_id >= $2 AND void = 0";

const VOID_PLACE: &str =
    "UPDATE status_entry SET void = 1 WHERE resident_id = $1 AND list_id = $2 AND place = $3 AND void = 0";

const LOSE: &str = "INSERT INTO status_list (list_id, given, key, opened_at, good) VALUES ($1, $2, $3, $4, $5) \
    ON CONFLICT (list_id) DO UPDATE SET given = excluded.given, good = excluded.good";

const ALL_LISTS: &str = "SELECT list_id, opened_at FROM status_list WHERE list_id > $1 ORDER BY list_id LIMIT $2";

const GOOD: &str = "SELECT good FROM status_list WHERE list_id = $1 AND good IS NOT NULL";

const COUNTING: &str = "SELECT resident_id, list_id, place FROM status_entry \
    WHERE (resident_id, list_id, place) > ($1, $2, $3) AND list_id >= $4 AND void = 0 ORDER BY resident_id, list_id, place LIMIT $5";

const COUNTS: &str =
    "SELECT place FROM status_entry WHERE resident_id = $1 AND list_id = $2 AND place = $3 AND void = 0";

const VOIDED: &str = "SELECT place FROM status_entry WHERE list_id = $1 AND void = 1 ORDER BY place";

const FORGET_ENTRIES: &str = "DELETE FROM status_entry WHERE expires_at <= $1";
const FORGET_LISTS: &str = "DELETE FROM status_list WHERE opened_at <= $1 AND list_id >= $2 AND list_id < $3";

/// Takes places of a list, which it opens if need be: the number of the first one, and the list's key. `None` when it is full.
pub(super) async fn lease(
    tx: &mut Tx,
    list_id: i64,
    fresh_key: &[u8],
    now: Timestamp,
) -> DbResult<Option<(u32, Vec<u8>)>> {
    let (leased, size) = (i64::from(LEASED), i64::from(SIZE));
    let mut row = fetch_optional!(tx, (i64, Vec<u8>), LEASE, list_id, leased, size)?;
    if row.is_none() {
        // Another node may open it at the same time: then its key counts.
        execute!(tx, OPEN, list_id, fresh_key, now)?;
        row = fetch_optional!(tx, (i64, Vec<u8>), LEASE, list_id, leased, size)?;
    }
    Ok(row.and_then(|(given, key)| Some((u32::try_from(given - leased).ok()?, key))))
}

/// Lists with numbers in this range, opened after `after`, the newest first.
pub(super) async fn lists(tx: &mut Tx, (from, to): (i64, i64), after: Timestamp, limit: i64) -> DbResult<Vec<i64>> {
    Ok(fetch_all!(tx, (i64,), LISTS, after, from, to, limit)?.into_iter().map(|(list,)| list).collect())
}

/// Whether there is such a list, opened after `after`.
pub(super) async fn is_served(tx: &mut Tx, list_id: i64, after: Timestamp) -> DbResult<bool> {
    Ok(fetch_optional!(tx, (i64,), IS_SERVED, list_id, after)?.is_some())
}

/// Gives a place to a token of this resident.
pub(super) async fn enter(
    tx: &mut Tx,
    resident: Uuid,
    (list_id, index): (i64, u32),
    expires_at: Timestamp,
) -> DbResult<()> {
    execute!(tx, ENTER, resident, list_id, i64::from(index), expires_at).map(|_| ())
}

/// Voids every place of this resident in lists with numbers below `below`; gives how many.
pub(super) async fn void(tx: &mut Tx, resident: Uuid, below: i64) -> DbResult<u64> {
    execute!(tx, VOID, resident, below)
}

/// Voids every printed card of this resident; gives how many.
pub(super) async fn void_cards(tx: &mut Tx, resident: Uuid) -> DbResult<u64> {
    execute!(tx, VOID_CARDS, resident, FIRST_OF_CARDS)
}

/// Voids a place of this resident.
pub(super) async fn void_place(tx: &mut Tx, resident: Uuid, (list_id, index): (i64, u32)) -> DbResult<Changed> {
    change!(tx, VOID_PLACE, resident, list_id, i64::from(index))
}

/// Whether this resident has this place and it is not void.
pub(super) async fn counts(tx: &mut Tx, resident: Uuid, (list_id, index): (i64, u32)) -> DbResult<bool> {
    Ok(fetch_optional!(tx, (i64,), COUNTS, resident, list_id, i64::from(index))?.is_some())
}

/// The void places of a list, in order.
pub(super) async fn voided(tx: &mut Tx, list_id: i64) -> DbResult<Vec<u32>> {
    let rows = fetch_all!(tx, (i64,), VOIDED, list_id)?;
    Ok(rows.into_iter().filter_map(|(place,)| u32::try_from(place).ok()).collect())
}

/// Forgets places whose tokens expired at `expired` or earlier; gives how many.
pub(super) async fn forget(tx: &mut Tx, expired: Timestamp) -> DbResult<u64> {
    execute!(tx, FORGET_ENTRIES, expired)
}

/// Forgets lists with numbers in this range, opened at `opened` or earlier; gives how many.
pub(super) async fn forget_lists(tx: &mut Tx, (from, to): (i64, i64), opened: Timestamp) -> DbResult<u64> {
    execute!(tx, FORGET_LISTS, opened, from, to)
}

/// Closes a list in which places may have been given that nobody knows of: those in `good` count, and no other ever does.
pub(super) async fn lose(tx: &mut Tx, list_id: i64, opened_at: Timestamp, good: &[u8]) -> DbResult<()> {
    let key: &[u8] = &[];
    execute!(tx, LOSE, list_id, i64::from(SIZE), key, opened_at, good).map(|_| ())
}

/// All lists after one, with when they were opened.
pub(super) async fn all_lists(tx: &mut Tx, after: i64, limit: i64) -> DbResult<Vec<(i64, Timestamp)>> {
    fetch_all!(tx, (i64, Timestamp), ALL_LISTS, after, limit)
}

/// The places that count in a list that was closed so; `None` of any other list.
pub(super) async fn good(tx: &mut Tx, list_id: i64) -> DbResult<Option<Vec<u8>>> {
    Ok(fetch_optional!(tx, (Vec<u8>,), GOOD, list_id)?.map(|(good,)| good))
}

/// Places of printed cards that count, after one.
pub(super) async fn counting(
    tx: &mut Tx,
    (resident, list_id, place): (Uuid, i64, i64),
    limit: i64,
) -> DbResult<Vec<(Uuid, i64, i64)>> {
    fetch_all!(tx, (Uuid, i64, i64), COUNTING, resident, list_id, place, FIRST_OF_CARDS, limit)
}
