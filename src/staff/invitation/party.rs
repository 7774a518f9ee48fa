//! Administrators of relying parties: two of the national administration have decided, and the link goes out. One stops them.

use uuid::Uuid;

use super::employee::is_taken;
use super::link::{self, Link};
use super::model::{Contact, LINK_HOURS, taken};
use crate::clock::{HOUR, Timestamp};
use crate::context::Context;
use crate::db::Tx;
use crate::error::{Code, Language, Refusal, Result};
use crate::secret::Redacted;
use crate::staff::model::{AccountState, Affiliation, Role, check_username};
use crate::staff::ports;
use crate::staff::store::account::{self, Account};
use crate::staff::store::{invitation as store, party as people};
use crate::{input, relying_party};

/// Who is to look after what is a party's, as they were typed.
#[derive(Clone, Copy)]
pub struct Manager<'a> {
    /// The party.
    pub party: Uuid,
    /// Log-in name.
    pub username: &'a str,
    /// Full name.
    pub full_name: &'a str,
    /// Where the link goes.
    pub email: &'a str,
    /// In which language.
    pub language: Language,
}

/// Judges what was typed; gives the full name and the address as they are kept.
///
/// # Errors
/// `invalid_field` for whatever cannot be used, and for a name that is taken or promised.
pub async fn check_manager(tx: &mut Tx, new: &Manager<'_>, now: Timestamp) -> Result<(String, String)> {
    check_username(new.username)?;
    let full_name = input::label(new.full_name, 100).map_err(|text| Refusal::field("full_name", text.id, text.en))?;
    let email = input::email::clean(new.email).map_err(|text| Refusal::field("email", text.id, text.en))?;
    if is_taken(tx, new.username, now).await? {
        return taken();
    }
    Ok((full_name, email))
}

/// Sends them the link.
///
/// # Errors
/// As [`check_manager`].
pub async fn send_to_party(
    context: &Context,
    tx: &mut Tx,
    new: &Manager<'_>,
    (asked_by, now): (Uuid, Timestamp),
) -> Result<()> {
    let (full_name, email) = check_manager(tx, new, now).await?;
    let contact = Contact { email: Redacted(email), language: new.language };
    let (role, username) = (Role::PartyAdministrator, new.username);
    let place = Affiliation::RelyingParty(new.party);
    let full_name = full_name.as_str();
    let link =
        Link { place, role, region: None, ends_at: None, staff_id: None, username, full_name, comes_back: false };
    link::write(context, tx, &link.sealed(context, contact, (asked_by, now))?, (now, now)).await
}

/// An administrator of a party who gets new secrets, and what they were when that was asked for.
#[derive(Clone, Copy)]
pub struct Renewed {
    /// Who.
    pub staff_id: Uuid,
    /// Whether they were disabled: then they come back.
    pub comes_back: bool,
}

/// The account of an administrator of a party.
///
/// # Errors
/// `not_found` for anybody else.
pub async fn manager(tx: &mut Tx, id: Uuid) -> Result<(Uuid, Account)> {
    let found = account::by_id(tx, id).await?.filter(|found| found.person.role == Role::PartyAdministrator);
    let found = found.ok_or(Code::NotFound)?;
    Ok((found.person.affiliation.relying_party_id().ok_or(Code::NotFound)?, found))
}

/// Sends an administrator of a party a link to new secrets, where they are still what they were when it was asked for.
///
/// # Errors
/// `not_found`; `invalid_field` for what is no address; `wrong_state` for whoever was stopped or came back meanwhile.
pub async fn renew_manager(
    context: &Context,
    tx: &mut Tx,
    renewed: Renewed,
    (email, language): (&str, Language),
    (asked_by, now): (Uuid, Timestamp),
) -> Result<()> {
    let email = input::email::clean(email).map_err(|text| Refusal::field("email", text.id, text.en))?;
    let (party, found) = manager(tx, renewed.staff_id).await?;
    if renewed.comes_back != (found.state == AccountState::Disabled) {
        return Err(changed_since().into());
    }
    let link = Link {
        place: Affiliation::RelyingParty(party),
        role: Role::PartyAdministrator,
        region: None,
        ends_at: None,
        staff_id: Some(renewed.staff_id),
        username: &found.person.username,
        full_name: &found.person.full_name,
        comes_back: renewed.comes_back,
    };
    let contact = Contact { email: Redacted(email), language };
    link::write(context, tx, &link.sealed(context, contact, (asked_by, now))?, (now, now)).await
}

/// Stops an administrator of a party at once: no log-in any more, running sessions end, and whom they invited and has not joined yet is
/// invited no more.
///
/// # Errors
/// `not_found` for anybody else; `wrong_state` for who is disabled.
pub async fn stop_manager(
    context: &Context,
    tx: &mut Tx,
    id: Uuid,
    reason: &str,
    (by, now): (Uuid, Timestamp),
) -> Result<()> {
    let (party, _) = manager(tx, id).await?;
    // Whoever invites for the party waits until this is over, and then may not.
    relying_party::ports::hold(tx, party).await?;
    people::stop(tx, id, reason, now).await?.or(stopped_already())?;
    ports::was_switched(context, tx, id, AccountState::Disabled, now).await?;
    take_back(tx, party, id, (Some(by), now)).await
}

/// Takes back the links that somebody sent for a party; what holds the party comes before.
pub(crate) async fn take_back(
    tx: &mut Tx,
    party: Uuid,
    sender: Uuid,
    (by, now): (Option<Uuid>, Timestamp),
) -> Result<()> {
    store::withdraw_all(tx, party, (sender, now.plus_seconds(-LINK_HOURS * HOUR)), (by, now)).await?;
    Ok(())
}

fn changed_since() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Orang ini dihentikan atau kembali sejak permintaan dibuat. Tolak permintaan ini, lalu minta lagi bila tetap perlu.",
        "This person was stopped or came back since this was asked for. Refuse it, and ask again where it is still needed.",
    )
}

fn stopped_already() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Orang ini sudah tidak dapat masuk; muat ulang halamannya.",
        "This person cannot log in already: reload the page.",
    )
}
