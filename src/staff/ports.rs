//! People as other domains' transactions see them.

use std::collections::HashMap;

use uuid::Uuid;

use super::model::{AccountState, Role};
pub use super::store::account::Paused;
use super::store::account::{self, Account};
pub use super::store::party::MemberRow as Member;
use super::store::{party, session};
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::error::{Code, Result};

/// Whether a person may act: was added, neither disabled since nor paused, and their time at the place is not over.
///
/// # Errors
/// When the database does not answer.
pub async fn may_act(tx: &mut Tx, person: Uuid, now: Timestamp) -> Result<bool> {
    let account = account::by_id(tx, person).await?;
    let may = |account: Account| {
        let over = account.ends_at.is_some_and(|end| end <= now);
        account.state == AccountState::Active && account.paused_at.is_none() && !over
    };
    Ok(account.is_some_and(may))
}

/// The user names of an office's people, by their ids.
///
/// # Errors
/// When the database does not answer.
pub async fn usernames(tx: &mut Tx, office: Uuid) -> Result<HashMap<Uuid, String>> {
    Ok(account::usernames(tx, office).await?.into_iter().collect())
}

/// Lets the rights of these people rest; gives those whose rights did not rest before.
///
/// # Errors
/// When the database does not answer.
pub async fn pause(tx: &mut Tx, people: &[Uuid], now: Timestamp) -> Result<Vec<Uuid>> {
    let mut paused = Vec::new();
    for person in people {
        if account::pause(tx, *person, now).await?.happened() {
            paused.push(*person);
        }
    }
    Ok(paused)
}

/// The people of an office whose rights rest, the longest first.
///
/// # Errors
/// When the database does not answer.
pub async fn paused(tx: &mut Tx, office: Uuid) -> Result<Vec<Paused>> {
    Ok(account::paused(tx, office).await?)
}

/// Gives a colleague of the same office the rights back.
///
/// # Errors
/// `not_found` for oneself, for somebody of another office, where they do not rest, and for whoever was paused or disabled meanwhile.
pub async fn restore(tx: &mut Tx, office: Uuid, person: Uuid, colleague: Uuid) -> Result<()> {
    account::restore_colleague(tx, office, person, colleague).await?.or(Code::NotFound)
}

/// The people of a relying party after a user name, by their names.
///
/// # Errors
/// When the database does not answer.
pub async fn members(tx: &mut Tx, of: Uuid, after: &str, limit: i64) -> Result<Vec<Member>> {
    Ok(party::of(tx, of, after, limit).await?)
}

/// Disables an employee of a relying party at once, running sessions with it, or lets a disabled one log in again: by an administrator of
/// the party. What is so already stays so.
///
/// # Errors
/// `not_found` for whoever is no employee of the party, another administrator too, and where the one who does it was disabled.
pub async fn switch_employee(tx: &mut Tx, of: Uuid, employee: Uuid, by: Uuid, state: AccountState) -> Result<()> {
    if !party::switch(tx, of, employee, by, state).await?.happened() {
        let found = account::by_id(tx, employee).await?;
        let is_own = |one: &Account| one.person.affiliation.relying_party_id() == Some(of);
        let is_so = found.is_some_and(|one| is_own(&one) && one.person.role == Role::Employee && one.state == state);
        return if is_so { Ok(()) } else { Err(Code::NotFound.into()) };
    }
    if state == AccountState::Disabled {
        session::end_all(tx, employee).await?;
    }
    Ok(())
}
