//! SQL of a relying party's people, as its administrators see them.

use uuid::Uuid;

use crate::changed::Changed;
use crate::clock::Timestamp;
use crate::db::{DbResult, Tx};
use crate::staff::model::{AccountState, Role};
use crate::{change, fetch_all, fetch_one};

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
    /// Since when the national administration has stopped them.
    pub stopped_at: Option<Timestamp>,
    /// Why.
    pub stopped_reason: Option<String>,
}

macro_rules! members {
    ($tail:literal) => {
        concat!(
            "SELECT staff_id, username, full_name, role, state, logged_in_at, stopped_at, stopped_reason FROM staff_account \
             WHERE relying_party_id = $1 ",
            $tail
        )
    };
}

const OF: &str = members!("AND username > $2 ORDER BY username LIMIT $3");

/// The people of a party after a user name, by their names.
pub async fn of(tx: &mut Tx, party: Uuid, after: &str, limit: i64) -> DbResult<Vec<MemberRow>> {
    fetch_all!(tx, MemberRow, OF, party, after, limit)
}

const ADMINISTRATORS: &str = members!("AND role = $2 ORDER BY username LIMIT 100");

/// The administrators of a party, by their names: a hundred at most.
pub async fn administrators(tx: &mut Tx, party: Uuid) -> DbResult<Vec<MemberRow>> {
    fetch_all!(tx, MemberRow, ADMINISTRATORS, party, Role::PartyAdministrator)
}

const STOP: &str = "UPDATE staff_account SET state = $4, stopped_at = $2, stopped_reason = $3 \
    WHERE staff_id = $1 AND role = $5 AND state <> $4";

/// Stops an administrator of a party, and notes why; `false` for one who is disabled, and for anybody else.
pub async fn stop(tx: &mut Tx, administrator: Uuid, reason: &str, now: Timestamp) -> DbResult<Changed> {
    change!(tx, STOP, administrator, now, reason, AccountState::Disabled, Role::PartyAdministrator)
}

const COUNT_ACTIVE: &str = "SELECT COUNT(*) FROM staff_account WHERE relying_party_id = $1 AND state = $2";

/// How many people of a party may log in.
pub async fn count_active(tx: &mut Tx, party: Uuid) -> DbResult<i64> {
    fetch_one!(tx, (i64,), COUNT_ACTIVE, party, AccountState::Active).map(|(count,)| count)
}

const CONTACTS: &str = "SELECT staff_id, contact_sealed FROM staff_account \
    WHERE relying_party_id = $1 AND state = $2 AND contact_sealed IS NOT NULL LIMIT $3";

/// Where the people of a party who may log in are written to, sealed: of `limit` of them.
pub async fn contacts(tx: &mut Tx, party: Uuid, limit: i64) -> DbResult<Vec<(Uuid, Vec<u8>)>> {
    fetch_all!(tx, (Uuid, Vec<u8>), CONTACTS, party, AccountState::Active, limit)
}

// Whoever does it was not disabled meanwhile: an administrator who leaves takes nobody along.
const SWITCH: &str = "UPDATE staff_account SET state = $4 WHERE staff_id = $1 AND relying_party_id = $2 AND role = $5 \
    AND state <> $4 AND EXISTS (SELECT 1 FROM staff_account a WHERE a.staff_id = $3 AND a.state = $6)";

/// Disables an employee of a party, or lets a disabled one log in again, by an administrator of it; `false` when it is so already, for
/// whoever is no employee of the party, and where the administrator was disabled.
pub async fn switch(tx: &mut Tx, party: Uuid, employee: Uuid, by: Uuid, state: AccountState) -> DbResult<Changed> {
    change!(tx, SWITCH, employee, party, by, state, Role::Employee, AccountState::Active)
}
