//! SQL of a relying party's people, as its administrators see them.

use uuid::Uuid;

use crate::changed::Changed;
use crate::clock::Timestamp;
use crate::db::{DbResult, Tx};
use crate::staff::model::{AccountState, Role};
use crate::{change, fetch_all};

/// Somebody of a relying party.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct MemberRow {
    /// Who.
    pub staff_id: Uuid,
    /// Log-in name.
    pub username: String,
    /// Full name.
    pub full_name: String,
    /// What they are there.
    pub role: Role,
    /// Whether they may log in.
    pub state: AccountState,
    /// When they logged in last.
    pub logged_in_at: Option<Timestamp>,
}

const OF: &str = "SELECT staff_id, username, full_name, role, state, logged_in_at FROM staff_account \
    WHERE relying_party_id = $1 AND username > $2 ORDER BY username LIMIT $3";

/// The people of a party after a user name, by their names.
pub async fn of(tx: &mut Tx, party: Uuid, after: &str, limit: i64) -> DbResult<Vec<MemberRow>> {
    fetch_all!(tx, MemberRow, OF, party, after, limit)
}

const ADMINISTRATORS: &str = "SELECT staff_id, username, full_name, role, state, logged_in_at FROM staff_account \
    WHERE relying_party_id = $1 AND role = $2 ORDER BY username LIMIT 100";

/// The administrators of a party, by their names: a hundred at most.
pub async fn administrators(tx: &mut Tx, party: Uuid) -> DbResult<Vec<MemberRow>> {
    fetch_all!(tx, MemberRow, ADMINISTRATORS, party, Role::PartyAdministrator)
}

// Whoever does it was not disabled meanwhile: an administrator who leaves takes nobody along.
const SWITCH: &str = "UPDATE staff_account SET state = $4 WHERE staff_id = $1 AND relying_party_id = $2 AND role = $5 \
    AND state <> $4 AND EXISTS (SELECT 1 FROM staff_account a WHERE a.staff_id = $3 AND a.state = $6)";

/// Disables an employee of a party, or lets a disabled one log in again, by an administrator of it; `false` when it is so already, for
/// whoever is no employee of the party, and where the administrator was disabled.
pub async fn switch(tx: &mut Tx, party: Uuid, employee: Uuid, by: Uuid, state: AccountState) -> DbResult<Changed> {
    change!(tx, SWITCH, employee, party, by, state, Role::Employee, AccountState::Active)
}
