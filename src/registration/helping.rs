//! Who helps somebody at the counter, noted once the registration is approved.

use super::model::Registration;
use super::sealed;
use crate::clerk::Clerk;
use crate::clock::Timestamp;
use crate::context::Context;
use crate::db::Tx;
use crate::error::Result;
use crate::helper::model::Help;
use crate::helper::{Helper, Noted, ports as helpers};

/// Who helps this person, as it is kept.
///
/// # Errors
/// `invalid_field` for whoever is said to help themselves.
pub(super) fn noted(context: &Context, held: &Registration, helper: Option<&Helper>) -> Result<Option<Noted>> {
    let Some(helper) = helper else { return Ok(None) };
    let submitted = sealed::submitted(&context.vault, held)?;
    helpers::noted(context, &submitted.nik, helper).map(Some)
}

/// Notes that somebody helped: whom the register knows by the resident, so that one who is helped twice counts once.
pub(super) async fn helped(
    context: &Context,
    tx: &mut Tx,
    (held, helper): (&Registration, Option<&Noted>),
    (asked, granted): (Clerk, Option<Clerk>),
    now: Timestamp,
) -> Result<()> {
    let Some(helper) = helper else { return Ok(()) };
    let help = Help {
        helped_id: held.check.resident().unwrap_or(held.registration_id),
        office_id: asked.office_id,
        officer_id: asked.officer_id,
        granted_by: granted.map(|actor| actor.officer_id),
    };
    helpers::helped(context, tx, helper, help, now).await
}
