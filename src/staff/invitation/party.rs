//! Administrators of relying parties: two of the national administration have decided, and the link goes out.

use uuid::Uuid;

use super::mail::{INVITATION, TABLE};
use super::model::{Contact, Kind, LINK_HOURS, Secret, State, taken};
use crate::clock::{HOUR, Timestamp};
use crate::context::{Context, Sources};
use crate::db::Tx;
use crate::error::{Language, Refusal, Result};
use crate::input;
use crate::login::totp;
use crate::mail::outbox;
use crate::secret::Redacted;
use crate::staff::model::{Affiliation, Realm, Role, check_username};
use crate::staff::store::account;
use crate::staff::store::invitation::{self as store, Invitation};

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
/// `invalid_field` for whatever cannot be used, and for a name that is taken.
pub async fn check_manager(tx: &mut Tx, new: &Manager<'_>) -> Result<(String, String)> {
    check_username(new.username)?;
    let full_name = input::label(new.full_name, 100).map_err(|text| Refusal::field("full_name", text.id, text.en))?;
    let email = input::email::clean(new.email).map_err(|text| Refusal::field("email", text.id, text.en))?;
    if account::by_name(tx, Realm::RelyingParty, new.username).await?.is_some() {
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
    let Sources { random, vault, .. } = &**context;
    let (full_name, email) = check_manager(tx, new).await?;
    let invitation_id = random.uuid_v7(now);
    let contact = Contact { email: Redacted(email), language: new.language };
    let secret = Secret { contact, totp: Redacted(totp::generate(random)) };
    let invitation = Invitation {
        invitation_id,
        kind: Kind::Join,
        place: Affiliation::RelyingParty(new.party),
        staff_id: None,
        username: new.username.to_owned(),
        full_name,
        role: Role::PartyAdministrator,
        region: None,
        ends_at: None,
        comes_back: 0,
        state: State::Sent,
        asked_by,
        asked_at: now,
        expires_at: Some(now.plus_seconds(LINK_HOURS * HOUR)),
        sealed: Some(vault.seal_row(random, TABLE, invitation_id, &secret)?),
    };
    store::add(tx, &invitation).await?;
    outbox::enqueue(tx, random, now, INVITATION, invitation_id).await?;
    Ok(())
}
