//! SQL of branches; of what is reported of them.

pub mod report;

use uuid::Uuid;

use super::model::{About, Branch, State};
use crate::changed::Changed;
use crate::clock::Timestamp;
use crate::db::{DbError, DbResult, Tx};
use crate::{change, execute, fetch_all, fetch_one, fetch_optional};

const HOLD: &str = "UPDATE branch_list SET revision = revision + 1 WHERE list_id = 1";

/// Keeps everybody else from changing branches before this transaction is over, and tells nodes that something changes. It comes before
/// anything that a change is made on: what is read after it is so until the commit.
pub async fn hold(tx: &mut Tx) -> DbResult<()> {
    if change!(tx, HOLD)?.happened() {
        Ok(())
    } else {
        Err(DbError::Other(String::from("the list of branches is gone")))
    }
}

const REVISION: &str = "SELECT revision FROM branch_list WHERE list_id = 1";

/// The present revision of all branches together.
pub async fn revision(tx: &mut Tx) -> DbResult<i64> {
    Ok(fetch_one!(tx, (i64,), REVISION)?.0)
}

#[derive(sqlx::FromRow)]
struct Row {
    branch_id: Uuid,
    relying_party_id: Uuid,
    name: String,
    address: String,
    regency: String,
    hours: Option<String>,
    state: State,
    revision: i64,
}

impl From<Row> for Branch {
    fn from(row: Row) -> Self {
        let Row { branch_id, relying_party_id, name, address, regency, hours, state, revision } = row;
        let about = About { name, address, regency, hours, shown: state == State::Shown };
        Self { branch_id, relying_party_id, about, state, revision }
    }
}

macro_rules! select_branch {
    ($rest:literal) => {
        concat!(
            "SELECT branch_id, relying_party_id, name, address, regency, hours, state, revision FROM branch ",
            $rest
        )
    };
}

const SHOWN_AFTER: &str = select_branch!("WHERE branch_id > $1 AND state = 'shown' ORDER BY branch_id LIMIT $2");

/// Branches that anybody finds, whoever's they are, after an id: a page of `limit`.
pub async fn shown_after(tx: &mut Tx, after: Uuid, limit: i64) -> DbResult<Vec<Branch>> {
    Ok(fetch_all!(tx, Row, SHOWN_AFTER, after, limit)?.into_iter().map(Branch::from).collect())
}

// What is looked for stands somewhere in the name or the address; `%` alone for all.
const OF_PARTY: &str = select_branch!(
    "WHERE relying_party_id = $1 AND state <> 'ended' AND (name > $2 OR (name = $2 AND branch_id > $3)) \
     AND (LOWER(name) LIKE $4 ESCAPE '!' OR LOWER(address) LIKE $4 ESCAPE '!') ORDER BY name, branch_id LIMIT $5"
);

/// A party's branches by name, those that are hidden too, after a name and an id: a page of `limit` of those that fit a pattern of LIKE.
pub async fn of_party(
    tx: &mut Tx,
    party: Uuid,
    (name, id): (&str, Uuid),
    pattern: &str,
    limit: i64,
) -> DbResult<Vec<Branch>> {
    Ok(fetch_all!(tx, Row, OF_PARTY, party, name, id, pattern, limit)?.into_iter().map(Branch::from).collect())
}

const LOOKUP: &str = select_branch!("WHERE branch_id = $1");

/// A branch, also one that ended.
pub async fn lookup(tx: &mut Tx, id: Uuid) -> DbResult<Option<Branch>> {
    Ok(fetch_optional!(tx, Row, LOOKUP, id)?.map(Branch::from))
}

/// How many branches a party has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct There {
    /// On its list, hidden ones too.
    pub listed: i64,
    /// Taken off it, and kept for what was reported of them.
    pub ended: i64,
}

const COUNT: &str = "SELECT CAST(COALESCE(SUM(CASE WHEN state <> 'ended' THEN 1 ELSE 0 END), 0) AS BIGINT) AS listed, \
    CAST(COALESCE(SUM(CASE WHEN state = 'ended' THEN 1 ELSE 0 END), 0) AS BIGINT) AS ended \
    FROM branch WHERE relying_party_id = $1";

/// How many branches a party has, those that ended apart.
pub async fn count(tx: &mut Tx, party: Uuid) -> DbResult<There> {
    fetch_one!(tx, There, COUNT, party)
}

const ADD: &str = "INSERT INTO branch (branch_id, relying_party_id, name, address, regency, hours, state, revision, added_at) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8)";

/// Adds one.
pub async fn add(tx: &mut Tx, (id, party): (Uuid, Uuid), about: &About, now: Timestamp) -> DbResult<()> {
    let About { name, address, regency, hours, .. } = about;
    execute!(tx, ADD, id, party, name, address, regency, hours, about.state(), now).map(|_| ())
}

const CHANGE: &str = "UPDATE branch SET name = $4, address = $5, regency = $6, hours = $7, state = $8, revision = revision + 1 \
    WHERE branch_id = $1 AND relying_party_id = $2 AND revision = $3 AND state <> 'ended'";

/// Changes a party's branch that is at a revision.
pub async fn change(tx: &mut Tx, (id, party): (Uuid, Uuid), revision: i64, about: &About) -> DbResult<Changed> {
    let About { name, address, regency, hours, .. } = about;
    change!(tx, CHANGE, id, party, revision, name, address, regency, hours, about.state())
}

const END: &str = "UPDATE branch SET state = 'ended', ended_at = $3, revision = revision + 1 \
    WHERE branch_id = $1 AND relying_party_id = $2 AND state <> 'ended'";

/// Takes a party's branch off its list.
pub async fn end(tx: &mut Tx, (id, party): (Uuid, Uuid), now: Timestamp) -> DbResult<Changed> {
    change!(tx, END, id, party, now)
}

const FORGET: &str = "DELETE FROM branch WHERE ended_at <= $1";
// Every report is counted, and its count outlives it.
const FORGET_UNREPORTED: &str = "DELETE FROM branch WHERE ended_at <= $1 AND NOT EXISTS (SELECT 1 FROM branch_tally t \
    WHERE t.relying_party_id = branch.relying_party_id AND t.branch_id = branch.branch_id)";

/// Deletes branches that ended at `before` or earlier, and those of which nothing is counted that ended at `unreported` or earlier; gives
/// how many.
pub async fn forget(tx: &mut Tx, before: Timestamp, unreported: Timestamp) -> DbResult<u64> {
    Ok(execute!(tx, FORGET, before)? + execute!(tx, FORGET_UNREPORTED, unreported)?)
}
