//! People as other domains' transactions see them.

use std::collections::HashMap;

use uuid::Uuid;

use super::invitation::accept::CONTACT;
use super::invitation::employee::require_seat;
use super::invitation::model::Contact;
use super::model::{AccountState, IDLE_MINUTES, Person, Role, Roles};
use super::stops;
pub use super::store::account::Paused;
use super::store::account::{self, Account};
pub use super::store::party::MemberRow as Member;
use super::store::{invitation, party, session};
use crate::clock::{MINUTE, Timestamp};
use crate::context::Context;
use crate::db::Tx;
use crate::error::{Code, Result};
use crate::office::Scope;
use crate::stop_log::Kind;

/// Whether a person may act: was added, neither disabled since nor paused, and their time at the place is not over.
///
/// # Errors
/// When the database does not answer.
pub async fn may_act(tx: &mut Tx, person: Uuid, now: Timestamp) -> Result<bool> {
    Ok(acting(tx, person, now).await?.is_some())
}

/// A person who may act.
///
/// # Errors
/// When the database does not answer.
pub async fn acting(tx: &mut Tx, person: Uuid, now: Timestamp) -> Result<Option<Person>> {
    let account = account::by_id(tx, person).await?;
    let may = |account: &Account| {
        let over = account.ends_at.is_some_and(|end| end <= now);
        account.state == AccountState::Active && account.paused_at.is_none() && !over
    };
    Ok(account.filter(may).map(|account| account.person))
}

/// The administrators of a relying party, by user name.
///
/// # Errors
/// When the database does not answer.
pub async fn party_administrators(tx: &mut Tx, of: Uuid) -> Result<Vec<Member>> {
    Ok(party::administrators(tx, of).await?)
}

/// How many people of each role an office has who may log in.
///
/// # Errors
/// When the database does not answer.
pub async fn counted(tx: &mut Tx, office: Uuid, now: Timestamp) -> Result<Vec<(Role, i64)>> {
    Ok(account::counted(tx, office, now).await?)
}

/// The user names of an office's people, by their ids.
///
/// # Errors
/// When the database does not answer.
pub async fn usernames(tx: &mut Tx, office: Uuid) -> Result<HashMap<Uuid, String>> {
    Ok(account::usernames(tx, office).await?.into_iter().collect())
}

/// The user names of the people of a scope, by their ids.
///
/// # Errors
/// When the database does not answer.
pub async fn usernames_within(tx: &mut Tx, scope: Scope) -> Result<HashMap<Uuid, String>> {
    Ok(account::usernames_within(tx, scope).await?.into_iter().collect())
}

/// The user name of a person; none for nobody.
///
/// # Errors
/// When the database does not answer.
pub async fn username(tx: &mut Tx, person: Uuid) -> Result<Option<String>> {
    Ok(account::by_id(tx, person).await?.map(|account| account.person.username))
}

/// Who leads an office now, or acts as its head.
///
/// # Errors
/// When the database does not answer.
pub async fn heads(tx: &mut Tx, office: Uuid, now: Timestamp) -> Result<Vec<Uuid>> {
    let people = colleagues(tx, office, now).await?;
    let leads = |one: &Colleague| [Some(one.roles.own), one.roles.acting].contains(&Some(Role::Head));
    Ok(people.into_iter().filter(leads).map(|one| one.staff_id).collect())
}

/// Where a person is written to; none where nobody said.
///
/// # Errors
/// When the database does not answer, or what it holds cannot be opened.
pub async fn contact(context: &Context, tx: &mut Tx, person: Uuid) -> Result<Option<Contact>> {
    let Some(sealed) = account::contact(tx, person).await? else { return Ok(None) };
    Ok(Some(context.vault.open_row(CONTACT, person, &sealed)?))
}

/// The full names of an office's people.
///
/// # Errors
/// When the database does not answer.
pub async fn full_names(tx: &mut Tx, office: Uuid) -> Result<Vec<String>> {
    Ok(account::of_office(tx, office).await?.into_iter().map(|account| account.person.full_name).collect())
}

/// Somebody of an office who may log in.
#[derive(Clone, Debug)]
pub struct Colleague {
    /// Who.
    pub staff_id: Uuid,
    /// Log-in name.
    pub username: String,
    /// Full name.
    pub full_name: String,
    /// What they are, and as whom they act.
    pub roles: Roles,
    /// Whether a page of theirs asked for something within the time after which the password is needed again.
    pub on_duty: bool,
}

/// The people of an office who may act, by log-in name.
///
/// # Errors
/// When the database does not answer.
pub async fn colleagues(tx: &mut Tx, office: Uuid, now: Timestamp) -> Result<Vec<Colleague>> {
    let since = now.plus_seconds(-IDLE_MINUTES * MINUTE);
    let at_work = session::at_work(tx, office, since, now).await?;
    let may = |account: &Account| {
        let over = account.ends_at.is_some_and(|end| end <= now);
        account.state == AccountState::Active && account.paused_at.is_none() && !over
    };
    let colleague = |account: Account| Colleague {
        staff_id: account.person.staff_id,
        on_duty: at_work.contains(&account.person.staff_id),
        username: account.person.username,
        full_name: account.person.full_name,
        roles: Roles {
            own: account.person.role,
            acting: account.acting_role.filter(|_| account.acting_until.is_some_and(|until| now < until)),
        },
    };
    Ok(account::of_office(tx, office).await?.into_iter().filter(may).map(colleague).collect())
}

/// Whether somebody is of an office's people.
///
/// # Errors
/// When the database does not answer.
pub async fn is_of_office(tx: &mut Tx, office: Uuid, person: Uuid) -> Result<bool> {
    let account = account::by_id(tx, person).await?;
    Ok(account.is_some_and(|account| account.person.affiliation.office_id() == Some(office)))
}

/// Lets the rights of these people rest; gives those whose rights did not rest before.
///
/// # Errors
/// When the database does not answer.
pub async fn pause(context: &Context, tx: &mut Tx, people: &[Uuid], now: Timestamp) -> Result<Vec<Uuid>> {
    let mut paused = Vec::new();
    for person in people {
        if account::pause(tx, *person, now).await?.happened() {
            stops::note(context, tx, Kind::StaffPaused, *person).await?;
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
pub async fn restore(context: &Context, tx: &mut Tx, office: Uuid, person: Uuid, colleague: Uuid) -> Result<()> {
    account::restore_colleague(tx, office, person, colleague).await?.or(Code::NotFound)?;
    stops::note(context, tx, Kind::StaffUnpaused, person).await
}

/// What follows when somebody has other secrets: running sessions end, and so do links to new secrets that were sent or are asked for. Noted
/// in the stop log.
///
/// # Errors
/// When the database does not answer.
pub async fn has_new_secrets(context: &Context, tx: &mut Tx, person: Uuid, now: Timestamp) -> Result<()> {
    end_access(tx, person, now).await?;
    stops::note(context, tx, Kind::StaffSecrets, person).await
}

/// What follows when somebody was disabled, or may log in again: as with other secrets, because a link counts for the account as it was when
/// it was asked for. Of who is disabled all that is open ends, and what they alone asked for. Noted in the stop log.
///
/// # Errors
/// When the database does not answer.
pub async fn was_switched(
    context: &Context,
    tx: &mut Tx,
    person: Uuid,
    state: AccountState,
    now: Timestamp,
) -> Result<()> {
    end_access(tx, person, now).await?;
    if state == AccountState::Disabled {
        invitation::end_about(tx, person, now).await?;
        invitation::end_asked_by(tx, person, now).await?;
    }
    stops::note(context, tx, stops::switched(state), person).await
}

async fn end_access(tx: &mut Tx, person: Uuid, now: Timestamp) -> Result<()> {
    invitation::end_renewals(tx, person, now).await?;
    session::end_all(tx, person).await?;
    Ok(())
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
/// `not_found` for whoever is no employee of the party, another administrator too, and where the one who does it was disabled;
/// `too_many` for one who comes back into a party that is full.
pub async fn switch_employee(
    context: &Context,
    tx: &mut Tx,
    (of, employee): (Uuid, Uuid),
    by: Uuid,
    state: AccountState,
) -> Result<()> {
    let now = context.now();
    if state == AccountState::Active {
        let found = account::by_id(tx, employee).await?;
        // Who logs in already takes no further seat, and nobody else's account takes one of this party.
        if found.is_some_and(|one| {
            one.state == AccountState::Disabled && one.person.affiliation.relying_party_id() == Some(of)
        }) {
            require_seat(tx, of, employee, now).await?;
        }
    }
    if !party::switch(tx, of, employee, by, state).await?.happened() {
        let found = account::by_id(tx, employee).await?;
        let is_own = |one: &Account| one.person.affiliation.relying_party_id() == Some(of);
        let is_so = found.is_some_and(|one| is_own(&one) && one.person.role == Role::Employee && one.state == state);
        return if is_so { Ok(()) } else { Err(Code::NotFound.into()) };
    }
    was_switched(context, tx, employee, state, now).await
}
