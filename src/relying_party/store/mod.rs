//! SQL of relying parties and their purposes; of their keys, notices and figures.

pub mod key;
pub mod notice;
pub mod quota;
pub mod usage;

use uuid::Uuid;

use super::model::{Contract, PartyState, Purpose, Quota};
use crate::attribute::AttributeSet;
use crate::changed::Changed;
use crate::clock::Timestamp;
use crate::db::{DbResult, Tx};
use crate::{change, execute, fetch_all, fetch_optional};

/// A relying party's row.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct PartyRow {
    /// Its id.
    pub relying_party_id: Uuid,
    /// Its name.
    pub name: String,
    /// What it is entitled to.
    pub attributes: AttributeSet,
    /// Whether it may verify.
    pub state: PartyState,
    /// When it was registered.
    pub created_at: Timestamp,
    /// The number of its contract.
    pub contract_number: Option<String>,
    /// When that begins.
    pub contract_begins_at: Option<Timestamp>,
    /// When that ends.
    pub contract_ends_at: Option<Timestamp>,
    /// Where notices go, sealed.
    pub contact_sealed: Option<Vec<u8>>,
    /// Checks that it may put in a minute.
    pub quota_minute: Option<i64>,
    /// And in a day.
    pub quota_day: Option<i64>,
    /// Since when it is disabled.
    pub suspended_at: Option<Timestamp>,
    /// Why.
    pub suspended_reason: Option<String>,
}

impl PartyRow {
    /// How many checks it may put.
    pub const fn quota(&self) -> Quota {
        Quota { per_minute: self.quota_minute, per_day: self.quota_day }
    }

    /// Under what it verifies.
    pub fn contract(&self) -> Option<Contract> {
        let (begins_at, ends_at) = self.contract_begins_at.zip(self.contract_ends_at)?;
        Some(Contract { number: self.contract_number.clone()?, begins_at, ends_at })
    }
}

const ADD_PARTY: &str = "INSERT INTO relying_party (relying_party_id, name, attributes, state, created_at) \
    VALUES ($1, $2, $3, $4, $5)";

/// Adds an active relying party. A name that exists is refused as `DbError::Unique`.
pub async fn add_party(tx: &mut Tx, id: Uuid, name: &str, entitled: AttributeSet, now: Timestamp) -> DbResult<()> {
    execute!(tx, ADD_PARTY, id, name, entitled, PartyState::Active, now).map(|_| ())
}

const ADD_PURPOSE: &str =
    "INSERT INTO relying_party_purpose (relying_party_id, code, text_id, text_en) VALUES ($1, $2, $3, $4)";

/// Registers a purpose. A code that the party has already is refused as `DbError::Unique`.
pub async fn add_purpose(tx: &mut Tx, party: Uuid, purpose: &Purpose) -> DbResult<()> {
    execute!(tx, ADD_PURPOSE, party, &purpose.code, &purpose.text_id, &purpose.text_en).map(|_| ())
}

const PURPOSES: &str =
    "SELECT code, text_id, text_en FROM relying_party_purpose WHERE relying_party_id = $1 ORDER BY code";

/// The purposes of a party.
pub async fn purposes(tx: &mut Tx, party: Uuid) -> DbResult<Vec<Purpose>> {
    let rows = fetch_all!(tx, (String, String, String), PURPOSES, party)?;
    Ok(rows.into_iter().map(|(code, text_id, text_en)| Purpose { code, text_id, text_en }).collect())
}

macro_rules! select_party {
    ($tail:literal) => {
        concat!(
            "SELECT relying_party_id, name, attributes, state, created_at, contract_number, contract_begins_at, \
             contract_ends_at, contact_sealed, quota_minute, quota_day, suspended_at, suspended_reason FROM relying_party ",
            $tail
        )
    };
}

const PARTIES: &str = select_party!("ORDER BY name");

/// All relying parties, by name.
pub async fn parties(tx: &mut Tx) -> DbResult<Vec<PartyRow>> {
    fetch_all!(tx, PartyRow, PARTIES)
}

const PARTIES_AFTER: &str = select_party!("WHERE name > $1 AND LOWER(name) LIKE $2 ESCAPE '!' ORDER BY name LIMIT $3");

/// Relying parties after a name, by name: a page of `limit` of those whose names fit a pattern of LIKE.
pub async fn parties_after(tx: &mut Tx, after: &str, pattern: &str, limit: i64) -> DbResult<Vec<PartyRow>> {
    fetch_all!(tx, PartyRow, PARTIES_AFTER, after, pattern, limit)
}

const PARTY_BY_NAME: &str = select_party!("WHERE name = $1");

/// A relying party by its name.
pub async fn party_by_name(tx: &mut Tx, name: &str) -> DbResult<Option<PartyRow>> {
    fetch_optional!(tx, PartyRow, PARTY_BY_NAME, name)
}

const PARTY: &str = select_party!("WHERE relying_party_id = $1");

/// A relying party by its id.
pub async fn party(tx: &mut Tx, id: Uuid) -> DbResult<Option<PartyRow>> {
    fetch_optional!(tx, PartyRow, PARTY, id)
}

const HOLD: &str = "UPDATE relying_party SET name = name WHERE relying_party_id = $1";

/// Keeps a party's row: until this transaction is over nobody else counts or changes what belongs to it. `false` where there is none.
pub async fn hold(tx: &mut Tx, id: Uuid) -> DbResult<Changed> {
    change!(tx, HOLD, id)
}

const SET_CONTRACT: &str = "UPDATE relying_party SET contract_number = $2, contract_begins_at = $3, contract_ends_at = $4 \
    WHERE relying_party_id = $1";

/// Sets under what a party verifies.
pub async fn set_contract(tx: &mut Tx, id: Uuid, contract: &Contract) -> DbResult<Changed> {
    change!(tx, SET_CONTRACT, id, &contract.number, contract.begins_at, contract.ends_at)
}

const SET_CONTACT: &str = "UPDATE relying_party SET contact_sealed = $2 WHERE relying_party_id = $1";

/// Sets where notices go.
pub async fn set_contact(tx: &mut Tx, id: Uuid, sealed: &[u8]) -> DbResult<Changed> {
    change!(tx, SET_CONTACT, id, sealed)
}

const SET_ATTRIBUTES: &str = "UPDATE relying_party SET attributes = $2 WHERE relying_party_id = $1";

/// Replaces the attributes that a party may ask for.
pub async fn set_attributes(tx: &mut Tx, id: Uuid, entitled: AttributeSet) -> DbResult<Changed> {
    change!(tx, SET_ATTRIBUTES, id, entitled)
}

const REMOVE_PURPOSES: &str = "DELETE FROM relying_party_purpose WHERE relying_party_id = $1";

/// Takes all purposes of a party away, for others to take their place; gives how many they were.
pub async fn remove_purposes(tx: &mut Tx, party: Uuid) -> DbResult<u64> {
    execute!(tx, REMOVE_PURPOSES, party)
}

const SUSPEND: &str = "UPDATE relying_party SET state = 'disabled', suspended_at = $2, suspended_reason = $3 \
    WHERE relying_party_id = $1 AND state = 'active'";

/// Disables a party; `false` when it is, and for none.
pub async fn suspend(tx: &mut Tx, id: Uuid, reason: &str, now: Timestamp) -> DbResult<Changed> {
    change!(tx, SUSPEND, id, now, reason)
}

const RESUME: &str = "UPDATE relying_party SET state = 'active', suspended_at = NULL, suspended_reason = NULL \
    WHERE relying_party_id = $1 AND state = 'disabled'";

/// Lets a disabled party verify again; `false` when it does, and for none.
pub async fn resume(tx: &mut Tx, id: Uuid) -> DbResult<Changed> {
    change!(tx, RESUME, id)
}

/// Parties that [`labels`] asks for at a time.
pub const LABELS_AT_ONCE: usize = 8;

/// A party's name, with one of its purposes where it has any.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct LabelRow {
    /// The party.
    pub relying_party_id: Uuid,
    /// Its name.
    pub name: String,
    /// The purpose's code.
    pub code: Option<String>,
    /// Its text in Indonesian.
    pub text_id: Option<String>,
    /// Its text in English.
    pub text_en: Option<String>,
}

const LABELS: &str = "SELECT p.relying_party_id, p.name, u.code, u.text_id, u.text_en FROM relying_party p \
    LEFT JOIN relying_party_purpose u ON u.relying_party_id = p.relying_party_id \
    WHERE p.relying_party_id IN ($1, $2, $3, $4, $5, $6, $7, $8)";

/// Names and purposes of up to eight parties; an id may stand several times.
pub async fn labels(tx: &mut Tx, [a, b, c, d, e, f, g, h]: [Uuid; LABELS_AT_ONCE]) -> DbResult<Vec<LabelRow>> {
    fetch_all!(tx, LabelRow, LABELS, a, b, c, d, e, f, g, h)
}
