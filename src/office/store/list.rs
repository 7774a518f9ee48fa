//! The revision of all offices together.

use crate::db::{DbError, DbResult, Tx};
use crate::{change, fetch_one};

const HOLD: &str = "UPDATE office_list SET revision = revision + 1 WHERE list_id = 1";

/// Keeps everybody else from changing offices before this transaction is over, and tells nodes that something changes. It comes before
/// anything that a change is made on: what is read after it is so until the commit.
pub async fn hold(tx: &mut Tx) -> DbResult<()> {
    if change!(tx, HOLD)?.happened() {
        Ok(())
    } else {
        Err(DbError::Other(String::from("the list of offices is gone")))
    }
}

const REVISION: &str = "SELECT revision FROM office_list WHERE list_id = 1";

/// The present revision.
pub async fn revision(tx: &mut Tx) -> DbResult<i64> {
    Ok(fetch_one!(tx, (i64,), REVISION)?.0)
}
