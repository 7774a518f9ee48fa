//! A link for somebody whom nobody else has to grant anything, ready to be written.

use uuid::Uuid;

use super::mail::{INVITATION, TABLE};
use super::model::{Contact, Kind, LINK_HOURS, Secret, State};
use crate::clock::{HOUR, Timestamp};
use crate::context::{Context, Sources};
use crate::db::Tx;
use crate::error::Result;
use crate::login::totp;
use crate::mail::outbox;
use crate::register::Region;
use crate::secret::Redacted;
use crate::staff::model::{Affiliation, Role};
use crate::staff::notice::{self, NEW_SECRETS};
use crate::staff::store::invitation::{self as store, Invitation};

/// Whom a link is for.
pub(super) struct Link<'a> {
    pub(super) place: Affiliation,
    pub(super) role: Role,
    /// Of which province, where they are of one.
    pub(super) region: Option<Region>,
    /// When their time ends, where that was said.
    pub(super) ends_at: Option<Timestamp>,
    /// Whose account gets new secrets; none for who joins.
    pub(super) staff_id: Option<Uuid>,
    pub(super) username: &'a str,
    pub(super) full_name: &'a str,
    /// Whether the account was disabled: then it comes back.
    pub(super) comes_back: bool,
}

impl Link<'_> {
    /// The invitation, with an authenticator secret of its own.
    ///
    /// # Errors
    /// A fault of ours.
    pub(super) fn sealed(
        self,
        context: &Context,
        contact: Contact,
        (asked_by, now): (Uuid, Timestamp),
    ) -> Result<Invitation> {
        let Sources { random, vault, .. } = &**context;
        let invitation_id = random.uuid_v7(now);
        let secret = Secret { contact, totp: Redacted(totp::generate(random)) };
        Ok(Invitation {
            invitation_id,
            kind: if self.staff_id.is_some() { Kind::Renew } else { Kind::Join },
            place: self.place,
            staff_id: self.staff_id,
            username: self.username.to_owned(),
            full_name: self.full_name.to_owned(),
            role: self.role,
            region: self.region.map(Region::code),
            ends_at: self.ends_at,
            comes_back: i64::from(self.comes_back),
            state: State::Sent,
            asked_by,
            asked_at: now,
            expires_at: Some(now.plus_seconds(LINK_HOURS * HOUR)),
            sealed: Some(vault.seal_row(random, TABLE, invitation_id, &secret)?),
        })
    }
}

/// Writes an invitation with its message, which goes out when it is `due`.
///
/// # Errors
/// When the database did not take it.
pub(super) async fn write(
    context: &Context,
    tx: &mut Tx,
    invitation: &Invitation,
    (now, due): (Timestamp, Timestamp),
) -> Result<()> {
    store::add(tx, invitation).await?;
    tell_before(context, tx, invitation, now).await?;
    outbox::enqueue_at(tx, &context.random, (now, due), INVITATION, invitation.invitation_id).await?;
    Ok(())
}

/// Tells whose account it is that a link to new secrets goes out, at the address of until now: whoever asked for it may have named another.
///
/// # Errors
/// When the database did not take it.
pub(super) async fn tell_before(context: &Context, tx: &mut Tx, invitation: &Invitation, now: Timestamp) -> Result<()> {
    match invitation.staff_id {
        Some(person) => notice::tell(tx, context, NEW_SECRETS, person, now).await,
        None => Ok(()),
    }
}
