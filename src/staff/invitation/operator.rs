//! A link to new secrets that an operator sends: unlike secrets that a command prints, nobody but who opens it ever knows what is behind it.

use super::link::{self, Link};
use super::model::Contact;
use crate::audit::{self, Action};
use crate::context::Context;
use crate::error::{Code, Language, Refusal, Result};
use crate::secret::Redacted;
use crate::staff::model::{AccountState, Realm};
use crate::staff::ports;
use crate::staff::store::{account, invitation as store};
use crate::{input, transaction};

/// Sends somebody a link behind which they choose a new password and take over a new authenticator: to the address of their account, or
/// to `other`, which does not take its place. Secrets of their own count until the link is used; initial ones and an earlier link do not.
/// When their time ends stays as it is.
///
/// # Errors
/// `not_found`; `wrong_state` for who is disabled or whose time is over; `invalid_field` for what is no address, and where none is known and none is named.
pub async fn send_link(
    context: &Context,
    (realm, username): (Realm, &str),
    other: Option<(&str, Language)>,
) -> Result<()> {
    let now = context.now();
    let mut reader = context.db.read().await?;
    let found = account::by_name(&mut reader, realm, username).await?.ok_or(Code::NotFound)?;
    if found.state == AccountState::Disabled {
        return Err(disabled().into());
    }
    if found.ends_at.is_some_and(|end| end <= now) {
        return Err(ended().into());
    }
    let person = found.person;
    let action = if other.is_some() { Action::SecretsLinkSentElsewhere } else { Action::SecretsLinkSent };
    let contact = match other {
        Some((email, language)) => {
            let email = input::email::clean(email).map_err(|text| Refusal::field("email", text.id, text.en))?;
            Contact { email: Redacted(email), language }
        }
        None => ports::contact(context, &mut reader, person.staff_id).await?.ok_or_else(no_address)?,
    };
    drop(reader);
    let link = Link {
        place: person.affiliation,
        role: person.role,
        region: person.region,
        ends_at: found.ends_at,
        staff_id: Some(person.staff_id),
        username: &person.username,
        full_name: &person.full_name,
        comes_back: false,
    };
    // Asked for by nobody who has an account.
    let invitation = link.sealed(context, contact, (uuid::Uuid::nil(), now))?;
    transaction!(context.db, "staff.send_link", |tx| {
        account::hold(tx, person.staff_id).await?.or(Code::NotFound)?;
        store::end_renewals(tx, person.staff_id, now).await?;
        // Whoever has a paper with secrets of before does not come first.
        account::end_initial(tx, person.staff_id, now).await?.either_way();
        link::write(context, tx, &invitation, (now, now)).await?;
        audit::Service::new(context.clone()).operator(tx, action, person.staff_id).await
    })
}

fn disabled() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Orang ini dinonaktifkan; aktifkan dahulu, lalu kirim tautannya.",
        "This person is disabled: enable them first, then send the link.",
    )
}

fn ended() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Masa tugas orang ini sudah berakhir; perpanjang dahulu, lalu kirim tautannya.",
        "This person's time here is over: prolong it first, then send the link.",
    )
}

fn no_address() -> Refusal {
    Refusal::field(
        "email",
        "Tidak ada alamat surel orang ini; sebutkan satu dengan --email.",
        "No address of this person is known; name one with --email.",
    )
}
