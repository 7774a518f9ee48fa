//! SQL of signed batches: what the proofs of receipts are made from, and what of them the log that outsiders check has taken.

use std::collections::{BTreeSet, HashMap};

use uuid::Uuid;

use super::signed::{BatchRow, UnloggedRow};
use super::store::{CheckRow, checks};
use crate::changed::Changed;
use crate::db::{DbResult, Tx};
use crate::{change, execute, fetch_all, fetch_optional};

/// Batches, or checks, that one statement reads.
const AT_ONCE: usize = 8;

/// Records a batch, on either engine.
pub(super) const ADD: &str = "INSERT INTO receipt_batch (batch_id, root, kid, algorithm, signature, leaves, checks) \
    VALUES ($1, $2, $3, $4, $5, $6, $7)";

/// Records a batch, in the transaction of its checks.
pub async fn add(tx: &mut Tx, row: &BatchRow) -> DbResult<()> {
    execute!(
        tx,
        ADD,
        row.batch_id,
        &row.root,
        &row.kid,
        row.algorithm.as_str(),
        &row.signature,
        &row.leaves,
        &row.checks
    )
    .map(|_| ())
}

macro_rules! batch_rows {
    ($tail:literal) => {
        concat!(
            "SELECT batch_id, root, kid, algorithm, signature, leaves, checks, log_position FROM receipt_batch ",
            $tail
        )
    };
}

pub(super) use batch_rows;

const BATCHES: &str = batch_rows!("WHERE batch_id IN ($1, $2, $3, $4, $5, $6, $7, $8)");

/// The batches with these ids, as far as they are there.
pub async fn batches(tx: &mut Tx, ids: impl IntoIterator<Item = Uuid>) -> DbResult<HashMap<Uuid, BatchRow>> {
    let wanted: Vec<Uuid> = ids.into_iter().collect::<BTreeSet<_>>().into_iter().collect();
    let mut found = HashMap::new();
    for ids in wanted.chunks(AT_ONCE) {
        let [a, b, c, d, e, f, g, h] = padded(ids);
        let rows = fetch_all!(tx, BatchRow, BATCHES, a, b, c, d, e, f, g, h)?;
        found.extend(rows.into_iter().map(|row| (row.batch_id, row)));
    }
    Ok(found)
}

/// The first again where there are fewer: so nothing is asked for that lies elsewhere.
fn padded(ids: &[Uuid]) -> [Uuid; AT_ONCE] {
    std::array::from_fn(|at| ids.get(at).or(ids.first()).copied().unwrap_or_default())
}

// Without the leaves, which are most of a row.
const UNLOGGED: &str =
    "SELECT batch_id, root, checks FROM receipt_batch WHERE log_position IS NULL ORDER BY batch_id LIMIT $1";

/// Batches that are not in the log yet. One whose transaction ends late is found when it has ended, whatever its id.
pub async fn unlogged(tx: &mut Tx, limit: i64) -> DbResult<Vec<UnloggedRow>> {
    fetch_all!(tx, UnloggedRow, UNLOGGED, limit)
}

const TAKE_TO_LOG: &str = "UPDATE receipt_batch SET log_position = $2 WHERE batch_id = $1 AND log_position IS NULL";

/// Says where in the log a batch stands; once.
pub async fn take_to_log(tx: &mut Tx, batch_id: Uuid, position: i64) -> DbResult<Changed> {
    change!(tx, TAKE_TO_LOG, batch_id, position)
}

const LOGGED: &str =
    batch_rows!("WHERE log_position >= $1 AND log_position < $2 ORDER BY log_position, batch_id LIMIT $3");

/// Batches that say to stand between two leaves of the log, in order.
pub async fn logged(tx: &mut Tx, (from, until): (i64, i64), limit: i64) -> DbResult<Vec<BatchRow>> {
    fetch_all!(tx, BatchRow, LOGGED, from, until, limit)
}

const WITH_ROOT: &str = batch_rows!("WHERE root = $1 ORDER BY batch_id LIMIT $2");

/// Batches with a root. There are several where their checks were signed together and committed apart.
pub async fn with_root(tx: &mut Tx, root: &[u8], limit: i64) -> DbResult<Vec<BatchRow>> {
    fetch_all!(tx, BatchRow, WITH_ROOT, root, limit)
}

/// A check, as far as it says which batch it is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct MemberRow {
    /// Its id.
    pub verification_id: Uuid,
    /// The holder.
    pub resident_id: Uuid,
    /// The batch that it says to be of.
    pub batch_id: Option<Uuid>,
}

const MEMBERS: &str = "SELECT verification_id, resident_id, batch_id FROM verification \
    WHERE (verification_id, resident_id) > ($1, $2) ORDER BY verification_id, resident_id LIMIT $3";

/// The checks after one of them, in the order of their ids: those of a batch are near each other.
pub async fn members(tx: &mut Tx, (check, resident): (Uuid, Uuid), limit: i64) -> DbResult<Vec<MemberRow>> {
    fetch_all!(tx, MemberRow, MEMBERS, check, resident, limit)
}

const FIRST: &str = "SELECT batch_id FROM receipt_batch ORDER BY batch_id LIMIT 1";

/// The first batch that there is.
pub async fn first(tx: &mut Tx) -> DbResult<Option<Uuid>> {
    Ok(fetch_optional!(tx, (Uuid,), FIRST)?.map(|(id,)| id))
}

const CHECKS: &str = checks!("WHERE verification_id IN ($1, $2, $3, $4, $5, $6, $7, $8)");

/// The checks that a batch names, as far as they are there, without their proofs. One of each id, unless somebody added another.
pub async fn checks_of(tx: &mut Tx, batch: &BatchRow) -> DbResult<HashMap<Uuid, Vec<CheckRow>>> {
    let ids: Vec<Uuid> = batch.checks().flatten().collect();
    let mut found: HashMap<Uuid, Vec<CheckRow>> = HashMap::new();
    for ids in ids.chunks(AT_ONCE) {
        let [a, b, c, d, e, f, g, h] = padded(ids);
        for row in fetch_all!(tx, CheckRow, CHECKS, a, b, c, d, e, f, g, h)? {
            found.entry(row.verification_id).or_default().push(row);
        }
    }
    Ok(found)
}
